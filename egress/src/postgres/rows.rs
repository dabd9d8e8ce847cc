//! Rows of one transaction, column by column: an `unnest` inserts a thousand as cheaply as one.

use crate::postgres::Imbalance;
use schemas::{Account, Cause, Customer, Event, Fact, StatusChanged, Transaction};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

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
    imbalances: Imbalances,
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
struct Transactions {
    id: Vec<Uuid>,
    operation: Vec<&'static str>,
    status: Vec<&'static str>,
    account_debit: Vec<Uuid>,
    account_credit: Vec<Uuid>,
    amount_minor: Vec<i64>,
    fee_minor: Vec<i64>,
    currency: Vec<&'static str>,
    channel: Vec<&'static str>,
    reason: Vec<Option<&'static str>>,
    trace_id: Vec<String>,
    command_id: Vec<Uuid>,
    event_id: Vec<Uuid>,
    epoch: Vec<i64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Postings {
    account_id: Vec<Uuid>,
    epoch: Vec<i64>,
    number: Vec<i32>,
    transaction_id: Vec<Uuid>,
    amount_minor: Vec<i64>,
    balance_minor: Vec<i64>,
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
    pub fn add(&mut self, epoch: i64, events: &[Event], imbalances: &[Imbalance]) {
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
                // The first decision has its row.
                Fact::Repeated(_) => {}
            }
        }
    }

    pub(super) async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if !self.customers.id.is_empty() {
            self.customers.insert(connection).await?;
        }
        if !self.accounts.id.is_empty() {
            self.accounts.insert(connection).await?;
        }
        if !self.transactions.id.is_empty() {
            self.transactions.insert(connection).await?;
        }
        if !self.postings.account_id.is_empty() {
            self.postings.insert(connection).await?;
        }
        if !self.refusals.event_id.is_empty() {
            self.refusals.insert(connection).await?;
        }
        if !self.activations.event_id.is_empty() {
            self.activations.insert(connection).await?;
        }
        if !self.statuses.event_id.is_empty() {
            self.statuses.insert(connection).await?;
        }
        if !self.imbalances.kind.is_empty() {
            self.imbalances.insert(connection).await?;
        }
        Ok(())
    }
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

impl Transactions {
    fn add(&mut self, epoch: i64, event: &Event, transaction: &Transaction) {
        self.id.push(transaction.id.0);
        self.operation.push(transaction.kind.as_str());
        self.status.push(transaction.status().as_str());
        self.account_debit.push(transaction.account_debit.0);
        self.account_credit.push(transaction.account_credit.0);
        self.amount_minor.push(transaction.amount.minor);
        self.fee_minor.push(transaction.fee_minor);
        self.currency.push(transaction.amount.currency.code());
        self.channel.push(transaction.channel.as_str());
        self.reason.push(transaction.refusal.map(|refusal| refusal.as_str()));
        self.trace_id.push(event.cause.trace_id().to_owned());
        self.command_id.push(event.cause.command_id.0);
        self.event_id.push(event.id.0);
        self.epoch.push(epoch);
    }

    async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query(
            "insert into transaction (id, operation, status, account_debit, account_credit, amount_minor, fee_minor,
                                      currency, channel, reason, trace_id, command_id, event_id, epoch)
             select * from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::uuid[], $6::bigint[], $7::bigint[],
                                  $8::text[], $9::text[], $10::text[], $11::text[], $12::uuid[], $13::uuid[], $14::bigint[])",
        )
        .bind(&self.id)
        .bind(&self.operation)
        .bind(&self.status)
        .bind(&self.account_debit)
        .bind(&self.account_credit)
        .bind(&self.amount_minor)
        .bind(&self.fee_minor)
        .bind(&self.currency)
        .bind(&self.channel)
        .bind(&self.reason)
        .bind(&self.trace_id)
        .bind(&self.command_id)
        .bind(&self.event_id)
        .bind(&self.epoch)
        .execute(connection)
        .await
        .map(drop)
    }
}

impl Postings {
    /// Adds the legs of a transaction; gives the next number of the epoch.
    fn add(&mut self, epoch: i64, first: i32, transaction: &Transaction) -> i32 {
        let mut number = first;
        for posting in &transaction.postings {
            self.account_id.push(posting.account.0);
            self.epoch.push(epoch);
            self.number.push(number);
            self.transaction_id.push(transaction.id.0);
            self.amount_minor.push(posting.amount_minor);
            self.balance_minor.push(posting.balance_minor);
            number += 1;
        }
        number
    }

    async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query(
            "insert into posting (account_id, epoch, number, transaction_id, amount_minor, balance_minor)
             select * from unnest($1::uuid[], $2::bigint[], $3::int[], $4::uuid[], $5::bigint[], $6::bigint[])",
        )
        .bind(&self.account_id)
        .bind(&self.epoch)
        .bind(&self.number)
        .bind(&self.transaction_id)
        .bind(&self.amount_minor)
        .bind(&self.balance_minor)
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
