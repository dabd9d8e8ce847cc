//! The liabilities: what the epochs of one transaction add to each currency, in each stretch and ever.

use super::stretch::stretches_and_ever;
use schemas::{Currency, Liability};
use sqlx::postgres::PgConnection;
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Liabilities {
    added: BTreeMap<(&'static str, i64, Currency), Added>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Added {
    owed_minor: i128,
    held_minor: i128,
    epoch: i64,
}

impl Liabilities {
    pub(super) fn add(&mut self, epoch: i64, liability: &Liability) {
        for (span, start) in stretches_and_ever(epoch) {
            let added = self.added.entry((span, start, liability.currency)).or_default();
            added.owed_minor += liability.owed_minor;
            added.held_minor += liability.held_minor;
            added.epoch = epoch;
        }
    }

    pub(super) async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.added.is_empty() {
            return Ok(());
        }
        let text = |number: fn(&Added) -> i128| self.added.values().map(|added| number(added).to_string()).collect::<Vec<_>>();
        sqlx::query(
            "insert into liability as old (span, start_at, currency, owed_minor, held_minor, epoch)
             select span, start_at, currency, owed_minor::numeric, held_minor::numeric, epoch
             from unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[])
                  as new (span, start_at, currency, owed_minor, held_minor, epoch)
             on conflict (span, start_at, currency) do update
             set owed_minor = old.owed_minor + excluded.owed_minor, held_minor = old.held_minor + excluded.held_minor,
                 epoch = excluded.epoch",
        )
        .bind(self.added.keys().map(|(span, ..)| *span).collect::<Vec<_>>())
        .bind(self.added.keys().map(|(_, start, _)| *start).collect::<Vec<_>>())
        .bind(self.added.keys().map(|(_, _, currency)| currency.code()).collect::<Vec<_>>())
        .bind(text(|added| added.owed_minor))
        .bind(text(|added| added.held_minor))
        .bind(self.added.values().map(|added| added.epoch).collect::<Vec<_>>())
        .execute(connection)
        .await
        .map(drop)
    }
}
