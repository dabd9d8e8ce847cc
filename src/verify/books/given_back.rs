//! What was given back, and of what: refunds and reversals against the payments that they name.

use super::{Faults, HORIZON_MS, decimal};
use schemas::{AccountId, Epoch, Link, Money, PaymentKind, Transaction, TransactionId};
use std::collections::{HashMap, VecDeque};

/// Payments of which something may be given back, or was.
pub(super) struct GivenBack {
    /// The first epoch that is seen whole; 0 if all of history is.
    from: Epoch,
    payments: HashMap<TransactionId, Payment>,
    by_age: VecDeque<(Epoch, TransactionId)>,
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
        Self { from, payments: HashMap::new(), by_age: VecDeque::new() }
    }

    /// Money moved.
    pub(super) fn settle(&mut self, epoch: Epoch, transaction: &Transaction, faults: &mut Faults) {
        while let Some((_, old)) = self.by_age.front().copied().filter(|(settled, _)| settled + HORIZON_MS < epoch) {
            self.by_age.pop_front();
            if self.payments.get(&old).is_some_and(|payment| payment.given_back_minor == 0 && !payment.reversed) {
                self.payments.remove(&old);
            }
        }
        let id = transaction.id;
        let gives_back = matches!(transaction.kind, PaymentKind::Refund | PaymentKind::Reversal);
        match transaction.link {
            Some(Link::Original(original)) if gives_back => self.give_back(original, transaction, faults),
            Some(Link::Original(_)) => faults.add(|| format!("transaction {id} is a {} and gives something back", transaction.kind)),
            None | Some(Link::Hold(_)) if gives_back => faults.add(|| format!("transaction {id} does not say what it gives back")),
            None | Some(Link::Hold(_)) => {
                let Transaction { account_debit: payer, account_credit: payee, amount, .. } = *transaction;
                self.payments.insert(id, Payment { payer, payee, amount, given_back_minor: 0, reversed: false });
                self.by_age.push_back((epoch, id));
            }
        }
    }

    fn give_back(&mut self, original: TransactionId, transaction: &Transaction, faults: &mut Faults) {
        let (id, amount) = (transaction.id, transaction.amount);
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
