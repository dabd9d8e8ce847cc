//! Batches and orders: small histories of version 5 of the rules, right and wrong.

use super::*;
use schemas::{
    BatchDecided, BatchMode, Dated, HoldChange, HoldChanged, HoldId, ItemStatus, OrderChange, OrderChanged, OrderId, Outcome,
    TransactionStatus,
};

/// An event before it has a number: epoch after the start, place, name, what it says.
type Said = (u64, i64, CommandId, Fact);

/// Two accounts, 1000 on the first, and what follows.
fn after(said: &[Said]) -> Vec<Event> {
    let mut events = history()[..4].to_vec();
    let mut numbers: BTreeMap<Epoch, u32> = BTreeMap::new();
    for (epoch, place, command_id, fact) in said.iter().cloned() {
        let number = numbers.entry(T0 + epoch).and_modify(|number| *number += 1).or_default();
        let mut event = event(T0 + epoch, *number, place, "", fact);
        event.cause.command_id = command_id;
        events.push(event);
    }
    events
}

fn pays(epoch: u64, number: u32, minor: i64, left: i64) -> Fact {
    pay(T0 + epoch, number, &[(account(0), -minor, left), (account(1), minor, 1000 - left)])
}

fn fails(epoch: u64, number: u32) -> Fact {
    let Fact::Transaction(paid) = pays(epoch, number, 5000, 0) else { unreachable!("it is a payment") };
    Fact::Transaction(Transaction { refusal: Some(Refusal::InsufficientFunds), postings: Vec::new(), ..paid })
}

fn reserved(minor: i64) -> Fact {
    Fact::HoldChanged(HoldChanged {
        id: HoldId::mint(T0 + 2, 2),
        change: HoldChange::Reserved,
        kind: PaymentKind::Transfer,
        channel: Channel::Wallet,
        account_debit: account(0),
        account_credit: account(1),
        amount: Money { minor, currency: Currency::XOF },
        fee_minor: 0,
        open: true,
        expires_at: T0 + 10_000,
    })
}

fn no(operation: &str) -> Fact {
    Fact::Refused { operation: operation.to_owned(), refusal: Refusal::HoldNotOpen }
}

/// What an event says of its item.
fn outcome(fact: &Fact) -> Outcome {
    match fact {
        Fact::Transaction(paid) if paid.status() == TransactionStatus::Settled => {
            Outcome { transaction_id: Some(paid.id), ..Outcome::without(ItemStatus::Settled, None) }
        }
        Fact::Transaction(paid) => Outcome { transaction_id: Some(paid.id), ..Outcome::without(ItemStatus::Failed, paid.refusal) },
        Fact::HoldChanged(held) => Outcome { hold_id: Some(held.id), ..Outcome::without(ItemStatus::Reserved, None) },
        Fact::Refused { refusal, .. } => Outcome::without(ItemStatus::Refused, Some(*refusal)),
        _ => unreachable!("no item does that"),
    }
}

fn batch(mode: BatchMode, dry_run: bool, outcomes: Vec<Outcome>) -> Fact {
    Fact::BatchDecided(Box::new(BatchDecided { mode, dry_run, outcomes }))
}

/// 300 are paid, 5000 are not, 100 are held, and a hold that is not there is released.
fn items() -> Vec<Fact> {
    vec![pays(2, 0, 300, 700), fails(2, 1), reserved(100), no("release")]
}

/// A batch of these items by itself.
fn decided(items: &[Fact], change: impl FnOnce(&mut Vec<Outcome>)) -> Vec<Said> {
    let id = command("batch");
    let mut outcomes = items.iter().map(outcome).collect();
    change(&mut outcomes);
    let said = (0..).zip(items).map(|(item, fact)| (2, 10, id.item(item), fact.clone()));
    said.chain([(2, 10, id, batch(BatchMode::Independent, false, outcomes))]).collect()
}

fn undone() -> Vec<Outcome> {
    vec![Outcome::without(ItemStatus::Undone, None), Outcome::without(ItemStatus::Refused, Some(Refusal::HoldNotOpen))]
}

fn changed(change: OrderChange, dated: Dated, transaction: Option<(u64, u32)>) -> Fact {
    Fact::OrderChanged(Box::new(OrderChanged {
        id: match dated {
            Dated::ExecuteAt(_) => OrderId::mint(T0 + 2, 0),
            Dated::EffectiveAt(_) => OrderId::mint(T0 + 3, 0),
        },
        change,
        kind: PaymentKind::Transfer,
        channel: Channel::Wallet,
        account_debit: account(0),
        account_credit: account(1),
        amount: Money { minor: 300, currency: Currency::XOF },
        dated,
        transaction_id: transaction.map(|(epoch, number)| TransactionId::mint(T0 + epoch, number)),
    }))
}

const DAY: Dated = Dated::ExecuteAt(T0 + 5);

fn scheduled() -> Said {
    (2, 10, command("order"), changed(OrderChange::Scheduled, DAY, None))
}

/// The order's day has come.
fn executed(epoch: u64) -> Vec<Said> {
    let id = command("order").item(0);
    vec![(epoch, 10, id, changed(OrderChange::Executed, DAY, Some((epoch, 0)))), (epoch, 10, id, pays(epoch, 0, 300, 700))]
}

#[test]
fn what_the_rules_of_version_5_do_is_right() {
    let id = command("batch");
    let repeat = Fact::Repeated(Box::new(Repeat { operation: "batch".to_owned(), first_epoch: T0 + 2, first: Some(no("batch")) }));
    let dry = |epoch, place| {
        (epoch, place, command("dry"), batch(BatchMode::Independent, true, vec![Outcome::without(ItemStatus::Settled, None)]))
    };
    let failed = |epoch| {
        let Fact::Transaction(paid) = pays(epoch, 0, 300, 700) else { unreachable!("it is a payment") };
        let paid = Transaction { refusal: Some(Refusal::InsufficientFunds), postings: Vec::new(), ..paid };
        let id = command("order").item(0);
        vec![(epoch, 10, id, changed(OrderChange::Failed, DAY, Some((epoch, 0)))), (epoch, 10, id, Fact::Transaction(paid))]
    };
    let back = changed(OrderChange::Executed, Dated::EffectiveAt(T0 + 3), Some((3, 0)));
    for said in [
        decided(&items(), |_| ()),
        [decided(&items(), |_| ()), vec![(3, 11, id, repeat)]].concat(),
        vec![(2, 10, id, batch(BatchMode::AllOrNothing, false, undone()))],
        // Whoever only wants to hear it asks as often as they like.
        vec![dry(2, 10), dry(2, 11), dry(3, 12)],
        [vec![scheduled()], executed(5)].concat(),
        [vec![scheduled()], executed(9)].concat(),
        [vec![scheduled()], failed(5)].concat(),
        vec![scheduled(), (3, 11, command("cancel"), changed(OrderChange::Cancelled, DAY, None))],
        vec![(3, 11, command("back"), back), (3, 11, command("back"), pays(3, 0, 300, 700))],
    ] {
        assert_eq!(faults(0, &after(&said)), Vec::<String>::new(), "{said:?}");
    }
    let mut books = Books::new(0);
    after(&decided(&items(), |_| ())).into_iter().for_each(|event| books.take(event));
    assert_eq!((books.counts.batches, books.counts.items, books.counts.holds), (1, 4, 1));
}

#[test]
fn every_fault_of_batches_is_found() {
    let id = command("batch");
    let without = |gone: usize| {
        let mut said = decided(&items(), |_| ());
        said.remove(gone);
        said
    };
    let named = |at: usize, name: CommandId| {
        let mut said = decided(&items(), |_| ());
        said[at].2 = name;
        said
    };
    let mut swapped = decided(&items(), |_| ());
    (swapped[0].2, swapped[1].2) = (swapped[1].2, swapped[0].2);
    let nothing = |mode, dry_run| {
        let said = items().into_iter().next().map(|fact| (2, 10, id.item(0), fact));
        said.into_iter().chain([(2, 10, id, batch(mode, dry_run, undone()))]).collect::<Vec<_>>()
    };
    let alone = |outcomes| vec![(2, 10, id, batch(BatchMode::AllOrNothing, false, outcomes))];
    let tried = |outcome| vec![(2, 10, id, batch(BatchMode::Independent, true, vec![outcome]))];
    let says = "and its events do not";
    for (said, what) in [
        (decided(&items(), |outcomes| outcomes[0].fee_minor = 1), says),
        (decided(&items(), |outcomes| outcomes[0].transaction_id = None), says),
        (decided(&items(), |outcomes| outcomes[0].status = ItemStatus::Failed), says),
        (decided(&items(), |outcomes| outcomes[1].refusal = Some(Refusal::NotAuthorized)), says),
        (decided(&items(), |outcomes| outcomes[2].hold_id = None), says),
        (decided(&items(), |outcomes| outcomes[3] = Outcome::without(ItemStatus::Undone, None)), says),
        (decided(&items(), |outcomes| outcomes.swap(0, 1)), says),
        (decided(&items(), |outcomes| outcomes.extend(undone())), says),
        (decided(&items(), |outcomes| outcomes.truncate(3)), "and no item of it did that"),
        (decided(&[], |_| ()), "has 0 items"),
        (without(0), says),
        (without(3), says),
        // Without its end it is many answers to one command.
        (without(4), "answers command 0:10 after 0:10"),
        (without(4), "is said of command 0:10"),
        (named(0, command("other")), says),
        (named(0, id), says),
        (swapped, says),
        (nothing(BatchMode::AllOrNothing, false), "and no item of it did that"),
        (nothing(BatchMode::Independent, true), "and no item of it did that"),
        (alone(vec![Outcome::without(ItemStatus::Settled, None), undone()[1]]), says),
        (alone(vec![undone()[0], undone()[0]]), says),
        (tried(Outcome { transaction_id: Some(TransactionId::mint(T0 + 2, 0)), ..Outcome::without(ItemStatus::Settled, None) }), says),
        (tried(Outcome { hold_id: Some(HoldId::mint(T0 + 2, 0)), ..Outcome::without(ItemStatus::Released, None) }), says),
        (tried(Outcome::without(ItemStatus::Failed, None)), says),
        (tried(Outcome::without(ItemStatus::Settled, Some(Refusal::HoldNotOpen))), says),
        (
            [decided(&items(), |_| ()), vec![(3, 11, id, batch(BatchMode::AllOrNothing, false, undone()))]].concat(),
            "which was decided in epoch",
        ),
        (vec![(2, 10, id.item(0), pays(2, 0, 300, 700)), (2, 10, command("other"), no("release"))], "speaks for command"),
        (vec![(2, 10, id, open(AccountId::house("fees", Currency::XOF), Role::House))], "which nothing behind it answers"),
    ] {
        let found = faults(0, &after(&said));
        assert!(found.iter().any(|fault| fault.contains(what)), "{what}: {found:?}");
    }
}

#[test]
fn every_fault_of_orders_is_found() {
    let with = |said: Vec<Said>| [vec![scheduled()], said].concat();
    let change = |epoch, change: fn(&mut OrderChanged)| {
        let mut said = executed(epoch);
        let Fact::OrderChanged(ref mut order) = said[0].3 else { unreachable!("it is an order") };
        change(order);
        with(said)
    };
    let cancelled = |epoch, place| (epoch, place, command("cancel"), changed(OrderChange::Cancelled, DAY, None));
    let named = |place: i64, name: CommandId| with(executed(5).into_iter().map(|(epoch, _, _, fact)| (epoch, place, name, fact)).collect());
    let back = |effective_at: Epoch, number: u32| {
        let order = changed(OrderChange::Executed, Dated::EffectiveAt(effective_at), Some((3, number)));
        vec![(3, 11, command("back"), order), (3, 11, command("back"), pays(3, 0, 300, 700))]
    };
    let late = Dated::ExecuteAt(T0 + 2);
    for (said, what) in [
        (executed(5), "which does not wait"),
        (with([executed(5), executed(6)].concat()), "which does not wait"),
        (with(executed(4)), "out of its time"),
        (with(vec![cancelled(3, 11), cancelled(4, 12)]), "which does not wait"),
        (with([vec![cancelled(3, 11)], executed(5)].concat()), "which does not wait"),
        (with(executed(5)[..1].to_vec()), "and no transaction says so"),
        (with(executed(5)[..1].to_vec()), "which nothing behind it answers"),
        (change(5, |order| order.change = OrderChange::Failed), "is not that in which order"),
        (change(5, |order| order.transaction_id = None), "is not that in which order"),
        (change(5, |order| order.amount.minor = 301), "another payment of order"),
        (change(5, |order| order.dated = Dated::ExecuteAt(T0 + 3)), "another payment of order"),
        (named(10, command("order")), "in another name"),
        (named(11, command("order").item(0)), "in another name"),
        (with(vec![(3, 11, command("again"), changed(OrderChange::Scheduled, DAY, None))]), "comes after order"),
        (vec![(2, 10, command("order"), changed(OrderChange::Scheduled, late, None))], "out of its time"),
        (vec![(2, 10, command("order"), changed(OrderChange::Scheduled, DAY, Some((2, 0))))], "out of its time"),
        (back(T0 + 4, 0), "out of its time"),
        (back(T0 - schemas::order::DATED_MS_MAX, 0), "out of its time"),
        (back(T0 + 3, 1), "is not that in which order"),
    ] {
        let found = faults(0, &after(&said));
        assert!(found.iter().any(|fault| fault.contains(what)), "{what}: {found:?}");
    }
}

#[test]
fn whoever_sees_no_beginning_knows_nothing_of_what_was_ordered_before() {
    let said = after(&[vec![scheduled()], executed(5)].concat());
    let seen: Vec<_> = said.into_iter().filter(|event| event.epoch >= T0 + 3).collect();
    assert_eq!(faults(T0 + 3, &seen), Vec::<String>::new());
}
