//! A folder for the snapshots of one house, in memory where the machine has such a place.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

pub(super) struct Disk(PathBuf);

static MADE: AtomicUsize = AtomicUsize::new(0);

impl Disk {
    pub(super) fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let root = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let folder = root.join(format!("orion-simulation-{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed)));
        std::fs::create_dir_all(&folder).expect("there is room for a folder");
        Self(folder)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.0
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}
