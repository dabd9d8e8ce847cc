//! Money: an exact count of minor units of one currency.
//!
//! In: a decimal string and an ISO 4217 code. Out: the same. Never a float, never a silent rounding.

use rust_decimal::Decimal;

/// Text that is not what it should be, with what would be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no {what}; expected {expected}")]
pub struct Unreadable {
    /// What was expected, such as `Currency`.
    pub what: String,
    /// What was given, cut to 64 characters.
    pub text: String,
    /// What would be accepted.
    pub expected: String,
}

impl Unreadable {
    /// An unreadable `text` where a `what` should stand.
    pub fn new(what: &str, text: &str, expected: &str) -> Self {
        Self { what: what.to_owned(), text: text.chars().take(64).collect(), expected: expected.to_owned() }
    }
}

/// An ISO 4217 currency that has minor units defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, utoipa::ToSchema)]
#[schema(value_type = String, example = "XOF", pattern = "^[A-Z]{3}$")]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// The West African CFA franc.
    pub const XOF: Self = Self(iso_currency::Currency::XOF);

    /// The three-letter code.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// Decimal places of the minor unit: 0 for XOF, 2 for EUR, 3 for TND.
    pub fn exponent(self) -> u32 {
        u32::from(self.0.exponent().expect("only currencies with an exponent are ever constructed"))
    }
}

impl std::str::FromStr for Currency {
    type Err = Unreadable;
    fn from_str(code: &str) -> Result<Self, Unreadable> {
        iso_currency::Currency::from_code(code)
            .filter(|currency| currency.exponent().is_some())
            .map(Self)
            .ok_or_else(|| Unreadable::new("currency", code, "an ISO 4217 code of a currency with minor units, such as XOF"))
    }
}

impl serde::Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> serde::Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Code;
        impl serde::de::Visitor<'_> for Code {
            type Value = Currency;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an ISO 4217 code")
            }
            fn visit_str<E: serde::de::Error>(self, code: &str) -> Result<Currency, E> {
                code.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Code)
    }
}

impl std::fmt::Display for Currency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount of one currency, in minor units.
///
/// The range is that of `i64`: 9.2 × 10^18 minor units, a thousand times the money of the world in XOF.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    /// Count of minor units; negative for a debit posting.
    pub minor: i64,
    /// What is counted.
    pub currency: Currency,
}

impl Money {
    /// Reads a decimal string such as `"12500"` or `"3.50"`, with at most as many decimals as the currency has.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, Unreadable> {
        let unreadable = || {
            let expected = match currency.exponent() {
                0 => format!("a whole number of {currency} such as 12500"),
                places => format!("a decimal of {currency} with at most {places} decimals"),
            };
            Unreadable::new("amount", text, &expected)
        };
        let digits = text.strip_prefix('-').unwrap_or(text);
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
            && digits.starts_with(|first: char| first.is_ascii_digit())
            && digits.ends_with(|last: char| last.is_ascii_digit());
        if !plain || digits.len() > 40 {
            return Err(unreadable());
        }
        let mut amount = Decimal::from_str_exact(text).map_err(|_| unreadable())?;
        if amount.normalize().scale() > currency.exponent() {
            return Err(unreadable());
        }
        amount.rescale(currency.exponent());
        if amount.scale() != currency.exponent() {
            return Err(unreadable());
        }
        let minor = i64::try_from(amount.mantissa()).map_err(|_| unreadable())?;
        Ok(Self { minor, currency })
    }
}

impl std::fmt::Display for Money {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let places = self.currency.exponent();
        if places == 0 {
            return write!(f, "{}", self.minor);
        }
        let (unit, sign) = (10u64.pow(places), if self.minor < 0 { "-" } else { "" });
        let (whole, part) = (self.minor.unsigned_abs() / unit, self.minor.unsigned_abs() % unit);
        write!(f, "{sign}{whole}.{part:0width$}", width = usize::try_from(places).expect("a u32 fits a usize"))
    }
}

/// A sum of amounts, which may be more than any amount is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Total {
    /// Count of minor units.
    pub minor: i128,
    /// What is counted.
    pub currency: Currency,
}

impl std::fmt::Display for Total {
    /// As an amount is shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Ok(minor) = i64::try_from(self.minor) {
            return Money { minor, currency: self.currency }.fmt(f);
        }
        let places = self.currency.exponent();
        let (unit, sign) = (10u128.pow(places), if self.minor < 0 { "-" } else { "" });
        let (whole, part) = (self.minor.unsigned_abs() / unit, self.minor.unsigned_abs() % unit);
        match usize::try_from(places).expect("a u32 fits a usize") {
            0 => write!(f, "{sign}{whole}"),
            places => write!(f, "{sign}{whole}.{part:0places$}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_exactly_or_not_at_all() {
        let cases: &[(&str, &str, Option<i64>)] = &[
            ("12500", "XOF", Some(12_500)),
            ("12500.00", "XOF", Some(12_500)),
            ("12500.5", "XOF", None),
            ("3.5", "EUR", Some(350)),
            ("3.505", "EUR", None),
            ("0.001", "TND", Some(1)),
            ("-7", "XOF", Some(-7)),
            ("9223372036854775807", "XOF", Some(i64::MAX)),
            ("9223372036854775808", "XOF", None),
            ("92233720368547758.08", "EUR", None),
            ("", "XOF", None),
            ("-", "XOF", None),
            ("1e3", "XOF", None),
            ("+1", "XOF", None),
            ("1_000", "XOF", None),
            (".5", "EUR", None),
            ("5.", "EUR", None),
            ("1.2.3", "EUR", None),
            ("١٢", "XOF", None),
            (" 1", "XOF", None),
            ("00000000000000000000000000000000000000000000000001", "XOF", None),
        ];
        for (text, code, minor) in cases {
            let currency = code.parse::<Currency>().unwrap();
            assert_eq!(Money::parse(text, currency).ok().map(|money| money.minor), *minor, "{text} {code}");
        }
    }

    #[test]
    fn an_amount_is_shown_with_all_its_decimals() {
        let cases = [
            (0, "XOF", "0"),
            (-7, "XOF", "-7"),
            (0, "EUR", "0.00"),
            (-5, "EUR", "-0.05"),
            (350, "EUR", "3.50"),
            (1, "TND", "0.001"),
            (i64::MIN, "EUR", "-92233720368547758.08"),
            (i64::MAX, "XOF", "9223372036854775807"),
        ];
        for (minor, code, text) in cases {
            assert_eq!(Money { minor, currency: code.parse().unwrap() }.to_string(), text);
        }
    }

    #[test]
    fn a_total_is_shown_as_an_amount_however_large_it_is() {
        for (minor, code, text) in [
            (-5, "EUR", "-0.05"),
            (12_500, "XOF", "12500"),
            (i128::from(i64::MAX) * 100 + 7, "XOF", "922337203685477580707"),
            (i128::from(i64::MIN) * 100 - 7, "EUR", "-9223372036854775808.07"),
            (i128::from(i64::MAX) * 1000 + 9, "TND", "9223372036854775807.009"),
        ] {
            assert_eq!(Total { minor, currency: code.parse().unwrap() }.to_string(), text);
        }
    }

    #[test]
    fn currencies_without_minor_units_are_refused() {
        for code in ["XAU", "XXX", "xof", "FCFA", ""] {
            assert!(code.parse::<Currency>().is_err(), "{code}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_shown_reads_back(minor: i64, index in 0..4usize) {
            let currency = ["XOF", "EUR", "TND", "USD"][index].parse::<Currency>().unwrap();
            let money = Money { minor, currency };
            proptest::prop_assert_eq!(Money::parse(&money.to_string(), currency).unwrap(), money);
        }
    }
}
