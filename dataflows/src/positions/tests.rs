//! The positions against a loop over all of history, at every epoch, for one, two and three workers, and from what stands at any
//! epoch on.

use super::*;
use crate::accounts::Told;
use crate::views::tests::run;
use crate::views::{Given, Proved, Standing};
use proptest::prelude::*;
use schemas::{
    Account, AccountId, AccountStatus, AccountType, Balances, Binding, Cause, Channel, CommandId, Currency, CustomerId, CustomerLevel,
    EpochEvents, Event, EventId, Fact, HoldChange, HoldChanged, HoldId, KycLevel, Money, PaymentKind, Policy, Posting, Role, StatusChange,
    StatusChanged, Transaction, TransactionId,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What happens, each with numbers to choose from.
#[derive(Clone, Debug)]
pub(crate) enum Draw {
    /// An account is opened, once: its number says whose it is and what.
    Open(u32),
    Level(u32, usize),
    Close(u32),
    /// Payer, payee, amount, fee.
    Paid(u32, u32, i64, i64),
    /// Payer, how much, what becomes of it.
    Held(u32, i64, usize),
    Suspend(u32),
}

const ACCOUNTS: u32 = 12;
const CURRENCIES: [&str; 2] = ["XOF", "EUR"];
const FIRST: Epoch = 1_764_028_760_000;

fn draw() -> impl Strategy<Value = Draw> {
    let account = 0..ACCOUNTS;
    let amount = prop_oneof![1..1000i64, Just(i64::MAX / 4)];
    let levels = (0..4u32, 0..KycLevel::ALL.len()).prop_map(|(customer, level)| Draw::Level(customer, level));
    let paid = (account.clone(), account.clone(), amount.clone(), 0..3i64).prop_map(|(a, b, c, d)| Draw::Paid(a, b, c, d));
    let held = (account.clone(), amount, 0..HoldChange::ALL.len()).prop_map(|(a, b, c)| Draw::Held(a, b, c));
    prop_oneof![
        4 => account.clone().prop_map(Draw::Open),
        3 => levels,
        1 => account.clone().prop_map(Draw::Close),
        8 => paid,
        2 => held,
        1 => account.prop_map(Draw::Suspend),
    ]
}

pub(crate) fn history() -> impl Strategy<Value = Vec<Vec<Draw>>> {
    prop::collection::vec(prop::collection::vec(draw(), 0..9), 1..14)
}

fn id(number: u32) -> AccountId {
    AccountId::mint(1, number)
}

/// The house has every sixth account, and of what is left each customer three.
fn account(number: u32) -> Account {
    let house = number.is_multiple_of(6);
    Account {
        id: id(number),
        customer_id: (!house).then(|| CustomerId::mint(1, number % 4)),
        account_type: AccountType::ALL[usize::try_from(number).unwrap() % 3],
        role: if house { Role::House } else { Role::ALL[usize::try_from(number).unwrap() % 3] },
        currency: currency(number),
        status: AccountStatus::Active,
    }
}

fn currency(account: u32) -> Currency {
    CURRENCIES[usize::try_from(account % 2).unwrap()].parse().unwrap()
}

/// Events of what is drawn, as far as it can be: an account is opened and closed once, and nothing is paid from or to one that was
/// never opened. One that is closed may be paid, as by the rules of before its status forbade it.
pub(crate) fn epochs(history: &[Vec<Draw>]) -> Vec<Arc<EpochEvents>> {
    let (mut open, mut closed, mut balances) = (BTreeSet::new(), BTreeSet::new(), BTreeMap::<u32, i64>::new());
    let mut fact = |epoch, number, draw: &Draw| match *draw {
        Draw::Open(account_number) => open.insert(account_number).then(|| Fact::AccountOpened(account(account_number))),
        Draw::Level(customer, level) => {
            let set = CustomerLevel { customer_id: CustomerId::mint(1, customer), level: KycLevel::ALL[level] };
            Some(Fact::PolicyChanged(Box::new(Policy::Level(set))))
        }
        Draw::Suspend(number) => Some(status(number, StatusChange::Suspend)),
        Draw::Close(number) => {
            let closes = open.contains(&number) && account(number).role != Role::House && closed.insert(number);
            closes.then(|| status(number, StatusChange::Close))
        }
        Draw::Paid(payer, payee, minor, fee_minor) => {
            let there = |number| open.contains(&number);
            (there(payer) && there(payee)).then(|| {
                let mut post = |number, amount_minor: i64| {
                    let balance = balances.entry(number).or_default();
                    *balance = balance.wrapping_add(amount_minor);
                    Posting { account: id(number), amount_minor, balance_minor: *balance }
                };
                let postings = vec![post(payer, -minor), post(payee, minor - fee_minor), post(0, fee_minor)];
                Fact::Transaction(Transaction {
                    id: TransactionId::mint(epoch, number),
                    kind: PaymentKind::Transfer,
                    account_debit: id(payer),
                    account_credit: id(payee),
                    amount: Money { minor, currency: currency(payer) },
                    fee_minor,
                    channel: Channel::Wallet,
                    refusal: None,
                    link: None,
                    postings,
                })
            })
        }
        Draw::Held(payer, minor, change) => Some(Fact::HoldChanged(HoldChanged {
            id: HoldId::mint(1, 0),
            change: HoldChange::ALL[change],
            kind: PaymentKind::Transfer,
            channel: Channel::Qr,
            account_debit: id(payer),
            account_credit: id(1),
            amount: Money { minor, currency: currency(payer) },
            fee_minor: 1,
            open: true,
            expires_at: epoch + 5,
        })),
    };
    (FIRST..)
        .step_by(3)
        .zip(history)
        .map(|(epoch, draws)| {
            let facts = (0..).zip(draws).filter_map(|(number, draw)| Some((number, fact(epoch, number, draw)?)));
            let event = |(number, fact)| {
                let position = schemas::Position { partition: 0, offset: i64::from(number) };
                let cause = Cause { command_id: CommandId::derive("a", "transfer", "b"), position, traceparent: String::new() };
                Event { id: EventId::mint(epoch, number), epoch, cause, fact }
            };
            let events = facts.map(event).collect();
            let binding = Binding { epoch, generation: 1, code_version: 1, inputs: Vec::new() };
            Arc::new(EpochEvents { binding, events, waited: Vec::new(), leaves: Vec::new() })
        })
        .collect()
}

fn status(number: u32, change: StatusChange) -> Fact {
    Fact::StatusChanged(StatusChanged { id: id(number), customer_id: account(number).customer_id, change })
}

/// The accounts at the end of some epochs, closed ones too, what is on each, and the levels, by one loop over everything.
fn stands(epochs: &[Arc<EpochEvents>]) -> (BTreeMap<AccountId, (Account, i128)>, BTreeMap<CustomerId, KycLevel>) {
    let (mut accounts, mut balances, mut levels) = (BTreeMap::<_, Account>::new(), BTreeMap::<AccountId, i128>::new(), BTreeMap::new());
    for event in epochs.iter().flat_map(|epoch| &epoch.events) {
        match &event.fact {
            Fact::AccountOpened(account) => drop(accounts.insert(account.id, account.clone())),
            Fact::StatusChanged(changed) if changed.change == StatusChange::Close => {
                accounts.get_mut(&changed.id).unwrap().status = AccountStatus::Closed;
            }
            Fact::PolicyChanged(policy) => {
                if let Policy::Level(set) = policy.as_ref() {
                    levels.insert(set.customer_id, set.level);
                }
            }
            Fact::Transaction(paid) => {
                paid.postings.iter().for_each(|leg| *balances.entry(leg.account).or_default() += i128::from(leg.amount_minor));
            }
            _ => {}
        }
    }
    let on = |id: &AccountId| balances.get(id).copied().unwrap_or_default();
    (accounts.into_iter().map(|(id, account)| (id, (account, on(&id)))).collect(), levels)
}

/// How many accounts and how much, by what they are in words. A group that has nothing has no row.
type Table = BTreeMap<String, (i64, i128)>;

fn oracle(epochs: &[Arc<EpochEvents>]) -> Table {
    let (accounts, levels) = stands(epochs);
    let mut table = Table::new();
    for (account, balance_minor) in accounts.into_values() {
        let level = account.customer_id.map_or("none", |holder| levels.get(&holder).map_or("unidentified", |level| level.as_str()));
        let sum = table.entry(format!("{} {} {} {level}", account.currency, account.account_type, account.role)).or_default();
        *sum = (sum.0 + i64::from(account.status != AccountStatus::Closed), sum.1 + balance_minor);
    }
    table.retain(|_, sum| *sum != (0, 0));
    table
}

fn add(table: &mut Table, positions: &[Balances]) {
    for Balances { group, accounts, balance_minor } in positions {
        let level = group.level.map_or("none", KycLevel::as_str);
        let key = format!("{} {} {} {level}", group.currency, group.account_type, group.role);
        let sum = table.entry(key.clone()).or_default();
        *sum = (sum.0 + accounts, sum.1 + balance_minor);
        if *sum == (0, 0) {
            table.remove(&key);
        }
    }
}

pub(crate) fn given(epochs: &[Arc<EpochEvents>]) -> Vec<Given> {
    epochs.iter().map(|events| Given::Epoch { events: Arc::clone(events), keep: true }).collect()
}

/// What stands at the end of some epochs: the books as the dataflow kept them, the accounts by the loop.
pub(crate) fn standing(epochs: &[Arc<EpochEvents>], last: &Proved) -> Given {
    let (accounts, levels) = stands(epochs);
    let levels = levels.into_iter().map(|(holder, level)| Told::level(holder, level));
    let accounts = accounts.values().flat_map(|(account, _)| std::iter::once(Told::account(account)).chain(Told::closed(account)));
    let accounts = levels.chain(accounts).collect();
    Given::Standing(last.given.epoch(), Arc::new(Standing { books: last.books.clone().unwrap(), accounts }))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn the_positions_are_what_a_loop_over_history_says(history in history(), restart: prop::sample::Index) {
        let epochs = epochs(&history);
        let positions = |proved: Vec<Proved>| proved.into_iter().map(|one| (one.given.epoch(), one.aggregates.positions)).collect::<Vec<_>>();
        let proved = run(1, given(&epochs));
        let one = positions(proved.clone());
        prop_assert_eq!(one.len(), epochs.len());
        let mut table = Table::new();
        for (at, (epoch, added)) in one.iter().enumerate() {
            prop_assert!(added.windows(2).all(|pair| pair[0].group < pair[1].group), "each group once, in order");
            prop_assert!(added.iter().all(|row| (row.accounts, row.balance_minor) != (0, 0)), "what adds nothing is not said");
            add(&mut table, added);
            let oracle: Table = oracle(&epochs[..=at]);
            prop_assert_eq!(&table, &oracle, "epoch {}", epoch);
        }
        for workers in [2, 3] {
            prop_assert_eq!(&positions(run(workers, given(&epochs))), &one, "{} workers", workers);
        }
        // From what stands at the end of any epoch, with another number of workers, the rest comes out the same.
        let at = restart.index(epochs.len());
        let standing = standing(&epochs[..=at], &proved[at]);
        let again = positions(run(2, std::iter::once(standing).chain(given(&epochs[at + 1..])).collect()));
        prop_assert_eq!(&again[1..], &one[at + 1..]);
    }
}

#[test]
fn a_level_takes_accounts_and_balances_with_it_and_a_closed_account_counts_no_more() {
    let history = [
        vec![Draw::Open(1), Draw::Open(5), Draw::Open(0), Draw::Paid(0, 1, 70, 0)],
        vec![Draw::Paid(1, 5, 30, 0), Draw::Level(1, 2)],
        vec![Draw::Paid(1, 5, 40, 0), Draw::Close(1)],
        vec![Draw::Paid(5, 1, 9, 0)],
        vec![Draw::Level(1, 0)],
    ];
    let shown = |proved: Proved| {
        let row = |row: &Balances| {
            format!("{} {} {} {}", row.group.role, row.group.level.map_or("none", KycLevel::as_str), row.accounts, row.balance_minor)
        };
        proved.aggregates.positions.iter().map(row).collect::<Vec<_>>()
    };
    let said: Vec<_> = run(1, given(&epochs(&history))).into_iter().map(shown).collect();
    // Both 1 and 5 are of one customer: a merchant's savings account and an agent's wallet.
    assert_eq!(said[0], ["merchant unidentified 1 70", "agent unidentified 1 0", "house none 1 -70"]);
    assert_eq!(said[1], ["merchant unidentified -1 -70", "merchant standard 1 40", "agent unidentified -1 0", "agent standard 1 30"]);
    assert_eq!(said[2], ["merchant standard -1 -40", "agent standard 0 40"]);
    // Rules of before a status forbade anything.
    assert_eq!(said[3], ["merchant standard 0 9", "agent standard 0 -9"]);
    assert_eq!(said[4], ["merchant unidentified 0 9", "merchant standard 0 -9", "agent unidentified 1 61", "agent standard -1 -61"]);
}
