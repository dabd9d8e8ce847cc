//! Histories as a ledger alone lives them: the commands, and what it says to them.

use super::{FIRST, Gap, History, Seen, Step};
use schemas::{Cause, Command, Epoch, Event, Position};
use state::bytes::Damaged;
use state::pins::Segment;
use state::{Frozen, Ledger, Thawing};

/// A command in its epoch, which goes by these rules.
pub(crate) type Asked = (Epoch, u32, Cause, Command);

pub(crate) fn cause(command: &Command, asked: usize) -> Cause {
    let offset = i64::try_from(asked).expect("a short history");
    let traceparent = if offset % 2 == 0 { String::new() } else { format!("00-{offset:032x}-00f067aa0ba902b7-01") };
    Cause { command_id: command.id(), position: Position { partition: 0, offset }, traceparent }
}

/// The commands of a history, as they come about in a ledger.
pub(crate) fn recorded(history: &History) -> Vec<Asked> {
    let mut ledger = Ledger::default();
    ledger.begin(FIRST, history.rules, &mut Vec::new());
    live(&mut ledger, &mut Seen::default(), history.rules, &history.steps).1
}

/// Goes on with these steps in an epoch that goes by these rules: what is said, and what is asked.
pub(crate) fn live(ledger: &mut Ledger, seen: &mut Seen, mut rules: u32, steps: &[(Gap, Step)]) -> (Vec<Event>, Vec<Asked>) {
    let (mut said, mut asked) = (Vec::new(), Vec::new());
    for (gap, step) in steps {
        let mut events = Vec::new();
        if let Some(next) = gap.next(ledger.epoch()) {
            rules = ledger.next_rules();
            ledger.begin(next, rules, &mut events);
        }
        seen.hear(&events);
        said.append(&mut events);
        let Some(command) = seen.command(step, ledger.epoch()) else { continue };
        let cause = cause(&command, seen.ask(&command));
        ledger.apply(cause.clone(), &schemas::Asked::of(command.clone()), &mut events);
        seen.hear(&events);
        said.extend(events);
        asked.push((ledger.epoch(), rules, cause, command));
    }
    (said, asked)
}

/// What a ledger says to these commands.
pub(crate) fn replay(ledger: &mut Ledger, asked: &[Asked]) -> Vec<Event> {
    let mut events = Vec::new();
    for (epoch, rules, cause, command) in asked {
        if *epoch > ledger.epoch() {
            ledger.begin(*epoch, *rules, &mut events);
        }
        ledger.apply(cause.clone(), &schemas::Asked::of(command.clone()), &mut events);
    }
    events
}

/// A ledger out of a snapshot as a disk would hold it: histories are too short for a full segment of pins.
pub(crate) fn thawed(frozen: &Frozen) -> Result<Ledger, Damaged> {
    let mut thawing = Thawing::default();
    let no_part = |name: &str| Err::<Segment, _>(Damaged::new(name));
    let mut chunks = frozen.chunks(&[]);
    chunks.try_for_each(|chunk| thawing.chunk(&chunk, no_part))?;
    Ledger::thaw(thawing)
}
