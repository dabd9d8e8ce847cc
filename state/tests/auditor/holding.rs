//! Holds: money reserved, captured in parts, released, and free again when its time is over.

use super::counting::Direction;
use super::gating::Verdict;
use super::paying::{legs, linked, sides};
use super::pricing::Fee;
use super::{Books, first, stranger};
use schemas::diligence::CaseOutcome;
use schemas::{
    Bearer, Capture, Cause, Epoch, Fact, HoldChange, HoldChanged, HoldId, Link, Money, Payment, Principal, Refusal, Reserve, TransactionId,
};

/// The most holds that end of themselves in one epoch.
const EXPIRED_MAX: usize = 4096;

/// A hold as it was made.
#[derive(Clone)]
pub(super) struct Held {
    pub(super) told: HoldChanged,
    /// What capturing all of it costs.
    pub(super) fee: Fee,
    /// The command that made it.
    cause: Cause,
}

/// A part of a hold: of the payment, and of the fee that is held with it.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) amount: i128,
    fee: i128,
}

impl Books {
    pub(super) fn reserve(&mut self, cause: &Cause, principal: &Principal, reserve: &Reserve) -> Result<Fact, Refusal> {
        let payment = &reserve.payment;
        let verdict = self.assess(principal, payment, true);
        let refused = verdict.as_ref().and_then(Verdict::refuses);
        let at_last = verdict.as_ref().and_then(Verdict::refuses_at_last);
        let allowed = refused.map_or_else(|| self.allowed(principal, payment, true), Err);
        let allowed = allowed.and_then(|fee| at_last.map_or(Ok(fee), Err));
        let id = allowed.is_ok().then(|| HoldId(self.minted_with_transactions(4)));
        if let Some(told) = verdict.and_then(|verdict| Self::told(verdict, payment, (None, id))) {
            self.say(cause, told);
        }
        Ok(self.hold(cause, payment, allowed?, (HoldChange::Reserved, reserve.expires_in_ms)))
    }

    /// Holds a payment that may be held.
    pub(super) fn hold(&mut self, cause: &Cause, payment: &Payment, fee: Fee, (change, lasts_ms): (HoldChange, u64)) -> Fact {
        let (account_debit, account_credit) = sides(payment);
        let told = HoldChanged {
            id: HoldId(self.minted_with_transactions(4)),
            change,
            kind: payment.kind,
            channel: payment.channel,
            account_debit,
            account_credit,
            amount: Money { minor: payment.amount_minor, currency: payment.currency },
            fee_minor: i64::try_from(if fee.bearer == Bearer::Payer { fee.minor } else { 0 }).expect("a fee is an amount"),
            open: true,
            expires_at: self.epoch + lasts_ms,
        };
        // As a repeat will know it: who asked, and where.
        let cause = Cause { traceparent: String::new(), ..cause.clone() };
        self.holds.push(Held { told: told.clone(), fee, cause });
        self.count_reserved(&told);
        Fact::HoldChanged(told)
    }

    pub(super) fn capture(&mut self, cause: &Cause, principal: &Principal, asked: Capture) -> Result<Fact, Refusal> {
        first([(asked.amount.minor <= 0, Refusal::AmountNotPositive)])?;
        let hold = self.open_hold(principal, asked.hold_id)?;
        first([(is_review(&hold), Refusal::HoldUnderReview)])?;
        self.capture_of(cause, &hold, asked)
    }

    /// Pays out of a hold.
    pub(super) fn capture_of(&mut self, cause: &Cause, hold: &Held, asked: Capture) -> Result<Fact, Refusal> {
        let (payer, payee, reserved) = (hold.told.account_debit, hold.told.account_credit, hold.told.amount);
        let (amount, left) = (i128::from(asked.amount.minor), self.left(hold));
        first([
            (asked.amount.currency != reserved.currency, Refusal::CurrencyMismatch),
            (amount > left.amount, Refusal::CaptureExceedsHold),
        ])?;
        self.both_active(payer, payee)?;
        self.neither_frozen(payer, payee)?;
        // The fee of all that is captured, less that of what was captured before.
        let whole = i128::from(reserved.minor);
        let before = whole - left.amount;
        let fee = Fee { minor: hold.fee.minor * (before + amount) / whole - hold.fee.minor * before / whole, ..hold.fee };
        let legs = legs(payer, payee, asked.amount, fee);
        let account = self.account(payee).expect("a payee stays");
        first([
            (self.payee_beyond_limits(account, amount, legs[1].1), Refusal::PayeeLimitExceeded),
            (!self.in_range(&legs), Refusal::BalanceOverflow),
            (!self.can_count(account, Direction::Credit, amount), Refusal::BalanceOverflow),
        ])?;

        let on_top = if fee.bearer == Bearer::Payer { fee.minor } else { 0 };
        let rest = Part { amount: left.amount - amount, fee: left.fee - on_top };
        let stays_open = rest.amount > 0 && !asked.last;
        let link = Link::Hold(asked.hold_id);
        let id = TransactionId(self.minted_with_transactions(1));
        let mut transaction = linked(id, hold.told.kind, [payer, payee], asked.amount, hold.told.channel, link);
        self.open_house_accounts(cause, &legs, reserved.currency);
        let captured = change(hold, HoldChange::Captured, Part { amount, fee: on_top }, stays_open);
        self.say(cause, Fact::HoldChanged(captured));
        if rest.amount > 0 && asked.last {
            self.say(cause, Fact::HoldChanged(change(hold, HoldChange::Closed, rest, false)));
            self.count_no_more(&hold.told, rest.amount);
        }
        self.count_captured(&transaction);
        self.settle(cause, &mut transaction, fee);
        Ok(Fact::Transaction(transaction))
    }

    pub(super) fn release(&mut self, principal: &Principal, id: HoldId) -> Result<Fact, Refusal> {
        let hold = self.open_hold(principal, id)?;
        first([(is_review(&hold), Refusal::HoldUnderReview)])?;
        Ok(Fact::HoldChanged(self.give_back(&hold, HoldChange::Released)))
    }

    /// Gives back what was held too long, the longest overdue first.
    pub(super) fn expire(&mut self) {
        let mut overdue: Vec<Held> = self.holds.iter().filter(|hold| self.is_open(hold.told.id) && self.over(hold)).cloned().collect();
        overdue.sort_by_key(|hold| (hold.told.expires_at, hold.told.id));
        for hold in overdue.into_iter().take(EXPIRED_MAX) {
            let how = if is_review(&hold) { HoldChange::ReviewExpired } else { HoldChange::Expired };
            self.close_review_case(&hold.cause, hold.told.id, CaseOutcome::Expired, "orion", None);
            let expired = self.give_back(&hold, how);
            self.say(&hold.cause, Fact::HoldChanged(expired));
        }
    }

    /// All that is left of a hold is free again.
    pub(super) fn give_back(&mut self, hold: &Held, how: HoldChange) -> HoldChanged {
        let left = self.left(hold);
        self.count_no_more(&hold.told, left.amount);
        change(hold, how, left, false)
    }

    /// The open hold of this id, for those who may say what becomes of it: its payee and staff.
    fn open_hold(&self, principal: &Principal, id: HoldId) -> Result<Held, Refusal> {
        let hold = self.holds.iter().find(|hold| hold.told.id == id && self.is_open(id));
        let owner = hold.and_then(|hold| self.owner(hold.told.account_credit));
        first([(stranger(principal, owner), Refusal::NotAuthorized)])?;
        hold.filter(|hold| !self.over(hold)).cloned().ok_or(Refusal::HoldNotOpen)
    }

    /// Every change of a hold, from its making on.
    fn hold_changes(&self, id: HoldId) -> impl DoubleEndedIterator<Item = &HoldChanged> {
        self.said.iter().filter_map(move |event| match &event.fact {
            Fact::HoldChanged(held) if held.id == id => Some(held),
            _ => None,
        })
    }

    pub(super) fn is_open(&self, id: HoldId) -> bool {
        self.hold_changes(id).next_back().is_some_and(|last| last.open)
    }

    pub(super) fn over(&self, hold: &Held) -> bool {
        let end: Epoch = hold.told.expires_at;
        end <= self.epoch
    }

    /// What is left of a hold: what was reserved less all that was taken off since.
    pub(super) fn left(&self, hold: &Held) -> Part {
        let whole = Part { amount: hold.told.amount.minor.into(), fee: hold.told.fee_minor.into() };
        self.hold_changes(hold.told.id).filter(|change| !change.change.begins()).fold(whole, |left, taken| Part {
            amount: left.amount - i128::from(taken.amount.minor),
            fee: left.fee - i128::from(taken.fee_minor),
        })
    }
}

/// Whether somebody has to look at it.
pub(super) fn is_review(hold: &Held) -> bool {
    hold.told.change == HoldChange::Reviewed
}

fn change(hold: &Held, change: HoldChange, part: Part, open: bool) -> HoldChanged {
    let minor = |amount: i128| i64::try_from(amount).expect("a part of an amount");
    let amount = Money { minor: minor(part.amount), currency: hold.told.amount.currency };
    HoldChanged { change, amount, fee_minor: minor(part.fee), open, ..hold.told.clone() }
}
