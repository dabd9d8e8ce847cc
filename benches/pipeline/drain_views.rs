//! `drain_views`: how fast a backlog reaches Postgres.
//!
//! Transfers wait in the commands log while no cell runs. The time counts from the start of settlement and of the views,
//! both at once on the same machine, until the views' progress in Postgres covers the log's end.

use crate::Extent;
use crate::backlog::{self, SEED};
use crate::bank::Bank;
use crate::covered;
use crate::decided::Decided;
use crate::figures::{Figure, per_second};
use crate::services::Services;
use anyhow::ensure;
use std::time::Instant;

pub(crate) fn measure(services: &Services, extent: &Extent) -> anyhow::Result<Vec<Figure>> {
    let count = extent.views();
    let mut rate = Figure::new("drain_views_per_s", "payments/s", "a backlog, from the start of settlement and views to Postgres");
    for run in 1..=extent.runs {
        let name = format!("drain_views {run}/{}", extent.runs);
        let bank = Bank::fresh(services, &format!("drain_views-{run}"))?;
        let parties = backlog::parties(&bank, &name, &mut Decided::by(&bank)?)?;
        eprintln!("{name:<24} appends a backlog of {count} transfers");
        let from = covered::end_of_log(services)?;
        bank.append(backlog::transfers(&parties, SEED, count))?;
        let end = covered::end_of_log(services)?;

        let mut connection = services.views()?;
        let started = Instant::now();
        let mut cells = [bank.settlement()?, bank.views()?];
        covered::wait(services, &mut connection, &name, (from, end), &mut cells)?;
        rate.add(per_second(u64::try_from(count)?, started.elapsed()));
        drop(cells);

        let rows: i64 = services
            .runtime
            .block_on(sqlx::query_scalar("select count(*) from transaction where operation = 'transfer'").fetch_one(&mut connection))?;
        ensure!(usize::try_from(rows)? == count, "Postgres shows {rows} transfers, and {count} were given");
    }
    Ok(vec![rate])
}
