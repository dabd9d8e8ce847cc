//! A bank with people who launder money, and what the API shows of that.

use crate::house::House;
use crate::http::{Answer, STAFF, Server};
use anyhow::{Context, ensure};
use schemas::alert::Subject;
use schemas::{Alert, AlertChange};
use serde_json::{Value, json};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::Instant;

pub(super) struct Bank {
    server: Server,
    pub(super) runtime: tokio::runtime::Runtime,
    staff: String,
    /// A customer and an account each.
    pub(super) people: Vec<(String, String)>,
    /// The account of a merchant.
    pub(super) shop: String,
    paid: Cell<usize>,
    epoch: Cell<u64>,
}

impl Bank {
    /// So many people, each with more than enough.
    pub(super) fn open(house: &House, people: usize) -> anyhow::Result<Self> {
        let (server, runtime) = (Server::at(&house.base, house.auth())?, tokio::runtime::Runtime::new()?);
        let staff = server.token("teller", STAFF)?;
        let mut bank = Self { server, runtime, staff, people: Vec::new(), shop: String::new(), paid: Cell::new(0), epoch: Cell::new(0) };
        for number in 0..people {
            let customer = bank.post("/v1/customers", &json!({"full_name": format!("Awa Diop {number}")}))?;
            let open = json!({"customer_id": customer["id"], "type": "wallet", "currency": "XOF"});
            let account = bank.post("/v1/accounts", &open)?;
            let id = |value: &Value| value["id"].as_str().map(str::to_owned).context("an id");
            bank.people.push((id(&customer)?, id(&account)?));
            bank.post("/v1/transactions/deposit", &json!({"account_credit": account["id"], "amount": "100000000", "currency": "XOF"}))?;
        }
        let owner = bank.post("/v1/customers", &json!({"full_name": "Librairie du Port"}))?;
        let open = json!({"customer_id": owner["id"], "type": "wallet", "role": "merchant", "currency": "XOF"});
        bank.shop = bank.post("/v1/accounts", &open)?["id"].as_str().context("an id")?.to_owned();
        Ok(bank)
    }

    /// The newest epoch of which we were told.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch.get()
    }

    /// Twelve pay one, who pays twelve others; whom, depends on the round.
    pub(super) fn launder(&self, round: usize) -> anyhow::Result<()> {
        let count = self.people.len();
        let hub = round % count;
        for step in 1..=12 {
            self.pay((hub + step) % count, hub, 200_000)?;
        }
        for step in 1..=12 {
            self.pay(hub, (hub + count - step) % count, 150_000)?;
        }
        Ok(())
    }

    /// One of them alone buys in a shop, all for the same round sum.
    pub(super) fn buys(&self) -> anyhow::Result<()> {
        let body = json!({"account_debit": self.people[3].1, "account_credit": self.shop, "amount": "20000", "currency": "XOF"});
        (0..12).try_for_each(|_| self.post("/v1/transactions/merchant-payment", &body).map(drop))
    }

    /// A small payment, so that time and the bank go on.
    pub(super) fn pay_around(&self) -> anyhow::Result<()> {
        let count = self.people.len();
        let number = self.paid.get();
        self.pay(number % count, (number * 7 + 1) % count, 1_000).map(drop)
    }

    fn pay(&self, from: usize, to: usize, amount: u64) -> anyhow::Result<()> {
        self.paid.set(self.paid.get() + 1);
        if from == to {
            return Ok(());
        }
        let body = json!({"account_debit": self.people[from].1, "account_credit": self.people[to].1, "amount": amount.to_string(), "currency": "XOF"});
        self.post("/v1/transactions/transfer", &body).map(drop)
    }

    fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.post_for(201, path, body)
    }

    pub(super) fn post_for(&self, status: u16, path: &str, body: &Value) -> anyhow::Result<Value> {
        let key = uuid::Uuid::new_v4().to_string();
        let headers = [("prefer", "wait=30"), ("idempotency-key", key.as_str())];
        let answer = self.runtime.block_on(self.server.post(&self.staff, path, &headers, body))?;
        ensure!(answer.status == status, "{answer:?}");
        self.epoch.set(self.epoch.get().max(answer.header("orion-epoch").parse()?));
        answer.json()
    }

    /// The same by another method.
    pub(super) fn send_for(&self, status: u16, method: reqwest::Method, path: &str, body: &Value) -> anyhow::Result<Value> {
        let answer = self.send(method, path, body)?;
        ensure!(answer.status == status, "{answer:?}");
        self.epoch.set(self.epoch.get().max(answer.header("orion-epoch").parse()?));
        answer.json()
    }

    /// Whatever is answered to a request.
    pub(super) fn send(&self, method: reqwest::Method, path: &str, body: &Value) -> anyhow::Result<Answer> {
        let (bearer, key) = (format!("Bearer {}", self.staff), uuid::Uuid::new_v4().to_string());
        let headers =
            [("authorization", bearer.as_str()), ("content-type", "application/json"), ("prefer", "wait=30"), ("idempotency-key", &key)];
        self.runtime.block_on(self.server.send(method, path, &headers, serde_json::to_vec(body)?))
    }

    /// Whatever is answered to whoever wants it in a form.
    pub(super) fn ask(&self, path: &str, accept: &str) -> anyhow::Result<Answer> {
        let bearer = format!("Bearer {}", self.staff);
        let headers = [("authorization", bearer.as_str()), ("accept", accept)];
        let deadline = Instant::now() + super::WAIT;
        loop {
            let answer = self.runtime.block_on(self.server.send(reqwest::Method::GET, path, &headers, Vec::new()))?;
            // What a case is about may be newer than what is shown.
            if !answer.is_behind() || Instant::now() > deadline {
                return Ok(answer);
            }
        }
    }

    pub(super) fn get(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.runtime.block_on(self.server.get(&self.staff, path))?;
        ensure!(answer.status == 200, "{path}: {answer:?}");
        answer.json()
    }

    /// What the API shows is what was found.
    pub(super) fn reads(&self, expected: &[AlertChange]) -> anyhow::Result<()> {
        let raised: Vec<&Alert> = expected
            .iter()
            .filter_map(|change| match change {
                AlertChange::Raised(alert) => Some(&**alert),
                AlertChange::Cleared(_) => None,
            })
            .collect();
        let to = self.epoch() + 1;
        // In parts, the newest first.
        let (mut told, mut path) = (Vec::new(), format!("/admin/aml/alerts?limit=3&to={to}&at_least={}", to - 1));
        loop {
            let part = self.get(&path)?;
            told.extend(part["alerts"].as_array().context("alerts")?.clone());
            let Some(cursor) = part["next_cursor"].as_str() else { break };
            path = format!("/admin/aml/alerts?limit=3&cursor={cursor}");
        }
        told.reverse();
        let wanted: Vec<&Alert> = raised.iter().copied().filter(|alert| alert.epoch < to).collect();
        ensure!(told.len() == wanted.len(), "{} alerts are told of {}", told.len(), wanted.len());
        for (told, alert) in told.iter().zip(&wanted) {
            ensure!(told["id"] == alert.id.to_string() && told["rule"] == alert.rule.as_str(), "{told} is not {alert:?}");
            let evidence = &told["evidence"];
            let transactions: Vec<String> = alert.evidence.transactions.iter().map(ToString::to_string).collect();
            ensure!(evidence["transactions"] == json!(transactions), "{told} is not {alert:?}");
        }
        let first = wanted.first().context("an alert")?;
        let one = self.get(&format!("/admin/aml/alerts/{}", first.id))?;
        ensure!(one["id"] == first.id.to_string() && one["text"]["fr"].as_str().is_some_and(|text| !text.is_empty()), "{one}");
        // Of the account's holder, by rule, and the score that follows.
        let Subject::Account(account) = &first.subject else { return Ok(()) };
        let account = account.to_string();
        let (customer, _) = self.people.iter().find(|(_, own)| *own == account).context("an account of ours")?;
        let own = self.get(&format!("/admin/aml/alerts?customer_id={customer}&rule={}", first.rule))?;
        let own = own["alerts"].as_array().context("alerts")?;
        ensure!(own.iter().any(|alert| alert["id"] == first.id.to_string() && alert["customer_id"] == *customer), "{own:?}");
        let risk = self.get(&format!("/admin/aml/customers/{customer}/risk"))?;
        ensure!(risk["score"].as_u64().is_some_and(|score| score >= u64::from(first.weight)), "{risk}");
        ensure!(risk["history"].as_array().is_some_and(|history| !history.is_empty()), "{risk}");
        Ok(())
    }

    /// What a rule would say if it were set otherwise, and what can't be asked.
    pub(super) fn asks_what_if(&self) -> anyhow::Result<()> {
        let ask = |rule: &str, body: Value| {
            let path = format!("/admin/aml/rules/{rule}/simulate");
            self.runtime.block_on(self.server.post(&self.staff, &path, &[], &body))
        };
        let answer = ask("fan_in", json!({"parameters": {"senders": 3, "amount_minor": 0}}))?;
        ensure!(answer.status == 200, "{answer:?}");
        let lower = answer.json()?;
        ensure!(lower["rule"] == "fan_in" && lower["removed_count"] == 0, "{lower}");
        let [live, proposed, added] = ["live", "proposed", "added_count"].map(|name| lower[name].as_u64().unwrap_or_default());
        ensure!(proposed == live + added, "{lower}");
        let same = ask("fan_in", json!({}))?.json()?;
        ensure!(same["live"] == same["proposed"] && same["added"] == json!([]) && same["removed"] == json!([]), "{same}");
        for (rule, body, status, code) in [
            ("fan_up", json!({}), 404, "rule_not_found"),
            ("velocity_count", json!({}), 422, "rule_not_simulated"),
            ("fan_in", json!({"parameters": {"senders": 0}}), 400, "invalid_request"),
            ("fan_in", json!({"parameters": {"receivers": 9}}), 400, "invalid_request"),
            ("fan_in", json!({"thresholds": {}}), 400, "invalid_request"),
        ] {
            let problem = ask(rule, body)?.problem()?;
            ensure!((problem.status, problem.code.as_str()) == (status, code), "{problem:?}");
        }
        Ok(())
    }

    /// A rule in shadow beside the live one, and what only one of them says; and what is open is what was not cleared.
    pub(super) fn compares_with_a_shadow(&self) -> anyhow::Result<()> {
        let lower = json!({"lane": "shadow", "parameters": {"senders": 3, "amount_minor": 0}});
        self.post_for(200, "/admin/aml/rules/fan_in", &lower)?;
        self.launder(7)?;
        let at = self.epoch();
        let (mut all, mut path) = (Vec::new(), format!("/admin/aml/alerts?limit=1000&to={}&at_least={at}", at + 1));
        loop {
            let part = self.get(&path)?;
            all.extend(part["alerts"].as_array().context("alerts")?.clone());
            let Some(cursor) = part["next_cursor"].as_str() else { break };
            path = format!("/admin/aml/alerts?limit=1000&cursor={cursor}");
        }
        let of = |lane: &str| -> BTreeSet<&str> {
            let said = all.iter().filter(|alert| alert["rule"] == "fan_in" && alert["lane"] == lane);
            said.filter_map(|alert| alert["subject_id"].as_str()).collect()
        };
        let (live, shadow) = (of("live"), of("shadow"));
        ensure!(!shadow.is_empty(), "nobody is in the shadow: {all:?}");
        let shown = self.get(&format!("/admin/aml/rules/fan_in/shadow?from=0&to={}&limit=1000", at + 1))?;
        let counts = ["both", "only_live", "only_shadow"].map(|name| shown[name].as_u64().unwrap_or(u64::MAX));
        let counted = [live.intersection(&shadow).count(), live.difference(&shadow).count(), shadow.difference(&live).count()];
        ensure!(counts == counted.map(|count| u64::try_from(count).unwrap_or(u64::MAX)), "{shown} of {live:?} and {shadow:?}");
        let differ: BTreeSet<&str> =
            shown["subjects"].as_array().context("subjects")?.iter().filter_map(|one| one["subject_id"].as_str()).collect();
        ensure!(differ == live.symmetric_difference(&shadow).copied().collect(), "{shown}");
        let last = all.iter().filter_map(|alert| alert["epoch"].as_u64()).max().context("an alert")?;
        let open = self.get(&format!("/admin/aml/alerts?status=open&limit=1000&to={}", last + 1))?;
        let open: BTreeSet<&str> = open["alerts"].as_array().context("alerts")?.iter().filter_map(|alert| alert["id"].as_str()).collect();
        let not_cleared = all.iter().filter(|alert| alert["status"] == "open").filter_map(|alert| alert["id"].as_str()).collect();
        ensure!(open == not_cleared, "open are {open:?}, not cleared {not_cleared:?}");
        for (path, status, code) in [
            ("/admin/aml/rules/fan_up/shadow", 404, "rule_not_found"),
            ("/admin/aml/rules/velocity_count/shadow", 422, "rule_not_compared"),
            ("/admin/aml/rules/fan_in/shadow?from=soon", 400, "invalid_request"),
        ] {
            let problem = self.runtime.block_on(self.server.get(&self.staff, path))?.problem()?;
            ensure!((problem.status, problem.code.as_str()) == (status, code), "{problem:?}");
        }
        Ok(())
    }
}
