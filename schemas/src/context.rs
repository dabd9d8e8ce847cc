//! Where a payment comes from: the device, the address, the place, the card and the telephone, as far as whoever asks knows them; and who
//! is on its other side outside of the bank.
//!
//! All of it is optional, and nothing of it is believed: gates count by it and compare it, no balance goes by it. What is absent is counted
//! nowhere. A number of a card never stands here, only a token for it.

use crate::command::is_line;
use crate::money::Unreadable;
use crate::word::words;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::net::IpAddr;

/// Most characters of a device or of a card's token.
pub const NAME_MAX: usize = 64;

/// Most characters of a counterparty's name.
pub const COUNTERPARTY_NAME_MAX: usize = 140;

/// Where a payment comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// The device, by a fingerprint; 1 to 64 visible ASCII characters.
    #[serde(default)]
    pub device: Option<String>,
    /// The address, IPv4 or IPv6, in its one spelling.
    #[serde(default)]
    pub ip: Option<String>,
    /// ISO 3166-1 alpha-2 country of the counterparty, or of the place.
    #[serde(default)]
    pub country: Option<String>,
    /// The place: millionths of a degree north.
    #[serde(default)]
    pub latitude_e6: Option<i32>,
    /// The place: millionths of a degree east.
    #[serde(default)]
    pub longitude_e6: Option<i32>,
    /// A token that stands for a card; 1 to 64 visible ASCII characters, never the card's number.
    #[serde(default)]
    pub card_token: Option<String>,
    /// The telephone, E.164.
    #[serde(default)]
    pub msisdn: Option<String>,
    /// Who pays or is paid outside of the bank: the ultimate debtor or creditor of ISO 20022; 1 to 140 characters. Personal, so never logged.
    #[serde(default)]
    pub counterparty_name: Option<String>,
}

words! {
    /// By what attempts are counted.
    pub enum KeyKind {
        /// The account that pays.
        Account = "account",
        /// Its holder.
        Customer = "customer",
        /// The device.
        Device = "device",
        /// The token of a card.
        CardToken = "card_token",
        /// The telephone.
        Msisdn = "msisdn",
        /// The address; of IPv6, the network of 64 bits, which is one subscriber's.
        Ip = "ip",
    }
}

/// What a context names by which attempts are counted, each as a hash.
pub type Named = Vec<(KeyKind, [u8; 16])>;

impl Context {
    /// Whether it says something, each in its form.
    pub fn check(&self) -> Result<(), Unreadable> {
        if *self == Self::default() {
            return Err(Unreadable::new("context", "", "at least one field"));
        }
        let name = format!("1 to {NAME_MAX} visible ASCII characters");
        form("device", self.device.as_deref(), &name, is_name)?;
        form("ip", self.ip.as_deref(), "an IPv4 or IPv6 address in its shortest spelling", is_ip)?;
        form("country", self.country.as_deref(), "two letters, such as SN", is_country)?;
        form("card_token", self.card_token.as_deref(), &format!("{name}, no number of a card"), |text| {
            is_name(text) && !is_card_number(text)
        })?;
        form("msisdn", self.msisdn.as_deref(), "+ and 7 to 15 digits", is_msisdn)?;
        if self.latitude_e6.is_some() != self.longitude_e6.is_some() {
            return Err(Unreadable::new("latitude_e6", "", "a latitude and a longitude, or neither"));
        }
        degrees("latitude_e6", self.latitude_e6, 90)?;
        degrees("longitude_e6", self.longitude_e6, 180)?;
        match &self.counterparty_name {
            // What it says is not said again.
            Some(name) if !is_line(name, COUNTERPARTY_NAME_MAX) => {
                Err(Unreadable::new("counterparty_name", "another text", "1 to 140 characters, none of them a control"))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Its fields as a fingerprint has them: those that are there.
    pub fn fields(&self, mut field: impl FnMut(&str, &str)) {
        let texts = [("device", &self.device), ("ip", &self.ip), ("country", &self.country)];
        for (name, text) in texts.into_iter().chain([("card_token", &self.card_token), ("msisdn", &self.msisdn)]) {
            if let Some(text) = text {
                field(name, text);
            }
        }
        for (name, degrees) in [("latitude_e6", self.latitude_e6), ("longitude_e6", self.longitude_e6)] {
            if let Some(degrees) = degrees {
                field(name, &degrees.to_string());
            }
        }
        if let Some(name) = &self.counterparty_name {
            field("counterparty_name", name);
        }
    }

    /// What it names by which attempts are counted.
    pub fn named(&self) -> impl Iterator<Item = (KeyKind, [u8; 16])> + '_ {
        let texts = [(KeyKind::Device, &self.device), (KeyKind::CardToken, &self.card_token), (KeyKind::Msisdn, &self.msisdn)];
        let texts = texts.into_iter().filter_map(|(kind, text)| Some((kind, hash(kind.as_str(), text.as_deref()?))));
        texts.chain(self.ip.as_deref().map(|ip| (KeyKind::Ip, hash(KeyKind::Ip.as_str(), &network(ip)))))
    }
}

/// The first 16 bytes of SHA-256 over a purpose and a text, each behind its length: two texts of one hash are not found by choosing.
pub fn hash(purpose: &str, text: &str) -> [u8; 16] {
    let mut bytes = [0; 256];
    let mut at = 0;
    for part in [purpose, text] {
        let length = u8::try_from(part.len()).expect("a text of a context is short");
        bytes[at] = length;
        bytes[at + 1..at + 1 + part.len()].copy_from_slice(part.as_bytes());
        at += 1 + part.len();
    }
    let digest: [u8; 32] = Sha256::digest(&bytes[..at]).into();
    *digest.first_chunk().expect("a SHA-256 digest has 32 bytes")
}

/// An address as attempts are counted by it.
fn network(ip: &str) -> String {
    match ip.parse() {
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Ok(IpAddr::V4(_)) | Err(_) => ip.to_owned(),
    }
}

fn form(name: &str, text: Option<&str>, form: &str, has_form: impl Fn(&str) -> bool) -> Result<(), Unreadable> {
    match text {
        // What may be the number of a card is not said again.
        Some(text) if !has_form(text) => Err(Unreadable::new(name, if is_card_number(text) { "a number" } else { text }, form)),
        Some(_) | None => Ok(()),
    }
}

fn degrees(name: &str, value: Option<i32>, most: i32) -> Result<(), Unreadable> {
    let most = most * 1_000_000;
    match value {
        Some(value) if !(-most..=most).contains(&value) => Err(Unreadable::new(name, &value.to_string(), &format!("-{most} to {most}"))),
        Some(_) | None => Ok(()),
    }
}

/// Whether a text may name a device or stand for a card.
pub fn is_name(text: &str) -> bool {
    (1..=NAME_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether a text is an address in the one spelling that it has.
pub fn is_ip(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().to_string() == text)
}

/// Whether a text has the form of a country's code.
pub fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Whether a text has the form of a telephone's number.
fn is_msisdn(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or_default();
    (7..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text looks like the number of a card: 12 to 19 digits with their check digit (ISO/IEC 7812), whatever stands between them.
pub fn is_card_number(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|character| character.to_digit(10)).collect();
    let others = text.chars().any(|character| !character.is_ascii_digit() && !matches!(character, '-' | '.' | '_' | ' '));
    if others || !(12..=19).contains(&digits.len()) {
        return false;
    }
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let sum: u32 = digits.iter().rev().enumerate().map(|(place, digit)| if place % 2 == 1 { doubled(*digit) } else { *digit }).sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_its_form() {
        let empty = Context::default();
        let text = |text: &str| Some(text.to_owned());
        let all = Context {
            device: text("d-1"),
            ip: text("2001:db8::1"),
            country: text("SN"),
            latitude_e6: Some(14_716_677),
            longitude_e6: Some(-17_467_686),
            card_token: text("tok_1"),
            msisdn: text("+221771234567"),
            counterparty_name: text("Awa Ndèye Diop"),
        };
        assert!(all.check().is_ok());
        for wrong in [
            empty.clone(),
            Context { device: text(""), ..all.clone() },
            Context { device: text("a b"), ..all.clone() },
            Context { device: text(&"a".repeat(65)), ..all.clone() },
            Context { ip: text("2001:0db8::1"), ..all.clone() },
            Context { ip: text("::ffff:10.0.0.1"), ..all.clone() },
            Context { ip: text("10.0.0"), ..all.clone() },
            Context { country: text("sn"), ..all.clone() },
            Context { longitude_e6: None, ..all.clone() },
            Context { latitude_e6: Some(90_000_001), ..all.clone() },
            Context { longitude_e6: Some(-180_000_001), ..all.clone() },
            Context { card_token: text("4111111111111111"), ..all.clone() },
            Context { card_token: text("4111-1111-1111-1111"), ..all.clone() },
            Context { msisdn: text("221771234567"), ..all.clone() },
            Context { counterparty_name: text(""), ..all.clone() },
            Context { counterparty_name: text("Awa\nDiop"), ..all.clone() },
            Context { counterparty_name: text(&"é".repeat(141)), ..all.clone() },
        ] {
            assert!(wrong.check().is_err(), "{wrong:?}");
        }
        let told = Context { counterparty_name: text("Awa\0Diop"), ..all.clone() }.check().unwrap_err().to_string();
        assert!(!told.contains("Awa"), "{told}");
        assert!(Context { counterparty_name: text(&"é".repeat(140)), ..empty.clone() }.check().is_ok());
        let told = Context { card_token: text("4111111111111111"), ..empty }.check().unwrap_err().to_string();
        assert!(!told.contains("4111"), "{told}");
        assert!(Context { card_token: text("4111111111111112"), ..all }.check().is_ok(), "without its check digit it is none");
    }

    #[test]
    fn addresses_of_one_subscriber_are_one_key() {
        let key = |ip: &str| Context { ip: Some(ip.to_owned()), ..Context::default() }.named().next();
        assert_eq!(key("2001:db8:0:1::1"), key("2001:db8:0:1:ffff::2"));
        assert_ne!(key("2001:db8:0:1::1"), key("2001:db8:0:2::1"));
        assert_ne!(key("10.0.0.1"), key("10.0.0.2"));
    }

    #[test]
    fn hashes_are_fixed_for_good() {
        assert_ne!(hash("device", "a"), hash("card_token", "a"));
        assert_ne!(hash("a", "bc"), hash("ab", "c"));
        assert_eq!(u128::from_be_bytes(hash("device", "d-1")), 0x71e1_e60f_a9fe_cd60_73ec_dcef_e901_b5e5);
    }
}
