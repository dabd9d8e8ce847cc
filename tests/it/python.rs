//! Scripts in Python, with what `deploy/local/install.sh` has installed for them: the bank as other languages meet it.

use anyhow::{Context, ensure};
use std::path::PathBuf;
use std::process::Command;

/// Runs a script of `tests/it` and gives what it prints; what it says of a failure is the error.
pub(crate) fn run(script: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let cache = std::env::var_os("ORION_CACHE").map(PathBuf::from);
    let cache = cache.or_else(|| std::env::home_dir().map(|home| home.join(".cache/orion"))).context("there is no home")?;
    let packages = cache.join("python");
    ensure!(packages.exists(), "there is no {}: run deploy/local/install.sh", packages.display());
    let mut command = Command::new("python3");
    command.arg(format!("tests/it/{script}")).args(arguments).env("PYTHONPATH", packages).env("PYTHONDONTWRITEBYTECODE", "1");
    let output = command.output().context("can't start python3")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{script} ended with {}: {said}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}
