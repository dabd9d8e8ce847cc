//! What account is this, and what is in it, now or at a past epoch?
//!
//! The newest posting carries the balance, so the past is read as fast as the present; what is held is added up from an
//! index. The account, its balance and the epoch of the view come from one statement, hence from one snapshot.

/// Which accounts does a customer have?
pub(crate) mod list;

use crate::View;
use crate::failure::{Failure, ViewError, not_found};
use crate::freshness::{Freshness, Parameters, Past};
use crate::frozen::frozen_by;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use schemas::resource::{Account, Balance};
use schemas::{AccountId, Caller, Currency, CustomerId, Epoch, Money, Problem, Scope};
use uuid::Uuid;

#[derive(sqlx::FromRow)]
struct Row {
    customer_id: Option<Uuid>,
    r#type: String,
    role: String,
    currency: String,
    status: String,
    frozen: bool,
    epoch: i64,
    balance_minor: i64,
    held_minor: i64,
    as_of: Option<i64>,
}

const SELECT: &str = concat!(
    "
    select a.customer_id, a.type, a.role, a.currency, a.epoch, ",
    frozen_by!("a.customer_id", "a.id", "$2"),
    " as frozen,
           coalesce((select s.status
                     from account_status s
                     where s.account_id = a.id and s.epoch <= $2
                     order by s.event_id desc
                     limit 1), a.status) as status,
           coalesce((select p.balance_minor
                     from posting p
                     where p.account_id = a.id and p.epoch <= $2
                     order by p.epoch desc, p.number desc
                     limit 1), 0) as balance_minor,
           coalesce((select sum(h.held_minor)
                     from hold_change h
                     where h.account_debit = a.id and h.epoch <= $2), 0)::bigint as held_minor,
           (select greatest(epoch - 1, 0) from sink_progress where sink = 'views') as as_of
    from account a
    where a.id = $1 and a.epoch <= $2"
);

/// Show an account
///
/// The account and what may be spent from it, now or `at` a past epoch.
#[utoipa::path(
    get, path = "/v1/accounts/{id}", tag = "Accounts",
    params(("id" = AccountId, Path)),
    responses((status = 200, description = "The account.", body = Account)),
    security(("bearer" = ["accounts:read"])),
)]
pub(crate) async fn account(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Result<Json<Account>, Failure> {
    Ok(Json(find(&view, &caller, &id, parameters).await?.account))
}

/// Show a balance
///
/// What is in an account, what of it is held, and what may be spent; now or `at` a past epoch.
#[utoipa::path(
    get, path = "/v1/accounts/{id}/balance", tag = "Accounts",
    params(("id" = AccountId, Path)),
    responses((status = 200, description = "The balance.", body = Balance)),
    security(("bearer" = ["accounts:read"])),
)]
pub(crate) async fn balance(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Result<Json<Balance>, Failure> {
    let Found { account, posted, held, as_of } = find(&view, &caller, &id, parameters).await?;
    Ok(Json(Balance {
        account_id: account.id,
        currency: account.currency,
        balance_posted: posted.to_string(),
        balance_held: held.to_string(),
        balance_available: account.balance_available,
        as_of,
    }))
}

/// The currency of an account that was open by an epoch, if the caller may see it.
pub(crate) async fn seen(view: &View, caller: &Caller, id: AccountId, as_of: Epoch) -> Result<Currency, Failure> {
    Ok(look(view, caller, id, as_of).await?.1.parse().map_err(ViewError::from)?)
}

/// The same, and whose it is; none is the house.
pub(crate) async fn holder(view: &View, caller: &Caller, id: AccountId, as_of: Epoch) -> Result<Option<CustomerId>, Failure> {
    Ok(look(view, caller, id, as_of).await?.0.map(CustomerId))
}

async fn look(view: &View, caller: &Caller, id: AccountId, as_of: Epoch) -> Result<(Option<Uuid>, String), Failure> {
    let query = "select customer_id, currency from account where id = $1 and epoch <= $2";
    let at = i64::try_from(as_of).map_err(ViewError::from)?;
    let row: Option<(Option<Uuid>, String)> = sqlx::query_as(query).bind(id.0).bind(at).fetch_optional(&view.pool).await?;
    row.filter(|(holder, _)| caller.may_see(holder.map(CustomerId))).ok_or_else(|| not_found("account"))
}

/// An account, and what its balance is made of.
struct Found {
    account: Account,
    posted: Money,
    held: Money,
    as_of: Epoch,
}

async fn find(view: &View, caller: &Caller, id: &str, parameters: Parameters) -> Result<Found, Failure> {
    caller.require(Scope::AccountsRead)?;
    let id: AccountId = id.parse().map_err(|_| Problem::field("id", "expected a UUID"))?;
    let freshness = Freshness::read(parameters, Past::Readable)?;
    if !freshness.wait(view, id.epoch()).await? {
        return Err(not_found("account"));
    }
    let at = freshness.at.map_or(i64::MAX, |epoch| i64::try_from(epoch).unwrap_or(i64::MAX));
    let row: Option<Row> = sqlx::query_as(SELECT).bind(id.0).bind(at).fetch_optional(&view.pool).await?;
    let row = row.filter(|row| caller.may_see(row.customer_id.map(CustomerId))).ok_or_else(|| not_found("account"))?;
    Ok(row.into_found(id, freshness.at)?)
}

impl Row {
    fn into_found(self, id: AccountId, at: Option<Epoch>) -> Result<Found, ViewError> {
        let view_epoch = u64::try_from(self.as_of.ok_or(ViewError::NoProgress)?)?;
        let as_of = at.unwrap_or(view_epoch);
        let currency = self.currency.parse()?;
        let account = Account {
            id,
            customer_id: self.customer_id.map(CustomerId),
            account_type: self.r#type.parse()?,
            role: self.role.parse()?,
            currency,
            status: self.status.parse()?,
            frozen: self.frozen,
            balance_available: Money { minor: self.balance_minor.saturating_sub(self.held_minor), currency }.to_string(),
            epoch: u64::try_from(self.epoch)?,
            as_of: Some(as_of),
        };
        let (posted, held) = (Money { minor: self.balance_minor, currency }, Money { minor: self.held_minor, currency });
        Ok(Found { account, posted, held, as_of })
    }
}
