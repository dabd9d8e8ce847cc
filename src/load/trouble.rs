//! What can stop a run: one sentence each, and the exit code that goes with it.

use crate::exit;

/// What stopped the run.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// The input can't be opened.
    #[error("can't open {file}: {reason}")]
    Open {
        /// As given.
        file: String,
        /// What the system said.
        reason: String,
    },
    /// The result can't be written.
    #[error("can't write {file}: {reason}")]
    Write {
        /// As given.
        file: String,
        /// What the system said.
        reason: String,
    },
    /// The input is not what `--input` takes.
    #[error("{file}, line {line}: {what}")]
    Input {
        /// As given.
        file: String,
        /// Counted from 1; the header is line 1.
        line: u64,
        /// What is wrong there.
        what: String,
    },
    /// The key that signs tokens can't be used.
    #[error("can't sign tokens with {path}: {reason}")]
    Key {
        /// As configured.
        path: String,
        /// Why not.
        reason: String,
    },
    /// Nobody answers at the bank's address.
    #[error("the bank does not answer at {url} ({reason}); start it with `orion run`")]
    Absent {
        /// As configured.
        url: String,
        /// What was tried last.
        reason: String,
    },
    /// The bank answered for a long time, but never with a decision.
    #[error("nothing was decided for {seconds} s; the last answer was: {last}")]
    Silent {
        /// How long.
        seconds: u64,
        /// Why the last attempt was no decision.
        last: String,
    },
    /// The bank refused what every run needs.
    #[error("the bank would not {what}: {detail}")]
    Refused {
        /// What was asked.
        what: String,
        /// Its reason.
        detail: String,
    },
    /// Kafka can't be read.
    #[error("can't read Kafka at {brokers}: {reason}")]
    Kafka {
        /// As configured.
        brokers: String,
        /// What the client said.
        reason: String,
    },
    /// An event can't be understood.
    #[error("can't understand a record of {topic}: {reason}")]
    Record {
        /// The topic.
        topic: schemas::topic::Topic,
        /// What the codec said.
        reason: String,
    },
    /// The views database can't be read.
    #[error("can't read the views in Postgres: {reason}")]
    Postgres {
        /// What the driver said.
        reason: String,
    },
    /// A task of the run itself panicked.
    #[error("a part of the run stopped: {0}")]
    Stopped(String),
}

impl Trouble {
    /// The code, so that scripts can tell a bad file from a bank that is down.
    pub(super) const fn exit_code(&self) -> u8 {
        match self {
            Self::Refused { .. } => 1,
            Self::Key { .. } => exit::USAGE,
            Self::Open { .. } | Self::Input { .. } => exit::BAD_INPUT,
            Self::Absent { .. } | Self::Silent { .. } | Self::Kafka { .. } | Self::Postgres { .. } => exit::UNAVAILABLE,
            Self::Write { .. } | Self::Record { .. } | Self::Stopped(_) => exit::FAILURE,
        }
    }
}

impl From<tokio::task::JoinError> for Trouble {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::Stopped(error.to_string())
    }
}
