//! Bodies as data: each with the pointers of what is wrong with it, all of them.

mod batch;
mod diligence;
mod gate;
mod hold;
mod policy;

use super::*;
use crate::http::fields;
use schemas::{Authority, Command, Principal};
use serde_json::{Value, json};
use utoipa::openapi::schema::Object;
use utoipa::openapi::{RefOr, Schema};

const CUSTOMER: Form = Form::Customer;
const ACCOUNT: Form = Form::Account;
const DEPOSIT: Form = Form::Payment(PaymentKind::Deposit);
const WITHDRAWAL: Form = Form::Payment(PaymentKind::Withdrawal);
const TRANSFER: Form = Form::Payment(PaymentKind::Transfer);
const RULES: Form = Form::Rules { newest: 2 };
const CLOSE: Form = Form::Status { account_id: Some(AccountId(uuid::Uuid::nil())), change: StatusChange::Close };
const NOWHERE: Form = Form::Status { account_id: None, change: StatusChange::Close };
const MERCHANT: Form = Form::Payment(PaymentKind::MerchantPayment);
const BILL: Form = Form::Payment(PaymentKind::BillPayment);

const A: &str = "019ab6f5-1c7b-7002-8000-000000000000";
const B: &str = "019ab6f5-1c7b-7002-8000-000000000001";

/// A body with every field.
fn good(form: &Form) -> Value {
    match form {
        Form::Customer => json!({"full_name": "Awa Diop", "msisdn": "+221771234567", "country": "SN"}),
        Form::Account => json!({"customer_id": A, "type": "wallet", "currency": "XOF", "role": "agent"}),
        Form::Status { .. } => json!({}),
        Form::Rules { .. } => json!({"version": 1}),
        Form::Reserve | Form::Capture(_) | Form::Release(_) | Form::Refund(_) | Form::Reverse(_) => hold::good(form),
        Form::Batch | Form::CancelOrder(_) => batch::good(form),
        Form::Level(_) | Form::Terms(_) | Form::Limits(_) | Form::Tariff | Form::TariffEnd(_) => policy::good(form),
        Form::AmlRule(_) | Form::GatePolicy | Form::Countries(_) | Form::Freeze { .. } | Form::Signal | Form::Review(_) => gate::good(form),
        Form::Diligence(_) => diligence::good(form),
        Form::Payment(_) => {
            let context = json!({"device": "d-1"});
            json!({"account_debit": A, "account_credit": B, "amount": "12500", "currency": "XOF", "channel": "qr", "context": context})
        }
    }
}

/// The good body with some fields set, each by its pointer or, at the top, its name; or removed where the value is null.
fn changed(form: &Form, changes: &Value) -> Vec<u8> {
    let mut body = good(form);
    for (name, value) in changes.as_object().expect("changes are objects") {
        let pointer = if name.starts_with('/') { name.clone() } else { format!("/{name}") };
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer has a slash");
        match body.pointer_mut(parent).unwrap_or_else(|| panic!("{form:?} has no {parent}")) {
            Value::Object(fields) if value.is_null() => drop(fields.remove(name)),
            Value::Object(fields) => drop(fields.insert(name.to_owned(), value.clone())),
            Value::Array(list) => list[name.parse::<usize>().expect("a place in a list")] = value.clone(),
            other => panic!("{other} has no fields"),
        }
    }
    body.to_string().into_bytes()
}

fn read(form: &Form, body: &[u8]) -> Result<Operation, Vec<String>> {
    let problem = fields::read(body, |fields| form.clone().read(fields));
    problem.map_err(|problem| problem.errors.into_iter().map(|error| error.pointer).collect())
}

/// Each form with changes to its good body, and the pointers of all that is wrong then.
fn check<const N: usize>(cases: [(Form, Value, Vec<&str>); N]) {
    for (form, changes, pointers) in cases {
        let found = read(&form, &changed(&form, &changes)).err().unwrap_or_default();
        assert_eq!(found, pointers, "{form:?} {changes}");
    }
}

/// What a door takes, the log takes.
fn check_taken<const N: usize>(forms: [Form; N]) {
    for form in forms {
        let operation = read(&form, good(&form).to_string().as_bytes()).expect("a good body");
        let principal = Principal { subject: A.to_owned(), authority: Authority::Customer };
        let command = Command { principal, idempotency_key: "k".to_owned(), received_ms: 0, operation };
        assert_eq!(command.check(), Ok(()), "{form:?}");
    }
}

fn described(schema: RefOr<Schema>) -> Object {
    match schema {
        RefOr::T(Schema::Object(object)) => object,
        RefOr::T(_) | RefOr::Ref(_) => panic!("a request is described as an object"),
    }
}

fn names(object: &Value) -> Vec<String> {
    let mut names: Vec<_> = object.as_object().expect("an object").keys().cloned().collect();
    names.sort();
    names
}

/// What is described is what is read: the same fields, the same of them required, and the example is taken.
fn check_described(form: &Form, schema: RefOr<Schema>) {
    let object = described(schema);
    let (mut all, mut required) = (object.properties.into_keys().collect::<Vec<_>>(), object.required);
    // A payment has one of its two dates, and mostly none.
    all.retain(|name| !matches!(form, Form::Payment(_)) || !["execute_at", "effective_at"].contains(&name.as_str()));
    all.sort();
    required.sort();
    assert_eq!(names(&good(form)), all, "{form:?}");
    let mut missing: Vec<_> = read(form, b"{}").err().unwrap_or_default().into_iter().map(|pointer| pointer[1..].to_owned()).collect();
    missing.sort();
    assert_eq!(missing, required, "{form:?}");
    if let Some(example) = object.example {
        assert!(read(form, example.to_string().as_bytes()).is_ok(), "{form:?} {example}");
    }
}

#[test]
fn every_fault_has_its_pointer() {
    let (name_140, name_141) = ("é".repeat(140), "é".repeat(141));
    check([
        (CUSTOMER, json!({}), vec![]),
        (CUSTOMER, json!({"msisdn": null, "country": null}), vec![]),
        (CUSTOMER, json!({"full_name": null}), vec!["/full_name"]),
        (CUSTOMER, json!({"full_name": ""}), vec!["/full_name"]),
        (CUSTOMER, json!({"full_name": " \u{a0}"}), vec!["/full_name"]),
        (CUSTOMER, json!({"full_name": "A\u{0}"}), vec!["/full_name"]),
        (CUSTOMER, json!({"full_name": "A\nB"}), vec!["/full_name"]),
        (CUSTOMER, json!({"full_name": "A\u{85}B"}), vec!["/full_name"]),
        (CUSTOMER, json!({"full_name": name_140}), vec![]),
        (CUSTOMER, json!({"full_name": name_141}), vec!["/full_name"]),
        (CUSTOMER, json!({"msisdn": "771234567"}), vec!["/msisdn"]),
        (CUSTOMER, json!({"msisdn": "+071234567"}), vec!["/msisdn"]),
        (CUSTOMER, json!({"msisdn": "+123456"}), vec!["/msisdn"]),
        (CUSTOMER, json!({"msisdn": "+1234567"}), vec![]),
        (CUSTOMER, json!({"msisdn": "+1234567890123456"}), vec!["/msisdn"]),
        (CUSTOMER, json!({"msisdn": "+22177 1234567"}), vec!["/msisdn"]),
        (CUSTOMER, json!({"msisdn": "+٢٢١٧٧١٢٣٤"}), vec!["/msisdn"]),
        (CUSTOMER, json!({"country": "sn"}), vec!["/country"]),
        (CUSTOMER, json!({"country": "SEN"}), vec!["/country"]),
        (CUSTOMER, json!({"country": "S1"}), vec!["/country"]),
        (CUSTOMER, json!({"full_name": 1, "msisdn": 2, "country": 3, "age": 4}), vec!["/full_name", "/msisdn", "/country", "/age"]),
        (CLOSE, json!({}), vec![]),
        (CLOSE, json!({"reason": "lost"}), vec!["/reason"]),
        (NOWHERE, json!({"reason": "lost"}), vec!["id", "/reason"]),
        (ACCOUNT, json!({}), vec![]),
        (ACCOUNT, json!({"role": null}), vec![]),
        (ACCOUNT, json!({"role": "house"}), vec!["/role"]),
        (ACCOUNT, json!({"role": "Agent"}), vec!["/role"]),
        (ACCOUNT, json!({"type": "checking"}), vec!["/type"]),
        (ACCOUNT, json!({"type": null, "currency": null, "customer_id": null}), vec!["/customer_id", "/type", "/currency"]),
        (ACCOUNT, json!({"customer_id": "019ab6f51c7b70028000000000000000"}), vec!["/customer_id"]),
        (ACCOUNT, json!({"customer_id": "awa"}), vec!["/customer_id"]),
        (ACCOUNT, json!({"currency": "xof"}), vec!["/currency"]),
        (ACCOUNT, json!({"currency": "XAU"}), vec!["/currency"]),
        (ACCOUNT, json!({"currency": ""}), vec!["/currency"]),
        (ACCOUNT, json!({"status": "active", "balance_available": "5"}), vec!["/status", "/balance_available"]),
        (TRANSFER, json!({}), vec![]),
        (TRANSFER, json!({"channel": null}), vec![]),
        (TRANSFER, json!({"channel": "cash"}), vec!["/channel"]),
        (TRANSFER, json!({"amount": 12500}), vec!["/amount"]),
        (TRANSFER, json!({"amount": "0"}), vec!["/amount"]),
        (TRANSFER, json!({"amount": "-1"}), vec!["/amount"]),
        (TRANSFER, json!({"amount": "12500.00"}), vec![]),
        (TRANSFER, json!({"amount": "12500.5"}), vec!["/amount"]),
        (TRANSFER, json!({"amount": "1e3"}), vec!["/amount"]),
        (TRANSFER, json!({"amount": "1,000"}), vec!["/amount"]),
        (TRANSFER, json!({"amount": ""}), vec!["/amount"]),
        (TRANSFER, json!({"amount": "9223372036854775808"}), vec!["/amount"]),
        (TRANSFER, json!({"amount": "3.505", "currency": "EUR"}), vec!["/amount"]),
        (TRANSFER, json!({"amount": "3.50", "currency": "EUR"}), vec![]),
        (TRANSFER, json!({"amount": "3.50", "currency": "FCFA"}), vec!["/currency"]),
        (TRANSFER, json!({"amount": "abc", "currency": "FCFA"}), vec!["/currency", "/amount"]),
        (TRANSFER, json!({"account_debit": null}), vec!["/account_debit"]),
        (TRANSFER, json!({"account_credit": null}), vec!["/account_credit"]),
        (TRANSFER, json!({"account_debit": "1", "account_credit": "2"}), vec!["/account_debit", "/account_credit"]),
        (TRANSFER, json!({"memo": "rent"}), vec!["/memo"]),
        (BILL, json!({}), vec![]),
        (BILL, json!({"account_debit": null, "account_credit": null}), vec!["/account_debit", "/account_credit"]),
        (MERCHANT, json!({}), vec![]),
        (MERCHANT, json!({"account_debit": null}), vec!["/account_debit"]),
        (MERCHANT, json!({"account_credit": null}), vec!["/account_credit"]),
        (DEPOSIT, json!({}), vec![]),
        (DEPOSIT, json!({"account_debit": null}), vec![]),
        (DEPOSIT, json!({"account_debit": "1"}), vec!["/account_debit"]),
        (DEPOSIT, json!({"account_credit": null}), vec!["/account_credit"]),
        (WITHDRAWAL, json!({}), vec![]),
        (WITHDRAWAL, json!({"account_credit": null}), vec![]),
        (WITHDRAWAL, json!({"account_credit": "1"}), vec!["/account_credit"]),
        (WITHDRAWAL, json!({"account_debit": null}), vec!["/account_debit"]),
        (RULES, json!({"version": 2}), vec![]),
        (RULES, json!({"version": 0}), vec!["/version"]),
        (RULES, json!({"version": 3}), vec!["/version"]),
        (RULES, json!({"version": -1}), vec!["/version"]),
        (RULES, json!({"version": 1.5}), vec!["/version"]),
        (RULES, json!({"version": "1", "at": 7}), vec!["/version", "/at"]),
    ]);
}

#[test]
fn an_empty_body_lacks_exactly_what_is_required() {
    for (form, required) in [
        (CUSTOMER, vec!["/full_name"]),
        (ACCOUNT, vec!["/customer_id", "/type", "/currency"]),
        (DEPOSIT, vec!["/account_credit", "/currency", "/amount"]),
        (WITHDRAWAL, vec!["/account_debit", "/currency", "/amount"]),
        (TRANSFER, vec!["/account_debit", "/account_credit", "/currency", "/amount"]),
        (MERCHANT, vec!["/account_debit", "/account_credit", "/currency", "/amount"]),
        (BILL, vec!["/account_debit", "/account_credit", "/currency", "/amount"]),
        (RULES, vec!["/version"]),
    ] {
        assert_eq!(read(&form, b"{}").err().unwrap_or_default(), required, "{form:?}");
    }
}

#[test]
fn what_the_door_takes_the_log_takes() {
    check_taken([CUSTOMER, ACCOUNT, DEPOSIT, WITHDRAWAL, TRANSFER, MERCHANT, BILL, CLOSE, RULES]);
}

#[test]
fn defaults_are_filled_in() {
    let operation = read(&TRANSFER, &changed(&TRANSFER, &json!({"channel": null, "context": null, "amount": "1.50", "currency": "EUR"})))
        .expect("a good body");
    let expected = Payment {
        kind: PaymentKind::Transfer,
        account_debit: A.parse().ok(),
        account_credit: B.parse().ok(),
        amount_minor: 150,
        currency: "EUR".parse().expect("a currency"),
        channel: Channel::Wallet,
        context: None,
    };
    assert_eq!(operation, Operation::Pay(expected));
    let body = changed(&ACCOUNT, &json!({"role": null}));
    assert!(matches!(read(&ACCOUNT, &body), Ok(Operation::OpenAccount(OpenAccount { role: Role::Customer, .. }))));
}

#[test]
fn what_is_described_is_what_is_read() {
    use crate::http::request::{AccountRequest, CustomerRequest, DepositRequest, PaymentRequest, RulesRequest, WithdrawalRequest};
    for (form, schema) in [
        (CUSTOMER, <CustomerRequest as utoipa::PartialSchema>::schema()),
        (ACCOUNT, <AccountRequest as utoipa::PartialSchema>::schema()),
        (DEPOSIT, <DepositRequest as utoipa::PartialSchema>::schema()),
        (WITHDRAWAL, <WithdrawalRequest as utoipa::PartialSchema>::schema()),
        (TRANSFER, <PaymentRequest as utoipa::PartialSchema>::schema()),
        (MERCHANT, <PaymentRequest as utoipa::PartialSchema>::schema()),
        (BILL, <PaymentRequest as utoipa::PartialSchema>::schema()),
        (RULES, <RulesRequest as utoipa::PartialSchema>::schema()),
    ] {
        check_described(&form, schema);
    }
}
