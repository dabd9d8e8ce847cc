//! When snapshots are taken; and pins that lie in their parts alone.

use super::*;
use schemas::{Asked, Authority, Cause, Command, CommandId, CreateCustomer, CustomerId, Event, Fact, Operation, Position, Principal};
use state::pins::{SEGMENT_PINS, WARM_SEGMENTS};
use state::{CODE_VERSION, Ledger};
use std::path::PathBuf;

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("orion-parts-{}", uuid::Uuid::new_v4())))
    }

    fn parts(&self) -> Vec<PathBuf> {
        let files = std::fs::read_dir(&self.0).unwrap().map(|file| file.unwrap().path());
        files.filter(|path| path.extension().is_some_and(|extension| extension == "part")).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn epoch(epoch: Epoch, commands: usize) -> EpochInput {
    let bound = |offset: usize| schemas::Bound {
        position: Position { partition: 0, offset: i64::try_from(offset).unwrap() },
        traceparent: String::new(),
        appended_ms: None,
        command: Err(schemas::Malformed { key: None, value: None, reason: String::new() }),
    };
    let binding = Binding { epoch, generation: 1, code_version: 1, inputs: Vec::new() };
    EpochInput { binding, commands: (0..commands).map(bound).collect(), committed: None }
}

#[test]
fn a_ledger_is_frozen_when_it_has_changed_and_time_or_weight_says_so() {
    let mut cadence = Cadence::new(100, 5, 1_000);
    let steps = [(1_050, 1, false), (1_100, 0, true), (1_300, 0, false), (1_301, 1, true), (1_302, 4, false), (1_303, 1, true)];
    for (time, commands, due) in steps {
        assert_eq!(cadence.due(&epoch(time, commands)), due, "{time}");
    }
    let idle = (0..EPOCHS_MAX).filter(|second| cadence.due(&epoch(2_000 + second * 1_000, 0))).count();
    assert_eq!(idle, 1);
}

/// Pins of a full segment.
const FULL: u32 = 3;

/// A ledger and where its snapshots are.
struct Bank {
    ledger: Ledger,
    place: Place,
}

fn place(folder: &Folder, parts: BTreeMap<u64, String>) -> Place {
    let store = Store::open(&folder.0).unwrap();
    let (shelf, named, written) = (Pages::on(OnDisk(store.clone())), BTreeMap::new(), BTreeMap::new());
    Place { store, kept: 2, commands_schemas: Schemas::default(), journal_schemas: Vec::new(), parts, named, shelf, written }
}

impl Bank {
    fn new(folder: &Folder) -> Self {
        Self { ledger: Ledger::default(), place: place(folder, BTreeMap::new()) }
    }

    /// An epoch with these customers; what became of each.
    fn create(&mut self, numbers: std::ops::Range<u32>) -> Vec<Event> {
        self.ledger.fill_segments_with(usize::try_from(FULL).unwrap());
        let mut events = Vec::new();
        self.ledger.begin(self.ledger.epoch() + 1_000, CODE_VERSION, &mut events);
        numbers.for_each(|number| self.ask(number, &mut events));
        events
    }

    fn ask(&mut self, number: u32, events: &mut Vec<Event>) {
        let create = CreateCustomer { full_name: format!("Awa {number}"), msisdn: None, country: None };
        let principal = Principal { subject: "staff".to_owned(), authority: Authority::Operator };
        let command =
            Command { principal, idempotency_key: number.to_string(), received_ms: 0, operation: Operation::CreateCustomer(create) };
        let command_id: CommandId = command.id();
        let cause = Cause { command_id, position: Position { partition: 0, offset: number.into() }, traceparent: String::new() };
        self.ledger.apply(cause, &Asked::of(command), events);
    }

    /// Writes a snapshot; how many segments memory may let go of, and does.
    fn keep(&mut self) -> usize {
        let frozen = self.ledger.freeze();
        let binding = Binding { epoch: frozen.epoch, generation: 1, code_version: CODE_VERSION, inputs: Vec::new() };
        let on_shelf = self.place.keep(&frozen, &binding).unwrap();
        let count = on_shelf.len();
        self.ledger.shelve(on_shelf);
        count
    }

    fn name(&self) -> Name {
        Name { epoch: self.ledger.epoch(), generation: 1 }
    }
}

fn created(event: &Event) -> CustomerId {
    match &event.fact {
        Fact::CustomerCreated(customer) => customer.id,
        Fact::Repeated(repeat) => match repeat.first.as_ref() {
            Some(Fact::CustomerCreated(customer)) => customer.id,
            first => panic!("{first:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_a_snapshot_has_leaves_memory_and_is_asked_of_the_disk() {
    let folder = Folder::new();
    let mut bank = Bank::new(&folder);
    let warm = u32::try_from(WARM_SEGMENTS).unwrap() * FULL;
    let first = bank.create(0..warm + FULL * 3 + 1);
    assert_eq!((bank.keep(), bank.ledger.sizes().cold_pins), (3, 9));
    assert_eq!((bank.keep(), bank.ledger.sizes().cold_pins), (0, 9), "what is cold is not offered again");
    let again = bank.create(0..2);
    assert_eq!(again.iter().map(created).collect::<Vec<_>>(), first[..2].iter().map(created).collect::<Vec<_>>());

    // Three snapshots later the parts are still there, whatever snapshots are not, and nothing was written twice.
    for number in 1_000..1_003 {
        bank.create(number * 10..number * 10 + FULL);
        bank.keep();
    }
    assert_eq!(bank.place.store.list().unwrap().len(), 2);
    assert_eq!(folder.parts().len(), bank.ledger.freeze().segments().len());
    assert_eq!(bank.ledger.sizes().cold_pins, 18);

    let shelf = Pages::on(OnDisk(bank.place.store.clone()));
    let [cold, hot] = [Some(&shelf), None].map(|shelf| load(&bank.place.store, bank.name(), shelf).unwrap());
    assert_eq!((cold.ledger.sizes().cold_pins, hot.ledger.sizes().cold_pins), (18, 0));
    assert_eq!(cold.parts, bank.place.parts);
    assert!(cold.parts.keys().all(|number| number % u64::from(SEGMENT_PINS) == 0));
    let mut banks = [cold, hot].map(|found| Bank { ledger: found.ledger, place: place(&folder, found.parts) });
    let frozen = bank.ledger.freeze();
    assert!(banks.iter_mut().all(|bank| bank.ledger.freeze() == frozen));
    let again = banks.each_mut().map(|bank| bank.create(3..12).iter().map(created).collect::<Vec<_>>());
    assert_eq!(again[0], first[3..12].iter().map(created).collect::<Vec<_>>());
    assert_eq!(again[0], again[1]);
    // One that has all in memory lets go of it after its first snapshot.
    assert_eq!((banks[1].keep(), banks[0].ledger.sizes()), (6, banks[1].ledger.sizes()));
}

#[test]
fn a_part_that_is_damaged_or_gone_is_said_and_is_no_snapshot() {
    let folder = Folder::new();
    let mut bank = Bank::new(&folder);
    bank.create(0..FULL * 8);
    bank.keep();
    let oldest = folder.0.join(&bank.place.parts[&0]);
    let whole = std::fs::read(&oldest).unwrap();
    let is_damaged = |bank: &Bank| {
        let found = load(&bank.place.store, bank.name(), Some(&bank.place.shelf));
        matches!(found.err().unwrap().downcast_ref(), Some(SnapshotError::Damaged { .. }))
    };
    let mut spoilt = whole.clone();
    spoilt[100] ^= 1;
    std::fs::write(&oldest, spoilt).unwrap();
    assert!(is_damaged(&bank));
    // Whoever has the segment in memory, since it decided all of it again, writes the part anew.
    let mut again = Bank::new(&folder);
    again.create(0..FULL * 8);
    assert_eq!(again.keep(), 8 - WARM_SEGMENTS);
    assert_eq!(std::fs::read(&oldest).unwrap(), whole);
    assert!(load(&bank.place.store, bank.name(), None).is_ok());

    std::fs::remove_file(&oldest).unwrap();
    assert!(is_damaged(&bank));
    let binding = Binding { epoch: bank.ledger.epoch(), generation: 1, code_version: CODE_VERSION, inputs: Vec::new() };
    let error = bank.place.keep(&bank.ledger.freeze(), &binding).unwrap_err();
    assert!(error.to_string().ends_with("is gone, and memory has it no longer"), "{error:#}");
}
