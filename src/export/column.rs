//! What a column holds, and how it is asked for. Pure.

/// A column of a view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    /// Its name, of plain letters.
    pub(super) name: String,
    /// What it holds.
    pub(super) kind: Kind,
}

/// What columns hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Whole numbers of 64 bits.
    Long,
    /// Of 32 bits.
    Integer,
    /// Decimals: amounts.
    Decimal,
    /// Moments, to the millisecond.
    Moment,
    /// Days.
    Day,
    /// Yes and no.
    Flag,
    /// Ids.
    Id,
    /// Words.
    Text,
}

impl Column {
    /// By what Postgres calls its type; none of a type that nothing here can write.
    pub(super) fn of(name: String, kind: &str) -> Option<Self> {
        let kind = match kind {
            "bigint" => Kind::Long,
            "integer" => Kind::Integer,
            "numeric" => Kind::Decimal,
            "timestamp with time zone" => Kind::Moment,
            "date" => Kind::Day,
            "boolean" => Kind::Flag,
            "uuid" => Kind::Id,
            "text" => Kind::Text,
            _ => return None,
        };
        name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_').then_some(Self { name, kind })
    }

    /// As a person reads it.
    pub(super) fn as_text(&self) -> String {
        match self.kind {
            Kind::Moment => format!("to_char(\"{}\" at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')", self.name),
            Kind::Day => format!("to_char(\"{}\", 'YYYY-MM-DD')", self.name),
            Kind::Flag => format!("case when \"{0}\" then 'true' when not \"{0}\" then 'false' end", self.name),
            Kind::Long | Kind::Integer | Kind::Decimal | Kind::Id | Kind::Text => format!("\"{}\"::text", self.name),
        }
    }

    /// As a number is stored that stands for it.
    pub(super) fn as_value(&self) -> String {
        match self.kind {
            Kind::Moment => format!("(extract(epoch from \"{}\") * 1000)::bigint::text", self.name),
            Kind::Day => format!("(\"{}\" - date '1970-01-01')::text", self.name),
            Kind::Long | Kind::Integer | Kind::Decimal | Kind::Flag | Kind::Id | Kind::Text => self.as_text(),
        }
    }
}
