//! What the risk team sees: alerts, as a list and as they come, and what a customer's risk is made of.
//!
//! All of it is as of the progress of the risk cell, which may be behind the views.

/// Which alerts are there?
pub(crate) mod alerts;
/// Which watchlists are in force?
pub(crate) mod lists;
/// Which rules are there, and how are they set?
pub(crate) mod rules;
/// How risky is a customer, and why?
pub(crate) mod score;
/// What does a rule in shadow say that the live one does not?
pub(crate) mod shadow;
/// What would a rule say if it were set otherwise?
pub(crate) mod simulate;
/// Alerts as they are raised and cleared.
pub(crate) mod stream;

use crate::View;
use crate::failure::{Failure, ViewError};
use crate::freshness::Freshness;
use crate::progress::Shown;
use schemas::{Caller, Epoch, Problem, Scope};

/// The ids of the alerts about a customer: about themselves, an account of theirs, their name or that of whom they pay, or a ring in which they have
/// an account that the alert names.
fn about(customer: &str) -> String {
    ABOUT.replace("CUSTOMER", customer)
}

const ABOUT: &str = "
    select id from alert where subject_id in (select (CUSTOMER)::text union all select id::text from account where customer_id = CUSTOMER)
    union all
    select id from alert where subject_kind in ('match', 'counterparty') and split_part(subject_id, '/', 1) = (CUSTOMER)::text
    union all
    select id from alert
    where subject_kind = 'ring'
      and evidence->'counterparties' ?| array(select id::text from account where customer_id = CUSTOMER)";

/// Alerts are for staff alone: whoever is suspected must not be told (FATF, recommendation 21).
#[allow(clippy::result_large_err, reason = "a problem is made once a request, and ends it")]
fn require(caller: &Caller) -> Result<(), Problem> {
    caller.require(Scope::AmlRead)?;
    caller.require(Scope::Operator)
}

/// The epoch to read at, once the alerts have come to all that is asked for.
pub(crate) async fn stand(view: &View, freshness: Freshness, named: &[(&str, Epoch)]) -> Result<Epoch, Failure> {
    freshness.wait_on(view, &view.risk, None, named).await?;
    Ok(match freshness.at {
        Some(at) => at,
        None => Shown::read_risk(&view.pool).await?.ok_or(ViewError::NoProgress)?.as_of(),
    })
}
