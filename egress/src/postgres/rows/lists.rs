//! Parts of watchlists, versions that came into force, and matches that were cleared.

use schemas::resource::ListSet;
use schemas::{Event, ListChanged, ListCommand};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lists {
    parts: Parts,
    versions: Versions,
    clearings: Clearings,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Parts {
    event_id: Vec<Uuid>,
    command_id: Vec<Uuid>,
    list: Vec<String>,
    version: Vec<i64>,
    number: Vec<i64>,
    entries: Vec<String>,
    epoch: Vec<i64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Versions {
    event_id: Vec<Uuid>,
    command_id: Vec<Uuid>,
    list: Vec<String>,
    version: Vec<i64>,
    count: Vec<i64>,
    shown: Vec<String>,
    epoch: Vec<i64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Clearings {
    event_id: Vec<Uuid>,
    command_id: Vec<Uuid>,
    customer_id: Vec<Uuid>,
    counterparty: Vec<Option<String>>,
    list: Vec<String>,
    entry: Vec<String>,
    reason: Vec<String>,
    cleared_by: Vec<String>,
    epoch: Vec<i64>,
}

impl Lists {
    pub(super) fn add(&mut self, epoch: i64, event: &Event, changed: &ListChanged) {
        let (event_id, command_id) = (event.id.0, event.cause.command_id.0);
        match &changed.change {
            ListCommand::Part(part) => {
                let to = &mut self.parts;
                to.event_id.push(event_id);
                to.command_id.push(command_id);
                to.list.push(part.list.clone());
                to.version.push(part.version.into());
                to.number.push(part.number.into());
                to.entries.push(serde_json::to_string(&part.entries).expect("plain data is JSON"));
                to.epoch.push(epoch);
            }
            ListCommand::Activate(activate) => {
                let shown = match ListSet::of(changed, event.epoch) {
                    ListSet::Version(version) => serde_json::to_string(&version).expect("plain data is JSON"),
                    ListSet::Part(_) | ListSet::Cleared(_) => unreachable!("an activation is shown as a version"),
                };
                let to = &mut self.versions;
                to.event_id.push(event_id);
                to.command_id.push(command_id);
                to.list.push(activate.list.clone());
                to.version.push(activate.version.into());
                to.count.push(activate.count.into());
                to.shown.push(shown);
                to.epoch.push(epoch);
            }
            ListCommand::Clear(clear) => {
                let to = &mut self.clearings;
                to.event_id.push(event_id);
                to.command_id.push(command_id);
                to.customer_id.push(clear.customer_id.0);
                to.counterparty.push(clear.counterparty.map(|counterparty| counterparty.to_string()));
                to.list.push(clear.list.clone());
                to.entry.push(clear.entry.clone());
                to.reason.push(clear.reason.clone());
                to.cleared_by.push(changed.by.clone());
                to.epoch.push(epoch);
            }
        }
    }

    pub(super) async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let Self { parts, versions, clearings } = self;
        if !parts.event_id.is_empty() {
            sqlx::query(
                "insert into list_part (event_id, command_id, list, version, number, entries, epoch)
                 select event_id, command_id, list, version, number, entries::jsonb, epoch
                 from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::bigint[])
                      as u (event_id, command_id, list, version, number, entries, epoch)",
            )
            .bind(&parts.event_id)
            .bind(&parts.command_id)
            .bind(&parts.list)
            .bind(&parts.version)
            .bind(&parts.number)
            .bind(&parts.entries)
            .bind(&parts.epoch)
            .execute(&mut *connection)
            .await?;
        }
        if !versions.event_id.is_empty() {
            sqlx::query(
                "insert into list_version (event_id, command_id, list, version, count, shown, epoch)
                 select event_id, command_id, list, version, count, shown::jsonb, epoch
                 from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::bigint[])
                      as u (event_id, command_id, list, version, count, shown, epoch)",
            )
            .bind(&versions.event_id)
            .bind(&versions.command_id)
            .bind(&versions.list)
            .bind(&versions.version)
            .bind(&versions.count)
            .bind(&versions.shown)
            .bind(&versions.epoch)
            .execute(&mut *connection)
            .await?;
        }
        if !clearings.event_id.is_empty() {
            sqlx::query(
                "insert into match_clearing (event_id, command_id, customer_id, counterparty, list, entry, reason, cleared_by, epoch)
                 select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bigint[])",
            )
            .bind(&clearings.event_id)
            .bind(&clearings.command_id)
            .bind(&clearings.customer_id)
            .bind(&clearings.counterparty)
            .bind(&clearings.list)
            .bind(&clearings.entry)
            .bind(&clearings.reason)
            .bind(&clearings.cleared_by)
            .bind(&clearings.epoch)
            .execute(&mut *connection)
            .await?;
        }
        Ok(())
    }
}
