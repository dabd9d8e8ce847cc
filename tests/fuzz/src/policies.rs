//! Policies, drawn from bytes.

use super::drawn::{Known, account, currency, customer, likely, minor, some, text, word};
use arbitrary::{Result, Unstructured};
use schemas::{
    AccountTerms, AccountType, Bearer, Channel, CustomerLevel, Epoch, KycLevel, LevelLimits, Limits, PaymentKind, Policy, Quota, Tariff,
    TariffEnd, Tier,
};

pub(crate) fn policy(u: &mut Unstructured<'_>, known: &Known) -> Result<Policy> {
    Ok(match u.int_in_range(0..=7)? {
        0 => Policy::Level(CustomerLevel { customer_id: customer(u, known)?, level: word(u, KycLevel::ALL)? }),
        1 | 2 => Policy::Terms(AccountTerms {
            account_id: account(u, known)?,
            currency: currency(u)?,
            floor_minor: some(u, |u| minor(u).map(i64::wrapping_neg))?,
            limits: limits(u)?,
            effective_from: moment(u, known)?,
        }),
        3 => Policy::Limits(LevelLimits {
            level: word(u, KycLevel::ALL)?,
            currency: currency(u)?,
            limits: limits(u)?,
            effective_from: moment(u, known)?,
        }),
        4 => Policy::TariffEnd(TariffEnd { code: code(u)?, effective_from: moment(u, known)? }),
        _ => Policy::Tariff(tariff(u, known)?),
    })
}

pub(crate) fn tariff(u: &mut Unstructured<'_>, known: &Known) -> Result<Tariff> {
    let from = moment(u, known)?;
    let one_in_four = |u: &mut Unstructured<'_>| u.ratio(1, 4);
    Ok(Tariff {
        code: code(u)?,
        currency: currency(u)?,
        operation: if one_in_four(u)? { Some(word(u, PaymentKind::ASKED)?) } else { None },
        channel: if one_in_four(u)? { Some(word(u, Channel::ALL)?) } else { None },
        account_type: if one_in_four(u)? { Some(word(u, AccountType::ALL)?) } else { None },
        level: if one_in_four(u)? { Some(word(u, KycLevel::ALL)?) } else { None },
        bearer: word(u, Bearer::ALL)?,
        tiers: tiers(u)?,
        min_minor: if one_in_four(u)? { Some(minor(u)?) } else { None },
        max_minor: if one_in_four(u)? { Some(minor(u)?.saturating_add(500)) } else { None },
        free_per_month: if likely(u)? { u.int_in_range(0..=2)? } else { u.arbitrary()? },
        effective_from: from,
        effective_to: if one_in_four(u)? { Some(from.unwrap_or(known.epoch).saturating_add(u.int_in_range(0..=10_000)?)) } else { None },
    })
}

/// Tiers, of which the bounds mostly grow.
fn tiers(u: &mut Unstructured<'_>) -> Result<Vec<Tier>> {
    let count = if likely(u)? { u.int_in_range(1..=4)? } else { u.int_in_range(0..=17)? };
    let mut tiers = Vec::new();
    let mut bound_minor = 0i64;
    for number in 1..=count {
        bound_minor = if likely(u)? { bound_minor.saturating_add(minor(u)?.max(1)) } else { minor(u)? };
        let last = number == count && likely(u)?;
        tiers.push(Tier {
            up_to_minor: (!last).then_some(bound_minor),
            fixed_minor: minor(u)?,
            rate_ppm: if likely(u)? { u.int_in_range(0..=1_000_000)? } else { u.arbitrary()? },
        });
    }
    Ok(tiers)
}

fn limits(u: &mut Unstructured<'_>) -> Result<Limits> {
    Ok(Limits { balance_minor: bound(u)?, debit: quota(u)?, credit: quota(u)? })
}

fn quota(u: &mut Unstructured<'_>) -> Result<Quota> {
    let count = |u: &mut Unstructured<'_>| if u.ratio(1, 4)? { u.int_in_range(0..=20).map(Some) } else { Ok(None) };
    Ok(Quota { operation_minor: bound(u)?, day_count: count(u)?, day_minor: bound(u)?, month_count: count(u)?, month_minor: bound(u)? })
}

/// A limit; mostly none, so that most payments come to something.
fn bound(u: &mut Unstructured<'_>) -> Result<Option<i64>> {
    if u.ratio(1, 8)? { minor(u).map(Some) } else { Ok(None) }
}

/// Mostly at once, or from about now on; sometimes at any time.
fn moment(u: &mut Unstructured<'_>, known: &Known) -> Result<Option<Epoch>> {
    if u.ratio(2, 3)? {
        return Ok(None);
    }
    if likely(u)? { Ok(Some(known.epoch.saturating_add(u.int_in_range(0..=300)?))) } else { u.arbitrary().map(Some) }
}

/// A name, one of few, so that tariffs are set anew and end.
fn code(u: &mut Unstructured<'_>) -> Result<String> {
    if likely(u)? { Ok((*u.choose(&["a", "b", "c", "fees-2026"])?).to_owned()) } else { text(u) }
}
