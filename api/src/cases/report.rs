//! What would a case be, reported to the financial intelligence unit?
//!
//! A draft in goAML form: of the alert that the case is about and what else stands against its customer, with every transaction that these
//! name. Nothing is filed and nothing kept: whoever is responsible reads it, completes it by what the checks still miss, and sends it.

use super::parties::{self, Frozen};
use super::{Row, require};
use crate::View;
use crate::aml::alerts::suspected;
use crate::failure::{Failure, ViewError, not_found};
use crate::freshness::{Freshness, Parameters, Past, behind};
use crate::page::set;
use crate::progress::Shown;
use crate::{accept, transactions};
use axum::extract::{Path, Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use goaml::profile::List;
use goaml::{Bank, Profile, Suspicion, Undraftable};
use schemas::alert::text::Language;
use schemas::diligence::CaseOutcome;
use schemas::problem::FieldError;
use schemas::resource::alert::Alert;
use schemas::resource::diligence::Case;
use schemas::{AccountId, Caller, CaseId, Epoch, Problem, Scope, TransactionId, rfc3339};
use serde::Serialize;
use sqlx::AssertSqlSafe;
use std::collections::BTreeSet;
use utoipa::ToSchema;
use uuid::Uuid;

/// How many faults the XML has, where the answer is that alone.
const FINDINGS: HeaderName = HeaderName::from_static("orion-findings");

/// The financial intelligence unit to which suspicions are reported, and who the bank is to it.
#[derive(Clone, Debug)]
pub struct Fiu {
    /// What it asks for.
    pub profile: Profile,
    /// The bank.
    pub bank: Bank,
    /// The bank's name.
    pub institution_name: String,
    /// Its code at the unit, or else its BIC; as far as either is known.
    pub institution_code: Option<String>,
    /// Its BIC (ISO 9362).
    pub swift: Option<String>,
}

/// A report as far as the bank knows what to say.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReportDraft {
    /// The case.
    case_id: CaseId,
    /// Whom it is for.
    #[schema(example = "CENTIF Sénégal")]
    unit: String,
    /// What is wrong with it or lacks, by the unit's rules; it can be sent once there is nothing.
    findings: Vec<ReportFinding>,
    /// What nobody could confirm of the unit's rules.
    unconfirmed: Vec<String>,
    /// The draft, as goAML.
    #[schema(example = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<report>…</report>\n")]
    xml: String,
    /// The epoch that this was read at.
    #[schema(value_type = u64, example = 1_764_000_000_456_u64)]
    as_of: Epoch,
}

/// Something that is wrong with a draft.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReportFinding {
    /// Where, as an XPath.
    #[schema(example = "report/reporting_person/first_name")]
    path: String,
    /// Which rule says so.
    #[schema(example = "EMPTY")]
    rule: String,
    /// What is wrong, and what would be right.
    sentence: String,
}

/// How a report is asked for.
struct Wanted {
    freshness: Freshness,
    code: String,
    language: Language,
}

/// Draft a report on a case
///
/// A suspicious transaction report in goAML form, from the alert of the case and whatever else stands against its customer, with what our
/// checks find wrong with it for the unit. With `Accept: application/xml` the XML alone. Nothing is filed. Staff only.
#[utoipa::path(
    get, path = "/admin/cases/{id}/report", tag = "Cases",
    params(
        ("id" = CaseId, Path),
        ("code" = Option<String>, Query, description = "The kind of report, by a code of the unit; `STR` unless it is said.", example = "STR"),
        ("language" = Option<String>, Query, description = "`fr` or `en`; `fr` unless it is said.", pattern = "^(fr|en)$", example = "fr"),
        ("Accept" = Option<String>, Header, description = "`application/json` or `application/xml`.", example = "application/xml"),
    ),
    responses(
        (status = 200, description = "The draft.", content((ReportDraft = "application/json"), (String = "application/xml")), headers(
            ("Orion-Findings" = u64, description = "How much is wrong with it; only of XML."),
            ("Content-Disposition" = String, description = "A name for the file; only of XML."),
        )),
        (status = 406, description = "`Accept` takes neither JSON nor XML: `not_acceptable`.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "There is nothing to report, or it can't be told: `case_not_reportable`.", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = ["cases:read", "aml:read", "operator"])),
)]
pub(crate) async fn report(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Response, Failure> {
    require(&caller)?;
    caller.require(Scope::AmlRead)?;
    let as_xml = accept::prefers(&headers, accept::XML)?;
    let id: CaseId = id.parse().map_err(|_| Problem::field("id", "expected a UUID"))?;
    let wanted = Wanted::read(parameters, &view.fiu.profile)?;
    if !wanted.freshness.wait(&view, id.epoch()).await? {
        return Err(not_found("case"));
    }
    let as_of = view.as_of().await?;
    let case = Row::find(&view, id).await?.ok_or_else(|| not_found("case"))?.into_case(as_of)?;
    let report = drafted(&view, &case, &wanted, as_of).await?;
    let xml = String::from_utf8(goaml::write(&report)).expect("what is written is text");
    let findings = goaml::validate(&report, &view.fiu.profile);
    if as_xml {
        let name = format!("attachment; filename=\"{}-{id}.xml\"", wanted.code);
        let head = [(CONTENT_TYPE, "application/xml; charset=utf-8".to_owned()), (CONTENT_DISPOSITION, name)];
        return Ok((head, [(FINDINGS, findings.len().to_string())], xml).into_response());
    }
    let told =
        |finding: goaml::Finding| ReportFinding { path: finding.path, rule: finding.rule.as_str().to_owned(), sentence: finding.sentence };
    let Profile { unit, unconfirmed, .. } = view.fiu.profile.clone();
    let findings = findings.into_iter().map(told).collect();
    Ok(Json(ReportDraft { case_id: id, unit, findings, unconfirmed, xml, as_of }).into_response())
}

impl Wanted {
    /// Reads the query; every bad parameter is named.
    fn read(parameters: Parameters, profile: &Profile) -> Result<Self, Problem> {
        let Query(parameters) = parameters.map_err(|rejection| Problem::field("", format!("the query can't be read: {rejection}")))?;
        let (mut code, mut language, mut fresh, mut errors) = (None, None, Vec::new(), Vec::new());
        for (name, value) in parameters {
            let taken = match name.as_str() {
                "code" => set(&mut code, code_of(&value, profile)),
                "language" => set(&mut language, language_of(&value)),
                "at_least" => {
                    fresh.push((name.clone(), value));
                    Ok(())
                }
                _ => Err("is no parameter of this request; its parameters are code, language, at_least".to_owned()),
            };
            errors.extend(taken.err().map(|detail| FieldError { pointer: name.chars().take(64).collect(), detail }));
        }
        match Freshness::read(Ok(Query(fresh)), Past::Not) {
            Ok(freshness) if errors.is_empty() => {
                let (code, language) = (code.unwrap_or_else(|| "STR".to_owned()), language.unwrap_or(Language::French));
                Ok(Self { freshness, code, language })
            }
            Ok(_) => Err(Problem::fields(errors)),
            Err(problem) => Err(Problem::fields(errors.into_iter().chain(problem.errors).collect())),
        }
    }
}

fn code_of(text: &str, profile: &Profile) -> Result<String, String> {
    let codes = profile.codes.get(&List::Report).map(BTreeSet::iter).into_iter().flatten();
    let known: Vec<&str> = codes.map(String::as_str).collect();
    if known.contains(&text) { Ok(text.to_owned()) } else { Err(format!("expected one of {}", known.join(", "))) }
}

fn language_of(text: &str) -> Result<Language, String> {
    match text {
        "fr" => Ok(Language::French),
        "en" => Ok(Language::English),
        _ => Err("expected fr or en".to_owned()),
    }
}

async fn drafted(view: &View, case: &Case, wanted: &Wanted, as_of: Epoch) -> Result<goaml::Report, Failure> {
    // What the alerts name may be newer than what is shown; then the caller asks again.
    let risk = Shown::read_risk(&view.pool).await?.ok_or(ViewError::NoProgress)?;
    let alerts = suspected(view, risk.as_of(), case.alert_id, case.customer_id).await?;
    // Risk asks for the case of an alert before Postgres has the alert.
    let is_missing = case.alert_id.is_some_and(|id| alerts.iter().all(|alert| alert.id != id));
    if is_missing && risk.as_of() < case.opened_at {
        return Err(behind().into());
    }
    let named: BTreeSet<TransactionId> = alerts.iter().flat_map(|alert| alert.evidence.transactions.iter().copied()).collect();
    let payments = payments(view, &named).await?;
    let accounts: BTreeSet<AccountId> = payments.iter().flat_map(|payment| [payment.account_debit, payment.account_credit]).collect();
    let holders = parties::holders(view, &accounts).await?;
    let frozen = parties::frozen(view, case.customer_id).await?;
    let alerts: Vec<Suspicion> = alerts.into_iter().map(|alert| suspicion(alert, wanted.language)).collect();
    let (reference, action) = (case.id.to_string(), action(case, &frozen, wanted.language));
    let told = goaml::Case {
        alerts: &alerts,
        payments: &payments,
        holders: &holders,
        bank: &view.fiu.bank,
        report_code: &wanted.code,
        reference: &reference,
        submitted: as_of,
        language: wanted.language,
        action: &action,
    };
    goaml::draft(&told, &view.fiu.profile).map_err(|why| match why {
        Undraftable::UnknownTransaction(_) => behind().into(),
        why => Problem::new(422, "case_not_reportable", format!("No report can be drafted: {why}.")).into(),
    })
}

/// The payments of these ids.
async fn payments(view: &View, ids: &BTreeSet<TransactionId>) -> Result<Vec<schemas::Transaction>, ViewError> {
    let query = transactions::rows("select * from transaction where transaction.id = any($1)", "t.epoch");
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows: Vec<transactions::Row> = sqlx::query_as(AssertSqlSafe(query)).bind(ids).fetch_all(&view.pool).await?;
    rows.iter().map(transactions::Row::decided).collect()
}

fn suspicion(alert: Alert, language: Language) -> Suspicion {
    let text = match language {
        Language::English => alert.text.en,
        Language::French => alert.text.fr,
    };
    let (transactions, transactions_count) = (alert.evidence.transactions, alert.evidence.transactions_count);
    Suspicion { rule: alert.rule, text, transactions, transactions_count }
}

/// What the bank has done.
fn action(case: &Case, frozen: &[Frozen], language: Language) -> String {
    let french = language == Language::French;
    let (id, opened) = (case.id, rfc3339(case.opened_at));
    let mut lines = vec![if french { format!("Dossier {id} ouvert le {opened}.") } else { format!("Case {id} opened at {opened}.") }];
    for Frozen { account, since } in frozen {
        let since = rfc3339(*since);
        lines.push(match (account, french) {
            (None, true) => format!("Le client est gelé depuis le {since}."),
            (None, false) => format!("The customer has been frozen since {since}."),
            (Some(account), true) => format!("Le compte {account} est gelé depuis le {since}."),
            (Some(account), false) => format!("The account {account} has been frozen since {since}."),
        });
    }
    if let (Some(outcome), Some(closed)) = (case.outcome, case.closed_at) {
        let (outcome, closed) = (title(outcome, french), rfc3339(closed));
        lines.push(if french { format!("Conclusion du {closed} : {outcome}.") } else { format!("Concluded at {closed}: {outcome}.") });
    }
    lines.join("\n")
}

const fn title(outcome: CaseOutcome, french: bool) -> &'static str {
    let (english, other) = match outcome {
        CaseOutcome::Approved => ("approved", "approuvé"),
        CaseOutcome::Rejected => ("rejected", "rejeté"),
        CaseOutcome::Expired => ("expired", "expiré"),
        CaseOutcome::ConfirmedRisk => ("the risk is confirmed", "risque confirmé"),
        CaseOutcome::ValuableAlert => ("worth a look, no risk", "alerte utile, sans risque"),
        CaseOutcome::FalsePositive => ("nothing", "sans suite"),
    };
    if french { other } else { english }
}
