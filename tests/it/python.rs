//! Scripts in Python, with what `deploy/local/install.sh` has installed for them: the bank as other languages meet it.

use anyhow::{Context, ensure};
use std::path::PathBuf;
use std::process::Command;

/// Runs a script of `tests/it` and gives what it prints; what it says of a failure is the error.
pub(crate) fn run(script: &str, arguments: &[&str]) -> anyhow::Result<String> {
    said(script, command(script)?.args(arguments))
}

/// The same of a script that reads its environment, where other users of the machine do not see what it is told.
pub(crate) fn run_with(script: &str, environment: &[(&str, &str)]) -> anyhow::Result<String> {
    said(script, command(script)?.envs(environment.iter().copied()))
}

fn command(script: &str) -> anyhow::Result<Command> {
    let cache = std::env::var_os("ORION_CACHE").map(PathBuf::from);
    let cache = cache.or_else(|| std::env::home_dir().map(|home| home.join(".cache/orion"))).context("there is no home")?;
    let packages = cache.join("python");
    ensure!(packages.exists(), "there is no {}: run deploy/local/install.sh", packages.display());
    let mut command = Command::new("python3");
    command.arg(format!("tests/it/{script}")).env("PYTHONPATH", packages).env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(command)
}

fn said(script: &str, command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().context("can't start python3")?;
    let said = [&output.stdout, &output.stderr].map(|said| String::from_utf8_lossy(said));
    ensure!(output.status.success(), "{script} ended with {}: {}", output.status, said.concat());
    Ok(String::from_utf8(output.stdout)?)
}
