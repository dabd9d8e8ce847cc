//! Gates: every rule, every answer and every reason; reviews and their ends; parties that are frozen.

use super::Log;
use super::held::{by, capture, refund, reserve, with};
use serde_json::{Value, json};

fn rule(name: &str, gate: &Value) -> Value {
    let mut gate = gate.clone();
    gate["rule"] = json!(name);
    json!({"operation": "set_aml_rule", "gate": gate})
}

fn transfer(amount: &str, context: &Value) -> Value {
    let transfer =
        json!({"operation": "transfer", "account_debit": "@awa/xof", "account_credit": "@moussa/xof", "amount": amount, "currency": "XOF"});
    if context.is_null() { transfer } else { with(transfer, &json!({"context": context})) }
}

fn decide(hold: &str, decision: &str) -> Value {
    json!({"operation": "decide_review", "hold": hold, "gate": {"decision": decision, "reason": "the customer was called"}})
}

fn freeze(operation: &str, party: &str, id: &str) -> Value {
    json!({"operation": operation, party: id, "gate": {"reason": "ordered by the court"}})
}

impl Log {
    /// What is set, what it says, and what is held until somebody has looked at it.
    pub(super) fn gates(&mut self) {
        let place = json!({
            "device": "d-1", "ip": "2001:db8::1", "country": "SN", "latitude_e6": 14_716_677, "longitude_e6": -17_467_686,
            "card_token": "tok-1", "msisdn": "+221770000001", "counterparty_name": "Moussa Traoré",
        });
        let nowhere = Value::Null;
        self.ask(reserve("merchant_payment", "@awa/xof", "@fatou/xof", "16"), Some("hold/no-review"));
        self.ask(transfer("11", &place), None);
        self.thrice(
            rule("velocity_count", &json!({"parameters": {"account_10min": 3, "action": 2}})),
            &json!({"gate": {"rule": "fan_in"}}),
            "aml-rule",
            None,
        );
        self.thrice(
            json!({"operation": "set_gate_policy", "gate": {"review_score": 30, "refuse_score": 60, "review_expires_ms": 60_000}}),
            &json!({"gate": {"review_score": 31, "refuse_score": 60}}),
            "gate-policy",
            None,
        );
        self.thrice(
            json!({"operation": "set_country_list", "gate": {"list": "high_risk", "countries": ["KP", "IR"]}}),
            &json!({"gate": {"list": "high_risk"}}),
            "countries",
            None,
        );
        self.ask(by("@awa", rule("velocity_count", &json!({}))), None);
        for _ in 0..4 {
            self.ask(transfer("12", &place), None);
        }
        self.ask(rule("velocity_count", &json!({"enabled": false})), None);
        // By weights, and in shadow.
        self.ask(rule("high_risk_country", &json!({"weight": 30})), None);
        self.ask(rule("velocity_amount", &json!({"weight": 30, "parameters": {"device_1h_minor": 100}})), None);
        self.ask(rule("velocity_amount", &json!({"lane": "shadow", "parameters": {"account_24h_minor": 1}})), None);
        self.ask(transfer("13", &json!({"country": "KP"})), Some("hold/looked-at"));
        self.ask(transfer("99", &json!({"country": "KP", "device": "d-1"})), None);
        self.ask(transfer("14", &json!({"country": "KP", "ip": "10.0.0.1"})), Some("hold/given-back"));
        self.ask(transfer("15", &json!({"country": "IR"})), Some("hold/forgotten"));
        self.ask(transfer("99999999", &json!({"country": "IR"})), None);
        self.bind(1);
        self.ask(capture("@hold/looked-at", "13", "XOF"), None);
        self.ask(json!({"operation": "release", "hold": "@hold/looked-at"}), None);
        self.ask(by("@awa", decide("@hold/looked-at", "release")), None);
        self.thrice(decide("@hold/looked-at", "release"), &json!({"gate": {"decision": "refuse", "reason": "no"}}), "review", None);
        self.ask(decide("@hold/given-back", "refuse"), None);
        self.ask(decide("@hold/given-back", "refuse"), None);
        self.bind(1);
        self.ask(decide("@hold/no-review", "release"), None);
        // What can't wait for a review.
        let risky = json!({"country": "KP"});
        self.ask(with(reserve("merchant_payment", "@awa/xof", "@fatou/xof", "17"), &json!({"context": risky})), None);
        for mode in ["independent", "all_or_nothing"] {
            self.ask(json!({"operation": "batch", "mode": mode, "items": [transfer("18", &nowhere), transfer("19", &risky)]}), None);
        }
        let order = json!({
            "operation": "order", "kind": "transfer", "account_debit": "@awa/xof", "account_credit": "@moussa/xof", "amount": "20",
            "currency": "XOF", "context": risky, "execute_at": self.epoch + 5_000,
        });
        self.ask(order, None);
        // Nobody has looked at what is left when its time is over.
        self.bind(61_000);
        self.bind(1);
        for name in ["high_risk_country", "velocity_amount"] {
            self.ask(rule(name, &json!({"enabled": false})), None);
        }
        self.ask(rule("velocity_amount", &json!({"lane": "shadow", "enabled": false})), None);
        self.bind(1);
        self.signals();
        self.freezes();
        self.bind(1);
    }

    fn signals(&mut self) {
        self.ask(rule("velocity_count", &json!({"parameters": {"failures_10min": 2, "action": 2}})), None);
        self.ask(
            rule("new_device_high_amount", &json!({"parameters": {"amount_minor": 50, "amount_after_reset_minor": 21, "action": 2}})),
            None,
        );
        let pin = json!({"operation": "report_signal", "customer_id": "@awa", "gate": {"signal": "pin_failed", "device": "d-2"}});
        self.thrice(pin.clone(), &json!({"gate": {"signal": "threeds_failed"}}), "pin", None);
        self.ask(by("@awa", pin.clone()), None);
        self.ask(json!({"operation": "report_signal", "account": "@awa/xof", "gate": {"signal": "threeds_failed"}}), None);
        self.ask(transfer("21", &Value::Null), None);
        self.ask(rule("velocity_count", &json!({"enabled": false})), None);
        self.ask(transfer("50", &json!({"device": "d-3"})), None);
        self.ask(json!({"operation": "report_signal", "customer_id": "@awa", "gate": {"signal": "sim_swapped"}}), None);
        self.ask(transfer("22", &Value::Null), None);
        self.ask(rule("new_device_high_amount", &json!({"enabled": false})), None);
        self.ask(rule("new_account_burst", &json!({"parameters": {"attempts_24h": 1, "new_hours": 720, "action": 2}})), None);
        self.ask(transfer("23", &Value::Null), None);
        self.ask(rule("new_account_burst", &json!({"enabled": false})), None);
        self.ask(rule("dormant_reactivation", &json!({"parameters": {"rested_days": 1, "amount_minor": 1, "action": 2}})), None);
        self.ask(transfer("24", &Value::Null), None);
        self.ask(rule("dormant_reactivation", &json!({"enabled": false})), None);
    }

    fn freezes(&mut self) {
        self.ask(transfer("25", &Value::Null), Some("paid/frozen"));
        self.bind(1);
        let other = json!({"gate": {"reason": "another"}});
        for (operation, party, id) in [("freeze_customer", "customer_id", "@awa"), ("freeze_account", "account", "@moussa/xof")] {
            self.ask(by("@awa", freeze(operation, party, id)), None);
            self.thrice(freeze(operation, party, id), &other, operation, None);
            self.ask(freeze(operation, party, id), None);
        }
        self.ask(freeze("freeze_account", "account", super::STRANGER), None);
        self.ask(transfer("26", &json!({"device": "d-1"})), None);
        self.ask(json!({"operation": "deposit", "account_credit": "@awa/xof", "amount": "1", "currency": "XOF"}), None);
        self.ask(refund("@paid/frozen", "1", "XOF"), None);
        self.ask(json!({"operation": "reverse", "transaction": "@paid/frozen"}), None);
        for (operation, party, id) in [("unfreeze_customer", "customer_id", "@awa"), ("unfreeze_account", "account", "@moussa/xof")] {
            self.thrice(freeze(operation, party, id), &other, operation, None);
            self.ask(freeze(operation, party, id), None);
        }
        self.ask(transfer("27", &Value::Null), None);
    }
}
