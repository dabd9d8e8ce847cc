//! Rows of the views on the wire: what the API shows of each, and the epoch in which it last changed.

use super::{RECORD_BYTES, WireError};
use crate::epoch::Epoch;
use crate::view::ViewName;
use serde_avro_fast::Schema;
use serde_avro_fast::ser::SerializerConfig;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The topic that says how far the others have come.
pub const PROGRESS_TOPIC: &str = "orion.view.progress.v1";

const PROGRESS: &str = include_str!("../../avro/view_progress.avsc");

/// The topic of a view, and the schema of its rows as JSON; none of a view that is published as events already.
pub const fn published(name: ViewName) -> Option<(&'static str, &'static str)> {
    match name {
        ViewName::Accounts => Some(("orion.view.accounts.v1", include_str!("../../avro/view_account.avsc"))),
        ViewName::VolumeByMinute => Some(("orion.view.volume_by_minute.v1", include_str!("../../avro/view_volume.avsc"))),
        ViewName::VolumeByHour => Some(("orion.view.volume_by_hour.v1", include_str!("../../avro/view_volume.avsc"))),
        ViewName::VolumeByDay => Some(("orion.view.volume_by_day.v1", include_str!("../../avro/view_volume.avsc"))),
        ViewName::Turnover => Some(("orion.view.turnover.v1", include_str!("../../avro/view_turnover.avsc"))),
        ViewName::Positions => Some(("orion.view.positions.v1", include_str!("../../avro/view_position.avsc"))),
        ViewName::Liabilities => Some(("orion.view.liabilities.v1", include_str!("../../avro/view_liability.avsc"))),
        ViewName::ActiveCustomers => Some(("orion.view.active_customers.v1", include_str!("../../avro/view_activity.avsc"))),
        ViewName::LatencyByMinute => Some(("orion.view.latency_by_minute.v1", include_str!("../../avro/view_latency.avsc"))),
        ViewName::LatencyByHour => Some(("orion.view.latency_by_hour.v1", include_str!("../../avro/view_latency.avsc"))),
        ViewName::LatencyByDay => Some(("orion.view.latency_by_day.v1", include_str!("../../avro/view_latency.avsc"))),
        ViewName::Imbalances => Some(("orion.view.imbalances.v1", include_str!("../../avro/view_imbalance.avsc"))),
        ViewName::Customers | ViewName::Transactions | ViewName::Holds | ViewName::Orders => None,
    }
}

/// Every topic of the views with its schema, that of their progress last.
pub fn topics() -> impl Iterator<Item = (&'static str, &'static str)> {
    ViewName::ALL.iter().filter_map(|name| published(*name)).chain([(PROGRESS_TOPIC, PROGRESS)])
}

/// Writes rows under the ids that the registry gave, by topic.
#[derive(Clone, Debug)]
pub struct RowEncoder {
    ids: BTreeMap<&'static str, u32>,
}

impl RowEncoder {
    /// For the topics whose schema ids are known.
    pub const fn new(ids: BTreeMap<&'static str, u32>) -> Self {
        Self { ids }
    }

    /// A row, as the API shows it, as a record value of its topic.
    pub fn row(&self, topic: &'static str, epoch: Epoch, value: &str) -> Result<Vec<u8>, WireError> {
        let mut row: Map<String, Value> = serde_json::from_str(value).map_err(|error| unwritten(topic, &error))?;
        // That of a resource is the same.
        row.insert("epoch".to_owned(), epoch.into());
        self.frame(topic, &row)
    }

    /// How far the topics have come, as a record value of [`PROGRESS_TOPIC`].
    pub fn progress(&self, epoch: Epoch) -> Result<Vec<u8>, WireError> {
        self.frame(PROGRESS_TOPIC, &BTreeMap::from([("epoch", epoch)]))
    }

    fn frame<T: serde::Serialize>(&self, topic: &'static str, value: &T) -> Result<Vec<u8>, WireError> {
        let id = self.ids.get(topic).ok_or(WireError::NoRowId(topic))?;
        let mut bytes = Vec::with_capacity(RECORD_BYTES);
        bytes.push(0);
        bytes.extend_from_slice(&id.to_be_bytes());
        serde_avro_fast::to_datum(value, &mut bytes, &mut SerializerConfig::new(schema(topic)))
            .map_err(|error| unwritten(topic, &error))?;
        Ok(bytes)
    }
}

fn schema(topic: &'static str) -> &'static Schema {
    static SCHEMAS: LazyLock<BTreeMap<&'static str, Schema>> = LazyLock::new(|| {
        topics().map(|(topic, json)| (topic, json.parse().expect("every committed schema parses; a test reads them all"))).collect()
    });
    &SCHEMAS[topic]
}

fn unwritten(topic: &'static str, error: &dyn std::error::Error) -> WireError {
    WireError::EncodeRow { topic, reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Decoder;
    use serde_json::json;

    #[test]
    fn every_schema_is_valid_for_the_reference_implementation_too() {
        for (topic, json) in topics() {
            apache_avro::Schema::parse_str(json).unwrap_or_else(|error| panic!("{topic}: {error}"));
            schema(topic);
        }
    }

    #[test]
    fn rows_read_back_as_they_are_shown() {
        let ids: BTreeMap<_, _> = topics().map(|(topic, _)| topic).zip(1..).collect();
        let encoder = RowEncoder::new(ids.clone());
        let volume = json!({"start": "2025-11-24T00:00:00.000Z", "operation": "transfer", "channel": "wallet", "currency": "XOF",
            "status": "settled", "count": 42, "amount": "525000", "fee": "4200"});
        let refused = json!({"start": "2025-11-24T00:00:00.000Z", "operation": "open_account", "status": "failed",
            "reason": "customer_not_found", "count": 1});
        let account = json!({"id": "a", "type": "wallet", "role": "house", "currency": "XOF", "status": "active", "balance_posted": "-1",
            "balance_held": "0", "balance_available": "-1", "opened_at": "2025-11-24T00:00:00.000Z"});
        let cases = [
            (ViewName::VolumeByDay, volume),
            (ViewName::VolumeByMinute, refused),
            (ViewName::Accounts, account),
            (ViewName::LatencyByHour, json!({"start": "2025-11-24T00:00:00.000Z", "over_ms": 5, "count": 7})),
            (ViewName::Liabilities, json!({"currency": "EUR", "owed": "3.50", "held": "0.00"})),
        ];
        for (name, mut row) in cases {
            let (topic, schema) = published(name).unwrap();
            let bytes = encoder.row(topic, 7, &row.to_string()).unwrap();
            let mut decoder = Decoder::default();
            decoder.learn(ids[topic], schema).unwrap();
            let mut read = decoder.json(&bytes).unwrap();
            read.as_object_mut().unwrap().retain(|_, value| !value.is_null());
            row["epoch"] = json!(7);
            assert_eq!(read, row, "{name}");
        }
        assert!(encoder.row("orion.view.accounts.v1", 7, "{}").is_err(), "a row lacks nothing");
        assert!(encoder.row("orion.view.accounts.v1", 7, "[]").is_err());
        assert!(RowEncoder::new(BTreeMap::new()).progress(7).is_err());
    }
}
