//! The audit chain of a cell on its way to Kafka, for whoever keeps heads where the bank can't reach them.
//!
//! In: the links in the database of the cell. Out: the same, one record each, in the order of their epochs, in the partition of the
//! topic that is this cell's alone. Never: a link twice. What is asked of Postgres is what comes after the last that Kafka has, so of a
//! transaction that did not happen the same is asked again.

use crate::config::Config;
use anyhow::Context;
use egress::kafka::Sink;
use egress::records::Sent;
use egress::registry::Registry;
use ingress::{loose_ends, relayed};
use schemas::audit::{KeyId, Link, Signed};
use schemas::resource::AuditRoot;
use schemas::topic::{EPOCH_HEADER, GENERATION_HEADER};
use schemas::wire::{Encoder, audit};
use schemas::{Epoch, Topic};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, FromRow};
use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;
use tokio::time::sleep;

/// Most links in a transaction.
const LINKS_MAX: i64 = 1_000;
/// Pause between two looks, unless there is more at once.
const EVERY: Duration = Duration::from_millis(250);
/// Pause after Postgres did not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// A link as it lies in the table.
#[derive(FromRow)]
struct Row {
    epoch: i64,
    events: i64,
    root: Vec<u8>,
    previous: Vec<u8>,
    head: Vec<u8>,
    signature: Vec<u8>,
    key_id: Vec<u8>,
}

/// Runs until the process ends. Kafka's errors end it; of Postgres it is patient, as the cell is.
pub fn run(config: &Config, cell: &'static str, url: &str, generation: u64) -> anyhow::Result<()> {
    let partition = schemas::audit::partition(cell).with_context(|| format!("{cell} has no audit chain"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let brokers = &config.kafka.brokers;
    let id = runtime.block_on(Registry::new(&config.registry.url).id_of_roots())?;
    // No journal: what stands in the partition says how far it is.
    let encoder = Encoder::new(BTreeMap::new());
    let mut sink = Sink::fence(brokers, &format!("orion-audit-{cell}"), Topic::ViewsJournal, encoder, BTreeMap::new())?;
    if let Some(ends) = loose_ends::find(brokers, &[(audit::TOPIC.to_owned(), partition)])? {
        sink.end(&ends.places, ends.commits)?;
    }
    let mut last = relayed::last(brokers, audit::TOPIC, partition)?;
    tracing::info!(cell, from = last, "writing the topic of the audit chain");
    let generation = generation.to_string();
    runtime.block_on(async {
        let mut connection = None;
        loop {
            let links = match behind(&mut connection, url, cell, last).await {
                Ok(links) => links,
                Err(error) => {
                    tracing::warn!(cell, error = format!("{error:#}"), "the audit chain can't be read for its topic");
                    connection = None;
                    sleep(PAUSE).await;
                    continue;
                }
            };
            if let Some(newest) = links.last() {
                last = newest.epoch;
                publish(&mut sink, id, partition, &generation, &links)?;
            }
            if i64::try_from(links.len())? < LINKS_MAX {
                sleep(EVERY).await;
            }
        }
    })
}

/// The links behind an epoch.
async fn behind(connection: &mut Option<PgConnection>, url: &str, cell: &str, last: Epoch) -> anyhow::Result<Vec<AuditRoot>> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(PgConnectOptions::from_str(url)?.application_name("orion roots").connect().await?),
    };
    let rows: Vec<Row> = sqlx::query_as(
        "select epoch, events, root, previous, head, signature, key_id from audit_root
         where cell = $1 and epoch > $2 order by epoch limit $3",
    )
    .bind(cell)
    .bind(i64::try_from(last)?)
    .bind(LINKS_MAX)
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|row| Ok(AuditRoot::from(&row.signed(cell)?))).collect()
}

impl Row {
    fn signed(self, cell: &str) -> anyhow::Result<Signed> {
        fn sized<const BYTES: usize>(bytes: Vec<u8>) -> anyhow::Result<[u8; BYTES]> {
            bytes.try_into().map_err(|_| anyhow::anyhow!("a link has a hash of another size"))
        }
        let link = Link {
            cell: cell.to_owned(),
            epoch: u64::try_from(self.epoch)?,
            events: u32::try_from(self.events)?,
            root: sized(self.root)?,
            previous: sized(self.previous)?,
        };
        Ok(Signed { link, head: sized(self.head)?, signature: sized(self.signature)?, key_id: KeyId(sized(self.key_id)?) })
    }
}

/// Commits links.
fn publish(sink: &mut Sink, id: u32, partition: i32, generation: &str, links: &[AuditRoot]) -> anyhow::Result<()> {
    let mut records = Vec::with_capacity(links.len());
    for link in links {
        records.push((audit::key(link), audit::encode(id, link)?, link.epoch.to_string(), link.epoch));
    }
    let headers: Vec<_> = records.iter().map(|(.., epoch, _)| [(EPOCH_HEADER, epoch.as_str()), (GENERATION_HEADER, generation)]).collect();
    let sent = records.iter().zip(&headers).map(|((key, value, _, epoch), headers)| Sent {
        topic: audit::TOPIC,
        partition,
        key,
        value,
        headers,
        epoch: Some(*epoch),
    });
    Ok(sink.publish(sent)?)
}
