//! Configuration: one documented struct, read once from defaults, a file and the environment.
//!
//! Later sources win: defaults, then the TOML file named by `ORION_CONFIG`, then variables `ORION_<SECTION>__<FIELD>`
//! (such as `ORION_HTTP__LISTEN`), then the three that every deployment knows: `KAFKA_BROKERS`, `DATABASE_URL`
//! and `SCHEMA_REGISTRY_URL`.

/// The keys of the audit chain.
mod audit;
/// The financial intelligence unit, and who the bank is to it.
mod fiu;
/// Where gRPC is spoken.
mod grpc;
/// The HTTP server.
mod http;
/// Where the cells show what they measure.
mod metrics;

pub use audit::Audit;
pub use fiu::Fiu;
pub use grpc::Grpc;
pub use http::Http;
pub use metrics::Metrics;

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Everything that can be set.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Kafka.
    pub kafka: Kafka,
    /// PostgreSQL.
    pub postgres: Postgres,
    /// Schema registry.
    pub registry: Registry,
    /// The HTTP server.
    pub http: Http,
    /// The gRPC server.
    pub grpc: Grpc,
    /// Who may call.
    pub auth: Auth,
    /// The keys of the audit chain.
    pub audit: Audit,
    /// The financial intelligence unit, and who the bank is to it.
    pub fiu: Fiu,
    /// How epochs are closed and committed.
    pub epochs: Epochs,
    /// Snapshots of the cells' states.
    pub snapshots: Snapshots,
    /// How the cells' processes are supervised.
    pub run: Run,
    /// The views cell.
    pub views: Views,
    /// The risk cell.
    pub risk: Risk,
    /// Where the cells show what they measure.
    pub metrics: Metrics,
}

/// Kafka.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kafka {
    /// Bootstrap servers, comma separated.
    pub brokers: String,
}

/// PostgreSQL.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Postgres {
    /// The server, with a role that may create the services' databases: `postgres://user@host:port/postgres`.
    pub url: String,
    /// Name of the database of the views.
    pub views_database: String,
    /// Most connections of the query API.
    pub connections_max: u32,
    /// The role that may read what is made for analysts, and nothing else: `grant` it to each of them. Empty for none.
    pub bi_role: String,
}

/// Schema registry.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    /// Base of its Confluent-compatible API.
    pub url: String,
}

/// Who may call.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// PEM file with the Ed25519 public key that tokens are checked against.
    pub public_key: PathBuf,
    /// PEM file with the private key of the local stack, with which `orion token` signs; not used by any server.
    pub private_key: PathBuf,
    /// Expected `iss`.
    pub issuer: String,
    /// Expected `aud`.
    pub audience: String,
}

/// How epochs are closed and committed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Epochs {
    /// An epoch closes at this age, once it has a command and the pause after the one before is over.
    pub age_max_ms: u64,
    /// An epoch closes at this many commands at the latest.
    pub weight_max: usize,
    /// The longest pause after an epoch: of a busy bank, which is faster with fewer of them; zero for none.
    pub pause_max_ms: u64,
    /// An epoch closes after this long without commands, so that time goes on.
    pub tick_ms: u64,
    /// Most epochs between the log and their commit; the bound of every queue of a cell.
    pub in_flight_max: usize,
    /// Most commands in one Kafka transaction.
    pub commit_weight_max: usize,
}

/// Snapshots of the cells' states.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshots {
    /// The folder that holds them, one folder a cell inside. It survives the process, not necessarily the machine:
    /// without it a cell starts from the logs alone.
    pub folder: PathBuf,
    /// A snapshot is taken when the last is this old, in the time of epochs, and something has happened since.
    pub every_ms: u64,
    /// A snapshot is taken after this many commands at the latest: what a restart replays at most.
    pub every_commands: u64,
    /// How many are kept, so that a damaged one has a predecessor.
    pub kept: usize,
}

/// How the cells' processes are supervised.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// A cell that works on one epoch for this long is stuck, and is killed after as long again.
    pub stuck_ms: u64,
    /// How long a cell may take to stop before it is killed.
    pub stop_ms: u64,
}

/// The views cell.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Views {
    /// Workers of its dataflow. What it writes is the same for any number.
    pub workers: usize,
    /// Its snapshots are taken this far apart, in the time of epochs, if something has happened since the last. What
    /// it replays without one costs more than its state does, so they may be rarer than settlement's.
    pub snapshot_every_ms: u64,
    /// Most events between Kafka and Postgres; the bound of every queue of the cell.
    pub waiting_max: usize,
    /// Most events in one Postgres transaction, unless a single epoch has more.
    pub group_max: usize,
    /// Shortest time between two transactions in which what has changed goes to the topics of the views; 0 for none.
    pub topics_every_ms: u64,
}

/// The risk cell.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Risk {
    /// Where the doors ask it what if; port 0 is any free one. The doors find it in the views' database.
    pub listen: String,
    /// Its snapshots are taken this far apart, in the time of epochs, if something has happened since the last.
    pub snapshot_every_ms: u64,
    /// Most events between Kafka and the detection; the bound of every queue of the cell.
    pub waiting_max: usize,
}

const DEFAULTS: &str = include_str!("config/defaults.toml");

impl Postgres {
    /// The views' database on the same server.
    pub fn views_url(&self) -> Result<String, ConfigError> {
        let wrong = |reason: String| ConfigError::of(&format!("postgres.url is no URL: {reason}"));
        let mut url = reqwest::Url::parse(&self.url).map_err(|error| wrong(error.to_string()))?;
        url.set_path(&self.views_database);
        Ok(url.to_string())
    }
}

/// A configuration that can't be used.
#[derive(Debug, thiserror::Error)]
#[error("the configuration is not usable: {0}")]
pub struct ConfigError(#[from] config::ConfigError);

impl ConfigError {
    fn of(what: &str) -> Self {
        Self(config::ConfigError::Message(what.to_owned()))
    }
}

impl Config {
    /// Reads it. The only place that looks at the environment.
    pub fn load() -> Result<Self, ConfigError> {
        let mut builder = config::Config::builder().add_source(config::File::from_str(DEFAULTS, config::FileFormat::Toml));
        if let Ok(path) = std::env::var("ORION_CONFIG") {
            builder = builder.add_source(config::File::new(&path, config::FileFormat::Toml));
        }
        let ours = config::Environment::with_prefix("ORION").prefix_separator("_").separator("__").try_parsing(true);
        // Variables of the local stack, such as ORION_STATE, are not settings: those have a section.
        let settings = std::env::vars().filter(|(name, _)| name.starts_with("ORION_") && name.contains("__")).collect();
        builder = builder.add_source(ours.source(Some(settings)));
        for (variable, setting) in
            [("KAFKA_BROKERS", "kafka.brokers"), ("DATABASE_URL", "postgres.url"), ("SCHEMA_REGISTRY_URL", "registry.url")]
        {
            builder = builder.set_override_option(setting, std::env::var(variable).ok())?;
        }
        let config: Self = builder.build()?.try_deserialize()?;
        config.check()?;
        Ok(config)
    }

    /// How the commands log is written.
    pub fn commands_log(&self) -> ingress::Config {
        ingress::Config {
            brokers: self.kafka.brokers.clone(),
            remembered_max: self.http.remembered_max,
            append_timeout_ms: self.http.append_timeout_ms,
        }
    }

    fn check(&self) -> Result<(), ConfigError> {
        let wrong = |what: &str| Err(ConfigError::of(what));
        if self.kafka.brokers.trim().is_empty() {
            return wrong("kafka.brokers is empty; set KAFKA_BROKERS to host:port");
        }
        if self.epochs.weight_max == 0 || self.epochs.in_flight_max == 0 || self.epochs.commit_weight_max == 0 {
            return wrong("epochs.weight_max, in_flight_max and commit_weight_max must be at least 1");
        }
        let plain = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        if !plain(&self.postgres.views_database) {
            return wrong("postgres.views_database must be lowercase letters and underscores");
        }
        if !self.postgres.bi_role.is_empty() && !plain(&self.postgres.bi_role) {
            return wrong("postgres.bi_role must be lowercase letters and underscores, or empty");
        }
        self.postgres.views_url()?;
        self.http.check()?;
        self.metrics.check()?;
        self.grpc.address()?;
        self.fiu.unit()?;
        if self.snapshots.kept == 0 || self.snapshots.every_commands == 0 {
            return wrong("snapshots.kept and every_commands must be at least 1");
        }
        if self.run.stuck_ms < 5_000 {
            return wrong("run.stuck_ms must be at least 5000: a cell says once a second that it is well");
        }
        let views = &self.views;
        if views.workers == 0 || views.snapshot_every_ms == 0 || views.waiting_max == 0 || views.group_max == 0 {
            return wrong("views.workers, snapshot_every_ms, waiting_max and group_max must be at least 1");
        }
        if self.risk.snapshot_every_ms == 0 || self.risk.waiting_max == 0 {
            return wrong("risk.snapshot_every_ms and waiting_max must be at least 1");
        }
        if self.epochs.tick_ms == 0 {
            return wrong("epochs.tick_ms must be at least 1");
        }
        Ok(())
    }

    /// The configuration as TOML, with passwords blotted out.
    pub fn print(&self) -> String {
        let mut shown = self.clone();
        shown.postgres.url = without_password(&shown.postgres.url);
        shown.registry.url = without_password(&shown.registry.url);
        toml(&shown)
    }
}

fn toml(config: &Config) -> String {
    let value = serde_json::to_value(config).expect("a configuration is plain data");
    let mut text = String::new();
    for (section, fields) in value.as_object().into_iter().flatten() {
        text.push_str(&format!("[{section}]\n"));
        for (field, value) in fields.as_object().into_iter().flatten() {
            // JSON strings and numbers are TOML strings and numbers.
            text.push_str(&format!("{field} = {value}\n"));
        }
        text.push('\n');
    }
    text
}

fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let Some((user, host)) = rest.split_once('@') else { return url.to_owned() };
    match user.split_once(':') {
        Some((user, _)) => format!("{scheme}://{user}:***@{host}"),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_a_configuration() {
        let config: Config = config::Config::builder()
            .add_source(config::File::from_str(DEFAULTS, config::FileFormat::Toml))
            .build()
            .and_then(config::Config::try_deserialize)
            .unwrap();
        config.check().unwrap();
        assert!(config.print().contains("[epochs]\nage_max_ms = 5\n"));
    }

    #[test]
    fn passwords_are_never_shown() {
        assert_eq!(without_password("postgres://a:secret@h:1/d"), "postgres://a:***@h:1/d");
        assert_eq!(without_password("postgres://a@h:1/d"), "postgres://a@h:1/d");
        assert_eq!(without_password("http://h:1"), "http://h:1");
    }
}
