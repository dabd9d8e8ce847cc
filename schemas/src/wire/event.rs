//! Events on the wire: one flat record a topic, each ending with the same fields about its cause.

use crate::account::{Account, AccountStatus, AccountType, Role, StatusChange, StatusChanged};
use crate::customer::{Customer, KycStatus};
use crate::epoch::{Epoch, LAST_EPOCH, Position, rfc3339};
use crate::event::{Cause, Event, Fact, Repeat, Verdict};
use crate::id::{AccountId, CommandId, CustomerId, EventId, TransactionId};
use crate::money::{Currency, Money};
use crate::refusal::Refusal;
use crate::transaction::{Channel, PaymentKind, Posting, Transaction};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

pub(super) enum Wire<'a> {
    CustomerCreated(CustomerCreated<'a>),
    AccountOpened(AccountOpened<'a>),
    Payment(&'a Transaction),
    AccountUpdated(AccountUpdated<'a>),
    RulesActivated(RulesActivated<'a>),
    Refused(Refused<'a>),
    Repeated(Repeated<'a>),
}

/// A record with the fields that every event ends with. `serde(flatten)` would make each a map, so a macro
/// writes them out.
macro_rules! event_record {
    ($(#[$meta:meta])* struct $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Serialize, Deserialize)]
        pub(super) struct $name<'a> {
            $($(#[$field_meta])* $field: $type,)*
            event_id: EventId,
            #[serde(borrow, default)]
            trace_id: Cow<'a, str>,
            epoch: i64,
            command_id: CommandId,
            command_partition: i32,
            command_offset: i64,
        }

        impl $name<'_> {
            fn event(&self, traceparent: &str, fact: Fact) -> Result<Event, String> {
                // Where only the trace id came through, the rest of the context is filled with a span of zeros.
                let traceparent = match (traceparent, &*self.trace_id) {
                    ("", "") => String::new(),
                    ("", trace) => format!("00-{trace}-0000000000000000-00"),
                    (whole, _) => whole.to_owned(),
                };
                Ok(Event {
                    id: self.event_id,
                    epoch: epoch(self.epoch)?,
                    cause: Cause {
                        command_id: self.command_id,
                        position: Position { partition: self.command_partition, offset: self.command_offset },
                        traceparent,
                    },
                    fact,
                })
            }
        }
    };
}

event_record! {
    struct CustomerCreated {
        customer_id: CustomerId,
        #[serde(borrow)]
        full_name: Cow<'a, str>,
        #[serde(default)]
        msisdn: Option<String>,
        #[serde(default)]
        country: Option<String>,
        kyc_status: KycStatus,
        #[serde(borrow)]
        created_at: Cow<'a, str>,
    }
}

event_record! {
    struct AccountOpened {
        account_id: AccountId,
        #[serde(default)]
        customer_id: Option<CustomerId>,
        r#type: AccountType,
        role: Role,
        currency: Currency,
        status: AccountStatus,
        #[serde(borrow)]
        opened_at: Cow<'a, str>,
    }
}

event_record! {
    struct AccountUpdated {
        account_id: AccountId,
        #[serde(default)]
        customer_id: Option<CustomerId>,
        change: StatusChange,
        status: AccountStatus,
        #[serde(borrow)]
        updated_at: Cow<'a, str>,
    }
}

event_record! {
    struct Settled {
        transaction_id: TransactionId,
        #[serde(borrow)]
        amount: Cow<'a, str>,
        currency: Currency,
        channel: Channel,
        #[serde(borrow)]
        charged_fee: Cow<'a, str>,
        debit_account: AccountId,
        credit_account: AccountId,
        #[serde(borrow)]
        settled_at: Cow<'a, str>,
        operation: PaymentKind,
        #[serde(default)]
        postings: Vec<Leg>,
    }
}

#[derive(Serialize, Deserialize)]
struct Leg {
    account: AccountId,
    amount_minor: i64,
    balance_minor: i64,
}

event_record! {
    struct Failed {
        transaction_id: TransactionId,
        #[serde(borrow)]
        amount: Cow<'a, str>,
        currency: Currency,
        channel: Channel,
        debit_account: AccountId,
        credit_account: AccountId,
        operation: PaymentKind,
        reason: Refusal,
        #[serde(borrow)]
        failed_at: Cow<'a, str>,
    }
}

event_record! {
    struct RulesActivated {
        version: i32,
        #[serde(borrow)]
        activated_at: Cow<'a, str>,
    }
}

event_record! {
    struct Refused {
        #[serde(borrow)]
        operation: Cow<'a, str>,
        reason: Refusal,
        #[serde(borrow)]
        refused_at: Cow<'a, str>,
    }
}

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
    }
}

/// Fills a record's own fields and the common ones from an event.
macro_rules! record {
    ($name:ident, $event:expr, { $($field:ident: $value:expr,)* $(..$rest:expr)? }) => {
        $name {
            $($field: $value,)*
            event_id: $event.id,
            trace_id: Cow::Borrowed($event.cause.trace_id()),
            epoch: i64::try_from($event.epoch).expect("an epoch is before the year 10000"),
            command_id: $event.cause.command_id,
            command_partition: $event.cause.position.partition,
            command_offset: $event.cause.position.offset,
            $(..$rest)?
        }
    };
}

impl<'a> Wire<'a> {
    pub(super) fn of(event: &'a Event) -> Self {
        let at = || Cow::Owned(rfc3339(event.epoch));
        match &event.fact {
            Fact::CustomerCreated(customer) => Self::CustomerCreated(record!(CustomerCreated, event, {
                customer_id: customer.id,
                full_name: Cow::Borrowed(&customer.full_name),
                msisdn: customer.msisdn.clone(),
                country: customer.country.clone(),
                kyc_status: customer.kyc_status,
                created_at: at(),
            })),
            Fact::AccountOpened(account) => Self::AccountOpened(record!(AccountOpened, event, {
                account_id: account.id,
                customer_id: account.customer_id,
                r#type: account.account_type,
                role: account.role,
                currency: account.currency,
                status: account.status,
                opened_at: at(),
            })),
            Fact::StatusChanged(changed) => Self::AccountUpdated(record!(AccountUpdated, event, {
                account_id: changed.id,
                customer_id: changed.customer_id,
                change: changed.change,
                status: changed.change.status(),
                updated_at: at(),
            })),
            Fact::Transaction(transaction) => Self::Payment(transaction),
            Fact::RulesActivated { version } => Self::RulesActivated(record!(RulesActivated, event, {
                version: i32::try_from(*version).expect(FEW),
                activated_at: at(),
            })),
            Fact::Refused { operation, refusal } => Self::Refused(record!(Refused, event, {
                operation: Cow::Borrowed(operation),
                reason: *refusal,
                refused_at: at(),
            })),
            Fact::Repeated(repeat) => Self::Repeated(repeated(event, repeat)),
        }
    }
}

fn repeated<'a>(event: &'a Event, repeat: &'a Repeat) -> Repeated<'a> {
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
            reason: transaction.refusal,
            resource_id: Some(transaction.id.to_string()),
            currency: Some(transaction.amount.currency),
            amount: Some(transaction.amount.to_string()),
            charged_fee: Some(Money { minor: transaction.fee_minor, ..transaction.amount }.to_string()),
            channel: Some(transaction.channel),
            debit_account: Some(transaction.account_debit),
            credit_account: Some(transaction.account_credit),
            ..blank
        },
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
        Fact::Repeated(_) => unreachable!("a repeat answers a first decision, which is never itself a repeat"),
    }
}

impl CustomerCreated<'_> {
    pub(super) fn into_event(self, traceparent: &str) -> Result<Event, String> {
        let customer = Customer {
            id: self.customer_id,
            full_name: self.full_name.to_string(),
            msisdn: self.msisdn.clone(),
            country: self.country.clone(),
            kyc_status: self.kyc_status,
        };
        self.event(traceparent, Fact::CustomerCreated(customer))
    }
}

impl AccountOpened<'_> {
    pub(super) fn into_event(self, traceparent: &str) -> Result<Event, String> {
        let account = Account {
            id: self.account_id,
            customer_id: self.customer_id,
            account_type: self.r#type,
            role: self.role,
            currency: self.currency,
            status: self.status,
        };
        self.event(traceparent, Fact::AccountOpened(account))
    }
}

impl AccountUpdated<'_> {
    pub(super) fn into_event(self, traceparent: &str) -> Result<Event, String> {
        if self.status != self.change.status() {
            return Err(format!("{} does not lead to {}", self.change, self.status));
        }
        let changed = StatusChanged { id: self.account_id, customer_id: self.customer_id, change: self.change };
        self.event(traceparent, Fact::StatusChanged(changed))
    }
}

impl Settled<'_> {
    pub(super) fn into_event(self, traceparent: &str) -> Result<Event, String> {
        let transaction = Transaction {
            id: self.transaction_id,
            kind: self.operation,
            account_debit: self.debit_account,
            account_credit: self.credit_account,
            amount: money(&self.amount, self.currency)?,
            fee_minor: money(&self.charged_fee, self.currency)?.minor,
            channel: self.channel,
            refusal: None,
            postings: self.postings.iter().map(Leg::posting).collect(),
        };
        self.event(traceparent, Fact::Transaction(transaction))
    }
}

impl Leg {
    fn posting(&self) -> Posting {
        Posting { account: self.account, amount_minor: self.amount_minor, balance_minor: self.balance_minor }
    }
}

impl Failed<'_> {
    pub(super) fn into_event(self, traceparent: &str) -> Result<Event, String> {
        let transaction = Transaction {
            id: self.transaction_id,
            kind: self.operation,
            account_debit: self.debit_account,
            account_credit: self.credit_account,
            amount: money(&self.amount, self.currency)?,
            fee_minor: 0,
            channel: self.channel,
            refusal: Some(self.reason),
            postings: Vec::new(),
        };
        self.event(traceparent, Fact::Transaction(transaction))
    }
}

impl RulesActivated<'_> {
    pub(super) fn into_event(self, traceparent: &str) -> Result<Event, String> {
        let version = rules(self.version)?;
        self.event(traceparent, Fact::RulesActivated { version })
    }
}

impl Refused<'_> {
    pub(super) fn into_event(self, traceparent: &str) -> Result<Event, String> {
        let fact = Fact::Refused { operation: self.operation.to_string(), refusal: self.reason };
        self.event(traceparent, fact)
    }
}

impl Repeated<'_> {
    pub(super) fn into_event(self, traceparent: &str) -> Result<Event, String> {
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
            kind: parse(Some(&self.operation))?,
            account_debit: self.debit_account.ok_or("debit_account is missing")?,
            account_credit: self.credit_account.ok_or("credit_account is missing")?,
            amount: money(self.amount.as_deref().ok_or("amount is missing")?, currency)?,
            fee_minor: money(self.charged_fee.as_deref().ok_or("charged_fee is missing")?, currency)?.minor,
            channel: self.channel.ok_or("channel is missing")?,
            refusal,
            // What an account's balance was then is not part of the answer to a repeat.
            postings: Vec::new(),
        })
    }
}

const FEW: &str = "there are fewer versions of the rules than an i32 counts";

fn rules(version: impl std::fmt::Display) -> Result<u32, String> {
    version.to_string().parse().map_err(|_| format!("{version} is no version of the rules"))
}

fn epoch(value: i64) -> Result<Epoch, String> {
    Epoch::try_from(value).ok().filter(|epoch| *epoch <= LAST_EPOCH).ok_or_else(|| format!("{value} is no epoch"))
}

fn money(text: &str, currency: Currency) -> Result<Money, String> {
    Money::parse(text, currency).map_err(|error| error.to_string())
}

fn parse<T: std::str::FromStr<Err = crate::money::Unreadable>>(text: Option<&str>) -> Result<T, String> {
    text.ok_or("resource_id is missing")?.parse().map_err(|error: crate::money::Unreadable| error.to_string())
}
