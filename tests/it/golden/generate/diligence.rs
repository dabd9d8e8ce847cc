//! Identities and cases: every operation, every reason but that there are too many cases, and what time does.

use super::held::by;
use super::{Log, STRANGER};
use serde_json::{Value, json};

fn asked(operation: &str, diligence: Value) -> Value {
    json!({"operation": operation, "diligence": diligence})
}

fn present(customer: &str, digest: u128, expires_on: Option<&str>) -> Value {
    let digest = format!("{digest:032x}");
    let end = digest[28..].to_uppercase();
    let mut document = json!({
        "customer_id": customer, "type": "national_id", "digest": digest, "number_end": end, "country": "SN", "surname": "Sow",
        "given_names": "Binta", "date_of_birth": "1990-04-17", "has_zone": true,
    });
    if let Some(day) = expires_on {
        document["expires_on"] = json!(day);
    }
    asked("submit_document", document)
}

fn decide(case: &str, decision: &str, level: Option<&str>) -> Value {
    let mut decide = json!({"case_id": case, "decision": decision, "reason": "seen in the branch"});
    if let Some(level) = level {
        decide["level"] = json!(level);
    }
    asked("decide_kyc", decide)
}

fn open(kind: &str, more: Value) -> Value {
    let mut open = json!({"kind": kind, "reason": "a look"});
    open.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    asked("open_case", open)
}

fn work(operation: &str, case: &str, more: Value) -> Value {
    let mut work = json!({"case_id": case, "reason": "a look"});
    work.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    asked(operation, work)
}

/// Asked by a second member of staff.
fn second(mut asked: Value) -> Value {
    asked["subject"] = json!("mariama");
    asked
}

impl Log {
    pub(super) fn diligence(&mut self) {
        for name in ["sow", "ba"] {
            self.ask(json!({"operation": "create_customer", "full_name": name}), Some(name));
        }
        let policy =
            |times: [u64; 5]| json!({"times_ms": times, "four_eyes": ["approve_enhanced", "approve_after_rejection", "dismiss_alert"]});
        let short = policy([600_000, 600_000, 600_000, 600_000, 60_000]);
        let other = json!({"diligence": policy([60_000; 5])});
        self.thrice(asked("set_case_policy", short), &other, "case-policy", None);
        self.bind(1);
        let update = asked("update_customer", json!({"customer_id": "@sow", "full_name": "Binta Sow", "date_of_birth": "1990-04-17"}));
        self.thrice(update.clone(), &json!({"diligence": {"customer_id": "@sow", "country": "SN"}}), "update", None);
        self.ask(by("@sow", update), None);
        let lives = |town: &str| json!({"street_name": "Rue Carnot", "building_number": "12", "town_name": town, "country": "SN"});
        let set = asked("set_address", json!({"customer_id": "@sow", "address": lives("Thiès")}));
        let other = json!({"diligence": {"customer_id": "@sow", "address": lives("Dakar")}});
        self.thrice(set.clone(), &other, "address", None);
        self.ask(by("@sow", set), None);
        self.ask(asked("set_address", json!({"customer_id": "@sow"})), None);
        self.enrol();
        self.work();
        self.bind(1);
    }

    fn enrol(&mut self) {
        let sow = json!({"customer_id": "@sow"});
        self.thrice(
            open("enrolment", sow.clone()),
            &json!({"diligence": {"kind": "hit", "customer_id": "@sow", "reason": "x"}}),
            "case",
            Some("case/sow"),
        );
        self.ask(open("enrolment", sow), None);
        self.bind(1);
        self.ask(decide("@case/sow", "approve", Some("standard")), None);
        self.ask(decide("@case/sow", "expire", None), None);
        self.ask(decide(STRANGER, "approve", Some("standard")), None);
        self.ask(present("@sow", 1, Some("2025-12-01")), None);
        self.ask(decide("@case/sow", "approve", Some("standard")), None);
        let other = present("@sow", 3, None);
        self.thrice(present("@sow", 2, Some("2026-01-02")), &json!({"diligence": other["diligence"]}), "document", None);
        self.ask(present("@ba", 2, Some("2026-01-02")), None);
        self.ask(by("@ba", present("@sow", 4, None)), None);
        self.ask(decide("@case/sow", "ask_information", None), None);
        self.ask(present("@sow", 2, None), None);
        // Two look, withdraw, come too late, and agree.
        let enhanced = decide("@case/sow", "approve", Some("enhanced"));
        let other = json!({"diligence": {"case_id": "@case/sow", "decision": "reject", "reason": "x"}});
        self.thrice(enhanced.clone(), &other, "decision", None);
        self.ask(enhanced.clone(), None);
        self.ask(second(decide("@case/sow", "approve", Some("standard"))), None);
        self.ask(enhanced.clone(), None);
        self.bind(60_001);
        self.bind(1);
        self.ask(decide("@case/sow", "reject", None), None);
        self.ask(open("enrolment", json!({"customer_id": "@sow"})), Some("case/again"));
        self.ask(present("@sow", 5, Some("2026-01-20")), None);
        self.bind(1);
        let standard = decide("@case/again", "approve", Some("standard"));
        self.ask(standard.clone(), None);
        self.ask(second(standard), None);
        for digest in 100..120 {
            self.ask(present("@sow", digest, None), None);
        }
        self.bind(1);
    }

    fn work(&mut self) {
        let alert = json!({"account_id": "@awa/xof", "alert_id": "019ab697-dcc3-8009-8000-000000000009"});
        self.ask(open("alert", alert.clone()), Some("case/alert"));
        self.ask(open("alert", alert), None);
        self.ask(open("hit", json!({"customer_id": "@ba"})), Some("case/hit"));
        self.bind(1);
        let of = |operation: &str, more: Value| work(operation, "@case/alert", more);
        let changed = json!({"diligence": {"case_id": "@case/hit", "reason": "x"}});
        let with = |name: &str, value: Value| json!({"diligence": {"case_id": "@case/hit", "reason": "x", name: value}});
        self.thrice(of("assign_case", json!({"assignee": "mariama"})), &with("assignee", json!("awa")), "assign", None);
        self.ask(of("assign_case", json!({"assignee": "mariama"})), None);
        self.ask(of("assign_case", json!({})), None);
        self.thrice(of("comment_case", json!({})), &changed, "comment", None);
        self.thrice(of("escalate_case", json!({})), &changed, "escalate", None);
        let until = self.epoch + 30_000;
        self.thrice(of("snooze_case", json!({"until": until})), &with("until", json!(until + 1)), "snooze", None);
        self.ask(of("snooze_case", json!({"until": 1})), None);
        self.bind(30_001);
        self.bind(1);
        self.ask(decide("@case/alert", "reject", None), None);
        let end = of("decide_case", json!({"outcome": "confirmed_risk"}));
        self.thrice(end, &with("outcome", json!("valuable_alert")), "end", None);
        let dismiss = work("decide_case", "@case/hit", json!({"outcome": "false_positive"}));
        self.ask(dismiss.clone(), None);
        self.ask(dismiss.clone(), None);
        self.ask(second(dismiss), None);
        self.bind(1);
    }
}
