//! Limits: what an account may pay and be paid, by its own terms and by the level of its holder. Both are kept.

use crate::accounts::Holding;
use crate::calendar::Today;
use crate::usage::{Counted, Side};
use schemas::{Limits, Quota, Refusal};

/// The limits of one account: those of its terms, and those of its holder's level.
pub(crate) type Both<'a> = [Option<&'a Limits>; 2];

/// Whether a payer may pay so much, or the first limit that says no.
pub(crate) fn debit(payer: &Holding, limits: Both<'_>, amount_minor: i64, today: Today) -> Result<(), Refusal> {
    let counted = payer.usage.of(Side::Debit, today);
    let quotas = limits.map(|limits| limits.map(|limits| &limits.debit));
    match exceeded(quotas, counted, amount_minor) {
        None => Ok(()),
        Some(refusal) => Err(refusal),
    }
}

/// Whether a payee may be paid so much, where that leads to a balance. Which limit says no is the payee's business.
pub(crate) fn credit(payee: &Holding, limits: Both<'_>, amount_minor: i64, balance_minor: i64, today: Today) -> Result<(), Refusal> {
    let counted = payee.usage.of(Side::Credit, today);
    let quotas = limits.map(|limits| limits.map(|limits| &limits.credit));
    let too_much = limits.iter().flatten().any(|limits| limits.balance_minor.is_some_and(|most| balance_minor > most));
    if too_much || exceeded(quotas, counted, amount_minor).is_some() { Err(Refusal::PayeeLimitExceeded) } else { Ok(()) }
}

/// The first bound that one operation more would pass, in the order of the refusals.
fn exceeded(quotas: [Option<&Quota>; 2], counted: Counted, amount_minor: i64) -> Option<Refusal> {
    quotas.into_iter().flatten().filter_map(|quota| passed(quota, counted, amount_minor)).min()
}

/// The same of one quota.
fn passed(quota: &Quota, counted: Counted, amount_minor: i64) -> Option<Refusal> {
    // A sum that leaves the range of an i64 is above every bound.
    let amount = |most: Option<i64>, so_far_minor: i64| {
        most.is_some_and(|most| so_far_minor.checked_add(amount_minor).is_none_or(|sum_minor| sum_minor > most))
    };
    let count = |most: Option<u32>, so_far: u32| most.is_some_and(|most| so_far >= most);
    if amount(quota.operation_minor, 0) {
        return Some(Refusal::OperationLimitExceeded);
    }
    if count(quota.day_count, counted.day_count) {
        return Some(Refusal::DailyCountExceeded);
    }
    if amount(quota.day_minor, counted.day_minor) {
        return Some(Refusal::DailyAmountExceeded);
    }
    if count(quota.month_count, counted.month_count) {
        return Some(Refusal::MonthlyCountExceeded);
    }
    amount(quota.month_minor, counted.month_minor).then_some(Refusal::MonthlyAmountExceeded)
}
