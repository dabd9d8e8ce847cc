//! Limits: what an account may pay and be paid, by its own terms and by the level of its holder. Both are kept.

use crate::accounts::Holding;
use crate::usage::{Counted, Side};
use schemas::{Epoch, Limits, Quota, Refusal};

/// The limits of one account: those of its terms, and those of its holder's level.
pub(crate) type Both<'a> = [Option<&'a Limits>; 2];

/// Whether a payer may pay so much, or the first limit that says no.
pub(crate) fn debit(payer: &Holding, limits: Both<'_>, amount_minor: i64, epoch: Epoch) -> Result<(), Refusal> {
    let counted = payer.usage.of(Side::Debit, epoch);
    let quotas = limits.map(|limits| limits.map(|limits| &limits.debit));
    match exceeded(quotas, counted, amount_minor) {
        None => Ok(()),
        Some(refusal) => Err(refusal),
    }
}

/// Whether a payee may be paid so much, where that leads to a balance. Which limit says no is the payee's business.
pub(crate) fn credit(payee: &Holding, limits: Both<'_>, amount_minor: i64, balance_minor: i64, epoch: Epoch) -> Result<(), Refusal> {
    let counted = payee.usage.of(Side::Credit, epoch);
    let quotas = limits.map(|limits| limits.map(|limits| &limits.credit));
    let too_much = limits.iter().flatten().any(|limits| limits.balance_minor.is_some_and(|most| balance_minor > most));
    if too_much || exceeded(quotas, counted, amount_minor).is_some() { Err(Refusal::PayeeLimitExceeded) } else { Ok(()) }
}

/// The first bound that one operation more would pass, in the order of the refusals.
fn exceeded(quotas: [Option<&Quota>; 2], counted: Counted, amount_minor: i64) -> Option<Refusal> {
    let Counted { day_count, day_minor, month_count, month_minor } = counted;
    let amount = |most: fn(&Quota) -> Option<i64>, so_far_minor: i64| {
        let sum = i128::from(so_far_minor) + i128::from(amount_minor);
        quotas.iter().flatten().any(|quota| most(quota).is_some_and(|most| sum > i128::from(most)))
    };
    let count =
        |most: fn(&Quota) -> Option<u32>, so_far: u32| quotas.iter().flatten().any(|quota| most(quota).is_some_and(|most| so_far >= most));
    let checks = [
        (amount(|quota| quota.operation_minor, 0), Refusal::OperationLimitExceeded),
        (count(|quota| quota.day_count, day_count), Refusal::DailyCountExceeded),
        (amount(|quota| quota.day_minor, day_minor), Refusal::DailyAmountExceeded),
        (count(|quota| quota.month_count, month_count), Refusal::MonthlyCountExceeded),
        (amount(|quota| quota.month_minor, month_minor), Refusal::MonthlyAmountExceeded),
    ];
    checks.iter().find(|(exceeded, _)| *exceeded).map(|(_, refusal)| *refusal)
}
