//! Partitions that show an epoch early, late, in part, or otherwise than the journal says.

use super::*;
use schemas::wire::Encoder;
use schemas::{Binding, Cause, CommandId, Commit, Event, EventId, Fact, Position, Refusal};

const REFUSED: (Topic, i32) = (Topic::CommandRefused, 0);

fn encoder() -> Encoder {
    Encoder::new(Topic::ALL.iter().copied().zip(1..).collect())
}

fn assembly(from: Epoch) -> Assembly {
    let mut decoder = Decoder::default();
    for schema in encoder().schemas() {
        decoder.learn(schema.id, schema.schema).unwrap();
    }
    Assembly::new(from, decoder)
}

fn event(epoch: Epoch, number: u32) -> Event {
    Event {
        id: EventId::mint(epoch, number),
        epoch,
        cause: Cause {
            command_id: CommandId::derive("a", "open_account", &number.to_string()),
            position: Position { partition: 0, offset: i64::from(number) },
            traceparent: String::new(),
        },
        fact: Fact::Refused { operation: "open_account".to_owned(), refusal: Refusal::CustomerNotFound },
    }
}

fn record(event: &Event) -> Record {
    let (key, value) = (schemas::topic::key(event).to_string().into_bytes(), encoder().event(event).unwrap());
    Record { epoch: event.epoch, traceparent: String::new(), key, value }
}

/// The journal's word for an epoch whose partitions hold these events.
fn commit(epoch: Epoch, partitions: &[(i32, &[Event])]) -> Entry {
    let output = |(partition, events): &(i32, &[Event])| {
        let mut records = Records::default();
        for event in *events {
            let record = record(event);
            records.add(&record.key, wire::datum(&record.value).unwrap().1);
        }
        Output { topic: Topic::CommandRefused.to_string(), partition: *partition, count: records.count(), digest: records.digest() }
    };
    let binding = Binding { epoch, generation: 1, code_version: 1, inputs: Vec::new() };
    Entry::Commit(Commit {
        generation: 1,
        epochs: vec![SealedEpoch { binding, outputs: partitions.iter().map(output).collect(), pinned: 0, waited: Vec::new() }],
        detection: 0,
    })
}

fn give(assembly: &mut Assembly, partition: i32, events: &[Event]) {
    for event in events {
        assembly.record(Topic::CommandRefused, partition, record(event));
    }
}

#[test]
fn an_epoch_is_handed_on_whole_whichever_partition_shows_it_first() {
    let (first, second) = ([event(10, 0), event(10, 2)], [event(10, 1)]);
    let journal = || commit(10, &[(0, &first), (1, &second)]);
    // Every order in which the journal and two partitions can become visible.
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut assembly = assembly(1);
        for (step, source) in order.into_iter().enumerate() {
            assert!(assembly.poll().unwrap().is_none(), "{order:?} was handed on after {step} of 3");
            match source {
                0 => assembly.journal(journal()).unwrap(),
                1 => give(&mut assembly, 0, &first),
                _ => give(&mut assembly, 1, &second),
            }
        }
        let whole = assembly.poll().unwrap().unwrap();
        // The bank's order, across partitions.
        assert_eq!(whole.events, [event(10, 0), event(10, 1), event(10, 2)], "{order:?}");
        assert!(assembly.poll().unwrap().is_none());
    }
}

/// The chain is over the bytes of each record, in the order of the bank, whoever reads them; only who asks has the leaves.
#[test]
fn leaves_are_hashed_for_whoever_asks_in_the_order_of_the_events() {
    let (first, second) = ([event(10, 0), event(10, 2)], [event(10, 1)]);
    let read = |mut assembly: Assembly| {
        assembly.journal(commit(10, &[(0, &first), (1, &second)])).unwrap();
        give(&mut assembly, 1, &second);
        give(&mut assembly, 0, &first);
        assembly.poll().unwrap().unwrap().leaves
    };
    assert!(read(assembly(1)).is_empty());
    let leaf = |event: &Event| {
        let record = record(event);
        audit::leaf(Topic::CommandRefused.as_str(), &record.key, wire::datum(&record.value).unwrap().1)
    };
    assert_eq!(read(assembly(1).hashing()), [event(10, 0), event(10, 1), event(10, 2)].each_ref().map(leaf));
}

#[test]
fn half_a_partition_waits_and_the_next_epoch_waits_behind_it() {
    let (first, next) = ([event(10, 0), event(10, 1)], [event(11, 0)]);
    let mut assembly = assembly(1);
    assembly.journal(commit(10, &[(0, &first)])).unwrap();
    assembly.journal(commit(11, &[(1, &next)])).unwrap();
    give(&mut assembly, 1, &next);
    give(&mut assembly, 0, &first[..1]);
    assert!(assembly.poll().unwrap().is_none());
    assert_eq!((assembly.waiting(REFUSED.0, REFUSED.1), assembly.waiting(Topic::SettlementJournal, 0)), (1, 2));
    give(&mut assembly, 0, &first[1..]);
    assert_eq!(assembly.poll().unwrap().unwrap().epoch(), 10);
    assert_eq!(assembly.poll().unwrap().unwrap().epoch(), 11);
}

#[test]
fn an_epoch_without_events_is_an_epoch() {
    let mut assembly = assembly(1);
    assembly.journal(commit(10, &[])).unwrap();
    assert!(assembly.poll().unwrap().unwrap().events.is_empty());
}

#[test]
fn what_was_handed_on_before_and_what_is_not_settlements_is_left_out() {
    let (old, new) = ([event(10, 0)], [event(11, 0)]);
    for from in [0, 11] {
        let mut assembly = assembly(from);
        let foreign = Record { epoch: 0, ..record(&event(11, 9)) };
        assembly.record(REFUSED.0, REFUSED.1, foreign);
        if from == 11 {
            assembly.journal(commit(10, &[(0, &old)])).unwrap();
            give(&mut assembly, 0, &old);
        }
        assembly.journal(commit(11, &[(0, &new)])).unwrap();
        give(&mut assembly, 0, &new);
        assert_eq!(assembly.poll().unwrap().unwrap().events, new, "from {from}");
    }
}

#[test]
fn what_contradicts_the_journal_stops_the_reader() {
    let told = [event(10, 0)];
    let poll = |shown: &[Event]| {
        let mut assembly = assembly(1);
        assembly.journal(commit(10, &[(0, &told)])).unwrap();
        give(&mut assembly, 0, shown);
        assembly.poll()
    };
    assert!(poll(&told).is_ok());
    assert!(matches!(poll(&[event(10, 1)]), Err(AssemblyError::Digest { epoch: 10, .. })), "another record");
    assert!(matches!(poll(&[event(10, 0), event(10, 1)]), Err(AssemblyError::Unexpected { found: 10, .. })), "one more");
    assert!(matches!(poll(&[event(9, 0), event(10, 0)]), Err(AssemblyError::Unexpected { found: 9, .. })), "one that was never told");

    let mut back = assembly(1);
    back.journal(commit(10, &[])).unwrap();
    assert!(matches!(back.journal(commit(10, &[])), Err(AssemblyError::Disorder { found: 10, previous: 10 })));
}
