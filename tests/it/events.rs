//! A client of server-sent events, as a browser reads them: what `api::sse` writes is read here by other code.

use anyhow::{Context, ensure};
use serde_json::Value;
use std::time::Duration;

/// Longest wait for the next event; a stream says at least every 15 s that it is alive.
const WAIT: Duration = Duration::from_secs(40);

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) data: Value,
}

/// A stream, and the last id that it said.
pub(crate) struct Events {
    response: reqwest::Response,
    buffer: Vec<u8>,
    pub(crate) last_id: Option<String>,
}

impl Events {
    /// Opens a stream, behind an id if there is one.
    pub(crate) async fn open(client: &reqwest::Client, url: &str, token: &str, last_id: Option<&str>) -> anyhow::Result<Self> {
        let mut request = client.get(url).bearer_auth(token).header("accept", "text/event-stream").header("accept-encoding", "gzip");
        if let Some(id) = last_id {
            request = request.header("last-event-id", id);
        }
        let response = request.send().await?;
        ensure!(response.status() == 200, "{url}: {} {}", response.status(), response.text().await?);
        ensure!(response.headers()["content-type"] == "text/event-stream", "{:?}", response.headers());
        // What is streamed never waits until there is enough of it to compress.
        ensure!(response.headers().get("content-encoding").is_none(), "{:?}", response.headers());
        Ok(Self { response, buffer: Vec::new(), last_id: last_id.map(str::to_owned) })
    }

    /// The next event; none where the stream is over, however it ended.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Option<Event>> {
        loop {
            let Some(block) = self.block().await? else { return Ok(None) };
            let (mut name, mut data) = ("message".to_owned(), Vec::new());
            for line in block.lines().filter(|line| !line.is_empty() && !line.starts_with(':')) {
                match line.split_once(": ").with_context(|| format!("no field: {line:?}"))? {
                    ("event", value) => name = value.to_owned(),
                    ("data", value) => data.push(value.to_owned()),
                    ("id", value) => self.last_id = Some(value.to_owned()),
                    (field, _) => anyhow::bail!("no field of an event: {field}"),
                }
            }
            // What has no data is no event, though its id counts.
            if !data.is_empty() {
                return Ok(Some(Event { name, data: serde_json::from_str(&data.join("\n"))? }));
            }
        }
    }

    async fn block(&mut self) -> anyhow::Result<Option<String>> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\n\n") {
                let block: Vec<u8> = self.buffer.drain(..end + 2).collect();
                return Ok(Some(String::from_utf8(block)?));
            }
            match tokio::time::timeout(WAIT, self.response.chunk()).await.context("a stream says nothing")? {
                Ok(Some(chunk)) => self.buffer.extend_from_slice(&chunk),
                // A server that dies cuts the stream off; what was half said was not said.
                Ok(None) | Err(_) => return Ok(None),
            }
        }
    }
}
