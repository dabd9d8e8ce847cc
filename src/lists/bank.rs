//! The bank, as `orion lists` asks it: every request until it has its answer.
//!
//! A time-out or a 5xx says nothing about what happened, so the request is sent again under the same key: it is decided then, or its first
//! decision is the answer.

use super::bad;
use crate::config::Config;
use crate::exit::{Exit, UNAVAILABLE};
use crate::token;
use anyhow::Context;
use reqwest::{RequestBuilder, StatusCode};
use schemas::resource::{ListEntries, ListVersion, Watchlists};
use schemas::{Epoch, ListEntry};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::path::Path;
use std::time::Duration;
use uuid::Uuid;

const TIMEOUT: Duration = Duration::from_secs(40);
const PAUSE: Duration = Duration::from_secs(1);
/// How often a request is sent before the bank counts as gone.
const TRIES: u32 = 30;

pub(super) struct Bank {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Bank {
    pub(super) fn at(config: &Config, url: Option<&str>, token_file: Option<&Path>) -> anyhow::Result<Self> {
        let token = match token_file {
            Some(file) => std::fs::read_to_string(file).map_err(|error| bad(format!("{} can't be read: {error}", file.display())))?,
            None => token::sign(&config.auth, "orion-lists", "rules:write aml:read operator", 3_600)?,
        };
        let url = url.map_or_else(|| format!("http://{}", config.http.listen), |url| url.trim_end_matches('/').to_owned());
        Ok(Self { http: reqwest::Client::builder().timeout(TIMEOUT).build()?, url, token: token.trim().to_owned() })
    }

    /// The lists that are in force.
    pub(super) async fn lists(&self) -> anyhow::Result<Watchlists> {
        self.get("/admin/aml/lists").await
    }

    /// Waits until an epoch is shown, so that whoever asks next reads what was decided in it.
    pub(super) async fn shows(&self, epoch: Epoch) -> anyhow::Result<()> {
        self.get::<Watchlists>(&format!("/admin/aml/lists?at_least={epoch}")).await.map(drop)
    }

    /// All entries of a version that is in force.
    pub(super) async fn entries(&self, version: &ListVersion) -> anyhow::Result<Vec<ListEntry>> {
        let mut entries = Vec::new();
        for number in 0..version.parts {
            let part: ListEntries = self.get(&format!("/admin/aml/lists/{}/parts/{number}", version.list)).await?;
            if part.version != version.version {
                return Err(bad(format!("another version of {} came into force meanwhile; begin again", version.list)).into());
            }
            entries.extend(part.entries);
        }
        Ok(entries)
    }

    /// Asks for something, and waits until it is decided.
    pub(super) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let key = Uuid::new_v4().to_string();
        let ask = || {
            let headers = [("idempotency-key", key.as_str()), ("prefer", "wait=30")];
            headers.into_iter().fold(self.http.post(format!("{}{path}", self.url)), |ask, (name, value)| ask.header(name, value)).json(body)
        };
        self.answer(ask).await
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let value = self.answer(|| self.http.get(format!("{}{path}", self.url))).await?;
        serde_json::from_value(value).with_context(|| format!("the bank answers {path} otherwise than it should"))
    }

    async fn answer(&self, ask: impl Fn() -> RequestBuilder) -> anyhow::Result<Value> {
        let mut last = String::new();
        for _ in 0..TRIES {
            match ask().bearer_auth(&self.token).send().await {
                Ok(answer) => {
                    let status = answer.status();
                    let body: Value = answer.json().await.unwrap_or_default();
                    let said = || format!("{}: {}", body["code"].as_str().unwrap_or_default(), body["detail"].as_str().unwrap_or_default());
                    match status {
                        StatusCode::OK | StatusCode::CREATED => return Ok(body),
                        // Not decided in time: the same again has the decision.
                        StatusCode::ACCEPTED => last = "it is not decided".to_owned(),
                        StatusCode::TOO_MANY_REQUESTS => last = said(),
                        status if status.is_server_error() => last = said(),
                        _ => return Err(bad(format!("the bank refuses: {}", said())).into()),
                    }
                }
                // Nobody listens there, which no patience mends.
                Err(error) if error.is_connect() => return Err(self.gone(&error.to_string()).into()),
                Err(error) => last = error.to_string(),
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(self.gone(&last).into())
    }

    fn gone(&self, why: &str) -> Exit {
        Exit { code: UNAVAILABLE, sentence: format!("the bank at {} does not answer: {why}", self.url) }
    }
}
