//! Prometheus's own judge of texts, rules and queries.

use anyhow::{Context, ensure};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Whether a text is one that Prometheus reads, and follows its conventions.
pub(super) fn check_metrics(text: &str) -> anyhow::Result<()> {
    let mut child = Command::new(program()?)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("can't start promtool")?;
    child.stdin.take().context("a pipe")?.write_all(text.as_bytes())?;
    said(child.wait_with_output()?).map(drop)
}

/// Whether every rule of a file is one.
pub(super) fn check_rules(file: &Path) -> anyhow::Result<()> {
    said(Command::new(program()?).args(["check", "rules"]).arg(file).output()?).map(drop)
}

/// Whether the rules fire and keep silent as a file of tests says.
pub(super) fn test_rules(file: &Path) -> anyhow::Result<()> {
    said(Command::new(program()?).args(["test", "rules"]).arg(file).output()?).map(drop)
}

fn said(output: Output) -> anyhow::Result<String> {
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "promtool: {said}");
    Ok(said)
}

/// Where `deploy/local/install.sh` puts it.
fn program() -> anyhow::Result<PathBuf> {
    let cache = std::env::var_os("ORION_CACHE").map(PathBuf::from);
    let cache = cache.or_else(|| std::env::home_dir().map(|home| home.join(".cache/orion"))).context("there is no home")?;
    let program = cache.join("promtool/promtool");
    ensure!(program.exists(), "there is no {}: run deploy/local/install.sh", program.display());
    Ok(program)
}
