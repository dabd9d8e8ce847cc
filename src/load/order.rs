//! Which payment may be sent when.
//!
//! Two payments that touch an account which pays at some time of the day keep their order; everything else runs
//! side by side. So whether a payment settles does not depend on how many clients there are or how fast the
//! bank is. An account that only receives needs no order: a credit is never refused for its balance.
//!
//! With a pace, a payment also waits for its time.

use super::plan::{Party, PlannedPayment};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;

/// The payments that are free to go, the earliest first.
pub(super) struct Order {
    /// Per row the rows that wait for it: at most the next one of each of its two accounts.
    next: Vec<[Option<usize>; 2]>,
    state: Mutex<State>,
    /// As many permits as there are rows in `State::ready`.
    ready: Semaphore,
}

struct State {
    /// What each row still waits for: earlier rows, and its time.
    waits: Vec<u8>,
    ready: BinaryHeap<Reverse<usize>>,
    left: usize,
}

impl Order {
    /// The order of a day's payments between `accounts` accounts; none is free before its release.
    pub(super) fn of(payments: &[PlannedPayment], accounts: usize) -> Self {
        let mut pays = vec![false; accounts];
        for payment in payments {
            if let Party::Account(account) = payment.debit {
                pays[account] = true;
            }
        }
        // Every row waits for its time, and for the row before it on each account that pays.
        let mut waits = vec![1u8; payments.len()];
        let mut next = vec![[None; 2]; payments.len()];
        let mut last: Vec<Option<usize>> = vec![None; accounts];
        for (row, payment) in payments.iter().enumerate() {
            for account in payment.accounts().filter(|account| pays[*account]) {
                let Some(before) = last[account].replace(row).filter(|before| *before != row) else { continue };
                let slot = next[before].iter().position(Option::is_none).expect("each account of a row has one next row");
                next[before][slot] = Some(row);
                waits[row] += 1;
            }
        }
        let state = State { waits, ready: BinaryHeap::new(), left: payments.len() };
        Self { next, state: Mutex::new(state), ready: Semaphore::new(0) }
    }

    /// The time of a row has come.
    pub(super) fn release(&self, row: usize) {
        let freed = self.state().free(row);
        self.ready.add_permits(usize::from(freed));
    }

    /// The next row to send; none once all are done, or after `close`.
    pub(super) async fn next(&self) -> Option<usize> {
        self.ready.acquire().await.ok()?.forget();
        self.state().ready.pop().map(|Reverse(row)| row)
    }

    /// A row is decided: those that waited for it may go.
    pub(super) fn done(&self, row: usize) {
        let mut state = self.state();
        let freed = self.next[row].into_iter().flatten().filter(|next| state.free(*next)).count();
        state.left -= 1;
        let over = state.left == 0;
        drop(state);
        self.ready.add_permits(freed);
        if over {
            self.close();
        }
    }

    /// Nothing more is sent.
    pub(super) fn close(&self) {
        self.ready.close();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn free(&mut self, row: usize) -> bool {
        self.waits[row] -= 1;
        let free = self.waits[row] == 0;
        if free {
            self.ready.push(Reverse(row));
        }
        free
    }
}

#[cfg(test)]
mod tests {
    use super::super::generate::generate;
    use super::*;
    use std::sync::Arc;

    /// The order in which `clients` clients finish the day; each row takes a while that differs.
    async fn finished(payments: &[PlannedPayment], accounts: usize, clients: usize) -> Vec<(usize, bool)> {
        let order = Arc::new(Order::of(payments, accounts));
        (0..payments.len()).for_each(|row| order.release(row));
        let log = Arc::new(Mutex::new(Vec::new()));
        let mut running = tokio::task::JoinSet::new();
        for _ in 0..clients {
            let (order, log) = (order.clone(), log.clone());
            running.spawn(async move {
                while let Some(row) = order.next().await {
                    log.lock().unwrap().push((row, true));
                    for _ in 0..(row * 7) % 5 {
                        tokio::task::yield_now().await;
                    }
                    log.lock().unwrap().push((row, false));
                    order.done(row);
                }
            });
        }
        while let Some(done) = running.join_next().await {
            done.unwrap();
        }
        Arc::into_inner(log).unwrap().into_inner().unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_account_that_pays_keeps_its_order() {
        let plan = generate(5, 3_000);
        let pays = |account: &usize| plan.payments.iter().any(|payment| payment.debit == Party::Account(*account));
        let pays: Vec<bool> = (0..plan.accounts.len()).map(|account| pays(&account)).collect();
        for clients in [1, 3, 64] {
            let log = finished(&plan.payments, plan.accounts.len(), clients).await;
            assert_eq!(log.len(), 2 * plan.payments.len());
            let mut busy = vec![None; plan.accounts.len()];
            let mut last = vec![None; plan.accounts.len()];
            for (row, begins) in log {
                for account in plan.payments[row].accounts().filter(|account| pays[*account]) {
                    if begins {
                        assert_eq!(busy[account].replace(row), None, "account {account} has two payments at a time");
                        assert!(last[account].replace(row) < Some(row), "account {account} goes back to row {row}");
                    } else {
                        busy[account] = None;
                    }
                }
            }
        }
    }

    #[tokio::test]
    async fn a_row_waits_for_its_time_and_nothing_is_sent_after_close() {
        let plan = generate(5, 20);
        let order = Order::of(&plan.payments, plan.accounts.len());
        let free = (0..20).find(|row| order.state().waits[*row] == 1).unwrap();
        let waiting = tokio::time::timeout(std::time::Duration::from_millis(5), order.next()).await;
        assert!(waiting.is_err(), "nothing was released");
        order.release(free);
        assert_eq!(order.next().await, Some(free));
        order.close();
        assert_eq!(order.next().await, None);
    }
}
