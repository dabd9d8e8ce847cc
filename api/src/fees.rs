//! What would this payment cost?
//!
//! In: a payment that nobody has asked for. Out: its fee by the tariffs that hold, found as the ledger finds it. Nothing is
//! written and nothing is promised: until the payment is decided, a tariff, a level or the operations of the month may be
//! others, and whether it would be refused is not looked at.

use crate::View;
use crate::failure::{Failure, ViewError, not_found, unread};
use crate::freshness::{Freshness, Parameters, Past};
use crate::tariffs::{self, Version};
use crate::terms::unreadable;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::{Extension, Json};
use schemas::epoch::LAST_EPOCH;
use schemas::money::Unreadable;
use schemas::problem::FieldError;
use schemas::{
    AccountId, Bearer, Borne, Caller, Channel, Currency, CustomerId, Epoch, KycLevel, Money, PaymentKind, Priced, Problem, Role,
};
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use utoipa::ToSchema;
use uuid::Uuid;

/// The first version of the rules that knows fees, and keeps the type of an account for them.
const SINCE: i64 = 4;

/// A payment to price.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"operation": "transfer", "channel": "wallet", "currency": "XOF", "amount": "12500",
                          "account_debit": "019ab6f5-1c7b-7002-8000-000000000000",
                          "account_credit": "019ab6f5-1c7b-7002-8000-000000000001"}))]
pub(crate) struct QuoteRequest {
    /// What the payment is for.
    #[schema(pattern = "^(deposit|withdrawal|transfer|merchant_payment|bill_payment)$", example = "transfer")]
    operation: String,
    /// Through which channel; `wallet` by default.
    #[schema(value_type = Option<Channel>)]
    channel: Option<String>,
    /// Of what.
    #[schema(value_type = Currency)]
    currency: String,
    /// How much.
    #[schema(pattern = "^[0-9]+(\\.[0-9]+)?$", example = "12500")]
    amount: String,
    /// Who pays; without one the bank, which bears no fee.
    #[schema(value_type = Option<AccountId>)]
    account_debit: Option<String>,
    /// Who is paid; without one the bank, which bears no fee.
    #[schema(value_type = Option<AccountId>)]
    account_credit: Option<String>,
    /// At which epoch, past or planned; at that of the view without one.
    #[schema(value_type = Option<u64>, example = 1_764_000_000_123_u64)]
    at: Option<Epoch>,
}

/// What a payment would cost.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Quote {
    /// What the payment is for.
    operation: PaymentKind,
    /// Through which channel.
    channel: Channel,
    /// Of what.
    currency: Currency,
    /// How much, as a decimal in the currency's exponent.
    #[schema(example = "12500")]
    amount: String,
    /// The fee; zero where no tariff applies, or the operation is one that the month has free.
    #[schema(example = "125")]
    fee: String,
    /// Who bears it; absent where no tariff applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    bearer: Option<Bearer>,
    /// The code of the tariff; absent where none applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "transfer-xof")]
    tariff: Option<String>,
    /// What the payer's account would lose.
    #[schema(example = "12625")]
    total_debited: String,
    /// What the payee's account would gain.
    #[schema(example = "12500")]
    total_credited: String,
    /// The epoch of the view that this was read from.
    #[schema(value_type = u64, example = 1_764_000_000_456_u64)]
    as_of: Epoch,
}

/// A request that was understood.
struct Asked {
    operation: PaymentKind,
    channel: Channel,
    amount: Money,
    payer: Option<AccountId>,
    payee: Option<AccountId>,
    at: Option<Epoch>,
}

#[derive(sqlx::FromRow)]
struct Party {
    role: String,
    r#type: String,
    currency: String,
    customer_id: Option<Uuid>,
    level: Option<String>,
    rules: i64,
}

/// An account as of $2. The ledger knows the type of those that were opened by rules that know fees. By which an account was
/// opened before anybody activated any is not written down: by older ones, if some were activated later.
const PARTY: &str = "
    select a.role, a.type, a.currency, a.customer_id,
           (select l.level from customer_level l where l.customer_id = a.customer_id and l.epoch <= $2
            order by l.event_id desc limit 1) as level,
           coalesce((select version from rules_activation where epoch < a.epoch order by event_id desc limit 1),
                    (select 0 from rules_activation limit 1), $3) as rules
    from account a where a.id = $1 and a.epoch <= $2";

/// The rules that decide at $1; where nobody activated any, they are the newest.
const RULES: &str = "select coalesce((select version from rules_activation where epoch < $1 order by event_id desc limit 1), $2)";

/// How many payments an account has made in the month of $2, by then: those that settled at once, and those that were
/// reserved, but for holds that were given back whole.
const PAID: &str = "
    with month as (select (extract(epoch from date_trunc('month', to_timestamp($2::bigint / 1000.0) at time zone 'UTC')
                                              at time zone 'UTC') * 1000)::bigint as first)
    select count(*) from (
        select from month, posting p
        cross join lateral (select * from transaction where transaction.id = p.transaction_id offset 0) t
        where p.account_id = $1 and p.epoch between month.first and $2
          and t.account_debit = $1 and t.hold_id is null and t.original_transaction_id is null
        union all
        select from month, hold_change h
        where h.account_debit = $1 and h.epoch between month.first and $2 and h.change = 'reserved'
          and h.event_id >= first_id_of(month.first) and h.event_id < first_id_of($2 + 1)
          and not exists (select 1 from hold_change given_back
                          where given_back.hold_id = h.hold_id and given_back.epoch <= $2 and given_back.event_id > h.event_id
                            and given_back.change in ('released', 'expired') and given_back.amount_minor = h.amount_minor)
        limit $3
    ) counted";

/// How many it was paid, out of holds or not.
const WAS_PAID: &str = "
    with month as (select (extract(epoch from date_trunc('month', to_timestamp($2::bigint / 1000.0) at time zone 'UTC')
                                              at time zone 'UTC') * 1000)::bigint as first)
    select count(*) from (
        select from month, posting p
        cross join lateral (select * from transaction where transaction.id = p.transaction_id offset 0) t
        where p.account_id = $1 and p.epoch between month.first and $2
          and t.account_credit = $1 and t.original_transaction_id is null
        limit $3
    ) counted";

/// Ask what a payment would cost
///
/// By the tariffs in force. It is a read, so it needs no key and is answered at once; and it is no promise: the fee is decided
/// with the payment, by what holds then. Neither limits nor balances are looked at. Of the accounts that are named, one must be
/// the caller's.
#[utoipa::path(
    post, path = "/v1/fees/quote", tag = "Policies", request_body = QuoteRequest,
    responses((status = 200, description = "The fee.", body = Quote)),
    security(("bearer" = [])),
)]
pub(crate) async fn quote(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
    body: Result<Json<QuoteRequest>, JsonRejection>,
) -> Result<Json<Quote>, Failure> {
    let freshness = Freshness::read(parameters, Past::Not)?;
    let asked = read(body)?;
    freshness.wait(&view, None).await?;
    for account in [asked.payer, asked.payee].into_iter().flatten() {
        if !Freshness::default().wait(&view, account.epoch()).await? {
            return Err(not_found("account"));
        }
    }
    let as_of = view.as_of().await?;
    let at = asked.at.unwrap_or(as_of);
    let (payer, payee) = (party(&view, asked.payer, at).await?, party(&view, asked.payee, at).await?);
    let mut named = [&payer, &payee].into_iter().flatten().peekable();
    if named.peek().is_some() && !named.any(|party| caller.may_see(party.customer_id.map(CustomerId))) {
        return Err(not_found("account"));
    }
    let currency = asked.amount.currency;
    for (pointer, party) in [("/account_debit", &payer), ("/account_credit", &payee)] {
        if let Some(party) = party.as_ref().filter(|party| party.currency != currency.code()) {
            return Err(Problem::field(pointer, format!("is held in {}", party.currency)).into());
        }
    }
    let priced = Priced {
        operation: asked.operation,
        channel: asked.channel,
        currency,
        payer: payer.as_ref().map(Party::borne).transpose()?.flatten(),
        payee: payee.as_ref().map(Party::borne).transpose()?.flatten(),
    };
    let tariff = tariff(&view, as_of, at, &priced).await?;
    let fee_minor = match &tariff {
        Some(version) => fee_minor(&view, at, version, &asked).await?,
        None => 0,
    };
    let quote = asked.quote(tariff.map(|version| version.tariff), fee_minor, as_of);
    Ok(Json(quote.ok_or_else(|| Problem::field("/amount", "is too large with its fee"))?))
}

/// The tariff of a payment at an epoch, if any.
async fn tariff(view: &View, as_of: Epoch, at: Epoch, priced: &Priced) -> Result<Option<Version>, ViewError> {
    let rules: i64 = sqlx::query_scalar(RULES).bind(i64::try_from(at)?).bind(SINCE).fetch_one(&view.pool).await?;
    if rules < SINCE {
        return Ok(None);
    }
    let versions = tariffs::versions(view, as_of.min(at), at, None).await?;
    let apply = versions.into_iter().filter(|version| version.holds(at) && version.tariff.applies(priced));
    Ok(apply.max_by(|one, other| one.tariff.rank().cmp(&other.tariff.rank())))
}

async fn fee_minor(view: &View, at: Epoch, Version { tariff, .. }: &Version, asked: &Asked) -> Result<i64, ViewError> {
    let (query, bearer) = match tariff.bearer {
        Bearer::Payer => (PAID, asked.payer),
        Bearer::Payee => (WAS_PAID, asked.payee),
    };
    if let Some(bearer) = bearer.filter(|_| tariff.free_per_month > 0) {
        // More than are free need not be counted.
        let free = i64::from(tariff.free_per_month);
        let counted: i64 = sqlx::query_scalar(query).bind(bearer.0).bind(i64::try_from(at)?).bind(free).fetch_one(&view.pool).await?;
        if counted < free {
            return Ok(0);
        }
    }
    let fee_minor = tariff.fee_minor(asked.amount.minor);
    Ok(match tariff.bearer {
        Bearer::Payer => fee_minor,
        Bearer::Payee => fee_minor.min(asked.amount.minor),
    })
}

/// An account that is named. It need not have been there at an epoch of the past, and at one to come it is what it is now.
async fn party(view: &View, id: Option<AccountId>, at: Epoch) -> Result<Option<Party>, Failure> {
    let Some(id) = id else { return Ok(None) };
    let at = i64::try_from(at).map_err(ViewError::from)?;
    let party: Option<Party> = sqlx::query_as(PARTY).bind(id.0).bind(at).bind(SINCE).fetch_optional(&view.pool).await?;
    Ok(Some(party.ok_or_else(|| not_found("account"))?))
}

impl Party {
    /// What a tariff looks at; none of the house.
    fn borne(&self) -> Result<Option<Borne>, ViewError> {
        if self.role.parse::<Role>()? == Role::House {
            return Ok(None);
        }
        let account_type = if self.rules < SINCE { None } else { Some(self.r#type.parse()?) };
        let level = self.level.as_ref().map_or(Ok(KycLevel::Unidentified), |level| level.parse())?;
        Ok(Some(Borne { account_type, level }))
    }
}

impl Asked {
    /// The answer; none where a sum leaves the range of money.
    fn quote(&self, tariff: Option<schemas::Tariff>, fee_minor: i64, as_of: Epoch) -> Option<Quote> {
        let Money { minor, currency } = self.amount;
        let bearer = tariff.as_ref().map(|tariff| tariff.bearer);
        let (debited, credited) = match bearer {
            Some(Bearer::Payer) => (minor.checked_add(fee_minor)?, minor),
            Some(Bearer::Payee) => (minor, minor.checked_sub(fee_minor)?),
            None => (minor, minor),
        };
        let text = |minor| Money { minor, currency }.to_string();
        Some(Quote {
            operation: self.operation,
            channel: self.channel,
            currency,
            amount: text(minor),
            fee: text(fee_minor),
            bearer,
            tariff: tariff.map(|tariff| tariff.code),
            total_debited: text(debited),
            total_credited: text(credited),
            as_of,
        })
    }
}

/// Reads the body; every bad field is named.
#[allow(clippy::result_large_err, reason = "a problem is made once a request, and ends it")]
fn read(body: Result<Json<QuoteRequest>, JsonRejection>) -> Result<Asked, Problem> {
    let Json(request) = body.map_err(unread)?;
    let mut errors = Vec::new();
    let operation = word("/operation", Some(&request.operation), &mut errors);
    if operation.is_some_and(|kind| !PaymentKind::ASKED.contains(&kind)) {
        wrong::<()>("/operation", "is not asked for by itself, and costs nothing".to_owned(), &mut errors);
    }
    let channel = word("/channel", request.channel.as_ref(), &mut errors);
    let currency = word("/currency", Some(&request.currency), &mut errors);
    let amount = currency.and_then(|currency| match Money::parse(&request.amount, currency) {
        Ok(amount) if amount.minor > 0 => Some(amount),
        Ok(_) => wrong("/amount", "must be greater than zero".to_owned(), &mut errors),
        Err(error) => wrong("/amount", format!("expected {}", error.expected), &mut errors),
    });
    let payer = word("/account_debit", request.account_debit.as_ref(), &mut errors);
    let payee = word("/account_credit", request.account_credit.as_ref(), &mut errors);
    if request.at.is_some_and(|at| at > LAST_EPOCH) {
        wrong::<()>("/at", "expected an epoch before the year 10000".to_owned(), &mut errors);
    }
    match (operation, amount) {
        (Some(operation), Some(amount)) if errors.is_empty() => {
            Ok(Asked { operation, channel: channel.unwrap_or(Channel::Wallet), amount, payer, payee, at: request.at })
        }
        _ => Err(Problem::fields(errors)),
    }
}

fn word<T: FromStr<Err = Unreadable>>(pointer: &str, text: Option<&String>, errors: &mut Vec<FieldError>) -> Option<T> {
    match text?.parse() {
        Ok(word) => Some(word),
        Err(error) => {
            errors.extend(unreadable(pointer, &error).errors);
            None
        }
    }
}

fn wrong<T>(pointer: &str, detail: String, errors: &mut Vec<FieldError>) -> Option<T> {
    errors.push(FieldError { pointer: pointer.to_owned(), detail });
    None
}
