//! stub
use crate::config::Config;
use std::process::ExitCode;
pub(super) fn run(_: &Config, _: bool, _: bool) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not done")
}
