//! The day: every payment is sent in its order and followed until it is final.
//!
//! Each client sends one request at a time. Without a rate a client takes the next payment as soon as it is free.
//! With a rate every payment has its time, and its latency counts from then, sent or not: a bank that falls behind
//! can't hide it by slowing the clients down.

use super::bank::{Answer, Bank};
use super::open::Opened;
use super::order::Order;
use super::plan::Plan;
use super::progress::Stage;
use super::requests::{Pay, route};
use super::token::Caller;
use super::trouble::Trouble;
use schemas::{Epoch, TransactionId};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Views that are awaited at a time; a bound on the requests that a slow Postgres keeps open.
const VIEWS_AWAITED: usize = 256;

/// How the day is driven.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Requests at a time.
    pub clients: usize,
    /// Payments per second; none means as fast as they are answered.
    pub rate: Option<u32>,
    /// Of how many settled payments one is awaited in the views.
    pub view_every: u32,
}

/// What became of the day.
#[derive(Debug)]
pub(super) struct Day {
    /// The payments that are final, in the order of the plan.
    pub outcomes: Vec<Outcome>,
    /// From the first request to the last answer.
    pub took: Duration,
    /// From sent to shown by the views, for the payments sampled.
    pub views: Vec<Duration>,
    /// Why the day ended early, or a view was never shown.
    pub troubles: Vec<Trouble>,
}

/// What became of a payment.
#[derive(Debug)]
pub(super) struct Outcome {
    /// Its row in the plan.
    pub row: usize,
    /// When it was sent, or had to be.
    pub sent: Instant,
    /// When it was final.
    pub answered: Instant,
    /// How it was decided.
    pub decision: Decision,
}

/// The two ends of a payment.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Money moved.
    Settled(TransactionId, Epoch),
    /// It did not, for this code.
    Failed {
        /// Stable.
        code: String,
        /// In words.
        detail: String,
    },
}

struct Drive {
    bank: Arc<Bank>,
    plan: Arc<Plan>,
    opened: Opened,
    order: Order,
    pace: Pace,
    start: Instant,
    stage: Stage,
    settled: AtomicU32,
    failed: AtomicU32,
    views: Mutex<JoinSet<Result<Duration, Trouble>>>,
    views_awaited: Semaphore,
}

/// Drives a day; gives the ids back for the summary.
pub(super) async fn drive(bank: &Arc<Bank>, plan: &Arc<Plan>, opened: Opened, pace: Pace) -> Result<(Day, Opened), Trouble> {
    bank.touch();
    let drive = Arc::new(Drive {
        bank: bank.clone(),
        plan: plan.clone(),
        opened,
        order: Order::of(&plan.payments, plan.accounts.len()),
        pace,
        start: Instant::now(),
        stage: Stage::new("Payments", plan.payments.len()),
        settled: AtomicU32::new(0),
        failed: AtomicU32::new(0),
        views: Mutex::default(),
        views_awaited: Semaphore::new(VIEWS_AWAITED),
    });
    let pacer = tokio::spawn(drive.clone().release());
    let mut clients = JoinSet::new();
    for _ in 0..pace.clients {
        clients.spawn(drive.clone().client());
    }
    let (mut outcomes, mut troubles) = (Vec::with_capacity(plan.payments.len()), Vec::new());
    while let Some(client) = clients.join_next().await {
        let (done, trouble) = client?;
        outcomes.extend(done);
        troubles.extend(trouble);
    }
    pacer.abort();
    let took = outcomes.iter().map(|outcome| outcome.answered.duration_since(drive.start)).max().unwrap_or_default();
    drive.stage.finish(drive.counts());
    let mut awaited = std::mem::take(&mut *drive.views.lock().unwrap_or_else(PoisonError::into_inner));
    let mut views = Vec::with_capacity(awaited.len());
    while let Some(view) = awaited.join_next().await {
        match view? {
            Ok(latency) => views.push(latency),
            Err(trouble) => troubles.push(trouble),
        }
    }
    outcomes.sort_by_key(|outcome| outcome.row);
    // The pacer may hold its share for a moment after it was told to stop.
    let _ = pacer.await;
    let drive = Arc::into_inner(drive).ok_or_else(|| Trouble::Stopped("a client of the day is still at work".to_owned()))?;
    Ok((Day { outcomes, took, views, troubles }, drive.opened))
}

impl Drive {
    /// Sets every payment free when its time comes.
    async fn release(self: Arc<Self>) {
        for row in 0..self.plan.payments.len() {
            if let Some(due) = self.due(row) {
                tokio::time::sleep_until(due.into()).await;
            }
            self.order.release(row);
        }
    }

    fn due(&self, row: usize) -> Option<Instant> {
        let row = u32::try_from(row).ok()?;
        self.pace.rate.map(|rate| self.start + Duration::from_secs(1) * row / rate)
    }

    async fn client(self: Arc<Self>) -> (Vec<Outcome>, Option<Trouble>) {
        let mut outcomes = Vec::new();
        while let Some(row) = self.order.next().await {
            match self.pay(row).await {
                Ok(outcome) => outcomes.push(outcome),
                Err(trouble) => {
                    self.order.close();
                    return (outcomes, Some(trouble));
                }
            }
            self.order.done(row);
        }
        (outcomes, None)
    }

    async fn pay(self: &Arc<Self>, row: usize) -> Result<Outcome, Trouble> {
        let payment = &self.plan.payments[row];
        let caller = Caller::Customer(self.opened.customers[payment.caller]);
        let key = format!("load-{}-{row}", self.bank.run);
        let body = Pay::of(payment, &self.opened.accounts);
        let sent = self.due(row).unwrap_or_else(Instant::now);
        let answer = self.bank.post(caller, route(payment.kind), &key, &body).await?;
        let answered = answer.at;
        let decision = decision(answer, payment.amount.minor);
        match &decision {
            Decision::Settled(transaction, epoch) => {
                if self.settled.fetch_add(1, Ordering::Relaxed).is_multiple_of(self.pace.view_every) {
                    self.await_view(caller, *transaction, *epoch, sent);
                }
            }
            Decision::Failed { .. } => {
                self.failed.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.stage.step(|| self.counts());
        Ok(Outcome { row, sent, answered, decision })
    }

    fn await_view(self: &Arc<Self>, caller: Caller, transaction: TransactionId, epoch: Epoch, sent: Instant) {
        let drive = self.clone();
        self.views.lock().unwrap_or_else(PoisonError::into_inner).spawn(async move {
            let _turn = drive.views_awaited.acquire().await;
            drive.bank.shown(caller, transaction, epoch).await.map(|shown| shown.duration_since(sent))
        });
    }

    fn counts(&self) -> String {
        format!("{} settled, {} failed", self.settled.load(Ordering::Relaxed), self.failed.load(Ordering::Relaxed))
    }
}

/// Every final answer is a decision: what is neither settled nor refused by the ledger counts as failed, too.
fn decision(answer: Answer, amount_minor: i64) -> Decision {
    let Answer { status, body, .. } = answer;
    if let (201, Some(id), Some(epoch)) = (status, body.id, body.epoch) {
        return Decision::Settled(TransactionId(id), epoch);
    }
    let code = body.code.unwrap_or_else(|| format!("status_{status}"));
    // An amount of nothing is turned away at the door, before there is a ledger to refuse it.
    let code = if status == 400 && amount_minor == 0 { schemas::Refusal::AmountNotPositive.to_string() } else { code };
    Decision::Failed { code, detail: body.detail.unwrap_or_default() }
}

#[cfg(test)]
mod tests;
