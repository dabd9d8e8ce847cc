//! Positions, liabilities and active customers where it is hard: levels that change, accounts that are closed, days and months that
//! end, and code that counts nothing in between.

use super::paid::{self, payment};
use super::sink::on_a_database;
use crate::exactly_once::check::positions::Bank as Counter;
use crate::exactly_once::check::rows::derive;
use crate::exactly_once::evidence::Table;
use crate::exactly_once::gather;
use anyhow::ensure;
use egress::postgres::aggregates::compare;
use egress::postgres::{Views, Written};
use schemas::{
    AccountId, AccountStatus, AccountType, ActivateRules, Aggregates, ChangeStatus, CreateCustomer, Currency, CustomerId, CustomerLevel,
    Epoch, Event, Fact, KycLevel, OpenAccount, Operation, PaymentKind, Policy, Reserve, Role, StatusChange,
};
use sqlx::AssertSqlSafe;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const TABLES: [&str; 4] = ["position", "liability", "activity", "customer_activity"];
/// 2025-12-31T23:58:00Z.
const FIRST: Epoch = 1_767_225_480_000;
const EUR: &str = "EUR";

/// Six customers over the end of a year: each epoch is a minute or half a day after the one before.
pub(crate) fn history() -> paid::Bank {
    let mut bank = paid::Bank::new();
    let mut epoch = FIRST;
    bank.begin(epoch);
    for number in 0..6 {
        bank.ask(Operation::CreateCustomer(CreateCustomer { full_name: format!("Customer {number}"), msisdn: None, country: None }));
    }
    let customers: Vec<CustomerId> = (0..6).map(|number| CustomerId::mint(FIRST, number)).collect();
    let mut open = BTreeSet::new();
    for step in 0u64..60 {
        epoch += if step % 3 == 0 { 43_200_000 } else { 61_000 };
        bank.begin(epoch);
        let chosen = usize::try_from(step).expect("a small number");
        let (customer_id, currency) = (customers[chosen % 6], if step % 2 == 0 { Currency::XOF } else { EUR.parse().expect("a currency") });
        let level = KycLevel::ALL[chosen % 4];
        if step % 4 == 1 {
            // What was there goes to another group, and what happens in the same epoch counts there.
            bank.ask(Operation::SetPolicy(Policy::Level(CustomerLevel { customer_id, level: KycLevel::Simplified })));
            bank.ask(Operation::SetPolicy(Policy::Level(CustomerLevel { customer_id, level })));
        }
        let role = if step % 5 == 0 { Role::Merchant } else { Role::Customer };
        let asked = OpenAccount { customer_id, account_type: AccountType::ALL[chosen % 3], role, currency };
        if let Fact::AccountOpened(account) = bank.ask(Operation::OpenAccount(asked)) {
            open.insert((account.currency, account.id));
        }
        for (number, (_, account)) in open.iter().filter(|(of, _)| *of == currency).enumerate() {
            let deposit = payment(PaymentKind::Deposit, None, Some(*account), 100 + i64::try_from(number).expect("few"));
            if number % 3 == chosen % 3 {
                bank.ask(Operation::Pay(schemas::Payment { currency, ..deposit }));
            }
        }
        let of_these: Vec<AccountId> = open.iter().filter(|(of, _)| *of == currency).map(|(_, account)| *account).collect();
        if let [first, second, ..] = of_these[..] {
            let moved = payment(PaymentKind::Transfer, Some(first), Some(second), 60);
            bank.ask(Operation::Pay(schemas::Payment { currency, ..moved }));
            let moved = payment(PaymentKind::Transfer, Some(second), Some(first), 5);
            let payment = schemas::Payment { currency, ..moved };
            bank.ask(Operation::Reserve(Reserve { payment, expires_in_ms: 90_000 }));
        }
        if step % 7 == 6 {
            // One that is empty, since it was opened in this epoch, and one that is not, which stays.
            let newest = bank.epochs.last().and_then(|epoch| epoch.events.iter().find_map(opened));
            for account_id in newest.into_iter().chain(of_these.first().copied()) {
                bank.ask(Operation::ChangeStatus(ChangeStatus { account_id, change: StatusChange::Close }));
            }
        }
    }
    pay_the_closed(&mut bank, epoch);
    bank
}

/// By rules of before a status forbade anything, which may come back, closed accounts are paid; then their holders get other levels.
fn pay_the_closed(bank: &mut paid::Bank, mut epoch: Epoch) {
    let closed: BTreeMap<AccountId, CustomerId> = bank.epochs.iter().flat_map(|epoch| &epoch.events).filter_map(closed).collect();
    let mut next = |bank: &mut paid::Bank| {
        epoch += 61_000;
        bank.begin(epoch);
    };
    next(bank);
    bank.ask(Operation::ActivateRules(ActivateRules { version: 1 }));
    next(bank);
    for account_id in closed.keys() {
        for currency in [Currency::XOF, EUR.parse().expect("a currency")] {
            let deposit = payment(PaymentKind::Deposit, None, Some(*account_id), 7);
            bank.ask(Operation::Pay(schemas::Payment { currency, ..deposit }));
        }
    }
    for version in 2..=state::CODE_VERSION {
        next(bank);
        bank.ask(Operation::ActivateRules(ActivateRules { version }));
    }
    next(bank);
    for (customer_id, level) in closed.values().zip(KycLevel::ALL.iter().cycle()) {
        bank.ask(Operation::SetPolicy(Policy::Level(CustomerLevel { customer_id: *customer_id, level: *level })));
    }
}

fn closed(event: &Event) -> Option<(AccountId, CustomerId)> {
    match &event.fact {
        Fact::StatusChanged(changed) if changed.change == StatusChange::Close => Some((changed.id, changed.customer_id?)),
        _ => None,
    }
}

fn opened(event: &Event) -> Option<AccountId> {
    match &event.fact {
        Fact::AccountOpened(account) => Some(account.id),
        _ => None,
    }
}

fn expected<'a>(events: impl Iterator<Item = &'a Event>) -> [Table; 4] {
    let mut tables = derive(events);
    TABLES.map(|table| tables.remove(table).unwrap_or_default())
}

async fn found(url: &str) -> anyhow::Result<[Table; 4]> {
    let mut tables = gather::rows(url).await?.tables;
    Ok(TABLES.map(|table| tables.remove(table).unwrap_or_default()))
}

#[test]
fn levels_closings_days_and_months_are_counted_whoever_writes_them() -> anyhow::Result<()> {
    on_a_database(async |database| {
        let bank = history();
        let events = |epochs: usize| bank.epochs[..epochs].iter().flat_map(|epoch| &epoch.events);
        let closed = events(bank.epochs.len()).filter(|event| matches!(&event.fact, Fact::StatusChanged(_))).count();
        ensure!(closed > 2, "{closed} accounts are closed");
        let paid = events(bank.epochs.len())
            .filter(|event| matches!(&event.fact, Fact::Transaction(paid) if paid.postings.iter().any(|leg| leg.amount_minor == 7)));
        ensure!(paid.count() >= closed, "accounts that are closed are paid");
        let mut connection = database.connect().await?;
        let mut counter = Counter::default();
        // One, two, three epochs in a transaction; every third group is written by code that counts nothing.
        let mut at = 0;
        let mut views = Views::claim(&database.url, 1).await?;
        for (generation, size) in (2u64..).zip([1, 2, 3].into_iter().cycle()) {
            let group = &bank.epochs[at..(at + size).min(bank.epochs.len())];
            if group.is_empty() {
                break;
            }
            let before: i64 = sqlx::query_scalar("select epoch from sink_progress").fetch_one(&mut connection).await?;
            let written: Vec<_> = group
                .iter()
                .map(|events| {
                    let aggregates = counter.count(&events.events);
                    let aggregates = if size == 3 { Aggregates::default() } else { aggregates };
                    Written { events: Arc::new(events.clone()), imbalances: Vec::new(), aggregates }
                })
                .collect();
            views.write(&written, 0, &[]).await?;
            at += group.len();
            if size == 3 {
                let query = format!("update sink_progress set aggregates_epoch = {before}, positions_epoch = {before}");
                sqlx::raw_sql(AssertSqlSafe(query)).execute(&mut connection).await?;
                views = Views::claim(&database.url, generation).await?;
                assert_eq!(found(&database.url).await?, expected(events(at)), "after {at} epochs");
            }
        }
        assert_eq!(found(&database.url).await?, expected(events(bank.epochs.len())));
        let differing: Vec<_> = compare(&mut connection).await?.into_iter().filter(|compared| compared.differing > 0).collect();
        // The counter of this test leaves volume and turnover of those epochs to the catching up, so all of it is right.
        assert_eq!(differing, []);

        // Each table is compared: what is wrong in it is found.
        for (table, wrong) in [
            ("position", "update position set accounts = accounts + 1 where span = 'ever'"),
            ("liability", "update liability set held_minor = held_minor + 1 where span = 'day'"),
            ("activity", "delete from activity where span = 'month'"),
            (
                "customer_activity",
                "update customer_activity set day_at = 0 where customer_id = (select min(customer_id::text)::uuid from customer_activity)",
            ),
        ] {
            let mut transaction = sqlx::Connection::begin(&mut connection).await?;
            sqlx::raw_sql(wrong).execute(&mut *transaction).await?;
            let compared = compare(&mut transaction).await?;
            let wrong: Vec<_> = compared.iter().filter(|compared| compared.differing > 0).map(|compared| compared.table).collect();
            assert_eq!(wrong, [table]);
            transaction.rollback().await?;
        }
        Ok(())
    })
}

#[test]
fn what_stood_at_the_end_of_any_epoch_is_read_back() -> anyhow::Result<()> {
    on_a_database(async |database| {
        let bank = history();
        let mut views = Views::claim(&database.url, 1).await?;
        let written = |events: &schemas::EpochEvents| Written {
            events: Arc::new(events.clone()),
            imbalances: Vec::new(),
            aggregates: Aggregates::default(),
        };
        views.write(&bank.epochs.iter().map(written).collect::<Vec<_>>(), 0, &[]).await?;
        for at in 0..bank.epochs.len() {
            let (mut levels, mut accounts) = (BTreeMap::new(), BTreeMap::<_, schemas::Account>::new());
            for event in bank.epochs[..=at].iter().flat_map(|epoch| &epoch.events) {
                match &event.fact {
                    Fact::AccountOpened(account) => drop(accounts.insert(account.id, account.clone())),
                    Fact::StatusChanged(changed) if changed.change.status() == AccountStatus::Closed => {
                        accounts.get_mut(&changed.id).expect("it was opened").status = AccountStatus::Closed;
                    }
                    Fact::PolicyChanged(policy) => {
                        if let Policy::Level(set) = policy.as_ref() {
                            levels.insert(set.customer_id, *set);
                        }
                    }
                    _ => {}
                }
            }
            let stood = egress::postgres::accounts::at(&database.url, bank.epochs[at].epoch()).await?;
            assert_eq!(stood.levels, levels.into_values().collect::<Vec<_>>());
            assert_eq!(stood.accounts, accounts.into_values().collect::<Vec<_>>());
        }
        Ok(())
    })
}
