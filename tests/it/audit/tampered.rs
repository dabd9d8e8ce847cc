//! The table of links in the hands of its owner, and of a superuser who switches its triggers off.

use super::{verify, views};
use crate::house::House;
use anyhow::ensure;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// Every way to change a link or to lose one is refused, of the whole table and of a month of it, to whoever asks.
pub(super) async fn refused() -> anyhow::Result<()> {
    let mut views = views().await?;
    let month: String =
        sqlx::query_scalar("select inhrelid::regclass::text from pg_inherits where inhparent = 'audit_root'::regclass order by 1 limit 1")
            .fetch_one(&mut views)
            .await?;
    for table in ["audit_root", &month] {
        for change in
            ["update {} set events = events", "delete from {}", "truncate {}", "update {} set epoch = epoch + 40::bigint * 86400000"]
        {
            for replicates in ["origin", "replica"] {
                let statement = format!("set session_replication_role = {replicates}; {}", change.replace("{}", table));
                let error = sqlx::raw_sql(AssertSqlSafe(statement.clone())).execute(&mut views).await.err();
                let said = error.map(|error| error.to_string()).unwrap_or_default();
                ensure!(said.contains("the audit chain is never changed"), "{statement}: {said}");
            }
        }
    }
    Ok(())
}

/// Every link, as text.
pub(super) async fn links() -> anyhow::Result<Vec<String>> {
    let mut views = views().await?;
    Ok(sqlx::query_scalar("select to_jsonb(link)::text from audit_root link where cell = 'settlement' order by epoch")
        .fetch_all(&mut views)
        .await?)
}

/// Leaves the table as if the last so many epochs had been written by a version that knows no chain; gives what there was.
pub(super) async fn as_by_an_older_version(last: i64) -> anyhow::Result<Vec<String>> {
    let before = links().await?;
    let mut views = views().await?;
    let lost = format!(
        "{OFF} update sink_progress set audit_epoch = 1 + (select epoch from audit_root where cell = 'settlement' order by epoch desc offset {last} limit 1)
         where sink = 'views';
         delete from audit_root using sink_progress where sink = 'views' and cell = 'settlement' and audit_root.epoch >= audit_epoch; {ON}"
    );
    sqlx::raw_sql(AssertSqlSafe(lost)).execute(&mut views).await?;
    ensure!(links().await?.len() + usize::try_from(last)? == before.len());
    Ok(before)
}

/// Waits until the cell has chained what it found.
pub(super) async fn chained_again() -> anyhow::Result<()> {
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut views = views().await?;
    while !sqlx::query_scalar::<_, bool>("select audit_epoch = epoch from sink_progress where sink = 'views'").fetch_one(&mut views).await?
    {
        ensure!(Instant::now() < deadline, "the views do not chain what an older version wrote");
        tokio::task::yield_now().await;
    }
    Ok(())
}

const OFF: &str = "alter table audit_root disable trigger refuse_change;";
const ON: &str = "alter table audit_root enable always trigger refuse_change;";

/// The link in the middle of the chain, and another one.
const MIDDLE: &str = "(select epoch from audit_root where cell = 'settlement' order by epoch
     offset (select count(*) / 2 from audit_root where cell = 'settlement') limit 1)";

/// What a superuser changes with the triggers off is found, and named by its epoch; put back, all is right again.
pub(super) fn found(house: &House, runtime: &Runtime) -> anyhow::Result<()> {
    let middle: i64 = runtime.block_on(async {
        Ok::<_, anyhow::Error>(sqlx::query(AssertSqlSafe(format!("select {MIDDLE}"))).fetch_one(&mut views().await?).await?.get(0))
    })?;
    let flip = |column: &str| {
        format!(
            "update audit_root set {column} = set_byte({column}, 0, get_byte({column}, 0) # 1) where cell = 'settlement' and epoch = {middle}"
        )
    };
    let cases = [
        (flip("leaves"), "the leaves in postgres do not have the root that was signed; the records in kafka do"),
        (flip("root"), "its head is not the hash of what it says"),
        (flip("previous"), "it follows the head "),
        (flip("head"), "its signature is not that of key "),
        (flip("signature"), "its signature is not that of key "),
        (flip("key_id"), "which is none of those that were given"),
        (format!("delete from audit_root where cell = 'settlement' and epoch = {middle}"), "have no root in postgres"),
        (
            format!("update audit_root set epoch = epoch - 1 where cell = 'settlement' and epoch = {middle}"),
            "its head is not the hash of what it says",
        ),
        (
            format!("delete from audit_root where cell = 'settlement' and epoch >= {middle}"),
            "postgres lacks the link that the topic of roots has",
        ),
        (
            format!("delete from audit_root where cell = 'settlement' and epoch <= {middle}"),
            "postgres lacks the link that the topic of roots has",
        ),
        ("delete from audit_root".to_owned(), "postgres lacks the link that the topic of roots has"),
    ];
    for (change, sentence) in cases {
        runtime.block_on(with(&format!("create table kept as select * from audit_root; {OFF} {change}; {ON}")))?;
        let (code, said) = verify(house, &[])?;
        runtime
            .block_on(with(&format!("{OFF} delete from audit_root; insert into audit_root select * from kept; {ON} drop table kept")))?;
        ensure!(code == 1 && said.contains(sentence), "{change}: {said}");
        ensure!(
            !change.contains(&middle.to_string()) || change.starts_with("delete") || said.contains(&format!("epoch {middle}")),
            "{change}: {said}"
        );
    }
    let (code, said) = verify(house, &["--from", &middle.to_string()])?;
    ensure!(code == 0, "put back, it is whole: {said}");
    let (code, said) = verify(house, &["--to", &(middle - 1).to_string()])?;
    ensure!(code == 0 && said.contains("right"), "{said}");
    let (code, said) = verify(house, &["--public-key", &house.file("jwt.public.pem").display().to_string()])?;
    ensure!(code == 1 && said.contains("which is none of those that were given"), "{said}");
    Ok(())
}

async fn with(statements: &str) -> anyhow::Result<()> {
    let mut views: PgConnection = views().await?;
    let mut transaction = views.begin().await?;
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&mut *transaction).await?;
    Ok(transaction.commit().await?)
}
