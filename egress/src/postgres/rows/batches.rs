//! Batches, and what became of their items.

use schemas::{BatchDecided, Event, Outcome};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Batches {
    id: Vec<Uuid>,
    event_id: Vec<Uuid>,
    mode: Vec<&'static str>,
    size: Vec<i32>,
    reason: Vec<Option<&'static str>>,
    epoch: Vec<i64>,
    items: Items,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Items {
    batch_id: Vec<Uuid>,
    item: Vec<i32>,
    status: Vec<&'static str>,
    transaction_id: Vec<Option<Uuid>>,
    hold_id: Vec<Option<Uuid>>,
    fee_minor: Vec<i64>,
    reason: Vec<Option<&'static str>>,
    epoch: Vec<i64>,
}

impl Batches {
    /// A dry run leaves nothing: it was only to be said.
    pub(super) fn add(&mut self, epoch: i64, event: &Event, decided: &BatchDecided) {
        if decided.dry_run {
            return;
        }
        let id = event.cause.command_id.0;
        self.id.push(id);
        self.event_id.push(event.id.0);
        self.mode.push(decided.mode.as_str());
        self.size.push(i32::try_from(decided.outcomes.len()).expect("a batch has 8000 items at most"));
        self.reason.push(decided.undone_by().map(|(_, refusal)| refusal.as_str()));
        self.epoch.push(epoch);
        (0..).zip(&decided.outcomes).for_each(|(item, outcome)| self.items.add(epoch, id, item, outcome));
    }

    pub(super) async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.id.is_empty() {
            return Ok(());
        }
        sqlx::query(
            "insert into batch (id, event_id, mode, items, reason, epoch)
             select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::int[], $5::text[], $6::bigint[])",
        )
        .bind(&self.id)
        .bind(&self.event_id)
        .bind(&self.mode)
        .bind(&self.size)
        .bind(&self.reason)
        .bind(&self.epoch)
        .execute(&mut *connection)
        .await?;
        self.items.insert(connection).await
    }
}

impl Items {
    fn add(&mut self, epoch: i64, batch: Uuid, item: i32, outcome: &Outcome) {
        self.batch_id.push(batch);
        self.item.push(item);
        self.status.push(outcome.status.as_str());
        self.transaction_id.push(outcome.transaction_id.map(|id| id.0));
        self.hold_id.push(outcome.hold_id.map(|id| id.0));
        self.fee_minor.push(outcome.fee_minor);
        self.reason.push(outcome.refusal.map(|refusal| refusal.as_str()));
        self.epoch.push(epoch);
    }

    async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query(
            "insert into batch_item (batch_id, item, status, transaction_id, hold_id, fee_minor, reason, epoch)
             select * from unnest($1::uuid[], $2::int[], $3::text[], $4::uuid[], $5::uuid[], $6::bigint[], $7::text[], $8::bigint[])",
        )
        .bind(&self.batch_id)
        .bind(&self.item)
        .bind(&self.status)
        .bind(&self.transaction_id)
        .bind(&self.hold_id)
        .bind(&self.fee_minor)
        .bind(&self.reason)
        .bind(&self.epoch)
        .execute(connection)
        .await
        .map(drop)
    }
}
