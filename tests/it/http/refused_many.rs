//! What never reaches the log of batches, orders, dry runs and refunds of old payments.

use super::server::{Ground, STAFF, Server};
use reqwest::Method;
use schemas::{CommandId, TransactionId};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

const A: &str = "019ab6f5-1c7b-7002-8000-000000000000";
const B: &str = "019ab6f5-1c7b-7002-8000-000000000001";
const BATCHES: &str = "/v1/batches";
const TRANSFER: &str = "/v1/transactions/transfer";
const JSON: &str = "application/json";
const LINES: &str = "application/x-ndjson";
const KEY: (&str, &str) = ("idempotency-key", "k1");

fn transfer() -> Value {
    json!({"account_debit": A, "account_credit": B, "amount": "12500", "currency": "XOF"})
}

fn item() -> Value {
    let mut item = transfer();
    item["operation"] = json!("transfer");
    item
}

fn ordered() -> Value {
    let mut order = transfer();
    order["execute_at"] = json!("2026-01-01T00:00:00Z");
    order
}

/// The status, the code and the pointers of what a body is answered with.
async fn answered(
    server: &Server,
    path: &str,
    media: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> anyhow::Result<(u16, String, Vec<String>)> {
    let bearer = format!("Bearer {}", server.token("teller", STAFF)?);
    let mut all = vec![("authorization", bearer.as_str()), ("content-type", media)];
    all.extend_from_slice(headers);
    let problem = server.send(Method::POST, path, &all, body).await?.problem()?;
    Ok((problem.status, problem.code, problem.errors.into_iter().map(|error| error.pointer).collect()))
}

#[tokio::test]
async fn bodies_that_are_no_batch() -> anyhow::Result<()> {
    let server = Server::start(Ground::none()?).await?;
    let whole = json!([item()]).to_string();
    let mut bad = vec![item(), item()];
    bad[1]["amount"] = json!("0");
    let line = item().to_string();
    for (media, body, status, code, pointers) in [
        (JSON, String::new(), 400, "invalid_request", vec![""]),
        (JSON, "[".to_owned(), 400, "invalid_request", vec![""]),
        (JSON, "[]".to_owned(), 400, "invalid_request", vec![""]),
        (JSON, "true".to_owned(), 400, "invalid_request", vec![""]),
        (JSON, json!({"items": []}).to_string(), 400, "invalid_request", vec!["/items"]),
        (JSON, json!({"items": bad, "mode": "some"}).to_string(), 400, "invalid_request", vec!["/mode", "/items/1/amount"]),
        (JSON, json!(bad).to_string(), 400, "invalid_request", vec!["/1/amount"]),
        (LINES, format!("{}\n{}", bad[0], bad[1]), 400, "invalid_request", vec!["/1/amount"]),
        (LINES, format!("{line}\nnonsense"), 400, "invalid_request", vec!["/1"]),
        (LINES, String::new(), 400, "invalid_request", vec![""]),
        (JSON, json!(vec![item(); 8001]).to_string(), 400, "invalid_request", vec![""]),
        (JSON, format!("[\"{}\"]", "x".repeat(4 << 20)), 413, "body_too_large", vec![]),
        (LINES, "\n".repeat((4 << 20) + 1), 413, "body_too_large", vec![]),
        ("text/plain", whole.clone(), 415, "unsupported_media_type", vec![]),
        ("application/ndjson", whole.clone(), 415, "unsupported_media_type", vec![]),
        // What is as large as it may be is taken: only the log does not answer here.
        (JSON, whole.clone() + &" ".repeat((4 << 20) - whole.len()), 503, "log_unavailable", vec![]),
        (LINES, format!("{line}\n").repeat(8000), 503, "log_unavailable", vec![]),
    ] {
        let found = answered(&server, BATCHES, media, &[KEY], body.clone().into_bytes()).await?;
        let pointers: Vec<_> = pointers.into_iter().map(str::to_owned).collect();
        assert_eq!(found, (status, code.to_owned(), pointers), "{media} {body:.60}");
    }
    // Lines are for batches, and so is the room.
    let large = format!("{{\"memo\":\"{}\"}}", "x".repeat(65_536));
    assert_eq!(answered(&server, TRANSFER, JSON, &[KEY], large.into_bytes()).await?.0, 413);
    assert_eq!(answered(&server, TRANSFER, LINES, &[KEY], transfer().to_string().into_bytes()).await?.0, 415);
    Ok(())
}

#[tokio::test]
async fn queries_that_nobody_hears_are_refused() -> anyhow::Result<()> {
    let server = Server::start(Ground::none()?).await?;
    let (hold, cancel) = (format!("/v1/holds/{A}/release"), format!("/v1/orders/{A}/cancel"));
    for (path, query, body, pointers) in [
        (BATCHES, "?mode=some&dry_run=yes", json!([item()]), vec!["mode", "dry_run"]),
        (BATCHES, "?dryrun=true", json!([item()]), vec!["dryrun"]),
        (BATCHES, "?dry_run=true", json!({"dry_run": false, "items": [item()]}), vec!["/dry_run"]),
        (TRANSFER, "?dry_run=1", transfer(), vec!["dry_run"]),
        (TRANSFER, "?mode=independent", transfer(), vec!["mode"]),
        (TRANSFER, "?dry_run=true", ordered(), vec!["dry_run"]),
        (&hold, "?dry_run=true&at=7", json!({}), vec!["at"]),
        (&cancel, "?dry_run=true", json!({}), vec!["dry_run"]),
        ("/v1/customers", "?dry_run=true", json!({"full_name": "Awa Diop"}), vec!["dry_run"]),
        ("/v1/rules", "?dry_run=true", json!({"version": 1}), vec!["dry_run"]),
        ("/v1/orders/x/cancel", "", json!({"why": 1}), vec!["id", "/why"]),
    ] {
        let found = answered(&server, &format!("{path}{query}"), JSON, &[KEY], body.to_string().into_bytes()).await?;
        let pointers: Vec<_> = pointers.into_iter().map(str::to_owned).collect();
        assert_eq!(found, (400, "invalid_request".to_owned(), pointers), "{path}{query}");
    }
    let bearer = format!("Bearer {}", server.token("teller", STAFF)?);
    for (method, path) in [(Method::PUT, BATCHES), (Method::GET, BATCHES), (Method::GET, &cancel)] {
        let answer = server.send(method.clone(), path, &[("authorization", &bearer)], Vec::new()).await?;
        assert_eq!((answer.status, answer.header("allow")), (405, "POST"), "{method} {path}");
    }
    Ok(())
}

#[tokio::test]
async fn only_what_happens_needs_a_key() -> anyhow::Result<()> {
    let server = Server::start(Ground::none()?).await?;
    let cancel = format!("/v1/orders/{A}/cancel");
    for (path, body, code) in [
        (BATCHES, json!([item()]), "idempotency_key_missing"),
        (BATCHES, json!({"dry_run": false, "items": [item()]}), "idempotency_key_missing"),
        (BATCHES, json!({"dry_run": true, "items": [item()]}), "log_unavailable"),
        ("/v1/batches?dry_run=true", json!([item()]), "log_unavailable"),
        (TRANSFER, ordered(), "idempotency_key_missing"),
        ("/v1/transactions/transfer?dry_run=false", transfer(), "idempotency_key_missing"),
        ("/v1/transactions/transfer?dry_run=true", transfer(), "log_unavailable"),
        (&cancel, json!({}), "idempotency_key_missing"),
    ] {
        assert_eq!(answered(&server, path, JSON, &[], body.to_string().into_bytes()).await?.1, code, "{path} {body}");
    }
    Ok(())
}

#[tokio::test]
async fn what_an_item_needs_the_batch_needs() -> anyhow::Result<()> {
    let server = Server::start(Ground::none()?).await?;
    let reverse = json!({"operation": "reverse", "transaction_id": A});
    for (scope, body, code) in [
        ("transactions:read operator", json!([item()]), "insufficient_scope"),
        ("transactions:write", json!([item()]), "log_unavailable"),
        ("transactions:write", json!([item(), reverse]), "insufficient_scope"),
        ("transactions:write operator", json!([item(), reverse]), "log_unavailable"),
    ] {
        let problem = server.post(&server.token("teller", scope)?, BATCHES, &[KEY], &body).await?.problem()?;
        assert_eq!(problem.code, code, "{scope}");
        assert_eq!(problem.status, if code == "insufficient_scope" { 403 } else { 503 });
    }
    Ok(())
}

#[tokio::test]
async fn what_the_rules_do_not_know_is_not_taken() -> anyhow::Result<()> {
    let cancel = format!("/v1/orders/{A}/cancel");
    for (rules, status, code) in [(0, 503, "rules_not_known"), (4, 409, "operation_not_in_force"), (5, 503, "log_unavailable")] {
        let server = Server::start(Ground { rules, ..Ground::none()? }).await?;
        for (path, body) in [
            (BATCHES, json!([item()])),
            ("/v1/transactions/transfer?dry_run=true", transfer()),
            (TRANSFER, ordered()),
            (&cancel, json!({})),
        ] {
            let found = answered(&server, path, JSON, &[KEY], body.to_string().into_bytes()).await?;
            assert_eq!((found.0, found.1.as_str()), (status, code), "{path} under {rules}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn too_much_waits_or_is_kept_already() -> anyhow::Result<()> {
    for (remembered_max, pinned_max, body, code) in [
        (0, 1, json!([item()]), "too_many_pending"),
        (1, 0, json!([item()]), "idempotency_horizon_full"),
        // What is only tried is not kept.
        (1, 0, json!({"dry_run": true, "items": [item()]}), "log_unavailable"),
    ] {
        let server = Server::start(Ground { remembered_max, pinned_max, ..Ground::none()? }).await?;
        let problem = server.post(&server.token("teller", STAFF)?, BATCHES, &[KEY], &body).await?.problem()?;
        assert_eq!((problem.code.as_str(), problem.retryable), (code, true));
        let operation = (code != "log_unavailable").then(|| CommandId::derive("teller", "batch", "k1").to_string());
        assert_eq!(problem.operation_id, operation);
    }
    Ok(())
}

#[tokio::test]
async fn without_views_what_is_old_can_not_be_given_back() -> anyhow::Result<()> {
    let server = Server::start(Ground::none()?).await?;
    let now_ms = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
    let day_ms = 86_400_000;
    let paid = |days: u64| TransactionId::mint(now_ms - days * day_ms, 0);
    let refund = |days: u64| json!({"operation": "refund", "transaction_id": paid(days), "amount": "1", "currency": "XOF"});
    for (path, body, code) in [
        (format!("/v1/transactions/{}/refunds", paid(6)), json!({"amount": "1", "currency": "XOF"}), "log_unavailable"),
        (format!("/v1/transactions/{}/refunds", paid(8)), json!({"amount": "1", "currency": "XOF"}), "view_unavailable"),
        (format!("/v1/transactions/{}/reverse", paid(6)), json!({}), "log_unavailable"),
        (format!("/v1/transactions/{}/reverse", paid(8)), json!({}), "view_unavailable"),
        (BATCHES.to_owned(), json!([refund(6)]), "log_unavailable"),
        (BATCHES.to_owned(), json!([refund(6), refund(8)]), "view_unavailable"),
        (BATCHES.to_owned(), json!(vec![refund(8); 401]), "invalid_request"),
    ] {
        let found = answered(&server, &path, JSON, &[KEY], body.to_string().into_bytes()).await?;
        assert_eq!(found.1, code, "{path}");
        assert_eq!(found.0, if code == "invalid_request" { 400 } else { 503 });
    }
    Ok(())
}

/// Every parameter of a list at fault, and a cursor that no answer gives.
#[tokio::test]
async fn lists_that_nobody_can_tell() -> anyhow::Result<()> {
    let server = Server::start(Ground::none()?).await?;
    let token = server.token("teller", STAFF)?;
    let (entries, orders) = (format!("/v1/accounts/{A}/entries"), format!("/v1/accounts/{A}/orders"));
    let timeline = "/v1/transactions/019ab6f5-1c7b-7001-8000-000000000000/timeline";
    for (path, query, pointers) in [
        ("/v1/accounts", "", &["customer_id"][..]),
        ("/v1/accounts", "customer_id=awa&status=open&type=card&currency=XXX", &["status", "type", "currency", "customer_id"]),
        ("/v1/accounts", "customer_id=&limit=0&cursor=1&owner=1", &["limit", "cursor", "owner", "customer_id"]),
        (&entries, "from=yesterday&to=2026-01-01&by=day&order=up", &["from", "to", "by", "order"]),
        (&entries, "from=8&to=7", &["to"]),
        (&entries, "from=8&to=12&at=10", &["to"]),
        (&entries, "from=11&at=10", &["from"]),
        (&entries, "from=9999999999999", &["from"]),
        (&entries, "to=9999-12-31T23:59:59Z", &["to"]),
        (&entries, "limit=1001&limit=5&by=effective&by=effective&status=settled", &["limit", "by", "status"]),
        ("/v1/accounts/awa/entries", "", &["id"]),
        (
            "/v1/transactions",
            "account=awa&operation=gift&status=lost&channel=post&currency=ABC",
            &["currency", "operation", "status", "channel", "account"],
        ),
        ("/v1/transactions", "amount_min=1&amount_max=2", &["amount_min", "amount_max"]),
        ("/v1/transactions", "amount_min=1.5&amount_max=x&currency=XOF", &["amount_min", "amount_max"]),
        ("/v1/transactions", "reason=bad_luck&trace_id=4BF92F3577B34DA6A3CE929D0E0E4736", &["trace_id", "reason"]),
        ("/v1/transactions", "trace_id=1&from=1&to=0", &["trace_id", "to"]),
        ("/v1/transactions", "at=9999999999999", &["at"]),
        (timeline, "status=settled&limit=x", &["status", "limit"]),
        ("/v1/transactions/paid/timeline", "", &["id"]),
        (&orders, "limit=1001&status=open", &["limit", "status"]),
    ] {
        let problem = server.get(&token, &format!("{path}?{query}")).await?.problem()?;
        let found: Vec<_> = problem.errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!((problem.status, problem.code.as_str(), &*found), (400, "invalid_request", pointers), "{path}?{query}");
    }
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("accept", "application/xml")];
    let problem = server.send(Method::GET, &entries, &headers, Vec::new()).await?.problem()?;
    assert_eq!((problem.status, problem.code.as_str()), (406, "not_acceptable"));
    Ok(())
}
