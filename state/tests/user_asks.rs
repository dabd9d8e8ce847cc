//! What people who use ledgers ask for, by name.

#[path = "user_asks/bank.rs"]
mod bank;
#[path = "user_asks/bulk.rs"]
mod bulk;
#[path = "user_asks/days.rs"]
mod days;
#[path = "shown/mod.rs"]
mod shown;

use bank::{Bank, DAY_MS, FIRST, XOF, answer, fixed, payment, xof};
use schemas::{
    AccountId, AccountTerms, ActivateRules, Bearer, Capture, ChangeStatus, Event, Fact, HoldChange, HoldId, Limits, Operation, PaymentKind,
    Policy, Refund, Refusal, Release, Reserve, Reverse, Role, StatusChange, TariffEnd, Transaction, TransactionId,
};

#[test]
fn holds_are_counted_in_available() {
    let mut bank = Bank::new();
    let (payer, payee) = (bank.account(Role::Customer, 100), bank.account(Role::Customer, 0));
    bank.reserve(payer, payee, 60).unwrap();
    assert_eq!(bank.stands(payer), (100, 60));
    assert_eq!(bank.transfer(payer, payee, 41).unwrap_err(), Refusal::InsufficientFunds);
    assert_eq!(bank.pay(PaymentKind::Withdrawal, Some(payer), None, 41).unwrap_err(), Refusal::InsufficientFunds);
    bank.transfer(payer, payee, 40).unwrap();
    assert_eq!((bank.stands(payer), bank.stands(payee)), ((60, 60), (40, 0)));
}

#[test]
fn a_sixth_hold_is_refused() {
    let mut bank = Bank::new();
    let (payer, payee) = (bank.account(Role::Customer, 100), bank.account(Role::Customer, 0));
    let holds: Vec<HoldId> = (0..5).map(|_| bank.reserve(payer, payee, 20).unwrap()).collect();
    assert_eq!(bank.reserve(payer, payee, 20).unwrap_err(), Refusal::InsufficientFunds);
    assert_eq!(bank.reserve(payer, payee, 1).unwrap_err(), Refusal::InsufficientFunds);
    bank.release(holds[2]).unwrap();
    bank.reserve(payer, payee, 20).unwrap();
    assert_eq!(bank.stands(payer), (100, 100));
}

#[test]
fn concurrent_refunds_never_exceed_the_payment() {
    let mut bank = Bank::new();
    let (payer, payee) = (bank.account(Role::Customer, 100), bank.account(Role::Customer, 1_000));
    let paid = bank.transfer(payer, payee, 100).unwrap();
    bank.later(1);
    let refunds = [bank.refund(paid.id, 60), bank.refund(paid.id, 60)].map(|refund| refund.map(|refund| refund.amount.minor));
    assert_eq!(refunds, [Ok(60), Err(Refusal::RefundExceedsOriginal)]);
    bank.refund(paid.id, 40).unwrap();
    for ms in [1, 20 * DAY_MS] {
        bank.later(ms);
        assert_eq!(bank.refund(paid.id, 1).unwrap_err(), Refusal::RefundExceedsOriginal);
        assert_eq!(bank.reverse(paid.id).unwrap_err(), Refusal::RefundExceedsOriginal);
    }
    assert_eq!((bank.stands(payer), bank.stands(payee)), ((100, 0), (1_000, 0)));
}

#[test]
fn the_same_account_twice_is_refused() {
    let mut bank = Bank::new();
    let account = bank.account(Role::Customer, 100);
    bank.fee(Bearer::Payer, 1, 0);
    assert_eq!(bank.transfer(account, account, 1).unwrap_err(), Refusal::AccountsMustDiffer);
    assert_eq!(bank.reserve(account, account, 1).unwrap_err(), Refusal::AccountsMustDiffer);
    assert_eq!(bank.stands(account), (100, 0));
}

#[test]
fn expiry_restores_the_available_balance_always() {
    // Of an active payer, a suspended one, under rules that know no holds, of a hold that was captured in part, long after.
    for (case, captured, ms) in [("active", 0, DAY_MS), ("suspended", 10, DAY_MS), ("older rules", 30, DAY_MS), ("late", 59, 40 * DAY_MS)] {
        let mut bank = Bank::new();
        bank.fee(Bearer::Payer, 0, 100_000);
        let (payer, payee) = (bank.account(Role::Customer, 200), bank.account(Role::Customer, 0));
        let before = bank.stands(payer);
        let hold = bank.reserve(payer, payee, 60).unwrap();
        assert_eq!(bank.stands(payer), (before.0, 66), "{case}");
        let paid = if captured > 0 { bank.capture(hold, captured, false).unwrap().postings[0].amount_minor } else { 0 };
        match case {
            "suspended" => {
                let change = ChangeStatus { account_id: payer, change: StatusChange::Suspend };
                bank.ask(Operation::ChangeStatus(change)).unwrap();
            }
            "older rules" => drop(bank.ask(Operation::ActivateRules(ActivateRules { version: 3 })).unwrap()),
            _ => {}
        }
        assert!(bank.later(ms - 1).is_empty() || ms > DAY_MS, "{case}: a hold that ends too early");
        let ended = bank.later(1);
        assert_eq!(ended.len(), usize::from(ms == DAY_MS), "{case}");
        assert!(
            ended.iter().all(|event| matches!(&event.fact, Fact::HoldChanged(held) if held.change == HoldChange::Expired && !held.open))
        );
        assert_eq!(bank.stands(payer), (before.0 + paid, 0), "{case}");
    }
}

#[test]
fn holds_that_end_together_end_in_order_over_several_epochs() {
    let mut bank = Bank::new();
    let (payer, payee) = (bank.account(Role::Customer, 5_000), bank.account(Role::Customer, 0));
    let holds: Vec<HoldId> = (0..5_000).map(|_| bank.reserve(payer, payee, 1).unwrap()).collect();
    let ended = |events: Vec<Event>| -> Vec<HoldId> {
        let id = |event: &Event| match &event.fact {
            Fact::HoldChanged(held) if held.change == HoldChange::Expired => held.id,
            other => panic!("{other:?}"),
        };
        events.iter().map(id).collect()
    };
    assert_eq!(ended(bank.later(DAY_MS)), holds[..4_096]);
    assert_eq!(bank.stands(payer), (5_000, 904));
    // The time of the others is over all the same.
    assert_eq!(bank.capture(holds[4_999], 1, true).unwrap_err(), Refusal::HoldNotOpen);
    assert_eq!(bank.release(holds[4_999]).unwrap_err(), Refusal::HoldNotOpen);
    assert_eq!(ended(bank.later(1)), holds[4_096..]);
    assert_eq!(bank.stands(payer), (5_000, 0));
}

#[test]
fn there_is_room_for_so_many_tariffs_and_again_when_one_has_ended() {
    let mut bank = Bank::new();
    let tariff =
        |bank: &mut Bank, number: u32| bank.ask(Operation::SetPolicy(Policy::Tariff(fixed(&format!("t{number}"), Bearer::Payer, 1, 0))));
    let end = |bank: &mut Bank, number: u32| {
        let end = TariffEnd { code: format!("t{number}"), effective_from: None };
        bank.ask(Operation::SetPolicy(Policy::TariffEnd(end)))
    };
    (0..256).for_each(|number| drop(tariff(&mut bank, number).unwrap()));
    assert_eq!(tariff(&mut bank, 256).unwrap_err(), Refusal::PoliciesFull);
    // One that is known may change.
    tariff(&mut bank, 255).unwrap();
    end(&mut bank, 7).unwrap();
    assert_eq!(end(&mut bank, 7).unwrap_err(), Refusal::TariffNotFound);
    tariff(&mut bank, 256).unwrap();
    assert_eq!(tariff(&mut bank, 7).unwrap_err(), Refusal::PoliciesFull);
}

#[test]
fn precision_and_overflow_are_refusals_not_wraps() {
    let most = i64::MAX;
    let mut bank = Bank::new();
    let (rich, other) = (bank.account(Role::Customer, most), bank.account(Role::Customer, 0));
    bank.fee(Bearer::Payer, 1, 0);
    // The fee comes on top of all that there is, and of all that an amount can say.
    assert_eq!(bank.transfer(rich, other, most).unwrap_err(), Refusal::InsufficientFunds);
    assert_eq!(bank.reserve(rich, other, most).unwrap_err(), Refusal::InsufficientFunds);
    bank.fee(Bearer::Payer, 2, 0);
    assert_eq!(bank.transfer(rich, other, most).unwrap_err(), Refusal::InsufficientFunds);
    assert_eq!(bank.reserve(rich, other, most).unwrap_err(), Refusal::InsufficientFunds);
    // With an overdraft there would be enough, but no posting could say so much.
    bank.floor(rich, i64::MIN);
    assert_eq!(bank.transfer(rich, other, most).unwrap_err(), Refusal::BalanceOverflow);
    assert_eq!(bank.reserve(rich, other, most).unwrap_err(), Refusal::BalanceOverflow);
    bank.fee(Bearer::Payer, 1, 0);
    bank.transfer(rich, other, most - 1).unwrap();
    assert_eq!((bank.stands(rich).0, bank.stands(other).0, bank.income()), (0, most - 1, 1));
    // Nobody can be paid more than a balance can say, nor the house.
    assert_eq!(bank.transfer(rich, other, 2).unwrap_err(), Refusal::BalanceOverflow);
    bank.fee(Bearer::Payer, most, 0);
    assert_eq!(bank.transfer(rich, other, 1).unwrap_err(), Refusal::BalanceOverflow);
    assert_eq!(bank.transfer(rich, other, 2).unwrap_err(), Refusal::InsufficientFunds);
    // All of an amount as fee, and the dearest tariff, are of the payee at most what is paid.
    bank.later(40 * DAY_MS);
    bank.fee(Bearer::Payee, most, 1_000_000);
    let paid = bank.transfer(rich, other, 7).unwrap();
    assert_eq!((paid.fee_minor, paid.postings[1].amount_minor), (7, 0));
    // Of the largest hold, the fee in parts is that of the whole.
    let mut bank = Bank::new();
    let (rich, other) = (bank.account(Role::Customer, most), bank.account(Role::Customer, 0));
    bank.fee(Bearer::Payee, 0, 333_333);
    let hold = bank.reserve(rich, other, most).unwrap();
    let parts = [1, most / 3, most - 1 - most / 3].map(|part| bank.capture(hold, part, false).unwrap().fee_minor);
    assert_eq!(i128::from(parts.iter().sum::<i64>()), (i128::from(most) * 333_333 + 500_000) / 1_000_000);
    assert_eq!((bank.stands(rich), bank.stands(other).0 + bank.income()), ((0, 0), most));
}

#[test]
fn what_is_held_never_wraps() {
    let most = i64::MAX;
    let mut bank = Bank::new();
    let (rich, other) = (bank.account(Role::Customer, most), bank.account(Role::Customer, 0));
    bank.floor(rich, i64::MIN);
    bank.reserve(rich, other, most).unwrap();
    // The floor would let it, but nothing could say how much is held.
    assert_eq!(bank.reserve(rich, other, 1).unwrap_err(), Refusal::BalanceOverflow);
    assert_eq!(bank.stands(rich), (most, most));
}

#[test]
fn nothing_is_silently_empty() {
    let mut bank = Bank::new();
    let (payer, payee) = (bank.account(Role::Customer, 100), bank.account(Role::Customer, 0));
    let before = bank.all();
    let (hold_id, transaction_id, amount) = (HoldId::mint(FIRST, 99), TransactionId::mint(FIRST, 99), xof(1));
    let reserve = |amount_minor| {
        let payment = payment(PaymentKind::Transfer, Some(payer), Some(payee), amount_minor);
        Operation::Reserve(Reserve { payment, expires_in_ms: 1_000 })
    };
    let nobody = AccountId::mint(1, 0);
    let terms = AccountTerms { account_id: nobody, currency: XOF, floor_minor: None, limits: Limits::default(), effective_from: None };
    for (operation, refusal) in [
        (Operation::Capture(Capture { hold_id, amount, last: true }), Refusal::HoldNotOpen),
        (Operation::Capture(Capture { hold_id, amount: xof(0), last: true }), Refusal::AmountNotPositive),
        (Operation::Release(Release { hold_id }), Refusal::HoldNotOpen),
        (Operation::Refund(Refund { transaction_id, amount, proof: None }), Refusal::OriginalNotFound),
        (Operation::Refund(Refund { transaction_id, amount: xof(-1), proof: None }), Refusal::AmountNotPositive),
        (Operation::Reverse(Reverse { transaction_id, proof: None }), Refusal::OriginalNotFound),
        (reserve(0), Refusal::AmountNotPositive),
        (reserve(101), Refusal::InsufficientFunds),
        (Operation::SetPolicy(Policy::Terms(terms)), Refusal::AccountNotFound),
    ] {
        let key = bank.asked.to_string();
        let events = bank.tell(&key, operation.clone());
        let [Event { fact: Fact::Refused { operation: name, refusal: told }, .. }] = &events[..] else { panic!("{events:?}") };
        assert_eq!((name.as_str(), *told), (operation.name(), refusal));
        assert!(!told.explanation().is_empty());
        // And the same again, with the same reason.
        let again = bank.tell(&key, operation);
        assert!(
            matches!(&again[..], [Event { fact: Fact::Repeated(repeat), .. }] if repeat.first.as_ref() == Some(&events[0].fact)),
            "{again:?}"
        );
    }
    assert_eq!(bank.all(), before);
}

#[test]
fn bulk_captures_of_many_holds() {
    const HOLDS: i64 = 2_000;
    let mut bank = Bank::new();
    bank.fee(Bearer::Payer, 1, 0);
    let (payer, payee) = (bank.account(Role::Customer, 11 * HOLDS), bank.account(Role::Customer, 0));
    let (before, _) = bank.stands(payer);
    let holds: Vec<HoldId> = (0..HOLDS).map(|_| bank.reserve(payer, payee, 10).unwrap()).collect();
    assert_eq!(bank.stands(payer), (before, 11 * HOLDS));
    bank.later(1);
    let captured: Vec<Transaction> = holds.iter().map(|hold| bank.capture(*hold, 10, true).unwrap()).collect();
    assert!(captured.iter().all(|transaction| transaction.fee_minor == 1));
    assert_eq!((bank.stands(payer), bank.stands(payee), bank.income()), ((0, 0), (10 * HOLDS, 0), HOLDS));
    assert!(holds.iter().all(|hold| bank.capture(*hold, 1, true) == Err(Refusal::HoldNotOpen)));
    assert!(bank.later(2 * DAY_MS).is_empty(), "what was captured does not expire");
}

#[test]
fn an_overdraft_is_a_floor_and_release_restores_it_exactly() {
    let mut bank = Bank::new();
    let (payer, payee) = (bank.account(Role::Customer, 0), bank.account(Role::Customer, 0));
    bank.floor(payer, -50);
    for _ in 0..3 {
        assert_eq!(bank.reserve(payer, payee, 51).unwrap_err(), Refusal::InsufficientFunds);
        let hold = bank.reserve(payer, payee, 50).unwrap();
        assert_eq!(bank.transfer(payer, payee, 1).unwrap_err(), Refusal::InsufficientFunds);
        bank.release(hold).unwrap();
        assert_eq!(bank.stands(payer), (0, 0));
    }
    bank.transfer(payer, payee, 50).unwrap();
    assert_eq!(bank.stands(payer), (-50, 0));
    assert_eq!(bank.transfer(payer, payee, 1).unwrap_err(), Refusal::InsufficientFunds);
    // Being paid is always possible, also where the floor has been raised since.
    bank.floor(payer, 10);
    bank.transfer(payee, payer, 20).unwrap();
    assert_eq!(bank.stands(payer), (-30, 0));
}

#[test]
fn a_refused_payment_stays_refused_after_a_top_up() {
    let mut bank = Bank::new();
    let (payer, payee) = (bank.account(Role::Customer, 0), bank.account(Role::Customer, 0));
    let pay = Operation::Pay(payment(PaymentKind::Transfer, Some(payer), Some(payee), 10));
    let reserve = payment(PaymentKind::Transfer, Some(payer), Some(payee), 10);
    let reserve = Operation::Reserve(Reserve { payment: reserve, expires_in_ms: 1_000 });
    let asked = [("a payment", pay), ("a hold", reserve)];
    let refused = asked.clone().map(|(key, operation)| bank.tell(key, operation)[0].fact.clone());
    assert!(refused.iter().all(|fact| answer(fact) == Err(Refusal::InsufficientFunds)));
    bank.pay(PaymentKind::Deposit, None, Some(payer), 100).unwrap();
    for ms in [1, DAY_MS] {
        bank.later(ms);
        for ((key, operation), refused) in asked.iter().zip(&refused) {
            let events = bank.tell(key, operation.clone());
            let [Event { fact: Fact::Repeated(repeat), .. }] = &events[..] else { panic!("{events:?}") };
            assert_eq!(repeat.first.as_ref(), Some(refused));
        }
    }
    assert_eq!(bank.stands(payer), (100, 0));
    // Under a key of its own it is another payment.
    bank.tell("another", asked[0].1.clone());
    assert_eq!(bank.stands(payer), (90, 0));
}

#[test]
fn fees_are_conserved() {
    for bearer in Bearer::ALL {
        let mut bank = Bank::new();
        let (payer, payee) = (bank.account(Role::Customer, 10_000), bank.account(Role::Customer, 0));
        bank.fee(*bearer, 3, 15_000);
        let mut paid: Vec<Transaction> = (1..40).map(|amount| bank.transfer(payer, payee, amount * 7).unwrap()).collect();
        let hold = bank.reserve(payer, payee, 1_000).unwrap();
        paid.extend((0..7).map(|_| bank.capture(hold, 100, false).unwrap()));
        paid.push(bank.capture(hold, 250, true).unwrap());
        // Of 1000 it would be 18; of the 950 that were captured it is its part, rounded down.
        let captured: i64 = paid[39..].iter().map(|transaction| transaction.fee_minor).sum();
        assert_eq!(captured, 18 * 950 / 1_000);
        let charged: i64 = paid.iter().map(|transaction| transaction.fee_minor).sum();
        assert!(charged > 0);
        assert_eq!(bank.income(), charged);
        assert_eq!(bank.stands(payer).0 + bank.stands(payee).0 + charged, 10_000, "{bearer}");
        assert_eq!(bank.stands(payer).1, 0);
        // What is reversed gives its fee back, whoever has borne it.
        let given_back: i64 = paid.iter().rev().map(|transaction| bank.reverse(transaction.id).unwrap().fee_minor).sum();
        assert_eq!((given_back, bank.income()), (charged, 0));
        assert_eq!((bank.stands(payer), bank.stands(payee)), ((10_000, 0), (0, 0)), "{bearer}");
    }
}
