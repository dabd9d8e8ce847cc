//! Refunds and reversals: a payment goes back the way it came.

use super::paying::{Original, linked};
use super::{Books, first, stranger};
use schemas::{
    AccountId, Authority, Bearer, Fact, Link, Money, PaymentKind, Principal, Refund, Refusal, Reverse, Transaction, TransactionId,
};

impl Books {
    pub(super) fn refund(&mut self, principal: &Principal, asked: &Refund) -> Result<Fact, Refusal> {
        let id = asked.transaction_id;
        let original = self.original(id, asked.proof.as_deref()).cloned();
        let owner = original.as_ref().and_then(|original| self.owner(original.transaction.account_credit));
        first([(asked.amount.minor <= 0, Refusal::AmountNotPositive), (stranger(principal, owner), Refusal::NotAuthorized)])?;
        let original = original.ok_or(Refusal::OriginalNotFound)?;
        let (amount, left) = (i128::from(asked.amount.minor), self.left_of_payment(&original));
        first([
            (asked.amount.currency != original.transaction.amount.currency, Refusal::CurrencyMismatch),
            (self.reversed(id), Refusal::AlreadyReversed),
            (amount > left, Refusal::RefundExceedsOriginal),
        ])?;
        let legs = [(original.transaction.account_credit, -amount), (original.transaction.account_debit, amount)];
        self.both_active(legs[0].0, legs[1].0)?;
        self.neither_frozen(legs[0].0, legs[1].0)?;
        self.may_go_back(&legs)?;
        let mut refund = self.back(&original, PaymentKind::Refund, asked.amount);
        refund.postings = self.post(&legs);
        Ok(Fact::Transaction(refund))
    }

    pub(super) fn reverse(&mut self, principal: &Principal, asked: &Reverse) -> Result<Fact, Refusal> {
        let id = asked.transaction_id;
        first([(principal.authority == Authority::Customer, Refusal::NotAuthorized)])?;
        let original = self.original(id, asked.proof.as_deref()).ok_or(Refusal::OriginalNotFound)?.clone();
        let rest = self.left_of_payment(&original);
        first([(self.reversed(id), Refusal::AlreadyReversed), (rest == 0, Refusal::RefundExceedsOriginal)])?;
        let (payer, payee) = (original.transaction.account_debit, original.transaction.account_credit);
        let (fee, currency) = (original.fee.minor, original.transaction.amount.currency);
        let mut legs = match original.fee.bearer {
            Bearer::Payer => vec![(payee, -rest), (payer, rest + fee)],
            Bearer::Payee => vec![(payee, -rest + fee), (payer, rest)],
        };
        if fee > 0 {
            legs.push((AccountId::house("fees", currency), -fee));
        }
        self.may_go_back(&legs)?;
        let minor = i64::try_from(rest).expect("a part of an amount");
        let mut reversal = self.back(&original, PaymentKind::Reversal, Money { minor, currency });
        reversal.fee_minor = original.transaction.fee_minor;
        reversal.postings = self.post(&legs);
        Ok(Fact::Transaction(reversal))
    }

    /// The payee may pay, the payer may be paid, and the payee has what it takes.
    fn may_go_back(&self, legs: &[(AccountId, i128)]) -> Result<(), Refusal> {
        let (payee, payer) = (legs[0], legs[1]);
        self.both_active(payee.0, payer.0)?;
        let account = self.account(payee.0).expect("a payee stays");
        first([(self.too_little(account, -payee.1), Refusal::InsufficientFunds), (!self.in_range(legs), Refusal::BalanceOverflow)])
    }

    fn back(&self, original: &Original, kind: PaymentKind, amount: Money) -> Transaction {
        let first = &original.transaction;
        let id = TransactionId(self.minted_with_transactions(1));
        linked(id, kind, [first.account_credit, first.account_debit], amount, first.channel, Link::Original(first.id))
    }

    fn reversed(&self, id: TransactionId) -> bool {
        self.given_back(id).any(|transaction| transaction.kind == PaymentKind::Reversal)
    }

    /// The payment less all its refunds.
    fn left_of_payment(&self, original: &Original) -> i128 {
        let refunds = self.given_back(original.transaction.id).filter(|transaction| transaction.kind == PaymentKind::Refund);
        let refunded: i128 = refunds.map(|refund| i128::from(refund.amount.minor)).sum();
        i128::from(original.transaction.amount.minor) - refunded
    }
}
