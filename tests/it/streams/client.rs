//! Clients of a stream, which keep what they were told as text until it is compared: a thousand of them share two processors with the bank.

use anyhow::{Context, ensure};
use reqwest::Client;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::sync::watch;

/// Rows by their keys: the epoch, and what they say.
pub(super) type Rows = BTreeMap<String, (u64, Value)>;

/// The epoch at which the clients may end, once it is known.
pub(super) type End = watch::Receiver<Option<u64>>;

/// A client that comes back with the last id whenever it is cut off, or cuts itself off.
pub(super) struct Follower {
    pub(super) client: Client,
    pub(super) url: String,
    pub(super) token: String,
    /// After how many events it hangs up, once it has come further than it was.
    pub(super) most: usize,
}

/// What a client has put together.
#[derive(Default)]
struct Told {
    /// The newest data of each key, as it came.
    rows: BTreeMap<String, (u64, String)>,
    id: Option<String>,
    /// The id that it came with.
    began_with: Option<String>,
    /// Lines of the event that is being told.
    event: String,
    data: String,
    rest: Vec<u8>,
    events: usize,
    /// Whether the server has said that it ends.
    ended: bool,
}

impl Follower {
    pub(super) async fn until(self, end: End) -> anyhow::Result<Rows> {
        let mut told = Told::default();
        while !told.has_come_to(&end) {
            let mut request = self.client.get(&self.url).bearer_auth(&self.token).header("accept", "text/event-stream");
            if let Some(id) = &told.id {
                request = request.header("last-event-id", id);
            }
            told.begin();
            match request.send().await {
                Ok(mut response) if response.status() == 200 => {
                    while let Ok(Some(chunk)) = response.chunk().await {
                        if told.has_moved() && told.events > self.most {
                            // In the middle of a line, of an event, of a step.
                            told.hear(&chunk[..chunk.len() / 2])?;
                            break;
                        }
                        told.hear(&chunk)?;
                        if told.ended || told.has_come_to(&end) {
                            break;
                        }
                    }
                }
                // A door that begins may be asked too early, and one that was killed does not answer.
                Ok(response) => ensure!(response.status() == 503, "{}", response.text().await?),
                Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
        told.rows()
    }
}

/// A client that takes some bytes now and then, with little room on the way, until the end is known; then it reads on.
pub(super) async fn slow(base: String, path: &'static str, token: String, end: End) -> anyhow::Result<Rows> {
    let mut told = Told::default();
    while !told.has_come_to(&end) {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(4096)?;
        let Ok(mut stream) = socket.connect(base.trim_start_matches("http://").parse()?).await else {
            tokio::time::sleep(Duration::from_millis(200)).await;
            continue;
        };
        let last = told.id.as_ref().map(|id| format!("last-event-id: {id}\r\n")).unwrap_or_default();
        // In HTTP/1.0 the body is what comes until the end.
        let request = format!("GET {path} HTTP/1.0\r\naccept: text/event-stream\r\nauthorization: Bearer {token}\r\n{last}\r\n");
        stream.write_all(request.as_bytes()).await?;
        told.begin();
        let (mut buffer, mut head) = ([0; 1024], Vec::new());
        while let Ok(read @ 1..) = stream.read(&mut buffer).await {
            head.extend_from_slice(&buffer[..read]);
            if let Some(place) = head.windows(4).position(|four| four == b"\r\n\r\n") {
                told.hear(&head[place + 4..])?;
                head.truncate(place + 4);
            }
            if told.has_come_to(&end) || told.ended {
                break;
            }
            if end.borrow().is_none() {
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
        }
    }
    told.rows()
}

impl Told {
    fn begin(&mut self) {
        self.rest.clear();
        (self.event, self.data) = Default::default();
        self.events = 0;
        self.ended = false;
        self.began_with.clone_from(&self.id);
    }

    fn has_moved(&self) -> bool {
        self.id != self.began_with
    }

    fn hear(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.rest.extend_from_slice(bytes);
        let Some(last) = self.rest.iter().rposition(|byte| *byte == b'\n') else { return Ok(()) };
        let whole: Vec<u8> = self.rest.drain(..=last).collect();
        for line in std::str::from_utf8(&whole)?.lines() {
            match line.split_once(": ") {
                Some(("event", name)) => name.clone_into(&mut self.event),
                Some(("data", data)) => data.clone_into(&mut self.data),
                Some(("id", id)) => self.id = Some(id.to_owned()),
                Some((_, _)) => {}
                None => self.dispatch()?,
            }
        }
        Ok(())
    }

    fn dispatch(&mut self) -> anyhow::Result<()> {
        match self.event.as_str() {
            "row" => {
                let after = |text: &str| self.data.split_once(text).map(|(_, rest)| rest.to_owned()).with_context(|| self.data.clone());
                let (key, rest) = (after(r#""key":""#)?, after(r#""epoch":"#)?);
                let key = key.split('"').next().unwrap_or_default();
                let epoch = rest.split(',').next().unwrap_or_default().parse()?;
                let before = self.rows.insert(key.to_owned(), (epoch, self.data.clone()));
                ensure!(before.is_none_or(|(before, _)| before <= epoch), "{key} went back");
            }
            "end" => self.ended = true,
            _ => {}
        }
        self.events += usize::from(!self.event.is_empty());
        self.event.clear();
        Ok(())
    }

    fn has_come_to(&self, end: &End) -> bool {
        let id = self.id.as_ref().and_then(|id| id.parse::<u64>().ok());
        end.borrow().is_some_and(|end| id.is_some_and(|id| id >= end))
    }

    fn rows(self) -> anyhow::Result<Rows> {
        let row = |(key, (epoch, data)): (String, (u64, String))| {
            let mut data: Value = serde_json::from_str(&data)?;
            Ok((key, (epoch, data["value"].take())))
        };
        self.rows.into_iter().map(row).collect()
    }
}
