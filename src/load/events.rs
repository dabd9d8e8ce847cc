//! Follows the settled events while the day runs: when each was readable, and what it cost.
//!
//! A thread of its own reads `transaction.settled.v1` from where it ended before the first payment, and only
//! what is committed. The answers and the events are joined by transaction at the end of the day.

use super::kafka::{Topics, is_filler};
use super::trouble::Trouble;
use rdkafka::error::KafkaError;
use schemas::topic::Topic;
use schemas::{Fact, Money, TransactionId};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// A settled event, as read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    /// When it was readable.
    pub at: Instant,
    /// What the payer paid on top.
    pub fee: Money,
}

/// Events by transaction.
pub(super) type SeenAll = HashMap<TransactionId, Seen>;

/// The thread that follows.
pub(super) struct Follower {
    shared: Arc<Shared>,
    thread: tokio::task::JoinHandle<Result<(), Trouble>>,
}

#[derive(Default)]
struct Shared {
    seen: Mutex<SeenAll>,
    stop: AtomicBool,
}

/// Starts to follow; returns once every event from now on will be seen.
pub(super) async fn follow(topics: Topics) -> Result<Follower, Trouble> {
    let shared = Arc::new(Shared::default());
    let (ready, is_ready) = oneshot::channel();
    let thread = tokio::task::spawn_blocking({
        let shared = shared.clone();
        move || read(&topics, &shared, ready)
    });
    let follower = Follower { shared, thread };
    match is_ready.await {
        Ok(()) => Ok(follower),
        // The thread ended before it was ready, so it says why.
        Err(_) => Err(follower.stop().await.err().unwrap_or_else(|| Trouble::Stopped("the reader of events".to_owned()))),
    }
}

fn read(topics: &Topics, shared: &Shared, ready: oneshot::Sender<()>) -> Result<(), Trouble> {
    let topic = Topic::TransactionSettled;
    let mut decoder = topics.decoder()?;
    let consumer = topics.consumer()?;
    let extents = topics.extents(&consumer, topic)?;
    topics.assign(&consumer, topic, &extents, |extent| extent.high)?;
    // Nobody waits any more if the run has ended meanwhile; then `stop` is set.
    let _ = ready.send(());
    while !shared.stop.load(Ordering::Relaxed) {
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) if is_filler(&message) => {}
            Some(Ok(message)) => {
                let at = Instant::now();
                if let Fact::Transaction(transaction) = topics.event(&mut decoder, topic, &message)?.fact {
                    let fee = Money { minor: transaction.fee_minor, ..transaction.amount };
                    shared.seen().entry(transaction.id).or_insert(Seen { at, fee });
                }
            }
            // A broker that is gone comes back; who waits for an event sets the limit.
            Some(Err(KafkaError::PartitionEOF(_) | KafkaError::MessageConsumption(_))) | None => {}
            Some(Err(error)) => return Err(Trouble::Kafka { brokers: topics.brokers.clone(), reason: error.to_string() }),
        }
    }
    Ok(())
}

impl Follower {
    /// How many of these transactions were not seen yet.
    pub(super) fn missing(&self, transactions: &[TransactionId]) -> usize {
        let seen = self.shared.seen();
        transactions.iter().filter(|transaction| !seen.contains_key(transaction)).count()
    }

    /// Whether the thread has given up.
    pub(super) fn is_over(&self) -> bool {
        self.thread.is_finished()
    }

    /// Stops following; everything that was seen.
    pub(super) async fn stop(self) -> Result<SeenAll, Trouble> {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.thread.await??;
        Ok(std::mem::take(&mut *self.shared.seen()))
    }
}

impl Shared {
    fn seen(&self) -> MutexGuard<'_, SeenAll> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
