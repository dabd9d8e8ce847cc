//! Parts of watchlists, versions that come into force, and matches that are cleared.

use super::gate::reason;
use super::text::{self, parse};
use crate::http::fields::Fields;
use schemas::hex::unhex;
use schemas::list::{ListedName, PART_ENTRIES_MAX, PARTS_MAX, is_entry_id, is_list_name};
use schemas::{ActivateList, ClearMatch, CustomerId, ListCommand, ListEntry, ListKind, ListPart};

/// Most names of an entry; its bytes have a bound too.
const NAMES_MAX: usize = 1_000;
/// Most dates of birth, and most countries.
const FACTS_MAX: usize = 50;

/// What is asked of lists. What a path names is none where it can't be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::http) enum Listed {
    /// Load a part.
    Part(Option<String>),
    /// Put a version in force.
    Version(Option<String>),
    /// Clear a match.
    Clear {
        /// Of whom.
        customer: Option<CustomerId>,
        /// On which list.
        list: Option<String>,
        /// Which entry.
        entry: Option<String>,
    },
}

/// The name of a list, if it is one.
pub(in crate::http) fn name(text: String) -> Option<String> {
    Some(text).filter(|text| is_list_name(text))
}

/// The id of an entry, if it is one.
pub(in crate::http) fn entry_id(text: String) -> Option<String> {
    Some(text).filter(|text| is_entry_id(text))
}

const NAME: &str = "1 to 32 small letters, digits and dashes";
const ENTRY_ID: &str = "1 to 128 bytes, none of them a control";

pub(super) fn read(asked: Listed, fields: &mut Fields) -> Option<ListCommand> {
    Some(match asked {
        Listed::Part(list) => ListCommand::Part(part(list, fields)?),
        Listed::Version(list) => ListCommand::Activate(version(list, fields)?),
        Listed::Clear { customer, list, entry } => {
            let (customer, list) = (fields.path("customer", customer, text::UUID), fields.path("list", list, NAME));
            let entry = fields.path("entry", entry, ENTRY_ID);
            let reason = fields.required("reason", reason);
            let counterparty = fields.optional("counterparty", parse);
            ListCommand::Clear(ClearMatch { customer_id: customer?, counterparty, list: list?, entry: entry?, reason: reason? })
        }
    })
}

fn part(list: Option<String>, fields: &mut Fields) -> Option<ListPart> {
    let list = fields.path("list", list, NAME);
    let version = fields.number("version", positive);
    let number = fields.number("number", |number| within(number, PARTS_MAX - 1));
    let entries = fields.list("entries", PART_ENTRIES_MAX, |fields, _| entry(fields));
    Some(ListPart { list: list?, version: version?, number: number?, entries: entries? })
}

fn entry(fields: &mut Fields) -> Option<ListEntry> {
    let id = fields.required("id", |text| entry_id(text.to_owned()).ok_or_else(|| format!("expected {ENTRY_ID}")));
    let kind = fields.required("kind", parse);
    let names = fields.list("names", NAMES_MAX, |fields, _| {
        let name = fields.required("name", |text| Ok(text.to_owned()));
        let strength = fields.required("strength", parse);
        Some(ListedName { name: name?, strength: strength? })
    });
    let (born, countries) = (texts("born", fields), texts("countries", fields));
    let reference = fields.optional("reference", |text| Ok(text.to_owned())).unwrap_or_default();
    let entry = ListEntry { id: id?, kind: kind?, names: names?, born: born?, countries: countries?, reference };
    match entry.check() {
        Ok(()) => Some(entry),
        Err(unreadable) => fields.wrong_itself(&unreadable.to_string()),
    }
}

/// Texts that may be absent, or null.
fn texts(name: &'static str, fields: &mut Fields) -> Option<Vec<String>> {
    if fields.says(name) {
        return fields.texts(name, FACTS_MAX, |text| Ok(text.to_owned()));
    }
    fields.optional::<()>(name, |_| Ok(()));
    Some(Vec::new())
}

fn version(list: Option<String>, fields: &mut Fields) -> Option<ActivateList> {
    let list = fields.path("list", list, NAME);
    let kind = fields.optional("kind", parse);
    let version = fields.number("version", positive);
    let parts = fields.number("parts", |parts| within(parts, PARTS_MAX));
    let count = fields.number("count", |count| within(count, u32::MAX));
    let digest = fields.required("digest", |text| unhex(text).ok_or_else(|| "expected 64 digits of hexadecimal, in lower case".to_owned()));
    let force = fields.optional_flag("force").unwrap_or_default();
    let (parts, count) = (parts?, count?);
    if (parts == 0) != (count == 0) {
        return fields.wrong("count", "expected entries where there are parts, and none where there are none");
    }
    let kind = kind.unwrap_or(ListKind::Sanctions);
    Some(ActivateList { list: list?, kind, version: version?, parts, count, digest: digest?, force })
}

fn positive(number: u64) -> Result<u32, String> {
    within(number, u32::MAX).and_then(|number| if number > 0 { Ok(number) } else { Err("expected 1 or more".to_owned()) })
}

fn within(number: u64, most: u32) -> Result<u32, String> {
    u32::try_from(number).ok().filter(|number| *number <= most).ok_or_else(|| format!("expected at most {most}"))
}
