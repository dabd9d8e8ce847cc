//! Where the views go on: the books and accounts as they stood, and a reader of what came after.
//!
//! Postgres says which epochs are written. The proof of the books needs a state at its start, the first of these that
//! can be had:
//! 1. the newest snapshot that is not beyond Postgres, or the one before, and the epochs since, from Kafka;
//! 2. every epoch, if Kafka still has them all;
//! 3. the rows of Postgres, added up. The log says so, since then the proof trusts what it is to prove: rows that went
//!    wrong before are taken as they are.
//!
//! The accounts and the levels of their holders are those of the same epoch, by the rows of Postgres: they carry their epochs and are
//! never changed, so a snapshot need not hold them.

use crate::cell::views::snapshots::{self, Unusable, chain};
use crate::config::Config;
use crate::exit::{Exit, UNAVAILABLE};
use anyhow::Context;
use dataflows::accounts::Told;
use dataflows::proof::books::{Subject, Sum};
use dataflows::views::{self, Given};
use egress::postgres::{PostgresError, Progress, accounts, sums};
use egress::snapshots::{SnapshotError, Store};
use ingress::assembly::AssemblyError;
use ingress::events::{Events, EventsError, Start};
use ingress::kafka::ReadError;
use schemas::{Epoch, Topic};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// A state and the reader of all that came after it.
pub struct Standing<R = Events> {
    /// The books and accounts; none at the very beginning.
    pub given: Option<Given>,
    /// What came after.
    pub events: R,
}

/// Refuses to write a database that was written from another Kafka, before anything is claimed: a claim of the wrong
/// Kafka would shut out the cell of the right one.
///
/// Whoever claims the views does so in Kafka first, so Postgres is never ahead of Kafka's journals: `known` is the newest
/// generation of the views', and settlement's holds the last epoch that Postgres shows.
pub fn refuse_another_kafka(config: &Config, progress: Progress, known: u64) -> anyhow::Result<()> {
    let Progress { generation, epoch, schemas } = progress;
    if generation > known {
        let topic = Topic::ViewsJournal;
        return Err(another_kafka(config, &format!("was written by generation {generation}, but {topic} knows {known}")));
    }
    match Events::held_by(&config.kafka.brokers, &Start { epoch, schemas }) {
        Err(EventsError::NotHeld(last)) => Err(not_held(config, last)),
        // A journal that was cut is looked at where it is read.
        Ok(()) | Err(EventsError::Read(ReadError::StartsLate { .. })) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn not_held(config: &Config, last: Epoch) -> anyhow::Error {
    another_kafka(config, &format!("shows epoch {last}, which settlement's journal does not hold"))
}

fn another_kafka(config: &Config, what: &str) -> anyhow::Error {
    let database = &config.postgres.views_database;
    let sentence = format!(
        "the views' database {database} {what}: this Kafka is another one, or it has lost its log. Either start on the Kafka that \
         belongs to the database; or, to build the views anew from this Kafka, drop the database and run `orion migrate`"
    );
    Exit { code: UNAVAILABLE, sentence }.into()
}

/// Finds where to go on; `written` is the first epoch that Postgres does not have.
pub fn stand(config: &Config, store: &Store, url: &str, written: Epoch, runtime: &Runtime) -> anyhow::Result<Standing> {
    let schemas = runtime.block_on(Progress::read(url))?.schemas;
    let read_from = |epoch| reader(config, Start { epoch, schemas: schemas.clone() }, written);
    let added_up = || runtime.block_on(added_up(url, written)).context("the books can't be added up");
    find(store, written, read_from, added_up, |epoch| runtime.block_on(told(url, epoch)).context("the accounts can't be read"))
}

/// The same, wherever events are read from and rows are added up. `read_from` gives a reader that begins with an epoch,
/// none where Kafka has not all that it wants; `told` what stands of accounts at the end of an epoch.
pub fn find<R>(
    store: &Store,
    written: Epoch,
    mut read_from: impl FnMut(Epoch) -> anyhow::Result<Option<R>>,
    added_up: impl FnOnce() -> anyhow::Result<Vec<(Subject, Sum)>>,
    told: impl FnOnce(Epoch) -> anyhow::Result<Vec<Told>>,
) -> anyhow::Result<Standing<R>> {
    // 1.
    for name in store.list()? {
        if name.epoch >= written {
            tracing::warn!(%name, written, "removing a snapshot that is ahead of postgres");
            store.delete(name)?;
            continue;
        }
        let rows = match snapshots::read(store, name) {
            Ok(rows) => rows,
            Err(error) => {
                tracing::error!(%name, error = chain(&error), "a snapshot can't be used");
                // What a newer binary wrote, or a disk does not give just now, stays for whoever can read it.
                if matches!(error, Unusable::Snapshot(SnapshotError::Damaged { .. })) {
                    store.delete(name)?;
                }
                continue;
            }
        };
        if let Some(events) = read_from(name.epoch + 1)? {
            let (books, accounts) = (rows, told(name.epoch)?);
            tracing::info!(%name, subjects = books.len(), accounts = accounts.len(), "the books stand as in a snapshot");
            return Ok(Standing { given: Some(Given::Standing(name.epoch, Arc::new(views::Standing { books, accounts }))), events });
        }
    }
    // 2.
    if let Some(events) = read_from(0)? {
        tracing::info!(written, "the books are added up from the first epoch");
        return Ok(Standing { given: None, events });
    }
    // 3.
    let books = added_up()?;
    tracing::warn!(
        written,
        subjects = books.len(),
        "the books are the rows of postgres, added up: no snapshot, and kafka has not all events"
    );
    let events = read_from(written)?.context("kafka no longer has the epochs that the views lack; they have to come from an archive")?;
    let epoch = written.saturating_sub(1);
    let accounts = told(epoch)?;
    Ok(Standing { given: Some(Given::Standing(epoch, Arc::new(views::Standing { books, accounts }))), events })
}

/// A reader; none where Kafka has not all that it wants.
fn reader(config: &Config, start: Start, written: Epoch) -> anyhow::Result<Option<Events>> {
    let epoch = start.epoch;
    match Events::new(&config.kafka.brokers, &start) {
        Ok(events) => Ok(Some(events.hashing())),
        Err(EventsError::Assembly(error @ AssemblyError::Gone { .. })) => {
            tracing::warn!(epoch, %error, "kafka has not all events from here on");
            Ok(None)
        }
        Err(EventsError::Read(error @ ReadError::StartsLate { .. })) => {
            tracing::warn!(epoch, %error, "kafka has not all events from here on");
            Ok(None)
        }
        Err(EventsError::NotHeld(last)) if epoch == written => Err(not_held(config, last)),
        Err(EventsError::NotHeld(last)) => {
            tracing::warn!(last, "settlement's journal does not hold the epoch of a snapshot");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// The books by the rows of Postgres before an epoch.
async fn added_up(url: &str, before: Epoch) -> Result<Vec<(Subject, Sum)>, PostgresError> {
    let mut books: BTreeMap<Subject, Sum> = BTreeMap::new();
    for sum in sums::accounts(url, before).await? {
        books.insert(Subject::Account(sum.account), Sum::account(sum.amount_minor, sum.newest, sum.balance_minor));
    }
    let mut currencies: BTreeMap<_, i128> = BTreeMap::new();
    for (transaction, currency, amount_minor) in sums::unequal(url, before).await? {
        books.insert(Subject::Transaction(transaction, currency), Sum::of(amount_minor));
        *currencies.entry(currency).or_default() += amount_minor;
    }
    books.extend(currencies.into_iter().map(|(currency, amount_minor)| (Subject::Currency(currency), Sum::of(amount_minor))));
    Ok(books.into_iter().collect())
}

/// The levels of customers and the accounts at the end of an epoch, by the rows of Postgres.
async fn told(url: &str, epoch: Epoch) -> Result<Vec<Told>, PostgresError> {
    let accounts::Stood { levels, accounts } = accounts::at(url, epoch).await?;
    let levels = levels.into_iter().map(|set| Told::level(set.customer_id, set.level));
    let accounts = accounts.iter().flat_map(|account| std::iter::once(Told::account(account)).chain(Told::closed(account)));
    Ok(levels.chain(accounts).collect())
}
