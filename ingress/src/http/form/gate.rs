//! What sets rules against fraud, and what they are told.

use super::super::fields::Fields;
use super::{context, text, text::parse};
use schemas::aml::{Lane, Setting, WEIGHT_MAX};
use schemas::gate::{COUNTRIES_MAX, CountryList, ListName, REASON_MAX, REVIEW_EXPIRES_MS, REVIEW_EXPIRES_MS_MIN, SCORE_MAX};
use schemas::hold::RESERVED_MS_MAX;
use schemas::{DecideReview, Freeze, GatePolicy, HoldId, Party, PartyChange, RuleId, Signal};

/// What the body does not name is as in the catalogue.
pub(super) fn rule(rule: Option<RuleId>, fields: &mut Fields) -> Option<Setting> {
    let rule = fields.path("rule", rule, "a rule of the catalogue, as GET /admin/aml/rules lists them");
    let lane = fields.optional("lane", parse).unwrap_or(Lane::Live);
    let enabled = fields.optional_flag("enabled").unwrap_or(true);
    let weight = fields.optional_number("weight", |number| within(number, 0, WEIGHT_MAX.into()));
    let Some(rule) = rule else {
        // Which parameters there are is not known.
        fields.leave();
        return None;
    };
    let parameters = fields.optional_object("parameters", |fields| {
        let mut values = std::collections::BTreeMap::new();
        for parameter in rule.parameters() {
            let value = fields.optional_signed(parameter.name, |value| {
                let fits = (parameter.min..=parameter.max).contains(&value);
                if fits { Ok(value) } else { Err(format!("expected {} to {}", parameter.min, parameter.max)) }
            });
            values.extend(value.map(|value| (parameter.name.to_owned(), value)));
        }
        Some(values)
    });
    let weight = weight.and_then(|weight| u32::try_from(weight).ok()).unwrap_or_else(|| rule.weight());
    Some(Setting { rule, lane, enabled, weight, parameters: parameters.unwrap_or_default() })
}

pub(super) fn policy(fields: &mut Fields) -> Option<GatePolicy> {
    let score = |number| within(number, 1, SCORE_MAX.into());
    let review_score = fields.number("review_score", score);
    let refuse_score = fields.number("refuse_score", score);
    let expires = fields.optional_number("review_expires_ms", |number| within(number, REVIEW_EXPIRES_MS_MIN, RESERVED_MS_MAX));
    let (review_score, refuse_score) = (review_score?, refuse_score?);
    if review_score > refuse_score {
        return fields.wrong("review_score", "must be no more than refuse_score");
    }
    let score = |score: u64| u32::try_from(score).ok();
    Some(GatePolicy {
        review_score: score(review_score)?,
        refuse_score: score(refuse_score)?,
        review_expires_ms: expires.unwrap_or(REVIEW_EXPIRES_MS),
    })
}

pub(super) fn countries(list: Option<ListName>, fields: &mut Fields) -> Option<CountryList> {
    let list = fields.path("list", list, "high_risk");
    let countries = fields.texts("countries", COUNTRIES_MAX, text::country);
    Some(CountryList { list: list?, countries: countries?.into_iter().collect() })
}

pub(super) fn freeze(party: Option<Party>, frozen: bool, fields: &mut Fields) -> Option<Freeze> {
    let party = fields.path("id", party, text::UUID);
    let reason = fields.required("reason", reason);
    Some(Freeze { party: party?, frozen, reason: reason? })
}

pub(super) fn signal(fields: &mut Fields) -> Option<Signal> {
    let customer = fields.optional("customer_id", parse).map(Party::Customer);
    let account = fields.optional("account_id", parse).map(Party::Account);
    let device = fields.optional("device", context::name);
    let signals = PartyChange::SIGNALS.iter().map(|signal| signal.as_str()).collect::<Vec<_>>().join(", ");
    let signal = fields.required("signal", |text| {
        let signal = text.parse().ok().filter(|signal| PartyChange::SIGNALS.contains(signal));
        signal.ok_or_else(|| format!("expected {signals}"))
    });
    if customer.is_some() && account.is_some() {
        return fields.wrong("account_id", "stands beside customer_id: a signal is about one of them");
    }
    let Some(party) = customer.or(account) else {
        return if fields.is_wrong() { None } else { fields.wrong("customer_id", "is missing, and so is account_id") };
    };
    Some(Signal { party, device, signal: signal? })
}

pub(super) fn review(hold_id: Option<HoldId>, fields: &mut Fields) -> Option<DecideReview> {
    let hold_id = fields.path("id", hold_id, text::UUID);
    let decision = fields.required("decision", parse);
    let reason = fields.required("reason", reason);
    Some(DecideReview { hold_id: hold_id?, decision: decision?, reason: reason? })
}

pub(super) fn reason(text: &str) -> Result<String, String> {
    let fits = !text.trim().is_empty() && text.chars().nth(REASON_MAX).is_none() && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err(format!("expected 1 to {REASON_MAX} characters, not all blank, none of them a control")) }
}

fn within(number: u64, min: u64, max: u64) -> Result<u64, String> {
    if (min..=max).contains(&number) { Ok(number) } else { Err(format!("expected {min} to {max}")) }
}
