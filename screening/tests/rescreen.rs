//! A new version of a list: screening only the customers who share a key with what is different gives the hits that
//! screening everybody gives.

#![allow(clippy::unwrap_used, reason = "a test that unwraps says what it expected by failing")]

use proptest::prelude::*;
use screening::delta::{Screened, delta, touched_keys};
use screening::index::Index;
use screening::list::{Alias, Entry, List, Strength};
use screening::qualify::Facts;
use screening::rarity::Rarity;

const PARTS: [&str; 24] = [
    "Mohamed",
    "Muhammad",
    "Ali",
    "Traoré",
    "Traore",
    "Abd al-Rahman",
    "Abdurrahman",
    "Konyema",
    "Konyemba",
    "Zarbatu",
    "Zar Batu",
    "Joseph",
    "Yusuf",
    "N'Guessan",
    "Nguessan",
    "Ouattara",
    "Watara",
    "J.",
    "SARL",
    "Trading",
    "7",
    "Cheikh",
    "Bank",
    "Владимир",
];

fn name() -> impl Strategy<Value = String> {
    proptest::collection::vec(0..PARTS.len(), 1..4)
        .prop_map(|parts| parts.into_iter().map(|part| PARTS[part]).collect::<Vec<_>>().join(" "))
}

fn list(names: &[(usize, Vec<String>)]) -> List {
    let entries: std::collections::BTreeMap<_, _> = names.iter().cloned().collect();
    let entry = |(id, names): (usize, Vec<String>)| Entry {
        id: id.to_string(),
        names: names.into_iter().map(|name| Alias { name, strength: Strength::Alias }).collect(),
        ..Entry::default()
    };
    List::new(entries.into_iter().map(entry).collect()).unwrap()
}

fn entries() -> impl Strategy<Value = Vec<(usize, Vec<String>)>> {
    proptest::collection::vec((0..40_usize, proptest::collection::vec(name(), 1..3)), 1..60)
}

/// Hits as they can be kept: entry, name, score.
fn hits(index: &Index, name: &str) -> Vec<(String, String, u32)> {
    let hits = index.screen(name, &Facts::default(), 6_000);
    hits.into_iter().map(|hit| (hit.entry.id.clone(), hit.matched.to_owned(), hit.score)).collect()
}

proptest! {
    #[test]
    fn only_those_who_share_a_key_need_to_be_screened_again(old in entries(), changes in entries(), customers in proptest::collection::vec(name(), 1..20)) {
        let old_list = list(&old);
        // Some of the old entries stay, some are replaced, some come.
        let kept = old.iter().filter(|(id, _)| id % 3 != 0);
        let new_list = list(&kept.chain(changes.iter().filter(|(id, _)| id % 2 == 0)).cloned().chain([(99, vec!["Somebody".to_owned()])]).collect::<Vec<_>>());
        let rarity = Rarity::of(&old_list);
        let touched = delta(&old_list, &new_list).keys();
        let (before, after) = (Index::new(old_list, rarity.clone()), Index::new(new_list, rarity));
        let names: Vec<_> = customers.iter().map(String::as_str).collect();
        let mut kept: Vec<_> = names.iter().map(|name| hits(&before, name)).collect();
        for customer in Screened::of(&names).touched(&touched) {
            kept[customer] = hits(&after, names[customer]);
        }
        prop_assert_eq!(kept, names.iter().map(|name| hits(&after, name)).collect::<Vec<_>>(), "of {:?}", names);
    }
}

proptest! {
    /// The same where the words of each version are counted anew, and few entries have many words in common.
    #[test]
    fn whom_other_counts_touch_is_screened_again(old in entries(), changes in entries(), customers in proptest::collection::vec(name(), 1..20)) {
        let old_list = list(&old);
        let kept = old.iter().filter(|(id, _)| id % 3 != 0);
        let new_list = list(&kept.chain(&changes).cloned().chain([(99, vec!["Somebody".to_owned()])]).collect::<Vec<_>>());
        let (old_rarity, new_rarity) = (Rarity::of(&old_list), Rarity::of(&new_list));
        let (before, after) = (Index::new(old_list, old_rarity), Index::new(new_list, new_rarity));
        let names: Vec<_> = customers.iter().map(String::as_str).collect();
        let mut kept: Vec<_> = names.iter().map(|name| hits(&before, name)).collect();
        for customer in Screened::of(&names).touched(&touched_keys(&before, &after)) {
            kept[customer] = hits(&after, names[customer]);
        }
        prop_assert_eq!(kept, names.iter().map(|name| hits(&after, name)).collect::<Vec<_>>(), "of {:?}", names);
    }
}

#[test]
fn a_delta_says_what_came_went_and_changed_and_whom_it_touches() {
    let old = list(&[(1, vec!["Serge Fotso".to_owned()]), (2, vec!["Yusuf Zarbatu".to_owned()]), (3, vec!["Ali".to_owned()])]);
    let new = list(&[(1, vec!["Serge Fotso".to_owned()]), (2, vec!["Yusuf Zarbatou".to_owned()]), (4, vec!["Awa Sow".to_owned()])]);
    let change = delta(&old, &new);
    let ids = |entries: &[&Entry]| entries.iter().map(|entry| entry.id.clone()).collect::<Vec<_>>();
    assert_eq!((ids(&change.came), ids(&change.went)), (vec!["4".to_owned()], vec!["3".to_owned()]));
    assert_eq!(change.changed.iter().map(|(old, new)| (old.id.as_str(), new.id.as_str())).collect::<Vec<_>>(), [("2", "2")]);
    let screened = Screened::of(&["Awa Sow", "Serge Fotso", "Zarbatu Joseph", "Aly", "..."]);
    assert_eq!(screened.touched(&change.keys()), [0, 2, 3], "who did not change touches nobody");
    assert_eq!(delta(&new, &new).keys(), Vec::<u64>::new());
}

#[test]
fn a_list_that_shrinks_says_so() {
    let names = |many: usize| list(&(0..many).map(|id| (id, vec![format!("Zarbatu {id}")])).collect::<Vec<_>>());
    let (old, new) = (names(100), names(89));
    let shrunk = delta(&old, &new).shrunk(90).unwrap();
    assert_eq!((shrunk.before, shrunk.after), (100, 89));
    assert_eq!(shrunk.to_string(), "it has 89 entries where the version before had 100, less than 90 %; see that the file is whole");
    assert!(delta(&old, &new).shrunk(89).is_none() && delta(&new, &old).shrunk(100).is_none());
}
