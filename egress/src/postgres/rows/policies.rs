//! What staff has set: a table for each kind.

use schemas::{AccountTerms, CustomerLevel, Event, LevelLimits, Policy, Tariff, TariffEnd, resource};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Policies {
    levels: Levels,
    terms: Terms,
    limits: Limits,
    tariffs: Tariffs,
}

/// What every row says, whatever its kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Set {
    event_id: Vec<Uuid>,
    command_id: Vec<Uuid>,
    /// From when on it holds; not of a level, which holds at once.
    effective_from: Vec<i64>,
    epoch: Vec<i64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Levels {
    set: Set,
    customer_id: Vec<Uuid>,
    level: Vec<&'static str>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Terms {
    set: Set,
    account_id: Vec<Uuid>,
    currency: Vec<&'static str>,
    floor_minor: Vec<Option<i64>>,
    limits: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Limits {
    set: Set,
    level: Vec<&'static str>,
    currency: Vec<&'static str>,
    limits: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Tariffs {
    set: Set,
    code: Vec<String>,
    withdrawn: Vec<bool>,
    currency: Vec<Option<&'static str>>,
    operation: Vec<Option<&'static str>>,
    channel: Vec<Option<&'static str>>,
    account_type: Vec<Option<&'static str>>,
    level: Vec<Option<&'static str>>,
    bearer: Vec<Option<&'static str>>,
    tiers: Vec<Option<String>>,
    min_minor: Vec<Option<i64>>,
    max_minor: Vec<Option<i64>>,
    free_per_month: Vec<Option<i64>>,
    effective_to: Vec<Option<i64>>,
}

impl Policies {
    pub(super) fn add(&mut self, epoch: i64, event: &Event, policy: &Policy) {
        let set = |set: &mut Set| {
            set.event_id.push(event.id.0);
            set.command_id.push(event.cause.command_id.0);
            set.effective_from.push(super::moment(policy.effective(event.epoch)));
            set.epoch.push(epoch);
        };
        match policy {
            Policy::Level(level) => {
                set(&mut self.levels.set);
                self.levels.add(*level);
            }
            Policy::Terms(terms) => {
                set(&mut self.terms.set);
                self.terms.add(terms);
            }
            Policy::Limits(limits) => {
                set(&mut self.limits.set);
                self.limits.add(limits);
            }
            Policy::Tariff(tariff) => {
                set(&mut self.tariffs.set);
                self.tariffs.add(event, tariff);
            }
            Policy::TariffEnd(end) => {
                set(&mut self.tariffs.set);
                self.tariffs.end(end);
            }
        }
    }

    pub(super) async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if !self.levels.level.is_empty() {
            self.levels.insert(connection).await?;
        }
        if !self.terms.account_id.is_empty() {
            self.terms.insert(connection).await?;
        }
        if !self.limits.level.is_empty() {
            self.limits.insert(connection).await?;
        }
        if !self.tariffs.code.is_empty() {
            self.tariffs.insert(connection).await?;
        }
        Ok(())
    }
}

impl Levels {
    fn add(&mut self, set: CustomerLevel) {
        self.customer_id.push(set.customer_id.0);
        self.level.push(set.level.as_str());
    }

    async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query(
            "insert into customer_level (event_id, command_id, customer_id, level, epoch)
             select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[])",
        )
        .bind(&self.set.event_id)
        .bind(&self.set.command_id)
        .bind(&self.customer_id)
        .bind(&self.level)
        .bind(&self.set.epoch)
        .execute(connection)
        .await
        .map(drop)
    }
}

impl Terms {
    fn add(&mut self, terms: &AccountTerms) {
        self.account_id.push(terms.account_id.0);
        self.currency.push(terms.currency.code());
        self.floor_minor.push(terms.floor_minor);
        self.limits.push(json(&resource::Limits::of(&terms.limits, terms.currency)));
    }

    async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query(
            "insert into account_terms (event_id, command_id, account_id, currency, floor_minor, limits, effective_from, epoch)
             select event_id, command_id, account_id, currency, floor_minor, limits::jsonb, effective_from, epoch
             from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::text[], $7::bigint[], $8::bigint[])
                  as new (event_id, command_id, account_id, currency, floor_minor, limits, effective_from, epoch)",
        )
        .bind(&self.set.event_id)
        .bind(&self.set.command_id)
        .bind(&self.account_id)
        .bind(&self.currency)
        .bind(&self.floor_minor)
        .bind(&self.limits)
        .bind(&self.set.effective_from)
        .bind(&self.set.epoch)
        .execute(connection)
        .await
        .map(drop)
    }
}

impl Limits {
    fn add(&mut self, set: &LevelLimits) {
        self.level.push(set.level.as_str());
        self.currency.push(set.currency.code());
        self.limits.push(json(&resource::Limits::of(&set.limits, set.currency)));
    }

    async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query(
            "insert into level_limits (event_id, command_id, level, currency, limits, effective_from, epoch)
             select event_id, command_id, level, currency, limits::jsonb, effective_from, epoch
             from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[])
                  as new (event_id, command_id, level, currency, limits, effective_from, epoch)",
        )
        .bind(&self.set.event_id)
        .bind(&self.set.command_id)
        .bind(&self.level)
        .bind(&self.currency)
        .bind(&self.limits)
        .bind(&self.set.effective_from)
        .bind(&self.set.epoch)
        .execute(connection)
        .await
        .map(drop)
    }
}

impl Tariffs {
    fn add(&mut self, event: &Event, tariff: &Tariff) {
        self.code.push(tariff.code.clone());
        self.withdrawn.push(false);
        self.currency.push(Some(tariff.currency.code()));
        self.operation.push(tariff.operation.map(|kind| kind.as_str()));
        self.channel.push(tariff.channel.map(|channel| channel.as_str()));
        self.account_type.push(tariff.account_type.map(|named| named.as_str()));
        self.level.push(tariff.level.map(|level| level.as_str()));
        self.bearer.push(Some(tariff.bearer.as_str()));
        self.tiers.push(Some(json(&resource::Tariff::of(tariff, event.epoch).tiers)));
        self.min_minor.push(tariff.min_minor);
        self.max_minor.push(tariff.max_minor);
        self.free_per_month.push(Some(tariff.free_per_month.into()));
        self.effective_to.push(tariff.effective_to.map(super::moment));
    }

    fn end(&mut self, end: &TariffEnd) {
        self.code.push(end.code.clone());
        self.withdrawn.push(true);
        let words = [&mut self.currency, &mut self.operation, &mut self.channel, &mut self.account_type, &mut self.level, &mut self.bearer];
        words.into_iter().for_each(|column| column.push(None));
        self.tiers.push(None);
        let numbers = [&mut self.min_minor, &mut self.max_minor, &mut self.free_per_month, &mut self.effective_to];
        numbers.into_iter().for_each(|column| column.push(None));
    }

    async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query(
            "insert into tariff (event_id, command_id, code, withdrawn, currency, operation, channel, account_type, level, bearer,
                                 tiers, min_minor, max_minor, free_per_month, effective_from, effective_to, epoch)
             select event_id, command_id, code, withdrawn, currency, operation, channel, account_type, level, bearer,
                    tiers::jsonb, min_minor, max_minor, free_per_month, effective_from, effective_to, epoch
             from unnest($1::uuid[], $2::uuid[], $3::text[], $4::boolean[], $5::text[], $6::text[], $7::text[], $8::text[],
                         $9::text[], $10::text[], $11::text[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[],
                         $16::bigint[], $17::bigint[])
                  as new (event_id, command_id, code, withdrawn, currency, operation, channel, account_type, level, bearer,
                          tiers, min_minor, max_minor, free_per_month, effective_from, effective_to, epoch)",
        )
        .bind(&self.set.event_id)
        .bind(&self.set.command_id)
        .bind(&self.code)
        .bind(&self.withdrawn)
        .bind(&self.currency)
        .bind(&self.operation)
        .bind(&self.channel)
        .bind(&self.account_type)
        .bind(&self.level)
        .bind(&self.bearer)
        .bind(&self.tiers)
        .bind(&self.min_minor)
        .bind(&self.max_minor)
        .bind(&self.free_per_month)
        .bind(&self.set.effective_from)
        .bind(&self.effective_to)
        .bind(&self.set.epoch)
        .execute(connection)
        .await
        .map(drop)
    }
}

fn json(shown: &impl serde::Serialize) -> String {
    serde_json::to_string(shown).expect("a resource is plain data")
}
