//! R20: A customer whose name is on a list of politically exposed people, or who pays or is paid by somebody whose name is.
//!
//! ```sql
//! select customer, counterparty, list, entry, score
//! from standing -- names and entries that are alike, and were not cleared: risk/screen.rs
//! where kind = 'pep' and score >= $score
//! ```
//!
//! It is measured of names, not of payments: no payment concerns anybody. It is over as soon as it does not hold.

use super::{Reading, Rule};
use schemas::aml::RuleId;

pub(super) const RULE: Rule = Rule {
    id: RuleId::PoliticallyExposed,
    concerns: |_, _, _| {},
    measure: |_, _, _, _| Reading::default(),
    reach_ms: |_| 0,
    window_ms: |_| 0,
};
