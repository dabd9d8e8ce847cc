//! Reviews: what somebody has to look at is held, then paid or given back.

use super::gating::Verdict;
use super::holding::is_review;
use super::paying::sides;
use super::pricing::Fee;
use super::{Books, first};
use schemas::diligence::CaseOutcome;
use schemas::gate::GateAnswer;
use schemas::{Authority, Capture, Cause, DecideReview, Fact, HoldChange, HoldId, Money, Payment, Principal, Refusal, ReviewDecision};

impl Books {
    /// The fee of a payment, or why not; one that is to be looked at first does not reach its payee yet, who may be the house.
    pub(super) fn review_or_pay(&self, principal: &Principal, payment: &Payment, is_review: bool) -> Result<Fee, Refusal> {
        let (payer, payee) = self.may_take_part(principal, payment, false, false)?;
        self.affordable(payment, &payer, &payee, is_review)
    }

    /// The fee of a payment, or why not, after what the gates say of it; here nobody can be waited for.
    pub(super) fn gated(&self, principal: &Principal, payment: &Payment, verdict: Option<&Verdict>) -> Result<Fee, Refusal> {
        verdict.and_then(Verdict::refuses).map_or(Ok(()), Err)?;
        let at_last = verdict.and_then(Verdict::refuses_at_last);
        let fee = self.review_or_pay(principal, payment, at_last.is_some())?;
        at_last.map_or(Ok(fee), Err)
    }

    /// A payment that is held until somebody has looked at it, if it is to be and can be.
    pub(super) fn held_for_review(
        &mut self,
        cause: &Cause,
        principal: &Principal,
        payment: &Payment,
        verdict: &Verdict,
        may_wait: bool,
    ) -> Option<Fact> {
        if verdict.answer != GateAnswer::Review || !may_wait {
            return None;
        }
        let fee = self.review_or_pay(principal, payment, true).ok()?;
        let (payer, payee) = sides(payment);
        self.open_house_accounts(cause, &[(payer, 0), (payee, 0)], payment.currency);
        let id = HoldId(self.minted_with_transactions(4));
        let told = Self::told(verdict.clone(), payment, (None, Some(id)));
        told.into_iter().for_each(|told| self.say(cause, told));
        self.open_review_case(cause, id, payer);
        let lasts_ms = self.policy().review_expires_ms;
        Some(self.hold(cause, payment, fee, (HoldChange::Reviewed, lasts_ms)))
    }

    pub(super) fn decide_review(&mut self, cause: &Cause, principal: &Principal, review: &DecideReview) -> Result<Fact, Refusal> {
        first([(principal.authority == Authority::Customer, Refusal::NotAuthorized)])?;
        let hold = self.holds.iter().find(|hold| hold.told.id == review.hold_id && self.is_open(review.hold_id) && !self.over(hold));
        let hold = hold.ok_or(Refusal::HoldNotOpen)?.clone();
        let holders = [hold.told.account_debit, hold.told.account_credit].map(|side| self.owner(side));
        let is_party = holders.iter().flatten().any(|holder| holder.to_string() == principal.subject);
        first([(is_party, Refusal::NotAuthorized), (!is_review(&hold), Refusal::HoldNotUnderReview)])?;
        match review.decision {
            ReviewDecision::Release => {
                let minor = i64::try_from(self.left(&hold).amount).expect("a part of an amount");
                let amount = Money { minor, currency: hold.told.amount.currency };
                // Its case is closed before the payment is told, and not at all where it can't be made.
                let mut trial = self.clone();
                trial.capture_of(cause, &hold, Capture { hold_id: hold.told.id, amount, last: true })?;
                self.close_review_case(cause, hold.told.id, CaseOutcome::Approved, &principal.subject, Some(&review.reason));
                self.capture_of(cause, &hold, Capture { hold_id: hold.told.id, amount, last: true })
            }
            ReviewDecision::Refuse => {
                self.close_review_case(cause, hold.told.id, CaseOutcome::Rejected, &principal.subject, Some(&review.reason));
                Ok(Fact::HoldChanged(self.give_back(&hold, HoldChange::ReviewRefused)))
            }
        }
    }
}
