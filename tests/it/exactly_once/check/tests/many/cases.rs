//! What may be wrong with batches and orders, and what it is found as.

use super::super::super::{Kind, check};
use super::super::{event, unsay};
use super::*;

fn batch_at(evidence: &mut Evidence, offset: i64) -> &mut BatchDecided {
    let mut events = evidence.log.events.iter_mut().map(|recorded| &mut recorded.event);
    let found = events.find_map(|event| match &mut event.fact {
        Fact::BatchDecided(decided) if event.cause.position == at(offset) => Some(decided),
        _ => None,
    });
    found.unwrap()
}

/// The event of an item of the batch.
fn item_at(evidence: &mut Evidence, item: usize) -> &mut Event {
    evidence.log.events.iter_mut().map(|recorded| &mut recorded.event).filter(|event| event.cause.position == at(MANY)).nth(item).unwrap()
}

fn order_at(evidence: &mut Evidence, change: OrderChange) -> &mut OrderChanged {
    let mut facts = evidence.log.events.iter_mut().map(|recorded| &mut recorded.event.fact);
    let found = facts.find_map(|fact| match fact {
        Fact::OrderChanged(order) if order.change == change => Some(order),
        _ => None,
    });
    found.unwrap()
}

/// Takes out what says so, as if it had never been said.
fn without(evidence: &mut Evidence, said: impl Fn(&Event) -> bool) {
    evidence.log.events.retain(|recorded| !said(&recorded.event));
    write_down(evidence);
}

fn is_of_order(event: &Event) -> bool {
    event.cause.position == at(ORDER) && event.epoch == 22
}

/// What is wrong, what it is found as, and how it is planted.
type Planted = (&'static str, Kind, fn(&mut Evidence));

const CASES: &[Planted] = &[
    ("another fee of an item", Kind::BatchDiffers, |bank| batch_at(bank, MANY).outcomes[0].fee_minor = 1),
    ("another transaction of an item", Kind::BatchDiffers, |bank| {
        batch_at(bank, MANY).outcomes[0].transaction_id = Some(TransactionId::mint(17, 7));
    }),
    ("a failed item that is said to have settled", Kind::BatchDiffers, |bank| {
        (batch_at(bank, MANY).outcomes[1].status, batch_at(bank, MANY).outcomes[1].refusal) = (ItemStatus::Settled, None);
    }),
    ("another reason of an item", Kind::BatchDiffers, |bank| {
        batch_at(bank, MANY).outcomes[3].refusal = Some(Refusal::NotAuthorized);
    }),
    ("an item that is not counted", Kind::BatchDiffers, |bank| batch_at(bank, MANY).outcomes.truncate(3)),
    ("an item that is not counted, by its command", Kind::BooksUnbalanced, |bank| batch_at(bank, MANY).outcomes.truncate(3)),
    ("an item too many", Kind::BatchDiffers, |bank| batch_at(bank, MANY).outcomes.extend(undone())),
    ("an item whose event is missing", Kind::BatchDiffers, |bank| {
        let gone = item_at(bank, 0).id;
        without(bank, |event| event.id == gone);
    }),
    ("an item that does something in the name of another", Kind::BatchDiffers, |bank| {
        item_at(bank, 0).cause.command_id = id("many", many()).item(3);
    }),
    ("an item that does something in the name of its batch", Kind::DoubledDecision, |bank| {
        item_at(bank, 0).cause.command_id = id("many", many());
    }),
    ("an item that there is not", Kind::DoubledDecision, |bank| {
        item_at(bank, 3).cause.command_id = id("many", many()).item(4);
    }),
    ("an item that does something else than was asked", Kind::BooksUnbalanced, |bank| {
        item_at(bank, 0).fact = moves(17, 0, 99, Some((601, 399)));
    }),
    ("a batch that nobody decided", Kind::NeverDecided, |bank| {
        without(bank, |event| matches!(&event.fact, Fact::BatchDecided(decided) if decided.outcomes.len() == 4))
    }),
    ("an item of a batch that was undone", Kind::BatchDiffers, |bank| {
        say_as(bank, 18, id("whole", whole()).item(0), at(WHOLE), moves(18, 0, 10, Some((590, 410))));
        write_down(bank);
    }),
    ("an item of what was only tried", Kind::DoubledDecision, |bank| {
        say_as(bank, 19, id("try", only_tried()).item(0), at(TRIED), moves(19, 0, 10, Some((590, 410))));
        write_down(bank);
    }),
    ("a batch in which one is refused and another done", Kind::BatchDiffers, |bank| {
        batch_at(bank, WHOLE).outcomes[0].status = ItemStatus::Settled;
    }),
    ("what is tried has an id", Kind::BatchDiffers, |bank| {
        batch_at(bank, TRIED).outcomes[0].transaction_id = Some(TransactionId::mint(19, 0));
    }),
    ("all or nothing, and it is each by itself", Kind::BooksUnbalanced, |bank| batch_at(bank, MANY).mode = BatchMode::AllOrNothing),
    ("a batch that is decided twice", Kind::DoubledDecision, |bank| {
        let again = event(bank, WHOLE).fact.clone();
        say(bank, 25, &command("whole", whole()), at(18), again);
        bank.log.commands.push((at(18), Some(command("whole", whole()))));
        write_down(bank);
    }),
    ("a client is told something else of an item", Kind::AnswerContradictsLog, |bank| match &mut bank.history[SEEN_MANY].outcome {
        Outcome::Batch { items, .. } => items[0].made = Some(TransactionId::mint(17, 1).0),
        _ => unreachable!("it is a batch"),
    }),
    ("a client is told of fewer items", Kind::AnswerContradictsLog, |bank| match &mut bank.history[SEEN_MANY].outcome {
        Outcome::Batch { items, .. } => drop(items.pop()),
        _ => unreachable!("it is a batch"),
    }),
    ("a client is told what nobody foresaw", Kind::AnswerContradictsLog, |bank| match &mut bank.history[SEEN_TRIED].outcome {
        Outcome::Tried { items, .. } => items[0].status = ItemStatus::Failed,
        _ => unreachable!("it was tried"),
    }),
    ("an order that is executed twice", Kind::OrderDiffers, |bank| {
        execute(bank, 26);
        write_down(bank);
    }),
    ("an order that is executed early", Kind::OrderDiffers, |bank| {
        order_at(bank, OrderChange::Executed).dated = Dated::ExecuteAt(23);
        order_at(bank, OrderChange::Scheduled).dated = Dated::ExecuteAt(23);
    }),
    ("an order that is executed late", Kind::OrderDiffers, |bank| {
        order_at(bank, OrderChange::Executed).dated = Dated::ExecuteAt(21);
        order_at(bank, OrderChange::Scheduled).dated = Dated::ExecuteAt(21);
    }),
    ("an order that is never executed", Kind::OrderDiffers, |bank| without(bank, is_of_order)),
    ("an order that is executed without a payment", Kind::OrderDiffers, |bank| {
        without(bank, |event| is_of_order(event) && matches!(event.fact, Fact::Transaction(_)));
    }),
    ("an order that pays without a word", Kind::OrderDiffers, |bank| {
        without(bank, |event| is_of_order(event) && matches!(event.fact, Fact::OrderChanged(_)));
    }),
    ("an order that names another payment", Kind::OrderDiffers, |bank| {
        order_at(bank, OrderChange::Executed).transaction_id = Some(TransactionId::mint(22, 1));
    }),
    ("an order that failed and paid", Kind::OrderDiffers, |bank| order_at(bank, OrderChange::Executed).change = OrderChange::Failed),
    ("an order of another amount", Kind::OrderDiffers, |bank| {
        order_at(bank, OrderChange::Executed).amount = Money { minor: 41, currency: Currency::XOF };
    }),
    ("an order that pays somebody else than was asked", Kind::BooksUnbalanced, |bank| {
        order_at(bank, OrderChange::Scheduled).account_credit = AccountId::mint(11, 9);
    }),
    ("an order that is executed in its own name", Kind::DoubledDecision, |bank| {
        let name = id("order", order(22, 40));
        bank.log
            .events
            .iter_mut()
            .filter(|recorded| is_of_order(&recorded.event))
            .for_each(|recorded| recorded.event.cause.command_id = name);
    }),
    ("an order that nobody gave", Kind::OrderDiffers, |bank| {
        unsay(bank, LATER);
    }),
    ("a cancelled order that is cancelled again", Kind::OrderDiffers, |bank| {
        let again = event(bank, CANCEL).fact.clone();
        let cancel = command("once more", Operation::CancelOrder(CancelOrder { order_id: OrderId::mint(21, 0) }));
        say(bank, 25, &cancel, at(18), again);
        bank.log.commands.push((at(18), Some(cancel)));
        write_down(bank);
    }),
    ("another order is cancelled than was asked", Kind::BooksUnbalanced, |bank| {
        order_at(bank, OrderChange::Cancelled).id = OrderId::mint(20, 0);
    }),
    ("a payment that counts from tomorrow", Kind::OrderDiffers, |bank| {
        order_at_back(bank).dated = Dated::EffectiveAt(24);
    }),
    ("a payment that counts and was not made", Kind::OrderDiffers, |bank| {
        order_at_back(bank).transaction_id = Some(TransactionId::mint(22, 0));
    }),
    ("a client is told of another order", Kind::AnswerContradictsLog, |bank| match &mut bank.history[SEEN_ORDER].outcome {
        Outcome::Done { resource, .. } => *resource = OrderId::mint(21, 0).0,
        _ => unreachable!("it was done"),
    }),
    ("an order is shown as it stood before", Kind::AnswerContradictsLog, |bank| {
        bank.history[SEEN_STANDS].outcome = Outcome::Order { status: "scheduled".to_owned(), transaction: None, epoch: 20, as_of: 22 };
    }),
    ("a client is told of another payment", Kind::AnswerContradictsLog, |bank| match &mut bank.history[SEEN_BACK].outcome {
        Outcome::Done { resource, .. } => *resource = TransactionId::mint(22, 0).0,
        _ => unreachable!("it was done"),
    }),
    ("rules that do not know batches", Kind::BooksUnbalanced, |bank| match &mut bank.log.journal[0] {
        schemas::Entry::Commit(commit) => {
            commit.epochs.iter_mut().filter(|sealed| sealed.binding.epoch == 17).for_each(|sealed| sealed.binding.code_version = 4);
        }
        schemas::Entry::Claim(_) => unreachable!("it is a commit"),
    }),
    ("a row of a batch is missing", Kind::RowsDiffer, |bank| drop(bank.rows.tables.get_mut("batch").unwrap().pop_first())),
    ("a row of an item differs", Kind::RowsDiffer, |bank| {
        bank.rows.tables.get_mut("batch_item").unwrap().values_mut().for_each(|row| *row = row.replace("settled", "failed"));
    }),
    ("a row of an order differs", Kind::RowsDiffer, |bank| {
        bank.rows.tables.get_mut("order_change").unwrap().values_mut().for_each(|row| *row = row.replace(" 22 ", " 23 "));
    }),
];

/// The change that says from when on a payment counts.
fn order_at_back(evidence: &mut Evidence) -> &mut OrderChanged {
    let mut facts = evidence.log.events.iter_mut().map(|recorded| &mut recorded.event.fact);
    let found = facts.find_map(|fact| match fact {
        Fact::OrderChanged(order) if order.dated.effective_at().is_some() => Some(order),
        _ => None,
    });
    found.unwrap()
}

#[test]
fn nothing_is_wrong_with_batches_and_orders() {
    let findings = check(&later());
    assert!(findings.is_empty(), "{findings:?}");
}

#[test]
fn whatever_is_wrong_with_batches_and_orders_is_found_and_named() {
    for (name, expected, make) in CASES {
        let mut evidence = later();
        make(&mut evidence);
        let findings = check(&evidence);
        assert!(findings.iter().any(|finding| finding.kind == *expected), "{name}: {findings:?}");
    }
}
