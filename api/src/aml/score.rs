//! How risky is a customer, and why?
//!
//! **Definition.** The score is what the level of the customer adds, and the weights of the live alerts about the customer, or about an
//! account of theirs, a match of their name or a ring that they are in, that are open; of several by one rule the heaviest counts, since one habit is not two. It is never above 100. So
//! it explains itself, and is to be had for every past moment by the same sum.

use super::{about, require, stand};
use crate::View;
use crate::failure::{Failure, ViewError, not_found};
use crate::freshness::{Freshness, Parameters, Past};
use axum::extract::{Path, State};
use axum::{Extension, Json};
use schemas::resource::alert::{AlertAmount, CustomerRisk, PastScore, RiskLevel, RiskReason};
use schemas::{AlertId, Caller, CustomerId, Epoch, KycLevel, Money, Problem, RuleId};
use sqlx::{AssertSqlSafe, FromRow};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The highest score.
const SCORE_MAX: u32 = 100;
/// Most moments of the history that are told.
const HISTORY_MAX: usize = 1_000;

const CUSTOMER: &str = "
    select coalesce((select level from customer_level where customer_id = $1 and epoch <= $2 order by event_id desc limit 1), 'unidentified')
    from customer where id = $1 and epoch <= $2";

const ALERTS: &str = "
    select a.id, a.rule, a.weight, a.epoch, cleared.epoch as cleared_epoch
    from alert a
    left join alert_cleared cleared on cleared.alert_id = a.id and cleared.epoch <= $2
    where a.lane = 'live' and a.epoch <= $2
      and a.id in (ABOUT)
    order by a.epoch, a.number";

const EXPOSURE: &str = "
    select a.currency, sum(newest.balance_minor)::text
    from account a,
         lateral (select p.balance_minor from posting p where p.account_id = a.id and p.epoch <= $2
                  order by p.epoch desc, p.number desc limit 1) newest
    where a.customer_id = $1 and a.epoch <= $2
    group by a.currency
    order by a.currency";

#[derive(FromRow)]
struct Row {
    id: Uuid,
    rule: String,
    weight: i32,
    epoch: i64,
    cleared_epoch: Option<i64>,
}

/// An alert as far as the score goes by it.
#[derive(Clone, Copy)]
struct Weighs {
    id: AlertId,
    rule: RuleId,
    weight: u32,
    epoch: Epoch,
    cleared: Option<Epoch>,
}

/// Show how risky a customer is
///
/// The score, what it is made of, and what it has been. Staff only.
#[utoipa::path(
    get, path = "/admin/aml/customers/{id}/risk", tag = "Risk",
    params(("id" = CustomerId, Path)),
    responses((status = 200, description = "The score.", body = CustomerRisk)),
    security(("bearer" = ["aml:read", "operator"])),
)]
pub(crate) async fn risk_score(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Result<Json<CustomerRisk>, Failure> {
    require(&caller)?;
    let id: CustomerId = id.parse().map_err(|_| Problem::field("id", "expected a UUID"))?;
    let freshness = Freshness::read(parameters, Past::Readable)?;
    // The views say who there is, and risk what of them.
    if !freshness.wait(&view, id.epoch()).await? || !freshness.wait_on(&view, &view.risk, id.epoch(), &[]).await? {
        return Err(not_found("customer"));
    }
    let as_of = stand(&view, freshness, &[]).await?;
    let at = i64::try_from(as_of).map_err(ViewError::from)?;
    let level: Option<String> = sqlx::query_scalar(CUSTOMER).bind(id.0).bind(at).fetch_optional(&view.pool).await?;
    let level: KycLevel = level.ok_or_else(|| not_found("customer"))?.parse().map_err(ViewError::from)?;
    let rows: Vec<Row> =
        sqlx::query_as(AssertSqlSafe(ALERTS.replace("ABOUT", &about("$1::uuid")))).bind(id.0).bind(at).fetch_all(&view.pool).await?;
    let alerts = rows.into_iter().map(Row::into_weighs).collect::<Result<Vec<_>, ViewError>>()?;
    let exposure: Vec<(String, String)> = sqlx::query_as(EXPOSURE).bind(id.0).bind(at).fetch_all(&view.pool).await?;
    let exposure = exposure.into_iter().map(amount).collect::<Result<Vec<_>, ViewError>>()?;
    let reasons = reasons(&alerts, as_of);
    let score = score(level, &reasons);
    let reasons = reasons.iter().map(|alert| RiskReason { alert_id: alert.id, rule: alert.rule, weight: alert.weight, epoch: alert.epoch });
    Ok(Json(CustomerRisk {
        customer_id: id,
        score,
        risk: RiskLevel::of(score),
        level,
        level_weight: weight(level),
        reasons: reasons.collect(),
        exposure,
        history: history(level, &alerts, as_of),
        as_of,
    }))
}

/// What a level adds: the less is known of somebody, the more.
const fn weight(level: KycLevel) -> u32 {
    match level {
        KycLevel::Unidentified => 15,
        KycLevel::Simplified => 10,
        KycLevel::Standard => 5,
        KycLevel::Enhanced => 0,
    }
}

/// What counts at an epoch, the heaviest first.
fn reasons(alerts: &[Weighs], at: Epoch) -> Vec<Weighs> {
    let mut heaviest = BTreeMap::<RuleId, Weighs>::new();
    for alert in alerts.iter().filter(|alert| alert.epoch <= at && alert.cleared.is_none_or(|cleared| cleared > at)) {
        let known = heaviest.entry(alert.rule).or_insert(*alert);
        if alert.weight > known.weight {
            *known = *alert;
        }
    }
    let mut reasons: Vec<Weighs> = heaviest.into_values().collect();
    reasons.sort_by_key(|alert| (std::cmp::Reverse(alert.weight), alert.epoch, alert.id));
    reasons
}

fn score(level: KycLevel, reasons: &[Weighs]) -> u32 {
    bounded(level, reasons.iter().map(|alert| alert.weight).sum())
}

fn bounded(level: KycLevel, weights: u32) -> u32 {
    (weight(level) + weights).min(SCORE_MAX)
}

/// What the score has been, by the level of now.
fn history(level: KycLevel, alerts: &[Weighs], as_of: Epoch) -> Vec<PastScore> {
    // What comes and goes, in order, and by rule how often each weight is open.
    let mut moments = BTreeMap::<Epoch, Vec<(&Weighs, bool)>>::new();
    for alert in alerts {
        moments.entry(alert.epoch).or_default().push((alert, true));
        if let Some(cleared) = alert.cleared {
            moments.entry(cleared).or_default().push((alert, false));
        }
    }
    let mut open = BTreeMap::<RuleId, BTreeMap<u32, u32>>::new();
    let mut history: Vec<PastScore> = Vec::new();
    for (epoch, changes) in moments.range(..=as_of) {
        for (alert, comes) in changes {
            let count = open.entry(alert.rule).or_default().entry(alert.weight).or_default();
            *count = if *comes { *count + 1 } else { count.saturating_sub(1) };
            if *count == 0 {
                open.get_mut(&alert.rule).expect("it was counted").remove(&alert.weight);
            }
        }
        let sum = open.values().filter_map(|weights| weights.keys().next_back()).sum();
        history.push(PastScore { epoch: *epoch, score: bounded(level, sum) });
    }
    let older = history.len().saturating_sub(HISTORY_MAX);
    history.drain(..older);
    history.reverse();
    history
}

fn amount((currency, minor): (String, String)) -> Result<AlertAmount, ViewError> {
    let currency = currency.parse()?;
    let minor = minor.parse().map_err(ViewError::Sum)?;
    Ok(AlertAmount { currency, amount: Money { minor, currency }.to_string() })
}

impl Row {
    fn into_weighs(self) -> Result<Weighs, ViewError> {
        Ok(Weighs {
            id: AlertId(self.id),
            rule: self.rule.parse()?,
            weight: u32::try_from(self.weight)?,
            epoch: u64::try_from(self.epoch)?,
            cleared: self.cleared_epoch.map(u64::try_from).transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_habit_counts_once_and_what_is_over_no_more() {
        let alert =
            |number: u128, rule, weight, epoch, cleared| Weighs { id: AlertId(Uuid::from_u128(number)), rule, weight, epoch, cleared };
        let alerts = [
            alert(1, RuleId::FanIn, 20, 10, Some(50)),
            alert(2, RuleId::FanIn, 25, 20, None),
            alert(3, RuleId::Cycle, 50, 30, Some(60)),
            alert(4, RuleId::SanctionHit, 100, 70, None),
        ];
        let score_at = |epoch| score(KycLevel::Standard, &reasons(&alerts, epoch));
        for (epoch, expected) in [(9, 5), (10, 25), (20, 30), (30, 80), (50, 80), (60, 30), (70, 100)] {
            assert_eq!(score_at(epoch), expected, "{epoch}");
        }
        let ids: Vec<u128> = reasons(&alerts, 40).iter().map(|alert| alert.id.0.as_u128()).collect();
        assert_eq!(ids, [3, 2]);
        let past: Vec<_> = history(KycLevel::Standard, &alerts, 60).iter().map(|past| (past.epoch, past.score)).collect();
        assert_eq!(past, [(60, 30), (50, 80), (30, 80), (20, 30), (10, 25)]);
        assert_eq!([39, 40, 79, 80].map(RiskLevel::of), [RiskLevel::Low, RiskLevel::Medium, RiskLevel::Medium, RiskLevel::High]);
    }
}
