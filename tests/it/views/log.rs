//! What the processes of a house have said.

use crate::house::House;
use anyhow::ensure;
use serde_json::Value;
use std::time::{Duration, Instant};

/// How many lines the log of the cells has, to look only at what comes after.
pub(super) fn length(house: &House) -> anyhow::Result<usize> {
    Ok(std::fs::read_to_string(house.file("run.log"))?.lines().count())
}

/// Lines after the first `skip` that have this message.
pub(super) fn said(house: &House, skip: usize, message: &str) -> anyhow::Result<Vec<Value>> {
    let text = std::fs::read_to_string(house.file("run.log"))?;
    let lines = text.lines().skip(skip).filter_map(|line| serde_json::from_str::<Value>(line).ok());
    Ok(lines.filter(|line| line["message"] == message).collect())
}

/// Waits for such a line; gives the first.
pub(super) fn wait_for(house: &House, skip: usize, message: &str) -> anyhow::Result<Value> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(line) = said(house, skip, message)?.into_iter().next() {
            return Ok(line);
        }
        ensure!(Instant::now() < deadline, "nobody said {message:?}; the log is {}", house.file("run.log").display());
        std::thread::sleep(Duration::from_millis(50));
    }
}
