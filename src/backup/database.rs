//! The views' database, by Postgres's own tools: one dump of one moment, whose progress is known.
//!
//! A transaction reads how far the sink has come and exports its snapshot, and the dump is made from that snapshot: what
//! the dump holds is what the progress says, whatever the views write meanwhile.

use super::point::Database;
use crate::config::Config;
use crate::exit::{self, Exit};
use egress::postgres::SINK;
use sqlx::postgres::PgConnection;
use sqlx::{Connection, Row};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The dump in the folder of a point.
pub(crate) const FILE: &str = "views.dump";
/// Where Debian puts each version's tools.
const VERSIONS: &str = "/usr/lib/postgresql";

/// A tool of the newest version that is installed.
pub(crate) fn tool(name: &str) -> Result<PathBuf, Exit> {
    let versions = std::fs::read_dir(VERSIONS).into_iter().flatten().flatten().map(|entry| entry.path().join("bin").join(name));
    let number = |path: &PathBuf| -> Option<u32> { path.iter().rev().nth(2)?.to_str()?.parse().ok() };
    let newest = versions.filter(|path| path.exists()).max_by_key(number);
    let on_path = || {
        std::env::var_os("PATH").and_then(|path| std::env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.exists()))
    };
    newest.or_else(on_path).ok_or_else(|| Exit {
        code: exit::UNAVAILABLE,
        sentence: format!(
            "{name} is neither in {VERSIONS} nor on the PATH: install the client of your PostgreSQL's version or a newer one"
        ),
    })
}

/// Writes the dump to a file; where the database stands.
pub(super) async fn dump(config: &Config, to: &Path) -> anyhow::Result<Database> {
    let tool = tool("pg_dump")?;
    let url = config.postgres.views_url()?;
    let gone = |error: sqlx::Error| Exit { code: exit::UNAVAILABLE, sentence: format!("postgres failed: {error}") };
    let mut connection = PgConnection::connect(&url).await.map_err(gone)?;
    let mut moment = connection.begin_with("begin isolation level repeatable read read only").await.map_err(gone)?;
    let row = sqlx::query("select epoch, generation, pg_export_snapshot() from sink_progress where sink = $1")
        .bind(SINK)
        .fetch_one(&mut *moment)
        .await
        .map_err(gone)?;
    let snapshot: String = row.try_get(2)?;
    let mut command = on(&tool, &url)?;
    command.args(["--format=custom", "--no-owner", "--no-privileges", "--snapshot"]).arg(&snapshot).arg("--file").arg(to);
    finish(command, "pg_dump")?;
    let database = Database {
        epoch: u64::try_from(row.try_get::<i64, _>(0)?).unwrap_or_default(),
        generation: u64::try_from(row.try_get::<i64, _>(1)?).unwrap_or_default(),
        tool: version(&tool),
    };
    moment.rollback().await.map_err(gone)?;
    Ok(database)
}

/// Brings a dump back into the views' database, which is there and empty: all of it or nothing.
pub(crate) fn restore(config: &Config, from: &Path) -> anyhow::Result<()> {
    let mut command = on(&tool("pg_restore")?, &config.postgres.views_url()?)?;
    command.args(["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]).arg(from);
    Ok(finish(command, "pg_restore")?)
}

/// A tool that works on a database. The password goes the way that other processes can't read.
fn on(tool: &Path, url: &str) -> anyhow::Result<Command> {
    let mut url = reqwest::Url::parse(url)?;
    let mut command = Command::new(tool);
    if let Some(password) = url.password() {
        command.env("PGPASSWORD", decoded(password));
        url.set_password(None).map_err(|()| anyhow::anyhow!("postgres.url has no host"))?;
    }
    command.arg("--no-password").arg(format!("--dbname={url}"));
    Ok(command)
}

/// A password as it is, from how a URL spells it.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok()).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match hex.filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn finish(mut command: Command, name: &str) -> Result<(), Exit> {
    let failed = |what: String| Exit { code: exit::UNAVAILABLE, sentence: format!("{name} failed: {what}") };
    let output = command.output().map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(failed(said.lines().next().unwrap_or("it said nothing").to_owned()))
}

fn version(tool: &Path) -> String {
    let said = Command::new(tool).arg("--version").output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&said).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_no_argument_of_a_tool() {
        let command = on(Path::new("/bin/true"), "postgres://orion:s%20e%25c@h:1/views").unwrap();
        let arguments: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy().into_owned()).collect();
        assert_eq!(arguments, ["--no-password", "--dbname=postgres://orion@h:1/views"]);
        let password = command.get_envs().find(|(name, _)| *name == "PGPASSWORD").and_then(|(_, value)| value);
        assert_eq!(password, Some("s e%c".as_ref()));
    }
}
