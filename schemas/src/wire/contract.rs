//! The schema of every topic: the contract.

use crate::topic::Topic;
use serde_avro_fast::Schema;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The current schema of a topic, as JSON: the contract.
pub const fn schema_json(topic: Topic) -> &'static str {
    match topic {
        Topic::Commands => include_str!("../../avro/command.avsc"),
        Topic::Outcomes => include_str!("../../avro/command_repeated.avsc"),
        Topic::OutcomesLinked => include_str!("../../avro/outcome.avsc"),
        Topic::TransactionLinked => include_str!("../../avro/transaction_linked.avsc"),
        Topic::CommandRefused => include_str!("../../avro/command_refused.avsc"),
        Topic::RulesActivated => include_str!("../../avro/rules_activated.avsc"),
        Topic::CustomerCreated => include_str!("../../avro/customer_created.avsc"),
        Topic::AccountOpened => include_str!("../../avro/account_opened.avsc"),
        Topic::AccountUpdated => include_str!("../../avro/account_updated.avsc"),
        Topic::TransactionSettled => include_str!("../../avro/transaction_settled.avsc"),
        Topic::TransactionFailed => include_str!("../../avro/transaction_failed.avsc"),
        Topic::HoldUpdated => include_str!("../../avro/hold_updated.avsc"),
        Topic::PolicyUpdated => include_str!("../../avro/policy_updated.avsc"),
        Topic::BatchDecided => include_str!("../../avro/batch_decided.avsc"),
        Topic::OrderUpdated => include_str!("../../avro/order_updated.avsc"),
        Topic::AmlRuleUpdated => include_str!("../../avro/aml_rule_updated.avsc"),
        Topic::PartyUpdated => include_str!("../../avro/party_updated.avsc"),
        Topic::TransactionAssessed => include_str!("../../avro/transaction_assessed.avsc"),
        Topic::ListUpdated => include_str!("../../avro/aml_list_updated.avsc"),
        Topic::CustomerUpdated => include_str!("../../avro/customer_updated.avsc"),
        Topic::KycUpdated => include_str!("../../avro/kyc_updated.avsc"),
        Topic::CaseUpdated => include_str!("../../avro/case_updated.avsc"),
        Topic::AddressUpdated => include_str!("../../avro/customer_address_updated.avsc"),
        Topic::AlertRaised => include_str!("../../avro/aml_alert_raised.avsc"),
        Topic::AlertCleared => include_str!("../../avro/aml_alert_cleared.avsc"),
        Topic::SettlementJournal | Topic::ViewsJournal | Topic::RiskJournal => include_str!("../../avro/journal_entry.avsc"),
    }
}

pub(super) fn schema(topic: Topic) -> &'static Schema {
    static SCHEMAS: LazyLock<BTreeMap<Topic, Schema>> = LazyLock::new(|| {
        let parse = |topic: &Topic| schema_json(*topic).parse().expect("every committed schema parses; a test reads them all");
        Topic::ALL.iter().map(|topic| (*topic, parse(topic))).collect()
    });
    &SCHEMAS[&topic]
}
