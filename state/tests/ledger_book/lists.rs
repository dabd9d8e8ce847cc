//! Watchlists in the tables: what was loaded is remembered, so that a line need not say its digest.

use super::Words;
use schemas::list::{EntryKind, ListedName, NameStrength, digest};
use schemas::{ActivateList, ClearMatch, CustomerId, ListCommand, ListEntry, ListKind, ListPart};
use std::collections::BTreeMap;

/// By list: the digest and the count of the parts asked for since the last part 0.
pub(super) type Loaded = BTreeMap<String, ([u8; 32], u32)>;

/// `part LIST VERSION NUMBER ID …`, `put LIST VERSION PARTS [count NUMBER] [other] [force]`, behind the word.
pub(super) fn command(word: &str, words: &mut Words<'_>, loaded: &mut Loaded) -> ListCommand {
    let (list, version, number) = (words.next().to_owned(), words.read(), words.read());
    if word == "part" {
        let mut entries = Vec::new();
        while let Some(id) = words.next_if(|word| word.starts_with('e')) {
            entries.push(entry(id));
        }
        let (before, count) = if number == 0 { ([0; 32], 0) } else { loaded.get(&list).copied().unwrap_or_default() };
        let count = count + u32::try_from(entries.len()).expect("a few");
        loaded.insert(list.clone(), (digest(&before, &entries), count));
        return ListCommand::Part(ListPart { list, version, number, entries });
    }
    let (mut digest, mut count) = if number == 0 { ([0; 32], 0) } else { loaded.get(&list).copied().unwrap_or_default() };
    if let Some(other) = words.after("count") {
        count = other.parse().expect("a count");
    }
    if words.flag("other") {
        digest[0] ^= 1;
    }
    let kind = ListKind::Sanctions;
    ListCommand::Activate(ActivateList { list, kind, version, parts: number, count, digest, force: words.flag("force") })
}

/// `clear CUSTOMER LIST ENTRY`, behind the customer.
pub(super) fn clear(customer_id: CustomerId, words: &mut Words<'_>) -> ListCommand {
    let (list, entry) = (words.next().to_owned(), words.next().to_owned());
    ListCommand::Clear(ClearMatch { customer_id, counterparty: None, list, entry, reason: "another date of birth".to_owned() })
}

fn entry(id: &str) -> ListEntry {
    ListEntry {
        id: id.to_owned(),
        kind: EntryKind::Person,
        names: vec![ListedName { name: format!("Person {id}"), strength: NameStrength::Primary }],
        born: Vec::new(),
        countries: Vec::new(),
        reference: String::new(),
    }
}
