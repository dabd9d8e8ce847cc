//! Whether the records of an epoch are those that were signed. Pure.
//!
//! In: what is there, in its order, and the link with the leaves that it was made of. Out: the first record that was altered, is missing,
//! was added or stands elsewhere, as a sentence; none if there is none.

use schemas::EventId;
use schemas::audit::{Link, SETTLEMENT};
use schemas::merkle::{Hash, Tree};

/// A record that is there.
#[derive(Clone, Copy, Debug)]
pub struct Said {
    /// That of its event; none of a cell whose records come by topic and offset.
    pub id: Option<EventId>,
    /// By its bytes.
    pub leaf: Hash,
    /// In which of the partitions or files that are read.
    pub source: usize,
    /// At which offset or line of it.
    pub at: i64,
}

/// Whether leaves are those of a link.
pub fn are_of(leaves: &[Hash], link: &Link) -> bool {
    let tree = Tree::of(leaves);
    tree.leaves == link.events && tree.root() == Some(link.root)
}

/// The first difference. `leaves` are those of the link.
pub fn difference(said: &[Said], link: &Link, leaves: &[Hash], place: impl Fn(&Said) -> String) -> Option<String> {
    let (epoch, all) = (link.epoch, leaves.len());
    let named = |number: u32| match link.cell.as_str() {
        SETTLEMENT => format!("event {}", EventId::mint(epoch, number)),
        _ => "a record".to_owned(),
    };
    for (number, leaf) in (0u32..).zip(leaves) {
        let (at, due) = (usize::try_from(number).expect("a u32 fits a usize"), named(number));
        let Some(found) = said.get(at) else {
            return Some(format!("epoch {epoch}: {due}, number {number} of {all}, is missing at the end"));
        };
        if found.leaf == *leaf && found.id.is_none_or(|id| id == EventId::mint(epoch, number)) {
            continue;
        }
        // Where records have numbers those tell; elsewhere what was signed for another place does.
        let (comes, belongs_later) = match found.id {
            Some(id) => (said.iter().any(|said| said.id == Some(EventId::mint(epoch, number))), id != EventId::mint(epoch, number)),
            None => (said[at..].iter().any(|said| said.leaf == *leaf), leaves[at..].contains(&found.leaf)),
        };
        let place = place(found);
        return Some(match (belongs_later, comes) {
            (true, true) => format!("epoch {epoch}: {place} is reordered: it stands where {due}, number {number} of {all}, belongs"),
            (true, false) => format!("epoch {epoch}: {due}, number {number} of {all}, is missing before {place}"),
            (false, _) => format!("epoch {epoch}: {place}, number {number} of {all}, is altered: it is not the record that was signed"),
        });
    }
    let more = said.get(all)?;
    Some(format!("epoch {epoch}: {} is none of the {all} that were signed", place(more)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::audit::{NOTHING, RISK};

    #[test]
    fn the_first_record_that_is_not_as_it_was_signed_is_named() {
        for cell in [SETTLEMENT, RISK] {
            let leaves: Vec<Hash> = (0..4).map(|number| [number; 32]).collect();
            let link = Link::of(cell, 7, &leaves, NOTHING).unwrap();
            let id = |number| Some(EventId::mint(7, number)).filter(|_| cell == SETTLEMENT);
            let said = |number: u8| Said { id: id(number.into()), leaf: [number; 32], source: 0, at: i64::from(number) + 10 };
            let first = |change: &dyn Fn(&mut Vec<Said>)| {
                let mut changed = (0..4).map(said).collect();
                change(&mut changed);
                difference(&changed, &link, &leaves, |said| format!("offset {}", said.at)).unwrap_or_default()
            };
            let named = |number| id(number).map_or_else(|| "a record".to_owned(), |id| format!("event {id}"));
            assert!(are_of(&leaves, &link) && !are_of(&leaves[..3], &link) && !are_of(&[], &link));
            assert_eq!(first(&|_| {}), "");
            let altered = "epoch 7: offset 12, number 2 of 4, is altered: it is not the record that was signed";
            assert_eq!(first(&|said| said[2].leaf[0] ^= 0x80), altered);
            let missing = |number, place: &str| format!("epoch 7: {}, number {number} of 4, is missing {place}", named(number));
            assert_eq!(
                first(&|said| {
                    said.remove(1);
                }),
                missing(1, "before offset 12")
            );
            assert_eq!(first(&|said| said.truncate(3)), missing(3, "at the end"));
            assert_eq!(first(&|said| said.clear()), missing(0, "at the end"));
            let reordered = format!("epoch 7: offset 12 is reordered: it stands where {}, number 1 of 4, belongs", named(1));
            assert_eq!(first(&|said| said.swap(1, 2)), reordered);
            assert_eq!(first(&|changed| changed.push(said(4))), "epoch 7: offset 14 is none of the 4 that were signed");
        }
    }
}
