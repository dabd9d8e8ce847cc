//! Events on the wire: one flat record a topic, each ending with the same fields about its cause.

use crate::account::{Account, AccountStatus, AccountType, Role, StatusChange, StatusChanged};
use crate::customer::{Customer, KycStatus};
use crate::epoch::{Epoch, LAST_EPOCH, Position, rfc3339};
use crate::event::{Cause, Event, Fact};
use crate::hold::{HoldChange, HoldChanged};
use crate::id::{AccountId, CommandId, CustomerId, EventId, HoldId, TransactionId};
use crate::money::{Currency, Money};
use crate::refusal::Refusal;
use crate::transaction::{Channel, Link, PaymentKind, Posting, Transaction};
use crate::wire::policy;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

pub(super) enum Wire<'a> {
    CustomerCreated(CustomerCreated<'a>),
    AccountOpened(AccountOpened<'a>),
    Payment(&'a Transaction),
    AccountUpdated(AccountUpdated<'a>),
    HoldUpdated(HoldUpdated<'a>),
    PolicyUpdated(PolicyUpdated<'a>),
    RulesActivated(RulesActivated<'a>),
    Refused(Refused<'a>),
    Repeated(Box<Repeated<'a>>),
    BatchDecided(BatchDecided<'a>),
    OrderUpdated(OrderUpdated<'a>),
    AmlRuleUpdated(AmlRuleUpdated<'a>),
    PartyUpdated(PartyUpdated<'a>),
    TransactionAssessed(TransactionAssessed<'a>),
    ListUpdated(ListUpdated<'a>),
    CustomerUpdated(CustomerUpdated<'a>),
    KycUpdated(Box<KycUpdated<'a>>),
    CaseUpdated(Box<CaseUpdated<'a>>),
    AddressUpdated(Box<AddressUpdated<'a>>),
}

/// A record with the fields that every event ends with. `serde(flatten)` would make each a map, so a macro
/// writes them out.
macro_rules! event_record {
    ($(#[$meta:meta])* struct $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Serialize, Deserialize)]
        pub(in crate::wire) struct $name<'a> {
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
        #[serde(default)]
        hold_id: Option<HoldId>,
        #[serde(default)]
        original_transaction_id: Option<TransactionId>,
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
    struct HoldUpdated {
        hold_id: HoldId,
        change: HoldChange,
        operation: PaymentKind,
        channel: Channel,
        debit_account: AccountId,
        credit_account: AccountId,
        #[serde(borrow)]
        amount: Cow<'a, str>,
        #[serde(borrow)]
        held_fee: Cow<'a, str>,
        currency: Currency,
        open: bool,
        expires_at: i64,
        #[serde(borrow)]
        updated_at: Cow<'a, str>,
    }
}

event_record! {
    struct PolicyUpdated {
        policy: policy::Wire,
        #[serde(borrow)]
        updated_at: Cow<'a, str>,
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

// Behind the macros, which they use too.
mod batch;
mod diligence;
mod gate;
mod list;
mod order;
mod repeated;

pub(super) use batch::BatchDecided;
pub(super) use diligence::{AddressUpdated, CaseUpdated, CustomerUpdated, KycUpdated};
pub(super) use gate::{AmlRuleUpdated, PartyUpdated, TransactionAssessed};
pub(super) use list::ListUpdated;
pub(super) use order::{OrderUpdated, dated};
pub(super) use repeated::Repeated;

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
            Fact::HoldChanged(held) => Self::HoldUpdated(record!(HoldUpdated, event, {
                hold_id: held.id,
                change: held.change,
                operation: held.kind,
                channel: held.channel,
                debit_account: held.account_debit,
                credit_account: held.account_credit,
                amount: Cow::Owned(held.amount.to_string()),
                held_fee: Cow::Owned(Money { minor: held.fee_minor, ..held.amount }.to_string()),
                currency: held.amount.currency,
                open: held.open,
                expires_at: i64::try_from(held.expires_at).expect("an epoch is before the year 10000"),
                updated_at: at(),
            })),
            Fact::PolicyChanged(policy) => Self::PolicyUpdated(record!(PolicyUpdated, event, {
                policy: policy::Wire::of(policy),
                updated_at: at(),
            })),
            Fact::RulesActivated { version } => Self::RulesActivated(record!(RulesActivated, event, {
                version: i32::try_from(*version).expect(FEW),
                activated_at: at(),
            })),
            Fact::Refused { operation, refusal } => Self::Refused(record!(Refused, event, {
                operation: Cow::Borrowed(operation),
                reason: *refusal,
                refused_at: at(),
            })),
            Fact::BatchDecided(decided) => Self::BatchDecided(batch::of(event, decided, None)),
            Fact::OrderChanged(changed) => Self::OrderUpdated(order::of(event, changed, None)),
            Fact::AmlChanged(changed) => Self::AmlRuleUpdated(gate::aml(event, changed, None)),
            Fact::PartyChanged(changed) => Self::PartyUpdated(gate::party(event, changed, None)),
            Fact::ListChanged(changed) => Self::ListUpdated(list::of(event, changed, None)),
            Fact::Assessed(assessed) => Self::TransactionAssessed(gate::assessed(event, assessed)),
            Fact::Diligence(told) => diligence::of(event, told, None),
            Fact::Repeated(repeat) => {
                let first_epoch = i64::try_from(repeat.first_epoch).expect("an epoch is before the year 10000");
                match &repeat.first {
                    Some(Fact::BatchDecided(decided)) => Self::BatchDecided(batch::of(event, decided, Some(first_epoch))),
                    Some(Fact::OrderChanged(changed)) => Self::OrderUpdated(order::of(event, changed, Some(first_epoch))),
                    Some(Fact::AmlChanged(changed)) => Self::AmlRuleUpdated(gate::aml(event, changed, Some(first_epoch))),
                    Some(Fact::PartyChanged(changed)) => Self::PartyUpdated(gate::party(event, changed, Some(first_epoch))),
                    Some(Fact::ListChanged(changed)) => Self::ListUpdated(list::of(event, changed, Some(first_epoch))),
                    Some(Fact::Diligence(told)) => diligence::of(event, told, Some(first_epoch)),
                    _ => Self::Repeated(Box::new(repeated::of(event, repeat))),
                }
            }
        }
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
            link: link(self.hold_id, self.original_transaction_id)?,
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
            link: None,
            postings: Vec::new(),
        };
        self.event(traceparent, Fact::Transaction(transaction))
    }
}

impl HoldUpdated<'_> {
    pub(super) fn into_event(self, traceparent: &str) -> Result<Event, String> {
        let changed = held(HoldChanged {
            id: self.hold_id,
            change: self.change,
            kind: self.operation,
            channel: self.channel,
            account_debit: self.debit_account,
            account_credit: self.credit_account,
            amount: money(&self.amount, self.currency)?,
            fee_minor: money(&self.held_fee, self.currency)?.minor,
            open: self.open,
            expires_at: epoch(self.expires_at)?,
        })?;
        self.event(traceparent, Fact::HoldChanged(changed))
    }
}

impl PolicyUpdated<'_> {
    pub(super) fn into_event(self, traceparent: &str) -> Result<Event, String> {
        let policy = self.policy.decided()?;
        self.event(traceparent, Fact::PolicyChanged(Box::new(policy)))
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

/// What holds can be: never less than nothing, and only a capture may leave it open or not.
fn held(changed: HoldChanged) -> Result<HoldChanged, String> {
    let open = match changed.change {
        HoldChange::Reserved | HoldChange::Reviewed => changed.open,
        HoldChange::Captured => true,
        HoldChange::Released | HoldChange::Closed | HoldChange::Expired => !changed.open,
        HoldChange::ReviewRefused | HoldChange::ReviewExpired => !changed.open,
    };
    if open && changed.amount.minor >= 0 && changed.fee_minor >= 0 {
        return Ok(changed);
    }
    Err(format!("a hold is not {} with {}, and open: {}", changed.change, changed.amount, changed.open))
}

/// What a transaction comes of, from the two fields of which at most one is filled.
fn link(hold: Option<HoldId>, original: Option<TransactionId>) -> Result<Option<Link>, String> {
    match (hold, original) {
        (None, None) => Ok(None),
        (Some(hold), None) => Ok(Some(Link::Hold(hold))),
        (None, Some(original)) => Ok(Some(Link::Original(original))),
        (Some(_), Some(_)) => Err("a transaction comes of a hold or of another transaction, not of both".to_owned()),
    }
}
