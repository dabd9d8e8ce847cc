//! The API as these clients speak it: requests out, outcomes back.

use super::evidence::rules;
use super::history::{Asked, Least, Outcome};
use orion::config::Auth;
use reqwest::{Client, RequestBuilder};
use schemas::{AccountId, CommandId, Epoch, PaymentKind, StatusChange};
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
        let operation = match asked {
            Asked::Customer { .. } => "create_customer",
            Asked::Account { .. } => "open_account",
            Asked::Status { change, .. } => change.as_str(),
            Asked::Rules { .. } => "activate_rules",
            Asked::Pay { kind, .. } => kind.as_str(),
        };
        CommandId::derive(SUBJECT, operation, key)
    }

    pub(crate) async fn command(&self, key: &str, asked: &Asked, prefer: Option<&str>, patience: Duration) -> Outcome {
        let (path, body) = body(asked);
        let mut request = self.client.post(format!("{}{path}", self.base)).header("Idempotency-Key", key).json(&body).timeout(patience);
        if let Some(prefer) = prefer {
            request = request.header("Prefer", prefer);
        }
        let Some(answer) = self.send(request).await else { return Outcome::Unknown };
        // What changes something answers 200, what makes something 201; only the newer operations can be unknown.
        let fits = match answer.status {
            200 | 409 => matches!(asked, Asked::Status { .. }),
            201 => !matches!(asked, Asked::Status { .. }),
            _ => true,
        };
        decided(&answer).filter(|_| fits).unwrap_or_else(|| odd(&answer))
    }

    pub(crate) async fn balance(&self, account: AccountId, at_least: Option<Least>) -> Outcome {
        self.read(&format!("/v1/accounts/{account}/balance"), at_least, |body| {
            let minor = minor(body["balance_posted"].as_str()?, body["currency"].as_str()?)?;
            Some(Outcome::Balance { minor, as_of: body["as_of"].as_u64()? })
        })
        .await
    }

    pub(crate) async fn transaction(&self, id: Uuid) -> Outcome {
        self.read(&format!("/v1/transactions/{id}"), None, |body| {
            Some(Outcome::Transaction {
                settled: body["status"] == "settled",
                minor: minor(body["amount"].as_str()?, body["currency"].as_str()?)?,
                epoch: body["epoch"].as_u64()?,
                as_of: body["as_of"].as_u64()?,
            })
        })
        .await
    }

    pub(crate) async fn operation(&self, id: CommandId) -> Outcome {
        self.read(&format!("/v1/operations/{id}"), None, |body| {
            let resource = body["resource"].as_str().and_then(|path| path.rsplit('/').next()).and_then(|id| id.parse().ok());
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
    let id = |field: &str| body[field].as_str().and_then(|id| id.parse::<Uuid>().ok());
    let version = || body["version"].as_u64().and_then(|version| version.try_into().ok()).map(rules);
    match status {
        // The header and the body say the same epoch, or nothing is understood.
        200 | 201 => Some(Outcome::Done {
            resource: id("id").or_else(version)?,
            epoch: body["epoch"].as_u64().filter(|said| Some(*said) == *epoch)?,
            replayed,
        }),
        202 => {
            let (partition, offset) = body["command"].as_str()?.split_once(':')?;
            Some(Outcome::Accepted { partition: partition.parse().ok()?, offset: offset.parse().ok()? })
        }
        422 if body["code"] == "idempotency_key_reused" => Some(Outcome::KeyReused),
        422 => Some(Outcome::Refused {
            reason: body["code"].as_str()?.to_owned(),
            transaction: id("transaction_id"),
            epoch: (*epoch)?,
            replayed,
        }),
        409 if body["code"] == "operation_not_in_force" => Some(Outcome::NotInForce),
        429 => Some(Outcome::NotNow),
        503 => Some(Outcome::Unknown),
        _ => None,
    }
}

fn odd(answer: &Answer) -> Outcome {
    Outcome::Odd { status: answer.status, body: answer.body.to_string().chars().take(300).collect() }
}

fn body(asked: &Asked) -> (String, Value) {
    let (path, body) = match asked {
        Asked::Customer { full_name } => ("/v1/customers", json!({ "full_name": full_name })),
        Asked::Account { customer, role, currency } => {
            ("/v1/accounts", json!({ "customer_id": customer, "type": "wallet", "role": role.as_str(), "currency": currency }))
        }
        Asked::Status { account, change } => {
            let verb = match change {
                StatusChange::Suspend => "suspend",
                StatusChange::Reactivate => "reactivate",
                StatusChange::Close => "close",
            };
            return (format!("/v1/accounts/{account}/{verb}"), json!({}));
        }
        Asked::Rules { version } => ("/v1/rules", json!({ "version": version })),
        Asked::Pay { kind, debit, credit, minor, currency } => {
            let path = match kind {
                PaymentKind::Deposit => "/v1/transactions/deposit",
                PaymentKind::Withdrawal => "/v1/transactions/withdrawal",
                PaymentKind::Transfer => "/v1/transactions/transfer",
                PaymentKind::MerchantPayment => "/v1/transactions/merchant-payment",
            };
            let mut body = json!({ "amount": decimal(*minor, currency), "currency": currency });
            for (field, account) in [("account_debit", debit), ("account_credit", credit)] {
                if let Some(account) = account {
                    body[field] = json!(account);
                }
            }
            (path, body)
        }
    };
    (path.to_owned(), body)
}

/// Euros have cents, francs have none.
fn decimal(minor: i64, currency: &str) -> String {
    if currency == "EUR" { format!("{}.{:02}", minor / 100, minor % 100) } else { minor.to_string() }
}

fn minor(decimal: &str, currency: &str) -> Option<i64> {
    match decimal.split_once('.') {
        None if currency == "XOF" => decimal.parse().ok(),
        Some((whole, cents)) if currency == "EUR" && cents.len() == 2 => format!("{whole}{cents}").parse().ok(),
        _ => None,
    }
}
