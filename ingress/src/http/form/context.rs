//! Where a payment comes from and who is on its other side, as a body says it.

use super::super::fields::Fields;
use super::text;
use schemas::Context;
use schemas::context::{NAME_MAX, is_card_number, is_ip, is_name};
use std::sync::Arc;

/// Nothing of it has to be said; an object that says nothing is a mistake.
pub(super) fn context(fields: &mut Fields) -> Option<Option<Arc<Context>>> {
    let is_said = fields.says("context");
    let read = fields.optional_object("context", |fields| {
        if fields.says_nothing() {
            return fields.wrong_itself("says nothing: name something, or leave it away");
        }
        let device = fields.optional("device", name);
        let ip = fields.optional("ip", ip);
        let country = fields.optional("country", text::country);
        let latitude_e6 = fields.optional("latitude", |text| degrees_e6(text, 90));
        let longitude_e6 = fields.optional("longitude", |text| degrees_e6(text, 180));
        let card_token = fields.optional("card_token", card_token);
        let msisdn = fields.optional("msisdn", text::msisdn);
        let counterparty_name = fields.optional("counterparty_name", text::full_name);
        if !fields.is_wrong() && latitude_e6.is_some() != longitude_e6.is_some() {
            return fields.wrong("latitude", "stands with longitude, or not at all");
        }
        Some(Arc::new(Context { device, ip, country, latitude_e6, longitude_e6, card_token, msisdn, counterparty_name }))
    });
    if is_said && read.is_none() { None } else { Some(read) }
}

/// What names a device.
pub(super) fn name(text: &str) -> Result<String, String> {
    if is_name(text) { Ok(text.to_owned()) } else { Err(format!("expected 1 to {NAME_MAX} visible ASCII characters")) }
}

fn ip(text: &str) -> Result<String, String> {
    if is_ip(text) { Ok(text.to_owned()) } else { Err("expected an IPv4 or IPv6 address in its shortest spelling".to_owned()) }
}

/// What may be the number of a card is not said again.
fn card_token(text: &str) -> Result<String, String> {
    if is_card_number(text) {
        return Err("looks like the number of a card, which must not come here; expected a token for it".to_owned());
    }
    name(text)
}

/// Degrees as a decimal with at most six decimals, in millionths.
fn degrees_e6(text: &str, most: i32) -> Result<i32, String> {
    let expected = || format!("expected degrees from -{most} to {most} as a decimal with at most 6 decimals, such as 14.716677");
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |part: &str, most: usize| (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(whole, 3) || !plain(decimals, 6) {
        return Err(expected());
    }
    let e6: i32 = format!("{whole}{decimals:0<6}").parse().map_err(|_| expected())?;
    if e6 > most * 1_000_000 { Err(expected()) } else { Ok(if text.starts_with('-') { -e6 } else { e6 }) }
}

#[cfg(test)]
mod tests {
    use super::degrees_e6;

    #[test]
    fn degrees_are_read_to_the_millionth() {
        for (text, expected) in [("14.716677", 14_716_677), ("-17.4", -17_400_000), ("90", 90_000_000), ("-0.000001", -1), ("0", 0)] {
            assert_eq!(degrees_e6(text, 90), Ok(expected), "{text}");
        }
        for text in ["", "-", ".5", "5.", "90.000001", "1e1", "+1", "1.1234567", "0x1", "--1", "1000"] {
            assert!(degrees_e6(text, 90).is_err(), "{text}");
        }
    }
}
