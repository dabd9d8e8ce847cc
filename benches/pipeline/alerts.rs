//! `alerts`: from the request that brings an alert about to the alert on the stream, while the bank settles 200 payments a second.
//!
//! Nine people have paid one already; the tenth payment makes a rule hold. It is timed from the moment at which the request is sent to the moment at
//! which a client of the stream has the alert: the log, the ledger, Kafka, the detection, Kafka again, Postgres and the stream are in it.

use crate::Extent;
use crate::bank::Bank;
use crate::figures::{Figure, milliseconds};
use crate::services::Services;
use anyhow::{Context, ensure};
use reqwest::Client;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use uuid::Uuid;

const RATE: &str = "200";
const PAYMENTS: &str = "6000";
/// Alerts of a run.
const HUBS: usize = 100;
/// Who pays each of them; the last brings the alert about.
const PAYERS: usize = 10;
/// A tenth of what the rule asks for in all.
const AMOUNT: &str = "150000";
const WAIT: Duration = Duration::from_secs(30);

pub(crate) fn measure(services: &Services, extent: &Extent) -> anyhow::Result<Vec<Figure>> {
    let mut p50 = Figure::new("alert_p50_ms", "ms", "from the request to the alert on the stream, beside 200 payments a second");
    let mut p99 = Figure::new("alert_p99_ms", "ms", "");
    let bank = Bank::fresh(services, "alerts")?;
    let mut processes = [bank.settlement()?, bank.views()?, bank.risk()?, bank.door()?];
    let staff = bank.token("bench", "customers:write accounts:write transactions:write aml:read operator")?;
    for run in 1..=extent.runs {
        eprintln!("{:<24} {HUBS} alerts beside {RATE} payments a second", format!("alerts {run}/{}", extent.runs));
        let mut waits = services.runtime.block_on(async {
            let asker = Asker { client: Client::new(), base: format!("http://{}", bank.listen), staff: staff.clone() };
            let (hubs, last) = asker.prepare().await?;
            let mut load = bank.load(RATE, PAYMENTS, run).spawn()?;
            // Its accounts are opened first.
            tokio::time::sleep(Duration::from_secs(5)).await;
            let waits = asker.complete(&hubs, &last).await?;
            ensure!(load.try_wait()?.is_none(), "the payments ended before the alerts did");
            let ended = tokio::task::spawn_blocking(move || load.wait()).await??;
            ensure!(ended.success(), "orion load ended with {ended}");
            anyhow::Ok(waits)
        })?;
        processes.iter_mut().try_for_each(|process| process.check())?;
        waits.sort_unstable();
        p50.add(milliseconds(waits[waits.len() / 2]));
        p99.add(milliseconds(waits[waits.len() * 99 / 100]));
    }
    Ok(vec![p50, p99])
}

struct Asker {
    client: Client,
    base: String,
    staff: String,
}

impl Asker {
    async fn post(&self, path: &str, body: Value) -> anyhow::Result<String> {
        let request = self.client.post(format!("{}{path}", self.base)).bearer_auth(&self.staff).json(&body);
        let request = request.header("prefer", "wait=20").header("idempotency-key", Uuid::new_v4().to_string());
        let answer: Value = request.send().await?.error_for_status()?.json().await?;
        answer["id"].as_str().map(str::to_owned).with_context(|| answer.to_string())
    }

    async fn account(&self, name: &str) -> anyhow::Result<String> {
        let customer = self.post("/v1/customers", json!({"full_name": name})).await?;
        self.post("/v1/accounts", json!({"customer_id": customer, "type": "wallet", "currency": "XOF"})).await
    }

    async fn pay(&self, from: &str, to: &str) -> anyhow::Result<String> {
        let body = json!({"account_debit": from, "account_credit": to, "amount": AMOUNT, "currency": "XOF"});
        self.post("/v1/transactions/transfer", body).await
    }

    /// Whoever is paid, by all but the last payer; and that one.
    async fn prepare(&self) -> anyhow::Result<(Vec<String>, String)> {
        let (mut payers, mut hubs) = (Vec::new(), Vec::new());
        for number in 0..PAYERS {
            let payer = self.account(&format!("Payer {number}")).await?;
            self.post("/v1/transactions/deposit", json!({"account_credit": payer, "amount": "100000000", "currency": "XOF"})).await?;
            payers.push(payer);
        }
        for number in 0..HUBS {
            let hub = self.account(&format!("Hub {number}")).await?;
            for payer in &payers[1..] {
                self.pay(payer, &hub).await?;
            }
            hubs.push(hub);
        }
        Ok((hubs, payers.swap_remove(0)))
    }

    /// Brings one alert after the other about; how long each took.
    async fn complete(&self, hubs: &[String], last: &str) -> anyhow::Result<Vec<Duration>> {
        let url = format!("{}/admin/aml/alerts/stream?since=now", self.base);
        let mut stream = self.client.get(url).bearer_auth(&self.staff).send().await?.error_for_status()?;
        let (say, mut heard) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut rest = String::new();
            while let Ok(Some(chunk)) = stream.chunk().await {
                let at = Instant::now();
                rest.push_str(&String::from_utf8_lossy(&chunk));
                while let Some(end) = rest.find("\n\n") {
                    let event: String = rest.drain(..end + 2).collect();
                    let data = event.lines().find_map(|line| line.strip_prefix("data: ")).unwrap_or_default();
                    if let (true, Ok(alert)) = (event.starts_with("event: raised"), serde_json::from_str::<Value>(data)) {
                        drop(say.send((alert["subject_id"].as_str().unwrap_or_default().to_owned(), at)));
                    }
                }
            }
        });
        let mut sent = BTreeMap::new();
        for hub in hubs {
            sent.insert(hub.clone(), Instant::now());
            self.pay(last, hub).await?;
        }
        let mut waits = Vec::with_capacity(hubs.len());
        while !sent.is_empty() {
            let (subject, at) =
                tokio::time::timeout(WAIT, heard.recv()).await.context("an alert did not come")?.context("the stream ended")?;
            waits.extend(sent.remove(&subject).map(|sent| at - sent));
        }
        Ok(waits)
    }
}
