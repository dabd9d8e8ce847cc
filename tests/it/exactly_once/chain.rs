//! The audit chain as evidence: what Postgres has of it, and what its topic has.

use super::gather;
use super::ground::Ground;
use rdkafka::message::Message as _;
use schemas::Epoch;
use schemas::audit::{KeyId, Link, SETTLEMENT, Signed};
use schemas::merkle::Hash;
use schemas::resource::AuditRoot;
use schemas::wire::{Decoder, audit, datum};
use sqlx::{Connection, PgConnection, Row};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// Both, of settlement, each in its order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chain {
    /// Links with their leaves.
    pub(crate) table: Vec<(AuditRoot, Vec<Hash>)>,
    /// Links.
    pub(crate) topic: Vec<AuditRoot>,
    /// The last epoch of which the topic had the link while the house still ran; none where it has to have all. What is written while the
    /// house ends comes to the topic with the next start.
    pub(crate) settled: Option<Epoch>,
}

impl Chain {
    /// All of it.
    pub(crate) fn gather(ground: &Ground, runtime: &Runtime) -> anyhow::Result<Self> {
        let table = runtime.block_on(table(&ground.views_url()?))?;
        let (mut topic, mut decoder) = (Vec::new(), Decoder::default());
        gather::read(&ground.brokers, audit::TOPIC, |message| {
            let value = message.payload().unwrap_or_default();
            // One version of this binary has written all of it.
            decoder.learn(datum(value)?.0, audit::SCHEMA)?;
            let root = audit::decode(&decoder, value)?;
            topic.extend(Some(root).filter(|root| root.cell == SETTLEMENT));
            Ok(())
        })?;
        Ok(Self { table, topic, settled: None })
    }

    /// Waits, not for ever, until the topic has what Postgres has; the last epoch that both have then, or none if they never agree.
    pub(crate) fn settle(ground: &Ground, runtime: &Runtime) -> Option<Epoch> {
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline {
            if let Ok(chain) = Self::gather(ground, runtime)
                && chain.topic.len() >= chain.table.len()
            {
                return Some(chain.table.last().map_or(0, |(root, _)| root.epoch));
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        None
    }
}

async fn table(url: &str) -> anyhow::Result<Vec<(AuditRoot, Vec<Hash>)>> {
    let mut views = PgConnection::connect(url).await?;
    let rows = sqlx::query("select * from audit_root where cell = 'settlement' order by epoch").fetch_all(&mut views).await?;
    let mut table = Vec::new();
    for row in rows {
        let hash = |column: &str| -> anyhow::Result<Hash> { Ok(row.try_get::<Vec<u8>, _>(column)?.as_slice().try_into()?) };
        let link = Link {
            cell: row.try_get("cell")?,
            epoch: u64::try_from(row.try_get::<i64, _>("epoch")?)?,
            events: u32::try_from(row.try_get::<i64, _>("events")?)?,
            root: hash("root")?,
            previous: hash("previous")?,
        };
        let signature = row.try_get::<Vec<u8>, _>("signature")?.as_slice().try_into()?;
        let key_id = KeyId(row.try_get::<Vec<u8>, _>("key_id")?.as_slice().try_into()?);
        let leaves = row.try_get::<Vec<u8>, _>("leaves")?.as_chunks::<32>().0.to_vec();
        table.push((AuditRoot::from(&Signed { link, head: hash("head")?, signature, key_id }), leaves));
    }
    Ok(table)
}
