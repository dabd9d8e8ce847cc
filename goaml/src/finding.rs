//! What is wrong with a report: where, by which rule, and as a sentence for whoever mends it.

/// No more are told: a file that is something else altogether has as many as it has elements.
pub const FINDINGS_MAX: usize = 1_000;

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where, as an XPath: `report/transaction[2]/amount_local`.
    pub path: String,
    /// Which rule says so.
    pub rule: Rule,
    /// What is wrong, and what would be right.
    pub sentence: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}: {}", self.path, self.rule.as_str(), self.sentence)
    }
}

macro_rules! rules {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)+) => {
        /// What a report has to keep to.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule { $($(#[$doc])* $variant,)+ }

        impl Rule {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
    };
}

rules! {
    /// The bytes are well-formed XML in UTF-8, not too large, without a document type.
    Malformed = "MALFORMED",
    /// The root is `report`.
    Root = "ROOT",
    /// Every element is one that stands there.
    UnknownElement = "UNKNOWN_ELEMENT",
    /// Elements have no attributes; the root may name its schema.
    UnknownAttribute = "UNKNOWN_ATTRIBUTE",
    /// No text stands between elements.
    StrayText = "STRAY_TEXT",
    /// Elements stand in the order of the schema.
    Order = "ORDER",
    /// What stands there once stands there once.
    Repeated = "REPEATED",
    /// What has to be there is there.
    Missing = "MISSING",
    /// What is there says something.
    Empty = "EMPTY",
    /// No text is longer than its element may be.
    Length = "LENGTH",
    /// Texts have only characters that XML has.
    Character = "CHARACTER",
    /// Codes have the form of codes.
    Code = "CODE",
    /// Codes are among those that the unit knows.
    UnknownCode = "UNKNOWN_CODE",
    /// Indicators are among those that the unit knows.
    Indicator = "INDICATOR",
    /// Numbers are numbers.
    Number = "NUMBER",
    /// A flag is true or false.
    Flag = "FLAG",
    /// Dates have the form of dates, with time, and are days of the calendar since 1900.
    Date = "DATE",
    /// Nothing was after the report was submitted.
    DateAfterSubmission = "DATE_AFTER_SUBMISSION",
    /// What comes later is later.
    DateOrder = "DATE_ORDER",
    /// Currencies are those of ISO 4217.
    Currency = "CURRENCY",
    /// The local currency is that of the unit.
    LocalCurrency = "LOCAL_CURRENCY",
    /// A foreign currency is not the local one.
    ForeignCurrency = "FOREIGN_CURRENCY",
    /// Countries are those of ISO 3166-1, by two letters.
    Country = "COUNTRY",
    /// Amounts are decimals with no more decimals than their currency has.
    Amount = "AMOUNT",
    /// Amounts and rates are above zero.
    Positive = "POSITIVE",
    /// A transaction has one side that it comes from.
    BipartyFrom = "BIPARTY_FROM",
    /// A transaction has one side that it goes to.
    BipartyTo = "BIPARTY_TO",
    /// A side is one account, person or entity.
    PartySubject = "PARTY_SUBJECT",
    /// An institution has a code or a SWIFT code, not both.
    Institution = "INSTITUTION",
    /// One signatory at most is the first.
    Primary = "PRIMARY",
    /// A country of a passport comes with its number.
    Passport = "PASSPORT",
    /// No number of a transaction and no indicator stands twice.
    Twice = "TWICE",
    /// What the unit leaves out isn't there.
    Disabled = "DISABLED",
    /// What the unit asks for is there.
    Required = "REQUIRED",
}
