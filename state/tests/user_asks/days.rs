//! Payments of other days: to come, that have been, and long ago.

use super::bank::{Answer, Bank, DAY_MS, FIRST, payment, xof};
use super::shown;
use schemas::{
    AccountId, CancelOrder, Dated, Event, Fact, Operation, Order, OrderChange, OrderId, PaymentKind, Refund, Refusal, Role, Transaction,
};
use std::sync::Arc;

fn order(bank: &mut Bank, from: AccountId, to: AccountId, minor: i64, dated: Dated) -> Answer {
    bank.ask(Operation::Order(Order { payment: payment(PaymentKind::Transfer, Some(from), Some(to), minor), dated }))
}

fn scheduled(answer: Answer) -> OrderId {
    match answer.expect("the order is taken") {
        Fact::OrderChanged(order) if order.change == OrderChange::Scheduled => order.id,
        other => panic!("{other:?}"),
    }
}

fn payments(events: &[Event]) -> Vec<&Transaction> {
    events.iter().filter_map(|event| if let Fact::Transaction(paid) = &event.fact { Some(paid) } else { None }).collect()
}

#[test]
fn a_scheduled_payment_is_made_once_whatever_stands_still_on_its_day() {
    let mut bank = Bank::new();
    let (payer, payee) = (bank.account(Role::Customer, 100), bank.account(Role::Customer, 0));
    let id = scheduled(order(&mut bank, payer, payee, 60, Dated::ExecuteAt(FIRST + DAY_MS)));
    let waiting: Vec<OrderId> = bank.ledger.orders().map(|order| order.id).collect();
    assert_eq!((waiting, bank.stands(payer)), (vec![id], (100, 0)), "what waits can be seen");
    // No epoch begins on its day, nor on the next.
    let executed = bank.later(3 * DAY_MS);
    assert_eq!(payments(&executed).iter().map(|paid| (paid.amount.minor, paid.refusal)).collect::<Vec<_>>(), [(60, None)]);
    assert!(bank.later(DAY_MS).is_empty() && bank.ledger.orders().count() == 0);
    assert_eq!((bank.stands(payer), bank.stands(payee)), ((40, 0), (60, 0)));
}

#[test]
fn a_scheduled_payment_that_can_t_be_made_is_told_not_tried_for_ever() {
    let mut bank = Bank::new();
    let (payer, payee) = (bank.account(Role::Customer, 10), bank.account(Role::Customer, 0));
    let id = scheduled(order(&mut bank, payer, payee, 60, Dated::ExecuteAt(FIRST + DAY_MS)));
    let told = bank.later(DAY_MS);
    let failed = |event: &Event| matches!(&event.fact, Fact::OrderChanged(order) if order.id == id && order.change == OrderChange::Failed);
    assert!(told.iter().any(failed), "{told:?}");
    assert_eq!(payments(&told)[0].refusal, Some(Refusal::InsufficientFunds));
    bank.pay(PaymentKind::Deposit, None, Some(payer), 1_000).unwrap();
    assert!(bank.later(DAY_MS).is_empty());
    assert_eq!(bank.ask(Operation::CancelOrder(CancelOrder { order_id: id })), Err(Refusal::OrderNotOpen));
}

#[test]
fn cancelled_before_its_day_it_never_is() {
    let mut bank = Bank::new();
    let (payer, payee) = (bank.account(Role::Customer, 100), bank.account(Role::Customer, 0));
    let order_id = scheduled(order(&mut bank, payer, payee, 60, Dated::ExecuteAt(FIRST + DAY_MS)));
    bank.later(DAY_MS - 1);
    assert!(bank.ask(Operation::CancelOrder(CancelOrder { order_id })).is_ok());
    assert!(bank.later(1).is_empty());
    assert_eq!(bank.stands(payer), (100, 0));
}

#[test]
fn orders_of_many_payers_of_one_day_are_all_made_over_several_epochs() {
    let mut bank = Bank::new();
    let payee = bank.account(Role::Customer, 0);
    let payers: Vec<AccountId> = (0..11).map(|_| bank.account(Role::Customer, 100)).collect();
    for payer in &payers {
        for _ in 0..100 {
            scheduled(order(&mut bank, *payer, payee, 1, Dated::ExecuteAt(FIRST + DAY_MS)));
        }
    }
    assert_eq!(payments(&bank.later(DAY_MS)).len(), 1_024);
    assert_eq!(payments(&bank.later(1)).len(), 76);
    assert_eq!((bank.stands(payee), bank.ledger.orders().count()), ((1_100, 0), 0));
}

#[test]
fn a_backdated_payment_says_both_its_days() {
    let mut bank = Bank::new();
    let (payer, payee) = (bank.account(Role::Customer, 100), bank.account(Role::Customer, 0));
    let dated = Dated::EffectiveAt(FIRST - 30 * DAY_MS);
    let asked = Operation::Order(Order { payment: payment(PaymentKind::Transfer, Some(payer), Some(payee), 60), dated });
    let events = bank.tell("value date", asked.clone());
    let [Event { fact: Fact::OrderChanged(told), epoch, .. }, Event { fact: Fact::Transaction(paid), .. }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!((told.dated, *epoch, told.transaction_id), (dated, FIRST, Some(paid.id)));
    assert_eq!((bank.stands(payer), bank.stands(payee)), ((40, 0), (60, 0)));
    let again = bank.tell("value date", asked);
    assert!(matches!(&again[..], [Event { fact: Fact::Repeated(repeat), .. }] if repeat.first.is_some()), "{again:?}");
    assert_eq!(bank.stands(payer), (40, 0));
    let too_early = order(&mut bank, payer, payee, 1, Dated::EffectiveAt(FIRST - 401 * DAY_MS));
    assert_eq!(too_early, Err(Refusal::EffectiveDateOutOfRange));
}

#[test]
fn an_old_payment_is_refunded_once_it_is_shown() {
    let mut bank = Bank::new();
    let (payer, payee) = (bank.account(Role::Customer, 100), bank.account(Role::Customer, 1_000));
    bank.later(60_000);
    let paid = bank.transfer(payer, payee, 100).unwrap();
    bank.later(300 * DAY_MS);
    let refund = |bank: &mut Bank, minor, proof| {
        let proof = if proof { shown::proof(paid.id, std::iter::once(&paid)).map(Arc::new) } else { None };
        bank.ask(Operation::Refund(Refund { transaction_id: paid.id, amount: xof(minor), proof }))
    };
    assert_eq!(refund(&mut bank, 60, false), Err(Refusal::OriginalNotFound));
    assert!(refund(&mut bank, 60, true).is_ok());
    // As often as it is shown, it is paid back once.
    assert_eq!(refund(&mut bank, 60, true), Err(Refusal::RefundExceedsOriginal));
    bank.later(300 * DAY_MS);
    assert_eq!(refund(&mut bank, 60, true), Err(Refusal::RefundExceedsOriginal));
    assert!(refund(&mut bank, 40, false).is_ok());
    assert_eq!((bank.stands(payer), bank.stands(payee)), ((100, 0), (1_000, 0)));
}
