//! Customers ([`parties`]), watchlists and cleared pairs as they stood at the end of an epoch, by the rows that were written: for a cell that
//! begins with them.
//!
//! Of a list that is in force the parts of its version, of one that is being loaded those that came since; nothing of versions before.
//! A pair is quiet as long as both sides are as they were when it was cleared, so a clearing is told again where its entry
//! says now what it said then, and its customer was not changed since. Who pays or is paid outside of the bank is in no table, but what is cleared of
//! them is by their digest, so it is told again too.

use crate::postgres::{PostgresError, RANGE, parties};
use schemas::list::{ListCommand, ListEntry};
use schemas::resource::ListVersion;
use schemas::{ActivateList, ClearMatch, CustomerId, Epoch, Fact, ListChanged, ListPart};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

/// The parts of a version, up to and with an event: those since its newest part 0.
const PARTS: &str = "
    select number, entries::text from list_part p
    where list = $1 and version = $2 and event_id <= $3
      and event_id >= (select first.event_id from list_part first
                       where first.list = $1 and first.version = $2 and first.number = 0 and first.event_id <= $3
                       order by first.event_id desc limit 1)
    order by number";

/// Clearings in their order, with the entry as it was then and as it is now.
const CLEARINGS: &str = "
    with said as (
        select v.list, v.version, v.event_id, v.epoch,
               lead(v.event_id) over (partition by v.list order by v.event_id) as until
        from list_version v where v.epoch <= $1
    )
    select c.customer_id, c.counterparty, c.list, c.entry, c.reason, c.cleared_by
    from match_clearing c
    join said at_that_time on at_that_time.list = c.list and at_that_time.event_id < c.event_id
                          and (at_that_time.until is null or at_that_time.until > c.event_id)
    join said now on now.list = c.list and now.until is null
    where c.epoch <= $1
      and (c.counterparty is not null
           or not exists (select from customer_change changed
                      where changed.customer_id = c.customer_id and changed.event_id > c.event_id and changed.epoch <= $1))
      and (at_that_time.event_id = now.event_id
           or entry_of(c.list, at_that_time.version, at_that_time.event_id, c.entry) = entry_of(c.list, now.version, now.event_id, c.entry))
    order by c.event_id";

/// A clearing: customer, counterparty, list, entry, reason and whoever cleared it.
type Clearing = (Uuid, Option<String>, String, String, String, String);

/// What stood, as facts that say it.
pub async fn at(url: &str, epoch: Epoch) -> Result<Vec<Fact>, PostgresError> {
    let epoch = i64::try_from(epoch).expect(RANGE);
    let mut connection = PgConnection::connect(url).await.map_err(failed)?;
    let mut snapshot = connection.begin_with("begin isolation level repeatable read read only").await.map_err(failed)?;
    let mut facts = parties::at(&mut snapshot, epoch).await?;
    let query = "select distinct on (list) event_id, shown::text from list_version where epoch <= $1 order by list, event_id desc";
    let versions: Vec<(Uuid, String)> = sqlx::query_as(query).bind(epoch).fetch_all(&mut *snapshot).await.map_err(failed)?;
    for (event, shown) in versions {
        let ListVersion { list, kind, version, parts, count, digest, forced, activated_by, .. } = json(&shown)?;
        if count == 0 {
            continue;
        }
        let digest = schemas::hex::unhex(&digest).ok_or_else(|| failed(sqlx::Error::Protocol("a digest is none".to_owned())))?;
        facts.extend(loaded(&mut snapshot, &list, version, event).await?);
        let change = ListCommand::Activate(ActivateList { list, kind, version, parts, count, digest, force: forced });
        facts.push(listed(change, activated_by));
    }
    // What is being loaded: the version of the newest part, if that came after the list's newest activation.
    let query = "select distinct on (p.list) p.list, p.version, p.event_id from list_part p
                 where p.epoch <= $1
                   and not exists (select from list_version v where v.list = p.list and v.event_id > p.event_id and v.epoch <= $1)
                 order by p.list, p.event_id desc";
    let loading: Vec<(String, i64, Uuid)> = sqlx::query_as(query).bind(epoch).fetch_all(&mut *snapshot).await.map_err(failed)?;
    for (list, version, event) in loading {
        facts.extend(loaded(&mut snapshot, &list, u32::try_from(version).expect(RANGE), event).await?);
    }
    let clearings: Vec<Clearing> = sqlx::query_as(CLEARINGS).bind(epoch).fetch_all(&mut *snapshot).await.map_err(failed)?;
    for (customer, counterparty, list, entry, reason, by) in clearings {
        let counterparty = counterparty.map(|text| text.parse()).transpose();
        let counterparty = counterparty.map_err(|error: schemas::money::Unreadable| failed(sqlx::Error::Decode(Box::new(error))))?;
        let clear = ClearMatch { customer_id: CustomerId(customer), counterparty, list, entry, reason };
        facts.push(listed(ListCommand::Clear(clear), by));
    }
    Ok(facts)
}

async fn loaded(connection: &mut PgConnection, list: &str, version: u32, event: Uuid) -> Result<Vec<Fact>, PostgresError> {
    let query = sqlx::query_as(PARTS).bind(list).bind(i64::from(version)).bind(event);
    let rows: Vec<(i64, String)> = query.fetch_all(connection).await.map_err(failed)?;
    let part = |(number, entries): (i64, String)| {
        let (number, entries) = (u32::try_from(number).expect(RANGE), json::<Vec<ListEntry>>(&entries)?);
        Ok(listed(ListCommand::Part(ListPart { list: list.to_owned(), version, number, entries }), String::new()))
    };
    rows.into_iter().map(part).collect()
}

fn listed(change: ListCommand, by: String) -> Fact {
    Fact::ListChanged(Box::new(ListChanged { change, by }))
}

pub(super) fn json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, PostgresError> {
    serde_json::from_str(text).map_err(|error| failed(sqlx::Error::Decode(Box::new(error))))
}

pub(super) fn failed(source: sqlx::Error) -> PostgresError {
    PostgresError::Postgres { step: "read the watchlists", source }
}
