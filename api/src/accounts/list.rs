//! Which accounts does a customer have, and what is in them?
//!
//! The oldest first. A customer asks for their own, staff for anybody's.

use super::Row;
use crate::View;
use crate::failure::{Failure, ViewError, not_found};
use crate::freshness::Parameters;
use crate::frozen::frozen_by;
use crate::page::Asked;
use axum::extract::State;
use axum::{Extension, Json};
use schemas::resource::Account;
use schemas::{AccountId, AccountStatus, AccountType, Actor, Caller, Currency, CustomerId, Epoch, Scope};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Accounts of a customer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Accounts {
    /// The oldest first.
    accounts: Vec<HeldAccount>,
    /// Where the next part begins: `cursor` of the next request; absent where this was the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
    /// The epoch that this was read at.
    #[schema(value_type = u64, example = 1_764_000_000_456_u64)]
    as_of: Epoch,
}

/// An account with its balance.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HeldAccount {
    #[serde(flatten)]
    account: Account,
    /// Credits less debits, as a decimal in the currency's exponent.
    #[schema(example = "12500")]
    balance_posted: String,
    /// What is held for payments that are to be captured.
    #[schema(example = "2500")]
    balance_held: String,
}

#[derive(sqlx::FromRow)]
struct Listed {
    id: Uuid,
    #[sqlx(flatten)]
    row: Row,
}

/// Where the status is one to look for, it is known first; all else is looked up for those that are told.
const SELECT: &str = concat!(
    "
    select listed.*,
           coalesce((select p.balance_minor
                     from posting p
                     where p.account_id = listed.id and p.epoch <= $2
                     order by p.epoch desc, p.number desc
                     limit 1), 0) as balance_minor,
           coalesce((select sum(h.held_minor)
                     from hold_change h
                     where h.account_debit = listed.id and h.epoch <= $2), 0)::bigint as held_minor
    from (select a.id, a.customer_id, a.type, a.role, a.currency, a.epoch, $2 as as_of, ",
    frozen_by!("a.customer_id", "a.id", "$2"),
    " as frozen,
                 coalesce((select s.status
                           from account_status s
                           where s.account_id = a.id and s.epoch <= $2
                           order by s.event_id desc
                           limit 1), a.status) as status
          from account a
          where a.customer_id = $1 and a.epoch <= $2 and a.id > $3
            and ($4::text is null or a.type = $4) and ($5::text is null or a.currency = $5)) listed
    where $6::text is null or listed.status = $6
    order by listed.id
    limit $7"
);

/// List the accounts of a customer
///
/// With what is in them, the oldest first, now or `at` a past epoch. A customer gets their own; staff says whose.
#[utoipa::path(
    get, path = "/v1/accounts", tag = "Accounts", operation_id = "list_accounts",
    params(
        ("customer_id" = Option<CustomerId>, Query, description = "Whose; the customer's own unless it is said, and staff has to."),
        ("status" = Option<AccountStatus>, Query, description = "Only those that stand so."),
        ("type" = Option<AccountType>, Query, description = "Only this product."),
        ("currency" = Option<Currency>, Query, description = "Only those in this currency."),
    ),
    responses((status = 200, description = "The accounts.", body = Accounts, example = json!({
        "accounts": [{
            "id": "019ab6f5-1c7b-7002-8000-000000000000", "customer_id": "019ab6f5-1c7b-7003-8000-000000000000", "type": "wallet",
            "role": "customer", "currency": "XOF", "status": "active", "balance_available": "10000", "epoch": 1_764_000_000_123_u64,
            "balance_posted": "12500", "balance_held": "2500",
        }],
        "as_of": 1_764_000_000_456_u64,
    }))),
    security(("bearer" = ["accounts:read"])),
)]
pub(crate) async fn accounts(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<Accounts>, Failure> {
    caller.require(Scope::AccountsRead)?;
    let mut asked = Asked::read(parameters, "/v1/accounts", &["customer_id", "status", "type", "currency"])?;
    let (status, of_type): (Option<AccountStatus>, Option<AccountType>) = (asked.word("status"), asked.word("type"));
    let (currency, after): (Option<Currency>, Option<AccountId>) = (asked.word("currency"), asked.after());
    let own = if let Actor::Customer(own) = caller.principal.actor() { own } else { None };
    let customer = asked.word::<CustomerId>("customer_id").or(own);
    if customer.is_none() && !asked.says("customer_id") {
        asked.wrong("customer_id", "is required: whose accounts?");
    }
    let page = asked.page()?;
    let customer = customer.filter(|customer| caller.may_see(Some(*customer))).ok_or_else(|| not_found("customer"))?;
    let as_of = view.stand(page.freshness, customer.epoch(), &[]).await?.ok_or_else(|| not_found("customer"))?;
    let at = i64::try_from(as_of).map_err(ViewError::from)?;
    let query = "select epoch from customer where id = $1 and epoch <= $2";
    let known: Option<i64> = sqlx::query_scalar(query).bind(customer.0).bind(at).fetch_optional(&view.pool).await?;
    known.ok_or_else(|| not_found("customer"))?;
    let rows: Vec<Listed> = sqlx::query_as(SELECT)
        .bind(customer.0)
        .bind(at)
        .bind(after.map_or(Uuid::nil(), |after| after.0))
        .bind(of_type.map(AccountType::as_str))
        .bind(currency.map(Currency::code))
        .bind(status.map(AccountStatus::as_str))
        .bind(page.rows())
        .fetch_all(&view.pool)
        .await?;
    let more = rows.len() > page.limit;
    let accounts = rows.into_iter().take(page.limit).map(Listed::into_account).collect::<Result<Vec<_>, ViewError>>()?;
    let next_cursor = accounts.last().filter(|_| more).map(|held| page.cursor(as_of, held.account.id));
    Ok(Json(Accounts { accounts, next_cursor, as_of }))
}

impl Listed {
    fn into_account(self) -> Result<HeldAccount, ViewError> {
        let found = self.row.into_found(AccountId(self.id), None)?;
        let account = Account { as_of: None, ..found.account };
        Ok(HeldAccount { account, balance_posted: found.posted.to_string(), balance_held: found.held.to_string() })
    }
}
