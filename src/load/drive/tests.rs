//! How answers are counted.

use super::super::bank::Body;
use super::*;
use uuid::Uuid;

#[test]
fn every_answer_is_counted_once() {
    let answer = |status, id: Option<Uuid>, code: Option<&str>| {
        let body = Body { id, epoch: Some(7), code: code.map(str::to_owned), ..Body::default() };
        Answer { status, body, at: Instant::now() }
    };
    let failed = |code: &str| Decision::Failed { code: code.to_owned(), detail: String::new() };
    let id = Uuid::from_u128(1);
    assert_eq!(decision(answer(201, Some(id), None), 5), Decision::Settled(TransactionId(id), 7));
    assert_eq!(decision(answer(422, None, Some("insufficient_funds")), 5), failed("insufficient_funds"));
    assert_eq!(decision(answer(400, None, Some("invalid_request")), 0), failed("amount_not_positive"));
    assert_eq!(decision(answer(400, None, Some("invalid_request")), 5), failed("invalid_request"));
    assert_eq!(decision(answer(413, None, None), 5), failed("status_413"));
    assert_eq!(decision(answer(201, None, None), 5), failed("status_201"));
}
