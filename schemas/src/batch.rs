//! Batches: many operations as one command, decided one after the other in one epoch.

use crate::command::Operation;
use crate::id::{HoldId, TransactionId};
use crate::money::Unreadable;
use crate::refusal::Refusal;
use crate::word::words;

/// Most items of a batch.
pub const ITEMS_MAX: usize = 8_000;

words! {
    /// What one refused item means for the others.
    pub enum BatchMode {
        /// All of them or none: with the first that is refused, nothing has happened.
        AllOrNothing = "all_or_nothing",
        /// Each by itself.
        Independent = "independent",
    }
}

/// Many operations as one command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// What one refused item means for the others.
    pub mode: BatchMode,
    /// Whether it is only to be said what would become of them: nothing happens, and it is decided anew each time that it is asked.
    pub dry_run: bool,
    /// Payments, reservations, captures, releases, refunds and reversals; each is decided on what those before it have left.
    pub items: Vec<Operation>,
}

words! {
    /// What became of an item.
    pub enum ItemStatus {
        /// It moved money.
        Settled = "settled",
        /// A payment that was refused, which is a transaction too.
        Failed = "failed",
        /// Money is held.
        Reserved = "reserved",
        /// What was held is given back.
        Released = "released",
        /// It was refused.
        Refused = "refused",
        /// It would have been done, or was not come to: another item was refused.
        Undone = "undone",
    }
}

/// What became of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// In a word.
    pub status: ItemStatus,
    /// The transaction that was made of it; none in a dry run.
    pub transaction_id: Option<TransactionId>,
    /// The hold that was made or released.
    pub hold_id: Option<HoldId>,
    /// The fee, in minor units: charged, held, or given back.
    pub fee_minor: i64,
    /// Why not, where it was not done.
    pub refusal: Option<Refusal>,
}

/// A batch as decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchDecided {
    /// What one refused item meant for the others.
    pub mode: BatchMode,
    /// Whether nothing of it has happened because nothing was meant to.
    pub dry_run: bool,
    /// What became of each item, in their order.
    pub outcomes: Vec<Outcome>,
}

impl Batch {
    /// The operation's name: a dry run has one of its own, so that its key can be that of the batch.
    pub const fn operation(&self) -> &'static str {
        if self.dry_run { "batch_dry_run" } else { "batch" }
    }

    /// Whether it has as many items as it may, each of a kind that it may have and of the form that it should have.
    pub fn check(&self) -> Result<(), Unreadable> {
        if !(1..=ITEMS_MAX).contains(&self.items.len()) {
            return Err(Unreadable::new("batch", &format!("{} items", self.items.len()), "1 to 8000 items"));
        }
        for item in &self.items {
            let fits = matches!(
                item,
                Operation::Pay(_)
                    | Operation::Reserve(_)
                    | Operation::Capture(_)
                    | Operation::Release(_)
                    | Operation::Refund(_)
                    | Operation::Reverse(_)
            );
            if !fits {
                let form = "a payment, a reservation, a capture, a release, a refund or a reversal";
                return Err(Unreadable::new("item of a batch", item.name(), form));
            }
            item.check()?;
        }
        Ok(())
    }
}

impl Outcome {
    /// An item of which nothing came.
    pub const fn without(status: ItemStatus, refusal: Option<Refusal>) -> Self {
        Self { status, transaction_id: None, hold_id: None, fee_minor: 0, refusal }
    }
}

impl BatchDecided {
    /// The first item that undid all others, and why; none if what could be done was done.
    pub fn undone_by(&self) -> Option<(usize, Refusal)> {
        if self.mode == BatchMode::Independent {
            return None;
        }
        self.outcomes.iter().enumerate().find_map(|(place, outcome)| outcome.refusal.map(|refusal| (place, refusal)))
    }
}
