//! The bodies of what loads watchlists, puts them in force, and clears matches.

use schemas::ListKind;
use schemas::list::{EntryKind, ListedName};
use serde::Deserialize;
use utoipa::ToSchema;

/// A part of a version of a list.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"version": 1, "number": 0, "entries": [
    {"id": "QDi.001", "kind": "person", "names": [{"name": "SOW, Aminata", "strength": "primary"}], "born": ["1971-03-25"], "countries": ["sn"]},
]}))]
pub(in crate::http) struct ListPartRequest {
    /// Of which version: higher than the one in force.
    #[schema(minimum = 1, example = 1)]
    version: u32,
    /// Which part, from 0 on; the first begins anew.
    #[schema(maximum = 255, example = 0)]
    number: u32,
    /// The entries, in the order of their ids, each after all of the parts before; 256 KiB of text at most.
    #[schema(min_items = 1, max_items = 500)]
    entries: Vec<ListEntryRequest>,
}

/// Somebody or something on a list.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ListEntryRequest {
    /// What the list calls it.
    #[schema(min_length = 1, max_length = 128, example = "QDi.001")]
    id: String,
    /// What it is.
    kind: EntryKind,
    /// Its names, the first of which is the one under which it is listed.
    #[schema(min_items = 1, max_items = 1_000)]
    names: Vec<ListedName>,
    /// When it may have been born: `1971-03-25`, `1971`, or `1970 to 1972`.
    #[schema(max_items = 50)]
    born: Option<Vec<String>>,
    /// Its countries and nationalities, two small letters each.
    #[schema(max_items = 50)]
    countries: Option<Vec<String>>,
    /// Under which programme or reference it is listed.
    #[schema(max_length = 1_000, example = "QDi")]
    reference: Option<String>,
}

/// A version of a list that is to come into force.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "version": 1, "parts": 1, "count": 1, "digest": "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
}))]
pub(in crate::http) struct ListVersionRequest {
    /// What it means to be on it; `sanctions` by default.
    kind: Option<ListKind>,
    /// Which version: the one that was loaded.
    #[schema(minimum = 1, example = 1)]
    version: u32,
    /// How many parts it has; none ends the list, by force.
    #[schema(maximum = 256, example = 1)]
    parts: u32,
    /// How many entries.
    #[schema(example = 1)]
    count: u32,
    /// What all parts come to: SHA-256 over what those before come to, 32 zeros before the first, and each text behind its length.
    #[schema(pattern = "^[0-9a-f]{64}$", example = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d")]
    digest: String,
    /// Whether it is right that it has less than 90 % of the entries of the version in force, or none.
    #[schema(example = false)]
    force: Option<bool>,
}

/// Why a customer, or a counterparty of theirs, is not whom an entry means.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "another date of birth"}))]
pub(in crate::http) struct ClearMatchRequest {
    /// For whoever reads it later; not all blank, no control characters.
    #[schema(min_length = 1, max_length = 500, example = "another date of birth")]
    reason: String,
    /// Which counterparty of the customer's, where the alert is about one: the part of its `subject_id` behind the customer.
    #[schema(pattern = "^[0-9a-f]{32}$", example = "6f1ed002ab5595859014ebf0951522d9")]
    counterparty: Option<String>,
}
