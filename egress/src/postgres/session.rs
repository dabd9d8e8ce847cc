//! The connection of a sink: who holds it, how it is taken over, and how it comes back.

use crate::postgres::PostgresError;
use crate::postgres::rows::TYPES;
use schemas::Epoch;
use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use std::str::FromStr;
use std::time::{Duration, Instant};

/// How far a sink has come, as anybody may read it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Who wrote last.
    pub generation: u64,
    /// The first epoch that is not written.
    pub epoch: Epoch,
    /// The schemas that settlement's journal had recorded by then; none if not all of them are known.
    pub schemas: Vec<(u32, String)>,
}

impl Progress {
    /// Reads it, of the views.
    pub async fn read(url: &str) -> Result<Self, PostgresError> {
        let failed = |source| PostgresError::Postgres { step: "read the progress", source };
        let mut connection = PgConnection::connect(url).await.map_err(failed)?;
        let row: (i64, i64) = sqlx::query_as("select generation, epoch from sink_progress where sink = $1")
            .bind(super::SINK)
            .fetch_one(&mut connection)
            .await
            .map_err(failed)?;
        // Those that came after the row was read do no harm: a schema of an id never changes.
        let schemas: Vec<(i64, String)> = sqlx::query_as(RECORDED).bind(super::SINK).fetch_all(&mut connection).await.map_err(failed)?;
        let schema = |(id, schema): (i64, String)| u32::try_from(id).ok().map(|id| (id, schema));
        Ok(Self {
            generation: u64::try_from(row.0).unwrap_or_default(),
            epoch: u64::try_from(row.1).unwrap_or_default(),
            schemas: schemas.into_iter().filter_map(schema).collect(),
        })
    }
}

const RECORDED: &str = "select id, schema from sink_schema join sink_progress using (sink)
    where sink = $1 and schemas_epoch = epoch order by id";

/// A connection that belongs to a generation, and says so.
pub(super) struct Session {
    /// Whose it is, as in the table of its progress.
    pub(super) sink: &'static str,
    table: &'static str,
    options: PgConnectOptions,
    pub(super) connection: PgConnection,
    pub(super) generation: i64,
}

/// Longest time without a connection before the process ends, and is started again.
const AWAY_MAX: Duration = Duration::from_secs(60);
/// A transaction that ends its connection this often does so by itself.
const ATTEMPTS_MAX: u32 = 5;
/// Pause between attempts to connect.
const PAUSE: Duration = Duration::from_millis(200);

impl Session {
    pub(super) async fn open(url: &str, sink: &'static str, table: &'static str, generation: i64) -> Result<Self, PostgresError> {
        let options = PgConnectOptions::from_str(url)
            .map_err(failed("read the address"))?
            .application_name(&format!("orion {sink} {generation}"))
            // A writer that was stopped in the middle of a transaction can't hold the progress row for long.
            .options([("idle_in_transaction_session_timeout", "5000"), ("synchronous_commit", "on")]);
        let connection = connect(&options, "connect").await?;
        Ok(Self { sink, table, options, connection, generation })
    }

    /// Ends the sessions of older generations, and others of this one: a process that was stopped, or is cut off and
    /// does not know it, holds the row no longer.
    pub(super) async fn end_older(&mut self) -> Result<(), PostgresError> {
        let ended: i64 = sqlx::query_scalar(
            "select count(*) filter (where pg_terminate_backend(pid, 5000)) from pg_stat_activity
             where usename = current_user and datname = current_database() and pid <> pg_backend_pid()
               and (application_name = 'orion ' || $2
                    or case when application_name ~ ('^orion ' || $2 || ' [0-9]{1,18}$')
                            then split_part(application_name, ' ', 3)::bigint <= $1 else false end)",
        )
        .bind(self.generation)
        .bind(self.sink)
        .fetch_one(&mut self.connection)
        .await
        .map_err(failed("end older sessions"))?;
        if ended > 0 {
            tracing::info!(ended, sink = self.sink, "ended older sessions");
        }
        Ok(())
    }

    /// Writes this generation into the row, which none may write with an older one from here on; gives its epoch.
    pub(super) async fn claim(&mut self) -> Result<i64, PostgresError> {
        let claim = format!("update {} set generation = $2 where sink = $1 and generation < $2 returning epoch", self.table);
        sqlx::query_scalar(sqlx::AssertSqlSafe(claim))
            .bind(self.sink)
            .bind(self.generation)
            .fetch_optional(&mut self.connection)
            .await
            .map_err(failed("take the sink over"))?
            .ok_or(PostgresError::Fenced(self.sink))
    }

    /// Connects again, ends what is left of the old connection, and reads the row: generation and epoch.
    ///
    /// The row is read under its lock, so a transaction of the old connection is decided before it is.
    pub(super) async fn again(&mut self) -> Result<(i64, i64), PostgresError> {
        let since = Instant::now();
        loop {
            match in_time("connect again", self.try_again()).await {
                Err(error) if is_lost(&error) && since.elapsed() < AWAY_MAX => tokio::time::sleep(PAUSE).await,
                done => return done,
            }
        }
    }

    /// Whether a transaction happened that failed so, and that was to move the progress from one epoch to another. Only where the connection
    /// was lost is that unknown, and looked up, so often; any other failure is given back.
    pub(super) async fn happened(&mut self, error: PostgresError, attempt: u32, epochs: [i64; 2]) -> Result<bool, PostgresError> {
        if !is_lost(&error) || attempt >= ATTEMPTS_MAX {
            return Err(error);
        }
        tracing::warn!(
            sink = self.sink,
            epoch = epochs[0],
            error = chain(&error),
            "the connection to postgres is lost; looking what became of the transaction"
        );
        let found = self.again().await?;
        happened(self.sink, self.generation, epochs, found)
    }

    async fn try_again(&mut self) -> Result<(i64, i64), PostgresError> {
        self.connection = connect(&self.options, "connect again").await?;
        self.end_older().await?;
        let look = format!("select generation, epoch from {} where sink = $1 for update", self.table);
        sqlx::query_as(sqlx::AssertSqlSafe(look))
            .bind(self.sink)
            .fetch_one(&mut self.connection)
            .await
            .map_err(failed("look what became of a transaction"))
    }
}

/// A connection that knows the types of the rows.
async fn connect(options: &PgConnectOptions, step: &'static str) -> Result<PgConnection, PostgresError> {
    let mut connection = PgConnection::connect_with(options).await.map_err(failed(step))?;
    sqlx::raw_sql(TYPES).execute(&mut connection).await.map_err(failed(step))?;
    Ok(connection)
}

/// A Postgres that says nothing for that long is away. It may have vanished without closing the connection, and then a
/// wait would never end.
const SILENT_MAX: Duration = Duration::from_secs(30);

/// Gives up on a silent Postgres, as on a lost connection: what became of the work is looked up.
pub(super) async fn in_time<T>(step: &'static str, work: impl Future<Output = Result<T, PostgresError>>) -> Result<T, PostgresError> {
    let silent = |_| Err(failed(step)(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())));
    tokio::time::timeout(SILENT_MAX, work).await.unwrap_or_else(silent)
}

/// Whether a transaction happened whose outcome was unknown and that was to move the progress of a sink from one epoch to another, by what
/// the row says: its generation and epoch. `mine` is the generation of the writer.
pub(super) fn happened(
    sink: &'static str,
    mine: i64,
    [old, next]: [i64; 2],
    (generation, found): (i64, i64),
) -> Result<bool, PostgresError> {
    match found {
        _ if generation != mine => Err(PostgresError::Fenced(sink)),
        found if found == next => Ok(true),
        found if found == old => Ok(false),
        found => Err(PostgresError::Moved { sink, found, old, next }),
    }
}

fn failed(step: &'static str) -> impl Fn(sqlx::Error) -> PostgresError {
    move |source| PostgresError::Postgres { step, source }
}

/// Whether the connection is gone, by an outage or because somebody ended it: what was under way is to be looked up.
fn is_lost(error: &PostgresError) -> bool {
    match error {
        PostgresError::Postgres { source: sqlx::Error::Io(_) | sqlx::Error::Tls(_), .. } => true,
        PostgresError::Postgres { source: sqlx::Error::Database(error), .. } => {
            // Ended by an administrator or a time-out, crashed, starting up or shutting down; connection exceptions.
            error
                .code()
                .is_some_and(|code| matches!(&*code, "57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "53300") || code.starts_with("08"))
        }
        PostgresError::Postgres { .. } | PostgresError::Fenced(_) | PostgresError::Moved { .. } => false,
    }
}

fn chain(error: &PostgresError) -> String {
    std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
