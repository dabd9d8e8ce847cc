//! A bank for one run: the real binary with durable settings, its processes, and a door to its commands log.

use crate::services::Services;
use anyhow::{Context, bail, ensure};
use egress::registry::Registry;
use ingress::log::CommandLog;
use schemas::wire::Encoder;
use schemas::{Command, Topic};
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{self, Child, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Commands that are under way to Kafka at a time; the client's own queue holds 100,000.
const APPENDED_AT_ONCE: usize = 20_000;
const READY: Duration = Duration::from_secs(60);

/// A bank that is empty at first.
pub(crate) struct Bank<'a> {
    pub(crate) services: &'a Services,
    /// Logs, keys, results.
    folder: PathBuf,
    /// Address of the door, if it is started.
    pub(crate) listen: String,
}

/// A running process of the bank. It is killed at the end, as crash-only software is.
pub(crate) struct Process {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl<'a> Bank<'a> {
    /// Forgets the bank before; makes keys, tables, topics and schemas.
    pub(crate) fn fresh(services: &'a Services, run: &str) -> anyhow::Result<Self> {
        services.forget_bank()?;
        let folder = crate::figures::folder().join("logs").join(run);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        // That of the stack, or the usual one; not any that is free now, which a connection may have before the door does.
        let listen = format!("127.0.0.1:{}", std::env::var("ORION_HTTP_PORT").unwrap_or_else(|_| "8080".to_owned()));
        let bank = Self { services, folder, listen };
        for step in [&["token", "--init"][..], &["migrate"], &["topics", "apply"]] {
            let output = bank.orion().args(step).output()?;
            let said = String::from_utf8_lossy(&output.stderr);
            ensure!(output.status.success(), "orion {} ended with {}: {}", step.join(" "), output.status, said.trim());
        }
        Ok(bank)
    }

    /// The binary with this bank's settings.
    pub(crate) fn orion(&self) -> process::Command {
        let mut command = process::Command::new(env!("CARGO_BIN_EXE_orion"));
        command
            .env("ORION_HTTP__LISTEN", &self.listen)
            .env("ORION_GRPC__LISTEN", "off")
            .env("ORION_SNAPSHOTS__FOLDER", self.folder.join("snapshots"))
            .env("ORION_POSTGRES__VIEWS_DATABASE", &self.services.config.postgres.views_database)
            .env("ORION_AUTH__PUBLIC_KEY", self.folder.join("jwt.public.pem"))
            .env("ORION_AUTH__PRIVATE_KEY", self.folder.join("jwt.private.pem"))
            .env("ORION_AUDIT__KEY_FILE", self.folder.join("audit.private.pem"))
            .env("ORION_AUDIT__PUBLIC_KEY_FILE", self.folder.join("audit.public.pem"));
        command
    }

    /// Starts settlement, which takes up whatever waits.
    pub(crate) fn settlement(&self) -> anyhow::Result<Process> {
        self.start("settlement", &["run", "--cells", "settlement"])
    }

    /// Starts the views.
    pub(crate) fn views(&self) -> anyhow::Result<Process> {
        self.start("views", &["run", "--cells", "views"])
    }

    /// Starts risk.
    pub(crate) fn risk(&self) -> anyhow::Result<Process> {
        self.start("risk", &["run", "--cells", "risk"])
    }

    /// Starts the door, and waits until it is ready.
    pub(crate) fn door(&self) -> anyhow::Result<Process> {
        let mut door = self.start("serve", &["serve"])?;
        let client = reqwest::Client::builder().timeout(Duration::from_secs(2)).build()?;
        let ready = format!("http://{}/readyz", self.listen);
        let deadline = Instant::now() + READY;
        while !self.services.runtime.block_on(async { client.get(&ready).send().await }).is_ok_and(|answer| answer.status().is_success()) {
            door.check()?;
            ensure!(Instant::now() < deadline, "the door is not ready after {} s; its log is {}", READY.as_secs(), door.log.display());
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(door)
    }

    fn start(&self, name: &'static str, arguments: &[&str]) -> anyhow::Result<Process> {
        self.start_with(name, arguments, &[])
    }

    /// Starts a process with settings of its own.
    pub(crate) fn start_with(&self, name: &'static str, arguments: &[&str], settings: &[(&str, &str)]) -> anyhow::Result<Process> {
        let log = self.file(&format!("{name}.log"));
        let file = File::options().create(true).append(true).open(&log)?;
        let mut command = self.orion();
        command.args(arguments).envs(settings.iter().copied());
        let child = command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).spawn();
        Ok(Process { name, child: child.context("can't start orion")?, log })
    }

    /// A file of this run.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// `orion load` beside what is measured, so many payments at so many a second; it says nothing.
    pub(crate) fn load(&self, rate: &str, payments: &str, run: usize) -> process::Command {
        let mut load = self.orion();
        load.args(["load", "--rate", rate, "--payments", payments, "--seed", &run.to_string(), "--out"]);
        load.arg(self.file(&format!("load-{run}.json"))).stdout(Stdio::null()).stderr(Stdio::null());
        load
    }

    /// A token for an hour, as this bank's door takes it.
    pub(crate) fn token(&self, subject: &str, scope: &str) -> anyhow::Result<String> {
        let auth = orion::config::Auth {
            public_key: self.file("jwt.public.pem"),
            private_key: self.file("jwt.private.pem"),
            ..self.services.config.auth.clone()
        };
        orion::token::sign(&auth, subject, scope, 3_600)
    }

    /// Appends commands in order, as the door does it: the same records, idempotent, acknowledged by every replica.
    pub(crate) fn append(&self, commands: impl Iterator<Item = (Command, String)>) -> anyhow::Result<()> {
        let config = &self.services.config;
        self.services.runtime.block_on(async {
            let ids = Registry::new(&config.registry.url).ids(&[Topic::Commands]).await?;
            let kafka = ingress::Config { brokers: config.kafka.brokers.clone(), remembered_max: 0, append_timeout_ms: 60_000 };
            let log = Arc::new(CommandLog::connect(&kafka, Encoder::new(ids)).await?);
            let mut commands = commands.peekable();
            while commands.peek().is_some() {
                // A runtime of one thread starts them in this order.
                let mut under_way = JoinSet::new();
                for (command, traceparent) in commands.by_ref().take(APPENDED_AT_ONCE) {
                    let log = Arc::clone(&log);
                    under_way.spawn(async move { log.append(&command, &traceparent).await });
                }
                while let Some(appended) = under_way.join_next().await {
                    appended?.context("can't append the backlog")?;
                }
            }
            Ok(())
        })
    }
}

impl Process {
    /// Whether it still runs: a process of the bank that ends by itself ends the bench.
    pub(crate) fn check(&mut self) -> anyhow::Result<()> {
        let Some(status) = self.child.try_wait()? else { return Ok(()) };
        bail!("{} ended with {status}: see the end of {}", self.name, self.log.display())
    }

    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Memory of it, as the kernel calls a kind of it.
    pub(crate) fn memory_kb(&self, kind: &str) -> anyhow::Result<u32> {
        memory_kb(&self.id().to_string(), kind)
    }

    /// Asks it to end in order, and waits until it has.
    pub(crate) fn end(mut self) -> anyhow::Result<()> {
        let asked = process::Command::new("kill").arg(self.id().to_string()).status()?;
        ensure!(asked.success(), "{} can't be asked to end", self.name);
        let ended = self.child.wait()?;
        ensure!(ended.success(), "{} ended with {ended}: see the end of {}", self.name, self.log.display());
        Ok(())
    }

    /// Where it writes its log.
    pub(crate) fn log(&self) -> std::path::Display<'_> {
        self.log.display()
    }
}

/// Memory of a process, as the kernel calls a kind of it: `VmRSS` now, `VmHWM` at most.
pub(crate) fn memory_kb(process: &str, kind: &str) -> anyhow::Result<u32> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(kind)?.strip_prefix(':'));
    Ok(line.context("the kernel does not say how much memory")?.trim().trim_end_matches(" kB").parse()?)
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
