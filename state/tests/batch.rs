//! A batch is its items one after the other, or nothing; a dry run is nothing, and says what the batch then says.
//!
//! In the middle of random histories, which then go on: what a batch leaves behind it shows in all that comes after.

#[allow(dead_code, reason = "other tests use the rest")]
#[path = "user_asks/bank.rs"]
mod bank;
#[allow(dead_code, reason = "other tests use the rest")]
#[path = "auditor/history/mod.rs"]
mod history;

use bank::{Bank, payment};
use history::living::Living;
use history::{History, Step, What, Who, dated, gaps, history as random_history, moving, small, thawed};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use schemas::{
    Batch, BatchDecided, BatchMode, Command, Event, Fact, HoldChange, ItemStatus, Operation, Outcome, PaymentKind, Refusal, Role,
    Transaction,
};
use state::CODE_VERSION;

/// Histories of the newest rules.
fn newest() -> impl Strategy<Value = History> {
    random_history(gaps()).prop_map(|history| {
        let activates = |what: &What| match what {
            What::Activate { .. } => true,
            What::Later { what, .. } => matches!(**what, What::Activate { .. }),
            _ => false,
        };
        let steps = history.steps.into_iter().filter(|(_, step)| !matches!(step, Step::Ask { what, .. } if activates(what)));
        History { rules: CODE_VERSION, steps: steps.collect() }
    })
}

fn who() -> impl Strategy<Value = Who> {
    prop_oneof![4 => Just(Who::Staff), 1 => Just(Who::Holder)]
}

fn batch_of(command: &Command, mode: BatchMode, dry_run: bool) -> Command {
    let Operation::Batch(batch) = &command.operation else { panic!("{command:?}") };
    let key = format!("{mode}-{dry_run}");
    Command { idempotency_key: key, operation: Operation::Batch(Batch { mode, dry_run, ..batch.clone() }), ..command.clone() }
}

fn items(command: &Command) -> Vec<Command> {
    let Operation::Batch(batch) = &command.operation else { panic!("{command:?}") };
    let single = |(number, item): (usize, &Operation)| Command {
        idempotency_key: format!("item-{number}"),
        operation: item.clone(),
        ..command.clone()
    };
    batch.items.iter().enumerate().map(single).collect()
}

fn facts(events: &[Event]) -> Vec<&Fact> {
    events.iter().map(|event| &event.fact).collect()
}

fn refusal(fact: &Fact) -> Option<Refusal> {
    match fact {
        Fact::Transaction(Transaction { refusal, .. }) => *refusal,
        Fact::Refused { refusal, .. } => Some(*refusal),
        // By itself it waits for somebody to look at it.
        Fact::HoldChanged(held) if held.change == HoldChange::Reviewed => Some(Refusal::ReviewRequired),
        _ => None,
    }
}

fn decided(events: &[Event]) -> BatchDecided {
    match events.last().map(|event| &event.fact) {
        Some(Fact::BatchDecided(decided)) => (**decided).clone(),
        other => panic!("{other:?}"),
    }
}

/// What a dry run can know of an outcome.
fn without_ids(outcomes: Vec<Outcome>) -> Vec<Outcome> {
    outcomes.into_iter().map(|outcome| Outcome { transaction_id: None, hold_id: None, ..outcome }).collect()
}

fn random() -> ProptestConfig {
    ProptestConfig { failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("seeds"))), ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(random())]

    #[test]
    fn a_batch_is_its_items_one_after_the_other_or_nothing(
        before in newest(),
        who in who(),
        what in dated::batch(moving(small())),
        after in newest(),
    ) {
        let before = Living::after(&before);
        let command = before.seen.command(&Step::Ask { who, key: 0, what }, before.ledger.epoch()).expect("a batch");

        let mut singly = before.clone();
        let single: Vec<Event> = items(&command).iter().flat_map(|item| singly.ask(item)).collect();
        let refused = single.iter().find_map(|event| refusal(&event.fact));

        let mut independent = before.clone();
        let asked = batch_of(&command, BatchMode::Independent, false);
        let events = independent.ask(&asked);
        let (answer, told) = events.split_last().expect("an answer");
        prop_assert_eq!(facts(told), facts(&single));
        prop_assert!(told.iter().all(|event| event.cause.command_id != answer.cause.command_id));
        prop_assert_eq!(independent.clone().go_on(&after.steps), singly.clone().go_on(&after.steps));

        let mut whole = before.clone();
        let asked_whole = batch_of(&command, BatchMode::AllOrNothing, false);
        let events_whole = whole.ask(&asked_whole);
        prop_assert_eq!(decided(&events_whole).undone_by().map(|(_, refusal)| refusal), refused);
        if refused.is_some() {
            prop_assert_eq!(events_whole.len(), 1);
            prop_assert_eq!(whole.clone().go_on(&after.steps), before.clone().go_on(&after.steps));
        } else {
            prop_assert_eq!(facts(&events_whole[..events_whole.len() - 1]), facts(&single));
            prop_assert_eq!(whole.clone().go_on(&after.steps), singly.go_on(&after.steps));
        }

        // What was decided is told again, by a ledger out of a snapshot too.
        for (bank, asked, events) in [(&independent, &asked, &events), (&whole, &asked_whole, &events_whole)] {
            let mut thawed = Living { ledger: thawed(&bank.ledger.clone().freeze()).expect("a whole snapshot"), ..bank.clone() };
            for bank in [&mut bank.clone(), &mut thawed] {
                let before = bank.bytes();
                let again = bank.ask(asked);
                let [Event { fact: Fact::Repeated(repeat), .. }] = &again[..] else { panic!("{again:?}") };
                prop_assert_eq!(repeat.first.as_ref(), events.last().map(|event| &event.fact));
                prop_assert_eq!(bank.bytes(), before);
            }
        }
    }

    #[test]
    fn a_dry_run_changes_nothing_and_says_what_the_batch_then_says(
        before in newest(),
        who in who(),
        what in dated::batch(moving(small())),
        after in newest(),
    ) {
        let before = Living::after(&before);
        let command = before.seen.command(&Step::Ask { who, key: 0, what }, before.ledger.epoch()).expect("a batch");
        for mode in BatchMode::ALL {
            let mut bank = before.clone();
            let dry = batch_of(&command, *mode, true);
            let would: Vec<Vec<Event>> = (0..2).map(|_| bank.ask(&dry)).collect();
            prop_assert!(would.iter().all(|events| events.len() == 1));
            prop_assert_eq!(bank.bytes(), before.bytes());
            let becomes = decided(&bank.clone().ask(&batch_of(&command, *mode, false)));
            for events in &would {
                let BatchDecided { dry_run, outcomes, .. } = decided(events);
                prop_assert!(dry_run && !becomes.dry_run);
                prop_assert_eq!(&outcomes, &without_ids(becomes.outcomes.clone()));
            }
            prop_assert_eq!(bank.go_on(&after.steps), before.clone().go_on(&after.steps));
        }
    }
}

#[test]
fn eight_thousand_payments_are_one_command() {
    let mut bank = Bank::new();
    let (one, other) = (bank.account(Role::Customer, 100), bank.account(Role::Customer, 100));
    let there = Operation::Pay(payment(PaymentKind::Transfer, Some(one), Some(other), 100));
    let back = Operation::Pay(payment(PaymentKind::Transfer, Some(other), Some(one), 200));
    // All of it there, all of it back, and again: each needs what the one before it has moved.
    let items = |count: usize| [&there, &back].into_iter().cycle().take(count).cloned().collect::<Vec<_>>();
    let batch = |mode, count| Batch { mode, dry_run: false, items: items(count) };
    let check = |count| batch(BatchMode::AllOrNothing, count).check();
    assert!(check(8_000).is_ok() && check(8_001).is_err() && check(0).is_err());
    let events = bank.tell("two", Operation::Batch(batch(BatchMode::AllOrNothing, 2)));
    assert_eq!((events.len(), bank.stands(one), bank.stands(other)), (3, (200, 0), (0, 0)));
    let events = bank.tell("many", Operation::Batch(batch(BatchMode::Independent, 8_000)));
    let BatchDecided { outcomes, .. } = decided(&events);
    assert_eq!((events.len(), outcomes.len()), (8_001, 8_000));
    let failed = outcomes.iter().filter(|outcome| outcome.status == ItemStatus::Failed).count();
    assert_eq!((failed, outcomes[1].refusal), (2_000, Some(Refusal::InsufficientFunds)), "twice there, once back");
}
