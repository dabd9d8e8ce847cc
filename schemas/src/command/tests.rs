//! What is a command at all, and the fingerprints, which never change.

use super::*;
use crate::customer::KycLevel;
use crate::hold::{Capture, Release, Reserve};
use crate::id::HoldId;
use crate::policy::Policy;
use crate::policy::{AccountTerms, Bearer, CustomerLevel, LevelLimits, Limits, Quota, Tariff, TariffEnd, Tier};
use crate::transaction::Channel;
use uuid::Uuid;

mod batches;

fn transfer() -> Payment {
    Payment {
        kind: PaymentKind::Transfer,
        account_debit: Some(AccountId(Uuid::from_u128(1))),
        account_credit: Some(AccountId(Uuid::from_u128(2))),
        amount_minor: 12_500,
        currency: Currency::XOF,
        channel: Channel::Wallet,
        context: None,
    }
}

fn create(full_name: &str, msisdn: Option<&str>, country: Option<&str>) -> Operation {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    Operation::CreateCustomer(CreateCustomer { full_name: full_name.to_owned(), msisdn: owned(msisdn), country: owned(country) })
}

fn reserve() -> Reserve {
    Reserve { payment: transfer(), expires_in_ms: 60_000 }
}

fn tariff() -> Tariff {
    Tariff {
        code: "transfer-1".to_owned(),
        currency: Currency::XOF,
        operation: Some(PaymentKind::Transfer),
        channel: Some(Channel::Wallet),
        account_type: Some(AccountType::Wallet),
        level: Some(KycLevel::Standard),
        bearer: Bearer::Payer,
        tiers: vec![
            Tier { up_to_minor: Some(5_000), fixed_minor: 25, rate_ppm: 0 },
            Tier { up_to_minor: None, fixed_minor: 0, rate_ppm: 10_000 },
        ],
        min_minor: Some(25),
        max_minor: Some(5_000),
        free_per_month: 3,
        effective_from: Some(1_764_000_000_000),
        effective_to: Some(1_795_000_000_000),
    }
}

fn limits() -> Limits {
    let debit = Quota { operation_minor: Some(1), day_count: Some(2), day_minor: Some(3), month_count: Some(4), month_minor: Some(5) };
    Limits { balance_minor: Some(6), debit, credit: Quota { day_count: Some(7), ..Quota::default() } }
}

fn print(operation: &Operation) -> String {
    Fingerprint::of(operation).0.map(|byte| format!("{byte:02x}")).concat()
}

/// Fails where two of these have one fingerprint.
fn check_distinct(operations: &[Operation]) {
    let mut all: Vec<_> = operations.iter().map(print).collect();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), operations.len());
}

#[test]
fn a_command_that_no_record_or_row_could_carry_is_no_command() {
    let passes = |subject: &str, key: &str, operation: &Operation| {
        let principal = Principal { subject: subject.to_owned(), authority: crate::Authority::Operator };
        let command = Command { principal, idempotency_key: key.to_owned(), received_ms: 0, operation: operation.clone() };
        command.check().is_ok()
    };
    let pay = Operation::Pay(transfer());
    let (long, longest, megabyte) = ("k".repeat(256), "k".repeat(255), "k".repeat(1 << 20));
    for (subject, key, expected) in [
        ("staff", "k", true),
        ("staff", longest.as_str(), true),
        (longest.as_str(), "k", true),
        ("Ndèye", "8a1c-!~", true),
        ("staff", "", false),
        ("", "k", false),
        ("staff", long.as_str(), false),
        (long.as_str(), "k", false),
        ("staff", megabyte.as_str(), false),
        ("staff", "a b", false),
        ("staff", "clé", false),
        ("staff", "k\n", false),
        ("st\0ff", "k", false),
    ] {
        assert_eq!(passes(subject, key, &pay), expected, "{subject:?} {key:?}");
    }
    let (long, longest) = ("é".repeat(141), "é".repeat(140));
    for (name, msisdn, country, expected) in [
        ("Awa Diop", None, None, true),
        (longest.as_str(), Some("+221770000001"), Some("SN"), true),
        ("", None, None, false),
        (long.as_str(), None, None, false),
        ("Awa\0Diop", None, None, false),
        ("Awa", Some("+123456"), None, false),
        ("Awa", Some("+1234567"), None, true),
        ("Awa", Some("+1234567890123456"), None, false),
        ("Awa", Some("221770000001"), None, false),
        ("Awa", Some("+22177000000a"), None, false),
        ("Awa", None, Some("sn"), false),
        ("Awa", None, Some("SEN"), false),
    ] {
        assert_eq!(passes("staff", "k", &create(name, msisdn, country)), expected, "{name:?} {msisdn:?} {country:?}");
    }
}

#[test]
fn what_cannot_be_asked_for_is_no_command() {
    let passes = |operation| {
        let principal = Principal { subject: "staff".to_owned(), authority: crate::Authority::Operator };
        Command { principal, idempotency_key: "k".to_owned(), received_ms: 0, operation }.check().is_ok()
    };
    for kind in PaymentKind::ALL {
        let (asked, payment) = (PaymentKind::ASKED.contains(kind), Payment { kind: *kind, ..transfer() });
        assert_eq!(passes(Operation::Reserve(Reserve { payment: payment.clone(), ..reserve() })), asked, "{kind}");
        assert_eq!(passes(Operation::Pay(payment)), asked, "{kind}");
    }
    let lasting = [(0, false), (999, false), (1_000, true), (2_592_000_000, true), (2_592_000_001, false), (u64::MAX, false)];
    for (expires_in_ms, expected) in lasting {
        assert_eq!(passes(Operation::Reserve(Reserve { expires_in_ms, ..reserve() })), expected, "{expires_in_ms}");
    }
    assert!(passes(Operation::SetPolicy(Policy::Tariff(tariff()))));
    assert!(!passes(Operation::SetPolicy(Policy::Tariff(Tariff { tiers: Vec::new(), ..tariff() }))));
}

#[test]
fn every_field_changes_the_fingerprint() {
    let base = transfer();
    let variants = [
        Payment { kind: PaymentKind::MerchantPayment, ..base.clone() },
        Payment { account_debit: None, ..base.clone() },
        Payment { account_credit: None, ..base.clone() },
        Payment { account_debit: base.account_credit, account_credit: base.account_debit, ..base.clone() },
        Payment { amount_minor: 12_501, ..base.clone() },
        Payment { currency: "EUR".parse().unwrap(), ..base.clone() },
        Payment { channel: Channel::Qr, ..base.clone() },
    ];
    let variants = variants.into_iter().chain([base]);
    check_distinct(&variants.map(Operation::Pay).collect::<Vec<_>>());
}

#[test]
fn every_field_of_what_holds_and_gives_back_changes_the_fingerprint() {
    let payment = transfer();
    let qr = Payment { channel: Channel::Qr, ..payment.clone() };
    let bill = Payment { kind: PaymentKind::BillPayment, ..payment.clone() };
    let hold = |number| HoldId::mint(1_764_000_000_123, number);
    let paid = |number| TransactionId::mint(1_764_000_000_123, number);
    let money = |minor, code: &str| Money { minor, currency: code.parse().unwrap() };
    let capture = |number, amount, last| Operation::Capture(Capture { hold_id: hold(number), amount, last });
    let refund = |number, amount| Operation::Refund(Refund { transaction_id: paid(number), amount, proof: None });
    check_distinct(&[
        Operation::Pay(payment),
        Operation::Reserve(reserve()),
        Operation::Reserve(Reserve { expires_in_ms: 60_001, ..reserve() }),
        Operation::Reserve(Reserve { payment: qr, ..reserve() }),
        Operation::Reserve(Reserve { payment: bill, ..reserve() }),
        capture(0, money(1, "XOF"), false),
        capture(1, money(1, "XOF"), false),
        capture(0, money(2, "XOF"), false),
        capture(0, money(1, "EUR"), false),
        capture(0, money(1, "XOF"), true),
        Operation::Release(Release { hold_id: hold(0) }),
        Operation::Release(Release { hold_id: hold(1) }),
        refund(0, money(1, "XOF")),
        refund(1, money(1, "XOF")),
        refund(0, money(2, "XOF")),
        refund(0, money(1, "EUR")),
        Operation::Reverse(Reverse { transaction_id: paid(0), proof: None }),
        Operation::Reverse(Reverse { transaction_id: paid(1), proof: None }),
    ]);
}

#[test]
fn every_field_of_a_policy_changes_the_fingerprint() {
    let base = tariff();
    let (first, last) = (base.tiers[0], base.tiers[1]);
    let tiers = |tiers: &[Tier]| Tariff { tiers: tiers.to_vec(), ..tariff() };
    let variants = [
        base.clone(),
        Tariff { code: "transfer-2".to_owned(), ..base.clone() },
        Tariff { currency: "EUR".parse().unwrap(), ..base.clone() },
        Tariff { operation: None, ..base.clone() },
        Tariff { channel: None, ..base.clone() },
        Tariff { account_type: None, ..base.clone() },
        Tariff { level: None, ..base.clone() },
        Tariff { bearer: Bearer::Payee, ..base.clone() },
        Tariff { min_minor: None, ..base.clone() },
        Tariff { min_minor: None, max_minor: Some(25), ..base.clone() },
        Tariff { max_minor: None, ..base.clone() },
        Tariff { free_per_month: 4, ..base.clone() },
        Tariff { effective_from: None, ..base.clone() },
        Tariff { effective_to: None, ..base },
        tiers(&[last]),
        tiers(&[Tier { up_to_minor: Some(5_001), ..first }, last]),
        tiers(&[Tier { fixed_minor: 26, ..first }, last]),
        tiers(&[Tier { rate_ppm: 1, ..first }, last]),
        tiers(&[first, first, last]),
    ];
    check_distinct(&variants.map(|tariff| Operation::SetPolicy(Policy::Tariff(tariff))));
    let end = |code: &str, effective_from| Policy::TariffEnd(TariffEnd { code: code.to_owned(), effective_from });
    let set = |number, level| Policy::Level(CustomerLevel { customer_id: CustomerId(Uuid::from_u128(number)), level });
    let terms = AccountTerms {
        account_id: AccountId(Uuid::from_u128(4)),
        currency: Currency::XOF,
        floor_minor: Some(-500),
        limits: limits(),
        effective_from: None,
    };
    let level = LevelLimits { level: KycLevel::Standard, currency: Currency::XOF, limits: limits(), effective_from: None };
    let bounds = [
        Limits { balance_minor: None, ..limits() },
        Limits { debit: Quota { operation_minor: None, ..limits().debit }, ..limits() },
        Limits { debit: Quota { day_count: None, ..limits().debit }, ..limits() },
        Limits { debit: Quota { day_minor: None, ..limits().debit }, ..limits() },
        Limits { debit: Quota { month_count: None, ..limits().debit }, ..limits() },
        Limits { debit: Quota { month_minor: None, ..limits().debit }, ..limits() },
        Limits { debit: limits().credit, credit: limits().debit, ..limits() },
    ];
    let policies = [
        end("a", None),
        end("b", None),
        end("a", Some(1)),
        set(1, KycLevel::Standard),
        set(2, KycLevel::Standard),
        set(1, KycLevel::Enhanced),
        Policy::Terms(terms),
        Policy::Terms(AccountTerms { account_id: AccountId(Uuid::from_u128(5)), ..terms }),
        Policy::Terms(AccountTerms { currency: "EUR".parse().unwrap(), ..terms }),
        Policy::Terms(AccountTerms { floor_minor: None, ..terms }),
        Policy::Terms(AccountTerms { effective_from: Some(0), ..terms }),
        Policy::Limits(level),
        Policy::Limits(LevelLimits { level: KycLevel::Enhanced, ..level }),
        Policy::Limits(LevelLimits { currency: "EUR".parse().unwrap(), ..level }),
        Policy::Limits(LevelLimits { effective_from: Some(0), ..level }),
    ];
    let bounded = bounds.iter().flat_map(|limits| {
        [Policy::Terms(AccountTerms { limits: *limits, ..terms }), Policy::Limits(LevelLimits { limits: *limits, ..level })]
    });
    check_distinct(&policies.into_iter().chain(bounded).map(Operation::SetPolicy).collect::<Vec<_>>());
}

#[test]
fn the_fingerprint_is_fixed_for_good() {
    let open = OpenAccount {
        customer_id: CustomerId(Uuid::from_u128(3)),
        account_type: AccountType::Wallet,
        role: Role::Customer,
        currency: Currency::XOF,
    };
    let change = |change| Operation::ChangeStatus(ChangeStatus { account_id: AccountId(Uuid::from_u128(4)), change });
    let (hold_id, transaction_id) = (HoldId(Uuid::from_u128(5)), TransactionId(Uuid::from_u128(6)));
    let amount = Money { minor: 350, currency: "EUR".parse().unwrap() };
    let set = |policy| Operation::SetPolicy(policy);
    let terms = AccountTerms {
        account_id: AccountId(Uuid::from_u128(4)),
        currency: Currency::XOF,
        floor_minor: Some(-500),
        limits: limits(),
        effective_from: Some(1_764_000_000_000),
    };
    let level = LevelLimits { level: KycLevel::Simplified, currency: Currency::XOF, limits: limits(), effective_from: None };
    for (operation, expected) in [
        (Operation::Pay(transfer()), "3cb307c14a8713806a128be90303417b"),
        (create("Awa Diop", None, Some("SN")), "f77b91ba62222ec270637473cce29c6a"),
        (Operation::OpenAccount(open), "aa58fca9f5a437639e5fe37b0ca3971d"),
        (change(StatusChange::Suspend), "aaa0ae994b6aaa1129bec526a45f7374"),
        (change(StatusChange::Close), "5010ed6e4c06fc821c40d3d4e644cbb6"),
        (Operation::Reserve(reserve()), "e55e4225d5c7a2c0c8e2c3ef303d469d"),
        (Operation::Capture(Capture { hold_id, amount, last: true }), "d35b6f94b08e2749e8336922984d930a"),
        (Operation::Release(Release { hold_id }), "d47276617ec64736f193a06a5a9a1d50"),
        (Operation::Refund(Refund { transaction_id, amount, proof: None }), "f026720ab5435d1965e5f2051b084e01"),
        (Operation::Reverse(Reverse { transaction_id, proof: None }), "32f082c5f9b046173d88c448c10d571a"),
        (
            set(Policy::Level(CustomerLevel { customer_id: CustomerId(Uuid::from_u128(3)), level: KycLevel::Standard })),
            "8d1378b991d4d00c6f3fd3ae97c3526b",
        ),
        (set(Policy::Terms(terms)), "e01dfa5a7b85075d681cf37eb6142505"),
        (set(Policy::Limits(level)), "3933242d708e9ddc732b28f59cb7f8f4"),
        (set(Policy::Tariff(tariff())), "3e092f2bc83ea50d9d03f9815354974b"),
        (set(Policy::TariffEnd(TariffEnd { code: "transfer-1".to_owned(), effective_from: None })), "ad93a14b9529da9b5428885110c60ba9"),
    ] {
        assert_eq!(print(&operation), expected, "{operation:?}");
    }
}
