//! Proofs for whatever gives back a payment that the ledger has forgotten by now.
//!
//! In: an operation, and what the views say was paid in a minute. Out: the same operation with a proof for each such payment.
//! A payment that the views do not have gets none: there was no such payment, and the ledger says so. Never: a read where nothing
//! old is given back, so the door needs the views for nothing else.

use super::Minutes;
use schemas::proof::minute;
use schemas::{Epoch, Operation, Problem, Proof, Refund, Reverse, TransactionId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The ledger remembers a payment for seven days; a tenth of a day before, it may forget while the command is on its way.
const OLD_MS: u64 = 7 * DAY_MS - DAY_MS / 10;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Most old payments that a batch gives back: so many proofs and the largest batch fit into a record together.
const PROOFS_MAX: usize = 400;

/// The payment that is given back, and where its proof belongs.
type Place<'a> = (TransactionId, &'a mut Option<Arc<Proof>>);

/// Adds the proofs that an operation needs at this time.
pub(super) async fn attach(operation: &mut Operation, minutes: &Minutes, now_ms: Epoch) -> Result<(), Problem> {
    let items = match operation {
        Operation::Batch(batch) => batch.items.as_mut_slice(),
        single => std::slice::from_mut(single),
    };
    // Each minute is read once, whatever is given back of it.
    let mut old: BTreeMap<u64, Vec<Place<'_>>> = BTreeMap::new();
    for item in items {
        let (Operation::Refund(Refund { transaction_id, proof, .. }) | Operation::Reverse(Reverse { transaction_id, proof })) = item else {
            continue;
        };
        if let Some(epoch) = transaction_id.epoch().filter(|epoch| epoch + OLD_MS < now_ms) {
            old.entry(minute(epoch)).or_default().push((*transaction_id, proof));
        }
    }
    if old.values().map(Vec::len).sum::<usize>() > PROOFS_MAX {
        let detail = format!("at most {PROOFS_MAX} of its items may give back payments that are older than seven days");
        return Err(Problem::field("/items", detail));
    }
    for (minute, places) in old {
        let paid = minutes(minute).await?;
        for (id, proof) in places {
            *proof = Proof::of(id, &paid).map(Arc::new);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
