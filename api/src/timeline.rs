//! What happened to this payment, from the order or the reservation to the last refund?
//!
//! Events sort by their ids, so what stood in five tables comes back in the order in which the bank said it. A refund that was
//! refused gave nothing back, and is none of it.

use crate::View;
use crate::failure::{Failure, ViewError, not_found};
use crate::freshness::Parameters;
use crate::page::Asked;
use crate::transactions;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use schemas::resource::Happened;
use schemas::{Caller, Currency, Epoch, EventId, HoldId, Money, OrderId, Problem, Scope, TransactionId, rfc3339};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// What happened to a payment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Timeline {
    /// The payment.
    transaction_id: TransactionId,
    /// Of what all amounts are.
    currency: Currency,
    /// What happened, the first first.
    events: Vec<Happened>,
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
    event_id: Uuid,
    event: String,
    amount_minor: i64,
    transaction_id: Option<Uuid>,
    order_id: Option<Uuid>,
    hold_id: Option<Uuid>,
    reason: Option<String>,
    epoch: i64,
}

/// By $2, after the event $3: how the payment $1 was ordered; what became of the hold $4 that it was captured out of, and by which
/// transactions; how it ended; what was given back of it. A capture is found by its command, whatever the planner thinks of the hold,
/// which may have thousands; and by its epoch, since a key may name another command after a week. What gives back comes later than what
/// was paid.
const SELECT: &str = "
    select e.* from (
        select c.event_id, 'ordered' as event, c.amount_minor, null::uuid as transaction_id, c.order_id, null::uuid as hold_id,
               null::text as reason, c.epoch
        from order_change c
        where c.order_id = (select o.order_id from order_change o where o.transaction_id = $1 and o.event_id >= first_id_of($6) and o.event_id < first_id_of($6 + 1)
                            limit 1)
          and c.change = 'scheduled'
        union all
        select h.event_id, h.change, h.amount_minor, x.id, null, h.hold_id, null, h.epoch
        from (select * from hold_change
              where hold_change.hold_id = $4 and hold_change.epoch <= $2 and hold_change.event_id > $3
              order by hold_change.event_id
              limit $5) h
        left join lateral (select t.id from (select * from transaction
                                                where transaction.command_id = h.command_id and transaction.id >= first_id_of(h.epoch)
                                                  and transaction.id < first_id_of(h.epoch + 1)
                                                offset 0) t
                           where t.hold_id = h.hold_id and t.epoch = h.epoch and h.change = 'captured'
                           limit 1) x on true
        union all
        select t.event_id, t.status, t.amount_minor, t.id, null, null, t.reason, t.epoch
        from transaction t
        where t.id = $1
        union all
        select t.event_id, case t.operation when 'reversal' then 'reversed' else 'refunded' end, t.amount_minor, t.id, null, null, null,
               t.epoch
        from transaction t
        where t.original_transaction_id = $1 and t.id > $1 and t.status = 'settled') e
    where e.epoch <= $2 and e.event_id > $3
    order by e.event_id
    limit $5";

/// Show what happened to a transaction
///
/// To whoever pays or is paid, and to staff: how it was ordered or reserved, how it ended, and what was given back of it; the first
/// first, now or `at` a past epoch.
#[utoipa::path(
    get, path = "/v1/transactions/{id}/timeline", tag = "Transactions",
    params(("id" = TransactionId, Path)),
    responses((status = 200, description = "What happened.", body = Timeline, example = json!({
        "transaction_id": "019ab6f5-1c7b-7001-8000-000000000000", "currency": "XOF", "events": [
            {"event_id": "019ab6f5-1c7b-7000-8000-000000000002", "event": "settled", "amount": "12500",
             "transaction_id": "019ab6f5-1c7b-7001-8000-000000000000", "at": "2025-11-24T16:00:00.123Z", "epoch": 1_764_000_000_123_u64},
            {"event_id": "019ab6f5-1dc8-7000-8000-000000000000", "event": "refunded", "amount": "500",
             "transaction_id": "019ab6f5-1dc8-7001-8000-000000000000", "at": "2025-11-24T16:00:00.456Z", "epoch": 1_764_000_000_456_u64},
        ],
        "as_of": 1_764_000_000_789_u64,
    }))),
    security(("bearer" = ["transactions:read"])),
)]
pub(crate) async fn timeline(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Result<Json<Timeline>, Failure> {
    caller.require(Scope::TransactionsRead)?;
    let id: TransactionId = id.parse().map_err(|_| Problem::field("id", "expected a UUID"))?;
    let mut asked = Asked::read(parameters, format!("/v1/transactions/{id}/timeline"), &[])?;
    let after: Option<EventId> = asked.after();
    let page = asked.page()?;
    let as_of = view.stand(page.freshness, id.epoch(), &[]).await?.ok_or_else(|| not_found("transaction"))?;
    let (transaction, _) = transactions::find(&view, &caller, id).await?;
    let at = i64::try_from(as_of).map_err(ViewError::from)?;
    if transaction.epoch > at {
        return Err(not_found("transaction"));
    }
    let currency = transaction.currency()?;
    let rows: Vec<Row> = sqlx::query_as(SELECT)
        .bind(id.0)
        .bind(at)
        .bind(after.map_or(Uuid::nil(), |after| after.0))
        .bind(transaction.hold_id)
        .bind(page.rows())
        .bind(transaction.epoch)
        .fetch_all(&view.pool)
        .await?;
    let more = rows.len() > page.limit;
    let events = rows.into_iter().take(page.limit).map(|row| row.into_happened(currency)).collect::<Result<Vec<_>, ViewError>>()?;
    let next_cursor = events.last().filter(|_| more).map(|event| page.cursor(as_of, event.event_id));
    Ok(Json(Timeline { transaction_id: id, currency, events, next_cursor, as_of }))
}

impl Row {
    fn into_happened(self, currency: Currency) -> Result<Happened, ViewError> {
        let epoch = u64::try_from(self.epoch)?;
        Ok(Happened {
            event_id: EventId(self.event_id),
            event: self.event.parse()?,
            amount: Money { minor: self.amount_minor, currency }.to_string(),
            transaction_id: self.transaction_id.map(TransactionId),
            order_id: self.order_id.map(OrderId),
            hold_id: self.hold_id.map(HoldId),
            reason: self.reason.map(|reason| reason.parse()).transpose()?,
            at: rfc3339(epoch),
            epoch,
        })
    }
}
