//! The sink of the views against a real Postgres: once, whatever becomes of the connection.

use super::proxy::{Break, Proxy};
use crate::house::share_services;
use anyhow::{Context, ensure};
use egress::postgres::{Imbalance, PostgresError, Progress, Views, Written};
use schemas::{Aggregates, Binding, Cause, CommandId, Customer, CustomerId, Epoch, EpochEvents, Event, EventId, Fact, KycStatus, Position};
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::net::ToSocketAddrs;
use std::sync::Arc;

/// A database of the views, of its own, which goes away with the test.
pub(super) struct Database {
    server: String,
    name: String,
    pub(super) url: String,
}

impl Database {
    /// With the tables of a migration; none, and says so, where there is no Postgres to test with.
    async fn new(newest: i64) -> anyhow::Result<Option<Self>> {
        let Ok(server) = std::env::var("DATABASE_URL") else {
            println!("skipped: DATABASE_URL is not set");
            return Ok(None);
        };
        let name = format!("orion_sink_{}", uuid::Uuid::new_v4().simple());
        sqlx::raw_sql(AssertSqlSafe(format!("create database {name}"))).execute(&mut PgConnection::connect(&server).await?).await?;
        let mut url = reqwest::Url::parse(&server)?;
        url.set_path(&name);
        let database = Self { server, name, url: url.to_string() };
        let all = sqlx::migrate!("state/migrations/views");
        let migrator = Migrator::with_migrations(all.iter().filter(|migration| migration.version <= newest).cloned().collect());
        migrator.run(&mut database.connect().await?).await?;
        Ok(Some(database))
    }

    pub(super) async fn connect(&self) -> anyhow::Result<PgConnection> {
        Ok(PgConnection::connect(&self.url).await?)
    }

    /// The same database by way of a proxy.
    fn through(&self) -> anyhow::Result<(Proxy, String)> {
        let mut url = reqwest::Url::parse(&self.url)?;
        let host = (url.host_str().context("a host")?, url.port().unwrap_or(5432));
        let proxy = Proxy::start(host.to_socket_addrs()?.next().context("an address")?)?;
        let address = proxy.address;
        ensure!(url.set_host(Some("127.0.0.1")).is_ok() && url.set_port(Some(address.port())).is_ok(), "{url}");
        Ok((proxy, url.to_string()))
    }

    /// The first epoch that is not shown, and how many customers are.
    async fn shown(&self) -> anyhow::Result<(i64, i64)> {
        let query = "select (select epoch from sink_progress where sink = 'views'), (select count(*) from customer)";
        Ok(sqlx::query_as(query).fetch_one(&mut self.connect().await?).await?)
    }

    async fn forget(self) -> anyhow::Result<()> {
        let mut server = PgConnection::connect(&self.server).await?;
        sqlx::raw_sql(AssertSqlSafe(format!("drop database {} with (force)", self.name))).execute(&mut server).await?;
        Ok(())
    }
}

/// Runs a check on a database of its own.
pub(super) fn on_a_database(check: impl AsyncFnOnce(&Database) -> anyhow::Result<()>) -> anyhow::Result<()> {
    on_a_database_of(i64::MAX, check)
}

/// The same, with the tables as a migration left them.
pub(super) fn on_a_database_of(newest: i64, check: impl AsyncFnOnce(&Database) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let _shared = share_services();
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let Some(database) = Database::new(newest).await? else { return Ok(()) };
        check(&database).await?;
        database.forget().await
    })
}

/// An epoch in which one customer was enrolled.
fn epoch(epoch: Epoch) -> Written {
    let id = CustomerId::mint(epoch, 0);
    let customer = Customer { id, full_name: "Awa Diop".to_owned(), msisdn: None, country: None, kyc_status: KycStatus::Pending };
    let cause = Cause {
        command_id: CommandId::derive("teller", "create_customer", &epoch.to_string()),
        position: Position { partition: 0, offset: 0 },
        traceparent: String::new(),
    };
    let event = Event { id: EventId::mint(epoch, 0), epoch, cause, fact: Fact::CustomerCreated(customer) };
    let binding = Binding { epoch, generation: 1, code_version: 1, inputs: Vec::new() };
    Written {
        events: Arc::new(EpochEvents { binding, events: vec![event], waited: Vec::new(), leaves: Vec::new() }),
        imbalances: Vec::new(),
        aggregates: Aggregates::default(),
    }
}

#[test]
fn a_commit_whose_outcome_is_unknown_is_settled_by_the_row() -> anyhow::Result<()> {
    on_a_database(async |database| {
        let (proxy, url) = database.through()?;
        let mut views = Views::claim(&url, 1).await?;
        views.write(&[epoch(10)], 0, &[]).await?;
        for (number, at) in (11..).zip([Break::Before, Break::After, Break::After, Break::Before]) {
            proxy.break_next(at);
            views.write(&[epoch(number)], 0, &[]).await?;
            ensure!(proxy.has_broken(), "{at:?}: the connection held");
            assert_eq!(database.shown().await?, (i64::try_from(number)? + 1, i64::try_from(number)? - 9), "{at:?}");
            assert_eq!(views.epoch(), number + 1);
        }
        Ok(())
    })
}

#[test]
fn a_connection_that_is_ended_between_two_epochs_comes_back() -> anyhow::Result<()> {
    on_a_database(async |database| {
        let mut views = Views::claim(&database.url, 1).await?;
        views.write(&[epoch(10)], 0, &[]).await?;
        let ended: i64 = sqlx::query_scalar(
            "select count(*) filter (where pg_terminate_backend(pid, 60000)) from pg_stat_activity where application_name = 'orion views 1'
         and datname = current_database()",
        )
        .fetch_one(&mut database.connect().await?)
        .await?;
        assert_eq!(ended, 1);
        views.write(&[epoch(11), epoch(12)], 0, &[]).await?;
        assert_eq!(database.shown().await?, (13, 3));
        Ok(())
    })
}

#[test]
fn a_takeover_ends_the_zombie_in_the_middle_of_its_transaction() -> anyhow::Result<()> {
    on_a_database(async |database| {
        let mut zombie = Views::claim(&database.url, 1).await?;
        zombie.write(&[epoch(10)], 0, &[]).await?;
        // As a process that was stopped holds it: in a transaction, with the lock on the row, under the zombie's name.
        let mut holds = database.connect().await?;
        sqlx::raw_sql("set application_name = 'orion views 1'; begin; update sink_progress set epoch = 99").execute(&mut holds).await?;
        // Names that are not ours, or are newer, stay.
        let mut others = Vec::new();
        for name in ["orion views 3", "orion viewsx", "orion views -1", "orion views 1a"] {
            let mut other = database.connect().await?;
            sqlx::query("select set_config('application_name', $1, false)").bind(name).execute(&mut other).await?;
            others.push(other);
        }

        let mut views = Views::claim(&database.url, 2).await?;
        assert_eq!(views.epoch(), 11);
        ensure!(sqlx::query("commit").execute(&mut holds).await.is_err(), "the zombie's transaction has ended");
        for other in &mut others {
            sqlx::query("select 1").execute(other).await.context("a session that is nobody's zombie was ended")?;
        }
        views.write(&[epoch(11)], 0, &[]).await?;
        // The zombie wakes up: its connection is gone, it connects anew, and finds out.
        let refused = zombie.write(&[epoch(11)], 0, &[]).await;
        ensure!(matches!(refused, Err(PostgresError::Fenced("views"))), "{refused:?}");
        assert_eq!(database.shown().await?, (12, 2));
        Ok(())
    })
}

#[test]
fn what_the_proof_finds_and_what_a_reader_needs_stand_beside_the_rows() -> anyhow::Result<()> {
    on_a_database(async |database| {
        let imbalance = |difference_minor, diff| Imbalance {
            kind: "currency",
            subject: "XOF".to_owned(),
            currency: "XOF".parse().ok(),
            difference_minor,
            diff,
        };
        let mut views = Views::claim(&database.url, 7).await?;
        let schemas = vec![(1, "\"string\"".to_owned()), (u32::MAX, "\"long\"".to_owned())];
        let wide = i128::from(i64::MAX) * 1000;
        let first = Written { imbalances: vec![imbalance(wide, 1)], ..epoch(10) };
        let second = Written { imbalances: vec![imbalance(wide, -1), imbalance(-3, 1)], ..epoch(11) };
        views.write(&[first], 1, &schemas[..1]).await?;
        views.write(&[second], 1, &schemas).await?;

        let mut connection = database.connect().await?;
        let found: Vec<(String, i64, i64)> =
            sqlx::query_as("select difference_minor::text, diff, epoch from imbalance order by epoch, diff")
                .fetch_all(&mut connection)
                .await?;
        let expected = [(wide.to_string(), 1, 10), (wide.to_string(), -1, 11), ("-3".to_owned(), 1, 11)];
        assert_eq!(found, expected);
        let standing: i64 = sqlx::query_scalar("select imbalances from sink_progress").fetch_one(&mut connection).await?;
        assert_eq!(standing, 1);
        assert_eq!(Progress::read(&database.url).await?, Progress { generation: 7, epoch: 12, schemas });
        Ok(())
    })
}
