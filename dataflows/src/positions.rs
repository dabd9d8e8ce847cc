//! The positions: how many accounts are there, and how much is on them, by currency, product, role and level of the holder?
//!
//! In: the accounts and the books, as collections. Out: what each epoch adds to each group. Never: what a group has in all.
//!
//! **Definition.** The accounts joined with the books: a group has every account of it, and what the books say of that
//! account. Both sides change: a payment changes what an account has, and the level of a holder takes all that the account has
//! from one group to another, whatever was paid in between. The join says both at the epoch in which they are.
//!
//! 1. An account that is not closed counts in its group.
//! 2. What the books have of an account counts there too, closed or not: the amount of a sum, times the one account that it is of.
//! 3. An epoch's changes of a group add up; what only went from one account of a group to another leaves nothing.

use crate::accounts::Accounts;
use crate::proof::books::{Books, Sum};
use differential_dataflow::VecCollection;
use differential_dataflow::difference::Multiply;
use differential_dataflow::operators::arrange::arrangement::arrange_core;
use differential_dataflow::operators::arrange::{Arranged, TraceAgent};
use differential_dataflow::trace::implementations::ord_neu::{OrdKeyBatcher, OrdKeySpine};
use schemas::{Epoch, Group};
use timely::dataflow::channels::pact::Pipeline;
use timely::dataflow::operators::Concat;
use timely::dataflow::operators::vec::Map;

/// How many accounts, and what is on them in minor units.
pub type Position = (i64, i128);

impl Multiply<isize> for Sum {
    type Output = i128;

    /// The amounts of several sums add up, so this distributes over them; where the newest balance stands does not matter here.
    fn multiply(self, accounts: &isize) -> i128 {
        let accounts = i64::try_from(*accounts).expect("an isize is at most 64 bits");
        self.amount_minor() * i128::from(accounts)
    }
}

/// What each epoch adds to every group, by the accounts and books of this worker.
///
/// As of the volume, the arrangement is there for its batcher alone: no handle of its trace is kept, so no batch is.
pub fn positions<'scope>(
    accounts: Arranged<'scope, TraceAgent<Accounts>>,
    books: Arranged<'scope, TraceAgent<Books>>,
) -> VecCollection<'scope, Epoch, Group, Position> {
    type Batches = OrdKeySpine<Group, Epoch, Position>;
    // 1.
    let counted = accounts.clone().as_collection(|_, listed| *listed).inner;
    let counted = counted.flat_map(|(listed, epoch, accounts)| {
        let accounts = i64::try_from(accounts).expect("an isize is at most 64 bits");
        (!listed.is_closed).then_some(((listed.group, ()), epoch, (accounts, 0)))
    });
    // 2.
    let amounts = books.join_core(accounts, |_, (), listed| Some(listed.group)).inner;
    let amounts = amounts.map(|(group, epoch, amount_minor)| ((group, ()), epoch, (0, amount_minor)));
    // 3.
    let added = arrange_core::<_, _, OrdKeyBatcher<Group, Epoch, Position>, Batches>(
        counted.concat(amounts),
        Pipeline,
        "positions",
        OrdKeyBatcher::new,
    );
    added.as_collection(|group, ()| *group)
}

#[cfg(test)]
pub(crate) mod tests;
