//! What alerts ask of settlement: commands, into the log, by a producer of their own.
//!
//! In: alerts that Kafka has, and what is decided. Out: a command for each wish ([`schemas::alert::feedback`]). Never: an alert that waits for it; a
//! transaction, which would hold back whoever reads the log.
//!
//! A command has an id of its alert, so that it is decided once however often it is sent. What may or may not have happened when the process
//! dies, and why each is safe:
//! 1. before the send, or with its outcome unknown: a start asks Postgres for the open alerts that wish for something, and sends again
//!    unless the party has changed since;
//! 2. after it: the same, until the views tell of the change. The repeat is answered as the first time.

use crate::config::Config;
use anyhow::Context;
use egress::alerts::Judged;
use egress::registry::Registry;
use ingress::log::CommandLog;
use meters::FEEDBACK;
use schemas::alert::feedback::{self, Wish};
use schemas::alert::{AlertChange, Open, Subject};
use schemas::wire::Encoder;
use schemas::{AlertId, EpochEvents, Fact, PartyChange, RuleId, Told, Topic};
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::runtime::Runtime;

/// Most wishes that wait; more are counted, and sent with the next start.
const WAITING_MAX: usize = 10_000;
/// The pauses between two tries.
const PAUSE_MIN: Duration = Duration::from_millis(200);
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// The first rules that know what is asked.
const RULES: u32 = 6;

#[derive(Debug, Default)]
struct Waiting {
    wishes: BTreeMap<(AlertId, Wish), (RuleId, Subject)>,
    /// The rules by which the newest epoch was decided.
    rules: u32,
}

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

/// Takes wishes, and sends them in a thread of its own.
#[derive(Clone, Debug)]
pub(super) struct Feedback(Arc<Shared>);

impl Feedback {
    /// Starts it with what no run before is known to have been heard.
    pub(super) fn start(config: &Config, unheard: Vec<(Open, Wish)>) -> std::io::Result<Self> {
        let feedback = Self(Arc::default());
        for (Open { id, rule, subject, .. }, wish) in unheard {
            feedback.wish((id, wish), rule, subject);
        }
        let (shared, config) = (Arc::clone(&feedback.0), config.clone());
        let send = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime without threads needs none");
            shared.send_all(&config, &runtime);
        };
        std::thread::Builder::new().name("feedback".to_owned()).spawn(send)?;
        Ok(feedback)
    }

    /// Takes what alerts of epochs that Kafka has wish for; what is over wishes for nothing any more.
    pub(super) fn offer(&self, judged: &[Judged]) {
        for change in judged.iter().flat_map(|judged| &judged.changes) {
            match change {
                AlertChange::Raised(alert) => {
                    for wish in feedback::wishes(alert) {
                        self.wish((alert.id, wish), alert.rule, alert.subject.clone());
                    }
                }
                AlertChange::Cleared(cleared) => self.0.lock().wishes.retain(|(alert, _), _| *alert != cleared.id),
            }
        }
    }

    /// Hears what was decided: whoever was frozen, or not any more, need not be asked about.
    pub(super) fn hear(&self, events: &EpochEvents) {
        let mut waiting = self.0.lock();
        waiting.rules = events.binding.code_version;
        for event in &events.events {
            if let Fact::PartyChanged(changed) = &event.fact
                && changed.account_id.is_none()
                && matches!(changed.change, PartyChange::Frozen | PartyChange::Unfrozen)
            {
                waiting
                    .wishes
                    .retain(|(_, wish), (_, subject)| *wish != Wish::Freeze || feedback::customer(subject) != Some(changed.customer_id));
            }
            if let Fact::Diligence(told) = &event.fact
                && let Told::Case(changed) = &**told
                && let Some(alert) = changed.opened.and_then(|opened| opened.about.alert_id)
            {
                waiting.wishes.remove(&(alert, Wish::OpenCase));
            }
        }
        let is_waited_for = !waiting.wishes.is_empty();
        drop(waiting);
        if is_waited_for {
            self.0.changed.notify_one();
        }
    }

    fn wish(&self, (alert, wish): (AlertId, Wish), rule: RuleId, subject: Subject) {
        let mut waiting = self.0.lock();
        if waiting.wishes.len() >= WAITING_MAX {
            FEEDBACK.with_label_values(&[wish.as_str(), "left_out"]).inc();
            tracing::warn!(%alert, %wish, "too many commands wait to be sent: this one is sent with the next start");
            return;
        }
        waiting.wishes.insert((alert, wish), (rule, subject));
        drop(waiting);
        self.0.changed.notify_one();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first that can be sent, once there is one.
    fn next(&self) -> ((AlertId, Wish), RuleId, Subject) {
        let mut waiting = self.lock();
        loop {
            if waiting.rules >= RULES
                && let Some((asked, (rule, subject))) = waiting.wishes.first_key_value()
            {
                return (*asked, *rule, subject.clone());
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn send_all(&self, config: &Config, runtime: &Runtime) {
        let (mut log, mut pause) = (None, PAUSE_MIN);
        loop {
            let ((alert, wish), rule, subject) = self.next();
            match runtime.block_on(send(config, &mut log, (alert, rule), wish, &subject)) {
                Ok(()) => {
                    pause = PAUSE_MIN;
                    FEEDBACK.with_label_values(&[wish.as_str(), "sent"]).inc();
                    tracing::info!(%alert, %wish, "asked settlement for what an alert wishes");
                    self.lock().wishes.remove(&(alert, wish));
                }
                Err(error) => {
                    FEEDBACK.with_label_values(&[wish.as_str(), "retried"]).inc();
                    tracing::warn!(%alert, %wish, error = format!("{error:#}"), "the log did not confirm a command of an alert; it is sent again");
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
        }
    }
}

/// Sends one command, and waits until Kafka has it. The first connects.
async fn send(
    config: &Config,
    log: &mut Option<CommandLog>,
    alert: (AlertId, RuleId),
    wish: Wish,
    subject: &Subject,
) -> anyhow::Result<()> {
    let Some(command) = feedback::command(wish, alert, subject, now_ms()) else { return Ok(()) };
    if log.is_none() {
        let ids = Registry::new(&config.registry.url).ids(&[Topic::Commands]).await.context("the registry does not answer")?;
        *log = Some(CommandLog::connect(&config.commands_log(), Encoder::new(ids)).await?);
    }
    let log = log.as_ref().expect("it was connected above");
    faults::point("risk.feedback");
    log.append(&command, "").await?;
    faults::point("risk.fed_back");
    Ok(())
}

/// Says when it was asked, decides nothing.
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
