//! Which payments are to be made on a day to come, and what became of those?
//!
//! The newest change says where an order stands.

use crate::View;
use crate::accounts;
use crate::failure::{Failure, ViewError, not_found};
use crate::freshness::{Freshness, Parameters, Past};
use crate::page::Asked;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use schemas::{
    AccountId, Caller, CustomerId, Dated, Epoch, EventId, Money, OrderChange, OrderChanged, OrderId, Problem, Scope, TransactionId,
    resource,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Orders of an account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Orders {
    /// Those that it is to pay or has paid, the newest first.
    orders: Vec<resource::Order>,
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
    order_id: Uuid,
    change: String,
    operation: String,
    channel: String,
    account_debit: Uuid,
    account_credit: Uuid,
    amount_minor: i64,
    currency: String,
    execute_at: Option<i64>,
    effective_at: Option<i64>,
    transaction_id: Option<Uuid>,
    epoch: i64,
}

#[derive(sqlx::FromRow)]
struct Seen {
    #[sqlx(flatten)]
    row: Row,
    payer: Option<Uuid>,
    payee: Option<Uuid>,
    as_of: Option<i64>,
}

/// All that became of the order $1, since the first event $2 of its epoch.
const SELECT: &str = "
    select o.order_id, o.change, o.operation, o.channel, o.account_debit, o.account_credit, o.amount_minor, o.currency,
           o.execute_at, o.effective_at, o.transaction_id, o.epoch,
           debit.customer_id as payer, credit.customer_id as payee,
           (select greatest(epoch - 1, 0) from sink_progress where sink = 'views') as as_of
    from order_change o
    left join account debit on debit.id = o.account_debit
    left join account credit on credit.id = o.account_credit
    where o.order_id = $1 and o.event_id >= $2
    order by o.event_id desc
    limit 1";

const LIST: &str = "
    select o.order_id, o.change, o.operation, o.channel, o.account_debit, o.account_credit, o.amount_minor, o.currency,
           o.execute_at, o.effective_at, o.transaction_id, o.epoch
    from order_change o
    where o.account_debit = $1 and o.epoch <= $2 and o.order_id < $3 and ($4::text is null or o.change = $4)
      and not exists (select 1 from order_change newer
                      where newer.order_id = o.order_id and newer.event_id > o.event_id and newer.epoch <= $2)
    order by o.order_id desc
    limit $5";

/// Show an order
///
/// To whoever pays and to staff; once a transaction came of it, to whoever is paid, too.
#[utoipa::path(
    get, path = "/v1/orders/{id}", tag = "Orders",
    params(("id" = OrderId, Path)),
    responses((status = 200, description = "The order.", body = resource::Order)),
    security(("bearer" = ["transactions:read"])),
)]
pub(crate) async fn order(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Result<Json<resource::Order>, Failure> {
    caller.require(Scope::TransactionsRead)?;
    let id: OrderId = id.parse().map_err(|_| Problem::field("id", "expected a UUID"))?;
    let freshness = Freshness::read(parameters, Past::Not)?;
    if !freshness.wait(&view, id.epoch()).await? {
        return Err(not_found("order"));
    }
    let made = EventId::mint(id.epoch().unwrap_or_default(), 0);
    let seen: Option<Seen> = sqlx::query_as(SELECT).bind(id.0).bind(made.0).fetch_optional(&view.pool).await?;
    let Seen { row, as_of, .. } = seen.filter(|seen| seen.is_seen_by(&caller)).ok_or_else(|| not_found("order"))?;
    let as_of = u64::try_from(as_of.ok_or(ViewError::NoProgress)?).map_err(ViewError::from)?;
    Ok(Json(resource::Order { as_of: Some(as_of), ..row.into_order()? }))
}

/// List the orders of an account
///
/// Those that it is to pay or has paid, the newest first; now or `at` a past epoch.
#[utoipa::path(
    get, path = "/v1/accounts/{id}/orders", tag = "Orders",
    params(
        ("id" = AccountId, Path),
        ("status" = Option<OrderChange>, Query, description = "Only those that stand so."),
    ),
    responses((status = 200, description = "The orders.", body = Orders)),
    security(("bearer" = ["transactions:read"])),
)]
pub(crate) async fn orders(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Result<Json<Orders>, Failure> {
    caller.require(Scope::TransactionsRead)?;
    let id: AccountId = id.parse().map_err(|_| Problem::field("id", "expected a UUID"))?;
    let mut asked = Asked::read(parameters, format!("/v1/accounts/{id}/orders"), &["status"])?;
    let (status, after): (Option<OrderChange>, Option<OrderId>) = (asked.word("status"), asked.after());
    let page = asked.page()?;
    let as_of = view.stand(page.freshness, id.epoch(), &[]).await?.ok_or_else(|| not_found("account"))?;
    accounts::seen(&view, &caller, id, as_of).await?;
    let rows: Vec<Row> = sqlx::query_as(LIST)
        .bind(id.0)
        .bind(i64::try_from(as_of).map_err(ViewError::from)?)
        .bind(after.map_or(Uuid::max(), |after| after.0))
        .bind(status.map(OrderChange::as_str))
        .bind(page.rows())
        .fetch_all(&view.pool)
        .await?;
    let more = rows.len() > page.limit;
    let orders = rows.into_iter().take(page.limit).map(Row::into_order).collect::<Result<Vec<_>, ViewError>>()?;
    let next_cursor = orders.last().filter(|_| more).map(|order| page.cursor(as_of, order.id));
    Ok(Json(Orders { orders, next_cursor, as_of }))
}

impl Seen {
    fn is_seen_by(&self, caller: &Caller) -> bool {
        let payee = self.row.transaction_id.and(self.payee);
        caller.may_see(self.payer.map(CustomerId)) || caller.may_see(payee.map(CustomerId))
    }
}

impl Row {
    /// By way of the change, so that it looks as the door answered it.
    fn into_order(self) -> Result<resource::Order, ViewError> {
        let dated = match (self.execute_at, self.effective_at) {
            (None, Some(effective_at)) => Dated::EffectiveAt(u64::try_from(effective_at)?),
            (execute_at, _) => Dated::ExecuteAt(u64::try_from(execute_at.unwrap_or_default())?),
        };
        let changed = OrderChanged {
            id: OrderId(self.order_id),
            change: self.change.parse()?,
            kind: self.operation.parse()?,
            channel: self.channel.parse()?,
            account_debit: AccountId(self.account_debit),
            account_credit: AccountId(self.account_credit),
            amount: Money { minor: self.amount_minor, currency: self.currency.parse()? },
            dated,
            transaction_id: self.transaction_id.map(TransactionId),
        };
        Ok(resource::Order::of(&changed, u64::try_from(self.epoch)?))
    }
}
