//! Open holds: what is promised, to whom, and until when.
//!
//! A hold lies in a slot of a table. When it ends the slot is free, and the next hold takes the lowest free one: so which hold lies where
//! follows from what was decided, in every process alike, and memory is bounded by the most holds that were ever open at once.

use crate::bytes::{Bytes, Damaged, put_text};
use crate::index::Entries;
use crate::table::{Row, Rows};
use schemas::{
    AccountId, Bearer, Cause, Channel, CommandId, Currency, Epoch, HoldChange, HoldChanged, HoldId, Money, PaymentKind, Position,
};
use std::collections::BTreeSet;

/// Most holds that expire in one epoch.
const EXPIRED_MAX: usize = 4096;

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

/// All open holds, and the slots of those that ended.
#[derive(Clone, Debug, Default)]
pub struct Holds {
    slots: Rows<Hold>,
    by_id: Entries<u32>,
    free: BTreeSet<u32>,
    /// When each ends, in the order in which they do.
    ends: BTreeSet<(Epoch, HoldId)>,
}

impl Holds {
    /// These slots; none if a hold is open in two of them.
    pub fn of(slots: Vec<Hold>) -> Option<Self> {
        let mut holds = Self::default();
        for (slot, hold) in (0..).zip(slots) {
            if !hold.open {
                holds.free.insert(slot);
            } else if holds.slot(hold.id).is_some() {
                return None;
            } else {
                holds.by_id_insert(slot, &hold);
            }
            holds.slots.push(hold);
        }
        Some(holds)
    }

    /// The open hold of this id.
    pub fn get(&self, id: HoldId) -> Option<&Hold> {
        self.slot(id).map(|slot| self.slots.get(slot))
    }

    /// Adds a hold, which is new and open.
    pub fn open(&mut self, hold: Hold) {
        match self.free.pop_first() {
            Some(slot) => {
                self.by_id_insert(slot, &hold);
                *self.slots.get_mut(slot) = hold;
            }
            None => {
                let slot = u32::try_from(self.slots.len()).expect("four billion holds do not fit into memory");
                self.by_id_insert(slot, &hold);
                self.slots.push(hold);
            }
        }
    }

    /// Notes what was captured of an open hold, and ends it where nothing is left or nothing more is to come.
    pub fn capture(&mut self, id: HoldId, amount_minor: i64, last: bool) -> &Hold {
        let slot = self.slot(id).expect("the hold was found by the checks");
        let hold = self.slots.get_mut(slot);
        hold.captured_minor += amount_minor;
        if last || hold.left_minor() == 0 {
            self.end(slot);
        }
        self.slots.get(slot)
    }

    /// Ends an open hold.
    pub fn close(&mut self, id: HoldId) -> &Hold {
        let slot = self.slot(id).expect("the hold was found by the checks");
        self.end(slot);
        self.slots.get(slot)
    }

    /// Those that end by themselves up to `epoch`, the earliest first, as many as an epoch takes.
    pub fn expired(&self, epoch: Epoch) -> Vec<HoldId> {
        self.ends.iter().take_while(|(ends, _)| *ends <= epoch).take(EXPIRED_MAX).map(|(_, id)| *id).collect()
    }

    /// How many are open.
    pub const fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether none is.
    pub const fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Every open hold, by slot.
    pub fn iter(&self) -> impl Iterator<Item = &Hold> {
        self.slots.iter().filter(|hold| hold.open)
    }

    /// The slots of this moment.
    pub fn freeze(&self) -> Rows<Hold> {
        self.slots.clone()
    }

    fn slot(&self, id: HoldId) -> Option<u32> {
        self.by_id.get(&id, |slot| self.slots.get(*slot).id == id).copied()
    }

    fn by_id_insert(&mut self, slot: u32, hold: &Hold) {
        let Self { slots, by_id, ends, .. } = self;
        // The slot itself still holds what was there before.
        by_id.insert(hold.id, slot, |other| if *other == slot { hold.id } else { slots.get(*other).id });
        ends.insert((hold.expires_at, hold.id));
    }

    fn end(&mut self, slot: u32) {
        let hold = self.slots.get_mut(slot);
        hold.open = false;
        let (id, expires_at) = (hold.id, hold.expires_at);
        self.by_id.remove(&id, |other| *other == slot);
        self.ends.remove(&(expires_at, id));
        self.free.insert(slot);
    }
}
