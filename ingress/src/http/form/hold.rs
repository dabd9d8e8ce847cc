//! Holds, and what follows a payment: capture, release, refund, reversal.

use super::super::fields::Fields;
use super::{amount, context, text, text::parse};
use schemas::hold::{RESERVED_MS_MAX, RESERVED_MS_MIN};
use schemas::{Capture, Channel, HoldId, Payment, Refund, Release, Reserve, Reverse, TransactionId};

/// Both sides are named: the house's cash neither promises nor waits. What the payment is for stands in the field `kind`.
pub(super) fn reserve(kind: &'static str, fields: &mut Fields) -> Option<Reserve> {
    let kind = fields.required(kind, text::asked);
    let account_debit = fields.required("account_debit", parse);
    let account_credit = fields.required("account_credit", parse);
    let amount = amount(fields);
    let channel = fields.optional("channel", parse).unwrap_or(Channel::Wallet);
    let context = context::context(fields);
    let expires_in_ms = fields.number("expires_in_seconds", expires_in_ms);
    let payment = Payment {
        kind: kind?,
        account_debit: Some(account_debit?),
        account_credit: Some(account_credit?),
        amount_minor: amount?.minor,
        currency: amount?.currency,
        channel,
        context: context?,
    };
    Some(Reserve { payment, expires_in_ms: expires_in_ms? })
}

pub(super) fn capture(hold_id: Option<HoldId>, fields: &mut Fields) -> Option<Capture> {
    let amount = amount(fields);
    let last = fields.optional_flag("last").unwrap_or(false);
    Some(Capture { hold_id: hold_id?, amount: amount?, last })
}

pub(super) fn release(hold_id: Option<HoldId>) -> Option<Release> {
    Some(Release { hold_id: hold_id? })
}

pub(super) fn refund(transaction_id: Option<TransactionId>, fields: &mut Fields) -> Option<Refund> {
    let amount = amount(fields);
    Some(Refund { transaction_id: transaction_id?, amount: amount?, proof: None })
}

pub(super) fn reverse(transaction_id: Option<TransactionId>) -> Option<Reverse> {
    Some(Reverse { transaction_id: transaction_id?, proof: None })
}

fn expires_in_ms(seconds: u64) -> Result<u64, String> {
    let expires_in_ms = seconds.checked_mul(1000).filter(|expires_in_ms| (RESERVED_MS_MIN..=RESERVED_MS_MAX).contains(expires_in_ms));
    expires_in_ms.ok_or_else(|| format!("expected {} to {} seconds", RESERVED_MS_MIN / 1000, RESERVED_MS_MAX / 1000))
}
