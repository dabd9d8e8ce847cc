//! An auditor beside the ledger: both are given the same random histories and must say the same, word for word.
//!
//! The auditor keeps books of its own (`auditor/books.rs`). After every command the two agree on every event and
//! balance, and the invariants of the bank hold. A failure is shrunk to the shortest history that still fails, and
//! its seed is kept beside this file. `PROPTEST_CASES=100000` looks longer.

#[path = "auditor/books.rs"]
mod books;

use books::Books;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree;
use proptest::test_runner::{FileFailurePersistence, TestRunner};
use schemas::wire::Encoder;
use schemas::{
    AccountId, AccountType, ActivateRules, Authority, Cause, ChangeStatus, Channel, Command, CommandId, CreateCustomer, Currency,
    CustomerId, Epoch, Event, Fact, OpenAccount, Operation, Payment, PaymentKind, Position, Principal, Refusal, Role, StatusChange, Topic,
    Verdict,
};
use state::bytes::Damaged;
use state::{CODE_VERSION, Frozen, Ledger, Thawing};
use std::collections::{BTreeMap, BTreeSet};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// A command as the history draws it: who and what are chosen among those that exist when it is asked.
#[derive(Clone, Debug)]
enum Step {
    Ask {
        who: Who,
        key: u8,
        what: What,
    },
    /// An earlier command, exactly as it was.
    Again(Index),
}

#[derive(Clone, Copy, Debug)]
enum Who {
    Staff,
    Teller,
    /// Whoever holds the account that pays, or is to hold the account that opens.
    Holder,
    Customer(u8),
    /// A customer whose token is an operator's.
    Trusted(u8),
    Nobody,
}

#[derive(Clone, Debug)]
enum What {
    Enrol {
        name: u8,
    },
    Open {
        customer: Option<u8>,
        account_type: AccountType,
        role: Role,
        currency: Currency,
    },
    Activate {
        version: u32,
    },
    Change {
        account: Side,
        change: StatusChange,
    },
    /// Without a currency, the payer's; the house takes the payee's.
    Pay {
        kind: PaymentKind,
        debit: Side,
        credit: Side,
        amount_minor: i64,
        currency: Option<Currency>,
        channel: Channel,
    },
}

#[derive(Clone, Copy, Debug)]
enum Side {
    Unnamed,
    Cash(Currency),
    Account(u8),
    Unknown,
}

/// Steps, each in a new epoch, so much later, or in that of the step before.
type History = Vec<(Option<u64>, Step)>;

fn currency() -> impl Strategy<Value = Currency> {
    // Most of one, so that accounts meet.
    select(["XOF", "XOF", "XOF", "XOF", "EUR", "TND"].map(|code| code.parse::<Currency>().expect("a currency")).to_vec())
}

fn amount() -> impl Strategy<Value = i64> {
    prop_oneof![
        16 => 1..100i64,
        4 => 100..1_000_000i64,
        2 => (i64::MAX - 3)..=i64::MAX,
        1 => -2..=0i64,
        1 => select(vec![i64::MIN, i64::MIN + 1, i64::MAX / 2, i64::MAX / 2 + 1]),
    ]
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![
        5 => Just(Side::Unnamed),
        2 => currency().prop_map(Side::Cash),
        20 => any::<u8>().prop_map(Side::Account),
        1 => Just(Side::Unknown),
    ]
}

/// Payments that may well settle, and any others.
fn parties() -> impl Strategy<Value = (PaymentKind, Side, Side)> {
    let account = || any::<u8>().prop_map(Side::Account);
    prop_oneof![
        2 => account().prop_map(|payee| (PaymentKind::Deposit, Side::Unnamed, payee)),
        1 => account().prop_map(|payer| (PaymentKind::Withdrawal, payer, Side::Unnamed)),
        4 => (select(PaymentKind::ALL), account(), account()),
        2 => (select(PaymentKind::ALL), side(), side()),
    ]
}

fn what() -> impl Strategy<Value = What> {
    let role = prop_oneof![4 => Just(Role::Customer), 2 => Just(Role::Merchant), 2 => Just(Role::Agent), 1 => Just(Role::House)];
    let open = (prop::option::weighted(0.95, any::<u8>()), select(AccountType::ALL), role, currency());
    let pay = (parties(), amount(), prop::option::weighted(0.1, currency()), select(Channel::ALL));
    // Never the one after the newest, which the newest would let follow.
    let version = select(vec![0, 1, 1, 2, CODE_VERSION, CODE_VERSION, CODE_VERSION + 2]);
    prop_oneof![
        1 => version.prop_map(|version| What::Activate { version }),
        4 => (0..4u8).prop_map(|name| What::Enrol { name }),
        10 => open.prop_map(|(customer, account_type, role, currency)| What::Open { customer, account_type, role, currency }),
        4 => (side(), select(StatusChange::ALL)).prop_map(|(account, change)| What::Change { account, change }),
        40 => pay.prop_map(|((kind, debit, credit), amount_minor, currency, channel)| {
            What::Pay { kind, debit, credit, amount_minor, currency, channel }
        }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let who = prop_oneof![
        12 => Just(Who::Staff),
        2 => Just(Who::Teller),
        8 => Just(Who::Holder),
        2 => any::<u8>().prop_map(Who::Customer),
        1 => any::<u8>().prop_map(Who::Trusted),
        1 => Just(Who::Nobody),
    ];
    // Few keys, so that they meet again: with the same body, and with others.
    let key = prop_oneof![1 => 0..6u8, 1 => any::<u8>()];
    prop_oneof![
        6 => (who, key, what()).prop_map(|(who, key, what)| Step::Ask { who, key, what }),
        1 => any::<Index>().prop_map(Step::Again),
    ]
}

/// A bank that has a few customers with money, so that much of what follows settles.
fn founded() -> History {
    let staff = |key, what| (None, Step::Ask { who: Who::Staff, key, what });
    let xof = Currency::XOF;
    let enrol = |name: u8| staff(100 + name, What::Enrol { name });
    let open = |customer: u8, role| What::Open { customer: Some(customer), account_type: AccountType::Wallet, role, currency: xof };
    let deposit = |account| What::Pay {
        kind: PaymentKind::Deposit,
        debit: Side::Unnamed,
        credit: Side::Account(account),
        amount_minor: 1_000,
        currency: None,
        channel: Channel::Wallet,
    };
    let roles = [Role::Customer, Role::Customer, Role::Merchant, Role::Agent];
    let opened = (0..4u8).zip(roles).map(|(customer, role)| staff(110 + customer, open(customer, role)));
    // Cash is the fifth account from the first deposit on.
    (0..4u8).map(enrol).chain(opened).chain((0..4u8).map(|account| staff(120 + account, deposit(account)))).collect()
}

fn history(gap: impl Strategy<Value = Option<u64>>) -> impl Strategy<Value = History> {
    let steps = prop::collection::vec((gap, step()), 1..80);
    (prop::bool::weighted(0.8), steps).prop_map(|(begin_founded, steps)| {
        let mut history = if begin_founded { founded() } else { History::new() };
        history.extend(steps);
        history
    })
}

fn gaps() -> impl Strategy<Value = Option<u64>> {
    prop_oneof![
        16 => Just(None),
        8 => (1..1_000u64).prop_map(Some),
        1 => (DAY_MS..5 * DAY_MS).prop_map(Some),
        1 => select(vec![7 * DAY_MS - 1, 7 * DAY_MS, 7 * DAY_MS + 1]).prop_map(Some),
    ]
}

fn activates(step: &Step) -> bool {
    matches!(step, Step::Ask { what: What::Activate { .. }, .. })
}

/// The command of a step, among the customers and accounts that there are.
fn command(step: &Step, books: &Books, asked: &[Command]) -> Option<Command> {
    let (who, key, what) = match step {
        Step::Ask { who, key, what } => (who, key, what),
        Step::Again(_) if asked.is_empty() => return None,
        Step::Again(earlier) => return Some(earlier.get(asked).clone()),
    };
    let nobody = CustomerId::mint(1, 0);
    let pick = |number: u8| usize::from(number).checked_rem(books.customers().len()).map_or(nobody, |number| books.customers()[number].id);
    let (operation, holder) = match what {
        What::Enrol { name } => {
            let create =
                CreateCustomer { full_name: format!("Customer {name}"), msisdn: None, country: (*name > 1).then(|| "SN".to_owned()) };
            (Operation::CreateCustomer(create), None)
        }
        What::Activate { version } => (Operation::ActivateRules(ActivateRules { version: *version }), None),
        What::Change { account: side, change } => {
            let account_id = account(*side, books).unwrap_or(AccountId::house("cash", Currency::XOF));
            let holder = books.accounts().iter().find(|account| account.id == account_id).and_then(|account| account.customer_id);
            (Operation::ChangeStatus(ChangeStatus { account_id, change: *change }), holder)
        }
        What::Open { customer, account_type, role, currency } => {
            let customer_id = customer.map_or(nobody, pick);
            let open = OpenAccount { customer_id, account_type: *account_type, role: *role, currency: *currency };
            (Operation::OpenAccount(open), Some(customer_id))
        }
        What::Pay { kind, debit, credit, amount_minor, currency, channel } => {
            let (account_debit, account_credit) = (account(*debit, books), account(*credit, books));
            let known = |id: Option<AccountId>| books.accounts().iter().find(|account| Some(account.id) == id);
            let (payer, payee) = (known(account_debit), known(account_credit));
            let currency = currency.or(payer.or(payee).map(|account| account.currency)).unwrap_or(Currency::XOF);
            let payment = Payment { kind: *kind, account_debit, account_credit, amount_minor: *amount_minor, currency, channel: *channel };
            (Operation::Pay(payment), payer.and_then(|account| account.customer_id))
        }
    };
    let (subject, authority) = match who {
        Who::Staff => ("staff".to_owned(), Authority::Operator),
        Who::Teller => ("teller".to_owned(), Authority::Operator),
        Who::Holder => (holder.unwrap_or(nobody).to_string(), Authority::Customer),
        Who::Customer(number) => (pick(*number).to_string(), Authority::Customer),
        Who::Trusted(number) => (pick(*number).to_string(), Authority::Operator),
        Who::Nobody => ("nobody".to_owned(), Authority::Customer),
    };
    Some(Command { principal: Principal { subject, authority }, idempotency_key: format!("k{key}"), received_ms: 0, operation })
}

fn account(side: Side, books: &Books) -> Option<AccountId> {
    let unknown = AccountId::mint(1, 0);
    match side {
        Side::Unnamed => None,
        Side::Cash(currency) => Some(AccountId::house("cash", currency)),
        Side::Account(number) => {
            Some(usize::from(number).checked_rem(books.accounts().len()).map_or(unknown, |number| books.accounts()[number].id))
        }
        Side::Unknown => Some(unknown),
    }
}

/// Gives a history to the ledger and to the auditor, and compares them after every command. Between two epochs the
/// ledger now and then dies and goes on from its snapshot.
fn audit(history: &History) -> Result<Vec<Event>, TestCaseError> {
    let (mut ledger, mut books) = (Ledger::default(), Books::default());
    let (mut epoch, mut asked, mut said) = (1_764_000_000_000, Vec::new(), Vec::new());
    let mut snapshots = Vec::new();
    ledger.begin(epoch, CODE_VERSION);
    books.begin(epoch, CODE_VERSION);
    for (gap, step) in history {
        if let Some(gap) = gap {
            if gap % 3 == 0 {
                let frozen = ledger.freeze();
                let bytes = chunks(&frozen);
                ledger = thaw(&bytes)?;
                prop_assert_eq!(&chunks(&ledger.freeze()), &bytes, "the snapshot of a snapshot");
                snapshots.push((frozen, bytes));
            }
            epoch += gap;
            prop_assert_eq!(ledger.next_rules(), books.next_rules());
            ledger.begin(epoch, books.next_rules());
            books.begin(epoch, books.next_rules());
        }
        let Some(command) = command(step, &books, &asked) else { continue };
        let cause = cause(&command, asked.len());
        asked.push(command.clone());
        let mut events = Vec::new();
        ledger.apply(&cause, &command, &mut events);
        prop_assert_eq!(&events, &books.apply(&cause, &command), "{:#?}", command);
        let answering: Vec<bool> = events.iter().map(Event::answers).collect();
        prop_assert!(matches!(answering[..], [true] | [false, true]), "one answer, and it comes last");
        check_books(&ledger, &books)?;
        said.extend(events);
    }
    for (frozen, bytes) in snapshots {
        prop_assert_eq!(chunks(&frozen), bytes, "what was frozen has changed since");
    }
    check_ids(&said)?;
    check_decisions(&said)?;
    Ok(said)
}

/// A snapshot as a disk would hold it: histories are too short for a full segment of pins.
fn chunks(frozen: &Frozen) -> Vec<Vec<u8>> {
    frozen.chunks(&[]).collect()
}

fn thaw(chunks: &[Vec<u8>]) -> Result<Ledger, TestCaseError> {
    let mut thawing = Thawing::default();
    let failed = |error: Damaged| TestCaseError::fail(error.to_string());
    let no_part = |name: &str| Err(Damaged::new(name));
    chunks.iter().try_for_each(|chunk| thawing.chunk(chunk, no_part)).map_err(failed)?;
    Ledger::thaw(thawing).map_err(failed)
}

fn cause(command: &Command, asked: usize) -> Cause {
    let offset = i64::try_from(asked).expect("a short history");
    let traceparent = if offset % 2 == 0 { String::new() } else { format!("00-{offset:032x}-00f067aa0ba902b7-01") };
    Cause { command_id: command.id(), position: Position { partition: 0, offset }, traceparent }
}

/// Both have the same accounts with the same balances, which sum to zero, none below its floor.
fn check_books(ledger: &Ledger, books: &Books) -> Result<(), TestCaseError> {
    prop_assert_eq!(ledger.accounts().count(), books.accounts().len());
    let mut sums: BTreeMap<Currency, i128> = BTreeMap::new();
    for (holding, account) in ledger.accounts().zip(books.accounts()) {
        prop_assert_eq!((holding.id, holding.customer_id), (account.id, account.customer_id));
        prop_assert_eq!((holding.role, holding.currency), (account.role, account.currency));
        prop_assert_eq!(holding.status, books.status(account.id));
        prop_assert_eq!(i128::from(holding.balance_minor), books.balance(account.id));
        prop_assert!(account.role == Role::House || holding.balance_minor >= 0, "{:?} is below its floor", holding);
        *sums.entry(holding.currency).or_default() += i128::from(holding.balance_minor);
    }
    prop_assert!(sums.values().all(|sum| *sum == 0), "{:?}", sums);
    prop_assert_eq!(ledger.trial_balance(), sums);
    Ok(())
}

/// Ids of a kind are given once, in order, and tell their epoch.
fn check_ids(said: &[Event]) -> Result<(), TestCaseError> {
    let mut minted: BTreeMap<&str, Vec<uuid::Uuid>> = BTreeMap::new();
    for event in said {
        prop_assert_eq!(event.id.epoch(), Some(event.epoch));
        minted.entry("event").or_default().push(event.id.0);
        let (kind, id, epoch) = match &event.fact {
            Fact::CustomerCreated(customer) => ("customer", customer.id.0, customer.id.epoch()),
            Fact::AccountOpened(account) if account.customer_id.is_some() => ("account", account.id.0, account.id.epoch()),
            Fact::Transaction(transaction) => ("transaction", transaction.id.0, transaction.id.epoch()),
            Fact::AccountOpened(_) | Fact::RulesActivated { .. } | Fact::StatusChanged(_) | Fact::Refused { .. } | Fact::Repeated(_) => {
                continue;
            }
        };
        prop_assert_eq!(epoch, Some(event.epoch), "{} of another epoch", kind);
        minted.entry(kind).or_default().push(id);
    }
    for (kind, ids) in minted {
        prop_assert!(ids.is_sorted_by(|one, next| one < next), "{} ids do not ascend: {:?}", kind, ids);
    }
    Ok(())
}

/// A command is decided once in seven days; in between it is repeated.
fn check_decisions(said: &[Event]) -> Result<(), TestCaseError> {
    let mut decided: BTreeMap<CommandId, Epoch> = BTreeMap::new();
    for event in said.iter().filter(|event| event.answers()) {
        let first = decided.get(&event.cause.command_id).copied();
        match &event.fact {
            Fact::Repeated(repeat) => prop_assert_eq!(first, Some(repeat.first_epoch)),
            Fact::CustomerCreated(_)
            | Fact::AccountOpened(_)
            | Fact::Transaction(_)
            | Fact::RulesActivated { .. }
            | Fact::StatusChanged(_)
            | Fact::Refused { .. } => {
                prop_assert!(first.is_none_or(|first| event.epoch > first + 7 * DAY_MS), "decided twice: {:?}", event);
                decided.insert(event.cause.command_id, event.epoch);
            }
        }
    }
    Ok(())
}

/// What the ledger alone says to a history.
fn replay(commands: &[(Epoch, Cause, Command)]) -> Vec<Event> {
    let (mut ledger, mut open, mut events) = (Ledger::default(), 0, Vec::new());
    for (epoch, cause, command) in commands {
        if *epoch > open {
            open = *epoch;
            let rules = if ledger.next_rules() == 0 { CODE_VERSION } else { ledger.next_rules() };
            ledger.begin(open, rules);
        }
        ledger.apply(cause, command, &mut events);
    }
    events
}

fn bytes(events: &[Event]) -> Vec<Vec<u8>> {
    let encoder = Encoder::new(Topic::ALL.iter().zip(1..).map(|(topic, id)| (*topic, id)).collect());
    events.iter().map(|event| encoder.event(event).expect("every event can be written")).collect()
}

/// What was said, with each id replaced by the order in which it was first heard of, and without epochs.
fn shape(said: &[Event]) -> Vec<String> {
    let mut heard: Vec<uuid::Uuid> = Vec::new();
    let mut line = |line: &str| {
        let word = line.trim().trim_end_matches(',');
        let Ok(id) = uuid::Uuid::try_parse(word) else {
            return if word.starts_with("epoch: ") || word.starts_with("first_epoch: ") { String::new() } else { word.to_owned() };
        };
        let order = heard.iter().position(|known| *known == id).unwrap_or_else(|| {
            heard.push(id);
            heard.len() - 1
        });
        format!("id {order}")
    };
    said.iter().map(|event| format!("{event:#?}").lines().map(&mut line).collect::<Vec<_>>().join(" ")).collect()
}

fn random() -> ProptestConfig {
    ProptestConfig { failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("seeds"))), ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(random())]

    #[test]
    fn the_auditor_agrees(history in history(gaps())) {
        audit(&history)?;
    }

    #[test]
    fn a_replay_gives_the_same_bytes(history in history(gaps())) {
        let (mut books, mut epoch, mut asked, mut commands) = (Books::default(), 1_764_000_000_000, Vec::new(), Vec::new());
        for (gap, step) in &history {
            epoch += gap.unwrap_or_default();
            books.begin(epoch, if books.next_rules() == 0 { CODE_VERSION } else { books.next_rules() });
            let Some(command) = command(step, &books, &asked) else { continue };
            let cause = cause(&command, asked.len());
            books.apply(&cause, &command);
            asked.push(command.clone());
            commands.push((epoch, cause, command));
        }
        prop_assert_eq!(bytes(&replay(&commands)), bytes(&replay(&commands)));
    }

    #[test]
    fn how_commands_fall_into_epochs_decides_nothing(
        history in history(prop::option::of(1..1_000u64)),
        cuts in prop::collection::vec(any::<bool>(), 100),
    ) {
        // A version of the rules comes into force with an epoch, so there it does matter.
        let history: History = history.into_iter().filter(|(_, step)| !activates(step)).collect();
        let cut: History = history.iter().zip(&cuts).map(|((_, step), cut)| (cut.then_some(1), step.clone())).collect();
        let (one, other) = (audit(&history)?, audit(&cut)?);
        prop_assert_eq!(shape(&one), shape(&other));
    }
}

#[test]
fn the_histories_reach_every_outcome() {
    let mut runner = TestRunner::deterministic();
    let (mut reached, mut settled, mut decided) = (BTreeSet::new(), 0, 0);
    for _ in 0..400 {
        let history = history(gaps()).new_tree(&mut runner).expect("a history").current();
        let said = audit(&history).unwrap_or_else(|error| panic!("{error}\n{history:#?}"));
        for event in &said {
            match &event.fact {
                Fact::CustomerCreated(_) => drop(reached.insert("created".to_owned())),
                Fact::RulesActivated { version } => drop(reached.insert(format!("activated {version}"))),
                Fact::StatusChanged(changed) => drop(reached.insert(changed.change.to_string())),
                Fact::AccountOpened(account) => drop(reached.insert(format!("opened {}", account.role))),
                Fact::Transaction(transaction) => {
                    decided += 1;
                    settled += u32::from(transaction.refusal.is_none());
                    reached
                        .insert(transaction.refusal.map_or_else(|| format!("settled {}", transaction.kind), |refusal| refusal.to_string()));
                }
                Fact::Refused { refusal, .. } => drop(reached.insert(refusal.to_string())),
                Fact::Repeated(repeat) => drop(reached.insert(repeat.verdict().to_string())),
            }
        }
    }
    let mut every: Vec<String> = vec!["created".to_owned()];
    every.extend((1..=CODE_VERSION).map(|version| format!("activated {version}")));
    every.extend(StatusChange::ALL.iter().map(ToString::to_string));
    every.extend(Role::ALL.iter().map(|role| format!("opened {role}")));
    every.extend(PaymentKind::ALL.iter().map(|kind| format!("settled {kind}")));
    every.extend(Refusal::ALL.iter().map(ToString::to_string));
    every.extend(Verdict::ALL.iter().map(ToString::to_string));
    assert_eq!(reached, every.into_iter().collect());
    assert!(settled * 6 > decided, "{settled} of {decided} payments settled: the histories hardly move money");
}
