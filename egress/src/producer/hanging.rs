//! Ends what hangs in a partition: Kafka is asked who has records there without an end, and gets the marker of each that its
//! coordinator has lost. It is what Kafka's own `kafka-transactions.sh abort` does, which can't commit.

use super::{ProduceError, Producer, refused};
use kafka_protocol::messages::describe_producers_request::TopicRequest;
use kafka_protocol::messages::write_txn_markers_request::{WritableTxnMarker, WritableTxnMarkerTopic};
use kafka_protocol::messages::{DescribeProducersRequest, TopicName, WriteTxnMarkersRequest};
use kafka_protocol::protocol::StrBytes;

const DESCRIBE_PRODUCERS: i16 = 0;
const WRITE_TXN_MARKERS: i16 = 1;

impl Producer {
    /// Ends every open transaction in a partition that nobody else may write: all of them hang, since Kafka gives nobody an identity
    /// before it has ended what was under way. So this comes before anything is written: a commit that has been answered may still have
    /// its markers under way.
    pub(crate) fn end_hanging(&mut self, topic: &str, partition: i32, commits: bool) -> Result<(), ProduceError> {
        assert!(self.partitions.is_empty(), "what hangs is ended before anything is written");
        self.checked(|producer| {
            let name = TopicName(StrBytes::from_string(topic.to_owned()));
            let leader = producer.leader(topic, partition)?;
            let connection = producer.cluster.connection(leader)?;
            let asked = TopicRequest::default().with_name(name.clone()).with_partition_indexes(vec![partition]);
            let response = connection.ask(&DescribeProducersRequest::default().with_topics(vec![asked]), DESCRIBE_PRODUCERS)?;
            let found = response.topics.first().and_then(|topic| topic.partitions.first());
            let found = found.ok_or_else(|| ProduceError::format("the partition is missing in it"))?;
            refused(&format!("who writes {topic} partition {partition}"), found.error_code)?;
            for hanging in found.active_producers.iter().filter(|producer| producer.current_txn_start_offset >= 0) {
                let there = WritableTxnMarkerTopic::default().with_name(name.clone()).with_partition_indexes(vec![partition]);
                let epoch = i16::try_from(hanging.producer_epoch).map_err(ProduceError::format)?;
                let marker = WritableTxnMarker::default()
                    .with_producer_id(hanging.producer_id)
                    .with_producer_epoch(epoch)
                    // Of whoever ended one there before; nobody may have.
                    .with_coordinator_epoch(hanging.coordinator_epoch.max(0))
                    .with_transaction_result(commits)
                    .with_topics(vec![there]);
                let response = connection.ask(&WriteTxnMarkersRequest::default().with_markers(vec![marker]), WRITE_TXN_MARKERS)?;
                let written = response.markers.first().and_then(|marker| marker.topics.first()?.partitions.first());
                let written = written.ok_or_else(|| ProduceError::format("the marker is missing in it"))?;
                refused(&format!("the end of what hangs in {topic} partition {partition}"), written.error_code)?;
            }
            Ok(())
        })
    }
}
