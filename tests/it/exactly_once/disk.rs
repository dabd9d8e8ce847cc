//! A small disk under a service, so that it can be full.
//!
//! The keeper is stopped meanwhile, so that it starts its service again only when the data has moved.

use super::ground::Ground;
use crate::house::signal;
use anyhow::{Context, ensure};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// What is free on it to begin with.
const FREE_MB: u64 = 96;

/// A service's data on a file system in memory.
pub(crate) struct Disk {
    service: &'static str,
    data: PathBuf,
    small: PathBuf,
}

/// Moves a service's data to a small disk; none, and a word about it, where mounting is not permitted.
pub(crate) fn small(ground: &Ground, service: &'static str) -> anyhow::Result<Option<Disk>> {
    let data = std::fs::canonicalize(ground.state.join(service))?.join("data");
    let small = std::env::temp_dir().join(format!("orion-disk-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir(&small)?;
    let used = Command::new("du").args(["-sm"]).arg(&data).output()?;
    let used = String::from_utf8(used.stdout)?.split_whitespace().next().and_then(|size| size.parse::<u64>().ok()).context("du")?;
    let size = format!("size={}m", used + used / 4 + FREE_MB);
    if run("mount", &["-t", "tmpfs", "-o", &size, "none"], &[&small]).is_err() {
        println!("skipped: this process may not mount a file system");
        std::fs::remove_dir(&small)?;
        return Ok(None);
    }
    let disk = Disk { service, data, small };
    disk.still(ground, || {
        run("cp", &["-a"], &[&disk.data.join("."), &disk.small])?;
        run("mount", &["--bind"], &[&disk.small, &disk.data])
    })?;
    Ok(Some(disk))
}

impl Disk {
    /// Takes all that is free.
    pub(crate) fn fill(&self) -> anyhow::Result<()> {
        let mut file = std::fs::File::create(self.small.join("filler"))?;
        let block = vec![1u8; 1 << 16];
        while file.write_all(&block).is_ok() {}
        while file.write_all(&block[..512]).is_ok() {}
        Ok(())
    }

    /// Gives it back.
    pub(crate) fn free(&self) -> anyhow::Result<()> {
        Ok(std::fs::remove_file(self.small.join("filler"))?)
    }

    /// Moves the data back where it was.
    pub(crate) fn restore(&self, ground: &Ground) -> anyhow::Result<()> {
        self.still(ground, || {
            unmount(&self.data)?;
            run("find", &[], &[&self.data, Path::new("-mindepth"), Path::new("1"), Path::new("-delete")])?;
            run("cp", &["-a"], &[&self.small.join("."), &self.data])?;
            unmount(&self.small)
        })?;
        Ok(std::fs::remove_dir(&self.small)?)
    }

    /// Does something while the service is dead; afterwards its keeper starts it again.
    fn still(&self, ground: &Ground, work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
        let keeper = ground.process(&format!("{}.keeper", self.service))?;
        signal("STOP", keeper)?;
        let done = self.end(ground).and_then(|()| work());
        signal("CONT", keeper)?;
        done
    }

    /// Kills the service with all that works in its data, and waits until nobody does.
    fn end(&self, ground: &Ground) -> anyhow::Result<()> {
        drop(signal("KILL", ground.process(&format!("{}.child", self.service))?));
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let inside = inside(&self.data)?;
            if inside.is_empty() {
                return Ok(());
            }
            inside.into_iter().for_each(|process| drop(signal("KILL", process)));
            ensure!(Instant::now() < deadline, "{} does not die", self.service);
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Disk {
    /// After an error: what is still mounted would outlive the stack.
    fn drop(&mut self) {
        if self.small.exists() {
            drop(run("umount", &["-l"], &[&self.data]));
            drop(run("umount", &["-l"], &[&self.small]));
        }
    }
}

/// The processes that have an open file in a directory.
fn inside(data: &Path) -> anyhow::Result<Vec<u32>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let Some(process) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // A process may end while we look.
        let Ok(files) = std::fs::read_dir(format!("/proc/{process}/fd")) else { continue };
        let mut files = files.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
        let works_there = std::fs::read_link(format!("/proc/{process}/cwd")).is_ok_and(|place| place.starts_with(data));
        if works_there || files.any(|file| file.starts_with(data)) {
            found.push(process);
        }
    }
    Ok(found)
}

/// What a process had mapped is let go a moment after it has died.
fn unmount(place: &Path) -> anyhow::Result<()> {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        match run("umount", &[], &[place]) {
            Err(_) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(200)),
            done => return done,
        }
    }
}

fn run(program: &str, options: &[&str], paths: &[&Path]) -> anyhow::Result<()> {
    let output = Command::new(program).args(options).args(paths).output()?;
    ensure!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
