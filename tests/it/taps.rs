//! Taps over HTTP, on the real processes: they show what `orion tap` shows, go on exactly where they ended, and end.

use crate::events::Events;
use crate::house::{House, signal};
use crate::http::{STAFF, Server};
use anyhow::{Context, ensure};
use reqwest::Client;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::{Duration, Instant};

const SETTLED: &str = "transaction.settled.v1";

#[test]
fn a_topic_is_read_over_http() -> anyhow::Result<()> {
    let environment = vec![("ORION_HTTP__TAPS_MAX", "2".into())];
    let Some(mut house) = House::start_with("taps", |_| Ok(environment))? else { return Ok(()) };
    let load = house.orion().args(["load", "--payments", "2000", "--out"]).arg(house.file("load.json")).stdout(Stdio::null()).status()?;
    ensure!(load.success(), "the load ended with {load}");
    let printed = printed(&house, &["beginning"])?;
    ensure!(printed.len() > 1000, "{} payments settled", printed.len());

    let runtime = tokio::runtime::Runtime::new()?;
    let server = Server::at(&house.base, house.auth())?;
    runtime.block_on(async {
        let reader = Reader { base: house.base.clone(), client: Client::new(), token: server.token("auditor", "tap")? };
        shown_as_printed(&house, &reader, &printed).await?;
        goes_on_where_it_ended(&reader, &printed).await?;
        follows(&reader, &server).await?;
        is_refused(&reader, &server).await?;
        no_more_than_there_is_room_for(&reader).await?;
        ends_with_the_token(&reader, &server).await
    })?;

    // A stream that is open does not keep the server from stopping, and says why it ends.
    let (mut events, token) = (None, server.token("auditor", "tap")?);
    runtime.block_on(async {
        let url = format!("{}/v1/taps/{SETTLED}", house.base);
        events = Some(Events::open(&Client::new(), &url, &token, None).await?);
        anyhow::Ok(())
    })?;
    let asked = Instant::now();
    signal("TERM", house.door())?;
    let mut events = events.context("no stream")?;
    let last = runtime.block_on(events.next())?.context("cut off")?;
    assert_eq!((last.name.as_str(), &last.data), ("end", &json!({"reason": "server_stops"})));
    house.wait_door()?;
    ensure!(asked.elapsed() < Duration::from_secs(30), "the door took {:?} to stop", asked.elapsed());
    house.forget()
}

struct Reader {
    base: String,
    client: Client,
    token: String,
}

impl Reader {
    fn url(&self, query: &str) -> String {
        format!("{}/v1/taps/{SETTLED}?{query}", self.base)
    }

    async fn lines(&self, query: &str) -> anyhow::Result<Vec<Value>> {
        let response = self.client.get(self.url(query)).bearer_auth(&self.token).header("accept-encoding", "gzip").send().await?;
        ensure!(response.status() == 200 && response.headers()["content-type"] == "application/x-ndjson", "{response:?}");
        // A stream is never held back until there is enough of it to compress.
        ensure!(response.headers().get("content-encoding").is_none(), "{response:?}");
        lines(&response.text().await?)
    }

    async fn status(&self, path: &str, token: &str, last_id: Option<&str>) -> anyhow::Result<(u16, String)> {
        let mut request = self.client.get(format!("{}{path}", self.base)).bearer_auth(token);
        if let Some(id) = last_id {
            request = request.header("last-event-id", id);
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        let body: Value = if status == 200 { Value::Null } else { response.json().await? };
        Ok((status, body["code"].as_str().unwrap_or_default().to_owned()))
    }
}

/// Lines of JSON, the same whatever order partitions come in.
fn lines(text: &str) -> anyhow::Result<Vec<Value>> {
    let mut lines = text.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;
    lines.sort_by_key(|line| (line["partition"].as_i64(), line["offset"].as_i64()));
    Ok(lines)
}

fn printed(house: &House, more: &[&str]) -> anyhow::Result<Vec<Value>> {
    let output = house.orion().args(["tap", SETTLED, "--until-end", "--from"]).args(more).output()?;
    ensure!(output.status.success(), "orion tap: {}", String::from_utf8_lossy(&output.stderr));
    lines(&String::from_utf8(output.stdout)?)
}

async fn shown_as_printed(house: &House, reader: &Reader, all: &[Value]) -> anyhow::Result<()> {
    assert!(reader.lines("from=beginning&follow=false").await? == all, "the lines differ from what is printed");
    let some = &all[all.len() / 2];
    let text = |value: &Value| value.as_str().map(str::to_owned).context("no text");
    let (key, trace, account) = (text(&some["key"])?, text(&some["trace_id"])?, text(&some["value"]["postings"][0]["account"])?);
    let field = format!("postings.account={account}");
    for (name, value, option) in [("key", key, "--key"), ("trace", trace, "--trace"), ("where", field, "--where")] {
        let mut url = reqwest::Url::parse(&reader.url("from=beginning&follow=false"))?;
        url.query_pairs_mut().append_pair(name, &value).append_pair("where", "currency=XOF");
        let shown = reader.lines(url.query().unwrap_or_default()).await?;
        ensure!(!shown.is_empty() && shown == printed(house, &["beginning", option, &value, "--where", "currency=XOF"])?, "{name}={value}");
    }
    let epoch = &some["epoch"];
    assert!(reader.lines(&format!("from={epoch}&follow=false")).await? == printed(house, &[&epoch.to_string()])?);
    assert_eq!(reader.lines("from=beginning&limit=5").await?.len(), 5);
    Ok(())
}

/// A stream that is cut off after each of a few records, and resumed, says every record once.
async fn goes_on_where_it_ended(reader: &Reader, all: &[Value]) -> anyhow::Result<()> {
    let (mut seen, mut last_id, mut cuts) = (BTreeMap::new(), None, 0);
    loop {
        // `from` counts at the first time alone.
        let url = reader.url("from=beginning&follow=false");
        // The one before may not have left its place yet.
        let mut events = eventually(async || Events::open(&reader.client, &url, &reader.token, last_id.as_deref()).await).await?;
        let (mut taken, most) = (0, if cuts < 20 { 7 * cuts } else { usize::MAX });
        let reason = loop {
            let event = events.next().await?.context("cut off")?;
            if event.name == "end" {
                break event.data["reason"].as_str().map(str::to_owned);
            }
            assert_eq!(event.name, "record");
            let place = (event.data["partition"].as_i64(), event.data["offset"].as_i64());
            ensure!(seen.insert(place, event.data).is_none(), "{place:?} was said twice");
            taken += 1;
            if taken > most {
                break None;
            }
        };
        last_id = events.last_id;
        cuts += 1;
        if let Some(reason) = reason {
            assert_eq!(reason, "complete");
            break;
        }
    }
    ensure!(cuts == 21 && seen.into_values().eq(all.iter().cloned()), "what was said in parts is not the whole");
    Ok(())
}

async fn follows(reader: &Reader, server: &Server) -> anyhow::Result<()> {
    let url = format!("{}/v1/taps/customer.created.v1?where=full_name=Heard%20Diop", reader.base);
    let mut events = eventually(async || Events::open(&reader.client, &url, &reader.token, None).await).await?;
    let staff = server.token("teller", STAFF)?;
    for name in ["Other Diop", "Heard Diop"] {
        let answer = server.post(&staff, "/v1/customers", &[("prefer", "wait=20")], &json!({"full_name": name})).await?;
        ensure!(answer.status == 201, "{answer:?}");
    }
    let event = events.next().await?.context("cut off")?;
    assert_eq!((event.name.as_str(), &event.data["value"]["full_name"]), ("record", &json!("Heard Diop")));
    Ok(())
}

async fn is_refused(reader: &Reader, server: &Server) -> anyhow::Result<()> {
    let all_but = STAFF.replace(" tap", "");
    assert_eq!(reader.status(&format!("/v1/taps/{SETTLED}"), &server.token("teller", &all_but)?, None).await?.0, 403);
    for (path, last_id, status, code) in [
        ("/v1/taps/other.v1", None, 404, "topic_not_found"),
        // What others wrote is not shown, whatever it is.
        ("/v1/taps/orion.commands.v1", None, 404, "topic_not_found"),
        ("/v1/taps/orion.commands.dlq.v1", None, 404, "topic_not_found"),
        ("/v1/taps/transaction.settled.v1?from=tomorrow", None, 400, "invalid_request"),
        ("/v1/taps/transaction.settled.v1", Some("0:1"), 400, "invalid_request"),
        ("/v1/taps/transaction.settled.v1", Some("0:0,1:0,2:0,3:99999999"), 400, "invalid_request"),
        ("/v1/taps/transaction.settled.v1", Some("1764000000123"), 400, "invalid_request"),
        ("/v1/taps/orion.settlement.journal.v1?from=beginning&limit=1", None, 200, ""),
    ] {
        let found = eventually(async || {
            let found = reader.status(path, &reader.token, last_id).await?;
            // Those before may not have left their places yet.
            ensure!(found.0 != 429, "{found:?}");
            Ok(found)
        });
        assert_eq!(found.await?, (status, code.to_owned()), "{path} {last_id:?}");
    }
    Ok(())
}

async fn no_more_than_there_is_room_for(reader: &Reader) -> anyhow::Result<()> {
    let open = async || Events::open(&reader.client, &reader.url(""), &reader.token, None).await;
    eventually(async || open().await.map(drop)).await?;
    let (first, second) = (eventually(open).await?, eventually(open).await?);
    let full = reader.status(&format!("/v1/taps/{SETTLED}"), &reader.token, None).await?;
    assert_eq!(full, (429, "too_many_taps".to_owned()));
    // A client that goes away leaves its place.
    drop((first, second));
    drop((eventually(open).await?, eventually(open).await?));
    Ok(())
}

async fn ends_with_the_token(reader: &Reader, server: &Server) -> anyhow::Result<()> {
    let token = orion::token::sign(&server.auth, "auditor", "tap", 2)?;
    let mut events = eventually(async || Events::open(&reader.client, &reader.url(""), &token, None).await).await?;
    let last = events.next().await?.context("cut off")?;
    assert_eq!((last.name.as_str(), &last.data), ("end", &json!({"reason": "token_expired"})));
    ensure!(events.next().await?.is_none());
    Ok(())
}

/// Tries until it comes about.
async fn eventually<T>(mut come_about: impl AsyncFnMut() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        match come_about().await {
            Ok(came) => return Ok(came),
            Err(error) if Instant::now() > deadline => return Err(error),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}
