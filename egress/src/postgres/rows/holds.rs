//! Changes of holds.

use schemas::{Event, HoldChanged};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Holds {
    event_id: Vec<Uuid>,
    command_id: Vec<Uuid>,
    hold_id: Vec<Uuid>,
    change: Vec<&'static str>,
    operation: Vec<&'static str>,
    channel: Vec<&'static str>,
    account_debit: Vec<Uuid>,
    account_credit: Vec<Uuid>,
    amount_minor: Vec<i64>,
    fee_minor: Vec<i64>,
    currency: Vec<&'static str>,
    held_minor: Vec<i64>,
    open: Vec<bool>,
    expires_at: Vec<i64>,
    epoch: Vec<i64>,
}

impl Holds {
    pub(super) fn add(&mut self, epoch: i64, event: &Event, held: &HoldChanged) {
        self.event_id.push(event.id.0);
        self.command_id.push(event.cause.command_id.0);
        self.hold_id.push(held.id.0);
        self.change.push(held.change.as_str());
        self.operation.push(held.kind.as_str());
        self.channel.push(held.channel.as_str());
        self.account_debit.push(held.account_debit.0);
        self.account_credit.push(held.account_credit.0);
        self.amount_minor.push(held.amount.minor);
        self.fee_minor.push(held.fee_minor);
        self.currency.push(held.amount.currency.code());
        self.held_minor.push(held.held_minor());
        self.open.push(held.open);
        self.expires_at.push(super::moment(held.expires_at));
        self.epoch.push(epoch);
    }

    pub(super) async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.event_id.is_empty() {
            return Ok(());
        }
        sqlx::query(
            "insert into hold_change (event_id, command_id, hold_id, change, operation, channel, account_debit, account_credit,
                                      amount_minor, fee_minor, currency, held_minor, open, expires_at, epoch)
             select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::uuid[],
                                  $9::bigint[], $10::bigint[], $11::text[], $12::bigint[], $13::boolean[], $14::bigint[],
                                  $15::bigint[])",
        )
        .bind(&self.event_id)
        .bind(&self.command_id)
        .bind(&self.hold_id)
        .bind(&self.change)
        .bind(&self.operation)
        .bind(&self.channel)
        .bind(&self.account_debit)
        .bind(&self.account_credit)
        .bind(&self.amount_minor)
        .bind(&self.fee_minor)
        .bind(&self.currency)
        .bind(&self.held_minor)
        .bind(&self.open)
        .bind(&self.expires_at)
        .bind(&self.epoch)
        .execute(connection)
        .await
        .map(drop)
    }
}
