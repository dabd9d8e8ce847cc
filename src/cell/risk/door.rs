//! Where the risk cell is asked what only it knows: `POST /simulate`, from the doors of this bank.
//!
//! In: a rule and parameters, which the door has checked. Out: what would change, as of the end of an epoch. It listens where `[risk] listen`
//! says, on loopback unless told otherwise, and asks for no token: whoever may ask is the door's business.

use crate::metrics::problem;
use anyhow::{Context, ensure};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use dataflows::risk::questions::{Question, Questions, Simulated, Would};
use schemas::resource::alert::{self, AlertMeasure, Simulation};
use schemas::{Problem, RuleId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// The path.
pub const PATH: &str = "/simulate";
/// An idle bank has an epoch a second; a busy one may be behind.
const WAIT: Duration = Duration::from_secs(10);
/// Most that is told of either side.
const TOLD_MAX: usize = 1_000;

/// What is asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Asked {
    /// Which rule.
    pub rule: RuleId,
    /// Its parameters as they might be.
    pub parameters: BTreeMap<String, i64>,
}

/// Listens, in a thread of its own; gives the base of its address.
pub(super) fn open(listen: &str, questions: Questions) -> anyhow::Result<String> {
    let listener = std::net::TcpListener::bind(listen).with_context(|| format!("risk.listen: can't listen on {listen}"))?;
    listener.set_nonblocking(true)?;
    let address: SocketAddr = listener.local_addr()?;
    ensure!(!address.ip().is_unspecified(), "risk.listen: {listen} is every address; name the one by which the doors reach this machine");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let app = Router::new().route(PATH, post(simulate)).with_state(questions);
    let app = app.fallback(async || problem(Problem::new(404, "route_not_found", "Nothing is served here but POST /simulate.")));
    let work = move || {
        runtime.block_on(async {
            let serve = async { axum::serve(tokio::net::TcpListener::from_std(listener)?, app).await };
            if let Err(error) = serve.await {
                tracing::error!(%error, "nobody can ask the risk cell any more");
            }
        });
    };
    std::thread::Builder::new().name("door".to_owned()).spawn(work)?;
    Ok(format!("http://{address}"))
}

async fn simulate(State(questions): State<Questions>, Json(Asked { rule, parameters }): Json<Asked>) -> Response {
    let (answer, answers) = channel();
    // Dropped with this request, whichever way it ends.
    let asks = Arc::new(());
    if !questions.ask(Question { rule, parameters, answer, asker: Arc::downgrade(&asks) }) {
        return problem(Problem::new(503, "risk_unavailable", "Too many ask the risk cell at once."));
    }
    match tokio::task::spawn_blocking(move || answers.recv_timeout(WAIT)).await {
        Ok(Ok(simulated)) => Json(simulation(rule, simulated)).into_response(),
        Ok(Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected)) | Err(_) => {
            problem(Problem::new(503, "risk_unavailable", "The risk cell has no new epoch: it waits, or is behind."))
        }
    }
}

fn simulation(rule: RuleId, Simulated { as_of, live, proposed, added, removed }: Simulated) -> Simulation {
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let told = |rows: &[Would]| rows.iter().take(TOLD_MAX).map(would).collect();
    Simulation {
        rule,
        live: count(live),
        proposed: count(proposed),
        added_count: count(added.len()),
        removed_count: count(removed.len()),
        added: told(&added),
        removed: told(&removed),
        as_of,
    }
}

fn would(Would { subject, measured }: &Would) -> alert::Simulated {
    let measured =
        measured.iter().map(|measured| AlertMeasure { name: measured.name.clone(), value: measured.value, threshold: measured.threshold });
    alert::Simulated { subject_kind: subject.kind(), subject_id: subject.id(), measured: measured.collect() }
}
