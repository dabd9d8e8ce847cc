//! How the texts of a body are read: names, words, amounts, rates and moments.
//!
//! In: a text. Out: what it means, or a sentence that says what was expected.

use schemas::epoch::from_rfc3339;
use schemas::money::Unreadable;
use schemas::{Currency, Epoch, KycLevel, Money, PaymentKind, Role};
use std::str::FromStr;

/// What the path of most things ends with.
pub(super) const UUID: &str = "a UUID";

/// What a tariff is called.
pub(super) const CODE: &str = "1 to 64 of a-z, 0-9, - and _";

/// Reads an id, a word or a currency by its own rules.
pub(super) fn parse<T: FromStr<Err = Unreadable>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|unreadable: Unreadable| format!("expected {}", unreadable.expected))
}

/// A role that a customer of the bank can have.
pub(super) fn role(text: &str) -> Result<Role, String> {
    match text.parse() {
        Ok(role @ (Role::Customer | Role::Merchant | Role::Agent)) => Ok(role),
        Ok(Role::House) | Err(_) => Err("expected customer, merchant, agent".to_owned()),
    }
}

/// A level to which somebody can be known.
pub(super) fn known_level(text: &str) -> Result<KycLevel, String> {
    let level = text.parse().ok().filter(|level| *level != KycLevel::Unidentified);
    level.ok_or_else(|| "expected simplified, standard, enhanced".to_owned())
}

pub(super) fn full_name(text: &str) -> Result<String, String> {
    let characters = text.chars().count();
    let fits = (1..=140).contains(&characters) && !text.trim().is_empty() && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err("expected 1 to 140 characters, not all blank, none of them a control".to_owned()) }
}

pub(super) fn msisdn(text: &str) -> Result<String, String> {
    let digits = text.strip_prefix('+').filter(|digits| !digits.starts_with('0')).unwrap_or_default();
    let fits = (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    if fits {
        Ok(text.to_owned())
    } else {
        Err("expected a number in E.164 form: + and 7 to 15 digits, the first of them not 0".to_owned())
    }
}

pub(super) fn country(text: &str) -> Result<String, String> {
    let fits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    if fits { Ok(text.to_owned()) } else { Err("expected an ISO 3166-1 alpha-2 code, such as SN".to_owned()) }
}

/// A payment that can be asked for by itself.
pub(super) fn asked(text: &str) -> Result<PaymentKind, String> {
    let kind = text.parse().ok().filter(|kind| PaymentKind::ASKED.contains(kind));
    kind.ok_or_else(|| format!("expected {}", PaymentKind::ASKED.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ")))
}

/// The code of a tariff.
pub(super) fn code(text: &str) -> Result<String, String> {
    let plain = text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'));
    if plain && (1..=64).contains(&text.len()) { Ok(text.to_owned()) } else { Err(format!("expected {CODE}")) }
}

/// Minor units of a currency, of either sign. Where the currency is at fault, only the form can be judged.
pub(super) fn minor(text: &str, currency: Option<Currency>) -> Result<i64, String> {
    let Some(currency) = currency else {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let decimal =
            digits.starts_with(|first: char| first.is_ascii_digit()) && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.'));
        // What it is worth is not known, but whether it is less than nothing is.
        return if decimal {
            Ok(if digits.len() < text.len() { -1 } else { 1 })
        } else {
            Err("expected a decimal such as 12500".to_owned())
        };
    };
    let money = Money::parse(text, currency).map_err(|unreadable| format!("expected {}", unreadable.expected))?;
    Ok(money.minor)
}

/// More than nothing.
pub(super) fn positive_minor(text: &str, currency: Option<Currency>) -> Result<i64, String> {
    let minor = minor(text, currency)?;
    if minor > 0 { Ok(minor) } else { Err("must be greater than zero".to_owned()) }
}

/// Nothing or more.
pub(super) fn bound_minor(text: &str, currency: Option<Currency>) -> Result<i64, String> {
    let minor = minor(text, currency)?;
    if minor >= 0 { Ok(minor) } else { Err("must be zero or more".to_owned()) }
}

/// A count that fits.
pub(super) fn count(number: u64) -> Result<u32, String> {
    u32::try_from(number).map_err(|_| format!("expected at most {}", u32::MAX))
}

/// Percent as parts of a million.
pub(super) fn rate_ppm(text: &str) -> Result<u32, String> {
    schemas::resource::policy::rate_ppm(text).map_err(|unreadable| format!("expected {}", unreadable.expected))
}

/// A moment in UTC, to the millisecond, that an epoch can reach.
pub(super) fn moment(text: &str) -> Result<Epoch, String> {
    let epoch = from_rfc3339(text);
    epoch.ok_or_else(|| "expected a moment since 1970 in UTC with at most milliseconds, such as 2026-01-01T00:00:00Z".to_owned())
}
