//! The same, armed.

use rustix::process::{Signal, getpid, kill_process};
use std::path::PathBuf;
use std::sync::OnceLock;

/// Dies here, by SIGKILL, if a test has asked for it. `name` is one of [`crate::POINTS`].
pub fn point(name: &str) {
    debug_assert!(crate::POINTS.iter().any(|(point, _)| *point == name), "{name} is no point");
    if taken(name) {
        // A process may always signal itself; should it fail, going on would look like a survival.
        kill_process(getpid(), Signal::KILL).expect("a process may kill itself");
        loop {
            std::thread::park();
        }
    }
}

/// By how much the clock is off.
pub fn clock_off_ms() -> i64 {
    let text = folder().and_then(|folder| std::fs::read_to_string(folder.join("clock")).ok());
    text.and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

/// Whether to make this mistake, at every chance.
pub fn bug(name: &str) -> bool {
    folder().is_some_and(|folder| folder.join(format!("bug.{name}")).exists())
}

/// Whether to make this mistake now; the first who asks makes it, and nobody else.
pub fn slip(name: &str) -> bool {
    taken(&format!("slip.{name}"))
}

/// Takes a file, so that of all processes and threads that ask only one gets it.
fn taken(name: &str) -> bool {
    let Some(folder) = folder() else { return false };
    let hit = folder.join(format!("{name}.hit.{}", std::process::id()));
    std::fs::rename(folder.join(name), hit).is_ok()
}

fn folder() -> Option<&'static PathBuf> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOLDER.get_or_init(|| std::env::var_os("ORION_FAULTS").map(PathBuf::from)).as_ref()
}
