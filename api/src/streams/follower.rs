//! One stream: first what its client lacks, then what is read for all, and for itself again wherever that was too quick.
//!
//! In: the epoch that the client has, a filter, the parts of each step. Out: bytes, one chunk at a time as the client takes them.
//!
//! 1. `has` is the epoch up to which the client has been told everything. It moves with the last part of a step, or of a reading of its own, and
//!    only then is an id sent: so a client that comes back misses nothing, and hears at worst twice what it has, with the same epochs.
//! 2. The client is put on the list of listeners before it is looked what is shown. So a step that began earlier ends at an epoch that
//!    this reading comes to, and is passed over.
//! 3. A step is taken where it begins at `has` or before, from its first part on. Anything else, and any part that was missed, is read by
//!    itself: a row is as it was last, so nothing is kept for whoever is slow but `has`.

use super::batch::{Batch, Filter};
use super::hub::{PART, Streams, read};
use super::line::{Gone, Line};
use super::room::Place;
use crate::sse::SILENCE_MAX;
use crate::views::{Asked, comes_in_parts};
use axum::body::Bytes;
use meters::{STREAM_CATCH_UPS, STREAM_EVENTS};
use schemas::{Epoch, ViewName};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

/// A client that has nothing of its own to hear hears this often how far the stream is.
const NOTHING_NEW: Duration = Duration::from_secs(1);

/// What a stream is made of.
pub(super) struct Follower {
    pub(super) streams: Arc<Streams>,
    pub(super) name: ViewName,
    pub(super) filter: Filter,
    /// Whose rows alone have to be looked at, where the filter leaves no others.
    pub(super) owner: Option<Uuid>,
    /// The epoch that the client has; 0 is nothing.
    pub(super) has: Epoch,
    pub(super) batches: broadcast::Receiver<Arc<Batch>>,
    pub(super) line: Line,
    /// What it is counted as.
    pub(super) stream: &'static str,
    pub(super) place: Place,
}

impl Follower {
    /// Streams until the client goes, its token expires or the server stops.
    pub(super) async fn run(mut self, expires: Instant) {
        let (line, streams) = (self.line.clone(), Arc::clone(&self.streams));
        line.hold(&streams, expires, self.tell()).await;
        drop(self.place);
    }

    async fn tell(&mut self) -> Result<Infallible, Gone> {
        self.catch_up().await?;
        let (mut step, mut owes, mut told_at) = (None, false, Instant::now());
        loop {
            match timeout(SILENCE_MAX, self.batches.recv()).await {
                Err(_) => self.line.say_alive().await?,
                Ok(Ok(batch)) if batch.to <= self.has => {}
                Ok(Ok(batch)) if batch.from <= self.has && (batch.is_first || step == Some(batch.to)) => {
                    let is_last = batch.is_last;
                    if is_last {
                        self.has = batch.to;
                    }
                    step = (!is_last).then_some(batch.to);
                    let (rows, text) = batch.told(self.filter);
                    // Where this client is slow, it keeps its own part of the batch and no more.
                    drop(batch);
                    owes |= rows > 0;
                    if !text.is_empty() && (owes || told_at.elapsed() >= NOTHING_NEW) {
                        self.send(rows, text).await?;
                        told_at = Instant::now();
                    }
                    owes &= !is_last;
                }
                // A step that begins later than this client is, a part of one whose beginning was missed, or one that was missed whole.
                Ok(Ok(_) | Err(broadcast::error::RecvError::Lagged(_))) => {
                    step = None;
                    self.catch_up().await?;
                }
                // The sender lives as long as the server.
                Ok(Err(broadcast::error::RecvError::Closed)) => return Err(Gone),
            }
        }
    }

    /// Reads for itself what the client lacks.
    async fn catch_up(&mut self) -> Result<(), Gone> {
        let mut as_of = self.streams.progress.shown().as_of();
        let in_parts = comes_in_parts(self.name);
        if in_parts && as_of <= self.has {
            return Ok(());
        }
        STREAM_CATCH_UPS.with_label_values(&[self.stream]).inc();
        let streams = Arc::clone(&self.streams);
        let mut after = Uuid::nil();
        loop {
            let turn = self.line.patiently(streams.turns.acquire()).await?.expect("turns are never closed");
            let asked = Asked { since: self.has, as_of, owner: self.owner, after, limit: PART };
            let part = match read(&streams.pool, self.name, asked).await {
                Ok(part) => part,
                Err(failure) => {
                    drop(turn);
                    self.line.rest(self.stream, failure).await?;
                    continue;
                }
            };
            as_of = part.as_of;
            let batch = Batch::of(self.name, part.rows, [self.has, as_of], [after.is_nil(), part.next.is_none()]);
            let (rows, text) = batch.told(self.filter);
            drop(batch);
            // What comes in parts is small, and waits for the client without keeping others from reading.
            let turn = (!in_parts).then_some(turn);
            if !text.is_empty() {
                self.send(rows, text).await?;
            }
            drop(turn);
            match part.next {
                Some(next) => after = next,
                None => {
                    self.has = as_of;
                    return Ok(());
                }
            }
        }
    }

    async fn send(&self, rows: u64, text: Bytes) -> Result<(), Gone> {
        self.line.send(text).await?;
        STREAM_EVENTS.with_label_values(&[self.stream]).inc_by(rows);
        Ok(())
    }
}
