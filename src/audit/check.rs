//! Exported files, verified with nothing but public keys.
//!
//! 1. The records of an epoch come in the order of their events, and have the leaves that the link behind them says.
//! 2. The leaves have its root, it has its head, and a key that was given has signed that.
//! 3. Each link follows the one before. What the first follows, and that none comes behind the last, no file can say: both heads are
//!    printed, to be compared with heads that were kept elsewhere.

use super::Check;
use super::compare::{Said, are_of, difference};
use super::keys::Public;
use super::line::{Line, bytes, hashes};
use crate::exit::{self, Exit};
use crate::verify::Faults;
use schemas::Epoch;
use schemas::audit::{Followed, Signed, leaf};
use schemas::resource::AuditRoot;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::process::ExitCode;

/// Verifies files.
pub(super) fn run(args: &Check) -> anyhow::Result<ExitCode> {
    let mut checked = Checked { public: Public::read(args.public_key.iter().map(AsRef::as_ref))?, ..Checked::default() };
    for (number, path) in args.files.iter().enumerate() {
        let name = path.display().to_string();
        let refused = |what: String| Exit { code: exit::BAD_INPUT, sentence: format!("{name} {what}") };
        let file = File::open(path).map_err(|error| refused(format!("can't be read: {error}")))?;
        checked.names.push(name.clone());
        for (at, line) in (1i64..).zip(BufReader::new(file).lines()) {
            let line = line.map_err(|error| refused(format!("can't be read: {error}")))?;
            let line: Line = serde_json::from_str(&line).map_err(|error| refused(format!("line {at} is none of an export: {error}")))?;
            checked.take(line, number, at).map_err(|what| refused(format!("line {at} {what}")))?;
        }
    }
    checked.end();
    for (cell, (first, last)) in &checked.heads {
        let behind = if first.chars().all(|digit| digit == '0') {
            "from the beginning of the chain".to_owned()
        } else {
            format!("behind head {first}")
        };
        println!("audit check: {cell}, {behind} up to head {last}");
    }
    Ok(checked.faults.finish(&format!("audit check: {} records, {} roots", checked.records, checked.links)))
}

/// What was read so far.
#[derive(Default)]
struct Checked {
    public: Public,
    names: Vec<String>,
    followed: BTreeMap<String, Followed>,
    /// Of each cell the head before its first link, and that of its last.
    heads: BTreeMap<String, (String, String)>,
    /// Records whose link has not come yet, and their epoch.
    waiting: (Epoch, Vec<Said>),
    records: u64,
    links: u64,
    faults: Faults,
}

impl Checked {
    /// Takes a line; what makes it none.
    fn take(&mut self, line: Line, source: usize, at: i64) -> Result<(), String> {
        match line {
            Line::Record { topic, epoch, event_id, key, datum, .. } => {
                let read = |text: &str| bytes(text).ok_or("holds what is no base64");
                let leaf = leaf(&topic, &read(&key)?, &read(&datum)?);
                if self.waiting.0 != epoch {
                    self.end();
                    self.waiting.0 = epoch;
                }
                self.waiting.1.push(Said { id: event_id, leaf, source, at });
                self.records += 1;
            }
            Line::Root { root, leaves } => self.link(&root, &leaves)?,
        }
        Ok(())
    }

    fn link(&mut self, root: &AuditRoot, leaves: &[String]) -> Result<(), String> {
        let signed = Signed::try_from(root).map_err(|error| format!("is no link: {error}"))?;
        let leaves = hashes(leaves).ok_or("has a leaf that is no hash")?;
        let epoch = signed.link.epoch;
        if self.waiting.0 != epoch {
            self.end();
        }
        let (_, said) = std::mem::take(&mut self.waiting);
        let followed = self.followed.entry(root.cell.clone()).or_default();
        for wrong in followed.next(&signed, |key, message, signature| self.public.verify(key, message, signature)) {
            self.faults.add(|| format!("epoch {epoch}: the link is not as it was signed: {wrong}"));
        }
        let heads = self.heads.entry(root.cell.clone()).or_insert_with(|| (root.previous_head.clone(), String::new()));
        heads.1.clone_from(&root.head);
        self.links += 1;
        if !are_of(&leaves, &signed.link) {
            self.faults.add(|| format!("epoch {epoch}: the leaves do not have the root that was signed"));
        }
        if let Some(what) = difference(&said, &signed.link, &leaves, |said| self.place(said)) {
            self.faults.add(|| what);
        }
        Ok(())
    }

    /// What waits for its link has none.
    fn end(&mut self) {
        let (epoch, said) = std::mem::take(&mut self.waiting);
        if let Some(first) = said.first() {
            let place = self.place(first);
            self.faults.add(|| format!("epoch {epoch}: its {} records, the first at {place}, have no root", said.len()));
        }
    }

    fn place(&self, said: &Said) -> String {
        format!("{} line {}", self.names[said.source], said.at)
    }
}
