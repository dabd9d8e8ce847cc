//! Settlement: each command, once, in log order, against the ledger.
//!
//! In: epochs with their commands. Out: the same epochs with their decisions, and now and then the ledger. Never: a decision that depends
//! on when or in what order epochs arrived; an epoch that holds less than its binding says.

use crate::Epochs;
use crate::in_order::in_order;
use schemas::{Bound, Cause, DeadLetter, EpochInput, EpochOutput};
use state::{AHEAD, Ahead, Frozen, Ledger, Sizes};

/// A decided epoch.
#[derive(Clone, Debug)]
pub struct Decided {
    /// What was decided.
    pub output: EpochOutput,
    /// The version of the rules that decides the next epoch.
    pub next_rules: u32,
    /// How much the ledger keeps after it.
    pub sizes: Sizes,
    /// The ledger after it, if it was asked for.
    pub frozen: Option<Frozen>,
}

/// Decides every command of every epoch, in the order of time; `due` says after which epochs the ledger is frozen, and `before` each epoch
/// it may let go of what is on a disk.
pub fn settle<'scope>(
    epochs: Epochs<'scope, EpochInput>,
    mut ledger: Ledger,
    mut due: impl FnMut(&EpochInput) -> bool + 'static,
    mut before: impl FnMut(&mut Ledger) + 'static,
) -> Epochs<'scope, Decided> {
    let settle = move |epoch| {
        before(&mut ledger);
        let freeze = due(&epoch);
        let output = decide(epoch, &mut ledger);
        Decided { output, next_rules: ledger.next_rules(), sizes: ledger.sizes(), frozen: freeze.then(|| ledger.freeze()) }
    };
    in_order(epochs, "settle", |epoch| epoch.binding.epoch, settle)
}

/// Decides an epoch.
pub fn decide(epoch: EpochInput, ledger: &mut Ledger) -> EpochOutput {
    let bound: usize = epoch.binding.inputs.iter().map(|input| usize::try_from(input.count).expect("a u32 fits a usize")).sum();
    assert_eq!(epoch.commands.len(), bound, "epoch {} is not whole", epoch.binding.epoch);

    let waited = epoch.waited();
    let mut events = Vec::with_capacity(bound);
    ledger.begin(epoch.binding.epoch, epoch.binding.code_version, &mut events);
    let mut dead_letters = Vec::new();
    let mut commands = epoch.commands;
    let mut ahead = Ahead::default();
    for commands in commands.chunks_mut(AHEAD) {
        ledger.look_ahead(commands.iter().filter_map(|bound| bound.command.as_ref().ok()), &mut ahead);
        let mut number = 0;
        for Bound { position, traceparent, command, appended_ms: _ } in commands {
            let (position, traceparent) = (*position, std::mem::take(traceparent));
            match command {
                Ok(asked) => {
                    let near = ahead.near(number);
                    number += 1;
                    ledger.apply_near(Cause { command_id: asked.id(), position, traceparent }, asked, near, &mut events);
                }
                Err(record) => dead_letters.push(DeadLetter { position, traceparent, record: std::mem::take(record) }),
            }
        }
    }
    let pinned = u64::try_from(ledger.pinned()).expect("what is in memory fits a u64");
    EpochOutput { binding: epoch.binding, events, dead_letters, pinned, waited, committed: epoch.committed }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::{
        Asked, Authority, Binding, Command, CreateCustomer, CustomerId, Epoch, Input, Malformed, OpenAccount, Operation, Position,
        Principal,
    };
    use timely::dataflow::InputHandle;
    use timely::dataflow::operators::{Input as _, Inspect, Probe};

    fn bound(offset: i64, operation: Option<Operation>) -> Bound {
        let principal = Principal { subject: "teller".to_owned(), authority: Authority::Operator };
        let command = |operation| Asked::of(Command { principal, idempotency_key: offset.to_string(), received_ms: 0, operation });
        let malformed = Malformed { key: None, value: Some(b"junk".to_vec()), reason: "junk".to_owned() };
        Bound {
            position: Position { partition: 0, offset },
            traceparent: String::new(),
            appended_ms: None,
            command: operation.map(command).ok_or(malformed),
        }
    }

    fn epoch(epoch: Epoch, commands: Vec<Bound>) -> EpochInput {
        let count = u32::try_from(commands.len()).unwrap();
        let inputs = vec![Input { topic: "log".to_owned(), partition: 0, upper: 0, count }];
        EpochInput { binding: Binding { epoch, generation: 1, code_version: 1, inputs }, commands, committed: None }
    }

    fn create() -> Option<Operation> {
        Some(Operation::CreateCustomer(CreateCustomer { full_name: "Awa Diop".to_owned(), msisdn: None, country: None }))
    }

    fn open(customer_id: CustomerId) -> Option<Operation> {
        Some(Operation::OpenAccount(OpenAccount {
            customer_id,
            account_type: schemas::AccountType::Wallet,
            role: schemas::Role::Customer,
            currency: schemas::Currency::XOF,
        }))
    }

    #[test]
    fn order_is_time_not_arrival() {
        let epochs = [
            epoch(10, vec![bound(0, create()), bound(1, None)]),
            epoch(11, vec![bound(2, open(CustomerId::mint(10, 0))), bound(3, open(CustomerId::mint(11, 0)))]),
            epoch(20, vec![bound(4, create())]),
        ];
        let mut ledger = Ledger::default();
        let expected: Vec<_> = epochs.iter().cloned().map(|epoch| decide(epoch, &mut ledger)).collect();
        assert_eq!(expected[0].dead_letters.len(), 1);
        assert!(matches!(expected[1].events[0].fact, schemas::Fact::AccountOpened(_)));
        assert!(matches!(expected[1].events[1].fact, schemas::Fact::Refused { .. }));
        assert_eq!(expected.iter().map(|epoch| epoch.pinned).collect::<Vec<_>>(), [1, 3, 4]);

        let (sender, receiver) = std::sync::mpsc::channel();
        timely::execute_directly(move |worker| {
            let mut input = InputHandle::new();
            let probe = worker.dataflow::<Epoch, _, _>(|scope| {
                let due = |epoch: &EpochInput| epoch.binding.epoch == 11;
                let decided = settle(scope.input_from(&mut input), Ledger::default(), due, |_| {});
                decided.inspect(move |epoch| sender.send(epoch.clone()).unwrap()).probe().0
            });
            // All at one capability, the last first: the operator restores the order.
            input.advance_to(10);
            let [first, second, third] = epochs;
            for epoch in [third, first, second] {
                input.send(epoch);
            }
            input.advance_to(21);
            worker.step_while(|| probe.less_than(&21));
        });
        let decided: Vec<_> = receiver.into_iter().collect();
        assert_eq!(decided.iter().map(|epoch| epoch.output.binding.epoch).collect::<Vec<_>>(), [10, 11, 20]);
        assert_eq!(
            decided.iter().map(|epoch| epoch.frozen.as_ref().map(|frozen| frozen.epoch)).collect::<Vec<_>>(),
            [None, Some(11), None]
        );
        let sizes = decided.iter().map(|epoch| (epoch.sizes.customers, epoch.sizes.accounts, epoch.sizes.holds, epoch.sizes.orders));
        assert_eq!(sizes.collect::<Vec<_>>(), [(1, 0, 0, 0), (1, 1, 0, 0), (2, 1, 0, 0)]);
        for (Decided { output, .. }, expected) in decided.iter().zip(&expected) {
            assert_eq!(output.events, expected.events);
            assert_eq!(output.dead_letters, expected.dead_letters);
        }
    }

    #[test]
    #[should_panic(expected = "is not whole")]
    fn an_epoch_with_a_record_missing_stops_the_bank() {
        let mut short = epoch(10, vec![bound(0, create())]);
        short.binding.inputs[0].count = 2;
        decide(short, &mut Ledger::default());
    }
}
