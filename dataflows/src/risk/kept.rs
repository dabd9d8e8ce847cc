//! The state of the risk at the end of an epoch, as bytes, and back.
//!
//! In: the graph, the rules as they are set, the candidates, the episodes. Out: chunks of bytes, the same for the same state whatever
//! process wrote them; from them, a dataflow that goes on exactly as the one that did not stop. Never: a state made of part of the
//! chunks, or of chunks in which a bit has changed.
//!
//! | Chunk | First byte | Then |
//! |---|---|---|
//! | head | `R` | format, epoch, how many rows of each kind |
//! | customers | `H` | rows, in the order in which they came |
//! | accounts | `A` | the same |
//! | payments | `E` | rows, in their order |
//! | settings | `S` | rows, by rule and lane |
//! | measured | `C` | rows, by rule, shape and subject |
//! | frozen | `F` | rows: customers, then accounts, by id |
//! | places | `G` | rows, by customer, in their order |
//! | verdicts | `V` | rows: open cases of alerts, then who is confirmed |
//! | ties | `T` | rows, by what is shared and by customer |
//! | homes | `O` | rows, by customer |
//! | names | `N` | customers by name, in the order in which they came |
//! | counterparties | `K` | rows, by customer and digest |
//! | lists | `L` | in force, then being loaded, by name |
//! | entries | `I` | the same, by id |
//! | cleared | `Q` | pairs that are quiet, by whose name it is, list and entry |
//! | standing | `M` | pairs that are alike, the same |
//! | episodes | `P` | rows, by rule, lane and subject |
//!
//! A place takes 29 bytes or 33, a tie 41, a home 32, a customer or account that is frozen 17, an open case 50, a confirmed alert 34.
//!
//! Before its rows a chunk says how many they are; it ends with a checksum of itself and its place. Numbers have their least byte first.

mod beside;
mod rows;
mod screened;

use crate::risk::episodes::{About, Episode};
use crate::risk::graph::Graph;
use crate::risk::measured::{Measured, Stood};
use crate::risk::rules::Key;
use crate::risk::screen::Screen;
use crate::risk::settings::{Settings, Watch};
use schemas::Epoch;
use state::bytes::Bytes;
use std::collections::BTreeMap;

pub use state::bytes::Damaged;

/// The format of the chunks.
/// In the first there were no names, nothing frozen, no places and no ties, in the second no counterparties, in the third no homes and no counts of
/// rows, in the fourth no verdicts, so none of them is read any more: all is gone through again.
const FORMAT: u32 = 5;

/// Most rows of a chunk.
const CHUNK_ROWS: usize = 16_384;

/// The kinds of rows, in the order of the counts.
const KINDS: [u8; 17] = [b'H', b'A', b'E', b'S', b'C', b'F', b'G', b'V', b'T', b'O', b'N', b'K', b'L', b'I', b'Q', b'M', EPISODES];

/// The kind of those that another operator has than the rest.
const EPISODES: u8 = b'P';

/// Whoever has it has written or read it, so its checksums were right, and its rows are those that were written.
const AS_WRITTEN: &str = "it is as this binary wrote it";

/// The state at the end of an epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Of which epoch.
    pub epoch: Epoch,
    chunks: Vec<Vec<u8>>,
}

/// All but the episodes: rows by kind.
#[derive(Clone, Debug)]
pub(crate) struct Parts([Vec<Vec<u8>>; 16]);

/// What the chunks say, but for the episodes.
pub(crate) struct Standing {
    pub(crate) graph: Graph,
    pub(crate) settings: Settings,
    pub(crate) stood: Vec<(Watch, Key, Stood)>,
    pub(crate) screen: Screen,
}

impl Parts {
    /// The rows of the operator that measures.
    pub(crate) fn of(settings: &Settings, graph: &Graph, measured: &BTreeMap<Watch, Measured>, screen: &Screen) -> Self {
        let stood = measured.iter().flat_map(|(watch, measured)| measured.stood.iter().map(move |(key, stood)| (watch, key, stood)));
        let [names, counterparties, lists, entries, cleared, standing] = screened::rows(screen);
        Self([
            graph.holders().iter().map(rows::write_holder).collect(),
            graph.accounts().iter().map(rows::write_account).collect(),
            graph.all().map(|slot| rows::write_edge(graph.edge(slot))).collect(),
            settings.0.values().map(rows::write_setting).collect(),
            stood.map(|(watch, key, stood)| rows::write_stood(watch, key, stood)).collect(),
            beside::write_frozen(graph),
            graph.beside.places.all().map(|(customer, place)| beside::write_place(customer, &place)).collect(),
            beside::write_verdicts(graph),
            graph.beside.ties.all().map(beside::write_tie).collect(),
            graph.beside.homes.iter().map(beside::write_home).collect(),
            names,
            counterparties,
            lists,
            entries,
            cleared,
            standing,
        ])
    }
}

impl Kept {
    /// The state of an epoch.
    pub(crate) fn of(epoch: Epoch, Parts(parts): &Parts, open: &BTreeMap<About, Episode>) -> Self {
        let episodes: Vec<Vec<u8>> = open.iter().map(|(about, episode)| rows::write_episode(about, episode)).collect();
        let all: Vec<&Vec<Vec<u8>>> = parts.iter().chain([&episodes]).collect();
        let mut head = vec![b'R'];
        head.extend_from_slice(&FORMAT.to_le_bytes());
        head.extend_from_slice(&epoch.to_le_bytes());
        for rows in &all {
            head.extend_from_slice(&u64::try_from(rows.len()).expect("what is in memory fits a u64").to_le_bytes());
        }
        let chunk = |kind: u8, rows: &[Vec<u8>]| {
            let count = u32::try_from(rows.len()).expect("a chunk has few rows");
            [&[kind][..], &count.to_le_bytes(), &rows.concat()].concat()
        };
        let kinds = all.iter().zip(KINDS).flat_map(|(rows, kind)| rows.chunks(CHUNK_ROWS).map(move |rows| chunk(kind, rows)));
        let chunks = std::iter::once(head).chain(kinds).enumerate().map(|(place, chunk)| seal(place, chunk));
        Self { epoch, chunks: chunks.collect() }
    }

    /// The chunks, to be written in this order.
    pub fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        self.chunks.iter().map(Vec::as_slice)
    }

    /// What was written, if all of it is there and as it was. Its rows are not read yet: there may be millions.
    pub fn read(chunks: impl IntoIterator<Item = Vec<u8>>) -> Result<Self, Damaged> {
        let mut kept = Self { epoch: 0, chunks: chunks.into_iter().collect() };
        kept.epoch = kept.check()?;
        Ok(kept)
    }

    /// What it says, but for the episodes.
    pub(crate) fn standing(&self) -> Standing {
        let mut standing =
            Standing { graph: Graph::default(), settings: Settings(BTreeMap::new()), stood: Vec::new(), screen: Screen::default() };
        let mut names = screened::Reading::default();
        for (kind, mut bytes) in self.rows(|kind| kind != EPISODES) {
            while !bytes.is_empty() {
                standing.read(kind, &mut bytes, &mut names).expect(AS_WRITTEN);
            }
        }
        standing.screen = names.finish();
        standing
    }

    /// The episodes.
    pub(crate) fn episodes(&self) -> Vec<(About, Episode)> {
        let mut episodes = Vec::new();
        for (_, mut bytes) in self.rows(|kind| kind == EPISODES) {
            while !bytes.is_empty() {
                episodes.push(rows::read_episode(&mut bytes).expect(AS_WRITTEN));
            }
        }
        episodes
    }

    /// The rows of some kinds, chunk by chunk.
    fn rows(&self, wanted: impl Fn(u8) -> bool) -> impl Iterator<Item = (u8, Bytes<'_>)> {
        let chunks = self.chunks.iter().enumerate().skip(1).filter(move |(_, chunk)| chunk.first().is_some_and(|kind| wanted(*kind)));
        chunks.map(|(place, chunk)| {
            let (kind, mut bytes) = open(place, chunk).expect(AS_WRITTEN);
            bytes.u32().expect(AS_WRITTEN);
            (kind, bytes)
        })
    }

    /// The epoch, if no chunk is missing or other than it was written.
    fn check(&self) -> Result<Epoch, Damaged> {
        let mut chunks = self.chunks.iter().enumerate().map(|(place, chunk)| open(place, chunk));
        let (kind, mut head) = chunks.next().ok_or_else(|| Damaged::new("it has no chunk"))??;
        if kind != b'R' {
            return Err(Damaged::new("it does not begin with a head"));
        }
        let format = head.u32()?;
        if format != FORMAT {
            return Err(Damaged(format!("its format is {format}, and only {FORMAT} is known here")));
        }
        let epoch = head.u64()?;
        let counts = KINDS.iter().map(|_| head.u64()).collect::<Result<Vec<u64>, Damaged>>()?;
        let mut found = [0u64; KINDS.len()];
        for chunk in chunks {
            let (kind, mut bytes) = chunk?;
            let place = KINDS.iter().position(|known| *known == kind);
            let place = place.ok_or_else(|| Damaged::new("a chunk is of no kind that is known"))?;
            found[place] += u64::from(bytes.u32()?);
        }
        if counts == found { Ok(epoch) } else { Err(Damaged::new("rows are missing")) }
    }
}

impl Standing {
    fn read(&mut self, kind: u8, bytes: &mut Bytes<'_>, names: &mut screened::Reading) -> Result<(), Damaged> {
        match kind {
            b'H' => rows::read_holder(bytes, &mut self.graph)?,
            b'A' => rows::read_account(bytes, &mut self.graph)?,
            b'E' => rows::read_edge(bytes, &mut self.graph)?,
            b'S' => {
                let (version, setting) = rows::read_setting(bytes)?;
                self.settings.set(version, &setting);
            }
            b'F' => beside::read_frozen(bytes, &mut self.graph)?,
            b'G' => beside::read_place(bytes, &mut self.graph)?,
            b'V' => beside::read_verdict(bytes, &mut self.graph)?,
            b'T' => beside::read_tie(bytes, &mut self.graph)?,
            b'O' => beside::read_home(bytes, &mut self.graph)?,
            b'C' => self.stood.push(rows::read_stood(bytes, &self.graph)?),
            b'N' => names.name(bytes)?,
            b'K' => names.counterparty(bytes)?,
            b'L' => names.list(bytes)?,
            b'I' => names.entry(bytes)?,
            b'Q' => names.cleared(bytes)?,
            _ => names.standing(bytes)?,
        }
        Ok(())
    }
}

/// FNV-1a.
fn checksum(place: usize, bytes: &[u8]) -> u64 {
    let place = u64::try_from(place).expect("a usize fits a u64").to_le_bytes();
    place.iter().chain(bytes).fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

fn seal(place: usize, mut chunk: Vec<u8>) -> Vec<u8> {
    let checksum = checksum(place, &chunk);
    chunk.extend_from_slice(&checksum.to_le_bytes());
    chunk
}

/// The kind of a chunk, and its rows.
fn open(place: usize, chunk: &[u8]) -> Result<(u8, Bytes<'_>), Damaged> {
    let (bytes, sum) = chunk.split_last_chunk().ok_or_else(|| Damaged::new("a chunk is cut off"))?;
    if checksum(place, bytes) != u64::from_le_bytes(*sum) {
        return Err(Damaged::new("a chunk is not what was written, or not in its place"));
    }
    let (kind, rows) = bytes.split_first().ok_or_else(|| Damaged::new("a chunk is empty"))?;
    Ok((*kind, Bytes(rows)))
}

#[cfg(test)]
mod tests;
