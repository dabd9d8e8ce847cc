//! The history of the views by months: a database that is older than them, epochs of any time, and two that make the same month.

mod history;
mod reads;

use super::rebuild::rows;
use super::sink::{Database, on_a_database, on_a_database_of};
use crate::exactly_once::check::rows::derive;
use crate::exactly_once::gather;
use anyhow::{Context, ensure};
use egress::postgres::{PostgresError, Views, Written};
use history::{MONTHS, events, history};
use schemas::{AccountId, Aggregates, EpochEvents};
use sqlx::{Connection, PgConnection};
use std::sync::Arc;
use std::time::Duration;

/// The last one before there were months.
const BEFORE: i64 = 10;
const BY_MONTHS: [&str; 6] = ["batch_item", "hold_change", "order_change", "posting", "refusal", "transaction"];
const ANALYSTS: &str = include_str!("../../../state/bi/views.sql");

fn written(events: &EpochEvents) -> Written {
    Written { events: Arc::new(events.clone()), imbalances: Vec::new(), aggregates: Aggregates::default() }
}

/// Writes some epochs at once, and the next, as a cell does that is behind.
async fn write(views: &mut Views, epochs: &[EpochEvents]) -> anyhow::Result<()> {
    for group in epochs.chunks(5) {
        views.write(&group.iter().map(written).collect::<Vec<_>>(), 0, &[]).await?;
    }
    Ok(())
}

/// The months of a table, by the names of their tables.
async fn months(connection: &mut PgConnection, table: &str) -> anyhow::Result<Vec<String>> {
    let query =
        "select relname::text from pg_inherits join pg_class on oid = inhrelid where inhparent = $1::text::regclass order by relname";
    Ok(sqlx::query_scalar(query).bind(table).fetch_all(connection).await?)
}

/// Every row is what the events make of it.
async fn is_whole(database: &Database, epochs: &[EpochEvents]) -> anyhow::Result<()> {
    let found = gather::rows(&database.url).await?.tables;
    let expected = derive(epochs.iter().flat_map(|epoch| &epoch.events));
    for table in BY_MONTHS.into_iter().chain(["customer", "account", "batch"]) {
        ensure!(!expected[table].is_empty(), "there is no {table} to look at");
        assert_eq!(found.get(table), expected.get(table), "{table}");
    }
    Ok(())
}

#[test]
fn a_row_of_any_time_has_its_month() -> anyhow::Result<()> {
    on_a_database(async |database| {
        let bank = history();
        write(&mut Views::claim(&database.url, 1).await?, &bank.epochs).await?;
        is_whole(database, &bank.epochs).await?;
        let mut connection = database.connect().await?;
        let query = "select distinct tableoid::regclass::text from posting order by 1";
        let filled: Vec<String> = sqlx::query_scalar(query).fetch_all(&mut connection).await?;
        assert_eq!(filled, MONTHS.iter().map(|month| format!("posting_{month}")).collect::<Vec<_>>());
        // Everywhere the same, and the next month beside each.
        for table in BY_MONTHS {
            let made = months(&mut connection, table).await?;
            for month in MONTHS.iter().copied().chain(["1970_02", "2026_01", "2100_02"]) {
                ensure!(made.contains(&format!("{table}_{month}")), "{month} of {made:?}");
            }
        }
        // The month after the newest is empty, which takes a look to see.
        connection.close().await?;
        let payer = AccountId::mint(bank.epochs[0].epoch(), 0);
        reads::balance_stops(&database.url, payer, &["posting_2100_01", "posting_2100_02"]).await?;
        reads::read(&database.url, &bank).await
    })
}

#[test]
fn a_database_from_before_goes_on_and_keeps_every_row() -> anyhow::Result<()> {
    on_a_database_of(BEFORE, async |database| {
        let bank = history();
        // Older code writes the same rows, and makes no months. What lies after this is the present, and later.
        let old = bank.epochs.len() - 2;
        let mut connection = database.connect().await?;
        let older = "create function make_months(bigint) returns bigint language sql return 9223372036854775807";
        sqlx::raw_sql(older).execute(&mut connection).await?;
        let mut views = Views::claim(&database.url, 1).await?;
        write(&mut views, &bank.epochs[..old - 3]).await?;
        sqlx::raw_sql("drop function make_months(bigint)").execute(&mut connection).await?;
        // What customers have come to be since is in tables that are not there yet.
        let older: String = ANALYSTS.split_inclusive(";\n").filter(|view| !view.contains("view bi.customer ")).collect();
        sqlx::raw_sql(sqlx::AssertSqlSafe(older)).execute(&mut connection).await?;
        let files = "select pg_relation_filenode('transaction')::bigint, pg_relation_filenode('posting_pkey')::bigint";
        let file: (i64, i64) = sqlx::query_as(files).fetch_one(&mut connection).await?;
        let before = rows(&database.url).await?;
        ensure!(BY_MONTHS.iter().all(|table| before.1[*table].0 > 0), "{before:?}");

        // Whoever dies in the middle begins again, wherever that was.
        let migrations = sqlx::migrate!("state/migrations/views");
        let months_made = migrations.iter().find(|migration| migration.version == BEFORE + 1).context("a migration")?;
        let text = months_made.sql.as_str();
        let places: Vec<usize> = text.match_indices("commit;\n").map(|(at, word)| at + word.len()).collect();
        ensure!(places.len() > 15, "{} steps", places.len());
        for place in places {
            let mut dies = database.connect().await?;
            sqlx::raw_sql(sqlx::AssertSqlSafe(text[..place].to_owned())).execute(&mut dies).await.context("a part of the migration")?;
            dies.close().await?;
            let after = rows(&database.url).await?;
            assert_eq!(after, before, "after {place} bytes");
        }
        migrations.run(&mut connection).await?;
        sqlx::raw_sql(ANALYSTS).execute(&mut connection).await?;
        // Later migrations have brought tables that nobody has written yet.
        let (epoch, mut tables) = rows(&database.url).await?;
        let later = [
            "audit_root",
            "aml_setting",
            "party_change",
            "list_part",
            "list_version",
            "match_clearing",
            "customer_change",
            "customer_address",
            "kyc_change",
            "case_change",
            "case_file",
        ];
        for later in later {
            assert_eq!(tables.remove(later), Some((0, String::new())), "{later}");
        }
        // What waits was looked for in what was there.
        ensure!(tables.remove("waiting").is_some_and(|(count, _)| count > 0), "customers of whom nothing is known wait");
        assert_eq!((epoch, tables), before);

        // The same files under other names: nothing was copied, and each table has one part.
        for table in BY_MONTHS {
            let parts = months(&mut connection, table).await?;
            ensure!(parts.len() == 1 && parts[0].starts_with(&format!("{table}_before_")), "{parts:?}");
        }
        let until = months(&mut connection, "posting").await?.pop().unwrap_or_default().replace("posting_before_", "");
        let files = files.replace("transaction", &format!("transaction_before_{until}"));
        let files = files.replace("posting_pkey", &format!("posting_before_{until}_pkey"));
        assert_eq!(sqlx::query_as::<_, (i64, i64)>(sqlx::AssertSqlSafe(files)).fetch_one(&mut connection).await?, file);

        // Older code goes on beside it, on the connection that it has; then newer code, past the month where months begin.
        write(&mut views, &bank.epochs[old - 3..old]).await?;
        ensure!(months(&mut connection, "posting").await?.len() == 1, "what is old needs no month");
        write(&mut Views::claim(&database.url, 2).await?, &bank.epochs[old..]).await?;
        is_whole(database, &bank.epochs).await?;
        let parts = months(&mut connection, "posting").await?;
        assert_eq!(parts[..3], ["posting_2099_12", "posting_2100_01", "posting_2100_02"]);
        let seen: (i64, i64) = sqlx::query_as("select (select count(*) from bi.transaction), (select count(*) from bi.entry)")
            .fetch_one(&mut connection)
            .await?;
        let after = rows(&database.url).await?.1;
        assert_eq!(seen, (after["transaction"].0, after["posting"].0), "analysts see what came later");
        ensure!(events(&bank).count() > 300, "a history that is worth it");
        reads::read(&database.url, &bank).await
    })
}

#[test]
fn two_that_make_the_same_month_make_one() -> anyhow::Result<()> {
    on_a_database(async |database| {
        let at: i64 = 2_000_000_000_000;
        let make = "select make_months($1)";
        for dies in [true, false] {
            let (mut first, mut second) = (database.connect().await?, database.connect().await?);
            let waits: i32 = sqlx::query_scalar("select pg_backend_pid()").fetch_one(&mut second).await?;
            let mut transaction = first.begin().await?;
            sqlx::query(make).bind(at).execute(&mut *transaction).await?;
            let both = async {
                // The first ends only once the second stands still for it.
                let mut looks = database.connect().await?;
                let query = "select count(*) from pg_locks where pid = $1 and not granted";
                while sqlx::query_scalar::<_, i64>(query).bind(waits).fetch_one(&mut looks).await? == 0 {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                if dies {
                    transaction.rollback().await?
                } else {
                    transaction.commit().await?
                }
                anyhow::Ok(())
            };
            let mut other = second.begin().await?;
            let (ended, made) = tokio::join!(both, sqlx::query(make).bind(at).execute(&mut *other));
            ended?;
            made?;
            // Where the first died, there is nothing until the second has committed.
            let seen = months(&mut database.connect().await?, "posting").await?;
            assert_eq!(seen.contains(&"posting_2033_05".to_owned()), !dies, "{seen:?}");
            if dies { other.rollback().await? } else { other.commit().await? }
        }
        let mut connection = database.connect().await?;
        for table in BY_MONTHS {
            let made = months(&mut connection, table).await?;
            assert_eq!(made.iter().filter(|name| name.contains("_2033_")).count(), 2, "{made:?}");
        }

        // One that was replaced makes no month, and leaves none behind.
        let bank = history();
        let mut zombie = Views::claim(&database.url, 1).await?;
        let mut views = Views::claim(&database.url, 2).await?;
        let refused = zombie.write(&bank.epochs[..1].iter().map(written).collect::<Vec<_>>(), 0, &[]).await;
        ensure!(matches!(refused, Err(PostgresError::Fenced("views"))), "{refused:?}");
        ensure!(!months(&mut connection, "posting").await?.contains(&"posting_1970_01".to_owned()), "the zombie has made a month");
        write(&mut views, &bank.epochs).await?;
        is_whole(database, &bank.epochs).await
    })
}
