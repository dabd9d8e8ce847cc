//! `reads`: what a client waits for who asks for a balance, while the bank settles 200 payments a second.
//!
//! Two thousand questions a second, each due whatever was answered, over accounts in turn and as many connections as a client has that
//! knows its bounds: one that finds none waits, and its wait counts. A question that fails fails the run.

use crate::Extent;
use crate::bank::Bank;
use crate::figures::{Figure, milliseconds};
use crate::services::Services;
use anyhow::{Context, ensure};
use reqwest::Client;
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

/// Questions a second, as so many each millisecond.
const EACH_MS: usize = 2;
/// For how long they are asked, while payments come for longer.
const ASKED_FOR: Duration = Duration::from_secs(8);
const RATE: &str = "200";
const PAYMENTS: &str = "6000";
/// Questions that are under way together, each on its connection.
const CONNECTIONS: usize = 256;
/// Until the load has opened its accounts.
const OPENED: Duration = Duration::from_secs(60);

pub(crate) fn measure(services: &Services, extent: &Extent) -> anyhow::Result<Vec<Figure>> {
    let mut p50 = Figure::new("read_p50_ms", "ms", "from due to the balance, 2,000 a second beside 200 payments");
    let mut p99 = Figure::new("read_p99_ms", "ms", "");
    let bank = Bank::fresh(services, "reads")?;
    let mut processes = [bank.settlement()?, bank.views()?, bank.door()?];
    let staff = bank.token("bench", "accounts:read transactions:read operator")?;
    for run in 1..=extent.runs {
        eprintln!("{:<24} 2,000 balances a second", format!("reads {run}/{}", extent.runs));
        let mut load = bank.load(RATE, PAYMENTS, run).spawn()?;
        let base = format!("http://{}", bank.listen);
        let mut waits = services.runtime.block_on(async {
            let asker = Asker { client: Client::new(), base, staff: staff.clone() };
            asker.payments_come().await?;
            let paths = asker.balances().await?;
            asker.ask(&paths).await
        })?;
        ensure!(load.try_wait()?.is_none(), "the payments ended before the questions did");
        ensure!(load.wait()?.success(), "orion load failed");
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
    async fn json(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.client.get(format!("{}{path}", self.base)).bearer_auth(&self.staff).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    /// Waits until payments come that are no first deposits.
    async fn payments_come(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + OPENED;
        let begun = self.json("/v1/transactions?limit=1").await?["as_of"].as_u64().context("no as_of")?;
        while self.json(&format!("/v1/transactions?operation=transfer&from={begun}&limit=1")).await?["transactions"][0].is_null() {
            ensure!(Instant::now() < deadline, "no payment came");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    async fn balances(&self) -> anyhow::Result<Arc<[String]>> {
        let view = self.json("/v1/views/accounts?limit=1000").await?;
        let rows = view["rows"].as_array().context("no rows")?.iter();
        let paths: Vec<_> = rows.filter_map(|row| Some(format!("{}/v1/accounts/{}/balance", self.base, row["key"].as_str()?))).collect();
        ensure!(!paths.is_empty(), "the bank has no account");
        Ok(paths.into())
    }

    /// How long each question took from when it was due.
    async fn ask(&self, paths: &[String]) -> anyhow::Result<Vec<Duration>> {
        let (mut ticks, begun, mut asked) = (interval(Duration::from_millis(1)), Instant::now(), JoinSet::new());
        let connections = Arc::new(Semaphore::new(CONNECTIONS));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut number = 0;
        while begun.elapsed() < ASKED_FOR {
            let due: Instant = ticks.tick().await.into();
            for _ in 0..EACH_MS {
                let request = self.client.get(&paths[number % paths.len()]).bearer_auth(&self.staff);
                number += 1;
                let connections = Arc::clone(&connections);
                asked.spawn(async move {
                    let _one = connections.acquire().await?;
                    let answer: Value = request.send().await?.error_for_status()?.json().await?;
                    ensure!(answer["balance_available"].is_string(), "{answer}");
                    anyhow::Ok(due.elapsed())
                });
            }
        }
        let mut waits = Vec::with_capacity(number);
        while let Some(wait) = asked.join_next().await {
            waits.push(wait??);
        }
        Ok(waits)
    }
}
