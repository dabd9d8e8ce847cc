//! The ledger at the end of an epoch, as bytes, and back.
//!
//! In: a ledger between two epochs. Out: chunks of bytes, the same for the same ledger whatever process wrote them;
//! from them, a ledger that decides and says from there on exactly what the first one would. Never: a ledger made of
//! part of the chunks.
//!
//! | Chunk | First byte | Then |
//! |---|---|---|
//! | head | `L` | format, epoch, the rules of the next epoch, how many customers, accounts and full segments, the oldest pin's number, how many statuses |
//! | customers | `C` | rows, in the order in which they came |
//! | accounts | `A` | the same |
//! | statuses | `S` | the accounts that are not active: id and status, in the order of the accounts |
//! | segment | `P` | the name of a part that holds a full segment of pins |
//! | open segment | `O` | the pins since the last full one |
//!
//! A ledger that ever went by rules of version 4 or later says more, in these chunks instead of `C`, `A` and `S`. Each row stands behind
//! its length, so that what a later binary adds at its end is no new kind of chunk.
//!
//! | Chunk | First byte | Then |
//! |---|---|---|
//! | counts | `N` | how many slots of holds, payments given back, accounts with terms |
//! | customers | `c` | rows |
//! | accounts | `a` | rows |
//! | holds | `h` | the slots of holds, those that are free too |
//! | refunded | `r` | payments that were given back |
//! | terms | `t` | terms of accounts |
//! | common | `p` | limits of levels, and tariffs |
//!
//! One that ever went by rules of version 5 or later says in addition:
//!
//! | Chunk | First byte | Then |
//! |---|---|---|
//! | counts | `n` | how many slots of orders, minutes of the record |
//! | orders | `o` | the slots of orders, those that are free too |
//! | minutes | `m` | the minutes that are over and in which something was paid |
//! | minute | `g` | the minute that is not over |
//!
//! One that ever went by rules of version 6 or later says in addition:
//!
//! | Chunk | First byte | Then |
//! |---|---|---|
//! | counts | `k` | how many slots of attempts, and which is looked at next |
//! | attempts | `q` | the slots of attempts, those that are free too |
//! | gates | `f` | rules, what their score leads to, lists, and who is frozen |
//! | watchlists | `w` | versions in force and what is being loaded; not there where there is none |
//! | counts | `j` | how many identities, documents and slots of cases |
//! | identities | `y` | rows |
//! | documents | `d` | digests, and who presented each first |
//! | cases | `e` | the slots of cases, those that are closed too |
//! | cases' policy | `u` | how long they may take, and which decisions need two |
//!
//! Numbers have their least byte first.

mod cased;
mod head;
mod later;
mod rows;

use crate::accounts::{Accounts, Holding};
use crate::attempts::{Attempted, Attempts};
use crate::bytes::{Bytes, Damaged};
use crate::customers::Enrolled;
use crate::gates::{Gates, Set};
use crate::holds::{Hold, Holds};
use crate::ledger::Ledger;
use crate::lists::Lists;
use crate::orders::{Orders, Waiting};
use crate::pins::{FrozenPins, Full, Pins, SEGMENT_PINS, Segment, Stored, WARM_SEGMENTS, segment_start};
use crate::policies::{Common, Policies, Terms};
use crate::record::{Growing, Record, Sealed};
use crate::refunds::Refunded;
use crate::table::{CHUNK_ROWS, Rows, Table};
pub use cased::Cased;
use cased::CasedThawing;
use head::{Head, read_head};
pub use later::{Dates, Gated, More};
use rows::{read_long_rows, read_rows, read_statuses, write_long_rows, write_rows, write_statuses};
use schemas::{AccountId, AccountStatus, Epoch};

/// The format of the chunks. Each is the one before with more, and the oldest that can hold the ledger is written, so that the binary
/// of before can come back. In the first, the rules are version 1; in the second, all accounts are active; in the third, there is no more
/// than balances, statuses and pins; in the fourth, nothing waits for its day and no payment is recorded for good; in
/// the fifth, nobody is frozen and no gate was ever set.
const FORMAT: u32 = 6;

/// The first format that has orders and the record.
const DATED: u32 = 5;

/// The first format that says more than the first three.
const MORE: u32 = 4;

/// A ledger that no longer changes, sharing what it can with the one that does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frozen {
    /// It is as at the end of this epoch.
    pub epoch: Epoch,
    /// The version of the rules that decides the next epoch.
    pub rules: u32,
    pub(crate) customers: Rows<Enrolled>,
    pub(crate) accounts: Rows<Holding>,
    pub(crate) pins: FrozenPins,
    pub(crate) more: Option<More>,
    pub(crate) dated: Option<Dates>,
    pub(crate) gated: Option<Gated>,
    pub(crate) cased: Option<Cased>,
}

impl Frozen {
    /// The full segments of pins, the oldest first: parts that never change again.
    pub fn segments(&self) -> &[Full] {
        &self.pins.full
    }

    /// The number of the first pin of the first segment; each later one starts a segment's length further.
    pub fn segments_from(&self) -> u64 {
        segment_start(self.pins.first)
    }

    /// Those segments, each with the number of its first pin.
    pub fn numbered(&self) -> impl Iterator<Item = (u64, &Full)> {
        let step = usize::try_from(SEGMENT_PINS).expect("a u32 fits a usize");
        let number = move |place: usize| self.segments_from() + u64::try_from(place * step).expect("pins in memory fit a u64");
        self.pins.full.iter().enumerate().map(move |(place, segment)| (number(place), segment))
    }

    /// Those of them that need not stay in memory: all but the newest.
    pub fn old(&self) -> impl Iterator<Item = (u64, &Full)> {
        self.numbered().take(self.pins.full.len().saturating_sub(WARM_SEGMENTS))
    }

    /// The name of the part that a chunk stands for, if it does.
    pub fn part(chunk: &[u8]) -> Option<&str> {
        chunk.strip_prefix(b"P").and_then(|part| std::str::from_utf8(part).ok())
    }

    /// The chunks; `parts` are the names under which the segments were stored.
    pub fn chunks<'a>(&'a self, parts: &'a [String]) -> impl Iterator<Item = Vec<u8>> + 'a {
        assert_eq!(parts.len(), self.pins.full.len(), "every full segment is a part");
        let segments = parts.iter().map(|part| [b"P", part.as_bytes()].concat());
        let open = std::iter::once_with(|| [b"O", self.pins.open.write().as_slice()].concat());
        self.rows().chain(self.dated()).chain(self.gated()).chain(self.cased.iter().flat_map(Cased::chunks)).chain(segments).chain(open)
    }

    /// Orders and the record.
    fn dated(&self) -> impl Iterator<Item = Vec<u8>> + '_ {
        self.dated.iter().flat_map(|Dates { orders, sealed, growing }| {
            let counts = std::iter::once_with(|| counts(b'n', &[orders.len(), sealed.len()]));
            let orders = orders.chunks().map(|rows| write_long_rows(b'o', rows));
            let sealed = sealed.chunks().map(|rows| write_long_rows(b'm', rows));
            let growing = std::iter::once_with(|| {
                let mut bytes = vec![b'g'];
                growing.write(&mut bytes);
                bytes
            });
            counts.chain(orders).chain(sealed).chain(growing)
        })
    }

    /// Gates, and what they have counted.
    fn gated(&self) -> impl Iterator<Item = Vec<u8>> + '_ {
        self.gated.iter().flat_map(|Gated { set, attempts, next, lists }| {
            let next = usize::try_from(*next).expect("a u32 fits a usize");
            let counts = std::iter::once_with(move || counts(b'k', &[attempts.len(), next]));
            let attempts = attempts.chunks().map(|rows| write_long_rows(b'q', rows));
            let set = std::iter::once_with(|| {
                let mut bytes = vec![b'f'];
                set.write(&mut bytes);
                bytes
            });
            let lists = (!lists.is_empty()).then(|| {
                let mut bytes = vec![b'w'];
                lists.write(&mut bytes);
                bytes
            });
            counts.chain(attempts).chain(set).chain(lists)
        })
    }

    /// The chunks before the pins.
    fn rows(&self) -> Box<dyn Iterator<Item = Vec<u8>> + '_> {
        let Some(More { holds, refunded, terms, common }) = &self.more else {
            let statuses: Vec<&Holding> = self.accounts.iter().filter(|account| account.status != AccountStatus::Active).collect();
            let head = self.head(statuses.len());
            let statuses: Vec<_> = statuses.chunks(CHUNK_ROWS).map(write_statuses).collect();
            let customers = self.customers.chunks().map(|rows| write_rows(b'C', rows));
            let accounts = self.accounts.chunks().map(|rows| write_rows(b'A', rows));
            return Box::new(std::iter::once(head).chain(customers).chain(accounts).chain(statuses));
        };
        let counts = counts(b'N', &[holds.len(), refunded.len(), terms.len()]);
        let customers = self.customers.chunks().map(|rows| write_long_rows(b'c', rows));
        let accounts = self.accounts.chunks().map(|rows| write_long_rows(b'a', rows));
        let holds = holds.chunks().map(|rows| write_long_rows(b'h', rows));
        let refunded = refunded.chunks().map(|rows| write_long_rows(b'r', rows));
        let terms = terms.chunks().map(|rows| write_long_rows(b't', rows));
        let common = std::iter::once_with(|| {
            let mut bytes = vec![b'p'];
            common.write(&mut bytes);
            bytes
        });
        let rows = customers.chain(accounts).chain(holds).chain(refunded).chain(terms).chain(common);
        Box::new([self.head(0), counts].into_iter().chain(rows))
    }

    fn head(&self, statuses: usize) -> Vec<u8> {
        let mut bytes = vec![b'L'];
        let format = match (statuses, self.rules) {
            _ if self.gated.is_some() => FORMAT,
            _ if self.dated.is_some() => DATED,
            _ if self.more.is_some() => MORE,
            (0, 1) => 1,
            (0, _) => 2,
            _ => 3,
        };
        bytes.extend_from_slice(&format.to_le_bytes());
        bytes.extend_from_slice(&self.epoch.to_le_bytes());
        if format > 1 {
            bytes.extend_from_slice(&self.rules.to_le_bytes());
        }
        for count in [self.customers.len(), self.accounts.len(), self.pins.full.len()] {
            bytes.extend_from_slice(&u64::try_from(count).expect("what is in memory fits a u64").to_le_bytes());
        }
        bytes.extend_from_slice(&self.pins.first.to_le_bytes());
        if format > 2 {
            bytes.extend_from_slice(&u64::try_from(statuses).expect("what is in memory fits a u64").to_le_bytes());
        }
        bytes
    }
}

/// A chunk that says how many rows there are of each kind.
fn counts(kind: u8, counts: &[usize]) -> Vec<u8> {
    let mut bytes = vec![kind];
    for count in counts {
        bytes.extend_from_slice(&u64::try_from(*count).expect("what is in memory fits a u64").to_le_bytes());
    }
    bytes
}

/// A ledger that is being read back.
#[derive(Debug, Default)]
pub struct Thawing {
    head: Option<Head>,
    customers: Vec<Enrolled>,
    accounts: Vec<Holding>,
    statuses: Vec<(AccountId, AccountStatus)>,
    counts: Option<[u64; 3]>,
    holds: Vec<Hold>,
    refunded: Vec<Refunded>,
    terms: Vec<Terms>,
    common: Option<Common>,
    dated_counts: Option<[u64; 2]>,
    orders: Vec<Waiting>,
    sealed: Vec<Sealed>,
    growing: Option<Growing>,
    gated_counts: Option<[u64; 2]>,
    attempts: Vec<Attempted>,
    set: Option<Set>,
    lists: Option<Lists>,
    cased: CasedThawing,
    full: Vec<Stored>,
    open: Option<Segment>,
}

impl Thawing {
    /// Takes the next chunk; `part` gives the segment that a part holds by the part's name.
    pub fn chunk<E: From<Damaged>, S: Into<Stored>>(&mut self, chunk: &[u8], part: impl FnOnce(&str) -> Result<S, E>) -> Result<(), E> {
        let (kind, rest) = chunk.split_first().ok_or_else(|| Damaged::new("a chunk is empty"))?;
        let formats = match kind {
            b'C' | b'A' | b'S' => 1..=MORE - 1,
            b'N' | b'c' | b'a' | b'h' | b'r' | b't' | b'p' => MORE..=FORMAT,
            b'n' | b'o' | b'm' | b'g' => DATED..=FORMAT,
            b'k' | b'q' | b'f' | b'w' | b'j' | b'y' | b'd' | b'e' | b'u' => FORMAT..=FORMAT,
            _ => 1..=FORMAT,
        };
        if self.head.is_some_and(|head| !formats.contains(&head.format)) {
            return Err(Damaged::new("a chunk is of another format than the head").into());
        }
        match kind {
            b'L' => self.head = Some(read_head(Bytes(rest))?),
            b'C' => self.customers.extend(read_rows::<Enrolled>(rest)?),
            b'A' => self.accounts.extend(read_rows::<Holding>(rest)?),
            b'S' => self.statuses.extend(read_statuses(rest)?),
            b'N' => {
                let mut bytes = Bytes(rest);
                self.counts = Some([bytes.u64()?, bytes.u64()?, bytes.u64()?]);
            }
            b'c' => self.customers.extend(read_long_rows::<Enrolled>(rest)?),
            b'a' => self.accounts.extend(read_long_rows::<Holding>(rest)?),
            b'h' => self.holds.extend(read_long_rows::<Hold>(rest)?),
            b'r' => self.refunded.extend(read_long_rows::<Refunded>(rest)?),
            b't' => self.terms.extend(read_long_rows::<Terms>(rest)?),
            b'p' => self.common = Some(Common::read(&mut Bytes(rest))?),
            b'n' => {
                let mut bytes = Bytes(rest);
                self.dated_counts = Some([bytes.u64()?, bytes.u64()?]);
            }
            b'o' => self.orders.extend(read_long_rows::<Waiting>(rest)?),
            b'm' => self.sealed.extend(read_long_rows::<Sealed>(rest)?),
            b'g' => self.growing = Some(Growing::read(&mut Bytes(rest))?),
            b'k' => {
                let mut bytes = Bytes(rest);
                self.gated_counts = Some([bytes.u64()?, bytes.u64()?]);
            }
            b'q' => self.attempts.extend(read_long_rows::<Attempted>(rest)?),
            b'f' => self.set = Some(Set::read(&mut Bytes(rest))?),
            b'w' => self.lists = Some(Lists::read(&mut Bytes(rest))?),
            b'j' | b'y' | b'd' | b'e' | b'u' => self.cased.chunk(*kind, rest)?,
            b'P' => {
                let name = std::str::from_utf8(rest).map_err(|_| Damaged::new("the name of a part is no text"))?;
                self.full.push(part(name)?.into());
            }
            b'O' => self.open = Some(Segment::read(rest)?),
            _ => return Err(Damaged(format!("a chunk of kind {kind} is not known")).into()),
        }
        Ok(())
    }

    /// What came, if it is whole.
    pub(crate) fn finish(self) -> Result<Ledger, Damaged> {
        let Head { format, epoch, rules, customers, accounts, segments, first_pin, statuses } =
            self.head.ok_or_else(|| Damaged::new("it has no head"))?;
        let open = self.open.ok_or_else(|| Damaged::new("it has no end"))?;
        if (format >= MORE) != self.counts.is_some()
            || (format >= DATED) != self.dated_counts.is_some()
            || (format == FORMAT) != self.gated_counts.is_some()
        {
            return Err(Damaged::new("it has no counts"));
        }
        let [holds, refunded, terms] = self.counts.unwrap_or_default();
        let [orders, sealed] = self.dated_counts.unwrap_or_default();
        let [attempts, next] = self.gated_counts.unwrap_or_default();
        let (identities, cases) = self.cased.finish(format == FORMAT)?;
        let counts = [
            (customers, self.customers.len()),
            (accounts, self.accounts.len()),
            (segments, self.full.len()),
            (statuses, self.statuses.len()),
            (holds, self.holds.len()),
            (refunded, self.refunded.len()),
            (terms, self.terms.len()),
            (orders, self.orders.len()),
            (sealed, self.sealed.len()),
            (attempts, self.attempts.len()),
        ];
        let ends = (format >= MORE) == self.common.is_some() && (format >= DATED) == self.growing.is_some();
        let ends = ends && (format == FORMAT) == self.set.is_some();
        if !ends || counts.iter().any(|(told, found)| usize::try_from(*told) != Ok(*found)) {
            return Err(Damaged::new("rows are missing"));
        }
        let customers = Table::of(self.customers).ok_or_else(|| Damaged::new("a customer is there twice"))?;
        let mut accounts = Accounts::of(self.accounts, &customers)?;
        for (id, status) in self.statuses {
            accounts.find_mut(id).ok_or_else(|| Damaged::new("a status is of no account"))?.status = status;
        }
        let policies = Policies::of(self.terms, self.common.unwrap_or_default()).ok_or_else(|| Damaged::new("terms are there twice"))?;
        for id in policies.accounts() {
            accounts.find_mut(id).ok_or_else(|| Damaged::new("terms are of no account"))?.has_terms = true;
        }
        let next = u32::try_from(next).map_err(|_| Damaged::new("the slot that is looked at next is none"))?;
        let attempts = Attempts::of(self.attempts, next).ok_or_else(|| Damaged::new("attempts of a key are there twice"))?;
        Ok(Ledger {
            gates: Gates::of(self.set.unwrap_or_default(), attempts),
            lists: self.lists.unwrap_or_default(),
            identities,
            cases,
            epoch,
            today: crate::calendar::Today::default(),
            rules,
            next_rules: rules,
            numbers: crate::ledger::Numbers::default(),
            customers,
            accounts,
            pins: Pins::thaw(first_pin, self.full, open)?,
            holds: Holds::of(self.holds).ok_or_else(|| Damaged::new("a hold is there twice"))?,
            refunded: Table::of(self.refunded).ok_or_else(|| Damaged::new("a payment was given back twice"))?,
            policies,
            orders: Orders::of(self.orders).ok_or_else(|| Damaged::new("an order is there twice"))?,
            record: Record::of(self.sealed, self.growing.unwrap_or_default()).ok_or_else(|| Damaged::new("a minute is there twice"))?,
            kept: if format >= MORE { format } else { rules.min(MORE - 1) },
            undo: None,
            moved_in_batch: Vec::new(),
        })
    }
}
