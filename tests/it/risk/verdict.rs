//! Of whom staff confirms an alert: their money is tainted from then on, also after a death of the cell.

use super::bank::Bank;
use super::reached;
use crate::house::House;
use crate::views::reader::views_url;
use anyhow::{Context, ensure};
use serde_json::{Value, json};

impl Bank {
    pub(super) fn confirms_an_alert(&self, house: &House) -> anyhow::Result<()> {
        let (_, suspect) = &self.people[0];
        let case = self.is_opened(suspect)?;
        let path = format!("/admin/cases/{}/decision", case["id"].as_str().context("an id")?);
        let decided = self.post_for(200, &path, &json!({"outcome": "confirmed_risk", "reason": "as it looks"}))?;
        ensure!(decided["status"] == "closed" && decided["outcome"] == "confirmed_risk", "{decided}");
        self.runtime.block_on(reached(&views_url()?, self.epoch()))?;
        house.kill_cell("risk")?;
        let first = self.is_paid_by(suspect)?;
        let tainted = self.tainted(&first)?;
        ensure!(
            tainted["status"] == "open" && tainted["measured"][0]["name"] == "exposure_ppm" && tainted["measured"][0]["value"] == 500_000,
            "{tainted}"
        );
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

    /// The one alert of taint about an account.
    fn tainted(&self, account: &str) -> anyhow::Result<Value> {
        let at = self.epoch();
        self.runtime.block_on(reached(&views_url()?, at))?;
        let found = self.get(&format!("/admin/aml/alerts?rule=taint&subject_id={account}&at_least={at}&to={}", at + 1))?;
        found["alerts"].get(0).cloned().with_context(|| format!("no money is tainted: {found}"))
    }
}
