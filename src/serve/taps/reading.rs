//! One tap: a thread that reads a topic for as long as somebody takes what it reads.
//!
//! In: what is asked for, and a channel. Out: chunks of lines or events, until the limit, the end, the client's leave, the expiry of its
//! token, or the stop of the server. Between Kafka and the client wait at most [`CHUNKS_MAX`] chunks and what the Kafka client keeps; a client that
//! takes none for long is hung up on where it is written to.

use super::Kafka;
use super::asked::{Asked, BAD_ID, Start, id};
use crate::tap::Lines;
use api::sse::{self, End};
use axum::body::Bytes;
use ingress::kafka::ReadError;
use ingress::taps::Tap;
use meters::{STREAM_EVENTS, STREAMS_OPEN};
use schemas::{Caller, Problem};
use std::io;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};

/// Most chunks that wait for the client.
pub(super) const CHUNKS_MAX: usize = 4;
/// A chunk is handed on at this size, or when no more is there at once.
const CHUNK_BYTES: usize = 16 * 1024;
/// How often a tap that has nothing to say looks whether it is over.
const LOOK: Duration = Duration::from_millis(100);
/// How long a record may take that is there already.
const AT_ONCE: Duration = Duration::from_millis(1);

/// Everything that the thread needs.
pub(super) struct Reading {
    kafka: Kafka,
    asked: Asked,
    chunks: mpsc::Sender<io::Result<Bytes>>,
    stopping: watch::Receiver<bool>,
    expires: Instant,
    runtime: Handle,
}

impl Reading {
    pub(super) fn new(
        kafka: &Kafka,
        caller: &Caller,
        asked: Asked,
        chunks: mpsc::Sender<io::Result<Bytes>>,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        let (kafka, runtime) = (kafka.clone(), Handle::current());
        let left = (UNIX_EPOCH + Duration::from_secs(caller.expires_s)).duration_since(SystemTime::now()).unwrap_or_default();
        // A token that outlives all clocks is as good as one of a year.
        let expires = Instant::now() + left.min(Duration::from_secs(366 * 86_400));
        Self { kafka, asked, chunks, stopping, expires, runtime }
    }

    /// Opens the topic and says how that went; then reads.
    pub(super) fn run(self, begun: oneshot::Sender<Result<(), Problem>>) {
        let opened = self.open();
        let (begins, opened) = match opened {
            Ok(opened) => (Ok(()), Some(opened)),
            Err(problem) => (Err(problem), None),
        };
        // Whoever asked may be gone by now.
        let (true, Some((tap, lines))) = (begun.send(begins).is_ok(), opened) else { return };
        let open = STREAMS_OPEN.with_label_values(&["tap"]);
        open.inc();
        let ended = self.read(tap, lines);
        open.dec();
        if let Some(end) = ended {
            self.end(end);
        }
    }

    fn open(&self) -> Result<(Tap, Lines), Problem> {
        let (brokers, topic) = (&self.kafka.brokers, &self.asked.topic);
        let tap = match &self.asked.start {
            Start::From(from) => Tap::open_unhurried(brokers, topic, *from),
            Start::Behind(positions) => Tap::resume(brokers, topic, positions),
        };
        let lines = Lines::new(&self.kafka.registry).map_err(|error| {
            tracing::error!(%error, "a tap can't be opened");
            super::super::problems::internal_error()
        })?;
        Ok((tap.map_err(|error| unopened(topic, error))?, lines))
    }

    /// Reads until it is over; none where nobody listens any more.
    fn read(&self, mut tap: Tap, mut lines: Lines) -> Option<End> {
        let (mut left, mut chunk, mut spoke) = (self.asked.limit, Vec::new(), Instant::now());
        let end = loop {
            if self.chunks.is_closed() {
                return None;
            }
            if let Some(end) = self.is_over(&tap, left) {
                break end;
            }
            match tap.next(if chunk.is_empty() { LOOK } else { AT_ONCE }).map_err(anyhow::Error::from).and_then(|record| {
                let Some(record) = record else { return Ok(false) };
                let line = lines.of(&record)?;
                if self.asked.wanted.fits(&line) {
                    left -= 1;
                    self.write(&mut chunk, &line.to_string(), &tap);
                }
                Ok(true)
            }) {
                Ok(more) if more && chunk.len() < CHUNK_BYTES => continue,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, topic = self.asked.topic, "a tap can't go on");
                    break End::Unavailable;
                }
            }
            if chunk.is_empty() && self.asked.as_events && spoke.elapsed() >= sse::SILENCE_MAX {
                sse::alive(&mut chunk, Some(&id(tap.read())));
            }
            if !chunk.is_empty() {
                spoke = Instant::now();
                if let Err(end) = self.hand_on(std::mem::take(&mut chunk)) {
                    return end;
                }
            }
        };
        if chunk.is_empty() { Some(end) } else { self.hand_on(chunk).map_or_else(|ended| ended, |()| Some(end)) }
    }

    fn is_over(&self, tap: &Tap, left: u64) -> Option<End> {
        if left == 0 {
            return Some(End::Limit);
        }
        if !self.asked.follow && tap.has_ended() {
            return Some(End::Complete);
        }
        if *self.stopping.borrow() {
            return Some(End::ServerStops);
        }
        (Instant::now() >= self.expires).then_some(End::TokenExpired)
    }

    fn write(&self, chunk: &mut Vec<u8>, line: &str, tap: &Tap) {
        STREAM_EVENTS.with_label_values(&["tap"]).inc();
        if self.asked.as_events {
            sse::event(chunk, "record", Some(&id(tap.read())), line);
        } else {
            chunk.extend_from_slice(line.as_bytes());
            chunk.push(b'\n');
        }
    }

    /// Waits for room: until the client takes something, is gone, or it is over.
    fn hand_on(&self, chunk: Vec<u8>) -> Result<(), Option<End>> {
        let mut stopping = self.stopping.clone();
        self.runtime.block_on(async {
            tokio::select! {
                sent = self.chunks.send(Ok(chunk.into())) => sent.map_err(|_| None),
                _ = stopping.wait_for(|stopping| *stopping) => Err(Some(End::ServerStops)),
                () = tokio::time::sleep_until(self.expires.into()) => Err(Some(End::TokenExpired)),
            }
        })
    }

    /// The last that is said, if there is room for it. Lines that are not all are cut off, so that nobody takes them for all.
    fn end(&self, end: End) {
        let last = if self.asked.as_events {
            let mut chunk = Vec::new();
            sse::end(&mut chunk, end);
            Ok(chunk.into())
        } else if end.is_whole() {
            return;
        } else {
            Err(io::Error::other(end.as_str()))
        };
        // A client for whose sake there is no room is not told.
        drop(self.chunks.try_send(last));
    }
}

fn unopened(topic: &str, error: ReadError) -> Problem {
    match error {
        ReadError::StartsLate { .. } => {
            Problem::new(410, "position_gone", "Records behind Last-Event-ID were deleted since; begin anew with from=beginning.")
        }
        ReadError::EndsEarly { .. } | ReadError::NoPartition { .. } => Problem::field(sse::LAST_EVENT_ID, BAD_ID),
        error => {
            tracing::warn!(%error, topic, "a tap can't be opened");
            Problem::new(503, "log_unavailable", "Kafka can't be read right now.")
        }
    }
}
