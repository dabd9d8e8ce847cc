//! The client against a door that follows a script: answers in order, and what it was asked.

use super::*;
use axum::body::Body as HttpBody;
use axum::extract::{Request, State};
use axum::http::Response as HttpResponse;
use std::collections::VecDeque;
use std::sync::Arc;

/// Status, `Retry-After`, body; status 0 breaks the connection off within the answer.
type Said = (u16, &'static str, &'static str);
/// What the door will say, and what it was asked.
type Script = Arc<Mutex<(VecDeque<Said>, Vec<String>)>>;

async fn door(answers: &[Said], patience: Duration) -> (Bank, Script) {
    let script: Script = Arc::new(Mutex::new((answers.iter().copied().collect(), Vec::new())));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let door = axum::Router::new().fallback(answer).with_state(script.clone());
    tokio::spawn(async move { axum::serve(listener, door).await });
    let (tokens, _) = super::super::token::tests::tokens();
    (Bank::new(&url, tokens, 4, patience).unwrap(), script)
}

async fn answer(State(script): State<Script>, request: Request) -> HttpResponse<HttpBody> {
    let header = |name: &str| request.headers().get(name).map_or("-", |value| value.to_str().unwrap()).to_owned();
    let traceparent = header("traceparent");
    let trace = traceparent.get(3..35).unwrap_or("-");
    let asked = format!("{} {} {} {trace}", request.method(), request.uri(), header("idempotency-key"));
    let mut script = script.lock().unwrap();
    script.1.push(asked);
    let (status, after, body) = script.0.pop_front().unwrap_or((503, "", "{}"));
    let response = HttpResponse::builder().status(if status == 0 { 201 } else { status });
    let response = if after.is_empty() { response } else { response.header("retry-after", after) };
    let response = if status == 0 { response.header("content-length", "1000") } else { response };
    response.body(HttpBody::from(body)).unwrap()
}

const SETTLED: &str = r#"{"id": "00000000-0000-7001-8000-000000000000", "status": "settled", "epoch": 7}"#;
const PENDING: &str = r#"{"id": "11111111-0000-5000-8000-000000000000", "status": "pending", "command": "0:4"}"#;

#[tokio::test]
async fn a_command_is_sent_again_with_its_key_until_it_is_decided() {
    let operation = "/v1/operations/11111111-0000-5000-8000-000000000000";
    let post = "POST /v1/transactions/transfer k";
    let get = format!("GET {operation} -");
    let cases: &[(&[Said], u16, Vec<&str>)] = &[
        (&[(201, "", SETTLED)], 201, vec![post]),
        (&[(503, "0", "{}"), (429, "0", "busy"), (500, "", "<html>"), (201, "", SETTLED)], 201, vec![post; 4]),
        (&[(0, "", "{\"id"), (201, "", SETTLED)], 201, vec![post; 2]),
        (&[(202, "1", PENDING), (200, "", PENDING), (200, "", SETTLED), (201, "", SETTLED)], 201, vec![post, &get, &get, post]),
        (
            &[(202, "1", PENDING), (404, "", "{}"), (422, "", r#"{"status": 422, "code": "insufficient_funds"}"#)],
            422,
            vec![post, &get, post],
        ),
        (&[(400, "", r#"{"status": 400, "code": "invalid_request", "detail": "no"}"#)], 400, vec![post]),
    ];
    for (answers, status, expected) in cases {
        let (bank, script) = door(answers, TIMEOUT).await;
        let answer = bank.post(Caller::Operator, "/v1/transactions/transfer", "k", &serde_json::json!({})).await.unwrap();
        assert_eq!(answer.status, *status);
        let asked = &script.lock().unwrap().1;
        let traces: std::collections::BTreeSet<&str> = asked.iter().map(|line| line.rsplit_once(' ').unwrap().1).collect();
        assert_eq!(traces.len(), 1, "one trace for a payment: {asked:?}");
        let asked: Vec<&str> = asked.iter().map(|line| line.rsplit_once(' ').unwrap().0).collect();
        assert_eq!(asked, *expected);
    }
}

#[tokio::test]
async fn a_silent_bank_is_given_up() {
    let (bank, script) = door(&[], Duration::from_secs(2)).await;
    let trouble = bank.post(Caller::Operator, "/v1/customers", "k", &serde_json::json!({})).await.unwrap_err();
    assert!(matches!(&trouble, Trouble::Silent { last, .. } if last.contains("503")), "{trouble}");
    assert!(script.lock().unwrap().1.len() > 2);
}

#[tokio::test]
async fn a_view_is_asked_until_it_has_the_epoch() {
    let (bank, script) = door(&[(503, "0", "{}"), (200, "", SETTLED)], TIMEOUT).await;
    let transaction = TransactionId::mint(7, 0);
    bank.shown(Caller::Operator, transaction, 7).await.unwrap();
    assert!(script.lock().unwrap().1[1].starts_with(&format!("GET /v1/transactions/{transaction}?at_least=7 -")));
    let (bank, _) = door(&[(404, "", r#"{"code": "not_found", "detail": "gone"}"#)], TIMEOUT).await;
    assert!(matches!(bank.shown(Caller::Operator, transaction, 7).await, Err(Trouble::Refused { .. })));
}

#[tokio::test]
async fn a_bank_that_is_not_there_is_absent() {
    let (tokens, _) = super::super::token::tests::tokens();
    let bank = Bank::new("http://127.0.0.1:1", tokens, 1, TIMEOUT).unwrap();
    assert!(matches!(bank.ready().await, Err(Trouble::Absent { .. })));
    let (bank, _) = door(&[(503, "", ""), (200, "", "")], TIMEOUT).await;
    let () = bank.ready().await.unwrap();
}
