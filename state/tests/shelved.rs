//! Pins that lie on a disk: whatever is decided and told is what a ledger decides and tells that has them all in memory.

#[allow(dead_code, reason = "other tests use the rest")]
#[path = "user_asks/bank.rs"]
mod bank;
#[allow(dead_code, reason = "other tests use the rest")]
#[path = "auditor/history/mod.rs"]
mod history;
mod in_memory;

use bank::{Bank, payment, xof};
use history::{cause, gaps, history, recorded};
use in_memory::Room;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use schemas::{Asked, Batch, BatchMode, Event, Fact, Operation, PaymentKind, Refund, Role};
use state::Ledger;
use state::pins::{HORIZON_MS, WARM_SEGMENTS};

/// Pins of a full segment: histories are short.
const FULL: usize = 3;

fn repeated(events: &[Event]) -> Option<Fact> {
    match &events {
        [Event { fact: Fact::Repeated(repeat), .. }] => repeat.first.clone(),
        _ => None,
    }
}

#[test]
fn what_lies_on_the_shelf_is_told_again_given_back_and_forgotten() {
    let (room, mut bank) = (Room::new(), Bank::new());
    bank.ledger.fill_segments_with(FULL);
    let (payer, payee) = (bank.account(Role::Customer, 10_000), bank.account(Role::Customer, 0));
    let pay = |minor| Operation::Pay(payment(PaymentKind::Transfer, Some(payer), Some(payee), minor));
    let batch = Operation::Batch(Batch { mode: BatchMode::Independent, dry_run: false, items: vec![pay(3), pay(99_999), pay(4)] });
    bank.later(1);
    let told: Vec<Event> = ["one", "two"].iter().flat_map(|key| bank.tell(key, pay(5))).collect();
    let batched = bank.tell("batch", batch.clone());
    for number in 0..FULL * (WARM_SEGMENTS + 1) {
        bank.tell(&format!("later {number}"), pay(1));
    }
    let mut warm = bank.clone();
    room.shelve(&mut bank.ledger, 255);
    let sizes = bank.ledger.sizes();
    assert!(sizes.cold_pins >= 8, "{sizes:?}");
    assert_eq!(bank.ledger.freeze(), warm.ledger.freeze());

    let transfer = |event: &Event| if let Fact::Transaction(paid) = &event.fact { Some(paid.clone()) } else { None };
    let first: Vec<_> = told.iter().filter_map(transfer).collect();
    for bank in [&mut bank, &mut warm] {
        bank.later(1_000);
        let told = repeated(&bank.tell("two", pay(5)));
        assert!(matches!(told, Some(Fact::Transaction(paid)) if paid.id == first[1].id && paid.refusal.is_none()));
        assert!(matches!(&bank.tell("two", pay(6))[..], [Event { fact: Fact::Repeated(repeat), .. }] if repeat.first.is_none()));
        assert_eq!(repeated(&bank.tell("batch", batch.clone())).as_ref(), batched.last().map(|event| &event.fact));
    }
    let second = batched.iter().filter_map(transfer).rfind(|paid| paid.refusal.is_none()).unwrap();
    for transaction_id in [first[0].id, second.id] {
        let refund = Operation::Refund(Refund { transaction_id, amount: xof(2), proof: None });
        let said = [&mut bank, &mut warm].map(|bank| bank.tell(&transaction_id.to_string(), refund.clone()));
        assert!(said[0].iter().filter_map(transfer).any(|back| back.kind == PaymentKind::Refund && back.refusal.is_none()), "{said:?}");
        assert_eq!(said[0], said[1]);
    }
    let cold = bank.ledger.sizes().cold_pins;
    for bank in [&mut bank, &mut warm] {
        bank.later(HORIZON_MS - 999);
    }
    assert_eq!(bank.ledger.freeze(), warm.ledger.freeze());
    assert!(bank.ledger.sizes().cold_pins < cold, "the oldest are forgotten");
    // The same key is a new operation now.
    let said = [&mut bank, &mut warm].map(|bank| bank.tell("two", pay(5)));
    assert!(repeated(&said[0]).is_none() && said[0] == said[1], "{said:?}");
}

#[test]
#[should_panic(expected = "nothing is decided without it")]
fn nothing_is_decided_where_a_page_is_gone() {
    let (room, mut bank) = (Room::new(), Bank::new());
    bank.ledger.fill_segments_with(FULL);
    for _ in 0..FULL * (WARM_SEGMENTS + 2) {
        bank.account(Role::Customer, 0);
    }
    room.shelve(&mut bank.ledger, 255);
    room.clear();
    bank.asked = 0;
    bank.account(Role::Customer, 0);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("seeds"))), ..ProptestConfig::default() })]

    #[test]
    fn a_history_goes_on_wherever_its_pins_lie(history in history(gaps()), size in 1..5usize, cuts in prop::collection::vec(any::<u8>(), 1..20)) {
        let room = Room::new();
        let asked = recorded(&history);
        let (mut warm, mut ledger, mut cuts) = (Ledger::default(), Ledger::default(), cuts.into_iter().cycle());
        let mut both = |ledger: &mut Ledger, go_on: &dyn Fn(&mut Ledger, &mut Vec<Event>)| {
            let (mut said, mut again) = (Vec::new(), Vec::new());
            go_on(&mut warm, &mut said);
            go_on(ledger, &mut again);
            prop_assert_eq!(&said, &again);
            prop_assert_eq!(warm.freeze(), ledger.freeze());
            Ok(())
        };
        let mut cut = |ledger: &mut Ledger| {
            let bits = cuts.next().expect("there is no end of them");
            match bits % 4 {
                0 => *ledger = room.thawed(ledger, bits >> 2),
                1 | 2 => room.shelve(ledger, bits | 3),
                _ => {}
            }
            ledger.fill_segments_with(size);
        };
        for (epoch, rules, cause, command) in &asked {
            if *epoch > ledger.epoch() {
                cut(&mut ledger);
                both(&mut ledger, &|ledger, events| {
                    ledger.fill_segments_with(size);
                    ledger.begin(*epoch, *rules, events);
                })?;
            }
            both(&mut ledger, &|ledger, events| ledger.apply(cause.clone(), &Asked::of(command.clone()), events))?;
        }
        // All of it once more.
        cut(&mut ledger);
        room.shelve(&mut ledger, 255);
        let (epoch, rules) = (ledger.epoch() + 1, ledger.next_rules().max(1));
        both(&mut ledger, &|ledger, events| ledger.begin(epoch, rules, events))?;
        for (number, (_, _, _, command)) in asked.iter().enumerate() {
            let cause = cause(command, asked.len() + number);
            both(&mut ledger, &|ledger, events| ledger.apply(cause.clone(), &Asked::of(command.clone()), events))?;
        }
    }
}
