//! A list: whom a bank may not serve, as an authority publishes it, whatever the format.
//!
//! In: the bytes of a file. Out: entries, each with its names. Never: half a list. A file that is cut or damaged is an error
//! that says where, and so is a list without entries or with two entries of one id.

/// OpenSanctions: entities as JSON lines.
pub mod ftm;
/// OFAC: three CSV files without headers.
pub mod ofac;
/// CSV with a header.
pub mod plain;
/// The consolidated list of the United Nations, as XML.
pub mod un;

/// Dates of birth as lists write them.
mod born;

pub use born::Born;

/// What an entry is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A human being.
    Person,
    /// A company, a group, an authority.
    Organisation,
    /// A ship, an aircraft, or something that the list doesn't say.
    #[default]
    Other,
}

/// How much a name of an entry is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// The name under which it is listed.
    Primary,
    /// Another name of its own.
    Alias,
    /// A name that many bear, or that may be wrong: the authority says so.
    Weak,
    /// The name in its own script.
    Original,
}

/// A name of an entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alias {
    /// As the list writes it.
    pub name: String,
    /// What it is worth.
    pub strength: Strength,
}

/// Somebody or something on a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// What the list calls it.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// Its names, each once.
    pub names: Vec<Alias>,
    /// When it may have been born.
    pub born: Vec<Born>,
    /// Its countries and nationalities as two letters, sorted; those that nobody knows are left out.
    pub countries: Vec<String>,
    /// Under which programme or reference it is listed.
    pub reference: String,
}

impl Entry {
    pub(crate) fn name(&mut self, name: &str, strength: Strength) {
        let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        if !name.is_empty() && self.names.iter().all(|known| known.name != name) {
            self.names.push(Alias { name, strength });
        }
    }

    pub(crate) fn country(&mut self, country: &str) {
        let Some(country) = crate::country::code(country) else { return };
        if let Err(place) = self.countries.binary_search(&country) {
            self.countries.insert(place, country);
        }
    }

    pub(crate) fn born(&mut self, born: Option<Born>) {
        self.born.extend(born.filter(|born| !self.born.contains(born)));
    }
}

/// Why a file is no list. The sentence says where, and what is expected.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The format is broken.
    #[error("line {line}: {reason}")]
    Line {
        /// Where, from one on.
        line: u64,
        /// Why.
        reason: String,
    },
    /// XML is broken.
    #[error("byte {byte}: {reason}")]
    Byte {
        /// Where, from zero on.
        byte: u64,
        /// Why.
        reason: String,
    },
    /// Nobody is listed.
    #[error("it has no entries; a list of nobody is a mistake, so see that the file is whole")]
    Empty,
    /// Two entries with one id.
    #[error("two entries have the id {0}; each must have its own")]
    Twice(String),
    /// Nothing to tell the format by.
    #[error(
        "its format is not known; it must be UN XML, OFAC CSV, JSON lines of OpenSanctions, or CSV with the columns id,name[,dob,country]"
    )]
    Unknown,
    /// A file that adds to another came alone.
    #[error("it adds to entry {0}, which no list has; give the file with the entries (sdn.csv) as well")]
    Stray(String),
}

/// What the bytes of a file look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// XML.
    Un,
    /// sdn.csv.
    Ofac,
    /// alt.csv.
    OfacAliases,
    /// add.csv.
    OfacAddresses,
    /// JSON lines.
    Ftm,
    /// CSV with a header.
    Plain,
}

impl Format {
    /// Tells the format by the first line.
    pub fn of(bytes: &[u8]) -> Result<Self, ListError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
        match bytes.first() {
            None => return Err(ListError::Empty),
            Some(b'<') => return Ok(Self::Un),
            Some(b'{') => return Ok(Self::Ftm),
            Some(_) => {}
        }
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
        let mut first = csv::ByteRecord::new();
        if !matches!(reader.read_byte_record(&mut first), Ok(true)) {
            return Err(ListError::Unknown);
        }
        let is_id = first.get(0).is_some_and(|id| !id.is_empty() && id.trim_ascii().iter().all(u8::is_ascii_digit));
        match (is_id, first.len()) {
            (true, 12) => Ok(Self::Ofac),
            (true, 5) => Ok(Self::OfacAliases),
            (true, 6) => Ok(Self::OfacAddresses),
            _ if plain::is_header(&first) => Ok(Self::Plain),
            _ => Err(ListError::Unknown),
        }
    }
}

/// Entries, sorted by id, no two with the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    entries: Vec<Entry>,
}

impl List {
    /// A list of these.
    pub fn new(mut entries: Vec<Entry>) -> Result<Self, ListError> {
        entries.sort_by(|one, other| one.id.cmp(&other.id));
        if let Some(pair) = entries.windows(2).find(|pair| pair[0].id == pair[1].id) {
            return Err(ListError::Twice(pair[0].id.clone()));
        }
        if entries.is_empty() { Err(ListError::Empty) } else { Ok(Self { entries }) }
    }

    /// Reads a list that is one file.
    pub fn read(bytes: &[u8]) -> Result<Self, ListError> {
        let mut parts = Parts::default();
        parts.add(bytes)?;
        parts.list()
    }

    /// Lists of several authorities as one. Where two have an entry of the same id, all ids get the name of their list before
    /// them, as in `un:7`.
    pub fn together(lists: Vec<(String, Self)>) -> Result<Self, ListError> {
        let mut ids: Vec<_> = lists.iter().flat_map(|(_, list)| &list.entries).map(|entry| entry.id.as_str()).collect();
        ids.sort_unstable();
        let collide = ids.windows(2).any(|pair| pair[0] == pair[1]);
        let named = |(name, list): (String, Self)| {
            list.entries.into_iter().map(move |entry| if collide { Entry { id: format!("{name}:{}", entry.id), ..entry } } else { entry })
        };
        Self::new(lists.into_iter().flat_map(named).collect())
    }

    /// The entries, by id.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// An entry.
    pub fn entry(&self, id: &str) -> Option<&Entry> {
        self.entries.binary_search_by(|entry| entry.id.as_str().cmp(id)).ok().map(|place| &self.entries[place])
    }
}

/// Files on their way to become a list: entries, and what other files add to entries.
#[derive(Debug, Default)]
pub struct Parts {
    entries: Vec<Entry>,
    more: Vec<ofac::More>,
}

impl Parts {
    /// Reads one more file, whatever its format.
    pub fn add(&mut self, bytes: &[u8]) -> Result<(), ListError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let before = (self.entries.len(), self.more.len());
        match Format::of(bytes)? {
            Format::Un => self.entries.extend(un::read(bytes)?),
            Format::Ofac => self.entries.extend(ofac::entries(bytes)?),
            Format::OfacAliases => self.more.extend(ofac::aliases(bytes)?),
            Format::OfacAddresses => self.more.extend(ofac::addresses(bytes)?),
            Format::Ftm => self.entries.extend(ftm::read(bytes)?),
            Format::Plain => self.entries.extend(plain::read(bytes)?),
        }
        if before == (self.entries.len(), self.more.len()) { Err(ListError::Empty) } else { Ok(()) }
    }

    /// The list that they are.
    pub fn list(self) -> Result<List, ListError> {
        // An alias of nobody: its file came without the one that it adds to.
        let stray = self.more.first().map(|more| more.id.clone());
        let mut list = match (List::new(self.entries), stray) {
            (Err(ListError::Empty), Some(id)) => return Err(ListError::Stray(id)),
            (list, _) => list?,
        };
        for more in self.more {
            let Ok(place) = list.entries.binary_search_by(|entry| entry.id.cmp(&more.id)) else { return Err(ListError::Stray(more.id)) };
            more.onto(&mut list.entries[place]);
        }
        Ok(list)
    }
}

/// UTF-8 and nothing else, or where it ends.
fn utf8(bytes: &[u8]) -> Result<&str, ListError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let lines = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        ListError::Line { line: u64::try_from(lines).map_or(u64::MAX, |lines| lines + 1), reason: "the text is not UTF-8".to_owned() }
    })
}

/// What the reader of CSV says, as a sentence with a line.
fn csv_error(error: &csv::Error) -> ListError {
    let line = error.position().map_or(0, csv::Position::line);
    let reason = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => format!("it has {len} columns where {expected_len} are expected"),
        csv::ErrorKind::Utf8 { .. } => "the text is not UTF-8".to_owned(),
        _ => error.to_string(),
    };
    ListError::Line { line, reason }
}
