//! Is this event in the audit chain, and which roots are in it?
//!
//! In: the id of an event, or a range of epochs. Out: what an auditor needs to check that without asking again. A row is never changed, and is
//! written with the epoch that it is of, so what is shown once is shown for ever.

use crate::failure::{Failure, ViewError};
use crate::freshness::{Freshness, Parameters, Past};
use crate::page::Asked;
use crate::{View, aml};
use axum::extract::{Path, State};
use axum::{Extension, Json};
use schemas::audit::{CELLS, KeyId, Link, RISK, SETTLEMENT, Signed};
use schemas::hex::hex;
use schemas::merkle::{Hash, path};
use schemas::resource::{AuditProof, AuditRoot};
use schemas::{Caller, Epoch, EventId, Problem, Scope};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The public keys that this server knows.
pub type Keys = BTreeMap<KeyId, [u8; 32]>;

/// Roots of the audit chain.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditRoots {
    /// In the order of the chain.
    roots: Vec<AuditRoot>,
    /// Where the next part begins: `cursor` of the next request; absent where this was the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
    /// The epoch that this was read at.
    #[schema(value_type = u64, example = 1_764_000_000_456_u64)]
    as_of: Epoch,
}

#[derive(sqlx::FromRow)]
struct Row {
    epoch: i64,
    events: i64,
    root: Vec<u8>,
    previous: Vec<u8>,
    head: Vec<u8>,
    signature: Vec<u8>,
    key_id: Vec<u8>,
}

#[derive(sqlx::FromRow)]
struct Seen {
    #[sqlx(flatten)]
    row: Row,
    leaves: Vec<u8>,
    as_of: Option<i64>,
}

const SELECT: &str = "
    select r.epoch, r.events, r.root, r.previous, r.head, r.signature, r.key_id, r.leaves,
           (select greatest(epoch - 1, 0)
            from (select sink, epoch from sink_progress union all select sink, epoch from risk_progress) progress where sink = $3) as as_of
    from audit_root r
    where r.cell = $1 and r.epoch = $2";

/// Where the alert $1 stands: alerts that were raised stand before those that were cleared, each in its order.
const ALERT: &str = "
    select a.epoch, (select count(*) from alert before where before.epoch = a.epoch and before.number < a.number)
    from alert a
    where a.id = $1";

const LIST: &str = "
    select epoch, events, root, previous, head, signature, key_id
    from audit_root
    where cell = $1 and epoch >= $2 and epoch < $3 and epoch > $4
    order by epoch
    limit $5";

/// Prove that an event is in the audit chain
///
/// With the record of the event, its topic and its key, and a public key from elsewhere, the proof is checked without asking anybody:
/// ARCHITECTURE.md says how, by hand. The id is that which events have in their topics; that of an alert leads to its being raised.
#[utoipa::path(
    get, path = "/admin/audit/events/{id}/proof", tag = "Audit", operation_id = "audit_proof",
    params(("id" = EventId, Path)),
    responses((status = 200, description = "The proof.", body = AuditProof)),
    security(("bearer" = ["audit:read", "operator"])),
)]
pub(crate) async fn proof(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Result<Json<AuditProof>, Failure> {
    require(&caller)?;
    let id: EventId = id.parse().map_err(|_| Problem::field("id", "expected a UUID"))?;
    let freshness = Freshness::read(parameters, Past::Not)?;
    // What no epoch minted is an alert, and the cell that raises it may be behind the views.
    let progress = if id.minted().is_some() { &view.progress } else { &view.risk };
    if !freshness.wait_on(&view, progress, id.epoch(), &[]).await? {
        return Err(not_in_chain());
    }
    let (cell, sink, at, index) = match id.minted() {
        Some((epoch, index)) => (SETTLEMENT, "views", i64::try_from(epoch).map_err(ViewError::from)?, index),
        None => {
            let alert: Option<(i64, i64)> = sqlx::query_as(ALERT).bind(id.0).fetch_optional(&view.pool).await?;
            let (epoch, index) = alert.ok_or_else(not_in_chain)?;
            (RISK, "risk", epoch, u32::try_from(index).map_err(ViewError::from)?)
        }
    };
    let seen: Option<Seen> = sqlx::query_as(SELECT).bind(cell).bind(at).bind(sink).fetch_optional(&view.pool).await?;
    let Seen { row, leaves, as_of } = seen.ok_or_else(not_in_chain)?;
    let (leaves, _) = leaves.as_chunks::<32>();
    let place = usize::try_from(index).map_err(ViewError::from)?;
    let (leaf, path) = leaves.get(place).zip(path(place, leaves)).ok_or_else(not_in_chain)?;
    let signed = row.signed(cell)?;
    let public_key = view.audit_keys.get(&signed.key_id).map(|key| hex(key));
    let AuditRoot { cell, epoch, events, root, previous_head, head, signature, key_id } = AuditRoot::from(&signed);
    Ok(Json(AuditProof {
        event_id: id,
        cell,
        epoch,
        index,
        events,
        leaf: hex(leaf),
        path: path.iter().map(|beside| hex(beside)).collect(),
        root,
        previous_head,
        head,
        signature,
        key_id,
        public_key,
        as_of: u64::try_from(as_of.ok_or(ViewError::NoProgress)?).map_err(ViewError::from)?,
    }))
}

const FILTERS: &[&str] = &["cell", "from", "to"];

/// List the roots of the audit chain
///
/// In the order of the chain, the first first. Whoever keeps the newest head where the bank can't reach it knows later that none was changed.
#[utoipa::path(
    get, path = "/admin/audit/roots", tag = "Audit", operation_id = "audit_roots",
    params(
        ("cell" = Option<String>, Query, description = "Whose chain; `settlement` unless it is said.", pattern = "^[a-z]+$", example = "settlement"),
        ("from" = Option<String>, Query, description = "Only those since this moment: an epoch, or RFC 3339 in UTC.", example = "2025-11-01T00:00:00Z"),
        ("to" = Option<String>, Query, description = "Only those before this moment, which is not beyond now.", example = "2025-12-01T00:00:00Z"),
    ),
    responses((status = 200, description = "The roots.", body = AuditRoots)),
    security(("bearer" = ["audit:read", "operator"])),
)]
pub(crate) async fn roots(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<AuditRoots>, Failure> {
    require(&caller)?;
    let mut asked = Asked::read(parameters, "/admin/audit/roots", FILTERS)?;
    let known = |text: &str| CELLS.iter().find(|cell| **cell == text).ok_or_else(|| format!("expected one of {}", CELLS.join(", ")));
    let cell = asked.take("cell", known).unwrap_or(&SETTLEMENT);
    let (from, to, after) = (asked.moment("from"), asked.moment("to"), asked.after::<Epoch>());
    let named = asked.range(from, to);
    let page = asked.page()?;
    let as_of = match *cell {
        RISK => aml::stand(&view, page.freshness, &named).await?,
        _ => view.stand(page.freshness, None, &named).await?.ok_or_else(not_in_chain)?,
    };
    let number = |epoch: Epoch| i64::try_from(epoch).map_err(ViewError::from);
    let rows: Vec<Row> = sqlx::query_as(LIST)
        .bind(cell)
        .bind(number(from.unwrap_or_default())?)
        .bind(number(to.unwrap_or(as_of + 1).min(as_of + 1))?)
        .bind(after.map_or(Ok(-1), number)?)
        .bind(page.rows())
        .fetch_all(&view.pool)
        .await?;
    let more = rows.len() > page.limit;
    let rows = rows.into_iter().take(page.limit).map(|row| row.signed(cell).map(|signed| AuditRoot::from(&signed)));
    let roots = rows.collect::<Result<Vec<_>, ViewError>>()?;
    let next_cursor = roots.last().filter(|_| more).map(|root| page.cursor(as_of, root.epoch));
    Ok(Json(AuditRoots { roots, next_cursor, as_of }))
}

/// The chain is of all that the bank says: it is for staff.
#[allow(clippy::result_large_err, reason = "a problem is made once a request, and ends it")]
fn require(caller: &Caller) -> Result<(), Problem> {
    caller.require(Scope::AuditRead)?;
    caller.require(Scope::Operator)
}

fn not_in_chain() -> Failure {
    Problem::new(404, "event_not_found", "No event of this id is in the audit chain.").into()
}

impl Row {
    fn signed(self, cell: &str) -> Result<Signed, ViewError> {
        let link = Link {
            cell: cell.to_owned(),
            epoch: u64::try_from(self.epoch)?,
            events: u32::try_from(self.events)?,
            root: sized::<32>(self.root)?,
            previous: sized::<32>(self.previous)?,
        };
        let head: Hash = sized(self.head)?;
        Ok(Signed { link, head, signature: sized(self.signature)?, key_id: KeyId(sized(self.key_id)?) })
    }
}

fn sized<const BYTES: usize>(bytes: Vec<u8>) -> Result<[u8; BYTES], ViewError> {
    bytes.try_into().map_err(|bytes: Vec<u8>| ViewError::Size { expected: BYTES, found: bytes.len() })
}
