//! `orion migrate`: the databases of the services, and their tables.
//!
//! Migrations only ever add what old code can run beside; each file says why.

use crate::config::Config;
use anyhow::Context;
use sqlx::{Connection, PgConnection};

/// Creates what is missing; does nothing where nothing is.
pub async fn run(config: &Config) -> anyhow::Result<()> {
    create(config).await?;
    let mut views = PgConnection::connect(&config.postgres.views_url()?).await?;
    sqlx::migrate!("state/migrations/views").run(&mut views).await.context("can't migrate the views")?;
    println!("{}: up to date", config.postgres.views_database);
    Ok(())
}

/// Creates the views' database if it is not there.
pub(crate) async fn create(config: &Config) -> anyhow::Result<()> {
    let database = &config.postgres.views_database;
    let mut server = PgConnection::connect(&config.postgres.url).await.context("can't connect to postgres")?;
    let exists: Option<i32> =
        sqlx::query_scalar("select 1 from pg_database where datname = $1").bind(database).fetch_optional(&mut server).await?;
    if exists.is_none() {
        // A name can't be a parameter; the configuration allows only plain ones.
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("create database {database}"))).execute(&mut server).await?;
    }
    Ok(())
}
