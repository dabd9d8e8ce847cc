//! The HTTP contract, over the wire.
//!
//! `refused` and `auth` need no services: everything there is decided before the log. `reads` needs Postgres
//! (`DATABASE_URL`), and prints that it was skipped without it. `walk` is one walk through a whole bank, which
//! `end_to_end` starts.

mod auth;
mod bank;
mod reads;
mod refused;
mod server;
mod walk;

pub(crate) use server::{Answer, STAFF, Server};
pub(crate) use walk::walk;
