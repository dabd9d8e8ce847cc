//! Rows of the views, exactly once.
//!
//! In: committed epochs, whole, in order. Out: their rows and the sink's progress, in one transaction. Never: an
//! epoch twice, an epoch out of order, or anything written by a process that was replaced.
//!
//! When the outcome of a commit is unknown, either it happened, and the progress row says so, or it did not, and
//! the rows are not there. Both are settled by starting again from the progress row, so any error ends the sink.

use schemas::{Account, Cause, Customer, Epoch, EpochEvents, Event, Fact, Transaction};
use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use std::str::FromStr;
use uuid::Uuid;

/// What ends the sink.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// Postgres said no, or nothing.
    #[error("postgres failed at: {step}")]
    Postgres {
        /// What was being done.
        step: &'static str,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// Another process took the sink over.
    #[error("another process has taken over the sink {0}")]
    Fenced(&'static str),
}

/// Name of the views' row in `sink_progress`.
pub const SINK: &str = "views";

/// The writer of the views.
pub struct Views {
    connection: PgConnection,
    generation: i64,
    epoch: i64,
}

const RANGE: &str = "epochs and generations stay far below the range of a bigint";

impl Views {
    /// Takes the sink over: whatever an older generation has under way can't commit from here on.
    pub async fn claim(url: &str, generation: u64) -> Result<Self, PostgresError> {
        let failed = |source| PostgresError::Postgres { step: "take the sink over", source };
        let options = PgConnectOptions::from_str(url)
            .map_err(failed)?
            .application_name("orion views")
            // A writer that was stopped in the middle of a transaction can't hold the progress row for long.
            .options([("idle_in_transaction_session_timeout", "5000"), ("synchronous_commit", "on")]);
        let mut connection = PgConnection::connect_with(&options).await.map_err(failed)?;
        let generation = i64::try_from(generation).expect(RANGE);
        let claimed: Option<i64> =
            sqlx::query_scalar("update sink_progress set generation = $2 where sink = $1 and generation < $2 returning epoch")
                .bind(SINK)
                .bind(generation)
                .fetch_optional(&mut connection)
                .await
                .map_err(failed)?;
        let epoch = claimed.ok_or(PostgresError::Fenced(SINK))?;
        Ok(Self { connection, generation, epoch })
    }

    /// First epoch that is not written yet.
    pub fn epoch(&self) -> Epoch {
        u64::try_from(self.epoch).expect("progress is never negative")
    }

    /// Writes epochs in one transaction.
    pub async fn write(&mut self, epochs: &[EpochEvents]) -> Result<(), PostgresError> {
        let Some(last) = epochs.last() else { return Ok(()) };
        let mut rows = Rows::default();
        for epoch in epochs {
            let time = i64::try_from(epoch.epoch()).expect(RANGE);
            assert!(time >= self.epoch, "epoch {time} was written before");
            let has_rows = epoch.events.first().is_some_and(|event| !matches!(event.fact, Fact::Repeated(_)));
            let left_out = usize::from(has_rows && faults::slip("row-left-out"));
            rows.add(time, &epoch.events[left_out..]);
        }
        let upper: Vec<i64> =
            last.binding.inputs.iter().filter(|input| input.topic == schemas::Topic::Commands.as_str()).map(|input| input.upper).collect();
        let mut next = i64::try_from(last.epoch() + 1).expect(RANGE);
        if faults::bug("progress-back") {
            next -= 800;
        }

        let failed = |step| move |source| PostgresError::Postgres { step, source };
        let mut transaction = self.connection.begin().await.map_err(failed("begin"))?;
        faults::point("views.begin");
        let moved = sqlx::query(
            "update sink_progress set epoch = $2, generation = $3, commands_upper = $5
             where sink = $1 and epoch = $4 and generation <= $3",
        )
        .bind(SINK)
        .bind(next)
        .bind(self.generation)
        .bind(self.epoch)
        .bind(&upper)
        .execute(&mut *transaction)
        .await
        .map_err(failed("move the progress"))?;
        if moved.rows_affected() == 0 {
            return Err(PostgresError::Fenced(SINK));
        }
        faults::point("views.progress");
        rows.insert(&mut transaction).await.map_err(failed("insert rows"))?;
        sqlx::query("notify orion_views").execute(&mut *transaction).await.map_err(failed("notify"))?;
        faults::point("views.commit");
        transaction.commit().await.map_err(failed("commit"))?;
        faults::point("views.committed");
        self.epoch = next;
        Ok(())
    }
}

/// Rows of one transaction, column by column: an `unnest` inserts a thousand as cheaply as one.
#[derive(Default)]
struct Rows {
    customers: Customers,
    accounts: Accounts,
    transactions: Transactions,
    postings: Postings,
    refusals: Refusals,
}

#[derive(Default)]
struct Customers {
    id: Vec<Uuid>,
    full_name: Vec<String>,
    msisdn: Vec<Option<String>>,
    country: Vec<Option<String>>,
    kyc_status: Vec<&'static str>,
    command_id: Vec<Uuid>,
    epoch: Vec<i64>,
}

#[derive(Default)]
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

#[derive(Default)]
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

#[derive(Default)]
struct Postings {
    account_id: Vec<Uuid>,
    epoch: Vec<i64>,
    number: Vec<i32>,
    transaction_id: Vec<Uuid>,
    amount_minor: Vec<i64>,
    balance_minor: Vec<i64>,
}

#[derive(Default)]
struct Refusals {
    event_id: Vec<Uuid>,
    command_id: Vec<Uuid>,
    operation: Vec<String>,
    reason: Vec<&'static str>,
    epoch: Vec<i64>,
}

impl Rows {
    fn add(&mut self, epoch: i64, events: &[Event]) {
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
                // The first decision has its row.
                Fact::Repeated(_) => {}
            }
        }
    }

    async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
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
