//! Whoever keeps a copy of a view from its topic has what the API shows, whatever dies meanwhile.

use crate::house::House;
use crate::http::{STAFF, Server};
use crate::python;
use anyhow::{Context, bail, ensure};
use schemas::ViewName;
use schemas::wire::view::published;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::{Duration, Instant};

#[test]
fn a_consumer_in_python_has_what_the_api_shows() -> anyhow::Result<()> {
    let Some(house) = House::start("consumers")? else { return Ok(()) };
    let mut load = house.orion().args(["load", "--payments", "1500", "--rate", "150"]).stdout(Stdio::null()).spawn()?;
    for _ in 0..4 {
        std::thread::sleep(Duration::from_millis(1_700));
        house.kill_cell("views")?;
    }
    ensure!(load.wait()?.success());

    let server = Server::at(&house.base, house.auth())?;
    let token = server.token("analyst", STAFF)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let get = |path: String| runtime.block_on(async { server.get(&token, &path).await?.json() });
    let last = json!({ "full_name": "The Last" });
    let wait = [("prefer", "wait=30"), ("idempotency-key", "the-last")];
    let last = runtime.block_on(async { server.post(&token, "/v1/customers", &wait, &last).await?.json() })?;
    shown(&server, &runtime, &token, last["epoch"].as_u64().context("an epoch")?)?;
    let as_of = get("/v1/views/liabilities".to_owned())?["as_of"].clone();
    let [brokers, registry] = ["KAFKA_BROKERS", "SCHEMA_REGISTRY_URL"].map(|name| std::env::var(name).unwrap_or_default());
    for (name, topic) in ViewName::ALL.iter().filter_map(|name| Some((*name, published(*name)?.0))) {
        let mut shown = BTreeMap::new();
        let mut next = Some(format!("/v1/views/{name}?limit=1000"));
        while let Some(path) = next {
            let part = get(path)?;
            for row in part["rows"].as_array().context("rows")? {
                shown.insert(row["key"].as_str().unwrap_or_default().to_owned(), (row["epoch"].clone(), row["value"].clone()));
            }
            next = part["next_cursor"].as_str().map(|cursor| format!("/v1/views/{name}?cursor={cursor}"));
        }
        let text = python::run("consumers/view.py", &[&brokers, &registry, topic, &as_of.to_string()])?;
        let mut copied = BTreeMap::new();
        for line in text.lines() {
            let mut row: Value = serde_json::from_str(line)?;
            let value = row["value"].as_object_mut().context("a record")?;
            value.retain(|_, said| !said.is_null());
            value.remove("epoch");
            copied.insert(row["key"].as_str().unwrap_or_default().to_owned(), (row["epoch"].clone(), row["value"].clone()));
        }
        // No command came since, so nothing has changed; that imbalances have none either is right.
        ensure!(shown.is_empty() == (name == ViewName::Imbalances), "{name}: {} rows", shown.len());
        assert_eq!(json!(copied), json!(shown), "{name}");
    }
    house.forget()
}

/// Waits until the views show an epoch: a cell that was killed that often is behind for a while.
fn shown(server: &Server, runtime: &tokio::runtime::Runtime, token: &str, epoch: u64) -> anyhow::Result<()> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let answer = runtime.block_on(server.get(token, &format!("/v1/rules?at_least={epoch}")))?;
        match answer.status {
            200 => return Ok(()),
            503 if Instant::now() < deadline => {}
            _ => bail!("epoch {epoch} is not shown: {}", answer.json()?),
        }
    }
}
