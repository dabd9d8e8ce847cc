//! The epochs that the archive holds beyond the point: their events are not in the backup, so they are decided again.
//!
//! From settlement's snapshot on, by the functions that the cell runs, each epoch against the digests of its commit. So
//! an archive that is brought up to date often keeps what a whole backup, made now and then, does not.

use super::append::Appender;
use crate::archive::{Manifest, bound_epochs};
use crate::backup::point::Point;
use crate::cell::snapshots::{Found, OnDisk, load};
use crate::exit::{self, Exit};
use crate::progress::Progress;
use crate::replay::{self, Ledgers};
use egress::records::{Outgoing, difference, outputs};
use egress::snapshots::Store;
use egress::topics::Topics;
use schemas::stored::StoredHeader;
use schemas::topic::{EPOCH_HEADER, GENERATION_HEADER, TRACE_HEADER};
use schemas::wire::{Encoder, schema_json};
use schemas::{Binding, Stored, Topic};
use state::pins::Pages;
use std::collections::BTreeMap;
use std::path::Path;

/// Decides them and appends their events; how many epochs and events.
pub(super) fn append(appender: &Appender, dir: &Path, point: &Point, manifest: &Manifest, quiet: bool) -> anyhow::Result<(u64, u64)> {
    let (mut bound, mut ledgers) = (bound_epochs(manifest), Ledgers::new(false));
    if let Some(snapshot) = point.settlement {
        let store = Store::at(&dir.join(&point.folder).join("settlement"));
        let Found { ledger, uppers, commands_schemas, .. } = load(&store, snapshot.name(), Some(&Pages::on(OnDisk(store.clone()))))?;
        bound = bound.after(snapshot.epoch, &uppers, &commands_schemas)?;
        ledgers = Ledgers::at(ledger);
    }
    let encoder = encoder(point)?;
    let topics = Topics::committed();
    let partitions: BTreeMap<Topic, i32> =
        Topic::ALL.iter().filter_map(|topic| topics.partitions(topic.as_str()).map(|partitions| (*topic, partitions))).collect();
    let (mut epochs, mut events, mut progress) = (0, 0, Progress::new("epochs", 0, quiet));
    replay::each(bound, ledgers, |decided| {
        let epoch = &decided.output;
        let beyond = epoch.binding.epoch > point.last_epoch;
        let written = outputs(&encoder, &partitions, epoch, |record| {
            if beyond {
                events += 1;
                appender.one(record.topic, record.partition, &stored(&record, &epoch.binding)).map_err(Exit::from)?;
            }
            Ok::<(), Exit>(())
        })?;
        if let Some(what) = epoch.committed.as_ref().and_then(|committed| difference(&written, committed)) {
            let sentence = format!("epoch {} of the archive gives something else than was committed: {what}", epoch.binding.epoch);
            return Err(Exit { code: exit::BAD_INPUT, sentence }.into());
        }
        epochs += u64::from(beyond);
        progress.add(1);
        Ok(())
    })?;
    appender.settled().map_err(Exit::from)?;
    Ok((epochs, events))
}

/// An encoder with the ids under which the bank wrote: the journal says those before it is read that far.
fn encoder(point: &Point) -> Result<Encoder, Exit> {
    let ids: BTreeMap<Topic, u32> =
        point.schemas.iter().filter(|schema| schema.schema == schema_json(schema.topic)).map(|schema| (schema.topic, schema.id)).collect();
    match Topic::EVENTS.iter().find(|topic| !ids.contains_key(topic)) {
        None => Ok(Encoder::new(ids)),
        Some(topic) => Err(Exit {
            code: exit::BAD_INPUT,
            sentence: format!(
                "the archive goes on beyond the backup, and this binary has a schema of {topic} that is not in it: restore with orion {}",
                point.orion
            ),
        }),
    }
}

/// A record as settlement's sink sends it.
fn stored(record: &Outgoing<'_>, binding: &Binding) -> Stored {
    let header = |name: &str, value: &str| StoredHeader { name: name.to_owned(), value: Some(value.as_bytes().to_vec().into()) };
    let mut headers = vec![
        header(TRACE_HEADER, record.traceparent),
        header(EPOCH_HEADER, &binding.epoch.to_string()),
        header(GENERATION_HEADER, &binding.generation.to_string()),
    ];
    if let Some(dead) = record.dead {
        headers.push(header("source", &format!("{}:{}", Topic::Commands, dead.position)));
        headers.push(header("reason", &dead.record.reason));
    }
    Stored {
        offset: 0,
        timestamp_ms: i64::try_from(binding.epoch).ok(),
        key: Some(record.key.as_bytes().to_vec().into()),
        value: Some(record.value.to_vec().into()),
        headers,
    }
}
