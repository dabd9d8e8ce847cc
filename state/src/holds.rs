//! Open holds: what is promised, to whom, and until when.

use crate::bytes::{Bytes, Damaged, put_text};
use crate::slots::{Ends, Slots};
use crate::table::Row;
use schemas::{
    AccountId, Bearer, Cause, Channel, CommandId, Currency, Epoch, HoldChange, HoldChanged, HoldId, Money, PaymentKind, Position,
};

/// Most holds that expire in one epoch.
pub(crate) const EXPIRED_MAX: usize = 4096;

/// All open holds.
pub type Holds = Slots<Hold>;

/// A hold, open or ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Its id, which tells when it was made.
    pub id: HoldId,
    /// The command that made it.
    pub command_id: CommandId,
    /// Where that command stands in the log.
    pub position: Position,
    /// What the payment is for.
    pub kind: PaymentKind,
    /// Through which channel it came.
    pub channel: Channel,
    /// Who bears the fee.
    pub bearer: Bearer,
    /// Whose money is held.
    pub payer: AccountId,
    /// For whom.
    pub payee: AccountId,
    /// Of what.
    pub currency: Currency,
    /// How much was reserved.
    pub amount_minor: i64,
    /// How much of it was captured.
    pub captured_minor: i64,
    /// The fee for all of it.
    pub fee_minor: i64,
    /// When it ends by itself.
    pub expires_at: Epoch,
    /// Whether somebody has to look at the payment before it is made.
    pub review: bool,
    /// Whether something is held.
    pub open: bool,
}

impl Hold {
    /// What is not captured yet.
    pub const fn left_minor(&self) -> i64 {
        self.amount_minor - self.captured_minor
    }

    /// The fee of a capture that is the next: the share of all that is captured then, less that of all before, rounded down.
    pub fn share_minor(&self, amount_minor: i64) -> i64 {
        self.share_of(self.captured_minor + amount_minor) - self.share_of(self.captured_minor)
    }

    /// What of the fee is held with what is left; nothing where the payee bears it.
    pub fn held_fee_minor(&self) -> i64 {
        match self.bearer {
            Bearer::Payer => self.fee_minor - self.share_of(self.captured_minor),
            Bearer::Payee => 0,
        }
    }

    /// A change of it as it is told.
    pub fn told(&self, change: HoldChange, amount_minor: i64, fee_minor: i64) -> HoldChanged {
        HoldChanged {
            id: self.id,
            change,
            kind: self.kind,
            channel: self.channel,
            account_debit: self.payer,
            account_credit: self.payee,
            amount: Money { minor: amount_minor, currency: self.currency },
            fee_minor,
            open: self.open,
            expires_at: self.expires_at,
        }
    }

    /// The cause of what happens to it by itself: the command that made it.
    pub fn cause(&self) -> Cause {
        Cause { command_id: self.command_id, position: self.position, traceparent: String::new() }
    }

    fn share_of(&self, captured_minor: i64) -> i64 {
        let share = i128::from(self.fee_minor) * i128::from(captured_minor) / i128::from(self.amount_minor);
        i64::try_from(share).expect("a share is no more than the fee")
    }
}

impl Row for Hold {
    type Id = HoldId;

    fn id(&self) -> HoldId {
        self.id
    }

    fn write_first(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(self.id.0.as_bytes());
        bytes.extend_from_slice(self.command_id.0.as_bytes());
        bytes.extend_from_slice(&self.position.partition.to_le_bytes());
        bytes.extend_from_slice(&self.position.offset.to_le_bytes());
        for word in [self.kind.as_str(), self.channel.as_str(), self.bearer.as_str()] {
            put_text(bytes, word);
        }
        bytes.extend_from_slice(self.payer.0.as_bytes());
        bytes.extend_from_slice(self.payee.0.as_bytes());
        bytes.extend_from_slice(self.currency.code().as_bytes());
        for number in [self.amount_minor, self.captured_minor, self.fee_minor] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(&self.expires_at.to_le_bytes());
        bytes.push(u8::from(self.open));
        // Others take the bytes that they took before there were reviews.
        if self.review {
            bytes.push(1);
        }
    }

    fn write_more(&self, _: &mut Vec<u8>) {}

    fn read_first(bytes: &mut Bytes<'_>) -> Result<Self, Damaged> {
        let hold = Self {
            id: HoldId(bytes.uuid()?),
            command_id: CommandId(bytes.uuid()?),
            position: Position { partition: i32::from_le_bytes(bytes.array()?), offset: bytes.i64()? },
            kind: bytes.word("operation")?,
            channel: bytes.word("channel")?,
            bearer: bytes.word("bearer of a fee")?,
            payer: AccountId(bytes.uuid()?),
            payee: AccountId(bytes.uuid()?),
            currency: bytes.currency()?,
            amount_minor: bytes.i64()?,
            captured_minor: bytes.i64()?,
            fee_minor: bytes.i64()?,
            expires_at: bytes.u64()?,
            open: bytes.u8()? != 0,
            review: !bytes.is_empty() && bytes.u8()? != 0,
        };
        if hold.amount_minor <= 0 || !(0..=hold.amount_minor).contains(&hold.captured_minor) || hold.fee_minor < 0 {
            return Err(Damaged::new("a hold is of an amount that can't be"));
        }
        Ok(hold)
    }

    fn read_more(&mut self, _: &mut Bytes<'_>) -> Result<(), Damaged> {
        Ok(())
    }
}

impl Ends for Hold {
    fn is_open(&self) -> bool {
        self.open
    }

    fn ends(&self) -> Epoch {
        self.expires_at
    }

    fn end(&mut self) {
        self.open = false;
    }
}

impl Holds {
    /// Notes what was captured of an open hold, and ends it where nothing is left or nothing more is to come.
    pub fn capture(&mut self, id: HoldId, amount_minor: i64, last: bool) -> &Hold {
        let hold = self.get_mut(id);
        hold.captured_minor += amount_minor;
        if last || hold.left_minor() == 0 { self.close(id) } else { self.get(id).expect("it is open still") }
    }
}
