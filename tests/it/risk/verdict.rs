//! Of whom staff confirms an alert: their money is tainted from then on, also after a death of the cell.

use super::bank::Bank;
use super::reached;
use crate::house::House;
use crate::views::reader::views_url;
use anyhow::{Context, ensure};
use schemas::diligence::case::{About, CaseChange, CaseKind, CaseOutcome};
use schemas::{AlertId, CaseId, Fact, Told};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Open cases of alerts, and alerts whose last case confirmed them; each with whom it is about.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Verdicts {
    open: BTreeMap<CaseId, About>,
    confirmed: BTreeMap<Option<AlertId>, About>,
}

/// What facts come to, one after the other.
pub(super) fn of<'a>(facts: impl IntoIterator<Item = &'a Fact>) -> Verdicts {
    let mut verdicts = Verdicts::default();
    for fact in facts {
        let Fact::Diligence(told) = fact else { continue };
        let Told::Case(case) = told.as_ref() else { continue };
        match (case.change, case.opened) {
            (CaseChange::Opened, Some(opened)) if opened.kind == CaseKind::Alert => drop(verdicts.open.insert(case.id, opened.about)),
            (CaseChange::Closed, _) => {
                let Some(about) = verdicts.open.remove(&case.id) else { continue };
                if case.outcome == Some(CaseOutcome::ConfirmedRisk) {
                    verdicts.confirmed.insert(about.alert_id, about);
                } else {
                    verdicts.confirmed.remove(&about.alert_id);
                }
            }
            _ => {}
        }
    }
    verdicts
}

/// Whether a case was closed by this.
pub(super) fn closes_a_case(fact: &Fact) -> bool {
    matches!(fact, Fact::Diligence(told) if matches!(told.as_ref(), Told::Case(case) if case.change == CaseChange::Closed))
}

impl Bank {
    pub(super) fn confirms_an_alert(&self, house: &House) -> anyhow::Result<()> {
        let [(_, suspect), (customer, account)] = [&self.people[0], &self.people[1]];
        self.decides(&self.is_opened(suspect)?, "confirmed_risk")?;
        // Of another one it is taken back, by a case that names the customer where the first named the account.
        let case = self.is_opened(account)?;
        self.decides(&case, "confirmed_risk")?;
        let again = json!({"kind": "alert", "customer_id": customer, "alert_id": case["alert_id"], "reason": "they explained it"});
        let again = self.post_for(201, "/admin/cases", &again)?;
        self.decides(&json!({"id": again["case_id"]}), "false_positive")?;
        self.runtime.block_on(reached(&views_url()?, self.epoch()))?;
        house.kill_cell("risk")?;
        let [paid, clean] = [self.is_paid_by(suspect)?, self.is_paid_by(account)?];
        let tainted = self.tainted(&paid)?.with_context(|| format!("no money of {paid} is tainted"))?;
        ensure!(
            tainted["status"] == "open" && tainted["measured"][0]["name"] == "exposure_ppm" && tainted["measured"][0]["value"] == 500_000,
            "{tainted}"
        );
        ensure!(self.tainted(&clean)?.is_none(), "what was taken back taints no money");
        Ok(())
    }

    fn decides(&self, case: &Value, outcome: &str) -> anyhow::Result<()> {
        let path = format!("/admin/cases/{}/decision", case["id"].as_str().context("an id")?);
        let decided = self.post_for(200, &path, &json!({"outcome": outcome, "reason": "as it looks"}))?;
        ensure!(decided["status"] == "closed" && decided["outcome"] == outcome, "{decided}");
        Ok(())
    }

    /// Somebody new, who has no other money.
    fn is_paid_by(&self, payer: &str) -> anyhow::Result<String> {
        let customer = self.post_for(201, "/v1/customers", &json!({"full_name": "Coumba Faye"}))?;
        let open = json!({"customer_id": customer["id"], "type": "wallet", "currency": "XOF"});
        let account = self.post_for(201, "/v1/accounts", &open)?["id"].as_str().context("an id")?.to_owned();
        let body = json!({"account_debit": payer, "account_credit": account, "amount": "5000", "currency": "XOF"});
        self.post_for(201, "/v1/transactions/transfer", &body)?;
        Ok(account)
    }

    /// The alert of taint about an account, if there is one.
    fn tainted(&self, account: &str) -> anyhow::Result<Option<Value>> {
        let at = self.epoch();
        self.runtime.block_on(reached(&views_url()?, at))?;
        let found = self.get(&format!("/admin/aml/alerts?rule=taint&subject_id={account}&at_least={at}&to={}", at + 1))?;
        Ok(found["alerts"].get(0).cloned())
    }
}
