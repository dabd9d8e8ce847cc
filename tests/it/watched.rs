//! Orion can be watched: what its processes show moves with what they do, Prometheus can read it, and every log line says
//! whose it is. What dashboards and alerts ask for is held to what there is (`queries`), and the alerts fire (`rules`).

mod promql;
mod promtool;
mod queries;
mod rules;
mod text;

use crate::house::House;
use crate::http::Server;
use anyhow::{Context, ensure};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::{Duration, Instant};
pub(crate) use text::Scrape;

#[test]
fn what_the_processes_show_moves_with_what_they_do() -> anyhow::Result<()> {
    let Some(mut house) = House::start("watched")? else { return Ok(()) };
    let runtime = tokio::runtime::Runtime::new()?;
    let server = Server::at(&house.base, house.auth())?;
    load(&house, "first", 50)?;
    let before = Scrapes::take(&house, &server, &runtime)?;
    let second = load(&house, "second", 300)?;
    let after = eventually(|| {
        let after = Scrapes::take(&house, &server, &runtime)?;
        ensure!(after.views.sum("orion_accounts") == 0.0, "the views have no ledger");
        // Snapshots are taken twice a second here, and Kafka is asked once a second.
        ensure!(after.settlement.sum("orion_snapshot_timestamp_seconds") > before.settlement.sum("orion_snapshot_timestamp_seconds"));
        ensure!(after.settlement.sum("orion_kafka_lag_records") == 0.0 && after.views.has("orion_kafka_unstable_records"));
        ensure!(after.settlement.sum("orion_epochs_in_flight") <= 1.0);
        Ok(after)
    })?;

    for (process, scrape, moves, stands) in [
        (
            "serve",
            (&before.door, &after.door),
            &["http_server_request_duration_seconds_count"][..],
            &[
                "orion_freshness_seconds",
                "orion_queue_bound",
                "orion_queue_depth",
                "orion_pins",
                "orion_pins_max",
                "orion_views_imbalances",
            ][..],
        ),
        (
            "settlement",
            (&before.settlement, &after.settlement),
            &[
                "orion_decisions_total",
                "orion_refusals_total",
                "orion_epochs_total",
                "orion_epoch_age_seconds_count",
                "orion_kafka_commit_duration_seconds_count",
                "orion_customers",
                "orion_accounts",
                "orion_pins",
                "orion_snapshot_duration_seconds_count",
            ],
            &[
                "orion_freshness_seconds",
                "orion_dead_letters_total",
                "orion_holds_open",
                "orion_cases_open",
                "orion_orders_waiting",
                "orion_pins_max",
                "orion_pins_cold",
                "orion_queue_depth",
                "orion_queue_bound",
                "orion_kafka_unstable_records",
                "orion_snapshot_age_seconds",
                "orion_snapshot_bytes",
                "orion_snapshot_failures_total",
                "orion_generation",
                "process_start_time_seconds",
            ],
        ),
        (
            "views",
            (&before.views, &after.views),
            &["orion_epochs_total", "orion_epoch_age_seconds_sum", "orion_postgres_commit_duration_seconds_count"],
            &[
                "orion_freshness_seconds",
                "orion_views_imbalances",
                "orion_queue_depth",
                "orion_queue_bound",
                "orion_generation",
                "orion_snapshot_age_seconds",
            ],
        ),
    ] {
        let (before, after) = scrape;
        ensure!(after.value("orion_build_info", &[("process", process)]).is_some(), "{process} does not say who it is");
        for name in moves {
            ensure!(after.sum(name) > before.sum(name), "{process}: {name} went from {} to {}", before.sum(name), after.sum(name));
        }
        for name in stands {
            ensure!(after.has(name), "{process} does not show {name}");
        }
        promtool::check_metrics(&after.text)?;
        after.is_registered()?;
    }
    let fresh = |scrape: &Scrape, view| scrape.value("orion_freshness_seconds", &[("view", view)]).with_context(|| format!("no {view}"));
    for age in
        [fresh(&after.settlement, "settlement")?, fresh(&after.views, "views")?, fresh(&after.door, "views")?, fresh(&after.door, "tail")?]
    {
        ensure!((-1.0..30.0).contains(&age), "an idle bank has an epoch a second, and this shows one of {age} s ago");
    }
    let more = |outcome| {
        let of = |scrape: &Scrape| scrape.sum_of("orion_decisions_total", &[("outcome", outcome)]);
        of(&after.settlement) - of(&before.settlement)
    };
    let failed: u64 = second["failed"].as_object().context("failed")?.values().filter_map(Value::as_u64).sum();
    let reasons = after.settlement.sum("orion_refusals_total") - before.settlement.sum("orion_refusals_total");
    ensure!(failed > 0 && [more("refused"), reasons].iter().all(|count| count.to_string() == failed.to_string()), "{failed} failed");
    ensure!(more("accepted") >= second["settled"].to_string().parse()?, "{} settled", second["settled"]);
    ensure!(after.door.value("orion_views_imbalances", &[]) == Some(0.0));

    what_kafka_holds_back_is_seen(&house)?;
    a_cell_that_comes_back_is_of_the_next_generation(&mut house, &after)?;
    every_line_of_the_logs_says_whose_it_is(&house)?;
    house.forget()
}

/// What the three processes show at about one moment.
struct Scrapes {
    door: Scrape,
    settlement: Scrape,
    views: Scrape,
}

impl Scrapes {
    fn take(house: &House, server: &Server, runtime: &tokio::runtime::Runtime) -> anyhow::Result<Self> {
        let token = server.token("prometheus", "metrics:read")?;
        let door = runtime.block_on(server.get(&token, "/metrics"))?;
        ensure!(door.status == 200, "{door:?}");
        Ok(Self { door: Scrape::read(&door.text)?, settlement: cell(house, "settlement")?, views: cell(house, "views")? })
    }
}

/// What a cell shows, where the supervisor's log says that it does. No token is asked for.
pub(crate) fn cell(house: &House, cell: &str) -> anyhow::Result<Scrape> {
    let url = eventually(|| {
        let lines = lines(house, "run.log")?;
        let said = lines.iter().rev().find(|line| line["service"] == "run" && line["cell"] == cell && line["metrics"].is_string());
        Ok(said.context("the supervisor has not said where the metrics are")?["metrics"].as_str().context("a URL")?.to_owned())
    })?;
    ensure!(url.starts_with("http://127.0.0.1:"), "{url} is not on loopback");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async { Scrape::read(&reqwest::get(&url).await?.error_for_status()?.text().await?) })
}

/// Payments, and what became of them.
fn load(house: &House, name: &str, payments: u32) -> anyhow::Result<Value> {
    let mut load = house.orion();
    let out = house.file(&format!("{name}.json"));
    load.args(["load", "--payments", &payments.to_string(), "--seed", &payments.to_string(), "--out"]).arg(&out);
    let status = load.stdout(Stdio::null()).status()?;
    ensure!(status.success(), "the load ended with {status}");
    Ok(serde_json::from_slice(&std::fs::read(out)?)?)
}

/// A producer of nobody's leaves a transaction open in a topic of ours, and junk in the commands log.
fn what_kafka_holds_back_is_seen(house: &House) -> anyhow::Result<()> {
    const WAIT: Duration = Duration::from_secs(20);
    let held = [("topic", "transaction.settled.v1"), ("partition", "0")];
    let held_back = || Ok::<_, anyhow::Error>(cell(house, "views")?.value("orion_kafka_unstable_records", &held));
    let dead = || Ok::<_, anyhow::Error>(cell(house, "settlement")?.sum("orion_dead_letters_total"));
    let dead_before = dead()?;
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", std::env::var("KAFKA_BROKERS")?);
    let junk: BaseProducer = config.create()?;
    junk.send(BaseRecord::to("orion.commands.v1").key("x").payload("no command")).map_err(|(error, _)| error)?;
    junk.flush(WAIT)?;

    let open: BaseProducer = config.set("transactional.id", uuid::Uuid::new_v4().to_string()).create()?;
    open.init_transactions(WAIT)?;
    open.begin_transaction()?;
    let record: BaseRecord<'_, str, str> = BaseRecord::to("transaction.settled.v1").partition(0).key("filler");
    open.send(record).map_err(|(error, _)| error)?;
    open.flush(WAIT)?;
    eventually(|| {
        let behind = held_back()?;
        ensure!(behind >= Some(1.0), "an open transaction holds back {behind:?}");
        Ok(())
    })?;
    open.abort_transaction(WAIT)?;
    eventually(|| {
        let (behind, dead) = (held_back()?, dead()?);
        ensure!(behind == Some(0.0), "an aborted transaction holds back {behind:?}");
        ensure!(dead == dead_before + 1.0, "{dead_before} dead letters, then {dead}");
        Ok(())
    })
}

fn a_cell_that_comes_back_is_of_the_next_generation(house: &mut House, before: &Scrapes) -> anyhow::Result<()> {
    let generation = |scrape: &Scrape| scrape.value("orion_generation", &[("cell", "settlement")]);
    let old = generation(&before.settlement);
    house.kill_cell("settlement")?;
    house.wait_ready()?;
    eventually(|| {
        let again = cell(house, "settlement")?;
        ensure!(old.is_some() && generation(&again) > old, "{old:?}, then {:?}", generation(&again));
        ensure!(again.sum("orion_accounts") == before.settlement.sum("orion_accounts"), "the replay gives what was there");
        // A case that risk asks for may be.
        let decided = again.sum("orion_decisions_total") - again.sum_of("orion_decisions_total", &[("operation", "open_case")]);
        ensure!(decided == 0.0, "what is replayed is not decided again");
        Ok(())
    })
}

/// Level, target and service always; the generation of a cell that has one; the trace of a request.
fn every_line_of_the_logs_says_whose_it_is(house: &House) -> anyhow::Result<()> {
    let mut seen = BTreeSet::new();
    for (log, services) in [("run.log", &["run", "settlement", "views", "risk"][..]), ("serve.log", &["serve"])] {
        for line in lines(house, log)? {
            for field in ["timestamp", "level", "target", "message", "service"] {
                ensure!(line[field].is_string(), "{field} is missing: {line}");
            }
            let service = line["service"].as_str().context("a word")?;
            ensure!(services.contains(&service), "{line}");
            seen.insert((service.to_owned(), line["generation"].is_u64()));
            if line["message"] == "answered" {
                let decides = line["span"]["method"] == "POST" && line["status"] == 201;
                ensure!(line["epoch"].is_u64() || !decides, "an answer without its epoch: {line}");
                ensure!(line["span"]["trace_id"].as_str().is_some_and(|trace| trace.len() == 32), "{line}");
                seen.insert(("a request".to_owned(), true));
            }
            if line["message"] == "replaying what is bound" {
                ensure!(line["generation"].is_u64(), "{line}");
            }
        }
    }
    let all = [("a request", true), ("run", false), ("serve", false), ("settlement", true), ("views", true), ("risk", true)];
    for (service, generation) in all {
        ensure!(seen.contains(&(service.to_owned(), generation)), "no line of {service}: {seen:?}");
    }
    Ok(())
}

/// A log, line by line; what the door says to a person on its standard output is no line of it.
fn lines(house: &House, log: &str) -> anyhow::Result<Vec<Value>> {
    let text = std::fs::read_to_string(house.file(log))?;
    // The last line may be being written.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let lines = whole.lines().filter(|line| !line.starts_with("orion: listening on "));
    lines.map(|line| serde_json::from_str(line).with_context(|| format!("no line of JSON: {line}"))).collect()
}

/// What is so within a minute and a half.
pub(crate) fn eventually<T>(mut look: impl FnMut() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let deadline = Instant::now() + Duration::from_secs(90);
    loop {
        match look() {
            Err(_) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(200)),
            found => return found,
        }
    }
}
