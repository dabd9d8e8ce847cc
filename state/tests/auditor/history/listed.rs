//! What histories ask of watchlists: parts that follow or don't, activations of what was loaded and of what was not, clearings.

use super::What;
use proptest::prelude::*;
use schemas::list::{EntryKind, ListedName, NameStrength};
use schemas::{ListEntry, ListKind};

/// Asked of a list, whose state is known when it is asked.
#[derive(Clone, Debug)]
pub(crate) enum Listed {
    /// So many entries behind those that were loaded, as the next part or as another one, of the version that follows or of another.
    Part {
        list: u8,
        ahead: u32,
        skips: u32,
        count: u8,
        behind: bool,
    },
    /// What was loaded, or with something wrong.
    Activate {
        list: u8,
        wrong: Wrong,
        force: bool,
    },
    /// Nothing, so that the list ends.
    End {
        list: u8,
        force: bool,
    },
    Clear {
        customer: u8,
        list: u8,
    },
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Wrong {
    Nothing,
    Count,
    Digest,
    Version,
}

pub(crate) fn name(list: u8) -> String {
    format!("list-{list}")
}

pub(crate) fn entry(number: u32) -> ListEntry {
    ListEntry {
        id: format!("{number:06}"),
        kind: EntryKind::Person,
        names: vec![ListedName { name: format!("Person {number}"), strength: NameStrength::Primary }],
        born: Vec::new(),
        countries: Vec::new(),
        reference: String::new(),
    }
}

pub(crate) const KIND: ListKind = ListKind::Sanctions;

fn part(list: u8, count: u8) -> What {
    What::List(Listed::Part { list, ahead: 1, skips: 0, count, behind: true })
}

fn more(list: u8, count: u8) -> What {
    What::List(Listed::Part { list, ahead: 0, skips: 0, count, behind: true })
}

const fn activate(list: u8, force: bool) -> What {
    What::List(Listed::Activate { list, wrong: Wrong::Nothing, force })
}

pub(crate) fn asked() -> BoxedStrategy<What> {
    let wrong = prop_oneof![6 => Just(Wrong::Nothing), 1 => Just(Wrong::Count), 1 => Just(Wrong::Digest), 1 => Just(Wrong::Version)];
    let of_part = (0..3u8, 0..3u32, prop_oneof![5 => Just(0u32), 1 => 1..3u32], 1..5u8, prop::bool::weighted(0.9));
    prop_oneof![
        6 => of_part.prop_map(|(list, ahead, skips, count, behind)| Listed::Part { list, ahead, skips, count, behind }),
        4 => (0..3u8, wrong, prop::bool::weighted(0.2)).prop_map(|(list, wrong, force)| Listed::Activate { list, wrong, force }),
        1 => (0..3u8, any::<bool>()).prop_map(|(list, force)| Listed::End { list, force }),
        2 => (any::<u8>(), 0..4u8).prop_map(|(customer, list)| Listed::Clear { customer, list }),
    ]
    .prop_map(What::List)
    .boxed()
}

/// The same operation twice or more.
pub(crate) fn alike() -> BoxedStrategy<Vec<What>> {
    let clear = |list| What::List(Listed::Clear { customer: 0, list });
    prop_oneof![
        2 => Just(vec![part(0, 2), part(1, 3), part(0, 2)]),
        2 => Just(vec![activate(0, false), activate(1, true), activate(0, false)]),
        2 => Just(vec![clear(0), clear(1), clear(0)]),
    ]
    .boxed()
}

/// A list that is loaded, comes into force, and shrinks; or as many as there may be, and one more.
pub(crate) fn scene() -> BoxedStrategy<Vec<What>> {
    prop_oneof![
        4 => (0..3u8, 2..12u8, 1..12u8, any::<bool>()).prop_map(|(list, before, after, force)| {
            let clear = What::List(Listed::Clear { customer: list, list });
            let half = What::List(Listed::Activate { list, wrong: Wrong::Count, force: true });
            vec![part(list, before), more(list, 1), half, activate(list, true), clear, part(list, after), activate(list, force)]
        }),
        1 => Just((0..17u8).map(|list| part(list, 1)).chain((3..17u8).map(|list| What::List(Listed::End { list, force: true }))).collect()),
    ]
    .boxed()
}
