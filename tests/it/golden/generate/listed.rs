//! Watchlists: every operation, and every reason.

use super::Log;
use super::held::by;
use schemas::ListEntry;
use schemas::list::digest;
use serde_json::{Value, json};

fn entries(ids: std::ops::Range<u32>) -> Vec<ListEntry> {
    let entry = |id| {
        json!({
            "id": format!("e{id:03}"), "kind": "person", "names": [{"name": format!("SOW, Binta {id}"), "strength": "primary"}],
            "born": ["1990-04-17"], "countries": ["sn"], "reference": "test",
        })
    };
    ids.map(|id| serde_json::from_value(entry(id)).expect("an entry")).collect()
}

fn part(list: &str, version: u32, number: u32, ids: std::ops::Range<u32>) -> Value {
    let list = json!({"list": list, "version": version, "number": number, "entries": entries(ids)});
    json!({"operation": "load_list_part", "list": list})
}

/// What was loaded in parts that end before these comes into force.
fn put(list: &str, version: u32, ends: &[u32], force: bool) -> Value {
    let (mut from, mut whole) = (0, [0; 32]);
    for end in ends {
        whole = digest(&whole, &entries(from..*end));
        from = *end;
    }
    let list = json!({
        "list": list, "version": version, "parts": ends.len(), "count": from, "digest": schemas::hex::hex(&whole), "force": force,
    });
    json!({"operation": "activate_list", "list": list})
}

fn clear(customer: &str, list: &str) -> Value {
    let list = json!({"list": list, "entry": "e001", "reason": "another date of birth"});
    json!({"operation": "clear_match", "customer_id": customer, "list": list})
}

impl Log {
    pub(super) fn watchlists(&mut self) {
        let first = part("un", 1, 0, 0..9);
        self.thrice(first.clone(), &part("un", 1, 0, 0..1), "part", None);
        self.ask(by("@awa", first), None);
        self.ask(part("un", 1, 2, 9..10), None);
        self.ask(part("un", 1, 1, 9..10), None);
        self.ask(put("un", 1, &[9], false), None);
        self.bind(1);
        self.thrice(put("un", 1, &[9, 10], false), &put("un", 1, &[9], false), "version", None);
        self.ask(part("un", 1, 0, 0..10), None);
        self.ask(put("ofac", 1, &[1], false), None);
        self.thrice(clear("@awa", "un"), &clear("@moussa", "un"), "clear", None);
        self.ask(clear("@awa", "ofac"), None);
        self.bind(1);
        // Half a file, unless it is forced.
        self.ask(part("un", 2, 0, 0..5), None);
        self.ask(put("un", 2, &[5], false), None);
        self.ask(put("un", 2, &[5], true), None);
        for number in 1..=16 {
            self.ask(part(&format!("list-{number}"), 1, 0, 0..1), None);
        }
        self.bind(1);
    }
}
