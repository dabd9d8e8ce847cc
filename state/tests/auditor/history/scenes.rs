//! What chance alone hardly brings together: steps of staff that belong to each other.

use super::policies::{self, Moment, free_tariff, terms};
use super::{Date, Paid, Part, Proven, Side, What, Which, dated, diligence, gated, likely, part, small};
use proptest::prelude::*;
use proptest::sample::select;
use schemas::{AccountType, Channel, Currency, Limits, PaymentKind, Role, StatusChange};
use state::CODE_VERSION;

/// Steps, and the keys under which they are asked: mostly each its own, now and then the same for all.
pub(super) fn keyed() -> BoxedStrategy<Vec<(u8, What)>> {
    let of_one_key = prop_oneof![1 => scene(), 2 => alike()];
    let drawn = prop_oneof![6 => (scene(), Just(1)), 1 => (of_one_key, Just(0))];
    (any::<u8>(), drawn)
        .prop_map(|(first, (scene, step))| {
            let keys = (0..u8::MAX).map(move |number| first.wrapping_add(step * number));
            keys.zip(scene).collect()
        })
        .boxed()
}

/// The same operation twice or more.
fn alike() -> BoxedStrategy<Vec<What>> {
    let which = || (0..4u8).prop_map(Which::Any);
    let account = || any::<u8>().prop_map(Side::Account);
    prop_oneof![
        2 => policies::alike().prop_map(|sets| sets.into_iter().map(What::Set).collect()),
        1 => (select(StatusChange::ALL), account(), account()).prop_map(|(change, one, other)| {
            vec![What::Change { account: one, change }, What::Change { account: other, change }]
        }),
        1 => [which(), which()].prop_map(|holds| holds.map(|hold| What::Release { hold }).to_vec()),
        1 => [which(), which()].prop_map(|payments| payments.map(reverse).to_vec()),
        // Never the one after the newest.
        1 => [select(vec![1, 2, 3]), select(vec![CODE_VERSION, CODE_VERSION + 2])].prop_map(|versions| versions.map(|version| What::Activate { version }).to_vec()),
        1 => Just((0..2u8).map(|name| What::Enrol { name }).collect()),
        1 => [which(), which()].prop_map(|orders| orders.map(|order| What::Cancel { order }).to_vec()),
        1 => [likely(small()), likely(small())].prop_map(|paid| paid.map(|paid| What::Order { paid, date: Date::In(1_000) }).to_vec()),
        1 => prop::collection::vec(dated::batch(likely(small()).prop_map(What::Pay)), 2).boxed(),
        1 => [likely(small()), likely(small())].prop_map(|paid| paid.map(What::Pay).to_vec()),
        4 => gated::alike(),
        2 => super::listed::alike(),
        6 => diligence::alike(),
        2 => prop::collection::vec(gated::asked(), 4..8),
    ]
    .boxed()
}

fn scene() -> BoxedStrategy<Vec<What>> {
    let twice = (policies::set(), policies::set(), policies::set());
    let parts = |count| prop::collection::vec(part(), count);
    prop_oneof![
        6 => gated::scene(),
        2 => super::listed::scene(),
        5 => diligence::scene(),
        // Of a currency that its payer has not.
        1 => likely(small()).prop_map(|paid| {
            let paid = Paid { currency: "EUR".parse().ok(), ..paid };
            vec![What::Reserve { paid: paid.clone(), expires_in_ms: 1_000 }, What::Order { paid, date: Date::In(1_000) }]
        }),
        3 => bound(),
        2 => twice.prop_map(|(one, two, three)| vec![What::Set(one), What::Set(two), What::Set(three)]),
        // One after the other comes into force, until there is no room for more.
        1 => (0..3u8, 1..100u64).prop_map(|(code, ms)| (1..=9).map(|number| What::Set(free_tariff(code, Moment::In(ms * number)))).collect()),
        // Nothing stands on an account, and something of its overdraft is held.
        1 => any::<u8>().prop_map(|customer| vec![
            open(customer),
            What::Set(terms(Side::Newest, Some(-100))),
            What::Reserve { paid: pays(Side::Newest, Side::Account(1)), expires_in_ms: 2_000 },
            What::Change { account: Side::Newest, change: StatusChange::Close },
        ]),
        // Older rules, and step by step back to the newest.
        1 => (1..CODE_VERSION).prop_map(|oldest| (oldest..=CODE_VERSION).map(|version| What::Activate { version }).collect()),
        // A hold in parts.
        3 => (likely(small()), parts(1..4)).prop_map(|(paid, parts)| {
            let reserve = What::Reserve { paid, expires_in_ms: 60_000 };
            std::iter::once(reserve).chain(parts.into_iter().map(capture)).collect()
        }),
        // A payment in parts back, then the rest, and then no more.
        3 => (likely(small()), parts(0..3), Just(Which::Left(0)), 0..3u8).prop_map(|(paid, parts, payment, again)| {
            let refund = |part| What::Refund { payment, part, currency: None, proof: Proven::No };
            let mut all: Vec<What> = std::iter::once(What::Pay(paid)).chain(parts.into_iter().map(refund)).collect();
            all.push(reverse(payment));
            // The reversal itself is the last transaction, unless it was refused.
            all.extend((0..again).map(|back| reverse(Which::Any(back))));
            all.push(What::Refund { payment: Which::Any(again), part: Part::Minor(1), currency: None, proof: Proven::No });
            all
        }),
        3 => stopped(),
        2 => dated::proofs(),
        3 => dated::orders(),
        2 => dated::together(),
        1 => prop_oneof![1 => Just(dated::crowded()), 4 => Just(dated::forgotten())],
        1 => policies::rivals().prop_map(|sets| {
            let pay = What::Pay(pays(Side::Account(0), Side::Account(1)));
            sets.into_iter().map(What::Set).chain([pay]).collect()
        }),
        1 => any::<u8>().prop_map(closed),
        1 => any::<u8>().prop_map(rich),
        1 => any::<u8>().prop_map(nothing_moves),
        2 => policies::replanned().prop_map(|sets| {
            let pay = std::iter::repeat_n(What::Pay(pays(Side::Account(0), Side::Account(1))), 4);
            sets.into_iter().map(What::Set).chain(pay).collect()
        }),
        2 => (policies::strict_for_all(), bound()).prop_map(|(for_all, mut moves)| {
            moves.insert(0, What::Set(for_all));
            moves.push(What::Set(policies::for_all(Limits::default())));
            moves
        }),
    ]
    .boxed()
}

fn open(customer: u8) -> What {
    What::Open { customer: Some(customer), account_type: AccountType::Wallet, role: Role::Customer, currency: Currency::XOF }
}

/// An account that is suspended twice, and closed twice.
fn closed(customer: u8) -> Vec<What> {
    use StatusChange::{Close, Reactivate, Suspend};
    let changes =
        [Suspend, Suspend, Reactivate, Close, Close, Suspend, Reactivate].map(|change| What::Change { account: Side::Newest, change });
    let after = [
        What::Set(terms(Side::Newest, None)),
        What::Reserve { paid: pays(Side::Newest, Side::Account(0)), expires_in_ms: 1_000 },
        What::Order { paid: pays(Side::Account(0), Side::Newest), date: Date::In(1_000) },
        What::Order { paid: pays(Side::Newest, Side::Account(0)), date: Date::In(1_000) },
    ];
    std::iter::once(open(customer)).chain(changes).chain(after).collect()
}

/// More goes back and forth than a sum of a day can say.
fn rich(customer: u8) -> Vec<What> {
    let much = |kind, debit, credit| {
        let amount_minor = i64::MAX / 2;
        What::Pay(Paid { kind, debit, credit, amount_minor, currency: None, channel: Channel::Qr, context: None })
    };
    let there = || much(PaymentKind::Transfer, Side::Newest, Side::Account(1));
    let back = || much(PaymentKind::Transfer, Side::Account(1), Side::Newest);
    let deposit = much(PaymentKind::Deposit, Side::Unnamed, Side::Newest);
    // What comes back by a reversal is not counted, nor is the house.
    let cash = || [much(PaymentKind::Withdrawal, Side::Newest, Side::Unnamed), reverse(Which::Left(0))];
    let pairs = [[there(), back()], cash(), cash(), [there(), back()]];
    [open(customer), deposit].into_iter().chain(pairs.into_iter().flatten()).collect()
}

/// The payee's leg is nothing, whatever its floor.
fn nothing_moves(customer: u8) -> Vec<What> {
    let pay = What::Pay(pays(Side::Account(0), Side::Newest));
    let reverse = reverse(Which::Left(0));
    let end = What::Set(policies::Set::End { code: 3, from: Moment::Unnamed });
    vec![open(customer), What::Set(policies::dear()), What::Set(terms(Side::Newest, Some(10))), pay, reverse, end]
}

fn pays(debit: Side, credit: Side) -> Paid {
    Paid { kind: PaymentKind::Transfer, debit, credit, amount_minor: 20, currency: None, channel: Channel::Wallet, context: None }
}

fn reverse(payment: Which) -> What {
    What::Reverse { payment, proof: Proven::No }
}

fn capture(part: Part) -> What {
    What::Capture { hold: Which::Left(0), part, currency: None, last: false }
}

/// Limits or a tariff, and payments and holds that they may be about.
fn bound() -> impl Strategy<Value = Vec<What>> {
    let set = prop_oneof![policies::strict(), policies::priced()];
    let moves = prop_oneof![
        2 => likely(small()).prop_map(What::Pay),
        1 => likely(small()).prop_map(|paid| What::Reserve { paid, expires_in_ms: 60_000 }),
        1 => part().prop_map(capture),
    ];
    (set, prop::collection::vec(moves, 3..8)).prop_map(|(set, moves)| std::iter::once(What::Set(set)).chain(moves).collect())
}

/// Something is held for an account and something was paid to it; then it is stopped, or the payer is, and all of it is to go on.
fn stopped() -> impl Strategy<Value = Vec<What>> {
    let stopped = select(vec![Side::Account(0), Side::Newest, Side::Newest]);
    let change = select(vec![StatusChange::Suspend, StatusChange::Close]);
    (any::<u8>(), stopped, change, any::<bool>()).prop_map(|(customer, account, change, refunds)| {
        let (payer, payee) = (Side::Account(0), Side::Newest);
        let back = if refunds {
            What::Refund { payment: Which::Left(1), part: Part::Quarters(4), currency: None, proof: Proven::No }
        } else {
            reverse(Which::Left(1))
        };
        vec![
            open(customer),
            What::Reserve { paid: pays(payer, payee), expires_in_ms: 60_000 },
            What::Pay(pays(payer, payee)),
            What::Pay(pays(payee, Side::Account(1))),
            What::Change { account, change },
            capture(Part::Quarters(2)),
            back,
            What::Reserve { paid: pays(payer, payee), expires_in_ms: 60_000 },
            What::Change { account, change: StatusChange::Reactivate },
        ]
    })
}
