//! `orion export`: a view of the schema `bi` as a file.
//!
//! In: a view, and from when to when. Out: its rows as of one epoch, as Parquet with types or as CSV. The file appears whole, under its
//! name, or not at all. Memory has a bound: rows come one by one, and leave in groups.

/// Columns, and what is read of them.
mod column;
/// Rows as Parquet.
mod columnar;

use crate::config::Config;
use crate::exit::{BAD_INPUT, Exit, UNAVAILABLE, USAGE};
use crate::progress::Progress;
use anyhow::Context;
use clap::ValueEnum;
use column::Column;
use columnar::Columnar;
use futures_util::TryStreamExt as _;
use schemas::Epoch;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// `orion export`.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  orion export --list                                      which views there are, and what they say\n  orion export transaction --format parquet --out payments.parquet --from 2026-11-01T00:00:00Z --to 2026-12-01T00:00:00Z\n  orion export liability --format csv                      to standard output\n\nA range is one of the epochs in which rows became true; rows of aggregates have that in which they last changed.\n\nExit codes: 0 done; 64 no such view, or a range without one; 65 the file can't be written; 69 Postgres is not there."
)]
pub struct Args {
    /// The view.
    #[arg(required_unless_present = "list")]
    view: Option<String>,
    /// What to write.
    #[arg(long, value_enum, default_value = "csv")]
    format: Format,
    /// Where to; standard output unless it is said, which takes CSV only.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Rows of this moment or later: an epoch in milliseconds, or a time such as 2026-11-28T09:30:00Z.
    #[arg(long, value_parser = moment)]
    from: Option<Epoch>,
    /// And before this one.
    #[arg(long, value_parser = moment)]
    to: Option<Epoch>,
    /// List the views, and what each says.
    #[arg(long)]
    list: bool,
    /// No progress.
    #[arg(long)]
    quiet: bool,
}

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Apache Parquet: every column with its type, compressed.
    Parquet,
    /// RFC 4180, with a header line.
    Csv,
}

fn moment(text: &str) -> Result<Epoch, String> {
    let epoch = || text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    epoch()
        .or_else(|| schemas::epoch::from_rfc3339(text))
        .ok_or_else(|| "expected an epoch in milliseconds, or a time such as 2026-11-28T09:30:00Z".to_owned())
}

/// Writes the file, or lists what there is.
pub async fn run(args: &Args, config: &Config) -> anyhow::Result<()> {
    let options = PgConnectOptions::from_str(&config.postgres.views_url()?)?.application_name("orion export");
    let mut connection = options.connect().await.map_err(|error| gone(&error))?;
    let Some(view) = args.view.as_ref().filter(|_| !args.list) else { return list(&mut connection).await };
    if args.out.is_none() && args.format == Format::Parquet {
        return Err(Exit { code: USAGE, sentence: "Parquet needs a file: say --out FILE".to_owned() }.into());
    }
    let mut snapshot = connection.begin_with("begin isolation level repeatable read read only").await.map_err(|error| gone(&error))?;
    let columns = columns(&mut snapshot, view).await?;
    if (args.from.is_some() || args.to.is_some()) && !columns.iter().any(|column| column.name == "epoch") {
        return Err(Exit { code: USAGE, sentence: format!("bi.{view} has no epoch, so --from and --to choose nothing") }.into());
    }
    let as_of: i64 = sqlx::query_scalar("select epoch from bi.freshness").fetch_one(&mut *snapshot).await.map_err(|error| gone(&error))?;
    let written = match &args.out {
        Some(path) => to_file(&mut snapshot, args, view, &columns, path).await?,
        None => write_csv(&mut snapshot, args, view, &columns, std::io::stdout().lock()).await?,
    };
    if let Some(path) = &args.out {
        println!("bi.{view}: {written} rows as of epoch {as_of}, in {}", path.display());
    }
    Ok(())
}

/// Beside its place, then under its name.
async fn to_file(connection: &mut PgConnection, args: &Args, view: &str, columns: &[Column], path: &Path) -> anyhow::Result<u64> {
    let cant = |error: &dyn std::fmt::Display| Exit { code: BAD_INPUT, sentence: format!("can't write {}: {error}", path.display()) };
    let mut beside = path.as_os_str().to_owned();
    beside.push(".tmp");
    let file = File::create(&beside).map_err(|error| cant(&error))?;
    let written = match args.format {
        Format::Csv => write_csv(connection, args, view, columns, BufWriter::new(&file)).await,
        Format::Parquet => write_parquet(connection, args, view, columns, &file).await,
    };
    let written = match written {
        Ok(written) => written,
        Err(error) => {
            drop(std::fs::remove_file(&beside));
            return Err(error);
        }
    };
    file.sync_all().and_then(|()| std::fs::rename(&beside, path)).map_err(|error| cant(&error))?;
    Ok(written)
}

async fn write_csv(connection: &mut PgConnection, args: &Args, view: &str, columns: &[Column], to: impl Write) -> anyhow::Result<u64> {
    let mut out = csv::Writer::from_writer(to);
    out.write_record(columns.iter().map(|column| column.name.as_str()))?;
    let written = each(connection, args, &question(args, view, columns, Column::as_text), |row| {
        let fields = (0..columns.len()).map(|place| Ok(row.try_get::<Option<&str>, _>(place)?.unwrap_or_default()));
        Ok(out.write_record(fields.collect::<Result<Vec<_>, sqlx::Error>>()?)?)
    })
    .await?;
    out.flush()?;
    Ok(written)
}

async fn write_parquet(connection: &mut PgConnection, args: &Args, view: &str, columns: &[Column], to: &File) -> anyhow::Result<u64> {
    let mut out = Columnar::begin(view, columns, to)?;
    let written = each(connection, args, &question(args, view, columns, Column::as_value), |row| {
        for place in 0..columns.len() {
            out.put(place, row.try_get::<Option<&str>, _>(place)?)?;
        }
        out.end_row()
    })
    .await?;
    out.finish()?;
    Ok(written)
}

/// Hands on the rows of a question, and counts them.
async fn each(
    connection: &mut PgConnection,
    args: &Args,
    question: &str,
    mut hand_on: impl FnMut(&PgRow) -> anyhow::Result<()>,
) -> anyhow::Result<u64> {
    let mut progress = Progress::new("Rows", 0, args.quiet || args.out.is_none());
    let mut rows = sqlx::query(AssertSqlSafe(question.to_owned())).persistent(false).fetch(connection);
    let mut written = 0;
    while let Some(row) = rows.try_next().await.map_err(|error| gone(&error))? {
        hand_on(&row)?;
        written += 1;
        progress.add(1);
    }
    Ok(written)
}

/// Every column as text. The names are those of the catalogue, and the moments numbers.
fn question(args: &Args, view: &str, columns: &[Column], expression: impl Fn(&Column) -> String) -> String {
    let columns = columns.iter().map(expression).collect::<Vec<_>>().join(", ");
    let bounds = [args.from.map(|from| format!("epoch >= {from}")), args.to.map(|to| format!("epoch < {to}"))];
    let bounds: Vec<_> = bounds.into_iter().flatten().collect();
    let bounds = if bounds.is_empty() { String::new() } else { format!(" where {}", bounds.join(" and ")) };
    format!("select {columns} from bi.\"{view}\"{bounds}")
}

async fn columns(connection: &mut PgConnection, view: &str) -> anyhow::Result<Vec<Column>> {
    let query = "select attname::text, format_type(atttypid, null) from pg_attribute
                 where attrelid = (select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
                                   where n.nspname = 'bi' and c.relname = $1 and c.relkind = 'v')
                   and attnum > 0 and not attisdropped
                 order by attnum";
    let found: Vec<(String, String)> = sqlx::query_as(query).bind(view).fetch_all(connection).await.map_err(|error| gone(&error))?;
    if found.is_empty() {
        let sentence = format!("there is no view {view} in the schema bi; `orion export --list` says which there are");
        return Err(Exit { code: USAGE, sentence }.into());
    }
    found.into_iter().map(|(name, kind)| Column::of(name, &kind).context("a view has a column of a kind that is not exported")).collect()
}

async fn list(connection: &mut PgConnection) -> anyhow::Result<()> {
    let query = "select c.relname::text, coalesce(obj_description(c.oid), '') from pg_class c join pg_namespace n on n.oid = c.relnamespace
                 where n.nspname = 'bi' and c.relkind = 'v' order by 1";
    let views: Vec<(String, String)> = sqlx::query_as(query).fetch_all(connection).await.map_err(|error| gone(&error))?;
    if views.is_empty() {
        return Err(Exit { code: UNAVAILABLE, sentence: "there is no schema bi; run `orion migrate`".to_owned() }.into());
    }
    for (view, says) in views {
        println!("{view:<18} {says}");
    }
    Ok(())
}

fn gone(error: &sqlx::Error) -> Exit {
    Exit { code: UNAVAILABLE, sentence: format!("postgres failed: {error}") }
}
