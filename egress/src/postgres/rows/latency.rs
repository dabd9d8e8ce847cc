//! How long commands waited: what the epochs of one transaction add to each bucket, in each stretch.

use super::stretch::stretches;
use schemas::Waited;
use sqlx::postgres::PgConnection;
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Latency {
    added: BTreeMap<(&'static str, i64, u32), Added>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Added {
    count: i64,
    epoch: i64,
}

impl Latency {
    pub(super) fn add(&mut self, epoch: i64, waited: Waited) {
        for (span, start) in stretches(epoch) {
            let added = self.added.entry((span, start, waited.over_ms)).or_default();
            added.count += i64::from(waited.count);
            added.epoch = epoch;
        }
    }

    pub(super) async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.added.is_empty() {
            return Ok(());
        }
        let over = |over_ms: u32| i32::try_from(over_ms).expect("the journal has it as an int");
        sqlx::query(
            "insert into latency as old (span, start_at, over_ms, count, epoch)
             select * from unnest($1::text[], $2::bigint[], $3::int[], $4::bigint[], $5::bigint[])
             on conflict (span, start_at, over_ms) do update set count = old.count + excluded.count, epoch = excluded.epoch",
        )
        .bind(self.added.keys().map(|(span, ..)| *span).collect::<Vec<_>>())
        .bind(self.added.keys().map(|(_, start, _)| *start).collect::<Vec<_>>())
        .bind(self.added.keys().map(|(.., over_ms)| over(*over_ms)).collect::<Vec<_>>())
        .bind(self.added.values().map(|added| added.count).collect::<Vec<_>>())
        .bind(self.added.values().map(|added| added.epoch).collect::<Vec<_>>())
        .execute(connection)
        .await
        .map(drop)
    }
}
