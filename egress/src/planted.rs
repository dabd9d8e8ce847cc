//! Mistakes that a test may ask settlement to make in what it says, each of which the proof of "exactly once" must
//! find. Each is whole in itself: the journal counts what is written, so that nothing but the books gives it away.

use schemas::{EpochOutput, Event, EventId, Fact, OrderChange, OrderChanged, Posting, Transaction, TransactionId};
use std::borrow::Cow;

/// Number of a transaction and of an event that the ledger never minted: far above those of an epoch.
const STRANGER: u32 = 900_000;

/// What the epoch says; what it ought to say, unless a test has asked otherwise.
pub(crate) fn said(epoch: &EpochOutput) -> Cow<'_, [Event]> {
    let mut events = Cow::Borrowed(epoch.events.as_slice());
    // A replay is not asked: it repeats what was said, mistakes and all, or is found out.
    if !faults::ARMED || epoch.committed.is_some() {
        return events;
    }
    if let Some(at) = epoch.events.iter().position(|event| settled(event).is_some()) {
        if faults::slip("event-twice") {
            let again = epoch.events[at].clone();
            events.to_mut().insert(at, again);
        } else if faults::slip("event-left-out") {
            events.to_mut().remove(at);
        } else if faults::slip("credit-differs")
            && let Fact::Transaction(transaction) = &mut events.to_mut()[at].fact
        {
            transaction.postings[1].amount_minor += 1;
        }
    }
    let repeat = |event: &Event| match &event.fact {
        Fact::Repeated(repeat) => match &repeat.first {
            Some(Fact::Transaction(first)) if first.refusal.is_none() => Some(anew(first, event)),
            _ => None,
        },
        _ => None,
    };
    if let Some((at, anew)) = epoch.events.iter().enumerate().find_map(|(at, event)| Some((at, repeat(event)?)))
        && faults::slip("repeat-decided-anew")
    {
        events.to_mut()[at].fact = anew;
    }
    batches_and_orders(epoch, &mut events);
    events
}

fn batches_and_orders(epoch: &EpochOutput, events: &mut Cow<'_, [Event]>) {
    let done = |event: &Event| matches!(&event.fact, Fact::BatchDecided(batch) if !batch.dry_run && batch.undone_by().is_none());
    if let Some(at) = events.iter().position(done)
        && faults::slip("outcome-differs")
        && let Fact::BatchDecided(batch) = &mut events.to_mut()[at].fact
    {
        batch.outcomes[0].fee_minor += 1;
    }
    let executed = |event: &Event| matches!(&event.fact, Fact::OrderChanged(order) if order.change == OrderChange::Executed && order.dated.execute_at().is_some());
    if let Some(at) = events.iter().position(executed)
        && faults::slip("order-executed-twice")
        && let [Event { fact: Fact::OrderChanged(order), .. }, Event { fact: Fact::Transaction(paid), .. }] = &events[at..at + 2]
    {
        let paid = anew(paid, &events[at]);
        let order = OrderChanged { transaction_id: Some(TransactionId::mint(epoch.binding.epoch, STRANGER)), ..OrderChanged::clone(order) };
        for (number, fact) in (STRANGER..).zip([Fact::OrderChanged(Box::new(order)), paid]) {
            let again = Event { id: EventId::mint(epoch.binding.epoch, number), fact, ..events[at].clone() };
            events.to_mut().push(again);
        }
    }
}

fn settled(event: &Event) -> Option<&Transaction> {
    match &event.fact {
        Fact::Transaction(transaction) if transaction.refusal.is_none() => Some(transaction),
        _ => None,
    }
}

/// What a ledger would say that had forgotten its first decision.
fn anew(first: &Transaction, event: &Event) -> Fact {
    let leg = |account, amount_minor| Posting { account, amount_minor, balance_minor: 0 };
    let amount_minor = first.amount.minor;
    Fact::Transaction(Transaction {
        id: TransactionId::mint(event.epoch, STRANGER),
        postings: vec![leg(first.account_debit, -amount_minor), leg(first.account_credit, amount_minor)],
        ..first.clone()
    })
}
