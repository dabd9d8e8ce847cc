//! 500 transfers a second between accounts chosen by chance, each appended when it is due, whatever became of those before.

use crate::backlog::{pay, staff};
use crate::bank::Bank;
use anyhow::Context;
use egress::registry::Registry;
use ingress::log::{AppendError, CommandLog};
use orion::load::random::SplitMix64;
use schemas::wire::Encoder;
use schemas::{AccountId, PaymentKind, Topic};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Commands.
pub(super) const A_SECOND: usize = 500;

/// Between two of them.
const EVERY: Duration = Duration::from_millis(2);

/// A door's worth of commands, from a thread of its own.
pub(super) struct Load {
    waiting: Waiting,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<anyhow::Result<()>>,
}

/// When each command was due that is in the log and not known to be decided, by its offset.
type Waiting = Arc<Mutex<BTreeMap<i64, Instant>>>;

impl Load {
    /// Begins.
    pub(super) fn start(bank: &Bank<'_>, accounts: Arc<[AccountId]>) -> anyhow::Result<Self> {
        let config = &bank.services.config;
        let kafka = ingress::Config { brokers: config.kafka.brokers.clone(), remembered_max: 0, append_timeout_ms: 60_000 };
        let registry = config.registry.url.clone();
        let (waiting, stop) = (Waiting::default(), Arc::new(AtomicBool::new(false)));
        let (appended, stopped) = (Arc::clone(&waiting), Arc::clone(&stop));
        let run = move || -> anyhow::Result<()> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let ids = Registry::new(&registry).ids(&[Topic::Commands]).await?;
                let log = Arc::new(CommandLog::connect(&kafka, Encoder::new(ids)).await?);
                let (mut random, mut due) = (SplitMix64::new(5), Instant::now());
                let mut appends = JoinSet::new();
                while !stopped.load(Ordering::Acquire) {
                    while let Some(appended) = appends.try_join_next() {
                        appended??;
                    }
                    let payer = random.index(accounts.len());
                    let payee = (payer + 1 + random.index(accounts.len() - 1)) % accounts.len();
                    let sides = (Some(accounts[payer]), accounts[payee]);
                    let (command, traceparent) = staff(&mut random, pay(PaymentKind::Transfer, sides, 1));
                    tokio::time::sleep_until(due.into()).await;
                    let (log, appended) = (Arc::clone(&log), Arc::clone(&appended));
                    appends.spawn(async move {
                        let position = log.append(&command, &traceparent).await?;
                        lock(&appended).insert(position.offset, due);
                        Ok::<_, AppendError>(())
                    });
                    due += EVERY;
                }
                Ok(())
            })
        };
        let thread = std::thread::Builder::new().name("load".to_owned()).spawn(run)?;
        Ok(Self { waiting, stop, thread })
    }

    /// How long those before this offset have waited, which are decided.
    pub(super) fn decided(&self, upper: i64) -> Vec<Duration> {
        let mut waiting = lock(&self.waiting);
        let later = waiting.split_off(&upper);
        std::mem::replace(&mut *waiting, later).into_values().map(|due| due.elapsed()).collect()
    }

    /// The offset of the first command that was due after a moment, once it is in the log.
    pub(super) fn first_since(&self, begun: Instant) -> Option<i64> {
        lock(&self.waiting).iter().find(|(_, due)| **due >= begun).map(|(offset, _)| *offset)
    }

    /// Measures none of those that wait now.
    pub(super) fn forget(&self) {
        lock(&self.waiting).clear();
    }

    pub(super) fn stop(self) -> anyhow::Result<()> {
        self.stop.store(true, Ordering::Release);
        self.thread.join().ok().context("the load has panicked")?
    }
}

fn lock(waiting: &Waiting) -> MutexGuard<'_, BTreeMap<i64, Instant>> {
    waiting.lock().expect("nothing panics while it holds what waits")
}
