//! Fees by hand, what is no policy, and from when on one holds.

use super::*;
use crate::account::AccountType;
use crate::transaction::{Channel, PaymentKind};

fn flat(fixed_minor: i64, rate_ppm: u32) -> Tier {
    Tier { up_to_minor: None, fixed_minor, rate_ppm }
}

fn tariff(tiers: &[Tier]) -> Tariff {
    Tariff {
        code: "a".to_owned(),
        currency: Currency::XOF,
        operation: None,
        channel: None,
        account_type: None,
        level: None,
        bearer: Bearer::Payer,
        tiers: tiers.to_vec(),
        min_minor: None,
        max_minor: None,
        free_per_month: 0,
        effective_from: None,
        effective_to: None,
    }
}

#[test]
fn a_fee_is_the_fixed_part_and_the_rate_of_its_tier() {
    let tier = |up_to_minor, fixed_minor, rate_ppm| Tier { up_to_minor: Some(up_to_minor), fixed_minor, rate_ppm };
    let tiers = tariff(&[tier(1_000, 10, 0), tier(5_000, 0, 10_000), flat(20, 5_000)]);
    for (amount_minor, fee_minor) in [(1, 10), (1_000, 10), (1_001, 10), (5_000, 50), (5_001, 45), (1_000_000, 5_020)] {
        assert_eq!(tiers.fee_minor(amount_minor), fee_minor, "{amount_minor}");
    }
}

#[test]
fn the_rate_is_rounded_half_up() {
    // One percent, and a third of a millionth's worth above and below the half.
    for (amount_minor, rate_ppm, fee_minor) in [
        (49, 10_000, 0),
        (50, 10_000, 1),
        (149, 10_000, 1),
        (150, 10_000, 2),
        (1, 499_999, 0),
        (1, 500_000, 1),
        (1, 1_000_000, 1),
        (499_999, 1, 0),
        (500_000, 1, 1),
        (1_500_000, 1, 2),
    ] {
        assert_eq!(tariff(&[flat(0, rate_ppm)]).fee_minor(amount_minor), fee_minor, "{amount_minor} at {rate_ppm}");
    }
}

#[test]
fn a_fee_stays_within_its_bounds_and_within_the_ledger() {
    let bounded = Tariff { min_minor: Some(25), max_minor: Some(500), ..tariff(&[flat(0, 10_000)]) };
    for (amount_minor, fee_minor) in [(1, 25), (2_499, 25), (2_550, 26), (50_000, 500), (i64::MAX, 500)] {
        assert_eq!(bounded.fee_minor(amount_minor), fee_minor, "{amount_minor}");
    }
    assert_eq!(tariff(&[flat(0, RATE_WHOLE_PPM)]).fee_minor(i64::MAX), i64::MAX);
    assert_eq!(tariff(&[flat(i64::MAX, RATE_WHOLE_PPM)]).fee_minor(i64::MAX), i64::MAX, "the most that there is");
    let least = Tariff { min_minor: Some(i64::MAX), ..tariff(&[flat(0, 0)]) };
    assert_eq!(least.fee_minor(1), i64::MAX);
    assert_eq!(tariff(&[flat(0, 0)]).fee_minor(i64::MAX), 0);
}

#[test]
fn what_is_no_tariff_is_refused() {
    let bound = |up_to_minor| Tier { up_to_minor: Some(up_to_minor), fixed_minor: 0, rate_ppm: 0 };
    let good = || tariff(&[flat(1, 1)]);
    let code = |code: &str| Tariff { code: code.to_owned(), ..good() };
    let many: Vec<_> = (1..=16).map(bound).chain([flat(0, 0)]).collect();
    for (tariff, expected) in [
        (good(), true),
        (tariff(&[bound(0), bound(1), flat(0, 0)]), true),
        (tariff(&many[1..]), true),
        (tariff(&many), false),
        (tariff(&[]), false),
        (tariff(&[bound(1)]), false),
        (tariff(&[flat(0, 0), flat(0, 0)]), false),
        (tariff(&[bound(2), bound(1), flat(0, 0)]), false),
        (tariff(&[bound(1), bound(1), flat(0, 0)]), false),
        (tariff(&[bound(-1), flat(0, 0)]), false),
        (tariff(&[flat(-1, 0)]), false),
        (tariff(&[flat(0, 1_000_000)]), true),
        (tariff(&[flat(0, 1_000_001)]), false),
        (code(&"a-_0".repeat(16)), true),
        (code(&"a".repeat(65)), false),
        (code(""), false),
        (code("A"), false),
        (code("a b"), false),
        (code("é"), false),
        (code("a/b"), false),
        (Tariff { operation: Some(PaymentKind::BillPayment), ..good() }, true),
        (Tariff { operation: Some(PaymentKind::Refund), ..good() }, false),
        (Tariff { operation: Some(PaymentKind::Reversal), ..good() }, false),
        (Tariff { min_minor: Some(2), max_minor: Some(2), ..good() }, true),
        (Tariff { min_minor: Some(3), max_minor: Some(2), ..good() }, false),
        (Tariff { min_minor: Some(-1), ..good() }, false),
        (Tariff { max_minor: Some(-1), ..good() }, false),
        (Tariff { effective_from: Some(5), effective_to: Some(6), ..good() }, true),
        (Tariff { effective_from: Some(5), effective_to: Some(5), ..good() }, false),
        (Tariff { effective_to: Some(0), ..good() }, false),
        (Tariff { effective_from: Some(LAST_EPOCH + 1), ..good() }, false),
        (Tariff { effective_to: Some(LAST_EPOCH + 1), ..good() }, false),
    ] {
        let policy = Policy::Tariff(tariff);
        assert_eq!(policy.check().is_ok(), expected, "{policy:?}");
    }
}

#[test]
fn no_bound_is_negative_and_no_moment_beyond_the_last() {
    let quota = |operation_minor, day_minor, month_minor| Quota { operation_minor, day_minor, month_minor, ..Quota::default() };
    let zero = quota(Some(0), Some(0), Some(0));
    let level =
        |limits, effective_from| Policy::Limits(LevelLimits { level: KycLevel::Standard, currency: Currency::XOF, limits, effective_from });
    let none = Limits::default();
    for (limits, effective_from, expected) in [
        (none, Some(LAST_EPOCH), true),
        (none, Some(LAST_EPOCH + 1), false),
        (Limits { balance_minor: Some(0), debit: zero, credit: zero }, None, true),
        (Limits { balance_minor: Some(-1), ..none }, None, false),
        (Limits { debit: quota(Some(-1), None, None), ..none }, None, false),
        (Limits { debit: quota(None, Some(-1), None), ..none }, None, false),
        (Limits { credit: quota(None, None, Some(-1)), ..none }, None, false),
    ] {
        let terms = AccountTerms {
            account_id: AccountId::mint(1, 0),
            currency: Currency::XOF,
            floor_minor: Some(i64::MIN),
            limits,
            effective_from,
        };
        assert_eq!(Policy::Terms(terms).check().is_ok(), expected, "{terms:?}");
        assert_eq!(level(limits, effective_from).check().is_ok(), expected, "{limits:?}");
    }
    let end = |effective_from| Policy::TariffEnd(TariffEnd { code: "a".to_owned(), effective_from });
    assert!(end(Some(LAST_EPOCH)).check().is_ok() && end(Some(LAST_EPOCH + 1)).check().is_err());
}

#[test]
fn a_policy_holds_from_its_moment_on_but_never_before_its_decision() {
    let end = |effective_from| Policy::TariffEnd(TariffEnd { code: "a".to_owned(), effective_from });
    for (asked, decided) in [(None, 100), (Some(0), 100), (Some(100), 100), (Some(101), 101)] {
        assert_eq!(end(asked).effective(100), decided);
        assert_eq!(end(asked).decided(100), end(Some(decided)));
        assert_eq!(end(asked).decided(100).decided(50), end(Some(decided)), "decided once");
    }
    let level = Policy::Level(CustomerLevel { customer_id: CustomerId::mint(1, 0), level: KycLevel::Simplified });
    assert_eq!((level.effective(100), level.clone().decided(100)), (100, level));
    let over = Policy::Tariff(Tariff { effective_to: Some(50), ..tariff(&[flat(0, 0)]) });
    let decided = over.clone().decided(100);
    assert!(over.check().is_ok() && decided.form().is_ok(), "one that was over by then can be told");
    assert!(decided.check().is_err(), "and not be asked for");
}

#[test]
fn a_tariff_applies_where_all_that_it_names_fits_and_goes_by_what_it_names() {
    let wallet = Borne { account_type: Some(AccountType::Wallet), level: KycLevel::Standard };
    let to =
        Priced { operation: PaymentKind::Transfer, channel: Channel::Wallet, currency: Currency::XOF, payer: Some(wallet), payee: None };
    let any = tariff(&[flat(1, 0)]);
    let named = Tariff {
        operation: Some(PaymentKind::Transfer),
        channel: Some(Channel::Wallet),
        account_type: Some(AccountType::Wallet),
        level: Some(KycLevel::Standard),
        ..any.clone()
    };
    for (tariff, expected) in [
        (any.clone(), true),
        (named.clone(), true),
        (Tariff { currency: "EUR".parse().unwrap(), ..any.clone() }, false),
        (Tariff { operation: Some(PaymentKind::Deposit), ..named.clone() }, false),
        (Tariff { channel: Some(Channel::Qr), ..named.clone() }, false),
        (Tariff { account_type: Some(AccountType::Savings), ..named.clone() }, false),
        (Tariff { level: Some(KycLevel::Enhanced), ..named.clone() }, false),
        (Tariff { bearer: Bearer::Payee, ..any.clone() }, false),
    ] {
        assert_eq!(tariff.applies(&to), expected, "{tariff:?}");
    }
    let unknown = Priced { payer: Some(Borne { account_type: None, ..wallet }), ..to };
    assert!(any.applies(&unknown) && !named.applies(&unknown), "a type that is not known fits no name");
    // Each of these comes before all that stand before it.
    let rising = [
        any.clone(),
        Tariff { code: "b".to_owned(), ..any.clone() },
        Tariff { level: named.level, ..any.clone() },
        Tariff { account_type: named.account_type, ..any.clone() },
        Tariff { account_type: named.account_type, level: named.level, ..any.clone() },
        Tariff { channel: named.channel, ..any.clone() },
        Tariff { operation: named.operation, ..any },
        named,
    ];
    assert!(rising.windows(2).all(|pair| pair[0].rank() < pair[1].rank()));
}
