//! Faults on demand: points at which a test may have a process killed, and mistakes that it may ask for.
//!
//! In: files in the directory that `ORION_FAULTS` names. `NAME` kills the next process that passes the point of
//! that name, and becomes `NAME.hit.PID`. `bug.NAME` has a mistake made at every chance, `slip.NAME` once, and
//! then becomes `slip.NAME.hit.PID`. `clock` holds the milliseconds by which settlement's clock is off. Without the
//! feature `armed` all of this compiles to nothing: the binary that is shipped has no way to be told to fail.

#[cfg(all(feature = "armed", not(debug_assertions)))]
compile_error!("faults are for tests: a release can't be told to fail");

#[cfg(feature = "armed")]
mod armed;

#[cfg(feature = "armed")]
pub use armed::{bug, clock_off_ms, point, slip};

/// Whether any of it is there.
pub const ARMED: bool = cfg!(feature = "armed");

/// Every point, with the process that passes it. A new point is one line here, and one call.
pub const POINTS: &[(&str, &str)] = &[
    ("door.append", "serve"),
    ("door.appended", "serve"),
    ("settlement.claimed", "settlement"),
    ("settlement.replay", "settlement"),
    ("settlement.mint", "settlement"),
    ("settlement.decide", "settlement"),
    ("settlement.begin", "settlement"),
    ("settlement.sent", "settlement"),
    ("settlement.commit", "settlement"),
    ("settlement.committed", "settlement"),
    ("settlement.snapshot", "settlement"),
    ("settlement.snapshotted", "settlement"),
    ("views.claimed", "views"),
    ("views.begin", "views"),
    ("views.progress", "views"),
    ("views.commit", "views"),
    ("views.committed", "views"),
    ("risk.claimed", "risk"),
    ("risk.kafka", "risk"),
    ("risk.begin", "risk"),
    ("risk.progress", "risk"),
    ("risk.commit", "risk"),
    ("risk.committed", "risk"),
    ("risk.snapshot", "risk"),
    ("risk.snapshotted", "risk"),
    ("risk.feedback", "alerts"),
    ("risk.fed_back", "alerts"),
];

/// Dies here if a test has asked for it. `name` is one of [`POINTS`].
#[cfg(not(feature = "armed"))]
pub const fn point(_name: &str) {}

/// By how much the clock is off.
#[cfg(not(feature = "armed"))]
pub const fn clock_off_ms() -> i64 {
    0
}

/// Whether to make this mistake, at every chance.
#[cfg(not(feature = "armed"))]
pub const fn bug(_name: &str) -> bool {
    false
}

/// Whether to make this mistake now; the first who asks makes it, and nobody else.
#[cfg(not(feature = "armed"))]
pub const fn slip(_name: &str) -> bool {
    false
}
