//! Lists in force, and what is being loaded: as settlement lets them in, so nothing here is refused.
//!
//! An entry is kept as it came, for its digest and the snapshot, and as the index has it: about four times the bytes of its text, and 300
//! more. With the bounds of [`schemas::list`] a list has 64 MiB of text at most, and there are 16.

use schemas::list::{EntryKind, NameStrength};
use schemas::{ActivateList, ListEntry, ListKind, ListPart};
use screening::delta::touched_keys;
use screening::index::Index;
use screening::list::{Alias, Born, Entry, Kind, List, Strength};
use screening::rarity::Rarity;
use std::collections::BTreeMap;

/// A list in force.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) kind: ListKind,
    pub(crate) version: u32,
    /// By id.
    pub(crate) entries: Vec<ListEntry>,
    pub(crate) index: Index,
}

/// A version that is being loaded.
#[derive(Debug, Default)]
pub(crate) struct Loading {
    pub(crate) version: u32,
    pub(crate) entries: Vec<ListEntry>,
}

/// All lists, by name.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    pub(crate) in_force: BTreeMap<String, Listed>,
    pub(crate) loading: BTreeMap<String, Loading>,
}

impl Listed {
    pub(crate) fn new(kind: ListKind, version: u32, entries: Vec<ListEntry>) -> Self {
        let index = indexed(&entries);
        Self { kind, version, entries, index }
    }

    pub(crate) fn entry(&self, id: &str) -> Option<&ListEntry> {
        self.entries.binary_search_by(|entry| entry.id.as_str().cmp(id)).ok().map(|place| &self.entries[place])
    }
}

impl Lists {
    pub(crate) fn load(&mut self, part: &ListPart) {
        let loading = self.loading.entry(part.list.clone()).or_default();
        if part.number == 0 {
            *loading = Loading { version: part.version, entries: Vec::new() };
        }
        loading.entries.extend(part.entries.iter().cloned());
    }

    /// Puts in force what was loaded; the keys that it touches.
    pub(crate) fn activate(&mut self, activate: &ActivateList) -> Vec<u64> {
        let ActivateList { list, kind, version, count, .. } = activate;
        let loaded = self.loading.remove(list).unwrap_or_default();
        let before = self.in_force.remove(list).map_or_else(|| indexed(&[]), |listed| listed.index);
        if *count == 0 {
            return touched_keys(&before, &indexed(&[]));
        }
        let has = (loaded.version, u32::try_from(loaded.entries.len()).ok());
        assert_eq!(has, (*version, Some(*count)), "settlement puts in force what was loaded of {list}");
        let listed = Listed::new(*kind, *version, loaded.entries);
        let keys = touched_keys(&before, &listed.index);
        self.in_force.insert(list.clone(), listed);
        keys
    }
}

/// A list ready to be asked, its words weighed by itself alone: so what is found depends on the version in force, and on none before it.
fn indexed(entries: &[ListEntry]) -> Index {
    let list =
        if entries.is_empty() { List::default() } else { List::new(entries.iter().map(entry).collect()).expect("no id is there twice") };
    let rarity = Rarity::of(&list);
    Index::new(list, rarity)
}

fn entry(of: &ListEntry) -> Entry {
    let kind = match of.kind {
        EntryKind::Person => Kind::Person,
        EntryKind::Organisation => Kind::Organisation,
        EntryKind::Other => Kind::Other,
    };
    let strength = |strength| match strength {
        NameStrength::Primary => Strength::Primary,
        NameStrength::Alias => Strength::Alias,
        NameStrength::Weak => Strength::Weak,
        NameStrength::Original => Strength::Original,
    };
    let names = of.names.iter().map(|name| Alias { name: name.name.clone(), strength: strength(name.strength) });
    Entry {
        id: of.id.clone(),
        kind,
        names: names.collect(),
        born: of.born.iter().filter_map(|born| Born::read(born)).collect(),
        countries: of.countries.clone(),
        reference: of.reference.clone(),
    }
}
