//! The ordinary days of a town: people who pay a few others they know, merchants, agents, employers.
//!
//! Who pays and who is paid has a heavy tail: most people pay a few times a month, a few of them every hour. Most of what goes between
//! people goes to somebody they have paid before.

use super::{DAY_MS, FIRST, HOUR_MS, Paid, World};
use crate::load::random::SplitMix64;
use schemas::{Epoch, PaymentKind, Role};

/// In a hundred accounts, so many are merchants, and so many are agents.
const MERCHANTS: usize = 5;
const AGENTS: usize = 2;

/// In a hundred accounts, so many payments a day.
const PAYMENTS: usize = 30;

/// What people pay, in francs.
const AMOUNTS: [i64; 14] = [500, 1_000, 1_500, 2_000, 2_500, 5_000, 5_000, 7_500, 10_000, 15_000, 25_000, 50_000, 100_000, 200_000];

/// How many of a hundred payments fall into each hour of the day.
const HOURS: [i64; 24] = [0, 0, 0, 0, 0, 1, 3, 5, 6, 6, 6, 7, 8, 7, 5, 5, 6, 8, 9, 8, 5, 3, 1, 1];

/// Who is what: in every hundred, customers, then merchants, then agents.
pub(super) fn roles(accounts: usize) -> Vec<Role> {
    let role = |number: usize| match 100 - number % 100 {
        place if place <= AGENTS => Role::Agent,
        place if place <= AGENTS + MERCHANTS => Role::Merchant,
        _ => Role::Customer,
    };
    (0..accounts).map(role).collect()
}

/// The accounts of a role.
pub(super) fn of(world: &World, role: Role) -> Vec<usize> {
    (0..world.roles.len()).filter(|number| world.roles[*number] == role).collect()
}

/// A place in a list, the first ones far more often than the last.
fn skewed(random: &mut SplitMix64, length: usize) -> usize {
    random.index(length) * random.index(length) / length * random.index(length) / length
}

/// A second of a day, in the hours in which people pay.
pub(super) fn second(random: &mut SplitMix64) -> u64 {
    let mut place = random.below(HOURS.iter().sum());
    let hour = HOURS.iter().position(|share| {
        place -= share;
        place < 0
    });
    let hour = u64::try_from(hour.unwrap_or(12)).expect("a day has 24 hours");
    hour * HOUR_MS + u64::try_from(random.below(3_600)).expect("it is not negative") * 1_000
}

/// What somebody pays: around a usual amount, in round francs.
pub(super) fn amount(random: &mut SplitMix64) -> i64 {
    let usual = AMOUNTS[random.index(AMOUNTS.len())];
    match random.below(3) {
        0 => usual,
        1 => (usual * (60 + random.below(80)) / 100 / 25).max(1) * 25,
        _ => (usual * (60 + random.below(80)) / 100).max(100),
    }
}

/// Every day's payments.
pub(super) fn live(world: &mut World, days: u64, random: &mut SplitMix64) {
    let mut people = of(world, Role::Customer);
    shuffle(&mut people, random);
    let (merchants, agents) = (of(world, Role::Merchant), of(world, Role::Agent));
    // Whom everybody knows.
    let known: Vec<Vec<usize>> =
        people.iter().map(|_| (0..3 + skewed(random, 20)).map(|_| people[skewed(random, people.len())]).collect()).collect();
    let nearest: Vec<usize> = people.iter().map(|_| agents[skewed(random, agents.len())]).collect();
    for day in 0..days {
        for _ in 0..world.roles.len() * PAYMENTS / 100 {
            let place = skewed(random, people.len());
            let person = people[place];
            let time = FIRST + day * DAY_MS + second(random);
            let amount = amount(random);
            let (payer, payee, kind) = match random.below(100) {
                0..45 => (person, friend(random, &people, &known[place]), PaymentKind::Transfer),
                45..65 => (person, merchants[skewed(random, merchants.len())], PaymentKind::MerchantPayment),
                65..70 => (person, merchants[0], PaymentKind::BillPayment),
                70..85 => (nearest[place], person, PaymentKind::Deposit),
                _ => (person, nearest[place], PaymentKind::Withdrawal),
            };
            pay(world, time, (payer, payee), amount, kind);
        }
    }
}

/// Mostly somebody they know.
fn friend(random: &mut SplitMix64, people: &[usize], known: &[usize]) -> usize {
    if random.below(100) < 88 { known[random.index(known.len())] } else { people[skewed(random, people.len())] }
}

fn pay(world: &mut World, time: Epoch, (payer, payee): (usize, usize), amount: i64, kind: PaymentKind) {
    if payer != payee {
        world.paid.push(Paid { time, payer, payee, amount, kind, pattern: None });
    }
}

/// Fisher and Yates.
pub(super) fn shuffle(list: &mut [usize], random: &mut SplitMix64) {
    for place in (1..list.len()).rev() {
        list.swap(place, random.index(place + 1));
    }
}
