//! Cases that are open: whose each is, how urgent, and what waits for confirmation. Those that are closed are in the views alone.

use crate::bytes::{Bytes, Damaged, put_optional, put_text};
use crate::gates::Versioned;
use crate::slots::{Ends, Slots};
use crate::table::{Row, Rows};
use schemas::diligence::{About, CaseKind, CaseOutcome, CaseStatus};
use schemas::{AccountId, AlertId, CaseId, CasePolicy, Cause, CommandId, CustomerId, Epoch, HoldId, KycLevel, Position};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};
use uuid::Uuid;

/// Most cases that are open at once. Staff that has so many doesn't need more of them: what would open another says so, and a payment
/// that is held for a review is held without one.
pub const CASES_MAX: usize = 100_000;

/// Most cases that wake in one epoch.
pub(crate) const WOKEN_MAX: usize = 1024;

/// What the bank goes by until it says otherwise.
static USUAL: LazyLock<CasePolicy> = LazyLock::new(CasePolicy::default);

/// A decision that somebody else has to confirm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The subject of whoever decided.
    pub by: String,
    /// How the case would end.
    pub outcome: CaseOutcome,
    /// How far a customer would be known.
    pub level: Option<KycLevel>,
}

/// A case, open or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its id, which tells when it was opened.
    pub id: CaseId,
    /// Why somebody has to look.
    pub kind: CaseKind,
    /// At whom.
    pub about: About,
    /// Whose it is, by subject.
    pub assignee: Option<Box<str>>,
    /// How urgent it is.
    pub escalation: u8,
    /// When it wakes, or when what waits for confirmation is over; zero where neither is.
    pub until: Epoch,
    /// What waits for confirmation.
    pub made: Option<Box<Made>>,
    /// What opened it.
    pub command_id: CommandId,
    /// Where that command stands in the log.
    pub position: Position,
    /// Whether it is open.
    pub open: bool,
}

/// All that are open, and how long they may take.
#[derive(Clone, Debug, Default)]
pub struct Cases {
    slots: Slots<Case>,
    /// The case of each subject that has no more than one.
    subjects: BTreeMap<(CaseKind, Uuid), CaseId>,
    /// When those that sleep or wait are over, in the order in which they are.
    until: BTreeSet<(Epoch, CaseId)>,
    policy: Option<Arc<Versioned<CasePolicy>>>,
}

impl Case {
    /// Where it stands.
    pub const fn status(&self) -> CaseStatus {
        match (&self.made, self.until, self.open) {
            (_, _, false) => CaseStatus::Closed,
            (Some(_), ..) => CaseStatus::AwaitingConfirmation,
            (None, 0, _) => CaseStatus::Open,
            (None, ..) => CaseStatus::Snoozed,
        }
    }

    /// The cause of what happens to it by itself.
    pub(crate) const fn cause(&self) -> Cause {
        Cause { command_id: self.command_id, position: self.position, traceparent: String::new() }
    }

    fn subject(&self) -> Option<(CaseKind, Uuid)> {
        subject(self.kind, self.about)
    }
}

/// Of what there is no more than one open case.
fn subject(kind: CaseKind, about: About) -> Option<(CaseKind, Uuid)> {
    let id = match kind {
        CaseKind::Enrolment => about.customer_id.map(|id| id.0),
        CaseKind::Alert => about.alert_id.map(|id| id.0),
        CaseKind::Review => about.hold_id.map(|id| id.0),
        // A customer may be like many names; what was found is one alert for each.
        CaseKind::Hit => about.alert_id.map(|id| id.0),
    };
    id.map(|id| (kind, id))
}

impl Cases {
    /// These slots; none if a case, or one about the same, is open in two of them.
    pub fn of(rows: Vec<Case>, policy: Option<Versioned<CasePolicy>>) -> Option<Self> {
        let slots = Slots::of(rows)?;
        let (mut subjects, mut until) = (BTreeMap::new(), BTreeSet::new());
        for case in slots.iter() {
            if let Some(subject) = case.subject()
                && subjects.insert(subject, case.id).is_some()
            {
                return None;
            }
            until.extend((case.until != 0).then_some((case.until, case.id)));
        }
        Some(Self { slots, subjects, until, policy: policy.map(Arc::new) })
    }

    /// The open case of this id.
    pub fn get(&self, id: CaseId) -> Option<&Case> {
        self.slots.get(id)
    }

    /// The open case about this.
    pub fn about(&self, kind: CaseKind, about: About) -> Option<CaseId> {
        self.subjects.get(&subject(kind, about)?).copied()
    }

    /// Whether no other may be opened.
    pub const fn is_full(&self) -> bool {
        self.slots.len() >= CASES_MAX
    }

    /// How many are open.
    pub const fn count(&self) -> usize {
        self.slots.len()
    }

    /// Opens a case, which is new. What had ended in its slot before comes back.
    pub fn open(&mut self, case: Case) -> Option<Case> {
        self.subjects.extend(case.subject().map(|subject| (subject, case.id)));
        self.slots.open(case)
    }

    /// Takes a case away as if it had not been opened.
    pub fn take_back(&mut self, id: CaseId, before: Option<Case>) {
        self.forget(id);
        self.slots.take_back(id, before);
    }

    /// Changes an open case.
    pub fn change(&mut self, id: CaseId, change: impl FnOnce(&mut Case)) -> &Case {
        let case = self.slots.get_mut(id);
        let before = (case.until, id);
        change(case);
        let after = (case.until, id);
        if before != after {
            self.until.remove(&before);
            self.until.extend((after.0 != 0).then_some(after));
        }
        self.slots.get(id).expect("it was open")
    }

    /// Closes a case.
    pub fn close(&mut self, id: CaseId) -> &Case {
        self.forget(id);
        self.slots.close(id)
    }

    /// Those that wake, or whose confirmation is over, the earliest first, as many as an epoch takes.
    pub(crate) fn over(&self, epoch: Epoch) -> Vec<CaseId> {
        self.until.iter().take_while(|(until, _)| *until <= epoch).take(WOKEN_MAX).map(|(_, id)| *id).collect()
    }

    /// Every case that is open, by slot.
    pub fn iter(&self) -> impl Iterator<Item = &Case> {
        self.slots.iter()
    }

    /// How long cases may take, and which decisions need two.
    pub fn policy(&self) -> &CasePolicy {
        self.policy.as_ref().map_or(&USUAL, |policy| &policy.setting)
    }

    /// Sets that; the version that this is.
    pub fn set(&mut self, setting: &CasePolicy) -> u32 {
        let version = self.policy.as_ref().map_or(1, |before| before.version.saturating_add(1));
        self.policy = Some(Arc::new(Versioned { version, setting: setting.clone() }));
        version
    }

    /// The slots and the policy of this moment.
    pub(crate) fn freeze(&mut self) -> (Rows<Case>, Option<Arc<Versioned<CasePolicy>>>) {
        (self.slots.freeze(), self.policy.clone())
    }

    fn forget(&mut self, id: CaseId) {
        let case = self.slots.get(id).expect("the case was found by the checks");
        let (subject, until) = (case.subject(), case.until);
        if let Some(subject) = subject {
            self.subjects.remove(&subject);
        }
        self.until.remove(&(until, id));
    }
}

/// Writes a policy that may not have been set.
pub(crate) fn write_policy(policy: Option<&Versioned<CasePolicy>>, bytes: &mut Vec<u8>) {
    put_optional(bytes, policy.map(|policy| policy.version.to_le_bytes()));
    let Some(Versioned { setting, .. }) = policy else { return };
    for (_, time) in setting.times() {
        bytes.extend_from_slice(&time.to_le_bytes());
    }
    bytes.push(u8::try_from(setting.four_eyes.len()).expect("there are few decisions"));
    setting.four_eyes.iter().for_each(|decision| put_text(bytes, decision.as_str()));
}

/// Reads it back.
pub(crate) fn read_policy(bytes: &mut Bytes<'_>) -> Result<Option<Versioned<CasePolicy>>, Damaged> {
    let Some(version) = bytes.optional()?.map(u32::from_le_bytes) else { return Ok(None) };
    let (enrolment_due_ms, alert_due_ms, hit_due_ms) = (bytes.u64()?, bytes.u64()?, bytes.u64()?);
    let (review_due_ms, confirm_ms) = (bytes.u64()?, bytes.u64()?);
    let four_eyes = (0..bytes.u8()?).map(|_| bytes.word("decision")).collect::<Result<_, _>>()?;
    let setting = CasePolicy { enrolment_due_ms, alert_due_ms, hit_due_ms, review_due_ms, confirm_ms, four_eyes };
    setting.check().map_err(|unreadable| Damaged(unreadable.to_string()))?;
    Ok(Some(Versioned { version, setting }))
}

impl Row for Case {
    type Id = CaseId;

    fn id(&self) -> CaseId {
        self.id
    }

    fn write_first(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(self.id.0.as_bytes());
        put_text(bytes, self.kind.as_str());
        let About { customer_id, account_id, alert_id, hold_id } = self.about;
        for id in [customer_id.map(|id| id.0), account_id.map(|id| id.0), alert_id.map(|id| id.0), hold_id.map(|id| id.0)] {
            put_optional(bytes, id.map(Uuid::into_bytes));
        }
        put_text(bytes, self.assignee.as_deref().unwrap_or_default());
        bytes.push(self.escalation);
        bytes.extend_from_slice(&self.until.to_le_bytes());
        put_text(bytes, self.made.as_ref().map_or("", |made| &made.by));
        put_text(bytes, self.made.as_ref().map_or("", |made| made.outcome.as_str()));
        put_text(bytes, self.made.as_ref().and_then(|made| made.level).map_or("", KycLevel::as_str));
        bytes.extend_from_slice(self.command_id.0.as_bytes());
        bytes.extend_from_slice(&self.position.partition.to_le_bytes());
        bytes.extend_from_slice(&self.position.offset.to_le_bytes());
        bytes.push(u8::from(self.open));
    }

    fn write_more(&self, _: &mut Vec<u8>) {}

    fn read_first(bytes: &mut Bytes<'_>) -> Result<Self, Damaged> {
        let (id, kind) = (CaseId(bytes.uuid()?), bytes.word("kind of case")?);
        let mut named = || bytes.optional().map(|id| id.map(Uuid::from_bytes));
        let about = About {
            customer_id: named()?.map(CustomerId),
            account_id: named()?.map(AccountId),
            alert_id: named()?.map(AlertId),
            hold_id: named()?.map(HoldId),
        };
        let assignee = Some(bytes.text()?).filter(|text| !text.is_empty()).map(Box::from);
        let (escalation, until) = (bytes.u8()?, bytes.u64()?);
        let (by, outcome, level) = (bytes.text()?.to_owned(), bytes.word_or_none("outcome")?, bytes.word_or_none("level")?);
        let made = outcome.map(|outcome| Box::new(Made { by, outcome, level }));
        let command_id = CommandId(bytes.uuid()?);
        let position = Position { partition: i32::from_le_bytes(bytes.array()?), offset: bytes.i64()? };
        let open = bytes.u8()? != 0;
        Ok(Self { id, kind, about, assignee, escalation, until, made, command_id, position, open })
    }

    fn read_more(&mut self, _: &mut Bytes<'_>) -> Result<(), Damaged> {
        Ok(())
    }
}

impl Ends for Case {
    fn is_open(&self) -> bool {
        self.open
    }

    /// No case ends by itself.
    fn ends(&self) -> Epoch {
        Epoch::MAX
    }

    fn end(&mut self) {
        self.open = false;
    }
}
