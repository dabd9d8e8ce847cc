//! What became of this batch?
//!
//! Nobody's name stands on a batch, so it is shown to staff, to whoever names its key, and to the customer who could have asked for
//! all that was done of it: who pays, and of a capture, a release or a refund, who was to be paid.

use crate::View;
use crate::asker::is_asker;
use crate::failure::{Failure, ViewError, not_found};
use crate::freshness::{Freshness, Parameters, Past};
use crate::operations::Known;
use crate::progress::Mark;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::{Extension, Json};
use schemas::resource::Batch;
use schemas::{
    Authority, BatchDecided, Caller, CommandId, Currency, CustomerId, Epoch, Fact, HoldId, ItemStatus, Outcome, Problem, Refusal, Scope,
    TransactionId,
};
use uuid::Uuid;

#[derive(sqlx::FromRow)]
struct Row {
    mode: String,
    epoch: i64,
    as_of: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct Item {
    status: String,
    transaction_id: Option<Uuid>,
    hold_id: Option<Uuid>,
    fee_minor: i64,
    reason: Option<String>,
    currency: Option<String>,
    actor: Option<Uuid>,
}

const SELECT: &str = "
    select mode, epoch, (select greatest(epoch - 1, 0) from sink_progress where sink = 'views') as as_of
    from batch
    where id = $1";

/// What was done to the items of the batch $1 in its epoch $2, and in no other. What a row leads to is looked up for each, by `limit 1`: a batch
/// is small beside all transactions and accounts, whatever the planner thinks of it.
const ITEMS: &str = "
    select i.status, i.transaction_id, i.hold_id, i.fee_minor, i.reason, coalesce(t.currency, h.currency) as currency,
           (select a.customer_id from account a
            where a.id = case when i.status = 'reserved' then h.account_debit
                              when i.status = 'released' then h.account_credit
                              when t.operation = 'reversal' then null
                              when t.hold_id is not null then t.account_credit
                              else t.account_debit end) as actor
    from batch_item i
    left join lateral (select * from transaction
                       where transaction.id = i.transaction_id and transaction.id >= first_id_of($2) and transaction.id < first_id_of($2 + 1)
                       limit 1) t on true
    left join lateral (select * from hold_change
                       where hold_change.hold_id = i.hold_id and event_id >= first_id_of($2) and event_id < first_id_of($2 + 1)
                       limit 1) h on true
    where i.batch_id = $1 and i.epoch = $2
    order by i.item";

/// Show a batch
///
/// To staff, to whoever names the key under which it was sent, and to the customer whose accounts alone acted in it. A dry run is
/// not kept.
#[utoipa::path(
    get, path = "/v1/batches/{id}", tag = "Batches",
    params(
        ("id" = CommandId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "The key under which the batch was sent."),
    ),
    responses((status = 200, description = "The batch.", body = Batch)),
    security(("bearer" = ["transactions:read"])),
)]
pub(crate) async fn batch(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Json<Batch>, Failure> {
    caller.require(Scope::TransactionsRead)?;
    let id: CommandId = id.parse().map_err(|_| Problem::field("id", "expected a UUID"))?;
    Freshness::read(parameters, Past::Not)?.wait(&view, None).await?;
    match (view.recent)(id) {
        Some(Known::Pending(position)) => Freshness::reach(&view, Mark::Command(position)).await?,
        Some(Known::Decided(event)) => {
            let epoch = if let Fact::Repeated(repeat) = &event.fact { repeat.first_epoch } else { event.epoch };
            Freshness::reach(&view, Mark::Epoch(epoch)).await?;
        }
        None => {}
    }
    let row: Option<Row> = sqlx::query_as(SELECT).bind(id.0).fetch_optional(&view.pool).await?;
    let row = row.ok_or_else(|| not_found("batch"))?;
    let items = Items::read(&view, id, u64::try_from(row.epoch).map_err(ViewError::from)?).await?;
    if !is_asker(&caller, &headers, id, &["batch"]) && !items.are_seen_by(&caller) {
        return Err(not_found("batch"));
    }
    Ok(Json(row.into_batch(id, items)?))
}

/// The items of a batch.
pub(crate) struct Items {
    outcomes: Vec<Outcome>,
    currencies: Vec<Option<Currency>>,
    actors: Vec<Option<CustomerId>>,
}

impl Items {
    /// Those of a batch that was decided in an epoch, in their order.
    pub(crate) async fn read(view: &View, id: CommandId, epoch: Epoch) -> Result<Self, ViewError> {
        let rows: Vec<Item> = sqlx::query_as(ITEMS).bind(id.0).bind(i64::try_from(epoch)?).fetch_all(&view.pool).await?;
        let mut items = Self { outcomes: Vec::with_capacity(rows.len()), currencies: Vec::new(), actors: Vec::new() };
        for row in rows {
            items.actors.push(row.actor.map(CustomerId));
            items.currencies.push(row.currency.as_deref().map(str::parse).transpose()?);
            items.outcomes.push(Outcome {
                status: row.status.parse()?,
                transaction_id: row.transaction_id.map(TransactionId),
                hold_id: row.hold_id.map(HoldId),
                fee_minor: row.fee_minor,
                refusal: row.reason.map(|reason| reason.parse()).transpose()?,
            });
        }
        Ok(items)
    }

    /// Whether all of it is the caller's to see: what was done to accounts is theirs, and what was refused, before the ledger knew
    /// whether who asked may. Any later refusal says something of an account, and not of which.
    pub(crate) fn are_seen_by(&self, caller: &Caller) -> bool {
        let staff = caller.principal.authority == Authority::Operator;
        let seen = |(outcome, actor): (&Outcome, &Option<CustomerId>)| match outcome.refusal {
            Some(refusal) if refusal <= Refusal::NotAuthorized => true,
            None if outcome.status == ItemStatus::Undone => true,
            Some(_) | None => actor.is_some() && caller.may_see(*actor),
        };
        staff || self.outcomes.iter().zip(&self.actors).all(seen)
    }
}

impl Row {
    /// By way of the decision, so that it looks as the door answered it.
    fn into_batch(self, id: CommandId, items: Items) -> Result<Batch, ViewError> {
        let decided = BatchDecided { mode: self.mode.parse()?, dry_run: false, outcomes: items.outcomes };
        let as_of = u64::try_from(self.as_of.ok_or(ViewError::NoProgress)?)?;
        let batch = Batch::of(id, &decided, u64::try_from(self.epoch)?, |item| items.currencies.get(item).copied().flatten());
        Ok(Batch { as_of: Some(as_of), ..batch })
    }
}
