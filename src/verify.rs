//! stub
use crate::config::Config;
use std::process::ExitCode;
/// `orion verify`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {}
/// Does it.
pub fn run(_: &Args, _: &Config) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not done")
}
