//! The same bank on another day: two batches, one that is only tried, orders that are executed and cancelled, and a payment that counts
//! from earlier. Nothing is wrong with it either, until a case makes it so.

mod cases;

use super::super::super::asked::Asked;
use super::super::super::evidence::Evidence;
use super::super::super::history::{Call, Entry, Item, Outcome};
use super::bank::*;
use schemas::{
    AccountId, Batch, BatchDecided, BatchMode, CancelOrder, Channel, CommandId, Currency, Dated, Epoch, Event, Fact, HoldChange,
    HoldChanged, HoldId, ItemStatus, Money, Operation, Order, OrderChange, OrderChanged, OrderId, Payment, PaymentKind, Refusal, Release,
    Reserve, Transaction, TransactionId,
};

/// Offsets of what follows the log of the bank.
const MANY: i64 = 10;
const WHOLE: i64 = 11;
const TRIED: i64 = 12;
const ORDER: i64 = 13;
const LATER: i64 = 14;
const CANCEL: i64 = 15;
const BACK: i64 = 16;
const AGAIN: i64 = 17;

fn id(key: &str, operation: Operation) -> CommandId {
    command(key, operation).id()
}

fn payment_of(minor: i64) -> Payment {
    match transfer(minor) {
        Operation::Pay(payment) => payment,
        _ => unreachable!("it is a payment"),
    }
}

/// A transfer between the two accounts, with what it leaves.
fn moves(epoch: Epoch, number: u32, minor: i64, left: Option<(i64, i64)>) -> Fact {
    match paid(epoch, PaymentKind::Transfer, account(0), account(1), minor, left) {
        Fact::Transaction(paid) => Fact::Transaction(Transaction { id: TransactionId::mint(epoch, number), ..paid }),
        _ => unreachable!("it is a payment"),
    }
}

fn batch(mode: BatchMode, dry_run: bool, items: Vec<Operation>) -> Operation {
    Operation::Batch(Batch { mode, dry_run, items })
}

fn decided(mode: BatchMode, dry_run: bool, outcomes: Vec<schemas::Outcome>) -> Fact {
    Fact::BatchDecided(Box::new(BatchDecided { mode, dry_run, outcomes }))
}

fn outcome(status: ItemStatus, transaction: Option<u32>, hold: Option<HoldId>, refusal: Option<Refusal>) -> schemas::Outcome {
    let transaction_id = transaction.map(|number| TransactionId::mint(17, number));
    schemas::Outcome { transaction_id, hold_id: hold, ..schemas::Outcome::without(status, refusal) }
}

fn outcomes() -> Vec<schemas::Outcome> {
    vec![
        outcome(ItemStatus::Settled, Some(0), None, None),
        outcome(ItemStatus::Failed, Some(1), None, Some(Refusal::InsufficientFunds)),
        outcome(ItemStatus::Reserved, None, Some(HoldId::mint(17, 2)), None),
        outcome(ItemStatus::Refused, None, None, Some(Refusal::HoldNotOpen)),
    ]
}

fn many() -> Operation {
    let reserve = Operation::Reserve(Reserve { payment: payment_of(50), expires_in_ms: 60_000 });
    let release = Operation::Release(Release { hold_id: HoldId::mint(1, 0) });
    batch(BatchMode::Independent, false, vec![transfer(100), transfer(5000), reserve, release])
}

fn items() -> Vec<Fact> {
    let held = HoldChanged {
        id: HoldId::mint(17, 2),
        change: HoldChange::Reserved,
        kind: PaymentKind::Transfer,
        channel: Channel::Wallet,
        account_debit: account(0),
        account_credit: account(1),
        amount: Money { minor: 50, currency: Currency::XOF },
        fee_minor: 0,
        open: true,
        expires_at: 60_017,
    };
    let refused = Fact::Refused { operation: "release".to_owned(), refusal: Refusal::HoldNotOpen };
    vec![moves(17, 0, 100, Some((600, 400))), moves(17, 1, 5000, None), Fact::HoldChanged(held), refused]
}

fn whole() -> Operation {
    batch(BatchMode::AllOrNothing, false, vec![transfer(10), transfer(5000)])
}

fn undone() -> Vec<schemas::Outcome> {
    vec![outcome(ItemStatus::Undone, None, None, None), outcome(ItemStatus::Refused, None, None, Some(Refusal::InsufficientFunds))]
}

fn only_tried() -> Operation {
    batch(BatchMode::Independent, true, vec![transfer(10)])
}

fn foreseen() -> Fact {
    decided(BatchMode::Independent, true, vec![outcome(ItemStatus::Settled, None, None, None)])
}

fn order(at: Epoch, minor: i64) -> Operation {
    Operation::Order(Order { payment: payment_of(minor), dated: Dated::ExecuteAt(at) })
}

fn back() -> Operation {
    Operation::Order(Order { payment: payment_of(60), dated: Dated::EffectiveAt(5) })
}

fn changed(made: Epoch, change: OrderChange, dated: Dated, minor: i64, ended: Option<Epoch>) -> Fact {
    Fact::OrderChanged(Box::new(OrderChanged {
        id: OrderId::mint(made, 0),
        change,
        kind: PaymentKind::Transfer,
        channel: Channel::Wallet,
        account_debit: account(0),
        account_credit: account(1),
        amount: Money { minor, currency: Currency::XOF },
        dated,
        transaction_id: ended.map(|epoch| TransactionId::mint(epoch, 0)),
    }))
}

fn later() -> Evidence {
    let mut evidence = bank();
    let (day, far) = (Dated::ExecuteAt(22), Dated::ExecuteAt(900));
    let commands = [
        (MANY, 17, "many", many(), vec![decided(BatchMode::Independent, false, outcomes())]),
        (WHOLE, 18, "whole", whole(), vec![decided(BatchMode::AllOrNothing, false, undone())]),
        (TRIED, 19, "try", only_tried(), vec![foreseen()]),
        (ORDER, 20, "order", order(22, 40), vec![changed(20, OrderChange::Scheduled, day, 40, None)]),
        (LATER, 21, "later", order(900, 7), vec![changed(21, OrderChange::Scheduled, far, 7, None)]),
        (
            CANCEL,
            22,
            "cancel",
            Operation::CancelOrder(CancelOrder { order_id: OrderId::mint(21, 0) }),
            vec![changed(21, OrderChange::Cancelled, far, 7, None)],
        ),
        (
            BACK,
            23,
            "back",
            back(),
            vec![changed(23, OrderChange::Executed, Dated::EffectiveAt(5), 60, Some(23)), moves(23, 0, 60, Some((500, 500)))],
        ),
        (AGAIN, 24, "try", only_tried(), vec![foreseen()]),
    ];
    for (offset, epoch, key, operation, facts) in commands {
        let command = command(key, operation);
        if offset == MANY {
            (0..).zip(items()).for_each(|(item, fact)| say_as(&mut evidence, epoch, command.id().item(item), at(offset), fact));
        }
        // The day of the order comes before what is asked in that epoch.
        if epoch == 22 {
            execute(&mut evidence, 22);
        }
        facts.into_iter().for_each(|fact| say(&mut evidence, epoch, &command, at(offset), fact));
        evidence.log.commands.push((at(offset), Some(command)));
    }
    seen(&mut evidence);
    write_down(&mut evidence);
    evidence
}

/// The order's day has come.
fn execute(evidence: &mut Evidence, epoch: Epoch) {
    let name = id("order", order(22, 40)).item(0);
    for fact in [changed(20, OrderChange::Executed, Dated::ExecuteAt(22), 40, Some(epoch)), moves(epoch, 0, 40, Some((560, 440)))] {
        say_as(evidence, epoch, name, at(ORDER), fact);
    }
}

/// Places of what was seen behind the history of the bank.
const SEEN_MANY: usize = 13;
const SEEN_TRIED: usize = 15;
const SEEN_ORDER: usize = 16;
const SEEN_STANDS: usize = 17;
const SEEN_BACK: usize = 19;

fn seen(evidence: &mut Evidence) {
    let pays = |minor| payment(PaymentKind::Transfer, Some(account(0)), account(1), minor);
    let (currency, transfer) = ("XOF".to_owned(), PaymentKind::Transfer);
    let (debit, credit) = (account(0), account(1));
    let reserve = Asked::Reserve { kind: transfer, debit, credit, minor: 50, currency: currency.clone(), seconds: 60 };
    let released = Asked::Release { hold: HoldId::mint(1, 0) };
    let asked = |mode, dry_run, items| Asked::Batch { mode, dry_run, items };
    let order_of = |minor, at| Asked::Order { kind: transfer, debit, credit, minor, currency: currency.clone(), at };
    let dated = Asked::Back { kind: transfer, debit: Some(debit), credit: Some(credit), minor: 60, currency: currency.clone(), at: 5 };
    let ask = |key: &str, asked: Asked| Call::Command { id: id(key, asked.operation()), asked };
    let done = |resource, epoch| Outcome::Done { resource, epoch, replayed: false };
    let items = |outcomes: Vec<schemas::Outcome>| outcomes.iter().map(Item::of).collect::<Vec<_>>();
    let refused = Outcome::Refused { reason: "insufficient_funds".to_owned(), transaction: None, epoch: 18, replayed: false };
    let tried = Outcome::Tried { items: items(vec![outcome(ItemStatus::Settled, None, None, None)]), epoch: 24 };
    let stands = |status: &str, ended: Option<Epoch>, epoch| Outcome::Order {
        status: status.to_owned(),
        transaction: ended.map(|epoch| TransactionId::mint(epoch, 0).0),
        epoch,
        as_of: 24,
    };
    let turns = [
        (
            ask("many", asked(BatchMode::Independent, false, vec![pays(100), pays(5000), reserve, released])),
            Outcome::Batch { items: items(outcomes()), epoch: 17, replayed: false },
        ),
        (ask("whole", asked(BatchMode::AllOrNothing, false, vec![pays(10), pays(5000)])), refused),
        (ask("try", asked(BatchMode::Independent, true, vec![pays(10)])), tried),
        (ask("order", order_of(40, 22)), done(OrderId::mint(20, 0).0, 20)),
        (Call::Order { id: OrderId::mint(20, 0) }, stands("executed", Some(22), 22)),
        (Call::Order { id: OrderId::mint(21, 0) }, stands("cancelled", None, 22)),
        (ask("back", dated), done(TransactionId::mint(23, 0).0, 23)),
    ];
    let entry =
        |(turn, (call, outcome)): (u64, (Call, Outcome))| Entry { client: 1, invoked: turn * 10, completed: turn * 10 + 5, call, outcome };
    evidence.history.extend((13..).zip(turns).map(entry));
}
