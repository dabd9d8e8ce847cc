//! The checker: what in the evidence contradicts "exactly once".
//!
//! In: [`Evidence`]. Out: findings, each with a name and a sentence. It shares no rule with the ledger: it adds up,
//! compares and orders by itself. What a client does not know may have happened or not, but the same for everybody.

pub(crate) mod aggregates;
mod answers;
mod batches;
mod books;
mod chain;
mod decisions;
mod holds;
mod journal;
pub(crate) mod latency;
mod order;
mod orders;
pub(crate) mod positions;
mod reads;
mod returns;
pub(crate) mod rows;

use super::evidence::{Evidence, Recorded};
use super::history::{Call, Entry, Moment, Outcome};
use schemas::{Command, CommandId, Dated, Entry as JournalEntry, Epoch, Fact, HoldChange, Operation, Order, Position};
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
    /// A batch of which is said what its items did not do, or not said what they did.
    BatchDiffers,
    /// An order that ends twice, early, late or never, or otherwise than the transaction that it names.
    OrderDiffers,
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
    /// The audit chain is not that of the records.
    ChainDiffers,
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
    /// Every decision on what is only tried, which has no first.
    tried: BTreeMap<CommandId, Vec<&'a Recorded>>,
    /// What answers the command at each position.
    answered: BTreeMap<Position, &'a Recorded>,
    /// What the items of the batch at each position have said, in order.
    items: BTreeMap<Position, Vec<&'a Recorded>>,
    /// Commands that the log says came again.
    repeated: BTreeSet<CommandId>,
    /// When somebody was first told that a command is in the log, and that it is decided.
    told: BTreeMap<CommandId, (Moment, Moment)>,
    /// The command at each position.
    commands: BTreeMap<Position, Option<&'a Command>>,
    /// What has a name of its own and is no command: items of batches, and orders whose day comes.
    names: BTreeMap<CommandId, Part>,
    /// Every epoch of the journal, and the version of the rules by which it was decided.
    epochs: BTreeMap<Epoch, u32>,
}

/// Everything that is wrong.
pub(crate) fn check(evidence: &Evidence) -> Vec<Finding> {
    let mut findings = Findings::default();
    let case = Case::of(evidence, &mut findings);
    order::check(&case, &mut findings);
    batches::check(&case, &mut findings);
    orders::check(&case, &mut findings);
    journal::check(&case, &mut findings);
    latency::check(&case, &mut findings);
    decisions::check(&case, &mut findings);
    books::check(&case, &mut findings);
    holds::check(&case, &mut findings);
    returns::check(&case, &mut findings);
    answers::check(&case, &mut findings);
    reads::check(&case, &mut findings);
    rows::check(&case, &mut findings);
    chain::check(&case, &mut findings);
    findings.0
}

impl<'a> Case<'a> {
    fn of(evidence: &'a Evidence, findings: &mut Findings) -> Self {
        let mut events: Vec<_> = evidence.log.events.iter().collect();
        events.sort_by_key(|recorded| recorded.event.id);
        let commands: BTreeMap<_, _> = evidence.log.commands.iter().map(|(position, command)| (*position, command.as_ref())).collect();
        let (mut first, mut answered) = (BTreeMap::new(), BTreeMap::new());
        let (mut tried, mut items): (BTreeMap<_, Vec<_>>, BTreeMap<_, Vec<_>>) = (BTreeMap::new(), BTreeMap::new());
        let names = names(&commands);
        for recorded in &events {
            let (event, cause) = (&recorded.event, &recorded.event.cause);
            match names.get(&cause.command_id).filter(|part| part.position == cause.position).map(|part| &part.of) {
                // The end of a time names what set it, which is long past.
                _ if is_expired(&event.fact) => {}
                Some(PartOf::Batch(_)) => items.entry(cause.position).or_default().push(*recorded),
                // It answers nobody.
                Some(PartOf::Order(_)) => {}
                None if !event.answers() => {}
                None => {
                    if let Some(before) = answered.insert(cause.position, *recorded) {
                        let sentence = format!("the command at {} is answered by {} and by {}", cause.position, before.event.id, event.id);
                        findings.add(Kind::DoubledDecision, sentence);
                    }
                    let dry = commands.get(&cause.position).copied().flatten().is_some_and(is_dry);
                    if dry {
                        tried.entry(cause.command_id).or_default().push(*recorded);
                    } else if !matches!(event.fact, Fact::Repeated(_)) {
                        let before: &mut &Recorded = first.entry(cause.command_id).or_insert(*recorded);
                        if !std::ptr::eq(*before, *recorded) {
                            let sentence = format!("command {} is decided by {} and by {}", cause.command_id, before.event.id, event.id);
                            findings.add(Kind::DoubledDecision, sentence);
                        }
                    }
                }
            }
        }
        let repeated = events.iter().map(|recorded| &recorded.event).filter(|event| matches!(event.fact, Fact::Repeated(_)));
        let repeated = repeated.map(|event| event.cause.command_id).collect();
        let told = told(&evidence.history);
        let commits = evidence.log.journal.iter().filter_map(|entry| match entry {
            JournalEntry::Commit(commit) => Some(&commit.epochs),
            JournalEntry::Claim(_) => None,
        });
        let epochs = commits.flatten().map(|sealed| (sealed.binding.epoch, sealed.binding.code_version)).collect();
        Self { evidence, events, first, tried, answered, items, repeated, told, commands, names, epochs }
    }

    /// Whether somebody knew before `moment` that the command was in the log, or even that it was decided.
    fn known(&self, id: CommandId, moment: Moment, decided: bool) -> bool {
        self.told.get(&id).is_some_and(|told| if decided { told.1 < moment } else { told.0 < moment })
    }

    /// The command at whose place it was said.
    fn decided(&self, decision: &Recorded) -> Option<&'a Command> {
        self.commands.get(&decision.event.cause.position).copied().flatten()
    }

    /// What is not asked for, but part of what is.
    fn part(&self, recorded: &Recorded) -> Option<&PartOf> {
        let cause = &recorded.event.cause;
        self.names.get(&cause.command_id).filter(|part| part.position == cause.position).map(|part| &part.of)
    }

    /// What was asked that led to this: by the command itself, by the item of a batch, or by an order for its day.
    fn asked(&self, recorded: &Recorded) -> Option<&Operation> {
        match self.part(recorded) {
            Some(PartOf::Batch(item) | PartOf::Order(item)) => Some(item),
            None => self.decided(recorded).map(|command| &command.operation),
        }
    }
}

/// Something with a name of its own, and where its command stands.
struct Part {
    position: Position,
    of: PartOf,
}

enum PartOf {
    /// An item of a batch.
    Batch(Operation),
    /// The payment of an order.
    Order(Operation),
}

/// A name is used once, wherever its command stands first: a repeat has no parts.
fn names(commands: &BTreeMap<Position, Option<&Command>>) -> BTreeMap<CommandId, Part> {
    let (mut names, mut known) = (BTreeMap::new(), BTreeSet::new());
    for (position, command) in commands {
        let Some(command) = command.filter(|command| known.insert(command.id())) else { continue };
        let mut add = |number, of| {
            names.insert(command.id().item(number), Part { position: *position, of });
        };
        match &command.operation {
            Operation::Batch(batch) if !batch.dry_run => {
                (0..).zip(&batch.items).for_each(|(number, item)| add(number, PartOf::Batch(item.clone())));
            }
            Operation::Order(Order { payment, dated: Dated::ExecuteAt(_) }) => add(0, PartOf::Order(Operation::Pay(payment.clone()))),
            _ => {}
        }
    }
    names
}

fn is_dry(command: &Command) -> bool {
    matches!(&command.operation, Operation::Batch(batch) if batch.dry_run)
}

fn is_expired(fact: &Fact) -> bool {
    matches!(fact, Fact::HoldChanged(held) if matches!(held.change, HoldChange::Expired | HoldChange::ReviewExpired))
}

fn told(history: &[Entry]) -> BTreeMap<CommandId, (Moment, Moment)> {
    let mut told = BTreeMap::new();
    for entry in history {
        let (id, taken, decided) = match (&entry.call, &entry.outcome) {
            (Call::Command { asked, .. }, _) if asked.is_dry() => continue,
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
