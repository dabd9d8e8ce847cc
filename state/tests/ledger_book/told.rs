//! What the ledger told, in the words of the tables.

use schemas::account::{HOUSE_CASH, HOUSE_FEES};
use schemas::{Account, AccountId, AccountStatus, AccountType, Epoch, Fact, HoldChange, Money, PaymentKind, Policy, Role, Transaction};

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
            HoldChange::Reserved | HoldChange::Released | HoldChange::Expired => Some(format!("{} beside the answer", changed.change)),
        },
        other => Some(format!("{other:?} beside the answer")),
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
