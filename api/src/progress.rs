//! How far the views have come, and the alerts, as it happens.
//!
//! In: the row that a cell updates in the transaction of each epoch, and its notification. Out: the
//! latest state of that row, for whoever waits for an epoch or for a command. A notification that is lost costs
//! one poll; a connection that is lost is made again. The same row says how many imbalances stand, and how
//! old what is shown is: two metrics.

use meters::{FRESHNESS, IMBALANCES, since};
use schemas::{Epoch, Position};
use sqlx::postgres::PgListener;
use sqlx::{PgExecutor, PgPool};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout, timeout_at};

/// The views' row.
const VIEWS: &str = "views";
/// That of the risk cell.
const RISK: &str = "risk";
/// Longest time without a look, should a notification be lost.
const POLL: Duration = Duration::from_millis(250);
/// Longest time that a look may take.
const READ_MAX: Duration = Duration::from_secs(2);
/// Pauses between attempts to connect.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// What the views show. Both bounds are exclusive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// The first epoch that they do not show.
    pub epoch: Epoch,
    /// Of each partition of the commands log, the first offset whose decision they do not show.
    pub commands_upper: Vec<i64>,
}

/// What a reader may wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// An epoch.
    Epoch(Epoch),
    /// The decision on the command at this position.
    Command(Position),
}

impl Shown {
    /// The last epoch that is shown.
    pub const fn as_of(&self) -> Epoch {
        self.epoch.saturating_sub(1)
    }

    /// Whether the views show it.
    pub fn has(&self, mark: Mark) -> bool {
        match mark {
            Mark::Epoch(epoch) => epoch < self.epoch,
            Mark::Command(position) => {
                let upper = usize::try_from(position.partition).ok().and_then(|partition| self.commands_upper.get(partition));
                upper.is_some_and(|upper| position.offset < *upper)
            }
        }
    }

    /// Reads the row; none if the database has not been migrated that far.
    pub async fn read(executor: impl PgExecutor<'_>) -> Result<Option<Self>, sqlx::Error> {
        Self::of(executor, VIEWS).await
    }

    /// Reads the row of the risk cell: how far the alerts have come.
    pub async fn read_risk(executor: impl PgExecutor<'_>) -> Result<Option<Self>, sqlx::Error> {
        Self::of(executor, RISK).await
    }

    async fn of(executor: impl PgExecutor<'_>, sink: &str) -> Result<Option<Self>, sqlx::Error> {
        let select = match sink {
            RISK => "select epoch, commands_upper from risk_progress where sink = $1",
            _ => "select epoch, commands_upper from sink_progress where sink = $1",
        };
        let row: Option<(i64, Vec<i64>)> = sqlx::query_as(select).bind(sink).fetch_optional(executor).await?;
        Ok(row.map(|(epoch, commands_upper)| Self { epoch: u64::try_from(epoch).unwrap_or_default(), commands_upper }))
    }
}

/// The schemas that settlement's journal had recorded when the row was written, id and JSON; none if not all are known.
pub async fn schemas(executor: impl PgExecutor<'_>) -> Result<Vec<(u32, String)>, sqlx::Error> {
    let query = "select id, schema from sink_schema join sink_progress using (sink)
                 where sink = 'views' and schemas_epoch = epoch order by id";
    let rows: Vec<(i64, String)> = sqlx::query_as(query).fetch_all(executor).await?;
    Ok(rows.into_iter().filter_map(|(id, schema)| u32::try_from(id).ok().map(|id| (id, schema))).collect())
}

/// The version of the rules that was activated last, as far as the views show; none where nobody activated any.
pub async fn rules(executor: impl PgExecutor<'_>) -> Result<Option<u32>, sqlx::Error> {
    let query = "select version from rules_activation order by event_id desc limit 1";
    let version: Option<i64> = sqlx::query_scalar(query).fetch_optional(executor).await?;
    Ok(version.and_then(|version| u32::try_from(version).ok()))
}

/// The latest state, shared.
#[derive(Clone, Debug)]
pub struct Progress {
    shown: watch::Receiver<Shown>,
}

impl Progress {
    /// Follows the row in a task that ends with the last clone of what is returned.
    pub fn follow(pool: PgPool, from: Shown) -> Self {
        Self::follow_of(pool, from, VIEWS)
    }

    /// The same of the row of the risk cell.
    pub fn follow_risk(pool: PgPool, from: Shown) -> Self {
        Self::follow_of(pool, from, RISK)
    }

    fn follow_of(pool: PgPool, from: Shown, sink: &'static str) -> Self {
        let (sender, shown) = watch::channel(from);
        tokio::spawn(follow(pool, sender, sink));
        Self { shown }
    }

    /// What the views show now, as far as we know.
    pub fn shown(&self) -> Shown {
        self.shown.borrow().clone()
    }

    /// The latest state, and each that follows.
    pub(crate) fn watch(&self) -> watch::Receiver<Shown> {
        self.shown.clone()
    }

    /// Waits until the views show a mark; false if they do not by the deadline.
    pub async fn reach(&self, mark: Mark, deadline: Instant) -> bool {
        let mut shown = self.shown.clone();
        let reached = timeout_at(deadline, shown.wait_for(|shown| shown.has(mark))).await;
        matches!(reached, Ok(Ok(_)))
    }
}

async fn follow(pool: PgPool, sender: watch::Sender<Shown>, sink: &'static str) {
    let mut pause = PAUSE_MIN;
    while !sender.is_closed() {
        let started = Instant::now();
        if let Err(error) = listen(&pool, &sender, sink).await {
            // A connection that held for a while was a good one: try again at once.
            pause = if started.elapsed() > PAUSE_MAX { PAUSE_MIN } else { PAUSE_MAX.min(pause * 2) };
            tracing::warn!(%error, pause_ms = pause.as_millis(), sink, "can't see how far postgres has come");
            sleep(pause).await;
        }
    }
}

async fn listen(pool: &PgPool, sender: &watch::Sender<Shown>, sink: &'static str) -> Result<(), sqlx::Error> {
    let fresh = since::of(&FRESHNESS, sink);
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(&format!("orion_{sink}")).await?;
    while !sender.is_closed() {
        let look = async {
            let standing: Option<i64> =
                sqlx::query_scalar("select imbalances from sink_progress where sink = $1").bind(sink).fetch_optional(&mut listener).await?;
            Ok((Shown::of(&mut listener, sink).await?, standing))
        };
        let (now, standing) = timeout(READ_MAX, look).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))?;
        // Anything but zero is somebody's bug, and must wake people up.
        if sink == VIEWS {
            IMBALANCES.with_label_values(meters::NONE).set(standing.unwrap_or_default());
        }
        if let Some(now) = now {
            fresh.at(now.as_of());
            sender.send_if_modified(|shown| {
                let changed = *shown != now;
                *shown = now;
                changed
            });
        }
        // A look answers for every notification that came before it.
        if let Ok(notification) = timeout(POLL, listener.try_recv()).await {
            notification?;
        }
        while listener.next_buffered().is_some() {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_bounds_are_exclusive() {
        let shown = Shown { epoch: 8, commands_upper: vec![5, 0] };
        let command = |partition, offset| Mark::Command(Position { partition, offset });
        let cases = [
            (Mark::Epoch(0), true),
            (Mark::Epoch(7), true),
            (Mark::Epoch(8), false),
            (command(0, 4), true),
            (command(0, 5), false),
            (command(1, 0), false),
            (command(2, 0), false),
            (command(-1, 0), false),
        ];
        for (mark, has) in cases {
            assert_eq!(shown.has(mark), has, "{mark:?}");
        }
        assert_eq!((shown.as_of(), Shown::default().as_of()), (7, 0));
    }
}
