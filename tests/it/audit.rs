//! The audit chain on real services: it is whole whatever dies, nobody changes it, and what is changed all the same is found and named.

/// Exported files, by Orion and by a verifier that shares nothing with it.
mod exported;
/// Proofs and roots over HTTP.
mod proven;
/// What an owner and a superuser do to the table.
mod tampered;

use crate::house::House;
use anyhow::{Context, ensure};
use sqlx::{Connection, PgConnection};
use std::process::Stdio;
use std::time::{Duration, Instant};

#[test]
fn the_chain_is_whole_whatever_dies_and_every_change_of_it_is_found() -> anyhow::Result<()> {
    let Some(mut house) = House::start("audit")? else { return Ok(()) };
    // 1. The views die again and again while they write.
    let mut load = house.orion().args(["load", "--payments", "1200", "--rate", "200"]).stdout(Stdio::null()).spawn()?;
    for _ in 0..6 {
        std::thread::sleep(Duration::from_millis(900));
        house.kill_cell("views")?;
    }
    ensure!(load.wait()?.success(), "the load failed");
    let said = whole(&house)?;
    ensure!(said.contains("audit: the chain of settlement begins at epoch ") && !said.contains("kafka has records from"), "{said}");

    // 2. An older version writes for a while, which knows no chain: what it wrote is chained before anything new is.
    ensure!(house.stop_run()?.success());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let before = runtime.block_on(tampered::as_by_an_older_version(7))?;
    let (code, said) = verify(&house, &[])?;
    ensure!(code == 1 && said.contains("have no root in postgres"), "{said}");
    house.start_run()?;
    house.wait_ready()?;
    runtime.block_on(tampered::chained_again())?;
    whole(&house)?;
    ensure!(runtime.block_on(tampered::links())?.starts_with(&before), "what was signed again is the same");

    // 3. Nobody changes the table, and what a superuser changes is found.
    runtime.block_on(tampered::refused())?;
    ensure!(house.stop_run()?.success());
    tampered::found(&house, &runtime)?;
    for cells in [&["run"][..], &["run", "--cells", "views"], &["run", "--cells", "risk"]] {
        let keyless = house.orion().args(cells).env("ORION_AUDIT__KEY_FILE", house.file("none.pem")).output()?;
        let said = String::from_utf8_lossy(&keyless.stderr).into_owned();
        ensure!(keyless.status.code() == Some(64) && said.contains("none.pem") && said.contains("`orion audit key` makes one"), "{said}");
    }

    // 4. What was exported, and what the door says of an event, is verified without any server.
    exported::files(&house)?;
    proven::events(&house, &runtime)?;
    house.forget()
}

/// The chain of alerts is whole: in the table, in its topic, in a file, and for a verifier that is not ours.
pub(crate) fn alerts(house: &House) -> anyhow::Result<()> {
    let said = whole(house)?;
    ensure!(said.contains("audit: the chain of risk begins at epoch "), "{said}");
    let [out, key] = ["alerts.jsonl", "audit.public.pem"].map(|name| house.file(name).display().to_string());
    let (code, said) = tool(house, &["audit", "export", "--quiet", "--cell", "risk", "--out", &out])?;
    ensure!(code == 0, "{said}");
    let (code, said) = tool(house, &["audit", "check", &out, "--public-key", &key])?;
    ensure!(code == 0 && said.contains("risk, from the beginning of the chain up to head "), "{said}");
    ensure!(crate::python::run("audit/verify.py", &["file", &key, &out])?.contains(" links, head "));
    proven::alerts(house, &out)
}

/// What `orion verify audit` says, and its exit code.
fn verify(house: &House, more: &[&str]) -> anyhow::Result<(i32, String)> {
    tool(house, &[&["verify", "audit", "--quiet"], more].concat())
}

/// What a command says, and its exit code.
fn tool(house: &House, arguments: &[&str]) -> anyhow::Result<(i32, String)> {
    let output = house.orion().args(arguments).output()?;
    let said = [&output.stdout, &output.stderr].map(|said| String::from_utf8_lossy(said)).concat();
    Ok((output.status.code().context("it was killed")?, said))
}

/// Waits until the topic has all links, and all of it is right: what is said of it.
fn whole(house: &House) -> anyhow::Result<String> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let (code, said) = verify(house, &[])?;
        ensure!(code == 0, "{said}");
        if !said.contains("does not have the last") {
            return Ok(said);
        }
        ensure!(Instant::now() < deadline, "{said}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// The views' database.
async fn views() -> anyhow::Result<PgConnection> {
    Ok(PgConnection::connect(&crate::views::views_url()?).await?)
}
