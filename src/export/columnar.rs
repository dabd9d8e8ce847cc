//! Rows as Parquet: columns with types, in groups of rows.
//!
//! | Column | In the file |
//! |---|---|
//! | whole number | INT64, INT32 |
//! | amount | DECIMAL(38, 4), which holds every currency's decimals exactly |
//! | moment | TIMESTAMP in milliseconds, UTC |
//! | day | DATE |
//! | id | UUID |
//! | word | STRING |

use super::column::{Column, Kind};
use anyhow::{Context, ensure};
use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, FixedLenByteArray, FixedLenByteArrayType, Int32Type, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use std::fs::File;
use std::sync::Arc;
use uuid::Uuid;

/// Most rows of a group, all of which are in memory.
const ROWS_MAX: usize = 65_536;
/// Decimals of an amount, as many as any currency has.
const SCALE: usize = 4;
/// Digits of an amount, as many as 16 bytes hold.
const PRECISION: i32 = 38;

/// A file that is being written.
pub(super) struct Columnar<'a> {
    writer: SerializedFileWriter<&'a File>,
    columns: Vec<Values>,
    rows: usize,
}

/// The values of a column in a group, and of each row whether it has one.
struct Values {
    kind: Kind,
    present: Vec<i16>,
    held: Held,
}

enum Held {
    Longs(Vec<i64>),
    Integers(Vec<i32>),
    Flags(Vec<bool>),
    Fixed(Vec<FixedLenByteArray>),
    Texts(Vec<ByteArray>),
}

impl<'a> Columnar<'a> {
    pub(super) fn begin(view: &str, columns: &[Column], to: &'a File) -> anyhow::Result<Self> {
        let fields = columns.iter().map(field).collect::<anyhow::Result<Vec<_>>>()?;
        let schema = Arc::new(Type::group_type_builder(view).with_fields(fields).build()?);
        let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
        let writer = SerializedFileWriter::new(to, schema, Arc::new(properties))?;
        Ok(Self { writer, columns: columns.iter().map(|column| Values::of(column.kind)).collect(), rows: 0 })
    }

    /// The value of a column in this row.
    pub(super) fn put(&mut self, place: usize, text: Option<&str>) -> anyhow::Result<()> {
        self.columns[place].put(text)
    }

    pub(super) fn end_row(&mut self) -> anyhow::Result<()> {
        self.rows += 1;
        if self.rows == ROWS_MAX { self.end_group() } else { Ok(()) }
    }

    pub(super) fn finish(mut self) -> anyhow::Result<()> {
        if self.rows > 0 {
            self.end_group()?;
        }
        self.writer.close()?;
        Ok(())
    }

    fn end_group(&mut self) -> anyhow::Result<()> {
        let mut group = self.writer.next_row_group()?;
        for values in &mut self.columns {
            let mut column = group.next_column()?.context("a group has as many columns as the schema")?;
            let present = Some(values.present.as_slice());
            match &values.held {
                Held::Longs(held) => column.typed::<Int64Type>().write_batch(held, present, None)?,
                Held::Integers(held) => column.typed::<Int32Type>().write_batch(held, present, None)?,
                Held::Flags(held) => column.typed::<BoolType>().write_batch(held, present, None)?,
                Held::Fixed(held) => column.typed::<FixedLenByteArrayType>().write_batch(held, present, None)?,
                Held::Texts(held) => column.typed::<ByteArrayType>().write_batch(held, present, None)?,
            };
            column.close()?;
            *values = Values::of(values.kind);
        }
        group.close()?;
        self.rows = 0;
        Ok(())
    }
}

impl Values {
    fn of(kind: Kind) -> Self {
        let held = match kind {
            Kind::Long | Kind::Moment => Held::Longs(Vec::new()),
            Kind::Integer | Kind::Day => Held::Integers(Vec::new()),
            Kind::Flag => Held::Flags(Vec::new()),
            Kind::Decimal | Kind::Id => Held::Fixed(Vec::new()),
            Kind::Text => Held::Texts(Vec::new()),
        };
        Self { kind, present: Vec::new(), held }
    }

    fn put(&mut self, text: Option<&str>) -> anyhow::Result<()> {
        self.present.push(i16::from(text.is_some()));
        let Some(text) = text else { return Ok(()) };
        match &mut self.held {
            Held::Longs(held) => held.push(text.parse()?),
            Held::Integers(held) => held.push(text.parse()?),
            Held::Flags(held) => held.push(text == "true"),
            Held::Fixed(held) if self.kind == Kind::Id => held.push(fixed(text.parse::<Uuid>()?.as_bytes())),
            Held::Fixed(held) => held.push(fixed(&scaled(text)?.to_be_bytes())),
            Held::Texts(held) => held.push(ByteArray::from(text)),
        }
        Ok(())
    }
}

fn fixed(bytes: &[u8]) -> FixedLenByteArray {
    FixedLenByteArray::from(bytes.to_vec())
}

/// A decimal in ten thousandths, exactly.
fn scaled(text: &str) -> anyhow::Result<i128> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    ensure!(whole.ends_with(|last: char| last.is_ascii_digit()), "{text} is no decimal");
    ensure!(part.len() <= SCALE, "{text} has more than {SCALE} decimals");
    Ok(format!("{whole}{part:0<SCALE$}").parse()?)
}

fn field(column: &Column) -> anyhow::Result<Arc<Type>> {
    let (physical, logical, length) = match column.kind {
        Kind::Long => (Physical::INT64, None, 0),
        Kind::Integer => (Physical::INT32, None, 0),
        Kind::Decimal => (Physical::FIXED_LEN_BYTE_ARRAY, Some(LogicalType::decimal(i32::try_from(SCALE)?, PRECISION)), 16),
        Kind::Moment => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MILLIS)), 0),
        Kind::Day => (Physical::INT32, Some(LogicalType::Date), 0),
        Kind::Flag => (Physical::BOOLEAN, None, 0),
        Kind::Id => (Physical::FIXED_LEN_BYTE_ARRAY, Some(LogicalType::Uuid), 16),
        Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String), 0),
    };
    let mut builder = Type::primitive_type_builder(&column.name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical)
        .with_length(length);
    if column.kind == Kind::Decimal {
        builder = builder.with_precision(PRECISION).with_scale(i32::try_from(SCALE)?);
    }
    Ok(Arc::new(builder.build()?))
}

#[cfg(test)]
mod tests {
    use super::scaled;

    #[test]
    fn amounts_are_exact_or_refused() {
        for (text, expected) in [("0", 0), ("12500", 125_000_000), ("-3.50", -35_000), ("0.001", 10), ("-0.0001", -1)] {
            assert_eq!(scaled(text).unwrap(), expected, "{text}");
        }
        assert_eq!(scaled("9223372036854775807.1234").unwrap(), 92_233_720_368_547_758_071_234);
        for text in ["0.00001", "", "x", "1e5", "1.-5"] {
            assert!(scaled(text).is_err(), "{text}");
        }
    }
}
