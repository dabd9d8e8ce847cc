//! Brokers, who of them leads what, and a connection to each that is needed.

use super::connection::Connection;
use super::{END_TXN, INIT_PRODUCER_ID, PRODUCE, ProduceError, refused};
use kafka_protocol::messages::api_versions_response::ApiVersionsResponse;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{
    ApiKey, ApiVersionsRequest, BrokerId, FindCoordinatorRequest, MetadataRequest, MetadataResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;
use std::collections::BTreeMap;
use std::time::Duration;

const API_VERSIONS: i16 = 3;
const METADATA: i16 = 12;
const FIND_COORDINATOR: i16 = 4;
/// Where a broker is unless something else is said.
const PORT: u16 = 9092;
/// What a coordinator is looked for by: a transactional id.
const OF_TRANSACTIONS: i8 = 1;
/// The feature by which Kafka adds partitions to transactions itself and gives each an epoch, and its level.
const FEATURE: (&str, i16) = ("transaction.version", 2);

/// What is known of a Kafka.
#[derive(Debug)]
pub(super) struct Cluster {
    /// `host:port` of each broker.
    addresses: BTreeMap<BrokerId, String>,
    connections: BTreeMap<BrokerId, Connection>,
    /// Who decides how transactions of the id end.
    coordinator: BrokerId,
}

impl Cluster {
    /// Asks the first of these brokers that answers.
    pub(super) fn find(brokers: &str, transactional_id: &str) -> Result<Self, ProduceError> {
        let mut failed = ProduceError::format("no broker is named");
        let mut named = brokers.split(',').map(str::trim).filter(|name| !name.is_empty()).map(address);
        let opened = named.find_map(|address| Connection::open(&address).map_err(|error| failed = error).ok());
        let Some(mut first) = opened else { return Err(failed) };
        let request = ApiVersionsRequest::default()
            .with_client_software_name(StrBytes::from_static_str("orion"))
            .with_client_software_version(StrBytes::from_static_str(env!("CARGO_PKG_VERSION")));
        supports(&first.ask(&request, API_VERSIONS)?)?;
        let addresses = addresses(&first.ask(&MetadataRequest::default().with_topics(Some(Vec::new())), METADATA)?);
        let key = StrBytes::from_string(transactional_id.to_owned());
        let request = FindCoordinatorRequest::default().with_key_type(OF_TRANSACTIONS).with_coordinator_keys(vec![key]);
        let response = first.ask(&request, FIND_COORDINATOR)?;
        let coordinator = response.coordinators.first().ok_or_else(|| ProduceError::format("it names no coordinator"))?;
        refused("who coordinates its transactions", coordinator.error_code)?;
        Ok(Self { addresses, connections: BTreeMap::new(), coordinator: coordinator.node_id })
    }

    /// Who leads a partition.
    pub(super) fn leader(&mut self, topic: &str, partition: i32) -> Result<BrokerId, ProduceError> {
        let name = TopicName(StrBytes::from_string(topic.to_owned()));
        let request = MetadataRequest::default().with_topics(Some(vec![MetadataRequestTopic::default().with_name(Some(name))]));
        let response = self.coordinator()?.ask(&request, METADATA)?;
        self.addresses.append(&mut addresses(&response));
        let found = response.topics.first().ok_or_else(|| ProduceError::format("the topic is missing in it"))?;
        refused(&format!("where topic {topic} is"), found.error_code)?;
        let what = format!("who leads {topic} partition {partition}");
        let found = found.partitions.iter().find(|found| found.partition_index == partition);
        let found = found.ok_or_else(|| ProduceError::Format(format!("topic {topic} has no partition {partition}")))?;
        refused(&what, found.error_code)?;
        Ok(found.leader_id)
    }

    /// The connection to who decides how transactions end.
    pub(super) fn coordinator(&mut self) -> Result<&mut Connection, ProduceError> {
        self.connection(self.coordinator)
    }

    /// The connection to a broker.
    pub(super) fn connection(&mut self, broker: BrokerId) -> Result<&mut Connection, ProduceError> {
        use std::collections::btree_map::Entry;
        match self.connections.entry(broker) {
            Entry::Occupied(found) => Ok(found.into_mut()),
            Entry::Vacant(place) => {
                let address = self.addresses.get(&broker).ok_or_else(|| ProduceError::Format(format!("it names no broker {}", *broker)))?;
                Ok(place.insert(Connection::open(address)?))
            }
        }
    }

    /// Whether every connection is there that was used lately; the others are given up.
    pub(super) fn is_open(&mut self, rests_max: Duration) -> bool {
        self.connections.retain(|_, connection| connection.rests() < rests_max);
        self.connections.values().all(Connection::is_open)
    }
}

fn addresses(response: &MetadataResponse) -> BTreeMap<BrokerId, String> {
    let at = |host: &str, port| if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    response.brokers.iter().map(|broker| (broker.node_id, at(&broker.host, broker.port))).collect()
}

/// `host:port` of a broker as it is named in the settings: librdkafka, which reads the same, takes a protocol before it, and Kafka's port
/// where none is said.
fn address(name: &str) -> String {
    let name = name.strip_prefix("PLAINTEXT://").unwrap_or(name);
    let has_port = name.rsplit_once(':').is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit()));
    if has_port { name.to_owned() } else { format!("{name}:{PORT}") }
}

/// Whether a broker can do all that a producer asks.
fn supports(versions: &ApiVersionsResponse) -> Result<(), ProduceError> {
    refused("which versions it knows", versions.error_code)?;
    let needed = [
        (ApiKey::Metadata, METADATA),
        (ApiKey::FindCoordinator, FIND_COORDINATOR),
        (ApiKey::InitProducerId, INIT_PRODUCER_ID),
        (ApiKey::Produce, PRODUCE),
        (ApiKey::EndTxn, END_TXN),
    ];
    for (key, version) in needed {
        let knows = versions.api_keys.iter().find(|known| ApiKey::try_from(known.api_key) == Ok(key));
        if !knows.is_some_and(|known| (known.min_version..=known.max_version).contains(&version)) {
            return Err(ProduceError::Unsupported(format!("version {version} of {key:?}")));
        }
    }
    let (name, level) = FEATURE;
    let has = versions.finalized_features.iter().any(|feature| *feature.name == *name && feature.max_version_level >= level);
    if has { Ok(()) } else { Err(ProduceError::Unsupported(format!("the feature {name} at level {level}"))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafka_protocol::messages::api_versions_response::{ApiVersion, FinalizedFeatureKey};

    #[test]
    fn a_broker_is_named_as_librdkafka_takes_it() {
        for (name, expected) in [
            ("kafka-1:19092", "kafka-1:19092"),
            ("kafka-1", "kafka-1:9092"),
            ("PLAINTEXT://10.0.0.7:9093", "10.0.0.7:9093"),
            ("[::1]:9092", "[::1]:9092"),
            ("[::1]", "[::1]:9092"),
        ] {
            assert_eq!(address(name), expected, "{name}");
        }
    }

    fn number(key: ApiKey) -> i16 {
        (0..100).find(|number| ApiKey::try_from(*number) == Ok(key)).unwrap()
    }

    #[test]
    fn a_kafka_that_lacks_something_is_told_what() {
        let keys = [ApiKey::Metadata, ApiKey::FindCoordinator, ApiKey::InitProducerId, ApiKey::Produce, ApiKey::EndTxn];
        let knows = |newest: i16| keys.map(|key| ApiVersion::default().with_api_key(number(key)).with_max_version(newest)).to_vec();
        let feature = |level| {
            vec![FinalizedFeatureKey::default().with_name(StrBytes::from_static_str("transaction.version")).with_max_version_level(level)]
        };
        let said = |newest, level| {
            let versions = ApiVersionsResponse::default().with_api_keys(knows(newest)).with_finalized_features(feature(level));
            supports(&versions).err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert_eq!(said(13, 2), "");
        assert!(said(13, 1).starts_with("this kafka lacks the feature transaction.version at level 2"), "{}", said(13, 1));
        assert!(said(11, 2).starts_with("this kafka lacks version 12 of"), "{}", said(11, 2));
    }
}
