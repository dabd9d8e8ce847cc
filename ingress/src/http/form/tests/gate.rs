//! What sets rules against fraud, what they are told, and where a payment comes from.

use super::*;
use crate::http::request::gate::{
    AmlRuleRequest, ContextRequest, CountriesRequest, FreezeRequest, GatePolicyRequest, ReviewRequest, SignalRequest,
};
use schemas::aml::{Lane, Setting};
use schemas::{CustomerId, HoldId, RuleId};
use utoipa::PartialSchema;

const RULE: Form = Form::AmlRule(Some(RuleId::VelocityCount));
const POLICY: Form = Form::GatePolicy;
const COUNTRIES: Form = Form::Countries(Some(schemas::gate::ListName::HighRisk));
const FREEZE: Form = Form::Freeze { party: Some(Party::Customer(CustomerId(uuid::Uuid::nil()))), of_account: false, frozen: true };
const REVIEW: Form = Form::Review(Some(HoldId(uuid::Uuid::nil())));

pub(super) fn good(form: &Form) -> Value {
    match form {
        Form::AmlRule(_) => json!({"lane": "shadow", "enabled": true, "weight": 30, "parameters": {"account_10min": 5}}),
        Form::GatePolicy => json!({"review_score": 40, "refuse_score": 100, "review_expires_ms": 60_000}),
        Form::Countries(_) => json!({"countries": ["KP", "IR"]}),
        Form::Freeze { .. } => json!({"reason": "ordered by the court"}),
        Form::Signal => json!({"customer_id": A, "device": "d-1", "signal": "pin_failed"}),
        _ => json!({"decision": "release", "reason": "the customer was called"}),
    }
}

#[test]
fn every_fault_has_its_pointer() {
    check([
        (RULE, json!({}), vec![]),
        (RULE, json!({"lane": null, "enabled": null, "weight": null, "parameters": null}), vec![]),
        (RULE, json!({"/parameters/account_10min": 0}), vec!["/parameters/account_10min"]),
        (RULE, json!({"/parameters/action": 3}), vec!["/parameters/action"]),
        (RULE, json!({"/parameters/senders": 3}), vec!["/parameters/senders"]),
        (RULE, json!({"weight": 1_001, "version": 1}), vec!["/weight", "/version"]),
        (Form::AmlRule(None), json!({}), vec!["rule"]),
        (POLICY, json!({}), vec![]),
        (POLICY, json!({"review_expires_ms": null}), vec![]),
        (POLICY, json!({"review_score": 101}), vec!["/review_score"]),
        (POLICY, json!({"refuse_score": 100_001, "review_expires_ms": 1}), vec!["/refuse_score", "/review_expires_ms"]),
        (COUNTRIES, json!({"countries": []}), vec![]),
        (COUNTRIES, json!({"countries": ["KP", "KP"]}), vec!["/countries/1"]),
        (COUNTRIES, json!({"countries": [1]}), vec!["/countries/0"]),
        (COUNTRIES, json!({"countries": vec!["KP"; 301]}), vec!["/countries"]),
        (Form::Countries(None), json!({"countries": null}), vec!["list", "/countries"]),
        (FREEZE, json!({"reason": " "}), vec!["/reason"]),
        (FREEZE, json!({"reason": "x".repeat(501)}), vec!["/reason"]),
        (Form::Signal, json!({"customer_id": null, "account_id": A}), vec![]),
        (Form::Signal, json!({"customer_id": null}), vec!["/customer_id"]),
        (Form::Signal, json!({"account_id": A}), vec!["/account_id"]),
        (Form::Signal, json!({"signal": "unfrozen"}), vec!["/signal"]),
        (REVIEW, json!({"decision": "later", "reason": 1}), vec!["/decision", "/reason"]),
        (Form::Review(None), json!({}), vec!["id"]),
        (TRANSFER, json!({"context": {}}), vec!["/context"]),
        (TRANSFER, json!({"context": "d-1"}), vec!["/context"]),
        (TRANSFER, json!({"/context/msisdn": "+221771234567", "/context/card_token": "tok"}), vec![]),
        (TRANSFER, json!({"/context/latitude": "14.7", "/context/longitude": "-17.4"}), vec![]),
        (TRANSFER, json!({"/context/longitude": "-17.4"}), vec!["/context/latitude"]),
        (TRANSFER, json!({"/context/device": "a b", "/context/ip": "10.0.0.256"}), vec!["/context/device", "/context/ip"]),
        (TRANSFER, json!({"/context/counterparty_name": "Awa Ndèye Diop"}), vec![]),
        (TRANSFER, json!({"/context/counterparty_name": " "}), vec!["/context/counterparty_name"]),
        (TRANSFER, json!({"/context/counterparty_name": "é".repeat(141)}), vec!["/context/counterparty_name"]),
        (TRANSFER, json!({"/context/counterparty_name": "Awa\nDiop"}), vec!["/context/counterparty_name"]),
        (TRANSFER, json!({"/context/card_token": "4111 1111 1111 1111"}), vec!["/context/card_token"]),
    ]);
}

#[test]
fn what_the_door_takes_the_log_takes() {
    check_taken([RULE, POLICY, COUNTRIES, FREEZE, Form::Signal, REVIEW]);
}

#[test]
fn defaults_are_those_of_the_catalogue() {
    let expected = Setting { lane: Lane::Live, parameters: std::collections::BTreeMap::new(), ..Setting::of(RuleId::VelocityCount) };
    assert_eq!(read(&RULE, b"{}"), Ok(Operation::SetAml(AmlSetting::Rule(expected))));
}

#[test]
fn what_is_described_is_what_is_read() {
    for (form, schema) in [
        (RULE, AmlRuleRequest::schema()),
        (POLICY, GatePolicyRequest::schema()),
        (COUNTRIES, CountriesRequest::schema()),
        (FREEZE, FreezeRequest::schema()),
        (REVIEW, ReviewRequest::schema()),
    ] {
        check_described(&form, schema);
    }
    // Of the two whom a signal may be about it names one.
    let mut of_signal: Vec<_> = described(SignalRequest::schema()).properties.into_keys().collect();
    of_signal.sort();
    assert_eq!(of_signal, ["account_id", "customer_id", "device", "signal"]);
    let mut of_context: Vec<_> = described(ContextRequest::schema()).properties.into_keys().collect();
    of_context.sort();
    assert_eq!(of_context, ["card_token", "counterparty_name", "country", "device", "ip", "latitude", "longitude", "msisdn"]);
}
