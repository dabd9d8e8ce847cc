//! The names that the list of the United Nations gives in their own script, against the Latin ones: the same entry's, or
//! another's.

use crate::chance::{Chance, Part};
use crate::data;
use crate::pairs::{Pair, told_apart};
use screening::list::{Entry, Kind, Strength};

fn pairs(part: Part, seed: u64) -> Option<Vec<Pair>> {
    let list = data::un()?;
    let mut chance = Chance::new(seed);
    let original = |entry: &Entry| entry.names.iter().find(|name| name.strength == Strength::Original).map(|name| name.name.clone());
    let of_part: Vec<_> = list.entries().iter().filter(|entry| entry.kind == Kind::Person && Part::of(&entry.id) == part).collect();
    let mut pairs = Vec::new();
    for entry in &of_part {
        let Some(original) = original(entry) else { continue };
        let other = chance.one(&of_part);
        pairs.push((original.clone(), entry.names[0].name.clone(), true));
        if other.id != entry.id {
            pairs.push((original, other.names[0].name.clone(), false));
        }
    }
    Some(pairs)
}

#[test]
fn names_in_their_own_script() {
    let Some(pairs) = pairs(Part::Tuned, 2) else { return };
    told_apart("scripts", &pairs, Part::Tuned);
}

#[test]
fn held_out_names_in_their_own_script() {
    let Some(pairs) = pairs(Part::HeldOut, 20_261_129) else { return };
    let f1 = told_apart("scripts", &pairs, Part::HeldOut);
    assert!(f1 >= 8_000, "F1 {f1}");
}
