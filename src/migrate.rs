//! `orion migrate`: the databases of the services, and their tables.
//!
//! Migrations only ever add what old code can run beside; each file says why. The views of analysts are made anew each time, by one
//! file, and so is what their role may read: those views, and nothing else.

use crate::config::Config;
use anyhow::Context;
use sqlx::{Connection, PgConnection};

/// Creates what is missing; does nothing where nothing is.
pub async fn run(config: &Config) -> anyhow::Result<()> {
    create(config).await?;
    let mut views = PgConnection::connect(&config.postgres.views_url()?).await?;
    sqlx::migrate!("state/migrations/views").run(&mut views).await.context("can't migrate the views")?;
    println!("{}: up to date", config.postgres.views_database);
    analysts(&mut views, &config.postgres.bi_role).await.context("can't make the views of analysts")
}

/// What analysts read, and the role that may.
async fn analysts(views: &mut PgConnection, role: &str) -> anyhow::Result<()> {
    // Two of these at once would make the same things.
    let mut transaction = views.begin().await?;
    sqlx::raw_sql("select pg_advisory_xact_lock(hashtext('orion bi'))").execute(&mut *transaction).await?;
    sqlx::raw_sql(include_str!("../state/bi/views.sql")).execute(&mut *transaction).await?;
    transaction.commit().await?;
    if role.is_empty() {
        return Ok(());
    }
    // A name can't be a parameter; the configuration allows only plain ones. A role belongs to the whole server: another database may
    // make it at the same moment, and who may not make one is told so.
    let create = format!(
        "do $$ begin create role {role} nologin; exception when duplicate_object or unique_violation or insufficient_privilege then null; end $$"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(create)).execute(&mut *views).await?;
    let exists: Option<i32> =
        sqlx::query_scalar("select 1 from pg_roles where rolname = $1").bind(role).fetch_optional(&mut *views).await?;
    if exists.is_none() {
        println!("bi: there is no role {role}, and this user may not make one; make it, then run `orion migrate` again");
        return Ok(());
    }
    let grant = format!("grant usage on schema bi to {role}; grant select on all tables in schema bi to {role}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(grant)).execute(&mut *views).await?;
    println!("bi: {role} reads the schema bi");
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
