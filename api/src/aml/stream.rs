//! Alerts as they are raised and cleared: server-sent events.
//!
//! In: the epoch up to which the client has been told. Out: what has happened since, in order, and after each step how far that is, with
//! the only id. So whoever comes back with it, or late with an epoch, hears each alert once and misses none. The risk team is few, so each
//! reads for itself.

use super::alerts::{Row, select};
use super::{require, stand};
use crate::View;
use crate::failure::{Failure, ViewError};
use crate::freshness::{Freshness, Parameters};
use crate::progress::Shown;
use crate::sse;
use crate::streams::asked::{Asked, Since};
use crate::streams::expires;
use crate::streams::line::{Gone, Line, progress};
use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use meters::STREAM_EVENTS;
use schemas::{Caller, Epoch};
use serde_json::json;
use sqlx::{FromRow, PgPool};
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::watch;
use uuid::Uuid;

/// About as much is told at once, at the most.
const PART: i64 = 256;
/// What the stream is counted as.
const STREAM: &str = "alerts";

#[derive(FromRow)]
struct Over {
    alert_id: Uuid,
    epoch: i64,
    number: i32,
    rule: String,
    lane: String,
    subject_kind: String,
    subject_id: String,
    raised_epoch: i64,
}

const CLEARED: &str = "
    select c.alert_id, c.epoch, c.number, a.rule, a.lane, a.subject_kind, a.subject_id, a.epoch as raised_epoch
    from alert_cleared c join alert a on a.id = c.alert_id
    where c.epoch > $1 and c.epoch <= $2";

/// Up to where about so many were raised and cleared, whole epochs.
const UPPER: &str = "
    select least(
        coalesce((select epoch from alert where epoch > $1 and epoch <= $2 order by epoch offset $3 limit 1), $2),
        coalesce((select epoch from alert_cleared where epoch > $1 and epoch <= $2 order by epoch offset $3 limit 1), $2))";

/// Follow the alerts
///
/// Each as it is raised and as it is cleared: from now on, or from `since`, which is an epoch or `beginning`. Events: `raised` is the
/// alert, `cleared` says which one is over and when; `progress` says with its id that everything up to that epoch has been told; `end` says
/// why the stream ends. `Last-Event-ID` goes on from there. Staff only.
#[utoipa::path(
    get, path = "/admin/aml/alerts/stream", tag = "Risk",
    responses((status = 200, description = "Events.", body = String, content_type = "text/event-stream")),
    security(("bearer" = ["aml:read", "operator"])),
)]
pub(crate) async fn alerts_stream(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    require(&caller)?;
    let asked = Asked::read(parameters, &headers, Since::Now)?;
    let place = view.streams.room.take(&caller.principal.subject, STREAM)?;
    let shown = view.risk.watch();
    let as_of = stand(&view, Freshness::default(), &[]).await?;
    let has = asked.since.has(as_of, "is searched")?;
    let account = asked.account.map(|account| account.to_string());
    let (line, answer) = Line::open(has);
    let mut teller = Teller { pool: view.pool.clone(), shown, has, account, line: line.clone() };
    let (streams, expires) = (Arc::clone(&view.streams), expires(&caller));
    tokio::spawn(async move {
        line.hold(&streams, expires, teller.tell()).await;
        drop(place);
    });
    Ok(answer)
}

struct Teller {
    pool: PgPool,
    shown: watch::Receiver<Shown>,
    /// Everything up to this epoch was told.
    has: Epoch,
    /// Only what is about this account.
    account: Option<String>,
    line: Line,
}

impl Teller {
    async fn tell(&mut self) -> Result<Infallible, Gone> {
        loop {
            let has = self.has;
            let come = async { self.shown.wait_for(|shown| shown.as_of() > has).await.map(|shown| shown.as_of()) };
            // The sender lives as long as the server.
            let as_of = self.line.patiently(come).await?.map_err(|_| Gone)?;
            match self.line.patiently(self.read(as_of)).await? {
                Ok((told, upper)) => {
                    self.line.send(told).await?;
                    self.has = upper;
                }
                Err(failure) => self.line.rest(STREAM, failure).await?,
            }
        }
    }

    /// What has happened since the last that was told, in order, and up to which epoch: the one given, or an earlier one if there is much.
    async fn read(&self, as_of: Epoch) -> Result<(Vec<u8>, Epoch), Failure> {
        let bind = |epoch: Epoch| i64::try_from(epoch).map_err(ViewError::from);
        let (has, as_of) = (bind(self.has)?, bind(as_of)?);
        let upper: i64 = sqlx::query_scalar(UPPER).bind(has).bind(as_of).bind(PART).fetch_one(&self.pool).await?;
        let mut query = select();
        // As it was raised: what became of it comes by itself.
        query.push_bind(0i64).push(" where a.epoch > ").push_bind(has).push(" and a.epoch <= ").push_bind(upper);
        let raised: Vec<Row> = query.build_query_as().fetch_all(&self.pool).await?;
        let cleared: Vec<Over> = sqlx::query_as(CLEARED).bind(has).bind(upper).fetch_all(&self.pool).await?;
        let mut told: Vec<((i64, i32), &'static str, String)> = Vec::new();
        let is_wanted = |subject: &str| self.account.as_deref().is_none_or(|account| account == subject);
        for row in raised {
            let place = (row.epoch, row.number);
            let alert = row.into_alert()?;
            if is_wanted(&alert.subject_id) {
                told.push((place, "raised", serde_json::to_string(&alert).map_err(ViewError::from)?));
            }
        }
        for Over { alert_id, epoch, number, rule, lane, subject_kind, subject_id, raised_epoch } in cleared {
            if is_wanted(&subject_id) {
                let data = json!({"id": alert_id, "rule": rule, "lane": lane, "subject_kind": subject_kind, "subject_id": subject_id,
                                  "raised_epoch": raised_epoch, "epoch": epoch});
                told.push(((epoch, number), "cleared", data.to_string()));
            }
        }
        told.sort_by_key(|(place, ..)| *place);
        STREAM_EVENTS.with_label_values(&[STREAM]).inc_by(u64::try_from(told.len()).unwrap_or(u64::MAX));
        let mut text = Vec::new();
        told.iter().for_each(|(_, name, data)| sse::event(&mut text, name, None, data));
        let upper = u64::try_from(upper).map_err(ViewError::from)?;
        progress(&mut text, upper);
        Ok((text, upper))
    }
}
