//! Fingerprints: whether two commands of one id ask the same.

use super::Operation;
use crate::order::Dated;
use crate::transaction::Payment;
use sha2::{Digest, Sha256};

/// What a command says, in 16 bytes: two commands of one id with different fingerprints are a client's mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 16]);

impl Fingerprint {
    /// The first 16 bytes of SHA-256 over the version and the operation's fields, each length-prefixed.
    ///
    /// Version 1. The order and form of the fields are fixed for good; a new field is hashed only where it
    /// is present, so that old commands keep their fingerprints.
    pub fn of(operation: &Operation) -> Self {
        // All of it first, since a hash is fastest in one piece.
        let mut fields = Vec::with_capacity(320);
        let mut field = |name: &str, value: &str| {
            for part in [name, value] {
                fields.extend_from_slice(&u32::try_from(part.len()).expect("every field is bounded at the door").to_be_bytes());
                fields.extend_from_slice(part.as_bytes());
            }
        };
        field("version", "1");
        field("operation", operation.name());
        match operation {
            Operation::CreateCustomer(create) => {
                field("full_name", &create.full_name);
                if let Some(msisdn) = &create.msisdn {
                    field("msisdn", msisdn);
                }
                if let Some(country) = &create.country {
                    field("country", country);
                }
            }
            Operation::OpenAccount(open) => {
                field("customer_id", &open.customer_id.to_string());
                field("type", open.account_type.as_str());
                field("role", open.role.as_str());
                field("currency", open.currency.code());
            }
            Operation::Pay(payment) => pay_fields(payment, field),
            Operation::ActivateRules(activate) => field("version", &activate.version.to_string()),
            Operation::ChangeStatus(asked) => field("account_id", asked.account_id.text(&mut [0; 36])),
            Operation::Reserve(reserve) => {
                field("kind", reserve.payment.kind.as_str());
                field("expires_in_ms", &reserve.expires_in_ms.to_string());
                pay_fields(&reserve.payment, field);
            }
            Operation::Capture(capture) => {
                field("hold_id", capture.hold_id.text(&mut [0; 36]));
                field("amount_minor", &capture.amount.minor.to_string());
                field("currency", capture.amount.currency.code());
                field("last", if capture.last { "true" } else { "false" });
            }
            Operation::Release(release) => field("hold_id", release.hold_id.text(&mut [0; 36])),
            Operation::Refund(refund) => {
                field("transaction_id", refund.transaction_id.text(&mut [0; 36]));
                field("amount_minor", &refund.amount.minor.to_string());
                field("currency", refund.amount.currency.code());
            }
            Operation::Reverse(reverse) => field("transaction_id", reverse.transaction_id.text(&mut [0; 36])),
            Operation::SetPolicy(policy) => policy.fields(field),
            Operation::Batch(batch) => {
                field("mode", batch.mode.as_str());
                batch.items.iter().for_each(|item| field("item", &Self::of(item).to_string()));
            }
            Operation::Order(order) => {
                field("kind", order.payment.kind.as_str());
                match order.dated {
                    Dated::ExecuteAt(epoch) => field("execute_at", &epoch.to_string()),
                    Dated::EffectiveAt(epoch) => field("effective_at", &epoch.to_string()),
                }
                pay_fields(&order.payment, field);
            }
            Operation::CancelOrder(cancel) => field("order_id", cancel.order_id.text(&mut [0; 36])),
            Operation::SetAml(setting) => setting.fields(field),
            Operation::Freeze(freeze) => {
                let (name, id) = freeze.party.field();
                field(name, &id);
                field("reason", &freeze.reason);
            }
            Operation::ReportSignal(signal) => {
                let (name, id) = signal.party.field();
                field(name, &id);
                if let Some(device) = &signal.device {
                    field("device", device);
                }
                field("signal", signal.signal.as_str());
            }
            Operation::DecideReview(review) => {
                field("hold_id", review.hold_id.text(&mut [0; 36]));
                field("decision", review.decision.as_str());
                field("reason", &review.reason);
            }
            Operation::List(command) => command.fields(field),
            Operation::Diligence(asked) => asked.fields(field),
        }
        let digest: [u8; 32] = Sha256::digest(&fields).into();
        Self(digest[..16].try_into().expect("a SHA-256 digest has 32 bytes"))
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The fields of a payment, but for its kind.
fn pay_fields(payment: &Payment, mut field: impl FnMut(&str, &str)) {
    if let Some(account) = payment.account_debit {
        field("account_debit", account.text(&mut [0; 36]));
    }
    if let Some(account) = payment.account_credit {
        field("account_credit", account.text(&mut [0; 36]));
    }
    field("amount_minor", &payment.amount_minor.to_string());
    field("currency", payment.currency.code());
    field("channel", payment.channel.as_str());
    if let Some(context) = &payment.context {
        context.fields(field);
    }
}
