//! The query API: what the views show, at one epoch at a time.
//!
//! In: requests whose caller (`schemas::Caller`) the outer layers have put into their extensions. Out: resources
//! with the epoch that they were read at; problems leave as a response extension, for the outermost layer to
//! write. Nothing here changes anything, and nobody is shown what is not theirs.

/// How far the views have come.
pub mod progress;
/// Server-sent events.
pub mod sse;
/// What changes, as it changes.
pub mod streams;
/// The views as rows that can be followed.
pub mod views;

/// Alerts.
mod aml;

mod accept;
mod accounts;
mod aggregates;
mod asker;
mod audit;
mod batches;
mod cases;
mod cursor;
mod customers;
mod document;
mod entries;
mod failure;
mod fees;
mod freshness;
mod frozen;
mod health;
mod holds;
mod operations;
mod orders;
mod page;
mod paid;
mod plans;
mod rules;
mod tariffs;
mod terms;
mod timeline;
mod transactions;

pub use audit::Keys;
pub use cases::report::Fiu;
pub use failure::ViewError;
pub use health::Document;
pub use operations::Known;
pub use paid::paid;
pub use plans::planned_once;

use axum::extract::DefaultBodyLimit;
use failure::Failure;
use freshness::Freshness;
use progress::{Progress, Shown};
use schemas::resource::alert::Simulation;
use schemas::{CommandId, Epoch, Problem, RuleId};
use sqlx::PgPool;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use streams::Streams;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

/// What only the log knows of an operation so far; none if it knows nothing, or nothing any more.
pub type Recent = Arc<dyn Fn(CommandId) -> Option<Known> + Send + Sync>;

/// The newest epoch that the door has seen committed, which its callers may have been told of.
pub type Newest = Arc<dyn Fn() -> Epoch + Send + Sync>;

/// Whether the door has read the log up to where it ended at the start.
pub type CaughtUp = Arc<dyn Fn() -> bool + Send + Sync>;

/// What a rule would say with these parameters, as the risk cell answers.
pub type Simulate = Arc<dyn Fn(RuleId, BTreeMap<String, i64>) -> Simulating + Send + Sync>;

/// The answer, when it comes.
pub type Simulating = Pin<Box<dyn Future<Output = Result<Simulation, Problem>> + Send>>;

/// What the API stands on.
#[derive(Clone)]
pub struct View {
    /// The views' database.
    pub pool: PgPool,
    /// How far they have come.
    pub progress: Progress,
    /// How far the alerts have come.
    pub risk: Progress,
    /// Asks the risk cell.
    pub simulate: Simulate,
    /// What the log knows of operations that the views may not show.
    pub recent: Recent,
    /// The newest epoch that anybody was told of here.
    pub newest: Newest,
    /// Whether `recent` knows all of them.
    pub caught_up: CaughtUp,
    /// What changes, read once for all who listen.
    pub streams: Arc<Streams>,
    /// The public keys of the audit chain, as far as they are known here.
    pub audit_keys: Arc<Keys>,
    /// To whom suspicions are reported.
    pub fiu: Arc<Fiu>,
}

impl View {
    /// The last epoch that is shown. Rows are never changed, but for those of the aggregates, so those up to it are the same in
    /// every statement that follows.
    async fn as_of(&self) -> Result<Epoch, ViewError> {
        Ok(Shown::read(&self.pool).await?.ok_or(ViewError::NoProgress)?.as_of())
    }

    /// The epoch to read at, once the views show it and all that is asked for; none where an id is one that nobody can have minted.
    async fn stand(&self, freshness: Freshness, minted: Option<Epoch>, named: &[(&str, Epoch)]) -> Result<Option<Epoch>, Failure> {
        if !freshness.wait_for(self, minted, named).await? {
            return Ok(None);
        }
        Ok(Some(match freshness.at {
            Some(at) => at,
            None => self.as_of().await?,
        }))
    }
}

/// The largest body of a question.
const QUOTE_MAX_BYTES: usize = 16 * 1024;

/// The routes that need a token, with their description.
pub fn routes() -> OpenApiRouter<View> {
    let mut router = OpenApiRouter::new()
        .routes(routes!(customers::customer))
        .routes(routes!(accounts::list::accounts))
        .routes(routes!(accounts::account))
        .routes(routes!(accounts::balance))
        .routes(routes!(entries::entries))
        .routes(routes!(terms::terms))
        .routes(routes!(transactions::list::transactions))
        .routes(routes!(transactions::transaction))
        .routes(routes!(timeline::timeline))
        .routes(routes!(holds::hold))
        .routes(routes!(batches::batch))
        .routes(routes!(orders::order))
        .routes(routes!(orders::orders))
        .routes(routes!(tariffs::tariffs))
        .routes(routes!(tariffs::tariff))
        .routes(routes!(terms::limits))
        .routes(routes!(fees::quote).layer(DefaultBodyLimit::max(QUOTE_MAX_BYTES)))
        .routes(routes!(aggregates::volume::volume))
        .routes(routes!(aggregates::merchants::merchants))
        .routes(routes!(views::read::views))
        .routes(routes!(views::read::view))
        .routes(routes!(streams::view_stream))
        .routes(routes!(streams::transactions_stream))
        .routes(routes!(aggregates::positions::positions))
        .routes(routes!(aggregates::liabilities::liabilities))
        .routes(routes!(aggregates::customers::customers))
        .routes(routes!(aggregates::latency::latency))
        .routes(routes!(operations::operation))
        .routes(routes!(rules::rules))
        .routes(routes!(aml::rules::rules))
        .routes(routes!(aml::rules::rule))
        .routes(routes!(aml::lists::lists))
        .routes(routes!(aml::lists::part))
        .routes(routes!(audit::proof))
        .routes(routes!(audit::roots))
        .routes(routes!(aml::alerts::alerts))
        .routes(routes!(aml::alerts::alert))
        .routes(routes!(aml::stream::alerts_stream))
        .routes(routes!(aml::score::risk_score))
        .routes(routes!(aml::shadow::shadow))
        .routes(routes!(aml::simulate::simulate).layer(DefaultBodyLimit::max(QUOTE_MAX_BYTES)))
        .routes(routes!(cases::cases))
        .routes(routes!(cases::next))
        .routes(routes!(cases::case))
        .routes(routes!(cases::report::report))
        .routes(routes!(cases::kyc::kyc))
        .routes(routes!(cases::pending::pending))
        .routes(routes!(health::metrics));
    document::complete(router.get_openapi_mut());
    router
}

/// The routes that need none, with their description.
pub fn open_routes() -> OpenApiRouter<View> {
    let router = OpenApiRouter::new().routes(routes!(health::livez)).routes(routes!(health::readyz));
    router.routes(routes!(health::openapi))
}
