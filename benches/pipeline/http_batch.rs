//! `http_batch`: how many transfers a second a bank takes through its door in batches of 1,000.
//!
//! As `http` otherwise. Staff asks; each item stands by itself, one in twenty is refused, and every item's outcome is looked at.

use crate::Extent;
use crate::backlog::{self, Transfer};
use crate::closed_loop::ClosedLoop;
use crate::figures::{Figure, per_second};
use crate::open_bank::OpenBank;
use crate::services::Services;
use anyhow::ensure;
use schemas::ItemStatus;
use schemas::resource::Batch;

const CLIENTS: usize = 12;
const ITEMS: usize = 1_000;

pub(crate) fn measure(services: &Services, extent: &Extent) -> anyhow::Result<Vec<Figure>> {
    let mut rate = Figure::new("http_batch_per_s", "payments/s", "the same in batches of 1,000, 12 clients");
    for run in 1..=extent.runs {
        let name = format!("http_batch {run}/{}", extent.runs);
        let open = OpenBank::fresh(services, &format!("http_batch-{run}"), name.clone())?;
        let staff = open.bank.token("bench", "transactions:write operator")?;
        eprintln!("{name:<24} {CLIENTS} clients for {} s", extent.time.as_secs());
        let clients = ClosedLoop { listen: &open.bank.listen, path: "/v1/batches", clients: CLIENTS, time: extent.time };
        let ask = |random: &mut _| {
            let item =
                |number| format!(r#"{{"operation":"transfer",{}}}"#, Transfer::of(random, &open.parties, number).json(&open.parties));
            let items: Vec<_> = (0..ITEMS).map(item).collect();
            (staff.as_str(), format!(r#"{{"mode":"independent","items":[{}]}}"#, items.join(",")))
        };
        let answers = clients.run(services, ask, check)?;
        let items = u64::try_from(answers.waits.len() * ITEMS)?;
        ensure!(items > 0, "no batch was answered");
        rate.add(per_second(items, extent.time));
        let settled = u64::try_from(backlog::settling(ITEMS))?;
        open.close(answers.count * settled, answers.count * (u64::try_from(ITEMS)? - settled))?;
    }
    Ok(vec![rate])
}

/// Whether each item became what it should have.
fn check(status: u16, body: &[u8]) -> anyhow::Result<()> {
    ensure!(status == 200, "a batch was answered with {status}: {}", String::from_utf8_lossy(body));
    let batch: Batch = serde_json::from_slice(body)?;
    ensure!(batch.outcomes.len() == ITEMS, "{} outcomes of {ITEMS} items", batch.outcomes.len());
    for (number, outcome) in batch.outcomes.iter().enumerate() {
        let expected = if backlog::refused(number) { ItemStatus::Failed } else { ItemStatus::Settled };
        ensure!(outcome.status == expected, "item {number} has {:?}", outcome.status);
    }
    Ok(())
}
