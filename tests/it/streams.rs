//! A thousand clients follow the accounts of a working bank, on the real processes. One comes late, one is cut off all the time, one reads
//! slowly; the cell of the views and the door die by -9. In the end all have what a read shows, and no customer was told of another.

mod client;

use crate::house::House;
use crate::http::{CUSTOMER, STAFF, Server};
use crate::watched::Scrape;
use anyhow::{Context, ensure};
use client::{Follower, Rows, slow};
use reqwest::Client;
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinHandle;

const CLIENTS: usize = 1_000;
/// Most memory of the door, with all of them: as a whole, and more than before the slow one came.
const DOOR_MAX_KB: u64 = 400 * 1024;
const STREAM: &str = "/v1/views/accounts/stream";

#[test]
fn a_thousand_clients_come_to_what_a_read_shows() -> anyhow::Result<()> {
    let environment = vec![("ORION_HTTP__STREAMS_OF_SUBJECT_MAX", "1100".into()), ("ORION_HTTP__WRITE_TIMEOUT_MS", "60000".into())];
    let Some(mut house) = House::start_with("streams", |_| Ok(environment))? else { return Ok(()) };
    let runtime = tokio::runtime::Runtime::new()?;
    let server = Server::at(&house.base, house.auth())?;
    let (staff, scraper) = (server.token("teller", STAFF)?, server.token("prometheus", "metrics:read")?);
    load(&house, "first", 100, 100)?.wait()?;
    let customer = runtime.block_on(a_customer(&server, &staff))?;

    let (say_end, end) = watch::channel(None);
    let (url, client) = (format!("{}{STREAM}", house.base), Client::new());
    let follow = |token: &str, most| {
        let follower = Follower { client: client.clone(), url: url.clone(), token: token.to_owned(), most };
        runtime.spawn(follower.until(end.clone()))
    };
    let many: Vec<JoinHandle<anyhow::Result<Rows>>> = (0..CLIENTS).map(|_| follow(&staff, usize::MAX)).collect();
    runtime.block_on(open_at_least(&server, &scraper, CLIENTS))?;
    let before_kb = resident_kb(&house)?;
    let cut_off = follow(&staff, 25);
    let own = follow(&server.token(&customer, CUSTOMER)?, usize::MAX);
    let slow = runtime.spawn(slow(house.base.clone(), STREAM, staff.clone(), end.clone()));

    let mut load = load(&house, "second", 1_500, 75)?;
    let (mut peak_kb, mut late, mut blows) = (0, None, 0);
    let started = Instant::now();
    while load.try_wait()?.is_none() {
        std::thread::sleep(Duration::from_millis(250));
        peak_kb = peak_kb.max(resident_kb(&house)?);
        match (blows, started.elapsed().as_secs()) {
            (0, 4..) => late = Some(follow(&staff, usize::MAX)),
            (1, 6..) => house.kill_cell("views")?,
            (2, 12..) => {
                house.kill_serve()?;
                house.wait_ready()?;
            }
            _ => continue,
        }
        blows += 1;
    }
    ensure!(blows == 3, "the load ended before everything was killed");
    ensure!(load.wait()?.success(), "the load failed");
    println!("the door: {before_kb} kB with {CLIENTS} clients, at most {peak_kb} kB");
    ensure!(peak_kb < DOOR_MAX_KB, "the door took {peak_kb} kB");

    let (rows, as_of) = runtime.block_on(read(&server, &staff))?;
    say_end.send_replace(Some(as_of));
    let told_to_customer = runtime.block_on(come_to_the_end(own))?;
    for (what, follower) in [("late", late.context("nobody came late")?), ("cut off", cut_off), ("slow", slow)] {
        ensure!(runtime.block_on(come_to_the_end(follower))? == rows, "the {what} client has something else than a read shows");
    }
    for (number, follower) in many.into_iter().enumerate() {
        ensure!(runtime.block_on(come_to_the_end(follower))? == rows, "client {number} has something else than a read shows");
    }
    let theirs = |row: &&Value| row["customer_id"] == *customer;
    let expected = rows.iter().filter(|(_, (_, value))| theirs(&value)).map(|(key, row)| (key.clone(), row.clone()));
    ensure!(told_to_customer == expected.collect(), "a customer was told {told_to_customer:?}");
    house.forget()
}

async fn come_to_the_end(follower: JoinHandle<anyhow::Result<Rows>>) -> anyhow::Result<Rows> {
    tokio::time::timeout(Duration::from_secs(60), follower).await.context("a client does not come to the end")??
}

fn load(house: &House, name: &str, payments: u32, rate: u32) -> anyhow::Result<std::process::Child> {
    let mut load = house.orion();
    load.args(["load", "--payments", &payments.to_string(), "--rate", &rate.to_string(), "--seed", &payments.to_string(), "--out"]);
    Ok(load.arg(house.file(&format!("{name}.json"))).stdout(Stdio::null()).spawn()?)
}

async fn open_at_least(server: &Server, scraper: &str, streams: usize) -> anyhow::Result<()> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let scrape = Scrape::read(&server.get(scraper, "/metrics").await?.text)?;
        let open = scrape.sum_of("orion_streams_open", &[("stream", "view")]);
        if open >= f64::from(u32::try_from(streams)?) {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "{open} streams are open");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Somebody who has an account and no right to others'.
async fn a_customer(server: &Server, staff: &str) -> anyhow::Result<String> {
    let (rows, _) = read(server, staff).await?;
    let id = rows.values().find_map(|(_, value)| value["customer_id"].as_str());
    id.map(str::to_owned).context("no account is anybody's")
}

/// The view as a read shows it, at one epoch.
async fn read(server: &Server, token: &str) -> anyhow::Result<(Rows, u64)> {
    let (mut rows, mut more) = (BTreeMap::new(), String::new());
    loop {
        let part = server.get(token, &format!("/v1/views/accounts?limit=1000{more}")).await?.json()?;
        for row in part["rows"].as_array().context("no rows")? {
            let key = row["key"].as_str().context("no key")?.to_owned();
            rows.insert(key, (row["epoch"].as_u64().context("no epoch")?, row["value"].clone()));
        }
        match part["next_cursor"].as_str() {
            Some(cursor) => more = format!("&cursor={cursor}"),
            None => return Ok((rows, part["as_of"].as_u64().context("no as_of")?)),
        }
    }
}

fn resident_kb(house: &House) -> anyhow::Result<u64> {
    // A door that was killed a moment ago has no memory.
    let Ok(status) = std::fs::read_to_string(format!("/proc/{}/status", house.door())) else { return Ok(0) };
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    Ok(line.and_then(|line| line.trim().strip_suffix(" kB")).and_then(|number| number.parse().ok()).unwrap_or_default())
}
