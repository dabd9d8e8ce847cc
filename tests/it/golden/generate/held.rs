//! Money that is held, and money that is given back: every way there is, and every reason against it.

use super::{Log, STRANGER};
use serde_json::{Value, json};

/// What no one has paid.
pub(super) const NO_TRANSACTION: &str = "00000000-0000-7001-8000-000000000063";
/// What no one has reserved.
pub(super) const NO_HOLD: &str = "00000000-0000-7004-8000-000000000063";

pub(super) fn reserve(kind: &str, debit: &str, credit: &str, amount: &str) -> Value {
    json!({"operation": "reserve", "kind": kind, "account_debit": debit, "account_credit": credit, "amount": amount, "currency": "XOF"})
}

pub(super) fn capture(hold: &str, amount: &str, currency: &str) -> Value {
    json!({"operation": "capture", "hold": hold, "amount": amount, "currency": currency})
}

pub(super) fn refund(transaction: &str, amount: &str, currency: &str) -> Value {
    json!({"operation": "refund", "transaction": transaction, "amount": amount, "currency": currency})
}

/// The same, asked by a customer.
pub(super) fn by(customer: &str, asked: Value) -> Value {
    with(asked, &json!({"subject": customer, "authority": "customer"}))
}

pub(super) fn with(mut asked: Value, more: &Value) -> Value {
    let fields = asked.as_object_mut().expect("a command is an object");
    fields.extend(more.as_object().expect("so is what is added").clone());
    asked
}

impl Log {
    pub(super) fn hold(&mut self) {
        let shop = reserve("merchant_payment", "@awa/xof", "@fatou/xof", "1001");
        self.thrice(by("@awa", shop), &json!({"amount": "1002"}), "hold", Some("hold/parts"));
        for (name, kind, debit, credit, amount) in [
            ("whole", "transfer", "@awa/xof", "@moussa/xof", "200"),
            ("last", "bill_payment", "@awa/xof", "@fatou/xof", "99"),
            ("released", "merchant_payment", "@moussa/xof", "@fatou/xof", "50"),
            ("released-in-part", "transfer", "@awa/xof", "@moussa/xof", "333"),
            ("cash", "withdrawal", "@awa/xof", "@yao/xof", "40"),
            ("days", "transfer", "@awa/xof", "@moussa/xof", "77"),
            ("until-closed", "transfer", "@binta/second", "@moussa/xof", "50"),
        ] {
            self.ask(reserve(kind, debit, credit, amount), Some(&format!("hold/{name}")));
        }
        for (number, expires_in_ms) in [1_000, 1_000, 1_001, 5_000].into_iter().enumerate() {
            let asked = reserve("merchant_payment", "@awa/xof", "@fatou/xof", "11");
            self.ask(with(asked, &json!({"expires_in_ms": expires_in_ms, "channel": "qr"})), Some(&format!("hold/short-{number}")));
        }
        self.refuse_reservations();
        self.bind(1);
        self.ask(json!({"operation": "close_account", "account": "@binta/second"}), None);
        let parts = by("@fatou", capture("@hold/parts", "333", "XOF"));
        self.thrice(parts, &json!({"amount": "334"}), "capture", Some("captured/part"));
        self.refuse_captures();
        self.ask(by("@fatou", capture("@hold/parts", "400", "XOF")), Some("captured/more"));
        self.ask(capture("@hold/whole", "200", "XOF"), Some("captured/whole"));
        let last = with(capture("@hold/last", "60", "XOF"), &json!({"last": true}));
        self.thrice(last, &json!({"last": false}), "capture-last", None);
        self.ask(capture("@hold/cash", "40", "XOF"), None);
        self.ask(by("@moussa", capture("@hold/released-in-part", "111", "XOF")), None);
        self.ask(by("@moussa", json!({"operation": "release", "hold": "@hold/released-in-part"})), None);
        let released = by("@fatou", json!({"operation": "release", "hold": "@hold/released"}));
        self.thrice(released, &json!({"hold": "@hold/parts"}), "release", None);
        self.ask(json!({"operation": "release", "hold": "@hold/until-closed"}), None);
        self.bind(999);
        // Two are over in an epoch without commands, one in an epoch with commands, which finds it over.
        self.bind(1);
        self.ask(capture("@hold/short-2", "1", "XOF"), None);
        self.ask(json!({"operation": "release", "hold": "@hold/short-0"}), None);
        self.bind(10_000);
        self.bind(1);
    }

    fn refuse_reservations(&mut self) {
        let (awa, moussa) = ("@awa/xof", "@moussa/xof");
        for (debit, credit, amount) in [
            (awa, moussa, "0"),
            (STRANGER, moussa, "1"),
            (awa, STRANGER, "1"),
            (awa, awa, "1"),
            (awa, "@fatou/xof", "1"),
            (awa, "@moussa/eur", "1"),
            ("@moussa/second", awa, "1"),
            (awa, "@moussa/second", "1"),
            (awa, moussa, "99999999"),
        ] {
            self.ask(reserve("transfer", debit, credit, amount), None);
        }
        self.ask(by("@moussa", reserve("transfer", awa, moussa, "1")), None);
        // Neither from the house nor to it.
        for (kind, side) in [("deposit", "account_credit"), ("withdrawal", "account_debit")] {
            self.ask(json!({"operation": "reserve", "kind": kind, (side): awa, "amount": "1", "currency": "XOF"}), None);
        }
    }

    fn refuse_captures(&mut self) {
        for (hold, amount, currency) in
            [("@hold/parts", "0", "XOF"), (NO_HOLD, "1", "XOF"), ("@hold/parts", "1", "EUR"), ("@hold/parts", "669", "XOF")]
        {
            self.ask(capture(hold, amount, currency), None);
        }
        for customer in ["@awa", "@moussa", "nobody"] {
            self.ask(by(customer, capture("@hold/parts", "1", "XOF")), None);
            self.ask(by(customer, json!({"operation": "release", "hold": "@hold/parts"})), None);
        }
        self.ask(json!({"operation": "release", "hold": NO_HOLD}), None);
        for account in ["@awa/xof", "@fatou/xof"] {
            self.ask(json!({"operation": "suspend_account", "account": account}), None);
            self.ask(capture("@hold/parts", "1", "XOF"), None);
            self.ask(json!({"operation": "reactivate_account", "account": account}), None);
        }
    }

    pub(super) fn give_back(&mut self) {
        for (name, operation, debit, credit, amount) in [
            ("part", "merchant_payment", "@awa/xof", "@fatou/xof", "100"),
            ("whole", "transfer", "@awa/xof", "@moussa/xof", "400"),
            ("payee-bears", "merchant_payment", "@awa/xof", "@fatou/xof", "900"),
            ("of-cash", "deposit", "@yao/xof", "@awa/xof", "30"),
            ("spent", "transfer", "@awa/xof", "@binta/second", "10"),
            ("late", "bill_payment", "@awa/xof", "@fatou/xof", "100"),
            ("late-in-part", "bill_payment", "@awa/xof", "@fatou/xof", "100"),
        ] {
            let asked =
                json!({"operation": operation, "account_debit": debit, "account_credit": credit, "amount": amount, "currency": "XOF"});
            self.ask(asked, Some(&format!("paid/{name}")));
        }
        self.ask(
            json!({"operation": "deposit", "account_credit": "@awa/xof", "amount": "500", "currency": "XOF"}),
            Some("paid/by-the-house"),
        );
        self.ask(json!({"operation": "transfer", "account_debit": "@moussa/xof", "account_credit": "@awa/xof", "amount": "99999999", "currency": "XOF"}), None);
        self.bind(1);
        let withdrawn = json!({"operation": "withdrawal", "account_debit": "@binta/second", "account_credit": "@yao/xof", "amount": "10", "currency": "XOF"});
        self.ask(withdrawn, None);
        let part = by("@fatou", refund("@paid/part", "40", "XOF"));
        self.thrice(part, &json!({"amount": "41"}), "refund", Some("refunded"));
        let whole = json!({"operation": "reverse", "transaction": "@paid/whole"});
        self.thrice(whole.clone(), &json!({"transaction": "@paid/payee-bears"}), "reverse", Some("reversed"));
        self.ask(whole, None);
        self.bind(1);
        for asked in [
            refund("@paid/part", "61", "XOF"),
            refund("@paid/part", "1", "EUR"),
            refund("@paid/part", "0", "XOF"),
            refund(NO_TRANSACTION, "1", "XOF"),
            refund("@refunded", "1", "XOF"),
            refund("@reversed", "1", "XOF"),
            refund("@paid/whole", "1", "XOF"),
            refund("@paid/spent", "200", "XOF"),
            by("@moussa", refund("@paid/part", "1", "XOF")),
            by("@awa", refund("@paid/part", "1", "XOF")),
            by("@fatou", json!({"operation": "reverse", "transaction": "@paid/part"})),
            json!({"operation": "reverse", "transaction": NO_TRANSACTION}),
            refund("@paid/part", "60", "XOF"),
            json!({"operation": "reverse", "transaction": "@paid/part"}),
            refund("@paid/payee-bears", "300", "XOF"),
            json!({"operation": "reverse", "transaction": "@paid/payee-bears"}),
            refund("@paid/of-cash", "30", "XOF"),
            refund("@paid/by-the-house", "1", "XOF"),
            json!({"operation": "reverse", "transaction": "@paid/by-the-house"}),
            refund("@captured/part", "10", "XOF"),
            json!({"operation": "reverse", "transaction": "@captured/part"}),
            json!({"operation": "reverse", "transaction": "@captured/whole"}),
            refund("@paid/late-in-part", "1", "XOF"),
        ] {
            self.ask(asked, None);
        }
        for account in ["@fatou/xof", "@awa/xof"] {
            self.ask(json!({"operation": "suspend_account", "account": account}), None);
            self.ask(refund("@paid/late", "1", "XOF"), None);
            self.ask(json!({"operation": "reactivate_account", "account": account}), None);
        }
        self.bind(1);
        // The payee has nothing any more, and no terms that lend it something.
        self.ask(json!({"operation": "set_account_terms", "account": "@binta/second", "currency": "XOF"}), None);
        self.ask(refund("@paid/spent", "10", "XOF"), None);
        self.bind(1);
    }

    /// Longer than a payment is kept that nobody refunded; of the other it is still known what is left.
    pub(super) fn give_back_late(&mut self) {
        for asked in [
            refund("@paid/late", "1", "XOF"),
            json!({"operation": "reverse", "transaction": "@paid/late"}),
            refund("@paid/late-in-part", "100", "XOF"),
            refund("@paid/late-in-part", "98", "XOF"),
            json!({"operation": "reverse", "transaction": "@paid/late-in-part"}),
        ] {
            self.ask(asked, None);
        }
    }

    /// A reservation or what becomes of an earlier one, by the seed.
    pub(super) fn held_payment(&mut self, number: usize) {
        let open = self.bound_holds.len();
        if open == 0 || self.below(2) == 0 {
            let (kind, credit) = [("merchant_payment", "@fatou/xof"), ("transfer", "@moussa/xof")][self.index(2)];
            let (amount, expires_in_ms) = (1 + self.below(400), 1_000 + self.below(2_000));
            let asked = with(reserve(kind, "@awa/xof", credit, &amount.to_string()), &json!({"expires_in_ms": expires_in_ms}));
            let name = format!("hold-{number}");
            self.ask(asked, Some(&name));
            self.holds.push(name);
            return;
        }
        let choice = self.index(u64::try_from(open).expect("a few"));
        let hold = format!("@{}", self.bound_holds[choice]);
        let amount = (1 + self.below(150)).to_string();
        let last = self.below(3) == 0;
        match self.below(5) {
            0 => self.ask(json!({"operation": "release", "hold": hold}), None),
            _ => self.ask(with(capture(&hold, &amount, "XOF"), &json!({"last": last})), None),
        }
    }
}
