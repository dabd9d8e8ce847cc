//! The house rules that a compiler doesn't check: who may import whom, and what the repository may say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Which of our own packages each may import, and what it must never see.
const EDGES: &[(&str, &[&str], &[&str])] = &[
    ("schemas", &[], &["tokio", "rdkafka", "sqlx", "axum", "timely"]),
    ("state", &["schemas"], &["tokio", "rdkafka", "sqlx", "axum", "timely"]),
    ("dataflows", &["schemas", "state", "screening"], &["tokio", "rdkafka", "sqlx", "axum"]),
    ("faults", &[], &["tokio", "rdkafka", "sqlx", "axum", "timely"]),
    ("meters", &[], &["tokio", "rdkafka", "sqlx", "axum", "timely"]),
    ("goaml", &["schemas"], &["tokio", "rdkafka", "sqlx", "axum", "timely"]),
    ("screening", &[], &["tokio", "rdkafka", "sqlx", "axum", "timely"]),
    ("ingress", &["schemas", "faults", "meters"], &["sqlx"]),
    ("egress", &["schemas", "faults"], &["axum", "timely"]),
    ("api", &["schemas", "meters", "goaml"], &["timely", "rdkafka"]),
    ("grpc", &["schemas"], &["timely", "rdkafka", "sqlx"]),
    ("orion", &["schemas", "state", "dataflows", "ingress", "egress", "api", "grpc", "faults", "meters", "goaml", "screening"], &[]),
];

/// Files that may be longer than [`LINES_MAX`], with the reason. The list only shrinks.
const LONG: &[(&str, &str)] = &[("schemas/src/wire/event.rs", "one record a topic, field by field")];

const LINES_MAX: usize = 400;

#[test]
fn packages_import_only_what_they_may() {
    let metadata = Command::new(env!("CARGO")).args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).output().unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let mut seen = BTreeMap::new();
    for package in metadata["packages"].as_array().unwrap() {
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        let used =
            dependencies.filter(|dependency| dependency["kind"] != "dev").map(|dependency| dependency["name"].as_str().unwrap().to_owned());
        seen.insert(package["name"].as_str().unwrap().to_owned(), used.collect::<BTreeSet<_>>());
    }
    let ours: BTreeSet<_> = EDGES.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(seen.keys().cloned().collect::<BTreeSet<_>>(), ours, "every package has its edges listed");
    for (name, may, never) in EDGES {
        for used in &seen[*name] {
            assert!(!ours.contains(used) || may.contains(&used.as_str()), "{name} must not import {used}");
            assert!(!never.contains(&used.as_str()), "{name} must never see {used}");
        }
    }
}

/// What is shipped is built without features, and can't be told to fail.
#[test]
fn no_package_arms_the_faults_by_itself() {
    let metadata = Command::new(env!("CARGO")).args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).output().unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
    for package in metadata["packages"].as_array().unwrap() {
        assert!(package["features"]["default"].is_null(), "{} has default features", package["name"]);
        for dependency in package["dependencies"].as_array().unwrap().iter().filter(|dependency| dependency["name"] == "faults") {
            assert_eq!(dependency["features"], serde_json::json!([]), "{} arms the faults", package["name"]);
        }
    }
}

#[test]
fn sources_are_short_say_what_they_are_and_keep_money_exact() {
    let root = Path::new(".");
    for folder in [
        "src",
        "schemas/src",
        "state/src",
        "dataflows/src",
        "ingress/src",
        "egress/src",
        "api/src",
        "grpc/src",
        "faults/src",
        "meters/src",
        "goaml/src",
        "screening/src",
        "screening/tests",
        "tests",
        "benches",
    ] {
        for file in rust_files(&root.join(folder)) {
            let name = file.strip_prefix(root).unwrap().display().to_string();
            let text = std::fs::read_to_string(&file).unwrap();
            assert!(text.starts_with("//!"), "{name} says first what it is");
            let long = LONG.iter().any(|(listed, _)| *listed == name);
            assert!(long || text.lines().count() <= LINES_MAX, "{name} has more than {LINES_MAX} lines; split it by noun");
            let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap();
            assert!(!["utils", "util", "helpers", "common", "misc", "manager"].contains(&stem), "{name} is a junk drawer");
            let core = ["schemas/", "state/", "dataflows/", "goaml/", "screening/src/"].iter().any(|room| name.starts_with(room));
            // What a test holds the integers to may be floats.
            let own = if stem == "tests" { "" } else { text.split("#[cfg(test)]").next().unwrap() };
            for float in ["f32", "f64"].into_iter().filter(|_| core) {
                let word = |line: &&str| line.split(|c: char| !c.is_alphanumeric()).any(|word| word == float);
                assert_eq!(own.lines().find(word), None, "{name} counts in {float}");
            }
        }
    }
}

#[test]
fn the_changelog_has_this_version() {
    let changelog = std::fs::read_to_string("CHANGELOG.md").unwrap();
    assert!(changelog.contains(&format!("## {}", env!("CARGO_PKG_VERSION"))));
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files = Vec::new();
    for entry in entries.map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
