//! Decisions: each does what its command asked, or the item of a batch, or the order whose day has come, by rules that know the operation.

use super::{Case, Findings, Kind};
use schemas::account::HOUSE_CASH;
use schemas::{
    AccountId, Dated, Diligence, Event, Fact, HoldChange, HoldChanged, Link, Operation, Order, OrderChange, OrderChanged, Party,
    PartyChange, Payment, PaymentKind, Reserve, Told, Transaction,
};

pub(super) fn check(case: &Case<'_>, findings: &mut Findings) {
    for recorded in case.events.iter().filter(|recorded| recorded.event.answers()) {
        let event = &recorded.event;
        let Some(operation) = case.asked(recorded) else { continue };
        if !does(operation, event) {
            findings
                .add(Kind::BooksUnbalanced, format!("event {} is not what its command asked: {:?} of {operation:?}", event.id, event.fact));
        }
        let says_no = matches!(event.fact, Fact::Refused { .. } | Fact::Repeated(_));
        if let Some(rules) = case.epochs.get(&event.epoch).filter(|rules| **rules < operation.since())
            && !says_no
        {
            let sentence = format!("event {} is decided by rules {rules}, which do not know {}", event.id, operation.name());
            findings.add(Kind::BooksUnbalanced, sentence);
        }
    }
}

/// Whether the event does what the operation asks.
fn does(operation: &Operation, event: &Event) -> bool {
    match (&event.fact, operation) {
        (Fact::Repeated(_), _) => true,
        (Fact::Refused { operation: name, .. }, asked) => name == asked.name(),
        (Fact::CustomerCreated(customer), Operation::CreateCustomer(create)) => {
            (&customer.full_name, &customer.msisdn, &customer.country) == (&create.full_name, &create.msisdn, &create.country)
        }
        (Fact::AccountOpened(account), Operation::OpenAccount(open)) => {
            (account.customer_id, account.role, account.currency, account.account_type)
                == (Some(open.customer_id), open.role, open.currency, open.account_type)
        }
        (Fact::StatusChanged(changed), Operation::ChangeStatus(asked)) => (changed.id, changed.change) == (asked.account_id, asked.change),
        (Fact::RulesActivated { version }, Operation::ActivateRules(activate)) => *version == activate.version,
        (Fact::PolicyChanged(policy), Operation::SetPolicy(asked)) => **policy == asked.clone().decided(event.epoch),
        (Fact::Transaction(transaction), Operation::Pay(payment) | Operation::Order(Order { payment, dated: Dated::EffectiveAt(_) })) => {
            pays(payment, transaction)
        }
        (Fact::BatchDecided(decided), Operation::Batch(batch)) => {
            (decided.mode, decided.dry_run, decided.outcomes.len()) == (batch.mode, batch.dry_run, batch.items.len())
        }
        (Fact::OrderChanged(order), Operation::Order(asked)) => orders(asked, order),
        (Fact::OrderChanged(order), Operation::CancelOrder(cancel)) => {
            (order.id, order.change) == (cancel.order_id, OrderChange::Cancelled)
        }
        (Fact::Transaction(transaction), Operation::Capture(capture)) => {
            (transaction.link, transaction.amount, transaction.refusal) == (Some(Link::Hold(capture.hold_id)), capture.amount, None)
        }
        (Fact::Transaction(transaction), Operation::Refund(refund)) => {
            let found = (transaction.link, transaction.kind, transaction.amount, transaction.refusal);
            found == (Some(Link::Original(refund.transaction_id)), PaymentKind::Refund, refund.amount, None)
        }
        (Fact::Transaction(transaction), Operation::Reverse(reverse)) => {
            let found = (transaction.link, transaction.kind, transaction.refusal);
            found == (Some(Link::Original(reverse.transaction_id)), PaymentKind::Reversal, None)
        }
        (Fact::HoldChanged(held), Operation::Reserve(reserve)) => reserves(reserve, held, event),
        (Fact::HoldChanged(held), Operation::Release(release)) => (held.id, held.change) == (release.hold_id, HoldChange::Released),
        // What alerts ask for, of themselves.
        (Fact::Diligence(told), Operation::Diligence(asked)) => diligent(asked, told),
        (Fact::PartyChanged(changed), Operation::Freeze(freeze)) => {
            let change = if freeze.frozen { PartyChange::Frozen } else { PartyChange::Unfrozen };
            let party = changed.account_id.map_or(Party::Customer(changed.customer_id), Party::Account);
            (changed.change, party) == (change, freeze.party)
        }
        _ => false,
    }
}

fn diligent(asked: &Diligence, told: &Told) -> bool {
    match (asked, told) {
        // Of an account, its holder is told too.
        (Diligence::OpenCase(open), Told::Case(changed)) => changed.opened.is_some_and(|opened| {
            let found = (opened.kind, opened.about.account_id, opened.about.alert_id, opened.about.hold_id);
            let named = open.about.customer_id.is_none_or(|named| opened.about.customer_id == Some(named));
            named && found == (open.kind, open.about.account_id, open.about.alert_id, open.about.hold_id)
        }),
        (Diligence::UpdateCustomer(update), Told::Customer(updated)) => updated.update == *update,
        (Diligence::SetAddress(set), Told::Address(told)) => told.set == *set,
        _ => false,
    }
}

fn pays(payment: &Payment, transaction: &Transaction) -> bool {
    // A side that is not named is the house's cash.
    let cash = AccountId::house(HOUSE_CASH, payment.currency);
    transaction.link.is_none()
        && payment.kind == transaction.kind
        && payment.channel == transaction.channel
        && payment.amount_minor == transaction.amount.minor
        && payment.currency == transaction.amount.currency
        && payment.account_debit.unwrap_or(cash) == transaction.account_debit
        && payment.account_credit.unwrap_or(cash) == transaction.account_credit
}

fn orders(asked: &Order, order: &OrderChanged) -> bool {
    let payment = &asked.payment;
    let cash = AccountId::house(HOUSE_CASH, payment.currency);
    order.change == OrderChange::Scheduled
        && order.dated == asked.dated
        && (order.kind, order.channel) == (payment.kind, payment.channel)
        && (order.amount.minor, order.amount.currency) == (payment.amount_minor, payment.currency)
        && payment.account_debit.unwrap_or(cash) == order.account_debit
        && payment.account_credit.unwrap_or(cash) == order.account_credit
}

fn reserves(reserve: &Reserve, held: &HoldChanged, event: &Event) -> bool {
    let payment = &reserve.payment;
    held.change.begins()
        && held.kind == payment.kind
        && held.channel == payment.channel
        && held.amount.minor == payment.amount_minor
        && held.amount.currency == payment.currency
        && Some(held.account_debit) == payment.account_debit
        && Some(held.account_credit) == payment.account_credit
        && held.expires_at == event.epoch + reserve.expires_in_ms
}
