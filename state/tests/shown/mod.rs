//! Proofs of payments, made of nothing but what was said to the world.

use schemas::proof::minute;
use schemas::{Bearer, Paid, PaymentKind, Proof, Transaction, TransactionId};

/// A payment as the record has it, as far as its legs tell; none of what failed or gave back.
pub(crate) fn row(paid: &Transaction) -> Option<Paid> {
    let Transaction { id, kind, channel, account_debit, account_credit, amount, fee_minor, postings, .. } = paid;
    let payer_bore = i128::from(postings.first()?.amount_minor) == -i128::from(amount.minor) - i128::from(*fee_minor);
    PaymentKind::ASKED.contains(kind).then_some(Paid {
        id: *id,
        kind: *kind,
        channel: *channel,
        bearer: if payer_bore { Bearer::Payer } else { Bearer::Payee },
        payer: *account_debit,
        payee: *account_credit,
        currency: amount.currency,
        amount_minor: amount.minor,
        fee_minor: *fee_minor,
    })
}

/// What shows a payment among all that there were, in their order; none if it is no payment.
pub(crate) fn proof<'a>(id: TransactionId, all: impl Iterator<Item = &'a Transaction>) -> Option<Proof> {
    let of = id.epoch().map(minute);
    let rows: Vec<Paid> = all.filter_map(row).filter(|paid| paid.minute() == of).collect();
    Proof::of(id, &rows)
}
