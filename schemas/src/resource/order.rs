//! Orders as HTTP clients see them.

use crate::epoch::{Epoch, rfc3339};
use crate::id::{AccountId, OrderId, TransactionId};
use crate::money::Currency;
use crate::order::{OrderChange, OrderChanged};
use crate::transaction::{Channel, PaymentKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A payment with a date of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Order {
    /// The order's id.
    pub id: OrderId,
    /// What the payment is for.
    pub operation: PaymentKind,
    /// Where it stands.
    pub status: OrderChange,
    /// Who pays; the house's cash where none was named.
    pub account_debit: AccountId,
    /// Who is paid.
    pub account_credit: AccountId,
    /// How much, as a decimal in the currency's exponent.
    #[schema(example = "12500")]
    pub amount: String,
    /// Of what.
    pub currency: Currency,
    /// Through which channel it came.
    pub channel: Channel,
    /// When the payment is to be made, RFC 3339 in UTC; only of one that waits, or has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime, example = "2026-01-05T08:00:00.000Z")]
    pub execute_at: Option<String>,
    /// From when on the payment counts, RFC 3339 in UTC; only of one that was made at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime, example = "2025-11-01T00:00:00.000Z")]
    pub effective_at: Option<String>,
    /// The transaction in which it ended, settled or failed; only where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub transaction_id: Option<TransactionId>,
    /// When it came to stand so.
    #[schema(value_type = u64, example = 1_764_000_000_123_u64)]
    pub epoch: Epoch,
    /// The epoch of the view that this was read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false, example = 1_764_000_000_456_u64)]
    pub as_of: Option<Epoch>,
}

impl Order {
    /// An order after a change that was decided in `epoch`.
    pub fn of(order: &OrderChanged, epoch: Epoch) -> Self {
        Self {
            id: order.id,
            operation: order.kind,
            status: order.change,
            account_debit: order.account_debit,
            account_credit: order.account_credit,
            amount: order.amount.to_string(),
            currency: order.amount.currency,
            channel: order.channel,
            execute_at: order.dated.execute_at().map(rfc3339),
            effective_at: order.dated.effective_at().map(rfc3339),
            transaction_id: order.transaction_id,
            epoch,
            as_of: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Money;
    use crate::order::Dated;
    use serde_json::json;

    #[test]
    fn an_order_is_shown_as_it_stands_after_the_change() {
        let waits = OrderChanged {
            id: OrderId::mint(7, 0),
            change: OrderChange::Scheduled,
            kind: PaymentKind::BillPayment,
            channel: Channel::Wallet,
            account_debit: AccountId::mint(1, 0),
            account_credit: AccountId::mint(1, 1),
            amount: Money { minor: 350, currency: "EUR".parse().unwrap() },
            dated: Dated::ExecuteAt(60_000),
            transaction_id: None,
        };
        let mut expected = json!({
            "id": waits.id, "operation": "bill_payment", "status": "scheduled", "account_debit": waits.account_debit,
            "account_credit": waits.account_credit, "amount": "3.50", "currency": "EUR", "channel": "wallet",
            "execute_at": "1970-01-01T00:01:00.000Z", "epoch": 7,
        });
        assert_eq!(serde_json::to_value(Order::of(&waits, 7)).unwrap(), expected);
        let made = OrderChanged { change: OrderChange::Executed, transaction_id: Some(TransactionId::mint(60_000, 0)), ..waits };
        let shown = serde_json::to_value(Order::of(&made, 60_000)).unwrap();
        expected["status"] = json!("executed");
        expected["transaction_id"] = json!(TransactionId::mint(60_000, 0));
        expected["epoch"] = json!(60_000);
        assert_eq!(shown, expected);
        let back = Order::of(&OrderChanged { dated: Dated::EffectiveAt(5), ..made }, 7);
        assert_eq!((back.execute_at, back.effective_at.as_deref()), (None, Some("1970-01-01T00:00:00.005Z")));
    }
}
