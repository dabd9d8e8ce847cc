//! Holds, and what follows a payment.

use super::*;
use crate::http::request::{CaptureRequest, HoldRequest, RefundRequest};
use schemas::{Capture, HoldId, Reserve, TransactionId};
use utoipa::PartialSchema;

const RESERVE: Form = Form::Reserve;
const CAPTURE: Form = Form::Capture(Some(HoldId(uuid::Uuid::nil())));
const RELEASE: Form = Form::Release(Some(HoldId(uuid::Uuid::nil())));
const REFUND: Form = Form::Refund(Some(TransactionId(uuid::Uuid::nil())));
const REVERSE: Form = Form::Reverse(Some(TransactionId(uuid::Uuid::nil())));

pub(super) fn good(form: &Form) -> Value {
    match form {
        Form::Reserve => json!({
            "operation": "bill_payment", "account_debit": A, "account_credit": B, "amount": "12500", "currency": "XOF", "channel": "card",
            "expires_in_seconds": 60, "context": {"ip": "203.0.113.7"},
        }),
        Form::Capture(_) => json!({"amount": "12500", "currency": "XOF", "last": true}),
        Form::Refund(_) => json!({"amount": "12500", "currency": "XOF"}),
        _ => json!({}),
    }
}

#[test]
fn every_fault_has_its_pointer() {
    check([
        (RESERVE, json!({}), vec![]),
        (RESERVE, json!({"channel": null}), vec![]),
        (RESERVE, json!({"operation": "transfer"}), vec![]),
        (RESERVE, json!({"operation": "deposit"}), vec![]),
        (RESERVE, json!({"operation": "refund"}), vec!["/operation"]),
        (RESERVE, json!({"operation": "reversal"}), vec!["/operation"]),
        (RESERVE, json!({"operation": "gift"}), vec!["/operation"]),
        (RESERVE, json!({"operation": null}), vec!["/operation"]),
        (RESERVE, json!({"operation": "deposit", "account_debit": null}), vec!["/account_debit"]),
        (RESERVE, json!({"operation": "withdrawal", "account_credit": null}), vec!["/account_credit"]),
        (RESERVE, json!({"account_debit": "1", "account_credit": "2"}), vec!["/account_debit", "/account_credit"]),
        (RESERVE, json!({"amount": "0"}), vec!["/amount"]),
        (RESERVE, json!({"amount": "-1", "currency": "FCFA"}), vec!["/currency", "/amount"]),
        (RESERVE, json!({"amount": "-1"}), vec!["/amount"]),
        (RESERVE, json!({"channel": "cash"}), vec!["/channel"]),
        (RESERVE, json!({"expires_in_seconds": 1}), vec![]),
        (RESERVE, json!({"expires_in_seconds": 2_592_000}), vec![]),
        (RESERVE, json!({"expires_in_seconds": 0}), vec!["/expires_in_seconds"]),
        (RESERVE, json!({"expires_in_seconds": 2_592_001}), vec!["/expires_in_seconds"]),
        (RESERVE, json!({"expires_in_seconds": u64::MAX}), vec!["/expires_in_seconds"]),
        (RESERVE, json!({"expires_in_seconds": -1}), vec!["/expires_in_seconds"]),
        (RESERVE, json!({"expires_in_seconds": 1.5}), vec!["/expires_in_seconds"]),
        (RESERVE, json!({"expires_in_seconds": "60"}), vec!["/expires_in_seconds"]),
        (RESERVE, json!({"expires_in_seconds": null}), vec!["/expires_in_seconds"]),
        (RESERVE, json!({"expires_at": "2026-01-01T00:00:00Z"}), vec!["/expires_at"]),
        (
            RESERVE,
            json!({"operation": 1, "amount": "x", "channel": 2, "expires_in_seconds": 0, "memo": "rent"}),
            vec!["/operation", "/amount", "/channel", "/expires_in_seconds", "/memo"],
        ),
        (CAPTURE, json!({}), vec![]),
        (CAPTURE, json!({"last": null}), vec![]),
        (CAPTURE, json!({"last": false}), vec![]),
        (CAPTURE, json!({"last": "true"}), vec!["/last"]),
        (CAPTURE, json!({"last": 1, "amount": "0.5"}), vec!["/amount", "/last"]),
        (CAPTURE, json!({"amount": null, "currency": null, "fee": "1"}), vec!["/currency", "/amount", "/fee"]),
        (Form::Capture(None), json!({"amount": "0"}), vec!["id", "/amount"]),
        (RELEASE, json!({}), vec![]),
        (RELEASE, json!({"amount": "1"}), vec!["/amount"]),
        (Form::Release(None), json!({"amount": "1"}), vec!["id", "/amount"]),
        (REFUND, json!({}), vec![]),
        (REFUND, json!({"amount": "0"}), vec!["/amount"]),
        (REFUND, json!({"amount": 1, "currency": "xof"}), vec!["/currency", "/amount"]),
        (REFUND, json!({"last": true}), vec!["/last"]),
        (Form::Refund(None), json!({"currency": null}), vec!["id", "/currency"]),
        (REVERSE, json!({}), vec![]),
        (REVERSE, json!({"amount": "1"}), vec!["/amount"]),
        (Form::Reverse(None), json!({}), vec!["id"]),
    ]);
}

#[test]
fn what_the_door_takes_the_log_takes() {
    check_taken([RESERVE, CAPTURE, RELEASE, REFUND, REVERSE]);
}

#[test]
fn defaults_are_filled_in() {
    let body = changed(&RESERVE, &json!({"channel": null, "context": null, "amount": "1.50", "currency": "EUR"}));
    let payment = Payment {
        kind: PaymentKind::BillPayment,
        account_debit: A.parse().ok(),
        account_credit: B.parse().ok(),
        amount_minor: 150,
        currency: "EUR".parse().expect("a currency"),
        channel: Channel::Wallet,
        context: None,
    };
    assert_eq!(read(&RESERVE, &body), Ok(Operation::Reserve(Reserve { payment, expires_in_ms: 60_000 })));
    let body = changed(&CAPTURE, &json!({"last": null}));
    assert!(matches!(read(&CAPTURE, &body), Ok(Operation::Capture(Capture { last: false, .. }))));
}

#[test]
fn what_is_described_is_what_is_read() {
    for (form, schema) in [(RESERVE, HoldRequest::schema()), (CAPTURE, CaptureRequest::schema()), (REFUND, RefundRequest::schema())] {
        check_described(&form, schema);
    }
}
