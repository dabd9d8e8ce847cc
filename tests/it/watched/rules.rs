//! The alerts fire when they should and keep silent when they should, by Prometheus's own evaluation of them.

use super::promtool;
use anyhow::{Context, ensure};
use serde_json::Value;
use std::path::Path;

pub(super) const RULES: &str = "deploy/alerts/orion.rules.yml";
const TESTS: &str = "deploy/alerts/orion.test.yml";

/// Every rule, in order.
pub(super) fn all() -> anyhow::Result<Vec<Value>> {
    let file = read(RULES)?;
    let groups = file["groups"].as_array().context("groups")?;
    let rules = groups.iter().map(|group| group["rules"].as_array().cloned().context("rules"));
    Ok(rules.collect::<anyhow::Result<Vec<_>>>()?.concat())
}

/// Those that are alerts.
pub(super) fn alerts() -> anyhow::Result<Vec<Value>> {
    Ok(all()?.into_iter().filter(|rule| rule["alert"].is_string()).collect())
}

#[test]
fn the_alerts_fire_and_keep_silent() -> anyhow::Result<()> {
    promtool::check_rules(Path::new(RULES))?;
    promtool::test_rules(Path::new(TESTS))
}

#[test]
fn every_alert_is_shown_firing_and_silent() -> anyhow::Result<()> {
    let file = read(TESTS)?;
    let tests = file["tests"].as_array().context("tests")?.iter().flat_map(|test| test["alert_rule_test"].as_array().into_iter().flatten());
    let cases: Vec<(&Value, bool)> =
        tests.map(|case| (&case["alertname"], case["exp_alerts"].as_array().is_some_and(|alerts| !alerts.is_empty()))).collect();
    let alerts = alerts()?;
    ensure!(alerts.len() > 15, "there are only {} alerts", alerts.len());
    for alert in &alerts {
        for (fires, word) in [(true, "firing"), (false, "silent")] {
            ensure!(cases.contains(&(&alert["alert"], fires)), "no case shows {} {word}", alert["alert"]);
        }
    }
    Ok(())
}

/// A test that promtool passes whatever stands in it would show nothing: with each expectation turned round, it fails.
#[test]
fn a_case_that_expects_the_opposite_fails() -> anyhow::Result<()> {
    let folder = std::env::temp_dir().join(format!("orion-alerts-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir_all(&folder)?;
    std::fs::copy(RULES, folder.join("orion.rules.yml"))?;
    let file = read(TESTS)?;
    for case in file["tests"].as_array().context("tests")? {
        let mut turned = case.clone();
        let expected = &mut turned["alert_rule_test"][0]["exp_alerts"];
        let fires = expected.as_array().is_some_and(|alerts| !alerts.is_empty());
        *expected = if fires { serde_json::json!([]) } else { serde_json::json!([{"exp_labels": {}}]) };
        let one = serde_json::json!({"rule_files": ["orion.rules.yml"], "evaluation_interval": "1m", "tests": [turned]});
        let path = folder.join("turned.yml");
        std::fs::write(&path, one.to_string())?;
        ensure!(promtool::test_rules(&path).is_err(), "this passes, and its opposite does: {case}");
    }
    Ok(std::fs::remove_dir_all(folder)?)
}

fn read(file: &str) -> anyhow::Result<Value> {
    serde_yaml_ng::from_str(&std::fs::read_to_string(file)?).with_context(|| format!("{file} is no YAML"))
}
