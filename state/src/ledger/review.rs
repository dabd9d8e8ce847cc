//! Reviews: a payment that somebody has to look at first is held until they have, or until the time for it is over.
//!
//! The money is held as in a reservation, and the payer's side is checked then; the payee's is checked when the payment is made.

use super::gate::Became;
use super::{Asking, Decision, Ledger, refused};
use crate::gates::Answer;
use crate::holds::Hold;
use crate::permitted::permitted;
use crate::pins::Effect;
use schemas::account::HOUSE_CASH;
use schemas::diligence::CaseOutcome;
use schemas::{AccountId, Capture, CustomerId, DecideReview, Event, Fact, HoldChange, HoldId, Money, Payment, Refusal, ReviewDecision};

impl Ledger {
    /// Holds a payment for a review, or says why its payer could not have made it, or that it can't wait.
    pub(super) fn hold_for_review(
        &mut self,
        asking: Asking<'_>,
        payment: &Payment,
        sides: [AccountId; 2],
        number: u32,
        answer: Answer,
        events: &mut Vec<Event>,
    ) -> Result<Decision, (Refusal, Answer)> {
        let may_wait = |checked| if asking.may_wait { Ok(checked) } else { answer.allows_at_once().map(|()| checked) };
        let checked = match self.check_reserve(asking, payment, permitted).and_then(may_wait) {
            Ok(checked) => checked,
            Err(refusal) => return Err((refusal, answer)),
        };

        // From here the command must succeed.
        if self.places(sides, asking.near).contains(&None) {
            self.open_house(asking.cause, HOUSE_CASH, payment.currency, events);
        }
        self.say(asking, payment, sides, answer, Became::Hold(HoldId::mint(self.epoch, number)), events);
        self.open_review(asking.cause, HoldId::mint(self.epoch, number), sides[0], events);
        let expires_ms = self.gates.in_force().policy().review_expires_ms;
        Ok(self.hold(asking, payment, sides, number, checked, (HoldChange::Reviewed, expires_ms)))
    }

    pub(super) fn decide_review(&mut self, asking: Asking<'_>, review: &DecideReview, events: &mut Vec<Event>) -> Decision {
        let hold = match self.check_review(asking, review) {
            Ok(hold) => hold.clone(),
            Err(refusal) => return refused("decide_review", refusal),
        };
        match review.decision {
            ReviewDecision::Release => {
                let amount = Money { minor: hold.left_minor(), currency: hold.currency };
                match self.check_held(&hold, amount.minor) {
                    // It stays held: what is in the way may be gone before the time is over.
                    Err(refusal) => refused("decide_review", refusal),
                    // From here the command must succeed.
                    Ok(checked) => {
                        let why = (asking.subject, Some(&*review.reason));
                        self.close_review(asking.cause, hold.id, CaseOutcome::Approved, why, events);
                        self.pay_held(asking, Capture { hold_id: hold.id, amount, last: true }, checked, events)
                    }
                }
            }
            ReviewDecision::Refuse => {
                // From here the command must succeed.
                self.close_review(asking.cause, hold.id, CaseOutcome::Rejected, (asking.subject, Some(&*review.reason)), events);
                let hold = self.holds.close(hold.id).clone();
                let told = self.give_back(&hold, HoldChange::ReviewRefused);
                let effect: Effect = self.promised(&told);
                Decision { effect, fact: Fact::HoldChanged(told), number: 0, refusal: None }
            }
        }
    }

    /// What is held for a review. Only staff ends one, and nobody their own.
    fn check_review(&self, asking: Asking<'_>, review: &DecideReview) -> Result<&Hold, Refusal> {
        if !asking.actor.is_staff() {
            return Err(Refusal::NotAuthorized);
        }
        let hold = self.holds.get(review.hold_id).filter(|hold| hold.expires_at > self.epoch).ok_or(Refusal::HoldNotOpen)?;
        let holders = [hold.payer, hold.payee].map(|side| self.accounts.find(side).and_then(|account| account.customer_id));
        if asking.subject.parse::<CustomerId>().is_ok_and(|subject| holders.contains(&Some(subject))) {
            return Err(Refusal::NotAuthorized);
        }
        if hold.review { Ok(hold) } else { Err(Refusal::HoldNotUnderReview) }
    }
}
