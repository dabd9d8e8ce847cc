//! What is held for this payment?
//!
//! The newest change says where the hold stands; while it is open, all changes together say what is left of it.

use crate::View;
use crate::failure::{Failure, ViewError, not_found};
use crate::freshness::{Freshness, Parameters, Past};
use axum::extract::{Path, State};
use axum::{Extension, Json};
use schemas::resource::Hold;
use schemas::{AccountId, Caller, CustomerId, EventId, HoldChanged, HoldId, Money, Problem, Scope};
use uuid::Uuid;

#[derive(sqlx::FromRow)]
struct Row {
    change: String,
    operation: String,
    channel: String,
    account_debit: Uuid,
    account_credit: Uuid,
    amount_minor: i64,
    fee_minor: i64,
    currency: String,
    open: bool,
    expires_at: i64,
    epoch: i64,
    left_minor: i64,
    fee_left_minor: i64,
    payer: Option<Uuid>,
    payee: Option<Uuid>,
    as_of: Option<i64>,
}

/// All that became of the hold $1, since the first event $2 of its epoch.
const SELECT: &str = "
    select h.change, h.operation, h.channel, h.account_debit, h.account_credit, h.amount_minor, h.fee_minor, h.currency,
           h.open, h.expires_at, h.epoch, whole.left_minor, whole.fee_left_minor,
           debit.customer_id as payer, credit.customer_id as payee,
           (select greatest(epoch - 1, 0) from sink_progress where sink = 'views') as as_of
    from hold_change h
    cross join (select sum(case change when 'reserved' then amount_minor else -amount_minor end)::bigint as left_minor,
                       sum(case change when 'reserved' then fee_minor else -fee_minor end)::bigint as fee_left_minor
                from hold_change where hold_id = $1 and event_id >= $2) whole
    left join account debit on debit.id = h.account_debit
    left join account credit on credit.id = h.account_credit
    where h.hold_id = $1 and h.event_id >= $2
    order by h.event_id desc
    limit 1";

/// Show a hold
///
/// To whoever pays or is paid, and to staff: what is still held, or how it ended.
#[utoipa::path(
    get, path = "/v1/holds/{id}", tag = "Holds",
    params(("id" = HoldId, Path)),
    responses((status = 200, description = "The hold.", body = Hold)),
    security(("bearer" = ["transactions:read"])),
)]
pub(crate) async fn hold(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Result<Json<Hold>, Failure> {
    caller.require(Scope::TransactionsRead)?;
    let id: HoldId = id.parse().map_err(|_| Problem::field("id", "expected a UUID"))?;
    let freshness = Freshness::read(parameters, Past::Not)?;
    if !freshness.wait(&view, id.epoch()).await? {
        return Err(not_found("hold"));
    }
    let made = EventId::mint(id.epoch().unwrap_or_default(), 0);
    let row: Option<Row> = sqlx::query_as(SELECT).bind(id.0).bind(made.0).fetch_optional(&view.pool).await?;
    let row = row.filter(|row| row.is_seen_by(&caller)).ok_or_else(|| not_found("hold"))?;
    Ok(Json(row.into_hold(id)?))
}

impl Row {
    fn is_seen_by(&self, caller: &Caller) -> bool {
        [self.payer, self.payee].into_iter().any(|owner| caller.may_see(owner.map(CustomerId)))
    }

    /// By way of the change, so that it looks as the door answered it.
    fn into_hold(self, id: HoldId) -> Result<Hold, ViewError> {
        let (amount_minor, fee_minor) =
            if self.open { (self.left_minor, self.fee_left_minor) } else { (self.amount_minor, self.fee_minor) };
        let changed = HoldChanged {
            id,
            change: self.change.parse()?,
            kind: self.operation.parse()?,
            channel: self.channel.parse()?,
            account_debit: AccountId(self.account_debit),
            account_credit: AccountId(self.account_credit),
            amount: Money { minor: amount_minor, currency: self.currency.parse()? },
            fee_minor,
            open: self.open,
            expires_at: u64::try_from(self.expires_at)?,
        };
        let as_of = u64::try_from(self.as_of.ok_or(ViewError::NoProgress)?)?;
        Ok(Hold { as_of: Some(as_of), ..Hold::of(&changed, u64::try_from(self.epoch)?) })
    }
}
