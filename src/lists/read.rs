//! A list from its files, as the bank takes it.

use super::bad;
use crate::screen;
use schemas::ListEntry;
use schemas::list::{ENTRY_BYTES_MAX, EntryKind, ListedName, NameStrength, PART_BYTES_MAX, PART_ENTRIES_MAX};
use screening::list::{Alias, Born, Entry, Format, Kind, ListError, Parts, Strength};
use std::path::PathBuf;

/// A format that the files must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Wanted {
    /// The XML of the United Nations.
    Un,
    /// The CSV files of OFAC.
    Ofac,
    /// JSON lines of OpenSanctions.
    Ftm,
    /// CSV with a header.
    Plain,
}

impl Wanted {
    const fn is(self, format: Format) -> bool {
        match format {
            Format::Un => matches!(self, Self::Un),
            Format::Ofac | Format::OfacAliases | Format::OfacAddresses => matches!(self, Self::Ofac),
            Format::Ftm => matches!(self, Self::Ftm),
            Format::Plain => matches!(self, Self::Plain),
        }
    }
}

/// All files as one list, in the order of the ids.
pub(super) fn list(files: &[PathBuf], wanted: Option<Wanted>) -> anyhow::Result<Vec<ListEntry>> {
    let mut parts = Parts::default();
    for file in files {
        let bytes = screen::bytes(file)?;
        let wrong = |error: ListError| bad(format!("{}: {error}", file.display()));
        let format = Format::of(&bytes).map_err(wrong)?;
        if wanted.is_some_and(|wanted| !wanted.is(format)) {
            return Err(bad(format!("{}: it is not of the format that --format says", file.display())).into());
        }
        parts.add(&bytes).map_err(wrong)?;
    }
    let said = || files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ");
    let list = parts.list().map_err(|error| bad(format!("{}: {error}", said())))?;
    let entries: Vec<ListEntry> = list.entries().iter().map(entry).collect();
    for entry in &entries {
        entry.check().map_err(|error| bad(format!("{}: entry {}: {error}", said(), entry.id)))?;
    }
    Ok(entries)
}

/// Parts as large as they may be.
pub(super) fn parts(entries: &[ListEntry]) -> Vec<&[ListEntry]> {
    let (mut parts, mut from, mut bytes) = (Vec::new(), 0, 0);
    for (place, entry) in entries.iter().enumerate() {
        let more = entry.bytes();
        if place - from == PART_ENTRIES_MAX || bytes + more > PART_BYTES_MAX {
            parts.push(&entries[from..place]);
            (from, bytes) = (place, 0);
        }
        bytes += more;
    }
    parts.extend((from < entries.len()).then(|| &entries[from..]));
    parts
}

// An entry always fits a part of its own.
const _: () = assert!(ENTRY_BYTES_MAX <= PART_BYTES_MAX);

fn entry(of: &Entry) -> ListEntry {
    let kind = match of.kind {
        Kind::Person => EntryKind::Person,
        Kind::Organisation => EntryKind::Organisation,
        Kind::Other => EntryKind::Other,
    };
    let strength = |strength| match strength {
        Strength::Primary => NameStrength::Primary,
        Strength::Alias => NameStrength::Alias,
        Strength::Weak => NameStrength::Weak,
        Strength::Original => NameStrength::Original,
    };
    // Controls that are no spaces say nothing in a name.
    let line = |text: &str| text.chars().filter(|letter| !letter.is_control()).collect::<String>();
    ListEntry {
        id: of.id.clone(),
        kind,
        names: of.names.iter().map(|Alias { name, strength: of }| ListedName { name: line(name), strength: strength(*of) }).collect(),
        born: of.born.iter().map(|born| told(*born)).collect(),
        countries: of.countries.clone(),
        reference: line(&of.reference),
    }
}

fn told(born: Born) -> String {
    match born {
        Born::Day(year, month, day) => format!("{year:04}-{month:02}-{day:02}"),
        Born::Years(from, to) if from == to => format!("{from:04}"),
        Born::Years(from, to) => format!("{from:04} to {to:04}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_read_back_as_they_were() {
        for born in [Born::Day(1971, 3, 25), Born::Years(1971, 1971), Born::Years(1970, 1972)] {
            assert_eq!(Born::read(&told(born)), Some(born));
        }
    }

    #[test]
    fn parts_are_within_their_bounds_and_lose_nothing() {
        let entry = |number: usize, length: usize| ListEntry {
            id: format!("{number:06}"),
            kind: EntryKind::Other,
            names: vec![ListedName { name: "x".repeat(length), strength: NameStrength::Primary }],
            born: Vec::new(),
            countries: Vec::new(),
            reference: String::new(),
        };
        for (count, length) in [(0, 1), (1, 1), (500, 10), (501, 10), (1_700, 900)] {
            let entries: Vec<_> = (0..count).map(|number| entry(number, length)).collect();
            let parts = parts(&entries);
            assert_eq!(parts.concat(), entries);
            for part in parts {
                let bytes: usize = part.iter().map(ListEntry::bytes).sum();
                assert!((1..=PART_ENTRIES_MAX).contains(&part.len()) && bytes <= PART_BYTES_MAX);
            }
        }
    }
}
