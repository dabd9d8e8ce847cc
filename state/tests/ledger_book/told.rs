//! What the ledger told, in the words of the tables.

use super::diligence;
use schemas::account::{HOUSE_CASH, HOUSE_FEES};
use schemas::{
    Account, AccountId, AccountStatus, AccountType, Capture, Epoch, Fact, HoldChange, ItemStatus, ListCommand, Money, Operation,
    OrderChange, Outcome, Payment, PaymentKind, Policy, Refund, Refusal, Reserve, Role, Transaction,
};

/// The answer to a command; `epoch` is that of the decision.
pub(crate) fn answer(fact: &Fact, epoch: Epoch) -> String {
    match fact {
        Fact::CustomerCreated(_) => "created".to_owned(),
        Fact::AccountOpened(_) => "opened".to_owned(),
        Fact::Transaction(transaction) => payment(transaction),
        Fact::RulesActivated { .. } => "activated".to_owned(),
        Fact::StatusChanged(changed) => changed.change.status().to_string(),
        Fact::HoldChanged(changed) => format!("{} {}", changed.change, sum(changed.amount, changed.fee_minor)),
        Fact::PolicyChanged(policy) => set(policy, epoch).to_owned(),
        Fact::BatchDecided(decided) => if decided.undone_by().is_some() { "undone" } else { "decided" }.to_owned(),
        Fact::OrderChanged(order) => order.change.to_string(),
        Fact::AmlChanged(changed) => format!("set {}", changed.version),
        Fact::PartyChanged(changed) => changed.change.to_string(),
        Fact::ListChanged(changed) => match &changed.change {
            ListCommand::Part(part) => format!("loaded {}", part.number),
            ListCommand::Activate(activate) => format!("in-force {}", activate.version),
            ListCommand::Clear(_) => "cleared".to_owned(),
        },
        Fact::Diligence(told) => diligence::answer(told),
        Fact::Assessed(_) => panic!("what gates say is no answer"),
        Fact::Refused { refusal, .. } => format!("refused {refusal}"),
        Fact::Repeated(repeat) => match &repeat.first {
            Some(first) => format!("replayed {}", answer(first, repeat.first_epoch)),
            None => "key_reused".to_owned(),
        },
    }
}

/// What comes before the answer; `left` is what the hold still holds, as amount and fee.
pub(crate) fn beside(fact: &Fact, left: (i64, i64)) -> Option<String> {
    match fact {
        Fact::AccountOpened(account) => Some(format!("opening {}", house(account))),
        Fact::HoldChanged(changed) => match changed.change {
            HoldChange::Captured => changed.open.then(|| format!("holding {}", sum(Money { minor: left.0, ..changed.amount }, left.1))),
            HoldChange::Closed => Some(format!("closing {}", sum(changed.amount, changed.fee_minor))),
            HoldChange::Reserved | HoldChange::Released | HoldChange::Expired | HoldChange::Reviewed => {
                Some(format!("{} beside the answer", changed.change))
            }
            HoldChange::ReviewRefused | HoldChange::ReviewExpired => Some(format!("{} beside the answer", changed.change)),
        },
        // What gates say, as far as the tables look at it.
        Fact::Assessed(assessed) => {
            let said = assessed.said.iter().map(|said| format!("{}:{}={}", said.lane, said.name, said.value));
            Some(format!("{} {}", assessed.answer, said.collect::<Vec<_>>().join(" ")).trim_end().to_owned())
        }
        // What is made now and counts from earlier on.
        Fact::OrderChanged(order) if order.change == OrderChange::Executed && order.dated.effective_at().is_some() => None,
        Fact::Diligence(told) => diligence::beside(told),
        other => Some(format!("{other:?} beside the answer")),
    }
}

/// What a batch says of an item, in the words for a command by itself; it does not say how much was left of a hold or a payment.
pub(crate) fn item(operation: &Operation, outcome: &Outcome) -> String {
    let amount = match operation {
        Operation::Pay(Payment { amount_minor, currency, .. })
        | Operation::Reserve(Reserve { payment: Payment { amount_minor, currency, .. }, .. }) => {
            Some(Money { minor: *amount_minor, currency: *currency })
        }
        Operation::Capture(Capture { amount, .. }) | Operation::Refund(Refund { amount, .. }) => Some(*amount),
        _ => None,
    };
    let fee = amount.filter(|_| outcome.fee_minor > 0).map(|amount| format!(", fee {}", Money { minor: outcome.fee_minor, ..amount }));
    match (outcome.status, outcome.refusal) {
        (ItemStatus::Failed | ItemStatus::Refused, Some(refusal)) => format!("refused {refusal}"),
        (ItemStatus::Reserved, Some(Refusal::ReviewRequired)) => {
            format!("reviewed {}", amount.map_or_else(String::new, |amount| sum(amount, outcome.fee_minor)))
        }
        (ItemStatus::Reserved, None) => format!("reserved {}", amount.map_or_else(String::new, |amount| sum(amount, outcome.fee_minor))),
        (status, None) => format!("{status}{}", fee.unwrap_or_default()),
        (status, Some(refusal)) => panic!("{status} {refusal}"),
    }
}

/// An amount, and the fee that is held with it: `100+5`.
pub(crate) fn sum(amount: Money, fee_minor: i64) -> String {
    let fee = Money { minor: fee_minor, ..amount };
    if fee_minor == 0 { amount.to_string() } else { format!("{amount}+{fee}") }
}

/// A reversal says how much was left to take back, since nobody asked for a certain amount.
fn payment(transaction: &Transaction) -> String {
    let Transaction { kind, amount, fee_minor, refusal, .. } = transaction;
    let settled = match (refusal, kind) {
        (Some(refusal), _) => return format!("refused {refusal}"),
        (None, PaymentKind::Reversal) => format!("reversed {amount}"),
        (None, _) => "settled".to_owned(),
    };
    if *fee_minor == 0 { settled } else { format!("{settled}, fee {}", Money { minor: *fee_minor, ..*amount }) }
}

fn set(policy: &Policy, epoch: Epoch) -> &'static str {
    match policy {
        _ if policy.effective(epoch) > epoch => "planned",
        Policy::TariffEnd(_) => "withdrawn",
        Policy::Level(_) | Policy::Terms(_) | Policy::Limits(_) | Policy::Tariff(_) => "set",
    }
}

/// Which account the house has opened for itself.
fn house(account: &Account) -> String {
    let Account { id, customer_id, account_type, role, currency, status } = account;
    let form = (*customer_id, *account_type, *role, *status);
    assert_eq!(form, (None, AccountType::Current, Role::House, AccountStatus::Active), "an account of the house");
    let is = |purpose: &&&str| *id == AccountId::house(purpose, *currency);
    let purpose = [HOUSE_CASH, HOUSE_FEES].iter().find(is).map_or("an account of nobody", |purpose| *purpose);
    format!("{purpose}.{currency}")
}
