//! Parts, versions and clearings.

use super::*;
use crate::http::form::list::Listed;
use crate::http::request::list::{ClearMatchRequest, ListPartRequest, ListVersionRequest};
use schemas::CustomerId;
use utoipa::PartialSchema;

fn forms() -> [Form; 3] {
    let list = || Some("un".to_owned());
    let customer = Some(CustomerId(uuid::Uuid::nil()));
    let clear = Listed::Clear { customer, list: list(), entry: Some("QDi.001".to_owned()) };
    [Listed::Part(list()), Listed::Version(list()), clear].map(Form::List)
}

pub(super) fn good(form: &Form) -> Value {
    match form {
        Form::List(Listed::Part(_)) => json!({"version": 1, "number": 0, "entries": [{
            "id": "QDi.001", "kind": "person", "names": [{"name": "SOW, Aminata", "strength": "primary"}], "born": ["1971-03-25"],
            "countries": ["sn"], "reference": "QDi",
        }]}),
        Form::List(Listed::Version(_)) => {
            json!({"kind": "pep", "version": 1, "parts": 1, "count": 1, "digest": "0a".repeat(32), "force": true})
        }
        _ => json!({"reason": "another date of birth", "counterparty": "0a".repeat(16)}),
    }
}

#[test]
fn every_fault_has_its_pointer() {
    let [part, version, clear] = forms();
    let entries = |count: usize| {
        let entry = |id: usize| json!({"id": format!("{id:04}"), "kind": "other", "names": [{"name": "A", "strength": "weak"}]});
        json!({"entries": (0..count).map(entry).collect::<Vec<_>>()})
    };
    let bad = |change: Value| {
        let mut entry = json!({"id": "1", "kind": "person", "names": [{"name": "A", "strength": "alias"}]});
        change.as_object().unwrap().iter().for_each(|(name, value)| entry[name] = value.clone());
        json!({"entries": [entry]})
    };
    check([
        (part.clone(), entries(500), vec![]),
        (part.clone(), entries(501), vec!["/entries"]),
        (part.clone(), entries(0), vec!["/entries"]),
        (part.clone(), json!({"version": 0, "number": 256}), vec!["/version", "/number"]),
        (part.clone(), bad(json!({"born": null, "countries": null, "reference": null})), vec![]),
        (part.clone(), bad(json!({"names": [{"name": "", "strength": "alias"}]})), vec!["/entries/0"]),
        (part.clone(), bad(json!({"names": []})), vec!["/entries/0/names"]),
        (part.clone(), bad(json!({"kind": "ship"})), vec!["/entries/0/kind"]),
        (part.clone(), bad(json!({"born": ["25 Mar 1971"]})), vec!["/entries/0"]),
        (part.clone(), bad(json!({"countries": ["SN"]})), vec!["/entries/0"]),
        (part.clone(), bad(json!({"id": "a\u{0}"})), vec!["/entries/0/id"]),
        (Form::List(Listed::Part(None)), json!({}), vec!["list"]),
        (version.clone(), json!({"kind": null, "force": null}), vec![]),
        (version.clone(), json!({"parts": 0, "count": 0}), vec![]),
        (version.clone(), json!({"count": 0}), vec!["/count"]),
        (version.clone(), json!({"digest": "0A".repeat(32)}), vec!["/digest"]),
        (version, json!({"parts": 257, "kind": "friends"}), vec!["/kind", "/parts"]),
        (clear.clone(), json!({"counterparty": null}), vec![]),
        (clear, json!({"reason": " ", "counterparty": "0A"}), vec!["/reason", "/counterparty"]),
        (Form::List(Listed::Clear { customer: None, list: None, entry: None }), json!({}), vec!["customer", "list", "entry"]),
    ]);
}

#[test]
fn what_the_door_takes_the_log_takes() {
    check_taken(forms());
}

#[test]
fn what_is_described_is_what_is_read() {
    let [part, version, clear] = forms();
    for (form, schema) in [(part, ListPartRequest::schema()), (version, ListVersionRequest::schema()), (clear, ClearMatchRequest::schema())]
    {
        check_described(&form, schema);
    }
}
