//! Postgres as far as exactly once depends on it: one row of progress with its lock, transactions whose commit may be
//! under way when the client is gone, and sessions that are ended by others.

use super::mistakes::Mistake;
use egress::postgres::Group;
use schemas::EpochEvents;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A transaction: what it writes, and for the judge the epochs that these rows are of.
#[derive(Clone, Debug)]
pub(super) struct Write {
    pub(super) group: Group,
    pub(super) epochs: Vec<Arc<EpochEvents>>,
}

#[derive(Clone, Debug)]
struct Session {
    generation: i64,
    open: Option<Open>,
}

#[derive(Clone, Debug)]
struct Open {
    write: Write,
    /// The client has asked for the commit; it happens, or the session ends before.
    asked: bool,
}

/// The row was not as the writer believed, or another generation holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refused;

/// All of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Postgres {
    generation: i64,
    epoch: i64,
    pub(super) commands_upper: Vec<i64>,
    pub(super) schemas: BTreeMap<u32, String>,
    pub(super) imbalances: i64,
    /// What was committed, in order.
    pub(super) written: Vec<Write>,
    sessions: BTreeMap<usize, Session>,
    next: usize,
    lock: Option<usize>,
    mistake: Option<Mistake>,
    /// Rows without their progress, by that mistake.
    owed: Option<Group>,
}

impl Postgres {
    pub(super) fn with(mistake: Option<Mistake>) -> Self {
        Self { mistake, ..Self::default() }
    }

    /// Generation and first epoch that is not written.
    pub(super) const fn progress(&self) -> (i64, i64) {
        (self.generation, self.epoch)
    }

    pub(super) fn connect(&mut self, generation: i64) -> usize {
        self.next += 1;
        self.sessions.insert(self.next, Session { generation, open: None });
        self.next
    }

    /// Ends the sessions of older generations, and others of this one.
    pub(super) fn end_older(&mut self, of: usize) {
        let generation = self.sessions[&of].generation;
        let older: Vec<_> =
            self.sessions.iter().filter(|(id, session)| **id != of && session.generation <= generation).map(|(id, _)| *id).collect();
        older.into_iter().for_each(|id| self.end(id));
    }

    /// Ends a session: what it has under way is rolled back.
    pub(super) fn end(&mut self, id: usize) {
        self.sessions.remove(&id);
        if self.lock == Some(id) {
            self.lock = None;
        }
    }

    pub(super) fn is_connected(&self, id: usize) -> bool {
        self.sessions.contains_key(&id)
    }

    /// Whether a statement on the row would not wait.
    pub(super) fn is_free(&self) -> bool {
        self.lock.is_none()
    }

    /// `update sink_progress set generation = mine where generation < mine returning epoch`
    pub(super) fn claim(&mut self, id: usize) -> Result<i64, Refused> {
        let mine = self.sessions.get(&id).ok_or(Refused)?.generation;
        if self.generation >= mine && self.mistake != Some(Mistake::RowUnfenced) {
            return Err(Refused);
        }
        self.generation = mine;
        Ok(self.epoch)
    }

    /// `begin`, the move of the progress `where epoch = old and generation <= mine`, and the rows.
    pub(super) fn begin(&mut self, id: usize, old: i64, write: Write) -> Result<(), Refused> {
        let (generation, epoch, mistake) = (self.generation, self.epoch, self.mistake);
        let session = self.sessions.get_mut(&id).ok_or(Refused)?;
        if (epoch != old || generation > session.generation) && mistake != Some(Mistake::RowUnfenced) {
            return Err(Refused);
        }
        session.open = Some(Open { write, asked: false });
        self.lock = Some(id);
        Ok(())
    }

    /// The client sends `commit`.
    pub(super) fn ask(&mut self, id: usize) {
        if let Some(open) = self.sessions.get_mut(&id).and_then(|session| session.open.as_mut()) {
            open.asked = true;
        }
    }

    /// Sessions whose commit is under way.
    pub(super) fn asked(&self) -> Vec<usize> {
        let asked = |session: &Session| session.open.as_ref().is_some_and(|open| open.asked);
        self.sessions.iter().filter(|(_, session)| asked(session)).map(|(id, _)| *id).collect()
    }

    /// Sessions that have a transaction open and say nothing.
    pub(super) fn idle(&self) -> Vec<usize> {
        let idle = |session: &Session| session.open.as_ref().is_some_and(|open| !open.asked);
        self.sessions.iter().filter(|(_, session)| idle(session)).map(|(id, _)| *id).collect()
    }

    /// A commit that is under way happens. Gives what was written.
    pub(super) fn commit(&mut self, id: usize) -> Option<Write> {
        let session = self.sessions.get_mut(&id)?;
        let generation = session.generation;
        let Open { write, .. } = session.open.take()?;
        self.lock = None;
        if self.mistake == Some(Mistake::ProgressApart) {
            self.owed = Some(write.group.clone());
        } else {
            self.moves(&write.group, generation);
        }
        self.written.push(write.clone());
        Some(write)
    }

    /// The progress of rows that were committed without it.
    pub(super) fn pay(&mut self) {
        if let Some(group) = self.owed.take() {
            self.moves(&group, self.generation);
        }
    }

    /// What was owed is never paid by a writer that died.
    pub(super) fn forget_owed(&mut self) {
        self.owed = None;
    }

    fn moves(&mut self, group: &Group, generation: i64) {
        (self.epoch, self.generation) = (group.next, generation);
        self.commands_upper.clone_from(&group.commands_upper);
        self.imbalances = group.imbalances;
        self.schemas.extend(group.schemas.iter().cloned());
    }

    pub(super) fn fingerprint(&self) -> String {
        let session = |(id, session): (&usize, &Session)| {
            let open = session.open.as_ref().map(|open| (open.write.group.next, open.asked));
            format!("{id} {} {open:?}", session.generation)
        };
        let sessions: Vec<_> = self.sessions.iter().map(session).collect();
        format!("{:?} {:?} {:?} {}", self.progress(), sessions, self.lock, self.written.len())
    }
}
