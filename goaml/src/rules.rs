//! Whether a report is as its unit wants it: what no element shows by itself.

use crate::finding::{Finding, Rule};
use crate::form::Moment;
use crate::xml::Element;
use crate::{Profile, Report};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that is wrong between elements.
pub(crate) fn check(root: &Element, profile: &Profile) -> Vec<Finding> {
    let mut findings = Vec::new();
    of_unit(root, profile, &mut findings);
    let mut numbers = BTreeSet::new();
    for (number, transaction) in (1..).zip(root.all("transaction")) {
        let path = format!("report/transaction[{number}]");
        if let Some(text) = transaction.text_of("transactionnumber").filter(|text| !numbers.insert(*text)) {
            findings.push(found(
                format!("{path}/transactionnumber"),
                Rule::Twice,
                format!("An earlier transaction has the number {text:?}."),
            ));
        }
        sides(transaction, &path, root.text_of("currency_code_local"), &mut findings);
    }
    if let Some(indicators) = root.first("report_indicators") {
        let mut codes = BTreeSet::new();
        for (number, code) in (1..).zip(indicators.all("indicator")).filter(|(_, code)| !codes.insert(&code.text)) {
            let path = format!("report/report_indicators/indicator[{number}]");
            findings.push(found(path, Rule::Twice, format!("The indicator {:?} stands there already.", code.text)));
        }
    }
    within(root, "report", &mut findings);
    findings
}

/// An amount in another currency than the report's would be written as one of that.
pub(crate) fn amounts_are_local(report: &Report) -> Vec<Finding> {
    let local = report.currency_code_local;
    let numbered = (1..).zip(&report.transactions).filter(|(_, transaction)| transaction.amount_local.currency != local);
    numbered
        .map(|(number, transaction)| {
            let currency = transaction.amount_local.currency;
            let sentence = format!("It is of {currency}; the local currency is {local}.");
            found(format!("report/transaction[{number}]/amount_local"), Rule::LocalCurrency, sentence)
        })
        .collect()
}

/// What this unit asks of reports of this kind.
fn of_unit(root: &Element, profile: &Profile, findings: &mut Vec<Finding>) {
    let local = root.text_of("currency_code_local");
    if let (Some(found_currency), Some(expected)) = (local, profile.currency)
        && found_currency != expected.code()
    {
        let sentence = format!("It is {found_currency:?}; {} counts in {expected}.", profile.unit);
        findings.push(found("report/currency_code_local".to_owned(), Rule::LocalCurrency, sentence));
    }
    let Some(kind) = root.text_of("report_code") else { return };
    for name in profile.required_for.get(kind).into_iter().flatten() {
        if root.first(name).is_none() {
            findings.push(found(
                format!("report/{name}"),
                Rule::Required,
                format!("A report of kind {kind} has {name}; {} asks for it.", profile.unit),
            ));
        }
    }
}

/// One side from, one to, each with one subject.
fn sides(transaction: &Element, path: &str, local: Option<&str>, findings: &mut Vec<Finding>) {
    for (way, rule) in [("from", Rule::BipartyFrom), ("to", Rule::BipartyTo)] {
        let names = [format!("t_{way}_my_client"), format!("t_{way}")];
        let sides: Vec<(&String, &Element)> = names.iter().flat_map(|name| transaction.all(name).map(move |side| (name, side))).collect();
        if sides.len() != 1 {
            findings.push(found(
                path.to_owned(),
                rule,
                format!("It has {} of {} and {}; expected exactly one.", sides.len(), names[0], names[1]),
            ));
        }
        for (name, side) in sides {
            let subjects = [format!("{way}_account"), format!("{way}_person"), format!("{way}_entity")];
            let count: usize = subjects.iter().map(|subject| side.all(subject).count()).sum();
            if count != 1 {
                findings.push(found(
                    format!("{path}/{name}"),
                    Rule::PartySubject,
                    format!("It has {count} of {}; expected exactly one.", subjects.join(", ")),
                ));
            }
            let foreign = side.first(&format!("{way}_foreign_currency")).and_then(|foreign| foreign.text_of("foreign_currency_code"));
            if let Some(currency) = foreign.filter(|currency| Some(*currency) == local) {
                let path = format!("{path}/{name}/{way}_foreign_currency/foreign_currency_code");
                findings.push(found(path, Rule::ForeignCurrency, format!("{currency} is the local currency.")));
            }
        }
    }
}

/// What has to fit within accounts, persons and documents, wherever they stand.
fn within(element: &Element, path: &str, findings: &mut Vec<Finding>) {
    let has = |name: &str| element.first(name).is_some();
    if has("institution_code") && has("swift") {
        findings.push(found(path.to_owned(), Rule::Institution, "It has institution_code and swift; expected one of them.".to_owned()));
    }
    if has("passport_country") && !has("passport_number") {
        findings.push(found(
            format!("{path}/passport_country"),
            Rule::Passport,
            "The passport whose country this is has no number.".to_owned(),
        ));
    }
    let primary = element.all("signatory").filter(|signatory| signatory.text_of("is_primary") == Some("true")).count();
    if primary > 1 {
        findings.push(found(path.to_owned(), Rule::Primary, format!("{primary} signatories are the first; expected at most one.")));
    }
    for (earlier, later) in [("opened", "closed"), ("issue_date", "expiry_date")] {
        let moment = |name: &str| element.text_of(name).and_then(Moment::read);
        if let (Some(first), Some(then)) = (moment(earlier), moment(later))
            && then < first
        {
            findings.push(found(format!("{path}/{later}"), Rule::DateOrder, format!("{then} is before {earlier}, {first}.")));
        }
    }
    let mut numbers = BTreeMap::new();
    for inner in &element.elements {
        let number = numbers.entry(&inner.name).or_insert(0);
        *number += 1;
        let repeats = ["transaction", "signatory", "identification", "phone", "address"].contains(&inner.name.as_str());
        let path = if repeats { format!("{path}/{}[{number}]", inner.name) } else { format!("{path}/{}", inner.name) };
        within(inner, &path, findings);
    }
}

fn found(path: String, rule: Rule, sentence: String) -> Finding {
    Finding { path, rule, sentence }
}
