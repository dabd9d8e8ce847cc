//! Policies as histories draw them: small numbers, so that they bite.

use super::{DAY_MS, Side, currency};
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;
use schemas::{AccountType, Bearer, Channel, Currency, Epoch, KycLevel, Limits, PaymentKind, Quota, Tariff, Tier};

#[derive(Clone, Debug)]
pub(crate) enum Set {
    Level {
        customer: u8,
        level: KycLevel,
    },
    /// Without a currency, the account's.
    Terms {
        account: Side,
        currency: Option<Currency>,
        floor_minor: Option<i64>,
        limits: Limits,
        from: Moment,
    },
    Limits {
        level: KycLevel,
        currency: Currency,
        limits: Limits,
        from: Moment,
    },
    /// The moments of the tariff are still to come.
    Tariff {
        tariff: Tariff,
        from: Moment,
        lasts_ms: Option<u64>,
    },
    End {
        code: u8,
        from: Moment,
    },
}

/// From when on, seen from the epoch in which it is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Moment {
    Unnamed,
    Past,
    In(u64),
}

impl Moment {
    pub(super) fn at(self, epoch: Epoch) -> Option<Epoch> {
        match self {
            Self::Unnamed => None,
            Self::Past => Some(epoch / 2),
            Self::In(ms) => Some(epoch + ms),
        }
    }
}

pub(super) fn code(number: u8) -> String {
    format!("tariff-{number}")
}

/// Terms that say a floor, at once.
pub(super) fn terms(account: Side, floor_minor: Option<i64>) -> Set {
    Set::Terms { account, currency: None, floor_minor, limits: Limits::default(), from: Moment::Unnamed }
}

/// A tariff of a fixed fee, of all payments in a currency.
fn fixed(number: u8, fixed_minor: i64) -> Tariff {
    Tariff {
        code: code(number),
        currency: Currency::XOF,
        operation: None,
        channel: None,
        account_type: None,
        level: None,
        bearer: Bearer::Payer,
        tiers: vec![Tier { up_to_minor: None, fixed_minor, rate_ppm: 0 }],
        min_minor: None,
        max_minor: None,
        free_per_month: 0,
        effective_from: None,
        effective_to: None,
    }
}

/// A tariff that costs nothing.
pub(super) fn free_tariff(number: u8, from: Moment) -> Set {
    let tariff = Tariff { operation: Some(PaymentKind::Transfer), ..fixed(number, 0) };
    Set::Tariff { tariff, from, lasts_ms: None }
}

/// Tariffs that all apply to a transfer by a wallet of a founded bank, and name more or less of it.
pub(super) fn rivals() -> BoxedStrategy<Vec<Set>> {
    let named = (any::<[bool; 4]>(), select(Bearer::ALL));
    let rival = |(number, ([operation, channel, account_type, level], bearer)): (u8, ([bool; 4], Bearer))| {
        let tariff = Tariff {
            operation: operation.then_some(PaymentKind::Transfer),
            channel: channel.then_some(Channel::Wallet),
            account_type: account_type.then_some(AccountType::Wallet),
            level: level.then_some(KycLevel::Unidentified),
            bearer,
            ..fixed(number, i64::from(number) + 1)
        };
        Set::Tariff { tariff, from: Moment::Unnamed, lasts_ms: None }
    };
    prop::collection::vec(named, 2..4).prop_map(move |named| (0..4u8).zip(named).map(rival).collect()).boxed()
}

/// One tariff, planned and planned again; now and then its end.
pub(super) fn replanned() -> BoxedStrategy<Vec<Set>> {
    let moment = || select(vec![Moment::Unnamed, Moment::In(1_000), Moment::In(2_000), Moment::In(3_000)]);
    let lasts = || weighted(0.3, select(vec![1_000, 2_000]));
    let price = (moment(), lasts(), 1..9i64).prop_map(|(from, lasts_ms, fixed_minor)| Set::Tariff {
        tariff: fixed(0, fixed_minor),
        from,
        lasts_ms,
    });
    let end = moment().prop_map(|from| Set::End { code: 0, from });
    prop::collection::vec(prop_oneof![4 => price, 1 => end], 2..5).boxed()
}

/// Of a payment, the payee bears all: more than the amount.
pub(super) fn dear() -> Set {
    let tariff = Tariff { bearer: Bearer::Payee, operation: Some(PaymentKind::Transfer), channel: Some(Channel::Wallet), ..fixed(3, 100) };
    Set::Tariff { tariff, from: Moment::Unnamed, lasts_ms: None }
}

/// Limits of most customers of a founded bank that bound them closely, or not at all.
pub(super) fn strict_for_all() -> BoxedStrategy<Set> {
    limits(0.4, 150).prop_map(for_all).boxed()
}

pub(super) fn for_all(limits: Limits) -> Set {
    Set::Limits { level: KycLevel::Unidentified, currency: Currency::XOF, limits, from: Moment::Unnamed }
}

fn moment() -> impl Strategy<Value = Moment> {
    prop_oneof![
        6 => Just(Moment::Unnamed),
        1 => Just(Moment::Past),
        2 => (0..2_000u64).prop_map(Moment::In),
        2 => select(vec![0, 1, 1_000, 2_000]).prop_map(Moment::In),
        1 => (0..2 * DAY_MS).prop_map(Moment::In),
    ]
}

fn quota(likely: f64, most: i64) -> impl Strategy<Value = Quota> {
    let minor = move || weighted(likely, 0..most);
    let count = move || weighted(likely, 0..4u32);
    (minor(), count(), minor(), count(), minor()).prop_map(|(operation_minor, day_count, day_minor, month_count, month_minor)| Quota {
        operation_minor,
        day_count,
        day_minor,
        month_count,
        month_minor,
    })
}

fn limits(likely: f64, most: i64) -> BoxedStrategy<Limits> {
    let balance = prop_oneof![6 => Just(None), 1 => (0..3_000i64).prop_map(Some)];
    (balance, quota(likely, most), quota(likely / 2.0, most))
        .prop_map(|(balance_minor, debit, credit)| Limits { balance_minor, debit, credit })
        .boxed()
}

/// Terms of an account of a founded bank that bound it closely.
pub(super) fn strict() -> BoxedStrategy<Set> {
    (0..4u8, limits(0.3, 150))
        .prop_map(|(account, limits)| Set::Terms {
            account: Side::Account(account),
            currency: None,
            floor_minor: None,
            limits,
            from: Moment::Unnamed,
        })
        .boxed()
}

fn floor() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![
        6 => Just(None),
        6 => (-500..=0i64).prop_map(Some),
        1 => (1..50i64).prop_map(Some),
        1 => select(vec![i64::MIN, i64::MAX]).prop_map(Some),
    ]
}

fn tiers() -> BoxedStrategy<Vec<Tier>> {
    let rate = select(vec![0, 0, 1, 10_000, 15_000, 333_333, 500_000, 1_000_000]);
    let tier = (1..60i64, prop_oneof![10 => 0..6i64, 1 => Just(i64::MAX)], rate);
    prop::collection::vec(tier, 1..4)
        .prop_map(|drawn| {
            let count = drawn.len();
            let bounds = drawn.iter().scan(0, |bound, (more, ..)| {
                *bound += more;
                Some(*bound)
            });
            let up_to = bounds.enumerate().map(move |(place, bound)| (place + 1 < count).then_some(bound));
            let up_to: Vec<Option<i64>> = up_to.collect();
            drawn
                .into_iter()
                .zip(up_to)
                .map(|((_, fixed_minor, rate_ppm), up_to_minor)| Tier { up_to_minor, fixed_minor, rate_ppm })
                .collect()
        })
        .boxed()
}

fn tariff() -> BoxedStrategy<Tariff> {
    let named = (
        weighted(0.4, select(PaymentKind::ASKED)),
        weighted(0.3, select(Channel::ALL)),
        // Wallets are what founded banks have, and most customers are unidentified.
        weighted(0.3, prop_oneof![2 => Just(AccountType::Wallet), 1 => select(AccountType::ALL)]),
        weighted(0.3, prop_oneof![2 => Just(KycLevel::Unidentified), 1 => select(KycLevel::ALL)]),
    );
    let bounds = (weighted(0.2, 0..5i64), weighted(0.2, 5..40i64));
    let free = prop_oneof![3 => Just(0), 1 => 1..4u32];
    (0..4u8, currency(), named, select(Bearer::ALL), tiers(), bounds, free)
        .prop_map(|(number, currency, (operation, channel, account_type, level), bearer, tiers, (min_minor, max_minor), free_per_month)| {
            Tariff {
                code: code(number),
                currency,
                operation,
                channel,
                account_type,
                level,
                bearer,
                tiers,
                min_minor,
                max_minor,
                free_per_month,
                effective_from: None,
                effective_to: None,
            }
        })
        .boxed()
}

/// A tariff at once.
pub(crate) fn priced() -> BoxedStrategy<Set> {
    tariff().prop_map(|tariff| Set::Tariff { tariff, from: Moment::Unnamed, lasts_ms: None }).boxed()
}

fn level() -> impl Strategy<Value = KycLevel> {
    prop_oneof![2 => Just(KycLevel::Unidentified), 1 => select(KycLevel::ALL)]
}

fn of_level() -> BoxedStrategy<Set> {
    (any::<u8>(), level()).prop_map(|(customer, level)| Set::Level { customer, level }).boxed()
}

fn of_account() -> BoxedStrategy<Set> {
    let account = prop_oneof![
        10 => any::<u8>().prop_map(Side::Account),
        2 => Just(Side::Newest),
        1 => currency().prop_map(Side::Cash),
        1 => Just(Side::Unknown),
    ];
    (account, weighted(0.1, currency()), floor(), limits(0.1, 300), moment())
        .prop_map(|(account, currency, floor_minor, limits, from)| Set::Terms { account, currency, floor_minor, limits, from })
        .boxed()
}

fn of_all() -> BoxedStrategy<Set> {
    (level(), currency(), limits(0.07, 2_000), moment())
        .prop_map(|(level, currency, limits, from)| Set::Limits { level, currency, limits, from })
        .boxed()
}

fn of_price() -> BoxedStrategy<Set> {
    let lasts = weighted(0.2, prop_oneof![1 => 1..3_000u64, 2 => select(vec![1, 1_000, 2_000]), 1 => 1..3 * DAY_MS]);
    (tariff(), moment(), lasts).prop_map(|(tariff, from, lasts_ms)| Set::Tariff { tariff, from, lasts_ms }).boxed()
}

fn end() -> BoxedStrategy<Set> {
    (0..5u8, moment()).prop_map(|(code, from)| Set::End { code, from }).boxed()
}

pub(super) fn set() -> BoxedStrategy<Set> {
    prop_oneof![4 => of_level(), 6 => of_account(), 3 => of_all(), 10 => of_price(), 3 => end()].boxed()
}

/// Two of a kind.
pub(super) fn alike() -> BoxedStrategy<Vec<Set>> {
    let two = |set| prop::collection::vec(set, 2);
    prop_oneof![two(of_level()), two(of_account()), two(of_all()), two(of_price()), two(end())].boxed()
}
