//! Commands that a line says: each reads as the command that it names, and is written as a line that reads so again.

use super::Asked;
use schemas::policy::{Bearer, Quota, Tier};
use schemas::{
    AccountId, AccountTerms, Batch, BatchMode, CancelOrder, Capture, Channel, Command, Currency, CustomerId, CustomerLevel, Dated, HoldId,
    KycLevel, LevelLimits, Limits, Money, Operation, Order, OrderId, Paid, Payment, PaymentKind, Policy, Proof, Refund, Release, Reserve,
    Reverse, StatusChange, Tariff, TariffEnd, TransactionId,
};
use serde_json::{Value, json};
use std::sync::Arc;

/// The ids that names stand for here.
fn id(text: &str) -> Result<String, String> {
    Ok(match text {
        "@awa" => CustomerId::mint(1, 0).to_string(),
        "@wallet" => account(0).to_string(),
        "@shop" => account(1).to_string(),
        "@hold" => HoldId::mint(1, 0).to_string(),
        "@paid" => TransactionId::mint(1, 0).to_string(),
        "@order" => OrderId::mint(1, 0).to_string(),
        text if text.starts_with('@') => return Err(format!("{text} is nobody")),
        text => text.to_owned(),
    })
}

fn account(number: u32) -> AccountId {
    AccountId::mint(1, number)
}

fn read(asked: Value) -> Result<Command, String> {
    let asked: Asked = serde_json::from_value(asked).map_err(|error| error.to_string())?;
    asked.command(7, id)
}

fn xof(minor: i64) -> Money {
    Money { minor, currency: Currency::XOF }
}

/// Reads a line, then writes what it reads as a line and reads that.
fn check(asked: Value, expected: &Operation) {
    let command = read(asked.clone()).unwrap_or_else(|error| panic!("{asked}: {error}"));
    assert_eq!(command.operation, *expected, "{asked}");
    let written = serde_json::to_value(Asked::of(&command)).unwrap();
    assert_eq!(read(written.clone()), Ok(command), "{asked} is written as {written}");
}

#[test]
fn a_line_says_every_operation_that_holds_or_gives_back() {
    let payment = Payment {
        kind: PaymentKind::MerchantPayment,
        account_debit: Some(account(0)),
        account_credit: Some(account(1)),
        amount_minor: 12_500,
        currency: Currency::XOF,
        channel: Channel::Card,
        context: None,
    };
    let sides = json!({"account_debit": "@wallet", "account_credit": "@shop", "amount": "12500", "currency": "XOF", "channel": "card"});
    let with = |more: Value| {
        let mut asked = sides.clone();
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        asked
    };
    for (more, expires_in_ms) in [(json!({}), 86_400_000), (json!({"expires_in_ms": 1_000}), 1_000)] {
        let mut asked = with(json!({"operation": "reserve", "kind": "merchant_payment"}));
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        check(asked, &Operation::Reserve(Reserve { payment: payment.clone(), expires_in_ms }));
    }
    for kind in PaymentKind::ASKED {
        check(with(json!({"operation": kind})), &Operation::Pay(Payment { kind: *kind, ..payment.clone() }));
    }
    let (hold_id, transaction_id) = (HoldId::mint(1, 0), TransactionId::mint(1, 0));
    for (more, last) in [(json!({}), false), (json!({"last": true}), true)] {
        let mut asked = json!({"operation": "capture", "hold": "@hold", "amount": "500", "currency": "XOF"});
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        check(asked, &Operation::Capture(Capture { hold_id, amount: xof(500), last }));
    }
    check(json!({"operation": "release", "hold": "@hold"}), &Operation::Release(Release { hold_id }));
    let refund = json!({"operation": "refund", "transaction": "@paid", "amount": "0", "currency": "XOF"});
    check(refund, &Operation::Refund(Refund { transaction_id, amount: xof(0), proof: None }));
    check(json!({"operation": "reverse", "transaction": "@paid"}), &Operation::Reverse(Reverse { transaction_id, proof: None }));
}

fn transfer(amount_minor: i64) -> Payment {
    let (account_debit, account_credit) = (Some(account(0)), Some(account(1)));
    Payment {
        kind: PaymentKind::Transfer,
        account_debit,
        account_credit,
        amount_minor,
        currency: Currency::XOF,
        channel: Channel::Wallet,
        context: None,
    }
}

#[test]
fn a_line_says_batches_orders_and_proofs() {
    let pays = json!({"operation": "transfer", "account_debit": "@wallet", "account_credit": "@shop", "amount": "5", "currency": "XOF"});
    let reverse = |proof| Operation::Reverse(Reverse { transaction_id: TransactionId::mint(1, 0), proof });
    for (operation, mode, dry_run) in
        [("batch", None, false), ("batch", Some(BatchMode::AllOrNothing), false), ("batch_dry_run", Some(BatchMode::Independent), true)]
    {
        let mut asked = json!({"operation": operation, "items": [pays, {"operation": "reverse", "transaction": "@paid"}]});
        if let Some(mode) = mode {
            asked["mode"] = json!(mode);
        }
        let items = vec![Operation::Pay(transfer(5)), reverse(None)];
        check(asked, &Operation::Batch(Batch { mode: mode.unwrap_or(BatchMode::AllOrNothing), dry_run, items }));
    }
    let order = |field: &str| {
        let mut asked = pays.clone();
        (asked["operation"], asked["kind"], asked[field]) = (json!("order"), json!("transfer"), json!(9));
        asked
    };
    check(order("execute_at"), &Operation::Order(Order { payment: transfer(5), dated: Dated::ExecuteAt(9) }));
    check(order("effective_at"), &Operation::Order(Order { payment: transfer(5), dated: Dated::EffectiveAt(9) }));
    check(json!({"operation": "cancel_order", "order": "@order"}), &Operation::CancelOrder(CancelOrder { order_id: OrderId::mint(1, 0) }));
    let paid = |number| Paid {
        id: TransactionId::mint(1, number),
        kind: PaymentKind::Transfer,
        channel: Channel::Card,
        bearer: Bearer::Payee,
        payer: account(0),
        payee: account(1),
        currency: "EUR".parse().unwrap(),
        amount_minor: 1_250,
        fee_minor: 1,
    };
    let minute: Vec<Paid> = (0..70).map(paid).collect();
    let proof = Proof::of(TransactionId::mint(1, 0), &minute).unwrap();
    let command =
        Command { operation: reverse(Some(Arc::new(proof))), ..read(json!({"operation": "reverse", "transaction": "@paid"})).unwrap() };
    let written = serde_json::to_value(Asked::of(&command)).unwrap();
    assert_eq!((&written["proof"]["rows"][0]["amount"], &written["proof"]["leaf"]), (&json!("12.50"), &json!(0)));
    check(written, &command.operation);
}

#[test]
fn a_line_says_every_policy() {
    let level = CustomerLevel { customer_id: CustomerId::mint(1, 0), level: KycLevel::Enhanced };
    check(json!({"operation": "set_customer_level", "customer_id": "@awa", "level": "enhanced"}), &set(Policy::Level(level)));

    let terms = AccountTerms {
        account_id: account(0),
        currency: "EUR".parse().unwrap(),
        floor_minor: None,
        limits: Limits::default(),
        effective_from: None,
    };
    check(json!({"operation": "set_account_terms", "account": "@wallet", "currency": "EUR"}), &set(Policy::Terms(terms)));
    let debit = Quota { operation_minor: Some(1), day_count: Some(2), day_minor: Some(3), month_count: Some(4), month_minor: Some(5) };
    let limits = Limits { balance_minor: Some(100), debit, credit: Quota { day_count: Some(0), ..Quota::default() } };
    let said = json!({
        "balance": "1", "credit": {"day_count": 0},
        "debit": {"operation": "0.01", "day_count": 2, "day": "0.03", "month_count": 4, "month": "0.05"},
    });
    check(
        json!({"operation": "set_account_terms", "account": "@wallet", "currency": "EUR", "floor": "-1.50", "limits": said, "effective_from": 9}),
        &set(Policy::Terms(AccountTerms { floor_minor: Some(-150), limits, effective_from: Some(9), ..terms })),
    );
    check(
        json!({"operation": "set_level_limits", "level": "simplified", "currency": "EUR", "limits": said, "effective_from": 9}),
        &set(Policy::Limits(LevelLimits { level: KycLevel::Simplified, currency: terms.currency, limits, effective_from: Some(9) })),
    );
    let end = TariffEnd { code: "p2p".to_owned(), effective_from: Some(9) };
    check(json!({"operation": "withdraw_tariff", "code": "p2p", "effective_from": 9}), &set(Policy::TariffEnd(end)));
}

#[test]
fn a_line_says_a_whole_tariff_or_the_least_of_one() {
    let least = Tariff {
        code: "p2p".to_owned(),
        currency: Currency::XOF,
        operation: None,
        channel: None,
        account_type: None,
        level: None,
        bearer: Bearer::Payee,
        tiers: vec![Tier { up_to_minor: None, fixed_minor: 0, rate_ppm: 0 }],
        min_minor: None,
        max_minor: None,
        free_per_month: 0,
        effective_from: None,
        effective_to: None,
    };
    let said = json!({"code": "p2p", "currency": "XOF", "bearer": "payee", "tiers": [{}]});
    check(json!({"operation": "set_tariff", "tariff": said}), &set(Policy::Tariff(least.clone())));
    let whole = Tariff {
        operation: Some(PaymentKind::Transfer),
        channel: Some(Channel::Qr),
        account_type: Some(schemas::AccountType::Savings),
        level: Some(KycLevel::Standard),
        tiers: vec![
            Tier { up_to_minor: Some(1_000), fixed_minor: 5, rate_ppm: 0 },
            Tier { up_to_minor: None, fixed_minor: 0, rate_ppm: 12_500 },
        ],
        min_minor: Some(5),
        max_minor: Some(500),
        free_per_month: 3,
        effective_from: Some(9),
        effective_to: Some(10),
        ..least
    };
    let said = json!({
        "code": "p2p", "currency": "XOF", "operation": "transfer", "channel": "qr", "account_type": "savings", "level": "standard",
        "bearer": "payee", "tiers": [{"up_to": "1000", "fixed": "5"}, {"rate_ppm": 12_500}], "min": "5", "max": "500",
        "free_per_month": 3, "effective_from": 9, "effective_to": 10,
    });
    check(json!({"operation": "set_tariff", "tariff": said}), &set(Policy::Tariff(whole)));
}

fn set(policy: Policy) -> Operation {
    Operation::SetPolicy(policy)
}

#[test]
fn names_are_found_wherever_a_line_may_use_them() {
    for (asked, names) in [
        (json!({"operation": "release", "hold": "@hold", "subject": "@awa"}), vec!["awa", "hold"]),
        (json!({"operation": "refund", "transaction": "@paid"}), vec!["paid"]),
        (json!({"operation": "set_customer_level", "customer_id": "@awa"}), vec!["awa"]),
        (json!({"operation": "reserve", "account_debit": "@wallet", "account_credit": "@shop"}), vec!["wallet", "shop"]),
        (json!({"operation": "set_account_terms", "account": "@wallet"}), vec!["wallet"]),
        (json!({"operation": "withdraw_tariff", "code": "p2p"}), vec![]),
        (json!({"operation": "cancel_order", "order": "@order"}), vec!["order"]),
        (
            json!({"operation": "batch", "subject": "@awa", "items": [{"hold": "@batch#0"}, {"transaction": "@paid"}]}),
            vec!["awa", "batch#0", "paid"],
        ),
    ] {
        let asked: Asked = serde_json::from_value(asked).unwrap();
        assert_eq!(asked.names().collect::<Vec<_>>(), names);
    }
}

#[test]
fn an_operation_has_its_own_fields_and_needs_some() {
    for change in StatusChange::ALL {
        assert!(read(json!({"operation": change, "account": "@wallet"})).is_ok(), "{change}");
        let error = read(json!({"operation": change, "account": "@wallet", "hold": "@hold"})).unwrap_err();
        assert_eq!(error, format!("a {change} has no hold"));
    }
    let tariff = json!({"code": "p2p", "currency": "XOF", "bearer": "payer", "tiers": []});
    for (asked, what) in [
        (json!({"operation": "reversal", "transaction": "@paid"}), "\"reversal\" is no operation"),
        (json!({"operation": "refund", "amount": "1", "currency": "XOF"}), "a refund needs transaction"),
        (json!({"operation": "refund", "transaction": "@paid", "currency": "XOF"}), "a refund needs amount"),
        (json!({"operation": "reverse", "transaction": "@paid", "amount": "1"}), "a reverse has no amount"),
        (json!({"operation": "capture", "hold": "@hold", "amount": "1"}), "a capture needs currency"),
        (json!({"operation": "capture", "hold": "@hold", "amount": "1.5", "currency": "XOF"}), "\"1.5\" is no amount"),
        (json!({"operation": "release", "hold": "@nobody"}), "@nobody is nobody"),
        (json!({"operation": "release", "hold": "hold"}), "\"hold\" is no HoldId"),
        (json!({"operation": "reserve", "amount": "1", "currency": "XOF"}), "a reserve needs kind"),
        (json!({"operation": "reserve", "kind": "refund", "amount": "1", "currency": "XOF"}), "is no kind"),
        (json!({"operation": "reserve", "kind": "deposit", "amount": "1", "currency": "XOF", "expires_in_ms": 1}), "is no expires_in_ms"),
        (json!({"operation": "transfer", "kind": "transfer", "amount": "1", "currency": "XOF"}), "a transfer has no kind"),
        (json!({"operation": "set_customer_level", "customer_id": "@awa", "level": "known"}), "unknown variant `known`"),
        (json!({"operation": "set_account_terms", "account": "@wallet"}), "a set_account_terms needs currency"),
        (
            json!({"operation": "set_level_limits", "level": "standard", "currency": "XOF", "limits": {"debit": {"year": "1"}}}),
            "unknown field `year`",
        ),
        (json!({"operation": "set_tariff"}), "a set_tariff needs tariff"),
        (json!({"operation": "set_tariff", "tariff": tariff}), "is no tiers"),
        (json!({"operation": "set_tariff", "tariff": tariff, "effective_from": 1}), "a set_tariff has no effective_from"),
        (json!({"operation": "withdraw_tariff", "code": "P2P"}), "\"P2P\" is no code"),
        (json!({"operation": "batch"}), "a batch needs items"),
        (json!({"operation": "batch", "items": []}), "1 to 8000 items"),
        (json!({"operation": "batch", "items": [{"operation": "batch", "items": []}]}), "an item has no items"),
        (json!({"operation": "batch", "items": [{"operation": "release", "hold": "@hold", "subject": "@awa"}]}), "are the batch's"),
        (json!({"operation": "batch", "items": [{"operation": "activate_rules", "version": 1}]}), "is no item of a batch"),
        (json!({"operation": "batch", "items": [{"operation": "release", "transaction": "@paid"}]}), "a release has no transaction"),
        (json!({"operation": "order", "kind": "transfer", "amount": "1", "currency": "XOF"}), "one of them"),
        (
            json!({"operation": "order", "kind": "transfer", "amount": "1", "currency": "XOF", "execute_at": 1, "effective_at": 1}),
            "one of them",
        ),
        (json!({"operation": "transfer", "amount": "1", "currency": "XOF", "execute_at": 1}), "a transfer has no execute_at"),
        (json!({"operation": "reverse", "transaction": "@paid", "proof": {"leaf": 0, "rows": [], "path": []}}), "is no proof"),
        (json!({"operation": "reverse", "transaction": "@paid", "proof": {"leaf": 0, "rows": [], "path": ["0g"]}}), "hexadecimal"),
    ] {
        let error = read(asked.clone()).unwrap_err();
        assert!(error.contains(what), "{asked}: {error}");
    }
}
