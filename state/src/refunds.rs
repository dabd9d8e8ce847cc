//! Payments that were given back, in part or whole. They never leave: how much may still be given back must be known for good.

use crate::bytes::{Bytes, Damaged, put_text};
use crate::table::Row;
use schemas::{AccountId, Bearer, Channel, Currency, Paid, TransactionId};

/// A payment of which something was given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refunded {
    /// The payment.
    pub id: TransactionId,
    /// Who paid.
    pub payer: AccountId,
    /// Who was paid.
    pub payee: AccountId,
    /// Of what.
    pub currency: Currency,
    /// Through which channel it came.
    pub channel: Channel,
    /// Who bore its fee.
    pub bearer: Bearer,
    /// How much was paid.
    pub amount_minor: i64,
    /// Its fee.
    pub fee_minor: i64,
    /// How much of it was given back.
    pub refunded_minor: i64,
    /// Whether the bank has taken it back.
    pub reversed: bool,
}

impl Refunded {
    /// A payment of which nothing was given back yet.
    pub const fn of(paid: &Paid) -> Self {
        Self {
            id: paid.id,
            payer: paid.payer,
            payee: paid.payee,
            currency: paid.currency,
            channel: paid.channel,
            bearer: paid.bearer,
            amount_minor: paid.amount_minor,
            fee_minor: paid.fee_minor,
            refunded_minor: 0,
            reversed: false,
        }
    }

    /// What can still be given back.
    pub const fn left_minor(&self) -> i64 {
        self.amount_minor - self.refunded_minor
    }
}

impl Row for Refunded {
    type Id = TransactionId;

    fn id(&self) -> TransactionId {
        self.id
    }

    fn write_first(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(self.id.0.as_bytes());
        bytes.extend_from_slice(self.payer.0.as_bytes());
        bytes.extend_from_slice(self.payee.0.as_bytes());
        bytes.extend_from_slice(self.currency.code().as_bytes());
        put_text(bytes, self.channel.as_str());
        put_text(bytes, self.bearer.as_str());
        for number in [self.amount_minor, self.fee_minor, self.refunded_minor] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.push(u8::from(self.reversed));
    }

    fn write_more(&self, _: &mut Vec<u8>) {}

    fn read_first(bytes: &mut Bytes<'_>) -> Result<Self, Damaged> {
        Ok(Self {
            id: TransactionId(bytes.uuid()?),
            payer: AccountId(bytes.uuid()?),
            payee: AccountId(bytes.uuid()?),
            currency: bytes.currency()?,
            channel: bytes.word("channel")?,
            bearer: bytes.word("bearer of a fee")?,
            amount_minor: bytes.i64()?,
            fee_minor: bytes.i64()?,
            refunded_minor: bytes.i64()?,
            reversed: bytes.u8()? != 0,
        })
    }

    fn read_more(&mut self, _: &mut Bytes<'_>) -> Result<(), Damaged> {
        Ok(())
    }
}
