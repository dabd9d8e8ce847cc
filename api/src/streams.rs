//! What changes in a view, as it changes: server-sent events.
//!
//! In: a view, what the client has of it, whose rows it wants. Out: rows with the epoch of their last change, and after each whole step how far
//! it has come. A snapshot is what has changed since nothing, to come back is what has changed since the epoch that the client names, and to go on
//! is what has changed since the last that was sent: one question. Whoever puts rows where their keys are has the view.

pub(crate) mod asked;
mod batch;
mod follower;
mod hub;
pub(crate) mod line;
pub(crate) mod room;

pub use hub::{Bounds, Streams};

use crate::failure::{Failure, not_found};
use crate::freshness::{Freshness, Parameters};
use crate::views::read::named;
use crate::{View, accounts};
use asked::{Asked, Since};
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use batch::Filter;
use follower::Follower;
use line::Line;
use schemas::{AccountId, Actor, Caller, Epoch, Problem, ViewName};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;
use uuid::Uuid;

/// The longest stream: nobody's token is as old as the clock can count.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// Follow a view
///
/// All its rows first, unless `since` says what the client has; then each row that changes. Events: `row` says `view`, `key`, `epoch` and `value`;
/// `progress` says with its id that everything up to that epoch has been told; `end` says why the stream ends. `Last-Event-ID` goes on from there.
/// A row that comes again, with the same epoch, is the same. Customers see what is theirs.
#[utoipa::path(
    get, path = "/v1/views/{name}/stream", tag = "Views",
    params(("name" = ViewName, Path)),
    responses((status = 200, description = "Events.", body = String, content_type = "text/event-stream")),
    security(("bearer" = ["accounts:read"]), ("bearer" = ["customers:read"]), ("bearer" = ["transactions:read"]), ("bearer" = ["reports:read"])),
)]
pub(crate) async fn view_stream(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let name = named(&name)?;
    caller.require(name.scope())?;
    stream(&view, &caller, name, Asked::read(parameters, &headers, Since::Beginning)?, "view").await
}

/// Follow the payments
///
/// Each as it settles or fails, from now on unless `since` says what the client has; events as of a view. Customers see those of their own accounts.
#[utoipa::path(
    get, path = "/v1/transactions/stream", tag = "Transactions",
    responses((status = 200, description = "Events.", body = String, content_type = "text/event-stream")),
    security(("bearer" = ["transactions:read"])),
)]
pub(crate) async fn transactions_stream(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    caller.require(ViewName::Transactions.scope())?;
    stream(&view, &caller, ViewName::Transactions, Asked::read(parameters, &headers, Since::Now)?, "transactions").await
}

async fn stream(view: &View, caller: &Caller, name: ViewName, asked: Asked, counted: &'static str) -> Result<Response, Failure> {
    let streams = Arc::clone(&view.streams);
    let place = streams.room.take(&caller.principal.subject, counted)?;
    // On the list before it is looked what is shown.
    let batches = streams.listen(name);
    let minted = asked.account.and_then(AccountId::epoch);
    let as_of = view.stand(Freshness::default(), minted, &[]).await?.ok_or_else(|| not_found("account"))?;
    let (filter, owner) = whose(view, caller, name, asked.account, as_of).await?;
    let has = asked.since.has(as_of, "the views show")?;
    let (line, answer) = Line::open(has);
    let follower = Follower { streams, name, filter, owner, has, batches, line, stream: counted, place };
    tokio::spawn(follower.run(expires(caller)));
    Ok(answer)
}

/// Whose rows the caller may see and asks for, and whose alone have to be looked at for them.
async fn whose(
    view: &View,
    caller: &Caller,
    name: ViewName,
    account: Option<AccountId>,
    as_of: Epoch,
) -> Result<(Filter, Option<Uuid>), Failure> {
    let own = match caller.principal.actor() {
        Actor::Customer(own) if name.is_of_customers() => Some(own.map_or(Uuid::nil(), |own| own.0)),
        Actor::Customer(_) | Actor::Staff => None,
    };
    let Some(account) = account else { return Ok((Filter { owner: own, account: None }, own)) };
    if !is_about_accounts(name) {
        return Err(Problem::field("account", format!("a row of {name} is about no account")).into());
    }
    let holder = accounts::holder(view, caller, account, as_of).await?.map(|holder| holder.0);
    Ok((Filter { owner: own, account: Some(account.0) }, own.or(holder)))
}

const fn is_about_accounts(name: ViewName) -> bool {
    match name {
        ViewName::Accounts | ViewName::Transactions | ViewName::Holds | ViewName::Orders | ViewName::Turnover => true,
        ViewName::Customers
        | ViewName::VolumeByMinute
        | ViewName::VolumeByHour
        | ViewName::VolumeByDay
        | ViewName::Positions
        | ViewName::Liabilities
        | ViewName::ActiveCustomers
        | ViewName::LatencyByMinute
        | ViewName::LatencyByHour
        | ViewName::LatencyByDay
        | ViewName::Imbalances => false,
    }
}

/// When the token expires, by the clock that sleeps go by.
pub(crate) fn expires(caller: &Caller) -> Instant {
    let left = (UNIX_EPOCH + Duration::from_secs(caller.expires_s)).duration_since(SystemTime::now()).unwrap_or_default();
    Instant::now() + left.min(LONGEST)
}
