//! The checker: what in the evidence contradicts "exactly once".
//!
//! In: [`Evidence`]. Out: findings, each with a name and a sentence. It shares no rule with the ledger: it adds up,
//! compares and orders by itself. What a client does not know may have happened or not, but the same for everybody.

mod answers;
mod books;
mod decisions;
mod holds;
mod journal;
mod order;
mod reads;
mod returns;
pub(crate) mod rows;

use super::evidence::{Evidence, Recorded};
use super::history::{Call, Entry, Moment, Outcome};
use schemas::{Command, CommandId, Entry as JournalEntry, Epoch, Fact, Position};
use std::collections::{BTreeMap, BTreeSet};

/// The names of what can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Answered, but not in the log.
    LostDecision,
    /// One command with two decisions, or one event twice.
    DoubledDecision,
    /// An answer says something else than the log.
    AnswerContradictsLog,
    /// Two attempts of one command got different answers.
    AnswersDiffer,
    /// Taken, and never decided.
    NeverDecided,
    /// A read shows less than one that ended before it began.
    BackInTime,
    /// A read shows less than it was told to, or than its own client was told.
    MissedWrite,
    /// A balance that is not the sum of its postings, or what is held of it not that of its holds.
    WrongBalance,
    /// A customer, merchant or agent may spend less than nothing, or than the floor of the account.
    NegativeBalance,
    /// A hold that pays what it does not hold, or ends otherwise than it began.
    HoldDiffers,
    /// More is given back of a payment than it was, or twice, or to somebody else.
    ReturnDiffers,
    /// Debits and credits differ, or a decision differs from its command.
    BooksUnbalanced,
    /// Positions, epochs or event ids out of order.
    OutOfOrder,
    /// What was done before comes after.
    RealTimeOrder,
    /// The journal counts other records than there are.
    JournalDiffers,
    /// Postgres differs from the events.
    RowsDiffer,
    /// An answer outside the contract.
    OddAnswer,
}

/// Something that is wrong.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct Finding {
    pub(crate) kind: Kind,
    pub(crate) sentence: String,
}

/// Where findings are collected.
#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, kind: Kind, sentence: impl Into<String>) {
        self.0.push(Finding { kind, sentence: sentence.into() });
    }
}

/// The evidence, indexed.
struct Case<'a> {
    evidence: &'a Evidence,
    /// Every event, in the order of its id.
    events: Vec<&'a Recorded>,
    /// The first decision on each command.
    first: BTreeMap<CommandId, &'a Recorded>,
    /// What answers the command at each position.
    answered: BTreeMap<Position, &'a Recorded>,
    /// Commands that the log says came again.
    repeated: BTreeSet<CommandId>,
    /// When somebody was first told that a command is in the log, and that it is decided.
    told: BTreeMap<CommandId, (Moment, Moment)>,
    /// The command at each position.
    commands: BTreeMap<Position, Option<&'a Command>>,
    /// Every epoch of the journal, and the version of the rules by which it was decided.
    epochs: BTreeMap<Epoch, u32>,
}

/// Everything that is wrong.
pub(crate) fn check(evidence: &Evidence) -> Vec<Finding> {
    let mut findings = Findings::default();
    let case = Case::of(evidence, &mut findings);
    order::check(&case, &mut findings);
    journal::check(&case, &mut findings);
    decisions::check(&case, &mut findings);
    books::check(&case, &mut findings);
    holds::check(&case, &mut findings);
    returns::check(&case, &mut findings);
    answers::check(&case, &mut findings);
    reads::check(&case, &mut findings);
    rows::check(&case, &mut findings);
    findings.0
}

impl<'a> Case<'a> {
    fn of(evidence: &'a Evidence, findings: &mut Findings) -> Self {
        let mut events: Vec<_> = evidence.log.events.iter().collect();
        events.sort_by_key(|recorded| recorded.event.id);
        let (mut first, mut answered) = (BTreeMap::new(), BTreeMap::new());
        for recorded in &events {
            let (event, cause) = (&recorded.event, &recorded.event.cause);
            if !event.answers() {
                continue;
            }
            if let Some(before) = answered.insert(cause.position, *recorded) {
                let sentence = format!("the command at {} is answered by {} and by {}", cause.position, before.event.id, event.id);
                findings.add(Kind::DoubledDecision, sentence);
            }
            if !matches!(event.fact, Fact::Repeated(_)) {
                let before: &mut &Recorded = first.entry(cause.command_id).or_insert(*recorded);
                if !std::ptr::eq(*before, *recorded) {
                    let sentence = format!("command {} is decided by {} and by {}", cause.command_id, before.event.id, event.id);
                    findings.add(Kind::DoubledDecision, sentence);
                }
            }
        }
        let commands = evidence.log.commands.iter().map(|(position, command)| (*position, command.as_ref())).collect();
        let repeated = events.iter().map(|recorded| &recorded.event).filter(|event| matches!(event.fact, Fact::Repeated(_)));
        let repeated = repeated.map(|event| event.cause.command_id).collect();
        let told = told(&evidence.history);
        let commits = evidence.log.journal.iter().filter_map(|entry| match entry {
            JournalEntry::Commit(commit) => Some(&commit.epochs),
            JournalEntry::Claim(_) => None,
        });
        let epochs = commits.flatten().map(|sealed| (sealed.binding.epoch, sealed.binding.code_version)).collect();
        Self { evidence, events, first, answered, repeated, told, commands, epochs }
    }

    /// Whether somebody knew before `moment` that the command was in the log, or even that it was decided.
    fn known(&self, id: CommandId, moment: Moment, decided: bool) -> bool {
        self.told.get(&id).is_some_and(|told| if decided { told.1 < moment } else { told.0 < moment })
    }

    /// The command that got the first decision.
    fn decided(&self, decision: &Recorded) -> Option<&'a Command> {
        self.commands.get(&decision.event.cause.position).copied().flatten()
    }
}

fn told(history: &[Entry]) -> BTreeMap<CommandId, (Moment, Moment)> {
    let mut told = BTreeMap::new();
    for entry in history {
        let (id, taken, decided) = match (&entry.call, &entry.outcome) {
            (Call::Command { id, .. }, Outcome::Accepted { .. }) => (id, true, false),
            (Call::Command { id, .. }, outcome) => (id, outcome.is_decision(), outcome.is_decision()),
            (Call::Operation { id }, Outcome::Operation { status, .. }) => (id, true, status != "pending"),
            _ => continue,
        };
        let (first_taken, first_decided) = told.entry(*id).or_insert((Moment::MAX, Moment::MAX));
        if taken {
            *first_taken = entry.completed.min(*first_taken);
        }
        if decided {
            *first_decided = entry.completed.min(*first_decided);
        }
    }
    told
}

#[cfg(test)]
mod tests;
