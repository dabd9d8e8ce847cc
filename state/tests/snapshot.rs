//! A snapshot is whole or it is refused; and one of a large ledger goes on like the ledger itself.

use schemas::{
    AccountId, AccountType, ActivateRules, Asked, Authority, Cause, ChangeStatus, Channel, Command, CreateCustomer, Currency, CustomerId,
    Dated, Epoch, Event, Fact, OpenAccount, Operation, Order, Payment, PaymentKind, Position, Principal, Role, StatusChange,
};
use state::bytes::Damaged;
use state::pins::{SEGMENT_PINS, Segment};
use state::{CODE_VERSION, Frozen, Ledger, Thawing};

const FIRST: Epoch = 1_764_000_000_000;

fn ask(ledger: &mut Ledger, number: u32, operation: Operation) -> Vec<Event> {
    let principal = Principal { subject: "staff".to_owned(), authority: Authority::Operator };
    let command = Command { principal, idempotency_key: number.to_string(), received_ms: 0, operation };
    let position = Position { partition: 0, offset: i64::from(number) };
    let (asked, mut events) = (Asked::of(command), Vec::new());
    ledger.apply(Cause { command_id: asked.id(), position, traceparent: String::new() }, &asked, &mut events);
    events
}

fn enrol() -> Operation {
    Operation::CreateCustomer(CreateCustomer { full_name: "Awa Diop".to_owned(), msisdn: None, country: None })
}

fn open(customer_id: CustomerId) -> Operation {
    Operation::OpenAccount(OpenAccount { customer_id, account_type: AccountType::Wallet, role: Role::Agent, currency: Currency::XOF })
}

fn pay(kind: PaymentKind, from: Option<AccountId>, to: AccountId) -> Operation {
    let channel = Channel::Wallet;
    Operation::Pay(Payment {
        kind,
        account_debit: from,
        account_credit: Some(to),
        amount_minor: 3,
        currency: Currency::XOF,
        channel,
        context: None,
    })
}

/// Two customers with an account each, and more decisions than a segment of pins holds.
fn busy() -> (Ledger, [AccountId; 2]) {
    let mut ledger = Ledger::default();
    ledger.begin(FIRST, CODE_VERSION, &mut Vec::new());
    let opened: Vec<AccountId> = (0..2)
        .map(|number| {
            ask(&mut ledger, number, enrol());
            let opened = ask(&mut ledger, 10 + number, open(CustomerId::mint(FIRST, number)));
            let Fact::AccountOpened(account) = &opened[0].fact else { panic!("{opened:?}") };
            account.id
        })
        .collect();
    for number in 0..SEGMENT_PINS + 5 {
        if number % 5000 == 0 {
            ledger.begin(FIRST + 1 + u64::from(number), CODE_VERSION, &mut Vec::new());
        }
        ask(&mut ledger, 100 + number, pay(PaymentKind::Deposit, None, opened[usize::from(number % 2 == 0)]));
    }
    (ledger, [opened[0], opened[1]])
}

fn change(ledger: &mut Ledger, number: u32, account_id: AccountId, change: StatusChange) {
    ask(ledger, number, Operation::ChangeStatus(ChangeStatus { account_id, change }));
}

/// The chunks, and the one part.
fn stored(frozen: &Frozen) -> (Vec<Vec<u8>>, Vec<u8>) {
    let [segment] = frozen.segments() else { panic!("one segment is full") };
    (frozen.chunks(&["segment".to_owned()]).collect(), segment.whole().write())
}

fn thaw(chunks: &[Vec<u8>], part: &[u8]) -> Result<Ledger, Damaged> {
    let mut thawing = Thawing::default();
    let part = |name: &str| if name == "segment" { Segment::read(part) } else { Err(Damaged::new(name)) };
    chunks.iter().try_for_each(|chunk| thawing.chunk(chunk, part))?;
    Ledger::thaw(thawing)
}

#[test]
fn a_thawed_ledger_goes_on_like_the_one_that_was_frozen() {
    let (mut ledger, [one, two]) = busy();
    let frozen = ledger.freeze();
    assert_eq!((frozen.epoch, frozen.segments_from()), (ledger.epoch(), 0));
    let (chunks, part) = stored(&frozen);
    let mut thawed = thaw(&chunks, &part).unwrap();
    for ledger in [&mut ledger, &mut thawed] {
        ledger.begin(frozen.epoch + 1_000, CODE_VERSION, &mut Vec::new());
    }
    // A repeat out of the full segment, one out of the open one, another body under an old key, and a new payment.
    for (number, operation) in [
        (100, pay(PaymentKind::Deposit, None, two)),
        (SEGMENT_PINS + 104, pay(PaymentKind::Deposit, None, two)),
        (101, pay(PaymentKind::Deposit, None, two)),
        (1_000_000, pay(PaymentKind::Transfer, Some(one), two)),
    ] {
        let said = ask(&mut ledger, number, operation.clone());
        assert_eq!(ask(&mut thawed, number, operation), said);
        assert_eq!(matches!(said[0].fact, Fact::Repeated(_)), number < 1_000_000);
    }
    assert_eq!(thawed.freeze(), ledger.freeze());
    assert_eq!(stored(&frozen), (chunks, part), "what was frozen stays");
}

#[test]
fn part_of_a_snapshot_is_no_ledger() {
    let (mut ledger, [one, two]) = busy();
    let Operation::Pay(payment) = pay(PaymentKind::Transfer, Some(one), two) else { unreachable!() };
    let order = Order { payment, dated: Dated::ExecuteAt(ledger.epoch() + 1_000) };
    ask(&mut ledger, 1_999_999, Operation::Order(order));
    assert_eq!(ledger.orders().count(), 1);
    change(&mut ledger, 2_000_000, one, StatusChange::Suspend);
    let (chunks, part) = stored(&ledger.freeze());
    for left_out in 0..chunks.len() {
        let mut some = chunks.clone();
        some.remove(left_out);
        thaw(&some, &part).expect_err("a chunk is missing");
    }
    for (place, chunk) in chunks.iter().enumerate() {
        for length in [0, 1, chunk.len() - 1] {
            let mut cut = chunks.clone();
            cut[place].truncate(length);
            thaw(&cut, &part).expect_err("a chunk is cut off");
        }
    }
    thaw(&chunks, &part[..part.len() - 45]).expect_err("a pin is missing");
    thaw(&[&chunks[..], &[b"?what".to_vec()]].concat(), &part).expect_err("a chunk of a kind that is not known");
    let mut older = chunks.clone();
    // After the kind, the least byte of the format.
    older[0][1] = 3;
    thaw(&older, &part).expect_err("chunks of a later format than the head");
    assert!(thaw(&chunks, &part).is_ok());
}

#[test]
fn a_snapshot_whose_books_are_off_is_refused() {
    let (mut ledger, _) = busy();
    let (mut chunks, part) = stored(&ledger.freeze());
    let accounts = chunks.iter_mut().find(|chunk| chunk[0] == b'a').unwrap();
    // The balance of the first account: after the kind, the length of the row, an id and a currency.
    accounts[1 + 4 + 16 + 3] ^= 1;
    let error = thaw(&chunks, &part).unwrap_err();
    assert!(error.to_string().contains("its books in XOF are off by"), "{error}");
}

#[test]
fn an_account_whose_holder_is_missing_is_refused() {
    let (mut ledger, _) = busy();
    let (mut chunks, part) = stored(&ledger.freeze());
    let customers = chunks.iter_mut().find(|chunk| chunk[0] == b'c').unwrap();
    // The id of the first customer: after the kind and the length of the row.
    customers[1 + 4 + 15] ^= 64;
    let error = thaw(&chunks, &part).unwrap_err();
    assert!(error.to_string().contains("is missing"), "{error}");
}

#[test]
fn the_oldest_format_that_holds_the_ledger_is_written() {
    let mut ledger = Ledger::default();
    ledger.begin(FIRST, 3, &mut Vec::new());
    ask(&mut ledger, 0, enrol());
    let opened = ask(&mut ledger, 1, open(CustomerId::mint(FIRST, 0)));
    let Fact::AccountOpened(account) = &opened[0].fact else { panic!("{opened:?}") };
    // After the kind, the least byte of the format.
    let format = |ledger: &Ledger| ledger.clone().freeze().chunks(&[]).next().unwrap()[1];
    assert_eq!(format(&ledger), 2);
    change(&mut ledger, 2, account.id, StatusChange::Suspend);
    assert_eq!(format(&ledger), 3);
    change(&mut ledger, 3, account.id, StatusChange::Reactivate);
    assert_eq!(format(&ledger), 2);
    ask(&mut ledger, 4, Operation::ActivateRules(ActivateRules { version: 1 }));
    assert_eq!(format(&ledger), 1);
    ledger.begin(FIRST + 1, 1, &mut Vec::new());
    ask(&mut ledger, 5, Operation::ActivateRules(ActivateRules { version: 2 }));
    ledger.begin(FIRST + 2, 2, &mut Vec::new());
    ask(&mut ledger, 6, Operation::ActivateRules(ActivateRules { version: 3 }));
    ledger.begin(FIRST + 3, 3, &mut Vec::new());
    ask(&mut ledger, 7, Operation::ActivateRules(ActivateRules { version: 4 }));
    assert_eq!(format(&ledger), 2);
    // From the first epoch on that counts and keeps more, there is more to say, whatever the rules are later.
    ledger.begin(FIRST + 4, 4, &mut Vec::new());
    ask(&mut ledger, 8, Operation::ActivateRules(ActivateRules { version: 5 }));
    assert_eq!(format(&ledger), 4);
    // And from the first on that records what is paid.
    ledger.begin(FIRST + 5, 5, &mut Vec::new());
    assert_eq!(format(&ledger), 5);
    ask(&mut ledger, 9, Operation::ActivateRules(ActivateRules { version: 1 }));
    ledger.begin(FIRST + 6, 1, &mut Vec::new());
    assert_eq!(format(&ledger), 5);
}
