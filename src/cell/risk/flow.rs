//! Epochs through the detection, one message an epoch.

use crate::cell::hand_on;
use crate::cell::pulse::Pulse;
use dataflows::risk::questions::Questions;
use dataflows::risk::{Found, Given};
use meters::queue;
use schemas::Epoch;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender};
use timely::dataflow::InputHandle;
use timely::dataflow::operators::{Input, Probe};

/// Runs until the source ends.
pub(super) fn run(given: Receiver<Given>, found: SyncSender<Found>, questions: Questions, pulse: &Pulse) {
    // Timely wants whatever enters its thread to be shareable, although nobody shares it.
    let ends = Mutex::new((given, found, questions, pulse.clone()));
    timely::execute_directly(move |worker| {
        let (given, found, questions, pulse) = ends.into_inner().expect("never locked");
        let mut input = InputHandle::new();
        let probe = worker.dataflow::<Epoch, _, _>(|scope| {
            let stream = dataflows::risk::risk_asked(scope.input_from(&mut input), questions);
            hand_on(stream.clone(), found, &queue::ALERT, pulse.clone());
            stream.probe().0
        });
        for next in given {
            queue::DETECT.leaves();
            pulse.works();
            let time = next.epoch();
            input.advance_to(time);
            input.send(next);
            input.advance_to(time + 1);
            worker.step_while(|| probe.less_than(&(time + 1)));
            pulse.waits();
        }
    });
}
