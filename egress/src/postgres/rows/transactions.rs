//! Transactions and their legs.
//!
//! There is a row or three of them for every payment, so each goes as a value of a type of its own. Postgres unfolds an array of those once;
//! an array for each column costs it a third more.

use schemas::{Bearer, Event, Link, Transaction};
use sqlx::postgres::{PgConnection, PgHasArrayType, PgTypeInfo, Postgres};
use uuid::Uuid;

/// The types, which belong to the connection: so they are those of this code, whatever columns a migration adds.
pub(in crate::postgres) const TYPES: &str = "
    create type pg_temp.written_transaction as (
        id uuid, operation text, status text, account_debit uuid, account_credit uuid, amount_minor bigint, fee_minor bigint,
        currency text, channel text, reason text, trace_id text, command_id uuid, event_id uuid, hold_id uuid,
        original_transaction_id uuid, fee_bearer text, epoch bigint);
    create type pg_temp.written_posting as (
        account_id uuid, epoch bigint, number int, transaction_id uuid, amount_minor bigint, balance_minor bigint)";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Transactions(Vec<Written>);

/// In the order of its type.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::Encode)]
struct Written {
    id: Uuid,
    operation: &'static str,
    status: &'static str,
    account_debit: Uuid,
    account_credit: Uuid,
    amount_minor: i64,
    fee_minor: i64,
    currency: &'static str,
    channel: &'static str,
    reason: Option<&'static str>,
    trace_id: String,
    command_id: Uuid,
    event_id: Uuid,
    hold_id: Option<Uuid>,
    original_transaction_id: Option<Uuid>,
    fee_bearer: Option<&'static str>,
    epoch: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Postings(Vec<Leg>);

/// In the order of its type.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::Encode)]
struct Leg {
    account_id: Uuid,
    epoch: i64,
    number: i32,
    transaction_id: Uuid,
    amount_minor: i64,
    balance_minor: i64,
}

impl sqlx::Type<Postgres> for Written {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("written_transaction")
    }
}

impl PgHasArrayType for Written {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::array_of("written_transaction")
    }
}

impl sqlx::Type<Postgres> for Leg {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("written_posting")
    }
}

impl PgHasArrayType for Leg {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::array_of("written_posting")
    }
}

impl Transactions {
    pub(super) fn add(&mut self, epoch: i64, event: &Event, transaction: &Transaction) {
        let (hold_id, original_transaction_id) = match transaction.link {
            None => (None, None),
            Some(Link::Hold(hold)) => (Some(hold.0), None),
            Some(Link::Original(original)) => (None, Some(original.0)),
        };
        self.0.push(Written {
            id: transaction.id.0,
            operation: transaction.kind.as_str(),
            status: transaction.status().as_str(),
            account_debit: transaction.account_debit.0,
            account_credit: transaction.account_credit.0,
            amount_minor: transaction.amount.minor,
            fee_minor: transaction.fee_minor,
            currency: transaction.amount.currency.code(),
            channel: transaction.channel.as_str(),
            reason: transaction.refusal.map(|refusal| refusal.as_str()),
            trace_id: event.cause.trace_id().to_owned(),
            command_id: event.cause.command_id.0,
            event_id: event.id.0,
            hold_id,
            original_transaction_id,
            fee_bearer: bearer(transaction).map(|bearer| bearer.as_str()),
            epoch,
        });
    }

    pub(super) async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.0.is_empty() {
            return Ok(());
        }
        sqlx::query(
            "insert into transaction (id, operation, status, account_debit, account_credit, amount_minor, fee_minor,
                                      currency, channel, reason, trace_id, command_id, event_id, hold_id,
                                      original_transaction_id, fee_bearer, epoch)
             select * from unnest($1::pg_temp.written_transaction[])",
        )
        .bind(&self.0)
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
            let (account_id, transaction_id) = (posting.account.0, transaction.id.0);
            let (amount_minor, balance_minor) = (posting.amount_minor, posting.balance_minor);
            self.0.push(Leg { account_id, epoch, number, transaction_id, amount_minor, balance_minor });
            number += 1;
        }
        number
    }

    /// In the order of their key: what falls anywhere in an index costs Postgres a look at another page each.
    pub(super) async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut legs = self.0.clone();
        // They come in the order of epochs and numbers, which a stable sort keeps.
        legs.sort_by_key(|leg| leg.account_id);
        sqlx::query(
            "insert into posting (account_id, epoch, number, transaction_id, amount_minor, balance_minor)
             select * from unnest($1::pg_temp.written_posting[])",
        )
        .bind(legs)
        .execute(connection)
        .await
        .map(drop)
    }
}
