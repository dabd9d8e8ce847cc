//! People of their own for a subject, and how they ask.

use super::server::{Answer, CUSTOMER, STAFF, Server};
use anyhow::{Context, ensure};
use serde_json::{Value, json};
use uuid::Uuid;

/// Long enough for any decision.
pub(super) const WAIT: (&str, &str) = ("prefer", "wait=30");

/// Staff, a customer with a wallet and a shop with a till.
pub(super) struct Scene<'a> {
    pub(super) server: &'a Server,
    pub(super) staff: String,
    pub(super) own: String,
    pub(super) shop: String,
    pub(super) customer: String,
    pub(super) wallet: String,
    pub(super) till: String,
}

impl<'a> Scene<'a> {
    pub(super) async fn open(server: &'a Server, deposit: &str) -> anyhow::Result<Self> {
        let staff = server.token("teller", STAFF)?;
        let mut scene = Self {
            server,
            staff,
            own: String::new(),
            shop: String::new(),
            customer: String::new(),
            wallet: String::new(),
            till: String::new(),
        };
        let id = |created: Value| text(&created["id"]).to_owned();
        scene.customer = id(scene.post(&scene.staff, "/v1/customers", &json!({"full_name": "Awa Diop"}), 201).await?);
        let shop = id(scene.post(&scene.staff, "/v1/customers", &json!({"full_name": "Boutique"}), 201).await?);
        let open = |customer: &str, role: &str| json!({"customer_id": customer, "type": "wallet", "currency": "XOF", "role": role});
        scene.wallet = id(scene.post(&scene.staff, "/v1/accounts", &open(&scene.customer, "customer"), 201).await?);
        scene.till = id(scene.post(&scene.staff, "/v1/accounts", &open(&shop, "merchant"), 201).await?);
        (scene.own, scene.shop) = (server.token(&scene.customer, CUSTOMER)?, server.token(&shop, CUSTOMER)?);
        let deposit = json!({"account_credit": scene.wallet, "amount": deposit, "currency": "XOF"});
        scene.post(&scene.staff, "/v1/transactions/deposit", &deposit, 201).await?;
        Ok(scene)
    }

    /// A payment from the wallet to the till, of an operation where one is named, with more fields.
    pub(super) fn pay(&self, operation: &str, amount: &str, more: Value) -> Value {
        let mut body = json!({"account_debit": self.wallet, "account_credit": self.till, "amount": amount, "currency": "XOF"});
        if !operation.is_empty() {
            body["operation"] = json!(operation);
        }
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        body
    }

    pub(super) async fn reserve(&self, amount: &str) -> anyhow::Result<Value> {
        let body = self.pay("merchant_payment", amount, json!({"expires_in_seconds": 2_592_000}));
        self.post(&self.own, "/v1/holds", &body, 201).await
    }

    /// Asks under a key of its own, and expects what is asked to be done.
    pub(super) async fn post(&self, token: &str, path: &str, body: &Value, status: u16) -> anyhow::Result<Value> {
        self.done(self.server.post(token, path, &[WAIT, ("idempotency-key", &key())], body).await?, status)
    }

    /// The resource of a good answer, whose headers say where it is and when it was decided.
    pub(super) fn done(&self, answer: Answer, status: u16) -> anyhow::Result<Value> {
        ensure!(answer.status == status, "{answer:?}");
        let resource = answer.json()?;
        assert_eq!(answer.header("orion-epoch"), resource["epoch"].to_string(), "{answer:?}");
        ensure!([201, 202].contains(&status) != answer.header("location").is_empty(), "{answer:?}");
        Ok(resource)
    }

    /// Asks under a key of its own, twice, and expects the same refusal both times.
    pub(super) async fn refused(&self, token: &str, path: &str, body: &Value, code: &str) -> anyhow::Result<()> {
        let key = key();
        for replayed in ["", "true"] {
            let answer = self.server.post(token, path, &[WAIT, ("idempotency-key", &key)], body).await?;
            let problem = answer.problem().with_context(|| format!("{path} {body}"))?;
            ensure!((problem.status, problem.code.as_str()) == (422, code), "{path} {body}: {answer:?}");
            ensure!(problem.gsma_code.is_some() && answer.header("idempotency-replayed") == replayed, "{answer:?}");
        }
        Ok(())
    }

    /// Reads as staff what is true since an answer.
    pub(super) async fn read(&self, path: &str, since: &Value) -> anyhow::Result<Value> {
        self.server.get(&self.staff, &format!("{path}?at_least={}", since["epoch"])).await?.json()
    }

    /// What is in the wallet, what of it may be spent, and what is in the till, after all that was decided so far.
    pub(super) async fn balances(&self) -> anyhow::Result<[String; 3]> {
        // A decision of now, whoever it is about.
        let body = json!({"full_name": "Witness"});
        let now = self.post(&self.staff, "/v1/customers", &body, 201).await?;
        let wallet = self.read(&format!("/v1/accounts/{}/balance", self.wallet), &now).await?;
        let till = self.read(&format!("/v1/accounts/{}/balance", self.till), &now).await?;
        let balances = [&wallet["balance_posted"], &wallet["balance_available"], &till["balance_posted"]];
        Ok(balances.map(|balance| text(balance).to_owned()))
    }
}

/// A key that names nothing yet.
pub(super) fn key() -> String {
    Uuid::new_v4().to_string()
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
