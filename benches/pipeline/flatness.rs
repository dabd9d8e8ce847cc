//! `flatness`: what a payment costs a bank with a long history, beside what it cost when that was a tenth as long.
//!
//! 1. A bank with settlement and views is given a tenth of `ORION_BENCH_HISTORY` transfers, by commands, until Postgres shows all of them.
//! 2. Postgres cleans up, so that nothing is measured which the history left to do.
//! 3. A backlog is appended while the cells run; time and processor count until Postgres shows it. As often as there are runs.
//! 4. The bank is given the rest of its history, then 2. and 3. come again, with backlogs of the same size.
//!
//! Cells never stop, so no start is in it: what that costs, `at_scale` says. The processor's part is that of settlement, views, Kafka and
//! Postgres, without this program.

use crate::Extent;
use crate::backlog::{self, Party};
use crate::bank::{Bank, Process};
use crate::bulk::Bulk;
use crate::covered;
use crate::decided::Decided;
use crate::figures::Figure;
use crate::services::Services;
use crate::stack_cpu::StackCpu;
use anyhow::ensure;
use sqlx::PgConnection;
use std::time::Instant;

/// How much longer the second history is.
const LONGER: usize = 10;
/// Transfers that are given at once while a history is made.
const GIVEN: usize = 500_000;
/// Transfers of a backlog that is measured, at most; at least it adds little to the history.
const MEASURED: usize = 200_000;

pub(crate) fn measure(services: &Services, extent: &Extent) -> anyhow::Result<Vec<Figure>> {
    let history = extent.history;
    let mut wall = Figure::new("flatness", "times", "what a payment takes after the whole history, to that after a tenth of it");
    let mut processor = Figure::new("flatness_cpu", "times", "the same in time of the processor");
    let bank = Bank::fresh(services, "flatness")?;
    let parties = backlog::parties(&bank, "flatness", &mut Decided::by(&bank)?)?;
    let cells = [bank.settlement()?, bank.views()?];
    let cpu = StackCpu::of(&cells)?;
    let mut bank = Old { services, parties, bulk: Bulk::open(&bank)?, cells, views: services.views()?, given: 0 };
    let mut costs = Vec::new();
    for length in [history / LONGER, history] {
        while bank.given < length {
            bank.give("flatness makes history", GIVEN.min(length - bank.given))?;
        }
        for order in ["vacuum (analyze)", "checkpoint"] {
            services.runtime.block_on(sqlx::raw_sql(order).execute(&mut bank.views))?;
        }
        for run in 1..=extent.runs {
            let count = MEASURED.min(history / LONGER / 5);
            let name = format!("flatness {run}/{}", extent.runs);
            let (begun, before) = (Instant::now(), cpu.seconds()?);
            bank.give(&name, count)?;
            let (took, used) = (begun.elapsed().as_secs_f64(), cpu.seconds()? - before);
            let each = 1e6 / f64::from(u32::try_from(count)?);
            eprintln!("{name:<24} after {length}: {:.1} us a payment, of the processor {:.1}", took * each, used * each);
            costs.push((took, used));
        }
    }
    bank.check()?;
    let (young, old) = costs.split_at(extent.runs);
    for ((young_s, young_cpu_s), (old_s, old_cpu_s)) in young.iter().zip(old) {
        wall.add(old_s / young_s);
        processor.add(old_cpu_s / young_cpu_s);
    }
    Ok(vec![wall, processor])
}

/// A bank that gets on in years.
struct Old<'a> {
    services: &'a Services,
    bulk: Bulk,
    parties: Vec<Party>,
    cells: [Process; 2],
    views: PgConnection,
    /// Transfers so far.
    given: usize,
}

impl Old<'_> {
    /// Gives it transfers that it never had, and waits until Postgres shows them.
    fn give(&mut self, name: &str, count: usize) -> anyhow::Result<()> {
        let from = covered::end_of_log(self.services)?;
        let seed = 1_000 + u64::try_from(self.given)?;
        self.bulk.append(backlog::transfers(&self.parties, seed, count))?;
        self.given += count;
        covered::wait(self.services, &mut self.views, name, (from, covered::end_of_log(self.services)?), &mut self.cells)
    }

    /// Whether Postgres has a row of each.
    fn check(&mut self) -> anyhow::Result<()> {
        let query = sqlx::query_scalar("select count(*) from transaction where operation = 'transfer'");
        let rows: i64 = self.services.runtime.block_on(query.fetch_one(&mut self.views))?;
        ensure!(usize::try_from(rows)? == self.given, "Postgres shows {rows} transfers, and {} were given", self.given);
        Ok(())
    }
}
