//! What a decision has moved or promised, beside its pin: enough to give it back, and to tell it again.
//!
//! Kept with the pins and as long as they are, from version 4 of the rules on. Of what a command says itself nothing is kept here.

use crate::bytes::{Bytes, Damaged, put_text};
use schemas::{Bearer, Channel, Epoch, PaymentKind};

/// A settled transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The pin of the decision, by its place in the segment.
    pub pin: u16,
    /// The number of the transaction in the epoch of the pin.
    pub number: u32,
    /// What it was for.
    pub kind: PaymentKind,
    /// Through which channel.
    pub channel: Channel,
    /// Who bore the fee.
    pub bearer: Bearer,
    /// Who paid, by the place among the accounts.
    pub payer: u32,
    /// Who was paid.
    pub payee: u32,
    /// How much.
    pub amount_minor: i64,
    /// The fee.
    pub fee_minor: i64,
}

/// A hold that was made, or given back on demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promised {
    /// The pin of the decision, by its place in the segment.
    pub pin: u16,
    /// What the payment is for.
    pub kind: PaymentKind,
    /// Through which channel.
    pub channel: Channel,
    /// Whose money it is, by the place among the accounts.
    pub payer: u32,
    /// For whom.
    pub payee: u32,
    /// How much of the payment.
    pub amount_minor: i64,
    /// The fee with it.
    pub fee_minor: i64,
    /// When the hold ends by itself.
    pub expires_at: Epoch,
}

impl Moved {
    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.pin.to_le_bytes());
        bytes.extend_from_slice(&self.number.to_le_bytes());
        for word in [self.kind.as_str(), self.channel.as_str(), self.bearer.as_str()] {
            put_text(bytes, word);
        }
        bytes.extend_from_slice(&self.payer.to_le_bytes());
        bytes.extend_from_slice(&self.payee.to_le_bytes());
        bytes.extend_from_slice(&self.amount_minor.to_le_bytes());
        bytes.extend_from_slice(&self.fee_minor.to_le_bytes());
    }

    pub(crate) fn read(bytes: &mut Bytes<'_>) -> Result<Self, Damaged> {
        Ok(Self {
            pin: u16::from_le_bytes(bytes.array()?),
            number: bytes.u32()?,
            kind: bytes.word("operation")?,
            channel: bytes.word("channel")?,
            bearer: bytes.word("bearer of a fee")?,
            payer: bytes.u32()?,
            payee: bytes.u32()?,
            amount_minor: bytes.i64()?,
            fee_minor: bytes.i64()?,
        })
    }
}

impl Promised {
    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.pin.to_le_bytes());
        put_text(bytes, self.kind.as_str());
        put_text(bytes, self.channel.as_str());
        bytes.extend_from_slice(&self.payer.to_le_bytes());
        bytes.extend_from_slice(&self.payee.to_le_bytes());
        bytes.extend_from_slice(&self.amount_minor.to_le_bytes());
        bytes.extend_from_slice(&self.fee_minor.to_le_bytes());
        bytes.extend_from_slice(&self.expires_at.to_le_bytes());
    }

    pub(crate) fn read(bytes: &mut Bytes<'_>) -> Result<Self, Damaged> {
        Ok(Self {
            pin: u16::from_le_bytes(bytes.array()?),
            kind: bytes.word("operation")?,
            channel: bytes.word("channel")?,
            payer: bytes.u32()?,
            payee: bytes.u32()?,
            amount_minor: bytes.i64()?,
            fee_minor: bytes.i64()?,
            expires_at: bytes.u64()?,
        })
    }
}
