//! Says what is wrong with a report: `cargo run -p goaml --example validate -- FILE.xml [PROFILE]`, a profile by name or as a file.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(file) = arguments.next() else {
        let names = goaml::Profile::names().collect::<Vec<_>>().join(", ");
        eprintln!("usage: validate FILE.xml [PROFILE], a file of TOML or one of {names}");
        return ExitCode::from(64);
    };
    let name = arguments.next().unwrap_or_else(|| "generic".to_owned());
    let profile = match (goaml::Profile::named(&name), std::fs::read_to_string(&name)) {
        (Some(profile), _) => profile,
        (None, Ok(text)) => match goaml::Profile::parse(&text) {
            Ok(profile) => profile,
            Err(error) => {
                eprintln!("{name}: {error}");
                return ExitCode::from(64);
            }
        },
        (None, Err(error)) => {
            eprintln!("{name}: {error}");
            return ExitCode::from(64);
        }
    };
    let bytes = match std::fs::read(&file) {
        Ok(bytes) => bytes,
        Err(error) => {
            eprintln!("{file}: {error}");
            return ExitCode::from(66);
        }
    };
    let findings = goaml::validate_xml(&bytes, &profile);
    findings.iter().for_each(|finding| println!("{finding}"));
    if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
