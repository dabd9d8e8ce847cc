//! A proof as a line says it: the payments of its leaf with amounts as decimals, and the hashes in hexadecimal digits.

use super::asked::read;
use super::{hex, unhex};
use schemas::{AccountId, Bearer, Channel, Currency, Money, Paid, PaymentKind, Proof, TransactionId};
use serde::{Deserialize, Serialize};

/// That a payment was made.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// Which leaf of its minute.
    pub leaf: u32,
    /// The payments of the leaf.
    pub rows: Vec<Row>,
    /// The hashes beside its way to the root.
    pub path: Vec<String>,
}

/// A payment of a leaf.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The transaction.
    pub id: TransactionId,
    /// What it was for.
    pub kind: PaymentKind,
    /// Through which channel.
    pub channel: Channel,
    /// Who bore the fee.
    pub bearer: Bearer,
    /// Who paid.
    pub payer: AccountId,
    /// Who was paid.
    pub payee: AccountId,
    /// Of what.
    pub currency: Currency,
    /// How much.
    pub amount: String,
    /// The fee.
    pub fee: String,
}

impl Shown {
    /// What the line says.
    pub(super) fn proof(&self) -> Result<Proof, String> {
        let hash = |text: &String| unhex(text)?.try_into().map_err(|_| "a hash is 64 hexadecimal digits".to_owned());
        Ok(Proof {
            rows: self.rows.iter().map(Row::paid).collect::<Result<_, _>>()?,
            leaf: self.leaf,
            path: self.path.iter().map(hash).collect::<Result<_, _>>()?,
        })
    }

    /// A proof as a line says it.
    pub fn of(proof: &Proof) -> Self {
        let path = proof.path.iter().map(|hash| hex(hash)).collect();
        Self { leaf: proof.leaf, rows: proof.rows.iter().map(Row::of).collect(), path }
    }
}

impl Row {
    fn paid(&self) -> Result<Paid, String> {
        let minor = |text: &str| read(Money::parse(text, self.currency)).map(|money| money.minor);
        Ok(Paid {
            id: self.id,
            kind: self.kind,
            channel: self.channel,
            bearer: self.bearer,
            payer: self.payer,
            payee: self.payee,
            currency: self.currency,
            amount_minor: minor(&self.amount)?,
            fee_minor: minor(&self.fee)?,
        })
    }

    fn of(paid: &Paid) -> Self {
        let money = |minor| Money { minor, currency: paid.currency }.to_string();
        Self {
            id: paid.id,
            kind: paid.kind,
            channel: paid.channel,
            bearer: paid.bearer,
            payer: paid.payer,
            payee: paid.payee,
            currency: paid.currency,
            amount: money(paid.amount_minor),
            fee: money(paid.fee_minor),
        }
    }
}
