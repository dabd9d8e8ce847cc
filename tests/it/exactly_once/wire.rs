//! The API as these clients speak it: requests out, outcomes back.

use super::asked::{Asked, Setting};
use super::evidence::{named, rules};
use super::history::{Item, Least, Outcome};
use orion::config::Auth;
use reqwest::{Client, RequestBuilder};
use schemas::{AccountId, BatchMode, CommandId, Epoch, HoldId, OrderId, PaymentKind, StatusChange, rfc3339};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// Who these clients are: one member of staff, so that all their keys are in one space.
const SUBJECT: &str = "exactly-once";
const SCOPE: &str = "operator customers:write customers:read accounts:write accounts:read transactions:write transactions:read rules:write";

/// A door to ask.
pub(crate) struct Http {
    base: String,
    token: String,
    client: Client,
}

impl Http {
    pub(crate) fn new(base: &str, auth: &Auth) -> anyhow::Result<Self> {
        let client = Client::builder().pool_max_idle_per_host(16).build()?;
        // The clock of a run may be set back and forth by hours.
        let token = orion::token::sign(auth, SUBJECT, SCOPE, 24 * 3600)?;
        Ok(Self { base: base.to_owned(), token, client })
    }

    /// The id of a command, the same for every attempt under its key.
    pub(crate) fn command_id(&self, key: &str, asked: &Asked) -> CommandId {
        CommandId::derive(SUBJECT, asked.operation().name(), key)
    }

    pub(crate) async fn command(&self, key: &str, asked: &Asked, prefer: Option<&str>, patience: Duration) -> Outcome {
        let (path, body) = body(asked);
        let mut request = self.client.post(format!("{}{path}", self.base)).header("Idempotency-Key", key).json(&body).timeout(patience);
        if let Some(prefer) = prefer {
            request = request.header("Prefer", prefer);
        }
        let Some(answer) = self.send(request).await else { return Outcome::Unknown };
        // Only the newer operations can be unknown.
        let fits = match answer.status {
            200 | 201 => answer.status == status(asked),
            409 => asked.operation().since() > 1,
            _ => true,
        };
        let said = match (asked, answer.status) {
            (Asked::Batch { .. }, 200) => batch(asked, &answer),
            // An order that waits, and no command that does.
            (Asked::Order { .. }, 202) if answer.body["status"] == "scheduled" => done(&answer),
            _ => decided(&answer),
        };
        said.filter(|_| fits).unwrap_or_else(|| odd(&answer))
    }

    pub(crate) async fn balance(&self, account: AccountId, at_least: Option<Least>) -> Outcome {
        self.read(&format!("/v1/accounts/{account}/balance"), at_least, |body| {
            Some(Outcome::Balance {
                minor: minor(body, "balance_posted")?,
                held: minor(body, "balance_held")?,
                available: minor(body, "balance_available")?,
                as_of: body["as_of"].as_u64()?,
            })
        })
        .await
    }

    pub(crate) async fn transaction(&self, id: Uuid) -> Outcome {
        self.read(&format!("/v1/transactions/{id}"), None, |body| {
            Some(Outcome::Transaction {
                settled: body["status"] == "settled",
                minor: minor(body, "amount")?,
                fee: minor(body, "charged_fee")?,
                epoch: body["epoch"].as_u64()?,
                as_of: body["as_of"].as_u64()?,
            })
        })
        .await
    }

    pub(crate) async fn hold(&self, id: HoldId) -> Outcome {
        self.read(&format!("/v1/holds/{id}"), None, |body| {
            Some(Outcome::Hold {
                status: body["status"].as_str()?.to_owned(),
                minor: minor(body, "amount")?,
                fee: minor(body, "held_fee")?,
                epoch: body["epoch"].as_u64()?,
                as_of: body["as_of"].as_u64()?,
            })
        })
        .await
    }

    pub(crate) async fn order(&self, id: OrderId) -> Outcome {
        self.read(&format!("/v1/orders/{id}"), None, |body| {
            Some(Outcome::Order {
                status: body["status"].as_str()?.to_owned(),
                transaction: body["transaction_id"].as_str().and_then(|id| id.parse().ok()),
                epoch: body["epoch"].as_u64()?,
                as_of: body["as_of"].as_u64()?,
            })
        })
        .await
    }

    pub(crate) async fn operation(&self, id: CommandId) -> Outcome {
        self.read(&format!("/v1/operations/{id}"), None, |body| {
            let resource = body["resource"].as_str().and_then(at);
            let reason = body["reason"].as_str().map(str::to_owned);
            Some(Outcome::Operation { status: body["status"].as_str()?.to_owned(), resource, reason, epoch: body["epoch"].as_u64() })
        })
        .await
    }

    async fn read(&self, path: &str, at_least: Option<Least>, shown: impl Fn(&Value) -> Option<Outcome>) -> Outcome {
        let least = at_least.map(|least| format!("?at_least={}", least.text())).unwrap_or_default();
        let request = self.client.get(format!("{}{path}{least}", self.base)).timeout(Duration::from_secs(6));
        let Some(answer) = self.send(request).await else { return Outcome::NotNow };
        match answer.status {
            200 => shown(&answer.body).unwrap_or_else(|| odd(&answer)),
            404 => Outcome::Missing,
            503 => Outcome::NotNow,
            _ => odd(&answer),
        }
    }

    /// The answer, whole; none if there is none.
    async fn send(&self, request: RequestBuilder) -> Option<Answer> {
        let response = request.bearer_auth(&self.token).send().await.ok()?;
        let (status, headers) = (response.status().as_u16(), response.headers());
        let replayed = headers.contains_key("Idempotency-Replayed");
        let epoch = headers.get("Orion-Epoch").and_then(|epoch| epoch.to_str().ok()).and_then(|epoch| epoch.parse().ok());
        let body = response.bytes().await.ok()?;
        Some(Answer { status, replayed, epoch, body: serde_json::from_slice(&body).unwrap_or_default() })
    }
}

/// What came back.
struct Answer {
    status: u16,
    replayed: bool,
    epoch: Option<Epoch>,
    body: Value,
}

/// What a command's answer says; none if no contract allows it.
fn decided(answer: &Answer) -> Option<Outcome> {
    let Answer { status, replayed, epoch, body } = answer;
    let replayed = *replayed;
    match status {
        200 | 201 => done(answer),
        202 => {
            let (partition, offset) = body["command"].as_str()?.split_once(':')?;
            Some(Outcome::Accepted { partition: partition.parse().ok()?, offset: offset.parse().ok()? })
        }
        422 if body["code"] == "idempotency_key_reused" => Some(Outcome::KeyReused),
        422 => Some(Outcome::Refused {
            reason: body["code"].as_str()?.to_owned(),
            transaction: id(body, "transaction_id"),
            epoch: (*epoch)?,
            replayed,
        }),
        409 if body["code"] == "operation_not_in_force" => Some(Outcome::NotInForce),
        429 => Some(Outcome::NotNow),
        503 => Some(Outcome::Unknown),
        _ => None,
    }
}

/// Something was done. The header and the body say the same epoch, or nothing is understood.
fn done(answer: &Answer) -> Option<Outcome> {
    let epoch = answer.body["epoch"].as_u64().filter(|said| Some(*said) == answer.epoch)?;
    Some(Outcome::Done { resource: resource(&answer.body)?, epoch, replayed: answer.replayed })
}

/// What became of the items of a batch, or what would become of them.
fn batch(asked: &Asked, answer: &Answer) -> Option<Outcome> {
    let body = &answer.body;
    let epoch = body["epoch"].as_u64().filter(|said| Some(*said) == answer.epoch)?;
    let item = |(place, said): (usize, &Value)| {
        let is_next = said["item"].as_u64() == u64::try_from(place).ok();
        let reason = said["reason"].as_str().map(str::parse).transpose().ok()?;
        let made = id(said, "transaction_id").or_else(|| id(said, "hold_id"));
        Some(Item { status: said["status"].as_str()?.parse().ok().filter(|_| is_next)?, made, reason })
    };
    let items = body["outcomes"].as_array()?.iter().enumerate().map(item).collect::<Option<Vec<_>>>()?;
    let Asked::Batch { mode, dry_run, .. } = asked else { return None };
    if body["mode"] != mode.as_str() || body["dry_run"] != *dry_run {
        return None;
    }
    Some(if *dry_run { Outcome::Tried { items, epoch } } else { Outcome::Batch { items, epoch, replayed: answer.replayed } })
}

/// What it is answered with when it is done: 201 where it makes something, 200 where it changes what there is.
const fn status(asked: &Asked) -> u16 {
    match asked {
        Asked::Status { .. } | Asked::Release { .. } | Asked::Cancel { .. } | Asked::Batch { .. } => 200,
        Asked::Set(Setting::Tariff { .. }) => 201,
        Asked::Set(_) => 200,
        Asked::Customer { .. } | Asked::Account { .. } | Asked::Rules { .. } | Asked::Pay { .. } | Asked::Reserve { .. } => 201,
        Asked::Capture { .. } | Asked::Refund { .. } | Asked::Reverse { .. } | Asked::Back { .. } => 201,
        Asked::Order { .. } => 202,
    }
}

fn id(body: &Value, field: &str) -> Option<Uuid> {
    body[field].as_str()?.parse().ok()
}

/// What an answer is about: its id, or whatever stands in the place of one.
fn resource(body: &Value) -> Option<Uuid> {
    let text = |field: &str| body[field].as_str();
    let version = || body["version"].as_u64().and_then(|version| version.try_into().ok()).map(rules);
    let tariff = || text("code").map(named);
    let limits = || Some(named(&format!("{}{}", text("level")?, text("currency")?)));
    let of = |field| move || id(body, field);
    id(body, "id").or_else(version).or_else(tariff).or_else(of("account_id")).or_else(of("customer_id")).or_else(limits)
}

/// What stands at a path.
fn at(path: &str) -> Option<Uuid> {
    let parts: Vec<_> = path.split('/').collect();
    match parts[..] {
        ["", "v1", "tariffs", code] => Some(named(code)),
        ["", "v1", "levels", level, "limits", currency] => Some(named(&format!("{level}{currency}"))),
        ["", "v1", _, id] | ["", "v1", "accounts", id, "terms"] => id.parse().ok(),
        _ => None,
    }
}

fn odd(answer: &Answer) -> Outcome {
    Outcome::Odd { status: answer.status, body: answer.body.to_string().chars().take(300).collect() }
}

/// Where it is asked, and how.
fn body(asked: &Asked) -> (String, Value) {
    let same = |path: &str, body| (path.to_owned(), body);
    match asked {
        Asked::Customer { full_name } => same("/v1/customers", json!({ "full_name": full_name })),
        Asked::Account { customer, role, currency } => {
            same("/v1/accounts", json!({ "customer_id": customer, "type": "wallet", "role": role.as_str(), "currency": currency }))
        }
        Asked::Status { account, change } => {
            let verb = match change {
                StatusChange::Suspend => "suspend",
                StatusChange::Reactivate => "reactivate",
                StatusChange::Close => "close",
            };
            (format!("/v1/accounts/{account}/{verb}"), json!({}))
        }
        Asked::Rules { version } => same("/v1/rules", json!({ "version": version })),
        Asked::Pay { kind, debit, credit, minor, currency } => same(route(*kind), payment(*debit, *credit, *minor, currency)),
        Asked::Order { kind, debit, credit, minor, currency, at } => {
            let mut body = payment(Some(*debit), Some(*credit), *minor, currency);
            body["execute_at"] = json!(rfc3339(*at));
            same(route(*kind), body)
        }
        Asked::Back { kind, debit, credit, minor, currency, at } => {
            let mut body = payment(*debit, *credit, *minor, currency);
            body["effective_at"] = json!(rfc3339(*at));
            same(route(*kind), body)
        }
        Asked::Cancel { order } => (format!("/v1/orders/{order}/cancel"), json!({})),
        Asked::Batch { mode, dry_run, items } => {
            let items: Vec<_> = items.iter().map(item).collect();
            // What is not said is all or nothing, and not dry.
            let body = match (mode, dry_run) {
                (BatchMode::AllOrNothing, false) => json!(items),
                _ => json!({ "mode": mode, "dry_run": dry_run, "items": items }),
            };
            same("/v1/batches", body)
        }
        Asked::Reserve { kind, debit, credit, minor, currency, seconds } => {
            let mut body = amount(*minor, currency);
            body["operation"] = json!(kind);
            body["account_debit"] = json!(debit);
            body["account_credit"] = json!(credit);
            body["expires_in_seconds"] = json!(seconds);
            same("/v1/holds", body)
        }
        Asked::Capture { hold, minor, currency, last } => {
            let mut body = amount(*minor, currency);
            body["last"] = json!(last);
            (format!("/v1/holds/{hold}/captures"), body)
        }
        Asked::Release { hold } => (format!("/v1/holds/{hold}/release"), json!({})),
        Asked::Refund { transaction, minor, currency } => (format!("/v1/transactions/{transaction}/refunds"), amount(*minor, currency)),
        Asked::Reverse { transaction } => (format!("/v1/transactions/{transaction}/reverse"), json!({})),
        Asked::Set(setting) => set(setting),
    }
}

const fn route(kind: PaymentKind) -> &'static str {
    match kind {
        PaymentKind::Deposit => "/v1/transactions/deposit",
        PaymentKind::Withdrawal => "/v1/transactions/withdrawal",
        PaymentKind::Transfer => "/v1/transactions/transfer",
        PaymentKind::MerchantPayment => "/v1/transactions/merchant-payment",
        PaymentKind::BillPayment => "/v1/transactions/bill-payment",
        PaymentKind::Refund | PaymentKind::Reversal => panic!("they come of a payment"),
    }
}

fn payment(debit: Option<AccountId>, credit: Option<AccountId>, minor: i64, currency: &str) -> Value {
    let mut body = amount(minor, currency);
    for (field, account) in [("account_debit", debit), ("account_credit", credit)] {
        if let Some(account) = account {
            body[field] = json!(account);
        }
    }
    body
}

/// An item of a batch: what its own request would say, and what that has in its path.
fn item(asked: &Asked) -> Value {
    let (_, mut body) = body(asked);
    let operation = asked.operation();
    if let Asked::Reserve { kind, .. } = asked {
        body["payment"] = json!(kind);
    }
    body["operation"] = json!(operation.name());
    match asked {
        Asked::Capture { hold, .. } | Asked::Release { hold } => body["hold_id"] = json!(hold),
        Asked::Refund { transaction, .. } | Asked::Reverse { transaction } => body["transaction_id"] = json!(transaction),
        _ => {}
    }
    body
}

fn set(setting: &Setting) -> (String, Value) {
    let (path, mut body, from) = match setting {
        Setting::Level { customer, level } => (format!("/v1/customers/{customer}/level"), json!({ "level": level }), None),
        Setting::Terms { account, currency, floor, from } => {
            let mut body = json!({ "currency": currency, "limits": {} });
            if let Some(floor) = floor {
                body["floor"] = json!(decimal(*floor, currency));
            }
            (format!("/v1/accounts/{account}/terms"), body, *from)
        }
        Setting::Limits { level, currency, operation, day_count } => {
            let debit = json!({ "operation": decimal(*operation, currency), "day_count": day_count });
            (format!("/v1/levels/{level}/limits"), json!({ "currency": currency, "limits": { "debit": debit } }), None)
        }
        Setting::Tariff { code, currency, bearer, fixed, rate_ppm, free, from } => {
            let rate = format!("{}.{:04}", rate_ppm / 10_000, rate_ppm % 10_000);
            let tier = json!({ "fixed": decimal(*fixed, currency), "rate": rate });
            let body = json!({ "code": code, "currency": currency, "bearer": bearer, "tiers": [tier], "free_per_month": free });
            ("/v1/tariffs".to_owned(), body, *from)
        }
        Setting::TariffEnd { code } => (format!("/v1/tariffs/{code}/withdraw"), json!({}), None),
    };
    if let Some(from) = from {
        body["effective_from"] = json!(rfc3339(from));
    }
    (path, body)
}

fn amount(minor: i64, currency: &str) -> Value {
    json!({ "amount": decimal(minor, currency), "currency": currency })
}

/// Euros have cents, francs have none.
fn decimal(minor: i64, currency: &str) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    let minor = minor.unsigned_abs();
    if currency == "EUR" { format!("{sign}{}.{:02}", minor / 100, minor % 100) } else { format!("{sign}{minor}") }
}

/// The amount in a field, in minor units.
fn minor(body: &Value, field: &str) -> Option<i64> {
    let (decimal, currency) = (body[field].as_str()?, body["currency"].as_str()?);
    match decimal.split_once('.') {
        None if currency == "XOF" => decimal.parse().ok(),
        Some((whole, cents)) if currency == "EUR" && cents.len() == 2 => format!("{whole}{cents}").parse().ok(),
        _ => None,
    }
}
