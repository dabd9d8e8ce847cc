//! Decisions that settlement has on its disk alone: told again, given back, and never guessed where the disk has lost them.

use super::{Bank, log};
use crate::house::{Environment, House};
use crate::watched::{cell, eventually};
use anyhow::ensure;
use serde_json::{Value, json};
use std::path::Path;

/// Items of a batch, as many as there may be: they fill a segment of pins as well as pins do.
const ITEMS: usize = 8_000;
/// So many batches fill more segments than stay in memory.
const BATCHES_MAX: usize = 90;

#[test]
fn what_the_disk_alone_has_is_told_again_and_given_back() -> anyhow::Result<()> {
    let Some(mut house) = House::start_with("shelved", forgetful)? else { return Ok(()) };
    let bank = Bank::open(&house)?;
    let mut paid = vec![bank.deposit("0")?];
    let refused = json!({"operation": "release", "hold_id": uuid::Uuid::nil()});
    let batch = json!({"mode": "independent", "items": vec![refused; ITEMS]});
    while cold(&house)? < 10.0 {
        ensure!(paid.len() < BATCHES_MAX, "memory keeps all of {BATCHES_MAX} batches");
        bank.answered(200, "/v1/batches", &format!("{}/batch-{}", bank.account, paid.len()), &batch)?;
        paid.push(bank.deposit(&paid.len().to_string())?);
    }
    let count = u64::try_from(paid.len())?;

    let before = reads(&house)?;
    ensure!(bank.deposit("2")? == paid[2], "a payment that the disk has is made again");
    let refund = bank.post(&format!("/v1/transactions/{}/refunds", id(&paid[3])), "refund", &json!({"amount": "40", "currency": "XOF"}))?;
    ensure!(refund["amount"] == "40" && refund["original_transaction_id"] == paid[3], "{refund}");
    ensure!(bank.balance()? == count * 100 - 40);
    let read = reads(&house)? - before;
    ensure!(read >= 2.0, "{read} pages were read, of two");

    // Of a snapshot it stays on the disk.
    house.kill_cell("settlement")?;
    ensure!(bank.deposit("2")? == paid[2]);
    eventually(|| {
        let after = cold(&house)?;
        ensure!(after >= 10.0, "{after} decisions are on the disk after a start");
        Ok(())
    })?;
    ensure!(bank.balance()? == count * 100 - 40);

    // The disk loses it under a process that has not read it yet.
    for file in std::fs::read_dir(house.file("snapshots/settlement"))? {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "part") {
            let bytes = std::fs::read(&path)?;
            std::fs::write(&path, &bytes[..100])?;
        }
    }
    ensure!(bank.deposit("4")? == paid[4], "a payment whose page is gone is made again");
    let said = log(&house)?;
    let lost = |line: &Value| line.to_string().contains("can't be read back, and nothing is decided without it");
    ensure!(said.iter().any(lost), "nobody says why settlement has ended");
    ensure!(bank.balance()? == count * 100 - 40);
    ensure!(house.stop_run()?.success());
    house.forget()
}

/// A door that asks settlement what it could know itself.
fn forgetful(_folder: &Path) -> anyhow::Result<Environment> {
    Ok(vec![("ORION_HTTP__REMEMBERED_MAX", "1".into())])
}

fn cold(house: &House) -> anyhow::Result<f64> {
    Ok(cell(house, "settlement")?.sum("orion_pins_cold"))
}

fn reads(house: &House) -> anyhow::Result<f64> {
    Ok(cell(house, "settlement")?.sum("orion_pin_read_duration_seconds_count"))
}

fn id(transaction: &Value) -> &str {
    transaction.as_str().unwrap_or_default()
}
