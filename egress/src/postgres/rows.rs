//! Rows of one transaction, column by column: an `unnest` inserts a thousand as cheaply as one.

mod activity;
mod batches;
mod diligence;
mod gates;
mod holds;
mod latency;
mod liabilities;
mod lists;
mod orders;
mod policies;
mod positions;
mod stretch;
mod transactions;
mod turnover;
mod volume;

pub(super) use activity::Counted;
pub(super) use transactions::TYPES;

use crate::postgres::{Imbalance, RANGE};
use activity::Activity;
use batches::Batches;
use diligence::Diligence;
use gates::{Parties, Settings};
use holds::Holds;
use latency::Latency;
use liabilities::Liabilities;
use lists::Lists;
use orders::Orders;
use policies::Policies;
use positions::Positions;
use schemas::{Account, Aggregates, Cause, Customer, Epoch, Event, Fact, StatusChanged};
use sqlx::postgres::PgConnection;
use transactions::{Postings, Transactions};
use turnover::Turnover;
use uuid::Uuid;
use volume::Volume;

/// Rows of one transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    customers: Customers,
    accounts: Accounts,
    transactions: Transactions,
    postings: Postings,
    refusals: Refusals,
    activations: Activations,
    statuses: Statuses,
    holds: Holds,
    policies: Policies,
    batches: Batches,
    orders: Orders,
    settings: Settings,
    parties: Parties,
    lists: Lists,
    diligence: Diligence,
    imbalances: Imbalances,
    volume: Volume,
    turnover: Turnover,
    positions: Positions,
    liabilities: Liabilities,
    latency: Latency,
    pub(super) activity: Activity,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Customers {
    id: Vec<Uuid>,
    full_name: Vec<String>,
    msisdn: Vec<Option<String>>,
    country: Vec<Option<String>>,
    kyc_status: Vec<&'static str>,
    command_id: Vec<Uuid>,
    epoch: Vec<i64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Accounts {
    id: Vec<Uuid>,
    customer_id: Vec<Option<Uuid>>,
    account_type: Vec<&'static str>,
    role: Vec<&'static str>,
    currency: Vec<&'static str>,
    status: Vec<&'static str>,
    command_id: Vec<Uuid>,
    epoch: Vec<i64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Refusals {
    event_id: Vec<Uuid>,
    command_id: Vec<Uuid>,
    operation: Vec<String>,
    reason: Vec<&'static str>,
    epoch: Vec<i64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Activations {
    event_id: Vec<Uuid>,
    command_id: Vec<Uuid>,
    version: Vec<i64>,
    epoch: Vec<i64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Statuses {
    event_id: Vec<Uuid>,
    command_id: Vec<Uuid>,
    account_id: Vec<Uuid>,
    operation: Vec<&'static str>,
    status: Vec<&'static str>,
    epoch: Vec<i64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Imbalances {
    kind: Vec<&'static str>,
    subject: Vec<String>,
    currency: Vec<Option<&'static str>>,
    difference_minor: Vec<String>,
    diff: Vec<i64>,
    epoch: Vec<i64>,
}

impl Rows {
    /// Adds those of an epoch.
    pub fn add(&mut self, epoch: i64, events: &[Event], imbalances: &[Imbalance], aggregates: &Aggregates) {
        aggregates.volume.iter().for_each(|volume| self.volume.add(epoch, volume));
        aggregates.turnover.iter().for_each(|turnover| self.turnover.add(epoch, turnover));
        aggregates.positions.iter().for_each(|balances| self.positions.add(epoch, balances));
        aggregates.liabilities.iter().for_each(|liability| self.liabilities.add(epoch, liability));
        self.activity.add(epoch, &aggregates.active);
        aggregates.latency.iter().for_each(|waited| self.latency.add(epoch, *waited));
        imbalances.iter().for_each(|imbalance| self.imbalances.add(epoch, imbalance));
        let mut number = 0;
        for event in events {
            match &event.fact {
                Fact::CustomerCreated(customer) => self.customers.add(epoch, &event.cause, customer),
                Fact::AccountOpened(account) => self.accounts.add(epoch, &event.cause, account),
                Fact::Transaction(transaction) => {
                    self.transactions.add(epoch, event, transaction);
                    number = self.postings.add(epoch, number, transaction);
                }
                Fact::Refused { operation, refusal } => {
                    self.refusals.event_id.push(event.id.0);
                    self.refusals.command_id.push(event.cause.command_id.0);
                    self.refusals.operation.push(operation.clone());
                    self.refusals.reason.push(refusal.as_str());
                    self.refusals.epoch.push(epoch);
                }
                Fact::RulesActivated { version } => {
                    self.activations.event_id.push(event.id.0);
                    self.activations.command_id.push(event.cause.command_id.0);
                    self.activations.version.push((*version).into());
                    self.activations.epoch.push(epoch);
                }
                Fact::StatusChanged(changed) => self.statuses.add(epoch, event, changed),
                Fact::HoldChanged(held) => self.holds.add(epoch, event, held),
                Fact::PolicyChanged(policy) => self.policies.add(epoch, event, policy),
                Fact::BatchDecided(decided) => self.batches.add(epoch, event, decided),
                Fact::OrderChanged(order) => self.orders.add(epoch, event, order),
                Fact::AmlChanged(changed) => self.settings.add(epoch, event, changed),
                Fact::PartyChanged(changed) => self.parties.add(epoch, event, changed),
                Fact::ListChanged(changed) => self.lists.add(epoch, event, changed),
                Fact::Diligence(told) => self.diligence.add(epoch, event, told),
                // Its topic has it; what was held or refused because of it has its own row.
                Fact::Assessed(_) => {}
                // The first decision has its row.
                Fact::Repeated(_) => {}
            }
        }
    }

    pub(super) async fn insert(&self, connection: &mut PgConnection, counted: &Counted) -> Result<(), sqlx::Error> {
        if !self.customers.id.is_empty() {
            self.customers.insert(connection).await?;
        }
        if !self.accounts.id.is_empty() {
            self.accounts.insert(connection).await?;
        }
        self.transactions.insert(connection).await?;
        self.postings.insert(connection).await?;
        if !self.refusals.event_id.is_empty() {
            self.refusals.insert(connection).await?;
        }
        if !self.activations.event_id.is_empty() {
            self.activations.insert(connection).await?;
        }
        if !self.statuses.event_id.is_empty() {
            self.statuses.insert(connection).await?;
        }
        self.holds.insert(connection).await?;
        self.policies.insert(connection).await?;
        self.batches.insert(connection).await?;
        self.orders.insert(connection).await?;
        self.settings.insert(connection).await?;
        self.parties.insert(connection).await?;
        self.lists.insert(connection).await?;
        self.diligence.insert(connection).await?;
        if !self.imbalances.kind.is_empty() {
            self.imbalances.insert(connection).await?;
        }
        self.volume.insert(connection).await?;
        self.turnover.insert(connection).await?;
        self.positions.insert(connection).await?;
        self.liabilities.insert(connection).await?;
        self.latency.insert(connection).await?;
        // Last: it looks accounts up, and those of this transaction are there by now.
        self.activity.insert(connection, counted).await
    }
}

/// An epoch as a row has it: what is checked at the door and by the ledger is before the year 10000.
fn moment(epoch: Epoch) -> i64 {
    i64::try_from(epoch).expect(RANGE)
}

impl Customers {
    fn add(&mut self, epoch: i64, cause: &Cause, customer: &Customer) {
        self.id.push(customer.id.0);
        self.full_name.push(customer.full_name.clone());
        self.msisdn.push(customer.msisdn.clone());
        self.country.push(customer.country.clone());
        self.kyc_status.push(customer.kyc_status.as_str());
        self.command_id.push(cause.command_id.0);
        self.epoch.push(epoch);
    }

    async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query(
            "insert into customer (id, full_name, msisdn, country, kyc_status, command_id, epoch)
             select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::bigint[])",
        )
        .bind(&self.id)
        .bind(&self.full_name)
        .bind(&self.msisdn)
        .bind(&self.country)
        .bind(&self.kyc_status)
        .bind(&self.command_id)
        .bind(&self.epoch)
        .execute(connection)
        .await
        .map(drop)
    }
}

impl Accounts {
    fn add(&mut self, epoch: i64, cause: &Cause, account: &Account) {
        self.id.push(account.id.0);
        self.customer_id.push(account.customer_id.map(|id| id.0));
        self.account_type.push(account.account_type.as_str());
        self.role.push(account.role.as_str());
        self.currency.push(account.currency.code());
        self.status.push(account.status.as_str());
        self.command_id.push(cause.command_id.0);
        self.epoch.push(epoch);
    }

    async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query(
            "insert into account (id, customer_id, type, role, currency, status, command_id, epoch)
             select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::bigint[])",
        )
        .bind(&self.id)
        .bind(&self.customer_id)
        .bind(&self.account_type)
        .bind(&self.role)
        .bind(&self.currency)
        .bind(&self.status)
        .bind(&self.command_id)
        .bind(&self.epoch)
        .execute(connection)
        .await
        .map(drop)
    }
}

impl Refusals {
    async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query(
            "insert into refusal (event_id, command_id, operation, reason, epoch)
             select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[])",
        )
        .bind(&self.event_id)
        .bind(&self.command_id)
        .bind(&self.operation)
        .bind(&self.reason)
        .bind(&self.epoch)
        .execute(connection)
        .await
        .map(drop)
    }
}

impl Activations {
    async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query(
            "insert into rules_activation (event_id, command_id, version, epoch)
             select * from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[])",
        )
        .bind(&self.event_id)
        .bind(&self.command_id)
        .bind(&self.version)
        .bind(&self.epoch)
        .execute(connection)
        .await
        .map(drop)
    }
}

impl Statuses {
    fn add(&mut self, epoch: i64, event: &Event, changed: &StatusChanged) {
        self.event_id.push(event.id.0);
        self.command_id.push(event.cause.command_id.0);
        self.account_id.push(changed.id.0);
        self.operation.push(changed.change.as_str());
        self.status.push(changed.change.status().as_str());
        self.epoch.push(epoch);
    }

    async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query(
            "insert into account_status (event_id, command_id, account_id, operation, status, epoch)
             select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::bigint[])",
        )
        .bind(&self.event_id)
        .bind(&self.command_id)
        .bind(&self.account_id)
        .bind(&self.operation)
        .bind(&self.status)
        .bind(&self.epoch)
        .execute(connection)
        .await
        .map(drop)
    }
}

impl Imbalances {
    fn add(&mut self, epoch: i64, imbalance: &Imbalance) {
        self.kind.push(imbalance.kind);
        self.subject.push(imbalance.subject.clone());
        self.currency.push(imbalance.currency.map(|currency| currency.code()));
        self.difference_minor.push(imbalance.difference_minor.to_string());
        self.diff.push(imbalance.diff);
        self.epoch.push(epoch);
    }

    async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query(
            "insert into imbalance (kind, subject, currency, difference_minor, diff, epoch)
             select kind, subject, currency, difference_minor::numeric, diff, epoch
             from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[])
                  as new (kind, subject, currency, difference_minor, diff, epoch)",
        )
        .bind(&self.kind)
        .bind(&self.subject)
        .bind(&self.currency)
        .bind(&self.difference_minor)
        .bind(&self.diff)
        .bind(&self.epoch)
        .execute(connection)
        .await
        .map(drop)
    }
}
