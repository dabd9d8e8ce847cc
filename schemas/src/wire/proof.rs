//! Proofs of old payments on the wire, as an optional field of a refund or a reversal.

use crate::hex::{hex, unhex};
use crate::id::{AccountId, TransactionId};
use crate::money::Currency;
use crate::policy::Bearer;
use crate::proof;
use crate::transaction::{Channel, PaymentKind};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::sync::Arc;

#[derive(Serialize, Deserialize)]
struct Proof {
    rows: Vec<Row>,
    leaf: u32,
    path: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Row(#[serde(with = "Paid")] proof::Paid);

#[derive(Serialize, Deserialize)]
#[serde(remote = "proof::Paid")]
struct Paid {
    #[serde(rename = "transaction_id")]
    id: TransactionId,
    #[serde(rename = "operation")]
    kind: PaymentKind,
    channel: Channel,
    bearer: Bearer,
    payer: AccountId,
    payee: AccountId,
    currency: Currency,
    amount_minor: i64,
    fee_minor: i64,
}

pub(super) fn serialize<S: Serializer>(proof: &Option<Arc<proof::Proof>>, serializer: S) -> Result<S::Ok, S::Error> {
    let wire = |proof: &Arc<proof::Proof>| Proof {
        rows: proof.rows.iter().map(|paid| Row(*paid)).collect(),
        leaf: proof.leaf,
        path: proof.path.iter().map(|hash| hex(hash)).collect(),
    };
    proof.as_ref().map(wire).serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Arc<proof::Proof>>, D::Error> {
    let Some(wire) = Option::<Proof>::deserialize(deserializer)? else { return Ok(None) };
    let path = wire.path.iter().map(|text| unhex(text)).collect::<Option<_>>();
    let path = path.ok_or_else(|| D::Error::custom("a hash of a proof is 64 lower-case hexadecimal digits"))?;
    let rows = wire.rows.into_iter().map(|Row(paid)| paid).collect();
    Ok(Some(Arc::new(proof::Proof { rows, leaf: wire.leaf, path })))
}
