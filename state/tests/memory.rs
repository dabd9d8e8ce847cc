//! How many bytes of memory each thing that the ledger keeps really takes, with the look-ups that find it.
//!
//! In: rows of each kind, as many as make the shares of a chunk or a table small, at counts between which every table grows at least
//! once. Out: a table (`cargo test -p state --test memory -- --nocapture`), as the allocator counted it. What is more than
//! `ARCHITECTURE.md` says fails.

use cap::Cap;
use foldhash::quality::FixedState;
use schemas::diligence::{About, CaseKind, DocumentDigest};
use schemas::{
    AccountId, AlertId, Bearer, CaseId, Channel, CommandId, Currency, CustomerId, Epoch, Fingerprint, HoldId, OrderId, PaymentKind,
    Position, Role, TransactionId,
};
use state::accounts::{Accounts, Holding};
use state::attempts::window::What;
use state::attempts::{Attempts, Key};
use state::bytes::Damaged;
use state::cases::{Case, Cases};
use state::customers::Enrolled;
use state::holds::{Hold, Holds};
use state::identities::{Identities, Identity, Known};
use state::moved::{Moved, Promised};
use state::orders::{Orders, Waiting};
use state::pins::{Cold, Effect, Full, Pages, Pin, Pins, SEGMENT_PINS, Segment, Shelf, WARM_SEGMENTS};
use state::record::Sealed;
use state::refunds::Refunded;
use state::table::Table;
use std::alloc::System;
use std::hash::BuildHasher as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use uuid::Uuid;

#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

const EPOCH: Epoch = 1_764_000_000_000;

/// After each of so many rows it is looked how much they take. A table of a look-up is half as large again after each time it grew.
const COUNTS: [u32; 6] = [1_200_000, 1_350_000, 1_500_000, 1_650_000, 1_800_000, 1_950_000];

/// The least and the most bytes of a row.
fn measure<T>(kept: T, keep: impl FnMut(&mut T, u32)) -> [usize; 2] {
    measure_beside(0, kept, keep)
}

/// The same beside so many bytes that are there however many rows there are.
fn measure_beside<T>(constant: usize, mut kept: T, mut keep: impl FnMut(&mut T, u32)) -> [usize; 2] {
    let before = MEMORY.allocated() + constant;
    let (mut number, mut least, mut most) = (0, usize::MAX, 0);
    for count in COUNTS {
        while number < count {
            keep(&mut kept, number);
            number += 1;
        }
        let each = (MEMORY.allocated() - before) / usize::try_from(count).expect("a u32 fits a usize");
        (least, most) = (least.min(each), most.max(each));
    }
    drop(kept);
    [least, most]
}

/// Bits that look like chance. Numbers in order do not: tables of a look-up could grow all at once, at a count that differs by process.
fn scattered(number: u32) -> u128 {
    u128::from(FixedState::with_seed(0).hash_one(number)) << 64 | u128::from(FixedState::with_seed(1).hash_one(number))
}

fn pinned(effect: impl Fn(u32) -> Effect) -> [usize; 2] {
    measure(Pins::default(), |pins, number| {
        let command = CommandId(Uuid::from_u128(scattered(number)));
        let pin = Pin { fingerprint: Fingerprint([7; 16]), epoch: EPOCH + u64::from(number), number, refusal: None };
        pins.keep(pins.hashed(command), command, pin, effect(number));
    })
}

/// Decisions that moved money, of which the disk has all segments that memory need not have: those that stay and the one that is filled
/// are not counted, 88 bytes for each pin.
fn shelved() -> [usize; 2] {
    let disk = Disk::new();
    let shelf = Pages::on(disk.clone());
    let pins = usize::try_from(SEGMENT_PINS).expect("a u32 fits a usize");
    measure_beside((WARM_SEGMENTS + 1) * pins * 88, Pins::default(), |pins, number| {
        let command = CommandId(Uuid::from_u128(scattered(number)));
        let pin = Pin { fingerprint: Fingerprint([7; 16]), epoch: EPOCH + u64::from(number), number, refusal: None };
        pins.keep(pins.hashed(command), command, pin, Effect::Moved(moved(number)));
        if (number + 1).is_multiple_of(SEGMENT_PINS) {
            let full = pins.freeze().full;
            let numbers = (0..).map(|place| place * u64::from(SEGMENT_PINS));
            let old = numbers.zip(&full).take(full.len().saturating_sub(WARM_SEGMENTS));
            let warm = old.filter_map(|(number, segment)| if let Full::Warm(segment) = segment { Some((number, segment)) } else { None });
            let cold = |(number, segment): (u64, &Arc<Segment>)| {
                let (part, bytes) = (format!("{number:032x}.part"), segment.write());
                disk.put(&part, &bytes);
                (number, Arc::new(Cold::of(&bytes, &part, &shelf).expect("it was just written")))
            };
            pins.shelve(warm.map(cold).collect::<Vec<_>>());
        }
    })
}

/// A directory of parts, which goes with its last owner. It is asked where two of some million commands look alike by their hashes.
#[derive(Clone, Debug)]
struct Disk(Arc<Directory>);

#[derive(Debug)]
struct Directory(PathBuf);

impl Disk {
    fn new() -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("shelf-{}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("there is room for tests");
        Self(Arc::new(Directory(directory)))
    }

    fn put(&self, part: &str, bytes: &[u8]) {
        std::fs::write(self.0.0.join(part), bytes).expect("there is room for tests");
    }
}

impl Shelf for Disk {
    fn read(&self, part: &str, ranges: &[Range<u32>]) -> Result<Vec<u8>, Damaged> {
        let bytes = std::fs::read(self.0.0.join(part)).map_err(|_| Damaged::new("there is no such part"))?;
        let place = |number: u32| usize::try_from(number).expect("a u32 fits a usize");
        Ok(ranges.iter().map(|range| &bytes[place(range.start)..place(range.end)]).collect::<Vec<_>>().concat())
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // What is left over is of no harm.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn moved(number: u32) -> Moved {
    Moved {
        pin: 0,
        number,
        kind: PaymentKind::Transfer,
        channel: Channel::Wallet,
        bearer: Bearer::Payer,
        payer: number,
        payee: 0,
        amount_minor: 1,
        fee_minor: 1,
    }
}

fn promised(number: u32) -> Promised {
    Promised {
        pin: 0,
        kind: PaymentKind::Transfer,
        channel: Channel::Wallet,
        payer: number,
        payee: 0,
        amount_minor: 1,
        fee_minor: 1,
        expires_at: EPOCH,
    }
}

fn hold(number: u32) -> Hold {
    Hold {
        id: HoldId::mint(EPOCH, number),
        command_id: CommandId(Uuid::from_u64_pair(1, u64::from(number))),
        position: Position { partition: 0, offset: i64::from(number) },
        kind: PaymentKind::Transfer,
        channel: Channel::Wallet,
        bearer: Bearer::Payer,
        payer: AccountId::mint(EPOCH, number),
        payee: AccountId::mint(EPOCH, 0),
        currency: Currency::XOF,
        amount_minor: 1,
        captured_minor: 0,
        fee_minor: 0,
        // Ends fall anywhere, as those of holds of different lengths do.
        expires_at: EPOCH + u64::from(number.wrapping_mul(2_654_435_761)),
        review: false,
        open: true,
    }
}

fn order(number: u32) -> Waiting {
    let Hold { command_id, position, kind, channel, payer, payee, currency, amount_minor, expires_at, open, .. } = hold(number);
    let id = OrderId::mint(EPOCH, number);
    Waiting { id, command_id, position, kind, channel, payer, payee, currency, amount_minor, execute_at: expires_at, context: None, open }
}

fn identity(number: u32) -> Identity {
    let position = Position { partition: 0, offset: i64::from(number) };
    let identity = Identity::new(CustomerId::mint(EPOCH, number), CommandId(Uuid::from_u64_pair(1, u64::from(number))), position);
    // Last days fall anywhere within a decade.
    Identity { verified_until: 20_000 + number.wrapping_mul(2_654_435_761) % 3_650, ..identity }
}

fn document(number: u32) -> Known {
    Known { digest: DocumentDigest(scattered(number).to_be_bytes()), by: CustomerId::mint(EPOCH, number) }
}

/// A case with an assignee, about an alert.
fn case(number: u32) -> Case {
    let Identity { id: customer, command_id, position, .. } = identity(number);
    let about = About { customer_id: Some(customer), alert_id: Some(AlertId(Uuid::from_u128(number.into()))), ..About::default() };
    let (id, assignee) = (CaseId::mint(EPOCH, number), Some("mariama".into()));
    Case { id, kind: CaseKind::Alert, about, assignee, escalation: 0, until: 0, made: None, command_id, position, open: true }
}

fn refunded(number: u32) -> Refunded {
    Refunded {
        id: TransactionId::mint(EPOCH, number),
        payer: AccountId::mint(EPOCH, number),
        payee: AccountId::mint(EPOCH, 0),
        currency: Currency::XOF,
        channel: Channel::Wallet,
        bearer: Bearer::Payer,
        amount_minor: 2,
        fee_minor: 0,
        refunded_minor: 1,
        reversed: false,
    }
}

fn attempt(attempts: &mut Attempts, number: u32) {
    let key = Key(AccountId::mint(EPOCH, number).0.as_u128());
    attempts.count((key, None), EPOCH, What::Attempt, Currency::XOF, 1);
}

#[test]
fn what_is_kept_takes_as_many_bytes_as_it_is_said() {
    let customer = |number| CustomerId::mint(EPOCH, number);
    let account = |number| Holding::new(AccountId::mint(EPOCH, number), Some(customer(number)), Role::Customer, Currency::XOF);
    let sealed = |number: u32| Sealed { minute: number.into(), leaves: 1, root: [7; 32] };
    let measured = [
        ("a decision (pin)", 68, pinned(|_| Effect::None)),
        ("the same of a payment that settled", 108, pinned(|number| Effect::Moved(moved(number)))),
        ("the same of a hold that was made", 108, pinned(|number| Effect::Promised(promised(number)))),
        ("a decision that lies on a disk alone", 16, shelved()),
        (
            "a customer",
            35,
            measure(Table::default(), |table, number| table.push(Enrolled::new(CustomerId(Uuid::from_u128(scattered(number)))))),
        ),
        ("an account", 146, measure(Accounts::default(), |accounts, number| accounts.open(account(number)))),
        ("an open hold", 178, measure(Holds::default(), |holds, number| assert!(holds.open(hold(number)).is_none()))),
        ("an order that waits", 208, measure(Orders::default(), |orders, number| orders.open(order(number)))),
        ("a payment of which something was given back", 98, measure(Table::default(), |table, number| table.push(refunded(number)))),
        ("a key of which one attempt is counted", 114, measure(Attempts::default(), attempt)),
        ("a customer who has presented a document", 124, measure(Identities::default(), |rows, number| rows.put(identity(number)))),
        ("a document", 50, measure(Identities::default(), |rows, number| rows.keep(document(number)))),
        ("an open case", 296, measure(Cases::default(), |cases, number| assert!(cases.open(case(number)).is_none()))),
        ("a minute in which something was paid", 66, measure(Table::default(), |table, number| table.push(sealed(number)))),
    ];
    println!("{:<46}{:>8}{:>8}{:>8}", "bytes of", "least", "most", "stated");
    for (what, stated, [least, most]) in &measured {
        println!("{what:<46}{least:>8}{most:>8}{stated:>8}");
    }
    for (what, stated, [_, most]) in &measured {
        assert!(most <= stated, "{what} takes {most} bytes, and it is said that it takes {stated}");
        assert!(most * 10 >= stated * 9, "{what} takes {most} bytes, and it is said that it takes {stated}, far more");
    }
}
