//! Calls as requests: a case a line.

use super::*;
use crate::methods::methods;
use axum::body::to_bytes;

fn method(name: &str) -> Method {
    methods().into_iter().find(|method| method.name.ends_with(name)).expect("a method")
}

/// A message from the JSON that it is to say.
fn message(method: &Method, said: &str) -> DynamicMessage {
    let Ok(Value::Object(object)) = serde_json::from_str(said) else { panic!("{said}") };
    json::from_json(&method.input, &object).expect("a message")
}

async fn sent(name: &str, said: &str) -> (String, String) {
    let method = method(name);
    let request = request(&method, &message(&method, said), &HeaderMap::new()).expect("a request");
    let line = format!("{} {}", request.method(), request.uri());
    let body = to_bytes(request.into_body(), 65_536).await.expect("a body");
    (line, String::from_utf8(body.to_vec()).expect("UTF-8"))
}

#[tokio::test]
async fn a_call_is_the_request_of_its_route() {
    for (name, said, line, body) in [
        ("Bank/EnrolCustomer", r#"{"full_name":"Awa"}"#, "POST /v1/customers", r#"{"full_name":"Awa"}"#),
        ("Bank/EnrolCustomer", r#"{"full_name":"Awa","country":""}"#, "POST /v1/customers", r#"{"full_name":"Awa","country":""}"#),
        ("Bank/EnrolCustomer", "{}", "POST /v1/customers", "{}"),
        ("Bank/UpdateCustomer", r#"{"id":"c","date_of_birth":"1990-04-17"}"#, "PATCH /v1/customers/c", r#"{"date_of_birth":"1990-04-17"}"#),
        (
            "Bank/SetAddress",
            r#"{"id":"c","town_name":"Dakar","country":"SN","address_lines":["Villa 4"]}"#,
            "PUT /v1/customers/c/address",
            r#"{"town_name":"Dakar","country":"SN","address_lines":["Villa 4"]}"#,
        ),
        ("Bank/RemoveAddress", r#"{"id":"c"}"#, "DELETE /v1/customers/c/address", ""),
        (
            "Bank/PresentDocument",
            r#"{"id":"c","type":"voter_card","sex":"female","mrz":["A","B"]}"#,
            "POST /v1/customers/c/kyc/documents",
            r#"{"type":"voter_card","sex":"female","mrz":["A","B"]}"#,
        ),
        ("Bank/PresentDocument", r#"{"id":"c","sex":"unspecified"}"#, "POST /v1/customers/c/kyc/documents", "{}"),
        ("Bank/SuspendAccount", r#"{"id":"a"}"#, "POST /v1/accounts/a/suspend", "{}"),
        ("Bank/SuspendAccount", r#"{"id":"../é?"}"#, "POST /v1/accounts/..%2F%C3%A9%3F/suspend", "{}"),
        (
            "Bank/Transfer",
            r#"{"account_debit":"a","account_credit":"b","amount":"1","currency":"XOF","channel":"card","dry_run":true}"#,
            "POST /v1/transactions/transfer?dry_run=true",
            r#"{"account_debit":"a","account_credit":"b","amount":"1","currency":"XOF","channel":"card"}"#,
        ),
        ("Bank/Transfer", r#"{"dry_run":false}"#, "POST /v1/transactions/transfer?dry_run=false", "{}"),
        (
            "Bank/Capture",
            r#"{"id":"h","amount":"1","currency":"XOF","last":true}"#,
            "POST /v1/holds/h/captures",
            r#"{"amount":"1","currency":"XOF","last":true}"#,
        ),
        (
            "Bank/SetLevelLimits",
            r#"{"level":"standard","currency":"XOF","limits":{"debit":{"day_count":0}}}"#,
            "POST /v1/levels/standard/limits",
            r#"{"currency":"XOF","limits":{"debit":{"day_count":0}}}"#,
        ),
        (
            "Bank/DecideBatch",
            r#"{"mode":"independent","dry_run":true,"items":[{"operation":"release","hold_id":"h"},{"operation":"reserve","payment":"transfer","expires_in_seconds":60}]}"#,
            "POST /v1/batches",
            r#"{"mode":"independent","dry_run":true,"items":[{"operation":"release","hold_id":"h"},{"operation":"reserve","payment":"transfer","expires_in_seconds":60}]}"#,
        ),
        ("Views/GetBalance", r#"{"id":"a","at":1764000000123}"#, "GET /v1/accounts/a/balance?at=1764000000123", ""),
        (
            "Views/ListTransactions",
            r#"{"status":"failed","from":"2026-01-01T00:00:00Z","limit":0}"#,
            "GET /v1/transactions?status=failed&from=2026-01-01T00%3A00%3A00Z&limit=0",
            "",
        ),
        (
            "Views/QuoteFee",
            r#"{"operation":"transfer","amount":"1","at_least":"0:7"}"#,
            "POST /v1/fees/quote?at_least=0%3A7",
            r#"{"operation":"transfer","amount":"1"}"#,
        ),
        ("Views/GetLevelLimits", r#"{"level":"enhanced","currency":"XOF"}"#, "GET /v1/levels/enhanced/limits/XOF", ""),
    ] {
        assert_eq!(sent(name, said).await, (line.to_owned(), body.to_owned()), "{name} {said}");
    }
}

/// What a method can't say reaches the one check that there is, and is refused there by name.
#[tokio::test]
async fn a_word_that_is_none_is_sent_as_it_is() {
    let method = method("Bank/Transfer");
    let mut message = message(&method, r#"{"amount":"1"}"#);
    message.set_field_by_name("channel", prost_reflect::Value::EnumNumber(99));
    let unknown = request(&method, &message, &HeaderMap::new()).expect("a request");
    assert_eq!(to_bytes(unknown.into_body(), 1000).await.expect("a body"), r#"{"amount":"1","channel":"99"}"#);
    message.set_field_by_name("channel", prost_reflect::Value::EnumNumber(0));
    let nothing = request(&method, &message, &HeaderMap::new()).expect("a request");
    assert_eq!(to_bytes(nothing.into_body(), 1000).await.expect("a body"), r#"{"amount":"1"}"#, "zero is nothing");
}

#[test]
fn what_has_no_place_is_refused() {
    let (transfer, batch) = (method("Bank/Transfer"), method("Bank/DecideBatch"));
    let fault = |method: &Method, bytes: &[u8]| {
        let message = DynamicMessage::decode(method.input.clone(), bytes).expect("a message");
        let problem = request(method, &message, &HeaderMap::new()).expect_err("a problem");
        problem.errors.into_iter().map(|error| (error.pointer, error.detail)).collect::<Vec<_>>()
    };
    // Field 100, a varint; then the same inside the second item (field 3).
    let unknown = [0xa0, 0x06, 0x01];
    assert_eq!(fault(&transfer, &unknown), [(String::new(), "field 100 is none of this request here; nothing is passed over".to_owned())]);
    let items = [0x1a, 0x00, 0x1a, 0x03, 0xa0, 0x06, 0x01];
    assert_eq!(
        fault(&batch, &items),
        [("items[1]".to_owned(), "field 100 is none of this message here; nothing is passed over".to_owned())]
    );
    // The path would be that of another route.
    assert_eq!(fault(&method("Bank/SuspendAccount"), &[]), [("id".to_owned(), "is missing".to_owned())]);
    assert_eq!(fault(&method("Views/GetAccount"), &[]), [("id".to_owned(), "is missing".to_owned())]);
}

#[test]
fn only_what_a_route_reads_is_passed_on() {
    let method = method("Views/ListTariffs");
    let mut metadata = HeaderMap::new();
    for (name, value) in [
        ("authorization", "Bearer x"),
        ("prefer", "wait=1"),
        ("prefer", "respond-async"),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        ("accept", "text/csv"),
    ] {
        metadata.append(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let request = request(&method, &message(&method, "{}"), &metadata).expect("a request");
    let mut headers: Vec<_> = request.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().expect("text"))).collect();
    headers.sort_unstable();
    assert_eq!(headers, [("authorization", "Bearer x"), ("prefer", "respond-async"), ("prefer", "wait=1")]);
}
