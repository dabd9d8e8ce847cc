//! Holds, floors and what is given back: small histories of version 4 of the rules, right and wrong.

use super::*;
use schemas::{AccountTerms, HoldChange, HoldChanged, HoldId, Limits};

fn hold() -> HoldId {
    HoldId::mint(T0 + 2, 0)
}

/// A change of the hold of the first account for the second: so much, with a fee, until ten seconds later.
fn held(change: HoldChange, minor: i64, fee_minor: i64, open: bool) -> Fact {
    Fact::HoldChanged(HoldChanged {
        id: hold(),
        change,
        kind: PaymentKind::Transfer,
        channel: Channel::Wallet,
        account_debit: account(0),
        account_credit: account(1),
        amount: Money { minor, currency: Currency::XOF },
        fee_minor,
        open,
        expires_at: T0 + 10_000,
    })
}

fn linked(fact: Fact, kind: PaymentKind, link: Link) -> Fact {
    match fact {
        Fact::Transaction(transaction) => Fact::Transaction(Transaction { kind, link: Some(link), ..transaction }),
        other => other,
    }
}

fn captured(epoch: Epoch, number: u32, legs: &[(AccountId, i64, i64)]) -> Fact {
    linked(pay(epoch, number, legs), PaymentKind::Transfer, Link::Hold(hold()))
}

fn gives_back(epoch: Epoch, kind: PaymentKind, of: TransactionId, legs: &[(AccountId, i64, i64)]) -> Fact {
    linked(pay(epoch, 0, legs), kind, Link::Original(of))
}

fn terms(floor_minor: Option<i64>, effective_from: Option<Epoch>) -> Fact {
    let (account_id, currency) = (account(0), Currency::XOF);
    Fact::PolicyChanged(Box::new(Policy::Terms(AccountTerms {
        account_id,
        currency,
        floor_minor,
        limits: Limits::default(),
        effective_from,
    })))
}

/// Two accounts, 1000 on the first, and what follows: epoch after the start, then the fact. A place is over with its answer.
fn after(facts: &[(u64, Fact)]) -> Vec<Event> {
    let mut events = history()[..4].to_vec();
    let mut numbers: BTreeMap<Epoch, u32> = BTreeMap::new();
    let mut place = 10;
    for (epoch, fact) in facts {
        let number = numbers.entry(T0 + epoch).and_modify(|number| *number += 1).or_default();
        events.push(event(T0 + epoch, *number, place, &place.to_string(), fact.clone()));
        place += i64::from(events.last().is_some_and(Event::answers));
    }
    events
}

#[test]
fn what_the_rules_of_version_4_do_is_right() {
    use HoldChange::{Captured, Closed, Expired, Released, Reserved};
    let reserved = || (2, held(Reserved, 600, 60, true));
    let pays = |epoch: u64, minor: i64, left: i64| pay(T0 + epoch, 0, &[(account(0), -minor, left), (account(1), minor, minor)]);
    let income = AccountId::house("fees", Currency::XOF);
    for facts in [
        vec![reserved(), (3, held(Released, 600, 60, false))],
        vec![reserved(), (10_000, held(Expired, 600, 60, false))],
        // In two parts, the second with the rest given back; the fee goes to the house.
        vec![
            reserved(),
            (3, open(income, Role::House)),
            (3, held(Captured, 100, 10, true)),
            (3, captured(T0 + 3, 0, &[(account(0), -110, 890), (account(1), 100, 100), (income, 10, 10)])),
            (4, held(Captured, 200, 20, false)),
            (4, held(Closed, 300, 30, false)),
            (4, captured(T0 + 4, 0, &[(account(0), -220, 670), (account(1), 200, 300), (income, 20, 30)])),
        ],
        vec![reserved(), (3, pays(3, 340, 660))],
        // Down to a floor, from when on it holds.
        vec![(2, terms(Some(-50), Some(T0 + 3))), (3, pays(3, 1050, -50))],
        vec![(2, terms(Some(-50), Some(T0 + 2))), (3, terms(None, Some(T0 + 9))), (4, pays(4, 1050, -50))],
        // What is held stays held by older rules too.
        vec![reserved(), (3, Fact::RulesActivated { version: 3 }), (4, pays(4, 340, 660))],
        // A refund, another, and the rest.
        vec![
            (3, pays(3, 300, 700)),
            (
                4,
                gives_back(T0 + 4, PaymentKind::Refund, TransactionId::mint(T0 + 3, 0), &[(account(1), -100, 200), (account(0), 100, 800)]),
            ),
            (
                5,
                gives_back(
                    T0 + 5,
                    PaymentKind::Reversal,
                    TransactionId::mint(T0 + 3, 0),
                    &[(account(1), -200, 0), (account(0), 200, 1000)],
                ),
            ),
        ],
    ] {
        assert_eq!(faults(0, &after(&facts)), Vec::<String>::new(), "{facts:?}");
    }
}

#[test]
fn every_fault_of_holds_floors_and_refunds_is_found() {
    use HoldChange::{Captured, Closed, Expired, Released, Reserved};
    let reserved = || (2, held(Reserved, 600, 60, true));
    let pays = |epoch: u64, minor: i64, left: i64| pay(T0 + epoch, 0, &[(account(0), -minor, left), (account(1), minor, minor)]);
    let paid = TransactionId::mint(T0 + 3, 0);
    let back = |epoch: u64, kind, of, minor: i64| {
        gives_back(T0 + epoch, kind, of, &[(account(1), -minor, 300 - minor), (account(0), minor, 700 + minor)])
    };
    let strange = gives_back(T0 + 4, PaymentKind::Refund, paid, &[(account(0), -100, 600), (account(1), 100, 400)]);
    for (facts, what) in [
        (vec![(2, held(Reserved, 0, 0, true))], "says that 0 of hold"),
        (vec![(3, held(Reserved, 600, 60, true))], "is over or of another epoch"),
        (vec![reserved(), (3, pays(3, 341, 659))], "leaves account"),
        (vec![reserved(), (3, Fact::RulesActivated { version: 3 }), (4, pays(4, 341, 659))], "leaves account"),
        (vec![(2, terms(Some(-50), Some(T0 + 2))), (3, Fact::RulesActivated { version: 3 }), (4, pays(4, 1050, -50))], "leaves account"),
        (vec![(2, held(Released, 600, 60, false))], "which is not open"),
        (vec![reserved(), (3, held(Released, 500, 60, false))], "leaves 100 with a fee of 0"),
        (vec![reserved(), (3, held(Released, 700, 60, false))], "leaves -100 with a fee of 0"),
        (vec![reserved(), (3, held(Released, 600, 50, false))], "leaves 0 with a fee of 10"),
        (vec![reserved(), (3, held(Expired, 600, 60, false))], "expired of hold"),
        (vec![reserved(), (10_000, held(Released, 600, 60, false))], "released of hold"),
        (vec![reserved(), (3, held(Closed, 600, 60, false))], "closed of hold"),
        (vec![reserved(), (3, held(Released, 600, 60, false)), (4, held(Released, 600, 60, false))], "which is not open"),
        (vec![reserved(), (3, held(Captured, 100, 10, true)), (3, held(Captured, 100, 10, true))], "no transaction says so"),
        (vec![reserved(), (3, captured(T0 + 3, 0, &[(account(0), -100, 900), (account(1), 100, 100)]))], "is not of the hold"),
        (
            vec![
                reserved(),
                (3, held(Captured, 100, 10, true)),
                (3, captured(T0 + 3, 0, &[(account(0), -100, 900), (account(1), 100, 100)])),
            ],
            "does not pay what was captured",
        ),
        (vec![(2, terms(Some(-50), Some(T0 + 4))), (3, pays(3, 1050, -50))], "leaves account"),
        (vec![(2, terms(Some(50), Some(T0 + 2))), (3, pays(3, 951, 49))], "leaves account"),
        (vec![(2, terms(Some(50), None))], "does not say from when on"),
        (vec![(3, pays(3, 300, 700)), (4, back(4, PaymentKind::Refund, paid, 301))], "of which 300 is left"),
        (
            vec![(3, pays(3, 300, 700)), (4, back(4, PaymentKind::Reversal, paid, 300)), (5, back(5, PaymentKind::Refund, paid, 1))],
            "which was taken back already",
        ),
        (vec![(3, pays(3, 300, 700)), (4, back(4, PaymentKind::Reversal, paid, 200))], "of which 300 is left"),
        (vec![(3, pays(3, 300, 700)), (4, strange)], "which was not between these accounts"),
        (vec![(4, back(4, PaymentKind::Refund, paid, 300))], "which is not there"),
        (vec![(3, pays(3, 300, 700)), (4, back(4, PaymentKind::Transfer, paid, 300))], "is a transfer and gives something back"),
    ] {
        let found = faults(0, &after(&facts));
        assert!(found.iter().any(|fault| fault.contains(what)), "{what}: {found:?}");
    }
}

#[test]
fn a_payment_is_too_old_if_the_rules_that_remember_it_for_good_came_later() {
    let (first, second) = (TransactionId::mint(T0 + 3, 0), TransactionId::mint(T0 + 4, 0));
    let later = 5 + HORIZON_MS;
    let events = |of: TransactionId, activated: Option<u32>| {
        let activated = activated.map(|version| (2, Fact::RulesActivated { version }));
        let paid = [
            (3, pay(T0 + 3, 0, &[(account(0), -300, 700), (account(1), 300, 300)])),
            (4, pay(T0 + 4, 0, &[(account(0), -200, 500), (account(1), 200, 500)])),
            (5, gives_back(T0 + 5, PaymentKind::Refund, first, &[(account(1), -100, 400), (account(0), 100, 600)])),
            (later, gives_back(T0 + later, PaymentKind::Refund, of, &[(account(1), -100, 300), (account(0), 100, 700)])),
        ];
        after(&activated.into_iter().chain(paid).collect::<Vec<_>>())
    };
    for (of, activated) in [(first, None), (first, Some(5)), (second, None), (second, Some(4))] {
        assert_eq!(faults(0, &events(of, activated)), Vec::<String>::new(), "{of} {activated:?}");
    }
    // Nothing of it was given back in time, and its minute is not recorded whole.
    assert!(faults(0, &events(second, Some(5)))[0].contains("which is too old"));
}
