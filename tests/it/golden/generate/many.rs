//! Many at once, and payments with a date of their own: every way there is, and every reason against it.

use super::held::{NO_HOLD, NO_TRANSACTION, by, capture, refund, reserve, with};
use super::{DAY_MS, Log, Proofs, STRANGER};
use serde_json::{Value, json};

/// What no one has ordered.
const NO_ORDER: &str = "00000000-0000-7005-8000-000000000063";

fn pay(operation: &str, debit: &str, credit: &str, amount: &str) -> Value {
    json!({"operation": operation, "account_debit": debit, "account_credit": credit, "amount": amount, "currency": "XOF"})
}

fn transfer(amount: &str) -> Value {
    pay("transfer", "@awa/xof", "@moussa/xof", amount)
}

fn batch(mode: &str, items: &[Value]) -> Value {
    json!({"operation": "batch", "mode": mode, "items": items})
}

fn order(kind: &str, debit: &str, credit: &str, amount: &str, dated: &Value) -> Value {
    let asked =
        json!({"operation": "order", "kind": kind, "account_debit": debit, "account_credit": credit, "amount": amount, "currency": "XOF"});
    with(asked, dated)
}

impl Log {
    /// Batches of every kind of item, in both modes, done, undone, in part and only tried.
    pub(super) fn do_many(&mut self) {
        for name in ["first", "second"] {
            self.ask(reserve("merchant_payment", "@awa/xof", "@fatou/xof", "500"), Some(&format!("hold/of-many-{name}")));
        }
        self.ask(pay("merchant_payment", "@awa/xof", "@fatou/xof", "640"), Some("paid/of-many"));
        self.ask(transfer("35"), Some("paid/back"));
        self.bind(1);
        let shop = pay("merchant_payment", "@awa/xof", "@fatou/xof", "440");
        let mixed = [
            transfer("120"),
            shop,
            json!({"operation": "deposit", "account_credit": "@awa/eur", "amount": "12.34", "currency": "EUR"}),
            transfer("99999999"),
            reserve("transfer", "@awa/xof", "@moussa/xof", "70"),
            with(capture("@hold/of-many-first", "100", "XOF"), &json!({"last": true})),
            capture("@hold/of-many-second", "200", "XOF"),
            capture("@hold/of-many-second", "600", "XOF"),
            json!({"operation": "release", "hold": "@hold/of-many-second"}),
            json!({"operation": "release", "hold": NO_HOLD}),
            refund("@paid/of-many", "40", "XOF"),
            json!({"operation": "reverse", "transaction": "@paid/of-many"}),
            refund(NO_TRANSACTION, "1", "XOF"),
        ];
        self.thrice(batch("independent", &mixed), &json!({"mode": "all_or_nothing"}), "many", Some("many"));
        // What an item leaves is what the next one has.
        let through = [
            pay("deposit", "@yao/xof", "@salif/second", "500"),
            pay("transfer", "@salif/second", "@moussa/xof", "490"),
            json!({"operation": "reverse", "transaction": "@paid/back"}),
        ];
        self.thrice(batch("all_or_nothing", &through), &json!({"mode": "independent"}), "whole", Some("whole"));
        let undone = [
            transfer("5"),
            capture("@hold/parts", "1", "XOF"),
            refund("@many#0", "1", "XOF"),
            json!({"operation": "release", "hold": NO_HOLD}),
        ];
        self.thrice(batch("all_or_nothing", &undone[..2]), &json!({"mode": "independent"}), "undone-at-once", None);
        // Whoever asks is whoever asks for each item.
        self.ask(by("@awa", batch("independent", &[transfer("6"), pay("transfer", "@moussa/xof", "@awa/xof", "1")])), None);
        self.ask(
            by("@awa", batch("all_or_nothing", &[transfer("6"), json!({"operation": "reverse", "transaction": "@paid/of-many"})])),
            None,
        );
        // Only to hear it, as often as one likes, also under the key of the batch itself.
        for (mode, items) in [("independent", &mixed[..]), ("all_or_nothing", &mixed[..3]), ("all_or_nothing", &mixed[..4])] {
            let tried = json!({"operation": "batch_dry_run", "mode": mode, "items": items, "idempotency_key": "many"});
            self.ask(tried.clone(), None);
            self.ask(tried, None);
        }
        self.bind(1);
        for asked in [
            refund("@many#0", "20", "XOF"),
            json!({"operation": "reverse", "transaction": "@many#1"}),
            capture("@many#4", "30", "XOF"),
            refund("@whole#1", "1", "XOF"),
            batch("all_or_nothing", &undone),
            batch("all_or_nothing", &[refund("@many#0", "50", "XOF"), refund("@many#0", "50", "XOF")]),
            batch("all_or_nothing", &[refund("@many#0", "51", "XOF"), refund("@many#0", "50", "XOF")]),
            batch("independent", &[capture("@many#4", "30", "XOF"), json!({"operation": "release", "hold": "@many#4"})]),
        ] {
            self.ask(asked, None);
        }
        // More than a leaf of what is remembered for good.
        let salaries: Vec<Value> = (1..=70).map(|number| transfer(&number.to_string())).collect();
        self.ask(with(batch("independent", &salaries), &json!({"idempotency_key": "salaries"})), Some("salaries"));
        self.bind(1);
    }

    /// Payments for a day to come and from a day that has been, executed, failed, cancelled, and refused.
    pub(super) fn order_ahead(&mut self) {
        let at = |log: &Self, after_ms: u64| json!({"execute_at": log.epoch + after_ms});
        let soon = at(self, 3_000);
        let later = by("@awa", order("transfer", "@awa/xof", "@moussa/xof", "210", &soon));
        self.thrice(later, &json!({"amount": "211"}), "order", Some("later"));
        for (name, kind, debit, credit, amount, after_ms) in [
            ("shop", "merchant_payment", "@awa/xof", "@fatou/xof", "320", 3_000),
            ("first", "bill_payment", "@moussa/xof", "@fatou/xof", "8", 2_999),
            ("poor", "transfer", "@salif/second", "@moussa/xof", "4000", 3_000),
            ("next-day", "withdrawal", "@awa/xof", "@yao/xof", "9", DAY_MS / 4),
            ("never", "transfer", "@awa/xof", "@moussa/xof", "10", 3_000),
        ] {
            self.ask(order(kind, debit, credit, amount, &at(self, after_ms)), Some(&format!("order/{name}")));
        }
        self.refuse_orders();
        let back = json!({"effective_at": self.epoch - DAY_MS});
        self.thrice(order("transfer", "@awa/xof", "@moussa/xof", "60", &back), &json!({"amount": "61"}), "back", Some("paid/earlier"));
        self.thrice(order("transfer", "@salif/second", "@moussa/xof", "4000", &back), &json!({"amount": "61"}), "poor-back", None);
        self.bind(1);
        let cancel = by("@awa", json!({"operation": "cancel_order", "order": "@order/never"}));
        self.thrice(cancel, &json!({"order": "@later"}), "cancel", None);
        for asked in [
            json!({"operation": "cancel_order", "order": "@order/never"}),
            json!({"operation": "cancel_order", "order": NO_ORDER}),
            by("@moussa", json!({"operation": "cancel_order", "order": "@later"})),
            by("@awa", json!({"operation": "cancel_order", "order": NO_ORDER})),
            refund("@paid/earlier", "10", "XOF"),
        ] {
            self.ask(asked, None);
        }
        self.bind(2_998);
        // One in an epoch without commands, the others one behind that with some, which come after them.
        self.bind(1);
        self.ask(transfer("1"), None);
        self.ask(json!({"operation": "cancel_order", "order": "@later"}), None);
        self.bind(1);
        self.ask(by("@moussa", refund("@later#paid", "100", "XOF")), None);
        self.ask(json!({"operation": "reverse", "transaction": "@order/shop#paid"}), None);
        self.ask(json!({"operation": "reverse", "transaction": "@order/first#paid"}), None);
        self.bind(1);
    }

    fn refuse_orders(&mut self) {
        let (awa, moussa) = ("@awa/xof", "@moussa/xof");
        let day = json!({"execute_at": self.epoch + 1_000});
        for (debit, credit, amount) in [
            (awa, moussa, "0"),
            (STRANGER, moussa, "1"),
            (awa, STRANGER, "1"),
            (awa, awa, "1"),
            (awa, "@fatou/xof", "1"),
            (awa, "@moussa/eur", "1"),
            ("@moussa/second", awa, "1"),
            (awa, "@moussa/second", "1"),
        ] {
            self.ask(order("transfer", debit, credit, amount, &day), None);
        }
        for dated in [
            json!({"execute_at": self.epoch}),
            json!({"execute_at": self.epoch - 1}),
            json!({"execute_at": self.epoch + 400 * DAY_MS + 1}),
            json!({"effective_at": self.epoch + 1}),
            json!({"effective_at": self.epoch - 400 * DAY_MS - 1}),
        ] {
            self.ask(order("transfer", awa, moussa, "1", &dated), None);
        }
        self.ask(by("@moussa", order("transfer", awa, moussa, "1", &day)), None);
        self.ask(by("@awa", order("transfer", awa, moussa, "1", &json!({"effective_at": self.epoch - 1}))), None);
        // As many as may wait, the first as far ahead as it may be, and one more.
        for number in 0..=100 {
            let far = json!({"execute_at": self.epoch + 400 * DAY_MS - number});
            self.ask(order("merchant_payment", "@binta/second", "@marche/xof", "1", &far), None);
        }
    }

    /// What is too old to be remembered is shown again: with the right proof, and with others.
    pub(super) fn prove(&mut self, proofs: &Proofs) {
        let shown = |key: &str, asked: Value| match proofs.get(key) {
            Some((transaction, proof)) => with(asked, &json!({"transaction": transaction, "proof": proof})),
            None => with(asked, &json!({"transaction": NO_TRANSACTION})),
        };
        let wrong = |key: &str, other: &str, asked: Value| {
            let proof = proofs.get(other).map(|(_, proof)| json!({"proof": proof}));
            proof.map_or(shown(key, asked.clone()), |proof| with(shown(key, asked), &proof))
        };
        let (refund, reverse) = (refund(NO_TRANSACTION, "30", "XOF"), json!({"operation": "reverse"}));
        self.ask(wrong("first/xof", "salaries", refund.clone()), None);
        self.ask(by("@awa", shown("first/xof", refund.clone())), None);
        self.thrice(by("@moussa", shown("first/xof", refund.clone())), &json!({"amount": "31"}), "proven", None);
        self.ask(shown("first/xof", with(refund.clone(), &json!({"amount": "96"}))), None);
        self.ask(shown("shop/xof", reverse.clone()), None);
        self.ask(shown("shop/xof", reverse.clone()), None);
        let items = [shown("salaries", refund.clone()), shown("salaries", reverse)];
        self.ask(batch("independent", &items), None);
        self.bind(1);
        // Of what was given back once it is known how much is left.
        self.ask(refund_of(proofs, "first/xof", "60"), None);
        self.bind(1);
    }
}

/// The same without a proof.
fn refund_of(proofs: &Proofs, key: &str, amount: &str) -> Value {
    let transaction = proofs.get(key).map_or(NO_TRANSACTION, |(transaction, _)| transaction.as_str());
    refund(transaction, amount, "XOF")
}
