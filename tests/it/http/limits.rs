//! How much the server takes on, and how answers are packed.

use super::bank::bank;
use super::server::{CUSTOMER, Ground, STAFF, Server};
use reqwest::Method;
use serde_json::{Value, json};
use std::io::Read;
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_subject_that_asks_too_fast_is_refused_and_others_are_not() -> anyhow::Result<()> {
    let server = Server::start(Ground { rate: (1, 3), ..Ground::none()? }).await?;
    let (moussa, staff) = (server.token("moussa", CUSTOMER)?, server.token("awa", STAFF)?);
    let path = "/v1/operations/x";
    let (awa, asked, answer) = within_a_second(async |number| {
        let awa = server.token(&format!("awa-{number}"), CUSTOMER)?;
        let asked = [server.get(&awa, path).await?, server.get(&awa, path).await?, server.get(&awa, path).await?];
        // What is written counts as what is read does, and nothing of it was done.
        let answer = server.post(&awa, "/v1/transactions/transfer", &[("idempotency-key", "k1")], &json!({})).await?;
        Ok((awa, asked, answer))
    })
    .await?;
    for (answer, left) in asked.iter().zip(["2", "1", "0"]) {
        assert_eq!((answer.problem()?.status, answer.header("ratelimit-policy")), (400, "\"subject\";q=3;w=3"));
        assert_eq!(answer.header("ratelimit"), format!("\"subject\";r={left};t=3"));
    }
    let problem = answer.problem()?;
    assert_eq!((problem.status, problem.code.as_str(), problem.retryable), (429, "rate_limited", true));
    assert_eq!((answer.header("ratelimit"), answer.header("retry-after")), ("\"subject\";r=0;t=3", "1"));
    // Others, a service of the bank, and routes without a token have what is theirs.
    assert_eq!(server.get(&moussa, path).await?.status, 400);
    let answer = server.get(&staff, path).await?;
    assert_eq!((answer.status, answer.header("ratelimit")), (400, ""));
    assert_eq!(server.send(Method::GET, "/livez", &[], Vec::new()).await?.status, 200);
    let counted = server.get(&server.token("prometheus", "operator metrics:read")?, "/metrics").await?.text;
    assert!(counted.lines().any(|line| line.starts_with("orion_http_rate_limited_total ") && !line.ends_with(" 0")), "{counted}");
    // Whoever waits as long as they are told may ask again.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(server.get(&awa, path).await?.status, 400);
    Ok(())
}

#[tokio::test]
async fn services_of_the_bank_may_have_a_rate_of_their_own() -> anyhow::Result<()> {
    let server = Server::start(Ground { operator_rate: (1, 1), ..Ground::none()? }).await?;
    let awa = server.token("awa", CUSTOMER)?;
    let statuses = within_a_second(async |number| {
        let staff = server.token(&format!("teller-{number}"), STAFF)?;
        Ok([server.get(&staff, "/v1/operations/x").await?.status, server.get(&staff, "/v1/operations/x").await?.status])
    })
    .await?;
    assert_eq!(statuses, [400, 429]);
    for _ in 0..20 {
        assert_eq!(server.get(&awa, "/v1/operations/x").await?.status, 400);
    }
    Ok(())
}

/// What is asked within a second, as somebody who has not asked before; on a busy machine it takes more than one attempt.
async fn within_a_second<T>(mut ask: impl AsyncFnMut(u32) -> anyhow::Result<T>) -> anyhow::Result<T> {
    for number in 0..50 {
        let started = Instant::now();
        let asked = ask(number).await?;
        if started.elapsed() < Duration::from_secs(1) {
            return Ok(asked);
        }
    }
    anyhow::bail!("a few requests take more than a second, fifty times in a row")
}

#[tokio::test]
async fn bodies_of_questions_have_a_bound_too() -> anyhow::Result<()> {
    let server = Server::start(Ground::none()?).await?;
    let body = json!({"operation": "x".repeat(16 * 1024)});
    let problem = server.post(&server.token("awa", CUSTOMER)?, "/v1/fees/quote", &[], &body).await?.problem()?;
    assert_eq!((problem.status, problem.code.as_str()), (413, "body_too_large"));
    Ok(())
}

#[tokio::test]
async fn answers_are_compressed_for_whoever_accepts_that() -> anyhow::Result<()> {
    let Some(bank) = bank().await? else { return Ok(()) };
    let bearer = format!("Bearer {}", bank.server.token("teller", STAFF)?);
    let http = reqwest::Client::new();
    let get = async |path: &str, accept: &str, encoding: Option<&str>| {
        let url = format!("{}{path}", bank.server.base());
        let mut request = http.get(url).header("authorization", &bearer).header("accept", accept);
        if let Some(encoding) = encoding {
            request = request.header("accept-encoding", encoding);
        }
        let response = request.send().await?;
        let packed = response.headers().get("content-encoding").is_some_and(|encoding| encoding == "gzip");
        let kind = response.headers()["content-type"].to_str()?.to_owned();
        let mut text = response.bytes().await?.to_vec();
        if packed {
            let mut plain = Vec::new();
            flate2::read::GzDecoder::new(&text[..]).read_to_end(&mut plain)?;
            text = plain;
        }
        anyhow::Ok((packed, kind, String::from_utf8(text)?))
    };
    let entries = format!("/v1/accounts/{}/entries?at={}", bank.account(0), bank.t0 + 9);
    let transactions = format!("/v1/transactions?at={}", bank.t0 + 9);
    for (path, accept, kind, packed) in [
        (transactions.as_str(), "*/*", "application/json", true),
        ("/v1/openapi.json", "*/*", "application/json", true),
        ("/v1/accounts/x", "*/*", "application/problem+json", true),
        (entries.as_str(), "text/csv", "text/csv; charset=utf-8; header=present", true),
        // What is small is not worth it.
        ("/livez", "*/*", "application/json", false),
    ] {
        let (packed_so, kind_so, plain) = get(path, accept, None).await?;
        assert_eq!((packed_so, kind_so.as_str()), (false, kind), "{path}");
        let (packed_now, kind_now, text) = get(path, accept, Some("gzip")).await?;
        assert_eq!((packed_now, kind_now.as_str()), (packed, kind), "{path}");
        let without_trace = |text: &str| match serde_json::from_str::<Value>(text) {
            Ok(mut value) => {
                value.as_object_mut().map(|fields| fields.remove("trace_id"));
                value.to_string()
            }
            Err(_) => text.to_owned(),
        };
        assert_eq!(without_trace(&text), without_trace(&plain), "{path}");
    }
    bank.close().await
}
