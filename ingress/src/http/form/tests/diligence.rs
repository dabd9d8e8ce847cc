//! Bodies of identities and cases.

use super::super::{Form, Wanted};
use super::{A, check, read};
use schemas::diligence::{Diligence, Presented};
use schemas::{CaseId, CustomerId, Operation};
use serde_json::{Value, json};

const CASE: Option<CaseId> = Some(CaseId(uuid::Uuid::nil()));
const CUSTOMER: Option<CustomerId> = Some(CustomerId(uuid::Uuid::nil()));

pub(super) fn good(form: &Form) -> Value {
    let Form::Diligence(wanted) = form else { unreachable!("{form:?} is of another file") };
    match wanted {
        Wanted::Update(_) => json!({"full_name": "Awa Ndiaye", "msisdn": "+221771234567", "country": "SN", "date_of_birth": "1990-04-17"}),
        Wanted::Document(_) => json!({
            "type": "passport", "number": "A 12-345", "country": "SN", "issued_on": "2022-03-01", "expires_on": "2032-03-01",
            "surname": "Diop", "given_names": "Awa", "date_of_birth": "1990-04-17", "sex": "female", "nationality": "SN",
        }),
        Wanted::Kyc(_) => json!({"decision": "approve", "level": "standard", "reason": "seen"}),
        Wanted::Open => json!({"kind": "alert", "account_id": A, "alert_id": A, "reason": "seen"}),
        Wanted::Assign(_) => json!({"assignee": "mariama", "reason": "seen"}),
        Wanted::Comment(_) => json!({"comment": "seen"}),
        Wanted::Snooze(_) => json!({"until": "2027-01-05T08:00:00Z", "reason": "seen"}),
        Wanted::Escalate(_) => json!({"reason": "seen"}),
        Wanted::Decide(_) => json!({"outcome": "false_positive", "reason": "seen"}),
        Wanted::Policy => json!({"hit_due_ms": 60_000, "four_eyes": ["confirm_risk"]}),
    }
}

#[test]
fn what_is_asked_of_identities_and_cases_is_read_or_refused_where_it_stands() {
    let of = Form::Diligence;
    check([
        (of(Wanted::Update(CUSTOMER)), json!({}), vec![]),
        (of(Wanted::Update(None)), json!({"country": "x"}), vec!["/country", "id"]),
        (of(Wanted::Document(CUSTOMER)), json!({}), vec![]),
        (of(Wanted::Document(CUSTOMER)), json!({"expires_on": Value::Null, "given_names": Value::Null}), vec![]),
        (of(Wanted::Document(CUSTOMER)), json!({"number": "---"}), vec!["/number"]),
        (of(Wanted::Document(CUSTOMER)), json!({"nationality": "QQ"}), vec!["/nationality"]),
        (of(Wanted::Kyc(CASE)), json!({}), vec![]),
        (of(Wanted::Kyc(CASE)), json!({"decision": "reject"}), vec!["/level"]),
        (of(Wanted::Kyc(CASE)), json!({"level": Value::Null}), vec!["/level"]),
        (of(Wanted::Open), json!({}), vec![]),
        (of(Wanted::Open), json!({"customer_id": A}), vec!["/customer_id"]),
        (of(Wanted::Assign(CASE)), json!({"assignee": Value::Null, "reason": Value::Null}), vec![]),
        (of(Wanted::Comment(CASE)), json!({"comment": "\n"}), vec!["/comment"]),
        (of(Wanted::Snooze(CASE)), json!({"until": "2027-01-05"}), vec!["/until"]),
        (of(Wanted::Escalate(None)), json!({}), vec!["id"]),
        (of(Wanted::Decide(CASE)), json!({"outcome": "rejected"}), vec!["/outcome"]),
        (of(Wanted::Policy), json!({}), vec![]),
        (of(Wanted::Policy), json!({"four_eyes": ["confirm_risk", "confirm_risk"], "confirm_ms": 0}), vec!["/confirm_ms", "/four_eyes/1"]),
    ]);
}

#[test]
fn the_number_of_a_document_goes_no_further() {
    let form = Form::Diligence(Wanted::Document(CUSTOMER));
    let read = read(&form, good(&form).to_string().as_bytes()).expect("a document");
    assert!(!format!("{read:?}").contains("12-345") && !format!("{read:?}").contains("A12345"));
    let Operation::Diligence(asked) = read else { panic!("{read:?}") };
    let Diligence::SubmitDocument(submit) = *asked else { panic!("{asked:?}") };
    let Presented { number_end, has_zone, .. } = submit.document;
    assert_eq!((number_end.as_str(), has_zone), ("345", false));
}
