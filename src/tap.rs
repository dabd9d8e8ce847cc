//! `orion tap`: a topic as JSON lines, for people and for pipes.
//!
//! In: any topic of Orion. Out: `{topic, partition, offset, key, epoch, trace_id, value}`, one object a line. Only
//! what was committed is shown. A value that is not Avro is shown as text.

use crate::config::Config;
use egress::registry::Registry;
use ingress::taps::{self, From, Tapped};
use schemas::wire::{Decoder, datum};
use std::io::Write;

/// `orion tap`.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  orion tap transaction.settled.v1                    what settles from now on\n  orion tap transaction.failed.v1 --from beginning --until-end | jq .value.reason\n  orion tap orion.settlement.journal.v1 --limit 10"
)]
pub struct Args {
    /// The topic.
    pub topic: String,
    /// Where to start.
    #[arg(long, value_enum, default_value_t = From::Now)]
    pub from: From,
    /// End after this many records.
    #[arg(long)]
    pub limit: Option<u64>,
    /// End at the end that the topic has now.
    #[arg(long)]
    pub until_end: bool,
}

/// Prints records until the limit, the end, or a closed pipe.
pub fn run(args: &Args, config: &Config) -> anyhow::Result<()> {
    let registry = Registry::new(&config.registry.url);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut decoder = Decoder::default();
    let mut out = std::io::stdout().lock();
    let mut left = args.limit.unwrap_or(u64::MAX);
    taps::read(&config.kafka.brokers, &args.topic, args.from, args.until_end, |record| {
        if left == 0 {
            return Ok(false);
        }
        left -= 1;
        if let Ok((id, _)) = datum(&record.value)
            && !decoder.knows(id)
            && let Ok(schema) = runtime.block_on(registry.schema(id))
        {
            decoder.learn(id, &schema)?;
        }
        let line = line(&record, &decoder);
        // A closed pipe is the reader's way to say: enough.
        Ok::<bool, anyhow::Error>(writeln!(out, "{line}").is_ok() && left > 0)
    })
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
