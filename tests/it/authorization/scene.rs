//! Three customers and a stranger, their tokens, and whatever a route is asked about.

use super::Who;
use crate::http::{STAFF, Server};
use anyhow::{Context, ensure};
use orion::config::Auth;
use orion::token;
use serde_json::{Map, Value, json};
use std::time::{Duration, SystemTime};

/// Who there is.
pub(super) struct Scene<'a> {
    server: &'a Server,
    /// The payer, the payee and the agent, each with an account.
    payer: (String, String),
    payee: (String, String),
    agent: (String, String),
    /// Somebody else.
    pub(super) stranger: String,
    /// Another issuer with the same name.
    forger: Auth,
}

/// What stands for an id where nobody comes to look at it.
const NOWHERE: &str = "019ab6f5-1c7b-7002-8000-000000000000";

impl<'a> Scene<'a> {
    /// Enrols them, and gives the payer and the agent money.
    pub(super) async fn set(server: &'a Server) -> anyhow::Result<Self> {
        let folder = std::env::temp_dir().join(format!("orion-forger-{}", uuid::Uuid::new_v4()));
        let forger = Auth { public_key: folder.join("public.pem"), private_key: folder.join("private.pem"), ..server.auth.clone() };
        token::ensure_keys(&forger)?;
        let nobody = || (String::new(), String::new());
        let mut scene = Self { server, payer: nobody(), payee: nobody(), agent: nobody(), stranger: String::new(), forger };
        scene.payer = scene.customer("customer").await?;
        scene.payee = scene.customer("merchant").await?;
        scene.agent = scene.customer("agent").await?;
        scene.stranger = scene.customer("customer").await?.0;
        for (_, account) in [&scene.payer, &scene.payee, &scene.agent] {
            let deposit = json!({"account_credit": account, "amount": "100000", "currency": "XOF"});
            scene.make("/v1/transactions/deposit", &deposit, "id").await?;
        }
        Ok(scene)
    }

    async fn customer(&self, role: &str) -> anyhow::Result<(String, String)> {
        let customer = self.make("/v1/customers", &json!({"full_name": role}), "id").await?;
        let account = json!({"customer_id": customer, "type": "wallet", "currency": "XOF", "role": role});
        let account = self.make("/v1/accounts", &account, "id").await?;
        Ok((customer, account))
    }

    /// Who owns what is somebody's own.
    pub(super) fn id(&self, who: Who) -> &str {
        match who {
            Who::Payer => &self.payer.0,
            Who::Payee => &self.payee.0,
            Who::Agent => &self.agent.0,
        }
    }

    /// A good token, as the header has it.
    pub(super) fn token(&self, subject: &str, scopes: &str) -> anyhow::Result<String> {
        Ok(format!("Bearer {}", self.server.token(subject, scopes)?))
    }

    /// The headers of a token that is none.
    pub(super) fn bad(&self, kind: &str) -> anyhow::Result<Vec<String>> {
        let auth = &self.server.auth;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
        let claims = |expires: Duration, from: Duration| json!({"iss": auth.issuer, "aud": auth.audience, "sub": "teller", "scope": STAFF, "exp": expires.as_secs(), "nbf": from.as_secs()});
        let hour = Duration::from_secs(3600);
        let token = match kind {
            "none" => return Ok(Vec::new()),
            "malformed" => "garbage".to_owned(),
            "two" => return Ok(vec![self.token("teller", STAFF)?, self.token("teller", STAFF)?]),
            "expired" => token::sign_claims(auth, &claims(now - hour, now - 2 * hour))?,
            "not yet valid" => token::sign_claims(auth, &claims(now + 2 * hour, now + hour))?,
            "of another key" => token::sign(&self.forger, "teller", STAFF, 3600)?,
            "of another algorithm" => {
                // The public key is no secret, and must not be taken for one.
                let secret = jsonwebtoken::EncodingKey::from_secret(&std::fs::read(&auth.public_key)?);
                jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims(now + hour, now), &secret)?
            }
            "of another issuer" => token::sign(&Auth { issuer: "https://other.test".to_owned(), ..auth.clone() }, "teller", STAFF, 3600)?,
            "for another audience" => token::sign(&Auth { audience: "other".to_owned(), ..auth.clone() }, "teller", STAFF, 3600)?,
            other => anyhow::bail!("nobody knows a token that is {other}"),
        };
        Ok(vec![format!("Bearer {token}")])
    }

    /// What is asked, with everything that it names; made anew where somebody comes to look at it.
    pub(super) async fn fields(&self, template: &str, made: bool) -> anyhow::Result<Map<String, Value>> {
        let mut text = template.to_owned();
        while let Some(start) = text.find("\"{") {
            let end = start + text[start..].find("}\"").context("a name")?;
            let name = text[start + 2..end].to_owned();
            let id = if made { self.thing(&name).await? } else { NOWHERE.to_owned() };
            text.replace_range(start + 1..=end, &id);
        }
        let mut fields: Map<String, Value> = serde_json::from_str(&text)?;
        // The newest rules are those in force.
        if let Some(version) = fields.get_mut("version") {
            *version = json!(state::CODE_VERSION);
        }
        Ok(fields)
    }

    async fn thing(&self, name: &str) -> anyhow::Result<String> {
        let pay = json!({"account_debit": self.payer.1, "account_credit": self.payee.1, "amount": "10", "currency": "XOF"});
        let with = |name: &str, value: Value| {
            let mut pay = pay.clone();
            pay[name] = value;
            pay
        };
        match name {
            "customer" => Ok(self.payer.0.clone()),
            "newcomer" => self.make("/v1/customers", &json!({"full_name": "Newcomer"}), "id").await,
            "wallet" => Ok(self.payer.1.clone()),
            "till" => Ok(self.payee.1.clone()),
            "float" => Ok(self.agent.1.clone()),
            "account" => {
                let account = json!({"customer_id": self.payer.0, "type": "wallet", "currency": "XOF"});
                self.make("/v1/accounts", &account, "id").await
            }
            "suspended" => {
                let account = Box::pin(self.thing("account")).await?;
                self.make(&format!("/v1/accounts/{account}/suspend"), &json!({}), "id").await
            }
            "payment" => self.make("/v1/transactions/merchant-payment", &pay, "id").await,
            "hold" => {
                let mut hold = with("operation", json!("merchant_payment"));
                hold["expires_in_seconds"] = json!(3600);
                self.make("/v1/holds", &hold, "id").await
            }
            "order" => {
                let day = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)? + Duration::from_secs(172_800);
                let day = schemas::rfc3339(u64::try_from(day.as_millis())?);
                self.make("/v1/transactions/merchant-payment", &with("execute_at", json!(day)), "id").await
            }
            "batch" => {
                let batch = json!({"items": [with("operation", json!("merchant_payment"))]});
                self.make("/v1/batches", &batch, "batch_id").await
            }
            "operation" => self.operation(&pay).await,
            "case" => {
                let newcomer = Box::pin(self.thing("newcomer")).await?;
                let hit = json!({"kind": "hit", "customer_id": newcomer, "reason": "x"});
                self.make("/admin/cases", &hit, "case_id").await
            }
            "event" => {
                let payment = self.make("/v1/transactions/merchant-payment", &pay, "id").await?;
                let path = format!("/v1/transactions/{payment}/timeline");
                let timeline = self.server.get(&self.server.token("teller", STAFF)?, &path).await?.json()?;
                Ok(timeline["events"][0]["event_id"].as_str().context("an event")?.to_owned())
            }
            "code" | "tariff" => {
                let code = format!("t-{}", uuid::Uuid::new_v4().simple());
                if name == "tariff" {
                    let tariff = json!({"code": code, "currency": "KES", "bearer": "payer", "tiers": [{}]});
                    self.make("/v1/tariffs", &tariff, "code").await?;
                    self.shown().await?;
                }
                Ok(code)
            }
            other => anyhow::bail!("nobody can make a {other}"),
        }
    }

    /// Waits until the views show all that was made: a code, unlike an id, does not say since when it is there.
    async fn shown(&self) -> anyhow::Result<()> {
        let account = self.make("/v1/accounts", &json!({"customer_id": self.payer.0, "type": "wallet", "currency": "XOF"}), "id").await?;
        let seen = self.server.get(&self.server.token("teller", STAFF)?, &format!("/v1/accounts/{account}")).await?;
        ensure!(seen.status == 200, "{seen:?}");
        Ok(())
    }

    /// The id of an operation whose answer nobody waits for.
    async fn operation(&self, pay: &Value) -> anyhow::Result<String> {
        let token = self.server.token("teller", STAFF)?;
        let answer = loop {
            let key = uuid::Uuid::new_v4().to_string();
            let headers = [("idempotency-key", key.as_str()), ("prefer", "respond-async")];
            let answer = self.server.post(&token, "/v1/transactions/merchant-payment", &headers, pay).await?;
            // A door that was held up for a moment may know the decision already.
            if answer.status != 201 {
                break answer;
            }
        };
        ensure!(answer.status == 202, "{answer:?}");
        // As long as it waits it says nothing, and is shown to whoever holds its id.
        let pending = answer.json()?;
        let (id, position) = (pending["id"].as_str().context("an id")?, pending["command"].as_str().context("a position")?);
        let decided = self.server.get(&token, &format!("/v1/operations/{id}?at_least={position}")).await?;
        ensure!(decided.json()?["status"] == "settled", "{decided:?}");
        Ok(id.to_owned())
    }

    /// What staff makes, by what it is called.
    async fn make(&self, path: &str, body: &Value, id: &str) -> anyhow::Result<String> {
        let key = uuid::Uuid::new_v4().to_string();
        let headers = [("idempotency-key", key.as_str()), ("prefer", "wait=20")];
        let answer = self.server.post(&self.server.token("teller", STAFF)?, path, &headers, body).await?;
        ensure!(answer.status < 300, "{path} {body}: {answer:?}");
        Ok(answer.json()?[id].as_str().context("an id")?.to_owned())
    }
}
