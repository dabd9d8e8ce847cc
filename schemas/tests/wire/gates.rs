//! Gates: what sets them, what they are told and what they say, drawn at random, and as the contract says it.

use super::lists;
use super::values::{fields, long, number, optional, text};
use super::words::{account_id, hold_id, id, line, transaction_id};
use apache_avro::types::Value;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use schemas::aml::{Lane, Setting};
use schemas::context::{Context, KeyKind};
use schemas::gate::{CountryList, GateAnswer, ListName, Said};
use schemas::{
    AmlChanged, AmlSetting, Assessed, CustomerId, DecideReview, Epoch, Fact, Freeze, GatePolicy, ListChanged, Operation, Party,
    PartyChange, PartyChanged, ReviewDecision, RuleId, Signal,
};
use std::collections::BTreeMap;
use std::sync::Arc;

fn name() -> impl Strategy<Value = String> {
    "[!-~]{1,60}x"
}

pub(super) fn context() -> impl Strategy<Value = Context> {
    let ips = ["10.0.0.1", "203.0.113.7", "2001:db8::1", "::1"].map(str::to_owned).to_vec();
    let place = option::of((-90_000_000..=90_000_000, -180_000_000..=180_000_000));
    let names = (option::of(name()), option::of(name()), option::of(line(140)));
    let all = (names, option::of(select(ips)), option::of("[A-Z]{2}"), place, option::of("\\+[1-9][0-9]{6,14}"));
    let context = all.prop_map(|((device, card_token, counterparty_name), ip, country, place, msisdn)| Context {
        device,
        ip,
        country,
        latitude_e6: place.map(|(latitude, _)| latitude),
        longitude_e6: place.map(|(_, longitude)| longitude),
        card_token,
        msisdn,
        counterparty_name,
    });
    context.prop_filter("it says something", |context| context.check().is_ok())
}

fn party() -> impl Strategy<Value = Party> {
    prop_oneof![id().prop_map(|id| Party::Customer(CustomerId(id))), account_id().prop_map(Party::Account)]
}

fn reason() -> impl Strategy<Value = String> {
    "[ -~]{1,80}"
}

/// At most one parameter: the reference implementation writes a map in any order.
fn setting() -> BoxedStrategy<AmlSetting> {
    let rule = (select(RuleId::ALL), select(Lane::ALL), any::<bool>(), 0..=1_000u32, any::<prop::sample::Index>(), any::<bool>());
    let rule = rule.prop_map(|(rule, lane, enabled, weight, which, sets)| {
        let all = rule.parameters();
        let chosen = (sets && !all.is_empty()).then(|| which.get(all));
        let parameters = chosen.map(|parameter| (parameter.name.to_owned(), parameter.max)).into_iter().collect();
        AmlSetting::Rule(Setting { rule, lane, enabled, weight, parameters })
    });
    let policy = (1..=50_000u32, 0..=50_000u32, 60_000..=2_592_000_000u64).prop_map(|(review_score, more, review_expires_ms)| {
        AmlSetting::Policy(GatePolicy { review_score, refuse_score: review_score + more, review_expires_ms })
    });
    let countries = prop::collection::btree_set("[A-Z]{2}", 0..5)
        .prop_map(|countries| AmlSetting::Countries(CountryList { list: ListName::HighRisk, countries }));
    prop_oneof![rule, policy, countries, super::diligence::policy().prop_map(AmlSetting::Cases)].boxed()
}

pub(super) fn asked() -> BoxedStrategy<Operation> {
    let freeze = (party(), any::<bool>(), reason()).prop_map(|(party, frozen, reason)| Operation::Freeze(Freeze { party, frozen, reason }));
    let signal = (party(), option::of(name()), select(PartyChange::SIGNALS))
        .prop_map(|(party, device, signal)| Operation::ReportSignal(Signal { party, device, signal }));
    let review = (hold_id(), select(ReviewDecision::ALL), reason())
        .prop_map(|(hold_id, decision, reason)| Operation::DecideReview(DecideReview { hold_id, decision, reason }));
    prop_oneof![setting().prop_map(Operation::SetAml), freeze, signal, review, lists::command().prop_map(Operation::List)].boxed()
}

fn party_changed() -> impl Strategy<Value = PartyChanged> {
    let all = (id(), option::of(account_id()), select(PartyChange::ALL), option::of(name()), reason(), name());
    all.prop_map(|(customer, account_id, change, device, reason, by)| {
        let signals = PartyChange::SIGNALS.contains(&change);
        let (device, reason) = if signals { (device, None) } else { (None, Some(reason)) };
        PartyChanged { customer_id: CustomerId(customer), account_id, change, device, reason, by }
    })
}

fn said() -> impl Strategy<Value = Said> {
    let gates: Vec<RuleId> = RuleId::ALL.iter().copied().filter(|rule| rule.is_gate()).collect();
    let all = (
        select(gates),
        select(Lane::ALL),
        any::<u32>(),
        any::<prop::sample::Index>(),
        any::<i64>(),
        any::<i64>(),
        option::of(0..u64::MAX / 2),
    );
    (all, option::of(select(KeyKind::ALL))).prop_map(|((rule, lane, version, which, value, threshold, window_ms), key)| {
        let name = which.get(rule.parameters()).name.to_owned();
        Said { rule, lane, version, name, value, threshold, window_ms, key }
    })
}

/// What answers, and can be told again.
pub(super) fn answered() -> BoxedStrategy<Fact> {
    let changed = (setting(), any::<u32>(), name()).prop_map(|(setting, version, by)| AmlChanged { setting, version, by });
    prop_oneof![
        changed.prop_map(|changed| Fact::AmlChanged(Box::new(changed))),
        party_changed().prop_map(|changed| Fact::PartyChanged(Box::new(changed))),
        (lists::command(), name()).prop_map(|(change, by)| Fact::ListChanged(Box::new(ListChanged { change, by }))),
    ]
    .boxed()
}

pub(super) fn assessed() -> impl Strategy<Value = Fact> {
    let became =
        prop_oneof![Just((None, None)), transaction_id().prop_map(|id| (Some(id), None)), hold_id().prop_map(|id| (None, Some(id))),];
    let all = (became, account_id(), account_id(), option::of(context().prop_map(Arc::new)), select(GateAnswer::ALL), any::<u32>());
    (all, prop::collection::vec(said(), 0..4)).prop_map(|((became, account_debit, account_credit, context, answer, score), said)| {
        let (transaction_id, hold_id) = became;
        Fact::Assessed(Box::new(Assessed { transaction_id, hold_id, account_debit, account_credit, context, answer, score, said }))
    })
}

/// The operation that a fact answers.
pub(super) fn operation(fact: &Fact) -> Option<String> {
    match fact {
        Fact::AmlChanged(changed) => Some(changed.setting.operation().to_owned()),
        Fact::PartyChanged(changed) => Some(changed.operation().to_owned()),
        Fact::ListChanged(changed) => Some(changed.change.operation().to_owned()),
        _ => None,
    }
}

fn int(value: Option<i32>) -> Value {
    value.map_or_else(|| Value::Union(0, Box::new(Value::Null)), |value| Value::Union(1, Box::new(Value::Int(value))))
}

pub(super) fn context_value(context: Option<&Context>) -> Value {
    let Some(context) = context else { return Value::Union(0, Box::new(Value::Null)) };
    let value = fields([
        ("device", optional(context.device.as_ref())),
        ("ip", optional(context.ip.as_ref())),
        ("country", optional(context.country.as_ref())),
        ("latitude_e6", int(context.latitude_e6)),
        ("longitude_e6", int(context.longitude_e6)),
        ("card_token", optional(context.card_token.as_ref())),
        ("msisdn", optional(context.msisdn.as_ref())),
        ("counterparty_name", optional(context.counterparty_name.as_ref())),
    ]);
    Value::Union(1, Box::new(value))
}

pub(super) fn setting_value(setting: &AmlSetting) -> (u32, Value) {
    match setting {
        AmlSetting::Rule(setting) => {
            let parameters = setting.parameters.iter().map(|(name, value)| (name.clone(), Value::Long(*value)));
            let value = fields([
                ("rule", text(setting.rule)),
                ("lane", text(setting.lane)),
                ("enabled", Value::Boolean(setting.enabled)),
                ("weight", long(setting.weight)),
                ("parameters", Value::Map(parameters.collect())),
            ]);
            (0, value)
        }
        AmlSetting::Policy(policy) => {
            let (review, refuse) = (("review_score", long(policy.review_score)), ("refuse_score", long(policy.refuse_score)));
            (1, fields([review, refuse, ("review_expires_ms", long(policy.review_expires_ms))]))
        }
        AmlSetting::Countries(list) => {
            let countries = Value::Array(list.countries.iter().map(text).collect());
            (2, fields([("list", text(list.list)), ("countries", countries)]))
        }
        AmlSetting::Cases(policy) => (3, super::diligence::policy_value(policy)),
    }
}

fn ids(party: Party) -> [(&'static str, Value); 2] {
    let (customer, account) = match party {
        Party::Customer(id) => (Some(id), None),
        Party::Account(id) => (None, Some(id)),
    };
    [("customer_id", optional(customer)), ("account_id", optional(account))]
}

pub(super) fn freeze_value(freeze: &Freeze) -> Value {
    let [customer, account] = ids(freeze.party);
    fields([customer, account, ("frozen", Value::Boolean(freeze.frozen)), ("reason", text(&freeze.reason))])
}

pub(super) fn signal_value(signal: &Signal) -> Value {
    let [customer, account] = ids(signal.party);
    fields([customer, account, ("device", optional(signal.device.as_ref())), ("signal", text(signal.signal))])
}

pub(super) fn aml_fields(changed: &AmlChanged, first_epoch: Option<Epoch>) -> Vec<(&'static str, Value)> {
    let (branch, value) = setting_value(&changed.setting);
    vec![
        ("setting", Value::Union(branch, Box::new(value))),
        ("version", long(changed.version)),
        ("set_by", text(&changed.by)),
        ("first_epoch", number(first_epoch)),
    ]
}

pub(super) fn party_fields(changed: &PartyChanged, first_epoch: Option<Epoch>) -> Vec<(&'static str, Value)> {
    vec![
        ("customer_id", text(changed.customer_id)),
        ("account_id", optional(changed.account_id)),
        ("change", text(changed.change)),
        ("device", optional(changed.device.as_ref())),
        ("reason", optional(changed.reason.as_ref())),
        ("changed_by", text(&changed.by)),
        ("first_epoch", number(first_epoch)),
    ]
}

pub(super) fn assessed_fields(assessed: &Assessed) -> Vec<(&'static str, Value)> {
    let said = |said: &Said| {
        fields([
            ("rule", text(said.rule)),
            ("lane", text(said.lane)),
            ("version", long(said.version)),
            ("name", text(&said.name)),
            ("value", Value::Long(said.value)),
            ("threshold", Value::Long(said.threshold)),
            ("window_ms", number(said.window_ms)),
            ("key", optional(said.key)),
        ])
    };
    vec![
        ("transaction_id", optional(assessed.transaction_id)),
        ("hold_id", optional(assessed.hold_id)),
        ("debit_account", text(assessed.account_debit)),
        ("credit_account", text(assessed.account_credit)),
        ("context", context_value(assessed.context.as_deref())),
        ("answer", text(assessed.answer)),
        ("score", long(assessed.score)),
        ("said", Value::Array(assessed.said.iter().map(said).collect())),
    ]
}

/// What a log may hold and no door lets in is no command.
#[test]
fn what_can_not_be_set_is_no_command() {
    let rule = |parameters: &[(&str, i64)], weight| {
        let parameters: BTreeMap<String, i64> = parameters.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        Operation::SetAml(AmlSetting::Rule(Setting { weight, parameters, ..Setting::of(RuleId::VelocityCount) }))
    };
    assert!(rule(&[("account_10min", 5), ("action", 2)], 1_000).check().is_ok());
    for wrong in [
        rule(&[("account_10min", 0)], 1),
        rule(&[("action", 3)], 1),
        rule(&[("nothing", 1)], 1),
        rule(&[], 1_001),
        Operation::SetAml(AmlSetting::Policy(GatePolicy { review_score: 0, ..GatePolicy::default() })),
        Operation::SetAml(AmlSetting::Policy(GatePolicy { review_score: 101, ..GatePolicy::default() })),
        Operation::SetAml(AmlSetting::Policy(GatePolicy { review_expires_ms: 59_999, ..GatePolicy::default() })),
        Operation::SetAml(AmlSetting::Countries(CountryList { list: ListName::HighRisk, countries: ["sn".to_owned()].into() })),
        Operation::Freeze(Freeze { party: Party::Customer(CustomerId::mint(1, 0)), frozen: true, reason: String::new() }),
        Operation::ReportSignal(Signal { party: Party::Customer(CustomerId::mint(1, 0)), device: None, signal: PartyChange::Frozen }),
    ] {
        assert!(wrong.check().is_err(), "{wrong:?}");
    }
    assert!("no_rule".parse::<RuleId>().is_err());
}

#[test]
fn old_payments_keep_their_fingerprint_and_where_one_comes_from_is_a_part_of_it() {
    let payment = schemas::Payment {
        kind: schemas::PaymentKind::Transfer,
        account_debit: None,
        account_credit: None,
        amount_minor: 1,
        currency: schemas::Currency::XOF,
        channel: schemas::Channel::Wallet,
        context: None,
    };
    let of = |context: Option<Context>| {
        let payment = schemas::Payment { context: context.map(Arc::new), ..payment.clone() };
        schemas::Fingerprint::of(&Operation::Pay(payment))
    };
    let device = |device: &str| Some(Context { device: Some(device.to_owned()), ..Context::default() });
    assert_ne!(of(None), of(device("d1")));
    assert_ne!(of(device("d1")), of(device("d2")));
    let named = |name: Option<&str>| Context { counterparty_name: name.map(str::to_owned), ..device("d1").unwrap() };
    assert_eq!(of(Some(named(None))), of(device("d1")));
    assert_ne!(of(Some(named(Some("Awa Diop")))), of(Some(named(Some("Awa Sow")))));
    assert_ne!(of(Some(named(Some("Awa Diop")))), of(device("d1")));
    let since = |context| Operation::Pay(schemas::Payment { context, ..payment.clone() }).since();
    assert_eq!((since(None), since(device("d1").map(Arc::new))), (1, 6));
}
