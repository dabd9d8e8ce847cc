//! A ring counts for each of its members: in the list of their alerts, and in their score.

use super::bank::Bank;
use anyhow::{Context, ensure};
use serde_json::{Value, json};

/// As many as the catalogue asks for.
const MEMBERS: usize = 5;

impl Bank {
    /// Some pay from one device.
    pub(super) fn shares_a_device(&self) -> anyhow::Result<()> {
        for number in 0..MEMBERS {
            let body = json!({
                "account_debit": self.people[number].1, "account_credit": self.people[MEMBERS].1, "amount": "1000", "currency": "XOF",
                "context": {"device": "of-all-of-them"},
            });
            self.post_for(201, "/v1/transactions/transfer", &body)?;
        }
        let rings = self.get(&format!("/admin/aml/alerts?rule=ring&at_least={}&to={}", self.epoch(), self.epoch() + 1))?;
        let ring = rings["alerts"].as_array().and_then(|rings| rings.first()).with_context(|| format!("no ring is told: {rings}"))?;
        let named = ring["evidence"]["counterparties"].as_array().context("accounts")?;
        for (customer, account) in &self.people[..MEMBERS] {
            ensure!(named.contains(&json!(account)), "{account} is not named by {ring}");
            let own = self.get(&format!("/admin/aml/alerts?rule=ring&customer_id={customer}"))?;
            ensure!(own["alerts"].as_array().is_some_and(|own| own.iter().any(|alert| alert["id"] == ring["id"])), "{own}");
            let risk = self.get(&format!("/admin/aml/customers/{customer}/risk"))?;
            let counts = |reason: &Value| reason["alert_id"] == ring["id"] && reason["rule"] == "ring";
            ensure!(risk["reasons"].as_array().is_some_and(|reasons| reasons.iter().any(counts)), "{risk}");
        }
        let (stranger, _) = &self.people[MEMBERS];
        let theirs = self.get(&format!("/admin/aml/alerts?rule=ring&customer_id={stranger}"))?;
        ensure!(theirs["alerts"] == json!([]), "who was paid is in no ring: {theirs}");
        Ok(())
    }
}
