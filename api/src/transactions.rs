//! What became of this payment?

use crate::View;
use crate::failure::{Failure, ViewError, not_found};
use crate::freshness::{Freshness, Parameters, Past};
use axum::extract::{Path, State};
use axum::{Extension, Json};
use schemas::resource::Transaction;
use schemas::{
    AccountId, Caller, CommandId, Currency, CustomerId, Epoch, HoldId, Link, Money, OrderId, Problem, Scope, TransactionId, rfc3339,
};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

/// Which payments were there?
pub(crate) mod list;

#[derive(sqlx::FromRow)]
pub(crate) struct Row {
    id: Uuid,
    operation: String,
    account_debit: Uuid,
    account_credit: Uuid,
    amount_minor: i64,
    fee_minor: i64,
    currency: String,
    channel: String,
    reason: Option<String>,
    trace_id: String,
    pub(crate) hold_id: Option<Uuid>,
    original_transaction_id: Option<Uuid>,
    order_id: Option<Uuid>,
    effective_at: Option<i64>,
    batch_id: Option<Uuid>,
    pub(crate) epoch: i64,
}

#[derive(sqlx::FromRow)]
struct Seen {
    #[sqlx(flatten)]
    row: Row,
    payer: Option<Uuid>,
    payee: Option<Uuid>,
    as_of: Option<i64>,
}

/// Transactions as they are shown. An item of a batch goes by the id of the batch but for the last two bytes. An order says what came of it
/// in the epoch of the payment.
const ROWS: &str = "
    select t.id, t.operation, t.account_debit, t.account_credit, t.amount_minor, t.fee_minor, t.currency, t.channel,
           t.reason, t.trace_id, t.hold_id, t.original_transaction_id, t.epoch, o.order_id, o.effective_at, b.id as batch_id
    from (CHOSEN) t
    left join lateral (select order_id, effective_at from order_change
                       where order_change.transaction_id = t.id
                         and event_id >= first_id_of(EPOCH) and event_id < first_id_of(EPOCH + 1)
                       order by event_id desc
                       limit 1) o on true
    left join lateral (select id from batch
                       where id >= overlay(t.command_id::text placing '0000' from 33)::uuid
                         and id <= overlay(t.command_id::text placing 'ffff' from 33)::uuid
                       limit 1) b on true";

const SELECT: &str = "
    select s.*, debit.customer_id as payer, credit.customer_id as payee,
           (select greatest(epoch - 1, 0) from sink_progress where sink = 'views') as as_of
    from (ROWS) s
    left join account debit on debit.id = s.account_debit
    left join account credit on credit.id = s.account_credit";

/// Show a transaction
///
/// To whoever pays or is paid, and to staff.
#[utoipa::path(
    get, path = "/v1/transactions/{id}", tag = "Transactions",
    params(("id" = TransactionId, Path)),
    responses((status = 200, description = "The transaction, settled or failed.", body = Transaction)),
    security(("bearer" = ["transactions:read"])),
)]
pub(crate) async fn transaction(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Result<Json<Transaction>, Failure> {
    caller.require(Scope::TransactionsRead)?;
    let id: TransactionId = id.parse().map_err(|_| Problem::field("id", "expected a UUID"))?;
    let freshness = Freshness::read(parameters, Past::Not)?;
    if !freshness.wait(&view, id.epoch()).await? {
        return Err(not_found("transaction"));
    }
    let (row, as_of) = find(&view, &caller, id).await?;
    Ok(Json(Transaction { as_of: Some(as_of), ..row.into_transaction()? }))
}

/// The payments that a query chooses, as they are shown; `epoch` is that of each, where it is not known for all of them.
pub(crate) fn rows(chosen: &str, epoch: &str) -> String {
    ROWS.replace("CHOSEN", chosen).replace("EPOCH", epoch)
}

/// A transaction that the caller may see, and the epoch that it was read at.
pub(crate) async fn find(view: &View, caller: &Caller, id: TransactionId) -> Result<(Row, Epoch), Failure> {
    // The month of the id is all that is looked at.
    let query = SELECT.replace("ROWS", &rows("select * from transaction where transaction.id = $1", "$2"));
    let epoch = i64::try_from(id.epoch().unwrap_or_default()).map_err(ViewError::from)?;
    let seen: Option<Seen> = sqlx::query_as(AssertSqlSafe(query)).bind(id.0).bind(epoch).fetch_optional(&view.pool).await?;
    let Seen { row, as_of, .. } = seen.filter(|seen| seen.is_seen_by(caller)).ok_or_else(|| not_found("transaction"))?;
    let as_of = u64::try_from(as_of.ok_or(ViewError::NoProgress)?).map_err(ViewError::from)?;
    Ok((row, as_of))
}

impl Seen {
    fn is_seen_by(&self, caller: &Caller) -> bool {
        [self.payer, self.payee].into_iter().any(|owner| caller.may_see(owner.map(CustomerId)))
    }
}

impl Row {
    /// The currency of its amounts.
    pub(crate) fn currency(&self) -> Result<Currency, ViewError> {
        Ok(self.currency.parse()?)
    }

    /// By way of the decision, so that it looks exactly as the door answered it.
    fn into_transaction(self) -> Result<Transaction, ViewError> {
        let decided = self.decided()?;
        let effective_at = self.effective_at.map(u64::try_from).transpose()?.map(rfc3339);
        let (order_id, batch_id) = (self.order_id.map(OrderId), self.batch_id.map(CommandId));
        Ok(Transaction { order_id, effective_at, batch_id, ..Transaction::of(&decided, u64::try_from(self.epoch)?, &self.trace_id) })
    }

    /// As it was decided, but for the postings.
    pub(crate) fn decided(&self) -> Result<schemas::Transaction, ViewError> {
        Ok(schemas::Transaction {
            id: TransactionId(self.id),
            kind: self.operation.parse()?,
            account_debit: AccountId(self.account_debit),
            account_credit: AccountId(self.account_credit),
            amount: Money { minor: self.amount_minor, currency: self.currency.parse()? },
            fee_minor: self.fee_minor,
            channel: self.channel.parse()?,
            refusal: self.reason.as_ref().map(|reason| reason.parse()).transpose()?,
            link: match (self.hold_id, self.original_transaction_id) {
                (Some(hold), _) => Some(Link::Hold(HoldId(hold))),
                (None, original) => original.map(|original| Link::Original(TransactionId(original))),
            },
            postings: Vec::new(),
        })
    }
}
