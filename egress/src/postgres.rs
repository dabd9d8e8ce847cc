//! Rows of the views, exactly once.
//!
//! In: committed epochs, whole, in order, with what the proof of the books says of them and what they add to the
//! aggregates. Out: their rows and the sink's progress, in one transaction. Never: an epoch twice, an epoch out of order,
//! or anything written by a process that was replaced.
//!
//! When the connection is lost, the outcome of a commit is unknown: it happened, and the progress row says so, or it
//! did not, and the rows are not there. The row is read under its lock, so the old transaction is over by then, and
//! both cases go on from what it says.

/// Which accounts there were, and the levels of their holders.
pub mod accounts;
/// What the aggregates must be.
pub mod aggregates;
/// Alerts of the risk cell.
pub mod alerts;
/// The audit chain of a cell.
pub mod chain;
/// Watchlists as they stood.
pub mod lists;
mod months;
mod parties;
mod rows;
mod session;
/// How the rules against fraud were set.
pub mod settings;
/// What the accounts add up to.
pub mod sums;
/// Alerts that are open, and what they ask for.
pub mod wishes;

pub use rows::Rows;
pub use session::Progress;

use crate::signer::Signer;
use chain::{Chain, Links};
use schemas::{Aggregates, Currency, Epoch, EpochEvents, Fact};
use session::Session;
use sqlx::Connection;
use std::sync::Arc;

/// What ends the sink.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// Postgres said no, or nothing.
    #[error("postgres failed at: {step}")]
    Postgres {
        /// What was being done.
        step: &'static str,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// Another process took the sink over.
    #[error("another process has taken over the sink {0}")]
    Fenced(&'static str),
    /// The row was moved by nobody that could.
    #[error("the sink {sink} stands at epoch {found}; {old} or {next} was expected")]
    Moved {
        /// The sink.
        sink: &'static str,
        /// What the row says.
        found: i64,
        /// Before the transaction whose outcome was unknown.
        old: i64,
        /// After it.
        next: i64,
    },
}

/// Name of the views' row in `sink_progress`.
pub const SINK: &str = "views";

/// Something that does not balance any more, or does again.
#[derive(Clone, Debug)]
pub struct Imbalance {
    /// `currency`, `account` or `transaction`.
    pub kind: &'static str,
    /// The currency's code, or the id.
    pub subject: String,
    /// The currency, where the kind has one.
    pub currency: Option<Currency>,
    /// By how much.
    pub difference_minor: i128,
    /// 1: it is so from this epoch on; -1: it is so no more.
    pub diff: i64,
}

/// An epoch to write.
#[derive(Clone, Debug)]
pub struct Written {
    /// What happened.
    pub events: Arc<EpochEvents>,
    /// What the proof of the books says of it.
    pub imbalances: Vec<Imbalance>,
    /// What it adds to the aggregates.
    pub aggregates: Aggregates,
}

/// The writer of the views.
pub struct Views {
    session: Session,
    epoch: i64,
    /// Schemas that the database has.
    recorded: Vec<u32>,
    counted: rows::Counted,
    /// The months before this epoch are there, as far as rows can still come for them.
    months_until: i64,
    /// The audit chain; none of a writer that knows none.
    chain: Option<Chain>,
    /// The first epoch that the chain does not have; none before it begins.
    chained_until: Option<i64>,
}

macro_rules! moves {
    ($more:literal) => {
        concat!(
            "with moved as (
                 update sink_progress set epoch = $2, generation = $3, commands_upper = $5, imbalances = $6, schemas_epoch = $2,
                                          aggregates_epoch = $2, positions_epoch = $2",
            $more,
            " where sink = $1 and epoch = $4 and generation <= $3
                 returning sink
             )
             select pg_notify('orion_views', '') from moved"
        )
    };
}

/// Moves the progress. Whoever listens hears of it when it is committed.
const MOVE: &str = moves!("");
/// The same, and the end of the audit chain with it.
const MOVE_CHAINED: &str = moves!(", audit_epoch = $2");

const RANGE: &str = "epochs and generations stay far below the range of a bigint";

/// Everything of one transaction, made before it begins: it may have to be written again.
#[derive(Clone, Debug)]
pub struct Group {
    /// What is inserted.
    pub rows: Rows,
    /// Of which epochs.
    pub epochs: Vec<i64>,
    /// The progress after it: the first epoch that is not written then.
    pub next: i64,
    /// Exclusive upper offset of each partition of the commands log that is shown then.
    pub commands_upper: Vec<i64>,
    /// How many imbalances stand then.
    pub imbalances: i64,
    /// Schemas that the database does not have.
    pub schemas: Vec<(u32, String)>,
}

impl Group {
    /// Of epochs that follow the progress; none of none. `recorded` are the schemas that the database has.
    pub fn of(epochs: &[Written], progress: i64, standing: i64, schemas: &[(u32, String)], recorded: &[u32]) -> Option<Self> {
        let last = epochs.last().map(|written| &written.events)?;
        let (mut rows, mut times) = (Rows::default(), Vec::with_capacity(epochs.len()));
        for Written { events, imbalances, aggregates } in epochs {
            let time = i64::try_from(events.epoch()).expect(RANGE);
            assert!(time >= progress, "epoch {time} was written before");
            let has_rows = events.events.first().is_some_and(|event| match &event.fact {
                Fact::Repeated(_) => false,
                Fact::BatchDecided(decided) => !decided.dry_run,
                _ => true,
            });
            let left_out = usize::from(has_rows && faults::slip("row-left-out"));
            rows.add(time, &events.events[left_out..], imbalances, aggregates);
            times.push(time);
        }
        let commands = last.binding.inputs.iter().filter(|input| input.topic == schemas::Topic::Commands.as_str());
        Some(Self {
            rows,
            epochs: times,
            next: i64::try_from(last.epoch() + 1).expect(RANGE) - if faults::bug("progress-back") { 800 } else { 0 },
            commands_upper: commands.map(|input| input.upper).collect(),
            imbalances: standing,
            schemas: schemas.iter().filter(|(id, _)| !recorded.contains(id)).cloned().collect(),
        })
    }

    /// Whether the transaction of this group happened, whose outcome is unknown, by what the progress row says, read under
    /// its lock when every older session has ended: its generation and epoch. `mine` is the generation of the writer and
    /// `old` the progress before.
    pub fn happened(&self, mine: i64, old: i64, (generation, found): (i64, i64)) -> Result<bool, PostgresError> {
        session::happened(SINK, mine, [old, self.next], (generation, found))
    }
}

impl Views {
    /// Takes the sink over: whatever an older generation has under way ends, and can't commit from here on.
    pub async fn claim(url: &str, generation: u64) -> Result<Self, PostgresError> {
        let generation = i64::try_from(generation).expect(RANGE);
        let mut session = Session::open(url, SINK, "sink_progress", generation).await?;
        session.end_older().await?;
        let epoch = session.claim().await?;
        aggregates::catch_up(&mut session.connection, generation).await?;
        Ok(Self {
            session,
            epoch,
            recorded: Vec::new(),
            counted: rows::Counted::default(),
            months_until: 0,
            chain: None,
            chained_until: None,
        })
    }

    /// Goes on with the audit chain of a cell: from here on, what is written is in it.
    pub async fn chained(mut self, cell: &'static str, signer: Signer) -> Result<Self, PostgresError> {
        let failed = |source| PostgresError::Postgres { step: "read the audit chain", source };
        // The sink is ours: nobody adds a link between the two, or after them.
        self.chained_until = sqlx::query_scalar("select audit_epoch from sink_progress where sink = $1")
            .bind(SINK)
            .fetch_one(&mut self.session.connection)
            .await
            .map_err(failed)?;
        self.chain = Some(Chain::read(&mut self.session.connection, cell, signer).await.map_err(failed)?);
        Ok(self)
    }

    /// The first epoch that was written and is not in the chain, where one is that has to be: older code, which knows no chain, wrote it.
    pub fn unchained(&self) -> Option<Epoch> {
        self.chained_until.filter(|until| *until < self.epoch).and_then(|until| u64::try_from(until).ok())
    }

    /// Brings epochs into the chain that were written without it; the first of them is the first that it lacks.
    pub async fn chain_up(&mut self, epochs: &[EpochEvents]) -> Result<(), PostgresError> {
        let failed = |step| move |source| PostgresError::Postgres { step, source };
        let (Some(chain), Some(until), Some(last)) = (&mut self.chain, self.chained_until, epochs.last()) else { return Ok(()) };
        let links = chain.links(epochs.iter().map(chain::said));
        let times: Vec<i64> = epochs.iter().map(|epoch| i64::try_from(epoch.epoch()).expect(RANGE)).collect();
        let next = i64::try_from(last.epoch() + 1).expect(RANGE);
        let mut transaction = self.session.connection.begin().await.map_err(failed("begin"))?;
        let moved = sqlx::query("update sink_progress set audit_epoch = $2 where sink = $1 and generation = $3 and audit_epoch = $4")
            .bind(SINK)
            .bind(next)
            .bind(self.session.generation)
            .bind(until)
            .execute(&mut *transaction)
            .await
            .map_err(failed("move the end of the audit chain"))?;
        if moved.rows_affected() == 0 {
            return Err(PostgresError::Fenced(SINK));
        }
        self.months_until = months::make(&mut transaction, &times, self.months_until).await.map_err(failed("make the months"))?;
        links.insert(&mut transaction).await.map_err(failed("insert links"))?;
        transaction.commit().await.map_err(failed("commit"))?;
        chain.remember(&links);
        self.chained_until = Some(next);
        Ok(())
    }

    /// First epoch that is not written yet.
    pub fn epoch(&self) -> Epoch {
        u64::try_from(self.epoch).expect("progress is never negative")
    }

    /// Writes epochs in one transaction. `standing` is how many imbalances there are after them, `schemas` what the
    /// reader of settlement's journal has learnt.
    pub async fn write(&mut self, epochs: &[Written], standing: i64, schemas: &[(u32, String)]) -> Result<(), PostgresError> {
        let Some(group) = Group::of(epochs, self.epoch, standing, schemas, &self.recorded) else { return Ok(()) };
        let links = self.chain.as_ref().map(|chain| chain.links(epochs.iter().map(|written| chain::said(&written.events))));
        for attempt in 1.. {
            match session::in_time("write epochs", self.attempt(&group, links.as_ref())).await {
                Ok(months_until) => {
                    self.months_until = months_until;
                    break;
                }
                Err(error) => {
                    if self.session.happened(error, attempt, [self.epoch, group.next]).await? {
                        break;
                    }
                }
            }
        }
        self.epoch = group.next;
        self.recorded.extend(group.schemas.iter().map(|(id, _)| *id));
        self.counted.remember(&group.rows.activity);
        if let (Some(chain), Some(links)) = (&mut self.chain, &links) {
            chain.remember(links);
            self.chained_until = Some(group.next);
        }
        Ok(())
    }

    /// Gives up to which epoch there are months then.
    async fn attempt(&mut self, group: &Group, links: Option<&Links>) -> Result<i64, PostgresError> {
        let failed = |step| move |source| PostgresError::Postgres { step, source };
        let mut transaction = self.session.connection.begin().await.map_err(failed("begin"))?;
        faults::point("views.begin");
        let moved = sqlx::query(if links.is_some() { MOVE_CHAINED } else { MOVE })
            .bind(SINK)
            .bind(group.next)
            .bind(self.session.generation)
            .bind(self.epoch)
            .bind(&group.commands_upper)
            .bind(group.imbalances)
            .fetch_optional(&mut *transaction)
            .await
            .map_err(failed("move the progress"))?;
        if moved.is_none() {
            return Err(PostgresError::Fenced(SINK));
        }
        faults::point("views.progress");
        let months_until = months::make(&mut transaction, &group.epochs, self.months_until).await.map_err(failed("make the months"))?;
        group.rows.insert(&mut transaction, &self.counted).await.map_err(failed("insert rows"))?;
        if let Some(links) = links {
            links.insert(&mut transaction).await.map_err(failed("insert links"))?;
        }
        for (id, schema) in &group.schemas {
            sqlx::query("insert into sink_schema (sink, id, schema) values ($1, $2, $3) on conflict do nothing")
                .bind(SINK)
                .bind(i64::from(*id))
                .bind(schema)
                .execute(&mut *transaction)
                .await
                .map_err(failed("record a schema"))?;
        }
        faults::point("views.commit");
        transaction.commit().await.map_err(failed("commit"))?;
        faults::point("views.committed");
        Ok(months_until)
    }
}
