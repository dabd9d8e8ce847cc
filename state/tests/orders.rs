//! An order that is executed on its day is the payment that staff asks for then; one that is cancelled is nothing.

#[allow(dead_code, reason = "other tests use the rest")]
#[path = "auditor/history/mod.rs"]
mod history;

use history::living::Living;
use history::{History, Step, What, Who, gaps, history as random_history, likely, small};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use schemas::diligence::ORION;
use schemas::{
    Authority, CancelOrder, Command, Dated, Event, Fact, Operation, Order, OrderChange, OrderChanged, Payment, Principal, Told, Transaction,
};
use state::CODE_VERSION;

const MINUTE_MS: u64 = 60_000;

/// Asks as staff, under a key that no history has.
fn ask(living: &mut Living, key: &str, operation: Operation) -> Vec<Event> {
    let principal = Principal { subject: "staff".to_owned(), authority: Authority::Operator };
    living.ask(&Command { principal, idempotency_key: key.to_owned(), received_ms: 0, operation })
}

/// Histories of the newest rules, without orders and what is chosen among them.
fn without_orders() -> impl Strategy<Value = History> {
    fn other(what: &What) -> bool {
        match what {
            What::Activate { .. } | What::Order { .. } | What::Cancel { .. } => false,
            // What a gate holds for a review, it refuses on its day.
            What::SetAml(_) => false,
            What::Later { what, .. } => other(what),
            _ => true,
        }
    }
    random_history(gaps()).prop_map(|history| {
        let steps = history.steps.into_iter().filter(|(_, step)| !matches!(step, Step::Ask { what, .. } if !other(what)));
        History { rules: CODE_VERSION, steps: steps.collect() }
    })
}

fn asked(living: &Living, what: What) -> Payment {
    let command = living.seen.command(&Step::Ask { who: Who::Staff, key: 0, what }, living.ledger.epoch()).expect("a payment");
    let Operation::Pay(payment) = command.operation else { panic!("{command:?}") };
    payment
}

fn is_of_order(event: &Event) -> bool {
    matches!(event.fact, Fact::OrderChanged(_))
}

fn payments(events: &[Event]) -> Vec<&Transaction> {
    let paid = |event: &'_ Event| matches!(event.fact, Fact::Transaction(_));
    events
        .iter()
        .filter(|event| paid(event))
        .map(|event| if let Fact::Transaction(paid) = &event.fact { paid } else { unreachable!() })
        .collect()
}

/// Whether nobody asked for it: a case wakes, a document is over.
fn is_by_time(fact: &Fact) -> bool {
    let Fact::Diligence(told) = fact else { return false };
    match &**told {
        Told::Kyc(changed) => changed.by == ORION,
        Told::Case(changed) => changed.by == ORION && changed.opened.is_none(),
        Told::Customer(_) | Told::Address(_) => false,
    }
}

fn random() -> ProptestConfig {
    ProptestConfig { failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("seeds"))), ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(random())]

    #[test]
    fn an_order_on_its_day_is_the_payment_that_staff_asks_for_then(
        before in without_orders(),
        paid in likely(small()),
        between in 1..MINUTE_MS,
        after in without_orders(),
    ) {
        let mut ordered = Living::after(&before);
        let mut asked_then = ordered.clone();
        let payment = asked(&ordered, What::Pay(paid));
        let dated = Dated::ExecuteAt(ordered.ledger.epoch() + between);
        let events = ask(&mut ordered, "order", Operation::Order(Order { payment: payment.clone(), dated }));
        let Fact::OrderChanged(scheduled) = &events[events.len() - 1].fact else { return Ok(()) };

        let on_its_day = ordered.later(between);
        let mut then = asked_then.later(between);
        then.extend(ask(&mut asked_then, "pay", Operation::Pay(payment)));
        // The same is said, but for the order itself; and as much is left.
        let facts = |events: &[Event]| {
            let mut facts: Vec<Fact> = events.iter().filter(|event| !is_of_order(event)).map(|event| event.fact.clone()).collect();
            // What time does of itself comes after what is due, and before what is asked.
            facts.sort_by_key(is_by_time);
            facts
        };
        prop_assert_eq!(facts(&on_its_day), facts(&then));
        let ended = on_its_day.iter().find_map(|event| if let Fact::OrderChanged(order) = &event.fact { Some(order) } else { None });
        let last = payments(&on_its_day).into_iter().next_back().expect("a payment");
        let change = if last.refusal.is_none() { OrderChange::Executed } else { OrderChange::Failed };
        let expected = OrderChanged { change, transaction_id: Some(last.id), ..(**scheduled).clone() };
        prop_assert_eq!(ended.map(|order| &**order), Some(&expected));
        prop_assert!(ordered.ledger.accounts().eq(asked_then.ledger.accounts()));
        prop_assert_eq!(ordered.go_on(&after.steps), asked_then.go_on(&after.steps));
    }

    #[test]
    fn an_order_that_is_taken_back_is_nothing(before in without_orders(), paid in likely(small()), between in 1..MINUTE_MS, after in without_orders()) {
        let mut ordered = Living::after(&before);
        let mut never = ordered.clone();
        let payment = asked(&ordered, What::Pay(paid));
        let dated = Dated::ExecuteAt(ordered.ledger.epoch() + between);
        let events = ask(&mut ordered, "order", Operation::Order(Order { payment, dated }));
        let Fact::OrderChanged(scheduled) = &events[events.len() - 1].fact else { return Ok(()) };
        // The house keeps what it has opened.
        prop_assume!(events.len() == 1);
        let order_id = scheduled.id;
        let cancelled = ask(&mut ordered, "cancel", Operation::CancelOrder(CancelOrder { order_id }));
        let is_cancelled = |fact: &Fact| matches!(fact, Fact::OrderChanged(order) if order.change == OrderChange::Cancelled);
        prop_assert!(cancelled.len() == 1 && is_cancelled(&cancelled[0].fact), "{:?}", cancelled);
        let facts = |events: Vec<Event>| events.into_iter().map(|event| event.fact).collect::<Vec<_>>();
        prop_assert_eq!(facts(ordered.later(between)), facts(never.later(between)));
        prop_assert_eq!(ordered.go_on(&after.steps), never.go_on(&after.steps));
    }

    #[test]
    fn a_payment_of_an_earlier_day_is_a_payment_of_now(before in without_orders(), paid in likely(small()), since in 0..400 * 86_400_000u64, after in without_orders()) {
        let mut dated = Living::after(&before);
        let mut plain = dated.clone();
        let payment = asked(&dated, What::Pay(paid));
        let order = Order { payment: payment.clone(), dated: Dated::EffectiveAt(dated.ledger.epoch() - since) };
        let events = ask(&mut dated, "x", Operation::Order(order));
        let facts = |events: &[Event]| events.iter().filter(|event| !is_of_order(event)).map(|event| event.fact.clone()).collect::<Vec<_>>();
        prop_assert_eq!(facts(&events), facts(&ask(&mut plain, "x", Operation::Pay(payment))));
        prop_assert_eq!(dated.go_on(&after.steps), plain.go_on(&after.steps));
    }
}
