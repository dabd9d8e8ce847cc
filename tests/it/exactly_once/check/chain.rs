//! The audit chain: the records of Kafka, hashed again, are what Postgres and the topic have, link behind link, from the first epoch on.

use super::super::chain::Chain;
use super::{Case, Findings, Kind};
use schemas::audit::{Link, NOTHING, Signed, leaf};
use schemas::merkle::Hash;
use schemas::resource::AuditRoot;
use schemas::{Epoch, audit};
use std::collections::BTreeMap;

pub(super) fn check(case: &Case<'_>, findings: &mut Findings) {
    let Some(Chain { table, topic, settled }) = &case.evidence.chain else { return };
    let mut differs = |sentence: String| findings.add(Kind::ChainDiffers, sentence);
    let mut said: BTreeMap<Epoch, Vec<Hash>> = BTreeMap::new();
    for recorded in case.events.iter().filter(|recorded| recorded.epoch < case.evidence.rows.upper) {
        said.entry(recorded.epoch).or_default().push(leaf(recorded.topic.as_str(), &recorded.key, &recorded.datum));
    }
    let mut previous = NOTHING;
    for (root, leaves) in table {
        let epoch = root.epoch;
        let Ok(Signed { link, head, .. }) = Signed::try_from(root) else {
            differs(format!("the link of epoch {epoch} can't be read"));
            continue;
        };
        let found = said.remove(&epoch).unwrap_or_default();
        if found != *leaves {
            differs(format!("epoch {epoch} has {} records and other leaves, {} of them", found.len(), leaves.len()));
        }
        let expected = Link::of(audit::SETTLEMENT, epoch, &found, previous);
        if expected.as_ref() != Some(&link) || link.head() != head {
            differs(format!("the link of epoch {epoch} is not the one behind the link before it, over the records of the epoch"));
        }
        previous = head;
    }
    let unlinked: Vec<_> = said.keys().take(3).collect();
    if !unlinked.is_empty() {
        differs(format!("{} epochs have records and no link, the first are {unlinked:?}", said.len()));
    }
    let linked: Vec<&AuditRoot> = table.iter().map(|(root, _)| root).collect();
    let same = topic.iter().zip(&linked).take_while(|(published, linked)| published == *linked).count();
    let lacks = linked.iter().skip(same).any(|link| settled.is_none_or(|settled| link.epoch <= settled));
    if same < topic.len() || lacks {
        differs(format!(
            "the topic of roots has {} links and postgres {}, of which the first {same} are the same",
            topic.len(),
            linked.len()
        ));
    }
}
