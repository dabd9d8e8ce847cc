//! `single_caller`: what a client waits for who is alone, and asks for one transfer after the other.

use crate::Extent;
use crate::connection::Connection;
use crate::figures::{Figure, milliseconds};
use crate::http::TRANSFER;
use crate::open_bank::{OpenBank, is_settled};
use crate::services::Services;
use orion::load::random::SplitMix64;
use std::time::Instant;

const REQUESTS: u16 = 1_000;
/// Before those, and not measured.
const WARM_UP: u16 = 200;

pub(crate) fn measure(services: &Services, extent: &Extent) -> anyhow::Result<Vec<Figure>> {
    let mut p50 = Figure::new("single_caller_ms", "ms", "from sent to the final answer, one client alone, the median of 1,000");
    let mut p99 = Figure::new("single_caller_p99_ms", "ms", "");
    for run in 1..=extent.runs {
        let name = format!("single_caller {run}/{}", extent.runs);
        let open = OpenBank::fresh(services, &format!("single_caller-{run}"), name.clone())?;
        eprintln!("{name:<24} {REQUESTS} transfers, one after the other");
        let mut waits = services.runtime.block_on(async {
            let (mut random, mut waits) = (SplitMix64::new(1_000), Vec::new());
            let mut connection = Connection::open(&open.bank.listen, 1_001).await?;
            for number in 0..WARM_UP + REQUESTS {
                let (token, body) = open.transfer(&mut random);
                let sent = Instant::now();
                let (status, answer) = connection.post(TRANSFER, token, &body).await?;
                let took = sent.elapsed();
                is_settled(status, answer)?;
                if number >= WARM_UP {
                    waits.push(took);
                }
            }
            anyhow::Ok(waits)
        })?;
        waits.sort_unstable();
        p50.add(milliseconds(waits[waits.len() / 2]));
        p99.add(milliseconds(waits[waits.len() * 99 / 100]));
        open.close(u64::from(WARM_UP + REQUESTS), 0)?;
    }
    Ok(vec![p50, p99])
}
