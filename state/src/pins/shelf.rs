//! Pages of segments that lie on a disk, and who reads them.

use super::segment::Segment;
use crate::bytes::Damaged;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex};

/// Pages that are remembered: a repeat asks for its own three times, and what is forgotten goes through them in order. Of payments
/// each takes 30 KB.
const RECENT: usize = 16;

/// Where parts stand: the ledger itself reads nothing.
pub trait Shelf: std::fmt::Debug + Send + Sync {
    /// The bytes of a part in these ranges, one range behind the other.
    fn read(&self, part: &str, ranges: &[Range<u32>]) -> Result<Vec<u8>, Damaged>;
}

/// A shelf, and the pages that were read last.
#[derive(Debug)]
pub struct Pages {
    shelf: Box<dyn Shelf>,
    recent: Mutex<VecDeque<Read>>,
}

/// A page that was read.
#[derive(Debug)]
struct Read {
    part: Arc<str>,
    place: usize,
    page: Arc<Segment>,
}

impl Pages {
    /// Nothing was read yet.
    pub fn on(shelf: impl Shelf + 'static) -> Arc<Self> {
        Arc::new(Self { shelf: Box::new(shelf), recent: Mutex::default() })
    }

    /// The bytes of a part in these ranges.
    pub(super) fn read(&self, part: &str, ranges: &[Range<u32>]) -> Result<Vec<u8>, Damaged> {
        self.shelf.read(part, ranges)
    }

    /// A page, read unless it was lately.
    pub(super) fn page(
        &self,
        part: &Arc<str>,
        place: usize,
        read: impl FnOnce() -> Result<Segment, Damaged>,
    ) -> Result<Arc<Segment>, Damaged> {
        let recent = || self.recent.lock().expect("nothing panics while it looks at the last pages");
        let is_it = |read: &Read| read.place == place && read.part == *part;
        if let Some(read) = recent().iter().find(|read| is_it(read)) {
            return Ok(Arc::clone(&read.page));
        }
        let page = Arc::new(read()?);
        let mut recent = recent();
        recent.truncate(RECENT - 1);
        recent.push_front(Read { part: Arc::clone(part), place, page: Arc::clone(&page) });
        Ok(page)
    }
}
