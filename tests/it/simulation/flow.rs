//! The dataflow of the views: in a process of the simulation, one epoch after the other; and for the judge over all of
//! history with any number of workers.

use dataflows::proof::books::{self, ROW_BYTES};
use dataflows::views::{Given, Proved, views};
use schemas::{Aggregates, Epoch};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::mpsc::channel;
use timely::WorkerConfig;
use timely::communication::allocator::Allocator;
use timely::communication::allocator::thread::Thread;
use timely::container::CapacityContainerBuilder;
use timely::dataflow::operators::{Input, Inspect, Probe};
use timely::dataflow::{InputHandle, ProbeHandle};
use timely::worker::Worker;

/// One worker in this thread.
pub(super) struct Flow {
    input: InputHandle<Epoch, CapacityContainerBuilder<Vec<Given>>>,
    probe: ProbeHandle<Epoch>,
    proved: Rc<RefCell<Vec<Proved>>>,
    worker: Worker,
}

impl Flow {
    pub(super) fn new() -> Self {
        let mut worker = Worker::new(WorkerConfig::default(), Allocator::Thread(Thread::default()), None);
        let (mut input, proved) = (InputHandle::new(), Rc::new(RefCell::new(Vec::new())));
        let out = Rc::clone(&proved);
        let probe = worker.dataflow::<Epoch, _, _>(|scope| {
            let stream = views(scope.input_from(&mut input));
            stream.inspect(move |proved| out.borrow_mut().push(proved.clone())).probe().0
        });
        Self { input, probe, proved, worker }
    }

    /// Gives it an epoch, and waits for the answer.
    pub(super) fn give(&mut self, given: Given) -> Vec<Proved> {
        let Self { input, probe, proved, worker } = self;
        let time = given.epoch();
        input.advance_to(time);
        input.send(given);
        input.advance_to(time + 1);
        worker.step_while(|| probe.less_than(&(time + 1)));
        proved.take()
    }
}

/// What epochs give with so many workers: each epoch, what does not balance, the bytes of the books at its end, and what it
/// adds to the aggregates.
pub(super) fn run(workers: usize, given: Vec<Given>) -> Vec<(Epoch, String, Vec<u8>, Aggregates)> {
    let (sender, answers) = channel();
    let ends = Mutex::new((Some(given), sender));
    let guards = timely::execute(timely::Config::process(workers), move |worker| {
        let (given, sender) = {
            let mut ends = ends.lock().expect("no worker panics while it builds");
            (if worker.index() == 0 { ends.0.take().unwrap_or_default() } else { Vec::new() }, ends.1.clone())
        };
        let mut input = InputHandle::<Epoch, CapacityContainerBuilder<Vec<Given>>>::new();
        worker.dataflow::<Epoch, _, _>(|scope| {
            views(scope.input_from(&mut input)).inspect(move |proved: &Proved| drop(sender.send(proved.clone()))).probe();
        });
        for given in given {
            input.advance_to(given.epoch());
            input.send(given);
            worker.step();
        }
    });
    drop(guards.expect("the workers start").join());
    let bytes = |proved: &Proved| {
        let mut bytes = Vec::with_capacity(proved.books.iter().flatten().count() * ROW_BYTES);
        proved.books.iter().flatten().for_each(|(subject, sum)| books::write(subject, sum, &mut bytes));
        bytes
    };
    let answer = |proved: Proved| (proved.given.epoch(), format!("{:?}", proved.imbalances), bytes(&proved), proved.aggregates);
    answers.into_iter().map(answer).collect()
}
