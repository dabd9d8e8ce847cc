//! A backlog that waits in the commands log while no cell runs, worked off by settlement alone.

use crate::backlog::{self, Party};
use crate::bank::Bank;
use crate::decided::Decided;
use crate::figures::per_second;
use anyhow::ensure;
use schemas::{Command, Topic};
use std::time::{Duration, Instant};

/// Commands that wait, each with the trace of its request.
pub(crate) type Waiting<'a> = Box<dyn Iterator<Item = (Command, String)> + 'a>;

/// How fast a backlog was worked off, from settlement's start to the commit of its last event.
pub(crate) struct Drained {
    pub(crate) per_s: f64,
    /// Of which: until the first commit of the backlog.
    pub(crate) first: Duration,
}

/// Appends `count` transfers between parties, as single commands or in batches, and lets settlement decide them. What the journal
/// counts is what the topics hold, record by record, and as many are refused as should be.
pub(crate) fn drain(bank: &Bank<'_>, name: &str, count: usize, backlog: impl Fn(&[Party]) -> Waiting<'_>) -> anyhow::Result<Drained> {
    let mut decided = Decided::by(bank)?;
    let parties = backlog::parties(bank, name, &mut decided)?;
    eprintln!("{name:<24} appends a backlog of {count} transfers");
    bank.append(backlog(&parties))?;

    let opened = decided.payments();
    let started = Instant::now();
    let mut settlement = bank.settlement()?;
    let target = opened + u64::try_from(count)?;
    let (first, last) = decided.wait(name, Decided::payments, target, &mut [&mut settlement])?;
    drop(settlement);

    let (settled, failed) = (backlog::records(bank, Topic::TransactionSettled)?, backlog::records(bank, Topic::TransactionFailed)?);
    let settling = backlog::settling(count);
    let (expected, refused) = (u64::try_from(settling)? + opened, u64::try_from(count - settling)?);
    ensure!((settled, failed) == (expected, refused), "{settled} settled and {failed} failed, instead of {expected} and {refused}");
    Ok(Drained { per_s: per_second(u64::try_from(count)?, last - started), first: first - started })
}
