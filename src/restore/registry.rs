//! Whether the schema registry gives the ids that the logs use.
//!
//! A log says its own schemas, and of an id the first stands for good. A registry that gives an old id to another schema
//! would make every later record of a cell or a door contradict the log. An empty registry counts from the start, so
//! the schemas are registered in the order of their ids, and then compared.

use crate::backup::point::{Point, Schema};
use crate::config::Config;
use crate::exit::{self, Exit};
use egress::registry::Registry;
use schemas::Topic;
use schemas::wire::schema_json;
use std::collections::BTreeMap;

/// Registers what is missing, and compares.
pub(super) async fn prepare(config: &Config, point: &Point) -> Result<(), Exit> {
    let mut order: Vec<Topic> = point.schemas.iter().map(|schema| schema.topic).collect();
    order.extend(Topic::ALL.iter().filter(|topic| !point.schemas.iter().any(|schema| schema.topic == **topic)));
    let ids = Registry::new(&config.registry.url).register(&order).await.map_err(Exit::unavailable)?;
    let now = ids.into_iter().map(|(topic, id)| (topic, (id, schema_json(topic)))).collect();
    match contradiction(&point.schemas, &now) {
        None => Ok(()),
        Some(what) => Err(Exit {
            code: exit::UNAVAILABLE,
            sentence: format!(
                "the schema registry at {} does not fit the backup: {what}. Restore the registry's own database first, or name an \
                 empty registry; nothing was restored",
                config.registry.url
            ),
        }),
    }
}

/// An id that means one thing in the logs and another in the registry.
fn contradiction(then: &[Schema], now: &BTreeMap<Topic, (u32, &str)>) -> Option<String> {
    now.iter().find_map(|(topic, (id, schema))| {
        let other = then.iter().find(|old| old.id == *id && old.schema != *schema)?;
        Some(format!("id {id} is the schema of {topic} there, and of {} in the logs", other.topic))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_means_one_schema_for_good() {
        let old = |id, topic, schema: &str| Schema { id, topic, schema: schema.to_owned() };
        let then = [old(1, Topic::Commands, "a"), old(2, Topic::Outcomes, "b")];
        for (commands, outcomes, fits, why) in [
            ((1, "a"), (2, "b"), true, "the same"),
            ((1, "a"), (7, "b"), true, "another id for the same schema"),
            ((3, "c"), (2, "b"), true, "a newer schema under a new id"),
            ((2, "a"), (1, "b"), false, "exchanged"),
            ((1, "c"), (2, "b"), false, "a newer schema under an old id"),
        ] {
            let now = BTreeMap::from([(Topic::Commands, commands), (Topic::Outcomes, outcomes)]);
            assert_eq!(contradiction(&then, &now).is_none(), fits, "{why}");
        }
    }
}
