//! Epochs through the dataflow of the views, with any number of workers.
//!
//! The first worker is given every epoch and hands every answer on; the others take the work that is brought to them.
//! A few epochs are under way at once, so that a worker that is slow to wake up delays no other epoch.

use crate::cell::hand_on;
use crate::cell::pulse::Pulse;
use dataflows::views::{Given, Proved};
use meters::queue;
use schemas::Epoch;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError};
use timely::container::CapacityContainerBuilder;
use timely::dataflow::operators::{Input, Probe};
use timely::dataflow::{InputHandle, ProbeHandle};
use timely::worker::Worker;

/// Most epochs in the dataflow at once.
const UNDER_WAY_MAX: usize = 8;

/// Runs until the source ends. A worker that panics ends the process: the hook that every process of ours has aborts.
pub(super) fn run(workers: usize, given: Receiver<Given>, proved: SyncSender<Proved>, pulse: &Pulse) -> anyhow::Result<()> {
    let config = if workers == 1 { timely::Config::thread() } else { timely::Config::process(workers) };
    let ends = Mutex::new((Some(given), proved));
    let pulse = pulse.clone();
    let workers = timely::execute(config, move |worker| {
        let (given, proved) = {
            let mut ends = ends.lock().expect("no worker panics while it builds");
            (if worker.index() == 0 { ends.0.take() } else { None }, ends.1.clone())
        };
        let mut input = InputHandle::new();
        let probe = worker.dataflow::<Epoch, _, _>(|scope| {
            let stream = dataflows::views::views(scope.input_from(&mut input));
            hand_on(stream.clone(), proved, &queue::WRITE, pulse.clone());
            stream.probe().0
        });
        // The others only work; nothing will ever be given to them, and their input says so by ending here.
        if let Some(given) = given {
            feed(worker, &mut input, &probe, &given, &pulse);
        }
    });
    let workers = workers.map_err(|error| anyhow::anyhow!("the workers can't start: {error}"))?;
    workers.join().into_iter().try_for_each(|worker| worker.map_err(|error| anyhow::anyhow!("a worker has ended: {error}")))
}

fn feed(
    worker: &mut Worker,
    input: &mut InputHandle<Epoch, CapacityContainerBuilder<Vec<Given>>>,
    probe: &ProbeHandle<Epoch>,
    given: &Receiver<Given>,
    pulse: &Pulse,
) {
    let mut under_way: VecDeque<Epoch> = VecDeque::new();
    loop {
        let next = match given.try_recv() {
            Ok(given) => given,
            Err(TryRecvError::Disconnected) => return,
            Err(TryRecvError::Empty) => {
                finish(worker, probe, &mut under_way, 0);
                pulse.waits();
                let Ok(given) = given.recv() else { return };
                given
            }
        };
        queue::PROVE.leaves();
        pulse.works();
        let time = next.epoch();
        input.advance_to(time);
        input.send(next);
        input.advance_to(time + 1);
        under_way.push_back(time);
        finish(worker, probe, &mut under_way, UNDER_WAY_MAX - 1);
    }
}

/// Works until at most `left` epochs are under way.
fn finish(worker: &mut Worker, probe: &ProbeHandle<Epoch>, under_way: &mut VecDeque<Epoch>, left: usize) {
    while under_way.len() > left {
        let Some(first) = under_way.pop_front() else { return };
        worker.step_or_park_while(None, || probe.less_equal(&first));
    }
}
