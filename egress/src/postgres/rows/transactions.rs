//! Transactions and their legs.

use schemas::{Bearer, Event, Link, Transaction};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Transactions {
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
    hold_id: Vec<Option<Uuid>>,
    original_transaction_id: Vec<Option<Uuid>>,
    fee_bearer: Vec<Option<&'static str>>,
    epoch: Vec<i64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Postings {
    account_id: Vec<Uuid>,
    epoch: Vec<i64>,
    number: Vec<i32>,
    transaction_id: Vec<Uuid>,
    amount_minor: Vec<i64>,
    balance_minor: Vec<i64>,
}

impl Transactions {
    pub(super) fn add(&mut self, epoch: i64, event: &Event, transaction: &Transaction) {
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
        let (hold_id, original) = match transaction.link {
            None => (None, None),
            Some(Link::Hold(hold)) => (Some(hold.0), None),
            Some(Link::Original(original)) => (None, Some(original.0)),
        };
        self.hold_id.push(hold_id);
        self.original_transaction_id.push(original);
        self.fee_bearer.push(bearer(transaction).map(|bearer| bearer.as_str()));
        self.epoch.push(epoch);
    }

    pub(super) async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.id.is_empty() {
            return Ok(());
        }
        sqlx::query(
            "insert into transaction (id, operation, status, account_debit, account_credit, amount_minor, fee_minor,
                                      currency, channel, reason, trace_id, command_id, event_id, hold_id,
                                      original_transaction_id, fee_bearer, epoch)
             select * from unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::uuid[], $6::bigint[], $7::bigint[],
                                  $8::text[], $9::text[], $10::text[], $11::text[], $12::uuid[], $13::uuid[], $14::uuid[],
                                  $15::uuid[], $16::text[], $17::bigint[])",
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
        .bind(&self.hold_id)
        .bind(&self.original_transaction_id)
        .bind(&self.fee_bearer)
        .bind(&self.epoch)
        .execute(connection)
        .await
        .map(drop)
    }
}

/// Who bore the fee of a payment that was made, by the first leg, which is the payer's; none where there was no fee.
fn bearer(transaction: &Transaction) -> Option<Bearer> {
    let paid = transaction.postings.first().filter(|_| transaction.fee_minor > 0)?;
    if transaction.link.and_then(Link::original).is_some() {
        return None;
    }
    Some(if paid.amount_minor == -transaction.amount.minor { Bearer::Payee } else { Bearer::Payer })
}

impl Postings {
    /// Adds the legs of a transaction; gives the next number of the epoch.
    pub(super) fn add(&mut self, epoch: i64, first: i32, transaction: &Transaction) -> i32 {
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

    pub(super) async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.account_id.is_empty() {
            return Ok(());
        }
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
