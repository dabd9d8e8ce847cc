//! `orion aml`: what the detection of money laundering is worth, measured without any server.

/// `orion aml evaluate`.
pub mod evaluate;
/// `orion aml generate`.
pub mod generate;
/// Files with labels.
mod labelled;

use std::process::ExitCode;

/// `orion aml`.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Action {
    /// Run the detection over payments with labels, and say what it finds.
    Evaluate(evaluate::Args),
    /// Make payments with labels from a seed.
    Generate(generate::Args),
}

/// Does it.
pub fn run(action: &Action) -> anyhow::Result<ExitCode> {
    match action {
        Action::Evaluate(args) => evaluate::run(args),
        Action::Generate(args) => generate::run(args),
    }
}
