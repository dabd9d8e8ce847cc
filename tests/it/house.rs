//! A whole house for a test: the real binary, its cells and its door, on the services that the environment names.
//! A test that fails leaves the logs where it says.

use anyhow::{Context, ensure};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Processes and what they were started with. Whatever still runs at the end is killed; the folder stays unless the
/// test says that it is content.
pub(crate) struct House {
    /// Base of the API.
    pub(crate) base: String,
    folder: PathBuf,
    listen: String,
    run: Child,
    serve: Child,
    /// Two houses on the same services would take each other's cells over, so tests that have one wait for each other.
    _only: MutexGuard<'static, ()>,
}

static ONLY: Mutex<()> = Mutex::new(());

impl House {
    /// Makes keys, tables, topics and schemas, and starts everything; none where the services are not named.
    pub(crate) fn start(name: &str) -> anyhow::Result<Option<Self>> {
        if ["KAFKA_BROKERS", "DATABASE_URL", "SCHEMA_REGISTRY_URL"].iter().any(|variable| std::env::var(variable).is_err()) {
            println!("skipped: KAFKA_BROKERS, DATABASE_URL and SCHEMA_REGISTRY_URL are not set");
            return Ok(None);
        }
        let only = ONLY.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = std::env::temp_dir().join(format!("orion-{name}-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(&folder)?;
        let listen = {
            let free = std::net::TcpListener::bind("127.0.0.1:0")?;
            free.local_addr()?.to_string()
        };
        for step in [&["token", "--init"][..], &["migrate"], &["topics", "apply"]] {
            let status = orion(&folder, &listen).args(step).stdout(Stdio::null()).status()?;
            ensure!(status.success(), "orion {} ended with {status}", step.join(" "));
        }
        let run = start(&folder, &listen, "run", &["run"])?;
        let serve = start(&folder, &listen, "serve", &["serve"])?;
        let mut house = Self { base: format!("http://{listen}"), folder, listen, run, serve, _only: only };
        house.wait_ready()?;
        Ok(Some(house))
    }

    /// The binary with this house's settings.
    pub(crate) fn orion(&self) -> Command {
        orion(&self.folder, &self.listen)
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
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(process) = child_of(self.run.id(), cell)? {
                return kill(process);
            }
            ensure!(Instant::now() < deadline, "{cell} does not run");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Kills the door by -9 and starts it again.
    pub(crate) fn kill_serve(&mut self) -> anyhow::Result<()> {
        kill(self.serve.id())?;
        self.serve.wait()?;
        self.serve = start(&self.folder, &self.listen, "serve", &["serve"])?;
        Ok(())
    }

    /// Kills the supervisor by -9, which ends its cells, and starts it again.
    pub(crate) fn kill_run(&mut self) -> anyhow::Result<()> {
        kill(self.run.id())?;
        self.run.wait()?;
        self.run = start(&self.folder, &self.listen, "run", &["run"])?;
        Ok(())
    }

    /// Ends every process; the services stay.
    pub(crate) fn stop(&mut self) -> anyhow::Result<()> {
        for child in [&mut self.serve, &mut self.run] {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Removes the logs and keys of a test that went well.
    pub(crate) fn forget(self) -> anyhow::Result<()> {
        Ok(std::fs::remove_dir_all(&self.folder)?)
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
            if self.serve.try_wait()?.is_some() {
                self.serve = start(&self.folder, &self.listen, "serve", &["serve"])?;
            }
            ensure!(Instant::now() < deadline, "the door is not ready after 90 s; its log is in {}", self.folder.display());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for House {
    fn drop(&mut self) {
        for child in [&mut self.serve, &mut self.run] {
            drop(child.kill());
            drop(child.wait());
        }
        if self.folder.exists() {
            println!("the logs are in {}", self.folder.display());
        }
    }
}

fn orion(folder: &Path, listen: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orion"));
    command
        .env("ORION_HTTP__LISTEN", listen)
        .env("ORION_AUTH__PUBLIC_KEY", folder.join("jwt.public.pem"))
        .env("ORION_AUTH__PRIVATE_KEY", folder.join("jwt.private.pem"));
    command
}

fn start(folder: &Path, listen: &str, log: &str, arguments: &[&str]) -> anyhow::Result<Child> {
    let log = std::fs::OpenOptions::new().create(true).append(true).open(folder.join(format!("{log}.log")))?;
    orion(folder, listen).args(arguments).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn().context("can't start orion")
}

fn kill(process: u32) -> anyhow::Result<()> {
    let status = Command::new("kill").args(["-9", &process.to_string()]).status()?;
    ensure!(status.success(), "can't kill {process}");
    Ok(())
}

/// The child of a process that runs a cell.
fn child_of(parent: u32, cell: &str) -> anyhow::Result<Option<u32>> {
    for entry in std::fs::read_dir("/proc")? {
        let Some(process) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // A process may end while we look.
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{process}/stat")) else { continue };
        let Ok(arguments) = std::fs::read_to_string(format!("/proc/{process}/cmdline")) else { continue };
        let parent_of =
            stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)).and_then(|parent| parent.parse::<u32>().ok());
        if parent_of == Some(parent) && arguments.split('\0').any(|argument| argument == cell) {
            return Ok(Some(process));
        }
    }
    Ok(None)
}
