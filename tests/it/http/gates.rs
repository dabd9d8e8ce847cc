//! Rules against fraud over HTTP: what can't be set or said, and one scene in which they refuse, hold and freeze.

use super::scene::{Scene, WAIT, key, text};
use super::server::{Ground, STAFF, Server};
use serde_json::{Value, json};

const A: &str = "019ab6f5-1c7b-7002-8000-000000000000";
const B: &str = "019ab6f5-1c7b-7002-8000-000000000001";

#[tokio::test]
async fn what_can_not_be_set_or_said_is_refused_where_it_stands() -> anyhow::Result<()> {
    let server = Server::start(Ground::none()?).await?;
    let staff = server.token("teller", STAFF)?;
    let transfer = |context: Value| json!({"account_debit": A, "account_credit": B, "amount": "1", "currency": "XOF", "context": context});
    let of = |party: &str, more: Value| {
        let mut body = json!({"signal": "pin_failed"});
        body[party] = json!(A);
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        body
    };
    let cases: Vec<(&str, Value, Vec<&str>)> = vec![
        ("/admin/aml/rules/velocity", json!({}), vec!["rule"]),
        ("/admin/aml/rules/velocity_count", json!({"parameters": {"account_10min": 0}}), vec!["/parameters/account_10min"]),
        ("/admin/aml/rules/velocity_count", json!({"parameters": {"account_10min": 1_000_000_001}}), vec!["/parameters/account_10min"]),
        ("/admin/aml/rules/velocity_count", json!({"parameters": {"nothing": 1}}), vec!["/parameters/nothing"]),
        ("/admin/aml/rules/velocity_count", json!({"parameters": {"action": -1}}), vec!["/parameters/action"]),
        (
            "/admin/aml/rules/velocity_count",
            json!({"weight": 1_001, "lane": "dead", "enabled": "yes"}),
            vec!["/lane", "/enabled", "/weight"],
        ),
        ("/admin/aml/policy", json!({"review_score": 0}), vec!["/review_score", "/refuse_score"]),
        ("/admin/aml/policy", json!({"review_score": 2, "refuse_score": 1}), vec!["/review_score"]),
        ("/admin/aml/policy", json!({"review_score": 1, "refuse_score": 1, "review_expires_ms": 59_999}), vec!["/review_expires_ms"]),
        ("/admin/aml/countries/low_risk", json!({"countries": []}), vec!["list"]),
        ("/admin/aml/countries/high_risk", json!({"countries": ["KP", "sn"]}), vec!["/countries/1"]),
        ("/admin/aml/countries/high_risk", json!({"countries": ["KP", "KP"]}), vec!["/countries/1"]),
        ("/admin/aml/countries/high_risk", json!({"countries": "KP"}), vec!["/countries"]),
        ("/admin/aml/customers/x/freeze", json!({"reason": "x"}), vec!["id"]),
        ("/admin/aml/accounts/x/unfreeze", json!({"reason": " "}), vec!["id", "/reason"]),
        ("/admin/aml/signals", json!({"signal": "pin_failed"}), vec!["/customer_id"]),
        ("/admin/aml/signals", of("customer_id", json!({"account_id": A})), vec!["/account_id"]),
        ("/admin/aml/signals", of("customer_id", json!({"signal": "frozen", "device": "a b"})), vec!["/device", "/signal"]),
        ("/admin/aml/holds/x/review", json!({"decision": "maybe"}), vec!["id", "/decision", "/reason"]),
        ("/v1/transactions/transfer", transfer(json!({})), vec!["/context"]),
        ("/v1/transactions/transfer", transfer(json!({"device": "", "ip": "010.0.0.1"})), vec!["/context/device", "/context/ip"]),
        ("/v1/transactions/transfer", transfer(json!({"card_token": "4111111111111111"})), vec!["/context/card_token"]),
        ("/v1/transactions/transfer", transfer(json!({"latitude": "1"})), vec!["/context/latitude"]),
        ("/v1/transactions/transfer", transfer(json!({"latitude": "91", "longitude": "1"})), vec!["/context/latitude"]),
        ("/v1/transactions/transfer", transfer(json!({"phone": "1"})), vec!["/context/phone"]),
        (
            "/v1/batches",
            json!({"items": [{"operation": "transfer", "account_debit": A, "account_credit": B, "amount": "1", "currency": "XOF", "context": {"country": "x"}}]}),
            vec!["/items/0/context/country"],
        ),
    ];
    for (path, body, pointers) in cases {
        let problem = server.post(&staff, path, &[("idempotency-key", "k1")], &body).await?.problem()?;
        let found: Vec<_> = problem.errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!((problem.status, problem.code.as_str(), &found[..]), (400, "invalid_request", &pointers[..]), "{path} {body}");
        assert!(!format!("{problem:?}").contains("4111111111111111"), "the number of a card is not said again");
    }
    Ok(())
}

/// A rule refuses, another holds, somebody looks, and a customer is frozen.
pub(super) async fn scene(server: &Server) -> anyhow::Result<()> {
    let scene = Scene::open(server, "10000").await?;
    let pay = |amount: &str, device: &str| scene.pay("", amount, json!({"context": {"device": device, "country": "SN"}}));
    let transfer = "/v1/transactions/merchant-payment";
    let (first, second) = (key(), key());
    let device = |body: Value| json!({"parameters": body});
    let rule = "/admin/aml/rules/velocity_count";
    let set = scene.post(&scene.staff, rule, &device(json!({"device_10min": 2, "action": 2})), 200).await?;
    assert_eq!(
        (&set["rule"], &set["lane"], &set["weight"], &set["set_by"]),
        (&json!("velocity_count"), &json!("live"), &json!(20), &json!("teller"))
    );
    scene.post(&scene.own, transfer, &pay("100", &first), 201).await?;
    scene.refused(&scene.own, transfer, &pay("100", &first), "refused_by_gate").await?;
    let amount = device(json!({"device_10min_minor": 500, "action": 1}));
    let amounts = scene.post(&scene.staff, "/admin/aml/rules/velocity_amount", &amount, 200).await?;
    // What is held: the operation goes on until somebody has looked.
    let name = key();
    let reviewed = server.post(&scene.own, transfer, &[WAIT, ("idempotency-key", &name)], &pay("500", &second)).await?;
    let again = server.post(&scene.own, transfer, &[WAIT, ("idempotency-key", &name)], &pay("500", &second)).await?;
    assert_eq!((again.status, again.header("idempotency-replayed")), (202, "true"));
    assert_eq!(reviewed.header("retry-after"), "60");
    let operation = scene.done(reviewed, 202)?;
    assert_eq!((&operation["status"], &operation["operation"]), (&json!("pending"), &json!("merchant_payment")));
    assert_eq!(scene.balances().await?, ["9900", "9400", "100"]);
    let hold = text(&operation["resource"]).to_owned();
    assert_eq!(scene.read(&hold, &operation).await?["status"], "under_review");
    let path = format!("/v1/operations/{}", text(&operation["id"]));
    assert_eq!(scene.read(&path, &operation).await?["status"], "pending");
    let review = format!("/admin/aml{}/review", hold.trim_start_matches("/v1"));
    let release = json!({"decision": "release", "reason": "the customer was called"});
    let answer = server.post(&scene.own, &review, &[("idempotency-key", &key())], &release).await?.problem()?;
    assert_eq!((answer.status, answer.code.as_str()), (403, "insufficient_scope"));
    let paid = scene.post(&scene.staff, &review, &release, 201).await?;
    assert_eq!((&paid["amount"], &paid["operation"]), (&json!("500"), &json!("merchant_payment")));
    assert_eq!(scene.balances().await?, ["9400", "9400", "600"]);
    let settled = scene.read(&path, &paid).await?;
    assert_eq!((&settled["status"], &settled["transaction_id"]), (&json!("settled"), &paid["id"]));
    // Given back.
    let third = scene.done(server.post(&scene.own, transfer, &[WAIT, ("idempotency-key", &key())], &pay("501", &key())).await?, 202)?;
    let hold = text(&third["resource"]).to_owned();
    let review = format!("/admin/aml{}/review", hold.trim_start_matches("/v1"));
    let refuse = json!({"decision": "refuse", "reason": "nobody answers"});
    let back = scene.post(&scene.staff, &review, &refuse, 200).await?;
    assert_eq!(back["status"], "review_refused");
    assert_eq!(scene.read(&format!("/v1/operations/{}", text(&third["id"])), &back).await?["status"], "failed");
    scene.refused(&scene.staff, &review, &refuse, "hold_not_open").await?;
    // Read as set.
    let rules = scene.read("/admin/aml/rules", &amounts).await?;
    let counted =
        rules["rules"].as_array().into_iter().flatten().find(|rule| rule["rule"] == "velocity_count").cloned().unwrap_or_default();
    assert_eq!(
        (&counted["code"], &counted["gate"], &counted["live"]["parameters"]["device_10min"]),
        (&json!("R01"), &json!(true), &json!(2))
    );
    let one = scene.read("/admin/aml/rules/velocity_amount", &amounts).await?;
    assert_eq!((&one["live"]["version"], &one["parameters"][0]["unit"]), (&amounts["version"], &json!("minor")));
    assert_eq!(server.get(&scene.staff, "/admin/aml/rules/velocity").await?.problem()?.status, 404);
    for rule in ["velocity_count", "velocity_amount"] {
        scene.post(&scene.staff, &format!("/admin/aml/rules/{rule}"), &json!({"enabled": false}), 200).await?;
    }
    scene.post(&scene.staff, "/admin/aml/policy", &json!({"review_score": 40, "refuse_score": 100}), 200).await?;
    let list = scene.post(&scene.staff, "/admin/aml/countries/high_risk", &json!({"countries": ["KP", "IR"]}), 200).await?;
    assert_eq!(list["countries"], json!(["IR", "KP"]));
    frozen(&scene).await
}

/// A customer who is frozen neither pays nor is paid.
async fn frozen(scene: &Scene<'_>) -> anyhow::Result<()> {
    let (transfer, pay) = ("/v1/transactions/merchant-payment", scene.pay("", "1", json!({})));
    let reason = json!({"reason": "ordered by the court"});
    let signal = json!({"customer_id": scene.customer, "signal": "sim_swapped"});
    assert_eq!(scene.post(&scene.staff, "/admin/aml/signals", &signal, 200).await?["change"], "sim_swapped");
    for (of, reads) in [
        (format!("customers/{}", scene.customer), format!("/v1/customers/{}", scene.customer)),
        (format!("accounts/{}", scene.wallet), format!("/v1/accounts/{}", scene.wallet)),
    ] {
        let frozen = scene.post(&scene.staff, &format!("/admin/aml/{of}/freeze"), &reason, 200).await?;
        assert_eq!(frozen["change"], "frozen");
        scene.refused(&scene.staff, &format!("/admin/aml/{of}/freeze"), &reason, "freeze_unchanged").await?;
        scene.refused(&scene.own, transfer, &pay, "debit_party_frozen").await?;
        for path in [&reads, &format!("/v1/accounts/{}", scene.wallet)] {
            assert_eq!(scene.read(path, &frozen).await?["frozen"], true, "{path}");
        }
        let unfrozen = scene.post(&scene.staff, &format!("/admin/aml/{of}/unfreeze"), &reason, 200).await?;
        assert_eq!(scene.read(&reads, &unfrozen).await?.get("frozen"), None);
        scene.post(&scene.own, transfer, &pay, 201).await?;
    }
    Ok(())
}
