//! `fanout`: a thousand clients follow the payments of the bank, while it settles 200 a second.
//!
//! Every client is told every payment, which is counted: one that misses any fails the run. How late a payment comes is counted from the time stamp
//! of its epoch, so deciding, both commits and the step of the streams are in it.

use crate::Extent;
use crate::bank::Bank;
use crate::figures::{Figure, milliseconds, per_second};
use crate::services::Services;
use anyhow::{Context, ensure};
use reqwest::Client;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// So many clients, of so many people: nobody may have more than 64 streams.
const CLIENTS: usize = 1_000;
const PEOPLE: usize = 20;
const RATE: &str = "200";
const PAYMENTS: &str = "3000";
/// Until everybody has been told the last payment.
const TOLD: Duration = Duration::from_secs(60);

/// Of each row, what follows is its epoch; within the row there is a blank before it.
const EPOCH: &str = r#","epoch":"#;

pub(crate) fn measure(services: &Services, extent: &Extent) -> anyhow::Result<Vec<Figure>> {
    let mut fanout = Figure::new("sse_fanout", "events/s", "payments told to 1,000 clients, of 200 a second");
    let mut p99 = Figure::new("sse_p99_ms", "ms", "from the time stamp of a payment to a client that is told");
    let bank = Bank::fresh(services, "fanout")?;
    let mut processes = [bank.settlement()?, bank.views()?, bank.door()?];
    for run in 1..=extent.runs {
        eprintln!("{:<24} {CLIENTS} clients, {RATE} payments a second", format!("fanout {run}/{}", extent.runs));
        let tokens = (0..PEOPLE).map(|person| bank.token(&format!("bench-{person}"), "transactions:read operator"));
        let tokens = tokens.collect::<anyhow::Result<Vec<_>>>()?;
        let before = transactions(services)?;
        let told = services.runtime.block_on(async {
            let (say_end, end) = watch::channel(None);
            let mut clients = JoinSet::new();
            let client = Client::new();
            let url = format!("http://{}/v1/transactions/stream", bank.listen);
            for number in 0..CLIENTS {
                let answer = client.get(&url).bearer_auth(&tokens[number % PEOPLE]).send().await?.error_for_status()?;
                clients.spawn(follow(answer, end.clone()));
            }
            let mut load = bank.load(RATE, PAYMENTS, run);
            let load = tokio::task::spawn_blocking(move || load.status()).await??;
            ensure!(load.success(), "orion load ended with {load}");
            let payments: usize = usize::try_from(count(services).await? - before)?;
            say_end.send_replace(Some(payments));
            let mut told = Vec::new();
            while let Some(client) = tokio::time::timeout(TOLD, clients.join_next()).await.context("somebody was not told all")? {
                told.push(client??);
            }
            // One that came a moment before a client may be told too, and a row twice where a client reads for itself.
            ensure!(told.iter().all(|told| told.late_ms.len() >= payments), "somebody was told fewer payments than there were");
            Ok(told)
        })?;
        processes.iter_mut().try_for_each(|process| process.check())?;
        let (first, last) = (told.iter().filter_map(|told| told.first).min(), told.iter().filter_map(|told| told.last).max());
        let took = last.zip(first).map(|(last, first)| last - first).context("nothing was told")?;
        let mut late: Vec<u64> = told.into_iter().flat_map(|told| told.late_ms).collect();
        fanout.add(per_second(u64::try_from(late.len())?, took));
        late.sort_unstable();
        p99.add(milliseconds(Duration::from_millis(late[late.len() * 99 / 100])));
    }
    Ok(vec![fanout, p99])
}

fn transactions(services: &Services) -> anyhow::Result<i64> {
    services.runtime.block_on(count(services))
}

async fn count(services: &Services) -> anyhow::Result<i64> {
    use sqlx::Connection as _;
    let mut views = sqlx::PgConnection::connect(&services.config.postgres.views_url()?).await?;
    Ok(sqlx::query_scalar("select count(*) from transaction").fetch_one(&mut views).await?)
}

/// What one client was told, and when.
#[derive(Default)]
struct Told {
    late_ms: Vec<u64>,
    first: Option<Instant>,
    last: Option<Instant>,
}

async fn follow(mut answer: reqwest::Response, mut end: watch::Receiver<Option<usize>>) -> anyhow::Result<Told> {
    let (mut told, mut rest) = (Told::default(), String::new());
    loop {
        if end.borrow().is_some_and(|payments| told.late_ms.len() >= payments) {
            return Ok(told);
        }
        let chunk = tokio::select! {
            chunk = answer.chunk() => chunk?.context("a stream has ended")?,
            _ = end.changed() => continue,
        };
        let (now, at) = (u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?, Instant::now());
        rest.push_str(std::str::from_utf8(&chunk)?);
        let whole = rest.rfind('\n').map_or(0, |place| place + 1);
        let rows = rest[..whole].match_indices(EPOCH).map(|(place, _)| &rest[place + EPOCH.len()..whole]);
        for row in rows {
            let epoch: u64 = row.split(',').next().unwrap_or_default().parse()?;
            told.late_ms.push(now.saturating_sub(epoch));
            told.first.get_or_insert(at);
            told.last = Some(at);
        }
        rest.drain(..whole);
    }
}
