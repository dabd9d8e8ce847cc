//! What can go wrong with Kafka, and what each of its codes means to a producer: the same again, a moment later, or the end.

use kafka_protocol::error::{ParseResponseErrorCode, ResponseError};

/// What ends a producer.
#[derive(Debug, thiserror::Error)]
pub enum ProduceError {
    /// There is no connection.
    #[error("can't reach kafka at {address}")]
    Unreachable {
        /// Where it was looked for.
        address: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The connection is gone: what became of what was asked is not known.
    #[error("the connection to kafka was lost")]
    Lost(#[source] std::io::Error),
    /// An answer is not what it ought to be.
    #[error("kafka's answer can't be read: {0}")]
    Format(String),
    /// Kafka can't do what is needed.
    #[error("this kafka lacks {0}; Orion needs Kafka 4.0 or later, with transaction.version 2 (kafka-features.sh upgrade)")]
    Unsupported(String),
    /// Kafka says no.
    #[error("kafka says no to {what}: {code}")]
    Refused {
        /// What was asked.
        what: String,
        /// Why.
        code: ResponseError,
    },
}

impl ProduceError {
    pub(super) fn format(error: impl ToString) -> Self {
        Self::Format(error.to_string())
    }

    pub(super) const fn lost(error: std::io::Error) -> Self {
        Self::Lost(error)
    }

    /// Whether another process has the identity.
    pub(crate) const fn is_fenced(&self) -> bool {
        use ResponseError::{InvalidProducerEpoch, InvalidProducerIdMapping, ProducerFenced};
        matches!(self, Self::Refused { code, .. } if matches!(code, ProducerFenced | InvalidProducerEpoch | InvalidProducerIdMapping))
    }
}

/// What an answer's code says.
pub(super) fn refused(what: &str, code: i16) -> Result<(), ProduceError> {
    match code.err() {
        // It has them since they were sent before.
        None | Some(ResponseError::DuplicateSequenceNumber) => Ok(()),
        Some(code) => Err(ProduceError::Refused { what: what.to_owned(), code }),
    }
}

/// Whether records are taken when they come again: markers of the transaction before may be under way, a copy may be behind, or the
/// broker may not lead the partition yet, or not any more.
pub(super) const fn is_sent_again(error: &ProduceError) -> bool {
    use ResponseError::{
        ConcurrentTransactions, NotEnoughReplicas, NotEnoughReplicasAfterAppend, NotLeaderOrFollower, RequestTimedOut,
        UnknownTopicOrPartition,
    };
    let ProduceError::Refused { code, .. } = error else { return false };
    matches!(
        code,
        ConcurrentTransactions
            | NotEnoughReplicas
            | NotEnoughReplicasAfterAppend
            | NotLeaderOrFollower
            | RequestTimedOut
            | UnknownTopicOrPartition
    )
}

/// Whether the same may be asked again in a moment: Kafka is still busy with what was before.
pub(super) const fn is_busy(error: &ProduceError) -> bool {
    use ResponseError::{ConcurrentTransactions, CoordinatorLoadInProgress, LeaderNotAvailable, UnknownTopicOrPartition};
    let ProduceError::Refused { code, .. } = error else { return false };
    matches!(code, ConcurrentTransactions | CoordinatorLoadInProgress | LeaderNotAvailable | UnknownTopicOrPartition)
}

/// Whether it is a Kafka that is not there, or has only begun.
pub(super) const fn begins(error: &ProduceError) -> bool {
    use ResponseError::{CoordinatorNotAvailable, NotCoordinator};
    match error {
        ProduceError::Unreachable { .. } | ProduceError::Lost(_) => true,
        ProduceError::Refused { code, .. } => matches!(code, CoordinatorNotAvailable | NotCoordinator),
        ProduceError::Format(_) | ProduceError::Unsupported(_) => false,
    }
}
