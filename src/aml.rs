//! `orion aml`: what the detection of money laundering is worth, and whether a report of it is right, without any server.

/// `orion aml evaluate`.
pub mod evaluate;
/// `orion aml generate`.
pub mod generate;
/// Files with labels.
mod labelled;
/// `orion aml validate`.
pub mod validate;

use std::process::ExitCode;

/// `orion aml`.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Action {
    /// Run the detection over payments with labels, and say what it finds.
    Evaluate(evaluate::Args),
    /// Make payments with labels from a seed.
    Generate(generate::Args),
    /// Check a report of suspicious transactions in goAML form.
    Validate(validate::Args),
}

/// Does it.
pub fn run(action: &Action) -> anyhow::Result<ExitCode> {
    match action {
        Action::Evaluate(args) => evaluate::run(args),
        Action::Generate(args) => generate::run(args),
        Action::Validate(args) => validate::run(args),
    }
}
