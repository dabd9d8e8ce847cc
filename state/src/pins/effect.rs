//! What decisions did, beyond their pins.

use crate::bytes::{Bytes, Damaged, put_text};
use crate::moved::{Moved, Promised};
use schemas::Refusal;

/// What a decision did, beyond its pin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing that has to be known again.
    None,
    /// It moved money.
    Moved(Moved),
    /// It promised money, or gave back what was promised.
    Promised(Promised),
    /// It did many things, and refused some.
    Batch(Vec<Self>, Batched),
}

/// Which items of a batch were refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batched {
    /// The pin of the decision, by its place in the segment.
    pub pin: u16,
    /// The items, in their order, and why.
    pub refused: Vec<(u16, Refusal)>,
}

impl Effect {
    /// What it moved, if it did.
    pub const fn moved(&self) -> Option<&Moved> {
        match self {
            Self::Moved(moved) => Some(moved),
            Self::None | Self::Promised(_) | Self::Batch(..) => None,
        }
    }

    /// The same of the pin of another place.
    pub(super) fn of_pin(self, pin: u16) -> Self {
        match self {
            Self::None => Self::None,
            Self::Moved(moved) => Self::Moved(Moved { pin, ..moved }),
            Self::Promised(promised) => Self::Promised(Promised { pin, ..promised }),
            Self::Batch(effects, batched) => {
                Self::Batch(effects.into_iter().map(|effect| effect.of_pin(pin)).collect(), Batched { pin, ..batched })
            }
        }
    }

    /// What it promised or gave back, if it did.
    pub const fn promised(&self) -> Option<&Promised> {
        match self {
            Self::Promised(promised) => Some(promised),
            Self::None | Self::Moved(_) | Self::Batch(..) => None,
        }
    }
}

impl Batched {
    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.pin.to_le_bytes());
        bytes.extend_from_slice(&u32::try_from(self.refused.len()).expect("a batch has a few thousand items").to_le_bytes());
        for (item, refusal) in &self.refused {
            bytes.extend_from_slice(&item.to_le_bytes());
            put_text(bytes, refusal.as_str());
        }
    }

    pub(super) fn read(bytes: &mut Bytes<'_>) -> Result<Self, Damaged> {
        let pin = u16::from_le_bytes(bytes.array()?);
        let count = bytes.u32()?;
        let item = |_| Ok((u16::from_le_bytes(bytes.array()?), bytes.word("refusal")?));
        Ok(Self { pin, refused: (0..count).map(item).collect::<Result<_, Damaged>>()? })
    }
}
