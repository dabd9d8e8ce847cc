//! What a golden log asks: every operation, every refusal, repeats, keys used twice, junk, a gap, midnight, a few hundred
//! payments of a seed, and the end of a month. Only used where a version has no golden log yet.

mod diligence;
mod gated;
mod held;
mod listed;
mod many;
mod policies;

use orion::replay::{Asked, Junk, Line, START_MS};
use schemas::{AccountType, Authority, Channel, Role};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const NEWEST: u32 = state::CODE_VERSION;
const DAY_MS: u64 = 86_400_000;
const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// What no one has.
const STRANGER: &str = "00000000-0000-7002-8000-000000000063";

/// By the key of its command the id of a payment, or of the last of a batch, and the proof of it as a line says it.
pub(super) type Proofs = BTreeMap<String, (String, Value)>;

/// What is to be proven when it is too old.
pub(super) const PROVEN: &[&str] = &["first/xof", "shop/xof", "salaries"];

/// Lines of a log with bindings; their digests are not known yet. Nor are the proofs, until it was decided once without them.
pub(super) fn log(seed: u64, proofs: &Proofs) -> Vec<Line> {
    let mut log = Log { lines: Vec::new(), epoch: START_MS, random: seed, holds: Vec::new(), bound_holds: Vec::new() };
    log.open_the_bank();
    log.refuse_everything();
    log.repeat();
    log.junk();
    // A gap: empty epochs, a minute apart, as a cell that was away catches up.
    (0..5).for_each(|_| log.bind(60_000));
    log.set_policies();
    log.hold();
    log.give_back();
    log.do_many();
    log.order_ahead();
    log.gates();
    log.diligence();
    log.watchlists();
    log.run_into_limits();
    for number in 0..400 {
        if log.below(4) == 0 {
            log.held_payment(number);
        } else {
            log.payment(number);
        }
        if log.below(4) == 0 {
            let later = 1 + log.below(40);
            log.bind(later);
        }
    }
    log.bind(1_000);
    // Longer than a decision is kept: the same key is a new operation.
    log.end_the_month();
    log.pay("transfer", "@awa/xof", "@moussa/xof", "1", "XOF", "once");
    log.ask(json!({"operation": "create_customer", "full_name": "Awa Diop", "idempotency_key": "awa"}), None);
    log.give_back_late();
    log.bind(1);
    log.prove(proofs);
    // Other rules from the next epoch on, which is never minted.
    log.thrice(json!({"operation": "activate_rules", "version": 1}), &json!({"version": 2}), "back", None);
    log.bind(1);
    log.lines
}

struct Log {
    lines: Vec<Line>,
    epoch: u64,
    random: u64,
    /// Names of holds of the seed, and of those that are there since an earlier epoch.
    holds: Vec<String>,
    bound_holds: Vec<String>,
}

impl Log {
    fn ask(&mut self, asked: serde_json::Value, name: Option<&str>) {
        let asked: Asked = serde_json::from_value(asked).expect("every line here is one of a log");
        let traceparent = self.lines.len().is_multiple_of(3).then(|| TRACE.to_owned());
        self.lines.push(Line { command: Some(asked), name: name.map(str::to_owned), traceparent, ..Line::default() });
    }

    fn bind(&mut self, after_ms: u64) {
        let line = serde_json::from_value(json!({"binding": {"epoch": self.epoch}})).expect("a binding");
        self.lines.push(line);
        self.epoch += after_ms;
        self.bound_holds.append(&mut self.holds);
    }

    /// Binds, so that the next epoch is this one.
    fn bind_until(&mut self, epoch: u64) {
        self.bind(epoch - self.epoch);
    }

    /// A command, the same again, and another one under the same key.
    fn thrice(&mut self, mut asked: serde_json::Value, changed: &serde_json::Value, key: &str, name: Option<&str>) {
        asked["idempotency_key"] = json!(key);
        self.ask(asked.clone(), name);
        self.ask(asked.clone(), None);
        let fields = asked.as_object_mut().expect("a command is an object");
        fields.extend(changed.as_object().expect("so is what changes").clone());
        self.ask(asked, None);
    }

    fn open_the_bank(&mut self) {
        for (person, msisdn, country) in [
            ("Awa Diop", Some("+221770000001"), Some("SN")),
            ("Moussa Traoré", None, Some("ML")),
            ("Boutique Fatou", None, None),
            ("Point cash Yao", None, None),
        ] {
            let name = person.split(' ').find(|word| !["Boutique", "Point", "cash"].contains(word)).expect("a name").to_lowercase();
            self.ask(
                json!({"operation": "create_customer", "full_name": person, "msisdn": msisdn, "country": country, "idempotency_key": name}),
                Some(&name),
            );
        }
        self.bind(3);
        for (holder, account_type, role) in [
            ("awa", AccountType::Wallet, Role::Customer),
            ("moussa", AccountType::Savings, Role::Customer),
            ("fatou", AccountType::Current, Role::Merchant),
            ("yao", AccountType::Wallet, Role::Agent),
        ] {
            for currency in ["XOF", "EUR", "TND"] {
                let account = format!("{holder}/{}", currency.to_lowercase());
                self.ask(json!({"operation": "open_account", "customer_id": format!("@{holder}"), "type": account_type, "role": role, "currency": currency, "idempotency_key": account}), Some(&account));
            }
        }
        // A customer opens an account for themselves.
        self.ask(json!({"operation": "open_account", "subject": "@awa", "authority": "customer", "customer_id": "@awa", "type": "savings", "currency": "XOF"}), Some("awa/own"));
        self.bind(2);
        for (currency, float) in [("XOF", "5000000"), ("EUR", "90000.50"), ("TND", "1234.567")] {
            let small = currency.to_lowercase();
            self.ask(
                json!({"operation": "deposit", "account_credit": format!("@yao/{small}"), "amount": float, "currency": currency}),
                None,
            );
            self.pay("deposit", &format!("@yao/{small}"), &format!("@awa/{small}"), "1000", currency, &format!("float/{small}"));
            self.pay("transfer", &format!("@awa/{small}"), &format!("@moussa/{small}"), "125", currency, &format!("first/{small}"));
            self.pay("merchant_payment", &format!("@moussa/{small}"), &format!("@fatou/{small}"), "25", currency, &format!("shop/{small}"));
            self.pay("bill_payment", &format!("@moussa/{small}"), &format!("@fatou/{small}"), "5", currency, &format!("bill/{small}"));
            self.pay("withdrawal", &format!("@awa/{small}"), &format!("@yao/{small}"), "10", currency, &format!("cash/{small}"));
        }
        self.ask(
            json!({"operation": "withdrawal", "account_debit": "@moussa/xof", "amount": "1", "currency": "XOF", "channel": "card"}),
            None,
        );
        self.bind(7);
    }

    fn refuse_everything(&mut self) {
        self.pay("transfer", "@awa/xof", "@moussa/xof", "0", "XOF", "nothing");
        self.pay("transfer", "@awa/xof", "@moussa/xof", "-9223372036854775808", "XOF", "less-than-nothing");
        self.ask(json!({"operation": "open_account", "customer_id": STRANGER, "type": "wallet", "currency": "XOF"}), None);
        self.pay("transfer", STRANGER, "@moussa/xof", "1", "XOF", "from-a-stranger");
        self.pay("transfer", "@awa/xof", STRANGER, "1", "XOF", "to-a-stranger");
        for (subject, authority) in [("@moussa", Authority::Customer), ("somebody", Authority::Customer)] {
            self.ask(json!({"operation": "transfer", "subject": subject, "authority": authority, "account_debit": "@awa/xof", "account_credit": "@moussa/xof", "amount": "1", "currency": "XOF"}), None);
            self.ask(json!({"operation": "create_customer", "subject": subject, "authority": authority, "full_name": "Ndèye"}), None);
            self.ask(json!({"operation": "open_account", "subject": subject, "authority": authority, "customer_id": "@awa", "type": "wallet", "currency": "XOF"}), None);
        }
        // To a customer, what is not theirs is not there either.
        for (debit, credit) in [(STRANGER, "@moussa/xof"), ("@awa/xof", STRANGER)] {
            self.ask(json!({"operation": "transfer", "subject": "@moussa", "authority": Authority::Customer, "account_debit": debit, "account_credit": credit, "amount": "1", "currency": "XOF"}), None);
        }
        self.ask(json!({"operation": "open_account", "subject": "@moussa", "authority": Authority::Customer, "customer_id": STRANGER, "type": "wallet", "currency": "XOF"}), None);
        for (authority, version) in
            [(Authority::Customer, 1), (Authority::Operator, 0), (Authority::Operator, 99), (Authority::Operator, NEWEST)]
        {
            self.ask(json!({"operation": "activate_rules", "authority": authority, "version": version}), None);
        }
        self.change_statuses();
        self.pay("transfer", "@awa/xof", "@awa/xof", "1", "XOF", "to-myself");
        self.pay("merchant_payment", "@awa/xof", "@moussa/xof", "1", "XOF", "no-shop");
        self.ask(json!({"operation": "open_account", "customer_id": "@awa", "type": "current", "role": "house", "currency": "XOF"}), None);
        self.pay("transfer", "@awa/xof", "@moussa/eur", "1", "XOF", "two-currencies");
        self.pay("transfer", "@awa/xof", "@moussa/xof", "99999999", "XOF", "too-much");
        self.bind(1);
        self.ask(json!({"operation": "open_account", "customer_id": "@moussa", "type": "current", "currency": "USD"}), Some("moussa/usd"));
        self.bind(1);
        for key in ["all-there-is", "and-more"] {
            self.ask(json!({"operation": "deposit", "account_credit": "@moussa/usd", "amount": "92233720368547758.07", "currency": "USD", "idempotency_key": key}), None);
        }
        self.bind(1);
    }

    /// Suspended, reactivated, closed, and every refusal of it.
    fn change_statuses(&mut self) {
        let change =
            |operation: &str, account: &str, authority| json!({"operation": operation, "account": account, "authority": authority});
        let staff = Authority::Operator;
        self.ask(
            json!({"operation": "open_account", "customer_id": "@moussa", "type": "wallet", "currency": "XOF"}),
            Some("moussa/second"),
        );
        self.bind(1);
        for (operation, account, authority) in [
            ("suspend_account", "@moussa/second", Authority::Customer),
            ("suspend_account", STRANGER, staff),
            ("reactivate_account", "@moussa/second", staff),
            ("close_account", "@awa/xof", staff),
        ] {
            self.ask(change(operation, account, authority), None);
        }
        let other = json!({"account": "@awa/xof"});
        self.thrice(change("suspend_account", "@moussa/second", staff), &other, "suspend", None);
        let pay_both_ways = |log: &mut Self, key: &str| {
            log.pay("transfer", "@moussa/second", "@awa/xof", "1", "XOF", &format!("out-{key}"));
            log.pay("transfer", "@awa/xof", "@moussa/second", "1", "XOF", &format!("in-{key}"));
        };
        pay_both_ways(self, "suspended");
        self.thrice(change("reactivate_account", "@moussa/second", staff), &other, "reactivate", None);
        self.thrice(change("close_account", "@moussa/second", staff), &other, "close", None);
        self.ask(change("reactivate_account", "@moussa/second", staff), None);
        pay_both_ways(self, "closed");
        self.bind(1);
    }

    fn repeat(&mut self) {
        for (amount, times) in [("1", 3), ("2", 2)] {
            (0..times).for_each(|_| self.pay("transfer", "@awa/xof", "@moussa/xof", amount, "XOF", "once"));
            self.bind(4);
        }
        // A refusal, a customer and an account, again.
        self.pay("transfer", "@awa/xof", "@moussa/xof", "99999999", "XOF", "too-much");
        self.ask(json!({"operation": "create_customer", "full_name": "Awa Diop", "msisdn": "+221770000001", "country": "SN", "idempotency_key": "awa"}), None);
        self.ask(json!({"operation": "create_customer", "full_name": "Awa Fall", "idempotency_key": "awa"}), None);
        for account_type in ["wallet", "savings"] {
            self.ask(
                json!({"operation": "open_account", "customer_id": "@awa", "type": account_type, "role": "customer", "currency": "XOF", "idempotency_key": "awa/xof"}),
                None,
            );
        }
        for (operation, debit, credit) in [
            ("deposit", "@yao/xof", "@awa/xof"),
            ("withdrawal", "@awa/xof", "@yao/xof"),
            ("merchant_payment", "@awa/xof", "@fatou/xof"),
            ("bill_payment", "@awa/xof", "@fatou/xof"),
        ] {
            let asked = json!({"operation": operation, "account_debit": debit, "account_credit": credit, "amount": "3", "currency": "XOF"});
            self.thrice(asked, &json!({"amount": "4"}), "again", None);
        }
        self.bind(1);
    }

    fn junk(&mut self) {
        let junk = |junk: serde_json::Value| Line { junk: Some(serde_json::from_value::<Junk>(junk).expect("junk")), ..Line::default() };
        let all = [json!({"text": "no command"}), json!({"hex": "00000003e7ff"}), json!({}), json!({"text": "", "reason": "empty"})];
        self.lines.extend(all.into_iter().map(junk));
        self.bind(1);
    }

    /// A payment of the seed; one in twelve comes twice.
    fn payment(&mut self, number: usize) {
        let currency = ["XOF", "EUR", "TND"][self.index(3)];
        let small = currency.to_lowercase();
        let channel = Channel::ALL[self.index(3)];
        let (operation, debit, credit) = [
            ("transfer", "awa", "moussa"),
            ("transfer", "moussa", "awa"),
            ("transfer", "fatou", "yao"),
            ("merchant_payment", "awa", "fatou"),
            ("bill_payment", "moussa", "fatou"),
            ("deposit", "yao", "awa"),
            ("deposit", "yao", "moussa"),
            ("withdrawal", "awa", "yao"),
            ("withdrawal", "fatou", "yao"),
        ][self.index(9)];
        let amount = (1 + self.below(400)).to_string();
        let asked = json!({"operation": operation, "account_debit": format!("@{debit}/{small}"), "account_credit": format!("@{credit}/{small}"), "amount": amount, "currency": currency, "channel": channel, "idempotency_key": format!("p{number}"), "received_ms": self.epoch});
        for _ in 0..1 + usize::from(self.below(12) == 0) {
            self.ask(asked.clone(), None);
        }
    }

    fn pay(&mut self, operation: &str, debit: &str, credit: &str, amount: &str, currency: &str, key: &str) {
        self.ask(json!({"operation": operation, "account_debit": debit, "account_credit": credit, "amount": amount, "currency": currency, "idempotency_key": key}), None);
    }

    fn index(&mut self, length: u64) -> usize {
        usize::try_from(self.below(length)).expect("an index")
    }

    /// SplitMix64, as in the traffic of `orion load`.
    fn below(&mut self, bound: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}
