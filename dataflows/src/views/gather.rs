//! Everything that the workers say of an epoch, in one place and one order.

use crate::Epochs;
use crate::proof::books::{Subject, Sum};
use crate::views::{Given, Imbalance, Proved};
use crate::{active, liabilities, positions, turnover, volume};
use differential_dataflow::difference::{IsZero, Semigroup};
use schemas::{Aggregates, Balances, Bucket, Currency, Epoch, Group, Liability, Side, Turnover, Volume};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use timely::container::CapacityContainerBuilder;
use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::{Exchange, Pipeline};
use timely::dataflow::operators::{Capability, Operator};

/// What one worker says of an epoch. The epoch is its own: a batch of several carries the earliest.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) epoch: Epoch,
    pub(super) piece: Piece,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Piece {
    /// How many changes it has taken.
    Seal(usize),
    /// What does not balance, by how much; said or taken back.
    Imbalance(Subject, i128, i64),
    /// What a bucket of the volume gets.
    Counted(Bucket, volume::Sum),
    /// What an account gets.
    Turned(Side, turnover::Sum),
    /// What a group of accounts gets.
    Position(Group, positions::Position),
    /// What is owed more, and held.
    Owed(Currency, liabilities::Owed),
    /// What a subject adds up to.
    Sum(Subject, Sum),
}

/// How many changes of each epoch have come to this worker, once no more can.
pub(super) fn count<'scope, D: Clone + 'static, R: Clone + 'static>(
    changes: StreamVec<'scope, Epoch, (D, Epoch, R)>,
) -> StreamVec<'scope, Epoch, Part> {
    changes.unary_frontier::<CapacityContainerBuilder<Vec<Part>>, _, _, _>(Pipeline, "seal", move |capability, _info| {
        drop(capability);
        let mut counts: BTreeMap<Epoch, (Capability<Epoch>, usize)> = BTreeMap::new();
        move |(input, frontier), output| {
            input.for_each_stamp(|stamp, batches| {
                let capability = stamp.retain_least(0).expect("a source stamps every epoch with its time");
                for (_, epoch, _) in batches.flat_map(std::mem::take) {
                    counts.entry(epoch).or_insert_with(|| (capability.delayed(&epoch), 0)).1 += 1;
                }
            });
            while let Some(first) = counts.first_entry() {
                if frontier.less_equal(first.key()) {
                    break;
                }
                let (epoch, (capability, count)) = first.remove_entry();
                output.session(&capability).give(Part { epoch, piece: Piece::Seal(count) });
            }
        }
    })
}

#[derive(Default)]
struct Gathered {
    given: Option<(Capability<Epoch>, Given)>,
    taken: usize,
    imbalances: BTreeMap<(Subject, i128), i64>,
    volume: BTreeMap<Bucket, volume::Sum>,
    turnover: BTreeMap<Side, turnover::Sum>,
    positions: BTreeMap<Group, positions::Position>,
    liabilities: BTreeMap<Currency, liabilities::Owed>,
    books: BTreeMap<Subject, Sum>,
}

/// Waits for all parts of an epoch, and hands it on.
pub(super) fn gather<'scope>(given: Epochs<'scope, Given>, parts: StreamVec<'scope, Epoch, Part>) -> Epochs<'scope, Proved> {
    let to_first = Exchange::new(|_: &Part| 0);
    given.binary_frontier::<_, CapacityContainerBuilder<Vec<Proved>>, _, _, _, _>(
        parts,
        Pipeline,
        to_first,
        "gather",
        move |capability, _info| {
            drop(capability);
            let mut waiting: BTreeMap<Epoch, Gathered> = BTreeMap::new();
            move |(given, given_frontier), (parts, parts_frontier), output| {
                given.for_each_stamp(|stamp, batches| {
                    let capability = stamp.retain_least(0).expect("a source stamps every epoch with its time");
                    for given in batches.flat_map(std::mem::take) {
                        let epoch = given.epoch();
                        let twice = waiting.entry(epoch).or_default().given.replace((capability.delayed(&epoch), given));
                        assert!(twice.is_none(), "epoch {epoch} is one message");
                    }
                });
                parts.for_each_stamp(|_, batches| {
                    for Part { epoch, piece } in batches.flat_map(std::mem::take) {
                        waiting.entry(epoch).or_default().add(piece);
                    }
                });
                while let Some(first) = waiting.first_entry() {
                    if given_frontier.less_equal(first.key()) || parts_frontier.less_equal(first.key()) {
                        break;
                    }
                    let (epoch, gathered) = first.remove_entry();
                    let (capability, proved) = gathered.prove(epoch);
                    output.session(&capability).give(proved);
                }
            }
        },
    )
}

impl Gathered {
    fn add(&mut self, piece: Piece) {
        match piece {
            Piece::Seal(taken) => self.taken += taken,
            Piece::Imbalance(subject, difference_minor, diff) => *self.imbalances.entry((subject, difference_minor)).or_default() += diff,
            Piece::Counted(bucket, sum) => self.volume.entry(bucket).or_default().plus_equals(&sum),
            Piece::Turned(side, sum) => self.turnover.entry(side).or_default().plus_equals(&sum),
            Piece::Position(group, sum) => self.positions.entry(group).or_default().plus_equals(&sum),
            Piece::Owed(currency, sum) => self.liabilities.entry(currency).or_default().plus_equals(&sum),
            Piece::Sum(subject, sum) => assert!(self.books.insert(subject, sum).is_none(), "a subject belongs to one worker"),
        }
    }

    /// The frontier also passes what somebody dropped, so the epoch itself says how much there must be.
    fn prove(self, epoch: Epoch) -> (Capability<Epoch>, Proved) {
        let (capability, given) = self.given.unwrap_or_else(|| panic!("parts of epoch {epoch} came without it"));
        assert_eq!(self.taken, given.len(), "epoch {epoch} is not whole: the workers took another number of changes");
        let said = self.imbalances.into_iter().filter(|(_, diff)| *diff != 0);
        let imbalances = said.map(|((subject, difference_minor), diff)| Imbalance { subject, difference_minor, epoch, diff }).collect();
        let volume = |(bucket, (count, amount_minor, fee_minor))| Volume { bucket, count, amount_minor, fee_minor };
        let turnover = |(side, (count, amount_minor))| Turnover { side, count, amount_minor };
        let position = |(group, (accounts, balance_minor))| Balances { group, accounts, balance_minor };
        let liability = |(currency, (owed_minor, held_minor))| Liability { currency, owed_minor, held_minor };
        // What only went from one account to another leaves nothing, on whichever workers the two are.
        let aggregates = Aggregates {
            volume: self.volume.into_iter().map(volume).collect(),
            turnover: self.turnover.into_iter().map(turnover).collect(),
            positions: self.positions.into_iter().filter(|(_, sum)| !sum.is_zero()).map(position).collect(),
            liabilities: self.liabilities.into_iter().filter(|(_, sum)| !sum.is_zero()).map(liability).collect(),
            active: given.events().map(active::active).unwrap_or_default(),
            // Counted by whoever read the records: an event does not say when its command was appended.
            latency: given.events().map(|events| events.waited.clone()).unwrap_or_default(),
        };
        let books = matches!(given, Given::Epoch { keep: true, .. }).then(|| self.books.into_iter().collect());
        (capability, Proved { given, imbalances, aggregates, books })
    }
}
