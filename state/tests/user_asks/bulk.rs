//! Many operations at once.

use super::bank::{Bank, DAY_MS, payment, xof};
use schemas::{
    AccountId, Batch, BatchDecided, BatchMode, Bearer, Capture, Event, Fact, HoldId, ItemStatus, Operation, PaymentKind, Refund, Refusal,
    Release, Reserve, Role, TransactionId,
};
use std::collections::BTreeSet;

fn transfer(from: AccountId, to: AccountId, minor: i64) -> Operation {
    Operation::Pay(payment(PaymentKind::Transfer, Some(from), Some(to), minor))
}

fn refund(transaction_id: TransactionId, minor: i64) -> Operation {
    Operation::Refund(Refund { transaction_id, amount: xof(minor), proof: None })
}

fn reserve(from: AccountId, to: AccountId, minor: i64) -> Operation {
    Operation::Reserve(Reserve { payment: payment(PaymentKind::Transfer, Some(from), Some(to), minor), expires_in_ms: DAY_MS })
}

fn batch(mode: BatchMode, items: Vec<Operation>) -> Operation {
    Operation::Batch(Batch { mode, dry_run: false, items })
}

fn decided(events: &[Event]) -> BatchDecided {
    match events.last().map(|event| &event.fact) {
        Some(Fact::BatchDecided(decided)) => (**decided).clone(),
        other => panic!("{other:?}"),
    }
}

fn statuses(decided: &BatchDecided) -> Vec<ItemStatus> {
    decided.outcomes.iter().map(|outcome| outcome.status).collect()
}

#[test]
fn atomic_bulk_leaves_nothing() {
    let mut bank = Bank::new();
    bank.fee(Bearer::Payer, 1, 0);
    let (payer, payee) = (bank.account(Role::Customer, 1_000), bank.account(Role::Customer, 100));
    let paid = bank.transfer(payer, payee, 100).unwrap();
    let hold_id = bank.reserve(payer, payee, 100).unwrap();
    let before = (bank.all(), bank.ledger.freeze().chunks(&[]).count());
    let items = vec![
        transfer(payer, payee, 10),
        refund(paid.id, 40),
        Operation::Capture(Capture { hold_id, amount: xof(30), last: true }),
        reserve(payer, payee, 50),
        transfer(payer, payee, 10_000),
        transfer(payer, payee, 1),
    ];
    let events = bank.tell("bulk", batch(BatchMode::AllOrNothing, items));
    let decided = decided(&events);
    assert_eq!(events.len(), 1, "nothing is said of what has not happened");
    assert_eq!(decided.undone_by(), Some((4, Refusal::InsufficientFunds)));
    assert!(statuses(&decided).iter().enumerate().all(|(place, status)| (*status == ItemStatus::Undone) == (place != 4)));
    assert_eq!((bank.all(), bank.ledger.freeze().chunks(&[]).count()), before);
    // All of it can still be done.
    assert!(bank.refund(paid.id, 100).is_ok());
    assert_eq!(bank.capture(hold_id, 100, true).map(|captured| captured.fee_minor), Ok(1));
}

#[test]
fn bulk_tells_what_became_of_every_item() {
    let mut bank = Bank::new();
    bank.fee(Bearer::Payer, 2, 0);
    let (payer, payee) = (bank.account(Role::Customer, 200), bank.account(Role::Customer, 0));
    let hold_id = bank.reserve(payer, payee, 10).unwrap();
    let items = vec![
        transfer(payer, payee, 100),
        transfer(payer, payee, 100),
        reserve(payer, payee, 20),
        Operation::Release(Release { hold_id }),
        Operation::Release(Release { hold_id }),
        Operation::Capture(Capture { hold_id: HoldId::mint(1, 0), amount: xof(1), last: true }),
    ];
    let events = bank.tell("bulk", batch(BatchMode::Independent, items));
    let decided = decided(&events);
    use ItemStatus::{Failed, Refused, Released, Reserved, Settled};
    assert_eq!(statuses(&decided), [Settled, Failed, Reserved, Released, Refused, Refused]);
    let said = |place: usize| &events[place].fact;
    let outcomes = &decided.outcomes;
    // Each with the id under which it can be found, its fee and its reason.
    assert!(
        matches!(said(1), Fact::Transaction(paid) if Some(paid.id) == outcomes[0].transaction_id && paid.fee_minor == outcomes[0].fee_minor)
    );
    assert!(
        matches!(said(2), Fact::Transaction(paid) if Some(paid.id) == outcomes[1].transaction_id && paid.refusal == outcomes[1].refusal)
    );
    assert!(matches!(said(3), Fact::HoldChanged(held) if Some(held.id) == outcomes[2].hold_id && held.fee_minor == outcomes[2].fee_minor));
    assert_eq!((outcomes[3].hold_id, outcomes[4].hold_id), (Some(hold_id), None));
    assert_eq!([outcomes[4].refusal, outcomes[5].refusal], [Some(Refusal::HoldNotOpen); 2]);
    assert_eq!(outcomes[1].refusal, Some(Refusal::InsufficientFunds));
}

#[test]
fn a_batch_that_is_run_twice_posts_once() {
    let mut bank = Bank::new();
    let payees: Vec<AccountId> = (0..50).map(|_| bank.account(Role::Customer, 0)).collect();
    let interest = || {
        let items = payees.iter().map(|payee| Operation::Pay(payment(PaymentKind::Deposit, None, Some(*payee), 3))).collect();
        batch(BatchMode::AllOrNothing, items)
    };
    let first = bank.tell("interest of november", interest());
    for ms in [1, DAY_MS, 5 * DAY_MS] {
        bank.later(ms);
        let again = bank.tell("interest of november", interest());
        let [Event { fact: Fact::Repeated(repeat), .. }] = &again[..] else { panic!("{again:?}") };
        assert_eq!(repeat.first.as_ref(), first.last().map(|event| &event.fact));
    }
    assert!(payees.iter().all(|payee| bank.stands(*payee) == (3, 0)));
    // Another batch under the same key is a mistake, not a second month.
    let other = bank.tell("interest of november", batch(BatchMode::AllOrNothing, vec![transfer(payees[0], payees[1], 1)]));
    assert!(matches!(&other[..], [Event { fact: Fact::Repeated(repeat), .. }] if repeat.first.is_none()), "{other:?}");
}

#[test]
fn refunds_in_one_batch_never_exceed_the_payment() {
    let mut bank = Bank::new();
    let (payer, payee) = (bank.account(Role::Customer, 100), bank.account(Role::Customer, 1_000));
    let paid = bank.transfer(payer, payee, 100).unwrap();
    let events = bank.tell("both", batch(BatchMode::Independent, vec![refund(paid.id, 60), refund(paid.id, 60), refund(paid.id, 40)]));
    let outcomes = decided(&events).outcomes;
    let refusals: Vec<Option<Refusal>> = outcomes.iter().map(|outcome| outcome.refusal).collect();
    assert_eq!(refusals, [None, Some(Refusal::RefundExceedsOriginal), None]);
    assert_eq!((bank.stands(payer), bank.stands(payee)), ((100, 0), (1_000, 0)));
}

#[test]
fn holds_are_made_and_captured_in_bulk() {
    const HOLDS: usize = 2_000;
    let mut bank = Bank::new();
    let (payer, payee) = (bank.account(Role::Customer, 20_000), bank.account(Role::Customer, 0));
    let made = bank.tell("holds", batch(BatchMode::AllOrNothing, vec![reserve(payer, payee, 10); HOLDS]));
    let holds: Vec<HoldId> = decided(&made).outcomes.iter().filter_map(|outcome| outcome.hold_id).collect();
    assert_eq!((holds.iter().collect::<BTreeSet<_>>().len(), bank.stands(payer)), (HOLDS, (20_000, 20_000)));
    let capture = |hold_id: &HoldId| Operation::Capture(Capture { hold_id: *hold_id, amount: xof(10), last: true });
    // One that is captured already undoes all; without it, all are captured.
    let twice: Vec<Operation> = holds.iter().chain(&holds[7..8]).map(capture).collect();
    let undone = bank.tell("twice", batch(BatchMode::AllOrNothing, twice));
    assert_eq!(decided(&undone).undone_by(), Some((HOLDS, Refusal::HoldNotOpen)));
    let captured = bank.tell("once", batch(BatchMode::AllOrNothing, holds.iter().map(capture).collect()));
    assert!(statuses(&decided(&captured)).iter().all(|status| *status == ItemStatus::Settled));
    assert_eq!((bank.stands(payer), bank.stands(payee)), ((0, 0), (20_000, 0)));
}

#[test]
fn a_dry_run_tells_the_fee_and_the_reason_and_moves_nothing() {
    let mut bank = Bank::new();
    bank.fee(Bearer::Payer, 2, 10_000);
    let (payer, payee) = (bank.account(Role::Customer, 1_000), bank.account(Role::Customer, 0));
    let before = bank.ledger.freeze();
    let ask = |bank: &mut Bank, minor| {
        let items = vec![transfer(payer, payee, minor)];
        decided(&bank.tell("would it", Operation::Batch(Batch { mode: BatchMode::Independent, dry_run: true, items }))).outcomes[0]
    };
    let outcome = ask(&mut bank, 500);
    assert_eq!((outcome.status, outcome.fee_minor, outcome.transaction_id), (ItemStatus::Settled, 7, None));
    let outcome = ask(&mut bank, 990);
    assert_eq!((outcome.status, outcome.refusal), (ItemStatus::Failed, Some(Refusal::InsufficientFunds)));
    assert_eq!(bank.ledger.freeze(), before);
    // The same question has another answer when there is more.
    bank.pay(PaymentKind::Deposit, None, Some(payer), 100).unwrap();
    assert_eq!(ask(&mut bank, 990).status, ItemStatus::Settled);
    assert_eq!(bank.stands(payer), (1_100, 0));
}
