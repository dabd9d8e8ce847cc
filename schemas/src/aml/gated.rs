//! The parameters of the rules that are decided with the payment, in the ledger.

use super::{Parameter, ParameterKind, RuleId};

/// What each has.
pub(super) const fn parameters(rule: RuleId) -> &'static [Parameter] {
    match rule {
        RuleId::VelocityCount => {
            const { &[Parameter { name: "attempts", kind: ParameterKind::AtLeast, clause: 0, default: 10, min: 1, max: 1_000_000 }] }
        }
        _ => &[],
    }
}
