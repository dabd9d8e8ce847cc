//! What sets gates and what they are told, drawn from bytes: near what can be, and now and then what can't.

use super::drawn::{Known, account, customer, hold, id, likely, some, text, word};
use arbitrary::{Result, Unstructured};
use schemas::aml::{Lane, Setting};
use schemas::gate::{CountryList, ListName};
use schemas::list::{EntryKind, ListedName, NameStrength, digest};
use schemas::{
    ActivateList, AmlSetting, ClearMatch, Context, DecideReview, Freeze, GatePolicy, HoldId, ListCommand, ListEntry, ListKind, ListPart,
    Operation, Party, PartyChange, ReviewDecision, RuleId, Signal,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(crate) fn operation(u: &mut Unstructured<'_>, known: &Known) -> Result<Operation> {
    Ok(match u.int_in_range(0..=8)? {
        0..=2 => Operation::SetAml(AmlSetting::Rule(rule(u)?)),
        3 => Operation::SetAml(AmlSetting::Policy(GatePolicy {
            review_score: u.int_in_range(0..=50)?,
            refuse_score: u.int_in_range(0..=100)?,
            review_expires_ms: if likely(u)? { 60_000 } else { u.arbitrary()? },
        })),
        4 => {
            let mut countries = BTreeSet::new();
            for _ in 0..u.int_in_range(0..=3)? {
                countries.insert(country(u)?);
            }
            Operation::SetAml(AmlSetting::Countries(CountryList { list: ListName::HighRisk, countries }))
        }
        5 => Operation::Freeze(Freeze { party: party(u, known)?, frozen: u.arbitrary()?, reason: text(u)? }),
        6 => Operation::ReportSignal(Signal { party: party(u, known)?, device: some(u, device)?, signal: word(u, PartyChange::ALL)? }),
        7 => list(u, known)?,
        _ => {
            let hold = hold(u, known)?.map(|hold| hold.id.0);
            let hold_id = HoldId(id(u, hold)?);
            Operation::DecideReview(DecideReview { hold_id, decision: word(u, ReviewDecision::ALL)?, reason: text(u)? })
        }
    })
}

/// A part of one or two entries, an activation of what may have been loaded, or a clearing.
fn list(u: &mut Unstructured<'_>, known: &Known) -> Result<Operation> {
    let list = ["un", "ofac", "UN"][u.choose_index(3)?].to_owned();
    let (version, number) = (u.int_in_range(0..=3)?, u.int_in_range(0..=2)?);
    let entry = |id: u32| ListEntry {
        id: format!("{id}"),
        kind: EntryKind::Person,
        names: vec![ListedName { name: "Konyema Josef".to_owned(), strength: NameStrength::Primary }],
        born: Vec::new(),
        countries: Vec::new(),
        reference: String::new(),
    };
    let entries: Vec<_> = (number * 2..number * 2 + u.int_in_range(0..=2)?).map(entry).collect();
    Ok(Operation::List(match u.int_in_range(0..=2)? {
        0 => ListCommand::Part(ListPart { list, version, number, entries }),
        1 => {
            let (digest, count) = (digest(&[0; 32], &entries), u32::try_from(entries.len()).unwrap_or_default());
            let (kind, force) = (ListKind::Pep, u.arbitrary()?);
            ListCommand::Activate(ActivateList { list, kind, version, parts: number, count, digest, force })
        }
        _ => {
            let customer_id = customer(u, known)?;
            ListCommand::Clear(ClearMatch { customer_id, counterparty: None, list, entry: "1".to_owned(), reason: text(u)? })
        }
    }))
}

/// Where a payment comes from: mostly nowhere.
pub(crate) fn context(u: &mut Unstructured<'_>) -> Result<Option<Arc<Context>>> {
    if !u.ratio(1, 3)? {
        return Ok(None);
    }
    let place: Option<(i32, i32)> = u.arbitrary()?;
    Ok(Some(Arc::new(Context {
        device: some(u, device)?,
        ip: some(u, |u| Ok(["10.0.0.1", "2001:db8::1", "nowhere"][u.choose_index(3)?].to_owned()))?,
        country: some(u, country)?,
        latitude_e6: place.map(|(latitude, _)| latitude % 90_000_001),
        longitude_e6: place.map(|(_, longitude)| longitude % 180_000_001),
        card_token: some(u, |u| Ok(["tok1", "4111111111111111"][u.choose_index(2)?].to_owned()))?,
        msisdn: some(u, |_| Ok("+221771234567".to_owned()))?,
        counterparty_name: some(u, |u| Ok(["Konyema Josef", "", "a\nb"][u.choose_index(3)?].to_owned()))?,
    })))
}

fn rule(u: &mut Unstructured<'_>) -> Result<Setting> {
    let rule = word(u, RuleId::ALL)?;
    let mut parameters = BTreeMap::new();
    for parameter in rule.parameters() {
        if u.ratio(1, 3)? {
            let value = if likely(u)? { parameter.min } else { u.int_in_range(0..=100)? };
            parameters.insert(parameter.name.to_owned(), value);
        }
    }
    if u.ratio(1, 32)? {
        parameters.insert(text(u)?, u.arbitrary()?);
    }
    Ok(Setting { rule, lane: word(u, Lane::ALL)?, enabled: likely(u)?, weight: u.int_in_range(0..=60)?, parameters })
}

fn party(u: &mut Unstructured<'_>, known: &Known) -> Result<Party> {
    Ok(if u.arbitrary()? { Party::Customer(customer(u, known)?) } else { Party::Account(account(u, known)?) })
}

fn device(u: &mut Unstructured<'_>) -> Result<String> {
    Ok(format!("d{}", u.int_in_range(0..=2)?))
}

fn country(u: &mut Unstructured<'_>) -> Result<String> {
    Ok(["KP", "IR", "SN", "x"][u.choose_index(4)?].to_owned())
}
