//! What came with orders: batches, payments of other days, and proofs of old ones.

use super::{DAY_MS, Paid, Part, Side, What, Which, currency, likely, small};
use proptest::prelude::*;
use proptest::sample::select;
use schemas::{BatchMode, Channel, PaymentKind, StatusChange};

/// The date of an order, seen from the epoch in which it is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Date {
    In(u64),
    Passed(u64),
    Since(u64),
    Ahead(u64),
}

/// What is shown of a payment.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Proven {
    No,
    Shown,
    /// Something in it is not as it was.
    Forged(u8),
}

/// Longer than the ledger remembers.
const LEAP_MS: u64 = 7 * DAY_MS + 1;

pub(super) fn proven() -> impl Strategy<Value = Proven> {
    prop_oneof![4 => Just(Proven::No), 4 => Just(Proven::Shown), 1 => any::<u8>().prop_map(Proven::Forged)]
}

/// A few of these as one; some of them about each other.
pub(crate) fn batch(item: impl Strategy<Value = What> + 'static) -> BoxedStrategy<What> {
    let item = prop_oneof![4 => item, 1 => each_other()];
    (select(BatchMode::ALL), prop::bool::weighted(0.2), prop::collection::vec(item, 1..8))
        .prop_map(|(mode, dry_run, items)| What::Batch { mode, dry_run, items })
        .boxed()
}

/// What is asked about something that the same batch makes.
fn each_other() -> impl Strategy<Value = What> {
    let which = || (0..4u8).prop_map(Which::Coming);
    prop_oneof![
        2 => (which(), any::<bool>()).prop_map(|(hold, last)| What::Capture { hold, part: Part::Minor(1), currency: None, last }),
        1 => which().prop_map(|hold| What::Release { hold }),
        2 => which().prop_map(|payment| What::Refund { payment, part: Part::Minor(1), currency: None, proof: Proven::No }),
        1 => which().prop_map(|payment| What::Reverse { payment, proof: Proven::No }),
    ]
}

pub(super) fn order(paid: BoxedStrategy<Paid>) -> BoxedStrategy<What> {
    (paid, date()).prop_map(|(paid, date)| What::Order { paid, date }).boxed()
}

fn date() -> impl Strategy<Value = Date> {
    let far = || select(vec![0, 1, 400 * DAY_MS - 1, 400 * DAY_MS, 400 * DAY_MS + 1]);
    prop_oneof![
        6 => select(vec![1, 1_000, 2_000]).prop_map(Date::In),
        3 => (1..3 * DAY_MS).prop_map(Date::In),
        1 => far().prop_map(Date::In),
        1 => Just(Date::Passed(1)),
        4 => (0..30 * DAY_MS).prop_map(Date::Since),
        1 => far().prop_map(Date::Since),
        1 => Just(Date::Ahead(1)),
    ]
}

/// Payments, and a week later refunds with what shows them, or something like it.
pub(super) fn proofs() -> BoxedStrategy<Vec<What>> {
    let many = |count| {
        prop::collection::vec(likely(small()).prop_map(What::Pay), count).prop_map(|items| What::Batch {
            mode: BatchMode::Independent,
            dry_run: false,
            items,
        })
    };
    let paid = prop_oneof![2 => likely(small()).prop_map(What::Pay), 1 => many(33..40), 1 => many(70..100)];
    let which =
        || prop_oneof![2 => (0..3u8).prop_map(Which::Left), 2 => any::<u8>().prop_map(Which::Left), 1 => any::<u8>().prop_map(Which::Any)];
    let quarters = (1..=4u8).prop_map(Part::Quarters);
    let back = prop_oneof![
        3 => (which(), quarters, proven()).prop_map(|(payment, part, proof)| What::Refund { payment, part, currency: None, proof }),
        1 => (which(), proven()).prop_map(|(payment, proof)| What::Reverse { payment, proof }),
    ];
    (prop::collection::vec(paid, 1..4), prop::collection::vec(back, 2..8))
        .prop_map(|(mut all, back)| {
            let mut back = back.into_iter();
            let first = back.next().expect("two at least");
            all.push(What::Later { ms: LEAP_MS, what: Box::new(first) });
            all.extend(back);
            all
        })
        .boxed()
}

/// Orders of the next seconds, and what they meet: something is stopped, cancelled, or it is day.
pub(super) fn orders() -> BoxedStrategy<Vec<What>> {
    let soon = || select(vec![1_000, 2_000]).prop_map(Date::In);
    let ordered =
        || prop_oneof![4 => (likely(small()), soon()).prop_map(|(paid, date)| What::Order { paid, date }), 1 => order(likely(small()))];
    let change = select(vec![StatusChange::Suspend, StatusChange::Reactivate]);
    let meets = prop_oneof![
        4 => (0..3u8).prop_map(|order| What::Cancel { order: Which::Left(order) }),
        1 => (0..3u8).prop_map(|order| What::Cancel { order: Which::Any(order) }),
        1 => (change, 0..4u8).prop_map(|(change, account)| What::Change { account: Side::Account(account), change }),
        4 => ordered(),
        // More than there is.
        1 => (100_000..1_000_000i64, soon()).prop_map(|(amount_minor, date)| What::Order { paid: pays(amount_minor), date }),
        2 => (1..=4u8).prop_map(|quarters| What::Refund { payment: Which::Left(0), part: Part::Quarters(quarters), currency: None, proof: Proven::No }),
    ];
    let later = prop_oneof![3 => meets.clone().prop_map(|what| What::Later { ms: 1_000, what: Box::new(what) }), 4 => meets];
    (ordered(), prop::collection::vec(later, 2..10)).prop_map(|(first, rest)| std::iter::once(first).chain(rest).collect()).boxed()
}

/// What may well be done as a whole: of holds and payments that there are, and of new ones.
pub(super) fn together() -> BoxedStrategy<Vec<What>> {
    let reserve = || likely(1..10i64).prop_map(|paid| What::Reserve { paid, expires_in_ms: 60_000 });
    let item = prop_oneof![
        2 => likely(1..10i64).prop_map(What::Pay),
        2 => reserve(),
        2 => (0..2u8).prop_map(|hold| What::Release { hold: Which::Left(hold) }),
        2 => prop::option::weighted(0.3, currency())
            .prop_map(|currency| What::Capture { hold: Which::Left(2), part: Part::Quarters(1), currency, last: false }),
    ];
    let mode = prop_oneof![3 => Just(BatchMode::AllOrNothing), 1 => Just(BatchMode::Independent)];
    let batch = (mode, prop::bool::weighted(0.3), prop::collection::vec(item, 1..4)).prop_map(|(mode, dry_run, items)| What::Batch {
        mode,
        dry_run,
        items,
    });
    (prop::collection::vec(reserve(), 3), prop::collection::vec(batch, 1..4)).prop_map(|(holds, batches)| [holds, batches].concat()).boxed()
}

/// As many orders as may wait, and more.
pub(super) fn crowded() -> Vec<What> {
    (1..=102).map(|ms| What::Order { paid: pays(1), date: Date::In(60_000 + ms) }).collect()
}

/// The same order again when its first decision is forgotten, but not executed yet.
pub(super) fn forgotten() -> Vec<What> {
    let day = 10 * DAY_MS;
    let order = |ms| What::Order { paid: pays(7), date: Date::In(ms) };
    let again = What::Later { ms: LEAP_MS, what: Box::new(order(day - LEAP_MS)) };
    let refund = What::Refund { payment: Which::Left(1), part: Part::Quarters(4), currency: None, proof: Proven::No };
    vec![order(day), again, What::Later { ms: day, what: Box::new(refund.clone()) }, refund]
}

fn pays(amount_minor: i64) -> Paid {
    let (debit, credit) = (Side::Account(0), Side::Account(1));
    Paid { kind: PaymentKind::Transfer, debit, credit, amount_minor, currency: None, channel: Channel::Wallet, context: None }
}
