//! Watchlists: whom a bank may not serve, or must look at closely, as data in the log.
//!
//! A list comes in parts, since a record has a bound, and is in force from the moment on in which it is activated by version, count and
//! digest. The parts of a version are in the order of their ids, each id once, so that whoever decides need not keep them: it
//! keeps how many there were, and a digest that goes on from part to part.

use crate::command::is_line;
use crate::hex::hex;
use crate::id::CustomerId;
use crate::money::Unreadable;
use crate::word::words;
pub use counterparty::CounterpartyDigest;
use sha2::{Digest as _, Sha256};

mod counterparty;

/// Most lists.
pub const LISTS_MAX: usize = 16;

/// Most parts of a version: with [`PART_BYTES_MAX`] the bound of a list, 64 MiB of text.
pub const PARTS_MAX: u32 = 256;

/// Most entries of a part.
pub const PART_ENTRIES_MAX: usize = 500;

/// Most bytes of text in a part, so that each of its records fits wherever records go.
pub const PART_BYTES_MAX: usize = 256 << 10;

/// Most bytes of text in an entry.
pub const ENTRY_BYTES_MAX: usize = 64 << 10;

/// What a new version must have at least of the entries of the one before, in percent, unless it is forced: more are not struck off at
/// once, so it is more likely half a file.
pub const LEFT_PERCENT_MIN: u64 = 90;

/// Most bytes of a name or a reference.
const LINE_MAX: usize = 1_000;

/// Most bytes of an entry's id.
const ID_MAX: usize = 128;

words! {
    /// What it means to be on a list.
    pub enum ListKind {
        /// Nobody may be served who is on it.
        Sanctions = "sanctions",
        /// Whoever is on it has an office in which bribes are offered, or is close to somebody who has.
        Pep = "pep",
    }
}

words! {
    /// What is listed.
    pub enum EntryKind {
        /// A human being.
        Person = "person",
        /// A company, a group, an authority.
        Organisation = "organisation",
        /// A ship, an aircraft, or something that the list doesn't say.
        Other = "other",
    }
}

words! {
    /// What a name of an entry is worth.
    pub enum NameStrength {
        /// The name under which it is listed.
        Primary = "primary",
        /// Another name of its own.
        Alias = "alias",
        /// A name that many bear, or that may be wrong.
        Weak = "weak",
        /// The name in its own script.
        Original = "original",
    }
}

/// A name of an entry.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct ListedName {
    /// As the list writes it.
    #[schema(max_length = 1_000, example = "SOW, Aminata")]
    pub name: String,
    /// What it is worth.
    pub strength: NameStrength,
}

/// Somebody or something on a list.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct ListEntry {
    /// What the list calls it.
    #[schema(max_length = 128, example = "QDi.001")]
    pub id: String,
    /// What it is.
    pub kind: EntryKind,
    /// Its names, the first of which is the one under which it is listed.
    pub names: Vec<ListedName>,
    /// When it may have been born: `1971-03-25`, `1971`, or `1970 to 1972`.
    pub born: Vec<String>,
    /// Its countries and nationalities, two small letters each.
    pub countries: Vec<String>,
    /// Under which programme or reference it is listed; may be empty.
    #[schema(max_length = 1_000, example = "SDGT")]
    pub reference: String,
}

/// Some entries of a version that is being loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPart {
    /// Of which list.
    pub list: String,
    /// Of which version: higher than the one in force.
    pub version: u32,
    /// Which part, from 0 on; the first begins anew.
    pub number: u32,
    /// The entries, in the order of their ids, each after all of the parts before.
    pub entries: Vec<ListEntry>,
}

/// Put a version in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivateList {
    /// Of which list.
    pub list: String,
    /// What it means to be on it.
    pub kind: ListKind,
    /// Which.
    pub version: u32,
    /// How many parts it has.
    pub parts: u32,
    /// How many entries.
    pub count: u32,
    /// What all parts come to: see [`digest`].
    pub digest: [u8; 32],
    /// Whether it is right that it has far fewer entries than the version before, or none: that ends a list.
    pub force: bool,
}

/// Say that a customer, or whom they pay or are paid by, is not whom a list means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClearMatch {
    /// The customer.
    pub customer_id: CustomerId,
    /// Which counterparty of theirs, where it is not about the customer.
    pub counterparty: Option<CounterpartyDigest>,
    /// The list.
    pub list: String,
    /// The id of the entry.
    pub entry: String,
    /// Why, for whoever reads it later; 1 to 500 characters.
    pub reason: String,
}

/// What is asked about lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListCommand {
    /// Load a part.
    Part(ListPart),
    /// Put what was loaded in force.
    Activate(ActivateList),
    /// Clear a match.
    Clear(ClearMatch),
}

/// What was decided about lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListChanged {
    /// What.
    pub change: ListCommand,
    /// The subject of whoever asked for it.
    pub by: String,
}

/// What all parts up to and with one come to: SHA-256 over what those before come to, 32 zeros before the first, and each text of each
/// entry behind its length.
pub fn digest(before: &[u8; 32], entries: &[ListEntry]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(before);
    for entry in entries {
        hash.update(canonical(entry));
    }
    hash.finalize().into()
}

/// The first 16 bytes of SHA-256 over what a customer and an entry say: whether either says something else than before.
pub fn pair_digest(name: &str, [country, born]: [Option<&str>; 2], entry: &ListEntry) -> [u8; 16] {
    let mut hash = Sha256::new();
    for text in [name, country.unwrap_or_default(), born.unwrap_or_default()] {
        hash.update(u32::try_from(text.len()).expect("every text is bounded at the door").to_be_bytes());
        hash.update(text.as_bytes());
    }
    hash.update(canonical(entry));
    let digest: [u8; 32] = hash.finalize().into();
    *digest.first_chunk().expect("a SHA-256 digest has 32 bytes")
}

fn canonical(entry: &ListEntry) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(entry.bytes() + 64);
    let mut text = |text: &str| {
        bytes.extend_from_slice(&u32::try_from(text.len()).expect("every text is bounded at the door").to_be_bytes());
        bytes.extend_from_slice(text.as_bytes());
    };
    text(&entry.id);
    text(entry.kind.as_str());
    text(&entry.names.len().to_string());
    for ListedName { name, strength } in &entry.names {
        text(name);
        text(strength.as_str());
    }
    for texts in [&entry.born, &entry.countries] {
        text(&texts.len().to_string());
        texts.iter().for_each(|of| text(of));
    }
    text(&entry.reference);
    bytes
}

/// Whether a text names a list: 1 to 32 small letters, digits and dashes.
pub fn is_list_name(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// Whether a text can be the id of an entry: 1 to 128 bytes, none of them a control.
pub fn is_entry_id(text: &str) -> bool {
    text.len() <= ID_MAX && is_line(text, ID_MAX)
}

impl ListEntry {
    /// Bytes of all its texts.
    pub fn bytes(&self) -> usize {
        let names: usize = self.names.iter().map(|name| name.name.len()).sum();
        let more: usize = self.born.iter().chain(&self.countries).map(String::len).sum();
        self.id.len() + self.reference.len() + names + more
    }

    /// Whether it has a name, and every text has its form.
    pub fn check(&self) -> Result<(), Unreadable> {
        if !is_entry_id(&self.id) {
            return Err(Unreadable::new("id", &cut(&self.id), "1 to 128 bytes, none of them a control"));
        }
        let line = |what: &str, text: &str| match text.len() <= LINE_MAX && is_line(text, LINE_MAX) {
            true => Ok(()),
            false => Err(Unreadable::new(what, &cut(text), "1 to 1000 bytes, none of them a control")),
        };
        if self.names.is_empty() {
            return Err(Unreadable::new("names", "nothing", "one name at least"));
        }
        self.names.iter().try_for_each(|name| line("name", &name.name))?;
        if !self.reference.is_empty() {
            line("reference", &self.reference)?;
        }
        if let Some(born) = self.born.iter().find(|born| !is_born(born)) {
            return Err(Unreadable::new("born", &cut(born), "1971-03-25, 1971, or 1970 to 1972"));
        }
        if let Some(country) = self.countries.iter().find(|country| country.len() != 2 || !country.bytes().all(|b| b.is_ascii_lowercase()))
        {
            return Err(Unreadable::new("country", &cut(country), "two small letters, such as sn"));
        }
        let bytes = self.bytes();
        if bytes > ENTRY_BYTES_MAX {
            return Err(Unreadable::new("entry", &format!("{bytes} bytes"), "at most 65536 bytes of text"));
        }
        Ok(())
    }
}

impl ListCommand {
    /// The name of the operation.
    pub const fn operation(&self) -> &'static str {
        match self {
            Self::Part(_) => "load_list_part",
            Self::Activate(_) => "activate_list",
            Self::Clear(_) => "clear_match",
        }
    }

    /// Which list it is about.
    pub fn list(&self) -> &str {
        match self {
            Self::Part(part) => &part.list,
            Self::Activate(activate) => &activate.list,
            Self::Clear(clear) => &clear.list,
        }
    }

    /// Whether all of it has its form and is within its bounds.
    pub fn check(&self) -> Result<(), Unreadable> {
        if !is_list_name(self.list()) {
            return Err(Unreadable::new("list", &cut(self.list()), "1 to 32 small letters, digits and dashes"));
        }
        match self {
            Self::Part(part) => part.check(),
            Self::Activate(activate) => activate.check(),
            Self::Clear(clear) => clear.check(),
        }
    }

    /// Its fields as a fingerprint has them.
    pub(crate) fn fields(&self, mut field: impl FnMut(&str, &str)) {
        field("list", self.list());
        match self {
            Self::Part(part) => {
                field("version", &part.version.to_string());
                field("number", &part.number.to_string());
                field("entries", &hex(&digest(&[0; 32], &part.entries)));
            }
            Self::Activate(activate) => {
                field("kind", activate.kind.as_str());
                field("version", &activate.version.to_string());
                field("parts", &activate.parts.to_string());
                field("count", &activate.count.to_string());
                field("digest", &hex(&activate.digest));
                field("force", if activate.force { "true" } else { "false" });
            }
            Self::Clear(clear) => {
                field("customer_id", &clear.customer_id.to_string());
                field("entry", &clear.entry);
                field("reason", &clear.reason);
                if let Some(counterparty) = clear.counterparty {
                    field("counterparty", &counterparty.to_string());
                }
            }
        }
    }
}

impl ListPart {
    fn check(&self) -> Result<(), Unreadable> {
        version(self.version)?;
        if self.number >= PARTS_MAX {
            return Err(Unreadable::new("number", &self.number.to_string(), "0 to 255"));
        }
        if !(1..=PART_ENTRIES_MAX).contains(&self.entries.len()) {
            return Err(Unreadable::new("entries", &self.entries.len().to_string(), "1 to 500 entries"));
        }
        self.entries.iter().try_for_each(ListEntry::check)?;
        if let Some(pair) = self.entries.windows(2).find(|pair| pair[0].id >= pair[1].id) {
            return Err(Unreadable::new("id", &cut(&pair[1].id), "entries in the order of their ids, each id once"));
        }
        let bytes: usize = self.entries.iter().map(ListEntry::bytes).sum();
        if bytes > PART_BYTES_MAX {
            return Err(Unreadable::new("entries", &format!("{bytes} bytes"), "at most 262144 bytes of text"));
        }
        Ok(())
    }
}

impl ActivateList {
    fn check(&self) -> Result<(), Unreadable> {
        version(self.version)?;
        if self.parts > PARTS_MAX {
            return Err(Unreadable::new("parts", &self.parts.to_string(), "at most 256"));
        }
        if (self.parts == 0) != (self.count == 0) {
            return Err(Unreadable::new("count", &self.count.to_string(), "entries where there are parts, and none where there are none"));
        }
        Ok(())
    }
}

impl ClearMatch {
    fn check(&self) -> Result<(), Unreadable> {
        if !is_entry_id(&self.entry) {
            return Err(Unreadable::new("entry", &cut(&self.entry), "1 to 128 bytes, none of them a control"));
        }
        if !is_line(&self.reason, crate::gate::REASON_MAX) {
            return Err(Unreadable::new("reason", &cut(&self.reason), "1 to 500 characters, none of them a control"));
        }
        Ok(())
    }
}

fn version(version: u32) -> Result<(), Unreadable> {
    if version > 0 { Ok(()) } else { Err(Unreadable::new("version", "0", "1 or more")) }
}

/// A day, a year, or two years.
fn is_born(text: &str) -> bool {
    let digits = |text: &str, length: usize| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once(" to ") {
        Some((from, to)) => digits(from, 4) && digits(to, 4),
        None => match *text.split('-').collect::<Vec<_>>() {
            [year] => digits(year, 4),
            [year, month, day] => digits(year, 4) && digits(month, 2) && digits(day, 2),
            _ => false,
        },
    }
}

/// What is wrong may be long.
fn cut(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
mod tests;
