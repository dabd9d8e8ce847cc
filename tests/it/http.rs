//! The HTTP contract, over the wire.
//!
//! `refused`, `refused_many` and `auth` need no services: everything there is decided before the log. `reads` needs Postgres
//! (`DATABASE_URL`), and prints that it was skipped without it. `walk` is one walk through a whole bank, which
//! `end_to_end` starts; `ledger` starts one of its own, and shows what else it does with money; `old` one that was asleep for a week.

mod aggregates;
mod auth;
mod bank;
mod batches;
mod cases;
mod gates;
mod ledger;
mod limits;
mod lists;
mod old;
mod orders;
mod reads;
mod reads_indexed;
mod reads_ledger;
mod reads_lists;
mod reads_many;
mod reads_statement;
mod refused;
mod refused_many;
mod reports;
mod scene;
pub(crate) mod server;
mod streams;
mod views;
mod walk;
mod written;

pub(crate) use ledger::scenes;
pub(crate) use server::{Answer, CUSTOMER, Ground, STAFF, Server};
pub(crate) use walk::walk;
