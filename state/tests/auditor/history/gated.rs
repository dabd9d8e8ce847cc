//! What histories ask of gates: settings with thresholds low enough to be reached, where payments come from, and what is told of parties.

use super::{Paid, Side, What, Which, likely, small};
use proptest::prelude::*;
use proptest::sample::select;
use schemas::aml::{Lane, Setting};
use schemas::context::Context;
use schemas::gate::{CountryList, ListName};
use schemas::{AmlSetting, GatePolicy, PartyChange, ReviewDecision, RuleId};
use std::collections::BTreeMap;

/// Gates.
const GATES: [RuleId; 6] = [
    RuleId::VelocityCount,
    RuleId::VelocityAmount,
    RuleId::DormantReactivation,
    RuleId::NewDeviceHighAmount,
    RuleId::HighRiskCountry,
    RuleId::NewAccountBurst,
];

/// A party as it is chosen when it is named.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Named {
    Customer(u8),
    Account(Side),
}

fn texts(all: &'static [&'static str]) -> impl Strategy<Value = Option<String>> {
    prop::option::of(select(all).prop_map(str::to_owned))
}

fn place() -> impl Strategy<Value = Option<(i32, i32)>> {
    prop::option::weighted(0.2, (-90_000_000..=90_000_000, -180_000_000..=180_000_000))
}

pub(crate) fn context() -> impl Strategy<Value = Option<Context>> {
    let all = (
        texts(&["d1", "d2", "d3"]),
        texts(&["10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"]),
        texts(&["SN", "KP", "IR"]),
        texts(&["tok1", "tok2"]),
        texts(&["+221771234567", "+221771234568"]),
        texts(&["Konyema Josef", "Moussa Traoré"]),
        place(),
    );
    let some = all.prop_map(|(device, ip, country, card_token, msisdn, counterparty_name, place)| Context {
        device,
        ip,
        country,
        card_token,
        msisdn,
        counterparty_name,
        latitude_e6: place.map(|(latitude, _)| latitude),
        longitude_e6: place.map(|(_, longitude)| longitude),
    });
    prop::option::weighted(0.4, some).prop_map(|context| context.filter(|context| context.check().is_ok()))
}

/// A rule with some of its parameters near what is usual in histories.
pub(crate) fn rule() -> impl Strategy<Value = AmlSetting> {
    let lane = prop_oneof![4 => Just(Lane::Live), 1 => Just(Lane::Shadow)];
    let rule = prop_oneof![12 => select(&GATES[..]), 1 => Just(RuleId::FanIn)];
    let near = prop::collection::vec(prop_oneof![3 => 0..6i64, 2 => 0..200i64], 32);
    let chosen = prop::collection::vec(prop::bool::weighted(0.3), 32);
    (rule, lane, prop::bool::weighted(0.85), 0..60u32, near, chosen).prop_map(|(rule, lane, enabled, weight, near, chosen)| {
        let mut parameters = BTreeMap::new();
        for (parameter, (value, is_chosen)) in rule.parameters().iter().zip(near.into_iter().zip(chosen)) {
            if is_chosen {
                parameters.insert(parameter.name.to_owned(), value.clamp(parameter.min, parameter.max));
            }
        }
        AmlSetting::Rule(Setting { rule, lane, enabled, weight, parameters })
    })
}

fn setting() -> BoxedStrategy<AmlSetting> {
    let countries = prop::collection::btree_set(select(&["KP", "IR", "MM"][..]).prop_map(str::to_owned), 0..3);
    prop_oneof![
        8 => rule(),
        2 => (1..40u32, 0..60u32, select(vec![60_000u64, 120_000, 86_400_000])).prop_map(|(review_score, more, review_expires_ms)| {
            AmlSetting::Policy(GatePolicy { review_score, refuse_score: review_score + more, review_expires_ms })
        }),
        2 => countries.prop_map(|countries| AmlSetting::Countries(CountryList { list: ListName::HighRisk, countries })),
    ]
    .boxed()
}

fn named() -> impl Strategy<Value = Named> {
    let side =
        prop_oneof![6 => any::<u8>().prop_map(Side::Account), 1 => Just(Side::Unknown), 1 => Just(Side::Cash(schemas::Currency::XOF))];
    prop_oneof![1 => any::<u8>().prop_map(Named::Customer), 1 => side.prop_map(Named::Account)]
}

fn decision() -> impl Strategy<Value = ReviewDecision> {
    select(ReviewDecision::ALL)
}

pub(crate) fn decide() -> impl Strategy<Value = What> {
    let hold = prop_oneof![8 => (0..3u8).prop_map(Which::Left), 2 => any::<u8>().prop_map(Which::Any), 1 => Just(Which::Unknown)];
    (hold, decision()).prop_map(|(hold, decision)| What::Decide { hold, decision })
}

pub(crate) fn asked() -> BoxedStrategy<What> {
    let device = texts(&["d1", "d2", "d3"]);
    prop_oneof![
        6 => setting().prop_map(What::SetAml),
        3 => (named(), prop::bool::weighted(0.6)).prop_map(|(party, frozen)| What::Freeze { party, frozen }),
        3 => (named(), device, select(PartyChange::SIGNALS)).prop_map(|(party, device, signal)| What::Signal { party, device, signal }),
        4 => decide(),
    ]
    .boxed()
}

/// The same operation twice or more.
pub(crate) fn alike() -> BoxedStrategy<Vec<What>> {
    let account = || any::<u8>().prop_map(|number| Named::Account(Side::Account(number)));
    let customer = || any::<u8>().prop_map(Named::Customer);
    let frozen = |party, frozen| What::Freeze { party, frozen };
    let policy = |review_score| What::SetAml(AmlSetting::Policy(GatePolicy { review_score, ..GatePolicy::default() }));
    let countries = |countries: &[&str]| {
        let countries = countries.iter().map(|country| (*country).to_owned()).collect();
        What::SetAml(AmlSetting::Countries(CountryList { list: ListName::HighRisk, countries }))
    };
    let both = move |one, other| vec![frozen(one, true), frozen(one, false), frozen(other, true), frozen(other, false), frozen(one, false)];
    prop_oneof![
        2 => (account(), account()).prop_map(move |(one, other)| both(one, other)),
        2 => (customer(), customer()).prop_map(move |(one, other)| both(one, other)),
        1 => (1..40u32, 1..40u32).prop_map(move |(one, other)| vec![policy(one), policy(other), policy(one)]),
        1 => Just(vec![countries(&["KP"]), countries(&["IR", "KP"]), countries(&["KP"])]),
        1 => prop::collection::vec(rule().prop_map(What::SetAml), 2..4),
    ]
    .boxed()
}

/// A gate of which every threshold is as low as it may be, and payments after it.
fn eager() -> impl Strategy<Value = Vec<What>> {
    let lane = select(Lane::ALL);
    (select(&GATES[..]), lane, likely(small()), any::<bool>()).prop_map(|(rule, lane, mut paid, is_later)| {
        let parameters = rule.parameters().iter().filter(|parameter| !["action", "new_hours"].contains(&parameter.name));
        let parameters = parameters.map(|parameter| {
            let value = if parameter.name == "when_absent" { 1 } else { parameter.min };
            (parameter.name.to_owned(), value)
        });
        let set =
            |enabled| What::SetAml(AmlSetting::Rule(Setting { rule, lane, enabled, weight: 0, parameters: parameters.clone().collect() }));
        paid.context = None;
        let pay = What::Pay(paid);
        let second = if is_later { What::Later { ms: 2 * super::DAY_MS, what: Box::new(pay.clone()) } } else { pay.clone() };
        vec![set(true), pay, second, set(false)]
    })
}

/// A gate that holds whatever is paid, a payment, and what becomes of it; or one that refuses.
pub(crate) fn scene() -> BoxedStrategy<Vec<What>> {
    let always = |action: i64| {
        let parameters = BTreeMap::from([("account_10min".to_owned(), 1), ("action".to_owned(), action)]);
        What::SetAml(AmlSetting::Rule(Setting { parameters, weight: 0, ..Setting::of(RuleId::VelocityCount) }))
    };
    let off = || What::SetAml(AmlSetting::Rule(Setting { enabled: false, ..Setting::of(RuleId::VelocityCount) }));
    let pay = || likely(small()).prop_map(What::Pay);
    let minute = move || Box::new(off());
    let short = || What::SetAml(AmlSetting::Policy(GatePolicy { review_expires_ms: 60_000, ..GatePolicy::default() }));
    prop_oneof![
        6 => eager(),
        4 => (pay(), decision(), any::<bool>()).prop_map(move |(pay, decision, is_off)| {
            let hold = Which::Left(0);
            let decide = What::Decide { hold, decision };
            let mut scene = vec![always(1), pay, decide.clone(), decide];
            if is_off { scene.insert(2, off()) }
            scene
        }),
        2 => (pay(), pay()).prop_map(move |(one, other)| vec![always(2), one, other, off()]),
        2 => pay().prop_map(move |pay| vec![short(), always(1), pay, What::Later { ms: 60_001, what: minute() }]),
        1 => (pay(), 0..4u8).prop_map(move |(pay, account)| {
            // What is in the way of a payee keeps the payment held.
            let party = Named::Account(Side::Account(account));
            let decide = What::Decide { hold: Which::Left(0), decision: ReviewDecision::Release };
            vec![always(1), pay, What::Freeze { party, frozen: true }, decide.clone(), What::Freeze { party, frozen: false }, decide, off()]
        }),
        2 => (likely(small()), 0..4u8, any::<bool>()).prop_map(move |(paid, customer, of_customer)| {
            let party = if of_customer { Named::Customer(customer) } else { Named::Account(Side::Account(customer)) };
            let freeze = |frozen| What::Freeze { party, frozen };
            let other = Paid { debit: paid.credit, credit: paid.debit, ..paid.clone() };
            vec![freeze(true), freeze(true), What::Pay(paid), What::Pay(other), freeze(false)]
        }),
    ]
    .boxed()
}
