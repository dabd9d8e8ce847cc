//! One epoch after the other: the shape of every operator with a memory.
//!
//! An operator may see epochs in any order, and before it is certain that none earlier will come. So:
//! 1. epochs wait until the frontier has passed them;
//! 2. then each is answered, in the order of time, as a whole.

use crate::Epochs;
use schemas::Epoch;
use std::collections::BTreeMap;
use timely::container::CapacityContainerBuilder;
use timely::dataflow::channels::pact::Pipeline;
use timely::dataflow::operators::{Capability, Operator};

/// Applies `answer` to each epoch in the order of time; `epoch_of` says which epoch a message is.
pub fn in_order<'scope, D, O, E, A>(epochs: Epochs<'scope, D>, name: &str, epoch_of: E, mut answer: A) -> Epochs<'scope, O>
where
    D: Clone + 'static,
    O: Clone + 'static,
    E: Fn(&D) -> Epoch + 'static,
    A: FnMut(D) -> O + 'static,
{
    epochs.unary_frontier::<CapacityContainerBuilder<Vec<O>>, _, _, _>(Pipeline, name, move |capability, _info| {
        drop(capability);
        let mut waiting: BTreeMap<Epoch, (Capability<Epoch>, D)> = BTreeMap::new();
        move |(input, frontier), output| {
            // 1.
            input.for_each_stamp(|stamp, batches| {
                let capability = stamp.retain_least(0).expect("a source stamps every epoch with its time");
                for epoch in batches.flat_map(std::mem::take) {
                    let time = epoch_of(&epoch);
                    let twice = waiting.insert(time, (capability.delayed(&time), epoch));
                    assert!(twice.is_none(), "an epoch is one message");
                }
            });
            // 2.
            while let Some(first) = waiting.first_entry() {
                if frontier.less_equal(first.key()) {
                    break;
                }
                let (capability, epoch) = first.remove();
                output.session(&capability).give(answer(epoch));
            }
        }
    })
}
