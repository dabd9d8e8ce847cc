//! Lists, statements and timelines of a bank at work, over HTTP.

use super::scene::{Scene, key, text};
use super::server::Server;
use schemas::rfc3339;
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

const PAY: &str = "/v1/transactions/merchant-payment";

pub(super) async fn scene(server: &Server) -> anyhow::Result<()> {
    parts(server).await?;
    statement(server).await?;
    timelines(server).await
}

fn entries<'a>(listed: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    listed[name].as_array().into_iter().flatten()
}

/// Everything that a list tells part by part, while somebody pays between any two.
async fn all(scene: &Scene<'_>, path: &str, name: &str) -> anyhow::Result<Vec<Value>> {
    let (mut told, mut next) = (Vec::new(), format!("{path}&limit=2"));
    let mut as_of = Value::Null;
    loop {
        let part = scene.server.get(&scene.own, &next).await?.json()?;
        assert!(as_of.is_null() || part["as_of"] == as_of, "{next}");
        as_of = part["as_of"].clone();
        told.extend(entries(&part, name).cloned());
        let Some(cursor) = part["next_cursor"].as_str() else { return Ok(told) };
        next = format!("{}?limit=2&cursor={cursor}", path.split('?').next().unwrap_or_default());
        scene.post(&scene.own, PAY, &scene.pay("", "1", json!({})), 201).await?;
    }
}

/// Parts of a list neither shift nor overlap, whatever is paid meanwhile.
async fn parts(server: &Server) -> anyhow::Result<()> {
    let scene = Scene::open(server, "1000").await?;
    let mut paid = Vec::new();
    for amount in ["10", "20", "30", "40", "50"] {
        paid.push(scene.post(&scene.own, PAY, &scene.pay("", amount, json!({})), 201).await?);
    }
    scene.refused(&scene.own, PAY, &scene.pay("", "5000", json!({})), "insufficient_funds").await?;
    // Behind what was refused.
    let last = scene.post(&scene.own, PAY, &scene.pay("", "60", json!({})), 201).await?;
    paid.push(last.clone());
    let last = &last["epoch"];
    let told = all(&scene, &format!("/v1/transactions?operation=merchant_payment&status=settled&at_least={last}"), "transactions").await?;
    paid.reverse();
    assert_eq!(told, paid, "as they were answered, the newest first");
    let own = scene.server.get(&scene.own, "/v1/transactions?limit=1000").await?.json()?;
    let failed: Vec<_> = entries(&own, "transactions").filter(|payment| payment["status"] == "failed").collect();
    assert_eq!((failed.len(), &failed[0]["reason"]), (1, &json!("insufficient_funds")));
    let by_reason = format!("/v1/transactions?reason=insufficient_funds&account={}", scene.wallet);
    assert_eq!(entries(&scene.server.get(&scene.staff, &by_reason).await?.json()?, "transactions").collect::<Vec<_>>(), failed);
    let traced = format!("/v1/transactions?trace_id={}", text(&paid[0]["trace_id"]));
    assert_eq!(entries(&scene.server.get(&scene.shop, &traced).await?.json()?, "transactions").collect::<Vec<_>>(), [&paid[0]]);

    for order in ["asc", "desc"] {
        let mut told = all(&scene, &format!("/v1/accounts/{}/entries?order={order}", scene.wallet), "entries").await?;
        if order == "desc" {
            told.reverse();
        }
        let mut balance = 0;
        for entry in &told {
            balance += text(&entry["amount"]).parse::<i64>()?;
            assert_eq!(text(&entry["balance"]), balance.to_string());
        }
        assert!(told.len() >= 6 && told.is_sorted_by_key(|entry| entry["epoch"].as_u64()));
    }
    let accounts = scene.server.get(&scene.own, "/v1/accounts").await?.json()?;
    let balance = scene.server.get(&scene.own, &format!("/v1/accounts/{}/balance?at={}", scene.wallet, accounts["as_of"])).await?.json()?;
    assert_eq!(
        (&accounts["accounts"][0]["id"], &accounts["accounts"][0]["balance_posted"]),
        (&json!(scene.wallet), &balance["balance_posted"])
    );
    let others = format!("/v1/accounts?customer_id={}", scene.customer);
    assert_eq!(scene.server.get(&scene.shop, &others).await?.problem()?.code, "customer_not_found");
    Ok(())
}

/// A payment that counts from yesterday stands there by the one day, and where it was made by the other.
async fn statement(server: &Server) -> anyhow::Result<()> {
    let scene = Scene::open(server, "100").await?;
    let now = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
    let yesterday = now - 86_400_000;
    let paid = scene.post(&scene.staff, PAY, &scene.pay("", "10", json!({"effective_at": rfc3339(yesterday)})), 201).await?;
    let path = format!("/v1/accounts/{}/entries", scene.till);
    for (query, opening, closing, amounts) in [
        (format!("from={yesterday}&to={}", yesterday + 1), "0", "0", vec![]),
        (format!("by=effective&from={yesterday}&to={}", yesterday + 1), "0", "10", vec!["10"]),
        (format!("from={}", yesterday + 1), "0", "10", vec!["10"]),
        (format!("by=effective&from={}", yesterday + 1), "10", "10", vec![]),
    ] {
        let told = scene.server.get(&scene.shop, &format!("{path}?{query}&at_least={}", paid["epoch"])).await?.json()?;
        let found = entries(&told, "entries").map(|entry| text(&entry["amount"])).collect::<Vec<_>>();
        assert_eq!((text(&told["opening_balance"]), text(&told["closing_balance"]), found), (opening, closing, amounts), "{query}");
    }
    let bearer = format!("Bearer {}", scene.shop);
    let csv = [("authorization", bearer.as_str()), ("accept", "text/csv")];
    let answer = scene.server.send(reqwest::Method::GET, &format!("{path}?by=effective"), &csv, Vec::new()).await?;
    let line = format!(
        "{},merchant_payment,wallet,10,XOF,10,{},{},{},{}",
        text(&paid["id"]),
        scene.wallet,
        rfc3339(yesterday),
        text(&paid["settled_at"]),
        paid["epoch"]
    );
    assert_eq!(answer.text.lines().nth(1), Some(&*line));
    assert_eq!(scene.server.get(&scene.own, &path).await?.problem()?.code, "account_not_found");
    Ok(())
}

/// What happened to payments: out of a hold, given back, ordered, and refused.
async fn timelines(server: &Server) -> anyhow::Result<()> {
    let scene = Scene::open(server, "1000").await?;
    let hold = scene.reserve("100").await?;
    let captures = format!("/v1/holds/{}/captures", text(&hold["id"]));
    let amount = |amount: &str, last: bool| json!({"amount": amount, "currency": "XOF", "last": last});
    let part = scene.post(&scene.shop, &captures, &amount("30", false), 201).await?;
    let rest = scene.post(&scene.shop, &captures, &amount("50", true), 201).await?;
    let refunds = format!("/v1/transactions/{}/refunds", text(&part["id"]));
    let refund = scene.post(&scene.shop, &refunds, &json!({"amount": "10", "currency": "XOF"}), 201).await?;
    scene.refused(&scene.shop, &refunds, &json!({"amount": "21", "currency": "XOF"}), "refund_exceeds_original").await?;
    let reversal = scene.post(&scene.staff, &format!("/v1/transactions/{}/reverse", text(&part["id"])), &json!({}), 201).await?;
    let expected = [
        ("reserved", "100", &Value::Null, &hold),
        ("captured", "30", &part["id"], &part),
        ("settled", "30", &part["id"], &part),
        ("captured", "50", &rest["id"], &rest),
        ("closed", "20", &Value::Null, &rest),
        ("refunded", "10", &refund["id"], &refund),
        ("reversed", "20", &reversal["id"], &reversal),
    ];
    let path = format!("/v1/transactions/{}/timeline", text(&part["id"]));
    let told = scene.read(&path, &reversal).await?;
    let found: Vec<_> = entries(&told, "events")
        .map(|event| (text(&event["event"]), text(&event["amount"]), &event["transaction_id"], &event["epoch"]))
        .collect();
    let expected: Vec<_> = expected.iter().map(|(event, amount, id, when)| (*event, *amount, *id, &when["epoch"])).collect();
    assert_eq!(found, expected);
    let of_hold = entries(&told, "events").filter(|event| event["hold_id"] == hold["id"]).count();
    assert_eq!((of_hold, &told["currency"], told.get("next_cursor")), (4, &json!("XOF"), None));
    assert!(entries(&told, "events").is_sorted_by_key(|event| text(&event["event_id"]).to_owned()));
    assert_eq!(entries(&told, "events").map(|event| text(&event["at"]).to_owned()).next(), hold["epoch"].as_u64().map(rfc3339));
    assert_eq!(
        all(&scene, &format!("{path}?at_least={}", reversal["epoch"]), "events").await?,
        entries(&told, "events").cloned().collect::<Vec<_>>()
    );
    let before = scene.server.get(&scene.own, &format!("{path}?at={}", part["epoch"])).await?.json()?;
    assert_eq!(entries(&before, "events").count(), 3, "what came later was not known yet");
    let early = scene.server.get(&scene.own, &format!("{path}?at={}", hold["epoch"])).await?.problem()?;
    let stranger = Scene::open(server, "1").await?;
    let others = stranger.server.get(&stranger.own, &path).await?.problem()?;
    assert_eq!([early.code.as_str(), others.code.as_str()], ["transaction_not_found"; 2]);

    // By itself, refused; and ordered, then made.
    let body = scene.pay("", "5000", json!({}));
    let failed = server.post(&scene.own, PAY, &[super::scene::WAIT, ("idempotency-key", &key())], &body).await?.problem()?;
    let told =
        scene.server.get(&scene.own, &format!("/v1/transactions/{}/timeline", failed.transaction_id.unwrap_or_default())).await?.json()?;
    let events: Vec<_> = entries(&told, "events").map(|event| (text(&event["event"]), text(&event["reason"]))).collect();
    assert_eq!(events, [("failed", "insufficient_funds")]);
    let order = scene.done(super::orders::order_soon(&scene, "7", 1_000).await?.2, 202)?;
    let made = super::orders::until(&scene, &order, "executed").await?;
    let told = scene.read(&format!("/v1/transactions/{}/timeline", text(&made["transaction_id"])), &made).await?;
    let events: Vec<_> = entries(&told, "events").map(|event| (text(&event["event"]), &event["order_id"], &event["epoch"])).collect();
    assert_eq!(events, [("ordered", &order["id"], &order["epoch"]), ("settled", &Value::Null, &made["epoch"])]);
    Ok(())
}
