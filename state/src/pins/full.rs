//! Full segments: in memory, or on a disk. Nothing that is decided depends on which.

use super::cold::Cold;
use super::effect::Effect;
use super::segment::{Laid, Segment};
use super::{Pages, Pin};
use crate::bytes::Damaged;
use crate::index::Hashed;
use crate::moved::Moved;
use schemas::{CommandId, Epoch};
use std::sync::Arc;

/// A segment that never changes again.
#[derive(Clone, Debug)]
pub enum Full {
    /// It is in memory.
    Warm(Arc<Segment>),
    /// It is on a disk.
    Cold(Arc<Cold>),
}

/// A full segment that was read back, and the hashes of its commands.
#[derive(Debug)]
pub struct Stored {
    pub(super) full: Full,
    pub(super) hashed: Vec<Hashed>,
}

impl Full {
    /// How many pins.
    pub fn len(&self) -> usize {
        match self {
            Self::Warm(segment) => segment.len(),
            Self::Cold(cold) => cold.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The segment, read if need be.
    pub fn whole(&self) -> Arc<Segment> {
        match self {
            Self::Warm(segment) => Arc::clone(segment),
            Self::Cold(cold) => Arc::new(cold.whole()),
        }
    }

    pub(super) fn is_cold(&self) -> bool {
        matches!(self, Self::Cold(_))
    }

    pub(super) fn first_epoch(&self) -> Option<Epoch> {
        match self {
            Self::Warm(segment) => segment.first_epoch(),
            Self::Cold(cold) => cold.first_epoch(),
        }
    }

    pub(super) fn last_epoch(&self) -> Epoch {
        match self {
            Self::Warm(segment) => segment.last_epoch(),
            Self::Cold(cold) => cold.last_epoch(),
        }
    }

    /// The pin of a place.
    pub(super) fn at(&self, place: usize) -> (CommandId, Pin) {
        match self {
            Self::Warm(segment) => segment.pins[place],
            Self::Cold(cold) => cold.at(place),
        }
    }

    pub(super) fn effect(&self, place: u16) -> Effect {
        match self {
            Self::Warm(segment) => segment.effect(place),
            Self::Cold(cold) => cold.effect(place),
        }
    }

    pub(super) fn moved_at(&self, epoch: Epoch, number: u32) -> Option<Moved> {
        match self {
            Self::Warm(segment) => segment.moved_at(epoch, number),
            Self::Cold(cold) => cold.moved_at(epoch, number),
        }
    }
}

/// They hold the same, wherever it lies.
impl PartialEq for Full {
    fn eq(&self, other: &Self) -> bool {
        self.whole() == other.whole()
    }
}

impl Eq for Full {}

impl Stored {
    /// Reads a segment that stays on the shelf where it stands as this part.
    pub fn shelved(bytes: &[u8], part: &str, shelf: &Arc<Pages>) -> Result<Self, Damaged> {
        let laid = Laid::read(bytes)?;
        let cold = Cold::laid(&laid, bytes, part, shelf);
        Ok(Self { full: Full::Cold(Arc::new(cold)), hashed: hashed(&laid.segment) })
    }
}

impl From<Segment> for Stored {
    fn from(segment: Segment) -> Self {
        let hashed = hashed(&segment);
        Self { full: Full::Warm(Arc::new(segment)), hashed }
    }
}

pub(super) fn hashed(segment: &Segment) -> Vec<Hashed> {
    segment.pins.iter().map(|(command, _)| Hashed::of(command)).collect()
}
