//! Journal entries on the wire.

use crate::journal::{Binding, Claim, Commit, Entry, Input, Output, SealedEpoch};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct Wire {
    generation: i64,
    entry: What,
}

#[derive(Serialize, Deserialize)]
enum What {
    #[serde(rename = "Orion.bank.Claim")]
    Claim(WireClaim),
    #[serde(rename = "Orion.bank.Commit")]
    Commit(WireCommit),
}

#[derive(Serialize, Deserialize)]
struct WireClaim {
    code_version: i32,
}

#[derive(Serialize, Deserialize)]
struct WireCommit {
    epochs: Vec<WireEpoch>,
}

#[derive(Serialize, Deserialize)]
struct WireEpoch {
    epoch: i64,
    generation: i64,
    code_version: i32,
    inputs: Vec<WireInput>,
    outputs: Vec<WireOutput>,
}

#[derive(Serialize, Deserialize)]
struct WireInput {
    topic: String,
    partition: i32,
    upper: i64,
    count: i32,
}

#[derive(Serialize, Deserialize)]
struct WireOutput {
    topic: String,
    partition: i32,
    count: i32,
    #[serde(with = "digest")]
    digest: [u8; 16],
}

/// Sixteen bytes as Avro `bytes`.
mod digest {
    use serde::de::{Error, Visitor};
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(digest: &[u8; 16], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(digest)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 16], D::Error> {
        struct Sixteen;
        impl Visitor<'_> for Sixteen {
            type Value = [u8; 16];
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a digest of 16 bytes")
            }
            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<[u8; 16], E> {
                bytes.try_into().map_err(|_| E::invalid_length(bytes.len(), &self))
            }
        }
        deserializer.deserialize_bytes(Sixteen)
    }
}

const TOO_LARGE: &str = "counts, ids and epochs stay far below the range of Avro's signed integers";

impl Wire {
    pub(super) fn of(entry: &Entry) -> Self {
        let generation = i64::try_from(entry.generation()).expect(TOO_LARGE);
        let entry = match entry {
            Entry::Claim(claim) => What::Claim(WireClaim { code_version: i32::try_from(claim.code_version).expect(TOO_LARGE) }),
            Entry::Commit(commit) => What::Commit(WireCommit { epochs: commit.epochs.iter().map(epoch_of).collect() }),
        };
        Self { generation, entry }
    }

    pub(super) fn into_entry(self) -> Result<Entry, String> {
        let generation = natural(self.generation)?;
        let entry = match self.entry {
            What::Claim(claim) => Entry::Claim(Claim { generation, code_version: small(claim.code_version)? }),
            What::Commit(commit) => {
                Entry::Commit(Commit { generation, epochs: commit.epochs.into_iter().map(into_epoch).collect::<Result<_, _>>()? })
            }
        };
        Ok(entry)
    }
}

fn epoch_of(sealed: &SealedEpoch) -> WireEpoch {
    let input = |input: &Input| WireInput {
        topic: input.topic.clone(),
        partition: input.partition,
        upper: input.upper,
        count: i32::try_from(input.count).expect(TOO_LARGE),
    };
    let output = |output: &Output| WireOutput {
        topic: output.topic.clone(),
        partition: output.partition,
        count: i32::try_from(output.count).expect(TOO_LARGE),
        digest: output.digest,
    };
    WireEpoch {
        epoch: i64::try_from(sealed.binding.epoch).expect(TOO_LARGE),
        generation: i64::try_from(sealed.binding.generation).expect(TOO_LARGE),
        code_version: i32::try_from(sealed.binding.code_version).expect(TOO_LARGE),
        inputs: sealed.binding.inputs.iter().map(input).collect(),
        outputs: sealed.outputs.iter().map(output).collect(),
    }
}

fn into_epoch(epoch: WireEpoch) -> Result<SealedEpoch, String> {
    let input =
        |input: WireInput| Ok(Input { topic: input.topic, partition: input.partition, upper: input.upper, count: small(input.count)? });
    let output = |output: WireOutput| {
        Ok(Output { topic: output.topic, partition: output.partition, count: small(output.count)?, digest: output.digest })
    };
    let binding = Binding {
        epoch: natural(epoch.epoch)?,
        generation: natural(epoch.generation)?,
        code_version: small(epoch.code_version)?,
        inputs: epoch.inputs.into_iter().map(input).collect::<Result<_, String>>()?,
    };
    Ok(SealedEpoch { binding, outputs: epoch.outputs.into_iter().map(output).collect::<Result<_, String>>()? })
}

fn natural(value: i64) -> Result<u64, String> {
    u64::try_from(value).map_err(|_| format!("{value} should not be negative"))
}

fn small(value: i32) -> Result<u32, String> {
    u32::try_from(value).map_err(|_| format!("{value} should not be negative"))
}
