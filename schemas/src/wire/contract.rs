//! The schema of every topic: the contract.

use crate::topic::Topic;
use serde_avro_fast::Schema;
use serde_avro_fast::schema::{SchemaError, SchemaMut};
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
    &contract(topic).schema
}

fn contract(topic: Topic) -> &'static Contract {
    static CONTRACTS: LazyLock<BTreeMap<Topic, Contract>> = LazyLock::new(|| {
        let parse = |topic: &Topic| Contract::parse(schema_json(*topic)).expect("every committed schema parses; a test reads them all");
        Topic::ALL.iter().map(|topic| (*topic, parse(topic))).collect()
    });
    &CONTRACTS[&topic]
}

/// A schema, and what it calls its records.
#[derive(Debug)]
struct Contract {
    schema: Schema,
    name: Option<String>,
}

impl Contract {
    fn parse(json: &str) -> Result<Self, SchemaError> {
        let schema: SchemaMut = json.parse()?;
        let name = schema.root().type_.name().map(|name| name.name().to_owned());
        Ok(Self { schema: schema.freeze()?, name })
    }
}

/// A schema that a decoder knows.
#[derive(Debug)]
pub(super) struct Known {
    json: String,
    origin: Origin,
    /// The topics whose records bear its name. Fields are found by their names and what lacks takes its default, so a record of
    /// another topic could pass for one of theirs.
    topics: Vec<Topic>,
}

/// Whose schema it is.
#[derive(Debug)]
enum Origin {
    /// One that this binary writes too, read once for all decoders.
    Ours(&'static Contract),
    Another(Box<Contract>),
}

impl Known {
    pub(super) fn of(json: &str) -> Result<Self, SchemaError> {
        let origin = match Topic::ALL.iter().find(|topic| schema_json(**topic) == json) {
            Some(topic) => Origin::Ours(contract(*topic)),
            None => Origin::Another(Box::new(Contract::parse(json)?)),
        };
        let mut known = Self { json: json.to_owned(), origin, topics: Vec::new() };
        known.topics = Topic::ALL.iter().copied().filter(|topic| contract(*topic).name == known.contract().name).collect();
        Ok(known)
    }

    fn contract(&self) -> &Contract {
        match &self.origin {
            Origin::Ours(contract) => contract,
            Origin::Another(contract) => contract,
        }
    }

    pub(super) fn json(&self) -> &str {
        &self.json
    }

    pub(super) fn schema(&self) -> &Schema {
        &self.contract().schema
    }

    /// The schema, where its records are the topic's; otherwise a sentence that says whose they are.
    pub(super) fn schema_of(&self, topic: Topic) -> Result<&Schema, String> {
        let contract = self.contract();
        if self.topics.contains(&topic) {
            return Ok(&contract.schema);
        }
        Err(format!("its schema is of {}, which is no record of this topic", contract.name.as_deref().unwrap_or("no record")))
    }
}
