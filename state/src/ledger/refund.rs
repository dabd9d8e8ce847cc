//! Refunds and reversals: what a payment moved goes back, never more than once.

use super::pay::{Fee, Leg, Legs, blank};
use super::undo::Undo;
use super::{Asking, Decision, Ledger, next, refused};
use crate::pins::HORIZON_MS;
use crate::refunds::Refunded;
use crate::status;
use schemas::{Cause, Event, Fact, Link, Money, PaymentKind, Proof, Refund, Refusal, Reverse, TransactionId};

impl Ledger {
    pub(super) fn refund(&mut self, asking: Asking<'_>, refund: &Refund, events: &mut Vec<Event>) -> Decision {
        match self.check_refund(asking, refund) {
            Err(refusal) => refused("refund", refusal),
            Ok((original, legs)) => {
                let taken = Refunded { refunded_minor: original.refunded_minor + refund.amount.minor, ..original };
                self.take_back(asking.cause, taken, PaymentKind::Refund, refund.amount, Fee::NONE, legs, events)
            }
        }
    }

    pub(super) fn reverse(&mut self, asking: Asking<'_>, reverse: &Reverse, events: &mut Vec<Event>) -> Decision {
        match self.check_reverse(asking, reverse) {
            Err(refusal) => refused("reverse", refusal),
            Ok((original, legs)) => {
                let amount = Money { minor: original.left_minor(), currency: original.currency };
                let fee = Fee::of(original.fee_minor, original.bearer);
                let taken = Refunded { refunded_minor: original.amount_minor, reversed: true, ..original };
                self.take_back(asking.cause, taken, PaymentKind::Reversal, amount, fee, legs, events)
            }
        }
    }

    /// What of the original has been given back so far and the legs of a refund, or the first check that fails.
    fn check_refund(&self, asking: Asking<'_>, refund: &Refund) -> Result<(Refunded, Legs), Refusal> {
        if refund.amount.minor <= 0 {
            return Err(Refusal::AmountNotPositive);
        }
        let original = self.original(refund.transaction_id, refund.proof.as_deref());
        let payee = original.as_ref().map(|original| self.accounts.find(original.payee).expect("the sides of a payment exist"));
        if !payee.map_or(asking.actor.is_staff(), |payee| asking.may_act(payee)) {
            return Err(Refusal::NotAuthorized);
        }
        let original = original.ok_or(Refusal::OriginalNotFound)?;
        if original.currency != refund.amount.currency {
            return Err(Refusal::CurrencyMismatch);
        }
        if original.reversed {
            return Err(Refusal::AlreadyReversed);
        }
        if refund.amount.minor > original.left_minor() {
            return Err(Refusal::RefundExceedsOriginal);
        }
        let [payee, payer] = [original.payee, original.payer].map(|id| self.accounts.find(id).expect("the sides of a payment exist"));
        status::active(self.rules, payee, payer)?;
        // A reversal is staff's own, and the way to get money back from whoever is frozen.
        self.not_frozen(payee, payer)?;
        let legs = self.legs_back(&original, refund.amount.minor, Fee::NONE)?;
        Ok((original, legs))
    }

    /// The same of a reversal.
    fn check_reverse(&self, asking: Asking<'_>, reverse: &Reverse) -> Result<(Refunded, Legs), Refusal> {
        if !asking.actor.is_staff() {
            return Err(Refusal::NotAuthorized);
        }
        let original = self.original(reverse.transaction_id, reverse.proof.as_deref()).ok_or(Refusal::OriginalNotFound)?;
        if original.reversed {
            return Err(Refusal::AlreadyReversed);
        }
        if original.left_minor() == 0 {
            return Err(Refusal::RefundExceedsOriginal);
        }
        let legs = self.legs_back(&original, original.left_minor(), Fee::of(original.fee_minor, original.bearer))?;
        Ok((original, legs))
    }

    /// A payment that can be given back, whether something of it was or not.
    fn original(&self, id: TransactionId, proof: Option<&Proof>) -> Option<Refunded> {
        if let Some(refunded) = self.refunded.get(id) {
            return Some(refunded.clone());
        }
        let (epoch, number) = id.minted()?;
        // Pins leave a bounded number an epoch, so after a leap of the clock some are older.
        if epoch + HORIZON_MS < self.epoch {
            let paid = self.record.shows(proof?, id)?;
            let known = self.accounts.find(paid.payer).is_some() && self.accounts.find(paid.payee).is_some();
            return known.then(|| Refunded::of(paid));
        }
        let in_batch =
            || self.moved_in_batch.binary_search_by_key(&number, |moved| moved.number).ok().map(|place| self.moved_in_batch[place]);
        let moved = if epoch == self.epoch { in_batch() } else { None };
        let moved = moved.or_else(|| self.pins.transaction(epoch, number)).filter(|moved| PaymentKind::ASKED.contains(&moved.kind))?;
        Some(Refunded::of(&self.paid(epoch, &moved)))
    }

    /// The legs that give back an amount, and a fee to whoever bore it.
    fn legs_back(&self, original: &Refunded, amount_minor: i64, fee: Fee) -> Result<Legs, Refusal> {
        let [payer_place, payee_place] = [original.payer, original.payee].map(|id| self.accounts.place(id));
        let (payer, payee) = (self.accounts.at(payer_place), self.accounts.at(payee_place));
        status::active(self.rules, payee, payer)?;
        let amount_minor = i128::from(amount_minor);
        let (debit_minor, credit_minor) = (i128::from(fee.of_payee()) - amount_minor, amount_minor + i128::from(fee.of_payer()));
        let debit = Leg { account: payee, place: Some(payee_place), amount_minor: debit_minor, floor_minor: self.floor(payee) };
        let credit = Leg { account: payer, place: Some(payer_place), amount_minor: credit_minor, floor_minor: None };
        self.made(debit, credit, -i128::from(fee.minor))
    }

    /// Makes the legs and remembers what was given back.
    #[expect(clippy::too_many_arguments, reason = "each is one part of one transaction")]
    fn take_back(
        &mut self,
        cause: &Cause,
        taken: Refunded,
        kind: PaymentKind,
        amount: Money,
        fee: Fee,
        legs: Legs,
        events: &mut Vec<Event>,
    ) -> Decision {
        // From here the command must succeed.
        let number = next(&mut self.numbers.transactions);
        let id = TransactionId::mint(self.epoch, number);
        let mut transaction = blank(id, kind, taken.channel, [taken.payee, taken.payer], amount);
        (transaction.fee_minor, transaction.link) = (fee.minor, Some(Link::Original(taken.id)));
        let (postings, places) = self.post(cause, amount.currency, legs, events);
        transaction.postings = postings;
        self.may_undo(|ledger| {
            let before = ledger.refunded.get(taken.id);
            before.map_or(Undo::RefundedFirst, |before| Undo::Refunded(Box::new(before.clone())))
        });
        match self.refunded.get_mut(taken.id) {
            Some(known) => *known = taken,
            None => self.refunded.push(taken),
        }
        let effect = self.moved(&transaction, number, fee, places);
        Decision { fact: Fact::Transaction(transaction), number, refusal: None, effect }
    }
}
