//! What staff sets: levels, terms, limits and tariffs.

use super::super::fields::Fields;
use super::{text, text::parse};
use schemas::policy::TIERS_MAX;
use schemas::{
    AccountId, AccountTerms, Currency, CustomerId, CustomerLevel, KycLevel, LevelLimits, Limits, Quota, Tariff, TariffEnd, Tier,
};

/// The code that a path names, if it can be one.
pub(in crate::http) fn code_of(path: &str) -> Option<String> {
    text::code(path).ok()
}

pub(super) fn level(customer_id: Option<CustomerId>, fields: &mut Fields) -> Option<CustomerLevel> {
    let customer_id = fields.path("id", customer_id, text::UUID);
    let level = fields.required("level", parse);
    Some(CustomerLevel { customer_id: customer_id?, level: level? })
}

pub(super) fn terms(account_id: Option<AccountId>, fields: &mut Fields) -> Option<AccountTerms> {
    let account_id = fields.path("id", account_id, text::UUID);
    let currency = fields.required("currency", parse);
    let floor_minor = fields.optional("floor", |text| text::minor(text, currency));
    let limits = fields.object("limits", |fields| Some(limits(currency, fields)));
    let effective_from = fields.optional("effective_from", text::moment);
    Some(AccountTerms { account_id: account_id?, currency: currency?, floor_minor, limits: limits?, effective_from })
}

pub(super) fn level_limits(level: Option<KycLevel>, fields: &mut Fields) -> Option<LevelLimits> {
    let levels = KycLevel::ALL.iter().map(|level| level.as_str()).collect::<Vec<_>>().join(", ");
    let level = fields.path("level", level, &levels);
    let currency = fields.required("currency", parse);
    let limits = fields.object("limits", |fields| Some(limits(currency, fields)));
    let effective_from = fields.optional("effective_from", text::moment);
    Some(LevelLimits { level: level?, currency: currency?, limits: limits?, effective_from })
}

fn limits(currency: Option<Currency>, fields: &mut Fields) -> Limits {
    Limits {
        balance_minor: fields.optional("balance", |text| text::bound_minor(text, currency)),
        debit: fields.optional_object("debit", |fields| Some(quota(currency, fields))).unwrap_or_default(),
        credit: fields.optional_object("credit", |fields| Some(quota(currency, fields))).unwrap_or_default(),
    }
}

fn quota(currency: Option<Currency>, fields: &mut Fields) -> Quota {
    Quota {
        operation_minor: fields.optional("operation", |text| text::bound_minor(text, currency)),
        day_count: fields.optional_number("day_count", text::count),
        day_minor: fields.optional("day", |text| text::bound_minor(text, currency)),
        month_count: fields.optional_number("month_count", text::count),
        month_minor: fields.optional("month", |text| text::bound_minor(text, currency)),
    }
}

pub(super) fn tariff(fields: &mut Fields) -> Option<Tariff> {
    let code = fields.required("code", text::code);
    let currency = fields.required("currency", parse);
    let operation = fields.optional("operation", text::asked);
    let channel = fields.optional("channel", parse);
    let account_type = fields.optional("account_type", parse);
    let level = fields.optional("level", parse);
    let bearer = fields.required("bearer", parse);
    let mut lower = None;
    let tiers = fields.list("tiers", TIERS_MAX, |fields, is_last| tier(currency, &mut lower, is_last, fields));
    let min_minor = fields.optional("min", |text| text::bound_minor(text, currency));
    let max_minor = fields.optional("max", |text| text::bound_minor(text, currency));
    if currency.is_some() && min_minor.is_some_and(|min_minor| min_minor > max_minor.unwrap_or(i64::MAX)) {
        fields.wrong::<()>("min", "must be no more than max");
    }
    let free_per_month = fields.optional_number("free_per_month", text::count).unwrap_or(0);
    let effective_from = fields.optional("effective_from", text::moment);
    let effective_to = fields.optional("effective_to", text::moment);
    if effective_to.is_some_and(|to| to <= effective_from.unwrap_or(0)) {
        fields.wrong::<()>("effective_to", "must be later than effective_from");
    }
    Some(Tariff {
        code: code?,
        currency: currency?,
        operation,
        channel,
        account_type,
        level,
        bearer: bearer?,
        tiers: tiers?,
        min_minor,
        max_minor,
        free_per_month,
        effective_from,
        effective_to,
    })
}

/// A tier above `lower`, which becomes its own bound; the last tier has none.
fn tier(currency: Option<Currency>, lower: &mut Option<i64>, is_last: bool, fields: &mut Fields) -> Option<Tier> {
    let above = |text: &str| {
        let up_to_minor = text::positive_minor(text, currency)?;
        // Without a currency it is not known which of two amounts is more.
        let grows = currency.is_none() || lower.is_none_or(|lower| up_to_minor > lower);
        if grows { Ok(up_to_minor) } else { Err("must be more than that of the tier before".to_owned()) }
    };
    let up_to_minor = if is_last {
        fields.optional("up_to", |_| Err("must be absent from the last tier, which has no bound".to_owned()))
    } else {
        fields.required("up_to", above)
    };
    *lower = up_to_minor.or(*lower);
    let fixed_minor = fields.optional("fixed", |text| text::bound_minor(text, currency)).unwrap_or(0);
    let rate_ppm = fields.optional("rate", text::rate_ppm).unwrap_or(0);
    Some(Tier { up_to_minor, fixed_minor, rate_ppm })
}

pub(super) fn tariff_end(code: Option<String>, fields: &mut Fields) -> Option<TariffEnd> {
    let code = fields.path("code", code, text::CODE);
    let effective_from = fields.optional("effective_from", text::moment);
    Some(TariffEnd { code: code?, effective_from })
}
