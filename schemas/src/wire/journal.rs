//! Journal entries on the wire.

use crate::journal::{Binding, Claim, Commit, Entry, Input, Output, SealedEpoch};
use crate::waited::Waited;
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
    #[serde(default)]
    detection: i32,
}

#[derive(Serialize, Deserialize)]
struct WireEpoch {
    epoch: i64,
    generation: i64,
    code_version: i32,
    inputs: Vec<WireInput>,
    outputs: Vec<WireOutput>,
    #[serde(default)]
    pinned: i64,
    #[serde(default)]
    waited: Vec<WireWaited>,
}

#[derive(Serialize, Deserialize)]
struct WireWaited {
    over_ms: i32,
    count: i32,
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
    digest: String,
}

const TOO_LARGE: &str = "counts, ids and epochs stay far below the range of Avro's signed integers";

impl Wire {
    pub(super) fn of(entry: &Entry) -> Self {
        let generation = i64::try_from(entry.generation()).expect(TOO_LARGE);
        let entry = match entry {
            Entry::Claim(claim) => What::Claim(WireClaim { code_version: i32::try_from(claim.code_version).expect(TOO_LARGE) }),
            Entry::Commit(commit) => What::Commit(WireCommit {
                epochs: commit.epochs.iter().map(epoch_of).collect(),
                detection: i32::try_from(commit.detection).expect(TOO_LARGE),
            }),
        };
        Self { generation, entry }
    }

    pub(super) fn into_entry(self) -> Result<Entry, String> {
        let generation = natural(self.generation)?;
        let entry = match self.entry {
            What::Claim(claim) => Entry::Claim(Claim { generation, code_version: small(claim.code_version)? }),
            What::Commit(commit) => {
                let detection = small(commit.detection)?;
                Entry::Commit(Commit {
                    generation,
                    epochs: commit.epochs.into_iter().map(into_epoch).collect::<Result<_, _>>()?,
                    detection,
                })
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
        digest: hex(&output.digest),
    };
    let waited = |waited: &Waited| WireWaited {
        over_ms: i32::try_from(waited.over_ms).expect(TOO_LARGE),
        count: i32::try_from(waited.count).expect(TOO_LARGE),
    };
    WireEpoch {
        epoch: i64::try_from(sealed.binding.epoch).expect(TOO_LARGE),
        generation: i64::try_from(sealed.binding.generation).expect(TOO_LARGE),
        code_version: i32::try_from(sealed.binding.code_version).expect(TOO_LARGE),
        inputs: sealed.binding.inputs.iter().map(input).collect(),
        outputs: sealed.outputs.iter().map(output).collect(),
        pinned: i64::try_from(sealed.pinned).expect(TOO_LARGE),
        waited: sealed.waited.iter().map(waited).collect(),
    }
}

fn into_epoch(epoch: WireEpoch) -> Result<SealedEpoch, String> {
    let input =
        |input: WireInput| Ok(Input { topic: input.topic, partition: input.partition, upper: input.upper, count: small(input.count)? });
    let output = |output: WireOutput| {
        Ok(Output { topic: output.topic, partition: output.partition, count: small(output.count)?, digest: unhex(&output.digest)? })
    };
    let binding = Binding {
        epoch: natural(epoch.epoch)?,
        generation: natural(epoch.generation)?,
        code_version: small(epoch.code_version)?,
        inputs: epoch.inputs.into_iter().map(input).collect::<Result<_, String>>()?,
    };
    let outputs = epoch.outputs.into_iter().map(output).collect::<Result<_, String>>()?;
    let waited = |waited: WireWaited| Ok(Waited { over_ms: small(waited.over_ms)?, count: small(waited.count)? });
    let waited = epoch.waited.into_iter().map(waited).collect::<Result<_, String>>()?;
    Ok(SealedEpoch { binding, outputs, pinned: natural(epoch.pinned)?, waited })
}

/// Text rather than bytes, so that every tool can show it.
fn hex(digest: &[u8; 16]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Result<[u8; 16], String> {
    let wrong = || "a digest is 32 hexadecimal digits".to_owned();
    if text.len() != 32 || !text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(wrong());
    }
    u128::from_str_radix(text, 16).map(u128::to_be_bytes).map_err(|_| wrong())
}

fn natural(value: i64) -> Result<u64, String> {
    u64::try_from(value).map_err(|_| format!("{value} should not be negative"))
}

fn small(value: i32) -> Result<u32, String> {
    u32::try_from(value).map_err(|_| format!("{value} should not be negative"))
}
