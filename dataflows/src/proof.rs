//! The standing proof of the books: which currencies, accounts and transactions do not balance?
//!
//! In: what every posting adds. Out: a collection that stays empty.
//! 1. A currency balances when all amounts sum to zero.
//! 2. A transaction balances when its legs do.
//! 3. An account balances when its amounts sum to the newest running balance that settlement wrote down.
//!
//! **Definition.** The books are one collection whose rows are subjects and whose differences are money. A
//! difference is added up, never listed, so what is held is one sum a subject, not history; and a subject that sums
//! to nothing is held nowhere. The differences are so wide that no history overflows them.

use crate::proof::books::{Books, Subject, Sum};
use differential_dataflow::VecCollection;
use differential_dataflow::operators::CountTotal;
use differential_dataflow::operators::arrange::arrangement::arrange_core;
use differential_dataflow::operators::arrange::{Arranged, TraceAgent};
use differential_dataflow::trace::implementations::ord_neu::OrdKeyBatcher;
use schemas::{Epoch, EpochEvents, Fact};
use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::Pipeline;
use timely::dataflow::operators::vec::Map;

/// What is held, and how it is written down.
pub mod books;

/// A change of the books: what of, when, by how much.
pub type Move = (Subject, Epoch, Sum);

/// What an epoch adds to the books, in the order of its postings.
///
/// A transaction whose legs sum to zero adds nothing to its currency, so nothing is said of either; that is most of
/// what there is.
pub fn moves(epoch: &EpochEvents) -> impl Iterator<Item = Move> {
    let time = epoch.epoch();
    let transactions = epoch.events.iter().filter_map(|event| match &event.fact {
        Fact::Transaction(transaction) => Some(transaction),
        Fact::CustomerCreated(_)
        | Fact::AccountOpened(_)
        | Fact::RulesActivated { .. }
        | Fact::StatusChanged(_)
        | Fact::HoldChanged(_)
        | Fact::PolicyChanged(_)
        | Fact::BatchDecided(_)
        | Fact::OrderChanged(_)
        | Fact::AmlChanged(_)
        | Fact::ListChanged(_)
        | Fact::PartyChanged(_)
        | Fact::Diligence(_)
        | Fact::Assessed(_)
        | Fact::Refused { .. }
        | Fact::Repeated(_) => None,
    });
    let mut number = 0;
    transactions.flat_map(move |transaction| {
        let currency = transaction.amount.currency;
        let legs = transaction.postings.iter().map(|posting| i128::from(posting.amount_minor)).sum::<i128>();
        let unequal = (legs != 0).then_some([Subject::Currency(currency), Subject::Transaction(transaction.id, currency)]);
        let first = number;
        number += u32::try_from(transaction.postings.len()).expect("a transaction has a few legs");
        let accounts = (first..).zip(&transaction.postings).map(move |(number, posting)| {
            (Subject::Account(posting.account), time, Sum::posted(posting.amount_minor, (time, number), posting.balance_minor))
        });
        unequal.into_iter().flatten().map(move |subject| (subject, time, Sum::of(legs))).chain(accounts)
    })
}

/// The books of one worker: the changes that were brought to it, arranged for every reader here.
pub fn arrange<'scope>(moves: StreamVec<'scope, Epoch, Move>) -> Arranged<'scope, TraceAgent<Books>> {
    let keyed = moves.map(|(subject, epoch, sum)| ((subject, ()), epoch, sum));
    arrange_core::<_, _, OrdKeyBatcher<Subject, Epoch, Sum>, Books>(keyed, Pipeline, "books", OrdKeyBatcher::new)
}

/// What does not balance, and by how much. The operator reads the books up to the epoch before, and lets go of
/// everything older: both compaction frontiers follow.
pub fn imbalances<'scope>(books: Arranged<'scope, TraceAgent<Books>>) -> VecCollection<'scope, Epoch, (Subject, i128), isize> {
    books.count_total_core().flat_map(|(subject, sum)| {
        let difference = sum.difference_minor();
        (difference != 0).then_some((subject, difference))
    })
}
