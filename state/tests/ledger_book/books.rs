//! What holds of every decision, whatever the tables say: seen from the events alone and compared with the ledger.

use super::shown;
use schemas::account::HOUSE_FEES;
use schemas::{
    AccountId, Batch, BatchDecided, Cause, Epoch, Event, EventId, Fact, HoldChange, HoldChanged, HoldId, ItemStatus, Link, Operation,
    Order, OrderChange, OrderChanged, OrderId, Outcome, Payment, PaymentKind, Proof, Refusal, Transaction, TransactionId,
};
use state::Ledger;
use std::collections::BTreeMap;

/// What the events have said so far.
#[derive(Default)]
pub(crate) struct Books {
    last: Option<EventId>,
    /// Of which epoch and number the last transaction or hold is: they share a counter.
    minted: Option<(Epoch, u32)>,
    holds: BTreeMap<HoldId, Hold>,
    held: BTreeMap<AccountId, i64>,
    /// The balances, each as its last posting told it.
    posted: BTreeMap<AccountId, i64>,
    payments: BTreeMap<TransactionId, Transaction>,
    /// The orders that wait, each with the cause of what becomes of it.
    orders: BTreeMap<OrderId, (OrderChanged, Cause)>,
}

/// A hold: as it was told first, by whom, and what is left of it, as amount and fee.
struct Hold {
    reserved: HoldChanged,
    cause: Cause,
    left: (i64, i64),
    open: bool,
}

impl Books {
    /// Reads the events of one command.
    pub(crate) fn decided(&mut self, operation: &Operation, cause: &Cause, epoch: Epoch, mut events: &[Event]) {
        if let (Operation::Batch(batch), [items @ .., answer]) = (operation, events) {
            self.items(batch, cause, epoch, items, &answer.fact);
            events = &events[items.len()..];
        }
        let last = events.len() - 1;
        for (place, event) in events.iter().enumerate() {
            self.follows(event, epoch);
            assert_eq!(event.cause, *cause, "an event says what it answers");
            assert_eq!(event.answers(), place == last, "the answer comes last, and is the only one: {events:?}");
            if let Fact::HoldChanged(changed) = &event.fact {
                self.hold(changed, cause);
            }
        }
        match (&events[last].fact, operation) {
            (Fact::Transaction(transaction), _) => {
                self.mint(transaction.id.minted(), epoch);
                well_formed(transaction);
                self.comes_of(transaction, operation, events);
                self.paid(transaction);
            }
            (Fact::HoldChanged(reserved), Operation::Reserve(asked)) => {
                self.mint(reserved.id.minted(), epoch);
                let payment = &asked.payment;
                assert_eq!((reserved.amount.minor, reserved.amount.currency), (payment.amount_minor, payment.currency));
                assert_eq!((reserved.kind, reserved.channel), (payment.kind, payment.channel));
                assert_eq!((Some(reserved.account_debit), Some(reserved.account_credit)), (payment.account_debit, payment.account_credit));
                assert_eq!(reserved.expires_at, epoch + asked.expires_in_ms);
            }
            (Fact::HoldChanged(held), Operation::Pay(asked)) => {
                self.mint(held.id.minted(), epoch);
                assert_eq!((held.amount.minor, held.kind, held.change), (asked.amount_minor, asked.kind, HoldChange::Reviewed));
            }
            (Fact::OrderChanged(order), Operation::Order(asked)) => self.scheduled(order, asked, cause, epoch),
            (Fact::OrderChanged(order), _) => self.ended(order),
            (Fact::PolicyChanged(policy), Operation::SetPolicy(asked)) => {
                assert_eq!(**policy, asked.clone().decided(epoch), "a policy is told with its moment");
            }
            (Fact::Refused { operation: told, refusal }, _) => {
                assert_eq!(told, operation.name());
                let payment = matches!(operation, Operation::Pay(_)) && *refusal != Refusal::OperationNotInForce;
                assert!(!payment, "a payment that is refused is a transaction");
            }
            _ => {}
        }
        assert!(self.holds.values().all(|hold| hold.open), "a hold that is not open holds nothing");
    }

    /// Reads the events with which an epoch begins: of holds that are over, then of orders whose day it is.
    pub(crate) fn began(&mut self, epoch: Epoch, events: &[Event]) {
        events.iter().for_each(|event| self.follows(event, epoch));
        // What becomes of identities and cases moves no money.
        let events: Vec<Event> = events.iter().filter(|event| !matches!(event.fact, Fact::Diligence(_))).cloned().collect();
        let over = events.iter().take_while(|event| matches!(event.fact, Fact::HoldChanged(_))).count();
        let (over, mut rest) = events.split_at(over);
        let mut order = Vec::new();
        for event in over {
            let Fact::HoldChanged(changed) = &event.fact else { panic!("an epoch begins with {event:?}") };
            let hold = self.holds.get(&changed.id).expect("only what is held expires");
            assert_eq!(event.cause, Cause { traceparent: String::new(), ..hold.cause.clone() }, "who reserved hears of the end");
            assert!(
                matches!(changed.change, HoldChange::Expired | HoldChange::ReviewExpired)
                    && changed.expires_at <= epoch
                    && !event.answers(),
                "{changed:?}"
            );
            order.push((changed.expires_at, changed.id));
            self.hold(changed, &event.cause);
        }
        assert!(order.is_sorted(), "what is over first ends first: {order:?}");
        let mut order = Vec::new();
        while let Some(first) = rest.first() {
            let ends = rest.iter().position(|event| matches!(event.fact, Fact::Transaction(_))).expect("an order ends in a payment");
            let (executed, after) = rest.split_at(ends + 1);
            order.push(self.executed(epoch, executed, &first.cause));
            rest = after;
        }
        assert!(order.is_sorted(), "the first day comes first: {order:?}");
    }

    /// An order whose day has come: the house opens what it needs, the order ends, the payment is told.
    fn executed(&mut self, epoch: Epoch, events: &[Event], cause: &Cause) -> (Option<Epoch>, OrderId) {
        assert!(events.iter().all(|event| event.cause == *cause), "{events:?}");
        let [opened @ .., told, paid] = events else { panic!("an order and its payment: {events:?}") };
        assert!(opened.iter().all(|event| matches!(&event.fact, Fact::AccountOpened(account) if account.customer_id.is_none())));
        let (Fact::OrderChanged(told), Fact::Transaction(paid)) = (&told.fact, &paid.fact) else { panic!("{events:?}") };
        let change = if paid.refusal.is_none() { OrderChange::Executed } else { OrderChange::Failed };
        let execute_at = told.dated.execute_at();
        assert!(told.change == change && execute_at.is_some_and(|day| day <= epoch), "{told:?}");
        assert_eq!(self.orders.get(&told.id).map(|(_, cause)| cause), Some(cause), "what becomes of an order names its command");
        self.ended(told);
        self.of_order(told, paid);
        self.mint(paid.id.minted(), epoch);
        well_formed(paid);
        self.paid(paid);
        (execute_at, told.id)
    }

    /// An order that waits.
    fn scheduled(&mut self, order: &OrderChanged, asked: &Order, cause: &Cause, epoch: Epoch) {
        self.mint(order.id.minted(), epoch);
        assert_eq!((order.change, order.dated, order.transaction_id), (OrderChange::Scheduled, asked.dated, None));
        assert_eq!((order.kind, order.channel), (asked.payment.kind, asked.payment.channel));
        assert_eq!((order.amount.minor, order.amount.currency), (asked.payment.amount_minor, asked.payment.currency));
        let cause = Cause { command_id: cause.command_id.item(0), traceparent: String::new(), ..cause.clone() };
        assert!(self.orders.insert(order.id, (order.clone(), cause)).is_none(), "{order:?}");
    }

    /// The end of an order, which is what it was.
    fn ended(&mut self, order: &OrderChanged) {
        let (first, _) = self.orders.remove(&order.id).expect("only an order that waits ends");
        let OrderChanged { change, transaction_id, .. } = order;
        assert_eq!(*order, OrderChanged { change: *change, transaction_id: *transaction_id, ..first }, "an order stays what it is");
        assert_eq!(transaction_id.is_none(), *change == OrderChange::Cancelled, "{order:?}");
    }

    /// A payment that is what an order says.
    fn of_order(&self, order: &OrderChanged, paid: &Transaction) {
        let Transaction { id, kind, channel, account_debit, account_credit, amount, link, .. } = paid;
        assert_eq!((Some(*id), *kind, *channel, *amount, None), (order.transaction_id, order.kind, order.channel, order.amount, *link));
        assert_eq!((*account_debit, *account_credit), (order.account_debit, order.account_credit), "{paid:?}");
    }

    /// What the items of a batch have said, each as a command by itself, and what the batch says of them.
    fn items(&mut self, batch: &Batch, cause: &Cause, epoch: Epoch, mut events: &[Event], answer: &Fact) {
        let Fact::BatchDecided(decided) = answer else { return assert!(events.is_empty(), "{events:?}") };
        let BatchDecided { mode, dry_run, outcomes } = &**decided;
        assert_eq!((*mode, *dry_run, outcomes.len()), (batch.mode, batch.dry_run, batch.items.len()));
        if *dry_run || decided.undone_by().is_some() {
            assert!(events.is_empty(), "of what has not happened nothing is said: {events:?}");
            let no_ids = |outcome: &Outcome| outcome.transaction_id.is_none() && outcome.hold_id.is_none();
            return assert!(outcomes.iter().all(no_ids), "{outcomes:?}");
        }
        for (number, (item, outcome)) in (0..).zip(batch.items.iter().zip(outcomes)) {
            let cause = Cause { command_id: cause.command_id.item(number), ..cause.clone() };
            let count = events.iter().take_while(|event| event.cause == cause).count();
            let (of_item, rest) = events.split_at(count);
            self.decided(item, &cause, epoch, of_item);
            assert_eq!(*outcome, outcome_of(item, &of_item[count - 1].fact), "{item:?}");
            events = rest;
        }
        assert!(events.is_empty(), "{events:?}");
    }

    /// What shows a payment, out of all that the events have told.
    pub(crate) fn proof(&self, id: TransactionId) -> Option<Proof> {
        shown::proof(id, self.payments.values())
    }

    /// The number after the last in an epoch.
    pub(crate) fn next_number(&self, epoch: Epoch) -> u32 {
        self.minted.filter(|(last, _)| *last == epoch).map_or(0, |(_, number)| number + 1)
    }

    fn paid(&mut self, transaction: &Transaction) {
        self.posted.extend(transaction.postings.iter().map(|leg| (leg.account, leg.balance_minor)));
        self.payments.insert(transaction.id, transaction.clone());
    }

    /// Compares what was posted last, what is held, and the sums, with the ledger.
    pub(crate) fn agree(&self, ledger: &Ledger) {
        assert!(ledger.trial_balance().values().all(|sum| *sum == 0), "the books do not balance");
        for holding in ledger.accounts() {
            assert_eq!(Some(&holding.balance_minor), self.posted.get(&holding.id).or(Some(&0)), "the balance of {}", holding.id);
            let held_minor = self.held.get(&holding.id).copied().unwrap_or(0);
            assert_eq!(holding.held_minor, held_minor, "what is held of {}", holding.id);
            assert_eq!(i128::from(holding.available_minor()), i128::from(holding.balance_minor) - i128::from(held_minor));
        }
    }

    /// What a hold still holds, as amount and fee.
    pub(crate) fn left(&self, id: HoldId) -> (i64, i64) {
        self.holds.get(&id).map_or((0, 0), |hold| hold.left)
    }

    /// Whether a transaction says what it comes of, and is like it.
    fn comes_of(&self, transaction: &Transaction, operation: &Operation, events: &[Event]) {
        let Transaction { kind, channel, account_debit, account_credit, amount, fee_minor, link, .. } = transaction;
        let sides = (*account_debit, *account_credit);
        let back = |id: TransactionId| {
            let original = self.payments.get(&id).expect("only what was paid is given back");
            assert_eq!((sides, channel), ((original.account_credit, original.account_debit), &original.channel), "{transaction:?}");
            assert_eq!(*link, Some(Link::Original(id)));
        };
        match operation {
            Operation::Order(Order { payment, dated }) => {
                let told = events.iter().find_map(|event| if let Fact::OrderChanged(order) = &event.fact { Some(order) } else { None });
                assert_eq!(told.is_some(), transaction.refusal.is_none(), "{events:?}");
                if let Some(order) = told {
                    self.of_order(order, transaction);
                    assert_eq!((order.change, order.dated), (OrderChange::Executed, *dated));
                    assert_eq!(
                        order.id.minted(),
                        transaction.id.minted(),
                        "an order that is executed at once has the number of its payment"
                    );
                }
                let Payment { amount_minor, currency, .. } = *payment;
                assert_eq!((amount.minor, amount.currency, *link), (amount_minor, currency, None));
            }
            Operation::Pay(asked) => {
                assert_eq!((*kind, *channel, *link), (asked.kind, asked.channel, None));
                assert_eq!((amount.minor, amount.currency), (asked.amount_minor, asked.currency));
            }
            Operation::Capture(asked) => {
                let held = events.iter().filter_map(|event| if let Fact::HoldChanged(held) = &event.fact { Some(held) } else { None });
                let captured: Vec<_> = held.filter(|held| held.change == HoldChange::Captured).collect();
                let [captured] = captured[..] else { panic!("one capture: {events:?}") };
                assert_eq!((*link, captured.id, *amount), (Some(Link::Hold(asked.hold_id)), asked.hold_id, asked.amount));
                assert_eq!((*kind, *channel, sides), (captured.kind, captured.channel, (captured.account_debit, captured.account_credit)));
                assert!([0, *fee_minor].contains(&captured.fee_minor) && captured.amount == *amount, "{captured:?} {transaction:?}");
            }
            Operation::DecideReview(asked) => {
                assert_eq!(*link, Some(Link::Hold(asked.hold_id)), "a review releases what it is about");
            }
            Operation::Refund(asked) => {
                assert_eq!((*kind, *amount, *fee_minor), (PaymentKind::Refund, asked.amount, 0));
                back(asked.transaction_id);
            }
            Operation::Reverse(asked) => {
                assert_eq!(*kind, PaymentKind::Reversal);
                back(asked.transaction_id);
            }
            other => panic!("{} is no payment", other.name()),
        }
    }

    fn mint(&mut self, minted: Option<(Epoch, u32)>, epoch: Epoch) {
        assert!(self.minted < minted && minted.is_some_and(|(when, _)| when == epoch), "{minted:?} comes after {:?}", self.minted);
        self.minted = minted;
    }

    fn follows(&mut self, event: &Event, epoch: Epoch) {
        assert!(self.last < Some(event.id) && event.epoch == epoch, "{event:?} comes after {:?}", self.last);
        self.last = Some(event.id);
    }

    fn hold(&mut self, changed: &HoldChanged, cause: &Cause) {
        let sum = (changed.amount.minor, changed.fee_minor);
        assert!(sum.0 > 0 && sum.1 >= 0, "{changed:?}");
        let held_minor = self.held.entry(changed.account_debit).or_default();
        if changed.change.begins() {
            *held_minor += sum.0 + sum.1;
            let hold = Hold { reserved: changed.clone(), cause: cause.clone(), left: sum, open: true };
            assert!(self.holds.insert(changed.id, hold).is_none() && changed.open, "{changed:?}");
            return;
        }
        *held_minor -= sum.0 + sum.1;
        let hold = self.holds.get_mut(&changed.id).expect("only what is held changes");
        let HoldChanged { id, kind, channel, account_debit, account_credit, expires_at, .. } = hold.reserved;
        let same = HoldChanged { id, kind, channel, account_debit, account_credit, expires_at, ..changed.clone() };
        assert_eq!(*changed, same, "a hold stays what it is");
        hold.left = (hold.left.0 - sum.0, hold.left.1 - sum.1);
        hold.open = changed.open;
        let ended = hold.left == (0, 0);
        assert!(hold.left.0 >= 0 && hold.left.1 >= 0, "{changed:?} leaves {:?}", hold.left);
        match changed.change {
            HoldChange::Captured => assert!(!changed.open || hold.left.0 > 0, "{changed:?} leaves nothing"),
            _ => assert!(!changed.open && ended, "{changed:?} leaves {:?}", hold.left),
        }
        if ended {
            self.holds.remove(&changed.id);
        }
    }
}

/// What the last fact of an item comes to.
fn outcome_of(item: &Operation, fact: &Fact) -> Outcome {
    let of = |status| Outcome::without(status, None);
    match fact {
        Fact::Transaction(paid) => {
            let failed = matches!(item, Operation::Pay(_)) && paid.refusal.is_some();
            let status = if failed { ItemStatus::Failed } else { ItemStatus::Settled };
            Outcome { transaction_id: Some(paid.id), fee_minor: paid.fee_minor, refusal: paid.refusal, ..of(status) }
        }
        Fact::HoldChanged(held) => {
            let status = if held.change.begins() { ItemStatus::Reserved } else { ItemStatus::Released };
            let refusal = (held.change == HoldChange::Reviewed).then_some(Refusal::ReviewRequired);
            Outcome { hold_id: Some(held.id), fee_minor: held.fee_minor, refusal, ..of(status) }
        }
        Fact::Refused { refusal, .. } => Outcome { refusal: Some(*refusal), ..of(ItemStatus::Refused) },
        other => panic!("{other:?} is of no item"),
    }
}

/// Whether the legs of a transaction are those of its sides and its fee.
fn well_formed(transaction: &Transaction) {
    let Transaction { postings, fee_minor, .. } = transaction;
    if transaction.refusal.is_some() {
        return assert!(postings.is_empty() && *fee_minor == 0, "nothing moves: {transaction:?}");
    }
    assert_eq!(postings.iter().map(|leg| i128::from(leg.amount_minor)).sum::<i128>(), 0, "{transaction:?}");
    assert_eq!(postings.len(), if *fee_minor == 0 { 2 } else { 3 }, "payer, payee and the fee, if there is one: {transaction:?}");
    assert_eq!((postings[0].account, postings[1].account), (transaction.account_debit, transaction.account_credit));
    if let Some(income) = postings.get(2) {
        assert_eq!(income.account, AccountId::house(HOUSE_FEES, transaction.amount.currency));
        assert_eq!(income.amount_minor.abs(), *fee_minor, "{transaction:?}");
    }
}
