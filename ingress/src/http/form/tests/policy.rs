//! What staff sets.

use super::*;
use crate::http::request::policy::{
    LevelRequest, LimitsRequest, RequestedLimits, RequestedQuota, RequestedTier, TariffEndRequest, TariffRequest, TermsRequest,
};
use schemas::{AccountTerms, CustomerId, KycLevel, Tariff, TariffEnd, Tier};
use utoipa::PartialSchema;

const LEVEL: Form = Form::Level(Some(CustomerId(uuid::Uuid::nil())));
const TERMS: Form = Form::Terms(Some(AccountId(uuid::Uuid::nil())));
const LIMITS: Form = Form::Limits(Some(KycLevel::Standard));
const TARIFF: Form = Form::Tariff;

fn end() -> Form {
    Form::TariffEnd(Some("transfer-xof".to_owned()))
}

pub(super) fn good(form: &Form) -> Value {
    let quota = json!({"operation": "500", "day_count": 3, "day": "1000", "month_count": 0, "month": "5000"});
    let limits = json!({"balance": "2000", "debit": quota, "credit": quota});
    let from = "2026-01-01T00:00:00Z";
    match form {
        Form::Level(_) => json!({"level": "enhanced"}),
        Form::Terms(_) => json!({"currency": "XOF", "floor": "-500", "limits": limits, "effective_from": from}),
        Form::Limits(_) => json!({"currency": "XOF", "limits": limits, "effective_from": from}),
        Form::Tariff => json!({
            "code": "transfer-xof", "currency": "XOF", "operation": "transfer", "channel": "wallet", "account_type": "wallet",
            "level": "simplified", "bearer": "payer",
            "tiers": [{"up_to": "5000", "fixed": "25", "rate": "0"}, {"up_to": "50000", "fixed": "0", "rate": "0.5"}, {"rate": "0.25"}],
            "min": "25", "max": "5000", "free_per_month": 3, "effective_from": from, "effective_to": "2027-01-01T00:00:00.500Z",
        }),
        Form::TariffEnd(_) => json!({"effective_from": from}),
        _ => json!({}),
    }
}

#[test]
fn every_fault_of_a_level_and_of_terms_has_its_pointer() {
    check([
        (LEVEL, json!({}), vec![]),
        (LEVEL, json!({"level": null}), vec!["/level"]),
        (LEVEL, json!({"level": "known"}), vec!["/level"]),
        (LEVEL, json!({"level": 3, "effective_from": "2026-01-01T00:00:00Z"}), vec!["/level", "/effective_from"]),
        (Form::Level(None), json!({"level": "known"}), vec!["id", "/level"]),
        (TERMS, json!({}), vec![]),
        (TERMS, json!({"floor": null, "effective_from": null, "limits": {}}), vec![]),
        (TERMS, json!({"floor": "500"}), vec![]),
        (TERMS, json!({"floor": "-0.5"}), vec!["/floor"]),
        (TERMS, json!({"floor": "-0.5", "currency": "EUR"}), vec![]),
        (TERMS, json!({"floor": "--5", "currency": null}), vec!["/currency", "/floor"]),
        (TERMS, json!({"floor": -500}), vec!["/floor"]),
        (TERMS, json!({"limits": null}), vec!["/limits"]),
        (TERMS, json!({"limits": []}), vec!["/limits"]),
        (TERMS, json!({"limits": {"debit": null, "credit": {}, "balance": null}}), vec![]),
        (TERMS, json!({"/limits/debit": "500"}), vec!["/limits/debit"]),
        (TERMS, json!({"effective_from": "2026-01-01"}), vec!["/effective_from"]),
        (TERMS, json!({"effective_from": "2026-01-01T00:00:00+01:00"}), vec!["/effective_from"]),
        (TERMS, json!({"effective_from": 1_767_225_599_007_u64}), vec!["/effective_from"]),
        (Form::Terms(None), json!({"/limits/day": "5"}), vec!["id", "/limits/day"]),
        (
            TERMS,
            json!({
                "currency": null, "floor": "low", "/limits/balance": "-1", "/limits/debit/day": "much", "/limits/debit/year": "5",
                "/limits/credit/month_count": 4_294_967_296_u64, "effective_from": "now", "note": "n",
            }),
            vec![
                "/currency",
                "/floor",
                "/limits/balance",
                "/limits/debit/day",
                "/limits/debit/year",
                "/limits/credit/month_count",
                "/effective_from",
                "/note",
            ],
        ),
    ]);
}

#[test]
fn every_fault_of_limits_has_its_pointer() {
    check([
        (LIMITS, json!({}), vec![]),
        (LIMITS, json!({"effective_from": null, "limits": {}}), vec![]),
        (LIMITS, json!({"floor": "5"}), vec!["/floor"]),
        (Form::Limits(None), json!({"currency": "xof"}), vec!["level", "/currency"]),
        (LIMITS, json!({"/limits/balance": "0"}), vec![]),
        (LIMITS, json!({"/limits/balance": "0.5"}), vec!["/limits/balance"]),
        (LIMITS, json!({"/limits/debit/operation": "-1"}), vec!["/limits/debit/operation"]),
        (LIMITS, json!({"/limits/debit/operation": 5}), vec!["/limits/debit/operation"]),
        (LIMITS, json!({"/limits/debit/day_count": "5"}), vec!["/limits/debit/day_count"]),
        (LIMITS, json!({"/limits/debit/day_count": -5}), vec!["/limits/debit/day_count"]),
        (LIMITS, json!({"/limits/debit/day_count": 4_294_967_295_u64}), vec![]),
        (LIMITS, json!({"/limits/debit/month": "9223372036854775808"}), vec!["/limits/debit/month"]),
        (LIMITS, json!({"/limits/credit/a~1b": "9"}), vec!["/limits/credit/a~01b"]),
        (LIMITS, json!({"limits": {"debit": {"day": "1", "a/b": 1}, "all": 1}}), vec!["/limits/debit/a~1b", "/limits/all"]),
    ]);
}

#[test]
fn every_fault_of_a_tariff_has_its_pointer() {
    let many = |count: usize| Value::Array((1..count).map(|bound| json!({"up_to": bound.to_string()})).chain([json!({})]).collect());
    let (long, longest) = ("c".repeat(65), "c".repeat(64));
    check([
        (TARIFF, json!({}), vec![]),
        (TARIFF, json!({"operation": null, "channel": null, "account_type": null, "level": null}), vec![]),
        (TARIFF, json!({"min": null, "max": null, "free_per_month": null, "effective_from": null, "effective_to": null}), vec![]),
        (TARIFF, json!({"code": longest}), vec![]),
        (TARIFF, json!({"code": long}), vec!["/code"]),
        (TARIFF, json!({"code": ""}), vec!["/code"]),
        (TARIFF, json!({"code": "Transfer"}), vec!["/code"]),
        (TARIFF, json!({"code": "a/b"}), vec!["/code"]),
        (TARIFF, json!({"operation": "refund"}), vec!["/operation"]),
        (TARIFF, json!({"bearer": "bank"}), vec!["/bearer"]),
        (
            TARIFF,
            json!({"code": null, "operation": 1, "channel": "x", "account_type": "x", "level": "x", "bearer": null}),
            vec!["/code", "/operation", "/channel", "/account_type", "/level", "/bearer"],
        ),
        (TARIFF, json!({"tiers": null}), vec!["/tiers"]),
        (TARIFF, json!({"tiers": {}}), vec!["/tiers"]),
        (TARIFF, json!({"tiers": []}), vec!["/tiers"]),
        (TARIFF, json!({"tiers": [{}]}), vec![]),
        (TARIFF, json!({"tiers": many(16)}), vec![]),
        (TARIFF, json!({"tiers": many(17)}), vec!["/tiers"]),
        (TARIFF, json!({"tiers": [1, null]}), vec!["/tiers/0", "/tiers/1"]),
        (TARIFF, json!({"/tiers/0/up_to": null}), vec!["/tiers/0/up_to"]),
        (TARIFF, json!({"/tiers/0/up_to": "0"}), vec!["/tiers/0/up_to"]),
        (TARIFF, json!({"/tiers/1/up_to": "5000"}), vec!["/tiers/1/up_to"]),
        (TARIFF, json!({"/tiers/1/up_to": "4999", "/tiers/0/rate": "x"}), vec!["/tiers/0/rate", "/tiers/1/up_to"]),
        (TARIFF, json!({"/tiers/2/up_to": "90000"}), vec!["/tiers/2/up_to"]),
        (TARIFF, json!({"/tiers/1/rate": "100.0001"}), vec!["/tiers/1/rate"]),
        (TARIFF, json!({"/tiers/1/rate": "0.12345"}), vec!["/tiers/1/rate"]),
        (TARIFF, json!({"/tiers/1/rate": 0.5}), vec!["/tiers/1/rate"]),
        (TARIFF, json!({"/tiers/1/fixed": "-1", "/tiers/1/percent": "1"}), vec!["/tiers/1/fixed", "/tiers/1/percent"]),
        // Which amount is more is not known without a currency.
        (TARIFF, json!({"currency": null, "/tiers/1/up_to": "1", "max": "1"}), vec!["/currency"]),
        (TARIFF, json!({"currency": null, "/tiers/1/up_to": "x", "max": "-1"}), vec!["/currency", "/tiers/1/up_to", "/max"]),
        (TARIFF, json!({"min": "5001"}), vec!["/min"]),
        (TARIFF, json!({"min": "5000"}), vec![]),
        (TARIFF, json!({"min": "5001", "max": null}), vec![]),
        (TARIFF, json!({"min": "-1", "max": "1.5"}), vec!["/min", "/max"]),
        (TARIFF, json!({"free_per_month": "3"}), vec!["/free_per_month"]),
        (TARIFF, json!({"free_per_month": -3}), vec!["/free_per_month"]),
        (TARIFF, json!({"effective_to": "2026-01-01T00:00:00Z"}), vec!["/effective_to"]),
        (TARIFF, json!({"effective_to": "2026-01-01T00:00:00Z", "effective_from": null}), vec![]),
        (TARIFF, json!({"effective_from": "x", "effective_to": "2026", "price": 1}), vec!["/effective_from", "/effective_to", "/price"]),
        (end(), json!({}), vec![]),
        (end(), json!({"effective_from": null}), vec![]),
        (end(), json!({"effective_from": "soon", "code": "x"}), vec!["/effective_from", "/code"]),
        (Form::TariffEnd(None), json!({"effective_from": "soon"}), vec!["code", "/effective_from"]),
    ]);
}

#[test]
fn a_name_that_stands_twice_is_a_fault_at_any_depth() {
    let limits = br#"{"currency": "XOF", "limits": {"debit": {"day": "1", "day": "2"}, "debit": {}}}"#;
    assert_eq!(read(&LIMITS, limits), Err(vec!["/limits/debit".to_owned(), "/limits/debit/day".to_owned()]));
    let tariff = br#"{"code": "c", "currency": "XOF", "bearer": "payee", "tiers": [{"rate": "1", "rate": "2"}]}"#;
    assert_eq!(read(&TARIFF, tariff), Err(vec!["/tiers/0/rate".to_owned()]));
}

#[test]
fn what_the_door_takes_the_log_takes() {
    check_taken([LEVEL, TERMS, LIMITS, TARIFF, end()]);
}

#[test]
fn what_is_read_is_what_was_said() {
    let Ok(Operation::SetPolicy(Policy::Terms(terms))) = read(&TERMS, good(&TERMS).to_string().as_bytes()) else { panic!("good terms") };
    let debit = schemas::Quota {
        operation_minor: Some(500),
        day_count: Some(3),
        day_minor: Some(1000),
        month_count: Some(0),
        month_minor: Some(5000),
    };
    let expected = AccountTerms {
        account_id: AccountId(uuid::Uuid::nil()),
        currency: schemas::Currency::XOF,
        floor_minor: Some(-500),
        limits: schemas::Limits { balance_minor: Some(2000), debit, credit: debit },
        effective_from: Some(1_767_225_600_000),
    };
    assert_eq!(terms, expected);

    let Ok(Operation::SetPolicy(Policy::Tariff(tariff))) = read(&TARIFF, good(&TARIFF).to_string().as_bytes()) else { panic!("a tariff") };
    let tier = |up_to_minor, fixed_minor, rate_ppm| Tier { up_to_minor, fixed_minor, rate_ppm };
    assert_eq!(tariff.tiers, [tier(Some(5000), 25, 0), tier(Some(50_000), 0, 5000), tier(None, 0, 2500)]);
    assert_eq!((tariff.min_minor, tariff.max_minor, tariff.free_per_month), (Some(25), Some(5000), 3));
    assert_eq!((tariff.effective_from, tariff.effective_to), (Some(1_767_225_600_000), Some(1_798_761_600_500)));

    let least = br#"{"code": "c", "currency": "XOF", "bearer": "payee", "tiers": [{}]}"#;
    let Ok(Operation::SetPolicy(Policy::Tariff(Tariff { free_per_month: 0, tiers, .. }))) = read(&TARIFF, least) else {
        panic!("a tariff")
    };
    assert_eq!(tiers, [tier(None, 0, 0)]);
    let expected = TariffEnd { code: "transfer-xof".to_owned(), effective_from: None };
    assert_eq!(read(&end(), b"{}"), Ok(Operation::SetPolicy(Policy::TariffEnd(expected))));
}

#[test]
fn a_path_names_a_code_or_none() {
    assert_eq!(super::super::policy::code_of("a-b_0").as_deref(), Some("a-b_0"));
    assert_eq!(super::super::policy::code_of("A"), None);
    assert_eq!(super::super::policy::code_of(""), None);
}

#[test]
fn what_is_described_is_what_is_read() {
    for (form, schema) in [
        (LEVEL, LevelRequest::schema()),
        (TERMS, TermsRequest::schema()),
        (LIMITS, LimitsRequest::schema()),
        (TARIFF, TariffRequest::schema()),
        (end(), TariffEndRequest::schema()),
    ] {
        check_described(&form, schema);
    }
    let (limits, tariff) = (good(&LIMITS), good(&TARIFF));
    for (read, schema) in [
        (&limits["limits"], RequestedLimits::schema()),
        (&limits["limits"]["debit"], RequestedQuota::schema()),
        (&tariff["tiers"][0], RequestedTier::schema()),
    ] {
        let object = described(schema);
        let mut all: Vec<_> = object.properties.into_keys().collect();
        all.sort();
        assert_eq!(names(read), all);
        assert_eq!(object.required, Vec::<String>::new());
    }
}
