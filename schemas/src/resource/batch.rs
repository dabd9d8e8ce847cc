//! Batches as HTTP clients see them.

use crate::batch::{BatchDecided, BatchMode, ItemStatus, Outcome};
use crate::epoch::Epoch;
use crate::id::{CommandId, HoldId, TransactionId};
use crate::money::{Currency, Money};
use crate::refusal::Refusal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Batch {
    /// The batch's id, which is that of its operation.
    pub batch_id: CommandId,
    /// What one refused item meant for the others.
    pub mode: BatchMode,
    /// Whether it was only to be said what would become of them.
    pub dry_run: bool,
    /// How many items ended how.
    pub counts: BatchCounts,
    /// What became of each item, in their order.
    pub outcomes: Vec<ItemOutcome>,
    /// When it was decided.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    pub epoch: Epoch,
    /// The epoch of the view that this was read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false, example = 1_764_000_000_456_u64)]
    pub as_of: Option<Epoch>,
}

/// How many items of a batch ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BatchCounts {
    /// They moved money.
    pub settled: u32,
    /// Payments that were refused.
    pub failed: u32,
    /// Money is held.
    pub reserved: u32,
    /// What was held is given back.
    pub released: u32,
    /// Anything else that was refused.
    pub refused: u32,
    /// Another item was refused.
    pub undone: u32,
}

/// What became of an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ItemOutcome {
    /// Its place in the batch, from 0.
    pub item: u32,
    /// In a word.
    pub status: ItemStatus,
    /// The transaction that was made of it; none in a dry run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub transaction_id: Option<TransactionId>,
    /// The hold that was made or released.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub hold_id: Option<HoldId>,
    /// The fee that was charged or held with it; only where it was done, and where its currency is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub fee: Option<Fee>,
    /// Why it was not done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reason: Option<Refusal>,
    /// What the GSMA Mobile Money API calls the kind of the reason.
    #[serde(default, rename = "errorCategory", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "businessRule")]
    pub gsma_category: Option<String>,
    /// What it calls the reason.
    #[serde(default, rename = "errorCode", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "insufficientFunds")]
    pub gsma_code: Option<String>,
}

/// What would become of an operation that was only tried, by the rules, the balances and the prices of now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DryRun {
    /// `true`: nothing has happened.
    pub dry_run: bool,
    /// In a word.
    pub status: ItemStatus,
    /// The fee that would be charged or held with it; only where it would be done, and its currency is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub fee: Option<Fee>,
    /// Why it would not be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reason: Option<Refusal>,
    /// What the GSMA Mobile Money API calls the kind of the reason.
    #[serde(default, rename = "errorCategory", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "businessRule")]
    pub gsma_category: Option<String>,
    /// What it calls the reason.
    #[serde(default, rename = "errorCode", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "insufficientFunds")]
    pub gsma_code: Option<String>,
    /// When that was so.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    pub epoch: Epoch,
}

/// A fee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Fee {
    /// How much, as a decimal in the currency's exponent.
    #[schema(example = "125")]
    pub amount: String,
    /// Of what.
    pub currency: Currency,
}

impl Batch {
    /// A batch as decided in `epoch`. An outcome does not say of which currency its fee is: `currency` knows that of an item, or does not.
    pub fn of(id: CommandId, decided: &BatchDecided, epoch: Epoch, currency: impl Fn(usize) -> Option<Currency>) -> Self {
        let mut counts = BatchCounts::default();
        let outcome = |(item, outcome): (usize, &Outcome)| {
            counts.add(outcome.status);
            ItemOutcome::of(item, outcome, currency(item))
        };
        let outcomes = decided.outcomes.iter().enumerate().map(outcome).collect();
        Self { batch_id: id, mode: decided.mode, dry_run: decided.dry_run, counts, outcomes, epoch, as_of: None }
    }
}

impl BatchCounts {
    const fn add(&mut self, status: ItemStatus) {
        let count = match status {
            ItemStatus::Settled => &mut self.settled,
            ItemStatus::Failed => &mut self.failed,
            ItemStatus::Reserved => &mut self.reserved,
            ItemStatus::Released => &mut self.released,
            ItemStatus::Refused => &mut self.refused,
            ItemStatus::Undone => &mut self.undone,
        };
        *count += 1;
    }
}

impl ItemOutcome {
    /// What became of the item at a place, whose fee is of this currency, if that is known.
    pub fn of(item: usize, outcome: &Outcome, currency: Option<Currency>) -> Self {
        let done = matches!(outcome.status, ItemStatus::Settled | ItemStatus::Reserved | ItemStatus::Released);
        let (category, code) = outcome.refusal.map(Refusal::gsma).unzip();
        Self {
            item: u32::try_from(item).expect("a batch has 8000 items at most"),
            status: outcome.status,
            transaction_id: outcome.transaction_id,
            hold_id: outcome.hold_id,
            fee: currency.filter(|_| done).map(|currency| Fee::of(outcome.fee_minor, currency)),
            reason: outcome.refusal,
            gsma_category: category.map(str::to_owned),
            gsma_code: code.map(str::to_owned),
        }
    }
}

impl DryRun {
    /// What would have become of an operation in `epoch`, whose fee is of this currency, if that is known.
    pub fn of(outcome: &Outcome, epoch: Epoch, currency: Option<Currency>) -> Self {
        let ItemOutcome { status, fee, reason, gsma_category, gsma_code, .. } = ItemOutcome::of(0, outcome, currency);
        Self { dry_run: true, status, fee, reason, gsma_category, gsma_code, epoch }
    }
}

impl Fee {
    /// So many minor units of a currency.
    pub fn of(minor: i64, currency: Currency) -> Self {
        Self { amount: Money { minor, currency }.to_string(), currency }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_batch_is_shown_item_by_item() {
        let done = |status, fee_minor| Outcome { fee_minor, ..Outcome::without(status, None) };
        let settled = Outcome { transaction_id: Some(TransactionId::mint(7, 0)), ..done(ItemStatus::Settled, 5) };
        let reserved = Outcome { hold_id: Some(HoldId::mint(7, 1)), ..done(ItemStatus::Reserved, 0) };
        let outcomes = vec![
            settled,
            Outcome::without(ItemStatus::Failed, Some(Refusal::InsufficientFunds)),
            reserved,
            done(ItemStatus::Released, 9),
            Outcome::without(ItemStatus::Refused, Some(Refusal::HoldNotOpen)),
            Outcome::without(ItemStatus::Undone, None),
        ];
        let decided = BatchDecided { mode: BatchMode::Independent, dry_run: false, outcomes };
        let id = CommandId(uuid::Uuid::nil());
        let batch = Batch::of(id, &decided, 7, |item| (item != 3).then_some(Currency::XOF));
        let expected = json!({
            "batch_id": id, "mode": "independent", "dry_run": false,
            "counts": {"settled": 1, "failed": 1, "reserved": 1, "released": 1, "refused": 1, "undone": 1},
            "outcomes": [
                {"item": 0, "status": "settled", "transaction_id": TransactionId::mint(7, 0), "fee": {"amount": "5", "currency": "XOF"}},
                {"item": 1, "status": "failed", "reason": "insufficient_funds", "errorCategory": "businessRule", "errorCode": "insufficientFunds"},
                {"item": 2, "status": "reserved", "hold_id": HoldId::mint(7, 1), "fee": {"amount": "0", "currency": "XOF"}},
                {"item": 3, "status": "released"},
                {"item": 4, "status": "refused", "reason": "hold_not_open", "errorCategory": "identification", "errorCode": "identifierError"},
                {"item": 5, "status": "undone"},
            ],
            "epoch": 7,
        });
        assert_eq!(serde_json::to_value(batch).unwrap(), expected);
        let tried = DryRun::of(&decided.outcomes[1], 7, Some(Currency::XOF));
        let expected = json!({
            "dry_run": true, "status": "failed", "reason": "insufficient_funds", "errorCategory": "businessRule",
            "errorCode": "insufficientFunds", "epoch": 7,
        });
        assert_eq!(serde_json::to_value(tried).unwrap(), expected);
    }
}
