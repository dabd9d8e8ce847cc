//! Which fields the command of a line may have, and which it has.

use super::Asked;
use schemas::{PaymentKind, StatusChange};
use std::str::FromStr as _;

/// The fields that an operation may have, beside who asks; none of what is no operation.
pub(super) fn fields(operation: &str) -> Option<&'static [&'static str]> {
    const PAYMENT: &[&str] = &["account_debit", "account_credit", "amount", "currency", "channel", "context"];
    Some(match operation {
        "create_customer" => &["full_name", "msisdn", "country"],
        "open_account" => &["customer_id", "type", "role", "currency"],
        "activate_rules" => &["version"],
        "reserve" => &["account_debit", "account_credit", "amount", "currency", "channel", "context", "kind", "expires_in_ms"],
        "capture" => &["hold", "amount", "currency", "last"],
        "release" => &["hold"],
        "refund" => &["transaction", "amount", "currency", "proof"],
        "reverse" => &["transaction", "proof"],
        "batch" | "batch_dry_run" => &["mode", "items"],
        "order" => &["account_debit", "account_credit", "amount", "currency", "channel", "context", "kind", "execute_at", "effective_at"],
        "cancel_order" => &["order"],
        "set_customer_level" => &["customer_id", "level"],
        "set_account_terms" => &["account", "currency", "floor", "limits", "effective_from"],
        "set_level_limits" => &["level", "currency", "limits", "effective_from"],
        "set_tariff" => &["tariff"],
        "set_aml_rule" | "set_gate_policy" | "set_country_list" => &["gate"],
        "freeze_customer" | "unfreeze_customer" => &["customer_id", "gate"],
        "freeze_account" | "unfreeze_account" => &["account", "gate"],
        "report_signal" => &["customer_id", "account", "gate"],
        "decide_review" => &["hold", "gate"],
        "load_list_part" | "activate_list" => &["list"],
        "clear_match" => &["customer_id", "list"],
        "set_case_policy" => &["diligence"],
        _ if super::diligence::OPERATIONS.contains(&operation) => &["diligence"],
        "withdraw_tariff" => &["code", "effective_from"],
        _ if StatusChange::from_str(operation).is_ok() => &["account"],
        _ if PaymentKind::ASKED.iter().any(|kind| kind.as_str() == operation) => PAYMENT,
        _ => return None,
    })
}

impl Asked {
    /// The fields that are there, beside who asks.
    pub(super) fn present(&self) -> impl Iterator<Item = &'static str> {
        let fields = [
            ("full_name", self.full_name.is_some()),
            ("msisdn", self.msisdn.is_some()),
            ("country", self.country.is_some()),
            ("customer_id", self.customer_id.is_some()),
            ("type", self.r#type.is_some()),
            ("role", self.role.is_some()),
            ("account", self.account.is_some()),
            ("account_debit", self.account_debit.is_some()),
            ("account_credit", self.account_credit.is_some()),
            ("amount", self.amount.is_some()),
            ("currency", self.currency.is_some()),
            ("channel", self.channel.is_some()),
            ("version", self.version.is_some()),
            ("kind", self.kind.is_some()),
            ("expires_in_ms", self.expires_in_ms.is_some()),
            ("hold", self.hold.is_some()),
            ("last", self.last.is_some()),
            ("transaction", self.transaction.is_some()),
            ("proof", self.proof.is_some()),
            ("execute_at", self.execute_at.is_some()),
            ("effective_at", self.effective_at.is_some()),
            ("order", self.order.is_some()),
            ("mode", self.mode.is_some()),
            ("items", self.items.is_some()),
            ("level", self.level.is_some()),
            ("floor", self.floor.is_some()),
            ("limits", self.limits.is_some()),
            ("tariff", self.tariff.is_some()),
            ("code", self.code.is_some()),
            ("effective_from", self.effective_from.is_some()),
            ("context", self.context.is_some()),
            ("gate", self.gate.is_some()),
            ("list", self.list.is_some()),
            ("diligence", self.diligence.is_some()),
        ];
        fields.into_iter().filter(|(_, present)| *present).map(|(field, _)| field)
    }
}
