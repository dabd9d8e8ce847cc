//! Rows of names, counterparties, lists, cleared pairs and who stands: written, and read back.

use crate::risk::screen::counterparties::{Counterparty, Known};
use crate::risk::screen::lists::{Listed, Loading};
use crate::risk::screen::names::Named;
use crate::risk::screen::{Pair, Screen, Whose};
use schemas::list::ListedName;
use schemas::{CounterpartyDigest, CustomerId, ListEntry, TransactionId};
use state::bytes::{Bytes, Damaged, put_optional, put_text};
use std::collections::BTreeMap;

/// Lists of which not every entry was read yet.
#[derive(Default)]
pub(super) struct Reading {
    pub(super) screen: Screen,
    in_force: BTreeMap<String, (schemas::ListKind, u32, Vec<ListEntry>)>,
}

/// The rows by kind: names, counterparties, lists, entries, cleared pairs, pairs that stand.
pub(super) fn rows(screen: &Screen) -> [Vec<Vec<u8>>; 6] {
    let in_force = screen.lists.in_force.iter();
    let heads = in_force.clone().map(|(list, of)| write_list(list, of.kind.as_str(), of.version));
    let loading = screen.lists.loading.iter();
    let heads = heads.chain(loading.clone().map(|(list, of)| write_list(list, "", of.version)));
    let entries = in_force.flat_map(|(list, of)| of.entries.iter().map(move |entry| write_entry(list, true, entry)));
    let entries = entries.chain(loading.flat_map(|(list, of)| of.entries.iter().map(move |entry| write_entry(list, false, entry))));
    let cleared = screen.cleared.iter().map(|(pair, digest)| {
        let mut bytes = write_pair(pair);
        bytes.extend_from_slice(digest);
        bytes
    });
    let standing = screen.standing.iter().map(|(pair, (kind, score))| {
        let mut bytes = write_pair(pair);
        put_text(&mut bytes, kind.as_str());
        bytes.extend_from_slice(&score.to_le_bytes());
        bytes
    });
    let names = screen.names.rows().iter().map(write_name).collect();
    let counterparties = screen.counterparties.rows().map(write_counterparty).collect();
    [names, counterparties, heads.collect(), entries.collect(), cleared.collect(), standing.collect()]
}

fn write_name(named: &Named) -> Vec<u8> {
    let mut bytes = named.id.0.as_bytes().to_vec();
    put_text(&mut bytes, &named.name);
    put_text(&mut bytes, named.country.as_deref().unwrap_or_default());
    put_text(&mut bytes, named.born.as_deref().unwrap_or_default());
    bytes
}

fn write_counterparty(((customer, digest), known): (&Counterparty, &Known)) -> Vec<u8> {
    let mut bytes = [&customer.0.as_bytes()[..], &digest.0].concat();
    put_text(&mut bytes, &known.name);
    put_text(&mut bytes, known.country.as_deref().unwrap_or_default());
    bytes.extend_from_slice(&known.seen.to_le_bytes());
    put_optional(&mut bytes, known.transaction.map(|id| *id.0.as_bytes()));
    bytes
}

/// A list that is being loaded is of no kind yet.
fn write_list(list: &str, kind: &str, version: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_text(&mut bytes, list);
    put_text(&mut bytes, kind);
    bytes.extend_from_slice(&version.to_le_bytes());
    bytes
}

fn write_entry(list: &str, is_in_force: bool, entry: &ListEntry) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(entry.bytes() + 64);
    put_text(&mut bytes, list);
    bytes.push(u8::from(is_in_force));
    put_text(&mut bytes, &entry.id);
    put_text(&mut bytes, entry.kind.as_str());
    put_text(&mut bytes, &entry.reference);
    let count = |count: usize| u32::try_from(count).expect("an entry has 64 KiB at most").to_le_bytes();
    bytes.extend_from_slice(&count(entry.names.len()));
    for ListedName { name, strength } in &entry.names {
        put_text(&mut bytes, name);
        put_text(&mut bytes, strength.as_str());
    }
    for texts in [&entry.born, &entry.countries] {
        bytes.extend_from_slice(&count(texts.len()));
        texts.iter().for_each(|text| put_text(&mut bytes, text));
    }
    bytes
}

fn write_pair((whose, list, entry): &Pair) -> Vec<u8> {
    let mut bytes = match whose {
        Whose::Customer(place) => [&[0][..], &place.to_le_bytes()].concat(),
        Whose::Counterparty((customer, digest)) => [&[1][..], customer.0.as_bytes(), &digest.0].concat(),
    };
    put_text(&mut bytes, list);
    put_text(&mut bytes, entry);
    bytes
}

impl Reading {
    pub(super) fn name(&mut self, bytes: &mut Bytes<'_>) -> Result<(), Damaged> {
        let (id, name) = (CustomerId(bytes.uuid()?), bytes.text()?.to_owned());
        let mut known_of = || Ok(Some(bytes.text()?.to_owned()).filter(|text| !text.is_empty()));
        let (country, born) = (known_of()?, known_of()?);
        let known = self.screen.names.len();
        self.screen.names.name(Named { id, name, country, born });
        if self.screen.names.len() == known + 1 { Ok(()) } else { Err(Damaged::new("a customer is named twice")) }
    }

    pub(super) fn counterparty(&mut self, bytes: &mut Bytes<'_>) -> Result<(), Damaged> {
        let of = (CustomerId(bytes.uuid()?), CounterpartyDigest(bytes.array()?));
        let (name, country) = (bytes.text()?.to_owned(), Some(bytes.text()?.to_owned()).filter(|text| !text.is_empty()));
        let seen = bytes.u64()?;
        let transaction = bytes.optional()?.map(|id| TransactionId(uuid::Uuid::from_bytes(id)));
        let is_new = self.screen.counterparties.see(of, Known { name, country, seen, transaction });
        if is_new { Ok(()) } else { Err(Damaged::new("a counterparty is there twice")) }
    }

    pub(super) fn list(&mut self, bytes: &mut Bytes<'_>) -> Result<(), Damaged> {
        let (list, kind, version) = (bytes.text()?.to_owned(), bytes.word_or_none("kind of list")?, bytes.u32()?);
        let is_new = match kind {
            Some(kind) => self.in_force.insert(list, (kind, version, Vec::new())).is_none(),
            None => self.screen.lists.loading.insert(list, Loading { version, entries: Vec::new() }).is_none(),
        };
        if is_new { Ok(()) } else { Err(Damaged::new("a list is there twice")) }
    }

    pub(super) fn entry(&mut self, bytes: &mut Bytes<'_>) -> Result<(), Damaged> {
        let (list, is_in_force) = (bytes.text()?, bytes.u8()? != 0);
        let (id, kind, reference) = (bytes.text()?.to_owned(), bytes.word("kind of entry")?, bytes.text()?.to_owned());
        let mut names = Vec::new();
        for _ in 0..bytes.u32()? {
            names.push(ListedName { name: bytes.text()?.to_owned(), strength: bytes.word("strength of a name")? });
        }
        let mut texts = || (0..bytes.u32()?).map(|_| bytes.text().map(str::to_owned)).collect::<Result<Vec<_>, _>>();
        let entry = ListEntry { id, kind, names, born: texts()?, countries: texts()?, reference };
        let entries = if is_in_force {
            self.in_force.get_mut(list).map(|(.., entries)| entries)
        } else {
            self.screen.lists.loading.get_mut(list).map(|loading| &mut loading.entries)
        };
        let entries = entries.ok_or_else(|| Damaged::new("an entry is of a list that is not there"))?;
        if entries.last().is_some_and(|last| last.id >= entry.id) {
            return Err(Damaged::new("entries are not in the order of their ids"));
        }
        entries.push(entry);
        Ok(())
    }

    pub(super) fn cleared(&mut self, bytes: &mut Bytes<'_>) -> Result<(), Damaged> {
        let pair = self.pair(bytes)?;
        self.screen.cleared.insert(pair, bytes.array()?);
        Ok(())
    }

    pub(super) fn standing(&mut self, bytes: &mut Bytes<'_>) -> Result<(), Damaged> {
        let (pair, kind, score) = (self.pair(bytes)?, bytes.word("kind of list")?, bytes.u32()?);
        let (whose, list, entry) = &pair;
        if let Whose::Counterparty(of) = whose
            && self.screen.counterparties.get(of).is_none()
        {
            return Err(Damaged::new("a counterparty stands who is not there"));
        }
        let known = self.in_force.get(list).filter(|(.., entries)| entries.binary_search_by(|other| other.id.cmp(entry)).is_ok());
        if known.is_none_or(|(of, ..)| *of != kind) {
            return Err(Damaged::new("somebody stands for an entry that is not there"));
        }
        self.screen.standing.insert(pair, (kind, score));
        Ok(())
    }

    fn pair(&self, bytes: &mut Bytes<'_>) -> Result<Pair, Damaged> {
        let whose = match bytes.u8()? {
            0 => Whose::Customer(bytes.u32()?),
            1 => Whose::Counterparty((CustomerId(bytes.uuid()?), CounterpartyDigest(bytes.array()?))),
            _ => return Err(Damaged::new("a match is neither of a customer nor of a counterparty")),
        };
        if let Whose::Customer(place) = whose
            && !usize::try_from(place).is_ok_and(|place| place < self.screen.names.len())
        {
            return Err(Damaged::new("a match is of a customer who is not there"));
        }
        Ok((whose, bytes.text()?.to_owned(), bytes.text()?.to_owned()))
    }

    /// All of it, each list made ready.
    pub(super) fn finish(mut self) -> Screen {
        for (list, (kind, version, entries)) in self.in_force {
            self.screen.lists.in_force.insert(list, Listed::new(kind, version, entries));
        }
        self.screen
    }
}
