//! What would a rule say if it were set otherwise?
//!
//! The risk cell answers, from what it knows now; nothing is set, and nothing is written. A setting that is to stay is set in shadow.

use super::require;
use crate::View;
use crate::failure::{Failure, unread};
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use schemas::aml::Setting;
use schemas::problem::FieldError;
use schemas::resource::alert::Simulation;
use schemas::{Caller, Problem, RuleId};
use serde::Deserialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A rule as it might be set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Proposed {
    /// Values by the name of the parameter; the others are as they are set.
    #[serde(default)]
    #[schema(example = json!({"senders": 8}))]
    parameters: BTreeMap<String, i64>,
}

/// Ask what a rule would say if it were set otherwise
///
/// About whom it would say something that it does not say now, and the other way round, by all that its windows hold at this moment.
/// Changes nothing. Staff only.
#[utoipa::path(
    post, path = "/admin/aml/rules/{rule}/simulate", tag = "Risk",
    params(("rule" = RuleId, Path)),
    request_body = Proposed,
    responses((status = 200, description = "What would change.", body = Simulation)),
    security(("bearer" = ["aml:read", "operator"])),
)]
pub(crate) async fn simulate(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    Path(rule): Path<String>,
    body: Result<Json<Proposed>, JsonRejection>,
) -> Result<Json<Simulation>, Failure> {
    require(&caller)?;
    let rule: RuleId = rule.parse().map_err(|_| Problem::new(404, "rule_not_found", "The catalogue has no rule of this name."))?;
    if rule.is_gate() {
        let detail = "This rule is decided with the payment, so it depends on every payment that it let pass; set it in shadow.";
        return Err(Problem::new(422, "rule_not_simulated", detail).into());
    }
    let Json(Proposed { parameters }) = body.map_err(unread)?;
    let mut errors = Vec::new();
    for (name, value) in &parameters {
        let one = Setting { parameters: BTreeMap::from([(name.clone(), *value)]), ..Setting::of(rule) };
        if let Err(unreadable) = one.check() {
            errors.push(FieldError { pointer: format!("/parameters/{name}"), detail: format!("expected {}", unreadable.expected) });
        }
    }
    if !errors.is_empty() {
        return Err(Problem::fields(errors).into());
    }
    Ok(Json((view.simulate)(rule, parameters).await?))
}
