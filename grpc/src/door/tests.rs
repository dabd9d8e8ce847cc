//! Calls to routes that answer what a test wants: what becomes of answers that are late, not described, or a panic's.

use super::*;
use crate::methods::methods;
use axum::routing::get;
use axum::{Extension, Json};
use schemas::Patience;
use schemas::resource::Shown;
use serde_json::json;
use tonic_types::StatusExt;

/// A call by its bytes, as HTTP/2 carries it: a flag, a length, the message.
async fn called(routes: Router, name: &str, message: &[u8], headers: &[(&str, &str)]) -> Response {
    let (_stop, stopping) = watch::channel(false);
    let mut framed = vec![0];
    framed.extend(u32::try_from(message.len()).expect("short").to_be_bytes());
    framed.extend(message);
    let mut request = Request::post(format!("/orion.v1.{name}")).header("content-type", "application/grpc");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Body::from(framed)).expect("a request");
    request.extensions_mut().insert(TraceContext::begin([1; 16], [2; 8]));
    router(routes, stopping).oneshot(request).await.expect("an answer")
}

fn status(response: &Response) -> (Code, String) {
    let status = Status::from_header_map(response.headers()).expect("a status that is not OK");
    let reason = status.get_details_error_info().expect("every status says why").reason;
    (status.code(), reason)
}

async fn message(name: &str, response: Response) -> DynamicMessage {
    let method = methods().into_iter().find(|method| method.name.ends_with(name)).expect("a method");
    let body = axum::body::to_bytes(response.into_body(), 1000).await.expect("a body");
    DynamicMessage::decode(method.output, &body[5..]).expect("a message")
}

#[tokio::test]
async fn an_answer_has_a_place_for_everything_or_is_none() {
    let rules = |answer: serde_json::Value| Router::new().route("/v1/rules", get(move || async move { Json(answer) }));
    let said = called(rules(json!({"version": 5, "epoch": null, "as_of": 7})), "Views/GetRules", &[], &[]).await;
    let said = message("Views/GetRules", said).await;
    assert!(!said.has_field_by_name("epoch"));
    assert_eq!((said.get_field_by_name("version").and_then(|value| value.as_u32()), as_of(&said)), (Some(5), Some(7)));
    for wrong in [json!({"version": 5, "more": 1}), json!({"version": "5"}), json!({"version": -5}), json!([]), json!({"version": [5]})] {
        let response = called(rules(wrong.clone()), "Views/GetRules", &[], &[]).await;
        assert_eq!(status(&response), (Code::Internal, "internal_error".to_owned()), "{wrong}");
    }
}

fn as_of(said: &DynamicMessage) -> Option<u64> {
    said.get_field_by_name("as_of").and_then(|value| value.as_u64())
}

#[tokio::test]
async fn one_of_several_answers_is_the_one_that_the_route_names() {
    let routes = |shown: &'static str| {
        let answer = move || async move { (Extension(Shown(shown.into())), Json(json!({"id": "a", "status": "pending"}))) };
        Router::new().route("/v1/customers", post(answer))
    };
    let said = message("Bank/EnrolCustomer", called(routes("Operation"), "Bank/EnrolCustomer", &[], &[]).await).await;
    assert!(said.has_field_by_name("pending") && !said.has_field_by_name("customer"));
    for none in ["Order", "operation", ""] {
        let response = called(routes(none), "Bank/EnrolCustomer", &[], &[]).await;
        assert_eq!(status(&response), (Code::Internal, "internal_error".to_owned()), "{none}");
    }
}

#[tokio::test]
async fn a_deadline_reaches_the_route_and_ends_the_call() {
    let patient = Router::new().route(
        "/v1/rules",
        get(|Extension(Patience(patience)): Extension<Patience>| async move {
            Json(json!({"version": 1, "as_of": u64::try_from(patience.as_millis()).expect("short")}))
        }),
    );
    let said = message("Views/GetRules", called(patient, "Views/GetRules", &[], &[("grpc-timeout", "1S")]).await).await;
    assert_eq!(as_of(&said), Some(750));
    let stuck = || Router::new().route("/v1/rules", get(|| async { std::future::pending::<Json<()>>().await }));
    let late = called(stuck(), "Views/GetRules", &[], &[("grpc-timeout", "5m")]).await;
    assert_eq!(status(&late), (Code::DeadlineExceeded, "deadline_exceeded".to_owned()));
    let nonsense = called(stuck(), "Views/GetRules", &[], &[("grpc-timeout", "soon")]).await;
    assert_eq!(status(&nonsense), (Code::InvalidArgument, "invalid_request".to_owned()));
}

#[tokio::test]
async fn a_refusal_keeps_what_the_route_says_beside_it() {
    let problem = || async {
        let problem = Problem::new(422, "insufficient_funds", "No.");
        (axum::http::StatusCode::UNPROCESSABLE_ENTITY, [("orion-epoch", "7"), ("set-cookie", "x")], Extension(problem))
    };
    let refused = called(Router::new().route("/v1/customers", post(problem)), "Bank/EnrolCustomer", &[], &[]).await;
    assert_eq!(status(&refused), (Code::FailedPrecondition, "insufficient_funds".to_owned()));
    assert_eq!(code(&refused), "FAILED_PRECONDITION");
    assert_eq!(refused.headers().get("orion-epoch").map(|epoch| epoch.as_bytes()), Some(&b"7"[..]));
    assert!(refused.headers().get("set-cookie").is_none(), "only what is documented");
}

#[tokio::test]
async fn what_is_no_method_and_what_is_no_message() {
    let none = called(Router::new(), "Bank/Rob", &[], &[]).await;
    assert_eq!(code(&none), "UNIMPLEMENTED");
    let broken = called(Router::new(), "Bank/EnrolCustomer", &[0x0a, 0xff], &[]).await;
    assert_eq!(status(&broken), (Code::InvalidArgument, "invalid_request".to_owned()));
    let large = called(Router::new(), "Bank/EnrolCustomer", &vec![0; MESSAGE_MAX_BYTES + 1], &[]).await;
    assert_eq!(status(&large), (Code::ResourceExhausted, "body_too_large".to_owned()));
    assert_eq!(status(&panicked()), (Code::Internal, "internal_error".to_owned()));
}
