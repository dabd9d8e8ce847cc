//! Every element of a report spoilt in every way that its form can be, one at a time: the check finds it, by its rule, at its place.

use super::made::{full, reports};
use super::senegal;
use crate::finding::Rule;
use crate::shape::{Field, Form, List, Need, REPORT, Shape};
use crate::xml::{Element, print};
use crate::{check, validate_xml, write};
use proptest::prelude::*;

/// Which element: the place within each that it is in, from the root.
type Place = Vec<usize>;

/// How one element is spoilt, what has to be found, and where.
struct Mutant {
    place: Place,
    spoil: Box<dyn Fn(&mut Element)>,
    rule: Rule,
    path: String,
}

impl Mutant {
    fn new(place: &[usize], rule: Rule, path: String, spoil: impl Fn(&mut Element) + 'static) -> Self {
        Self { place: place.to_vec(), spoil: Box::new(spoil), rule, path }
    }

    /// The report with it.
    fn of(&self, root: &Element) -> Element {
        let mut spoilt = root.clone();
        (self.spoil)(self.place.iter().fold(&mut spoilt, |element, index| &mut element.elements[*index]));
        spoilt
    }
}

/// All that can be spoilt, at every element.
fn mutants(root: &Element) -> Vec<Mutant> {
    let mut all = Vec::new();
    visit(root, &REPORT, &mut Vec::new(), "report", &mut all);
    all
}

fn visit(node: &Element, shape: &'static Shape, place: &mut Place, path: &str, all: &mut Vec<Mutant>) {
    let spoilt = |rule, path: String, how: fn(&mut Element)| Mutant::new(place, rule, path, how);
    all.push(spoilt(Rule::UnknownElement, format!("{path}/colour"), |node| node.elements.push(Element::text("colour", "red"))));
    all.push(spoilt(Rule::UnknownAttribute, path.to_owned(), |node| node.attributes.push("colour".to_owned())));
    all.push(spoilt(Rule::StrayText, path.to_owned(), |node| node.text.push_str("red")));
    for (index, element) in node.elements.iter().enumerate() {
        let field = shape.fields.iter().find(|field| field.name == element.name).unwrap();
        let number = node.elements[..=index].iter().filter(|other| other.name == element.name).count();
        let bare = format!("{path}/{}", field.name);
        let many = matches!(field.need, Need::Some | Need::Any);
        let here = if many { format!("{bare}[{number}]") } else { bare.clone() };
        let renamed = move |node: &mut Element| node.elements[index].name = "colour".to_owned();
        all.push(Mutant::new(place, Rule::UnknownElement, format!("{path}/colour"), renamed));
        if matches!(field.need, Need::One | Need::Some) && node.all(&element.name).count() == 1 {
            let removed = move |node: &mut Element| drop(node.elements.remove(index));
            all.push(Mutant::new(place, Rule::Missing, bare.clone(), removed));
        }
        if !many {
            let doubled = move |node: &mut Element| node.elements.insert(index, node.elements[index].clone());
            all.push(Mutant::new(place, Rule::Repeated, bare.clone(), doubled));
        }
        if index > 0 && node.elements[index - 1].name != element.name {
            let before = format!("{path}/{}", node.elements[index - 1].name);
            all.push(Mutant::new(place, Rule::Order, before, move |node| node.elements.swap(index - 1, index)));
        }
        place.push(index);
        match field.form {
            Form::Node(inner) => visit(element, inner, place, &here, all),
            _ => leaf(field, &here, place, all),
        }
        place.pop();
    }
}

/// Texts that the form doesn't have.
fn leaf(field: &Field, here: &str, place: &[usize], all: &mut Vec<Mutant>) {
    let long = "x".repeat(4_001);
    let texts: Vec<(Rule, &str)> = match field.form {
        Form::Text(most) => vec![(Rule::Length, &long[..=most])],
        Form::Code(list) => {
            let unknown = if list == List::Indicator { Rule::Indicator } else { Rule::UnknownCode };
            let known = senegal().codes.contains_key(&list);
            let mut texts = vec![(Rule::Code, "a b"), (Rule::Code, &long[..51]), (Rule::Code, "é")];
            texts.extend(known.then_some((unknown, "ZZZ")));
            texts
        }
        Form::Submission | Form::Gender => vec![(Rule::UnknownCode, "e"), (Rule::UnknownCode, "EM")],
        Form::Flag => vec![(Rule::Flag, "1"), (Rule::Flag, "True")],
        Form::Number => ["0", "-1", "+1", "1.0", "01", "2147483648", "one", " 1"].map(|text| (Rule::Number, text)).to_vec(),
        Form::Past => vec![
            (Rule::Date, "2026-11-20"),
            (Rule::Date, "2026-02-30T00:00:00"),
            (Rule::Date, "2026-11-20T10:15:00Z"),
            (Rule::Date, "1899-12-31T00:00:00"),
        ],
        Form::PastDay | Form::Day => vec![(Rule::Date, "2020-01-15"), (Rule::Date, "2020-01-15T10:00:00"), (Rule::Date, "15/01/2020")],
        Form::Currency => ["FCFA", "xof", "XAU", "952"].map(|text| (Rule::Currency, text)).to_vec(),
        Form::Country => ["SEN", "sn", "XX", "221"].map(|text| (Rule::Country, text)).to_vec(),
        Form::Local => vec![
            (Rule::Amount, "12500.00"),
            (Rule::Amount, "12500.5"),
            (Rule::Amount, "12,500"),
            (Rule::Amount, "-1"),
            (Rule::Amount, "1e3"),
            (Rule::Amount, "9223372036854775808"),
            (Rule::Positive, "0"),
        ],
        Form::Foreign => vec![(Rule::Amount, "1.00000"), (Rule::Amount, "x"), (Rule::Positive, "0")],
        Form::Rate => vec![(Rule::Amount, "x"), (Rule::Amount, "-1"), (Rule::Positive, "0.0")],
        Form::Node(_) => unreachable!("it is no leaf"),
    };
    let mut texts = texts;
    texts.extend([(Rule::Empty, ""), (Rule::Empty, " \n"), (Rule::Character, "\u{1}")]);
    if matches!(field.form, Form::Past | Form::PastDay) && field.name != "submission_date" {
        texts.push((Rule::DateAfterSubmission, "2026-12-25T00:00:00"));
    }
    for (rule, text) in texts {
        let text = text.to_owned();
        all.push(Mutant::new(place, rule, here.to_owned(), move |leaf| leaf.text.clone_from(&text)));
    }
    let more = |leaf: &mut Element| leaf.elements.push(Element::text("colour", "red"));
    all.push(Mutant::new(place, Rule::UnknownElement, format!("{here}/colour"), more));
    all.push(Mutant::new(place, Rule::UnknownAttribute, here.to_owned(), |leaf| leaf.attributes.push("colour".to_owned())));
}

fn is_found(mutant: &Mutant, root: &Element) -> Result<(), String> {
    let spoilt = mutant.of(root);
    let findings = check(&spoilt, senegal());
    if findings.iter().any(|finding| finding.rule == mutant.rule && finding.path == mutant.path) {
        return Ok(());
    }
    Err(format!("{:?} at {} was not found, but {findings:#?}\n{}", mutant.rule, mutant.path, print(&spoilt)))
}

/// Every element that there is stands in the full report, so nothing is left out here.
#[test]
fn every_way_to_spoil_an_element_is_found_and_named() {
    let root = crate::write::element(&full());
    let all = mutants(&root);
    for mutant in &all {
        is_found(mutant, &root).unwrap();
    }
    println!("{} mutants", all.len());
    assert!(all.len() > 4_000, "{}", all.len());
    let mut seen = std::collections::BTreeSet::new();
    stands(&root, &REPORT, &mut seen);
    let mut missing = Vec::new();
    left_out(&REPORT, &seen, &mut Vec::new(), &mut missing);
    assert_eq!(missing, Vec::<String>::new(), "the full report has not everything");
}

/// What stands in a report, as `type.element`.
fn stands(node: &Element, shape: &'static Shape, seen: &mut std::collections::BTreeSet<String>) {
    for element in &node.elements {
        let field = shape.fields.iter().find(|field| field.name == element.name).unwrap();
        seen.insert(format!("{}.{}", shape.name, field.name));
        if let Form::Node(inner) = field.form {
            stands(element, inner, seen);
        }
    }
}

fn left_out(shape: &'static Shape, seen: &std::collections::BTreeSet<String>, visited: &mut Vec<&'static str>, missing: &mut Vec<String>) {
    if visited.contains(&shape.name) {
        return;
    }
    visited.push(shape.name);
    for field in shape.fields {
        let name = format!("{}.{}", shape.name, field.name);
        if !seen.contains(&name) {
            missing.push(name);
        }
        if let Form::Node(inner) = field.form {
            left_out(inner, seen, visited, missing);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// The same of any report, through its bytes where bytes can say it.
    #[test]
    fn any_report_spoilt_is_found(report in reports(), which in prop::collection::vec(any::<prop::sample::Index>(), 40)) {
        let root = crate::write::element(&report);
        let all = mutants(&root);
        for index in which {
            let mutant = &all[index.index(all.len())];
            is_found(mutant, &root).map_err(TestCaseError::fail)?;
            let is_of_bytes = !matches!(mutant.rule, Rule::UnknownAttribute | Rule::StrayText | Rule::Character)
                && !mutant.path.ends_with("/colour");
            if is_of_bytes {
                let findings = validate_xml(print(&mutant.of(&root)).as_bytes(), senegal());
                prop_assert!(findings.iter().any(|finding| finding.rule == mutant.rule && finding.path == mutant.path), "{findings:?}");
            }
        }
        prop_assert!(validate_xml(&write(&report), senegal()).is_empty());
    }
}
