//! One reader for all who listen: what changes is read once, written once, and handed to everybody.
//!
//! In: how far the views have come, as it moves. Out: of each view that somebody listens to, what has changed since the last step, in
//! parts. At most ten steps a second. What a listener is too slow for is forgotten here: they read it themselves.

use super::batch::Batch;
use super::room::Room;
use crate::aggregates;
use crate::failure::Failure;
use crate::progress::{Progress, Shown};
use crate::views::{Asked, changed, comes_in_parts};
use schemas::{Epoch, Problem, ViewName};
use sqlx::PgPool;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, broadcast, watch};
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

/// Most rows of a part: some hundred kilobytes, which is what a slow listener may keep alive.
pub(super) const PART: usize = 256;
/// Most parts that wait for the slowest listener; one that is further behind reads for itself.
const PARTS_MAX: usize = 64;
/// From one step to the next, at least.
const STEP: Duration = Duration::from_millis(100);

/// How much the streams of a server may take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Most streams at once.
    pub streams_max: usize,
    /// Most streams at once of one subject.
    pub streams_of_subject_max: usize,
    /// Most streams that read for themselves at once; each takes a connection to Postgres.
    pub catch_ups_max: usize,
}

/// What all streams of a server share.
#[derive(Debug)]
pub struct Streams {
    pub(super) pool: PgPool,
    pub(super) progress: Progress,
    /// Whether the server stops.
    pub(super) stopping: watch::Receiver<bool>,
    /// Who may read for themselves now.
    pub(super) turns: Semaphore,
    pub(crate) room: Arc<Room>,
    views: BTreeMap<ViewName, broadcast::Sender<Arc<Batch>>>,
}

impl Streams {
    /// Begins to follow the views, until the server stops.
    pub fn start(pool: PgPool, progress: Progress, bounds: Bounds, stopping: watch::Receiver<bool>) -> Arc<Self> {
        let views = ViewName::ALL.iter().map(|name| (*name, broadcast::Sender::new(PARTS_MAX))).collect();
        let room = Arc::new(Room::new(bounds.streams_max, bounds.streams_of_subject_max));
        let turns = Semaphore::new(bounds.catch_ups_max);
        let streams = Arc::new(Self { pool, progress, stopping, turns, room, views });
        let shown = streams.progress.watch();
        tokio::spawn(follow(Arc::clone(&streams), shown));
        streams
    }

    /// Says when the server stops.
    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.clone()
    }

    /// From now on every step of a view.
    pub(super) fn listen(&self, name: ViewName) -> broadcast::Receiver<Arc<Batch>> {
        self.views.get(&name).expect("every view has a sender").subscribe()
    }
}

async fn follow(streams: Arc<Streams>, mut shown: watch::Receiver<Shown>) {
    let mut stopping = streams.stopping.clone();
    // What was shown when it was last looked who listens: whoever came since has read for themselves up to there or further.
    let mut looked = shown.borrow_and_update().as_of();
    let mut come_to: BTreeMap<ViewName, Epoch> = BTreeMap::new();
    let mut failing = BTreeSet::new();
    loop {
        tokio::select! {
            moved = shown.changed() => if moved.is_err() { return },
            _ = stopping.wait_for(|stopping| *stopping) => return,
        }
        let next = Instant::now() + STEP;
        let as_of = shown.borrow_and_update().as_of();
        for (name, sender) in &streams.views {
            if sender.receiver_count() == 0 {
                come_to.remove(name);
                continue;
            }
            let from = *come_to.entry(*name).or_insert(looked);
            match step(&streams, *name, from, as_of, sender).await {
                Ok(to) => {
                    come_to.insert(*name, to);
                    failing.remove(name);
                }
                Err(failure) => {
                    // It is tried again with the next step; what is not read is not lost.
                    if failing.insert(*name) {
                        let Problem { code, .. } = failure.into();
                        tracing::warn!(view = %name, code, "what changes can't be read for the streams");
                    }
                }
            }
        }
        looked = as_of;
        sleep_until(next).await;
    }
}

/// Reads what has changed, and hands it out; says what epoch it came to.
async fn step(
    streams: &Streams,
    name: ViewName,
    from: Epoch,
    as_of: Epoch,
    to_all: &broadcast::Sender<Arc<Batch>>,
) -> Result<Epoch, Failure> {
    if from >= as_of {
        return Ok(from);
    }
    let mut after = Uuid::nil();
    let mut is_first = true;
    loop {
        let part = read(&streams.pool, name, Asked { since: from, as_of, owner: None, after, limit: PART }).await?;
        let batch = Batch::of(name, part.rows, [from, part.as_of], [is_first, part.next.is_none()]);
        // Those who listened may be gone by now.
        drop(to_all.send(Arc::new(batch)));
        is_first = false;
        match part.next {
            Some(next) => after = next,
            None => return Ok(part.as_of),
        }
    }
}

/// What was read, and at which epoch: later than asked for, perhaps, where a view is of sums.
pub(super) struct Read {
    pub(super) rows: Vec<crate::views::Row>,
    pub(super) next: Option<Uuid>,
    pub(super) as_of: Epoch,
}

/// Reads a part of what has changed, or all of it where a view does not come in parts.
pub(super) async fn read(pool: &PgPool, name: ViewName, asked: Asked) -> Result<Read, Failure> {
    if comes_in_parts(name) {
        let mut connection = pool.acquire().await?;
        let part = changed(&mut connection, name, asked).await?;
        return Ok(Read { rows: part.rows, next: part.next, as_of: asked.as_of });
    }
    let mut snapshot = aggregates::snapshot(pool).await?;
    let as_of = aggregates::as_of(&mut snapshot).await?;
    let part = changed(&mut snapshot, name, Asked { as_of, ..asked }).await?;
    snapshot.rollback().await?;
    Ok(Read { rows: part.rows, next: None, as_of })
}
