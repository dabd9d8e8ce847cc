//! Before the day: customers are enrolled, accounts opened, first balances and floats paid in by an operator.
//!
//! Every request has a key, so a bank that is killed in between decides none of them twice.

use super::bank::{Answer, Bank};
use super::plan::Plan;
use super::progress::Stage;
use super::requests::{ACCOUNTS, CUSTOMERS, Enrol, Open, Pay, route};
use super::token::Caller;
use super::trouble::Trouble;
use schemas::{AccountId, CustomerId, PaymentKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::task::JoinSet;
use uuid::Uuid;

/// The ids that the bank gave, by the indices of the plan.
pub(super) struct Opened {
    /// By holder.
    pub customers: Vec<CustomerId>,
    /// By account.
    pub accounts: Vec<AccountId>,
}

/// Opens everything in a plan.
pub(super) async fn open(bank: &Arc<Bank>, plan: &Arc<Plan>, clients: usize) -> Result<Opened, Trouble> {
    let customers = each(clients, plan.holders.len(), "Customers", {
        let (bank, plan) = (bank.clone(), plan.clone());
        move |number| {
            let (bank, plan) = (bank.clone(), plan.clone());
            async move {
                let key = format!("load-{}-customer-{number}", bank.run);
                let body = Enrol::of(&plan.holders[number]);
                id("enrol a customer", bank.post(Caller::Operator, CUSTOMERS, &key, &body).await?).map(CustomerId)
            }
        }
    })
    .await?;
    let accounts = each(clients, plan.accounts.len(), "Accounts", {
        let (bank, plan, customers) = (bank.clone(), plan.clone(), Arc::new(customers.clone()));
        move |number| {
            let (bank, plan, customers) = (bank.clone(), plan.clone(), customers.clone());
            async move {
                let key = format!("load-{}-account-{number}", bank.run);
                let body = Open::of(plan.accounts[number], &customers);
                id("open an account", bank.post(Caller::Operator, ACCOUNTS, &key, &body).await?).map(AccountId)
            }
        }
    })
    .await?;
    each(clients, plan.openings.len(), "First deposits", {
        let (bank, plan, accounts) = (bank.clone(), plan.clone(), Arc::new(accounts.clone()));
        move |number| {
            let (bank, plan, accounts) = (bank.clone(), plan.clone(), accounts.clone());
            async move {
                let key = format!("load-{}-opening-{number}", bank.run);
                let body = Pay::opening(plan.openings[number], &accounts);
                id("pay in a first deposit", bank.post(Caller::Operator, route(PaymentKind::Deposit), &key, &body).await?)
            }
        }
    })
    .await?;
    Ok(Opened { customers, accounts })
}

fn id(what: &str, answer: Answer) -> Result<Uuid, Trouble> {
    match (answer.status, answer.body.id) {
        (201, Some(id)) => Ok(id),
        (status, _) => {
            let said = answer.body.detail.or(answer.body.code).unwrap_or_default();
            Err(Trouble::Refused { what: what.to_owned(), detail: format!("{status} {said}") })
        }
    }
}

/// Does `count` jobs, at most `clients` at a time; the results in the order of the jobs.
async fn each<T, F, Job>(clients: usize, count: usize, title: &'static str, job: F) -> Result<Vec<T>, Trouble>
where
    T: Send + 'static,
    F: Fn(usize) -> Job + Clone + Send + 'static,
    Job: Future<Output = Result<T, Trouble>> + Send,
{
    let stage = Arc::new(Stage::new(title, count));
    let next = Arc::new(AtomicUsize::new(0));
    let mut running = JoinSet::new();
    for _ in 0..clients.min(count) {
        let (job, next, stage) = (job.clone(), next.clone(), stage.clone());
        running.spawn(async move {
            let mut done = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return Ok::<_, Trouble>(done);
                }
                done.push((number, job(number).await?));
                stage.step(String::new);
            }
        });
    }
    let mut results = Vec::with_capacity(count);
    while let Some(done) = running.join_next().await {
        results.extend(done??);
    }
    stage.finish(String::new());
    results.sort_by_key(|(number, _)| *number);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn results_come_in_order_and_the_first_trouble_ends_all() {
        for (clients, count) in [(1, 5), (4, 0), (4, 3), (4, 100)] {
            let found = each(clients, count, "Test", |number| async move {
                for _ in 0..(number * 7) % 5 {
                    tokio::task::yield_now().await;
                }
                Ok(number)
            });
            assert_eq!(found.await.unwrap(), (0..count).collect::<Vec<_>>());
        }
        let failed =
            each(2, 10, "Test", |number| async move { if number == 4 { Err(Trouble::Stopped("four".to_owned())) } else { Ok(()) } });
        assert!(failed.await.is_err());
    }
}
