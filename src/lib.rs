//! Orion: the streaming core of a bank. This package is the only place where ledger, dataflows and doors meet.

/// Configuration: one struct, read once, printable.
pub mod config;
/// Exit codes and the last words of a process.
pub mod exit;
/// Logs.
pub mod logging;
/// Cells: settlement and views.
pub mod cell;
/// `orion run`.
pub mod run;
/// `orion migrate`.
pub mod migrate;
/// `orion topics`.
pub mod topics;
/// `orion tap`.
pub mod tap;
/// Who calls.
pub mod auth;
/// `orion token`.
pub mod token;
/// `orion serve`.
pub mod serve;
/// `orion load`.
pub mod load;
