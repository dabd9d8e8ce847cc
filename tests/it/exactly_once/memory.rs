//! What clients remember of the bank, and what they ask for because of it: holds to capture, payments to give back, orders to take
//! back, rules to go on with, and policies that leave the money moving.

use super::asked::{Asked, Setting};
use super::history::{Item, Outcome};
use super::random::Random;
use schemas::{AccountId, BatchMode, Bearer, CustomerId, Epoch, HoldId, KycLevel, OrderId, TransactionId};
use std::collections::VecDeque;
use uuid::Uuid;

/// Holds and payments that can be come back to; the oldest are forgotten.
const REMEMBERED_MAX: usize = 500;
/// The newest rules that there are.
const RULES: u32 = 5;
/// Most items of a batch: with more, all of them are seldom done.
const ITEMS_MAX: usize = 5;
const DAY_MS: usize = 24 * 60 * 60 * 1000;
/// The codes of all tariffs.
const CODES: [&str; 3] = ["house", "payer", "payee"];

/// What has been learnt, by whomever.
pub(crate) struct Memory {
    holds: VecDeque<(HoldId, i64, String)>,
    payments: VecDeque<(TransactionId, i64, String)>,
    orders: VecDeque<OrderId>,
    /// The version of the rules in force, as far as somebody was told.
    rules: u32,
}

impl Default for Memory {
    fn default() -> Self {
        Self { holds: VecDeque::new(), payments: VecDeque::new(), orders: VecDeque::new(), rules: RULES }
    }
}

impl Memory {
    /// Whatever an answer tells.
    pub(crate) fn learn(&mut self, asked: &Asked, outcome: &Outcome) {
        match (asked, outcome) {
            (Asked::Reserve { minor, currency, .. }, Outcome::Done { resource, .. }) => {
                remember(&mut self.holds, (HoldId(*resource), *minor, currency.clone()));
            }
            (
                Asked::Pay { minor, currency, .. }
                | Asked::Back { minor, currency, .. }
                | Asked::Capture { minor, currency, .. }
                | Asked::Refund { minor, currency, .. },
                Outcome::Done { resource, .. },
            ) => {
                remember(&mut self.payments, (TransactionId(*resource), *minor, currency.clone()));
            }
            (Asked::Order { .. }, Outcome::Done { resource, .. }) => remember(&mut self.orders, OrderId(*resource)),
            // An item is as good as a command of its own.
            (Asked::Batch { items: asked, .. }, Outcome::Batch { items, epoch, replayed }) => {
                for (asked, Item { made, reason, .. }) in asked.iter().zip(items) {
                    let done =
                        made.filter(|_| reason.is_none()).map(|resource| Outcome::Done { resource, epoch: *epoch, replayed: *replayed });
                    done.iter().for_each(|done| self.learn(asked, done));
                }
            }
            (Asked::Rules { version }, Outcome::Done { .. }) => self.rules = *version,
            (Asked::Rules { version }, Outcome::Refused { reason, .. }) => {
                // What is in force is not what was believed. Whoever knows nothing begins at the first.
                self.rules = if reason == "rules_in_force" { *version } else { 1 };
            }
            _ => {}
        }
    }

    pub(crate) fn hold(&self, random: &mut Random) -> Option<HoldId> {
        random.among(&self.holds).map(|(hold, ..)| *hold)
    }

    pub(crate) fn order(&self, random: &mut Random) -> Option<OrderId> {
        random.among(&self.orders).copied()
    }

    pub(crate) fn transaction(&self, random: &mut Random) -> Option<Uuid> {
        random.among(&self.payments).map(|(transaction, ..)| transaction.0)
    }

    /// The newest rules, mostly; whoever left them goes back one version at a time, since none is known but the next.
    pub(crate) fn rules(&self, random: &mut Random) -> Option<Asked> {
        if self.rules < RULES {
            return random.percent(50).then(|| Asked::Rules { version: self.rules + 1 });
        }
        random.percent(1).then(|| Asked::Rules { version: *random.of(&[1, 2, 3, 4, 4]).expect("there are some") })
    }

    /// What follows a hold or a payment: mostly one of those that came last, and now and then too much.
    pub(crate) fn follow(&self, random: &mut Random) -> Option<Asked> {
        let part = |random: &mut Random, minor: i64| match random.below(10) {
            0 => minor + 1,
            1..4 => minor,
            _ => (minor / 3).max(1),
        };
        if random.percent(20)
            && let Some(order) = recent(&self.orders, random)
        {
            return Some(Asked::Cancel { order: *order });
        }
        if random.percent(60) {
            let (hold, minor, currency) = recent(&self.holds, random)?.clone();
            return Some(match random.below(10) {
                0..3 => Asked::Release { hold },
                _ => Asked::Capture { hold, minor: part(random, minor), currency, last: random.percent(50) },
            });
        }
        let (transaction, minor, currency) = recent(&self.payments, random)?.clone();
        Some(match random.below(10) {
            0..4 => Asked::Reverse { transaction },
            _ => Asked::Refund { transaction, minor: part(random, minor), currency },
        })
    }
}

/// Many at once, mostly so few that all of them may be done; now and then only to hear what would become of them.
pub(crate) fn many(random: &mut Random, mut item: impl FnMut(&mut Random) -> Option<Asked>) -> Option<Asked> {
    let mode = *random.of(BatchMode::ALL)?;
    let count = 1 + random.below(ITEMS_MAX);
    let may = |asked: &Asked| !matches!(asked, Asked::Cancel { .. });
    let items: Vec<_> = (0..count).filter_map(|_| item(random)).filter(may).collect();
    (!items.is_empty()).then(|| Asked::Batch { mode, dry_run: random.percent(20), items })
}

/// A payment with a date of its own: some seconds ahead, or some days back; now and then one that can't be. Anything else stays as it is.
pub(crate) fn dated(random: &mut Random, asked: Asked, now: Epoch) -> Asked {
    let ms = |random: &mut Random, below: usize| u64::try_from(random.below(below)).expect("it is small");
    match asked {
        Asked::Pay { kind, debit: Some(debit), credit: Some(credit), minor, currency } if random.percent(80) => {
            let at = if random.percent(5) { now - 1_000 } else { now + 200 + ms(random, 6_000) };
            Asked::Order { kind, debit, credit, minor, currency, at }
        }
        Asked::Pay { kind, debit, credit, minor, currency } => {
            let at = if random.percent(5) { now + 60_000_000 } else { now.saturating_sub(1_000 + ms(random, 300 * DAY_MS)) };
            Asked::Back { kind, debit, credit, minor, currency, at }
        }
        asked => asked,
    }
}

/// What staff may set, from `from` on where it is not at once: the level of this customer, the floor of this account, limits
/// of the levels, and tariffs that are small.
pub(crate) fn setting(random: &mut Random, customer: Option<CustomerId>, account: (AccountId, &str), from: Epoch) -> Setting {
    let currency = account.1.to_owned();
    let from = random.percent(30).then_some(from);
    let small = |random: &mut Random, below: usize| i64::try_from(random.below(below)).expect("it is small");
    match (random.below(10), customer) {
        (0 | 1, Some(customer)) => Setting::Level { customer, level: *random.of(KycLevel::ALL).expect("there are some") },
        (0..5, _) => {
            let floor = random.percent(80).then(|| small(random, 1_000) - 800);
            Setting::Terms { account: account.0, currency, floor, from }
        }
        (5, _) => {
            // Whoever is of no level goes on paying.
            let level = *random.of(&[KycLevel::Simplified, KycLevel::Standard, KycLevel::Enhanced]).expect("there are some");
            let day_count = u32::try_from(random.below(20)).expect("it is small");
            Setting::Limits { level, currency, operation: 50 + small(random, 1_000), day_count }
        }
        (6..9, _) => Setting::Tariff {
            code: code(random),
            currency,
            bearer: *random.of(Bearer::ALL).expect("there are two"),
            fixed: small(random, 4),
            rate_ppm: *random.of(&[0, 2_500, 20_000]).expect("there are some"),
            free: *random.of(&[0, 0, 5]).expect("there are some"),
            from,
        },
        _ => Setting::TariffEnd { code: code(random) },
    }
}

fn code(random: &mut Random) -> String {
    (*random.of(&CODES).expect("there are some")).to_owned()
}

/// One of the last few, or any.
fn recent<'a, T>(of: &'a VecDeque<T>, random: &mut Random) -> Option<&'a T> {
    if random.percent(20) {
        return random.among(of);
    }
    of.iter().rev().nth(random.below(of.len().min(5)))
}

fn remember<T: PartialEq>(of: &mut VecDeque<T>, one: T) {
    if of.contains(&one) {
        return;
    }
    of.push_back(one);
    if of.len() > REMEMBERED_MAX {
        of.pop_front();
    }
}
