//! Who may ask what, route by route, at both doors: each kind of token against each route, and against what is whose.
//!
//! What is expected is in `table`, line by line; that it has every route and every method is held against OpenAPI and against
//! the descriptors. The table as a text is `api/AUTHORIZATION.md`.

mod scene;
mod table;

use crate::grpc::call::{Calls, outcome};
use crate::house::House;
use crate::http::{STAFF, Server};
use anyhow::{Context, ensure};
use grpc::methods::{Method, methods};
use reqwest::Method as Verb;
use scene::Scene;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use table::{BAD, CLOSED, Cell, OPEN, Row, STATUSES};

/// Whose something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    /// Whoever pays.
    Payer,
    /// Whoever is paid, and may capture, release and refund.
    Payee,
    /// Whoever hands cash out and takes it in.
    Agent,
}

#[test]
fn the_table_has_every_route_and_every_method() {
    let document = serde_json::to_value(orion::serve::document()).unwrap();
    let mut routes = BTreeMap::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (verb, operation) in operations.as_object().unwrap() {
            let mut scopes = BTreeSet::new();
            // Where there are several ways, one of them is enough, and the table says which.
            for scope in operation["security"].as_array().into_iter().flatten().flat_map(|way| way["bearer"].as_array().unwrap()) {
                scopes.insert(scope.as_str().unwrap().to_owned());
            }
            routes.insert(format!("{} {path}", verb.to_uppercase()), (operation["security"].as_array().map(Vec::len), scopes));
        }
    }
    for route in OPEN {
        assert_eq!(routes.remove(*route), Some((None, BTreeSet::new())), "{route} needs no token");
    }
    for row in CLOSED {
        let (ways, scopes) = routes.remove(row.route).unwrap_or_else(|| panic!("{} is no route, or stands twice", row.route));
        let expected: BTreeSet<_> = row.scopes.split_whitespace().map(str::to_owned).collect();
        match ways {
            Some(1) => assert_eq!(scopes, expected, "{}", row.route),
            Some(_) => assert!(expected.is_subset(&scopes) && !expected.is_empty(), "{}", row.route),
            None => panic!("{} needs a token, and OpenAPI does not say so", row.route),
        }
    }
    assert_eq!(routes.into_keys().collect::<Vec<_>>(), Vec::<String>::new(), "are missing in the table");
    for method in methods() {
        let route = format!("{} {}", method.verb, method.path);
        assert!(CLOSED.iter().any(|row| row.route == route), "{} is not in the table", method.name);
    }
}

/// `ORION_BLESS=1 cargo test authorization` writes the committed form anew.
#[test]
fn the_committed_table_is_the_tested_one() {
    let (path, now) = ("api/AUTHORIZATION.md", text());
    if std::env::var_os("ORION_BLESS").is_some() {
        std::fs::write(path, &now).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == now, "{path} is not the table of the test; ORION_BLESS=1 cargo test authorization writes it anew");
}

fn text() -> String {
    let mut text = String::from(
        "# Who may ask what\n\nA test asks every cell of this table at both doors (`tests/it/authorization`), and has written it. *Another* and *owner* are customers \
         whose tokens have all scopes that the route needs, but not `operator`; *staff* has all. A refusal by the ledger says the same of what is not there.\n\n\
         | Route | Method of gRPC | Scopes | Another | Owner | Staff |\n|---|---|---|---|---|---|\n",
    );
    let methods: BTreeMap<_, _> = methods().into_iter().map(|method| (format!("{} {}", method.verb, method.path), method.name)).collect();
    for row in CLOSED {
        let name = methods.get(row.route).map_or("", |name| name.trim_start_matches("orion.v1."));
        let scopes = if row.scopes.is_empty() { "a token".to_owned() } else { row.scopes.replace(' ', ", ") };
        let [another, own, staff] = [row.another, row.own, row.staff].map(shown);
        text.push_str(&format!("| `{}` | {name} | {scopes} | {another} | {own} | {staff} |\n", row.route));
    }
    for route in OPEN {
        text.push_str(&format!("| `{route}` | | none | 200 | 200 | 200 |\n"));
    }
    text.push_str("\nWithout a scope that it needs: 403 `insufficient_scope`. A token that is\n\n| | |\n|---|---|\n");
    for (kind, code) in BAD {
        text.push_str(&format!("| {kind} | 401 `{code}` |\n"));
    }
    text.push_str("\n| REST | gRPC |\n|---|---|\n");
    for (status, code) in STATUSES {
        text.push_str(&format!("| {status} | {code} |\n"));
    }
    text
}

fn shown((status, code): Cell) -> String {
    if code.is_empty() { status.to_string() } else { format!("{status} `{code}`") }
}

#[test]
fn every_route_is_for_whom_the_table_says() -> anyhow::Result<()> {
    let Some(house) = House::start("authorization")? else { return Ok(()) };
    let server = Server::at(&house.base, house.auth())?;
    let methods: BTreeMap<_, _> = methods().into_iter().map(|method| (format!("{} {}", method.verb, method.path), method)).collect();
    let faults = tokio::runtime::Runtime::new()?.block_on(async {
        let calls = Calls::to(&house.grpc)?;
        let scene = Scene::set(&server).await?;
        let mut faults = Vec::new();
        for row in CLOSED {
            let doors = Doors { server: &server, calls: &calls, scene: &scene, row, method: methods.get(row.route) };
            faults.extend(doors.faults().await.with_context(|| row.route)?);
        }
        for route in OPEN {
            let answer = server.send(Verb::GET, route.trim_start_matches("GET "), &[], Vec::new()).await?;
            faults.extend((answer.status != 200).then(|| format!("{route}: {}", answer.status)));
        }
        anyhow::Ok(faults)
    })?;
    ensure!(faults.is_empty(), "\n{}", faults.join("\n"));
    house.forget()
}

/// How long the views may be behind.
const PATIENCE: Duration = Duration::from_secs(60);

/// A row at both doors.
struct Doors<'a> {
    server: &'a Server,
    calls: &'a Calls,
    scene: &'a Scene<'a>,
    row: &'a Row,
    method: Option<&'a Method>,
}

impl Doors<'_> {
    /// Every cell that is not as it should be.
    async fn faults(&self) -> anyhow::Result<Vec<String>> {
        let mut faults = Vec::new();
        for (kind, code) in BAD {
            faults.extend(self.cell(&format!("a token that is {kind}"), &self.scene.bad(kind)?, (401, code), false).await?);
        }
        let needed: Vec<_> = self.row.scopes.split_whitespace().collect();
        for lacking in &needed {
            let others: Vec<_> = STAFF.split_whitespace().filter(|scope| scope != lacking).collect();
            let token = self.scene.token("teller", &others.join(" "))?;
            faults.extend(self.cell(&format!("staff without {lacking}"), &[token], (403, "insufficient_scope"), false).await?);
        }
        let scopes = needed.iter().filter(|scope| **scope != "operator").copied().collect::<Vec<_>>().join(" ");
        let another = self.scene.token(&self.scene.stranger, &scopes)?;
        faults.extend(self.cell("another customer", &[another], self.row.another, true).await?);
        let own = self.scene.token(self.scene.id(self.row.owner), &scopes)?;
        faults.extend(self.cell("its owner", &[own], self.row.own, true).await?);
        let staff = self.scene.token("teller", STAFF)?;
        faults.extend(self.cell("staff", &[staff], self.row.staff, true).await?);
        Ok(faults)
    }

    /// A cell; what is asked for is made only where somebody looks at it.
    async fn cell(&self, who: &str, tokens: &[String], expected: Cell, made: bool) -> anyhow::Result<Vec<String>> {
        let mut faults = Vec::new();
        let fields = self.scene.fields(self.row.fields, made).await?;
        let (status, code) = self.rest(tokens, &fields).await?;
        if (status, code.as_str()) != expected {
            faults.push(format!("{} for {who}: {status} {code}, not {} {}", self.row.route, expected.0, expected.1));
        }
        if let Some(method) = self.method {
            let fields = self.scene.fields(self.row.fields, made).await?;
            let message = grpc::json::from_json(&method.input, &fields).map_err(anyhow::Error::msg)?;
            let mut metadata = vec![("idempotency-key", uuid::Uuid::new_v4().to_string()), ("prefer", "wait=20".to_owned())];
            metadata.extend(tokens.iter().map(|token| ("authorization", token.clone())));
            let deadline = Instant::now() + PATIENCE;
            let (found, reason) = loop {
                let (found, reason) = outcome(&self.calls.ask(method, message.clone(), &metadata).await);
                if reason != "view_behind" || Instant::now() > deadline {
                    break (found, reason);
                }
            };
            let wanted = STATUSES.iter().find(|(status, _)| *status == expected.0).context("a status of the table")?.1;
            let found = grpc::name(found);
            if (found, reason.as_str()) != (wanted, expected.1) {
                faults.push(format!("{} for {who}: {found} {reason}, not {wanted} {}", method.name, expected.1));
            }
        }
        Ok(faults)
    }

    /// The request of REST that says the same: what the path names stands in it, of a GET the rest in the query, of a POST in the body.
    async fn rest(&self, tokens: &[String], fields: &Map<String, Value>) -> anyhow::Result<(u16, String)> {
        let (verb, template) = self.row.route.split_once(' ').context("a route")?;
        let (mut path, mut rest) = (template.to_owned(), Map::new());
        for (name, value) in fields {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let place = format!("{{{name}}}");
            if path.contains(&place) {
                path = path.replace(&place, &text);
            } else if verb == "GET" {
                path = format!("{path}{}{name}={text}", if path.contains('?') { '&' } else { '?' });
            } else {
                rest.insert(name.clone(), value.clone());
            }
        }
        let key = uuid::Uuid::new_v4().to_string();
        let mut headers: Vec<_> = tokens.iter().map(|token| ("authorization", token.as_str())).collect();
        let body = if verb == "GET" { Vec::new() } else { Value::Object(rest).to_string().into_bytes() };
        if verb != "GET" {
            headers.extend([("content-type", "application/json"), ("idempotency-key", &*key), ("prefer", "wait=20")]);
        }
        let deadline = Instant::now() + PATIENCE;
        let answer = loop {
            let answer = if verb == "GET" {
                self.server.begin(&path, &headers).await?
            } else {
                self.server.send(verb.parse()?, &path, &headers, body.clone()).await?
            };
            // Views that are behind on a busy machine say nothing of rights.
            if !answer.is_behind() || Instant::now() > deadline {
                break answer;
            }
        };
        let code = if answer.status < 400 { String::new() } else { answer.problem()?.code };
        Ok((answer.status, code))
    }
}
