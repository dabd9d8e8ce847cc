//! The HTTP contract, over the wire.
//!
//! `refused` and `auth` need no services: everything there is decided before the log. `reads` needs Postgres
//! (`DATABASE_URL`), and prints that it was skipped without it. `walk` is one walk through a whole bank: the one
//! at `ORION_URL`, if that is set, whose tokens the configuration's keys sign.

mod auth;
mod bank;
mod reads;
mod refused;
mod server;
mod walk;

pub(crate) use server::Server;
pub(crate) use walk::walk;

#[tokio::test]
async fn a_walk_through_a_running_bank() -> anyhow::Result<()> {
    let Ok(url) = std::env::var("ORION_URL") else {
        println!("skipped: ORION_URL is not set");
        return Ok(());
    };
    walk(&Server::at(&url, orion::config::Config::load()?.auth)?).await
}
