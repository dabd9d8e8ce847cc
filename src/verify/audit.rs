//! The audit chain again: records from Kafka, links from Postgres, the same links from their topic; epoch by epoch.
//!
//! 1. Each link of Postgres follows the one before, has the head that it says, and a signature of a key that is known.
//! 2. Its leaves have its root, and the records that Kafka holds have these leaves.
//! 3. Each epoch with records has a link, from the first link on, and no link is without records.
//! 4. The topic has the same links. It may lack the last ones, which are on their way.
//!
//! Where Kafka has forgotten records, 1. and 4. are still checked, and the leaves against the root; what is said is from where on more is.
//! What is kept in memory is one epoch.

/// Events epoch by epoch.
pub(crate) mod records;
mod topic;

use super::events::{Journal, print_gone, sources_of, whole_from};
use super::{Args, Faults};
use crate::audit::compare::{Said, are_of, difference};
use crate::audit::keys::Public;
use crate::audit::table::{Row, Table};
use crate::audit::{AUDITED, Audited};
use crate::config::Config;
use crate::progress::Progress;
use records::Records;
use schemas::audit::{Followed, NOTHING, partition};
use schemas::epoch::LAST_EPOCH;
use schemas::resource::AuditRoot;
use schemas::{Epoch, Topic};
use std::path::Path;
use std::process::ExitCode;
use topic::Roots;

/// Recomputes it, of every cell that has one.
pub(super) fn run(config: &Config, args: &Args) -> anyhow::Result<ExitCode> {
    let files: Vec<&Path> = match args.public_key.as_slice() {
        [] => vec![config.audit.public_key_file.as_path()],
        files => files.iter().map(AsRef::as_ref).collect(),
    };
    let public = Public::read(files)?;
    let keys: Vec<String> = public.keys.keys().map(ToString::to_string).collect();
    println!("audit: by the public keys {}", keys.join(", "));
    let (mut faults, mut links, mut records) = (Faults::default(), 0, 0);
    for audited in &AUDITED {
        let done = follow(config, args, &public, audited, std::mem::take(&mut faults))?;
        (faults, links, records) = (done.faults, links + done.links, records + done.records);
    }
    Ok(faults.finish(&format!("audit: {links} roots over {records} records")))
}

/// Follows the chain of a cell.
fn follow<'a>(config: &Config, args: &Args, public: &'a Public, audited: &Audited, faults: Faults) -> anyhow::Result<Checked<'a>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (from, to) = (args.from.unwrap_or(0), args.to.unwrap_or(LAST_EPOCH));
    // First how far the chain is: what it has, Kafka and the topic have or had.
    let mut table = runtime.block_on(Table::open(&config.postgres.views_url()?, audited.cell, from, to))?;
    let (written, begun) = runtime.block_on(table.written(audited.sink))?;
    let before = runtime.block_on(table.before())?;
    let brokers = &config.kafka.brokers;
    let journal = Journal::of(brokers, audited.journal)?;
    let sources = sources_of(brokers, &journal, audited.topics.iter().map(|topic| topic.as_str()))?;
    print_gone(&sources);
    let seen_from = whole_from(&sources).max(from);
    let mut progress = Progress::new("records", sources.iter().map(|source| source.extent).sum(), args.quiet);
    let last = written.min(to);
    let mut chain = Checked {
        public,
        followed: before.map_or_else(Followed::default, |(epoch, head)| Followed::behind(epoch, head)),
        begins: before.map(|(epoch, _)| epoch),
        whole: from == 0,
        seen_from,
        links: 0,
        records: 0,
        unseen: 0,
        behind: 0,
        faults,
    };
    // Of the others' journals only the epochs are told that said something.
    if let Some(fault) = journal.lacks(written).filter(|_| audited.journal == Topic::SettlementJournal) {
        chain.faults.add(|| fault);
    }
    let mut records = Records::new(sources, journal.decoder, seen_from, last);
    let mut roots = Roots::open(brokers, &config.registry.url, partition(audited.cell).unwrap_or(0), &runtime)?;
    while roots.peek(&mut chain.faults)?.is_some_and(|(_, root)| root.epoch < from) {
        roots.pass();
    }
    let mut said = records.next(&mut progress, &mut chain.faults, |_, _, _| {})?;
    let mut row = runtime.block_on(table.next())?;
    loop {
        let published = roots.peek(&mut chain.faults)?.map(|(_, root)| root.epoch);
        let epochs = [said.as_ref().map(|(epoch, _)| *epoch), row.as_ref().map(|row| row.signed.link.epoch), published];
        let Some(epoch) = epochs.into_iter().flatten().min().filter(|epoch| *epoch <= last) else { break };
        let records_of = said.take_if(|(of, _)| *of == epoch);
        let row_of = row.take_if(|row| row.signed.link.epoch == epoch);
        let here = records_of.as_ref().map_or(&[][..], |(_, said)| said);
        match &row_of {
            Some(row) => chain.link(row, here, &records),
            None => chain.unlinked(epoch, here, &records),
        }
        match (published == Some(epoch), &row_of) {
            (true, row) => chain.published(epoch, row.as_ref(), roots.pass()),
            (false, Some(_)) if published.is_none() => chain.behind += 1,
            (false, Some(_)) => chain.faults.add(|| format!("epoch {epoch}: the topic of roots lacks the link that postgres has")),
            (false, None) => {}
        }
        if records_of.is_some() {
            said = records.next(&mut progress, &mut chain.faults, |_, _, _| {})?;
        }
        if row_of.is_some() {
            row = runtime.block_on(table.next())?;
        }
    }
    drop(progress);
    chain.records = records.count;
    chain.print(audited.cell, begun, last);
    Ok(chain)
}

/// The chain as far as it has been followed.
struct Checked<'a> {
    public: &'a Public,
    followed: Followed,
    /// The first epoch that is in it.
    begins: Option<Epoch>,
    /// Whether it is looked at from its beginning.
    whole: bool,
    /// From here on Kafka has all records.
    seen_from: Epoch,
    links: u64,
    records: u64,
    /// Links whose records Kafka has no more.
    unseen: u64,
    /// Links that the topic does not have yet.
    behind: u64,
    faults: Faults,
}

impl Checked<'_> {
    /// Takes a link of Postgres, and the records of its epoch.
    fn link(&mut self, row: &Row, said: &[Said], records: &Records) {
        let Row { signed, leaves } = row;
        let epoch = signed.link.epoch;
        if self.begins.is_none() && self.whole && signed.link.previous != NOTHING {
            self.faults.add(|| format!("epoch {epoch}: the first link of postgres follows another one, which is missing"));
        }
        self.begins.get_or_insert(epoch);
        self.links += 1;
        let public = self.public;
        for wrong in self.followed.next(signed, |key, message, signature| public.verify(key, message, signature)) {
            self.faults.add(|| format!("epoch {epoch}: the link in postgres is not as it was signed: {wrong}"));
        }
        if !are_of(leaves, &signed.link) {
            let found: Vec<_> = said.iter().map(|said| said.leaf).collect();
            let right = if are_of(&found, &signed.link) { "; the records in kafka do" } else { "" };
            self.faults.add(|| format!("epoch {epoch}: the leaves in postgres do not have the root that was signed{right}"));
        } else if epoch < self.seen_from {
            self.unseen += 1;
        } else if let Some(what) = difference(said, &signed.link, leaves, |said| records.place(said)) {
            self.faults.add(|| what);
        }
    }

    /// Takes the records of an epoch without a link.
    fn unlinked(&mut self, epoch: Epoch, said: &[Said], records: &Records) {
        if let (Some(_), Some(first)) = (self.begins, said.first()) {
            self.faults.add(|| {
                format!("epoch {epoch}: its {} records, the first at {}, have no root in postgres", said.len(), records.place(first))
            });
        }
    }

    /// Takes a link of the topic.
    fn published(&mut self, epoch: Epoch, row: Option<&Row>, published: Option<(i64, AuditRoot)>) {
        let Some((offset, published)) = published else { return };
        match row.map(|row| AuditRoot::from(&row.signed)) {
            Some(row) if row == published => {}
            Some(_) => self
                .faults
                .add(|| format!("epoch {epoch}: the link at offset {offset} of the topic of roots differs from that in postgres")),
            None => self.faults.add(|| format!("epoch {epoch}: postgres lacks the link that the topic of roots has at offset {offset}")),
        }
    }

    fn print(&self, cell: &str, begun: bool, last: Epoch) {
        match self.begins {
            Some(begins) if self.whole => println!("audit: the chain of {cell} begins at epoch {begins}; what was before is not in it"),
            Some(_) => {}
            None if begun => println!("audit: {cell} has said nothing in the epochs that are looked at"),
            None => println!("audit: the chain of {cell} has not begun; it does with the first epoch that this version writes"),
        }
        println!("audit: {cell}, {} roots over {} records up to epoch {last}", self.links, self.records);
        if self.unseen > 0 {
            let (from, unseen) = (self.seen_from, self.unseen);
            println!(
                "audit: {cell}, kafka has records from epoch {from} on; of {unseen} roots before, heads, signatures and leaves were checked"
            );
        }
        if self.behind > 0 {
            println!("audit: {cell}, the topic of roots does not have the last {} yet", self.behind);
        }
    }
}
