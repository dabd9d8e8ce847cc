//! Where a log can be cut so that what is left still says its own schemas. Pure.
//!
//! **Definition.** A reader of a log knows a schema from the record that came before its first use, and of an id the
//! first record stands. A cut is safe if a reader that starts there understands every later record exactly as a reader
//! of the whole log does, now and for whatever will be appended.
//!
//! 1. Only a schema record can begin what is left: anything else would find nothing known.
//! 2. Each later schema record must teach the same, or be refused the same.
//! 3. Each later use must find the same schema, or none, as before.
//! 4. At the end both readers must know the same, since what will come may use any of it.
//!
//! Doors record their schemas at every start, and a cell at every claim, so safe cuts come by themselves; where the
//! commands log has none, the prune records all of its schemas once more, and the next prune can cut there.

use std::collections::BTreeMap;

/// What a record has to do with schemas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It says what an id means: the text, or nothing where it says nothing that can be read.
    Says(u32, Option<String>),
    /// It uses an id.
    Uses(u32),
}

/// The steps of a log, in order, with their offsets. A use that follows the same use tells nothing new.
#[derive(Debug, Default)]
pub(super) struct Steps {
    steps: Vec<(i64, Step)>,
}

/// What a reader knows: of each id, the first text.
type Known<'a> = BTreeMap<u32, &'a str>;

impl Steps {
    /// The next record.
    pub(super) fn add(&mut self, offset: i64, step: Step) {
        if let Step::Uses(_) = step
            && self.steps.iter().rev().take_while(|(_, before)| matches!(before, Step::Uses(_))).any(|(_, before)| *before == step)
        {
            return;
        }
        self.steps.push((offset, step));
    }

    /// The last safe cut at or before `floor`; none if there is none.
    pub(super) fn cut(&self, floor: i64) -> Option<i64> {
        let candidates =
            self.steps.iter().enumerate().rev().filter(|(_, (offset, step))| *offset <= floor && matches!(step, Step::Says(..)));
        candidates.filter(|(at, _)| self.is_safe(*at)).map(|(_, (offset, _))| *offset).next()
    }

    /// Everything that a reader of the whole log knows.
    pub(super) fn known(&self) -> BTreeMap<u32, String> {
        known(&self.steps).into_iter().map(|(id, text)| (id, text.to_owned())).collect()
    }

    fn is_safe(&self, cut: usize) -> bool {
        let (mut whole, mut left) = (known(&self.steps[..cut]), Known::new());
        self.steps[cut..].iter().all(|(_, step)| read(&mut whole, step) == read(&mut left, step)) && whole == left
    }
}

/// What a reader knows after these steps.
fn known(steps: &[(i64, Step)]) -> Known<'_> {
    let mut known = Known::new();
    for (_, step) in steps {
        read(&mut known, step);
    }
    known
}

/// What a reader makes of a record.
#[derive(Debug, PartialEq, Eq)]
enum Understood<'a> {
    /// A schema that stands, or stood already.
    Learnt,
    /// A schema that is none, or contradicts the first of its id.
    Refused,
    /// A use, with what is known of its id.
    Used(Option<&'a str>),
}

fn read<'a>(known: &mut Known<'a>, step: &'a Step) -> Understood<'a> {
    match step {
        Step::Uses(id) => Understood::Used(known.get(id).copied()),
        Step::Says(_, None) => Understood::Refused,
        Step::Says(id, Some(text)) => {
            if *known.entry(*id).or_insert(text) == text {
                Understood::Learnt
            } else {
                Understood::Refused
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `1a` says that 1 is a, `1!` says nothing readable, `1` uses it.
    fn steps(log: &str) -> Steps {
        let mut steps = Steps::default();
        for (offset, word) in (0..).zip(log.split(' ')) {
            let id = word[..1].parse().unwrap();
            let step = match &word[1..] {
                "" => Step::Uses(id),
                "!" => Step::Says(id, None),
                text => Step::Says(id, Some(text.to_owned())),
            };
            steps.add(offset, step);
        }
        steps
    }

    #[test]
    fn a_log_is_cut_only_where_what_is_left_is_understood_as_before() {
        for (log, floor, cut, why) in [
            ("1a 1 1 1", 3, Some(0), "the first record says the only schema"),
            ("1a 1 1a 1", 3, Some(2), "it was said again"),
            ("1a 1 1a 1", 1, Some(0), "not beyond the floor"),
            ("1a 2b 1 2 1a 2 1", 6, Some(0), "2 is not said again"),
            ("1a 2b 1 2 1a 2b 2 1", 7, Some(4), "both are said again"),
            ("1a 2b 1 2 2b 1a 2 1", 7, Some(4), "in any order"),
            ("1a 2b 1 2 1a", 4, Some(0), "2 may be used yet"),
            ("1a 1 1b 1", 3, Some(0), "a contradiction must stay one"),
            ("1a 1 1a 1b 1", 4, Some(2), "and it does"),
            ("1! 1 1a 1", 3, Some(2), "what nobody understood tells nothing"),
            ("1a 3 1 1a 1 3", 5, Some(3), "an id that nobody knows stays unknown"),
            ("1a 3 3c 3 1a 3c 1", 6, Some(4), "both again"),
            ("1 1", 1, None, "nothing is said"),
        ] {
            assert_eq!(steps(log).cut(floor), cut, "{log}: {why}");
        }
    }

    #[test]
    fn the_first_text_of_an_id_stands() {
        assert_eq!(steps("1a 1b 2! 2c 1").known(), BTreeMap::from([(1, "a".to_owned()), (2, "c".to_owned())]));
    }
}
