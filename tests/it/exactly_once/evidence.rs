//! What there is to judge: what the clients saw, what Kafka holds, what Postgres holds.

use super::chain::Chain;
use super::history::Entry;
use schemas::{Command, Dated, Epoch, Event, Fact, OrderChange, Policy, Position, Topic};
use std::collections::BTreeMap;
use std::path::PathBuf;
use uuid::Uuid;

/// All of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evidence {
    pub(crate) history: Vec<Entry>,
    pub(crate) log: Log,
    pub(crate) rows: Rows,
    /// The audit chain; none where nobody has one.
    pub(crate) chain: Option<Chain>,
}

impl Evidence {
    /// Writes it down for people: what the clients saw as JSON, everything else a line each.
    pub(crate) fn keep(&self, file: impl Fn(&str) -> PathBuf) -> anyhow::Result<()> {
        std::fs::write(file("history.json"), serde_json::to_vec(&self.history)?)?;
        let lines = |lines: Vec<String>| lines.join("\n");
        std::fs::write(file("commands.txt"), lines(self.log.commands.iter().map(|command| format!("{command:?}")).collect()))?;
        let event = |recorded: &Recorded| {
            let Recorded { topic, partition, offset, generation, event, .. } = recorded;
            format!("{topic} {partition}:{offset} generation {generation} {event:?}")
        };
        std::fs::write(file("events.txt"), lines(self.log.events.iter().map(event).collect()))?;
        std::fs::write(file("journal.txt"), lines(self.log.journal.iter().map(|entry| format!("{entry:?}")).collect()))?;
        let rows = self.rows.tables.iter().flat_map(|(table, rows)| rows.iter().map(move |(key, row)| format!("{table} {key}: {row}")));
        Ok(std::fs::write(file("rows.txt"), lines(rows.collect()))?)
    }
}

/// Everything committed in Kafka.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    /// Records of the commands log, in order; none where the record is no command. Schemas are left out.
    pub(crate) commands: Vec<(Position, Option<Command>)>,
    /// Their time stamps, in milliseconds.
    pub(crate) appended: BTreeMap<Position, u64>,
    /// Events, partition by partition, in the order of their offsets.
    pub(crate) events: Vec<Recorded>,
    /// Places of commands that are in the dead letters.
    pub(crate) dead: Vec<Position>,
    /// Settlement's journal, in order.
    pub(crate) journal: Vec<schemas::Entry>,
}

/// An event where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) topic: Topic,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    /// As its headers say.
    pub(crate) epoch: Epoch,
    pub(crate) generation: u64,
    /// Key and datum, for the digest.
    pub(crate) key: Vec<u8>,
    pub(crate) datum: Vec<u8>,
    pub(crate) event: Event,
}

/// A row: its primary key, and every other column as text.
pub(crate) type Table = BTreeMap<String, String>;

/// Everything in Postgres, from one snapshot.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows {
    /// The first epoch that the views do not hold.
    pub(crate) upper: Epoch,
    pub(crate) tables: BTreeMap<&'static str, Table>,
}

impl Rows {
    pub(crate) const TABLES: [&'static str; 24] = [
        "customer",
        "account",
        "account_status",
        "transaction",
        "posting",
        "refusal",
        "rules_activation",
        "hold_change",
        "customer_level",
        "account_terms",
        "level_limits",
        "tariff",
        "batch",
        "batch_item",
        "order_change",
        "volume",
        "turnover",
        "position",
        "liability",
        "activity",
        "customer_activity",
        "latency",
        "imbalance",
        "case_change",
    ];
}

/// A version of the rules in the place of an id.
pub(crate) const fn rules(version: u32) -> Uuid {
    Uuid::from_fields(version, 0, 0, &[0; 8])
}

/// A name of at most 16 bytes in the place of an id.
pub(crate) fn named(name: &str) -> Uuid {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(name.bytes()).for_each(|(to, byte)| *to = byte);
    Uuid::from_bytes(bytes)
}

/// A resource's id, whatever it names.
pub(crate) fn resource(fact: &Fact) -> Option<Uuid> {
    match fact {
        Fact::CustomerCreated(customer) => Some(customer.id.0),
        Fact::AccountOpened(account) => Some(account.id.0),
        Fact::Transaction(transaction) => Some(transaction.id.0),
        Fact::StatusChanged(changed) => Some(changed.id.0),
        Fact::RulesActivated { version } => Some(rules(*version)),
        Fact::HoldChanged(held) => Some(held.id.0),
        Fact::PolicyChanged(policy) => Some(match &**policy {
            Policy::Level(set) => set.customer_id.0,
            Policy::Terms(set) => set.account_id.0,
            Policy::Limits(set) => named(&format!("{}{}", set.level, set.currency)),
            Policy::Tariff(set) => named(&set.code),
            Policy::TariffEnd(end) => named(&end.code),
        }),
        Fact::OrderChanged(order) => Some(order.id.0),
        Fact::AmlChanged(changed) => Some(named(changed.setting.operation())),
        Fact::ListChanged(changed) => Some(named(changed.change.operation())),
        Fact::PartyChanged(party) => Some(party.account_id.map_or(party.customer_id.0, |id| id.0)),
        Fact::Diligence(told) => Some(match &**told {
            schemas::Told::Customer(updated) => updated.update.customer_id.0,
            schemas::Told::Kyc(changed) => changed.customer_id.0,
            schemas::Told::Address(set) => set.set.customer_id.0,
            schemas::Told::Case(changed) => changed.id.0,
        }),
        // A batch is called as its command.
        Fact::BatchDecided(_) | Fact::Assessed(_) | Fact::Refused { .. } | Fact::Repeated(_) => None,
    }
}

/// How often each kind of thing was said.
pub(crate) fn said<'a>(events: impl Iterator<Item = &'a Event>) -> BTreeMap<&'static str, usize> {
    let mut said = BTreeMap::new();
    for event in events {
        let name = match &event.fact {
            Fact::CustomerCreated(_) => "customer",
            Fact::AccountOpened(_) => "account",
            Fact::Transaction(transaction) if transaction.refusal.is_some() => "failed",
            Fact::Transaction(transaction) => transaction.operation(),
            Fact::RulesActivated { .. } => "rules",
            Fact::StatusChanged(changed) => changed.change.as_str(),
            Fact::HoldChanged(held) => held.change.as_str(),
            Fact::PolicyChanged(policy) => policy.operation(),
            Fact::BatchDecided(decided) if decided.dry_run => "batch_dry_run",
            Fact::BatchDecided(decided) if decided.undone_by().is_some() => "batch_undone",
            Fact::BatchDecided(_) => "batch",
            Fact::OrderChanged(order) => match (order.change, order.dated) {
                (OrderChange::Executed, Dated::EffectiveAt(_)) => "back_dated",
                (OrderChange::Failed, _) => "order_failed",
                (change, _) => change.as_str(),
            },
            Fact::AmlChanged(changed) => changed.setting.operation(),
            Fact::ListChanged(changed) => changed.change.operation(),
            Fact::PartyChanged(party) => party.change.as_str(),
            Fact::Diligence(told) => told.operation(),
            Fact::Assessed(assessed) => assessed.answer.as_str(),
            Fact::Refused { .. } => "refused",
            Fact::Repeated(_) => "repeated",
        };
        *said.entry(name).or_default() += 1;
        if matches!(&event.fact, Fact::Transaction(transaction) if transaction.fee_minor > 0) {
            *said.entry("fee").or_default() += 1;
        }
    }
    said
}
