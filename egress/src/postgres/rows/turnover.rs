//! The turnover of merchants and agents: what the epochs of one transaction add to each.
//!
//! Others than merchants and agents stand among what comes in, since an event does not say who an account is; the rows of the
//! accounts do, and those of this transaction are there already.

use schemas::Side;
use sqlx::postgres::PgConnection;
use std::collections::BTreeMap;
use uuid::Uuid;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Turnover {
    added: BTreeMap<Side, Added>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Added {
    count: i64,
    amount_minor: i128,
    epoch: i64,
}

impl Turnover {
    pub(super) fn add(&mut self, epoch: i64, turnover: &schemas::Turnover) {
        let added = self.added.entry(turnover.side).or_default();
        added.count += turnover.count;
        added.amount_minor += turnover.amount_minor;
        added.epoch = epoch;
    }

    pub(super) async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.added.is_empty() {
            return Ok(());
        }
        let day = |side: &Side| i64::try_from(side.day).expect(super::RANGE);
        sqlx::query(
            "insert into turnover as old (day_at, currency, account_id, operation, count, amount_minor, epoch)
             select day_at, new.currency, account_id, operation, count, amount_minor::numeric, new.epoch
             from unnest($1::bigint[], $2::text[], $3::uuid[], $4::text[], $5::bigint[], $6::text[], $7::bigint[])
                  as new (day_at, currency, account_id, operation, count, amount_minor, epoch)
             join account on account.id = new.account_id and account.role in ('merchant', 'agent')
             on conflict (day_at, currency, account_id, operation) do update
             set count = old.count + excluded.count, amount_minor = old.amount_minor + excluded.amount_minor, epoch = excluded.epoch",
        )
        .bind(self.added.keys().map(day).collect::<Vec<_>>())
        .bind(self.added.keys().map(|side| side.currency.code()).collect::<Vec<_>>())
        .bind(self.added.keys().map(|side| side.account.0).collect::<Vec<Uuid>>())
        .bind(self.added.keys().map(|side| side.operation.as_str()).collect::<Vec<_>>())
        .bind(self.added.values().map(|added| added.count).collect::<Vec<_>>())
        .bind(self.added.values().map(|added| added.amount_minor.to_string()).collect::<Vec<_>>())
        .bind(self.added.values().map(|added| added.epoch).collect::<Vec<_>>())
        .execute(connection)
        .await
        .map(drop)
    }
}
