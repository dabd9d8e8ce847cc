//! `hot_account`: what it costs that everybody pays the same two. A backlog between two accounts, and one of the same size between
//! all, worked off in turn.

use crate::Extent;
use crate::backlog::{self, SEED};
use crate::bank::Bank;
use crate::drain::drain;
use crate::figures::Figure;
use crate::services::Services;

const HOT: usize = 2;

pub(crate) fn measure(services: &Services, extent: &Extent) -> anyhow::Result<Vec<Figure>> {
    let count = extent.commands / 2;
    let mut ratio = Figure::new("hot_account_ratio", "times", "a backlog between two accounts, as fast as one between 4,000");
    for run in 1..=extent.runs {
        let [even, hot] = ["even", "hot"].map(|what| format!("{what}_accounts {run}/{}", extent.runs));
        let bank = Bank::fresh(services, &format!("hot_account-{run}"))?;
        let even = drain(&bank, &even, count, |parties| Box::new(backlog::transfers(parties, SEED, count)))?;
        let bank = Bank::fresh(services, &format!("hot_account-{run}-hot"))?;
        let hot = drain(&bank, &hot, count, |parties| Box::new(backlog::transfers(&parties[..HOT], SEED, count)))?;
        ratio.add(hot.per_s / even.per_s);
    }
    Ok(vec![ratio])
}
