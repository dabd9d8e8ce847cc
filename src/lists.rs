//! `orion lists`: watchlists into the bank, and what is in force of them.
//!
//! In: a list as its authority publishes it. Out: its parts and its version as commands, over the API; before that, what they change.
//! Never: half a list. A file that is damaged is refused as a whole, and a version that was not loaded to its end never comes into force.

mod bank;
mod read;

use crate::config::Config;
use crate::exit::{BAD_INPUT, Exit};
use crate::progress::Progress;
use bank::Bank;
use schemas::hex::hex;
use schemas::list::{LEFT_PERCENT_MIN, ListKind, PARTS_MAX, digest, is_list_name};
use schemas::resource::{ListVersion, Watchlists};
use schemas::{ListEntry, rfc3339};
use serde_json::json;
use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::PathBuf;

/// Most entries of each kind of change that are named.
const NAMED_MAX: usize = 20;

/// `orion lists`.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Action {
    /// Load a version of a watchlist and put it in force.
    Load(Load),
    /// Print which lists are in force.
    Show(Show),
}

/// Load a version of a watchlist and put it in force.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  orion lists load un.xml.gz --list un --dry-run\n  orion lists load un.xml.gz --list un\n  orion lists load sdn.csv alt.csv add.csv --list ofac\n  orion lists load peps.json.gz --list peps --kind pep\n  orion lists load own.csv --list own --force\n\nFormats: UN XML, OFAC's CSV (sdn, and alt and add beside it), OpenSanctions' JSON lines, CSV with id,name[,dob,country]; also as .gz.\nPrints what came (+), went (-) and changed (~). A list with less than 90 % of the entries of the version in force is refused without --force.\n\nExit codes: 0 done; 2 the command line is wrong; 65 a file is not there, or wrong, or the bank refuses the list; 69 the bank does not answer."
)]
pub struct Load {
    /// The files of the list.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Its name in the bank: small letters, digits and dashes.
    #[arg(long, value_name = "NAME", value_parser = name)]
    list: String,
    /// What it means to be on it: sanctions or pep.
    #[arg(long, default_value = "sanctions")]
    kind: ListKind,
    /// The format, where it must be a certain one: un, ofac, ftm or plain; else it is seen from the files.
    #[arg(long)]
    format: Option<read::Wanted>,
    /// Print what would change, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// It is right that the list is far shorter than before.
    #[arg(long)]
    force: bool,
    /// No progress.
    #[arg(long)]
    quiet: bool,
    #[command(flatten)]
    at: At,
}

/// Print which lists are in force.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  orion lists show\n  orion lists show --url https://bank.example --token staff.token\n\nExit codes: 0 done; 2 the command line is wrong; 65 the bank refuses; 69 the bank does not answer."
)]
pub struct Show {
    #[command(flatten)]
    at: At,
}

/// Which bank, and as whom.
#[derive(Clone, Debug, clap::Args)]
struct At {
    /// Where the API is; the address of the configuration by default.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// A file with a token of staff (rules:write, aml:read, operator); made with the key of the local stack by default.
    #[arg(long, value_name = "FILE")]
    token: Option<PathBuf>,
}

/// Does it.
pub async fn run(action: &Action, config: &Config) -> anyhow::Result<()> {
    match action {
        Action::Load(load) => self::load(load, config).await,
        Action::Show(Show { at }) => show(&Bank::at(config, at.url.as_deref(), at.token.as_deref())?).await,
    }
}

async fn load(args: &Load, config: &Config) -> anyhow::Result<()> {
    let entries = read::list(&args.files, args.format)?;
    let bank = Bank::at(config, args.at.url.as_deref(), args.at.token.as_deref())?;
    let in_force = in_force(&bank, &args.list).await?;
    let before = match &in_force {
        Some(version) => bank.entries(version).await?,
        None => Vec::new(),
    };
    let changes = changes(&before, &entries);
    let is_same_kind = in_force.as_ref().is_none_or(|version| version.kind == args.kind);
    println!(
        "{}: {} entries, {} before: {} came, {} went, {} changed",
        args.list,
        entries.len(),
        before.len(),
        changes.came.len(),
        changes.went.len(),
        changes.changed.len()
    );
    for (sign, ids) in [('+', &changes.came), ('-', &changes.went), ('~', &changes.changed)] {
        for (id, name) in ids.iter().take(NAMED_MAX) {
            println!("{sign} {id} {name}");
        }
        if ids.len() > NAMED_MAX {
            println!("{sign} and {} more", ids.len() - NAMED_MAX);
        }
    }
    if shrinks(before.len(), entries.len()) && !args.force {
        let sentence = format!(
            "{} has {} entries where the version in force has {}, less than {LEFT_PERCENT_MIN} %; see that the file is whole, or say --force",
            args.list,
            entries.len(),
            before.len()
        );
        return Err(bad(sentence).into());
    }
    if args.dry_run {
        return Ok(());
    }
    if changes.is_none() && is_same_kind {
        println!("nothing changes: version {} stays in force", in_force.map_or(0, |version| version.version));
        return Ok(());
    }
    let version = in_force.map_or(0, |version| version.version) + 1;
    let parts = read::parts(&entries);
    if parts.len() > usize::try_from(PARTS_MAX).unwrap_or(usize::MAX) {
        return Err(bad(format!(
            "{} has more than {PARTS_MAX} parts of 500 entries and 256 KiB, which is as much as a list may have",
            args.list
        ))
        .into());
    }
    let mut progress =
        Progress::new("load", u64::try_from(entries.len()).unwrap_or_default(), args.quiet || !std::io::stderr().is_terminal());
    let mut sum = [0; 32];
    for (number, entries) in parts.iter().enumerate() {
        bank.post(&format!("/admin/aml/lists/{}/parts", args.list), &json!({"version": version, "number": number, "entries": entries}))
            .await?;
        sum = digest(&sum, entries);
        progress.add(u64::try_from(entries.len()).unwrap_or_default());
    }
    drop(progress);
    let body = json!({
        "kind": args.kind, "version": version, "parts": parts.len(), "count": entries.len(), "digest": hex(&sum), "force": args.force,
    });
    let told: ListVersion = serde_json::from_value(bank.post(&format!("/admin/aml/lists/{}/versions", args.list), &body).await?)?;
    bank.shows(told.epoch).await?;
    println!("version {} of {} is in force since {}", told.version, told.list, rfc3339(told.epoch));
    Ok(())
}

async fn show(bank: &Bank) -> anyhow::Result<()> {
    let Watchlists { lists, as_of } = bank.lists().await?;
    println!("list,kind,version,entries,activated_by,since,digest");
    for version in &lists {
        let ListVersion { list, kind, version, count, activated_by, epoch, digest, .. } = version;
        println!("{list},{kind},{version},{count},{activated_by},{},{digest}", rfc3339(*epoch));
    }
    eprintln!("as of {}", rfc3339(as_of));
    Ok(())
}

async fn in_force(bank: &Bank, list: &str) -> anyhow::Result<Option<ListVersion>> {
    Ok(bank.lists().await?.lists.into_iter().find(|version| version.list == list))
}

/// What a new version changes: ids, each with a name.
#[derive(Debug, Default, PartialEq, Eq)]
struct Changes {
    came: Vec<(String, String)>,
    went: Vec<(String, String)>,
    changed: Vec<(String, String)>,
}

impl Changes {
    fn is_none(&self) -> bool {
        self == &Self::default()
    }
}

fn changes(before: &[ListEntry], after: &[ListEntry]) -> Changes {
    let by_id = |entries: &[ListEntry]| entries.iter().map(|entry| (entry.id.clone(), entry.clone())).collect::<BTreeMap<_, _>>();
    let (old, new) = (by_id(before), by_id(after));
    let named = |entry: &ListEntry| (entry.id.clone(), entry.names.first().map(|name| name.name.clone()).unwrap_or_default());
    Changes {
        came: new.values().filter(|entry| !old.contains_key(&entry.id)).map(named).collect(),
        went: old.values().filter(|entry| !new.contains_key(&entry.id)).map(named).collect(),
        changed: new.values().filter(|entry| old.get(&entry.id).is_some_and(|old| old != *entry)).map(named).collect(),
    }
}

fn shrinks(before: usize, after: usize) -> bool {
    let percent = usize::try_from(LEFT_PERCENT_MIN).unwrap_or_default();
    after * 100 < before * percent
}

fn name(text: &str) -> Result<String, String> {
    if is_list_name(text) { Ok(text.to_owned()) } else { Err("expected 1 to 32 small letters, digits and dashes".to_owned()) }
}

fn bad(sentence: String) -> Exit {
    Exit { code: BAD_INPUT, sentence }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::list::{EntryKind, ListedName, NameStrength};

    fn entry(id: &str, name: &str) -> ListEntry {
        ListEntry {
            id: id.to_owned(),
            kind: EntryKind::Person,
            names: vec![ListedName { name: name.to_owned(), strength: NameStrength::Primary }],
            born: Vec::new(),
            countries: Vec::new(),
            reference: String::new(),
        }
    }

    #[test]
    fn what_came_went_and_changed_is_told_by_id() {
        let before = [entry("1", "A"), entry("2", "B"), entry("3", "C")];
        let after = [entry("2", "B"), entry("3", "D"), entry("4", "E")];
        let told = changes(&before, &after);
        let of = |id: &str, name: &str| vec![(id.to_owned(), name.to_owned())];
        assert_eq!(told, Changes { came: of("4", "E"), went: of("1", "A"), changed: of("3", "D") });
        assert!(changes(&before, &before).is_none());
    }

    #[test]
    fn a_tenth_may_go() {
        for (before, after, shrunk) in [(0, 1, false), (10, 9, false), (10, 8, true), (1_000, 899, true), (1_000, 900, false)] {
            assert_eq!(shrinks(before, after), shrunk, "{before} {after}");
        }
    }
}
