//! What a list may say, and what it comes to.

use super::*;

fn entry(id: &str) -> ListEntry {
    ListEntry {
        id: id.to_owned(),
        kind: EntryKind::Person,
        names: vec![ListedName { name: "Konyema Josef".to_owned(), strength: NameStrength::Primary }],
        born: vec!["1971-03-25".to_owned(), "1970 to 1972".to_owned()],
        countries: vec!["sn".to_owned()],
        reference: String::new(),
    }
}

fn part(entries: Vec<ListEntry>) -> ListCommand {
    ListCommand::Part(ListPart { list: "un".to_owned(), version: 1, number: 0, entries })
}

#[test]
fn what_has_no_form_is_refused() {
    let activate =
        ActivateList { list: "un".to_owned(), kind: ListKind::Sanctions, version: 1, parts: 1, count: 1, digest: [0; 32], force: false };
    let of = |list: &str| ListCommand::Activate(ActivateList { list: list.to_owned(), ..activate.clone() });
    let with = |change: fn(&mut ListEntry)| {
        let mut entry = entry("1");
        change(&mut entry);
        part(vec![entry])
    };
    for (good, command) in [
        (true, part(vec![entry("1"), entry("2")])),
        (false, part(vec![entry("2"), entry("1")])),
        (false, part(vec![entry("1"), entry("1")])),
        (false, part(vec![])),
        (false, part((0..=PART_ENTRIES_MAX).map(|number| entry(&format!("{number:05}"))).collect())),
        (false, with(|entry| entry.names.clear())),
        (false, with(|entry| entry.names[0].name.clear())),
        (false, with(|entry| entry.names[0].name = "a\u{0}b".to_owned())),
        (false, with(|entry| entry.names[0].name = "é".repeat(501))),
        (false, with(|entry| entry.names = vec![entry.names[0].clone(); 6_000])),
        (false, with(|entry| entry.born = vec!["1971-3-25".to_owned()])),
        (false, with(|entry| entry.born = vec!["long ago".to_owned()])),
        (false, with(|entry| entry.countries = vec!["SN".to_owned()])),
        (true, with(|entry| entry.names[0].name = "شیخ أحمد".to_owned())),
        (true, of("un-1267")),
        (false, of("UN")),
        (false, of("")),
        (false, of("u/n")),
        (false, ListCommand::Activate(ActivateList { version: 0, ..activate.clone() })),
        (false, ListCommand::Activate(ActivateList { count: 0, ..activate.clone() })),
        (true, ListCommand::Activate(ActivateList { parts: 0, count: 0, ..activate.clone() })),
    ] {
        assert_eq!(command.check().is_ok(), good, "{:.200}", format!("{command:?}"));
    }
}

#[test]
fn a_digest_is_of_every_text_and_of_the_order() {
    let start = [0; 32];
    let whole = digest(&digest(&start, &[entry("1")]), &[entry("2")]);
    assert_ne!(whole, digest(&digest(&start, &[entry("2")]), &[entry("1")]));
    for change in [
        |entry: &mut ListEntry| entry.kind = EntryKind::Other,
        |entry: &mut ListEntry| entry.names[0].strength = NameStrength::Weak,
        |entry: &mut ListEntry| entry.names[0].name.push('f'),
        |entry: &mut ListEntry| entry.countries.extend(entry.born.pop()),
        |entry: &mut ListEntry| entry.reference.push('x'),
    ] {
        let mut other = entry("1");
        change(&mut other);
        assert_ne!(digest(&start, &[other.clone()]), digest(&start, &[entry("1")]), "{other:?}");
        assert_ne!(pair_digest("A", [None; 2], &other), pair_digest("A", [None; 2], &entry("1")));
    }
}
