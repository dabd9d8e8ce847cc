//! Identities and cases.

use super::*;
use crate::http::form::diligence::Wanted;
use schemas::{CaseId, CustomerId, Diligence};
use uuid::Uuid;

fn customer() -> Option<CustomerId> {
    Some(CustomerId(Uuid::nil()))
}

fn case() -> Option<CaseId> {
    Some(CaseId(Uuid::nil()))
}

pub(super) fn good(form: &Form) -> Value {
    let Form::Diligence(wanted) = form else { panic!("{form:?} is of no identity and no case") };
    match wanted {
        Wanted::Update(_) => json!({"full_name": "Awa Diop", "msisdn": "+221771234567", "country": "SN", "date_of_birth": "1974-08-12"}),
        Wanted::Address(_) => json!({
            "street_name": "Rue Carnot", "building_number": "12", "town_name": "Dakar", "country": "SN", "address_lines": ["Villa 4"],
        }),
        Wanted::NoAddress(_) => json!({}),
        // The specimen of Doc 9303, of another country.
        Wanted::Document(_) => json!({
            "type": "passport", "number": "L898902C3", "country": "SN", "expires_on": "2012-04-15", "surname": "ERIKSSON",
            "given_names": "ANNA MARIA", "date_of_birth": "1974-08-12", "sex": "female", "nationality": "SN",
            "mrz": ["P<SENERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36SEN7408122F1204159ZE184226B<<<<<10"],
        }),
        Wanted::Kyc(_) => json!({"decision": "approve", "level": "standard", "reason": "all papers agree"}),
        Wanted::Open => json!({"kind": "alert", "account_id": A, "alert_id": B, "reason": "looks odd"}),
        Wanted::Assign(_) => json!({"assignee": "ops-2", "reason": "knows the customer"}),
        Wanted::Comment(_) => json!({"comment": "called, nobody there"}),
        Wanted::Snooze(_) => json!({"until": "2026-12-01T08:00:00Z", "reason": "papers are to come"}),
        Wanted::Escalate(_) => json!({"reason": "too large for me"}),
        Wanted::Decide(_) => json!({"outcome": "false_positive", "reason": "a savings club"}),
        Wanted::Policy => json!({"enrolment_due_ms": 60_000, "four_eyes": ["confirm_risk"]}),
    }
}

#[test]
fn every_good_body_is_read() {
    let all = [
        Wanted::Update(customer()),
        Wanted::Address(customer()),
        Wanted::NoAddress(customer()),
        Wanted::Document(customer()),
        Wanted::Kyc(case()),
        Wanted::Open,
        Wanted::Assign(case()),
        Wanted::Comment(case()),
        Wanted::Snooze(case()),
        Wanted::Escalate(case()),
        Wanted::Decide(case()),
        Wanted::Policy,
    ];
    for form in all.map(Form::Diligence) {
        let operation = read(&form, good(&form).to_string().as_bytes());
        assert!(operation.as_ref().is_ok_and(|operation| operation.check().is_ok()), "{form:?}: {operation:?}");
    }
}

#[test]
fn every_fault_of_an_identity_has_its_pointer() {
    let update = || Form::Diligence(Wanted::Update(customer()));
    let address = || Form::Diligence(Wanted::Address(customer()));
    let document = || Form::Diligence(Wanted::Document(customer()));
    let zone = |second: &str| json!({"mrz": ["P<SENERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", second]});
    check([
        (update(), json!({"full_name": null, "msisdn": null, "country": null, "date_of_birth": null}), vec![""]),
        (update(), json!({"full_name": "", "msisdn": "7", "country": "Senegal"}), vec!["/full_name", "/msisdn", "/country"]),
        (update(), json!({"date_of_birth": "1974-02-30"}), vec!["/date_of_birth"]),
        (update(), json!({"date_of_birth": "1849-12-31"}), vec!["/date_of_birth"]),
        (update(), json!({"date_of_birth": "2999-01-01"}), vec!["/date_of_birth"]),
        (update(), json!({"name": "Awa"}), vec!["/name"]),
        (address(), json!({"town_name": null, "country": null}), vec!["/town_name", "/country"]),
        (address(), json!({"street_name": " ", "country": "XX"}), vec!["/street_name", "/country"]),
        (address(), json!({"address_lines": ["a", "b", "c"]}), vec!["/address_lines"]),
        (address(), json!({"address_lines": ["a", "b\u{7}"]}), vec!["/address_lines/1"]),
        (address(), json!({"city": "Dakar"}), vec!["/city"]),
        (Form::Diligence(Wanted::Address(None)), json!({}), vec!["id"]),
        (Form::Diligence(Wanted::NoAddress(customer())), json!({"town_name": "Dakar"}), vec!["/town_name"]),
        (document(), json!({"type": "library_card", "number": null}), vec!["/type", "/number"]),
        (document(), json!({"date_of_birth": "12/08/1974"}), vec!["/date_of_birth"]),
        (document(), json!({"date_of_birth": "2999-01-01", "issued_on": "2999-01-02"}), vec!["/issued_on", "/date_of_birth"]),
        // A digit of the number, which its own check digit finds.
        (document(), zone("L898902C46SEN7408122F1204159ZE184226B<<<<<10"), vec!["/mrz"]),
        (document(), json!({"mrz": ["P<SEN"]}), vec!["/mrz"]),
        (document(), json!({"number": "L898902C4", "surname": "ERIKSEN"}), vec!["/number", "/surname"]),
        (document(), json!({"mrz": [1]}), vec!["/mrz/0"]),
    ]);
}

#[test]
fn every_fault_of_a_case_has_its_pointer() {
    let kyc = || Form::Diligence(Wanted::Kyc(case()));
    let open = || Form::Diligence(Wanted::Open);
    let decide = || Form::Diligence(Wanted::Decide(case()));
    let policy = || Form::Diligence(Wanted::Policy);
    check([
        (kyc(), json!({"level": null}), vec!["/level"]),
        (kyc(), json!({"decision": "reject"}), vec!["/level"]),
        (kyc(), json!({"decision": "maybe", "reason": " "}), vec!["/decision", "/reason"]),
        (open(), json!({"alert_id": null}), vec!["/alert_id"]),
        (open(), json!({"kind": "review"}), vec!["/kind"]),
        (open(), json!({"kind": "enrolment"}), vec!["/alert_id"]),
        (open(), json!({"customer_id": B}), vec!["/customer_id"]),
        (open(), json!({"account_id": "7"}), vec!["/account_id"]),
        (decide(), json!({"outcome": "approved"}), vec!["/outcome"]),
        (decide(), json!({"reason": null}), vec!["/reason"]),
        (Form::Diligence(Wanted::Decide(None)), json!({}), vec!["id"]),
        (Form::Diligence(Wanted::Comment(case())), json!({"comment": "a\u{7}"}), vec!["/comment"]),
        (Form::Diligence(Wanted::Snooze(case())), json!({"until": "soon"}), vec!["/until"]),
        (Form::Diligence(Wanted::Assign(case())), json!({"assignee": " "}), vec!["/assignee"]),
        (policy(), json!({"enrolment_due_ms": 59_999}), vec!["/enrolment_due_ms"]),
        (policy(), json!({"four_eyes": ["everything"]}), vec!["/four_eyes/0"]),
    ]);
}

#[test]
fn the_number_of_a_document_goes_no_further() {
    let form = Form::Diligence(Wanted::Document(customer()));
    let read = read(&form, good(&form).to_string().as_bytes()).expect("a document");
    assert!(!format!("{read:?}").contains("L898902C3"));
    let Operation::Diligence(asked) = read else { panic!("{read:?}") };
    let Diligence::SubmitDocument(submit) = *asked else { panic!("{asked:?}") };
    assert_eq!((submit.document.number_end.as_str(), submit.document.has_zone), ("02C3", true));
}
