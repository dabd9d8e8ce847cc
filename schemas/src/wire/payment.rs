//! The event of a payment as bytes, field by field, without the codec in between.
//!
//! In: a transaction and the event that says it. Out: the datum that a codec would write, byte for byte; tests
//! compare it with Avro's reference implementation. Payments are nearly all that the bank says.
//!
//! Avro, as far as it is needed here: a number is zigzag, seven bits a byte, the lowest first; a text stands behind
//! its length; an array is its length, its items and a zero; a record is its fields in the order of the schema.

use crate::epoch::put_rfc3339;
use crate::event::Event;
use crate::money::Money;
use crate::transaction::{Link, Transaction};
use std::io::Write as _;
use uuid::Uuid;

/// Appends the datum of a settled or a failed payment.
pub(super) fn put(bytes: &mut Vec<u8>, event: &Event, transaction: &Transaction) {
    put_uuid(bytes, transaction.id.0);
    put_money(bytes, transaction.amount);
    put_text(bytes, transaction.amount.currency.code());
    put_text(bytes, transaction.channel.as_str());
    match transaction.refusal {
        None => {
            put_money(bytes, Money { minor: transaction.fee_minor, ..transaction.amount });
            put_uuid(bytes, transaction.account_debit.0);
            put_uuid(bytes, transaction.account_credit.0);
            put_short(bytes, |text| put_rfc3339(text, event.epoch));
            put_uuid(bytes, event.id.0);
            put_text(bytes, event.cause.trace_id());
            put_text(bytes, transaction.kind.as_str());
            put_long(bytes, epoch(event));
            put_postings(bytes, transaction);
        }
        Some(reason) => {
            put_uuid(bytes, transaction.account_debit.0);
            put_uuid(bytes, transaction.account_credit.0);
            put_text(bytes, transaction.kind.as_str());
            put_text(bytes, reason.as_str());
            put_short(bytes, |text| put_rfc3339(text, event.epoch));
            put_uuid(bytes, event.id.0);
            put_text(bytes, event.cause.trace_id());
            put_long(bytes, epoch(event));
        }
    }
    put_uuid(bytes, event.cause.command_id.0);
    put_long(bytes, i64::from(event.cause.position.partition));
    put_long(bytes, event.cause.position.offset);
    // A record of its own topic, whose schema goes on.
    if transaction.link.is_some() {
        put_link(bytes, transaction.link);
    }
}

/// A hold and an original, each a union of null, which is branch 0, and a text, which is branch 1.
fn put_link(bytes: &mut Vec<u8>, link: Option<Link>) {
    for id in [link.and_then(Link::hold).map(|id| id.0), link.and_then(Link::original).map(|id| id.0)] {
        match id {
            None => put_long(bytes, 0),
            Some(id) => {
                put_long(bytes, 1);
                put_uuid(bytes, id);
            }
        }
    }
}

fn epoch(event: &Event) -> i64 {
    i64::try_from(event.epoch).expect("an epoch is before the year 10000")
}

fn put_postings(bytes: &mut Vec<u8>, transaction: &Transaction) {
    if !transaction.postings.is_empty() {
        put_length(bytes, transaction.postings.len());
        for posting in &transaction.postings {
            put_uuid(bytes, posting.account.0);
            put_long(bytes, posting.amount_minor);
            put_long(bytes, posting.balance_minor);
        }
    }
    bytes.push(0);
}

fn put_uuid(bytes: &mut Vec<u8>, id: Uuid) {
    put_text(bytes, id.hyphenated().encode_lower(&mut [0; 36]));
}

fn put_money(bytes: &mut Vec<u8>, money: Money) {
    put_short(bytes, |text| write!(text, "{money}").expect("memory takes all that is written"));
}

/// A text of at most 63 bytes, which has a length of one byte: that can be filled in afterwards.
fn put_short(bytes: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let at = bytes.len();
    bytes.push(0);
    write(bytes);
    let length = u8::try_from(bytes.len() - at - 1).ok().filter(|length| *length < 64);
    bytes[at] = length.expect("an amount has at most 21 characters, and a moment 24") << 1;
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    put_length(bytes, text.len());
    bytes.extend_from_slice(text.as_bytes());
}

fn put_length(bytes: &mut Vec<u8>, length: usize) {
    put_long(bytes, i64::try_from(length).expect("what is in memory has a length that fits an i64"));
}

fn put_long(bytes: &mut Vec<u8>, number: i64) {
    let mut rest = ((number << 1) ^ (number >> 63)).cast_unsigned();
    while rest >= 0x80 {
        bytes.push(low_byte(rest) | 0x80);
        rest >>= 7;
    }
    bytes.push(low_byte(rest));
}

const fn low_byte(number: u64) -> u8 {
    number.to_le_bytes()[0]
}
