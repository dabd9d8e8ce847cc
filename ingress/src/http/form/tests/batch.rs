//! Batches, payments with a date of their own, and what is only tried.

use super::*;
use crate::http::request::batch::{BatchRequest, CaptureItem, PaymentItem, RefundItem, ReleaseItem, ReserveItem, ReverseItem};
use schemas::{Batch, BatchMode, Dated, Order, OrderId};
use utoipa::PartialSchema;

const CANCEL: Form = Form::CancelOrder(Some(OrderId(uuid::Uuid::nil())));

pub(super) fn good(form: &Form) -> Value {
    match form {
        Form::Batch => json!({"mode": "independent", "dry_run": false, "items": items()}),
        _ => json!({}),
    }
}

/// One of each kind, with every field.
fn items() -> Vec<Value> {
    let pay = |operation: &str, more: Value| {
        let mut item = json!({"account_debit": A, "account_credit": B, "amount": "12500", "currency": "XOF", "channel": "card"});
        item["operation"] = json!(operation);
        item["context"] = json!({"device": "d-1"});
        more.as_object().expect("an object").iter().for_each(|(name, value)| item[name] = value.clone());
        item
    };
    vec![
        pay("transfer", json!({})),
        pay("reserve", json!({"payment": "bill_payment", "expires_in_seconds": 60})),
        json!({"operation": "capture", "hold_id": A, "amount": "1", "currency": "XOF", "last": true}),
        json!({"operation": "release", "hold_id": A}),
        json!({"operation": "refund", "transaction_id": A, "amount": "1", "currency": "XOF"}),
        json!({"operation": "reverse", "transaction_id": A}),
    ]
}

fn lines(items: &[Value]) -> String {
    items.iter().map(|item| format!("{item}\n")).collect()
}

fn asked(mode: Option<BatchMode>, dry_run: Option<bool>) -> Asked {
    Asked { mode, dry_run }
}

/// A body as a batch, or the pointers of what is wrong with it.
fn batch(body: &[u8], media: Media, asked: Asked) -> Result<Batch, Vec<String>> {
    match Form::Batch.operation(body, media, asked) {
        Ok(Operation::Batch(batch)) => Ok(batch),
        Ok(other) => panic!("{other:?}"),
        Err(problem) => Err(problem.errors.into_iter().map(|error| error.pointer).collect()),
    }
}

#[test]
fn a_batch_is_the_same_however_it_is_written() {
    let items = items();
    let whole = asked(Some(BatchMode::Independent), None);
    let object = json!({"mode": "independent", "items": items}).to_string();
    let array = json!(items).to_string();
    let expected = batch(object.as_bytes(), Media::Json, Asked::default()).expect("a good body");
    assert_eq!((expected.mode, expected.dry_run, expected.items.len()), (BatchMode::Independent, false, 6));
    assert_eq!(batch(array.as_bytes(), Media::Json, whole).as_ref(), Ok(&expected));
    assert_eq!(batch(lines(&items).as_bytes(), Media::Lines, whole).as_ref(), Ok(&expected));
    // Empty lines and the end of lines of other systems are no items.
    let loose = format!("\r\n{}\n \n", lines(&items).trim().replace('\n', "\r\n\n"));
    assert_eq!(batch(loose.as_bytes(), Media::Lines, whole).as_ref(), Ok(&expected));
    for (operation, single) in expected.items.iter().zip([
        read(&TRANSFER, &changed(&TRANSFER, &json!({"channel": "card"}))),
        read(&Form::Reserve, &changed(&Form::Reserve, &json!({"context": {"device": "d-1"}}))),
    ]) {
        assert_eq!(Ok(operation), single.as_ref(), "an item is what its route takes");
    }
}

#[test]
fn what_is_not_said_is_all_or_nothing_and_done() {
    let array = json!(items()).to_string();
    let plain = batch(array.as_bytes(), Media::Json, Asked::default()).expect("a good body");
    assert_eq!((plain.mode, plain.dry_run), (BatchMode::AllOrNothing, false));
    let tried = batch(array.as_bytes(), Media::Json, asked(None, Some(true))).expect("a good body");
    assert_eq!((tried.mode, tried.dry_run), (BatchMode::AllOrNothing, true));
    // The query and the body may say the same, and only the same.
    for (query, body, expected) in [
        (
            asked(Some(BatchMode::Independent), Some(true)),
            json!({"mode": "independent", "dry_run": true}),
            Ok((BatchMode::Independent, true)),
        ),
        (asked(None, None), json!({"mode": null, "dry_run": null}), Ok((BatchMode::AllOrNothing, false))),
        (asked(Some(BatchMode::Independent), None), json!({"mode": "all_or_nothing"}), Err(vec!["/mode".to_owned()])),
        (asked(None, Some(true)), json!({"dry_run": false}), Err(vec!["/dry_run".to_owned()])),
    ] {
        let mut object = body;
        object["items"] = json!(items());
        let found = batch(object.to_string().as_bytes(), Media::Json, query);
        assert_eq!(found.map(|batch| (batch.mode, batch.dry_run)), expected, "{object}");
    }
}

#[test]
fn every_fault_has_the_place_of_its_item() {
    for (name, value, pointers) in [
        ("/items", json!([]), vec!["/items"]),
        ("/items", json!({}), vec!["/items"]),
        ("/items/2", json!(7), vec!["/items/2"]),
        ("/items/2", json!({"amount": "1"}), vec!["/items/2/operation"]),
        ("/items/0/operation", json!("p2p"), vec!["/items/0/operation"]),
        (
            "/items/0/operation",
            json!("refund"),
            vec!["/items/0/transaction_id", "/items/0/account_debit", "/items/0/account_credit", "/items/0/channel", "/items/0/context"],
        ),
        ("/items/0/operation", json!("batch"), vec!["/items/0/operation"]),
        ("/items/0/operation", json!("order"), vec!["/items/0/operation"]),
        ("/items/0/amount", json!("0"), vec!["/items/0/amount"]),
        ("/items/0/execute_at", json!("2026-01-01T00:00:00Z"), vec!["/items/0/execute_at"]),
        ("/items/0/dry_run", json!(true), vec!["/items/0/dry_run"]),
        ("/items/1/payment", json!("refund"), vec!["/items/1/payment"]),
        ("/items/1/expires_in_seconds", json!(0), vec!["/items/1/expires_in_seconds"]),
        ("/items/2/hold_id", json!("x"), vec!["/items/2/hold_id"]),
        ("/items/3/amount", json!("1"), vec!["/items/3/amount"]),
        ("/items/4/transaction_id", json!(1), vec!["/items/4/transaction_id"]),
        ("/items/4/proof", json!({}), vec!["/items/4/proof"]),
        ("/items/5/last", json!(true), vec!["/items/5/last"]),
        ("mode", json!("both"), vec!["/mode"]),
        ("dry_run", json!("true"), vec!["/dry_run"]),
        ("more", json!(1), vec!["/more"]),
    ] {
        let body = changed(&Form::Batch, &json!({name: value}));
        assert_eq!(batch(&body, Media::Json, Asked::default()).err().unwrap_or_default(), pointers, "{name} {value}");
    }
    let mut items = items();
    items[4]["amount"] = json!("x");
    items[5]["more"] = json!(1);
    let expected = Err(vec!["/4/amount".to_owned(), "/5/more".to_owned()]);
    assert_eq!(batch(json!(items).to_string().as_bytes(), Media::Json, Asked::default()), expected);
    assert_eq!(batch(lines(&items).as_bytes(), Media::Lines, Asked::default()), expected);
}

#[test]
fn bodies_that_are_no_batch() {
    let many = vec![json!({"operation": "release", "hold_id": A}); 8001];
    for (body, media, pointer) in [
        ("", Media::Json, ""),
        ("7", Media::Json, ""),
        ("[]", Media::Json, ""),
        ("{}", Media::Json, "/items"),
        ("[{}", Media::Json, ""),
        ("", Media::Lines, ""),
        ("\n\n", Media::Lines, ""),
        ("{\"operation\":\"release\"", Media::Lines, "/0"),
        ("[]", Media::Lines, "/0"),
        (&json!(many).to_string(), Media::Json, ""),
        (&json!({"items": many}).to_string(), Media::Json, "/items"),
        (&lines(&many), Media::Lines, ""),
    ] {
        assert_eq!(batch(body.as_bytes(), media, Asked::default()), Err(vec![pointer.to_owned()]), "{body:.40}");
    }
    assert_eq!(batch(json!(many[1..]).to_string().as_bytes(), Media::Json, Asked::default()).map(|batch| batch.items.len()), Ok(8000));
    // What is more than a batch can have makes neither a large answer nor a large heap.
    let values = format!("[{}0]", "0,".repeat(200_000));
    let problem = Form::Batch.operation(values.as_bytes(), Media::Json, Asked::default()).expect_err("too much");
    assert!(problem.detail.contains("more than 128000 values"), "{}", problem.detail);
    let problem = Form::Batch.operation(json!(vec![0; 8000]).to_string().as_bytes(), Media::Json, Asked::default()).expect_err("numbers");
    assert_eq!(problem.errors.len(), 32);
}

#[test]
fn a_payment_may_have_one_date() {
    let at = |moment: &str, name: &str| changed(&TRANSFER, &json!({name: moment}));
    let Ok(Operation::Pay(payment)) = read(&TRANSFER, &good_transfer()) else { panic!("a payment") };
    let ordered = |dated| Ok(Operation::Order(Order { payment: payment.clone(), dated }));
    assert_eq!(read(&TRANSFER, &at("2026-01-05T08:00:00Z", "execute_at")), ordered(Dated::ExecuteAt(1_767_600_000_000)));
    assert_eq!(read(&TRANSFER, &at("2025-11-01T00:00:00.001Z", "effective_at")), ordered(Dated::EffectiveAt(1_761_955_200_001)));
    for form in [TRANSFER, MERCHANT, BILL, DEPOSIT, WITHDRAWAL] {
        check([
            (form.clone(), json!({"execute_at": "2026-01-05T08:00:00+01:00"}), vec!["/execute_at"]),
            (form.clone(), json!({"execute_at": 1_767_600_000_000_u64, "amount": "0"}), vec!["/amount", "/execute_at"]),
            (form.clone(), json!({"effective_at": "2025-11-01"}), vec!["/effective_at"]),
            (form, json!({"execute_at": "2026-01-05T08:00:00Z", "effective_at": "2025-11-01T00:00:00Z"}), vec!["/effective_at"]),
        ]);
    }
    check([(CANCEL, json!({}), vec![]), (CANCEL, json!({"why": 1}), vec!["/why"]), (Form::CancelOrder(None), json!({}), vec!["id"])]);
}

fn good_transfer() -> Vec<u8> {
    changed(&TRANSFER, &json!({}))
}

#[test]
fn what_is_only_tried_is_a_batch_of_itself() {
    let tried = |form: &Form, body: &[u8]| form.clone().operation(body, Media::Json, asked(None, Some(true)));
    for form in [TRANSFER, MERCHANT, BILL, DEPOSIT, WITHDRAWAL, Form::Reserve] {
        let body = changed(&form, &json!({}));
        let items = vec![read(&form, &body).expect("a good body")];
        let expected = Operation::Batch(Batch { mode: BatchMode::Independent, dry_run: true, items });
        assert_eq!(tried(&form, &body), Ok(expected), "{form:?}");
        assert_eq!(form.clone().operation(&body, Media::Json, asked(None, Some(false))).ok(), read(&form, &body).ok());
    }
    let problem = tried(&TRANSFER, &changed(&TRANSFER, &json!({"execute_at": "2026-01-05T08:00:00Z"}))).expect_err("an order");
    assert_eq!(problem.errors[0].pointer, "dry_run");
}

#[test]
fn what_the_door_takes_the_log_takes() {
    check_taken([Form::Batch, CANCEL]);
}

#[test]
fn what_is_described_is_what_is_read() {
    check_described(&Form::Batch, BatchRequest::schema());
    let schemas = [
        PaymentItem::schema(),
        ReserveItem::schema(),
        CaptureItem::schema(),
        ReleaseItem::schema(),
        RefundItem::schema(),
        ReverseItem::schema(),
    ];
    for (item, schema) in items().iter().zip(schemas) {
        let object = described(schema);
        let mut all: Vec<_> = object.properties.into_keys().collect();
        all.sort();
        assert_eq!(names(item), all, "{item}");
        let example = object.example.expect("every item has an example");
        assert!(batch(json!([example]).to_string().as_bytes(), Media::Json, Asked::default()).is_ok(), "{example}");
        // A deposit and a withdrawal may lack a side; of any other, both are missed.
        let bare = json!([{"operation": item["operation"]}]).to_string();
        let mut missing: Vec<_> = batch(bare.as_bytes(), Media::Json, Asked::default()).err().unwrap_or_default();
        missing.retain(|pointer| item["operation"] != "transfer" || !pointer.starts_with("/0/account"));
        missing.sort();
        let mut required: Vec<_> = object.required.iter().filter(|name| *name != "operation").map(|name| format!("/0/{name}")).collect();
        required.sort();
        assert_eq!(missing, required, "{item}");
    }
}
