//! A campaign: a bank, its clients, its nemesis, and the verdict.

use super::chain::Chain;
use super::check;
use super::client::Crowd;
use super::evidence::Evidence;
use super::gather;
use super::ground::Ground;
use super::history::{Call, Outcome};
use super::nemesis::{Nemesis, Strike, Toll};
use super::random::Random;
use super::report::Report;
use super::wire::Http;
use crate::house::{House, signal};
use anyhow::ensure;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

/// Everybody who asks at the same time.
const CLIENTS: usize = 8;

/// How a planted mistake comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// Once.
    Slip,
    /// At every chance.
    Bug,
    /// At every chance, by readers that start afresh; and a commit is lost after it was shown.
    EarlyAnswer,
}

/// What is to be done.
pub(crate) struct Campaign {
    seed: u64,
    /// A long one strikes until then.
    seconds: Option<u64>,
    planted: Option<(&'static str, Mistake)>,
}

impl Campaign {
    /// Every phase once, every process, every service, both zombies, a clock that is behind.
    pub(crate) const fn short(seed: u64) -> Self {
        Self { seed, seconds: None, planted: None }
    }

    /// All of that again and again, and full disks.
    pub(crate) const fn long(seed: u64, seconds: u64) -> Self {
        Self { seed, seconds: Some(seconds), planted: None }
    }

    /// A mistake, which must be found.
    pub(crate) const fn planted(seed: u64, name: &'static str, mistake: Mistake) -> Self {
        Self { seed, seconds: None, planted: Some((name, mistake)) }
    }

    pub(crate) const fn is_long(&self) -> bool {
        self.seconds.is_some()
    }

    /// None where this can't be done here.
    pub(crate) fn run(&self, name: &str) -> anyhow::Result<Option<Report>> {
        let Some(ground) = Ground::find() else { return Ok(None) };
        println!("{name}: seed {}", self.seed);
        let prepare = |folder: &std::path::Path| {
            let faults = folder.join("faults");
            std::fs::create_dir(&faults)?;
            Ok(vec![
                ("ORION_FAULTS", faults.into()),
                ("ORION_HTTP__APPEND_TIMEOUT_MS", "2000".into()),
                // A zombie is to wake up, and not to be killed in its sleep.
                ("ORION_RUN__STUCK_MS", "120000".into()),
            ])
        };
        let Some(mut house) = House::start_with(name, prepare)? else { return Ok(None) };
        let runtime = Runtime::new()?;
        let crowd = Arc::new(Crowd::new(Http::new(&house.base, &house.auth())?, &format!("{:x}", self.seed)));
        let began = Instant::now();
        let (toll, struck) = self.day(&mut house, &crowd, &ground, &runtime);
        let seconds = began.elapsed().as_secs();
        let evidence = settle(&mut house, &crowd, &ground, &runtime, if self.planted.is_some() { 6 } else { 60 });
        if evidence.is_err() {
            std::fs::write(house.file("history.json"), serde_json::to_vec(&crowd.history())?)?;
        }
        let evidence = evidence?;
        let findings = check::check(&evidence);
        // Other books, which know nothing of the clients, and neither of the checker.
        let output = house.orion().args(["verify", "books", "--quiet"]).output()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        let agreed = self.planted.is_some() || !findings.is_empty() || output.status.success();
        if !agreed {
            evidence.keep(|name| house.file(name))?;
        }
        ensure!(agreed, "seed {}: orion verify books: {said}", self.seed);
        let report = Report::new(self.seed, seconds, &evidence, toll, findings);
        if self.planted.is_none() {
            report.keep(if self.is_long() { "report" } else { "short" })?;
        }
        if struck.is_err() {
            report.print();
        }
        if struck.is_ok() && (report.kinds().is_empty() || self.planted.is_some()) {
            house.forget()?;
        } else {
            evidence.keep(|name| house.file(name))?;
        }
        struck.map(|()| Some(report))
    }

    /// Clients and nemesis, until the nemesis is done.
    fn day(&self, house: &mut House, crowd: &Arc<Crowd>, ground: &Ground, runtime: &Runtime) -> (Toll, anyhow::Result<()>) {
        let mut random = Random::new(self.seed);
        if let Err(error) = runtime.block_on(crowd.begin(&mut random.fork())) {
            return (Toll::default(), Err(error));
        }
        let mut clients = JoinSet::new();
        for client in 1..=CLIENTS {
            let (crowd, random) = (Arc::clone(crowd), random.fork());
            clients.spawn_on(async move { crowd.run(client, random).await }, runtime.handle());
        }
        let faults = house.file("faults");
        let mut nemesis = Nemesis { house, crowd, ground, faults, toll: Toll::default() };
        let struck = self.strikes(&mut nemesis, &mut random);
        crowd.stop();
        let joined = runtime.block_on(async {
            while clients.join_next().await.transpose()?.is_some() {}
            anyhow::Ok(())
        });
        (nemesis.toll, struck.and(joined))
    }

    fn strikes(&self, nemesis: &mut Nemesis<'_>, random: &mut Random) -> anyhow::Result<()> {
        if let Some((name, mistake)) = self.planted {
            return plant(nemesis, name, mistake);
        }
        let began = Instant::now();
        for round in 0.. {
            for strike in strikes(round, self.is_long(), random) {
                if self.seconds.is_some_and(|seconds| began.elapsed().as_secs() > seconds) {
                    return Ok(());
                }
                nemesis.strike(strike, random)?;
            }
            if !self.is_long() {
                break;
            }
        }
        Ok(())
    }
}

/// One round: every phase, every process, every service. A cell is not killed twice in a row where that can be helped,
/// since its supervisor waits longer each time.
fn strikes(round: usize, long: bool, random: &mut Random) -> Vec<Strike> {
    let mut rows: Vec<Vec<Strike>> = Vec::new();
    for process in ["settlement", "views", "risk", "serve"] {
        let points = faults::POINTS.iter().filter(|(_, passes)| *passes == process).map(|(point, _)| Strike::Point(point));
        let mut row: Vec<_> = points.chain([Strike::Kill(process)]).collect();
        random.shuffle(&mut row);
        rows.push(row);
    }
    let mut others =
        vec![Strike::Kill("run"), Strike::Kill("kafka"), Strike::Kill("postgres"), Strike::Zombie("settlement"), Strike::Zombie("views")];
    match (long, round % 4) {
        (false, _) => others.push(Strike::Clock(-7_200)),
        (true, 0) => others.extend([Strike::Clock(-10_800), Strike::DiskFull("postgres")]),
        (true, 1) => others.push(Strike::DiskFull("kafka")),
        (true, 2) => others.push(Strike::Clock(3_000)),
        (true, _) => {}
    }
    random.shuffle(&mut others);
    rows.push(others);
    // Each row is spread over the whole round.
    let mut round: Vec<(usize, Strike)> = Vec::new();
    for row in &rows {
        round.extend(row.iter().enumerate().map(|(turn, strike)| ((2 * turn + 1) * 1000 / (2 * row.len()), *strike)));
    }
    round.sort_by_key(|(turn, _)| *turn);
    round.into_iter().map(|(_, strike)| strike).collect()
}

/// Makes the mistake, lets the clients go on for a while, and does nothing else.
fn plant(nemesis: &mut Nemesis<'_>, name: &str, mistake: Mistake) -> anyhow::Result<()> {
    // Something must have gone well before.
    nemesis.recover()?;
    std::thread::sleep(Duration::from_secs(1));
    let kind = if mistake == Mistake::Slip { "slip" } else { "bug" };
    let file = nemesis.faults.join(format!("{kind}.{name}"));
    std::fs::write(&file, "")?;
    if mistake == Mistake::EarlyAnswer {
        nemesis.house.kill_serve()?;
        nemesis.house.wait_ready()?;
        std::fs::write(nemesis.faults.join("settlement.commit"), "")?;
    }
    let deadline = Instant::now() + Duration::from_secs(60);
    while mistake == Mistake::Slip && file.exists() {
        ensure!(Instant::now() < deadline, "nobody made the mistake {name}");
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_secs(3));
    Ok(())
}

/// Waits until all is quiet, looks once more what became of every command, stops the bank and gathers the evidence.
fn settle(house: &mut House, crowd: &Arc<Crowd>, ground: &Ground, runtime: &Runtime, patience_s: u64) -> anyhow::Result<Evidence> {
    let patience = Duration::from_secs(patience_s);
    // A planted mistake may keep the door or the views from ever being well again.
    quiet(house, ground, runtime, patience)?;
    let open: BTreeSet<_> = crowd
        .history()
        .iter()
        .filter_map(|entry| match (&entry.call, &entry.outcome) {
            (Call::Command { id, asked }, Outcome::Unknown | Outcome::Accepted { .. }) if !asked.is_dry() => Some(*id),
            _ => None,
        })
        .collect();
    for id in open {
        runtime.block_on(crowd.look(id));
    }
    house.end_serve()?;
    quiet_log(ground, runtime, patience)?;
    let settled = Chain::settle(ground, runtime);
    // Holds and orders may end at any second. Each cell ends for itself, and what settlement says in its last moment the views must have.
    if let Ok(process) = house.cell("settlement") {
        drop(signal("STOP", process));
    }
    all_shown(ground, runtime, patience);
    house.end_run()?;
    let rows = runtime.block_on(gather::rows(&ground.views_url()?))?;
    let chain = Chain { settled, ..Chain::gather(ground, runtime)? };
    Ok(Evidence { history: crowd.history(), log: gather::log(&ground.brokers)?, rows, chain: Some(chain) })
}

fn quiet(house: &mut House, ground: &Ground, runtime: &Runtime, patience: Duration) -> anyhow::Result<()> {
    let deadline = Instant::now() + patience;
    loop {
        house.keep_serving()?;
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || quiet_log(ground, runtime, left.min(Duration::from_millis(500)))? {
            return Ok(());
        }
    }
}

/// Waits until the views show the newest epoch. What they never show is for the checker to say.
fn all_shown(ground: &Ground, runtime: &Runtime, patience: Duration) {
    let deadline = Instant::now() + patience;
    let stands = || {
        let (_, epoch) = gather::bound(&ground.brokers)?;
        let (upper, _) =
            runtime.block_on(async { tokio::time::timeout(Duration::from_secs(2), gather::progress(&ground.views_url()?)).await? })?;
        anyhow::Ok(upper > epoch)
    };
    while !stands().unwrap_or(false) && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Whether every command is bound and in the views, in time. What is not is for the checker to say.
fn quiet_log(ground: &Ground, runtime: &Runtime, patience: Duration) -> anyhow::Result<bool> {
    let deadline = Instant::now() + patience;
    loop {
        let stands = || {
            let end = gather::commands_end(&ground.brokers)?;
            let (bound, epoch) = gather::bound(&ground.brokers)?;
            let (upper, shown) =
                runtime.block_on(async { tokio::time::timeout(Duration::from_secs(2), gather::progress(&ground.views_url()?)).await? })?;
            anyhow::Ok(bound >= end && shown >= end && upper + 60_000 > epoch)
        };
        // Services that are on their way back are waited for.
        if stands().unwrap_or(false) {
            return Ok(true);
        }
        if Instant::now() >= deadline {
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}
