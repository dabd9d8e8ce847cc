//! How a process ends: exit codes, and the one place where an error is printed.
//!
//! | code | meaning |
//! |---|---|
//! | 0 | done |
//! | 1 | done, and the answer is no: books that don't balance, payments that are not final |
//! | 64 | the command line or the configuration is wrong |
//! | 65 | an input file is wrong |
//! | 69 | something that Orion needs is not there |
//! | 70 | anything else; a supervised process starts again |

use std::io::IsTerminal as _;
use std::process::ExitCode;

/// Done, and the answer is no.
pub const NO: u8 = 1;
/// The command line or the configuration is wrong.
pub const USAGE: u8 = 64;
/// An input file is wrong.
pub const BAD_INPUT: u8 = 65;
/// Something that Orion needs is not there.
pub const UNAVAILABLE: u8 = 69;
/// Anything else.
pub const FAILURE: u8 = 70;

/// An error that says which exit code it wants.
#[derive(Debug, thiserror::Error)]
#[error("{sentence}")]
pub struct Exit {
    /// The code.
    pub code: u8,
    /// What to tell the person.
    pub sentence: String,
}

impl Exit {
    /// Something that Orion needs is not there, as the error says.
    pub fn unavailable(error: impl Into<anyhow::Error>) -> Self {
        Self { code: UNAVAILABLE, sentence: chain(&error.into()) }
    }
}

/// Prints an error's whole chain once, as a sentence, and gives its exit code.
pub fn report(error: &anyhow::Error) -> ExitCode {
    match crate::logging::service() {
        // Whoever collects the log of a server reads lines of JSON; a person who has started one by hand does not.
        Some(_) if !std::io::stderr().is_terminal() => tracing::error!(error = chain(error), "the process can't go on"),
        Some(_) | None => eprintln!("orion: {}", chain(error)),
    }
    ExitCode::from(code(error))
}

/// Ends the process because a thread of it can't go on. Nothing is cleaned up: recovery never relies on it.
pub fn now(thread: &str, error: &anyhow::Error) -> ! {
    tracing::error!(thread, error = chain(error), "the process can't go on");
    std::process::exit(i32::from(code(error)));
}

fn chain(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn code(error: &anyhow::Error) -> u8 {
    if let Some(exit) = error.downcast_ref::<Exit>() {
        return exit.code;
    }
    if error.is::<crate::config::ConfigError>() { USAGE } else { FAILURE }
}
