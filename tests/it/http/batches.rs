//! Batches and what is only tried, over HTTP.

use super::scene::{Scene, WAIT, key, text};
use super::server::{Answer, Server};
use anyhow::ensure;
use reqwest::Method;
use serde_json::{Value, json};

const BATCHES: &str = "/v1/batches";

pub(super) async fn scene(server: &Server) -> anyhow::Result<()> {
    each_by_itself(server).await?;
    all_or_nothing(server).await?;
    only_tried(server).await?;
    as_many_as_there_may_be(server).await
}

/// A payment, a reservation, one payment too many; then what follows of them, by the shop.
async fn each_by_itself(server: &Server) -> anyhow::Result<()> {
    let scene = Scene::open(server, "1000").await?;
    let reserve = scene.pay("reserve", "50", json!({"payment": "bill_payment", "expires_in_seconds": 3600}));
    let nothing = json!({"operation": "release", "hold_id": uuid::Uuid::nil()});
    let items = json!([scene.pay("merchant_payment", "100", json!({})), reserve, scene.pay("merchant_payment", "900", json!({})), nothing]);
    let body = json!({"mode": "independent", "items": items});
    let name = key();
    let first = server.post(&scene.own, BATCHES, &[WAIT, ("idempotency-key", &name)], &body).await?;
    let batch = scene.done(first, 200)?;
    assert_eq!(statuses(&batch), ["settled", "reserved", "failed", "refused"]);
    assert_eq!(batch["counts"], json!({"settled": 1, "failed": 1, "reserved": 1, "released": 0, "refused": 1, "undone": 0}));
    let outcomes = &batch["outcomes"];
    assert_eq!((&outcomes[0]["fee"], outcomes[2].get("fee")), (&json!({"amount": "0", "currency": "XOF"}), None));
    assert_eq!((&outcomes[2]["reason"], &outcomes[2]["errorCode"]), (&json!("insufficient_funds"), &json!("insufficientFunds")));
    assert_eq!(outcomes[3]["reason"], "not_authorized", "a customer does not hear whether there is such a hold");
    assert_eq!(scene.balances().await?, ["900", "850", "100"]);
    for (item, status) in [(0, "settled"), (2, "failed")] {
        let shown = scene.read(&format!("/v1/transactions/{}", text(&outcomes[item]["transaction_id"])), &batch).await?;
        assert_eq!((&shown["status"], &shown["batch_id"]), (&json!(status), &batch["batch_id"]));
    }

    // The same again, written in another way, and another one under the same key.
    for (query, body) in [("", body.clone()), ("?mode=independent", items.clone())] {
        let again = server.post(&scene.own, &format!("{BATCHES}{query}"), &[WAIT, ("idempotency-key", &name)], &body).await?;
        assert_eq!((again.header("idempotency-replayed"), again.json()?), ("true", batch.clone()));
    }
    let lines: String = items.as_array().into_iter().flatten().map(|item| format!("{item}\n")).collect();
    let again = send_lines(&scene, "?mode=independent", &name, lines).await?;
    assert_eq!((again.header("idempotency-replayed"), again.json()?), ("true", batch.clone()));
    let other = server.post(&scene.own, BATCHES, &[WAIT, ("idempotency-key", &name)], &items).await?.problem()?;
    assert_eq!((other.status, other.code.as_str()), (422, "idempotency_key_reused"));

    // It is read back as it was answered.
    let shown = scene.read(&format!("{BATCHES}/{}", text(&batch["batch_id"])), &batch).await?;
    assert_eq!((statuses(&shown), &shown["counts"], &shown["mode"]), (statuses(&batch), &batch["counts"], &batch["mode"]));
    for item in 0..4 {
        for field in ["transaction_id", "hold_id", "reason"] {
            assert_eq!(shown["outcomes"][item].get(field), outcomes[item].get(field), "{field} of {item}");
        }
    }
    let operation = scene.read(&format!("/v1/operations/{}", text(&batch["batch_id"])), &batch).await?;
    assert_eq!((&operation["operation"], &operation["status"]), (&json!("batch"), &json!("completed")));

    let hold = &outcomes[1]["hold_id"];
    let back = json!([
        {"operation": "capture", "hold_id": hold, "amount": "20", "currency": "XOF"},
        {"operation": "refund", "transaction_id": outcomes[0]["transaction_id"], "amount": "30", "currency": "XOF"},
        {"operation": "release", "hold_id": hold},
    ]);
    let followed = scene.post(&scene.shop, BATCHES, &back, 200).await?;
    assert_eq!(statuses(&followed), ["settled", "settled", "released"]);
    assert_eq!(scene.balances().await?, ["910", "910", "90"]);

    // What is staff's is staff's in a batch too.
    let taken = json!([{"operation": "reverse", "transaction_id": outcomes[0]["transaction_id"]}]);
    let problem = server.post(&scene.shop, BATCHES, &[WAIT, ("idempotency-key", &key())], &taken).await?.problem()?;
    assert_eq!((problem.status, problem.code.as_str()), (403, "insufficient_scope"));
    assert_eq!(statuses(&scene.post(&scene.staff, BATCHES, &taken, 200).await?), ["settled"]);
    assert_eq!(scene.balances().await?, ["980", "980", "20"]);
    Ok(())
}

/// One that is refused undoes all.
async fn all_or_nothing(server: &Server) -> anyhow::Result<()> {
    let scene = Scene::open(server, "100").await?;
    let items = |amounts: &[&str]| json!(amounts.iter().map(|amount| scene.pay("merchant_payment", amount, json!({}))).collect::<Vec<_>>());
    let name = key();
    let mut undone = Vec::new();
    for replayed in ["", "true"] {
        let answer = server.post(&scene.own, BATCHES, &[WAIT, ("idempotency-key", &name)], &items(&["60", "30", "11", "1"])).await?;
        assert_eq!(answer.header("idempotency-replayed"), replayed);
        let problem = answer.problem()?;
        assert_eq!((problem.status, problem.code.as_str(), problem.item), (422, "insufficient_funds", Some(2)));
        assert_eq!((problem.gsma_code.as_deref(), problem.transaction_id), (Some("insufficientFunds"), None));
        undone.push((problem.operation_id, problem.detail, answer.header("orion-epoch").to_owned()));
    }
    assert_eq!(undone[0], undone[1]);
    assert_eq!(scene.balances().await?, ["100", "100", "0"]);
    let path = format!("{BATCHES}/{}?at_least={}", undone[0].0.as_deref().unwrap_or_default(), undone[0].2);
    let shown = server.get(&scene.staff, &path).await?.json()?;
    assert_eq!(statuses(&shown), ["undone", "undone", "refused", "undone"]);

    let batch = scene.post(&scene.own, BATCHES, &items(&["60", "30", "10"]), 200).await?;
    assert_eq!((statuses(&batch), &batch["mode"]), (vec!["settled"; 3], &json!("all_or_nothing")));
    assert_eq!(scene.balances().await?, ["0", "0", "100"]);
    Ok(())
}

/// What would become of it, without a trace, and anew each time.
async fn only_tried(server: &Server) -> anyhow::Result<()> {
    let scene = Scene::open(server, "100").await?;
    let path = "/v1/transactions/merchant-payment";
    let name = key();
    // Neither needs a key, nor does one make the second a repeat of the first.
    for keys in [&[WAIT][..], &[WAIT, ("idempotency-key", &name)]] {
        for (amount, status, reason) in [("100", "settled", None), ("101", "failed", Some("insufficient_funds"))] {
            let answer = server.post(&scene.own, &format!("{path}?dry_run=true"), keys, &scene.pay("", amount, json!({}))).await?;
            assert_eq!(answer.header("idempotency-replayed"), "");
            let tried = scene.done(answer, 200)?;
            assert_eq!((&tried["dry_run"], &tried["status"]), (&json!(true), &json!(status)));
            assert_eq!(tried.get("reason").and_then(Value::as_str), reason);
            assert_eq!(tried["fee"]["amount"].as_str(), reason.is_none().then_some("0"));
        }
    }
    let items = json!([scene.pay("merchant_payment", "60", json!({})), scene.pay("merchant_payment", "60", json!({}))]);
    for (mode, expected) in [("independent", ["settled", "failed"]), ("all_or_nothing", ["undone", "refused"])] {
        let tried = scene.post(&scene.own, &format!("{BATCHES}?dry_run=true&mode={mode}"), &items, 200).await?;
        assert_eq!((statuses(&tried), &tried["dry_run"]), (expected.to_vec(), &json!(true)));
        assert_eq!(tried["outcomes"][0].get("transaction_id"), None);
    }
    let hold = scene.reserve("10").await?;
    let release = format!("/v1/holds/{}/release?dry_run=true", text(&hold["id"]));
    for _ in 0..2 {
        assert_eq!(scene.post(&scene.shop, &release, &json!({}), 200).await?["status"], "released");
    }
    // The real thing under the key of a dry run is a command of its own.
    let paid = server.post(&scene.own, path, &[WAIT, ("idempotency-key", &name)], &scene.pay("", "90", json!({}))).await?;
    assert_eq!(paid.header("idempotency-replayed"), "");
    scene.done(paid, 201)?;
    assert_eq!(scene.balances().await?, ["10", "0", "90"]);
    Ok(())
}

/// Eight thousand in one record, in one decision, in one answer.
async fn as_many_as_there_may_be(server: &Server) -> anyhow::Result<()> {
    let scene = Scene::open(server, "8000").await?;
    let item = scene.pay("merchant_payment", "1", json!({"channel": "wallet"})).to_string() + "\n";
    let answer = send_lines(&scene, "", &key(), item.repeat(8000)).await?;
    ensure!(answer.status == 200, "{} {:.500}", answer.status, answer.text);
    let batch = answer.json()?;
    assert_eq!((&batch["counts"]["settled"], statuses(&batch).len()), (&json!(8000), 8000));
    assert_eq!(scene.balances().await?, ["0", "0", "8000"]);
    let shown = scene.read(&format!("{BATCHES}/{}", text(&batch["batch_id"])), &batch).await?;
    assert_eq!(shown["outcomes"], batch["outcomes"]);
    let problem = send_lines(&scene, "", &key(), item.repeat(8001)).await?.problem()?;
    assert_eq!((problem.status, problem.errors[0].detail.as_str()), (400, "expected 1 to 8000 entries"));
    Ok(())
}

async fn send_lines(scene: &Scene<'_>, query: &str, name: &str, lines: String) -> anyhow::Result<Answer> {
    let bearer = format!("Bearer {}", scene.own);
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/x-ndjson"), WAIT, ("idempotency-key", name)];
    scene.server.send(Method::POST, &format!("{BATCHES}{query}"), &headers, lines.into_bytes()).await
}

fn statuses(batch: &Value) -> Vec<&str> {
    batch["outcomes"].as_array().into_iter().flatten().map(|outcome| text(&outcome["status"])).collect()
}
