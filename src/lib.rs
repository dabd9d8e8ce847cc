//! Orion: the streaming core of a bank. This package is the only place where ledger, dataflows and doors meet.

/// The version, and whether this binary can be told to fail, as those that are tested can.
pub const VERSION: &str = if faults::ARMED { concat!(env!("CARGO_PKG_VERSION"), "+faults") } else { env!("CARGO_PKG_VERSION") };

/// `orion aml`.
pub mod aml;
/// `orion archive`.
pub mod archive;
/// `orion audit`.
pub mod audit;
/// Who calls.
pub mod auth;
/// `orion backtest`.
pub mod backtest;
/// `orion backup`.
pub mod backup;
/// Cells: settlement, views and risk.
pub mod cell;
/// Configuration: one struct, read once, printable.
pub mod config;
/// `orion dlq`.
pub mod dlq;
/// Exit codes and the last words of a process.
pub mod exit;
/// `orion export`.
pub mod export;
/// `orion lists`.
pub mod lists;
/// `orion load`.
pub mod load;
/// Logs.
pub mod logging;
/// What a cell measures, for whoever asks.
pub mod metrics;
/// `orion migrate`.
pub mod migrate;
/// Progress of the offline tools.
mod progress;
/// How fast one subject may ask.
pub mod rates;
/// `orion replay`.
pub mod replay;
/// `orion restore`.
pub mod restore;
/// `orion run`.
pub mod run;
/// `orion screen`.
pub mod screen;
/// `orion serve`.
pub mod serve;
/// `orion tap`.
pub mod tap;
/// `orion token`.
pub mod token;
/// `orion topics`.
pub mod topics;
/// `orion verify`.
pub mod verify;
