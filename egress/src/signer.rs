//! Who signs the audit chain.
//!
//! In: a private key, as it stands in its file. Out: signatures, and the public half. Never: the key itself, in whatever is printed.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use schemas::audit::{KeyId, Link, Signed, message};
use std::fmt;

/// The bytes are no private key.
#[derive(Debug, thiserror::Error)]
#[error("it is no Ed25519 private key in PKCS#8")]
pub struct NoKey;

/// A key that signs.
pub struct Signer {
    pair: Ed25519KeyPair,
    key_id: KeyId,
}

impl Signer {
    /// Reads a key in PKCS#8 (DER).
    pub fn read(der: &[u8]) -> Result<Self, NoKey> {
        let pair = Ed25519KeyPair::from_pkcs8(der).map_err(|_| NoKey)?;
        let key_id = KeyId::of(&public(&pair));
        Ok(Self { pair, key_id })
    }

    /// The public half.
    pub fn public_key(&self) -> [u8; 32] {
        public(&self.pair)
    }

    /// What the key is called.
    pub const fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// Signs a link. Ed25519 draws nothing: a link that is signed again has the same signature.
    pub fn sign(&self, link: Link) -> Signed {
        let head = link.head();
        let signature = self.pair.sign(&message(&head));
        let signature = signature.as_ref().try_into().expect("a signature of Ed25519 has 64 bytes");
        Signed { link, head, signature, key_id: self.key_id }
    }
}

fn public(pair: &Ed25519KeyPair) -> [u8; 32] {
    pair.public_key().as_ref().try_into().expect("a public key of Ed25519 has 32 bytes")
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("key_id", &self.key_id.to_string()).finish_non_exhaustive()
    }
}
