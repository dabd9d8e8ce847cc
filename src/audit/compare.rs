//! Whether the records of an epoch are those that were signed. Pure.
//!
//! In: what is there, in its order, and the link with the leaves that it was made of. Out: the first record that was altered, is missing,
//! was added or stands elsewhere, as a sentence; none if there is none.

use schemas::EventId;
use schemas::audit::Link;
use schemas::merkle::{Hash, Tree};

/// A record that is there.
#[derive(Clone, Copy, Debug)]
pub struct Said {
    /// The event's.
    pub id: EventId,
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
    let epoch = link.epoch;
    for (number, leaf) in (0u32..).zip(leaves) {
        let due = EventId::mint(epoch, number);
        let at = usize::try_from(number).expect("a u32 fits a usize");
        let Some(found) = said.get(at) else {
            return Some(format!("epoch {epoch}: event {due}, number {number} of {}, is missing at the end", leaves.len()));
        };
        if found.id != due {
            let place = place(found);
            return Some(match said.iter().any(|said| said.id == due) {
                true => format!("epoch {epoch}: {place}, event {}, is reordered: it stands where event {due} belongs", found.id),
                false => format!("epoch {epoch}: event {due}, number {number} of {}, is missing before {place}", leaves.len()),
            });
        }
        if found.leaf != *leaf {
            return Some(format!("epoch {epoch}: {}, event {due}, is altered: it is not the record that was signed", place(found)));
        }
    }
    let more = said.get(leaves.len())?;
    Some(format!("epoch {epoch}: {}, event {}, is none of the {} that were signed", place(more), more.id, leaves.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::audit::{NOTHING, SETTLEMENT};

    #[test]
    fn the_first_record_that_is_not_as_it_was_signed_is_named() {
        let leaves: Vec<Hash> = (0..4).map(|number| [number; 32]).collect();
        let link = Link::of(SETTLEMENT, 7, &leaves, NOTHING).unwrap();
        let said: Vec<Said> = (0..)
            .zip(&leaves)
            .map(|(number, leaf)| Said { id: EventId::mint(7, number), leaf: *leaf, source: 0, at: i64::from(number) + 10 })
            .collect();
        let first = |change: &dyn Fn(&mut Vec<Said>)| {
            let mut changed = said.clone();
            change(&mut changed);
            difference(&changed, &link, &leaves, |said| format!("offset {}", said.at)).unwrap_or_default()
        };
        let id = |number| EventId::mint(7, number);
        assert!(are_of(&leaves, &link) && !are_of(&leaves[..3], &link) && !are_of(&[], &link));
        assert_eq!(first(&|_| {}), "");
        assert_eq!(
            first(&|said| said[2].leaf[0] ^= 1),
            format!("epoch 7: offset 12, event {}, is altered: it is not the record that was signed", id(2))
        );
        assert_eq!(
            first(&|said| {
                said.remove(1);
            }),
            format!("epoch 7: event {}, number 1 of 4, is missing before offset 12", id(1))
        );
        assert_eq!(
            first(&|said| {
                said.pop();
            }),
            format!("epoch 7: event {}, number 3 of 4, is missing at the end", id(3))
        );
        assert_eq!(
            first(&|said| said.swap(1, 2)),
            format!("epoch 7: offset 12, event {}, is reordered: it stands where event {} belongs", id(2), id(1))
        );
        let more = Said { id: id(4), leaf: [4; 32], source: 0, at: 14 };
        assert_eq!(first(&|said| said.push(more)), format!("epoch 7: offset 14, event {}, is none of the 4 that were signed", id(4)));
        assert!(first(&|said| said.clear()).contains("number 0 of 4, is missing"));
    }
}
