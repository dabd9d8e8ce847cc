//! Snapshots with what came with version 5: orders that wait, the record of what was paid, batches among the decisions.

#[allow(dead_code, reason = "other tests use the rest")]
#[path = "user_asks/bank.rs"]
mod bank;
#[path = "shown/mod.rs"]
mod shown;

use bank::{Bank, DAY_MS, FIRST, payment, settled, xof};
use schemas::{
    AccountId, ActivateRules, Batch, BatchMode, CancelOrder, Capture, Dated, Event, Fact, HoldId, Operation, Order, OrderId, PaymentKind,
    Refund, Refusal, Reserve, Role, Transaction, TransactionId,
};
use state::bytes::Damaged;
use state::pins::{SEGMENT_PINS, Segment};
use state::{Ledger, Thawing};
use std::sync::Arc;

const MINUTE_MS: u64 = 60_000;

/// The ledger as a disk gives it back, and the format in which it lay there.
fn thaw(ledger: &Ledger) -> (Result<Ledger, Damaged>, u8) {
    let frozen = ledger.clone().freeze();
    let parts: Vec<String> = (0..frozen.segments().len()).map(|number| number.to_string()).collect();
    let stored: Vec<Vec<u8>> = frozen.segments().iter().map(|segment| segment.whole().write()).collect();
    let chunks: Vec<Vec<u8>> = frozen.chunks(&parts).collect();
    let mut thawing = Thawing::default();
    let part = |name: &str| Segment::read(&stored[name.parse::<usize>().map_err(|_| Damaged::new(name))?]);
    let read = chunks.iter().try_for_each(|chunk| thawing.chunk(chunk, part));
    // After the kind, the least byte of the format.
    (read.and_then(|()| Ledger::thaw(thawing)), chunks[0][1])
}

/// The bank out of its snapshot.
fn thawed(bank: &Bank, format: u8) -> Bank {
    let (ledger, written) = thaw(&bank.ledger);
    assert_eq!(written, format);
    let ledger = ledger.expect("what was frozen can be thawed");
    assert_eq!(ledger.clone().freeze(), bank.ledger.clone().freeze());
    Bank { ledger, ..*bank }
}

fn transfer(from: AccountId, to: AccountId, minor: i64) -> Operation {
    Operation::Pay(payment(PaymentKind::Transfer, Some(from), Some(to), minor))
}

fn batch(items: Vec<Operation>) -> Operation {
    Operation::Batch(Batch { mode: BatchMode::Independent, dry_run: false, items })
}

fn order(from: AccountId, to: AccountId, minor: i64, dated: Dated) -> Operation {
    Operation::Order(Order { payment: payment(PaymentKind::Transfer, Some(from), Some(to), minor), dated })
}

fn paid(events: &[Event]) -> Vec<Transaction> {
    let settled = |event: &Event| match &event.fact {
        Fact::Transaction(paid) if paid.refusal.is_none() => Some(paid.clone()),
        _ => None,
    };
    events.iter().filter_map(settled).collect()
}

/// What all of these say to the same question, which is the same.
fn all(banks: &mut [Bank], mut ask: impl FnMut(&mut Bank) -> Vec<Event>) -> Vec<Event> {
    let said: Vec<Vec<Event>> = banks.iter_mut().map(&mut ask).collect();
    assert!(said.windows(2).all(|pair| pair[0] == pair[1]), "{said:#?}");
    said.into_iter().next().expect("there is a bank")
}

#[test]
fn orders_batches_and_the_record_outlive_a_stop() {
    let mut bank = Bank::by_rules(5);
    let (payer, payee) = (bank.account(Role::Customer, 1_000_000), bank.account(Role::Customer, 1_000_000));
    // One minute of more than a leaf, one of a few; batches before, in and behind a full segment of decisions.
    bank.later(MINUTE_MS);
    let mut old = paid(&bank.tell("first", batch(vec![transfer(payer, payee, 1); 40])));
    bank.later(MINUTE_MS);
    let reserve =
        Operation::Reserve(Reserve { payment: payment(PaymentKind::Transfer, Some(payer), Some(payee), 50), expires_in_ms: 20 * DAY_MS });
    let second = batch(vec![transfer(payer, payee, 2), reserve, transfer(payer, payee, 5_000_000), transfer(payer, payee, 3)]);
    let held = bank.tell("second", second.clone());
    let hold_id = held.iter().find_map(|event| if let Fact::HoldChanged(held) = &event.fact { Some(held.id) } else { None }).unwrap();
    old.extend(paid(&held));
    for day in [9, 8, 30] {
        bank.ask(order(payer, payee, 10, Dated::ExecuteAt(FIRST + day * DAY_MS))).unwrap();
    }
    bank.later(MINUTE_MS);
    for _ in 0..SEGMENT_PINS {
        bank.transfer(payee, payer, 1).unwrap();
    }
    let recent = paid(&bank.tell("third", batch(vec![transfer(payer, payee, 7), transfer(payer, payee, 8)])));
    let cancelled = bank.ledger.orders().find(|order| order.execute_at > FIRST + 10 * DAY_MS).map(|order| order.id).unwrap();

    let mut banks = [thawed(&bank, 5), bank.clone()];
    banks[0] = thawed(&banks[0], 5);
    all(&mut banks, |bank| bank.later(1));
    let again = all(&mut banks, |bank| bank.tell("second", second.clone()));
    let first = held.last().map(|event| &event.fact);
    assert!(matches!(&again[..], [Event { fact: Fact::Repeated(repeat), .. }] if repeat.first.as_ref() == first), "{again:?}");
    // What items of batches have made is found: in the full segment, and in the one that is filled.
    for transaction_id in [old[41].id, recent[1].id] {
        let refund = Operation::Refund(Refund { transaction_id, amount: xof(1), proof: None });
        let key = transaction_id.to_string();
        assert_eq!(paid(&all(&mut banks, |bank| bank.tell(&key, refund.clone()))).len(), 1);
    }
    let capture = Operation::Capture(Capture { hold_id, amount: xof(20), last: false });
    assert_eq!(paid(&all(&mut banks, |bank| bank.tell("capture", capture.clone()))).len(), 1);

    let executed = all(&mut banks, |bank| bank.later(8 * DAY_MS));
    assert_eq!(paid(&executed).len(), 1, "that of the eighth day");
    banks[0] = thawed(&banks[0], 5);
    let executed = paid(&all(&mut banks, |bank| bank.later(DAY_MS)));
    assert_eq!(executed.len(), 1);
    let refund = Operation::Refund(Refund { transaction_id: executed[0].id, amount: xof(1), proof: None });
    assert_eq!(paid(&all(&mut banks, |bank| bank.tell("of an order", refund.clone()))).len(), 1);
    all(&mut banks, |bank| bank.tell("cancel", Operation::CancelOrder(CancelOrder { order_id: cancelled })));
    // What is forgotten can be proven, in either minute.
    for original in [&old[0], &old[39], &old[40]] {
        let refund = |proof| Operation::Refund(Refund { transaction_id: original.id, amount: xof(1), proof });
        let shown = shown::proof(original.id, old.iter()).map(Arc::new);
        let (with, without) = (original.id.to_string(), format!("{} unproven", original.id));
        assert_eq!(paid(&all(&mut banks, |bank| bank.tell(&without, refund(None)))), []);
        assert_eq!(paid(&all(&mut banks, |bank| bank.tell(&with, refund(shown.clone())))).len(), 1);
    }
    assert!(all(&mut banks, |bank| bank.later(30 * DAY_MS)).iter().all(|event| matches!(event.fact, Fact::HoldChanged(_))), "cancelled");
    assert_eq!(banks[0].ledger.freeze(), banks[1].ledger.freeze());
}

#[test]
fn a_snapshot_of_version_4_goes_on_by_its_rules_and_then_by_version_5() {
    let mut bank = Bank::by_rules(4);
    let (payer, payee) = (bank.account(Role::Customer, 1_000), bank.account(Role::Customer, 1_000));
    let before = bank.transfer(payer, payee, 100).unwrap();
    bank.refund(before.id, 1).unwrap();
    let hold_id = bank.reserve(payer, payee, 50).unwrap();

    // One never stops, one does under version 4, one between the versions, one under version 5.
    let mut banks = [bank.clone(), thawed(&bank, 4), bank.clone(), bank];
    all(&mut banks, |bank| bank.later(MINUTE_MS / 2));
    let order_tomorrow = |bank: &mut Bank| bank.tell("order", order(payer, payee, 10, Dated::ExecuteAt(FIRST + DAY_MS)));
    let refused = all(&mut banks, order_tomorrow);
    assert!(matches!(&refused[0].fact, Fact::Refused { refusal: Refusal::OperationNotInForce, .. }), "{refused:?}");
    all(&mut banks, |bank| bank.tell("activate", Operation::ActivateRules(ActivateRules { version: 5 })));
    banks[2] = thawed(&banks[2], 4);
    all(&mut banks, |bank| bank.later(1));
    banks[3] = thawed(&banks[3], 5);

    // The minute in which version 5 came is not whole, the next is.
    let in_part = all(&mut banks, |bank| bank.tell("in part", transfer(payer, payee, 20)));
    all(&mut banks, |bank| bank.later(MINUTE_MS));
    let whole = all(&mut banks, |bank| bank.tell("whole", batch(vec![transfer(payer, payee, 30), transfer(payer, payee, 31)])));
    let again = all(&mut banks, order_tomorrow);
    assert!(matches!(&again[0].fact, Fact::Repeated(_)), "{again:?}");
    all(&mut banks, |bank| bank.tell("an order", order(payer, payee, 10, Dated::ExecuteAt(FIRST + DAY_MS))));
    all(&mut banks, |bank| bank.later(MINUTE_MS));
    let capture = Operation::Capture(Capture { hold_id, amount: xof(20), last: true });
    all(&mut banks, |bank| bank.tell("capture", capture.clone()));
    assert_eq!(paid(&all(&mut banks, |bank| bank.later(10 * DAY_MS))).len(), 1, "the order");

    let refund = |bank: &mut Bank, original: &Transaction, proven: bool, said: &[Event]| {
        let proof = shown::proof(original.id, paid(said).iter()).filter(|_| proven).map(Arc::new);
        let operation = Operation::Refund(Refund { transaction_id: original.id, amount: xof(1), proof });
        bank.tell(&format!("{} {proven}", original.id), operation)
    };
    let [in_part_paid] = &paid(&in_part)[..] else { panic!("{in_part:?}") };
    assert_eq!(paid(&all(&mut banks, |bank| refund(bank, in_part_paid, true, &in_part))), [], "its minute was not whole");
    for original in &paid(&whole) {
        assert_eq!(paid(&all(&mut banks, |bank| refund(bank, original, false, &whole))), []);
        assert_eq!(paid(&all(&mut banks, |bank| refund(bank, original, true, &whole))).len(), 1);
    }
    // What was given back under version 4 stays known.
    assert_eq!(paid(&all(&mut banks, |bank| refund(bank, &before, false, &[]))).len(), 1);
    assert!(banks.windows(2).all(|pair| pair[0].ledger.clone().freeze() == pair[1].ledger.clone().freeze()));
}

#[test]
fn an_order_of_the_house_outlives_a_stop_before_the_house_has_paid_anything() {
    let mut bank = Bank::by_rules(5);
    let account = bank.account(Role::Customer, 0);
    let deposit = payment(PaymentKind::Deposit, None, Some(account), 10);
    let told = bank.tell("order", Operation::Order(Order { payment: deposit, dated: Dated::ExecuteAt(FIRST + DAY_MS) }));
    let [Event { fact: Fact::AccountOpened(_), .. }, Event { fact: Fact::OrderChanged(scheduled), .. }] = &told[..] else {
        panic!("{told:?}")
    };
    let order_id: OrderId = scheduled.id;
    let mut banks = [thawed(&bank, 5), bank.clone()];
    assert_eq!(paid(&all(&mut banks, |bank| bank.later(DAY_MS))).len(), 1);
    let mut bank = thawed(&bank, 5);
    let cancelled = bank.tell("cancel", Operation::CancelOrder(CancelOrder { order_id }));
    assert!(matches!(&cancelled[..], [Event { fact: Fact::OrderChanged(_), .. }]), "{cancelled:?}");
}

#[test]
fn ids_that_a_snapshot_never_had_are_found_in_none() {
    let mut bank = Bank::by_rules(5);
    let (payer, payee) = (bank.account(Role::Customer, 100), bank.account(Role::Customer, 0));
    bank.ask(order(payer, payee, 10, Dated::ExecuteAt(FIRST + DAY_MS))).unwrap();
    let mut bank = thawed(&bank, 5);
    let unknown = (OrderId::mint(FIRST, 999), HoldId::mint(FIRST, 999), TransactionId::mint(FIRST, 999));
    let cancel = bank.ask(Operation::CancelOrder(CancelOrder { order_id: unknown.0 }));
    assert_eq!(cancel, Err(Refusal::OrderNotOpen));
    assert_eq!(
        settled(bank.ask(Operation::Capture(Capture { hold_id: unknown.1, amount: xof(1), last: true }))),
        Err(Refusal::HoldNotOpen)
    );
    assert_eq!(bank.refund(unknown.2, 1), Err(Refusal::OriginalNotFound));
}
