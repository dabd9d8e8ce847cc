//! Which payments were there, the newest first?
//!
//! In: what they must be. Out: a part of them; to staff all, to a customer those of their own accounts, on either side. Ids sort by
//! the order of the decisions and carry their epoch, so a part is a range of ids.
//!
//! A part is bounded work, whatever is looked for: it looks through no more than `LOOKED_MAX` payments of an account, of a reason,
//! of those that give back or of the bank. Then it ends with what it has found, and the next goes on from there. A trace is looked
//! through whole: it is one request, or a few.

use super::Row;
use crate::failure::{Failure, ViewError, not_found};
use crate::freshness::Parameters;
use crate::page::Asked;
use crate::{View, accounts};
use axum::extract::State;
use axum::{Extension, Json};
use schemas::resource::Transaction;
use schemas::{
    AccountId, Actor, Caller, Channel, Currency, CustomerId, Epoch, Money, PaymentKind, Refusal, Scope, TransactionId, TransactionStatus,
};
use serde::Serialize;
use sqlx::{Postgres, QueryBuilder};
use utoipa::ToSchema;
use uuid::Uuid;

/// How many payments a part looks through for those that are asked for.
const LOOKED_MAX: i64 = 20_000;

/// Payments.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Transactions {
    /// The newest first. There may be fewer than `limit`, even none, where they are rare among all that had to be looked through.
    transactions: Vec<Transaction>,
    /// Where the next part begins: `cursor` of the next request; absent where this was the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
    /// The epoch that this was read at.
    #[schema(value_type = u64, example = 1_764_000_000_456_u64)]
    as_of: Epoch,
}

/// What the payments must be.
#[derive(Debug, Default)]
struct Filter {
    trace_id: Option<String>,
    reason: Option<Refusal>,
    operation: Option<PaymentKind>,
    status: Option<TransactionStatus>,
    channel: Option<Channel>,
    currency: Option<Currency>,
    least_minor: Option<i64>,
    most_minor: Option<i64>,
}

/// Where they are looked for: a range of ids, the upper end exclusive, of some accounts or of all.
#[derive(Debug)]
struct Ground {
    accounts: Option<Vec<Uuid>>,
    from: Uuid,
    to: Uuid,
}

/// What gives them in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Index {
    /// The trace.
    Trace,
    /// The postings of each account; and where money did not move, the failures of either side.
    Accounts,
    /// Why they failed.
    Reason,
    /// That they give something back.
    Back,
    /// Their ids.
    Ids,
}

/// One of the queries that an index is asked.
#[derive(Clone, Copy, Debug)]
struct Branch {
    /// Of the postings of an account; else of transactions.
    posted: bool,
    select: &'static str,
    order: &'static str,
}

const ALL: &[Branch] = &[of_transactions("select t.id from transaction t where ")];

const BY_ACCOUNT: &[Branch] = &[
    Branch {
        posted: true,
        // The transaction is looked up for each, by `offset 0`: however rare what is sought may be, they are not all read for it.
        select:
            "select t.id from posting p cross join lateral (select * from transaction where transaction.id = p.transaction_id offset 0) t
                 where p.account_id = a.id and ",
        order: " order by p.epoch desc, p.number desc limit ",
    },
    of_transactions("select t.id from transaction t where t.account_debit = a.id and t.reason is not null and "),
    of_transactions("select t.id from transaction t where t.account_credit = a.id and t.reason is not null and "),
];

const fn of_transactions(select: &'static str) -> Branch {
    Branch { posted: false, select, order: " order by t.id desc limit " }
}

/// Most legs of a transaction, which may all be of one account.
const LEGS_MAX: i64 = 3;

const FILTERS: &[&str] =
    &["account", "operation", "status", "channel", "currency", "amount_min", "amount_max", "from", "to", "reason", "trace_id"];

/// List transactions
///
/// The newest first, now or `at` a past epoch: to staff all, to a customer those of their own accounts.
#[utoipa::path(
    get, path = "/v1/transactions", tag = "Transactions", operation_id = "list_transactions",
    params(
        ("account" = Option<AccountId>, Query, description = "Only those that it paid or was paid, or would have, or of which it took the fee."),
        ("operation" = Option<PaymentKind>, Query, description = "Only those for this."),
        ("status" = Option<TransactionStatus>, Query, description = "Only those that stand so."),
        ("channel" = Option<Channel>, Query, description = "Only those through this channel."),
        ("currency" = Option<Currency>, Query, description = "Only those in this currency."),
        ("amount_min" = Option<String>, Query, description = "Only those of so much or more; needs `currency`.", example = "1000"),
        ("amount_max" = Option<String>, Query, description = "Only those of so much or less; needs `currency`.", example = "12500"),
        ("from" = Option<String>, Query, description = "Only those since this moment: an epoch, or RFC 3339 in UTC.", example = "2025-11-01T00:00:00Z"),
        ("to" = Option<String>, Query, description = "Only those before this moment, which is not beyond now.", example = "2025-12-01T00:00:00Z"),
        ("reason" = Option<Refusal>, Query, description = "Only those that failed for this reason."),
        ("trace_id" = Option<String>, Query, description = "Only those of this W3C trace.", pattern = "^[0-9a-f]{32}$", example = "4bf92f3577b34da6a3ce929d0e0e4736"),
    ),
    responses((status = 200, description = "The transactions.", body = Transactions, example = json!({
        "transactions": [{
            "id": "019ab6f5-1c7b-7001-8000-000000000000", "operation": "transfer", "status": "settled",
            "account_debit": "019ab6f5-1c7b-7002-8000-000000000000", "account_credit": "019ab6f5-1c7b-7002-8000-000000000001",
            "amount": "12500", "currency": "XOF", "channel": "wallet", "charged_fee": "0", "settled_at": "2025-11-24T16:00:00.123Z",
            "epoch": 1_764_000_000_123_u64, "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        }],
        "as_of": 1_764_000_000_456_u64,
    }))),
    security(("bearer" = ["transactions:read"])),
)]
pub(crate) async fn transactions(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<Transactions>, Failure> {
    caller.require(Scope::TransactionsRead)?;
    let mut asked = Asked::read(parameters, "/v1/transactions", FILTERS)?;
    let filter = Filter::read(&mut asked);
    let (account, after): (Option<AccountId>, Option<TransactionId>) = (asked.word("account"), asked.after());
    let (from, to) = (asked.moment("from"), asked.moment("to"));
    let named = asked.range(from, to);
    let page = asked.page()?;
    let as_of = view.stand(page.freshness, account.and_then(AccountId::epoch), &named).await?.ok_or_else(|| not_found("account"))?;
    let first = |epoch| TransactionId::mint(epoch, 0);
    let to = first(to.unwrap_or(as_of + 1).min(as_of + 1));
    let ground = Ground {
        accounts: accounts_of(&view, &caller, account, as_of).await?,
        from: first(from.unwrap_or_default()).0,
        to: after.map_or(to, |after| after.min(to)).0,
    };
    let index = ground.index(&filter);
    let floor = ground.floor(&view, &filter, index).await?;
    let rows: Vec<Row> = ground.select(&filter, index, floor, page.rows()).build_query_as().persistent(false).fetch_all(&view.pool).await?;
    let more = rows.len() > page.limit;
    let transactions = rows.into_iter().take(page.limit).map(Row::into_transaction).collect::<Result<Vec<_>, ViewError>>()?;
    let next = if more { transactions.last().map(|transaction| transaction.id) } else { floor.map(TransactionId) };
    Ok(Json(Transactions { transactions, next_cursor: next.map(|id| page.cursor(as_of, id)), as_of }))
}

/// The accounts whose payments the caller may see and asks for; none for all of the bank's.
async fn accounts_of(view: &View, caller: &Caller, account: Option<AccountId>, as_of: Epoch) -> Result<Option<Vec<Uuid>>, Failure> {
    if let Some(account) = account {
        accounts::seen(view, caller, account, as_of).await?;
        return Ok(Some(vec![account.0]));
    }
    let Actor::Customer(own) = caller.principal.actor() else { return Ok(None) };
    let query = "select id from account where customer_id = $1 and epoch <= $2";
    let at = i64::try_from(as_of).map_err(ViewError::from)?;
    Ok(Some(sqlx::query_scalar(query).bind(own.map(|CustomerId(id)| id)).bind(at).fetch_all(&view.pool).await?))
}

impl Filter {
    fn read(asked: &mut Asked) -> Self {
        let currency = asked.word("currency");
        let currency_at_fault = currency.is_none() && asked.says("currency");
        let mut minor = |name| {
            if currency.is_none() && !currency_at_fault && asked.says(name) {
                asked.wrong(name, "needs currency: of what?");
            }
            let currency: Currency = currency?;
            let read = |text: &str| Money::parse(text, currency).map_err(|unreadable| format!("expected {}", unreadable.expected));
            asked.take(name, |text| read(text).map(|money| money.minor))
        };
        let (least_minor, most_minor) = (minor("amount_min"), minor("amount_max"));
        let hexadecimal = |text: &str| text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let trace =
            |text: &str| Some(text.to_owned()).filter(|text| hexadecimal(text)).ok_or_else(|| "expected 32 of 0-9 and a-f".to_owned());
        Self {
            trace_id: asked.take("trace_id", trace),
            reason: asked.word("reason"),
            operation: asked.word("operation"),
            status: asked.word("status"),
            channel: asked.word("channel"),
            currency,
            least_minor,
            most_minor,
        }
    }

    /// Every column that must have a word, and what that leads to by itself.
    fn words(&self) -> impl Iterator<Item = (Index, &'static str, &str)> {
        let back = matches!(self.operation, Some(PaymentKind::Refund | PaymentKind::Reversal));
        [
            (Index::Trace, "trace_id", self.trace_id.as_deref()),
            (Index::Reason, "reason", self.reason.map(Refusal::as_str)),
            (if back { Index::Back } else { Index::Ids }, "operation", self.operation.map(PaymentKind::as_str)),
            (Index::Ids, "status", self.status.map(TransactionStatus::as_str)),
            (Index::Ids, "channel", self.channel.map(Channel::as_str)),
            (Index::Ids, "currency", self.currency.map(Currency::code)),
        ]
        .into_iter()
        .filter_map(|(index, column, word)| Some((index, column, word?)))
    }
}

impl Ground {
    fn index(&self, filter: &Filter) -> Index {
        let leads = |index| filter.words().any(|(leads, ..)| leads == index);
        match self.accounts {
            _ if leads(Index::Trace) => Index::Trace,
            Some(_) => Index::Accounts,
            None => [Index::Reason, Index::Back].into_iter().find(|index| leads(*index)).unwrap_or(Index::Ids),
        }
    }

    /// The last payment that is looked at; none where everything down to the end of the range is, or nothing has to be looked for.
    async fn floor(&self, view: &View, filter: &Filter, index: Index) -> Result<Option<Uuid>, ViewError> {
        let sought = filter.words().any(|(leads, ..)| leads != index || index == Index::Ids);
        let sought = sought || filter.least_minor.is_some() || filter.most_minor.is_some();
        if index == Index::Trace || !sought {
            return Ok(None);
        }
        let mut query = QueryBuilder::new("select f.id from (");
        self.push_branches(&mut query, index, |query, branch| {
            if branch.posted {
                // The index alone says which posting that is, and only that one is looked up.
                query.push("select q.transaction_id as id from (select p.epoch, p.number from posting p where p.account_id = a.id and ");
                self.push_epochs(query, self.from).push(branch.order).push("1 offset ").push(LOOKED_MAX - 1);
                query.push(") last join posting q on q.account_id = a.id and q.epoch = last.epoch and q.number = last.number");
            } else {
                self.push_range(query.push(branch.select), filter, index, self.from);
                query.push(branch.order).push("1 offset ").push(LOOKED_MAX - 1);
            }
        });
        query.push(") f order by f.id desc limit 1");
        let floor: Option<Uuid> = query.build_query_scalar().persistent(false).fetch_optional(&view.pool).await?;
        // Postings of the last epoch may be of payments that were told.
        Ok(floor.filter(|floor| *floor < self.to))
    }

    /// How many there are, and in which months, decides how they are best had, so each time is planned by itself, here and above: values
    /// stand in the text, as Postgres would write them.
    fn select(&self, filter: &Filter, index: Index, floor: Option<Uuid>, rows: i64) -> QueryBuilder<Postgres> {
        let shown = super::rows("CHOSEN", "t.epoch");
        let (before, after) = shown.split_once("CHOSEN").expect("the text has it");
        let mut query = QueryBuilder::new(before);
        query.push("select x.* from (select s.id from (");
        self.push_branches(&mut query, index, |query, branch| {
            let from = floor.unwrap_or(self.from);
            query.push(branch.select);
            if branch.posted {
                self.push_epochs(query, from).push(" and ");
            }
            self.push_range(query, filter, index, from);
            self.push_filter(query, filter, index);
            query.push(branch.order).push(rows * LEGS_MAX);
        });
        query.push(") s group by s.id order by s.id desc limit ").push(rows);
        query.push(") c cross join lateral (select * from transaction where transaction.id = c.id and transaction.id >= ");
        query.push(id(self.from)).push(" and transaction.id < ").push(id(self.to)).push(" offset 0) x");
        query.push(after).push(" order by t.id desc");
        query
    }

    /// The branches of an index, for each account if it is by account.
    fn push_branches(&self, query: &mut QueryBuilder<Postgres>, index: Index, push: impl Fn(&mut QueryBuilder<Postgres>, Branch)) {
        let Some(accounts) = self.accounts.as_ref().filter(|_| index == Index::Accounts) else {
            return ALL.iter().for_each(|branch| push(query, *branch));
        };
        query.push("select b.id from unnest(").push(ids(accounts)).push(") a (id) cross join lateral (");
        for (number, branch) in BY_ACCOUNT.iter().enumerate() {
            query.push(if number == 0 { "(" } else { " union all (" });
            push(query, *branch);
            query.push(")");
        }
        query.push(") b");
    }

    /// Postings stand in the order of their epochs, which an id begins with.
    fn push_epochs<'q>(&self, query: &'q mut QueryBuilder<Postgres>, from: Uuid) -> &'q mut QueryBuilder<Postgres> {
        let [first, last] = [from, self.to].map(|id| i64::try_from(id.as_u64_pair().0 >> 16).expect("48 bits fit an i64"));
        query.push("p.epoch >= ").push(first).push(" and p.epoch <= ").push(last)
    }

    /// What the index sees to.
    fn push_range(&self, query: &mut QueryBuilder<Postgres>, filter: &Filter, index: Index, from: Uuid) {
        query.push("t.id >= ").push(id(from)).push(" and t.id < ").push(id(self.to));
        for (_, column, word) in filter.words().filter(|(leads, ..)| *leads == index && index != Index::Ids) {
            query.push(" and t.").push(column).push(" = ").push(quoted(word));
        }
        if index == Index::Back {
            query.push(" and t.original_transaction_id is not null");
        }
    }

    /// What it does not.
    fn push_filter(&self, query: &mut QueryBuilder<Postgres>, filter: &Filter, index: Index) {
        for (_, column, word) in filter.words().filter(|(leads, ..)| *leads != index || index == Index::Ids) {
            query.push(" and t.").push(column).push(" = ").push(quoted(word));
        }
        for (comparison, minor) in [(">=", filter.least_minor), ("<=", filter.most_minor)] {
            if let Some(minor) = minor {
                query.push(" and t.amount_minor ").push(comparison).push(" ").push(minor);
            }
        }
        if let (Index::Trace, Some(accounts)) = (index, &self.accounts) {
            query.push(" and (t.account_debit = any(").push(ids(accounts));
            query.push(") or t.account_credit = any(").push(ids(accounts));
            query.push(") or exists (select 1 from posting p where p.account_id = any(").push(ids(accounts));
            query.push(") and p.epoch = t.epoch and p.transaction_id = t.id))");
        }
    }
}

fn id(id: Uuid) -> String {
    format!("'{id}'::uuid")
}

fn ids(ids: &[Uuid]) -> String {
    format!("'{{{}}}'::uuid[]", ids.iter().map(Uuid::to_string).collect::<Vec<_>>().join(","))
}

fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "''"))
}
