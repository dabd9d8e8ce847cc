//! Who shares a device, or a home, is in a ring, which counts for each of its members: in the list of their alerts, and in their score.

use super::{bank::Bank, reached};
use crate::house::House;
use crate::views::reader::views_url;
use anyhow::{Context, ensure};
use serde_json::{Value, json};

/// As many as the catalogue asks for.
const MEMBERS: usize = 5;

impl Bank {
    /// All but one pay from one device, and that one lives where the first of them does.
    /// The cell dies between the two: where they live it has to know from before.
    pub(super) fn shares_a_device_and_a_home(&self, house: &House) -> anyhow::Result<()> {
        self.moves()?;
        house.kill_cell("risk")?;
        for number in 0..MEMBERS - 1 {
            let body = json!({
                "account_debit": self.people[number].1, "account_credit": self.people[MEMBERS].1, "amount": "1000", "currency": "XOF",
                "context": {"device": "of-all-of-them"},
            });
            self.post_for(201, "/v1/transactions/transfer", &body)?;
        }
        self.runtime.block_on(reached(&views_url()?, self.epoch()))?;
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

    /// Two say in their own words that they live in one house; one of them has said something else before.
    fn moves(&self) -> anyhow::Result<()> {
        let (first, last) = (&self.people[0].0, &self.people[MEMBERS - 1].0);
        let path = |customer: &str| format!("/v1/customers/{customer}/address");
        let away = json!({"town_name": "Mbour", "country": "SN", "address_lines": ["Villa 9"]});
        let home = json!({"street_name": "Rue Émile Badiane", "building_number": "12", "town_name": "Thiès", "country": "SN"});
        let same = json!({"street_name": "12, rue EMILE BADIANE", "post_code": "21000", "town_name": "THIES", "country": "SN"});
        self.send_for(200, reqwest::Method::PUT, &path(first), &away)?;
        self.send_for(200, reqwest::Method::PUT, &path(first), &home)?;
        let set = self.send_for(200, reqwest::Method::PUT, &path(last), &same)?;
        ensure!(set["customer_id"] == json!(last) && set["address"]["town_name"] == "THIES", "{set}");
        let shown = self.get(&format!("/v1/customers/{first}?at_least={}", self.epoch()))?;
        ensure!(shown["address"]["street_name"] == home["street_name"] && shown["address"]["country"] == "SN", "{shown}");
        // Somebody whose address is forgotten is shown without.
        let (stranger, _) = &self.people[MEMBERS];
        self.send_for(200, reqwest::Method::PUT, &path(stranger), &home)?;
        let forgotten = self.send_for(200, reqwest::Method::DELETE, &path(stranger), &json!({}))?;
        ensure!(forgotten["address"] == Value::Null, "{forgotten}");
        let shown = self.get(&format!("/v1/customers/{stranger}?at_least={}", self.epoch()))?;
        ensure!(shown["address"] == Value::Null, "{shown}");
        let wrong = json!({"town_name": "Thiès", "country": "XX", "city": "Thiès"});
        let problem = self.send(reqwest::Method::PUT, &path(first), &wrong)?.problem()?;
        ensure!(problem.status == 400 && problem.errors.len() == 2, "{problem:?}");
        Ok(())
    }
}
