//! Holds, refunds, reversals, terms, limits, levels and tariffs, over HTTP: what each step must answer.
//!
//! One house, and a scene for each subject, with people of its own, so that the scenes do not meet.

use super::scene::{Scene, WAIT, key, text};
use super::server::Server;
use super::{batches, gates, lists, orders, views};
use crate::house::House;
use anyhow::ensure;
use schemas::AccountId;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Nobody has it.
const NOBODY: &str = "00000000-0000-7002-8000-000000000063";

#[test]
fn money_is_held_given_back_bounded_and_priced() -> anyhow::Result<()> {
    let Some(house) = House::start("ledger")? else { return Ok(()) };
    let server = Server::at(&house.base, house.auth())?;
    tokio::runtime::Runtime::new()?.block_on(scenes(&server))?;
    house.forget()
}

/// All scenes, once in a bank: after them it has every kind of event and row.
pub(crate) async fn scenes(server: &Server) -> anyhow::Result<()> {
    holds(server).await?;
    expiry(server).await?;
    giving_back(server).await?;
    terms(server).await?;
    levels(server).await?;
    tariffs(server).await?;
    batches::scene(server).await?;
    orders::scene(server).await?;
    lists::scene(server).await?;
    gates::scene(server).await?;
    views::scene(server).await
}

/// Reserves, captures in two parts, releases; by the right people only, and never more than is there.
async fn holds(server: &Server) -> anyhow::Result<()> {
    let scene = Scene::open(server, "10000").await?;
    let reserve = scene.pay("bill_payment", "1000", json!({"expires_in_seconds": 3600, "channel": "card"}));
    let (name, first) = (key(), scene.reserve("1000").await?);
    let held = server.post(&scene.own, "/v1/holds", &[WAIT, ("idempotency-key", &name)], &reserve).await?;
    let again = server.post(&scene.own, "/v1/holds", &[WAIT, ("idempotency-key", &name)], &reserve).await?;
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, "true"));
    assert_eq!((again.json()?, again.header("location")), (held.json()?, held.header("location")));
    let hold = scene.done(held, 201)?;
    assert_eq!((&hold["status"], &hold["held_fee"]), (&json!("held"), &json!("0")));
    assert_eq!((&hold["operation"], &hold["channel"], &hold["amount"]), (&json!("bill_payment"), &json!("card"), &json!("1000")));
    assert_eq!(scene.balances().await?, ["10000", "8000", "0"]);
    scene.refused(&scene.own, "/v1/transactions/merchant-payment", &scene.pay("", "8001", json!({})), "insufficient_funds").await?;

    // Two captures, the second of which lets go of the rest.
    let captures = format!("/v1/holds/{}/captures", text(&hold["id"]));
    let amount = |amount: &str, last: bool| json!({"amount": amount, "currency": "XOF", "last": last});
    scene.refused(&scene.own, &captures, &amount("400", false), "not_authorized").await?;
    scene.refused(&scene.shop, &captures, &amount("1001", false), "capture_exceeds_hold").await?;
    scene.refused(&scene.shop, &captures, &json!({"amount": "1", "currency": "EUR"}), "currency_mismatch").await?;
    let name = key();
    let captured = server.post(&scene.shop, &captures, &[WAIT, ("idempotency-key", &name)], &amount("400", false)).await?;
    let transaction =
        scene.done(server.post(&scene.shop, &captures, &[WAIT, ("idempotency-key", &name)], &amount("400", false)).await?, 201)?;
    assert_eq!(transaction["id"], scene.done(captured, 201)?["id"]);
    assert_eq!(
        (&transaction["operation"], &transaction["channel"], &transaction["amount"]),
        (&json!("bill_payment"), &json!("card"), &json!("400"))
    );
    let reused = server.post(&scene.shop, &captures, &[WAIT, ("idempotency-key", &name)], &amount("401", false)).await?.problem()?;
    assert_eq!((reused.status, reused.code.as_str()), (422, "idempotency_key_reused"));
    assert_eq!(transaction["hold_id"], hold["id"]);
    assert_eq!(scene.balances().await?, ["9600", "8000", "400"]);
    scene.post(&scene.shop, &captures, &amount("500", true), 201).await?;
    assert_eq!(scene.balances().await?, ["9100", "8100", "900"]);
    // Of a hold that has ended the ledger knows nothing any more, so its payee hears what a stranger does.
    scene.refused(&scene.staff, &captures, &amount("1", false), "hold_not_open").await?;
    scene.refused(&scene.shop, &captures, &amount("1", false), "not_authorized").await?;

    // The other is given back whole, once.
    let release = format!("/v1/holds/{}/release", text(&first["id"]));
    scene.refused(&scene.own, &release, &json!({}), "not_authorized").await?;
    let released = scene.post(&scene.shop, &release, &json!({}), 200).await?;
    assert_eq!((&released["id"], &released["status"], &released["amount"]), (&first["id"], &json!("released"), &json!("1000")));
    scene.refused(&scene.staff, &release, &json!({}), "hold_not_open").await?;
    assert_eq!(scene.balances().await?, ["9100", "9100", "900"]);
    Ok(())
}

/// What is not captured in time is free again.
async fn expiry(server: &Server) -> anyhow::Result<()> {
    let scene = Scene::open(server, "1000").await?;
    let body = scene.pay("merchant_payment", "600", json!({"expires_in_seconds": 1}));
    let hold = scene.post(&scene.own, "/v1/holds", &body, 201).await?;
    let captures = format!("/v1/holds/{}/captures", text(&hold["id"]));
    // Time goes by as epochs do, and more than is held is never captured.
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let body = json!({"amount": "601", "currency": "XOF"});
        let code = server.post(&scene.staff, &captures, &[WAIT, ("idempotency-key", &key())], &body).await?.problem()?.code;
        if code == "hold_not_open" {
            break;
        }
        ensure!(code == "capture_exceeds_hold" && Instant::now() < deadline, "{code}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(scene.balances().await?, ["1000", "1000", "0"]);
    Ok(())
}

/// Refunds some, takes back the rest, and no more than there was.
async fn giving_back(server: &Server) -> anyhow::Result<()> {
    let scene = Scene::open(server, "1000").await?;
    let paid = scene.post(&scene.own, "/v1/transactions/merchant-payment", &scene.pay("", "500", json!({})), 201).await?;
    let path = |transaction: &Value, verb: &str| format!("/v1/transactions/{}/{verb}", text(&transaction["id"]));
    let (refunds, reverse) = (path(&paid, "refunds"), path(&paid, "reverse"));
    let amount = |amount: &str| json!({"amount": amount, "currency": "XOF"});
    scene.refused(&scene.own, &refunds, &amount("1"), "not_authorized").await?;
    scene.refused(&scene.shop, &refunds, &amount("501"), "refund_exceeds_original").await?;
    scene.refused(&scene.shop, &refunds, &json!({"amount": "1", "currency": "EUR"}), "currency_mismatch").await?;
    let refund = scene.post(&scene.shop, &refunds, &amount("200"), 201).await?;
    assert_eq!((&refund["operation"], &refund["status"], &refund["amount"]), (&json!("refund"), &json!("settled"), &json!("200")));
    assert_eq!(refund["original_transaction_id"], paid["id"]);
    assert_eq!((text(&refund["account_debit"]), text(&refund["account_credit"])), (&*scene.till, &*scene.wallet));
    scene.refused(&scene.shop, &refunds, &amount("301"), "refund_exceeds_original").await?;
    scene.refused(&scene.staff, &path(&refund, "refunds"), &amount("1"), "original_not_found").await?;
    assert_eq!(scene.balances().await?, ["700", "700", "300"]);

    let forbidden = server.post(&scene.shop, &reverse, &[WAIT, ("idempotency-key", &key())], &json!({})).await?.problem()?;
    assert_eq!((forbidden.status, forbidden.code.as_str()), (403, "insufficient_scope"));
    // Without a body, as one would with curl.
    let (bearer, name) = (format!("Bearer {}", scene.staff), key());
    let headers = [("authorization", bearer.as_str()), WAIT, ("idempotency-key", &name)];
    let reversal = scene.done(server.send(reqwest::Method::POST, &reverse, &headers, Vec::new()).await?, 201)?;
    assert_eq!((&reversal["operation"], &reversal["amount"]), (&json!("reversal"), &json!("300")));
    let again = server.send(reqwest::Method::POST, &reverse, &headers, Vec::new()).await?;
    assert_eq!((again.header("idempotency-replayed"), &again.json()?["id"]), ("true", &reversal["id"]));
    scene.refused(&scene.staff, &reverse, &json!({}), "already_reversed").await?;
    scene.refused(&scene.shop, &refunds, &amount("1"), "already_reversed").await?;
    let unknown = format!("/v1/transactions/{}/reverse", Uuid::nil());
    scene.refused(&scene.staff, &unknown, &json!({}), "original_not_found").await?;
    assert_eq!(scene.balances().await?, ["1000", "1000", "0"]);
    Ok(())
}

/// An overdraft, limits of an account, and terms for later.
async fn terms(server: &Server) -> anyhow::Result<()> {
    let scene = Scene::open(server, "100").await?;
    crate::house::not_at_midnight();
    let terms = |account: &str| format!("/v1/accounts/{account}/terms");
    let pay = async |amount: &str, code: &str| {
        let (path, body) = ("/v1/transactions/merchant-payment", scene.pay("", amount, json!({})));
        if code.is_empty() {
            scene.post(&scene.own, path, &body, 201).await.map(drop)
        } else {
            scene.refused(&scene.own, path, &body, code).await
        }
    };
    let floor = json!({"currency": "XOF", "floor": "-50", "limits": {}});
    scene.refused(&scene.staff, &terms(NOBODY), &floor, "account_not_found").await?;
    scene.refused(&scene.staff, &terms(&scene.wallet), &json!({"currency": "EUR", "limits": {}}), "currency_mismatch").await?;
    pay("101", "insufficient_funds").await?;
    let name = key();
    let set = server.post(&scene.staff, &terms(&scene.wallet), &[WAIT, ("idempotency-key", &name)], &floor).await?;
    let again = server.post(&scene.staff, &terms(&scene.wallet), &[WAIT, ("idempotency-key", &name)], &floor).await?;
    assert_eq!((again.header("idempotency-replayed"), again.json()?), ("true", set.json()?));
    let set = scene.done(set, 200)?;
    assert_eq!((text(&set["account_id"]), &set["currency"], &set["floor"]), (&*scene.wallet, &json!("XOF"), &json!("-50")));
    pay("151", "insufficient_funds").await?;
    pay("110", "").await?;
    assert_eq!(scene.balances().await?, ["-10", "-10", "110"]);

    // Today it has paid once, 110.
    let debit = |debit: Value| json!({"currency": "XOF", "floor": "-50", "limits": {"debit": debit}});
    for (limits, code) in [
        (json!({"operation": "9"}), "operation_limit_exceeded"),
        (json!({"day_count": 1}), "daily_count_exceeded"),
        (json!({"day": "119"}), "daily_amount_exceeded"),
        (json!({"month_count": 1}), "monthly_count_exceeded"),
        (json!({"month": "119"}), "monthly_amount_exceeded"),
        (json!({"operation": "10", "day_count": 2, "day": "120", "month_count": 2, "month": "120"}), ""),
    ] {
        scene.post(&scene.staff, &terms(&scene.wallet), &debit(limits), 200).await?;
        pay("10", code).await?;
    }
    // What the payee may be paid is its own business.
    let credit = json!({"currency": "XOF", "limits": {"balance": "125"}});
    scene.post(&scene.staff, &terms(&scene.wallet), &debit(json!({})), 200).await?;
    scene.post(&scene.staff, &terms(&scene.till), &credit, 200).await?;
    pay("6", "payee_limit_exceeded").await?;
    pay("5", "").await?;
    // What is planned for later does not hold yet.
    let later = json!({"currency": "XOF", "limits": {}, "effective_from": "9000-01-01T00:00:00Z"});
    let set = scene.post(&scene.staff, &terms(&scene.till), &later, 200).await?;
    assert!(text(&set["effective_from"]).starts_with("9000-01-01T00:00:00"), "{set}");
    pay("1", "payee_limit_exceeded").await?;
    Ok(())
}

/// The limits of a level bind those who have it.
async fn levels(server: &Server) -> anyhow::Result<()> {
    let scene = Scene::open(server, "1000").await?;
    let level = format!("/v1/customers/{}/level", scene.customer);
    let limits = json!({"currency": "XOF", "limits": {"debit": {"operation": "50"}}});
    let set = scene.post(&scene.staff, "/v1/levels/simplified/limits", &limits, 200).await?;
    assert_eq!((&set["level"], &set["currency"]), (&json!("simplified"), &json!("XOF")));
    let (path, body) = ("/v1/transactions/merchant-payment", scene.pay("", "51", json!({})));
    scene.post(&scene.own, path, &body, 201).await?;
    let nobody = format!("/v1/customers/{NOBODY}/level");
    scene.refused(&scene.staff, &nobody, &json!({"level": "simplified"}), "customer_not_found").await?;
    let set = scene.post(&scene.staff, &level, &json!({"level": "simplified"}), 200).await?;
    assert_eq!((text(&set["customer_id"]), &set["level"]), (&*scene.customer, &json!("simplified")));
    scene.refused(&scene.own, path, &body, "operation_limit_exceeded").await?;
    scene
        .refused(
            &scene.own,
            "/v1/holds",
            &scene.pay("merchant_payment", "51", json!({"expires_in_seconds": 3600})),
            "operation_limit_exceeded",
        )
        .await?;
    scene.post(&scene.staff, &level, &json!({"level": "standard"}), 200).await?;
    scene.post(&scene.own, path, &body, 201).await?;
    Ok(())
}

/// A fee is charged as long as its tariff stands, and comes back with a reversal.
async fn tariffs(server: &Server) -> anyhow::Result<()> {
    let scene = Scene::open(server, "10000").await?;
    let fees = format!("/v1/accounts/{}/balance", AccountId::house("fees", "XOF".parse()?));
    let tariff = json!({
        "code": "bills", "currency": "XOF", "operation": "bill_payment", "bearer": "payer",
        "tiers": [{"up_to": "1000", "fixed": "10"}, {"fixed": "5", "rate": "1.25"}],
    });
    let name = key();
    let set = server.post(&scene.staff, "/v1/tariffs", &[WAIT, ("idempotency-key", &name)], &tariff).await?;
    let again = server.post(&scene.staff, "/v1/tariffs", &[WAIT, ("idempotency-key", &name)], &tariff).await?;
    assert_eq!((again.header("idempotency-replayed"), again.json()?), ("true", set.json()?));
    assert_eq!(set.header("location"), "/v1/tariffs/bills");
    let set = scene.done(set, 201)?;
    assert_eq!((&set["code"], &set["bearer"]), (&json!("bills"), &json!("payer")));

    let path = "/v1/transactions/bill-payment";
    let cheap = scene.post(&scene.own, path, &scene.pay("", "1000", json!({})), 201).await?;
    assert_eq!((&cheap["operation"], &cheap["charged_fee"]), (&json!("bill_payment"), &json!("10")));
    let dear = scene.post(&scene.own, path, &scene.pay("", "2000", json!({})), 201).await?;
    assert_eq!(dear["charged_fee"], "30");
    assert_eq!(scene.balances().await?, ["6960", "6960", "3000"]);
    assert_eq!(scene.read(&fees, &dear).await?["balance_posted"], "40");
    scene.refused(&scene.own, path, &scene.pay("", "6900", json!({})), "insufficient_funds").await?;

    // What is held covers the fee; what is captured bears its part of it.
    let held = scene.pay("bill_payment", "2000", json!({"expires_in_seconds": 3600}));
    let hold = scene.post(&scene.own, "/v1/holds", &held, 201).await?;
    assert_eq!(scene.balances().await?, ["6960", "4930", "3000"]);
    let captures = format!("/v1/holds/{}/captures", text(&hold["id"]));
    let captured = scene.post(&scene.shop, &captures, &json!({"amount": "1000", "currency": "XOF", "last": true}), 201).await?;
    assert_eq!(captured["charged_fee"], "15");
    assert_eq!(scene.balances().await?, ["5945", "5945", "4000"]);

    let reverse = format!("/v1/transactions/{}/reverse", text(&dear["id"]));
    let reversal = scene.post(&scene.staff, &reverse, &json!({}), 201).await?;
    assert_eq!((&reversal["amount"], &reversal["charged_fee"]), (&json!("2000"), &json!("30")));
    assert_eq!(scene.balances().await?, ["7975", "7975", "2000"]);
    assert_eq!(scene.read(&fees, &reversal).await?["balance_posted"], "25");

    scene.refused(&scene.staff, "/v1/tariffs/other/withdraw", &json!({}), "tariff_not_found").await?;
    let end = scene.post(&scene.staff, "/v1/tariffs/bills/withdraw", &json!({}), 200).await?;
    assert_eq!(end["code"], "bills");
    scene.refused(&scene.staff, "/v1/tariffs/bills/withdraw", &json!({}), "tariff_not_found").await?;
    let free = scene.post(&scene.own, path, &scene.pay("", "1000", json!({})), 201).await?;
    assert_eq!(free["charged_fee"], "0");
    Ok(())
}
