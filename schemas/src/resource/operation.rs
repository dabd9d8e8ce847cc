//! Operations: what became of a command.

use super::location;
use crate::epoch::{Epoch, Position};
use crate::event::Fact;
use crate::hold::HoldChange;
use crate::id::{CommandId, TransactionId};
use crate::order::OrderChange;
use crate::refusal::Refusal;
use crate::word::words;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

words! {
    /// Where an operation stands.
    pub enum OperationStatus {
        /// In the log, not decided.
        Pending = "pending",
        /// A payment that moved money.
        Settled = "settled",
        /// Anything else that was done.
        Completed = "completed",
        /// Refused.
        Failed = "failed",
    }
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Operation {
    /// The command's id, the same for every retry of it.
    pub id: CommandId,
    /// Where it stands.
    pub status: OperationStatus,
    /// What was asked: a payment's operation, or what else it was, such as `open_account`, `capture` or `set_tariff`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "transfer")]
    pub operation: Option<String>,
    /// Where the resource is that came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "/v1/transactions/019ab6f5-1c7b-7001-8000-000000000000")]
    pub resource: Option<String>,
    /// The transaction, of a payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub transaction_id: Option<TransactionId>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reason: Option<Refusal>,
    /// When it was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false, example = 1_764_000_000_123_u64)]
    pub epoch: Option<Epoch>,
    /// The command's place in the log while it is pending; reads accept it as `at_least`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "0:123")]
    pub command: Option<String>,
    /// The epoch of the view that this was read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false, example = 1_764_000_000_456_u64)]
    pub as_of: Option<Epoch>,
}

impl Operation {
    /// An operation in the log, not decided.
    pub fn pending(id: CommandId, position: Position) -> Self {
        let command = Some(position.to_string());
        Self { command, ..Self::undescribed(id, OperationStatus::Pending) }
    }

    /// What `fact`, decided in `epoch`, made of the operation; none if the fact is no decision but points to one, or comes with one.
    pub fn decided(id: CommandId, fact: &Fact, epoch: Epoch) -> Option<Self> {
        let epoch = Some(epoch);
        match fact {
            Fact::CustomerCreated(customer) => Some(Self {
                operation: Some("create_customer".to_owned()),
                resource: Some(location::customer(customer.id)),
                epoch,
                ..Self::undescribed(id, OperationStatus::Completed)
            }),
            Fact::AccountOpened(account) => Some(Self {
                operation: Some("open_account".to_owned()),
                resource: Some(location::account(account.id)),
                epoch,
                ..Self::undescribed(id, OperationStatus::Completed)
            }),
            Fact::Transaction(transaction) => Some(Self {
                operation: Some(transaction.operation().to_owned()),
                resource: Some(location::transaction(transaction.id)),
                transaction_id: Some(transaction.id),
                reason: transaction.refusal,
                epoch,
                ..Self::undescribed(id, if transaction.refusal.is_some() { OperationStatus::Failed } else { OperationStatus::Settled })
            }),
            Fact::HoldChanged(held) => {
                let operation = match held.change {
                    // What becomes of it is decided by whoever looks at it.
                    HoldChange::Reviewed => {
                        return Some(Self {
                            operation: Some(held.kind.to_string()),
                            resource: Some(location::hold(held.id)),
                            epoch,
                            ..Self::undescribed(id, OperationStatus::Pending)
                        });
                    }
                    HoldChange::ReviewRefused => "decide_review",
                    HoldChange::Reserved => "reserve",
                    HoldChange::Released => "release",
                    // A capture is decided by its transaction, and the end of a time is nobody's operation.
                    HoldChange::Captured | HoldChange::Closed | HoldChange::Expired | HoldChange::ReviewExpired => return None,
                };
                Some(Self {
                    operation: Some(operation.to_owned()),
                    resource: Some(location::hold(held.id)),
                    epoch,
                    ..Self::undescribed(id, OperationStatus::Completed)
                })
            }
            Fact::StatusChanged(changed) => Some(Self {
                operation: Some(changed.change.to_string()),
                resource: Some(location::account(changed.id)),
                epoch,
                ..Self::undescribed(id, OperationStatus::Completed)
            }),
            Fact::RulesActivated { .. } => Some(Self {
                operation: Some("activate_rules".to_owned()),
                resource: Some(location::RULES.to_owned()),
                epoch,
                ..Self::undescribed(id, OperationStatus::Completed)
            }),
            Fact::Refused { operation, refusal } => Some(Self {
                operation: Some(operation.clone()),
                reason: Some(*refusal),
                epoch,
                ..Self::undescribed(id, OperationStatus::Failed)
            }),
            Fact::PolicyChanged(policy) => Some(Self {
                operation: Some(policy.operation().to_owned()),
                resource: Some(location::policy(policy)),
                epoch,
                ..Self::undescribed(id, OperationStatus::Completed)
            }),
            Fact::BatchDecided(decided) => {
                let reason = decided.undone_by().map(|(_, refusal)| refusal);
                let (operation, resource) = if decided.dry_run { ("batch_dry_run", None) } else { ("batch", Some(location::batch(id))) };
                Some(Self {
                    operation: Some(operation.to_owned()),
                    resource,
                    reason,
                    epoch,
                    ..Self::undescribed(id, if reason.is_some() { OperationStatus::Failed } else { OperationStatus::Completed })
                })
            }
            Fact::OrderChanged(order) => {
                let operation = match order.change {
                    OrderChange::Scheduled => "order",
                    OrderChange::Cancelled => "cancel_order",
                    // Its transaction is the decision.
                    OrderChange::Executed | OrderChange::Failed => return None,
                };
                Some(Self {
                    operation: Some(operation.to_owned()),
                    resource: Some(location::order(order.id)),
                    epoch,
                    ..Self::undescribed(id, OperationStatus::Completed)
                })
            }
            Fact::AmlChanged(changed) => Some(Self {
                operation: Some(changed.setting.operation().to_owned()),
                resource: Some(location::aml(&changed.setting)),
                epoch,
                ..Self::undescribed(id, OperationStatus::Completed)
            }),
            Fact::PartyChanged(changed) => Some(Self {
                operation: Some(changed.operation().to_owned()),
                resource: Some(location::party(changed)),
                epoch,
                ..Self::undescribed(id, OperationStatus::Completed)
            }),
            Fact::ListChanged(changed) => Some(Self {
                operation: Some(changed.change.operation().to_owned()),
                resource: Some(location::list(&changed.change)),
                epoch,
                ..Self::undescribed(id, OperationStatus::Completed)
            }),
            Fact::Diligence(told) if told.answers() => Some(Self {
                operation: Some(told.operation().to_owned()),
                resource: Some(location::diligence(told)),
                epoch,
                ..Self::undescribed(id, OperationStatus::Completed)
            }),
            Fact::Assessed(_) | Fact::Diligence(_) | Fact::Repeated(_) => None,
        }
    }

    fn undescribed(id: CommandId, status: OperationStatus) -> Self {
        Self { id, status, operation: None, resource: None, transaction_id: None, reason: None, epoch: None, command: None, as_of: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{BatchDecided, BatchMode, ItemStatus, Outcome};
    use crate::hold::HoldChanged;
    use crate::id::{AccountId, HoldId, OrderId};
    use crate::money::{Currency, Money};
    use crate::order::{Dated, OrderChanged};
    use crate::policy::{Policy, TariffEnd};
    use crate::transaction::{Channel, Link, PaymentKind, Transaction};

    fn shown(fact: &Fact) -> Option<(String, String, OperationStatus)> {
        let operation = Operation::decided(CommandId(uuid::Uuid::nil()), fact, 7)?;
        Some((operation.operation?, operation.resource?, operation.status))
    }

    #[test]
    fn an_operation_is_called_what_was_asked_and_leads_to_what_came_of_it() {
        let completed = |name: &str, at: &str| Some((name.to_owned(), at.to_owned(), OperationStatus::Completed));
        let (account_debit, account_credit) = (AccountId::mint(1, 0), AccountId::mint(1, 1));
        let amount = Money { minor: 350, currency: Currency::XOF };
        let hold = HoldId::mint(1, 0);
        let held = |change| {
            Fact::HoldChanged(HoldChanged {
                id: hold,
                change,
                kind: PaymentKind::Transfer,
                channel: Channel::Card,
                account_debit,
                account_credit,
                amount,
                fee_minor: 0,
                open: matches!(change, HoldChange::Reserved),
                expires_at: 0,
            })
        };
        assert_eq!(shown(&held(HoldChange::Reserved)), completed("reserve", &format!("/v1/holds/{hold}")));
        assert_eq!(shown(&held(HoldChange::Released)), completed("release", &format!("/v1/holds/{hold}")));
        for change in [HoldChange::Captured, HoldChange::Closed, HoldChange::Expired, HoldChange::ReviewExpired] {
            assert_eq!(shown(&held(change)), None, "{change} is nobody's answer");
        }
        let review = Some(("transfer".to_owned(), format!("/v1/holds/{hold}"), OperationStatus::Pending));
        assert_eq!(shown(&held(HoldChange::Reviewed)), review, "what somebody looks at is not over");
        assert_eq!(shown(&held(HoldChange::ReviewRefused)), completed("decide_review", &format!("/v1/holds/{hold}")));
        let order = OrderId::mint(1, 0);
        let ordered = |change| {
            Fact::OrderChanged(Box::new(OrderChanged {
                id: order,
                change,
                kind: PaymentKind::Transfer,
                channel: Channel::Card,
                account_debit,
                account_credit,
                amount,
                dated: Dated::ExecuteAt(9),
                transaction_id: None,
            }))
        };
        assert_eq!(shown(&ordered(OrderChange::Scheduled)), completed("order", &format!("/v1/orders/{order}")));
        assert_eq!(shown(&ordered(OrderChange::Cancelled)), completed("cancel_order", &format!("/v1/orders/{order}")));
        for change in [OrderChange::Executed, OrderChange::Failed] {
            assert_eq!(shown(&ordered(change)), None, "{change} comes with its transaction");
        }
        let end = Policy::TariffEnd(TariffEnd { code: "a".to_owned(), effective_from: None });
        assert_eq!(shown(&Fact::PolicyChanged(Box::new(end))), completed("withdraw_tariff", "/v1/tariffs/a"));
        let id = TransactionId::mint(1, 1);
        let transaction = |kind, link| {
            let fee_minor = 0;
            let postings = Vec::new();
            Transaction {
                id,
                kind,
                account_debit,
                account_credit,
                amount,
                fee_minor,
                channel: Channel::Card,
                refusal: None,
                link,
                postings,
            }
        };
        let original = Some(Link::Original(TransactionId::mint(1, 0)));
        for (kind, link, name) in [
            (PaymentKind::Transfer, None, "transfer"),
            (PaymentKind::Transfer, Some(Link::Hold(hold)), "capture"),
            (PaymentKind::Refund, original, "refund"),
            (PaymentKind::Reversal, original, "reverse"),
        ] {
            let expected = (name.to_owned(), format!("/v1/transactions/{id}"), OperationStatus::Settled);
            assert_eq!(shown(&Fact::Transaction(transaction(kind, link))), Some(expected));
        }
    }

    #[test]
    fn a_batch_failed_if_an_item_undid_it() {
        let batch = |mode, dry_run, status, refusal| {
            let outcomes = vec![Outcome::without(status, refusal)];
            let fact = Fact::BatchDecided(Box::new(BatchDecided { mode, dry_run, outcomes }));
            let shown = Operation::decided(CommandId(uuid::Uuid::nil()), &fact, 7).unwrap();
            (shown.operation.unwrap(), shown.status, shown.resource.is_some(), shown.reason)
        };
        use BatchMode::{AllOrNothing, Independent};
        use OperationStatus::{Completed, Failed};
        let refused = Some(Refusal::HoldNotOpen);
        let named = |name: &str, status, kept, reason| (name.to_owned(), status, kept, reason);
        assert_eq!(batch(AllOrNothing, false, ItemStatus::Settled, None), named("batch", Completed, true, None));
        assert_eq!(batch(AllOrNothing, false, ItemStatus::Refused, refused), named("batch", Failed, true, refused));
        assert_eq!(batch(Independent, false, ItemStatus::Refused, refused), named("batch", Completed, true, None));
        assert_eq!(batch(AllOrNothing, true, ItemStatus::Settled, None), named("batch_dry_run", Completed, false, None));
    }
}
