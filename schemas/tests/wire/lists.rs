//! Watchlists, drawn, and as Avro values that are put together by hand.

use super::values::{fields, long, number, optional, text};
use super::words::{id, line};
use apache_avro::types::Value;
use proptest::prelude::*;
use proptest::sample::select;
use schemas::hex::hex;
use schemas::list::{EntryKind, ListedName, NameStrength};
use schemas::{ActivateList, ClearMatch, CounterpartyDigest, CustomerId, Epoch, ListChanged, ListCommand, ListEntry, ListKind, ListPart};

fn list() -> impl Strategy<Value = String> {
    "[a-z0-9-]{1,32}"
}

fn entry() -> impl Strategy<Value = ListEntry> {
    let name = (line(60), select(NameStrength::ALL)).prop_map(|(name, strength)| ListedName { name, strength });
    let born = prop_oneof!["[0-9]{4}", "[0-9]{4}-[0-9]{2}-[0-9]{2}", "[0-9]{4} to [0-9]{4}"];
    let many = (prop::collection::vec(name, 1..4), prop::collection::vec(born, 0..3), prop::collection::vec("[a-z]{2}", 0..3));
    (line(20), select(EntryKind::ALL), many, prop_oneof![Just(String::new()), line(20)])
        .prop_map(|(id, kind, (names, born, countries), reference)| ListEntry { id, kind, names, born, countries, reference })
}

pub(super) fn command() -> BoxedStrategy<ListCommand> {
    let entries = prop::collection::vec(entry(), 1..4).prop_map(|mut entries| {
        entries.sort_by(|one, other| one.id.cmp(&other.id));
        entries.dedup_by(|one, other| one.id == other.id);
        entries
    });
    let part = (list(), 1..=u32::MAX, 0..256u32, entries)
        .prop_map(|(list, version, number, entries)| ListCommand::Part(ListPart { list, version, number, entries }));
    let activate = (list(), select(ListKind::ALL), 1..=u32::MAX, (1..=256u32, 1..=u32::MAX), any::<[u8; 32]>(), any::<bool>()).prop_map(
        |(list, kind, version, (parts, count), digest, force)| {
            ListCommand::Activate(ActivateList { list, kind, version, parts, count, digest, force })
        },
    );
    let counterparty = prop::option::of(any::<[u8; 16]>().prop_map(CounterpartyDigest));
    let clear = (id(), counterparty, list(), line(20), line(40)).prop_map(|(id, counterparty, list, entry, reason)| {
        ListCommand::Clear(ClearMatch { customer_id: CustomerId(id), counterparty, list, entry, reason })
    });
    prop_oneof![part, activate, clear].boxed()
}

pub(super) fn value(command: &ListCommand) -> (u32, Value) {
    let texts = |texts: &[String]| Value::Array(texts.iter().map(text).collect());
    match command {
        ListCommand::Part(part) => {
            let name = |name: &ListedName| fields([("name", text(&name.name)), ("strength", text(name.strength))]);
            let entry = |entry: &ListEntry| {
                fields([
                    ("id", text(&entry.id)),
                    ("kind", text(entry.kind)),
                    ("names", Value::Array(entry.names.iter().map(name).collect())),
                    ("born", texts(&entry.born)),
                    ("countries", texts(&entry.countries)),
                    ("reference", text(&entry.reference)),
                ])
            };
            let entries = Value::Array(part.entries.iter().map(entry).collect());
            let (version, number) = (("version", long(part.version)), ("number", long(part.number)));
            (0, fields([("list", text(&part.list)), version, number, ("entries", entries)]))
        }
        ListCommand::Activate(activate) => {
            let value = fields([
                ("list", text(&activate.list)),
                ("kind", text(activate.kind)),
                ("version", long(activate.version)),
                ("parts", long(activate.parts)),
                ("count", long(activate.count)),
                ("digest", text(hex(&activate.digest))),
                ("force", Value::Boolean(activate.force)),
            ]);
            (1, value)
        }
        ListCommand::Clear(clear) => {
            let (customer, list) = (("customer_id", text(clear.customer_id)), ("list", text(&clear.list)));
            let counterparty = ("counterparty", optional(clear.counterparty.map(|digest| digest.to_string()).as_ref()));
            (2, fields([customer, counterparty, list, ("entry", text(&clear.entry)), ("reason", text(&clear.reason))]))
        }
    }
}

pub(super) fn fields_of(changed: &ListChanged, first_epoch: Option<Epoch>) -> Vec<(&'static str, Value)> {
    let (branch, value) = value(&changed.change);
    vec![("change", Value::Union(branch, Box::new(value))), ("by", text(&changed.by)), ("first_epoch", number(first_epoch))]
}
