//! The volume: what the epochs of one transaction add to each bucket.
//!
//! A bucket that several of them add to is one row here, since a statement may touch a row but once.

use schemas::{Bucket, Channel, Currency, Refusal};
use sqlx::postgres::PgConnection;
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Volume {
    added: BTreeMap<Bucket, Added>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Added {
    count: i64,
    amount_minor: i128,
    fee_minor: i128,
    epoch: i64,
}

impl Volume {
    pub(super) fn add(&mut self, epoch: i64, volume: &schemas::Volume) {
        let schemas::Volume { bucket, count, amount_minor, fee_minor } = volume;
        let added = match self.added.get_mut(bucket) {
            Some(added) => added,
            None => self.added.entry(bucket.clone()).or_default(),
        };
        added.count += count;
        added.amount_minor += amount_minor;
        added.fee_minor += fee_minor;
        added.epoch = epoch;
    }

    pub(super) async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.added.is_empty() {
            return Ok(());
        }
        let start = |bucket: &Bucket| i64::try_from(bucket.start).expect(super::RANGE);
        let text = |number: fn(&Added) -> i128| self.added.values().map(|added| number(added).to_string()).collect::<Vec<_>>();
        sqlx::query(
            "insert into volume as old (span, start_at, operation, channel, currency, reason, count, amount_minor, fee_minor, epoch)
             select span, start_at, operation, channel, currency, reason, count, amount_minor::numeric, fee_minor::numeric, epoch
             from unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::text[],
                         $10::bigint[])
                  as new (span, start_at, operation, channel, currency, reason, count, amount_minor, fee_minor, epoch)
             on conflict (span, start_at, operation, channel, currency, reason) do update
             set count = old.count + excluded.count, amount_minor = old.amount_minor + excluded.amount_minor,
                 fee_minor = old.fee_minor + excluded.fee_minor, epoch = excluded.epoch",
        )
        .bind(self.words(|bucket| bucket.span.as_str()))
        .bind(self.added.keys().map(start).collect::<Vec<_>>())
        .bind(self.words(|bucket| &bucket.operation))
        .bind(self.words(|bucket| bucket.channel.map_or("", Channel::as_str)))
        .bind(self.words(|bucket| bucket.currency.map_or("", Currency::code)))
        .bind(self.words(|bucket| bucket.refusal.map_or("", Refusal::as_str)))
        .bind(self.added.values().map(|added| added.count).collect::<Vec<_>>())
        .bind(text(|added| added.amount_minor))
        .bind(text(|added| added.fee_minor))
        .bind(self.added.values().map(|added| added.epoch).collect::<Vec<_>>())
        .execute(connection)
        .await
        .map(drop)
    }

    fn words(&self, word: impl Fn(&Bucket) -> &str) -> Vec<&str> {
        self.added.keys().map(word).collect()
    }
}
