//! Records and the links over them, from Kafka and Postgres into a file that is verified without either.

use super::compare::Said;
use super::line::{self, Line};
use super::table::Table;
use super::{AUDITED, Export};
use crate::config::Config;
use crate::exit::{self, Exit};
use crate::progress::Progress;
use crate::verify::{AuditedRecords, Faults, Journal, sources_of, whole_from};
use anyhow::Context;
use schemas::Epoch;
use schemas::epoch::LAST_EPOCH;
use schemas::resource::AuditRoot;
use schemas::topic::EPOCH_HEADER;
use schemas::wire::datum;
use std::fs::OpenOptions;
use std::io::{BufWriter, Write};
use std::process::ExitCode;

/// Writes the file.
pub(super) fn run(args: &Export, config: &Config) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (url, brokers) = (config.postgres.views_url()?, &config.kafka.brokers);
    let audited = AUDITED.iter().find(|audited| audited.cell == args.cell).context("no such cell has a chain")?;
    let mut table = runtime.block_on(Table::open(&url, audited.cell, args.from.unwrap_or(0), args.to.unwrap_or(LAST_EPOCH)))?;
    let (written, _) = runtime.block_on(table.written(audited.sink))?;
    let journal = Journal::of(brokers, audited.journal)?;
    let sources = sources_of(brokers, &journal, audited.topics.iter().map(|topic| topic.as_str()))?;
    let whole = whole_from(&sources);
    if let Some(from) = args.from.filter(|from| *from < whole) {
        let sentence = format!("kafka no longer has all records of epoch {from}: it has them from {whole} on");
        return Err(Exit { code: exit::BAD_INPUT, sentence }.into());
    }
    let (from, to) = (args.from.unwrap_or(whole), written.min(args.to.unwrap_or(LAST_EPOCH)));
    let mut progress = Progress::new("records", sources.iter().map(|source| source.extent).sum(), args.quiet);
    let mut records = AuditedRecords::new(sources, journal.decoder, from, to);
    let path = args.out.display();
    let file = OpenOptions::new().write(true).create_new(true).open(&args.out).with_context(|| format!("can't make {path}"))?;
    let mut out = Out { file: BufWriter::new(file), records: 0 };
    let (mut faults, mut links, mut range, mut head) = (Faults::default(), 0u64, None::<(Epoch, Epoch)>, String::new());
    let mut waiting: Option<Waiting> = None;
    while let Some(row) = runtime.block_on(table.next())? {
        let epoch = row.signed.link.epoch;
        if epoch < from {
            continue;
        }
        // Records before the first link are not in the chain.
        while waiting.as_ref().is_none_or(|(of, _)| *of < epoch) {
            let mut lines = Vec::new();
            let next = records.next(&mut progress, &mut faults, |said, source, record| {
                let (schema_id, datum) = datum(record.value()).unwrap_or_default();
                let (topic, partition, offset) = (source.topic.clone(), source.partition, record.offset);
                let (key, datum) = (line::base64(record.key()), line::base64(datum));
                let epoch = record.header(EPOCH_HEADER).parse().unwrap_or_default();
                lines.push((*said, Line::Record { topic, partition, offset, epoch, event_id: said.id, key, schema_id, datum }));
            })?;
            let Some((of, _)) = next else { break };
            lines.sort_by_key(|(said, _)| (said.id, said.source, said.at));
            waiting = Some((of, lines));
        }
        if let Some((_, lines)) = waiting.take_if(|(of, _)| *of == epoch) {
            lines.iter().try_for_each(|(_, line)| out.record(line))?;
        }
        let root = AuditRoot::from(&row.signed);
        head.clone_from(&root.head);
        out.line(&Line::Root { root, leaves: line::digits(&row.leaves) })?;
        links += 1;
        range = Some((range.map_or(epoch, |(first, _)| first), epoch));
    }
    drop(progress);
    out.file.flush().and_then(|()| out.file.get_ref().sync_all()).with_context(|| format!("can't write {path}"))?;
    let Some((first, last)) = range else {
        println!("audit export: the chain has no epoch there; {path} is empty");
        return Ok(ExitCode::SUCCESS);
    };
    println!("audit export: {} records and {links} roots of the epochs {first} to {last}; the head is {head}", out.records);
    Ok(faults.finish("audit export: what is in the file, as far as it can be read"))
}

/// Records that were read before their link was.
type Waiting = (Epoch, Vec<(Said, Line)>);

/// The file.
struct Out {
    file: BufWriter<std::fs::File>,
    records: u64,
}

impl Out {
    fn record(&mut self, line: &Line) -> anyhow::Result<()> {
        self.records += 1;
        self.line(line)
    }

    fn line(&mut self, line: &Line) -> anyhow::Result<()> {
        serde_json::to_writer(&mut self.file, line).context("can't write a line")?;
        self.file.write_all(b"\n").context("can't write a line")
    }
}
