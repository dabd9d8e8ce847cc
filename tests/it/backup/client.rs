//! A client with one account, and what it asks for.

use crate::house::House;
use crate::http::{Answer, STAFF, Server};
use anyhow::{Context, ensure};
use serde_json::{Value, json};
use std::cell::Cell;
use std::time::{Duration, Instant};

/// An account, and a caller.
pub(super) struct Client {
    server: Server,
    runtime: tokio::runtime::Runtime,
    staff: String,
    account: String,
    /// Of the newest decision.
    epoch: Cell<String>,
    replayed: Cell<bool>,
}

impl Client {
    /// Enrols and opens.
    pub(super) fn open(house: &House) -> anyhow::Result<Self> {
        let (server, runtime) = (Server::at(&house.base, house.auth())?, tokio::runtime::Runtime::new()?);
        let staff = server.token("teller", STAFF)?;
        let mut client = Self { server, runtime, staff, account: String::new(), epoch: Cell::default(), replayed: Cell::new(false) };
        let customer = client.post("/v1/customers", "client", &json!({"full_name": "Awa Diop"}))?.json()?;
        let open = json!({"customer_id": customer["id"], "type": "wallet", "currency": "XOF"});
        client.account = client.post("/v1/accounts", "account", &open)?.json()?["id"].as_str().context("an id")?.to_owned();
        Ok(client)
    }

    /// Pays 100 in; the id of the transaction.
    pub(super) fn deposit(&self, key: &str) -> anyhow::Result<String> {
        let body = json!({"account_credit": self.account, "amount": "100", "currency": "XOF"});
        let answer = self.post("/v1/transactions/deposit", key, &body)?;
        ensure!(answer.status == 201, "{answer:?}");
        Ok(answer.json()?["id"].as_str().context("an id")?.to_owned())
    }

    /// Asks for more than there is; the id of the transaction that failed.
    pub(super) fn withdraw_too_much(&self, key: &str) -> anyhow::Result<String> {
        let body = json!({"account_debit": self.account, "amount": "1000000", "currency": "XOF"});
        let answer = self.post("/v1/transactions/withdrawal", key, &body)?;
        ensure!(answer.status == 422 && answer.problem()?.code == "insufficient_funds", "{answer:?}");
        let problem: Value = serde_json::from_str(&answer.text)?;
        Ok(problem["transaction_id"].as_str().context("an id")?.to_owned())
    }

    /// Whether the last answer was the first answer again.
    pub(super) fn replayed(&self) -> bool {
        self.replayed.get()
    }

    /// A transaction as it is read.
    pub(super) fn transaction(&self, id: &str) -> anyhow::Result<Value> {
        self.get(&format!("/v1/transactions/{id}"))
    }

    /// The balance, with all that was decided.
    pub(super) fn balance(&self) -> anyhow::Result<u64> {
        let epoch = self.epoch.take();
        self.epoch.set(epoch.clone());
        let balance = self.get(&format!("/v1/accounts/{}/balance?at_least={epoch}", self.account))?;
        Ok(balance["balance_posted"].as_str().context("a balance")?.parse()?)
    }

    fn get(&self, path: &str) -> anyhow::Result<Value> {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let answer = self.runtime.block_on(self.server.get(&self.staff, path))?;
            if answer.status == 503 && Instant::now() < deadline {
                continue;
            }
            ensure!(answer.status == 200, "{path}: {answer:?}");
            return answer.json();
        }
    }

    fn post(&self, path: &str, key: &str, body: &Value) -> anyhow::Result<Answer> {
        let headers = [("prefer", "wait=30"), ("idempotency-key", key)];
        let ask = || self.runtime.block_on(self.server.post(&self.staff, path, &headers, body));
        let mut answer = ask()?;
        // What is asked again because nobody had decided it within half a minute, as after a restart, is no replay.
        self.replayed.set(answer.header("idempotency-replayed") == "true");
        if answer.status == 202 {
            answer = ask()?;
        }
        ensure!([201, 422].contains(&answer.status), "{path}: {answer:?}");
        if !self.replayed() {
            self.epoch.set(answer.header("orion-epoch").to_owned());
        }
        Ok(answer)
    }
}
