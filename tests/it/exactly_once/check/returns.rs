//! Returns: of a payment no more is given back than it was, to whoever paid it, and it is taken back once.

use super::{Case, Findings, Kind};
use schemas::{Fact, Link, PaymentKind, Transaction, TransactionId};
use std::collections::BTreeMap;

/// The first version of the rules whose payments can be given back.
const SINCE: u32 = 4;

/// A payment, and how much of it was given back.
struct Original<'a> {
    payment: &'a Transaction,
    returned_minor: i64,
    reversed: bool,
}

pub(super) fn check(case: &Case<'_>, findings: &mut Findings) {
    let mut originals: BTreeMap<TransactionId, Original<'_>> = BTreeMap::new();
    for recorded in &case.events {
        let Fact::Transaction(transaction) = &recorded.event.fact else { continue };
        match transaction.link {
            _ if transaction.refusal.is_some() => {}
            Some(Link::Original(id)) => {
                let given = originals.get_mut(&id).ok_or_else(|| "which is no payment that can be given back".to_owned());
                if let Err(wrong) = given.and_then(|original| gives_back(original, transaction)) {
                    findings.add(Kind::ReturnDiffers, format!("transaction {} gives back {id}, {wrong}", transaction.id));
                }
            }
            None | Some(Link::Hold(_)) => {
                let rules = case.epochs.get(&recorded.event.epoch).copied().unwrap_or(SINCE);
                if rules >= SINCE {
                    originals.insert(transaction.id, Original { payment: transaction, returned_minor: 0, reversed: false });
                }
            }
        }
    }
}

/// Something is given back of a payment; what is wrong with that, if something is.
fn gives_back(original: &mut Original<'_>, transaction: &Transaction) -> Result<(), String> {
    let payment = original.payment;
    let rest = payment.amount.minor.saturating_sub(original.returned_minor);
    let was_reversed = original.reversed;
    original.returned_minor = original.returned_minor.saturating_add(transaction.amount.minor);
    original.reversed |= transaction.kind == PaymentKind::Reversal;
    let back = (transaction.account_debit, transaction.account_credit, transaction.amount.currency, transaction.channel);
    if back != (payment.account_credit, payment.account_debit, payment.amount.currency, payment.channel) {
        return Err("and not from its payee to its payer".to_owned());
    }
    if was_reversed || transaction.amount.minor > rest || transaction.amount.minor <= 0 {
        return Err(format!("of which {rest} are left{}", if was_reversed { " and which was taken back" } else { "" }));
    }
    let right = match transaction.kind {
        PaymentKind::Refund => transaction.fee_minor == 0,
        PaymentKind::Reversal => {
            let same_bearer = payment.fee_minor == 0 || payer_bore(payment) == payer_got(transaction);
            transaction.amount.minor == rest && transaction.fee_minor == payment.fee_minor && same_bearer
        }
        PaymentKind::Deposit
        | PaymentKind::Withdrawal
        | PaymentKind::Transfer
        | PaymentKind::MerchantPayment
        | PaymentKind::BillPayment => false,
    };
    if right { Ok(()) } else { Err(format!("of which {rest} and a fee of {} are left: {transaction:?}", payment.fee_minor)) }
}

/// Whether the fee came on top of what the payee got.
fn payer_bore(payment: &Transaction) -> bool {
    payment.postings.get(1).is_some_and(|posting| posting.amount_minor == payment.amount.minor)
}

/// Whether the payee gave all, and the payer got the fee on top of it.
fn payer_got(reversal: &Transaction) -> bool {
    reversal.postings.first().is_some_and(|posting| posting.amount_minor == -reversal.amount.minor)
}
