//! A server to ask, and what it answers.

use anyhow::Context;
use api::progress::{Progress, Shown};
use api::streams::{Bounds, Streams};
use api::{Known, View};
use ingress::decisions::Decisions;
use ingress::http::{Door, Minutes};
use ingress::log::CommandLog;
use orion::auth::Tokens;
use orion::config::{Auth, Http};
use orion::serve::{self, Kafka, Taps};
use orion::token;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method};
use schemas::wire::Encoder;
use schemas::{CommandId, Problem, Topic};
use serde_json::Value;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Every scope that staff may have.
pub(crate) const STAFF: &str = "customers:write customers:read accounts:write accounts:read transactions:write transactions:read rules:write rules:read reports:read aml:read cases:read cases:write tap audit:read metrics:read operator";
/// What a customer's own token has.
pub(crate) const CUSTOMER: &str = "customers:read accounts:write accounts:read transactions:write transactions:read";

/// How long the views of a whole stack may be behind.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the server is, and how to sign tokens for it.
pub(crate) struct Server {
    pub(crate) base: String,
    pub(crate) auth: Auth,
    client: Client,
    /// Address of gRPC, where it is in this process.
    pub(crate) grpc: Option<String>,
    /// Streams last until this is told.
    stop: Option<watch::Sender<bool>>,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

/// What a server in this process stands on; by default on nothing that answers.
pub(crate) struct Ground {
    pub(crate) pool: PgPool,
    pub(crate) shown: Shown,
    /// What the log knows; a poisoned lock makes the request panic.
    pub(crate) recent: Arc<Mutex<BTreeMap<CommandId, Known>>>,
    pub(crate) newest: Arc<AtomicU64>,
    pub(crate) caught_up: Arc<AtomicBool>,
    pub(crate) timeout_ms: u64,
    /// How long the log, which is not there, is waited for.
    pub(crate) append_timeout_ms: u64,
    pub(crate) remembered_max: usize,
    pub(crate) pinned_max: u64,
    /// Requests a second, and how many at once; of whoever acts for any customer.
    pub(crate) rate: (u32, u32),
    pub(crate) operator_rate: (u32, u32),
    pub(crate) taps_max: usize,
    pub(crate) streams: Bounds,
    /// The version of the rules in force, as far as the door knows; 0 if it does not.
    pub(crate) rules: u32,
}

impl Ground {
    /// No Kafka, no Postgres.
    pub(crate) fn none() -> anyhow::Result<Self> {
        let pool = PgPoolOptions::new().acquire_timeout(Duration::from_millis(200)).connect_lazy("postgres://nobody@127.0.0.1:1/none")?;
        Ok(Self {
            pool,
            shown: Shown::default(),
            recent: Arc::default(),
            newest: Arc::default(),
            caught_up: Arc::new(AtomicBool::new(true)),
            timeout_ms: 10_000,
            append_timeout_ms: 300,
            remembered_max: 1000,
            pinned_max: 1000,
            rate: (0, 0),
            operator_rate: (0, 0),
            taps_max: 1,
            streams: Bounds { streams_max: 3, streams_of_subject_max: 2, catch_ups_max: 1 },
            rules: state::CODE_VERSION,
        })
    }
}

impl Server {
    /// A running server, such as one of a whole stack.
    pub(crate) fn at(base: &str, auth: Auth) -> anyhow::Result<Self> {
        let client = Client::builder().timeout(Duration::from_secs(40)).build()?;
        Ok(Self { base: base.to_owned(), auth, client, grpc: None, stop: None })
    }

    /// A server in this process, on a free port. Nothing that it appends is taken.
    pub(crate) async fn start(ground: Ground) -> anyhow::Result<Self> {
        let folder = std::env::temp_dir().join(format!("orion-http-{}", uuid::Uuid::new_v4()));
        let auth = Auth {
            public_key: folder.join("public.pem"),
            private_key: folder.join("private.pem"),
            issuer: "https://issuer.test".to_owned(),
            audience: "orion".to_owned(),
        };
        token::ensure_keys(&auth)?;
        let kafka = ingress::Config {
            brokers: "127.0.0.1:1".to_owned(),
            remembered_max: ground.remembered_max,
            append_timeout_ms: ground.append_timeout_ms,
        };
        let log = CommandLog::new(&kafka, Encoder::new(BTreeMap::from([(Topic::Commands, 1)])))?;
        let decisions = Arc::new(Decisions::new(ground.remembered_max, ground.pinned_max));
        decisions.saw_rules(ground.rules);
        let paid = ground.pool.clone();
        let minutes: Minutes = Arc::new(move |minute| {
            let pool = paid.clone();
            Box::pin(async move { api::paid(&pool, minute).await })
        });
        let door = Arc::new(Door { log, decisions, minutes, newest_rules: state::CODE_VERSION, body_max_bytes: 65_536 });
        let Ground { pool, shown, recent, newest, caught_up, timeout_ms, .. } = ground;
        let (stop, stopping) = tokio::sync::watch::channel(false);
        let (progress, bounds) = (Progress::follow(pool.clone(), shown), ground.streams);
        let view = View {
            streams: Streams::start(pool.clone(), progress.clone(), bounds, stopping.clone()),
            simulate: serve::simulate::asking(pool.clone()),
            risk: Progress::follow_risk(pool.clone(), Shown::default()),
            progress,
            pool,
            recent: Arc::new(move |id| recent.lock().expect("poisoned on purpose").get(&id).cloned()),
            newest: Arc::new(move || newest.load(Ordering::Relaxed)),
            caught_up: Arc::new(move || caught_up.load(Ordering::Relaxed)),
            audit_keys: Arc::default(),
            fiu: Arc::new(orion::config::Config::load()?.fiu.unit()?),
        };
        let http = Http {
            listen: String::new(),
            timeout_ms,
            body_max_bytes: 65_536,
            remembered_max: ground.remembered_max,
            pinned_max: ground.pinned_max,
            append_timeout_ms: ground.append_timeout_ms,
            write_timeout_ms: 30_000,
            rate_per_second: ground.rate.0,
            burst: ground.rate.1,
            operator_rate_per_second: ground.operator_rate.0,
            operator_burst: ground.operator_rate.1,
            taps_max: ground.taps_max,
            streams_max: bounds.streams_max,
            streams_of_subject_max: bounds.streams_of_subject_max,
            catch_ups_max: bounds.catch_ups_max,
        };
        let kafka = Kafka { brokers: "127.0.0.1:1".to_owned(), registry: "http://127.0.0.1:1".to_owned() };
        let taps = Arc::new(Taps::new(kafka, ground.taps_max, stopping.clone()));
        let doors = serve::doors(door, view, taps, Arc::new(Tokens::load(&auth)?), &http, stopping);
        let (base, grpc) = (TcpListener::bind("127.0.0.1:0").await?, TcpListener::bind("127.0.0.1:0").await?);
        let (address, url) = (grpc.local_addr()?.to_string(), format!("http://{}", base.local_addr()?));
        tokio::spawn(async move { axum::serve(base, doors.http).await });
        tokio::spawn(async move { axum::serve(grpc, doors.grpc).await });
        Ok(Self { grpc: Some(address), stop: Some(stop), ..Self::at(&url, auth)? })
    }

    /// Ends all streams, as a server that stops does.
    pub(crate) fn stop_streams(&self) {
        if let Some(stop) = &self.stop {
            stop.send_replace(true);
        }
    }

    /// Where it is.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// A token for an hour.
    pub(crate) fn token(&self, subject: &str, scope: &str) -> anyhow::Result<String> {
        token::sign(&self.auth, subject, scope, 3600)
    }

    /// Sends a request as it is.
    pub(crate) async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> anyhow::Result<Answer> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::try_from(*name)?, HeaderValue::try_from(*value)?);
        }
        let response = self.client.request(method, format!("{}{path}", self.base)).headers(map).body(body).send().await?;
        Ok(Answer { status: response.status().as_u16(), headers: response.headers().clone(), text: response.text().await? })
    }

    /// How an answer begins that may have no end; a problem is read whole.
    pub(crate) async fn begin(&self, path: &str, headers: &[(&str, &str)]) -> anyhow::Result<Answer> {
        let request = self.client.get(format!("{}{path}", self.base));
        let response = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)).send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = if response.status().is_success() { String::new() } else { response.text().await? };
        Ok(Answer { status, headers, text })
    }

    /// Reads with a token. Where it is a whole stack, asks again as long as its views are behind: a busy machine may take longer than a read waits.
    pub(crate) async fn get(&self, token: &str, path: &str) -> anyhow::Result<Answer> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.send(Method::GET, path, &[("authorization", &format!("Bearer {token}"))], Vec::new()).await?;
            if self.stop.is_some() || !answer.is_behind() || Instant::now() >= deadline {
                return Ok(answer);
            }
        }
    }

    /// Writes with a token and more headers.
    pub(crate) async fn post(&self, token: &str, path: &str, more: &[(&str, &str)], body: &Value) -> anyhow::Result<Answer> {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("authorization", bearer.as_str()), ("content-type", "application/json")];
        headers.extend_from_slice(more);
        self.send(Method::POST, path, &headers, body.to_string().into_bytes()).await
    }
}

impl Answer {
    /// The header's text, empty if it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as JSON, of a good answer.
    pub(crate) fn json(&self) -> anyhow::Result<Value> {
        anyhow::ensure!(self.header("content-type") == "application/json", "no JSON: {self:?}");
        serde_json::from_str(&self.text).with_context(|| self.text.clone())
    }

    /// The problem of a bad answer, which has everything that a problem must have.
    pub(crate) fn problem(&self) -> anyhow::Result<Problem> {
        anyhow::ensure!(self.header("content-type") == "application/problem+json", "no problem: {self:?}");
        let problem: Problem = serde_json::from_str(&self.text).with_context(|| self.text.clone())?;
        anyhow::ensure!(problem.status == self.status, "{self:?}");
        anyhow::ensure!(problem.kind == format!("urn:orion:problem:{}", problem.code), "{self:?}");
        anyhow::ensure!(problem.trace_id.as_deref() == Some(self.trace_id()), "{self:?}");
        anyhow::ensure!(self.header("retry-after") == if problem.retryable { "1" } else { "" }, "{self:?}");
        anyhow::ensure!(self.header("cache-control") == "no-store", "{self:?}");
        Ok(problem)
    }

    /// Whether the views do not show yet what was asked for.
    pub(crate) fn is_behind(&self) -> bool {
        self.status == 503 && self.problem().is_ok_and(|problem| problem.code == "view_behind")
    }

    /// The trace of the request.
    pub(crate) fn trace_id(&self) -> &str {
        schemas::event::trace_id(self.header("traceparent"))
    }
}
