//! A walk through the whole bank, over HTTP: what each step must answer.
//!
//! In: a running server with its cells behind it. Out: nothing, or the first answer that is not as it must be.

use super::server::{Answer, CUSTOMER, STAFF, Server};
use reqwest::Method;
use serde_json::{Value, json};

const WAIT: (&str, &str) = ("prefer", "wait=20");

/// Enrols, opens, pays in, sends, pays, takes out; repeats, reuses and overdraws; reads it all back.
pub(crate) async fn walk(server: &Server) -> anyhow::Result<()> {
    let staff = server.token("teller", STAFF)?;
    let run = uuid::Uuid::new_v4();
    let key = |name: &str| format!("{run}/{name}");

    let awa = created(&server.post(&staff, "/v1/customers", &[WAIT], &json!({"full_name": "Awa Diop", "country": "SN"})).await?)?;
    let shop = created(&server.post(&staff, "/v1/customers", &[WAIT], &json!({"full_name": "Boutique"})).await?)?;
    assert_eq!((&awa["kyc_status"], &awa["msisdn"]), (&json!("pending"), &Value::Null));
    let own = server.token(text(&awa["id"]), CUSTOMER)?;
    let other = server.token(text(&shop["id"]), CUSTOMER)?;

    let open = |customer: &Value, role: &str| json!({"customer_id": customer["id"], "type": "wallet", "currency": "XOF", "role": role});
    let wallet = created(&server.post(&own, "/v1/accounts", &[WAIT], &open(&awa, "customer")).await?)?;
    let till = created(&server.post(&staff, "/v1/accounts", &[WAIT], &open(&shop, "merchant")).await?)?;
    let refused = server.post(&own, "/v1/accounts", &[WAIT], &open(&shop, "customer")).await?.problem()?;
    assert_eq!((refused.status, refused.code.as_str(), refused.transaction_id), (422, "not_authorized", None));

    let pay = |debit: &Value, credit: &Value, amount: &str| json!({"account_debit": debit["id"], "account_credit": credit["id"], "amount": amount, "currency": "XOF"});
    let deposit = json!({"account_credit": wallet["id"], "amount": "1000", "currency": "XOF"});
    let deposited = created(&server.post(&staff, "/v1/transactions/deposit", &[WAIT, ("idempotency-key", &key("in"))], &deposit).await?)?;
    assert_eq!((&deposited["operation"], &deposited["status"]), (&json!("deposit"), &json!("settled")));

    // A payment, its repeat under both spellings of the key, and another command under the same key.
    let path = "/v1/transactions/merchant-payment";
    let body = pay(&wallet, &till, "300");
    let first = server.post(&own, path, &[WAIT, ("idempotency-key", &key("pay"))], &body).await?;
    let paid = created(&first)?;
    for again in [key("pay"), format!("\"{}\"", key("pay"))] {
        let again = server.post(&own, path, &[WAIT, ("idempotency-key", &again)], &body).await?;
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(again.header("orion-epoch"), first.header("orion-epoch"));
        let (mut again, mut paid) = (created(&again)?, paid.clone());
        // Whose trace the first decision has, only the resource says.
        for answer in [&mut again, &mut paid] {
            answer.as_object_mut().and_then(|answer| answer.remove("trace_id"));
        }
        assert_eq!(again, paid);
    }
    let reused = server.post(&own, path, &[WAIT, ("idempotency-key", &key("pay"))], &pay(&wallet, &till, "301")).await?.problem()?;
    assert_eq!((reused.status, reused.code.as_str(), reused.transaction_id), (422, "idempotency_key_reused", None));

    // No money, not theirs: each a failed transaction, and the same again on a retry.
    for (token, debit, amount, code) in [(&own, &wallet, "701", "insufficient_funds"), (&other, &wallet, "1", "not_authorized")] {
        let headers = [WAIT, ("idempotency-key", &*key(code))];
        let failed = server.post(token, path, &headers, &pay(debit, &till, amount)).await?.problem()?;
        assert_eq!((failed.status, failed.code.as_str(), failed.transaction_status.as_deref()), (422, code, Some("failed")));
        let again = server.post(token, path, &headers, &pay(debit, &till, amount)).await?;
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(again.problem()?.transaction_id, failed.transaction_id);
        let id = failed.transaction_id.unwrap_or_default();
        let shown = server.get(&staff, &format!("/v1/transactions/{id}")).await?.json()?;
        assert_eq!((&shown["status"], &shown["reason"]), (&json!("failed"), &json!(code)));
        let operation = failed.operation_id.unwrap_or_default();
        let operation = server.get(token, &format!("/v1/operations/{operation}")).await?.json()?;
        assert_eq!((&operation["status"], &operation["reason"]), (&json!("failed"), &json!(code)));
    }

    // What was answered is there, looks the same, and says when it was read.
    let mut shown = server.get(&own, &format!("/v1/transactions/{}", text(&paid["id"]))).await?.json()?;
    assert!(shown["as_of"].as_u64() >= paid["epoch"].as_u64());
    shown.as_object_mut().and_then(|shown| shown.remove("as_of"));
    assert_eq!(shown, paid);
    let balance = |account: &Value, query: String| format!("/v1/accounts/{}/balance{query}", text(&account["id"]));
    let epoch = format!("?at_least={}", first.header("orion-epoch"));
    assert_eq!(server.get(&own, &balance(&wallet, epoch.clone())).await?.json()?["balance_posted"], "700");
    assert_eq!(server.get(&other, &balance(&till, epoch)).await?.json()?["balance_available"], "300");
    let before = format!("?at={}", deposited["epoch"]);
    assert_eq!(server.get(&own, &balance(&wallet, before)).await?.json()?["balance_posted"], "1000");
    assert_eq!(server.get(&other, &balance(&wallet, String::new())).await?.problem()?.code, "account_not_found");

    // Without waiting: the operation says what becomes of it, and its position is a mark to read at.
    let key = key("later");
    let headers = [("prefer", "respond-async"), ("idempotency-key", key.as_str())];
    let out = json!({"account_debit": wallet["id"], "amount": "200", "currency": "XOF"});
    let accepted = server.post(&staff, "/v1/transactions/withdrawal", &headers, &out).await?;
    assert_eq!(accepted.header("preference-applied"), "respond-async");
    if accepted.status == 202 {
        let pending = accepted.json()?;
        assert_eq!(pending["status"], "pending");
        assert_eq!(accepted.header("retry-after"), "1");
        let asked = server.get(&staff, &format!("{}?at_least={}", accepted.header("location"), text(&pending["command"]))).await?.json()?;
        assert_eq!(asked["status"], "settled");
        let balance = server.get(&own, &balance(&wallet, format!("?at_least={}", text(&pending["command"])))).await?.json()?;
        assert_eq!(balance["balance_posted"], "500");
    }
    status(server, &staff, &own, (&wallet, &till)).await
}

/// Suspends, reactivates and closes, and reads it back, now and then.
async fn status(server: &Server, staff: &str, own: &str, (wallet, till): (&Value, &Value)) -> anyhow::Result<()> {
    let path = |account: &Value, verb: &str| format!("/v1/accounts/{}{verb}", text(&account["id"]));
    let pay = json!({"account_debit": wallet["id"], "account_credit": till["id"], "amount": "1", "currency": "XOF"});
    let asked = async |verb: &str| {
        let key = uuid::Uuid::new_v4().to_string();
        server.post(own, "/v1/transactions/merchant-payment", &[WAIT, ("idempotency-key", &key)], &pay).await?.problem().map(|problem| {
            assert_eq!(problem.gsma_code.as_deref(), Some("incorrectState"), "{verb}");
            problem.code
        })
    };
    let key = uuid::Uuid::new_v4().to_string();
    let suspended = server.post(staff, &path(till, "/suspend"), &[WAIT, ("idempotency-key", &key)], &json!({})).await?;
    let expected =
        json!({"id": till["id"], "customer_id": till["customer_id"], "status": "suspended", "epoch": suspended.json()?["epoch"]});
    assert_eq!((suspended.status, suspended.json()?), (200, expected));
    assert_eq!(suspended.header("orion-epoch"), suspended.json()?["epoch"].to_string());
    let again = server.post(staff, &path(till, "/suspend"), &[WAIT, ("idempotency-key", &key)], &json!({})).await?;
    assert_eq!((again.header("idempotency-replayed"), again.json()?), ("true", suspended.json()?));
    assert_eq!(asked("suspended").await?, "credit_account_suspended");
    let at_least = format!("?at_least={}", suspended.header("orion-epoch"));
    assert_eq!(server.get(staff, &path(till, &at_least)).await?.json()?["status"], "suspended");
    let before = format!("?at={}", till["epoch"]);
    assert_eq!(server.get(staff, &path(till, &before)).await?.json()?["status"], "active");

    // Without a body, as one would with curl.
    let bearer = format!("Bearer {staff}");
    let headers = [("authorization", bearer.as_str()), WAIT];
    let reactivated = server.send(Method::POST, &path(till, "/reactivate"), &headers, Vec::new()).await?;
    assert_eq!((reactivated.status, &reactivated.json()?["status"]), (200, &json!("active")));
    let refused = server.post(staff, &path(wallet, "/close"), &[WAIT], &json!({})).await?.problem()?;
    assert_eq!((refused.status, refused.code.as_str()), (422, "balance_not_zero"));
    let balance = server.get(own, &path(wallet, "/balance")).await?.json()?;
    let out = json!({"account_debit": wallet["id"], "amount": balance["balance_available"], "currency": "XOF"});
    let key = uuid::Uuid::new_v4().to_string();
    created(&server.post(staff, "/v1/transactions/withdrawal", &[WAIT, ("idempotency-key", &key)], &out).await?)?;
    let closed = server.post(staff, &path(wallet, "/close"), &[WAIT, ("idempotency-key", &key)], &json!({})).await?;
    assert_eq!((closed.status, &closed.json()?["status"]), (200, &json!("closed")));
    assert_eq!(asked("closed").await?, "debit_account_closed");
    let operation = schemas::CommandId::derive("teller", "close_account", &key);
    let at_least = format!("?at_least={}", closed.header("orion-epoch"));
    let operation = server.get(own, &format!("/v1/operations/{operation}{at_least}")).await?.json()?;
    assert_eq!((&operation["status"], &operation["resource"]), (&json!("completed"), &json!(path(wallet, ""))));
    Ok(())
}

/// The resource of a 201, whose headers say where it is and when it was decided.
fn created(answer: &Answer) -> anyhow::Result<Value> {
    anyhow::ensure!(answer.status == 201, "{answer:?}");
    let resource = answer.json()?;
    assert!(answer.header("location").ends_with(text(&resource["id"])), "{answer:?}");
    assert_eq!(answer.header("orion-epoch"), resource["epoch"].to_string());
    assert_eq!(resource.get("as_of"), None);
    Ok(resource)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
