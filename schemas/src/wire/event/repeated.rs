//! The answer to a repeat on the wire: the first decision, whatever it was, in the fields of one record.

use super::{epoch, held, link, money, rules};
use crate::account::{Account, AccountStatus, AccountType, Role, StatusChanged};
use crate::customer::{Customer, KycStatus};
use crate::epoch::Position;
use crate::event::{Cause, Event, Fact, Repeat, Verdict};
use crate::hold::{HoldChange, HoldChanged};
use crate::id::{AccountId, CommandId, CustomerId, EventId, HoldId, TransactionId};
use crate::money::{Currency, Money};
use crate::refusal::Refusal;
use crate::topic::Topic;
use crate::transaction::{Channel, Link, PaymentKind, Transaction};
use crate::wire::policy;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

event_record! {
    struct Repeated {
        verdict: Verdict,
        #[serde(borrow)]
        operation: Cow<'a, str>,
        first_epoch: i64,
        #[serde(borrow)]
        result: Cow<'a, str>,
        #[serde(default)]
        reason: Option<Refusal>,
        #[serde(default)]
        resource_id: Option<String>,
        #[serde(default)]
        customer_id: Option<CustomerId>,
        #[serde(default)]
        r#type: Option<AccountType>,
        #[serde(default)]
        role: Option<Role>,
        #[serde(default)]
        currency: Option<Currency>,
        #[serde(default)]
        amount: Option<String>,
        #[serde(default)]
        charged_fee: Option<String>,
        #[serde(default)]
        channel: Option<Channel>,
        #[serde(default)]
        debit_account: Option<AccountId>,
        #[serde(default)]
        credit_account: Option<AccountId>,
        #[serde(default)]
        full_name: Option<String>,
        #[serde(default)]
        msisdn: Option<String>,
        #[serde(default)]
        country: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kind: Option<PaymentKind>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hold_id: Option<HoldId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        original_transaction_id: Option<TransactionId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        change: Option<HoldChange>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at: Option<i64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        open: Option<bool>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        policy: Option<policy::Wire>,
    }
}

pub(super) fn of<'a>(event: &'a Event, repeat: &'a Repeat) -> Repeated<'a> {
    let blank = record!(Repeated, event, {
        verdict: repeat.verdict(),
        operation: Cow::Borrowed(&repeat.operation),
        first_epoch: i64::try_from(repeat.first_epoch).expect("an epoch is before the year 10000"),
        result: Cow::Borrowed(""),
        reason: None,
        resource_id: None,
        customer_id: None,
        r#type: None,
        role: None,
        currency: None,
        amount: None,
        charged_fee: None,
        channel: None,
        debit_account: None,
        credit_account: None,
        full_name: None,
        msisdn: None,
        country: None,
        kind: None,
        hold_id: None,
        original_transaction_id: None,
        change: None,
        expires_at: None,
        open: None,
        policy: None,
    });
    let Some(first) = &repeat.first else { return blank };
    match first {
        Fact::CustomerCreated(customer) => Repeated {
            result: Cow::Borrowed("customer_created"),
            resource_id: Some(customer.id.to_string()),
            full_name: Some(customer.full_name.clone()),
            msisdn: customer.msisdn.clone(),
            country: customer.country.clone(),
            ..blank
        },
        Fact::AccountOpened(account) => Repeated {
            result: Cow::Borrowed("account_opened"),
            resource_id: Some(account.id.to_string()),
            customer_id: account.customer_id,
            r#type: Some(account.account_type),
            role: Some(account.role),
            currency: Some(account.currency),
            ..blank
        },
        Fact::Transaction(transaction) => Repeated {
            result: Cow::Borrowed(transaction.status().as_str()),
            // Only this topic has the field; in the other the operation says it.
            kind: (Topic::of(event) == Topic::OutcomesLinked).then_some(transaction.kind),
            reason: transaction.refusal,
            resource_id: Some(transaction.id.to_string()),
            currency: Some(transaction.amount.currency),
            amount: Some(transaction.amount.to_string()),
            charged_fee: Some(Money { minor: transaction.fee_minor, ..transaction.amount }.to_string()),
            channel: Some(transaction.channel),
            debit_account: Some(transaction.account_debit),
            credit_account: Some(transaction.account_credit),
            hold_id: transaction.link.and_then(Link::hold),
            original_transaction_id: transaction.link.and_then(Link::original),
            ..blank
        },
        Fact::HoldChanged(held) => Repeated {
            result: Cow::Borrowed("hold_updated"),
            resource_id: Some(held.id.to_string()),
            kind: Some(held.kind),
            change: Some(held.change),
            currency: Some(held.amount.currency),
            amount: Some(held.amount.to_string()),
            charged_fee: Some(Money { minor: held.fee_minor, ..held.amount }.to_string()),
            channel: Some(held.channel),
            debit_account: Some(held.account_debit),
            credit_account: Some(held.account_credit),
            expires_at: Some(i64::try_from(held.expires_at).expect("an epoch is before the year 10000")),
            open: Some(held.open),
            ..blank
        },
        Fact::PolicyChanged(policy) => {
            Repeated { result: Cow::Borrowed("policy_updated"), policy: Some(policy::Wire::of(policy)), ..blank }
        }
        Fact::StatusChanged(changed) => Repeated {
            result: Cow::Borrowed("account_updated"),
            resource_id: Some(changed.id.to_string()),
            customer_id: changed.customer_id,
            ..blank
        },
        Fact::RulesActivated { version } => {
            Repeated { result: Cow::Borrowed("rules_activated"), resource_id: Some(version.to_string()), ..blank }
        }
        Fact::Refused { refusal, .. } => Repeated { result: Cow::Borrowed("refused"), reason: Some(*refusal), ..blank },
        Fact::BatchDecided(_) | Fact::OrderChanged(_) => unreachable!("a batch or an order is told again in its own topic"),
        Fact::AmlChanged(_) | Fact::PartyChanged(_) => unreachable!("a setting or a party is told again in its own topic"),
        Fact::ListChanged(_) => unreachable!("a list is told again in its own topic"),
        Fact::Diligence(_) => unreachable!("an identity or a case is told again in its own topic"),
        Fact::Assessed(_) => unreachable!("what gates said is no decision"),
        Fact::Repeated(_) => unreachable!("a repeat answers a first decision, which is never itself a repeat"),
    }
}

impl Repeated<'_> {
    pub(in crate::wire) fn into_event(self, traceparent: &str) -> Result<Event, String> {
        let first = match self.verdict {
            Verdict::Replayed => Some(self.first()?),
            Verdict::KeyReused => None,
        };
        let repeat = Repeat { operation: self.operation.to_string(), first_epoch: epoch(self.first_epoch)?, first };
        self.event(traceparent, Fact::Repeated(Box::new(repeat)))
    }

    fn first(&self) -> Result<Fact, String> {
        let fact = match &*self.result {
            "customer_created" => Fact::CustomerCreated(Customer {
                id: parse(self.resource_id.as_deref())?,
                full_name: self.full_name.clone().ok_or("full_name is missing")?,
                msisdn: self.msisdn.clone(),
                country: self.country.clone(),
                kyc_status: KycStatus::Pending,
            }),
            "account_opened" => Fact::AccountOpened(Account {
                id: parse(self.resource_id.as_deref())?,
                customer_id: self.customer_id,
                account_type: self.r#type.ok_or("type is missing")?,
                role: self.role.ok_or("role is missing")?,
                currency: self.currency.ok_or("currency is missing")?,
                status: AccountStatus::Active,
            }),
            "account_updated" => Fact::StatusChanged(StatusChanged {
                id: parse(self.resource_id.as_deref())?,
                customer_id: self.customer_id,
                change: parse(Some(&self.operation))?,
            }),
            "hold_updated" => Fact::HoldChanged(self.held()?),
            "policy_updated" => Fact::PolicyChanged(Box::new(self.policy.as_ref().ok_or("policy is missing")?.decided()?)),
            "rules_activated" => Fact::RulesActivated { version: rules(self.resource_id.as_deref().ok_or("resource_id is missing")?)? },
            "settled" => Fact::Transaction(self.transaction(None)?),
            "failed" => Fact::Transaction(self.transaction(Some(self.reason.ok_or("reason is missing")?))?),
            "refused" => Fact::Refused { operation: self.operation.to_string(), refusal: self.reason.ok_or("reason is missing")? },
            other => return Err(format!("{other:?} is no result of a command")),
        };
        Ok(fact)
    }

    fn transaction(&self, refusal: Option<Refusal>) -> Result<Transaction, String> {
        let currency = self.currency.ok_or("currency is missing")?;
        Ok(Transaction {
            id: parse(self.resource_id.as_deref())?,
            kind: self.kind.map_or_else(|| parse(Some(&self.operation)), Ok)?,
            account_debit: self.debit_account.ok_or("debit_account is missing")?,
            account_credit: self.credit_account.ok_or("credit_account is missing")?,
            amount: money(self.amount.as_deref().ok_or("amount is missing")?, currency)?,
            fee_minor: money(self.charged_fee.as_deref().ok_or("charged_fee is missing")?, currency)?.minor,
            channel: self.channel.ok_or("channel is missing")?,
            refusal,
            link: link(self.hold_id, self.original_transaction_id)?,
            // What an account's balance was then is not part of the answer to a repeat.
            postings: Vec::new(),
        })
    }

    fn held(&self) -> Result<HoldChanged, String> {
        let currency = self.currency.ok_or("currency is missing")?;
        held(HoldChanged {
            id: parse(self.resource_id.as_deref())?,
            change: self.change.ok_or("change is missing")?,
            kind: self.kind.ok_or("kind is missing")?,
            channel: self.channel.ok_or("channel is missing")?,
            account_debit: self.debit_account.ok_or("debit_account is missing")?,
            account_credit: self.credit_account.ok_or("credit_account is missing")?,
            amount: money(self.amount.as_deref().ok_or("amount is missing")?, currency)?,
            fee_minor: money(self.charged_fee.as_deref().ok_or("charged_fee is missing")?, currency)?.minor,
            open: self.open.ok_or("open is missing")?,
            expires_at: epoch(self.expires_at.ok_or("expires_at is missing")?)?,
        })
    }
}

fn parse<T: std::str::FromStr<Err = crate::money::Unreadable>>(text: Option<&str>) -> Result<T, String> {
    text.ok_or("resource_id is missing")?.parse().map_err(|error: crate::money::Unreadable| error.to_string())
}
