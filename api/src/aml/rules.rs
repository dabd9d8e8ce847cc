//! Which rules against fraud are there, and how are they set?
//!
//! The catalogue is in the code; what is set of it are rows, of which the newest of a rule and a lane counts.

use crate::View;
use crate::failure::{Failure, ViewError, not_found};
use crate::freshness::{Freshness, Parameters, Past};
use axum::extract::{Path, State};
use axum::{Extension, Json};
use schemas::aml::Lane;
use schemas::resource::{AmlRule, AmlRuleSetting, AmlRuleShown, AmlRules};
use schemas::{Caller, Epoch, RuleId};

#[derive(sqlx::FromRow)]
struct Row {
    kind: String,
    setting: String,
}

/// The newest row of each subject up to $1.
const SELECT: &str = "
    select distinct on (kind, name, lane) kind, setting::text as setting
    from aml_setting
    where epoch <= $1
    order by kind, name, lane, event_id desc";

/// List the rules against fraud
///
/// The catalogue, with the parameters of each rule and what is set of it; what a score leads to; the lists.
#[utoipa::path(
    get, path = "/admin/aml/rules", tag = "Rules",
    responses((status = 200, description = "The rules.", body = AmlRules)),
    security(("bearer" = ["aml:read", "operator"])),
)]
pub(crate) async fn rules(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<AmlRules>, Failure> {
    super::require(&caller)?;
    Freshness::read(parameters, Past::Not)?.wait(&view, None).await?;
    Ok(Json(shown(&view).await?))
}

/// Show a rule against fraud
#[utoipa::path(
    get, path = "/admin/aml/rules/{rule}", tag = "Rules", params(("rule" = RuleId, Path)),
    responses((status = 200, description = "The rule.", body = AmlRuleShown)),
    security(("bearer" = ["aml:read", "operator"])),
)]
pub(crate) async fn rule(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    Path(rule): Path<String>,
    parameters: Parameters,
) -> Result<Json<AmlRuleShown>, Failure> {
    super::require(&caller)?;
    Freshness::read(parameters, Past::Not)?.wait(&view, None).await?;
    let rule: RuleId = rule.parse().map_err(|_| not_found("rule"))?;
    let AmlRules { rules, as_of, .. } = shown(&view).await?;
    let rule = rules.into_iter().find(|shown| shown.rule == rule).ok_or_else(|| not_found("rule"))?;
    Ok(Json(AmlRuleShown { rule, as_of }))
}

async fn shown(view: &View) -> Result<AmlRules, Failure> {
    let as_of = view.as_of().await?;
    Ok(read(view, as_of).await?)
}

async fn read(view: &View, as_of: Epoch) -> Result<AmlRules, ViewError> {
    let rows: Vec<Row> = sqlx::query_as(SELECT).bind(i64::try_from(as_of)?).fetch_all(&view.pool).await?;
    let mut shown = AmlRules { rules: RuleId::ALL.iter().map(|rule| AmlRule::of(*rule)).collect(), policy: None, lists: Vec::new(), as_of };
    for Row { kind, setting } in rows {
        match kind.as_str() {
            "rule" => {
                let set: AmlRuleSetting = serde_json::from_str(&setting)?;
                let of = shown.rules.iter_mut().find(|rule| rule.rule == set.rule);
                of.into_iter().for_each(|rule| match set.lane {
                    Lane::Live => rule.live = Some(set.clone()),
                    Lane::Shadow => rule.shadow = Some(set.clone()),
                });
            }
            "policy" => shown.policy = Some(serde_json::from_str(&setting)?),
            "countries" => shown.lists.push(serde_json::from_str(&setting)?),
            // How long cases may take is shown with the cases.
            _ => {}
        }
    }
    Ok(shown)
}
