//! The bank as a client sees it: every request until it has its answer.
//!
//! A timeout, a broken connection, a 429 or a 5xx says nothing about what happened: either nothing was appended,
//! or the command is in the log and will be decided. Both are safe, since the request is sent again with the same
//! Idempotency-Key: it is decided then, or its first decision is the answer. The client gives up only when no
//! request at all got an answer for a long time.

use super::suspects::Told;
use super::token::{Caller, Tokens};
use super::trouble::Trouble;
use reqwest::header::RETRY_AFTER;
use reqwest::{RequestBuilder, Response};
use schemas::{Epoch, TransactionId};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use uuid::Uuid;

/// How long the door may hold a request until it is decided; it answers 202 after that.
const PREFER: &str = "wait=10";
/// Longer than any answer that is still coming.
const TIMEOUT: Duration = Duration::from_secs(20);
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// How long a bank that starts may take to be ready.
const START: Duration = Duration::from_secs(60);

/// A bank and everything needed to call it.
pub(super) struct Bank {
    http: reqwest::Client,
    /// Where it listens.
    pub url: String,
    /// Names this run in keys and traces.
    pub run: String,
    tokens: Tokens,
    trace: u64,
    calls: AtomicU64,
    heard: Mutex<Instant>,
    patience: Duration,
}

/// A final answer.
#[derive(Debug)]
pub(super) struct Answer {
    /// HTTP status.
    pub status: u16,
    /// What it says.
    pub body: Body,
    /// When it was known.
    pub at: Instant,
}

/// What the run reads of an answer, whether resource, operation or problem.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Body {
    /// Of the resource or the operation.
    pub id: Option<Uuid>,
    /// When it was decided.
    pub epoch: Option<Epoch>,
    /// Of a problem.
    pub code: Option<String>,
    /// Of a problem.
    pub detail: Option<String>,
    /// A word of a resource, a number of a problem.
    pub status: serde_json::Value,
}

/// What one attempt came to.
enum Attempt {
    Answered(u16, Body),
    Again { after: Option<Duration>, why: String },
}

impl Bank {
    pub(super) fn new(url: &str, tokens: Tokens, clients: usize, patience: Duration) -> Result<Self, Trouble> {
        let url = url.trim_end_matches('/').to_owned();
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .pool_max_idle_per_host(2 * clients)
            .build()
            .map_err(|error| Trouble::Absent { url: url.clone(), reason: cause(&error) })?;
        let id = Uuid::new_v4();
        let run = id.simple().to_string()[..12].to_owned();
        let trace = id.as_u64_pair().1;
        Ok(Self { http, url, run, tokens, trace, calls: AtomicU64::new(0), heard: Mutex::new(Instant::now()), patience })
    }

    /// Waits until the bank can serve; says so at once if nobody listens.
    pub(super) async fn ready(&self) -> Result<(), Trouble> {
        let start = Instant::now();
        loop {
            let absent = |reason: String| Trouble::Absent { url: self.url.clone(), reason };
            let reason = match self.http.get(format!("{}/readyz", self.url)).send().await {
                Ok(response) if response.status().is_success() => return Ok(()),
                Ok(response) => format!("not ready: {}", response.status()),
                Err(error) if error.is_connect() || error.is_builder() => return Err(absent(cause(&error))),
                Err(error) => cause(&error),
            };
            if start.elapsed() > START {
                return Err(absent(reason));
            }
            tokio::time::sleep(PAUSE_MIN * 4).await;
        }
    }

    /// Sends a command until it is decided.
    pub(super) async fn post(&self, caller: Caller, path: &str, key: &str, body: &impl Serialize) -> Result<Answer, Trouble> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let mut known = None;
        let mut pause = PAUSE_MIN;
        for attempt in 0.. {
            let request = self.http.post(format!("{}{path}", self.url)).header("idempotency-key", key).header("prefer", PREFER).json(body);
            match self.attempt(caller, request, call, attempt).await? {
                Attempt::Answered(202, pending) => {
                    known = self.decided(caller, pending.id, call).await?.or(known);
                    // The operation only says where to look; the same key gives the answer itself.
                }
                Attempt::Answered(status, body) => {
                    self.touch();
                    return Ok(Answer { status, body, at: known.unwrap_or_else(Instant::now) });
                }
                Attempt::Again { after, why } => self.pause(after, &mut pause, why).await?,
            }
        }
        unreachable!("attempts are not bounded by number")
    }

    /// Waits until an operation is no longer pending; when that was known, if the bank knows the operation.
    async fn decided(&self, caller: Caller, operation: Option<Uuid>, call: u64) -> Result<Option<Instant>, Trouble> {
        let Some(operation) = operation else { return Ok(None) };
        let mut pause = PAUSE_MIN;
        for attempt in 0.. {
            let request = self.http.get(format!("{}/v1/operations/{operation}", self.url));
            let (after, why) = match self.attempt(caller, request, call, attempt).await? {
                Attempt::Answered(200, body) if body.status != "pending" => return Ok(Some(Instant::now())),
                Attempt::Answered(200, _) => (None, format!("operation {operation} is pending")),
                Attempt::Answered(..) => return Ok(None),
                Attempt::Again { after, why } => (after, why),
            };
            self.pause(after, &mut pause, why).await?;
        }
        unreachable!("attempts are not bounded by number")
    }

    /// When the views first showed a transaction.
    pub(super) async fn shown(&self, caller: Caller, transaction: TransactionId, epoch: Epoch) -> Result<Instant, Trouble> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let mut pause = PAUSE_MIN;
        for attempt in 0.. {
            let request = self.http.get(format!("{}/v1/transactions/{transaction}?at_least={epoch}", self.url));
            match self.attempt(caller, request, call, attempt).await? {
                Attempt::Answered(200, _) => return Ok(Instant::now()),
                Attempt::Answered(status, body) => {
                    let detail = format!("{status} {}", body.detail.unwrap_or_default());
                    return Err(Trouble::Refused { what: format!("show transaction {transaction}"), detail });
                }
                Attempt::Again { after, why } => self.pause(after, &mut pause, why).await?,
            }
        }
        unreachable!("attempts are not bounded by number")
    }

    /// What a stream says from now on, event by event, until nobody listens.
    pub(super) async fn follow(&self, path: &str) -> Result<mpsc::Receiver<Told>, Trouble> {
        let absent = |error: reqwest::Error| Trouble::Absent { url: self.url.clone(), reason: cause(&error) };
        // A stream has no end, so the time for an answer is not for it.
        let client = reqwest::Client::builder().build().map_err(absent)?;
        let request = client.get(format!("{}{path}", self.url)).bearer_auth(self.tokens.token(Caller::Operator)?);
        let mut stream = request.send().await.and_then(Response::error_for_status).map_err(absent)?;
        let (say, told) = mpsc::channel(1_024);
        tokio::spawn(async move {
            let mut rest = String::new();
            while let Ok(Some(chunk)) = stream.chunk().await {
                rest.push_str(&String::from_utf8_lossy(&chunk));
                while let Some(end) = rest.find("\n\n") {
                    let event: String = rest.drain(..end + 2).collect();
                    if let Some(event) = Told::read(&event)
                        && say.send(event).await.is_err()
                    {
                        return;
                    }
                }
            }
        });
        Ok(told)
    }

    /// Something was decided, or a new part of the run begins: the patience starts anew.
    pub(super) fn touch(&self) {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// An error once the bank was silent for too long.
    pub(super) fn hope(&self, last: String) -> Result<(), Trouble> {
        let silent = self.heard.lock().unwrap_or_else(PoisonError::into_inner).elapsed();
        if silent > self.patience { Err(Trouble::Silent { seconds: silent.as_secs(), last }) } else { Ok(()) }
    }

    async fn pause(&self, after: Option<Duration>, pause: &mut Duration, why: String) -> Result<(), Trouble> {
        self.hope(why)?;
        tokio::time::sleep(after.map_or(*pause, |after| after.min(self.patience))).await;
        *pause = (*pause * 2).min(PAUSE_MAX);
        Ok(())
    }

    async fn attempt(&self, caller: Caller, request: RequestBuilder, call: u64, attempt: u64) -> Result<Attempt, Trouble> {
        // One trace for a call and all its retries; one span for each attempt.
        let traceparent = format!("00-{:016x}{call:016x}-{:016x}-01", self.trace, (call << 16) | (attempt & 0xffff) | 1 << 63);
        let request = request.bearer_auth(self.tokens.token(caller)?).header("traceparent", traceparent);
        Ok(match request.send().await {
            Ok(response) => heard(response).await,
            Err(error) => Attempt::Again { after: None, why: cause(&error) },
        })
    }
}

async fn heard(response: Response) -> Attempt {
    let status = response.status();
    let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok()).map(Duration::from_secs);
    if status.is_server_error() || status.as_u16() == 429 || status.as_u16() == 408 {
        return Attempt::Again { after, why: status.to_string() };
    }
    match response.json::<Body>().await {
        Ok(body) => Attempt::Answered(status.as_u16(), body),
        // The connection broke within the answer.
        Err(error) => Attempt::Again { after, why: format!("{status}, {}", cause(&error)) },
    }
}

/// The innermost cause, which is the one that says something.
fn cause(error: &reqwest::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests;
