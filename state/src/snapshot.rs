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
//! Numbers have their least byte first.

use crate::accounts::{Accounts, Holding};
use crate::bytes::{Bytes, Damaged, put_text};
use crate::customers::Enrolled;
use crate::pins::{FrozenPins, Pins, Segment};
use crate::table::{CHUNK_ROWS, Row, Rows, Table};
use schemas::{AccountId, AccountStatus, Epoch};
use std::sync::Arc;

/// The format of the chunks. Each is the one before with more, and the oldest that can hold the ledger is written, so that the binary
/// of before can come back. In the first, the rules are version 1; in the second, all accounts are active.
const FORMAT: u32 = 3;

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
}

impl Frozen {
    /// The full segments of pins, the oldest first: parts that never change again.
    pub fn segments(&self) -> &[Arc<Segment>] {
        &self.pins.full
    }

    /// The number of the first pin of the first segment; each later one starts a segment's length further.
    pub fn segments_from(&self) -> u64 {
        self.pins.first - self.pins.first % u64::from(crate::pins::SEGMENT_PINS)
    }

    /// The name of the part that a chunk stands for, if it does.
    pub fn part(chunk: &[u8]) -> Option<&str> {
        chunk.strip_prefix(b"P").and_then(|part| std::str::from_utf8(part).ok())
    }

    /// The chunks; `parts` are the names under which the segments were stored.
    pub fn chunks<'a>(&'a self, parts: &'a [String]) -> impl Iterator<Item = Vec<u8>> + 'a {
        assert_eq!(parts.len(), self.pins.full.len(), "every full segment is a part");
        let statuses: Vec<&Holding> = self.accounts.iter().filter(|account| account.status != AccountStatus::Active).collect();
        let head = self.head(statuses.len());
        let statuses: Vec<_> = statuses.chunks(CHUNK_ROWS).map(write_statuses).collect();
        let customers = self.customers.chunks().map(|rows| write_rows(b'C', rows));
        let accounts = self.accounts.chunks().map(|rows| write_rows(b'A', rows));
        let segments = parts.iter().map(|part| [b"P", part.as_bytes()].concat());
        let open = std::iter::once_with(|| [b"O", self.pins.open.write().as_slice()].concat());
        std::iter::once(head).chain(customers).chain(accounts).chain(statuses).chain(segments).chain(open)
    }

    fn head(&self, statuses: usize) -> Vec<u8> {
        let mut bytes = vec![b'L'];
        let format = match (statuses, self.rules) {
            (0, 1) => 1u32,
            (0, _) => 2,
            _ => FORMAT,
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

/// A ledger that is being read back.
#[derive(Debug, Default)]
pub struct Thawing {
    head: Option<Head>,
    customers: Vec<Enrolled>,
    accounts: Vec<Holding>,
    statuses: Vec<(AccountId, AccountStatus)>,
    full: Vec<Arc<Segment>>,
    open: Option<Segment>,
}

#[derive(Clone, Copy, Debug)]
struct Head {
    epoch: Epoch,
    rules: u32,
    customers: u64,
    accounts: u64,
    segments: u64,
    first_pin: u64,
    statuses: u64,
}

/// What a ledger is made of, whole.
pub(crate) struct Thawed {
    pub(crate) epoch: Epoch,
    pub(crate) rules: u32,
    pub(crate) customers: Table<Enrolled>,
    pub(crate) accounts: Accounts,
    pub(crate) pins: Pins,
}

impl Thawing {
    /// Takes the next chunk; `part` gives the segment that a part holds by the part's name.
    pub fn chunk<E: From<Damaged>>(&mut self, chunk: &[u8], part: impl FnOnce(&str) -> Result<Segment, E>) -> Result<(), E> {
        let (kind, rest) = chunk.split_first().ok_or_else(|| Damaged::new("a chunk is empty"))?;
        match kind {
            b'L' => self.head = Some(read_head(Bytes(rest))?),
            b'C' => self.customers.extend(read_rows::<Enrolled>(rest)?),
            b'A' => self.accounts.extend(read_rows::<Holding>(rest)?),
            b'S' => self.statuses.extend(read_statuses(rest)?),
            b'P' => {
                let name = std::str::from_utf8(rest).map_err(|_| Damaged::new("the name of a part is no text"))?;
                self.full.push(Arc::new(part(name)?));
            }
            b'O' => self.open = Some(Segment::read(rest)?),
            _ => return Err(Damaged(format!("a chunk of kind {kind} is not known")).into()),
        }
        Ok(())
    }

    /// What came, if it is whole.
    pub(crate) fn finish(self) -> Result<Thawed, Damaged> {
        let Head { epoch, rules, customers, accounts, segments, first_pin, statuses } =
            self.head.ok_or_else(|| Damaged::new("it has no head"))?;
        let open = self.open.ok_or_else(|| Damaged::new("it has no end"))?;
        let counts = [
            (customers, self.customers.len()),
            (accounts, self.accounts.len()),
            (segments, self.full.len()),
            (statuses, self.statuses.len()),
        ];
        if counts.iter().any(|(told, found)| usize::try_from(*told) != Ok(*found)) {
            return Err(Damaged::new("rows are missing"));
        }
        let customers = Table::of(self.customers).ok_or_else(|| Damaged::new("a customer is there twice"))?;
        let mut accounts = Accounts::of(self.accounts).ok_or_else(|| Damaged::new("an account is there twice"))?;
        for (id, status) in self.statuses {
            accounts.set_status(id, status).ok_or_else(|| Damaged::new("a status is of no account"))?;
        }
        let pins = Pins::thaw(FrozenPins { first: first_pin, full: self.full, open })?;
        Ok(Thawed { epoch, rules, customers, accounts, pins })
    }
}

fn read_head(mut bytes: Bytes<'_>) -> Result<Head, Damaged> {
    let format = bytes.u32()?;
    if !(1..=FORMAT).contains(&format) {
        return Err(Damaged(format!("its format is {format}, and only those up to {FORMAT} are known here")));
    }
    Ok(Head {
        epoch: bytes.u64()?,
        rules: if format == 1 { 1 } else { bytes.u32()? },
        customers: bytes.u64()?,
        accounts: bytes.u64()?,
        segments: bytes.u64()?,
        first_pin: bytes.u64()?,
        statuses: if format < 3 { 0 } else { bytes.u64()? },
    })
}

fn write_rows<R: Row>(kind: u8, rows: &[R]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1 + rows.len() * 64);
    bytes.push(kind);
    rows.iter().for_each(|row| row.write(&mut bytes));
    bytes
}

fn write_statuses(accounts: &[&Holding]) -> Vec<u8> {
    let mut bytes = vec![b'S'];
    for account in accounts {
        bytes.extend_from_slice(account.id.0.as_bytes());
        put_text(&mut bytes, account.status.as_str());
    }
    bytes
}

fn read_statuses(bytes: &[u8]) -> Result<Vec<(AccountId, AccountStatus)>, Damaged> {
    let mut bytes = Bytes(bytes);
    let mut statuses = Vec::new();
    while !bytes.is_empty() {
        let id = AccountId(bytes.uuid()?);
        statuses.push((id, bytes.text()?.parse().map_err(|_| Damaged::new("an account has a status that is not known"))?));
    }
    Ok(statuses)
}

fn read_rows<R: Row>(bytes: &[u8]) -> Result<Vec<R>, Damaged> {
    let mut bytes = Bytes(bytes);
    let mut rows = Vec::new();
    while !bytes.is_empty() {
        rows.push(R::read(&mut bytes)?);
    }
    Ok(rows)
}
