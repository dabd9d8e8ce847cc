//! Arbitrary policies: those that can be asked for, and those that were decided.

use super::{account_id, currency, id};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use schemas::epoch::LAST_EPOCH;
use schemas::{
    AccountTerms, AccountType, Bearer, Channel, Currency, CustomerId, CustomerLevel, KycLevel, LevelLimits, Limits, PaymentKind, Policy,
    Quota, Tariff, TariffEnd, Tier,
};

/// One that can be asked for.
pub(super) fn asked() -> impl Strategy<Value = Policy> {
    decided().prop_map(|policy| match policy {
        Policy::Tariff(tariff) if tariff.effective_to.is_some_and(|to| to <= tariff.effective_from.unwrap_or(0)) => {
            Policy::Tariff(Tariff { effective_to: None, ..tariff })
        }
        other => other,
    })
}

/// One as it was decided: a tariff may have been over by then.
pub(super) fn decided() -> BoxedStrategy<Policy> {
    let moment = || option::of(0..=LAST_EPOCH);
    let level = (id(), select(KycLevel::ALL))
        .prop_map(|(customer, level)| Policy::Level(CustomerLevel { customer_id: CustomerId(customer), level }));
    let terms = (account_id(), currency(), option::of(any::<i64>()), limits(), moment()).prop_map(
        |(account_id, currency, floor_minor, limits, effective_from)| {
            Policy::Terms(AccountTerms { account_id, currency, floor_minor, limits, effective_from })
        },
    );
    let limits = (select(KycLevel::ALL), currency(), limits(), moment())
        .prop_map(|(level, currency, limits, effective_from)| Policy::Limits(LevelLimits { level, currency, limits, effective_from }));
    let tariff = (tariff(), moment(), moment())
        .prop_map(|(tariff, effective_from, effective_to)| Policy::Tariff(Tariff { effective_from, effective_to, ..tariff }));
    let end = (code(), moment()).prop_map(|(code, effective_from)| Policy::TariffEnd(TariffEnd { code, effective_from }));
    // On the heap, as a strategy holds all that it is made of, which is more than a thread's stack.
    prop_oneof![level, terms, limits, tariff, end].boxed()
}

fn limits() -> impl Strategy<Value = Limits> {
    (bound(), quota(), quota()).prop_map(|(balance_minor, debit, credit)| Limits { balance_minor, debit, credit })
}

fn quota() -> impl Strategy<Value = Quota> {
    let count = || option::of(any::<u32>());
    (bound(), count(), bound(), count(), bound()).prop_map(|(operation_minor, day_count, day_minor, month_count, month_minor)| Quota {
        operation_minor,
        day_count,
        day_minor,
        month_count,
        month_minor,
    })
}

fn tariff() -> impl Strategy<Value = Tariff> {
    let named = (
        option::of(select(PaymentKind::ASKED)),
        option::of(select(Channel::ALL)),
        option::of(select(AccountType::ALL)),
        option::of(select(KycLevel::ALL)),
    );
    let price = (select(&[Bearer::Payer, Bearer::Payee][..]), tiers(), option::of(0..1000i64), option::of(1000..=i64::MAX), any::<u32>());
    (code(), currency(), named, price).prop_map(with_price)
}

type Named = (Option<PaymentKind>, Option<Channel>, Option<AccountType>, Option<KycLevel>);
type Price = (Bearer, Vec<Tier>, Option<i64>, Option<i64>, u32);

fn with_price((code, currency, named, price): (String, Currency, Named, Price)) -> Tariff {
    let (operation, channel, account_type, level) = named;
    let (bearer, tiers, min_minor, max_minor, free_per_month) = price;
    Tariff {
        code,
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
}

/// Tiers with growing bounds, the last without one.
fn tiers() -> impl Strategy<Value = Vec<Tier>> {
    let price = || (0..=i64::MAX, 0..=1_000_000u32);
    (prop::collection::btree_set(0..=i64::MAX, 0..15), vec(price(), 16)).prop_map(|(bounds, prices)| {
        let bounds = bounds.into_iter().map(Some).chain([None]);
        bounds.zip(prices).map(|(up_to_minor, (fixed_minor, rate_ppm))| Tier { up_to_minor, fixed_minor, rate_ppm }).collect()
    })
}

fn bound() -> impl Strategy<Value = Option<i64>> {
    option::of(0..=i64::MAX)
}

fn code() -> impl Strategy<Value = String> {
    "[a-z0-9_-]{1,64}"
}
