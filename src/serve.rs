//! `orion serve`: the server of both doors, REST and gRPC, where commands and the query API meet.
//!
//! In: a configuration. Out: a server that runs until it is told to stop, and then finishes what it has begun.
//! What it needs and does not find at the start ends it with one sentence; a supervisor starts it again.

mod document;
mod listener;
mod observe;
mod planted;
mod problems;
/// Questions to the risk cell.
pub mod simulate;
mod taps;

pub use document::document;
pub use taps::{Kafka, Taps};

use crate::audit::keys::Public;
use crate::auth::{self, Tokens};
use crate::config::{self, Config};
use crate::exit::{Exit, UNAVAILABLE};
use crate::logging;
use crate::rates::{self, Rates};
use anyhow::Context;
use api::progress::{self, Progress, Shown};
use api::streams::{Bounds, Streams};
use api::{Known, View};
use axum::{Extension, Router, middleware};
use egress::registry::Registry;
use ingress::decisions::{self, Decisions};
use ingress::events::Start;
use ingress::http::Door;
use ingress::log::CommandLog;
use ingress::tail::{self, TailStart};
use listener::Listener;
use schemas::Topic;
use schemas::wire::Encoder;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection as _, PgPool};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};

/// How much longer than the views need it a decision is remembered.
const REMEMBERED: Duration = Duration::from_secs(1);
/// Longest wait for a connection to Postgres.
const CONNECTION_MAX: Duration = Duration::from_secs(2);
/// A connection that was in use so lately is given out again without being asked whether it lives. Each is asked when it comes back, so
/// under load it would be asked twice for each question of its own.
const TRUSTED: Duration = Duration::from_millis(100);
/// Longest statement.
const STATEMENT_MAX: Duration = Duration::from_secs(5);
/// Answers of this size and more are compressed for whoever accepts that.
const COMPRESSED_MIN_BYTES: u64 = 256;

/// Serves until SIGTERM or SIGINT.
pub async fn run(config: Config) -> anyhow::Result<()> {
    observe::contain_panics();
    logging::sign("serve");
    meters::begin("serve", crate::VERSION);
    let tokens = Arc::new(Tokens::load(&config.auth)?);
    let pool = pool(&config)?;
    let shown = Shown::read(&pool).await.map_err(|error| no_views(&pool, &error))?;
    let shown = shown.ok_or_else(unmigrated)?;
    let ids =
        Registry::new(&config.registry.url).ids(&[Topic::Commands]).await.map_err(|error| unavailable("the schema registry", &error))?;
    let kafka = config.commands_log();
    let log = CommandLog::connect(&kafka, Encoder::new(ids)).await.map_err(|error| unavailable("Kafka", &error))?;
    let decisions = Arc::new(Decisions::new(kafka.remembered_max, config.http.pinned_max));
    // Read after the progress, so nothing that was recorded by then is missing.
    let schemas = progress::schemas(&pool).await.map_err(|error| no_views(&pool, &error))?;
    let rules = progress::rules(&pool).await.map_err(|error| no_views(&pool, &error))?;
    let from = TailStart { commands_upper: shown.commands_upper.clone(), events: Start { epoch: shown.epoch, schemas }, rules };
    let tail = tail::spawn(&kafka.brokers, Arc::clone(&decisions), from).map_err(|error| unavailable("Kafka", &error))?;
    let progress = Progress::follow(pool.clone(), shown);
    let risk = Shown::read_risk(&pool).await.map_err(|error| no_views(&pool, &error))?.ok_or_else(unmigrated)?;
    let risk = Progress::follow_risk(pool.clone(), risk);
    tokio::spawn(forget(progress.clone(), Arc::clone(&decisions)));

    let paid = pool.clone();
    let door = Arc::new(Door {
        log,
        decisions: Arc::clone(&decisions),
        minutes: Arc::new(move |minute| {
            let pool = paid.clone();
            Box::pin(async move { api::paid(&pool, minute).await })
        }),
        newest_rules: state::CODE_VERSION,
        body_max_bytes: config.http.body_max_bytes,
    });
    let newest = {
        let decisions = Arc::clone(&decisions);
        Arc::new(move || decisions.newest())
    };
    let recent = Arc::new(move |command_id| decisions.operation(command_id).map(known));
    let stopping = stopping()?;
    let streams = Streams::start(pool.clone(), progress.clone(), bounds(&config.http), stopping.clone());
    let view = View {
        simulate: simulate::asking(pool.clone()),
        pool,
        progress,
        risk,
        recent,
        newest,
        caught_up: Arc::new(move || tail.caught_up()),
        streams,
        audit_keys: Arc::new(audit_keys(&config.audit)),
        fiu: Arc::new(config.fiu.unit()?),
    };
    let tapped = Kafka { brokers: config.kafka.brokers.clone(), registry: config.registry.url.clone() };
    let taps = Arc::new(Taps::new(tapped, config.http.taps_max, stopping.clone()));
    let doors = doors(door, view, taps, tokens, &config.http, stopping.clone());

    let http = listen(&config.http.listen, &config.http).await?;
    let grpc = match config.grpc.address()? {
        Some(address) => Some(listen(&address.to_string(), &config.http).await?),
        None => None,
    };
    println!("orion: listening on http://{}", axum::serve::Listener::local_addr(&http)?);
    let http = axum::serve(http, doors.http).with_graceful_shutdown(stopped(stopping.clone()));
    let Some(grpc) = grpc else { return http.await.context("the server ended") };
    println!("orion: listening on {} for gRPC", axum::serve::Listener::local_addr(&grpc)?);
    let grpc = axum::serve(grpc, doors.grpc).with_graceful_shutdown(stopped(stopping.clone()));
    // A stream may be open for as long as its client likes; whatever has a bound is over by then.
    let given_up = async {
        stopped(stopping).await;
        tokio::time::sleep(Duration::from_millis(config.http.timeout_ms)).await;
        Ok(())
    };
    let grpc = async {
        tokio::select! {
            ended = grpc => ended,
            given_up = given_up => given_up,
        }
    };
    tokio::try_join!(http.into_future(), grpc).context("the server ended")?;
    Ok(())
}

async fn listen(address: &str, http: &config::Http) -> anyhow::Result<Listener> {
    let listener = TcpListener::bind(address).await.map_err(|error| missing(&format!("can't listen on {address}: {error}")))?;
    Ok(Listener { listener, write_max: Duration::from_millis(http.write_timeout_ms) })
}

/// Both doors, without what they listen on.
pub struct Doors {
    /// REST.
    pub http: Router,
    /// gRPC, which asks the same routes.
    pub grpc: Router,
}

/// The whole server. From the inside out: the routes; how fast one subject may ask; who may pass; how long it may take until an answer
/// begins; a panic ends one request; then for each door by itself: every request is seen, and every error is a problem. Answers of REST
/// are compressed.
pub fn doors(
    door: Arc<Door>,
    view: View,
    taps: Arc<Taps>,
    tokens: Arc<Tokens>,
    http: &config::Http,
    stopping: watch::Receiver<bool>,
) -> Doors {
    let closed = Router::from(ingress::http::router(door)).merge(api::routes().with_state(view.clone()));
    let closed = closed.merge(taps::routes().with_state(taps));
    let open = Router::from(api::open_routes().with_state(view));
    let limit = Duration::from_millis(http.timeout_ms);
    let routes = closed
        .route_layer(middleware::from_fn_with_state(Arc::new(Rates::new(http)), rates::limit))
        .route_layer(middleware::from_fn_with_state(tokens, auth::require))
        .merge(open)
        .fallback(problems::no_route)
        .layer(Extension(api::Document(document::text().into())))
        .layer(middleware::from_fn(move |request, next| problems::in_time(limit, request, next)))
        .layer(CatchPanicLayer::custom(problems::panicked));
    let grpc = grpc::router(routes.clone().layer(middleware::map_response(problems::name)), stopping)
        .layer(CatchPanicLayer::custom(|_| grpc::panicked()))
        .layer(middleware::from_fn(observe::observe_call));
    let http = routes.layer(middleware::from_fn(observe::observe)).layer(compression());
    Doors { http: if faults::ARMED { http.layer(middleware::from_fn(planted::forgetful)) } else { http }, grpc }
}

/// The public keys of the audit chain. A server that has none serves proofs all the same: whoever checks one has the key from elsewhere.
fn audit_keys(audit: &config::Audit) -> api::Keys {
    let known = Public::read([audit.public_key_file.as_path()]);
    known.inspect_err(|error| tracing::warn!(%error, "proofs of the audit chain come without the public key")).unwrap_or_default().keys
}

fn bounds(http: &config::Http) -> Bounds {
    let config::Http { streams_max, streams_of_subject_max, catch_ups_max, .. } = *http;
    Bounds { streams_max, streams_of_subject_max, catch_ups_max }
}

/// What is small would not become smaller; what is streamed has to leave at once, not when there is enough of it.
fn compression() -> CompressionLayer<impl Predicate> {
    let streamed = NotForContentType::SSE;
    let when =
        SizeAbove::new(COMPRESSED_MIN_BYTES).and(streamed).and(NotForContentType::const_new(taps::LINES)).and(NotForContentType::GRPC);
    CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(when)
}

/// Connections that can only read, made when they are needed.
fn pool(config: &Config) -> anyhow::Result<PgPool> {
    let options = PgConnectOptions::from_str(&config.postgres.views_url()?)
        .context("postgres.url is not usable")?
        .application_name("orion-serve")
        .options([("default_transaction_read_only", "on".to_owned()), ("statement_timeout", STATEMENT_MAX.as_millis().to_string())]);
    // Two more, since the listeners for the progress of the views and of alerts keep one each.
    let pool = PgPoolOptions::new().max_connections(config.postgres.connections_max + 2).acquire_timeout(CONNECTION_MAX);
    let pool = pool.test_before_acquire(false).before_acquire(|connection, is| {
        Box::pin(async move {
            if is.idle_for > TRUSTED {
                connection.ping().await?;
            }
            Ok(true)
        })
    });
    Ok(pool.connect_lazy_with(api::planned_once(options)))
}

/// What the views show need not be remembered, but for a moment: they may show a decision before our own tail has
/// read it, or before Kafka has told the door that it took the command. Whoever waits is to be answered first.
async fn forget(progress: Progress, decisions: Arc<Decisions>) {
    loop {
        let shown = progress.shown();
        tokio::time::sleep(REMEMBERED).await;
        decisions.forget(shown.epoch, &shown.commands_upper);
    }
}

fn known(known: decisions::Known) -> Known {
    match known {
        decisions::Known::Pending(position) => Known::Pending(position),
        decisions::Known::Decided(event) => Known::Decided(event),
    }
}

/// Whether the server is to stop.
fn stopping() -> anyhow::Result<watch::Receiver<bool>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let (stop, stopping) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: what has begun is finished, nothing new is taken");
        stop.send_replace(true);
    });
    Ok(stopping)
}

async fn stopped(mut stopping: watch::Receiver<bool>) {
    // Without a sender there is nobody left who could say so.
    drop(stopping.wait_for(|stops| *stops).await);
}

/// Either Postgres does not answer, or the database, a table or a column is not there.
fn no_views(pool: &PgPool, error: &sqlx::Error) -> Exit {
    let code = error.as_database_error().and_then(|error| error.code());
    if code.is_some_and(|code| matches!(&*code, "3D000" | "42P01" | "42703")) {
        return unmigrated();
    }
    let options = pool.connect_options();
    unavailable(&format!("Postgres at {}:{}", options.get_host(), options.get_port()), error)
}

fn unmigrated() -> Exit {
    missing("the views' database is not set up; run `orion migrate`")
}

/// What does not answer, and why. Some errors repeat their cause in their own text.
fn unavailable(what: &str, error: &dyn std::error::Error) -> Exit {
    let mut sentence = format!("{what} can't be used: {error}");
    for cause in std::iter::successors(error.source(), |error| error.source()).map(ToString::to_string) {
        if !sentence.contains(&cause) {
            sentence = format!("{sentence}: {cause}");
        }
    }
    missing(&sentence)
}

fn missing(sentence: &str) -> Exit {
    Exit { code: UNAVAILABLE, sentence: sentence.to_owned() }
}
