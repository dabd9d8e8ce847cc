//! The views on their way to Kafka: for dashboards, and for whoever keeps a copy of a view.
//!
//! In: the views in Postgres. Out: in one Kafka transaction, the rows that have changed since the last one, each under its key, and
//! how far the topics have come by that. So a topic, read from its beginning, is a snapshot and then changes; the newest record of
//! a key is how the row is, and all topics together are as of the epoch of their progress.
//!
//! What is asked of Postgres is what has changed since the epoch that Kafka says it has. So a death needs no care: of a transaction that
//! did not happen the same is asked again, and of one that did no more is asked. Only the first rows of a large view take several
//! transactions; of those that are there before the progress is, the next process writes the same again.

use crate::config::Config;
use anyhow::Context;
use api::progress::Shown;
use api::views::{self, Asked, Row};
use egress::kafka::Sink;
use egress::records::Sent;
use egress::registry::Registry;
use ingress::{loose_ends, relayed};
use meters::{FRESHNESS, since};
use schemas::topic::{EPOCH_HEADER, GENERATION_HEADER};
use schemas::wire::Encoder;
use schemas::wire::view::{PROGRESS_TOPIC, RowEncoder, published, topics};
use schemas::{Epoch, Topic, ViewName};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::{Duration, Instant};
use tokio::time::sleep;
use uuid::Uuid;

/// Most rows of a view at a time, and about as many in a transaction.
const ROWS_MAX: usize = 5_000;
/// How many times as long as a step takes there is none: what is written comes before what is copied.
const REST: u32 = 4;
/// And the longest time that it rests, as after the first rows of a large view.
const REST_MAX: Duration = Duration::from_secs(5);
/// Pause after Postgres did not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// What there is to write, and with what.
struct Relay {
    sink: Sink,
    encoder: RowEncoder,
    generation: String,
    /// The epoch that the topics have.
    relayed: Epoch,
}

/// Runs until the process ends. Kafka's errors end it; of Postgres it is patient, as the cell is.
pub(super) fn run(config: &Config, generation: u64) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let brokers = &config.kafka.brokers;
    let encoder = RowEncoder::new(runtime.block_on(Registry::new(&config.registry.url).ids_of_views())?);
    let mut sink = Sink::fence(brokers, "orion-view-topics", Topic::ViewsJournal, Encoder::new(BTreeMap::new()), BTreeMap::new())?;
    // What says how far the others have come stands first, as a journal does.
    let places: Vec<_> = [PROGRESS_TOPIC].into_iter().chain(topics().map(|(topic, _)| topic)).map(|topic| (topic.to_owned(), 0)).collect();
    if let Some(ends) = loose_ends::find(brokers, &places[..places.len() - 1])? {
        sink.end(&ends.places, ends.commits)?;
    }
    let mut relay = Relay { sink, encoder, generation: generation.to_string(), relayed: relayed::last(brokers, PROGRESS_TOPIC, 0)? };
    tracing::info!(from = relay.relayed, "writing the topics of the views");
    let (url, every) = (config.postgres.views_url()?, Duration::from_millis(config.views.topics_every_ms));
    let fresh = since::of(&FRESHNESS, "topics");
    runtime.block_on(async {
        let mut connection = None;
        loop {
            let begun = Instant::now();
            match relay.step(&mut connection, &url).await {
                Ok(()) => fresh.at(relay.relayed),
                Err(Fault::Postgres(error)) => {
                    tracing::warn!(error = format!("{error:#}"), "the views can't be read for their topics");
                    connection = None;
                    sleep(PAUSE).await;
                }
                Err(Fault::Kafka(error)) => return Err(error),
            }
            // A busy bank's rows change several times between two steps and are read once, so steps may be rarer then.
            sleep(every.max((begun.elapsed() * REST).min(REST_MAX))).await;
        }
    })
}

/// What goes wrong: what is waited for, and what ends the process.
enum Fault {
    Postgres(anyhow::Error),
    Kafka(anyhow::Error),
}

fn postgres(error: impl Into<anyhow::Error>) -> Fault {
    Fault::Postgres(error.into())
}

impl Relay {
    /// Writes what has changed since the last time, if anything has.
    async fn step(&mut self, connection: &mut Option<PgConnection>, url: &str) -> Result<(), Fault> {
        let connection = match connection {
            Some(connection) => connection,
            None => {
                let options = PgConnectOptions::from_str(url).map_err(postgres)?.application_name("orion relay");
                connection.insert(options.connect().await.map_err(postgres)?)
            }
        };
        let mut snapshot = connection.begin_with("begin isolation level repeatable read read only").await.map_err(postgres)?;
        let shown = Shown::read(&mut *snapshot).await.map_err(postgres)?.context("the views have no progress row").map_err(postgres)?;
        let as_of = shown.as_of();
        if as_of > self.relayed {
            let mut waiting = Vec::new();
            for (name, topic) in ViewName::ALL.iter().filter_map(|name| Some((*name, published(*name)?.0))) {
                let mut after = Some(Uuid::nil());
                while let Some(begins) = after {
                    let asked = Asked { since: self.relayed, as_of, owner: None, after: begins, limit: ROWS_MAX };
                    let part = views::changed(&mut snapshot, name, asked).await.map_err(postgres)?;
                    waiting.extend(part.rows.into_iter().map(|row| (topic, row)));
                    if waiting.len() > ROWS_MAX {
                        self.publish(&waiting, as_of, false).map_err(Fault::Kafka)?;
                        waiting.clear();
                    }
                    after = part.next;
                }
            }
            self.publish(&waiting, as_of, true).map_err(Fault::Kafka)?;
            self.relayed = as_of;
        }
        snapshot.rollback().await.map_err(postgres)
    }

    /// Commits rows; the last of a step with how far the topics have come.
    fn publish(&mut self, rows: &[(&'static str, Row)], as_of: Epoch, is_last: bool) -> anyhow::Result<()> {
        let step = as_of.to_string();
        let headers = &[(EPOCH_HEADER, step.as_str()), (GENERATION_HEADER, self.generation.as_str())];
        let mut values = Vec::with_capacity(rows.len() + 1);
        for (topic, row) in rows {
            values.push((*topic, row.key.as_str(), self.encoder.row(topic, row.epoch, &row.value)?));
        }
        if is_last {
            values.push((PROGRESS_TOPIC, "views", self.encoder.progress(as_of)?));
        }
        let sent = |(topic, key, value)| Sent { topic, partition: 0, key, value, headers, epoch: Some(as_of) };
        self.sink.publish(values.iter().map(|(topic, key, value)| sent((*topic, *key, value.as_slice()))))?;
        Ok(())
    }
}
