//! After the day: everything that was answered must stand in Kafka and in Postgres, and the books must balance.
//!
//! The books are drawn up twice, from the settled events and from the views, and compared account by account at
//! one epoch: the views' snapshot says up to which epoch it goes, and Kafka always has that epoch before Postgres.

use super::bank::Bank;
use super::books::{Books, Sums, decimal};
use super::drive::{Day, Decision};
use super::events::{Follower, SeenAll};
use super::kafka::Topics;
use super::postgres::{self, Balance, Views};
use super::trouble::Trouble;
use schemas::topic::Topic;
use schemas::{Currency, Epoch, Refusal, TransactionId};
use std::time::Duration;

/// Sentences of one kind beyond this are counted, not shown.
const SHOWN: usize = 5;
const PAUSE: Duration = Duration::from_millis(50);

/// What the check found.
#[derive(Debug, Default)]
pub(super) struct Checked {
    /// Every event of the day, by transaction.
    pub seen: SeenAll,
    /// The sum of all balances.
    pub trial_balance: Sums,
    /// Accounts that were compared.
    pub accounts: usize,
    /// Settled transactions that were compared.
    pub settled: u64,
    /// What is off, a sentence each.
    pub faults: Vec<String>,
}

/// Checks a day.
pub(super) async fn check(bank: &Bank, day: &Day, payments: usize, follower: Follower, topics: &Topics, database_url: &str) -> Checked {
    let mut checked = Checked::default();
    checked.faults.extend(unfinished(day, payments));
    checked.faults.extend(misunderstood(day));
    let settled = settled(day);
    bank.touch();
    match events(bank, follower, &settled).await {
        Ok((seen, missing)) => {
            checked.seen = seen;
            if missing > 0 {
                checked.faults.push(format!("{missing} payments were answered as settled, but no committed event says so"));
            }
        }
        Err(trouble) => checked.faults.push(trouble.to_string()),
    }
    let last = day.outcomes.iter().filter_map(|outcome| match outcome.decision {
        Decision::Settled(_, epoch) => Some(epoch),
        Decision::Failed { .. } => None,
    });
    bank.touch();
    match books(bank, last.max().unwrap_or_default(), topics, database_url).await {
        Ok((whole, books, views)) => {
            checked.accounts = views.balances.len();
            checked.settled = views.settled;
            checked.trial_balance = books.sums();
            for (currency, sum) in views.sums() {
                // Whichever of the two is off is shown.
                let shown = checked.trial_balance.entry(currency).or_default();
                *shown = if *shown == 0 { sum } else { *shown };
            }
            checked.faults.extend(few(compare(whole, &books, &views)));
        }
        Err(trouble) => checked.faults.push(trouble.to_string()),
    }
    checked
}

fn unfinished(day: &Day, payments: usize) -> Vec<String> {
    let mut troubles: Vec<String> = day.troubles.iter().map(ToString::to_string).collect();
    troubles.sort();
    troubles.dedup();
    let mut faults = few(troubles);
    let open = payments - day.outcomes.len();
    if open > 0 {
        faults.push(format!("{open} of {payments} payments are not final"));
    }
    faults
}

/// Answers that are neither settled nor a refusal of the ledger: the door and this client do not agree.
fn misunderstood(day: &Day) -> Vec<String> {
    let odd = |code: &str| !Refusal::ALL.iter().any(|refusal| refusal.as_str() == code);
    let said = day.outcomes.iter().filter_map(|outcome| match &outcome.decision {
        Decision::Failed { code, detail } if odd(code) => {
            Some(format!("payment {} was not judged, but answered with {code}: {detail}", outcome.row))
        }
        Decision::Failed { .. } | Decision::Settled(..) => None,
    });
    few(said.collect())
}

/// The transactions of the payments that settled.
pub(super) fn settled(day: &Day) -> Vec<TransactionId> {
    let transaction = |decision: &Decision| match decision {
        Decision::Settled(transaction, _) => Some(*transaction),
        Decision::Failed { .. } => None,
    };
    day.outcomes.iter().filter_map(|outcome| transaction(&outcome.decision)).collect()
}

/// Waits until the event of every settled payment was seen; how many never were.
async fn events(bank: &Bank, follower: Follower, settled: &[TransactionId]) -> Result<(SeenAll, usize), Trouble> {
    let mut missing = follower.missing(settled);
    while missing > 0 && !follower.is_over() && bank.hope(String::new()).is_ok() {
        tokio::time::sleep(PAUSE).await;
        let now = follower.missing(settled);
        if now < missing {
            bank.touch();
        }
        missing = now;
    }
    Ok((follower.stop().await?, missing))
}

/// Both books, at the views' epoch, once they have epoch `last`; and whether the events go back to the beginning.
async fn books(bank: &Bank, last: Epoch, topics: &Topics, database_url: &str) -> Result<(bool, Books, Views), Trouble> {
    let views = loop {
        match views_of(database_url, last).await {
            Ok(views) => break views,
            Err(trouble) => bank.hope(trouble.to_string()).map_err(|_| trouble)?,
        }
        tokio::time::sleep(PAUSE * 4).await;
    };
    let (topics, upper) = (topics.clone(), views.upper);
    let (whole, books) = tokio::task::spawn_blocking(move || events_below(&topics, upper)).await??;
    Ok((whole, books, views))
}

async fn views_of(database_url: &str, last: Epoch) -> Result<Views, Trouble> {
    let mut connection = postgres::connect(database_url).await?;
    let upper = postgres::upper(&mut connection).await?;
    if upper <= last {
        return Err(Trouble::Postgres { reason: format!("the views end before epoch {upper}, but the last payment is of epoch {last}") });
    }
    postgres::views(&mut connection).await
}

/// The books of every event below an epoch.
fn events_below(topics: &Topics, upper: Epoch) -> Result<(bool, Books), Trouble> {
    let mut decoder = topics.decoder()?;
    let (mut books, mut whole) = (Books::default(), true);
    for topic in Topic::MOVED {
        let extents = topics.read(*topic, |message| {
            let event = topics.event(&mut decoder, *topic, message)?;
            if event.epoch < upper {
                books.enter(&event);
            }
            Ok(())
        })?;
        whole &= extents.iter().all(|extent| extent.low == 0);
    }
    Ok((whole, books))
}

/// What is off in the books, or between the two.
fn compare(whole: bool, books: &Books, views: &Views) -> Vec<String> {
    let mut faults = books.faults(whole);
    let off = |sums: Sums, whose: &str| -> Vec<String> {
        let off = sums.into_iter().filter(|(_, sum)| *sum != 0);
        off.map(|(currency, sum)| format!("{whose} sum to {} {currency} instead of 0", decimal(sum, currency))).collect()
    };
    faults.extend(off(books.sums(), "the postings of all events"));
    faults.extend(off(views.sums(), "the balances in Postgres"));
    if whole && books.settled != views.settled {
        faults.push(format!("Kafka has {} settled transactions, Postgres {}", books.settled, views.settled));
    }
    if views.settled != views.moved {
        faults.push(format!("Postgres shows {} settled transactions, but has postings of {}", views.settled, views.moved));
    }
    let adrift = views.balances.iter().filter(|(_, balance)| balance.minor != balance.moved_minor);
    faults.extend(adrift.map(|(account, Balance { currency, minor, moved_minor })| {
        format!(
            "account {account} has {} in Postgres, but its postings there sum to {}",
            shown(*currency, *minor),
            shown(*currency, *moved_minor)
        )
    }));
    let from_events = books.balances();
    for (account, (currency, balance)) in &from_events {
        let said = views.balances.get(account).map_or_else(|| "nothing".to_owned(), |balance| shown(balance.currency, balance.minor));
        if said != shown(*currency, *balance) {
            faults.push(format!("account {account} has {} by its events, but {said} in Postgres", shown(*currency, *balance)));
        }
    }
    if whole {
        let unknown = views.balances.keys().filter(|account| !from_events.contains_key(account));
        faults.extend(unknown.map(|account| format!("account {account} has a balance in Postgres, but no event moved it")));
    }
    faults
}

fn shown(currency: Currency, balance_minor: i64) -> String {
    format!("{} {currency}", decimal(i128::from(balance_minor), currency))
}

fn few(mut sentences: Vec<String>) -> Vec<String> {
    let more = sentences.len().saturating_sub(SHOWN);
    sentences.truncate(SHOWN);
    if more > 0 {
        sentences.push(format!("and {more} more like these"));
    }
    sentences
}

#[cfg(test)]
mod tests;
