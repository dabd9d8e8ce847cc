//! Whether the elements are there, in order, each with a text of its form: element by element, against the shapes.

use crate::Profile;
use crate::finding::{FINDINGS_MAX, Finding, Rule};
use crate::form::{Moment, decimal, decimals, is_code};
use crate::shape::{Field, Form, List, Need, REPORT, Shape};
use crate::xml::{Element, is_of_xml};
use schemas::{Currency, Money, country};

/// What is checked against.
struct Check<'a> {
    profile: Option<&'a Profile>,
    submitted: Option<Moment>,
    local: Option<Currency>,
    findings: Vec<Finding>,
}

/// Everything that is wrong with the elements, by the lists of this unit; without one, every code of the right form is good.
pub(crate) fn check(root: &Element, profile: Option<&Profile>) -> Vec<Finding> {
    let submitted = root.text_of("submission_date").and_then(Moment::read);
    let local = root.text_of("currency_code_local").and_then(|code| code.parse().ok());
    let mut check = Check { profile, submitted, local, findings: Vec::new() };
    if root.name == REPORT.name {
        check.node(root, &REPORT, "report");
    } else {
        check.find(&root.name, Rule::Root, format!("The root is {:?}; expected report.", cut(&root.name)));
    }
    check.findings
}

impl Check<'_> {
    fn find(&mut self, path: &str, rule: Rule, sentence: String) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(Finding { path: path.to_owned(), rule, sentence });
        }
    }

    fn node(&mut self, node: &Element, shape: &'static Shape, path: &str) {
        self.attributes(node, path);
        if !node.text.trim().is_empty() {
            self.find(path, Rule::StrayText, format!("The text {:?} stands between elements.", cut(node.text.trim())));
        }
        let mut last = 0;
        for element in &node.elements {
            let Some(place) = shape.fields.iter().position(|field| field.name == element.name) else {
                let here = shape.fields.iter().map(|field| field.name).collect::<Vec<_>>().join(", ");
                self.find(
                    &format!("{path}/{}", element.name),
                    Rule::UnknownElement,
                    format!("{} has no element {:?}; it has {here}.", shape.name, cut(&element.name)),
                );
                continue;
            };
            if place < last {
                let before = shape.fields[last].name;
                self.find(
                    &format!("{path}/{}", element.name),
                    Rule::Order,
                    format!("{} stands after {before}; the schema has it before.", element.name),
                );
            }
            last = last.max(place);
        }
        for field in shape.fields {
            self.field(node, shape, field, path);
        }
    }

    fn field(&mut self, node: &Element, shape: &Shape, field: &Field, path: &str) {
        let here = format!("{path}/{}", field.name);
        let listed = |list: fn(&Profile) -> &std::collections::BTreeSet<String>| {
            self.profile.is_some_and(|profile| list(profile).contains(&format!("{}.{}", shape.name, field.name)))
        };
        let (disabled, required) = (listed(|profile| &profile.disabled), listed(|profile| &profile.required));
        let count = node.all(field.name).count();
        if count == 0 {
            if matches!(field.need, Need::One | Need::Some) {
                self.find(&here, Rule::Missing, format!("{} has no {}; the schema asks for it.", shape.name, field.name));
            } else if required {
                self.find(&here, Rule::Required, format!("{} has no {}; {} asks for it.", shape.name, field.name, self.unit()));
            }
            return;
        }
        if disabled {
            self.find(&here, Rule::Disabled, format!("{} has {}, which {} does not take.", shape.name, field.name, self.unit()));
        }
        let many = matches!(field.need, Need::Some | Need::Any);
        if count > 1 && !many {
            self.find(&here, Rule::Repeated, format!("{} stands {count} times; expected once.", field.name));
        }
        for (number, element) in (1..).zip(node.all(field.name)) {
            let here = if many { format!("{here}[{number}]") } else { here.clone() };
            match field.form {
                Form::Node(inner) => self.node(element, inner, &here),
                form => self.leaf(node, element, form, &here),
            }
        }
    }

    fn unit(&self) -> &str {
        self.profile.map_or("the unit", |profile| &profile.unit)
    }

    /// Elements have no attributes; the root may say which schema it is of.
    fn attributes(&mut self, element: &Element, path: &str) {
        for name in &element.attributes {
            let of_schema = path == REPORT.name && (name == "xmlns:xsi" || name.starts_with("xsi:"));
            if !of_schema {
                self.find(path, Rule::UnknownAttribute, format!("The attribute {:?} stands where goAML has none.", cut(name)));
            }
        }
    }

    fn leaf(&mut self, node: &Element, element: &Element, form: Form, path: &str) {
        self.attributes(element, path);
        for inner in &element.elements {
            self.find(
                &format!("{path}/{}", inner.name),
                Rule::UnknownElement,
                format!("{} holds a text, not the element {:?}.", element.name, cut(&inner.name)),
            );
        }
        let text = element.text.as_str();
        if let Some(c) = text.chars().find(|c| !is_of_xml(*c)) {
            self.find(path, Rule::Character, format!("XML has no character U+{:04X}.", u32::from(c)));
        }
        if text.trim().is_empty() {
            self.find(path, Rule::Empty, format!("{} says nothing; leave it out or fill it in.", element.name));
            return;
        }
        let foreign = || node.text_of("foreign_currency_code").and_then(|code| code.parse().ok());
        let wrong = match form {
            Form::Text(most) => length(text, most),
            Form::Code(list) => self.code(text, list),
            Form::Submission => one_of(text, &["E", "M"]),
            Form::Gender => one_of(text, &["M", "F"]),
            Form::Flag => one_of(text, &["true", "false"]).map(|(_, sentence)| (Rule::Flag, sentence)),
            Form::Number => number(text),
            Form::Past | Form::PastDay | Form::Day => self.moment(text, form),
            Form::Currency => text.parse::<Currency>().err().map(|error| (Rule::Currency, format!("{error}."))),
            Form::Country => (!country::is_country(text))
                .then(|| (Rule::Country, format!("{:?} is no country; expected two letters of ISO 3166-1 such as SN.", cut(text)))),
            Form::Local => amount(text, self.local),
            Form::Foreign => amount(text, foreign()),
            Form::Rate => rate(text),
            Form::Node(_) => None,
        };
        if let Some((rule, sentence)) = wrong {
            self.find(path, rule, sentence);
        }
    }

    fn code(&self, text: &str, list: List) -> Option<(Rule, String)> {
        if !is_code(text) {
            return Some((Rule::Code, format!("{:?} is no code; expected 1 to 50 letters, digits and _ - . /.", cut(text))));
        }
        let codes = self.profile.and_then(|profile| profile.codes.get(&list))?;
        let rule = if list == List::Indicator { Rule::Indicator } else { Rule::UnknownCode };
        let known = || codes.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        (!codes.contains(text)).then(|| (rule, format!("{} doesn't know the code {text:?}; it knows {}.", self.unit(), known())))
    }

    fn moment(&self, text: &str, form: Form) -> Option<(Rule, String)> {
        let Some(moment) = Moment::read(text) else {
            let sentence = format!("{:?} is no date; expected one since 1900 with its time, such as 2026-11-29T09:30:00.", cut(text));
            return Some((Rule::Date, sentence));
        };
        if !matches!(form, Form::Past) && !moment.is_midnight() {
            return Some((Rule::Date, format!("{text:?} is a day; its time has to be 00:00:00.")));
        }
        let submitted = self.submitted.filter(|submitted| !matches!(form, Form::Day) && *submitted < moment)?;
        Some((Rule::DateAfterSubmission, format!("{text} is after the submission, {submitted}.")))
    }
}

fn length(text: &str, most: usize) -> Option<(Rule, String)> {
    let found = text.chars().count();
    (found > most).then(|| (Rule::Length, format!("It has {found} characters; expected at most {most}.")))
}

fn one_of(text: &str, words: &[&str]) -> Option<(Rule, String)> {
    (!words.contains(&text)).then(|| (Rule::UnknownCode, format!("{:?} is none of {}.", cut(text), words.join(", "))))
}

fn number(text: &str) -> Option<(Rule, String)> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    let fits = plain && text.parse::<i32>().is_ok();
    (!fits).then(|| (Rule::Number, format!("{:?} is no number; expected a whole one from 1 to {}.", cut(text), i32::MAX)))
}

/// Of a currency that isn't known only the form is checked: that it isn't known is found elsewhere.
fn amount(text: &str, currency: Option<Currency>) -> Option<(Rule, String)> {
    let value = decimal(text);
    let Some(currency) = currency else {
        return value.is_none().then(|| (Rule::Amount, format!("{:?} is no amount; expected a decimal such as 12500.", cut(text))));
    };
    let places = usize::try_from(currency.exponent()).expect("a u32 fits a usize");
    if value.is_none() || decimals(text) > places || Money::parse(text, currency).is_err() {
        return Some((
            Rule::Amount,
            format!("{:?} is no amount of {currency}; expected a decimal with at most {places} decimals.", cut(text)),
        ));
    }
    value
        .is_some_and(|value| value.is_zero())
        .then(|| (Rule::Positive, format!("{text} {currency} is nothing; expected an amount above zero.")))
}

fn rate(text: &str) -> Option<(Rule, String)> {
    match decimal(text) {
        None => Some((Rule::Amount, format!("{:?} is no rate; expected a decimal such as 655.957.", cut(text)))),
        Some(rate) => rate.is_zero().then(|| (Rule::Positive, "The rate is zero; expected one above it.".to_owned())),
    }
}

/// What is shown of a text in a sentence.
fn cut(text: &str) -> String {
    text.chars().take(64).collect()
}
