//! A shelf that is bytes in memory, and ledgers whose pins lie there.

use state::bytes::Damaged;
use state::pins::{Cold, Pages, Segment, Shelf, Stored};
use state::{Ledger, Thawing};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};

/// Parts by name.
#[derive(Clone, Debug, Default)]
struct Parts(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

impl Shelf for Parts {
    fn read(&self, part: &str, ranges: &[Range<u32>]) -> Result<Vec<u8>, Damaged> {
        let parts = self.0.lock().expect("nobody panics while they read");
        let bytes = parts.get(part).ok_or_else(|| Damaged::new("there is no such part"))?;
        let place = |number: u32| usize::try_from(number).expect("a u32 fits a usize");
        Ok(ranges.iter().map(|range| &bytes[place(range.start)..place(range.end)]).collect::<Vec<_>>().concat())
    }
}

/// Where full segments are put.
pub(crate) struct Room {
    parts: Parts,
    pages: Arc<Pages>,
}

impl Room {
    pub(crate) fn new() -> Self {
        let parts = Parts::default();
        Self { pages: Pages::on(parts.clone()), parts }
    }

    /// Lets a ledger go of those of its full segments that the bits say.
    pub(crate) fn shelve(&self, ledger: &mut Ledger, bits: u8) {
        let parts = self.put(ledger);
        let chosen = parts.iter().zip((0..8).cycle()).filter(|(_, bit)| bits & (1 << bit) != 0);
        let shelve = |((number, bytes), _): (&(u64, Vec<u8>), _)| {
            (*number, Arc::new(Cold::of(bytes, &number.to_string(), &self.pages).expect("it was just written")))
        };
        ledger.shelve(chosen.map(shelve).collect::<Vec<_>>());
    }

    /// The ledger out of a snapshot of which those full segments that the bits say stay on the shelf.
    pub(crate) fn thawed(&self, ledger: &mut Ledger, bits: u8) -> Ledger {
        let parts = self.put(ledger);
        let names: Vec<String> = parts.iter().map(|(number, _)| number.to_string()).collect();
        let mut stored = parts.iter().zip(&names).zip((0..8).cycle()).map(|(((_, bytes), name), bit)| {
            let stays = bits & (1 << bit) != 0;
            if stays { Stored::shelved(bytes, name, &self.pages) } else { Segment::read(bytes).map(Stored::from) }
        });
        let mut thawing = Thawing::default();
        let chunks: Vec<_> = ledger.freeze().chunks(&names).collect();
        let mut next = |_: &str| stored.next().expect("there is a chunk for each part");
        chunks.iter().try_for_each(|chunk| thawing.chunk(chunk, &mut next)).expect("it was just written");
        Ledger::thaw(thawing).expect("what was frozen can be thawed")
    }

    /// Puts the full segments of a ledger where pages are read; each under the number of its first pin.
    fn put(&self, ledger: &mut Ledger) -> Vec<(u64, Vec<u8>)> {
        let frozen = ledger.freeze();
        let parts: Vec<_> = frozen.numbered().map(|(number, full)| (number, full.whole().write())).collect();
        self.parts
            .0
            .lock()
            .expect("nobody panics while they read")
            .extend(parts.iter().map(|(number, bytes)| (number.to_string(), bytes.clone())));
        parts
    }

    /// Takes everything away.
    pub(crate) fn clear(&self) {
        self.parts.0.lock().expect("nobody panics while they read").clear();
    }
}
