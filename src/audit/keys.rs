//! Keys of the audit chain, in files.
//!
//! The private key signs; the cells read it, and nobody else. The public file holds every public key by which the chain was ever signed, so
//! a key is replaced by taking its private file away and making a new one: the new public key is added, and old heads go on to verify.

use crate::config;
use crate::exit::{self, Exit};
use crate::token::{self, Keys};
use anyhow::Context;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};
use egress::signer::Signer;
use schemas::audit::{KeyId, Signature, Verdict};
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

/// What stands before the 32 bytes of an Ed25519 key in a public key file (RFC 8410).
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// Makes the key if there is none, and sees to it that the public file has its public half.
pub fn ensure(audit: &config::Audit) -> anyhow::Result<Keys> {
    let (private, public) = (&audit.key_file, &audit.public_key_file);
    let exists = private.try_exists().with_context(|| format!("can't look for {}", private.display()))?;
    if !exists {
        let pair = Ed25519KeyPair::generate().context("can't make a key")?;
        let der: Pkcs8V1Der<'_> = pair.as_der().context("can't write a key")?;
        token::write(private, "PRIVATE KEY", der.as_ref(), 0o600)?;
    }
    let key = signer(audit)?.public_key();
    if public.try_exists().with_context(|| format!("can't look for {}", public.display()))? {
        if Public::read([public.as_path()])?.keys.contains_key(&KeyId::of(&key)) {
            return Ok(if exists { Keys::Found } else { Keys::Made });
        }
        let mut file = OpenOptions::new().append(true).open(public).with_context(|| format!("can't open {}", public.display()))?;
        file.write_all(block(&key).as_bytes()).with_context(|| format!("can't write {}", public.display()))?;
    } else {
        token::write(public, "PUBLIC KEY", &spki(&key), 0o644)?;
    }
    Ok(Keys::Made)
}

/// Who signs, by the key of the configuration.
pub fn signer(audit: &config::Audit) -> Result<Signer, Exit> {
    let path = audit.key_file.display();
    let refused = |sentence: String| Exit { code: exit::USAGE, sentence };
    let pem = fs::read(&audit.key_file)
        .map_err(|error| refused(format!("can't read the key of the audit chain, {path}: {error}; `orion audit key` makes one")))?;
    let pem = pem::parse(pem).map_err(|_| refused(format!("the key of the audit chain, {path}, is no PEM")))?;
    Signer::read(pem.contents()).map_err(|error| refused(format!("the key of the audit chain, {path}, can't sign: {error}")))
}

fn spki(key: &[u8; 32]) -> Vec<u8> {
    [&SPKI[..], key].concat()
}

fn block(key: &[u8; 32]) -> String {
    pem::encode(&pem::Pem::new("PUBLIC KEY", spki(key)))
}

/// The public keys that are known.
#[derive(Clone, Debug, Default)]
pub struct Public {
    /// By what they are called.
    pub keys: BTreeMap<KeyId, [u8; 32]>,
}

impl Public {
    /// Reads all of these files, each with one key or several.
    pub fn read<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Result<Self, Exit> {
        let mut keys = BTreeMap::new();
        for path in paths {
            let refused = |what: String| Exit { code: exit::BAD_INPUT, sentence: format!("{} {what}", path.display()) };
            let text = fs::read(path).map_err(|error| refused(format!("can't be read: {error}")))?;
            let blocks = pem::parse_many(text).map_err(|error| refused(format!("is no PEM: {error}")))?;
            if blocks.is_empty() {
                return Err(refused("has no public key in PEM".to_owned()));
            }
            for block in blocks {
                let key: Option<[u8; 32]> = block.contents().strip_prefix(&SPKI).and_then(|key| key.try_into().ok());
                let key =
                    key.filter(|_| block.tag() == "PUBLIC KEY").ok_or_else(|| refused("holds what is no Ed25519 public key".to_owned()))?;
                keys.insert(KeyId::of(&key), key);
            }
        }
        Ok(Self { keys })
    }

    /// Whether one of them signed a message.
    pub fn verify(&self, key_id: &KeyId, message: &[u8], signature: &Signature) -> Verdict {
        let Some(key) = self.keys.get(key_id) else { return Verdict::Unknown };
        match UnparsedPublicKey::new(&ED25519, key).verify(message, signature) {
            Ok(()) => Verdict::Good,
            Err(_) => Verdict::Bad,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::audit::{Link, NOTHING, SETTLEMENT, message};
    use std::os::unix::fs::PermissionsExt as _;

    fn folder() -> config::Audit {
        let folder = std::env::temp_dir().join(format!("orion-audit-keys-{}", uuid::Uuid::new_v4()));
        config::Audit { key_file: folder.join("private.pem"), public_key_file: folder.join("public.pem") }
    }

    #[test]
    fn a_key_that_is_replaced_still_verifies_what_it_signed() {
        let audit = folder();
        let sentence = signer(&audit).unwrap_err().sentence;
        assert!(sentence.contains("private.pem") && sentence.ends_with("`orion audit key` makes one"), "{sentence}");
        assert_eq!(ensure(&audit).unwrap(), Keys::Made);
        assert_eq!(ensure(&audit).unwrap(), Keys::Found);
        assert_eq!(fs::metadata(&audit.key_file).unwrap().permissions().mode() & 0o777, 0o600);
        let old = signer(&audit).unwrap();
        fs::remove_file(&audit.key_file).unwrap();
        assert_eq!(ensure(&audit).unwrap(), Keys::Made);
        let new = signer(&audit).unwrap();
        assert_ne!(old.key_id(), new.key_id());

        let public = Public::read([audit.public_key_file.as_path()]).unwrap();
        assert_eq!(public.keys.len(), 2);
        let link = Link::of(SETTLEMENT, 7, &[[1; 32]], NOTHING).unwrap();
        for by in [&old, &new] {
            let signed = by.sign(link.clone());
            assert_eq!(signed, by.sign(link.clone()), "a link that is signed again is the same");
            assert_eq!(public.verify(&signed.key_id, &message(&signed.head), &signed.signature), Verdict::Good);
            assert_eq!(public.verify(&signed.key_id, &signed.head, &signed.signature), Verdict::Bad, "a head alone is not what is signed");
        }
        assert_eq!(public.verify(&old.key_id(), &message(&link.head()), &new.sign(link.clone()).signature), Verdict::Bad);
        assert_eq!(public.verify(&KeyId([0; 8]), &[], &[0; 64]), Verdict::Unknown);
        assert!(!format!("{old:?}").contains("pair"), "what is printed is the name alone");

        fs::write(&audit.key_file, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").unwrap();
        assert!(signer(&audit).unwrap_err().sentence.contains("no Ed25519 private key"));
        fs::write(&audit.key_file, "a key").unwrap();
        assert!(signer(&audit).unwrap_err().sentence.contains("is no PEM"));
        for (text, what) in
            [("", "has no public key"), ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "no Ed25519 public key")]
        {
            fs::write(&audit.public_key_file, text).unwrap();
            assert!(Public::read([audit.public_key_file.as_path()]).unwrap_err().sentence.contains(what));
        }
        fs::remove_dir_all(audit.key_file.parent().unwrap()).unwrap();
    }
}
