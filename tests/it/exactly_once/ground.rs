//! What a run stands on: services of its own that it may kill.

use anyhow::Context;
use std::path::PathBuf;

/// Services that a test may kill.
pub(crate) struct Ground {
    pub(crate) brokers: String,
    pub(crate) database_url: String,
    /// The directory of the stack.
    pub(crate) state: PathBuf,
}

impl Ground {
    /// None, and a word about it, where the services may be somebody's or the binary can't be told to fail.
    pub(crate) fn find() -> Option<Self> {
        let variable = |name: &str| std::env::var(name).ok();
        if !cfg!(feature = "faults") || variable("ORION_DISPOSABLE").is_none() {
            println!("skipped: this needs the feature `faults`, and a stack of its own from deploy/local/with-stack.sh");
            return None;
        }
        let state = PathBuf::from(variable("ORION_STATE")?);
        Some(Self { brokers: variable("KAFKA_BROKERS")?, database_url: variable("DATABASE_URL")?, state })
    }

    /// The database of the views.
    pub(crate) fn views_url(&self) -> anyhow::Result<String> {
        let mut url = reqwest::Url::parse(&self.database_url)?;
        url.set_path("orion_views");
        Ok(url.to_string())
    }

    /// The process of a service, as its keeper wrote it down: `kafka.child`, `postgres.keeper`.
    pub(crate) fn process(&self, name: &str) -> anyhow::Result<u32> {
        let path = self.state.join("run").join(name);
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        Ok(text.split_whitespace().next().context("no process id")?.parse()?)
    }
}
