//! What a case would be, reported to the financial intelligence unit: of each alert that opened one, and what can't be asked.

use super::bank::Bank;
use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// What the bank says of itself to its unit.
pub(super) const ENROLLED: [(&str, &str); 7] = [
    ("ORION_FIU__CURRENCY", "XAF"),
    ("ORION_FIU__ENTITY_ID", "4711"),
    ("ORION_FIU__RATES__XOF", "1"),
    ("ORION_FIU__OFFICER__FIRST_NAME", "Aminata"),
    ("ORION_FIU__OFFICER__LAST_NAME", "N'Diaye"),
    ("ORION_FIU__OFFICE__ADDRESS", "12, rue de l'Hippodrome"),
    ("ORION_FIU__OFFICE__CITY", "Yaoundé"),
];

impl Bank {
    /// Every case of an alert as a draft: with all that its alert names, and right for the unit.
    pub(super) fn drafts_a_report(&self) -> anyhow::Result<()> {
        self.is_opened(&self.shop)?;
        let cases = self.get("/admin/kyc/cases?kind=alert&limit=1000")?;
        let cases = cases["cases"].as_array().context("cases")?;
        ensure!(!cases.is_empty(), "no alert has opened a case");
        self.says_who_they_are()?;
        let mut drafted = String::new();
        for case in cases {
            let (id, alert) = (case["id"].as_str().context("an id")?, case["alert_id"].as_str().context("an alert")?);
            drafted += &self.drafts(id, &self.get(&format!("/admin/aml/alerts/{alert}?at_least={}", case["opened_at"]))?)?;
        }
        // Who has presented a document goes by it, and where somebody lives is told.
        // A shop is no person.
        for told in [
            "<last_name>NDIAYE</last_name>",
            "<birthdate>1990-04-17T00:00:00</birthdate>",
            "<address>12 Rue Carnot, Villa 4</address>",
            "<name>Librairie du Port</name>",
        ] {
            ensure!(drafted.contains(told), "{told} is in no draft");
        }
        self.refuses(cases[0]["id"].as_str().context("an id")?)
    }

    /// Waits for the case of an alert about an account.
    pub(super) fn is_opened(&self, account: &str) -> anyhow::Result<Value> {
        let deadline = Instant::now() + super::WAIT;
        loop {
            let cases = self.get(&format!("/admin/kyc/cases?kind=alert&status=open&account_id={account}"))?;
            match cases["cases"].get(0) {
                Some(case) => return Ok(case.clone()),
                None => ensure!(Instant::now() < deadline, "no alert about {account} has opened a case"),
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Two of them: one presents a document, of the other it is said where they live.
    fn says_who_they_are(&self) -> anyhow::Result<()> {
        let document = json!({
            "type": "national_id", "number": "1234199056789", "country": "SN", "surname": "NDIAYE", "given_names": "BINTA",
            "date_of_birth": "1990-04-17",
        });
        self.post_for(201, &format!("/v1/customers/{}/kyc/documents", self.people[0].0), &document)?;
        let address = json!({
            "street_name": "Rue Carnot", "building_number": "12", "address_lines": ["Villa 4"], "town_name": "Dakar", "country": "SN",
        });
        self.send_for(200, reqwest::Method::PUT, &format!("/v1/customers/{}/address", self.people[1].0), &address)?;
        self.get(&format!("/v1/customers/{}?at_least={}", self.people[1].0, self.epoch())).map(drop)
    }

    /// A draft, as XML.
    fn drafts(&self, case: &str, alert: &Value) -> anyhow::Result<String> {
        let path = format!("/admin/cases/{case}/report");
        let drafted = self.get(&path)?;
        let xml = drafted["xml"].as_str().context("XML")?;
        let report = goaml::read(xml.as_bytes()).map_err(|findings| anyhow::anyhow!("{findings:?} in {xml}"))?;
        let numbers: Vec<&str> = report.transactions.iter().map(|transaction| transaction.number.as_str()).collect();
        for named in alert["evidence"]["transactions"].as_array().context("evidence")? {
            ensure!(numbers.contains(&named.as_str().context("an id")?), "{named} is not told in {xml}");
        }
        let text = alert["text"]["fr"].as_str().context("a text")?;
        ensure!(report.reason.as_ref().is_some_and(|reason| reason.starts_with(text)), "{text} is not told first in {xml}");
        ensure!(report.indicators.iter().any(|code| alert["code"] == *code), "{xml}");
        ensure!(report.action.as_ref().is_some_and(|action| action.contains(case)), "{xml}");
        // Francs are told in francs of another bank, at the rate that was set.
        let local = |transaction: &goaml::report::Transaction| transaction.amount_local.currency.code();
        ensure!(
            report.transactions.iter().all(|transaction| local(transaction) == "XAF" && transaction.from.foreign_currency.is_some()),
            "{xml}"
        );
        // Each payment is between two customers of ours, both by name.
        ensure!(report.transactions.iter().all(|transaction| transaction.from.is_my_client && transaction.to.is_my_client), "{xml}");
        ensure!(xml.contains("<last_name>") && xml.contains("<first_name>Awa Diop</first_name>"), "{xml}");
        ensure!(drafted["findings"] == json!([]) && drafted["unit"] == "the unit", "{drafted}");
        let alone = self.ask(&path, "application/xml")?;
        ensure!((alone.status, alone.header("content-type")) == (200, "application/xml; charset=utf-8"), "{alone:?}");
        ensure!(
            alone.header("orion-findings") == "0" && alone.header("content-disposition").ends_with(&format!("STR-{case}.xml\"")),
            "{alone:?}"
        );
        // As of a later epoch, but for that the same.
        let other = goaml::read(alone.text.as_bytes()).map_err(|findings| anyhow::anyhow!("{findings:?}"))?;
        ensure!(goaml::Report { submission_date: report.submission_date, ..other } == report, "{xml}");
        let english = self.get(&format!("{path}?language=en&code=SAR"))?;
        let english =
            goaml::read(english["xml"].as_str().context("XML")?.as_bytes()).map_err(|findings| anyhow::anyhow!("{findings:?}"))?;
        let text = alert["text"]["en"].as_str().context("a text")?;
        ensure!(english.report_code == "SAR" && english.reason.is_some_and(|reason| reason.starts_with(text)), "{text}");
        Ok(xml.to_owned())
    }

    fn refuses(&self, case: &str) -> anyhow::Result<()> {
        let customer =
            self.post_for(201, "/v1/customers", &json!({"full_name": "Moussa Sarr"}))?["id"].as_str().context("an id")?.to_owned();
        let opened = self.post_for(201, "/admin/cases", &json!({"kind": "hit", "customer_id": customer, "reason": "x"}))?;
        let quiet = opened["case_id"].as_str().context("a case")?;
        let json = "application/json";
        for (path, accept, status, code) in [
            (format!("/admin/cases/{quiet}/report?at_least={}", self.epoch()), json, 422, "case_not_reportable"),
            (format!("/admin/cases/{case}/report"), "text/csv", 406, "not_acceptable"),
            (format!("/admin/cases/{case}/report?code=XXX&language=wo&at=1"), json, 400, "invalid_request"),
            (format!("/admin/cases/{case}/report?code=STR&code=STR"), json, 400, "invalid_request"),
            ("/admin/cases/x/report".to_owned(), json, 400, "invalid_request"),
            (format!("/admin/cases/{customer}/report"), json, 404, "case_not_found"),
        ] {
            let problem = self.ask(&path, accept)?.problem()?;
            ensure!((problem.status, problem.code.as_str()) == (status, code), "{path}: {problem:?}");
            ensure!(!path.contains("XXX") || problem.errors.len() == 3, "{problem:?}");
        }
        Ok(())
    }
}
