//! The positions: what the epochs of one transaction add to each group of accounts, in each stretch and ever.

use super::stretch::stretches_and_ever;
use schemas::{Balances, Group, KycLevel};
use sqlx::postgres::PgConnection;
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Positions {
    added: BTreeMap<(&'static str, i64, Group), Added>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Added {
    accounts: i64,
    balance_minor: i128,
    epoch: i64,
}

impl Positions {
    pub(super) fn add(&mut self, epoch: i64, balances: &Balances) {
        for (span, start) in stretches_and_ever(epoch) {
            let added = self.added.entry((span, start, balances.group)).or_default();
            added.accounts += balances.accounts;
            added.balance_minor += balances.balance_minor;
            added.epoch = epoch;
        }
    }

    pub(super) async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.added.is_empty() {
            return Ok(());
        }
        sqlx::query(
            "insert into position as old (span, start_at, currency, account_type, role, level, accounts, balance_minor, epoch)
             select span, start_at, currency, account_type, role, level, accounts, balance_minor::numeric, epoch
             from unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::bigint[])
                  as new (span, start_at, currency, account_type, role, level, accounts, balance_minor, epoch)
             on conflict (span, start_at, currency, account_type, role, level) do update
             set accounts = old.accounts + excluded.accounts, balance_minor = old.balance_minor + excluded.balance_minor,
                 epoch = excluded.epoch",
        )
        .bind(self.added.keys().map(|(span, ..)| *span).collect::<Vec<_>>())
        .bind(self.added.keys().map(|(_, start, _)| *start).collect::<Vec<_>>())
        .bind(self.words(|group| group.currency.code()))
        .bind(self.words(|group| group.account_type.as_str()))
        .bind(self.words(|group| group.role.as_str()))
        .bind(self.words(|group| group.level.map_or("", KycLevel::as_str)))
        .bind(self.added.values().map(|added| added.accounts).collect::<Vec<_>>())
        .bind(self.added.values().map(|added| added.balance_minor.to_string()).collect::<Vec<_>>())
        .bind(self.added.values().map(|added| added.epoch).collect::<Vec<_>>())
        .execute(connection)
        .await
        .map(drop)
    }

    fn words(&self, word: impl Fn(&Group) -> &'static str) -> Vec<&'static str> {
        self.added.keys().map(|(_, _, group)| word(group)).collect()
    }
}
