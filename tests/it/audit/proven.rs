//! Proofs and roots over HTTP: what the API says of an event, a verifier in Python accepts that has only an exported file and a public key.

use super::tool;
use crate::house::House;
use crate::http::{STAFF, Server};
use crate::python;
use anyhow::{Context, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemas::hex::{hex, unhex};
use schemas::merkle::{Hash, leads};
use schemas::resource::AuditProof;
use schemas::{EventId, Topic, TransactionId, audit};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tokio::runtime::Runtime;

/// Every event of some epochs, and every request that is none.
pub(super) fn events(house: &House, runtime: &Runtime) -> anyhow::Result<()> {
    let out = house.file("proven.jsonl").display().to_string();
    ensure!(tool(house, &["audit", "export", "--quiet", "--out", &out])?.0 == 0);
    let text = std::fs::read_to_string(&out)?;
    let lines: Vec<Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let server = Server::at(&house.base, house.auth())?;
    let token = server.token("auditor", "audit:read operator")?;
    let get = |path: &str| runtime.block_on(server.get(&token, path));

    // The roots, in parts, are those of the file.
    let exported: Vec<&Value> = lines.iter().filter(|line| line["line"] == "root").map(|line| &line["root"]).collect();
    let (mut roots, mut next) = (Vec::new(), Some("/admin/audit/roots?limit=400".to_owned()));
    while let Some(path) = next {
        let part = get(&path)?.json()?;
        roots.extend(part["roots"].as_array().context("roots")?.clone());
        next = part["next_cursor"].as_str().map(|cursor| format!("/admin/audit/roots?limit=400&cursor={cursor}"));
    }
    ensure!(roots.iter().eq(exported.iter().copied()), "{} roots over HTTP, {} in the file", roots.len(), exported.len());
    let [from, to] = [3, 6].map(|at: usize| exported[at]["epoch"].clone());
    let some = get(&format!("/admin/audit/roots?from={from}&to={to}&cell=settlement"))?.json()?;
    ensure!(some["roots"] == json!(exported[3..6]), "{some}");
    let of_risk = get("/admin/audit/roots?cell=risk")?.json()?;
    ensure!(of_risk["roots"].as_array().is_some_and(|roots| roots.iter().all(|root| root["cell"] == "risk")), "{of_risk}");

    // Every event of the widest epoch, and the first and the last of all.
    let records: Vec<&Value> = lines.iter().filter(|line| line["line"] == "record").collect();
    let widest = exported.iter().max_by_key(|root| root["events"].as_u64()).context("a root")?;
    let chosen: BTreeSet<&str> = records
        .iter()
        .filter(|record| record["epoch"] == widest["epoch"])
        .chain([&records[0], records.last().context("a record")?])
        .filter_map(|record| record["event_id"].as_str())
        .collect();
    ensure!(chosen.len() > 3, "{chosen:?}");
    let key = house.file("audit.public.pem").display().to_string();
    let shown = house.file("proof.json");
    let verify = |proof: &Value, key: &str| {
        std::fs::write(&shown, proof.to_string())?;
        anyhow::Ok(python::run("audit/verify.py", &["proof", key, &shown.display().to_string(), &out]).map_err(|error| error.to_string()))
    };
    let mut proof = Value::Null;
    for id in &chosen {
        let answer = get(&format!("/admin/audit/events/{id}/proof"))?;
        ensure!(answer.status == 200, "{id}: {answer:?}");
        proof = answer.json()?;
        let said = verify(&proof, &key)?;
        ensure!(said.as_ref().is_ok_and(|said| said.contains(id)), "{id}: {said:?}");
        ensure!(
            proof["public_key"].as_str().is_some_and(|key| key.len() == 64) && proof["as_of"].as_u64() >= proof["epoch"].as_u64(),
            "{proof}"
        );
    }
    // No proof is good for anything else.
    let id = chosen.iter().find(|id| **id != proof["event_id"]).context("two events")?;
    let wide = get(&format!(
        "/admin/audit/events/{}/proof",
        records.iter().find(|record| record["epoch"] == widest["epoch"]).context("a record")?["event_id"].as_str().context("an id")?
    ))?
    .json()?;
    let hash = json!("ab".repeat(32));
    for (name, change) in [
        ("another leaf", json!({"leaf": hash})),
        ("another root", json!({"root": hash})),
        ("another head", json!({"head": hash})),
        ("another head before", json!({"previous_head": hash})),
        ("another index", json!({"index": wide["index"].as_u64().context("an index")? + 1})),
        ("another count", json!({"events": wide["events"].as_u64().context("a count")? + 1})),
        ("a shorter path", json!({"path": []})),
        ("another path", json!({"path": vec![hash.clone(); wide["path"].as_array().context("a path")?.len()]})),
        ("another event", json!({"event_id": id})),
        ("another signature", json!({"signature": "ab".repeat(64)})),
        ("another cell", json!({"cell": "risk"})),
        ("another epoch", json!({"epoch": wide["epoch"].as_u64().context("an epoch")? + 1})),
    ] {
        let mut changed = wide.clone();
        changed.as_object_mut().context("a proof")?.extend(change.as_object().context("a change")?.clone());
        ensure!(changed == wide || verify(&changed, &key)?.is_err(), "{name} is accepted");
    }
    ensure!(verify(&wide, &house.file("jwt.public.pem").display().to_string())?.is_err_and(|said| said.contains("another key")));

    // What is no event of the chain, and what is no request.
    let (epoch, number) = (widest["epoch"].as_u64().context("an epoch")?, widest["events"].as_u64().context("a count")?);
    let beyond = EventId::mint(epoch, u32::try_from(number)?);
    for (path, status, code) in [
        (format!("/admin/audit/events/{beyond}/proof"), 404, "event_not_found"),
        (format!("/admin/audit/events/{}/proof", EventId::mint(epoch - 1, 0)), 404, "event_not_found"),
        (format!("/admin/audit/events/{}/proof", EventId::mint(7, 0)), 404, "event_not_found"),
        (format!("/admin/audit/events/{}/proof", TransactionId::mint(epoch, 0)), 404, "event_not_found"),
        (format!("/admin/audit/events/{}/proof", uuid::Uuid::new_v4()), 404, "event_not_found"),
        (format!("/admin/audit/events/{}/proof", EventId::mint(epoch + 86_400_000, 0)), 404, "event_not_found"),
        ("/admin/audit/events/none/proof".to_owned(), 400, "invalid_request"),
        (format!("/admin/audit/events/{}/proof", beyond.0.simple()), 400, "invalid_request"),
        (format!("/admin/audit/events/{beyond}/proof?at=7"), 400, "invalid_request"),
        ("/admin/audit/roots?cell=views".to_owned(), 400, "invalid_request"),
        ("/admin/audit/roots?from=7&to=6".to_owned(), 400, "invalid_request"),
        ("/admin/audit/roots?from=soon".to_owned(), 400, "invalid_request"),
        ("/admin/audit/roots?limit=0".to_owned(), 400, "invalid_request"),
        ("/admin/audit/roots?cursor=1".to_owned(), 400, "invalid_request"),
        ("/admin/audit/roots?event=1".to_owned(), 400, "invalid_request"),
    ] {
        let problem = get(&path)?.problem()?;
        ensure!((problem.status, problem.code.as_str()) == (status, code), "{path}: {problem:?}");
    }
    for lacking in ["audit:read", "operator", "operator reports:read"] {
        let token = server.token("auditor", lacking)?;
        let answer = runtime.block_on(server.get(&token, "/admin/audit/roots"))?;
        ensure!(answer.status == 403, "{lacking}: {answer:?}");
    }
    ensure!(STAFF.contains("audit:read"), "the other tests ask these routes as well");
    Ok(())
}

/// Each alert that was raised has a proof.
pub(super) fn alerts(house: &House, out: &str) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(out)?;
    let lines: Vec<Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let server = Server::at(&house.base, house.auth())?;
    let (token, runtime) = (server.token("auditor", STAFF)?, Runtime::new()?);
    let key = |record: &Value| anyhow::Ok(String::from_utf8(STANDARD.decode(record["key"].as_str().context("a key")?)?)?);
    let mut proven = 0;
    for record in lines.iter().filter(|line| line["topic"] == Topic::AlertRaised.as_str()) {
        let id = key(record)?;
        let proof: AuditProof =
            serde_json::from_value(runtime.block_on(server.get(&token, &format!("/admin/audit/events/{id}/proof")))?.json()?)?;
        let datum = STANDARD.decode(record["datum"].as_str().context("a datum")?)?;
        let leaf = audit::leaf(Topic::AlertRaised.as_str(), id.as_bytes(), &datum);
        let path: Option<Vec<Hash>> = proof.path.iter().map(|beside| unhex(beside)).collect();
        let (path, root) = path.zip(unhex(&proof.root)).context("hashes")?;
        ensure!(leads(leaf, proof.index, proof.events, &path, &root), "{proof:?}");
        ensure!(proof.cell == audit::RISK && proof.event_id.to_string() == id && proof.leaf == hex(&leaf), "{proof:?}");
        proven += 1;
    }
    ensure!(proven > 0, "no alert was raised");
    Ok(())
}
