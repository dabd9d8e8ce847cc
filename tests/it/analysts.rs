//! Analysts read what is made for them, by psql and as files, and nothing else.

use crate::house::House;
use crate::python;
use anyhow::{Context, ensure};
use serde_json::Value;
use std::process::{Command, Output, Stdio};

/// An analyst of this test alone: roles belong to the server.
struct Analyst {
    name: String,
    /// The views' database, as the user that owns it.
    owner: String,
}

impl Analyst {
    fn new() -> anyhow::Result<Self> {
        let mut owner = reqwest::Url::parse(&std::env::var("DATABASE_URL")?)?;
        owner.set_path("orion_views");
        let analyst = Self { name: format!("anna_{}", uuid::Uuid::new_v4().simple()), owner: owner.to_string() };
        let made = analyst.psql(&analyst.owner, &format!("create role {} login in role orion_bi", analyst.name))?;
        ensure!(made.status.success(), "{made:?}");
        Ok(analyst)
    }

    /// What psql says to a question of the analyst.
    fn ask(&self, question: &str) -> anyhow::Result<Output> {
        let mut url = reqwest::Url::parse(&self.owner)?;
        url.set_username(&self.name).map_err(|()| anyhow::anyhow!("a user's name"))?;
        self.psql(url.as_ref(), question)
    }

    /// The rows of an answer, columns by `|`.
    fn rows(&self, question: &str) -> anyhow::Result<Vec<String>> {
        let Output { status, stdout, stderr } = self.ask(question)?;
        ensure!(status.success(), "{question}: {}", String::from_utf8_lossy(&stderr));
        Ok(String::from_utf8(stdout)?.lines().map(str::to_owned).collect())
    }

    fn psql(&self, url: &str, question: &str) -> anyhow::Result<Output> {
        let mut command = Command::new("psql");
        command.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--command", question, url]);
        command.output().context("can't start psql")
    }
}

impl Drop for Analyst {
    fn drop(&mut self) {
        drop(self.psql(&self.owner, &format!("drop role {}", self.name)));
    }
}

#[test]
fn an_analyst_reads_the_schema_bi_and_nothing_else() -> anyhow::Result<()> {
    let Some(house) = House::start("analysts")? else { return Ok(()) };
    crate::house::not_at_midnight();
    ensure!(house.orion().args(["load", "--payments", "400", "--rate", "200"]).stdout(Stdio::null()).status()?.success());
    let analyst = Analyst::new()?;
    questions(&analyst)?;
    refused(&analyst)?;
    agrees(&analyst)?;
    files(&house, &analyst)?;
    drop(analyst);
    house.forget()
}

/// Every question of the page is answered, with rows.
fn questions(analyst: &Analyst) -> anyhow::Result<()> {
    let page = std::fs::read_to_string("deploy/bi/README.md")?;
    let asked: Vec<&str> = page.split("```sql\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    ensure!(asked.len() >= 10, "{} questions", asked.len());
    for question in asked {
        let rows = analyst.rows(question)?;
        ensure!(!rows.is_empty(), "{question} has no answer");
    }
    Ok(())
}

fn refused(analyst: &Analyst) -> anyhow::Result<()> {
    for question in [
        "select * from customer",
        "select * from transaction limit 1",
        "select * from sink_progress",
        "insert into bi.freshness values (now(), 1, 1)",
        "update bi.account set status = 'closed'",
        "delete from bi.transaction",
        "create table bi.mine (id int)",
        "create table public.mine (id int)",
        "drop view bi.account",
        "update bi.latency set count = 0",
        "set role orion",
    ] {
        let answer = analyst.ask(question)?;
        let said = String::from_utf8_lossy(&answer.stderr).into_owned();
        ensure!(!answer.status.success(), "{question} was done");
        ensure!(["denied", "must be owner", "cannot"].iter().any(|word| said.contains(word)), "{question}: {said}");
    }
    Ok(())
}

/// The views say of the same thing the same.
fn agrees(analyst: &Analyst) -> anyhow::Result<()> {
    for (what, question) in [
        (
            "payments by volume",
            "select (select sum(count) from bi.volume where span = 'day' and channel is not null) - (select count(*) from bi.transaction)",
        ),
        ("books", "select sum(balance) from bi.account group by currency having sum(balance) <> 0"),
        ("entries", "select sum(amount) from bi.entry group by currency having sum(amount) <> 0"),
        (
            "ids",
            "select count(*) from bi.transaction where id < bi.first_id(decided_at) or id >= bi.first_id(decided_at + interval '1 ms')",
        ),
    ] {
        let rows = analyst.rows(question)?;
        ensure!(rows.iter().all(|row| row.parse() == Ok(0)), "{what}: {rows:?}");
    }
    Ok(())
}

/// Parquet, as DuckDB reads it, and CSV hold what psql sees.
fn files(house: &House, analyst: &Analyst) -> anyhow::Result<()> {
    let parquet = house.file("payments.parquet");
    export(house, &["transaction", "--format", "parquet", "--out", &parquet.to_string_lossy()])?;
    let read: Value = serde_json::from_str(&python::run("analysts/parquet.py", &[&parquet.to_string_lossy()])?)?;
    let types = [
        ("id", "UUID"),
        ("amount", "DECIMAL(38,4)"),
        ("decided_at", "TIMESTAMP WITH TIME ZONE"),
        ("epoch", "BIGINT"),
        ("reason", "VARCHAR"),
    ];
    for (column, kind) in types {
        assert_eq!(read["types"][column], kind, "{column}");
    }
    let seen = analyst.rows(
        "select count(*), sum(amount)::numeric(38, 4), sum(fee)::numeric(38, 4), count(distinct id) from bi.transaction where status = 'settled'",
    )?;
    let text = |name: &str| read[name].as_str().map_or_else(|| read[name].to_string(), str::to_owned);
    assert_eq!(seen, [["count", "amount", "fee", "ids"].map(text).join("|")]);

    let csv = house.file("accounts.csv");
    export(house, &["account", "--format", "csv", "--out", &csv.to_string_lossy()])?;
    let mut reader = csv::Reader::from_path(&csv)?;
    let header = reader.headers()?.iter().map(str::to_owned).collect::<Vec<_>>().join(",");
    assert_eq!(header, "id,customer_id,type,role,currency,status,balance,held,available,opened_at,epoch");
    let mut exported =
        reader.records().map(|row| Ok(row?.iter().take(7).collect::<Vec<_>>().join("|"))).collect::<anyhow::Result<Vec<_>>>()?;
    exported.sort();
    let mut seen = analyst.rows("select id, customer_id, type, role, currency, status, balance from bi.account")?;
    seen.sort();
    assert_eq!(exported, seen);

    // A range of one epoch; and what can't be exported.
    let last = analyst.rows("select max(epoch) from bi.transaction")?.remove(0);
    let after: u64 = last.parse::<u64>()? + 1;
    let part = export(house, &["transaction", "--from", &last, "--to", &after.to_string()])?;
    let of_last = analyst.rows(&format!("select count(*) from bi.transaction where epoch = {last}"))?.remove(0);
    ensure!(part.lines().count() == of_last.parse::<usize>()? + 1, "{part}");
    for (arguments, code, says) in [
        (&["transactions"][..], 64, "there is no view transactions"),
        (&["transaction\" where true --"], 64, "there is no view"),
        (&["transaction", "--format", "parquet"], 64, "say --out FILE"),
        (&["active_customers", "--from", "yesterday"], 2, "expected an epoch"),
        (&["freshness", "--out", "/nowhere/at/all"], 65, "can't write"),
    ] {
        let Output { status, stderr, .. } = house.orion().arg("export").args(arguments).output()?;
        let said = String::from_utf8_lossy(&stderr);
        ensure!(status.code() == Some(code) && said.contains(says), "{arguments:?}: {status} {said}");
    }
    let list = export(house, &["--list"])?;
    ensure!(list.lines().count() >= 15 && list.lines().all(|line| line.len() > 40), "each says what it holds: {list}");
    Ok(())
}

fn export(house: &House, arguments: &[&str]) -> anyhow::Result<String> {
    let Output { status, stdout, stderr } = house.orion().arg("export").args(arguments).output()?;
    ensure!(status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&stderr));
    Ok(String::from_utf8(stdout)?)
}
