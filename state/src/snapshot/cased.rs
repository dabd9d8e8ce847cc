//! Identities and cases, as chunks and back.

use super::counts;
use super::rows::{read_long_rows, write_long_rows};
use crate::bytes::{Bytes, Damaged};
use crate::cases::{Case, Cases, read_policy, write_policy};
use crate::gates::Versioned;
use crate::identities::{Identities, Identity, Known};
use crate::table::Rows;
use schemas::CasePolicy;
use std::sync::Arc;

/// What else rules of version 6 and later keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cased {
    pub(crate) identities: Rows<Identity>,
    pub(crate) documents: Rows<Known>,
    pub(crate) cases: Rows<Case>,
    pub(crate) policy: Option<Arc<Versioned<CasePolicy>>>,
}

impl Cased {
    pub(super) fn chunks(&self) -> impl Iterator<Item = Vec<u8>> + '_ {
        let Self { identities, documents, cases, policy } = self;
        let counts = std::iter::once_with(|| counts(b'j', &[identities.len(), documents.len(), cases.len()]));
        let identities = identities.chunks().map(|rows| write_long_rows(b'y', rows));
        let documents = documents.chunks().map(|rows| write_long_rows(b'd', rows));
        let cases = cases.chunks().map(|rows| write_long_rows(b'e', rows));
        let policy = std::iter::once_with(|| {
            let mut bytes = vec![b'u'];
            write_policy(policy.as_deref(), &mut bytes);
            bytes
        });
        counts.chain(identities).chain(documents).chain(cases).chain(policy)
    }
}

/// The same, being read back.
#[derive(Debug, Default)]
pub(super) struct CasedThawing {
    counts: Option<[u64; 3]>,
    identities: Vec<Identity>,
    documents: Vec<Known>,
    cases: Vec<Case>,
    policy: Option<Option<Versioned<CasePolicy>>>,
}

impl CasedThawing {
    /// Takes a chunk of this kind.
    pub(super) fn chunk(&mut self, kind: u8, rest: &[u8]) -> Result<(), Damaged> {
        match kind {
            b'j' => {
                let mut bytes = Bytes(rest);
                self.counts = Some([bytes.u64()?, bytes.u64()?, bytes.u64()?]);
            }
            b'y' => self.identities.extend(read_long_rows::<Identity>(rest)?),
            b'd' => self.documents.extend(read_long_rows::<Known>(rest)?),
            b'e' => self.cases.extend(read_long_rows::<Case>(rest)?),
            _ => self.policy = Some(read_policy(&mut Bytes(rest))?),
        }
        Ok(())
    }

    /// What came, if it is whole; nothing where the format has none.
    pub(super) fn finish(self, is_due: bool) -> Result<(Identities, Cases), Damaged> {
        let [identities, documents, cases] = self.counts.unwrap_or_default();
        let found = [(identities, self.identities.len()), (documents, self.documents.len()), (cases, self.cases.len())];
        let whole = self.counts.is_some() == is_due && self.policy.is_some() == is_due;
        if !whole || found.iter().any(|(told, found)| usize::try_from(*told) != Ok(*found)) {
            return Err(Damaged::new("identities or cases are missing"));
        }
        let identities = Identities::of(self.identities, self.documents).ok_or_else(|| Damaged::new("an identity is there twice"))?;
        let cases = Cases::of(self.cases, self.policy.flatten()).ok_or_else(|| Damaged::new("a case is there twice"))?;
        Ok((identities, cases))
    }
}
