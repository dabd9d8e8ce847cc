//! The views: what is to be written of each epoch?
//!
//! In: committed epochs, whole, to one worker; first, after a restart, the books and accounts as they stood. Out, at that worker,
//! in the order of time: each epoch with what the proof of the books found in it, what it adds to the aggregates and,
//! where it was asked for, the books at its end. Never: an epoch of which a worker has seen only a part.
//!
//! 1. An epoch's changes are brought to the workers, by what they are added to.
//! 2. Each worker keeps its part of the books and of the accounts, says what does not balance, and adds up its part of the
//!    aggregates. Books and accounts lie by the same subjects, so what reads both finds both in one place.
//! 3. Each worker counts the changes that it has taken: the seal.
//! 4. Everything comes back to the first worker, which waits until the frontier has passed the epoch, checks the seal
//!    against the epoch itself, and puts what it got into one order. So the answer is the same for any number.

use crate::Epochs;
use crate::accounts::{self, Told};
use crate::proof::books::{self, Subject, Sum};
use crate::proof::{self, Move};
use crate::views::gather::{Part, Piece};
use crate::{liabilities, positions, turnover, volume};
use schemas::{Aggregates, Epoch, EpochEvents};
use std::sync::Arc;
use timely::dataflow::operators::Concatenate;
use timely::dataflow::operators::core::Exchange;
use timely::dataflow::operators::vec::{Broadcast, Map};

mod gather;
mod keep;

/// What the first worker is given. Cheap to copy.
#[derive(Clone, Debug)]
pub enum Given {
    /// The books and the accounts as they stood at the end of an epoch; before any epoch, if at all.
    Standing(Epoch, Arc<Standing>),
    /// An epoch.
    Epoch {
        /// What happened.
        events: Arc<EpochEvents>,
        /// Whether the books at its end are wanted.
        keep: bool,
    },
}

/// What stands at the end of an epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The books.
    pub books: Vec<(Subject, Sum)>,
    /// The levels of customers, then the accounts that are not closed.
    pub accounts: Vec<Told>,
}

impl Given {
    /// When it is.
    pub fn epoch(&self) -> Epoch {
        match self {
            Self::Standing(epoch, _) => *epoch,
            Self::Epoch { events, .. } => events.epoch(),
        }
    }

    fn moves(&self) -> Vec<Move> {
        match self {
            Self::Standing(epoch, standing) => standing.books.iter().map(|(subject, sum)| (*subject, *epoch, *sum)).collect(),
            Self::Epoch { events, .. } => proof::moves(events).collect(),
        }
    }

    fn told(&self) -> Vec<accounts::Change> {
        match self {
            Self::Standing(epoch, standing) => (0..).zip(&standing.accounts).map(|(number, told)| (*told, *epoch, number)).collect(),
            Self::Epoch { events, .. } => accounts::changes(events).collect(),
        }
    }

    /// What adds to the aggregates. What stands brings nothing: it was counted before.
    fn events(&self) -> Option<&EpochEvents> {
        match self {
            Self::Standing(..) => None,
            Self::Epoch { events, .. } => Some(events),
        }
    }

    fn counted(&self) -> Vec<volume::Change> {
        self.events().map(|events| volume::changes(events).collect()).unwrap_or_default()
    }

    fn turned(&self) -> Vec<turnover::Change> {
        self.events().map(|events| turnover::changes(events).collect()).unwrap_or_default()
    }

    fn held(&self) -> Vec<liabilities::Change> {
        self.events().map(|events| liabilities::changes(events).collect()).unwrap_or_default()
    }

    /// How many changes the workers are to take.
    fn len(&self) -> usize {
        match self {
            Self::Standing(_, standing) => standing.books.len() + standing.accounts.len(),
            Self::Epoch { events, .. } => {
                let (moves, told) = (proof::moves(events).count(), accounts::changes(events).count());
                moves + told + volume::len(events) + turnover::len(events) + liabilities::len(events)
            }
        }
    }
}

/// Something that does not balance any more (1), or balances again (-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Imbalance {
    /// What.
    pub subject: Subject,
    /// By how much.
    pub difference_minor: i128,
    /// Since when.
    pub epoch: Epoch,
    /// Said, or taken back.
    pub diff: i64,
}

/// An epoch and what the proof says of it.
#[derive(Clone, Debug)]
pub struct Proved {
    /// What was given.
    pub given: Given,
    /// What changed in the proof, by subject.
    pub imbalances: Vec<Imbalance>,
    /// What it adds to the aggregates.
    pub aggregates: Aggregates,
    /// The books at the end of the epoch, by subject, if they were wanted.
    pub books: Option<Vec<(Subject, Sum)>>,
}

/// The whole dataflow; every worker builds it, and only the first is given anything.
pub fn views<'scope>(given: Epochs<'scope, Given>) -> Epochs<'scope, Proved> {
    // 1.
    let moves = given.clone().flat_map(|given| given.moves()).exchange(|(subject, ..): &Move| books::route(subject));
    let counted = given.clone().flat_map(|given| given.counted()).exchange(|(bucket, ..): &volume::Change| volume::route(bucket));
    let turned = given.clone().flat_map(|given| given.turned()).exchange(|(side, ..): &turnover::Change| turnover::route(side));
    let told = given.clone().flat_map(|given| given.told()).exchange(|(told, ..): &accounts::Change| accounts::route(told));
    let held = given.clone().flat_map(|given| given.held()).exchange(|(currency, ..): &liabilities::Change| liabilities::route(currency));
    // 2.
    let books = proof::arrange(moves.clone());
    let accounts = accounts::arrange(told.clone());
    let wanted = given.clone().flat_map(|given| match given {
        Given::Epoch { events, keep: true } => Some(events.epoch()),
        Given::Epoch { keep: false, .. } | Given::Standing(..) => None,
    });
    let kept = keep::keep(&books, wanted.broadcast());
    let positions = positions::positions(accounts, books.clone());
    let liabilities = liabilities::liabilities(positions.clone(), held.clone()).inner;
    let liabilities = liabilities.map(|(currency, epoch, sum)| Part { epoch, piece: Piece::Owed(currency, sum) });
    let positions = positions.inner.map(|(group, epoch, sum)| Part { epoch, piece: Piece::Position(group, sum) });
    let imbalances = proof::imbalances(books).inner.map(|((subject, difference_minor), epoch, diff)| {
        let diff = i64::try_from(diff).expect("an isize is at most 64 bits");
        Part { epoch, piece: Piece::Imbalance(subject, difference_minor, diff) }
    });
    let volume = volume::volume(counted.clone()).inner;
    let volume = volume.map(|(bucket, epoch, sum)| Part { epoch, piece: Piece::Counted(bucket, sum) });
    let turnover = turnover::turnover(turned.clone()).inner;
    let turnover = turnover.map(|(side, epoch, sum)| Part { epoch, piece: Piece::Turned(side, sum) });
    // 3.
    let seals = [gather::count(moves), gather::count(counted), gather::count(turned), gather::count(told), gather::count(held)];
    // 4.
    let said = [kept, imbalances, volume, turnover, positions, liabilities];
    let parts = given.scope().concatenate(said.into_iter().chain(seals));
    gather::gather(given, parts)
}

#[cfg(test)]
pub(crate) mod tests;
