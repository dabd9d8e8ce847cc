//! Topics and their settings: `topics.toml` says what there is, `apply` makes Kafka agree.
//!
//! Never deletes a topic, and never changes a partition count: records would land elsewhere than their
//! predecessors. Where Kafka differs in that, it says so.

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use schemas::Topic;
use schemas::topic::{BATCH_MAX_BYTES, RECORD_MAX_BYTES};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// What can go wrong with topics.
#[derive(Debug, thiserror::Error)]
pub enum TopicsError {
    /// Kafka did not answer.
    #[error("kafka at {brokers} does not answer")]
    Kafka {
        /// Its address.
        brokers: String,
        /// Why.
        #[source]
        source: KafkaError,
    },
    /// Kafka refuses a topic.
    #[error("kafka refuses topic {topic}: {code}")]
    Refused {
        /// The topic.
        topic: String,
        /// Why.
        code: RDKafkaErrorCode,
    },
    /// A topic has another partition count than it should.
    #[error("topic {topic} has {found} partitions where topics.toml says {wanted}; that can't be changed once it has records")]
    Partitions {
        /// The topic.
        topic: String,
        /// In Kafka.
        found: usize,
        /// In `topics.toml`.
        wanted: i32,
    },
}

/// All topics by kind: name and partitions.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topics {
    log: BTreeMap<String, i32>,
    event: BTreeMap<String, i32>,
    view: BTreeMap<String, i32>,
    recent: BTreeMap<String, i32>,
    audit: BTreeMap<String, i32>,
    dead_letter: BTreeMap<String, i32>,
}

const DAY_MS: u64 = 86_400_000;

/// Kafka's settings of a topic, by name.
pub type Settings = Vec<(&'static str, String)>;

/// What happened to a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It was not there.
    Created,
    /// It was there; its settings were set again.
    Agreed,
}

impl Topics {
    /// The committed list.
    pub fn committed() -> Self {
        toml::from_str(include_str!("../topics.toml")).expect("a test reads the committed list")
    }

    /// Every topic with its partitions and settings.
    pub fn all(&self) -> Vec<(&str, i32, Settings)> {
        let kinds = [
            (&self.log, log_settings()),
            (&self.event, event_settings()),
            (&self.view, view_settings()),
            (&self.recent, view_settings()),
            (&self.audit, log_settings()),
            (&self.dead_letter, dead_letter_settings()),
        ];
        let topics = kinds.into_iter().flat_map(|(topics, settings)| {
            topics.iter().map(move |(name, partitions)| (name.as_str(), *partitions, with_size(with_retention(name, settings.clone()))))
        });
        topics.collect()
    }

    /// The list without a topic.
    #[must_use]
    pub fn without(mut self, topic: &str) -> Self {
        for topics in [&mut self.log, &mut self.event, &mut self.view, &mut self.recent, &mut self.audit, &mut self.dead_letter] {
            topics.remove(topic);
        }
        self
    }

    /// What everything is rebuilt from, with partitions.
    pub fn logs(&self) -> impl Iterator<Item = (&str, i32)> {
        self.log.iter().map(|(name, partitions)| (name.as_str(), *partitions))
    }

    /// Whether a topic holds what the cells say: events, rows of views, journals. All else holds what others wrote, as it came.
    pub fn is_said(&self, topic: &str) -> bool {
        let said = [&self.log, &self.event, &self.view, &self.recent, &self.audit].into_iter().any(|topics| topics.contains_key(topic));
        said && topic != Topic::Commands.as_str()
    }

    /// The partitions of a topic; none if it is not in the list.
    pub fn partitions(&self, topic: &str) -> Option<i32> {
        let all = [&self.log, &self.event, &self.view, &self.recent, &self.audit, &self.dead_letter];
        all.into_iter().find_map(|topics| topics.get(topic)).copied()
    }
}

/// Logs are what everything is rebuilt from; roots of the audit chain outlive what they are of.
fn log_settings() -> Settings {
    vec![("cleanup.policy", "delete".to_owned()), ("retention.ms", "-1".to_owned()), ("retention.bytes", "-1".to_owned())]
}

fn event_settings() -> Settings {
    vec![("cleanup.policy", "compact,delete".to_owned()), ("retention.ms", (7 * DAY_MS).to_string())]
}

/// A reader of the newest rows reads the older ones of the same keys too, until they are compacted away, so that is done soon.
fn view_settings() -> Settings {
    let (dirty, segment) = ("0.1".to_owned(), (DAY_MS / 24).to_string());
    vec![("cleanup.policy", "compact".to_owned()), ("min.cleanable.dirty.ratio", dirty), ("segment.ms", segment)]
}

/// Rows by minute and by hour are those of the last days.
fn with_retention(topic: &str, mut settings: Settings) -> Settings {
    let days = if topic.ends_with("_by_minute.v1") {
        7
    } else if topic.ends_with("_by_hour.v1") {
        92
    } else {
        return settings;
    };
    settings.retain(|(name, _)| *name != "cleanup.policy");
    settings.extend([("cleanup.policy", "compact,delete".to_owned()), ("retention.ms", (days * DAY_MS).to_string())]);
    settings
}

fn dead_letter_settings() -> Settings {
    // Room for the largest record of any log, and for why it is here.
    let most = RECORD_MAX_BYTES.to_string();
    vec![("cleanup.policy", "delete".to_owned()), ("retention.ms", (30 * DAY_MS).to_string()), ("max.message.bytes", most)]
}

/// The settings of a topic with the size of what is written at once: a record that holds a whole batch, or the records that a cell
/// commits together. A broker's own bound, 1 MB unless it is told otherwise, is less.
fn with_size(mut settings: Settings) -> Settings {
    if settings.iter().all(|(name, _)| *name != "max.message.bytes") {
        settings.push(("max.message.bytes", BATCH_MAX_BYTES.to_string()));
    }
    settings
}

/// Makes Kafka agree with the list; says what happened to each topic.
pub async fn apply(brokers: &str, topics: &Topics) -> Result<Vec<(String, Applied)>, TopicsError> {
    let unanswered = |source| TopicsError::Kafka { brokers: brokers.to_owned(), source };
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new().set("bootstrap.servers", brokers).create().map_err(unanswered)?;
    let options = AdminOptions::new().operation_timeout(Some(Duration::from_secs(30)));
    let all = topics.all();

    let new: Vec<NewTopic<'_>> = all
        .iter()
        .map(|(name, partitions, settings)| {
            // The broker's default replication: one on a single node, three in production.
            let topic = NewTopic::new(name, *partitions, TopicReplication::Fixed(-1));
            settings.iter().fold(topic, |topic, (setting, value)| topic.set(setting, value))
        })
        .collect();
    let mut applied = Vec::new();
    for result in admin.create_topics(&new, &options).await.map_err(unanswered)? {
        match result {
            Ok(topic) => applied.push((topic, Applied::Created)),
            Err((topic, RDKafkaErrorCode::TopicAlreadyExists)) => applied.push((topic, Applied::Agreed)),
            Err((topic, code)) => return Err(TopicsError::Refused { topic, code }),
        }
    }

    let metadata = admin.inner().fetch_metadata(None, Duration::from_secs(10)).map_err(unanswered)?;
    for (name, wanted, settings) in &all {
        let there = metadata.topics().iter().find(|topic| topic.name() == *name).map(|topic| topic.partitions().len());
        // A topic created a moment ago may not be in the metadata yet; it has what was asked for.
        if let Some(found) = there.filter(|found| *found > 0 && i32::try_from(*found) != Ok(*wanted)) {
            return Err(TopicsError::Partitions { topic: (*name).to_owned(), found, wanted: *wanted });
        }
        if applied.iter().any(|(topic, applied)| topic == name && *applied == Applied::Agreed) {
            let config = AlterConfig::new(ResourceSpecifier::Topic(name));
            let config = settings.iter().fold(config, |config, (setting, value)| config.set(setting, value));
            for result in admin.alter_configs([&config], &options).await.map_err(unanswered)? {
                result.map_err(|(_, code)| TopicsError::Refused { topic: (*name).to_owned(), code })?;
            }
        }
    }
    Ok(applied)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_with_a_schema_is_in_the_list() {
        let topics = Topics::committed();
        for topic in schemas::Topic::ALL {
            assert!(topics.partitions(topic.as_str()).is_some(), "{topic}");
        }
        assert!(topics.partitions(schemas::topic::COMMANDS_DLQ).is_some());
    }

    #[test]
    fn every_chain_has_a_partition_of_its_own() {
        let partitions = Topics::committed().partitions(schemas::wire::audit::TOPIC).unwrap();
        assert_eq!(usize::try_from(partitions).unwrap(), schemas::audit::CELLS.len());
    }

    #[test]
    fn the_names_of_the_specification_stand() {
        let topics = Topics::committed();
        for name in [
            "customer.created.v1",
            "kyc.updated.v1",
            "account.opened.v1",
            "transaction.initiated.v1",
            "transaction.settled.v1",
            "transaction.failed.v1",
            "webhook.Orionmoney.payment.v1",
        ] {
            let (_, _, settings) = topics.all().into_iter().find(|(topic, ..)| *topic == name).unwrap();
            assert!(settings.contains(&("retention.ms", "604800000".to_owned())), "{name}");
            assert!(settings.iter().any(|(setting, value)| *setting == "cleanup.policy" && value.contains("compact")), "{name}");
        }
    }

    #[test]
    fn what_is_written_at_once_fits_everywhere() {
        let size = |topic: &str| {
            let all = Topics::committed();
            let (_, _, settings) = all.all().into_iter().find(|(name, ..)| *name == topic).unwrap();
            settings.into_iter().find(|(setting, _)| *setting == "max.message.bytes").map(|(_, most)| most)
        };
        assert_eq!(size("orion.commands.v1").as_deref(), Some("4194304"));
        assert_eq!(size("batch.decided.v1").as_deref(), Some("4194304"));
        assert_eq!(size("transaction.settled.v1").as_deref(), Some("4194304"));
        assert_eq!(size("orion.commands.dlq.v1").as_deref(), Some("5242880"), "the largest command, and why it is none");
    }

    #[test]
    fn what_others_wrote_is_not_what_the_cells_say() {
        let topics = Topics::committed();
        let all: Vec<_> = topics.all().into_iter().map(|(name, ..)| name.to_owned()).collect();
        let not_said: Vec<_> = all.iter().filter(|name| !topics.is_said(name)).map(String::as_str).collect();
        assert!(not_said.contains(&"orion.commands.v1") && topics.is_said("orion.settlement.journal.v1") && !topics.is_said("other"));
        assert!(not_said.iter().all(|name| name.contains("commands") || name.contains(".dlq.")), "{not_said:?}");
    }

    #[test]
    fn logs_are_never_compacted_nor_deleted_by_age() {
        let topics = Topics::committed();
        for name in topics.log.keys().chain(topics.audit.keys()) {
            let (_, _, settings) = topics.all().into_iter().find(|(topic, ..)| topic == name).unwrap();
            assert!(settings.contains(&("cleanup.policy", "delete".to_owned())) && settings.contains(&("retention.ms", "-1".to_owned())));
        }
    }
}
