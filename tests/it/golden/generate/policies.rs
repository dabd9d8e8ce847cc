//! What staff sets, and what payments then run into: levels, terms, limits, tariffs, midnight and the end of a month.

use super::{DAY_MS, Log, STRANGER};
use orion::replay::START_MS;
use schemas::{AccountId, Currency};
use serde_json::{Value, json};

/// 2026-02-01T00:00:00Z.
const FEBRUARY_MS: u64 = START_MS + 31 * DAY_MS;

/// A command that sets something at once, of each kind, and what else the same key may say.
fn all_set() -> [(Value, Value); 5] {
    let tier = |fixed: &str, rate_ppm: u32| json!({"fixed": fixed, "rate_ppm": rate_ppm});
    let quota = json!({"operation": "500", "day_count": 3, "day": "1000", "month_count": 9, "month": "1800"});
    let limits = json!({"balance": "90000", "debit": quota, "credit": {"operation": "100000", "month_count": 900}});
    let p2p = json!({
        "code": "p2p", "currency": "XOF", "operation": "transfer", "bearer": "payer", "free_per_month": 2, "min": "5", "max": "50",
        "tiers": [{"up_to": "100", "fixed": "5"}, tier("2", 12_500)],
    });
    let dear = json!({"code": "p2p", "currency": "XOF", "operation": "transfer", "bearer": "payer", "tiers": [tier("2", 12_501)]});
    [
        (json!({"operation": "set_customer_level", "customer_id": "@binta", "level": "simplified"}), json!({"level": "enhanced"})),
        (
            json!({"operation": "set_account_terms", "account": "@binta/second", "currency": "XOF", "floor": "-100",
                   "limits": {"debit": {"month_count": 1}}}),
            json!({"floor": "-101"}),
        ),
        (
            json!({"operation": "set_level_limits", "level": "simplified", "currency": "XOF", "limits": limits}),
            json!({"level": "unidentified"}),
        ),
        (json!({"operation": "set_tariff", "tariff": p2p}), json!({"tariff": dear})),
        (json!({"operation": "withdraw_tariff", "code": "old"}), json!({"code": "p2p"})),
    ]
}

impl Log {
    pub(super) fn set_policies(&mut self) {
        for (name, role) in [("binta", "customer"), ("salif", "customer"), ("marche", "merchant")] {
            self.ask(json!({"operation": "create_customer", "full_name": name, "idempotency_key": name}), Some(name));
            self.bind(1);
            for (account, account_type) in [("xof", "wallet"), ("second", "savings")] {
                let asked = json!({"operation": "open_account", "customer_id": format!("@{name}"), "type": account_type, "role": role, "currency": "XOF"});
                self.ask(asked, Some(&format!("{name}/{account}")));
            }
            self.bind(1);
        }
        for account in ["binta/xof", "awa/xof", "moussa/xof", "salif/xof"] {
            self.ask(json!({"operation": "deposit", "account_credit": format!("@{account}"), "amount": "60000", "currency": "XOF"}), None);
        }
        self.refuse_policies();
        self.set_tariffs();
        for (number, (asked, changed)) in all_set().into_iter().enumerate() {
            self.thrice(asked, &changed, &format!("set-{number}"), None);
        }
        self.bind(1);
        let terms = json!({"operation": "set_account_terms", "account": "@salif/xof", "currency": "XOF",
                           "limits": {"balance": "61000", "credit": {"operation": "300", "day_count": 3, "day": "800"}}});
        self.ask(terms, None);
        self.ask(json!({"operation": "set_customer_level", "customer_id": "@awa", "level": "standard"}), None);
        self.bind(1);
    }

    fn refuse_policies(&mut self) {
        for (mut asked, _) in all_set() {
            asked["authority"] = json!("customer");
            self.ask(asked, None);
        }
        self.ask(json!({"operation": "set_customer_level", "customer_id": STRANGER, "level": "standard"}), None);
        let house = AccountId::house("cash", Currency::XOF).to_string();
        for (account, currency) in [(STRANGER, "XOF"), (house.as_str(), "XOF"), ("@binta/xof", "EUR"), ("@moussa/second", "XOF")] {
            self.ask(json!({"operation": "set_account_terms", "account": account, "currency": currency}), None);
        }
        self.ask(json!({"operation": "withdraw_tariff", "code": "never"}), None);
        // Nine moments to come, and then one that comes before the last.
        for number in (1..=9).chain([8]) {
            let from = START_MS + number * 400 * DAY_MS;
            self.ask(json!({"operation": "set_account_terms", "account": "@binta/xof", "currency": "XOF", "effective_from": from}), None);
            self.ask(json!({"operation": "set_level_limits", "level": "enhanced", "currency": "EUR", "effective_from": from}), None);
            let tiers = json!([{"fixed": number.to_string()}]);
            self.ask(json!({"operation": "set_tariff", "tariff": {"code": "later", "currency": "XOF", "bearer": "payer", "tiers": tiers, "effective_from": from}}), None);
        }
        self.bind(1);
        // At once, so that nothing planned is left.
        self.ask(json!({"operation": "set_account_terms", "account": "@binta/xof", "currency": "XOF"}), None);
        self.ask(json!({"operation": "withdraw_tariff", "code": "later"}), None);
        self.ask(json!({"operation": "withdraw_tariff", "code": "later"}), None);
        self.bind(1);
    }

    /// Tariffs that name more and less, borne by either side, with an end, and one for the week to come.
    fn set_tariffs(&mut self) {
        for tariff in [
            json!({"code": "old", "currency": "XOF", "bearer": "payer", "operation": "withdrawal", "tiers": [{"fixed": "7"}]}),
            json!({"code": "shop", "currency": "XOF", "bearer": "payee", "operation": "merchant_payment", "tiers": [{"rate_ppm": 25_000}]}),
            json!({"code": "shop-qr", "currency": "XOF", "bearer": "payee", "operation": "merchant_payment", "channel": "qr", "tiers": [{"fixed": "1"}]}),
            json!({"code": "wallets", "currency": "EUR", "bearer": "payer", "account_type": "wallet", "tiers": [{"fixed": "0.05", "rate_ppm": 3_333}]}),
            json!({"code": "standard", "currency": "EUR", "bearer": "payer", "level": "standard", "channel": "card", "tiers": [{"fixed": "0.01"}]}),
            json!({"code": "cash-in", "currency": "TND", "bearer": "payee", "operation": "deposit", "tiers": [{"rate_ppm": 1_000_000}], "max": "0.001",
                   "effective_to": START_MS + 3 * DAY_MS}),
            json!({"code": "shop", "currency": "XOF", "bearer": "payer", "operation": "merchant_payment", "tiers": [{"rate_ppm": 20_000}],
                   "effective_from": START_MS + 7 * DAY_MS}),
        ] {
            self.ask(json!({"operation": "set_tariff", "tariff": tariff}), None);
        }
        self.bind(1);
    }

    /// What a payer and a payee may not do: in one operation, in a day and in a month.
    pub(super) fn run_into_limits(&mut self) {
        let pay = |log: &mut Self, debit: &str, credit: &str, amounts: &[&str]| {
            for amount in amounts {
                let asked =
                    json!({"operation": "transfer", "account_debit": debit, "account_credit": credit, "amount": amount, "currency": "XOF"});
                log.ask(asked, None);
            }
        };
        // One of the three of the day is a reservation, the rest of which comes back.
        pay(self, "@binta/xof", "@moussa/xof", &["501", "500"]);
        let reserve = json!({"operation": "reserve", "kind": "transfer", "account_debit": "@binta/xof", "account_credit": "@moussa/xof", "amount": "400", "currency": "XOF"});
        self.ask(reserve.clone(), Some("binta/held"));
        self.ask(reserve.clone(), None);
        self.bind(1);
        self.ask(json!({"operation": "capture", "hold": "@binta/held", "amount": "150", "currency": "XOF", "last": true}), None);
        pay(self, "@binta/xof", "@moussa/xof", &["351", "350", "1"]);
        // The withdrawal of before counts.
        let terms = json!({"operation": "set_account_terms", "account": "@binta/second", "currency": "XOF", "floor": "-100", "limits": {"debit": {"month_count": 2}}});
        self.ask(terms, None);
        pay(self, "@binta/second", "@moussa/xof", &["1", "1"]);
        pay(self, "@awa/xof", "@salif/xof", &["301", "300", "300", "201", "200", "1"]);
        self.ask(json!({"operation": "transfer", "account_debit": "@salif/xof", "account_credit": "@awa/xof", "amount": "700", "currency": "XOF"}), None);
        // Room for the day to come is held now.
        let salif = json!({"operation": "reserve", "kind": "transfer", "account_debit": "@awa/xof", "account_credit": "@salif/xof", "amount": "300", "currency": "XOF", "expires_in_ms": 30 * DAY_MS});
        self.ask(salif, Some("salif/held"));
        self.bind(1);
        self.ask(json!({"operation": "capture", "hold": "@salif/held", "amount": "1", "currency": "XOF"}), None);
        self.bind_until(START_MS + DAY_MS - 1);
        pay(self, "@binta/xof", "@moussa/xof", &["1"]);
        self.bind(1);
        // Midnight.
        self.ask(json!({"operation": "capture", "hold": "@salif/held", "amount": "1", "currency": "XOF"}), None);
        pay(self, "@binta/xof", "@moussa/xof", &["1"]);
        self.ask(reserve, Some("binta/kept"));
        pay(self, "@binta/xof", "@moussa/xof", &["400"]);
        self.bind_until(START_MS + 2 * DAY_MS);
        // It counts in the month, and not in the day any more.
        self.ask(json!({"operation": "release", "hold": "@binta/kept"}), None);
        pay(self, "@binta/xof", "@moussa/xof", &["399", "1"]);
        self.bind(1);
    }

    /// The last millisecond of January and the first of February; what was planned for the eighth day has long begun.
    pub(super) fn end_the_month(&mut self) {
        self.bind_until(FEBRUARY_MS - 1);
        self.ask(json!({"operation": "merchant_payment", "account_debit": "@awa/xof", "account_credit": "@fatou/xof", "amount": "500", "currency": "XOF"}), None);
        for after_ms in [1, 1] {
            for (debit, amount) in [("@binta/xof", "300"), ("@binta/xof", "300"), ("@binta/second", "1")] {
                let asked = json!({"operation": "transfer", "account_debit": debit, "account_credit": "@moussa/xof", "amount": amount, "currency": "XOF"});
                self.ask(asked, None);
            }
            self.bind(after_ms);
        }
    }
}
