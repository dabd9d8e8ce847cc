//! What is no command when it comes is set aside as it is, stops nothing, and is handed in again once it can be read.

use crate::house::House;
use crate::http::Server;
use crate::overload::ends;
use anyhow::{Context, ensure};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use schemas::wire::Encoder;
use schemas::{Authority, Command, CreateCustomer, HoldId, Operation, Principal, Release, Topic};
use serde_json::{Value, json};
use std::process::Output;
use std::time::{Duration, Instant};

const COMMANDS: &str = "orion.commands.v1";

#[test]
fn a_dead_letter_is_listed_shown_and_handed_in_again_once_it_can_be_read() -> anyhow::Result<()> {
    let Some(house) = House::start("dead-letters")? else { return Ok(()) };
    let runtime = tokio::runtime::Runtime::new()?;
    // A schema that the registry knows and that nobody has recorded in the log, and one that nobody knows.
    let known = runtime.block_on(register())?;
    let command = enrol();
    append(&written(&command, known)?)?;
    append(&written(&command, known + 1_000)?)?;
    append(b"no command")?;
    append(&written(&release(), known)?)?;
    let letters = listed(&house, 4)?;
    let reasons: Vec<&str> = letters.iter().filter_map(|letter| letter["reason"].as_str()).collect();
    ensure!(reasons.len() == 4 && letters.iter().all(|letter| letter["epoch"].is_u64()), "{letters:?}");
    let position = |number: usize| letters[number]["position"].as_str().context("a position");
    let text = said(&house, &["dlq", "list"], 0)?;
    ensure!(text.lines().count() == 4 && text.contains(position(2)?) && text.contains("10 bytes"), "{text}");

    // What can't be read stays, and the code says so; what stood nowhere is no dead letter.
    let shown: Value = serde_json::from_str(&said(&house, &["dlq", "show", position(2)?], 0)?)?;
    ensure!(shown["value"] == "no command" && shown["still"].is_string() && shown["command_id"].is_null(), "{shown}");
    let stays = said(&house, &["dlq", "replay", position(1)?, position(2)?], 1)?;
    ensure!(stays.contains("the registry does not know schema") && stays.contains("0 handed in again, 2 stay"), "{stays}");
    let nowhere = house.orion().args(["dlq", "show", "0:999999"]).output()?;
    let error = String::from_utf8_lossy(&nowhere.stderr);
    ensure!(nowhere.status.code() == Some(65) && error.contains("no dead letter stood at 0:999999"), "{error}");
    let wrong = house.orion().args(["dlq", "show", "somewhere"]).output()?;
    ensure!(!wrong.status.success() && String::from_utf8_lossy(&wrong.stderr).contains("<partition>:<offset>"), "{wrong:?}");

    // What can be read is decided; handed in twice, it is one customer.
    let shown: Value = serde_json::from_str(&said(&house, &["dlq", "show", position(0)?], 0)?)?;
    ensure!(shown["command_id"] == command.id().to_string() && shown["still"].is_null(), "{shown}");
    for again in 0..2 {
        let handed = said(&house, &["dlq", "replay", position(0)?], 0)?;
        ensure!(handed.contains("1 handed in again, 0 stay"), "{again}: {handed}");
    }
    let server = Server::at(&house.base, house.auth())?;
    let token = server.token("teller", "transactions:read customers:read operator")?;
    let operation = until(|| {
        let answer = runtime.block_on(server.get(&token, &format!("/v1/operations/{}", command.id())))?;
        let operation = if answer.status == 200 { answer.json()? } else { Value::Null };
        Ok((operation["status"] == "completed").then_some(operation))
    })?;
    ensure!(operation["operation"] == "create_customer", "{operation}");
    let created = tapped(&house, &["customer.created.v1", "--from", "beginning", "--where", "full_name=Late Diop"])?;
    ensure!(created.len() == 1, "{created:?}");

    // What the rules in force do not know is written by nobody: it would be refused, and for seven days.
    let staff = server.token("teller", "rules:write rules:read operator")?;
    let activated = runtime.block_on(server.post(&staff, "/v1/rules", &[("prefer", "wait=30")], &json!({"version": 3})))?.json()?;
    let later = activated["epoch"].as_u64().context("an epoch")? + 1;
    runtime.block_on(server.get(&staff, &format!("/v1/rules?at_least={later}")))?.json()?;
    let before = ends(COMMANDS)?;
    let stays = said(&house, &["dlq", "replay", position(3)?], 1)?;
    ensure!(stays.contains("version 3 of the rules is in force, which does not know release"), "{stays}");
    ensure!(ends(COMMANDS)? == before, "it was written");

    // A tap begins where it is told to, and shows what is wanted.
    let epoch = created[0]["epoch"].as_u64().context("an epoch")?;
    let count = |from: String| Ok::<_, anyhow::Error>(tapped(&house, &["customer.created.v1", "--from", &from])?.len());
    ensure!(count(epoch.to_string())? == 1 && count(schemas::epoch::rfc3339(epoch))? == 1 && count((epoch + 1).to_string())? == 0);
    ensure!(tapped(&house, &["customer.created.v1", "--from", "beginning", "--key", "nobody"])?.is_empty());
    house.forget()
}

fn enrol() -> Command {
    let principal = Principal { subject: "importer".to_owned(), authority: Authority::Operator };
    let operation = Operation::CreateCustomer(CreateCustomer { full_name: "Late Diop".to_owned(), msisdn: None, country: None });
    Command { principal, idempotency_key: "late".to_owned(), received_ms: 0, operation }
}

/// What only version 4 of the rules knows.
fn release() -> Command {
    Command { operation: Operation::Release(Release { hold_id: HoldId::mint(1_764_000_000_000, 0) }), ..enrol() }
}

/// A command under the schema of this id.
fn written(command: &Command, id: u32) -> anyhow::Result<Vec<u8>> {
    Ok(Encoder::new([(Topic::Commands, id)].into()).command(command)?)
}

/// Registers the schema of commands under a subject that is nobody's, with a word that makes it another one.
async fn register() -> anyhow::Result<u32> {
    let registry = std::env::var("SCHEMA_REGISTRY_URL")?;
    let mut schema: Value = serde_json::from_str(schemas::wire::schema_json(Topic::Commands))?;
    schema["doc"] = "As an importer writes it.".into();
    let url = format!("{registry}/subjects/importer-{}/versions", uuid::Uuid::new_v4());
    let answer: Value = reqwest::Client::new().post(url).json(&json!({"schema": schema.to_string()})).send().await?.json().await?;
    Ok(u32::try_from(answer["id"].as_u64().with_context(|| format!("the registry said {answer}"))?)?)
}

fn append(value: &[u8]) -> anyhow::Result<()> {
    let producer: BaseProducer = rdkafka::ClientConfig::new().set("bootstrap.servers", std::env::var("KAFKA_BROKERS")?).create()?;
    producer.send(BaseRecord::to(COMMANDS).key("importer").payload(value)).map_err(|(error, _)| error)?;
    Ok(producer.flush(Duration::from_secs(10))?)
}

/// The dead letters, once there are so many.
fn listed(house: &House, count: usize) -> anyhow::Result<Vec<Value>> {
    until(|| {
        let text = said(house, &["dlq", "list", "--json"], 0)?;
        let letters: Vec<Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        Ok((letters.len() >= count).then_some(letters))
    })
}

fn tapped(house: &House, arguments: &[&str]) -> anyhow::Result<Vec<Value>> {
    let text = said(house, &[&["tap", "--until-end"], arguments].concat(), 0)?;
    Ok(text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

fn said(house: &House, arguments: &[&str], code: i32) -> anyhow::Result<String> {
    let Output { status, stdout, stderr } = house.orion().args(arguments).output()?;
    ensure!(status.code() == Some(code), "orion {arguments:?} ended with {status}: {}", String::from_utf8_lossy(&stderr));
    Ok(String::from_utf8(stdout)?)
}

fn until<T>(mut look: impl FnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        ensure!(Instant::now() < deadline, "it did not come about within half a minute");
        std::thread::sleep(Duration::from_millis(100));
    }
}
