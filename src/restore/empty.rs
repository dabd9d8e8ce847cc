//! Whether there is nothing yet where a bank is to be restored to. What is there is somebody's.

use crate::config::Config;
use crate::exit::{self, Exit};
use egress::topics::Topics;
use ingress::kafka::ReadError;
use ingress::partition::Ends;
use sqlx::{Connection, PgConnection};

/// Refuses a Kafka, a Postgres or a folder of snapshots that holds something.
pub(super) async fn check(config: &Config) -> anyhow::Result<()> {
    kafka(config)?;
    postgres(config).await?;
    Ok(snapshots(config)?)
}

fn refused(sentence: String) -> Exit {
    Exit { code: exit::USAGE, sentence: format!("{sentence}; nothing was restored") }
}

fn kafka(config: &Config) -> Result<(), Exit> {
    let brokers = &config.kafka.brokers;
    let kafka = Ends::connect(brokers).map_err(Exit::unavailable)?;
    for (topic, partitions, _) in Topics::committed().all() {
        for partition in 0..partitions {
            let end = match kafka.marks(topic, partition) {
                Ok((_, end)) => end,
                Err(ReadError::NoTopic(_)) => 0,
                Err(error) => return Err(Exit::unavailable(error)),
            };
            if end > 0 {
                return Err(refused(format!(
                    "Kafka at {brokers} is not empty: {topic} partition {partition} has had {end} records. Name another Kafka, \
                     or delete every topic of Orion there"
                )));
            }
        }
    }
    Ok(())
}

async fn postgres(config: &Config) -> anyhow::Result<()> {
    let database = &config.postgres.views_database;
    let gone = |error: sqlx::Error| Exit { code: exit::UNAVAILABLE, sentence: format!("postgres failed: {error}") };
    let mut server = PgConnection::connect(&config.postgres.url).await.map_err(gone)?;
    let exists: Option<i32> = sqlx::query_scalar("select 1 from pg_database where datname = $1")
        .bind(database)
        .fetch_optional(&mut server)
        .await
        .map_err(gone)?;
    if exists.is_none() {
        return Ok(());
    }
    let mut views = PgConnection::connect(&config.postgres.views_url()?).await.map_err(gone)?;
    let tables: i64 = sqlx::query_scalar("select count(*) from pg_tables where schemaname not in ('pg_catalog', 'information_schema')")
        .fetch_one(&mut views)
        .await
        .map_err(gone)?;
    if tables > 0 {
        let sentence = format!("the database {database} is not empty: it has {tables} tables. Name another server, or drop it");
        return Err(refused(sentence).into());
    }
    Ok(())
}

fn snapshots(config: &Config) -> Result<(), Exit> {
    for cell in ["settlement", "views", "risk"] {
        let folder = config.snapshots.folder.join(cell);
        let holds = std::fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_some());
        if holds {
            return Err(refused(format!("{} is not empty: name another folder (snapshots.folder), or empty it", folder.display())));
        }
    }
    Ok(())
}
