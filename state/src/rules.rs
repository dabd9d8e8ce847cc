//! The versions of the rules, and what each has changed.
//!
//! A binding says by which version its epoch is decided, so that an old epoch is decided again as it was the first time. A new bank
//! begins with the newest; an older bank keeps its version until a command activates another from the next epoch on.
//!
//! | Version | Since then |
//! |---|---|
//! | 1 | the first |
//! | 2 | a customer who names an account or a customer that is not theirs hears `not_authorized`, whether it exists or not |
//! | 3 | accounts are suspended, reactivated and closed; an account that is not active takes part in no payment |
//! | 4 | bills are paid; money is reserved, captured and released; payments are refunded and reversed; levels, terms, limits and tariffs are set and gone by |
//! | 5 | many operations are one command; payments are ordered for a day to come and count from an earlier one; a payment that is too old to be remembered can be proven |
//! | 6 | gates look at payments before they are decided, by rules that staff sets; what needs a look first is held for a review; customers and accounts are frozen; watchlists come into force, and matches are cleared; documents are presented and decided on, and what people have to look at is a case |
//! | 7 | it is said where customers live |

use schemas::Refusal;

/// The newest version of the rules here. A change that alters any decision or event makes a new one.
pub const CODE_VERSION: u32 = 7;

/// Whether a customer is told that something does not exist before it is known whether they may ask.
pub(crate) const fn tells_strangers_what_exists(rules: u32) -> bool {
    rules < 2
}

/// Whether payments go by terms, limits and tariffs, and are kept so that they can be given back.
pub(crate) const fn knows_policies(rules: u32) -> bool {
    rules >= 4
}

/// Whether payments wait for their day, and what is paid is recorded for good.
pub(crate) const fn knows_orders(rules: u32) -> bool {
    rules >= 5
}

/// Whether gates look at payments, and parties are frozen.
pub(crate) const fn knows_gates(rules: u32) -> bool {
    rules >= 6
}

/// Whether `version` may follow the rules in force: any older one, or the next.
///
/// A version knows its successor and no more. So what it decides about a number does not depend on the binary.
pub(crate) fn may_follow(rules: u32, version: u32) -> Result<(), Refusal> {
    if version == 0 || version > rules + 1 {
        return Err(Refusal::RulesUnknown);
    }
    if version == rules { Err(Refusal::RulesInForce) } else { Ok(()) }
}
