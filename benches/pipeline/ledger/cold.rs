//! `cold_pin_us`: what a decision costs that needs one of before which the disk alone has: a payment of before is reversed.
//!
//! All payments that the ledger still has in memory but for the newest go to the disk, as they do after a snapshot. Those that are reversed
//! are a thousand apart, so each is in a page that nobody has read, of a file that the kernel most likely still has in its memory.

use super::Books;
use anyhow::ensure;
use egress::snapshots::Store;
use orion::cell::snapshots::OnDisk;
use schemas::{Fact, Operation, Reverse, TransactionId};
use state::pins::{Cold, Full, Pages};
use std::path::Path;
use std::sync::Arc;

/// Lets the ledger go of all that need not be in memory.
pub(super) fn shelve(books: &mut Books, folder: &Path) -> anyhow::Result<()> {
    let store = Store::open(folder)?;
    let (shelf, frozen) = (Pages::on(OnDisk(store.clone())), books.ledger.freeze());
    let mut on_shelf = Vec::new();
    for (number, segment) in frozen.old() {
        let Full::Warm(segment) = segment else { continue };
        let bytes = segment.write();
        let part = store.write_part(&bytes)?;
        on_shelf.push((number, Arc::new(Cold::of(&bytes, &part, &shelf)?)));
    }
    books.ledger.shelve(on_shelf);
    Ok(())
}

/// Reverses these payments; how many microseconds each took.
pub(super) fn reverse(books: &mut Books, payments: &[TransactionId]) -> anyhow::Result<f64> {
    let reverse = |id: &TransactionId| Operation::Reverse(Reverse { transaction_id: *id, proof: None });
    let (output, took) = books.decide(payments.iter().map(reverse).collect(), None);
    let reversed = |fact: &Fact| matches!(fact, Fact::Transaction(transaction) if transaction.refusal.is_none());
    let other = output.events.iter().find(|event| !reversed(&event.fact));
    ensure!(other.is_none(), "not reversed: {other:?}");
    Ok(took.as_secs_f64() * 1e6 / f64::from(u32::try_from(payments.len())?))
}
