//! Asks the risk cell what a rule would say if it were set otherwise.
//!
//! The cell writes into the views' database where it is; it is looked up for each question, since the next process is elsewhere.

use crate::cell::risk::door::{Asked, PATH};
use api::Simulate;
use schemas::Problem;
use schemas::resource::alert::Simulation;
use sqlx::PgPool;
use std::sync::Arc;
use std::time::Duration;

/// A little more than the cell takes at most.
const WAIT: Duration = Duration::from_secs(12);

/// Who asks.
pub fn asking(pool: PgPool) -> Simulate {
    let client = reqwest::Client::builder().timeout(WAIT).build().expect("a client without settings of ours");
    Arc::new(move |rule, parameters| {
        let (pool, client) = (pool.clone(), client.clone());
        Box::pin(async move { ask(&pool, &client, Asked { rule, parameters }).await })
    })
}

async fn ask(pool: &PgPool, client: &reqwest::Client, asked: Asked) -> Result<Simulation, Problem> {
    let away = |why: String| {
        tracing::warn!(why, "the risk cell can't be asked");
        Problem::new(503, "risk_unavailable", "The risk cell can't be asked right now.")
    };
    let url: Option<String> = sqlx::query_scalar("select url from cell_address where cell = 'risk'")
        .fetch_optional(pool)
        .await
        .map_err(|error| away(error.to_string()))?;
    let url = url.ok_or_else(|| away("it has never run".to_owned()))?;
    let answer = client.post(format!("{url}{PATH}")).json(&asked).send().await.map_err(|error| away(error.to_string()))?;
    if !answer.status().is_success() {
        return Err(away(answer.text().await.unwrap_or_default()));
    }
    answer.json().await.map_err(|error| away(error.to_string()))
}
