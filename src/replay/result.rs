//! What a replay writes, partition by partition, and where that differs from what was committed.

use super::decide::Decided;
use super::line::hex;
use crate::exit::{self, Exit};
use crate::tap;
use egress::records::{self, Outgoing, outputs};
use egress::topics::Topics;
use ingress::taps::Tapped;
use schemas::wire::{Decoder, Encoder, WireError, schema_json};
use schemas::{Output, Position, Topic};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Differences beyond this are counted, not shown.
const SHOWN: usize = 5;

/// What a replay gave, as far as it has come.
pub struct Replayed {
    encoder: Encoder,
    partitions: BTreeMap<Topic, i32>,
    out: Option<Files>,
    totals: BTreeMap<(String, i32), Total>,
    /// Epochs decided.
    pub epochs: u64,
    /// The first of them.
    pub first_epoch: Option<u64>,
    /// The last of them.
    pub last_epoch: Option<u64>,
    /// Commands decided, dead letters included.
    pub commands: u64,
    /// Epochs whose digests were compared with those of a journal.
    pub compared: u64,
    /// Epochs that gave something else.
    pub differing: u64,
    /// The first of them, a sentence each.
    pub differences: Vec<String>,
}

/// What a partition got.
#[derive(Default)]
struct Total {
    count: u64,
    /// Over the digests of its epochs: each with its epoch and count before it, big-endian.
    digest: Sha256,
}

impl Replayed {
    /// Nothing yet; writes files where a folder is given, which must be empty.
    pub fn new(out: Option<&Path>) -> anyhow::Result<Self> {
        let topics = Topics::committed();
        let partitions = |topic: &Topic| topics.partitions(topic.as_str()).map(|partitions| (*topic, partitions));
        Ok(Self {
            // A digest does not cover the framing, so any ids will do; these are the same everywhere.
            encoder: Encoder::new(Topic::ALL.iter().copied().zip(1..).collect()),
            partitions: Topic::ALL.iter().filter_map(partitions).collect(),
            out: out.map(Files::new).transpose()?,
            totals: BTreeMap::new(),
            epochs: 0,
            first_epoch: None,
            last_epoch: None,
            commands: 0,
            compared: 0,
            differing: 0,
            differences: Vec::new(),
        })
    }

    /// Takes the next epoch; what it writes.
    pub fn take(&mut self, decided: &Decided) -> anyhow::Result<Vec<Output>> {
        let epoch = &decided.output;
        let time = epoch.binding.epoch;
        let out = &mut self.out;
        let written = outputs(&self.encoder, &self.partitions, epoch, |record| match out {
            Some(files) => files.write(&record, time),
            None => Ok(()),
        })?;
        self.epochs += 1;
        self.first_epoch.get_or_insert(time);
        self.last_epoch = Some(time);
        self.commands += epoch.binding.inputs.iter().map(|input| u64::from(input.count)).sum::<u64>();
        for output in &written {
            let total = self.totals.entry((output.topic.clone(), output.partition)).or_default();
            total.count += u64::from(output.count);
            total.digest.update(time.to_be_bytes());
            total.digest.update(output.count.to_be_bytes());
            total.digest.update(output.digest);
        }
        if let Some(committed) = &epoch.committed {
            self.compared += 1;
            if let Some(what) = records::difference(&written, committed) {
                self.differing += 1;
                if self.differences.len() < SHOWN {
                    self.differences.push(format!("epoch {time}: {what}"));
                }
            }
        }
        Ok(written)
    }

    /// All of it, as `digests.json` has it; writes that file where there is a folder.
    pub fn finish(self, undecided: u64) -> anyhow::Result<serde_json::Value> {
        let partition = |((topic, partition), total): ((String, i32), Total)| {
            let digest = hex(&total.digest.finalize()[..16]);
            json!({"topic": topic, "partition": partition, "count": total.count, "digest": digest})
        };
        let digests = json!({
            "epochs": self.epochs,
            "first_epoch": self.first_epoch,
            "last_epoch": self.last_epoch,
            "commands": self.commands,
            "undecided": undecided,
            "compared": self.compared,
            "differing": self.differing,
            "differences": self.differences,
            "partitions": self.totals.into_iter().map(partition).collect::<Vec<_>>(),
        });
        if let Some(files) = self.out {
            files.finish(&digests)?;
        }
        Ok(digests)
    }
}

/// A folder with a file a partition, as `orion tap` prints it. Offsets count from 0: Kafka's own depend on its markers.
struct Files {
    folder: PathBuf,
    open: BTreeMap<(&'static str, i32), (BufWriter<File>, i64)>,
    decoder: Decoder,
}

impl Files {
    fn new(folder: &Path) -> anyhow::Result<Self> {
        let unusable =
            |error: std::io::Error| Exit { code: exit::USAGE, sentence: format!("can't write to {}: {error}", folder.display()) };
        std::fs::create_dir_all(folder).map_err(unusable)?;
        if std::fs::read_dir(folder).map_err(unusable)?.next().is_some() {
            let sentence = format!("{} is not empty: what a replay writes must not stand beside something else", folder.display());
            return Err(Exit { code: exit::USAGE, sentence }.into());
        }
        let mut decoder = Decoder::default();
        for (topic, id) in Topic::ALL.iter().zip(1..) {
            decoder.learn(id, schema_json(*topic))?;
        }
        Ok(Self { folder: folder.to_owned(), open: BTreeMap::new(), decoder })
    }

    fn write(&mut self, record: &Outgoing<'_>, epoch: u64) -> anyhow::Result<()> {
        let (file, next) = match self.open.entry((record.topic, record.partition)) {
            std::collections::btree_map::Entry::Occupied(open) => open.into_mut(),
            std::collections::btree_map::Entry::Vacant(new) => {
                let file = File::create(self.folder.join(format!("{}-{}.jsonl", record.topic, record.partition)))?;
                new.insert((BufWriter::new(file), 0))
            }
        };
        let tapped = Tapped {
            topic: record.topic.to_owned(),
            position: Position { partition: record.partition, offset: *next },
            key: Some(record.key.as_bytes().to_vec()),
            value: record.value.to_vec(),
            epoch: Some(epoch),
            traceparent: record.traceparent.to_owned(),
            headers: Vec::new(),
        };
        *next += 1;
        Ok(writeln!(file, "{}", tap::line(&tapped, &self.decoder))?)
    }

    fn finish(self, digests: &serde_json::Value) -> anyhow::Result<()> {
        for (mut file, _) in self.open.into_values() {
            file.flush()?;
        }
        Ok(std::fs::write(self.folder.join("digests.json"), format!("{digests:#}\n"))?)
    }
}

impl From<WireError> for Exit {
    fn from(error: WireError) -> Self {
        Self { code: exit::BAD_INPUT, sentence: error.to_string() }
    }
}
