//! What settlement has committed, counted from its journal: an entry stands in the transaction of the records that it
//! counts, so a reader of committed entries knows of each record exactly when Kafka shows it, without reading it.

use crate::bank::{Bank, Process};
use crate::figures::grouped;
use anyhow::{bail, ensure};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use schemas::topic::SCHEMA_HEADER;
use schemas::wire::Decoder;
use schemas::{Entry, Epoch, Topic};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A cell that commits nothing new for this long is stuck.
const PATIENCE: Duration = Duration::from_secs(60);
/// Lines of progress come no faster than this.
const LINE_EVERY: Duration = Duration::from_secs(3);

/// Records committed so far, by topic.
pub(crate) struct Decided {
    consumer: BaseConsumer,
    decoder: Decoder,
    records: BTreeMap<String, u64>,
    upper: i64,
    epoch: Epoch,
}

impl Decided {
    /// Of this bank, from its first decision on.
    pub(crate) fn by(bank: &Bank<'_>) -> anyhow::Result<Self> {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", &bank.services.config.kafka.brokers)
            .set("group.id", "orion-bench")
            .set("enable.auto.commit", "false")
            .set("isolation.level", "read_committed")
            .set("auto.offset.reset", "error")
            .set("fetch.wait.max.ms", "100")
            .set("fetch.error.backoff.ms", "10")
            .create()?;
        let mut journal = TopicPartitionList::new();
        journal.add_partition_offset(Topic::SettlementJournal.as_str(), 0, Offset::Beginning)?;
        consumer.assign(&journal)?;
        Ok(Self { consumer, decoder: Decoder::default(), records: BTreeMap::new(), upper: 0, epoch: 0 })
    }

    /// Records of a topic.
    pub(crate) fn records(&self, topic: Topic) -> u64 {
        self.records.get(topic.as_str()).copied().unwrap_or(0)
    }

    /// Payments, settled or failed.
    pub(crate) fn payments(&self) -> u64 {
        self.records(Topic::TransactionSettled) + self.records(Topic::TransactionFailed)
    }

    /// Reads what is committed until `count` is `target`; gives the moments at which it was first above what it was,
    /// and at which it got there.
    pub(crate) fn wait(
        &mut self,
        what: &str,
        count: impl Fn(&Self) -> u64,
        target: u64,
        processes: &mut [&mut Process],
    ) -> anyhow::Result<(Instant, Instant)> {
        let (before, begun) = (count(self), Instant::now());
        let (mut first, mut last, mut moved, mut line) = (None, before, begun, begun);
        loop {
            let now = count(self);
            if now > last {
                moved = Instant::now();
                first.get_or_insert(moved);
                last = now;
            }
            ensure!(now <= target, "{what}: {now} were committed, but only {target} commands were given");
            if now == target {
                return Ok((first.unwrap_or(begun), moved));
            }
            if line.elapsed() >= LINE_EVERY {
                line = Instant::now();
                say(what, now - before, target - before, begun);
            }
            if moved.elapsed() > PATIENCE {
                let logs: Vec<_> = processes.iter().map(|process| process.log().to_string()).collect();
                bail!("{what}: {now} of {target}, and nothing new in {} s; see {}", PATIENCE.as_secs(), logs.join(" and "));
            }
            processes.iter_mut().try_for_each(|process| process.check())?;
            self.read(Duration::from_millis(100))?;
        }
    }

    /// Every command before this offset of the log is decided; the log has one partition.
    pub(crate) const fn upper(&self) -> i64 {
        self.upper
    }

    /// The newest epoch that is committed.
    pub(crate) const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Reads one record of the journal, if one comes in time.
    pub(crate) fn read(&mut self, wait: Duration) -> anyhow::Result<()> {
        let Some(message) = self.consumer.poll(wait).transpose()? else { return Ok(()) };
        let value = message.payload().unwrap_or_default();
        let schema = message.headers().and_then(|headers| headers.iter().find(|header| header.key == SCHEMA_HEADER));
        if let Some(id) = schema.and_then(|header| header.value) {
            self.decoder.learn_record(std::str::from_utf8(id)?, value)?;
            return Ok(());
        }
        if let Entry::Commit(commit) = self.decoder.entry(Topic::SettlementJournal, value)? {
            self.epoch = commit.epochs.last().map_or(self.epoch, |epoch| epoch.binding.epoch);
            for input in commit.epochs.iter().flat_map(|epoch| &epoch.binding.inputs) {
                self.upper = self.upper.max(input.upper);
            }
            for output in commit.epochs.into_iter().flat_map(|epoch| epoch.outputs) {
                *self.records.entry(output.topic).or_default() += u64::from(output.count);
            }
        }
        Ok(())
    }
}

/// A line of progress.
pub(crate) fn say(what: &str, done: u64, of: u64, since: Instant) {
    let per_s = crate::figures::per_second(done, since.elapsed());
    eprintln!("{what:<24} {:>9} of {:>9}  {:>8}/s", grouped(done), grouped(of), grouped(per_s as u64));
}
