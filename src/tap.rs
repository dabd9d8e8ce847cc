//! `orion tap`: a topic as JSON lines, for people and for pipes.
//!
//! In: any topic of Orion. Out: `{topic, partition, offset, key, epoch, trace_id, value}`, one object a line. Only
//! what was committed is shown. A value that is not Avro is shown as text.

/// Which records are wanted.
mod wanted;

pub use wanted::{Field, Wanted};

use crate::config::Config;
use egress::registry::Registry;
use ingress::taps::{self, From, Tapped};
use schemas::wire::{Decoder, datum};
use std::io::Write;

/// `orion tap`.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  orion tap transaction.settled.v1                    what settles from now on\n  orion tap transaction.failed.v1 --from beginning --until-end | jq .value.reason\n  orion tap transaction.settled.v1 --from 2026-11-28T09:30:00Z --where postings.account=ID --where currency=XOF\n  orion tap orion.settlement.journal.v1 --limit 10"
)]
pub struct Args {
    /// The topic.
    pub topic: String,
    /// Where to start: beginning, now, an epoch in milliseconds, or a time such as 2026-11-28T09:30:00Z.
    #[arg(long, default_value = "now")]
    pub from: From,
    #[command(flatten)]
    wanted: Wanted,
    /// End after so many records that are wanted.
    #[arg(long)]
    pub limit: Option<u64>,
    /// End at the end that the topic has now.
    #[arg(long)]
    pub until_end: bool,
}

/// Prints records until the limit, the end, or a closed pipe.
pub fn run(args: &Args, config: &Config) -> anyhow::Result<()> {
    let mut lines = Lines::new(&config.registry.url)?;
    let mut out = std::io::stdout().lock();
    let mut left = args.limit.unwrap_or(u64::MAX);
    taps::read(&config.kafka.brokers, &args.topic, args.from, args.until_end, |record| {
        if left == 0 {
            return Ok(false);
        }
        let line = lines.of(&record)?;
        if !args.wanted.fits(&line) {
            return Ok(true);
        }
        left -= 1;
        // A closed pipe is the reader's way to say: enough.
        Ok::<bool, anyhow::Error>(writeln!(out, "{line}").is_ok() && left > 0)
    })
}

/// Makes lines of records, with the schemas that the registry knows.
pub(crate) struct Lines {
    registry: Registry,
    runtime: tokio::runtime::Runtime,
    decoder: Decoder,
}

impl Lines {
    pub(crate) fn new(registry: &str) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { registry: Registry::new(registry), runtime, decoder: Decoder::default() })
    }

    /// A record as one line shows it.
    pub(crate) fn of(&mut self, record: &Tapped) -> anyhow::Result<serde_json::Value> {
        if let Ok((id, _)) = datum(&record.value) {
            self.learn(id)?;
        }
        Ok(line(record, &self.decoder))
    }

    /// Learns a schema, if the registry has it: what it is, if it does.
    pub(crate) fn learn(&mut self, id: u32) -> anyhow::Result<Option<String>> {
        if !self.decoder.knows(id) {
            let Ok(schema) = self.runtime.block_on(self.registry.schema(id)) else { return Ok(None) };
            self.decoder.learn(id, &schema)?;
        }
        Ok(self.decoder.recorded().find(|(known, _)| *known == id).map(|(_, schema)| schema.to_owned()))
    }

    /// What reads the records.
    pub(crate) const fn decoder(&self) -> &Decoder {
        &self.decoder
    }
}

/// A record as one line shows it.
pub(crate) fn line(record: &Tapped, decoder: &Decoder) -> serde_json::Value {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let value = decoder.json(&record.value).unwrap_or_else(|_| serde_json::Value::String(text(&record.value)));
    serde_json::json!({
        "topic": record.topic,
        "partition": record.position.partition,
        "offset": record.position.offset,
        "key": record.key.as_deref().map(text),
        "epoch": record.epoch,
        "trace_id": schemas::event::trace_id(&record.traceparent),
        "value": value,
    })
}
