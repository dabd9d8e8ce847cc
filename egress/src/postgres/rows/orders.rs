//! Changes of orders.

use schemas::{Event, OrderChanged};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Orders {
    event_id: Vec<Uuid>,
    command_id: Vec<Uuid>,
    order_id: Vec<Uuid>,
    change: Vec<&'static str>,
    operation: Vec<&'static str>,
    channel: Vec<&'static str>,
    account_debit: Vec<Uuid>,
    account_credit: Vec<Uuid>,
    amount_minor: Vec<i64>,
    currency: Vec<&'static str>,
    execute_at: Vec<Option<i64>>,
    effective_at: Vec<Option<i64>>,
    transaction_id: Vec<Option<Uuid>>,
    epoch: Vec<i64>,
}

impl Orders {
    pub(super) fn add(&mut self, epoch: i64, event: &Event, order: &OrderChanged) {
        self.event_id.push(event.id.0);
        self.command_id.push(event.cause.command_id.0);
        self.order_id.push(order.id.0);
        self.change.push(order.change.as_str());
        self.operation.push(order.kind.as_str());
        self.channel.push(order.channel.as_str());
        self.account_debit.push(order.account_debit.0);
        self.account_credit.push(order.account_credit.0);
        self.amount_minor.push(order.amount.minor);
        self.currency.push(order.amount.currency.code());
        self.execute_at.push(order.dated.execute_at().map(super::moment));
        self.effective_at.push(order.dated.effective_at().map(super::moment));
        self.transaction_id.push(order.transaction_id.map(|id| id.0));
        self.epoch.push(epoch);
    }

    pub(super) async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.event_id.is_empty() {
            return Ok(());
        }
        sqlx::query(
            "insert into order_change (event_id, command_id, order_id, change, operation, channel, account_debit, account_credit,
                                       amount_minor, currency, execute_at, effective_at, transaction_id, epoch)
             select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::uuid[],
                                  $9::bigint[], $10::text[], $11::bigint[], $12::bigint[], $13::uuid[], $14::bigint[])",
        )
        .bind(&self.event_id)
        .bind(&self.command_id)
        .bind(&self.order_id)
        .bind(&self.change)
        .bind(&self.operation)
        .bind(&self.channel)
        .bind(&self.account_debit)
        .bind(&self.account_credit)
        .bind(&self.amount_minor)
        .bind(&self.currency)
        .bind(&self.execute_at)
        .bind(&self.effective_at)
        .bind(&self.transaction_id)
        .bind(&self.epoch)
        .execute(connection)
        .await
        .map(drop)
    }
}
