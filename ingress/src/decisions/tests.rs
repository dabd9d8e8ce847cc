//! What a door remembers, and for how long.

use super::*;
use schemas::{BatchDecided, BatchMode, Cause, EventId, ItemStatus, Outcome, Refusal};

fn command(key: &str) -> CommandId {
    CommandId::derive("alice", "open_account", key)
}

fn at(offset: i64) -> Position {
    Position { partition: 0, offset }
}

fn decided(offset: i64, key: &str, epoch: Epoch) -> Event {
    Event {
        id: EventId::mint(epoch, 0),
        epoch,
        cause: Cause { command_id: command(key), position: at(offset), traceparent: String::new() },
        fact: Fact::Refused { operation: "open_account".to_owned(), refusal: Refusal::CustomerNotFound },
    }
}

#[test]
fn a_ledger_that_keeps_too_many_decisions_takes_no_commands_until_some_have_expired() {
    let decisions = Decisions::new(10, 3);
    for (pinned, full) in [(0, false), (2, false), (3, true), (9, true), (2, false)] {
        decisions.saw_pinned(pinned);
        assert_eq!((decisions.ledger_is_full(), decisions.pinned()), (full, pinned));
    }
}

#[test]
fn what_the_rules_in_force_know_is_not_known_before_they_are() {
    let decisions = Decisions::new(10, 3);
    let change = schemas::ChangeStatus { account_id: schemas::AccountId::mint(1, 0), change: schemas::StatusChange::Close };
    for (version, known) in [(0, None), (2, Some(false)), (3, Some(true)), (1, Some(false))] {
        decisions.saw_rules(version);
        assert_eq!(decisions.rules_know(&Operation::ChangeStatus(change)), known, "{version}");
        assert_eq!(decisions.rules_know(&Operation::ActivateRules(schemas::ActivateRules { version })), Some(true));
    }
}

#[test]
fn a_decision_reaches_its_waiter_whichever_comes_first() {
    let decisions = Decisions::new(10, 10);
    let mut early = decisions.answer(at(1), command("a"));
    assert!(early.try_recv().is_err());
    decisions.saw_events(vec![decided(1, "a", 7)]);
    assert_eq!(decisions.newest(), 7);
    assert_eq!(early.try_recv().unwrap().epoch, 7);
    let mut late = decisions.answer(at(1), command("a"));
    assert_eq!(late.try_recv().unwrap().epoch, 7);
    assert_eq!(decisions.pending(), 0);
}

#[test]
fn a_retry_is_answered_by_its_own_position() {
    let decisions = Decisions::new(10, 10);
    let mut first = decisions.answer(at(1), command("a"));
    let mut retry = decisions.answer(at(2), command("a"));
    decisions.saw_events(vec![decided(2, "a", 9)]);
    assert!(first.try_recv().is_err());
    assert_eq!(retry.try_recv().unwrap().epoch, 9);
}

#[test]
fn an_operation_is_pending_then_decided_then_the_views_business() {
    let decisions = Decisions::new(10, 10);
    assert!(decisions.operation(command("a")).is_none());
    decisions.saw_command(at(1), command("a"), 0);
    assert!(matches!(decisions.operation(command("a")), Some(Known::Pending(position)) if position == at(1)));
    decisions.saw_events(vec![decided(1, "a", 7)]);
    assert!(matches!(decisions.operation(command("a")), Some(Known::Decided(_))));
    decisions.forget(7, &[1]);
    assert!(decisions.operation(command("a")).is_some(), "progress is an exclusive bound");
    decisions.forget(8, &[2]);
    assert!(decisions.operation(command("a")).is_none());
}

#[test]
fn a_retry_that_waits_does_not_hide_the_first_decision() {
    let decisions = Decisions::new(10, 10);
    decisions.saw_events(vec![decided(1, "a", 7)]);
    decisions.saw_command(at(2), command("a"), 0);
    assert!(matches!(decisions.operation(command("a")), Some(Known::Decided(event)) if event.epoch == 7));
    // Once the views have the first, they say what it was.
    decisions.forget(8, &[2]);
    assert!(matches!(decisions.operation(command("a")), Some(Known::Pending(position)) if position == at(2)));
}

#[test]
fn what_was_bound_without_a_decision_is_not_pending_for_ever() {
    let decisions = Decisions::new(10, 10);
    decisions.saw_command(at(3), command("dead letter"), 0);
    decisions.saw_command(at(4), command("alive"), 0);
    decisions.forget(8, &[4]);
    assert!(decisions.operation(command("dead letter")).is_none());
    assert_eq!(decisions.pending(), 1);
}

#[test]
fn what_is_remembered_has_a_bound_and_the_undecided_stay() {
    let decisions = Decisions::new(5, 10);
    for offset in 0..5 {
        decisions.saw_command(at(offset), command(&offset.to_string()), 0);
    }
    assert!(decisions.is_full());
    for offset in 5..100 {
        decisions.saw_events(vec![decided(offset, &offset.to_string(), 7)]);
    }
    assert!(decisions.lock().entries.len() <= 10);
    assert_eq!(decisions.pending(), 5);
    assert!(matches!(decisions.operation(command("3")), Some(Known::Pending(_))));
}

#[test]
fn what_is_large_counts_as_many() {
    let decisions = Decisions::new(5, 10);
    // The door waits for its own command before the tail says how large it is.
    drop(decisions.answer(at(0), command("0")));
    assert_eq!(decisions.pending(), 1);
    decisions.saw_command(at(0), command("0"), 4_200);
    assert_eq!((decisions.pending(), decisions.is_full()), (5, true));
    let of = |outcomes| {
        let outcomes = vec![Outcome::without(ItemStatus::Undone, None); outcomes];
        Fact::BatchDecided(Box::new(BatchDecided { mode: BatchMode::AllOrNothing, dry_run: false, outcomes }))
    };
    decisions.saw_events(vec![Event { fact: of(40), ..decided(0, "0", 7) }]);
    assert_eq!((decisions.pending(), decisions.lock().decided_weight), (0, 6));
    // What was decided keeps the weight of its decision, whatever the tail says of the command.
    decisions.saw_command(at(0), command("0"), 99_999);
    decisions.saw_events(vec![Event { fact: of(40), ..decided(1, "1", 8) }]);
    assert!(decisions.operation(command("0")).is_none(), "both are more than may be remembered");
    decisions.forget(9, &[2]);
    let inner = decisions.lock();
    assert_eq!((inner.pending, inner.decided_weight, inner.entries.len()), (0, 0, 0));
}

#[test]
fn a_batch_is_answered_by_its_own_decision() {
    for tail_is_ahead in [false, true] {
        let decisions = Decisions::new(100, 10);
        let id = command("batch");
        let mut waits = (!tail_is_ahead).then(|| decisions.answer(at(1), id));
        let item = |number| {
            let mut event = decided(1, "batch", 7);
            event.cause.command_id = id.item(number);
            event
        };
        let outcomes = vec![Outcome::without(ItemStatus::Refused, Some(Refusal::HoldNotOpen)); 2];
        let batch = Fact::BatchDecided(Box::new(BatchDecided { mode: BatchMode::Independent, dry_run: false, outcomes }));
        decisions.saw_events(vec![item(0), item(1), Event { fact: batch.clone(), ..decided(1, "batch", 7) }, decided(2, "next", 7)]);
        let answer = waits.get_or_insert_with(|| decisions.answer(at(1), id)).try_recv().unwrap();
        assert_eq!((&answer.fact, answer.cause.command_id), (&batch, id));
        assert!(matches!(decisions.operation(id), Some(Known::Decided(event)) if event.fact == batch));
        assert!(decisions.operation(id.item(0)).is_none());
        assert!(decisions.operation(command("next")).is_some());
        assert_eq!(decisions.pending(), 0);
    }
}
