//! An auditor beside the ledger: both are given the same random histories and must say the same, word for word.
//!
//! The auditor keeps books of its own (`auditor/books.rs`). After every command the two agree on every event and
//! balance, and the invariants of the bank hold. A failure is shrunk to the shortest history that still fails, and
//! its seed is kept beside this file. `PROPTEST_CASES=100000` looks longer.

#[path = "auditor/books.rs"]
mod books;
#[allow(dead_code, reason = "other tests use the rest")]
#[path = "auditor/history/mod.rs"]
mod history;
#[path = "auditor/outcomes.rs"]
mod outcomes;

use books::Books;
use history::policies::{Moment, Set};
use history::{DAY_MS, Date, FIRST, Gap, History, Seen, Step, What, Which, cause, gaps, history, recorded, replay, short_gaps, thawed};
use outcomes::{every_outcome, reaches};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{FileFailurePersistence, TestRunner};
use schemas::wire::Encoder;
use schemas::{
    AccountId, AmlSetting, Asked, CommandId, Currency, Epoch, Event, Fact, HoldChange, OrderChange, PaymentKind, Role, Topic, Transaction,
};
use state::{Frozen, Ledger};
use std::collections::{BTreeMap, BTreeSet};

/// Gives a history to the ledger and to the auditor, and compares them after every command. Between two epochs the
/// ledger now and then dies and goes on from its snapshot.
fn audit(history: &History) -> Result<Vec<Event>, TestCaseError> {
    let (mut ledger, mut books, mut seen) = (Ledger::default(), Books::default(), Seen::default());
    let (mut epoch, mut said, mut snapshots) = (FIRST, Vec::new(), Vec::new());
    begin(&mut ledger, &mut books, epoch, history.rules)?;
    for (gap, step) in &history.steps {
        if let Some(next) = gap.next(epoch) {
            epoch = next;
            if epoch % 3 == 0 {
                let frozen = ledger.freeze();
                let bytes = chunks(&frozen);
                ledger = thawed(&frozen).map_err(|error| TestCaseError::fail(error.to_string()))?;
                prop_assert_eq!(&chunks(&ledger.freeze()), &bytes, "the snapshot of a snapshot");
                snapshots.push((frozen, bytes));
            }
            prop_assert_eq!(ledger.next_rules(), books.next_rules());
            let rules = books.next_rules();
            let events = begin(&mut ledger, &mut books, epoch, rules)?;
            seen.hear(&events);
            said.extend(events);
        }
        let Some(command) = seen.command(step, epoch) else { continue };
        let cause = cause(&command, seen.ask(&command));
        let mut events = Vec::new();
        ledger.apply(cause.clone(), &Asked::of(command.clone()), &mut events);
        prop_assert_eq!(&events, &books.apply(&cause, &command), "{:#?}", command);
        // What an item of a batch comes to answers nobody.
        let answers = events.iter().filter(|event| event.answers() && event.cause == cause).count();
        let last = events.last().is_some_and(|last| last.answers() && last.cause == cause);
        prop_assert!(answers == 1 && last, "one answer, and it comes last: {:#?}", events);
        check_books(&ledger, &books)?;
        seen.hear(&events);
        said.extend(events);
    }
    for (frozen, bytes) in snapshots {
        prop_assert_eq!(chunks(&frozen), bytes, "what was frozen has changed since");
    }
    check_ids(&said)?;
    check_decisions(&said)?;
    check_legs(&said)?;
    Ok(said)
}

fn begin(ledger: &mut Ledger, books: &mut Books, epoch: Epoch, rules: u32) -> Result<Vec<Event>, TestCaseError> {
    let mut events = Vec::new();
    ledger.begin(epoch, rules, &mut events);
    prop_assert_eq!(&events, &books.begin(epoch, rules), "epoch {} begins", epoch);
    check_books(ledger, books)?;
    Ok(events)
}

fn chunks(frozen: &Frozen) -> Vec<Vec<u8>> {
    frozen.chunks(&[]).collect()
}

/// Both have the same accounts with the same balances, of which as much is held; they sum to zero, none below its floor.
fn check_books(ledger: &Ledger, books: &Books) -> Result<(), TestCaseError> {
    prop_assert_eq!(ledger.accounts().count(), books.accounts().len());
    prop_assert_eq!(ledger.orders().count(), books.orders());
    prop_assert_eq!(ledger.sizes().cases, books.open_cases());
    let mut sums: BTreeMap<Currency, i128> = BTreeMap::new();
    for (holding, account) in ledger.accounts().zip(books.accounts()) {
        prop_assert_eq!((holding.id, holding.customer_id), (account.id, account.customer_id));
        prop_assert_eq!((holding.role, holding.currency), (account.role, account.currency));
        prop_assert_eq!(holding.status, books.status(account.id));
        prop_assert_eq!(i128::from(holding.balance_minor), books.balance(account.id));
        prop_assert_eq!(i128::from(holding.held_minor), books.held(account.id));
        prop_assert!(holding.held_minor >= 0 && (account.role != Role::House || holding.held_minor == 0), "{:?}", holding);
        let available = i128::from(holding.balance_minor) - i128::from(holding.held_minor);
        prop_assert!(books.lowest(account).is_none_or(|lowest| available >= lowest), "{:?} is below its floor", holding);
        *sums.entry(holding.currency).or_default() += i128::from(holding.balance_minor);
    }
    prop_assert!(sums.values().all(|sum| *sum == 0), "{:?}", sums);
    prop_assert_eq!(ledger.trial_balance(), sums);
    Ok(())
}

/// Ids of a kind are given once, in order, and tell their epoch.
fn check_ids(said: &[Event]) -> Result<(), TestCaseError> {
    let mut minted: BTreeMap<&str, Vec<uuid::Uuid>> = BTreeMap::new();
    for event in said {
        prop_assert_eq!(event.id.epoch(), Some(event.epoch));
        minted.entry("event").or_default().push(event.id.0);
        let (kind, id, epoch) = match &event.fact {
            Fact::CustomerCreated(customer) => ("customer", customer.id.0, customer.id.epoch()),
            Fact::AccountOpened(account) if account.customer_id.is_some() => ("account", account.id.0, account.id.epoch()),
            Fact::Transaction(transaction) => ("transaction", transaction.id.0, transaction.id.epoch()),
            Fact::HoldChanged(held) if matches!(held.change, HoldChange::Reserved | HoldChange::Reviewed) => {
                ("hold", held.id.0, held.id.epoch())
            }
            Fact::OrderChanged(order) if order.change == OrderChange::Scheduled => ("order", order.id.0, order.id.epoch()),
            Fact::AccountOpened(_)
            | Fact::RulesActivated { .. }
            | Fact::StatusChanged(_)
            | Fact::HoldChanged(_)
            | Fact::PolicyChanged(_)
            | Fact::BatchDecided(_)
            | Fact::OrderChanged(_)
            | Fact::AmlChanged(_)
            | Fact::PartyChanged(_)
            | Fact::ListChanged(_)
            | Fact::Diligence(_)
            | Fact::Assessed(_)
            | Fact::Refused { .. }
            | Fact::Repeated(_) => continue,
        };
        prop_assert_eq!(epoch, Some(event.epoch), "{} of another epoch", kind);
        minted.entry(kind).or_default().push(id);
    }
    for (kind, ids) in minted {
        prop_assert!(ids.is_sorted_by(|one, next| one < next), "{} ids do not ascend: {:?}", kind, ids);
    }
    Ok(())
}

/// A command is decided once in seven days; in between it is repeated. What only asks what would be is never repeated, and an order
/// may be given again before the first has its day.
fn check_decisions(said: &[Event]) -> Result<(), TestCaseError> {
    let mut decided: BTreeMap<CommandId, Epoch> = BTreeMap::new();
    let ordered = said
        .iter()
        .filter(|event| matches!(&event.fact, Fact::OrderChanged(order) if !event.answers() && order.dated.execute_at().is_some()));
    let ordered: BTreeSet<CommandId> = ordered.map(|event| event.cause.command_id).collect();
    for event in said.iter().filter(|event| event.answers() && !ordered.contains(&event.cause.command_id)) {
        let first = decided.get(&event.cause.command_id).copied();
        match &event.fact {
            Fact::Repeated(repeat) => prop_assert_eq!(first, Some(repeat.first_epoch)),
            Fact::BatchDecided(batch) if batch.dry_run => prop_assert_eq!(first, None),
            Fact::Refused { operation, .. } if operation == "batch_dry_run" => prop_assert_eq!(first, None),
            Fact::CustomerCreated(_)
            | Fact::AccountOpened(_)
            | Fact::Transaction(_)
            | Fact::RulesActivated { .. }
            | Fact::StatusChanged(_)
            | Fact::HoldChanged(_)
            | Fact::PolicyChanged(_)
            | Fact::BatchDecided(_)
            | Fact::OrderChanged(_)
            | Fact::AmlChanged(_)
            | Fact::PartyChanged(_)
            | Fact::ListChanged(_)
            | Fact::Diligence(_)
            | Fact::Assessed(_)
            | Fact::Refused { .. } => {
                prop_assert!(first.is_none_or(|first| event.epoch > first + 7 * DAY_MS), "decided twice: {:?}", event);
                decided.insert(event.cause.command_id, event.epoch);
            }
        }
    }
    Ok(())
}

/// The legs of a transaction sum to zero, one each for payer and payee, and what the house earned is the fee.
fn check_legs(said: &[Event]) -> Result<(), TestCaseError> {
    for transaction in said.iter().filter_map(transaction) {
        let legs: Vec<AccountId> = transaction.postings.iter().map(|leg| leg.account).collect();
        if transaction.refusal.is_some() {
            prop_assert!(legs.is_empty() && transaction.fee_minor == 0, "{:#?}", transaction);
            continue;
        }
        prop_assert_eq!(transaction.postings.iter().map(|leg| i128::from(leg.amount_minor)).sum::<i128>(), 0);
        prop_assert_eq!(&legs[..2], &[transaction.account_debit, transaction.account_credit]);
        let sign = if transaction.kind == PaymentKind::Reversal { -1 } else { 1 };
        let earned = transaction.postings.get(2).map_or(0, |leg| sign * leg.amount_minor);
        prop_assert_eq!((earned, legs.len()), (transaction.fee_minor, if transaction.fee_minor > 0 { 3 } else { 2 }));
    }
    Ok(())
}

fn transaction(event: &Event) -> Option<&Transaction> {
    match &event.fact {
        Fact::Transaction(transaction) => Some(transaction),
        Fact::CustomerCreated(_)
        | Fact::AccountOpened(_)
        | Fact::RulesActivated { .. }
        | Fact::StatusChanged(_)
        | Fact::HoldChanged(_)
        | Fact::PolicyChanged(_)
        | Fact::BatchDecided(_)
        | Fact::OrderChanged(_)
        | Fact::AmlChanged(_)
        | Fact::PartyChanged(_)
        | Fact::ListChanged(_)
        | Fact::Diligence(_)
        | Fact::Assessed(_)
        | Fact::Refused { .. }
        | Fact::Repeated(_) => None,
    }
}

fn bytes(events: &[Event]) -> Vec<Vec<u8>> {
    let encoder = Encoder::new(Topic::ALL.iter().zip(1..).map(|(topic, id)| (*topic, id)).collect());
    events.iter().map(|event| encoder.event(event).expect("every event can be written")).collect()
}

/// What was said, with each id replaced by the order in which it was first heard of, and without moments.
fn shape(said: &[Event]) -> Vec<String> {
    let mut heard: Vec<uuid::Uuid> = Vec::new();
    let moments = FIRST / 2..2 * FIRST;
    let mut line = |line: &str| {
        let word = line.trim().trim_end_matches(',');
        if word.rsplit(' ').next().and_then(|last| last.parse().ok()).is_some_and(|number: u64| moments.contains(&number)) {
            return String::new();
        }
        // Whoever set a rule is told as text.
        let named = word.strip_prefix("by: ").map_or(word, |by| by.trim_matches('"'));
        let Ok(id) = uuid::Uuid::try_parse(named) else { return word.to_owned() };
        let order = heard.iter().position(|known| *known == id).unwrap_or_else(|| {
            heard.push(id);
            heard.len() - 1
        });
        format!("id {order}")
    };
    said.iter().map(|event| format!("{event:#?}").lines().map(&mut line).collect::<Vec<_>>().join(" ")).collect()
}

/// Whether a policy holds from when it is set, for good. One that holds from an earlier time names that time, which depends on the epoch.
fn at_once(set: &Set) -> bool {
    let (from, lasts_ms) = match set {
        Set::Level { .. } => return true,
        Set::Terms { from, .. } | Set::Limits { from, .. } | Set::End { from, .. } => (from, None),
        Set::Tariff { from, lasts_ms, .. } => (from, *lasts_ms),
    };
    matches!(from, Moment::Unnamed) && lasts_ms.is_none()
}

/// Whether time does something of itself after this: rules and policies that come into force, holds that are over, orders of a day.
fn waits(what: &What) -> bool {
    match what {
        What::Activate { .. } | What::Later { .. } => true,
        What::Diligence(wish) => wish.waits(),
        What::SetAml(AmlSetting::Cases(policy)) => policy.confirm_ms < DAY_MS,
        What::SetAml(AmlSetting::Policy(policy)) => policy.review_expires_ms < DAY_MS,
        What::Set(set) => !at_once(set),
        What::Reserve { expires_in_ms, .. } => *expires_in_ms < DAY_MS / 24,
        What::Order { date: Date::In(ms), .. } => *ms < DAY_MS / 24,
        // A dry run is decided anew when it is asked again, and by then what it named may have come.
        What::Batch { items, dry_run, .. } => items.iter().any(waits) || (*dry_run && items.iter().any(names_what_comes)),
        _ => false,
    }
}

/// Whether it names a payment or a hold that the same epoch is about to make.
fn names_what_comes(what: &What) -> bool {
    use What::{Capture, Refund, Release, Reverse};
    let (Capture { hold: named, .. } | Release { hold: named } | Refund { payment: named, .. } | Reverse { payment: named, .. }) = what
    else {
        return false;
    };
    matches!(named, Which::Coming(_))
}

fn random() -> ProptestConfig {
    ProptestConfig { failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("seeds"))), ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(random())]

    #[test]
    fn the_auditor_agrees(history in history(gaps())) {
        audit(&history)?;
    }

    #[test]
    fn a_replay_gives_the_same_bytes(history in history(gaps())) {
        let asked = recorded(&history);
        let said = || bytes(&replay(&mut Ledger::default(), &asked));
        prop_assert_eq!(said(), said());
    }

    #[test]
    fn how_commands_fall_into_epochs_decides_nothing(
        history in history(short_gaps()),
        cuts in prop::collection::vec(any::<bool>(), 200),
    ) {
        let steps = history.steps.into_iter().filter(|(_, step)| !matches!(step, Step::Ask { what, .. } if waits(what)));
        let history = History { steps: steps.collect(), ..history };
        let steps = history.steps.iter().zip(cuts.iter().cycle());
        let steps = steps.map(|((_, step), cut)| (if *cut { Gap::After(1) } else { Gap::Same }, step.clone()));
        let cut = History { steps: steps.collect(), ..history };
        let (one, other) = (audit(&history)?, audit(&cut)?);
        prop_assert_eq!(shape(&one), shape(&other));
    }
}

/// The payments of which something was given back for the first time when they were forgotten.
fn proven(said: &[Event]) -> usize {
    let mut given_back = BTreeSet::new();
    let back = said.iter().filter_map(|event| transaction(event).and_then(|back| Some((event.epoch, back.link?.original()?))));
    back.filter(|(epoch, original)| given_back.insert(*original) && original.epoch().is_some_and(|paid| paid + 7 * DAY_MS < *epoch)).count()
}

#[test]
fn the_histories_reach_every_outcome() {
    let mut runner = TestRunner::deterministic();
    let (mut reached, mut settled, mut decided, mut shown) = (BTreeSet::new(), 0, 0, 0);
    for _ in 0..1_500 {
        let history = history(gaps()).new_tree(&mut runner).expect("a history").current();
        let said = audit(&history).unwrap_or_else(|error| panic!("{error}\n{history:#?}"));
        reached.extend(said.iter().flat_map(reaches));
        shown += proven(&said);
        decided += said.iter().filter_map(transaction).count();
        settled += said.iter().filter_map(transaction).filter(|transaction| transaction.refusal.is_none()).count();
    }
    let every = every_outcome();
    let missed: Vec<&String> = every.iter().filter(|outcome| !reached.contains(*outcome)).collect();
    assert_eq!(missed, Vec::<&String>::new());
    assert!(shown > 20, "{shown} old payments were proven");
    assert!(settled * 6 > decided, "{settled} of {decided} payments settled: the histories hardly move money");
}
