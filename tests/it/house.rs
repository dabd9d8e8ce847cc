//! A whole house for a test: the real binary, its cells and its door, on the services that the environment names.
//! A test that fails leaves the logs where it says.

pub(crate) mod fresh;

use anyhow::{Context, ensure};
use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Services are shared by tests that bring their own topics and databases. A house needs them alone: its cells would
/// take each other over, and it may kill what others use.
static SERVICES: RwLock<()> = RwLock::new(());

/// Keeps houses away for as long as it lives. Each test has a thread of its own to wait in.
pub(crate) struct Shared(#[expect(dead_code, reason = "it is held, not read")] RwLockReadGuard<'static, ()>);

/// The services, beside other tests.
pub(crate) fn share_services() -> Shared {
    Shared(SERVICES.read().unwrap_or_else(PoisonError::into_inner))
}

/// Of each log of a house whose test failed, so much is shown.
const LAST_LINES: usize = 25;

/// More of the environment of every process of a house.
pub(crate) type Environment = Vec<(&'static str, OsString)>;

/// Processes and what they were started with. Whatever still runs at the end is killed; the folder stays unless the
/// test says that it is content.
pub(crate) struct House {
    /// Base of the API.
    pub(crate) base: String,
    /// Address of gRPC.
    pub(crate) grpc: String,
    folder: PathBuf,
    listen: String,
    environment: Environment,
    run: Child,
    serve: Child,
    began: Instant,
    _alone: RwLockWriteGuard<'static, ()>,
}

impl House {
    /// Makes keys, tables, topics and schemas, and starts everything; none where the services are not named.
    pub(crate) fn start(name: &str) -> anyhow::Result<Option<Self>> {
        Self::start_with(name, |_| Ok(Environment::new()))
    }

    /// The same, once `prepare` has seen the folder, with what it wants in the environment.
    pub(crate) fn start_with(name: &str, prepare: impl FnOnce(&Path) -> anyhow::Result<Environment>) -> anyhow::Result<Option<Self>> {
        if ["KAFKA_BROKERS", "DATABASE_URL", "SCHEMA_REGISTRY_URL"].iter().any(|variable| std::env::var(variable).is_err()) {
            println!("skipped: KAFKA_BROKERS, DATABASE_URL and SCHEMA_REGISTRY_URL are not set");
            return Ok(None);
        }
        let alone = SERVICES.write().unwrap_or_else(PoisonError::into_inner);
        fresh::services()?;
        let folder = std::env::temp_dir().join(format!("orion-{name}-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(&folder)?;
        let environment = prepare(&folder)?;
        let (listen, grpc) = addresses();
        for step in [&["token", "--init"][..], &["migrate"], &["topics", "apply"]] {
            let status = orion(&folder, (&listen, &grpc), &environment).args(step).stdout(Stdio::null()).status()?;
            ensure!(status.success(), "orion {} ended with {status}", step.join(" "));
        }
        let run = start(orion(&folder, (&listen, &grpc), &environment).arg("run"), &folder.join("run.log"))?;
        let serve = start(orion(&folder, (&listen, &grpc), &environment).arg("serve"), &folder.join("serve.log"))?;
        let (base, began) = (format!("http://{listen}"), Instant::now());
        let mut house = Self { base, grpc, folder, listen, environment, run, serve, began, _alone: alone };
        house.wait_ready()?;
        Ok(Some(house))
    }

    /// The binary with this house's settings.
    pub(crate) fn orion(&self) -> Command {
        orion(&self.folder, (&self.listen, &self.grpc), &self.environment)
    }

    /// Starts the binary with other arguments; what it says goes to a log of this house.
    pub(crate) fn start_another(&self, arguments: &[&str], log: &str) -> anyhow::Result<Child> {
        start(self.orion().args(arguments), &self.file(log))
    }

    /// Who may call.
    pub(crate) fn auth(&self) -> orion::config::Auth {
        orion::config::Auth {
            public_key: self.file("jwt.public.pem"),
            private_key: self.file("jwt.private.pem"),
            issuer: "https://auth.orion.local".to_owned(),
            audience: "orion".to_owned(),
        }
    }

    /// A file of this house.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Kills a cell by -9; its supervisor starts it again.
    pub(crate) fn kill_cell(&self, cell: &str) -> anyhow::Result<()> {
        signal("KILL", self.cell(cell)?)
    }

    /// The process that runs a cell, once there is one.
    pub(crate) fn cell(&self, cell: &str) -> anyhow::Result<u32> {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(process) = child_of(self.run.id(), cell)? {
                return Ok(process);
            }
            ensure!(Instant::now() < deadline, "{cell} does not run");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The process of the door.
    pub(crate) fn door(&self) -> u32 {
        self.serve.id()
    }

    /// Waits until the door has ended by itself.
    pub(crate) fn wait_door(&mut self) -> anyhow::Result<()> {
        self.serve.wait()?;
        Ok(())
    }

    /// Kills the door by -9 and starts it again.
    pub(crate) fn kill_serve(&mut self) -> anyhow::Result<()> {
        self.end_serve()?;
        self.serve = self.start_another(&["serve"], "serve.log")?;
        Ok(())
    }

    /// Kills the door by -9, for good.
    pub(crate) fn end_serve(&mut self) -> anyhow::Result<()> {
        self.serve.kill()?;
        self.serve.wait()?;
        Ok(())
    }

    /// Kills the supervisor by -9, which ends its cells, and starts it again.
    pub(crate) fn kill_run(&mut self) -> anyhow::Result<()> {
        self.run.kill()?;
        self.run.wait()?;
        self.run = self.start_another(&["run"], "run.log")?;
        Ok(())
    }

    /// Kills the supervisor by -9, for good; its cells follow, and are gone when this returns.
    pub(crate) fn end_run(&mut self) -> anyhow::Result<()> {
        let cells = children_of(self.run.id())?;
        self.run.kill()?;
        self.run.wait()?;
        end(&cells)
    }

    /// Starts the door again if it has ended.
    pub(crate) fn keep_serving(&mut self) -> anyhow::Result<()> {
        if self.serve.try_wait()?.is_some() {
            self.serve = self.start_another(&["serve"], "serve.log")?;
        }
        Ok(())
    }

    /// Stops the cells in order; none is left when this returns.
    pub(crate) fn stop_run(&mut self) -> anyhow::Result<ExitStatus> {
        signal("TERM", self.run.id())?;
        Ok(self.run.wait()?)
    }

    /// Starts the cells again.
    pub(crate) fn start_run(&mut self) -> anyhow::Result<()> {
        self.run = self.start_another(&["run"], "run.log")?;
        Ok(())
    }

    /// Removes the logs and keys of a test that went well, and says how long it had the services.
    pub(crate) fn forget(self) -> anyhow::Result<()> {
        let name = self.folder.file_name().unwrap_or_default().display().to_string();
        // Past the capture of the tests, so that the record of a slow run tells where it was slow.
        writeln!(std::io::stderr(), "{name} had the services for {} s", self.began.elapsed().as_secs())?;
        // A process that still writes a file there may come in between.
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            match std::fs::remove_dir_all(&self.folder) {
                Err(error) if error.kind() == std::io::ErrorKind::DirectoryNotEmpty && Instant::now() < deadline => {}
                removed => return Ok(removed?),
            }
        }
    }

    /// Waits until the door is ready. A door that ended, since something it needs was not there, starts again.
    pub(crate) fn wait_ready(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + Duration::from_secs(90);
        let client = reqwest::Client::builder().timeout(Duration::from_secs(2)).build()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let ready = format!("{}/readyz", self.base);
        loop {
            let answer = runtime.block_on(async { client.get(&ready).send().await });
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            self.keep_serving()?;
            ensure!(Instant::now() < deadline, "the door is not ready after 90 s; its log is in {}", self.folder.display());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let cells = children_of(self.run.id()).unwrap_or_default();
        for child in [&mut self.serve, &mut self.run] {
            drop(child.kill());
            drop(child.wait());
        }
        // One that goes on for a moment must not meet the next house.
        drop(end(&cells));
        if self.folder.exists() {
            println!("the logs are in {}", self.folder.display());
            // Where the tests run on a machine that is gone afterwards, this is all that is left of them.
            for log in ["run.log", "serve.log"] {
                let text = std::fs::read_to_string(self.file(log)).unwrap_or_default();
                let lines: Vec<&str> = text.lines().collect();
                println!("the end of {log}, of {} lines:", lines.len());
                lines.iter().skip(lines.len().saturating_sub(LAST_LINES)).for_each(|line| println!("  {line}"));
            }
        }
    }
}

/// Where the door listens: at the ports of the stack, or the usual ones. Any that is free now might be another's before the door has it,
/// as of a cell that serves its metrics at any.
fn addresses() -> (String, String) {
    let at = |variable, usual: &str| format!("127.0.0.1:{}", std::env::var(variable).unwrap_or_else(|_| usual.to_owned()));
    (at("ORION_HTTP_PORT", "8080"), at("ORION_GRPC_PORT", "8090"))
}

fn orion(folder: &Path, (http, grpc): (&str, &str), environment: &Environment) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orion"));
    command
        .env("ORION_HTTP__LISTEN", http)
        .env("ORION_GRPC__LISTEN", grpc)
        .env("ORION_AUTH__PUBLIC_KEY", folder.join("jwt.public.pem"))
        .env("ORION_AUTH__PRIVATE_KEY", folder.join("jwt.private.pem"))
        .env("ORION_AUDIT__KEY_FILE", folder.join("audit.private.pem"))
        .env("ORION_AUDIT__PUBLIC_KEY_FILE", folder.join("audit.public.pem"))
        .env("ORION_SNAPSHOTS__FOLDER", folder.join("snapshots"))
        .env("ORION_SNAPSHOTS__EVERY_MS", "500")
        .env("ORION_RISK__SNAPSHOT_EVERY_MS", "2000")
        // A broker that is held up by other tests is no broker that is away.
        .env("ORION_HTTP__APPEND_TIMEOUT_MS", "30000")
        .envs(environment.iter().map(|(name, value)| (name, value)));
    command
}

fn start(command: &mut Command, log: &Path) -> anyhow::Result<Child> {
    let log = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn().context("can't start orion")
}

/// What a test asks of today is asked of one day: where midnight UTC is near, it is waited for.
pub(crate) fn not_at_midnight() {
    const DAY_S: u64 = 86_400;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let left = DAY_S - now % DAY_S;
    if left < 90 {
        std::thread::sleep(Duration::from_secs(left + 1));
    }
}

/// Sends a signal to a process of ours.
pub(crate) fn signal(name: &str, process: u32) -> anyhow::Result<()> {
    let status = Command::new("kill").args([format!("-{name}"), process.to_string()]).status()?;
    ensure!(status.success(), "can't send {name} to {process}");
    if name == "STOP" {
        // A thread that runs elsewhere may go on for a moment, and answer.
        let deadline = Instant::now() + Duration::from_secs(10);
        while !stands_still(process)? {
            ensure!(Instant::now() < deadline, "{process} does not stand still");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    Ok(())
}

/// Whether every thread of a process is stopped.
fn stands_still(process: u32) -> anyhow::Result<bool> {
    for thread in std::fs::read_dir(format!("/proc/{process}/task"))? {
        // A thread may end while we look.
        let Ok(status) = std::fs::read_to_string(thread?.path().join("status")) else { return Ok(false) };
        if !status.lines().any(|line| line.starts_with("State:") && line.contains('T')) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The child of a process that runs a cell.
fn child_of(parent: u32, cell: &str) -> anyhow::Result<Option<u32>> {
    let found = children_of(parent)?.into_iter().find(|(_, arguments)| arguments.split('\0').any(|argument| argument == cell));
    Ok(found.map(|(process, _)| process))
}

/// The children of a process, and their arguments.
fn children_of(parent: u32) -> anyhow::Result<Vec<(u32, String)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let Some(process) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // A process may end while we look.
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{process}/stat")) else { continue };
        let Ok(arguments) = std::fs::read_to_string(format!("/proc/{process}/cmdline")) else { continue };
        let parent_of =
            stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)).and_then(|parent| parent.parse::<u32>().ok());
        if parent_of == Some(parent) {
            found.push((process, arguments));
        }
    }
    Ok(found)
}

/// Waits until processes that end of themselves are gone; one that stands still, and so can't, is killed.
fn end(processes: &[(u32, String)]) -> anyhow::Result<()> {
    let (begun, patience) = (Instant::now(), Duration::from_secs(10));
    for (process, arguments) in processes {
        let mut killed = false;
        while !is_gone(*process) {
            if !killed && (begun.elapsed() > patience || stands_still(*process).unwrap_or(false)) {
                drop(signal("KILL", *process));
                killed = true;
            }
            ensure!(begun.elapsed() < 3 * patience, "{arguments} does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    Ok(())
}

/// Whether a process has ended, though nobody may have asked yet how.
fn is_gone(process: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().next()).is_none_or(|state| ["Z", "X"].contains(&state))
}
