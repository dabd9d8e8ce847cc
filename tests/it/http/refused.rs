//! What never reaches the log: each bad input with its status, its code and where it points.

use super::server::{Ground, STAFF, Server};
use api::Known;
use reqwest::Method;
use schemas::{CommandId, Position};
use serde_json::{Value, json};

const A: &str = "019ab6f5-1c7b-7002-8000-000000000000";
const B: &str = "019ab6f5-1c7b-7002-8000-000000000001";
const JSON: (&str, &str) = ("content-type", "application/json");
const KEY: (&str, &str) = ("idempotency-key", "k1");

fn transfer() -> Value {
    json!({"account_debit": A, "account_credit": B, "amount": "12500", "currency": "XOF"})
}

fn hold() -> Value {
    let mut hold = transfer();
    hold["operation"] = json!("merchant_payment");
    hold["expires_in_seconds"] = json!(60);
    hold
}

/// Every route that writes what its body says, with a body that it would take.
fn writes() -> Vec<(String, Value)> {
    let path = |path: &str| path.replace("{id}", A);
    vec![
        (path("/v1/customers"), json!({"full_name": "Awa Diop"})),
        (path("/v1/accounts"), json!({"customer_id": A, "type": "wallet", "currency": "XOF"})),
        (path("/v1/transactions/deposit"), json!({"account_credit": A, "amount": "1", "currency": "XOF"})),
        (path("/v1/transactions/withdrawal"), json!({"account_debit": A, "amount": "1", "currency": "XOF"})),
        (path("/v1/transactions/transfer"), transfer()),
        (path("/v1/transactions/merchant-payment"), transfer()),
        (path("/v1/transactions/bill-payment"), transfer()),
        (path("/v1/holds"), hold()),
        (path("/v1/holds/{id}/captures"), json!({"amount": "1", "currency": "XOF"})),
        (path("/v1/transactions/{id}/refunds"), json!({"amount": "1", "currency": "XOF"})),
        (path("/v1/customers/{id}/level"), json!({"level": "standard"})),
        (path("/v1/accounts/{id}/terms"), json!({"currency": "XOF", "limits": {}})),
        (path("/v1/levels/standard/limits"), json!({"currency": "XOF", "limits": {}})),
        (path("/v1/tariffs"), json!({"code": "bills", "currency": "XOF", "bearer": "payer", "tiers": [{}]})),
    ]
}

/// Sends a body to every route that writes, and expects the same of all.
async fn all_refuse(headers: &[(&str, &str)], body: &[u8], status: u16, code: &str, pointers: &[&str]) -> anyhow::Result<()> {
    let server = Server::start(Ground::none()?).await?;
    let bearer = format!("Bearer {}", server.token("teller", STAFF)?);
    for (path, _) in writes() {
        let mut all = vec![("authorization", bearer.as_str())];
        all.extend_from_slice(headers);
        let problem = server.send(Method::POST, &path, &all, body.to_vec()).await?.problem()?;
        let found: Vec<_> = problem.errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!((problem.status, problem.code.as_str(), &found[..]), (status, code, pointers), "{path} {headers:?}");
    }
    Ok(())
}

#[tokio::test]
async fn bodies_that_are_no_json_object() -> anyhow::Result<()> {
    let headers = [JSON, KEY];
    let large = format!("{{\"full_name\":\"{}\"}}", "x".repeat(65_536));
    all_refuse(&headers, b"", 400, "invalid_request", &[""]).await?;
    all_refuse(&headers, b"{", 400, "invalid_request", &[""]).await?;
    all_refuse(&headers, b"[]", 400, "invalid_request", &[""]).await?;
    all_refuse(&headers, b"\xff\xfe", 400, "invalid_request", &[""]).await?;
    all_refuse(&headers, b"{\"nonsense\":1,\"nonsense\":", 400, "invalid_request", &[""]).await?;
    all_refuse(&headers, large.as_bytes(), 413, "body_too_large", &[]).await?;
    all_refuse(&[KEY], b"{}", 415, "unsupported_media_type", &[]).await?;
    all_refuse(&[KEY, ("content-type", "text/plain")], b"{}", 415, "unsupported_media_type", &[]).await?;
    all_refuse(&[KEY, JSON, ("content-encoding", "gzip")], b"{}", 415, "unsupported_media_type", &[]).await
}

#[tokio::test]
async fn keys_that_name_no_command() -> anyhow::Result<()> {
    let header = "Idempotency-Key";
    let long = "k".repeat(256);
    all_refuse(&[JSON, ("idempotency-key", "")], b"{}", 400, "invalid_request", &[header]).await?;
    all_refuse(&[JSON, ("idempotency-key", "a b")], b"{}", 400, "invalid_request", &[header]).await?;
    all_refuse(&[JSON, ("idempotency-key", "\"k1")], b"{}", 400, "invalid_request", &[header]).await?;
    all_refuse(&[JSON, ("idempotency-key", &long)], b"{}", 400, "invalid_request", &[header]).await?;
    all_refuse(&[JSON, KEY, ("idempotency-key", "k2")], b"{}", 400, "invalid_request", &[header]).await
}

#[tokio::test]
async fn what_moves_money_or_sets_its_price_needs_a_key() -> anyhow::Result<()> {
    let server = Server::start(Ground::none()?).await?;
    let token = server.token("teller", STAFF)?;
    for (path, body) in writes() {
        let problem = server.post(&token, &path, &[], &body).await?.problem()?;
        let optional = ["/v1/customers", "/v1/accounts"].contains(&path.as_str());
        let expected = if optional { (503, "log_unavailable") } else { (400, "idempotency_key_missing") };
        assert_eq!((problem.status, problem.code.as_str()), expected, "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn every_bad_field_at_once() -> anyhow::Result<()> {
    let server = Server::start(Ground::none()?).await?;
    let token = server.token("teller", STAFF)?;
    for (path, body, pointers) in [
        (
            "/v1/customers",
            json!({"full_name": "", "msisdn": "77", "country": "sn", "age": 3}),
            vec!["/full_name", "/msisdn", "/country", "/age"],
        ),
        ("/v1/accounts", json!({"customer_id": 1, "type": "x", "role": "house"}), vec!["/customer_id", "/type", "/currency", "/role"]),
        ("/v1/transactions/deposit", json!({"account_debit": "x"}), vec!["/account_debit", "/account_credit", "/currency", "/amount"]),
        ("/v1/transactions/withdrawal", json!({"account_credit": "x"}), vec!["/account_debit", "/account_credit", "/currency", "/amount"]),
        ("/v1/accounts/awa/suspend", json!({}), vec!["id"]),
        ("/v1/accounts/awa/close", json!({"reason": "lost"}), vec!["id", "/reason"]),
        (
            "/v1/transactions/transfer",
            json!({"account_debit": A, "account_credit": "x", "amount": "12.5", "currency": "XOF", "channel": "cash", "a/b": 1}),
            vec!["/account_credit", "/amount", "/channel", "/a~1b"],
        ),
        (
            "/v1/transactions/merchant-payment",
            json!({"account_debit": A, "account_credit": B, "amount": "0", "currency": "XOF"}),
            vec!["/amount"],
        ),
        (
            "/v1/holds",
            json!({"operation": "refund", "account_debit": A, "amount": "1", "currency": "XOF", "expires_in_seconds": 0}),
            vec!["/operation", "/account_credit", "/expires_in_seconds"],
        ),
        ("/v1/holds/x/captures", json!({"amount": "0", "currency": "XOF", "last": 1}), vec!["id", "/amount", "/last"]),
        ("/v1/holds/x/release", json!({"amount": "1"}), vec!["id", "/amount"]),
        ("/v1/transactions/x/refunds", json!({"amount": "1"}), vec!["id", "/currency"]),
        ("/v1/transactions/x/reverse", json!({}), vec!["id"]),
        ("/v1/customers/x/level", json!({"level": "known"}), vec!["id", "/level"]),
        (
            "/v1/accounts/x/terms",
            json!({"currency": "XOF", "floor": "0.5", "limits": {"debit": {"day": "-1"}, "all": 1}}),
            vec!["id", "/floor", "/limits/debit/day", "/limits/all"],
        ),
        (
            "/v1/levels/known/limits",
            json!({"currency": "XOF", "limits": {"credit": {"month_count": "1"}}, "effective_from": "soon"}),
            vec!["level", "/limits/credit/month_count", "/effective_from"],
        ),
        (
            "/v1/tariffs",
            json!({"code": "a b", "currency": "XOF", "bearer": "payer", "tiers": [{"up_to": "5"}, {"rate": "101"}], "max": "x"}),
            vec!["/code", "/tiers/1/rate", "/max"],
        ),
        ("/v1/tariffs/A/withdraw", json!({"effective_from": 1}), vec!["code", "/effective_from"]),
    ] {
        let problem = server.post(&token, path, &[KEY], &body).await?.problem()?;
        let found: Vec<_> = problem.errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!((problem.status, problem.code.as_str(), found), (400, "invalid_request", pointers), "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn paths_methods_and_parameters_that_are_none() -> anyhow::Result<()> {
    let server = Server::start(Ground::none()?).await?;
    let bearer = format!("Bearer {}", server.token("teller", STAFF)?);
    let authorization = [("authorization", bearer.as_str())];
    for (method, path, status, code, allow, pointers) in [
        (Method::GET, "/", 404, "route_not_found", "", vec![]),
        (Method::GET, "/v1", 404, "route_not_found", "", vec![]),
        (Method::POST, "/v1/transactions/gift", 405, "method_not_allowed", "GET,HEAD", vec![]),
        (Method::GET, "/v1/accounts/x/y", 404, "route_not_found", "", vec![]),
        (Method::GET, "/v1/transactions/transfer", 405, "method_not_allowed", "POST", vec![]),
        (Method::DELETE, "/v1/customers", 405, "method_not_allowed", "POST", vec![]),
        (Method::PUT, &format!("/v1/accounts/{A}"), 405, "method_not_allowed", "GET,HEAD", vec![]),
        (Method::POST, "/livez", 405, "method_not_allowed", "GET,HEAD", vec![]),
        (Method::GET, "/v1/accounts/awa", 400, "invalid_request", "", vec!["id"]),
        (Method::POST, "/v1/accounts/awa/reactivate", 400, "invalid_request", "", vec!["id"]),
        (Method::POST, "/v1/accounts/%ff/reactivate", 400, "invalid_request", "", vec![]),
        (Method::POST, "/v1/holds/%ff/release", 400, "invalid_request", "", vec![]),
        (Method::PUT, "/v1/holds", 405, "method_not_allowed", "POST", vec![]),
        (Method::GET, &format!("/v1/holds/{A}/captures"), 405, "method_not_allowed", "POST", vec![]),
        (Method::GET, &format!("/v1/transactions/{A}/reverse"), 405, "method_not_allowed", "POST", vec![]),
        (Method::GET, &format!("/v1/accounts/{A}/suspend"), 405, "method_not_allowed", "POST", vec![]),
        (Method::GET, "/v1/accounts/%ff", 400, "invalid_request", "", vec![]),
        (Method::GET, "/v1/transactions/1", 400, "invalid_request", "", vec!["id"]),
        (Method::GET, "/v1/operations/1", 400, "invalid_request", "", vec!["id"]),
        (Method::GET, "/v1/customers/1", 400, "invalid_request", "", vec!["id"]),
        (Method::GET, &format!("/v1/accounts/{A}?atleast=1"), 400, "invalid_request", "", vec!["atleast"]),
        (Method::GET, &format!("/v1/accounts/{A}?at_least=x&at=y"), 400, "invalid_request", "", vec!["at_least", "at"]),
        (Method::GET, &format!("/v1/transactions/{A}?at=1"), 400, "invalid_request", "", vec!["at"]),
        (Method::GET, &format!("/v1/accounts/{B}?at=9999999999999"), 400, "invalid_request", "", vec!["at"]),
        (Method::GET, &format!("/v1/accounts/{B}/balance?at_least=9999999999999"), 400, "invalid_request", "", vec!["at_least"]),
    ] {
        let answer = server.send(method.clone(), path, &authorization, Vec::new()).await?;
        let problem = answer.problem()?;
        let found: Vec<_> = problem.errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!((problem.status, problem.code.as_str(), found), (status, code, pointers), "{method} {path}");
        assert_eq!(answer.header("allow"), allow, "{method} {path}");
    }
    Ok(())
}

#[tokio::test]
async fn nothing_answers_behind_the_door() -> anyhow::Result<()> {
    let server = Server::start(Ground::none()?).await?;
    let token = server.token("teller", STAFF)?;
    let problem = server.post(&token, "/v1/transactions/transfer", &[KEY], &transfer()).await?.problem()?;
    assert_eq!((problem.status, problem.code.as_str()), (503, "log_unavailable"));
    assert!(problem.detail.contains("safe to send again"), "{}", problem.detail);
    let v4 = "7d444840-9dc0-41d1-b245-5ffdce74fad2";
    for path in ["accounts", "transactions", "operations", "customers"] {
        let problem = server.get(&token, &format!("/v1/{path}/{v4}")).await?.problem()?;
        assert_eq!((problem.status, problem.code.as_str()), (503, "view_unavailable"), "{path}");
    }
    let ready = server.send(Method::GET, "/readyz", &[], Vec::new()).await?.problem()?;
    assert_eq!((ready.code.as_str(), ready.errors[0].pointer.as_str()), ("not_ready", "postgres"));
    assert_eq!(server.send(Method::GET, "/livez", &[], Vec::new()).await?.json()?, json!({"status": "alive"}));
    Ok(())
}

#[tokio::test]
async fn too_much_waits_or_is_kept_already() -> anyhow::Result<()> {
    for (remembered_max, pinned_max, status, code) in [(0, 1, 429, "too_many_pending"), (1, 0, 503, "idempotency_horizon_full")] {
        let server = Server::start(Ground { remembered_max, pinned_max, ..Ground::none()? }).await?;
        let problem = server.post(&server.token("teller", STAFF)?, "/v1/transactions/transfer", &[KEY], &transfer()).await?.problem()?;
        assert_eq!((problem.status, problem.code.as_str(), problem.retryable), (status, code, true));
        let operation = CommandId::derive("teller", "transfer", "k1").to_string();
        assert_eq!(problem.operation_id, Some(operation), "a retry is told where its first is found");
    }
    Ok(())
}

#[tokio::test]
async fn what_the_rules_do_not_know_is_not_taken() -> anyhow::Result<()> {
    let path = format!("/v1/accounts/{A}/close");
    let in_force = |rules: u32, since: u32| match rules {
        0 => (503, "rules_not_known"),
        rules if rules < since => (409, "operation_not_in_force"),
        _ => (503, "log_unavailable"),
    };
    for rules in 0..=4 {
        let server = Server::start(Ground { rules, ..Ground::none()? }).await?;
        let token = server.token("teller", STAFF)?;
        let problem = server.post(&token, &path, &[KEY], &json!({})).await?.problem()?;
        let (status, code) = in_force(rules, 3);
        assert_eq!((problem.status, problem.code.as_str(), problem.retryable), (status, code, status == 503));
        for (path, body) in writes().into_iter().filter(|(path, _)| !known_from_the_start(path)) {
            let problem = server.post(&token, &path, &[KEY], &body).await?.problem()?;
            assert_eq!((problem.status, problem.code.as_str()), in_force(rules, 4), "{path} under {rules}");
        }
        // What every version knows is taken.
        let problem = server.post(&token, "/v1/transactions/transfer", &[KEY], &transfer()).await?.problem()?;
        assert_eq!(problem.code, "log_unavailable");
    }
    Ok(())
}

fn known_from_the_start(path: &str) -> bool {
    let pays = ["deposit", "withdrawal", "transfer", "merchant-payment"].map(|kind| format!("/v1/transactions/{kind}"));
    ["/v1/customers", "/v1/accounts"].contains(&path) || pays.iter().any(|pays| pays == path)
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up() -> anyhow::Result<()> {
    let server = Server::start(Ground { timeout_ms: 50, append_timeout_ms: 60_000, ..Ground::none()? }).await?;
    let problem = server.post(&server.token("teller", STAFF)?, "/v1/transactions/transfer", &[KEY], &transfer()).await?.problem()?;
    assert_eq!((problem.status, problem.code.as_str()), (503, "timeout"));
    Ok(())
}

#[tokio::test]
async fn a_panic_ends_one_request() -> anyhow::Result<()> {
    let ground = Ground::none()?;
    let recent = std::sync::Arc::clone(&ground.recent);
    let server = Server::start(ground).await?;
    let token = server.token("teller", STAFF)?;
    let id = CommandId::derive("teller", "transfer", "k1");
    recent.lock().expect("not poisoned yet").insert(id, Known::Pending(Position { partition: 0, offset: 1 }));
    let poison = std::sync::Arc::clone(&recent);
    let poisoned = std::thread::spawn(move || {
        let _held = poison.lock();
        panic!("on purpose");
    });
    assert!(poisoned.join().is_err());
    let problem = server.get(&token, &format!("/v1/operations/{id}")).await?.problem()?;
    assert_eq!((problem.status, problem.code.as_str()), (500, "internal_error"));
    assert!(!problem.detail.contains("purpose"));
    assert_eq!(server.send(Method::GET, "/livez", &[], Vec::new()).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_callers_trace_goes_on() -> anyhow::Result<()> {
    let server = Server::start(Ground::none()?).await?;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let given = format!("00-{trace}-00f067aa0ba902b7-01");
    let answer = server.send(Method::GET, "/livez", &[("traceparent", &given)], Vec::new()).await?;
    assert_eq!(answer.trace_id(), trace);
    assert_ne!(answer.header("traceparent"), given, "the span is ours");
    for invalid in ["", "00-0-0-0", &given.to_uppercase()] {
        let answer = server.send(Method::GET, "/livez", &[("traceparent", invalid)], Vec::new()).await?;
        assert_eq!(answer.trace_id().len(), 32, "{invalid}");
        assert_ne!(answer.trace_id(), trace);
    }
    Ok(())
}

#[tokio::test]
async fn the_server_describes_and_counts_itself() -> anyhow::Result<()> {
    let server = Server::start(Ground::none()?).await?;
    let document = server.send(Method::GET, "/v1/openapi.json", &[], Vec::new()).await?.json()?;
    assert_eq!(document["openapi"], "3.1.0");
    let counted = server.get(&server.token("prometheus", "metrics:read")?, "/metrics").await?;
    assert_eq!(counted.status, 200);
    for metric in [
        "http_server_request_duration_seconds_bucket{http_request_method=\"GET\",http_response_status_class=\"2xx\",http_route=\"/v1/openapi.json\",le=\"0.2\"}",
        "orion_queue_depth{queue=\"operations\"}",
        "orion_queue_bound{queue=\"operations\"}",
        "orion_pins_max",
    ] {
        assert!(counted.text.contains(metric), "{metric} is missing from\n{}", counted.text);
    }
    Ok(())
}
