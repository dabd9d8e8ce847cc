//! The keys of the audit chain.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The keys of the audit chain; `orion audit key` makes them, and so does `orion token --init`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// PEM file with the Ed25519 private key (PKCS#8) with which the cells sign the chain; nobody else reads it.
    pub key_file: PathBuf,
    /// PEM file with the public keys by which the chain is verified: that of `key_file`, and those before it, one block each.
    pub public_key_file: PathBuf,
}
