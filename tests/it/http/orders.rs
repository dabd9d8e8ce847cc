//! Payments on a day of their own, over HTTP.

use super::scene::{Scene, WAIT, key, text};
use super::server::{Answer, Server};
use anyhow::ensure;
use schemas::rfc3339;
use serde_json::{Value, json};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const PATH: &str = "/v1/transactions/merchant-payment";

pub(super) async fn scene(server: &Server) -> anyhow::Result<()> {
    ahead(server).await?;
    back(server).await
}

/// Two wait, one is taken back; the other is made on its day, and given back like any payment.
async fn ahead(server: &Server) -> anyhow::Result<()> {
    let scene = Scene::open(server, "100").await?;
    let day = |ahead_ms: u64| json!({"execute_at": rfc3339(now_ms() + ahead_ms)});
    let (name, soon, first) = order_soon(&scene, "60", 2_000).await?;
    let again = server.post(&scene.own, PATH, &[WAIT, ("idempotency-key", &name)], &soon).await?;
    assert_eq!((again.header("idempotency-replayed"), again.header("location")), ("true", first.header("location")));
    assert_eq!(first.header("retry-after"), "");
    let location = first.header("location").to_owned();
    let order = scene.done(first, 202)?;
    assert_eq!(scene.done(again, 202)?, order);
    assert_eq!((&order["status"], &order["amount"], &order["execute_at"]), (&json!("scheduled"), &json!("60"), &soon["execute_at"]));
    assert_eq!((text(&order["account_debit"]), location), (&*scene.wallet, format!("/v1/orders/{}", text(&order["id"]))));

    let later = scene.post(&scene.own, PATH, &scene.pay("", "1", day(3_600_000)), 202).await?;
    let shown = scene.read(&format!("/v1/orders/{}", text(&later["id"])), &later).await?;
    assert_eq!((&shown["status"], &shown["id"]), (&json!("scheduled"), &later["id"]));
    let cancel = format!("/v1/orders/{}/cancel", text(&later["id"]));
    scene.refused(&scene.shop, &cancel, &json!({}), "not_authorized").await?;
    let name = key();
    let cancelled = server.post(&scene.own, &cancel, &[WAIT, ("idempotency-key", &name)], &json!({})).await?;
    let again = server.post(&scene.own, &cancel, &[WAIT, ("idempotency-key", &name)], &json!({})).await?;
    assert_eq!(again.header("idempotency-replayed"), "true");
    let cancelled = scene.done(cancelled, 200)?;
    assert_eq!((scene.done(again, 200)?, &cancelled["status"]), (cancelled.clone(), &json!("cancelled")));
    scene.refused(&scene.staff, &cancel, &json!({}), "order_not_open").await?;

    for (ahead_ms, code) in [(401 * 86_400_000, "execution_date_out_of_range")] {
        scene.refused(&scene.own, PATH, &scene.pay("", "1", day(ahead_ms)), code).await?;
    }
    scene.refused(&scene.own, PATH, &scene.pay("", "1", json!({"execute_at": rfc3339(1)})), "execution_date_out_of_range").await?;
    scene.refused(&scene.shop, PATH, &scene.pay("", "1", day(60_000)), "not_authorized").await?;

    // Nobody asks, and it is made all the same.
    let made = until(&scene, &order, "executed").await?;
    assert_eq!(scene.balances().await?, ["40", "40", "60"]);
    let shown = scene.read(&format!("/v1/transactions/{}", text(&made["transaction_id"])), &made).await?;
    assert_eq!((&shown["status"], &shown["amount"], &shown["order_id"]), (&json!("settled"), &json!("60"), &order["id"]));
    let refunds = format!("/v1/transactions/{}/refunds", text(&made["transaction_id"]));
    scene.post(&scene.shop, &refunds, &json!({"amount": "60", "currency": "XOF"}), 201).await?;

    // What is not covered on its day fails on it.
    let dear = scene.done(order_soon(&scene, "101", 500).await?.2, 202)?;
    let failed = until(&scene, &dear, "failed").await?;
    let shown = scene.read(&format!("/v1/transactions/{}", text(&failed["transaction_id"])), &failed).await?;
    assert_eq!((&shown["status"], &shown["reason"]), (&json!("failed"), &json!("insufficient_funds")));
    assert_eq!(scene.balances().await?, ["100", "100", "0"]);
    Ok(())
}

/// Staff makes a payment that counts from an earlier day.
async fn back(server: &Server) -> anyhow::Result<()> {
    let scene = Scene::open(server, "100").await?;
    let yesterday = json!({"effective_at": rfc3339(now_ms() - 86_400_000)});
    scene.refused(&scene.own, PATH, &scene.pay("", "10", yesterday.clone()), "not_authorized").await?;
    let name = key();
    let body = scene.pay("", "10", yesterday);
    let first = server.post(&scene.staff, PATH, &[WAIT, ("idempotency-key", &name)], &body).await?;
    let again = server.post(&scene.staff, PATH, &[WAIT, ("idempotency-key", &name)], &body).await?;
    let paid = scene.done(first, 201)?;
    assert_eq!((&paid["status"], &paid["effective_at"]), (&json!("settled"), &body["effective_at"]));
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!((&again.json()?["effective_at"], &again.json()?["id"]), (&paid["effective_at"], &paid["id"]));
    let mut shown = scene.read(&format!("/v1/transactions/{}", text(&paid["id"])), &paid).await?;
    shown.as_object_mut().and_then(|shown| shown.remove("as_of"));
    assert_eq!(shown, paid);
    let order = scene.read(&format!("/v1/orders/{}", text(&paid["order_id"])), &paid).await?;
    assert_eq!((&order["status"], &order["transaction_id"]), (&json!("executed"), &paid["id"]));
    for at in [1, now_ms() + 60_000] {
        let body = scene.pay("", "10", json!({"effective_at": rfc3339(at)}));
        scene.refused(&scene.staff, PATH, &body, "effective_date_out_of_range").await?;
    }
    assert_eq!(scene.balances().await?, ["90", "90", "10"]);
    Ok(())
}

/// A payment that is to be made as soon as this machine lets one say so: its key, what was asked, and the answer. What is due already
/// when it is decided is refused.
pub(super) async fn order_soon(scene: &Scene<'_>, amount: &str, mut ahead_ms: u64) -> anyhow::Result<(String, Value, Answer)> {
    loop {
        let (key, body) = (key(), scene.pay("", amount, json!({"execute_at": rfc3339(now_ms() + ahead_ms)})));
        let answer = scene.server.post(&scene.own, PATH, &[WAIT, ("idempotency-key", &key)], &body).await?;
        let too_soon = answer.status == 422 && answer.problem()?.code == "execution_date_out_of_range";
        if !too_soon || ahead_ms > 60_000 {
            return Ok((key, body, answer));
        }
        ahead_ms *= 2;
    }
}

/// The order once it has come to stand so.
pub(super) async fn until(scene: &Scene<'_>, order: &Value, status: &str) -> anyhow::Result<Value> {
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        let shown = scene.read(&format!("/v1/orders/{}", text(&order["id"])), order).await?;
        if shown["status"] == status {
            return Ok(shown);
        }
        ensure!(shown["status"] == "scheduled" && Instant::now() < deadline, "{shown}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(0)
}
