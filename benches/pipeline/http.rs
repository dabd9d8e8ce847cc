//! `http`: how many transfers a second a bank takes through its door when as many clients as it likes wait for their decisions.
//!
//! Everything runs as in a bank: settlement, views, door, metrics; each customer has a token of their own. A client asks, waits for its
//! decision and asks again. All transfers settle, and afterwards the topics hold as many as were answered.

use crate::Extent;
use crate::closed_loop::ClosedLoop;
use crate::figures::{Figure, milliseconds, per_second};
use crate::open_bank::{OpenBank, is_settled};
use crate::services::Services;
use anyhow::ensure;

const CLIENTS: usize = 256;
pub(crate) const TRANSFER: &str = "/v1/transactions/transfer";

pub(crate) fn measure(services: &Services, extent: &Extent) -> anyhow::Result<Vec<Figure>> {
    let mut rate = Figure::new("http_per_s", "payments/s", "through the door, one a request, 256 clients that wait for their answers");
    let mut p99 = Figure::new("http_p99_ms", "ms", "from sent to the final answer, meanwhile");
    for run in 1..=extent.runs {
        let name = format!("http {run}/{}", extent.runs);
        let open = OpenBank::fresh(services, &format!("http-{run}"), name.clone())?;
        eprintln!("{name:<24} {CLIENTS} clients for {} s", extent.time.as_secs());
        let clients = ClosedLoop { listen: &open.bank.listen, path: TRANSFER, clients: CLIENTS, time: extent.time };
        let answers = clients.run(services, |random| open.transfer(random), is_settled)?;
        ensure!(answers.waits.len() > CLIENTS, "only {} were answered", answers.waits.len());
        rate.add(per_second(u64::try_from(answers.waits.len())?, extent.time));
        p99.add(milliseconds(answers.waits[answers.waits.len() * 99 / 100]));
        open.close(answers.count, 0)?;
    }
    Ok(vec![rate, p99])
}
