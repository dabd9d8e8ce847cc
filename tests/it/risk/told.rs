//! What a client of the stream of alerts is told.

use crate::house::House;
use crate::http::{STAFF, Server};
use anyhow::{Context, ensure};
use schemas::{AlertChange, Topic};
use serde_json::Value;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// The topic of a change.
pub(super) fn topic(change: &AlertChange) -> Topic {
    match change {
        AlertChange::Raised(_) => Topic::AlertRaised,
        AlertChange::Cleared(_) => Topic::AlertCleared,
    }
}

/// Changes, a line each.
pub(crate) fn lines(changes: &[AlertChange]) -> Vec<String> {
    let line = |change: &AlertChange| match change {
        AlertChange::Raised(alert) => format!("raised {} {}", alert.id, alert.epoch),
        AlertChange::Cleared(cleared) => format!("cleared {} {}", cleared.id, cleared.epoch),
    };
    changes.iter().map(line).collect()
}

/// A client that comes back with the last id whenever it is cut off, and cuts itself off after every fifth step.
pub(crate) struct Listener {
    heard: Receiver<(String, u64)>,
}

impl Listener {
    pub(crate) fn start(house: &House, since: &'static str) -> anyhow::Result<Self> {
        let server = Server::at(&house.base, house.auth())?;
        let token = server.token("analyst", STAFF)?;
        let url = format!("{}/admin/aml/alerts/stream?since={since}", house.base);
        let (sender, heard) = channel();
        let listen = move || -> anyhow::Result<()> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let client = reqwest::Client::new();
            let mut last: Option<String> = None;
            loop {
                let mut request = client.get(&url).bearer_auth(&token);
                if let Some(id) = &last {
                    request = request.header("last-event-id", id);
                }
                let told = runtime.block_on(async {
                    let Ok(mut response) = request.send().await else { return Vec::new() };
                    let (mut text, mut steps) = (Vec::new(), 0);
                    while let Ok(Some(chunk)) = response.chunk().await {
                        text.extend_from_slice(&chunk);
                        steps += chunk.windows(16).filter(|window| *window == b"event: progress\n").count();
                        if steps >= 5 {
                            break;
                        }
                    }
                    text
                });
                // What is not followed by how far the stream has come is told again.
                let text = String::from_utf8(told)?;
                let whole = text.rfind("\n\n");
                let mut waiting = Vec::new();
                for event in text[..whole.unwrap_or(0)].split("\n\n") {
                    let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
                    match field("event: ") {
                        "progress" => {
                            let id = field("id: ");
                            for line in waiting.drain(..) {
                                sender.send((line, 0))?;
                            }
                            sender.send((String::new(), id.parse()?))?;
                            last = Some(id.to_owned());
                        }
                        name @ ("raised" | "cleared") => {
                            let data: Value = serde_json::from_str(field("data: "))?;
                            waiting.push(format!("{name} {} {}", data["id"].as_str().context("an id")?, data["epoch"]));
                        }
                        _ => {}
                    }
                }
            }
        };
        // It ends when nobody hears what it says.
        std::thread::spawn(move || drop(listen()));
        Ok(Self { heard })
    }

    /// Everything that was told up to an epoch.
    pub(crate) fn until(self, epoch: u64) -> anyhow::Result<Vec<String>> {
        let (deadline, mut lines) = (Instant::now() + Duration::from_secs(60), Vec::new());
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            ensure!(!left.is_zero(), "the stream does not come to {epoch}");
            match self.heard.recv_timeout(left)? {
                (line, 0) => lines.push(line),
                (_, come) if come >= epoch => {
                    let of = |line: &String| line.rsplit(' ').next().and_then(|epoch| epoch.parse::<u64>().ok());
                    lines.retain(|line| of(line).is_some_and(|of| of <= epoch));
                    return Ok(lines);
                }
                _ => {}
            }
        }
    }
}
