//! `orion aml validate`: whether a report of suspicious transactions in goAML form is one that a unit can take.

use crate::exit::{BAD_INPUT, Exit, NO, USAGE};
use goaml::Profile;
use std::path::PathBuf;
use std::process::ExitCode;

/// `orion aml validate`.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  orion aml validate report.xml                       by what every unit asks for\n  orion aml validate report.xml --profile senegal     by what the unit of a country asks for\n  orion aml validate report.xml --profile unit.toml   by a profile of your own\n\nExit codes: 0 the report is right; 1 it is not, and each fault is printed with its path; 64 usage; 65 the profile is wrong."
)]
pub struct Args {
    /// The report, as XML.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// A country's profile (generic, senegal, cote_divoire, cameroon), or a file with one, as TOML.
    #[arg(long, default_value = "generic")]
    pub profile: String,
}

/// Does it.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let profile = profile(&args.profile)?;
    let bytes = std::fs::read(&args.file)
        .map_err(|error| Exit { code: USAGE, sentence: format!("{} can't be read: {error}", args.file.display()) })?;
    let findings = goaml::validate_xml(&bytes, &profile);
    findings.iter().for_each(|finding| println!("{finding}"));
    if findings.is_empty() {
        println!("{}: right by the profile {}", args.file.display(), args.profile);
        return Ok(ExitCode::SUCCESS);
    }
    println!("{}: {} faults by the profile {}", args.file.display(), findings.len(), args.profile);
    Ok(ExitCode::from(NO))
}

fn profile(name: &str) -> Result<Profile, Exit> {
    if let Some(profile) = Profile::named(name) {
        return Ok(profile);
    }
    let text = std::fs::read_to_string(name).map_err(|error| Exit {
        code: USAGE,
        sentence: format!("{name} is no profile (generic, senegal, cote_divoire, cameroon), and no file that can be read: {error}"),
    })?;
    Profile::parse(&text).map_err(|error| Exit { code: BAD_INPUT, sentence: format!("{name}: {error}") })
}
