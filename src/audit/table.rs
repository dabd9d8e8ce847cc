//! The audit chain as Postgres has it: links in the order of their epochs, with their leaves.

use crate::exit::{self, Exit};
use schemas::Epoch;
use schemas::audit::{KeyId, Link, Signed};
use schemas::merkle::Hash;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, FromRow};
use std::collections::VecDeque;
use std::str::FromStr;

/// Links that are read at once.
const PAGE: i64 = 256;

/// A link, and the leaves that it was made of.
#[derive(Clone, Debug)]
pub struct Row {
    /// As it was signed.
    pub signed: Signed,
    /// In the order of the events.
    pub leaves: Vec<Hash>,
}

/// As it lies there.
#[derive(FromRow)]
struct Stored {
    epoch: i64,
    events: i64,
    leaves: Vec<u8>,
    root: Vec<u8>,
    previous: Vec<u8>,
    head: Vec<u8>,
    signature: Vec<u8>,
    key_id: Vec<u8>,
}

/// A chain of one moment, read in parts.
pub struct Table {
    connection: PgConnection,
    cell: &'static str,
    to: Epoch,
    last: i64,
    waiting: VecDeque<Row>,
    is_whole: bool,
}

fn gone(error: impl std::fmt::Display) -> Exit {
    Exit { code: exit::UNAVAILABLE, sentence: format!("the audit chain can't be read from postgres: {error}") }
}

impl Table {
    /// The links of a cell from one epoch to another.
    pub async fn open(url: &str, cell: &'static str, from: Epoch, to: Epoch) -> Result<Self, Exit> {
        let options = PgConnectOptions::from_str(url).map_err(gone)?.application_name("orion audit");
        let mut connection = options.connect().await.map_err(gone)?;
        sqlx::raw_sql("begin isolation level repeatable read read only").execute(&mut connection).await.map_err(gone)?;
        let last = i64::try_from(from).map_err(gone)? - 1;
        Ok(Self { connection, cell, to, last, waiting: VecDeque::new(), is_whole: false })
    }

    /// The last epoch that the writer of a sink has written, and whether its chain has begun.
    pub async fn written(&mut self, sink: &str) -> Result<(Epoch, bool), Exit> {
        let query = "select epoch, exists (select from audit_root where cell = $2)
                     from (select sink, epoch from sink_progress union all select sink, epoch from risk_progress) progress where sink = $1";
        let found: Option<(i64, bool)> =
            sqlx::query_as(query).bind(sink).bind(self.cell).fetch_optional(&mut self.connection).await.map_err(gone)?;
        let (next, begun) = found.unwrap_or_default();
        Ok((u64::try_from(next).unwrap_or_default().saturating_sub(1), begun))
    }

    /// The link before those that are read: its epoch and its head.
    pub async fn before(&mut self) -> Result<Option<(Epoch, Hash)>, Exit> {
        let found: Option<(i64, Vec<u8>)> =
            sqlx::query_as("select epoch, head from audit_root where cell = $1 and epoch <= $2 order by epoch desc limit 1")
                .bind(self.cell)
                .bind(self.last)
                .fetch_optional(&mut self.connection)
                .await
                .map_err(gone)?;
        found.map(|(epoch, head)| Ok((u64::try_from(epoch).map_err(gone)?, sized(head)?))).transpose()
    }

    /// The next link.
    pub async fn next(&mut self) -> Result<Option<Row>, Exit> {
        if self.waiting.is_empty() && !self.is_whole {
            let rows: Vec<Stored> = sqlx::query_as(
                "select epoch, events, leaves, root, previous, head, signature, key_id from audit_root
                 where cell = $1 and epoch > $2 and epoch <= $3 order by epoch limit $4",
            )
            .bind(self.cell)
            .bind(self.last)
            .bind(i64::try_from(self.to).unwrap_or(i64::MAX))
            .bind(PAGE)
            .fetch_all(&mut self.connection)
            .await
            .map_err(gone)?;
            self.is_whole = i64::try_from(rows.len()).map_err(gone)? < PAGE;
            self.last = rows.last().map_or(self.last, |row| row.epoch);
            self.waiting = rows.into_iter().map(|row| row.read(self.cell)).collect::<Result<_, _>>()?;
        }
        Ok(self.waiting.pop_front())
    }
}

impl Stored {
    fn read(self, cell: &str) -> Result<Row, Exit> {
        let link = Link {
            cell: cell.to_owned(),
            epoch: u64::try_from(self.epoch).map_err(gone)?,
            events: u32::try_from(self.events).map_err(gone)?,
            root: sized(self.root)?,
            previous: sized(self.previous)?,
        };
        let signed = Signed { link, head: sized(self.head)?, signature: sized(self.signature)?, key_id: KeyId(sized(self.key_id)?) };
        let (leaves, _) = self.leaves.as_chunks::<32>();
        Ok(Row { signed, leaves: leaves.to_vec() })
    }
}

fn sized<const BYTES: usize>(bytes: Vec<u8>) -> Result<[u8; BYTES], Exit> {
    bytes.try_into().map_err(|_| gone("a hash has another size"))
}
