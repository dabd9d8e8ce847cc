//! The parameters of the rules that are decided with the payment, in the ledger.
//!
//! A gate speaks where a clause is reached: what is measured includes the payment itself. Its weight is added to the
//! score, and `action` says what it does besides: 0 nothing, 1 holds the payment for a review, 2 refuses it. A threshold at its largest value is as good as none.
//!
//! | Window | Is |
//! |---|---|
//! | `10min` | the minute that runs and the nine before it |
//! | `1h` | the five minutes that run and the eleven fives before them |
//! | `24h` | the hour that runs and the 23 before it |
//! | `30d` | the day that runs, in UTC, and the 29 before it |

use super::{Parameter, ParameterKind, RuleId};

/// The largest count that a threshold may name.
const COUNT_MAX: i64 = 1_000_000_000;

/// The largest amount that a threshold may name, in minor units.
const AMOUNT_MAX: i64 = 1_000_000_000_000_000;

/// What a gate does where it speaks.
const ACTION: Parameter = shape("action", 0, 0, 2);

/// Whether a gate speaks where what it looks at is absent.
const WHEN_ABSENT: Parameter = shape("when_absent", 0, 0, 1);

/// A threshold of a clause.
const fn at_least(name: &'static str, clause: u8, default: i64, min: i64, max: i64) -> Parameter {
    Parameter { name, kind: ParameterKind::AtLeast, clause, default, min, max }
}

/// What shapes the measure.
const fn shape(name: &'static str, default: i64, min: i64, max: i64) -> Parameter {
    Parameter { name, kind: ParameterKind::Shape, clause: 0, default, min, max }
}

/// A count of attempts.
const fn count(name: &'static str, clause: u8, default: i64) -> Parameter {
    at_least(name, clause, default, 1, COUNT_MAX)
}

/// A sum of attempts in the currency of the payment.
const fn sum(name: &'static str, clause: u8, default: i64) -> Parameter {
    at_least(name, clause, default, 1, AMOUNT_MAX)
}

/// What each has. Of the first two, a threshold for each key and each window, in this order.
pub(super) const fn parameters(rule: RuleId) -> &'static [Parameter] {
    match rule {
        RuleId::VelocityCount => {
            const {
                &[
                    count("account_10min", 0, 5),
                    count("account_1h", 1, 10),
                    count("account_24h", 2, 30),
                    count("account_30d", 3, 300),
                    count("customer_10min", 4, 10),
                    count("customer_1h", 5, 20),
                    count("customer_24h", 6, 60),
                    count("customer_30d", 7, 600),
                    count("device_10min", 8, 10),
                    count("device_1h", 9, 20),
                    count("device_24h", 10, 60),
                    count("device_30d", 11, 600),
                    count("card_token_10min", 12, 5),
                    count("card_token_1h", 13, 10),
                    count("card_token_24h", 14, 30),
                    count("card_token_30d", 15, 300),
                    count("msisdn_10min", 16, 10),
                    count("msisdn_1h", 17, 20),
                    count("msisdn_24h", 18, 60),
                    count("msisdn_30d", 19, 600),
                    count("ip_10min", 20, 100),
                    count("ip_1h", 21, 300),
                    count("ip_24h", 22, 3_000),
                    count("ip_30d", 23, 30_000),
                    count("failures_10min", 24, 5),
                    count("failures_1h", 25, 10),
                    count("device_failures_10min", 26, 5),
                    count("device_failures_1h", 27, 10),
                    ACTION,
                ]
            }
        }
        RuleId::VelocityAmount => {
            const {
                &[
                    sum("account_10min_minor", 0, AMOUNT_MAX),
                    sum("account_1h_minor", 1, AMOUNT_MAX),
                    sum("account_24h_minor", 2, 2_000_000),
                    sum("account_30d_minor", 3, 10_000_000),
                    sum("customer_10min_minor", 4, AMOUNT_MAX),
                    sum("customer_1h_minor", 5, AMOUNT_MAX),
                    sum("customer_24h_minor", 6, 2_000_000),
                    sum("customer_30d_minor", 7, 10_000_000),
                    sum("device_10min_minor", 8, AMOUNT_MAX),
                    sum("device_1h_minor", 9, AMOUNT_MAX),
                    sum("device_24h_minor", 10, 4_000_000),
                    sum("device_30d_minor", 11, 20_000_000),
                    sum("card_token_10min_minor", 12, AMOUNT_MAX),
                    sum("card_token_1h_minor", 13, AMOUNT_MAX),
                    sum("card_token_24h_minor", 14, 2_000_000),
                    sum("card_token_30d_minor", 15, 10_000_000),
                    sum("msisdn_10min_minor", 16, AMOUNT_MAX),
                    sum("msisdn_1h_minor", 17, AMOUNT_MAX),
                    sum("msisdn_24h_minor", 18, 4_000_000),
                    sum("msisdn_30d_minor", 19, 20_000_000),
                    sum("ip_10min_minor", 20, AMOUNT_MAX),
                    sum("ip_1h_minor", 21, AMOUNT_MAX),
                    sum("ip_24h_minor", 22, AMOUNT_MAX),
                    sum("ip_30d_minor", 23, AMOUNT_MAX),
                    ACTION,
                ]
            }
        }
        RuleId::DormantReactivation => {
            const { &[at_least("rested_days", 0, 90, 1, 3_650), at_least("amount_minor", 0, 200_000, 0, AMOUNT_MAX), ACTION] }
        }
        RuleId::NewDeviceHighAmount => {
            const {
                &[
                    at_least("amount_minor", 0, 200_000, 0, AMOUNT_MAX),
                    at_least("amount_after_reset_minor", 1, 200_000, 0, AMOUNT_MAX),
                    shape("new_hours", 72, 1, 720),
                    shape("reset_hours", 72, 1, 720),
                    ACTION,
                    WHEN_ABSENT,
                ]
            }
        }
        RuleId::HighRiskCountry => const { &[at_least("amount_minor", 0, 0, 0, AMOUNT_MAX), ACTION, WHEN_ABSENT] },
        RuleId::NewAccountBurst => {
            const {
                &[
                    at_least("attempts_24h", 0, 3, 1, COUNT_MAX),
                    at_least("amount_24h_minor", 1, 500_000, 0, AMOUNT_MAX),
                    shape("new_hours", 24, 1, 720),
                    ACTION,
                ]
            }
        }
        _ => &[],
    }
}
