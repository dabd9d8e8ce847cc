//! The books at the end of an epoch, for a snapshot.
//!
//! A worker reads its own part where it lies. Until then its handle holds the epoch back from compaction; at all
//! other times the handle's two frontiers follow the input's, since one that stays behind stops all merging.

use crate::proof::books::Books;
use crate::views::gather::{Part, Piece};
use differential_dataflow::difference::{IsZero, Semigroup};
use differential_dataflow::operators::arrange::{Arranged, TraceAgent};
use differential_dataflow::trace::TraceReader;
use differential_dataflow::trace::cursor::{Cursor, cursor_list};
use schemas::Epoch;
use std::collections::BTreeMap;
use timely::container::CapacityContainerBuilder;
use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::Pipeline;
use timely::dataflow::operators::{Capability, Operator};
use timely::progress::Antichain;
use timely::progress::frontier::AntichainRef;

/// This worker's part of the books at the end of each epoch that is wanted.
pub(super) fn keep<'scope>(
    books: &Arranged<'scope, TraceAgent<Books>>,
    wanted: StreamVec<'scope, Epoch, Epoch>,
) -> StreamVec<'scope, Epoch, Part> {
    let mut trace = books.trace.clone();
    let batches = books.stream.clone();
    wanted.binary_frontier::<_, CapacityContainerBuilder<Vec<Part>>, _, _, _, _>(
        batches,
        Pipeline,
        Pipeline,
        "keep",
        move |capability, _info| {
            drop(capability);
            let mut waiting: BTreeMap<Epoch, Capability<Epoch>> = BTreeMap::new();
            move |(wanted, wanted_frontier), (batches, batches_frontier), output| {
                wanted.for_each_stamp(|stamp, epochs| {
                    let capability = stamp.retain_least(0).expect("a source stamps every epoch with its time");
                    for epoch in epochs.flat_map(std::mem::take) {
                        waiting.insert(epoch, capability.delayed(&epoch));
                    }
                });
                batches.for_each(|_, batches| batches.clear());
                while let Some(first) = waiting.first_entry() {
                    if wanted_frontier.less_equal(first.key()) || batches_frontier.less_equal(first.key()) {
                        break;
                    }
                    let (epoch, capability) = first.remove_entry();
                    output.session(&capability).give_iterator(read(&mut trace, epoch).into_iter());
                }
                let mut frontier = Antichain::new();
                frontier.extend(wanted_frontier.frontier().iter().chain(batches_frontier.frontier().iter()).copied());
                frontier.extend(waiting.keys().next().copied());
                trace.set_logical_compaction(frontier.borrow());
                trace.set_physical_compaction(frontier.borrow());
            }
        },
    )
}

fn read(trace: &mut TraceAgent<Books>, epoch: Epoch) -> Vec<Part> {
    let batches = trace.batches_through(AntichainRef::new(&[])).expect("every batch may be read");
    let (mut cursor, storage) = cursor_list(batches);
    let mut parts = Vec::new();
    while let Some(subject) = cursor.get_key(&storage) {
        let mut sum = crate::proof::books::Sum::default();
        cursor.map_times(&storage, |time, change| {
            if *time <= epoch {
                sum.plus_equals(change);
            }
        });
        if !sum.is_zero() {
            parts.push(Part { epoch, piece: Piece::Sum(*subject, sum) });
        }
        cursor.step_key(&storage);
    }
    parts
}
