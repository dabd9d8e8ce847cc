//! Watchlists, as far as the ledger has to know them: which version of each is in force, and what was loaded of the next.
//!
//! In: parts and activations, in log order. Out: whether they fit. Never an entry: of the parts there is a count and a running digest,
//! so a list takes some 300 bytes, whatever its length.

use crate::bytes::{Bytes, Damaged, put_text};
use schemas::list::{LEFT_PERCENT_MIN, LISTS_MAX, digest, is_entry_id, is_list_name};
use schemas::{ActivateList, ListPart, Refusal};
use std::collections::BTreeMap;

/// The version of a list that is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct InForce {
    version: u32,
    count: u32,
    digest: [u8; 32],
}

/// A version that is being loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Loading {
    version: u32,
    parts: u32,
    count: u32,
    digest: [u8; 32],
    /// The id of the last entry.
    last: String,
}

/// A list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Watchlist {
    in_force: Option<InForce>,
    loading: Option<Loading>,
}

/// All lists, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lists(BTreeMap<String, Watchlist>);

impl Lists {
    /// Whether there is none, so that a snapshot says nothing of them.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a list is there.
    pub fn knows(&self, list: &str) -> bool {
        self.0.contains_key(list)
    }

    /// Whether a part is the next. The first of a version begins anew.
    pub fn check_part(&self, part: &ListPart) -> Result<(), Refusal> {
        let known = self.0.get(&part.list);
        if known.is_none() && self.0.len() >= LISTS_MAX {
            return Err(Refusal::ListsFull);
        }
        known.map_or(Ok(()), |list| list.is_newer(part.version))?;
        if part.number == 0 {
            return Ok(());
        }
        let loading = known.and_then(|list| list.loading.as_ref()).filter(|loading| loading.version == part.version);
        let loading = loading.filter(|loading| loading.parts == part.number).ok_or(Refusal::ListPartOutOfOrder)?;
        let first = part.entries.first().map(|entry| &entry.id);
        if first.is_some_and(|first| *first > loading.last) { Ok(()) } else { Err(Refusal::ListPartOutOfOrder) }
    }

    /// Takes a part that was checked.
    pub fn load(&mut self, part: &ListPart) {
        let list = self.0.entry(part.list.clone()).or_default();
        let before = list.loading.take().filter(|_| part.number > 0);
        let (count, digest_before) = before.map_or((0, [0; 32]), |before| (before.count, before.digest));
        list.loading = Some(Loading {
            version: part.version,
            parts: part.number + 1,
            count: count + u32::try_from(part.entries.len()).expect("a part has 500 entries at most"),
            digest: digest(&digest_before, &part.entries),
            last: part.entries.last().expect("a part has an entry").id.clone(),
        });
    }

    /// Whether what was loaded is what is to be put in force.
    pub fn check_activation(&self, activate: &ActivateList) -> Result<(), Refusal> {
        let list = self.0.get(&activate.list).ok_or(Refusal::ListNotFound)?;
        list.is_newer(activate.version)?;
        if activate.parts > 0 {
            let is_loaded = list.loading.as_ref().is_some_and(|loading| {
                let asked = (activate.version, activate.parts, activate.count, activate.digest);
                (loading.version, loading.parts, loading.count, loading.digest) == asked
            });
            if !is_loaded {
                return Err(Refusal::ListNotAsLoaded);
            }
        } else if activate.digest != [0; 32] {
            return Err(Refusal::ListNotAsLoaded);
        }
        let before = list.in_force.map_or(0, |in_force| u64::from(in_force.count));
        let shrinks = activate.count == 0 || u64::from(activate.count) * 100 < before * LEFT_PERCENT_MIN;
        if shrinks && !activate.force { Err(Refusal::ListShrinks) } else { Ok(()) }
    }

    /// Puts in force what was checked. A list without entries has ended, and makes room for another.
    pub fn activate(&mut self, activate: &ActivateList) {
        if activate.count == 0 {
            self.0.remove(&activate.list);
            return;
        }
        let in_force = Some(InForce { version: activate.version, count: activate.count, digest: activate.digest });
        self.0.insert(activate.list.clone(), Watchlist { in_force, loading: None });
    }

    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        for (name, Watchlist { in_force, loading }) in &self.0 {
            put_text(bytes, name);
            bytes.push(u8::from(in_force.is_some()));
            if let Some(InForce { version, count, digest }) = in_force {
                [version, count].iter().for_each(|number| bytes.extend_from_slice(&number.to_le_bytes()));
                bytes.extend_from_slice(digest);
            }
            bytes.push(u8::from(loading.is_some()));
            if let Some(Loading { version, parts, count, digest, last }) = loading {
                [version, parts, count].iter().for_each(|number| bytes.extend_from_slice(&number.to_le_bytes()));
                bytes.extend_from_slice(digest);
                put_text(bytes, last);
            }
        }
    }

    pub(crate) fn read(bytes: &mut Bytes<'_>) -> Result<Self, Damaged> {
        let mut lists = BTreeMap::new();
        while !bytes.is_empty() {
            let name = bytes.text()?.to_owned();
            let in_force = match bytes.u8()? {
                0 => None,
                _ => Some(InForce { version: bytes.u32()?, count: bytes.u32()?, digest: bytes.array()? }),
            };
            let loading = match bytes.u8()? {
                0 => None,
                _ => {
                    let (version, parts, count, digest) = (bytes.u32()?, bytes.u32()?, bytes.u32()?, bytes.array()?);
                    Some(Loading { version, parts, count, digest, last: bytes.text()?.to_owned() })
                }
            };
            let last = loading.as_ref().is_none_or(|loading| is_entry_id(&loading.last));
            if !is_list_name(&name) || !last || in_force.is_none() && loading.is_none() {
                return Err(Damaged::new("a watchlist is none"));
            }
            if lists.insert(name, Watchlist { in_force, loading }).is_some() {
                return Err(Damaged::new("a watchlist is there twice"));
            }
        }
        if lists.len() > LISTS_MAX { Err(Damaged::new("there are too many watchlists")) } else { Ok(Self(lists)) }
    }
}

impl Watchlist {
    fn is_newer(&self, version: u32) -> Result<(), Refusal> {
        match self.in_force {
            Some(in_force) if in_force.version >= version => Err(Refusal::ListVersionNotNewer),
            Some(_) | None => Ok(()),
        }
    }
}
