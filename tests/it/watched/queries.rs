//! Dashboard and alerts ask only for what there is: every query is one to Prometheus, and every metric and label in it stands in
//! the list from which the code registers them (`meters::ALL`) or among the recorded rules. A page stands behind each alert.

use super::promql::{self, Recorded};
use super::{promtool, rules};
use anyhow::{Context, ensure};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

const DASHBOARD: &str = "deploy/grafana/orion.json";

/// A query, and where it stands.
struct Asked {
    place: String,
    query: String,
}

#[test]
fn every_query_names_only_what_is_measured() -> anyhow::Result<()> {
    let recorded = recorded()?;
    let asked: Vec<Asked> = dashboard()?.into_iter().chain(of_rules()?).collect();
    ensure!(asked.len() > 80, "there are only {} queries", asked.len());
    let wrong: Vec<String> = asked
        .iter()
        .flat_map(|Asked { place, query }| {
            promql::wrong(query, &recorded).into_iter().map(move |what| format!("{place}: {what}, in {query}"))
        })
        .collect();
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// A mistake in one query of the real files is found: of the longest name in it, one letter is another.
#[test]
fn a_name_that_is_misspelt_in_any_query_is_found() -> anyhow::Result<()> {
    let recorded = recorded()?;
    for Asked { place, query } in dashboard()?.into_iter().chain(of_rules()?) {
        let names = meters::ALL.iter().flat_map(|described| described.labels.iter().chain([&described.name])).chain([&"orion:"]);
        let named: BTreeSet<&str> = names.copied().filter(|name| query.contains(name)).collect();
        ensure!(!named.is_empty(), "{place}: {query} asks for nothing of ours");
        let metric = named.iter().filter(|name| name.starts_with("orion") || name.contains("_seconds")).max_by_key(|name| name.len());
        let metric = metric.with_context(|| format!("{place}: {query}"))?;
        let misspelt = query.replacen(*metric, &metric.replacen('o', "p", 1), 1);
        ensure!(!promql::wrong(&misspelt, &recorded).is_empty(), "{place}: nobody finds the mistake in {misspelt}");
    }
    Ok(())
}

#[test]
fn promtool_understands_every_query_of_the_dashboard() -> anyhow::Result<()> {
    let rule = |(number, asked): (usize, Asked)| {
        // What Grafana puts there.
        let query = asked.query.replace("$__rate_interval", "1m");
        serde_json::json!({"record": format!("dashboard:query:{number}"), "expr": query})
    };
    let rules: Vec<Value> = dashboard()?.into_iter().enumerate().map(rule).collect();
    // JSON is YAML.
    let file = std::env::temp_dir().join(format!("orion-dashboard-{}.yml", uuid::Uuid::new_v4()));
    std::fs::write(&file, serde_json::json!({"groups": [{"name": "dashboard", "rules": rules}]}).to_string())?;
    promtool::check_rules(&file)?;
    Ok(std::fs::remove_file(file)?)
}

#[test]
fn the_dashboard_can_be_provisioned() -> anyhow::Result<()> {
    let dashboard: Value = serde_json::from_str(&std::fs::read_to_string(DASHBOARD)?)?;
    ensure!(dashboard["uid"] == "orion" && dashboard["id"].is_null(), "its uid is the same wherever it is, and its id is Grafana's");
    let panels = dashboard["panels"].as_array().context("panels")?;
    let ids: BTreeSet<u64> = panels.iter().filter_map(|panel| panel["id"].as_u64()).collect();
    ensure!(ids.len() == panels.len(), "each panel has an id of its own");
    let titles: Vec<&str> = panels.iter().filter(|panel| panel["type"] == "row").filter_map(|row| row["title"].as_str()).collect();
    assert_eq!(titles, ["Fresh and right", "The door", "Settlement", "Views", "Kafka", "Processes"]);
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        ensure!(panel["datasource"]["uid"] == "${datasource}", "{} asks a data source that another Grafana does not have", panel["title"]);
        ensure!(panel["targets"].as_array().is_some_and(|targets| !targets.is_empty()), "{} asks nothing", panel["title"]);
    }
    Ok(())
}

#[test]
fn a_page_stands_behind_every_alert() -> anyhow::Result<()> {
    for alert in rules::alerts()? {
        let (name, annotations) = (&alert["alert"], &alert["annotations"]);
        ensure!(["page", "ticket"].map(Value::from).contains(&alert["labels"]["severity"]), "{name} has no severity");
        ensure!(annotations["summary"].as_str().is_some_and(|summary| summary.ends_with('.')), "{name} says what it is");
        let page = annotations["runbook_url"].as_str().with_context(|| format!("{name} has no page"))?;
        ensure!(page.starts_with("deploy/runbooks/") && Path::new(page).exists(), "{name}: there is no {page}");
        let text = std::fs::read_to_string(page)?;
        for part in ["**Meaning.**", "**Impact.**", "**First five minutes", "**Mitigate.**", "**Verify.**"] {
            ensure!(text.contains(part), "{page} has no {part}");
        }
    }
    Ok(())
}

/// The pages of the alerts name only metrics that there are.
#[test]
fn the_pages_name_what_is_measured() -> anyhow::Result<()> {
    let recorded = recorded()?;
    for entry in std::fs::read_dir("deploy/runbooks")? {
        let path = entry?.path();
        let text = std::fs::read_to_string(&path)?;
        let quoted = text.split('`').skip(1).step_by(2).filter(|quoted| quoted.starts_with("orion_") || quoted.starts_with("orion:"));
        for name in quoted.filter(|quoted| *quoted != "orion_views") {
            let described = meters::ALL.iter().any(|described| described.name == name);
            let wrong = if described { Vec::new() } else { promql::wrong(name, &recorded) };
            ensure!(wrong.is_empty(), "{}: {name}: {wrong:?}", path.display());
        }
    }
    Ok(())
}

fn dashboard() -> anyhow::Result<Vec<Asked>> {
    let dashboard: Value = serde_json::from_str(&std::fs::read_to_string(DASHBOARD)?)?;
    let panels = dashboard["panels"].as_array().context("panels")?;
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().into_iter().flatten().map(move |target| (panel, target)));
    let annotations = dashboard["annotations"]["list"].as_array().context("annotations")?;
    let all = targets
        .map(|(panel, target)| (&panel["title"], &target["expr"]))
        .chain(annotations.iter().map(|annotation| (&annotation["name"], &annotation["expr"])));
    all.map(|(title, query)| {
        let query = query.as_str().with_context(|| format!("{title} has a target without a query"))?.to_owned();
        Ok(Asked { place: format!("{DASHBOARD}, {title}"), query })
    })
    .collect()
}

fn of_rules() -> anyhow::Result<Vec<Asked>> {
    let asked = |rule: Value| {
        let name = rule["alert"].as_str().or_else(|| rule["record"].as_str()).context("a rule without a name")?;
        Ok(Asked { place: format!("{}, {name}", rules::RULES), query: rule["expr"].as_str().context("a rule without a query")?.to_owned() })
    };
    rules::all()?.into_iter().map(asked).collect()
}

/// What the rules record. All of it is one number.
fn recorded() -> anyhow::Result<Recorded> {
    let rules = rules::all()?;
    Ok(rules.iter().filter_map(|rule| rule["record"].as_str()).map(|name| (name.to_owned(), BTreeSet::new())).collect())
}
