//! The parameters of the rules that are found behind the payments, by the risk cell.

use super::{Parameter, ParameterKind, RuleId};

/// A threshold that what is measured must reach, in the first clause.
const fn at_least(name: &'static str, default: i64, min: i64, max: i64) -> Parameter {
    Parameter { name, kind: ParameterKind::AtLeast, clause: 0, default, min, max }
}

/// What shapes the measure.
const fn shape(name: &'static str, default: i64, min: i64, max: i64) -> Parameter {
    Parameter { name, kind: ParameterKind::Shape, clause: 0, default, min, max }
}

/// The largest amount that a threshold may name, in minor units.
const AMOUNT_MAX: i64 = 1_000_000_000_000_000;

/// Where a name begins to resemble another, in ten-thousandths.
const SCORE_MIN: i64 = 7_000;

/// The very same name.
const SCORE_MAX: i64 = 10_000;

/// Cash of a day that has to be reported in the UMOA, in francs; of another region it is set.
const REPORTED_MINOR: i64 = 15_000_000;

/// What each has.
pub(super) const fn parameters(rule: RuleId) -> &'static [Parameter] {
    match rule {
        RuleId::FanIn => {
            const {
                &[
                    at_least("senders", 10, 3, 10_000),
                    at_least("amount_minor", 1_000_000, 0, AMOUNT_MAX),
                    shape("window_hours", 24, 1, 2_160),
                    shape("known_hours", 720, 0, 2_160),
                ]
            }
        }
        RuleId::FanOut => {
            const {
                &[
                    at_least("receivers", 10, 3, 10_000),
                    at_least("amount_minor", 1_000_000, 0, AMOUNT_MAX),
                    shape("window_hours", 24, 1, 2_160),
                    shape("known_hours", 720, 0, 2_160),
                ]
            }
        }
        RuleId::ScatterGather => {
            const {
                &[
                    at_least("middles", 3, 3, 1_000),
                    at_least("amount_minor", 500_000, 0, AMOUNT_MAX),
                    shape("window_hours", 168, 1, 2_160),
                    shape("kept_percent", 70, 0, 100),
                ]
            }
        }
        RuleId::GatherScatter => {
            const {
                &[
                    at_least("senders", 3, 3, 1_000),
                    at_least("receivers", 3, 3, 1_000),
                    at_least("amount_minor", 500_000, 0, AMOUNT_MAX),
                    shape("window_hours", 168, 1, 2_160),
                    shape("kept_percent", 80, 0, 1_000),
                    shape("overlap_hours", 24, 0, 720),
                    shape("known_hours", 720, 0, 2_160),
                ]
            }
        }
        RuleId::Cycle => {
            const {
                &[
                    at_least("ratio_percent", 50, 0, 100),
                    shape("window_hours", 480, 1, 2_160),
                    shape("hops_max", 6, 3, 6),
                    shape("hop_amount_minor", 50_000, 0, AMOUNT_MAX),
                ]
            }
        }
        RuleId::CashThreshold => const { &[at_least("amount_minor", REPORTED_MINOR, 1_000_000, AMOUNT_MAX)] },
        RuleId::Structuring => {
            const {
                &[
                    at_least("payments", 3, 2, 1_000),
                    shape("window_hours", 72, 1, 2_160),
                    shape("threshold_minor", REPORTED_MINOR, 1, AMOUNT_MAX),
                    shape("below_percent", 80, 1, 100),
                ]
            }
        }
        RuleId::Smurfing => {
            const {
                &[
                    at_least("senders", 4, 3, 1_000),
                    at_least("amount_minor", REPORTED_MINOR, 100_000, AMOUNT_MAX),
                    shape("window_hours", 72, 1, 2_160),
                    shape("threshold_minor", REPORTED_MINOR, 1, AMOUNT_MAX),
                ]
            }
        }
        RuleId::PassThrough => {
            const {
                &[
                    at_least("pairs", 1, 1, 1_000),
                    at_least("amount_minor", 500_000, 10_000, AMOUNT_MAX),
                    shape("window_hours", 24, 1, 2_160),
                    shape("hold_hours", 2, 1, 720),
                    shape("kept_percent", 85, 0, 100),
                    shape("passed_percent", 90, 0, 100),
                ]
            }
        }
        RuleId::RoundAmounts => {
            const {
                &[
                    at_least("payments", 5, 3, 1_000),
                    at_least("round_percent", 70, 50, 100),
                    shape("window_hours", 720, 1, 2_160),
                    shape("unit_minor", 100_000, 2, AMOUNT_MAX),
                ]
            }
        }
        RuleId::SimilarAmounts => {
            const { &[at_least("payments", 5, 3, 1_000), shape("window_hours", 24, 1, 2_160), shape("within_percent", 10, 0, 50)] }
        }
        RuleId::SelfPayment => {
            const {
                &[
                    at_least("payments", 3, 2, 1_000),
                    Parameter { clause: 1, ..at_least("amount_minor", 500_000, 100_000, AMOUNT_MAX) },
                    shape("window_hours", 720, 1, 2_160),
                ]
            }
        }
        RuleId::AgentAnomaly => {
            const {
                &[
                    at_least("rounds", 3, 2, 1_000),
                    Parameter { clause: 1, ..at_least("near_payments", 5, 3, 1_000) },
                    Parameter { clause: 1, ..at_least("near_percent", 20, 5, 100) },
                    shape("window_hours", 168, 1, 2_160),
                    shape("round_minutes", 30, 1, 1_440),
                    shape("alike_percent", 90, 1, 100),
                    shape("threshold_minor", REPORTED_MINOR, 1, AMOUNT_MAX),
                    shape("below_percent", 80, 1, 100),
                ]
            }
        }
        RuleId::MerchantAnomaly => {
            const {
                &[
                    at_least("payer_payments", 10, 5, 1_000),
                    at_least("payer_percent", 50, 30, 100),
                    Parameter { clause: 1, ..at_least("round_payments", 10, 5, 1_000) },
                    Parameter { clause: 1, ..at_least("round_percent", 60, 50, 100) },
                    Parameter { clause: 2, ..at_least("surge_payments", 20, 10, 1_000) },
                    Parameter { clause: 2, ..at_least("surge_percent", 500, 200, 1_000_000) },
                    shape("window_hours", 24, 1, 720),
                    shape("base_hours", 672, 1, 2_160),
                    shape("unit_minor", 10_000, 2, AMOUNT_MAX),
                ]
            }
        }
        RuleId::ProfileMismatch => {
            const {
                &[
                    at_least("amount_minor", 1_000_000, 100_000, AMOUNT_MAX),
                    at_least("times_percent", 300, 150, 1_000_000),
                    shape("window_hours", 168, 1, 2_160),
                    shape("base_hours", 672, 1, 2_160),
                ]
            }
        }
        RuleId::DenseCore => {
            const {
                &[
                    at_least("payers", 3, 2, 1_000),
                    at_least("payees", 3, 2, 1_000),
                    shape("window_hours", 336, 1, 2_160),
                    shape("sides_min", 3, 2, 100),
                ]
            }
        }
        RuleId::SanctionHit => {
            const {
                &[
                    at_least("score", 7_500, SCORE_MIN, SCORE_MAX),
                    // From this score on the customer is frozen, if it is surely the one; 0 is never.
                    shape("freeze_score", 9_500, 0, SCORE_MAX),
                ]
            }
        }
        RuleId::PoliticallyExposed => const { &[at_least("score", 8_000, SCORE_MIN, SCORE_MAX)] },
        RuleId::ImpossibleTravel => {
            const { &[at_least("distance_km", 50, 10, 20_015), at_least("speed_kmh", 500, 100, 10_000_000), shape("window_hours", 24, 1, 168)] }
        }
        RuleId::Ring => {
            const {
                &[
                    at_least("members", 5, 3, 100_000),
                    Parameter { clause: 1, ..at_least("frozen_members", 1, 1, 1_000) },
                    shape("window_hours", 720, 1, 2_160),
                    shape("shared_max", 20, 2, 1_000),
                ]
            }
        }
        // Half of a half of a half of a half, which is what four hands leave of all.
        RuleId::Taint => const { &[at_least("exposure_ppm", 250_000, 62_500, 500_000), shape("window_hours", 2_160, 1, 2_160)] },
        _ => &[],
    }
}
