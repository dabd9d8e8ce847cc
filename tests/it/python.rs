//! Programs in Python, which know the bank only as its clients do.

use anyhow::{Context, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs a file with what `deploy/local/install.sh` has put beside Kafka, and fails with what it says.
pub(crate) fn run(file: &str, environment: &[(&str, &str)]) -> anyhow::Result<String> {
    let mut python = Command::new("python3");
    // What it compiles on its way must not lie among the sources.
    python.arg("-B").arg(Path::new("tests/it").join(file)).env("PYTHONPATH", packages()?).envs(environment.iter().copied());
    let output = python.output().context("can't start python3")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "{file} ended with {}: {said}{}", output.status, String::from_utf8_lossy(&output.stderr));
    Ok(said)
}

pub(crate) fn packages() -> anyhow::Result<PathBuf> {
    let cache = std::env::var_os("ORION_CACHE").map(PathBuf::from);
    let cache = cache.or_else(|| std::env::home_dir().map(|home| home.join(".cache/orion"))).context("there is no home")?;
    let packages = cache.join("python");
    ensure!(packages.join("complete").exists(), "there is no {}: run deploy/local/install.sh", packages.display());
    Ok(packages)
}
