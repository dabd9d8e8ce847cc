//! Cases: what people have to look at, and what they do about it.

use super::{expect, note};
use crate::customer::KycLevel;
use crate::epoch::{Epoch, LAST_EPOCH};
use crate::id::{AccountId, AlertId, CaseId, CustomerId, HoldId};
use crate::money::Unreadable;
use crate::word::words;
use std::collections::BTreeSet;

/// The highest level to which a case is escalated.
pub const ESCALATION_MAX: u32 = 3;

/// The shortest time in which a case is due, or a decision confirmed: a minute.
pub const DUE_MS_MIN: u64 = 60 * 1000;

/// The longest: a year.
pub const DUE_MS_MAX: u64 = 365 * DAY_MS;

/// A case sleeps no longer.
pub const SNOOZE_MS_MAX: u64 = 90 * DAY_MS;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

words! {
    /// Why somebody has to look.
    pub enum CaseKind {
        /// Who a customer is.
        Enrolment = "enrolment",
        /// What a rule has found.
        Alert = "alert",
        /// A name that is like one on a list.
        Hit = "hit",
        /// A payment that is held.
        Review = "review",
    }
}

words! {
    /// Where a case stands.
    pub enum CaseStatus {
        /// Somebody has to look.
        Open = "open",
        /// It was decided, and a second member of staff has to say the same.
        AwaitingConfirmation = "awaiting_confirmation",
        /// Nobody looks before a moment to come.
        Snoozed = "snoozed",
        /// It is over.
        Closed = "closed",
    }
}

words! {
    /// How a case ends.
    pub enum CaseOutcome {
        /// The customer is who they say; the payment was made.
        Approved = "approved",
        /// Not so; the payment was not made.
        Rejected = "rejected",
        /// Time ended it: the review was over, or what was established is too old.
        Expired = "expired",
        /// It is what it looks like, and is to be reported.
        ConfirmedRisk = "confirmed_risk",
        /// It was worth a look, and is no risk.
        ValuableAlert = "valuable_alert",
        /// It is nothing.
        FalsePositive = "false_positive",
    }
}

impl CaseOutcome {
    /// Those that end an alert or a hit.
    pub const OF_ALERTS: &'static [Self] = &[Self::ConfirmedRisk, Self::ValuableAlert, Self::FalsePositive];
}

words! {
    /// What happened to a case.
    pub enum CaseChange {
        /// It was opened.
        Opened = "opened",
        /// It is somebody's.
        Assigned = "assigned",
        /// It is nobody's.
        Unassigned = "unassigned",
        /// Somebody said something about it.
        Commented = "commented",
        /// Nobody looks before a moment to come.
        Snoozed = "snoozed",
        /// That moment has come.
        Woken = "woken",
        /// It is more urgent.
        Escalated = "escalated",
        /// The customer has to present more.
        InformationAsked = "information_asked",
        /// It was decided, and a second member of staff has to say the same.
        ConfirmationAsked = "confirmation_asked",
        /// The second said something else.
        ConfirmationWithdrawn = "confirmation_withdrawn",
        /// No second came in time.
        ConfirmationExpired = "confirmation_expired",
        /// It is over.
        Closed = "closed",
    }
}

words! {
    /// Decisions that need two members of staff.
    pub enum FourEyes {
        /// That a customer is known as far as can be.
        ApproveEnhanced = "approve_enhanced",
        /// That a customer is who they say, who was rejected before.
        ApproveAfterRejection = "approve_after_rejection",
        /// That an alert or a hit is what it looks like.
        ConfirmRisk = "confirm_risk",
        /// That an alert or a hit is nothing.
        DismissAlert = "dismiss_alert",
    }
}

/// How long cases may take, and which decisions need two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CasePolicy {
    /// An enrolment is due so many milliseconds after it was opened.
    pub enrolment_due_ms: u64,
    /// An alert.
    pub alert_due_ms: u64,
    /// A hit.
    pub hit_due_ms: u64,
    /// A review.
    pub review_due_ms: u64,
    /// A decision that nobody has confirmed for so long is none.
    pub confirm_ms: u64,
    /// Which decisions need two.
    pub four_eyes: BTreeSet<FourEyes>,
}

/// About whom or what a case is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The customer.
    pub customer_id: Option<CustomerId>,
    /// The account.
    pub account_id: Option<AccountId>,
    /// The alert.
    pub alert_id: Option<AlertId>,
    /// What is held.
    pub hold_id: Option<HoldId>,
}

/// Open a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenCase {
    /// Why somebody has to look.
    pub kind: CaseKind,
    /// At whom.
    pub about: About,
    /// What for.
    pub reason: String,
}

/// What somebody does about a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    /// It is theirs, by subject; nobody's where none is named.
    Assign(Option<String>),
    /// They say something.
    Comment,
    /// Nobody looks before that moment.
    Snooze(Epoch),
    /// It is more urgent.
    Escalate,
    /// It is over.
    Decide(CaseOutcome),
}

/// Work on a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkCase {
    /// Which.
    pub case_id: CaseId,
    /// What.
    pub work: Work,
    /// Why, or what is said; only an assignment may go without.
    pub reason: Option<String>,
}

/// A case that was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Why somebody has to look.
    pub kind: CaseKind,
    /// At whom.
    pub about: About,
    /// By when; not said again.
    pub due_at: Option<Epoch>,
    /// How urgent it was from the start on.
    pub escalation: u32,
}

/// Something that happened to a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseChanged {
    /// Which.
    pub id: CaseId,
    /// What.
    pub change: CaseChange,
    /// Where it stands now.
    pub status: CaseStatus,
    /// What it is, where it was opened.
    pub opened: Option<Opened>,
    /// What was there before; not said again.
    pub previous: Option<String>,
    /// What is there now.
    pub value: Option<String>,
    /// How it ended, or would.
    pub outcome: Option<CaseOutcome>,
    /// How far a customer is known by that.
    pub level: Option<KycLevel>,
    /// The subject of whoever did it; `orion` where it was time.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
    /// The operation that it answers, if any.
    pub operation: CaseOperation,
}

words! {
    /// What is answered by what happened to a case.
    pub enum CaseOperation {
        /// Open one.
        Open = "open_case",
        /// Say whose it is.
        Assign = "assign_case",
        /// Say something.
        Comment = "comment_case",
        /// Let it sleep.
        Snooze = "snooze_case",
        /// Make it more urgent.
        Escalate = "escalate_case",
        /// End it.
        Decide = "decide_case",
        /// Decide on a customer.
        DecideKyc = "decide_kyc",
        /// Nothing: it came about beside the decision on something else, or with time.
        Beside = "beside",
    }
}

impl Default for CasePolicy {
    /// Days: an enrolment 3, an alert 10, a hit and a review 1; and two for what can't be taken back easily.
    fn default() -> Self {
        Self {
            enrolment_due_ms: 3 * DAY_MS,
            alert_due_ms: 10 * DAY_MS,
            hit_due_ms: DAY_MS,
            review_due_ms: DAY_MS,
            confirm_ms: 3 * DAY_MS,
            four_eyes: [FourEyes::ApproveEnhanced, FourEyes::ApproveAfterRejection].into(),
        }
    }
}

impl CasePolicy {
    /// Its times by the names of their fields.
    pub const fn times(&self) -> [(&'static str, u64); 5] {
        [
            ("enrolment_due_ms", self.enrolment_due_ms),
            ("alert_due_ms", self.alert_due_ms),
            ("hit_due_ms", self.hit_due_ms),
            ("review_due_ms", self.review_due_ms),
            ("confirm_ms", self.confirm_ms),
        ]
    }

    /// After how long a case of this kind is due.
    pub const fn due_ms(&self, kind: CaseKind) -> u64 {
        match kind {
            CaseKind::Enrolment => self.enrolment_due_ms,
            CaseKind::Alert => self.alert_due_ms,
            CaseKind::Hit => self.hit_due_ms,
            CaseKind::Review => self.review_due_ms,
        }
    }

    /// Whether its times are within their bounds.
    pub fn check(&self) -> Result<(), Unreadable> {
        for (name, time) in self.times() {
            expect((DUE_MS_MIN..=DUE_MS_MAX).contains(&time), name, &time.to_string(), "one minute to 365 days")?;
        }
        Ok(())
    }

    pub(crate) fn fields(&self, mut field: impl FnMut(&str, &str)) {
        self.times().iter().for_each(|(name, time)| field(name, &time.to_string()));
        self.four_eyes.iter().for_each(|decision| field("four_eyes", decision.as_str()));
    }
}

impl OpenCase {
    /// Whether it is about what a case of its kind is about. A review is opened by the ledger alone.
    pub fn check(&self) -> Result<(), Unreadable> {
        let About { customer_id, account_id, alert_id, hold_id } = self.about;
        let named = format!("{:?}", self.about);
        let one = customer_id.is_some() != account_id.is_some();
        let (fits, form) = match self.kind {
            CaseKind::Enrolment => (customer_id.is_some() && account_id.is_none() && alert_id.is_none(), "a customer_id alone"),
            CaseKind::Alert => (one && alert_id.is_some(), "an alert_id, and a customer_id or an account_id"),
            CaseKind::Hit => (one, "a customer_id or an account_id"),
            CaseKind::Review => return Err(Unreadable::new("kind", "review", "enrolment, alert, hit")),
        };
        expect(fits && hold_id.is_none(), "subject", &named, form)?;
        note("reason", &self.reason)
    }

    pub(super) fn fields(&self, mut field: impl FnMut(&str, &str)) {
        field("kind", self.kind.as_str());
        self.about.fields(&mut field);
        field("reason", &self.reason);
    }
}

impl About {
    fn fields(&self, field: &mut impl FnMut(&str, &str)) {
        let Self { customer_id, account_id, alert_id, hold_id } = self;
        let all = [
            ("customer_id", customer_id.map(|id| id.0)),
            ("account_id", account_id.map(|id| id.0)),
            ("alert_id", alert_id.map(|id| id.0)),
            ("hold_id", hold_id.map(|id| id.0)),
        ];
        all.iter().filter_map(|(name, id)| Some((name, (*id)?))).for_each(|(name, id)| field(name, &id.to_string()));
    }
}

impl Work {
    /// The name of the operation.
    pub const fn operation(&self) -> &'static str {
        self.answered_as().as_str()
    }

    /// The operation as its answer names it.
    pub const fn answered_as(&self) -> CaseOperation {
        match self {
            Self::Assign(_) => CaseOperation::Assign,
            Self::Comment => CaseOperation::Comment,
            Self::Snooze(_) => CaseOperation::Snooze,
            Self::Escalate => CaseOperation::Escalate,
            Self::Decide(_) => CaseOperation::Decide,
        }
    }
}

impl WorkCase {
    /// Whether it has a reason where it needs one, and what it names has its form.
    pub fn check(&self) -> Result<(), Unreadable> {
        match &self.work {
            Work::Assign(Some(assignee)) => {
                let form = "1 to 255 characters, none of them a control";
                expect(crate::command::is_line(assignee, 255), "assignee", assignee, form)?;
            }
            Work::Snooze(until) => expect(*until <= LAST_EPOCH, "until", &until.to_string(), "a moment before the year 10000")?,
            Work::Decide(outcome) => {
                let form = "confirmed_risk, valuable_alert, false_positive";
                expect(CaseOutcome::OF_ALERTS.contains(outcome), "outcome", outcome.as_str(), form)?;
            }
            Work::Assign(None) | Work::Comment | Work::Escalate => {}
        }
        match &self.reason {
            Some(reason) => note("reason", reason),
            None => expect(matches!(self.work, Work::Assign(_)), "reason", "none", "1 to 2000 characters, none of them a control"),
        }
    }

    pub(super) fn fields(&self, mut field: impl FnMut(&str, &str)) {
        field("case_id", self.case_id.text(&mut [0; 36]));
        match &self.work {
            Work::Assign(Some(assignee)) => field("assignee", assignee),
            Work::Snooze(until) => field("until", &until.to_string()),
            Work::Decide(outcome) => field("outcome", outcome.as_str()),
            Work::Assign(None) | Work::Comment | Work::Escalate => {}
        }
        if let Some(reason) = &self.reason {
            field("reason", reason);
        }
    }
}

impl CaseChanged {
    /// The name of the operation that is answered by it.
    pub const fn operation(&self) -> &'static str {
        self.operation.as_str()
    }

    /// Whether what it says goes together.
    pub fn check(&self) -> Result<(), Unreadable> {
        let said = || format!("{self:?}");
        expect((self.change == CaseChange::Opened) == self.opened.is_some(), "case", &said(), "what it is, where it was opened")?;
        expect((self.change == CaseChange::Closed) == (self.status == CaseStatus::Closed), "status", &said(), "closed where it was closed")
    }
}
