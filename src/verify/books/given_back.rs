//! What was given back, and of what: refunds and reversals against the payments that they name.

use super::{Faults, HORIZON_MS, decimal};
use schemas::proof::minute;
use schemas::{AccountId, Epoch, Link, Money, PaymentKind, Transaction, TransactionId};
use std::collections::HashMap;

/// The first version of the rules by which a payment can be given back that is older than the horizon.
const SINCE: u32 = 5;

/// Every payment that is seen, and what was given back of it.
pub(super) struct GivenBack {
    /// The first epoch that is seen whole; 0 if all of history is.
    from: Epoch,
    payments: HashMap<TransactionId, Payment>,
    /// What was activated first, and when: a bank that began by older rules remembers no payment of before for longer.
    activated: Option<(Epoch, u32)>,
}

struct Payment {
    payer: AccountId,
    payee: AccountId,
    amount: Money,
    given_back_minor: i64,
    reversed: bool,
}

impl GivenBack {
    /// Of a history that begins with an epoch.
    pub(super) fn new(from: Epoch) -> Self {
        Self { from, payments: HashMap::new(), activated: None }
    }

    /// A version of the rules was activated.
    pub(super) fn activate(&mut self, epoch: Epoch, version: u32) {
        if self.from == 0 {
            self.activated.get_or_insert((epoch, version));
        }
    }

    /// Money moved.
    pub(super) fn settle(&mut self, epoch: Epoch, transaction: &Transaction, faults: &mut Faults) {
        let id = transaction.id;
        let gives_back = matches!(transaction.kind, PaymentKind::Refund | PaymentKind::Reversal);
        match transaction.link {
            Some(Link::Original(original)) if gives_back => self.give_back(epoch, original, transaction, faults),
            Some(Link::Original(_)) => faults.add(|| format!("transaction {id} is a {} and gives something back", transaction.kind)),
            None | Some(Link::Hold(_)) if gives_back => faults.add(|| format!("transaction {id} does not say what it gives back")),
            None | Some(Link::Hold(_)) => {
                let Transaction { account_debit: payer, account_credit: payee, amount, .. } = *transaction;
                self.payments.insert(id, Payment { payer, payee, amount, given_back_minor: 0, reversed: false });
            }
        }
    }

    fn give_back(&mut self, epoch: Epoch, original: TransactionId, transaction: &Transaction, faults: &mut Faults) {
        let (id, amount) = (transaction.id, transaction.amount);
        let recorded_after = self.activated.filter(|(_, version)| *version == SINCE).map(|(activated, _)| activated);
        let Some(payment) = self.payments.get_mut(&original) else {
            if original.epoch().is_none_or(|epoch| epoch >= self.from) {
                faults.add(|| format!("transaction {id} gives back transaction {original}, which is not there"));
            }
            return;
        };
        let swapped = (transaction.account_debit, transaction.account_credit) == (payment.payee, payment.payer);
        if !swapped || amount.currency != payment.amount.currency {
            faults.add(|| format!("transaction {id} gives back transaction {original}, which was not between these accounts"));
        }
        let paid = original.epoch().unwrap_or(0);
        let untouched = payment.given_back_minor == 0 && !payment.reversed;
        // It can be proven if it is of a minute that began by rules that record it.
        if untouched && paid + HORIZON_MS < epoch && recorded_after.is_some_and(|activated| minute(paid) <= minute(activated)) {
            faults.add(|| format!("transaction {id} gives back transaction {original}, which is too old to be known"));
        }
        if payment.reversed {
            faults.add(|| format!("transaction {id} gives back transaction {original}, which was taken back already"));
        }
        let left = i128::from(payment.amount.minor) - i128::from(payment.given_back_minor);
        let reverses = transaction.kind == PaymentKind::Reversal;
        let due = if reverses { i128::from(amount.minor) == left } else { i128::from(amount.minor) <= left };
        if !due || amount.minor <= 0 {
            let left = decimal(left, amount.currency);
            faults.add(|| format!("transaction {id} gives back {amount} of transaction {original}, of which {left} is left"));
        }
        payment.given_back_minor = payment.given_back_minor.saturating_add(amount.minor);
        payment.reversed |= reverses;
    }
}
