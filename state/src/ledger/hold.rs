//! Holds: reserve, capture, release, and their end by time.

use super::gate::Became;
use super::pay::{Fee, Legs, blank};
use super::undo::Undo;
use super::{Asking, Decision, Ledger, next, refused};
use crate::gates::Answer;
use crate::holds::{EXPIRED_MAX, Hold};
use crate::moved::Promised;
use crate::permitted::permitted;
use crate::pins::Effect;
use crate::rules;
use crate::status;
use crate::usage::{Side, Usage};
use schemas::diligence::{CaseOutcome, ORION};

use schemas::{
    AccountId, Capture, Event, Fact, HoldChange, HoldChanged, HoldId, Link, Payment, PaymentKind, Refusal, Release, Reserve, Role,
    TransactionId,
};

impl Ledger {
    pub(super) fn reserve(&mut self, asking: Asking<'_>, reserve: &Reserve, events: &mut Vec<Event>) -> Decision {
        let payment = &reserve.payment;
        let sides = self.sides(payment).into();
        let answer = if self.is_assessed(payment) { self.assess(asking, payment, sides, permitted_to_reserve) } else { None };
        let refused_at_once = answer.as_ref().map_or(Ok(()), Answer::refuses);
        let checked = refused_at_once.and_then(|()| self.check_reserve(asking, payment, permitted_to_reserve));
        // What a payee is to count on can't wait for a review.
        let checked = checked.and_then(|checked| answer.as_ref().map_or(Ok(()), Answer::allows_at_once).map(|()| checked));
        let (fee, usage) = match checked {
            Ok(checked) => checked,
            Err(refusal) => {
                if let Some(answer) = answer {
                    self.say(asking, payment, sides, answer, Became::Nothing, events);
                }
                return refused("reserve", refusal);
            }
        };

        // From here the command must succeed.
        let number = next(&mut self.numbers.transactions);
        if let Some(answer) = answer {
            self.say(asking, payment, sides, answer, Became::Hold(HoldId::mint(self.epoch, number)), events);
        }
        self.hold(asking, payment, sides, number, (fee, usage), (HoldChange::Reserved, reserve.expires_in_ms))
    }

    /// Holds the money of a payment that was checked.
    pub(super) fn hold(
        &mut self,
        asking: Asking<'_>,
        payment: &Payment,
        [payer, payee]: [AccountId; 2],
        number: u32,
        (fee, usage): (Fee, Usage),
        (change, expires_in_ms): (HoldChange, u64),
    ) -> Decision {
        let hold = Hold {
            id: HoldId::mint(self.epoch, number),
            command_id: asking.cause.command_id,
            position: asking.cause.position,
            kind: payment.kind,
            channel: payment.channel,
            bearer: fee.bearer,
            payer,
            payee,
            currency: payment.currency,
            amount_minor: payment.amount_minor,
            captured_minor: 0,
            fee_minor: fee.minor,
            expires_at: self.epoch + expires_in_ms,
            review: change == HoldChange::Reviewed,
            open: true,
        };
        let told = hold.told(change, payment.amount_minor, hold.held_fee_minor());
        let before = self.holds.open(hold);
        self.may_undo(|_| Undo::Reserved(told.id, before.map(Box::new)));
        let account = self.account_mut(payer);
        account.held_minor += told.held_minor();
        account.usage = usage;
        Decision { effect: self.promised(&told), fact: Fact::HoldChanged(told), number, refusal: None }
    }

    /// The fee of a payment that is to be held and what its payer will have paid, or the first check that fails.
    pub(super) fn check_reserve(
        &self,
        asking: Asking<'_>,
        payment: &Payment,
        permitted: fn(PaymentKind, Role, Role) -> bool,
    ) -> Result<(Fee, Usage), Refusal> {
        let (debit, credit) = self.sides(payment);
        let places = self.places([debit, credit], asking.near);
        let cash = self.unopened_cash(payment.currency, places);
        let sides = self.check_sides(asking, payment, [debit, credit], places, cash.as_ref(), permitted)?;
        let fee = self.fee(&sides, payment);
        let held_minor = i128::from(payment.amount_minor) + i128::from(fee.of_payer());
        sides.payer.covers(held_minor, self.floor(sides.payer))?;
        let held = i128::from(sides.payer.held_minor) + held_minor;
        i64::try_from(held).map_err(|_| Refusal::BalanceOverflow)?;
        let usage = sides.payer.usage.with(Side::Debit, self.today, payment.amount_minor)?;
        Ok((fee, usage))
    }

    pub(super) fn capture(&mut self, asking: Asking<'_>, capture: Capture, events: &mut Vec<Event>) -> Decision {
        let (fee, legs) = match self.check_capture(asking, capture) {
            Ok(checked) => checked,
            Err(refusal) => return refused("capture", refusal),
        };

        // From here the command must succeed.
        self.pay_held(asking, capture, (fee, legs), events)
    }

    /// Pays what was held, which was checked.
    pub(super) fn pay_held(&mut self, asking: Asking<'_>, capture: Capture, (fee, legs): (Fee, Legs), events: &mut Vec<Event>) -> Decision {
        let Capture { hold_id, amount, last } = capture;
        let number = next(&mut self.numbers.transactions);
        let (postings, places) = self.post(asking.cause, amount.currency, legs, events);
        self.may_undo(|ledger| ledger.hold_before(hold_id));
        let hold = self.holds.capture(hold_id, amount.minor, last).clone();
        let captured = hold.told(HoldChange::Captured, amount.minor, fee.of_payer());
        let (counts, today) = (rules::knows_policies(self.rules), self.today);
        let payer = self.account_mut(hold.payer);
        payer.held_minor += captured.held_minor();
        if counts {
            payer.paid_day = today.day;
        }
        self.publish(asking.cause.clone(), Fact::HoldChanged(captured), events);
        if !hold.open && hold.left_minor() > 0 {
            let told = self.give_back(&hold, HoldChange::Closed);
            self.publish(asking.cause.clone(), Fact::HoldChanged(told), events);
        }
        let id = TransactionId::mint(self.epoch, number);
        let mut transaction = blank(id, hold.kind, hold.channel, [hold.payer, hold.payee], amount);
        (transaction.fee_minor, transaction.link, transaction.postings) = (fee.minor, Some(Link::Hold(hold_id)), postings);
        let effect = self.moved(&transaction, number, fee, places);
        Decision { fact: Fact::Transaction(transaction), number, refusal: None, effect }
    }

    /// The fee and the legs of a capture, or the first check that fails.
    fn check_capture(&self, asking: Asking<'_>, capture: Capture) -> Result<(Fee, Legs), Refusal> {
        let Capture { hold_id, amount, .. } = capture;
        if amount.minor <= 0 {
            return Err(Refusal::AmountNotPositive);
        }
        let hold = self.open_hold(asking, hold_id)?;
        if hold.review {
            return Err(Refusal::HoldUnderReview);
        }
        if hold.currency != amount.currency {
            return Err(Refusal::CurrencyMismatch);
        }
        if amount.minor > hold.left_minor() {
            return Err(Refusal::CaptureExceedsHold);
        }
        self.check_held(hold, amount.minor)
    }

    /// The fee and the legs of what is paid out of a hold, or the first check of its sides and the payee that fails.
    pub(super) fn check_held(&self, hold: &Hold, amount_minor: i64) -> Result<(Fee, Legs), Refusal> {
        let sides = self.reserved_sides([hold.payer, hold.payee]);
        status::active(self.rules, sides.payer, sides.payee)?;
        self.not_frozen(sides.payer, sides.payee)?;
        let fee = Fee::of(hold.share_minor(amount_minor), hold.bearer);
        let legs = self.check_money(&sides, amount_minor, fee, Side::Credit)?;
        Ok((fee, legs))
    }

    pub(super) fn release(&mut self, asking: Asking<'_>, release: Release) -> Decision {
        match self.open_hold(asking, release.hold_id) {
            Err(refusal) => return refused("release", refusal),
            Ok(hold) if hold.review => return refused("release", Refusal::HoldUnderReview),
            Ok(_) => {}
        }

        // From here the command must succeed.
        self.may_undo(|ledger| ledger.hold_before(release.hold_id));
        let hold = self.holds.close(release.hold_id).clone();
        let told = self.give_back(&hold, HoldChange::Released);
        Decision { effect: self.promised(&told), fact: Fact::HoldChanged(told), number: 0, refusal: None }
    }

    /// Ends the holds whose time is over, as many as an epoch takes.
    pub(super) fn expire(&mut self, events: &mut Vec<Event>) {
        for id in self.holds.ended(self.epoch, EXPIRED_MAX) {
            let hold = self.holds.close(id).clone();
            let change = if hold.review { HoldChange::ReviewExpired } else { HoldChange::Expired };
            self.close_review(&hold.cause(), id, CaseOutcome::Expired, (ORION, None), events);
            let told = self.give_back(&hold, change);
            self.publish(hold.cause(), Fact::HoldChanged(told), events);
        }
    }

    /// The open hold on which the caller may act: staff on any, a payee on those that are for them.
    fn open_hold(&self, asking: Asking<'_>, id: HoldId) -> Result<&Hold, Refusal> {
        let hold = self.holds.get(id).filter(|hold| hold.expires_at > self.epoch);
        let payee = hold.map(|hold| self.accounts.find(hold.payee).expect("the sides of a hold exist"));
        if !payee.map_or(asking.actor.is_staff(), |payee| asking.may_act(payee)) {
            return Err(Refusal::NotAuthorized);
        }
        hold.ok_or(Refusal::HoldNotOpen)
    }

    /// Gives back what is left of a hold that has ended, to the payer and to the payer's limits.
    pub(super) fn give_back(&mut self, hold: &Hold, change: HoldChange) -> HoldChanged {
        let told = hold.told(change, hold.left_minor(), hold.held_fee_minor());
        let account = self.account_mut(hold.payer);
        account.held_minor += told.held_minor();
        let reserved = hold.id.epoch().expect("the ledger minted the id of the hold");
        account.usage.give_back(reserved, hold.left_minor(), hold.captured_minor == 0);
        told
    }

    /// An open hold as it is before a change.
    pub(super) fn hold_before(&self, id: HoldId) -> Undo {
        let hold = self.holds.get(id).expect("the hold was found by the checks");
        Undo::Hold(self.holds.place(id), Box::new(hold.clone()))
    }

    /// What is kept of a hold that was made or given back.
    pub(super) fn promised(&self, told: &HoldChanged) -> Effect {
        Effect::Promised(Promised {
            pin: 0,
            kind: told.kind,
            channel: told.channel,
            payer: self.accounts.place(told.account_debit),
            payee: self.accounts.place(told.account_credit),
            amount_minor: told.amount.minor,
            fee_minor: told.fee_minor,
            expires_at: told.expires_at,
        })
    }
}

/// Money is reserved between accounts of customers: what the house promises itself or from itself binds nobody.
fn permitted_to_reserve(kind: PaymentKind, payer: Role, payee: Role) -> bool {
    payer != Role::House && payee != Role::House && permitted(kind, payer, payee)
}
