//! From which epoch on Kafka must have everything: what a prune may not touch.
//!
//! Each cell goes on from an epoch that it has had, and looks that epoch up in settlement's journal before it believes
//! this Kafka: settlement that of a snapshot, the views and risk that of a snapshot too, and whoever follows the events (the
//! views, the door) the last that Postgres shows. So the floor is the smallest of those epochs themselves, not the first after
//! them. Of the snapshots the oldest counts: where the newest is damaged, a cell takes the one before.

use crate::config::Config;
use crate::exit::{self, Exit};
use egress::postgres::{Progress, alerts};
use egress::snapshots::Store;
use schemas::Epoch;

/// What each reader goes on from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Needed {
    /// The oldest snapshot of settlement.
    settlement: Epoch,
    /// The oldest snapshot of the views.
    views: Epoch,
    /// That of risk.
    risk: Epoch,
    /// The first epoch that Postgres does not show, of the views or of alerts.
    progress: Epoch,
    /// What somebody wants kept besides.
    keep_from: Option<Epoch>,
}

impl Needed {
    /// Asks the snapshots and Postgres.
    pub(super) async fn find(config: &Config, keep_from: Option<Epoch>) -> anyhow::Result<Self> {
        let (settlement, views, risk) = (oldest(config, "settlement")?, oldest(config, "views")?, oldest(config, "risk")?);
        let url = config.postgres.views_url()?;
        let shown = Progress::read(&url).await.map_err(Exit::unavailable)?.epoch;
        let progress = shown.min(alerts::progress(&url).await.map_err(Exit::unavailable)?.1);
        Ok(Self { settlement, views, risk, progress, keep_from })
    }

    /// The first epoch of which everything stays.
    pub(super) fn floor(self) -> Epoch {
        // Progress is an exclusive bound, and the epoch before it is the one that is looked up.
        let shown = self.progress.saturating_sub(1);
        [Some(self.settlement), Some(self.views), Some(self.risk), Some(shown), self.keep_from].into_iter().flatten().min().unwrap_or(0)
    }
}

impl std::fmt::Display for Needed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { settlement, views, risk, progress, keep_from } = self;
        let shown = progress.saturating_sub(1);
        write!(
            f,
            "the oldest snapshot of settlement is of {settlement}, that of the views of {views}, that of risk of {risk}, postgres shows up to {shown}"
        )?;
        keep_from.map_or(Ok(()), |keep_from| write!(f, ", --keep-from {keep_from}"))
    }
}

/// The epoch of a cell's oldest snapshot.
fn oldest(config: &Config, cell: &str) -> Result<Epoch, Exit> {
    let folder = config.snapshots.folder.join(cell);
    let names = Store::whole(&folder).map_err(Exit::unavailable)?;
    names.iter().map(|name| name.epoch).min().ok_or_else(|| Exit {
        code: exit::UNAVAILABLE,
        sentence: format!(
            "nothing is pruned: {} holds no snapshot that is whole, and without one {cell} starts from Kafka's first record",
            folder.display()
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_is_the_smallest_epoch_that_somebody_goes_on_from() {
        for (settlement, views, risk, progress, keep_from, floor, why) in [
            (50, 60, 65, 70, None, 50, "settlement"),
            (50, 40, 65, 70, None, 40, "the views"),
            (50, 60, 45, 70, None, 45, "risk"),
            (50, 50, 50, 50, None, 49, "the epoch before the progress is looked up in the journal"),
            (50, 60, 65, 70, Some(30), 30, "somebody wants more"),
            (50, 60, 65, 70, Some(90), 50, "nobody can want less"),
            (50, 60, 65, 0, None, 0, "Postgres shows nothing"),
        ] {
            assert_eq!(Needed { settlement, views, risk, progress, keep_from }.floor(), floor, "{why}");
        }
    }
}
