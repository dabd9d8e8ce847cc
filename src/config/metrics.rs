//! Where the cells show what they measure.

use super::ConfigError;
use crate::cell::Cell;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// Where the cells show what they measure, as Prometheus text under `/metrics`. No token is asked for, so each is on loopback unless
/// told otherwise. Port 0 is any free one, which `orion run` logs: several banks on one machine do not collide. `off` is none.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// Address of settlement's.
    pub settlement: String,
    /// Address of the views'.
    pub views: String,
    /// Address of risk's.
    pub risk: String,
}

impl Metrics {
    /// Where a cell shows them; none if it does not.
    pub fn of(&self, cell: Cell) -> Result<Option<SocketAddr>, ConfigError> {
        let (field, text) = match cell {
            Cell::Settlement => ("settlement", &self.settlement),
            Cell::Views => ("views", &self.views),
            Cell::Risk => ("risk", &self.risk),
        };
        if text == "off" {
            return Ok(None);
        }
        let wrong =
            |_| ConfigError::of(&format!("metrics.{field} is {text:?}; it must be an address and a port, such as 127.0.0.1:9464, or off"));
        text.parse().map(Some).map_err(wrong)
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let mut taken = Vec::new();
        for cell in Cell::ALL {
            let Some(address) = self.of(cell)?.filter(|address| address.port() != 0) else { continue };
            if let Some((_, other)) = taken.iter().find(|(known, _)| *known == address) {
                let what = format!("metrics.{other} and metrics.{} are the same address; each needs a port of its own", cell.name());
                return Err(ConfigError::of(&what));
            }
            taken.push((address, cell.name()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cell_shows_its_metrics_at_an_address_of_its_own_or_not_at_all() {
        let metrics = |settlement: &str, views: &str| Metrics {
            settlement: settlement.to_owned(),
            views: views.to_owned(),
            risk: "127.0.0.1:0".to_owned(),
        };
        for (settlement, views) in
            [("127.0.0.1:0", "127.0.0.1:0"), ("off", "off"), ("127.0.0.1:9464", "127.0.0.1:9465"), ("[::1]:9464", "off")]
        {
            assert!(metrics(settlement, views).check().is_ok(), "{settlement} {views}");
        }
        assert_eq!(metrics("off", "127.0.0.1:0").of(Cell::Settlement).unwrap(), None);
        for (settlement, views, what) in [
            ("9464", "off", "metrics.settlement is \"9464\"; it must be an address"),
            ("off", "localhost", "metrics.views is \"localhost\"; it must be an address"),
            ("", "off", "metrics.settlement is \"\""),
            ("127.0.0.1:9464", "127.0.0.1:9464", "metrics.settlement and metrics.views are the same address"),
        ] {
            let error = metrics(settlement, views).check().unwrap_err().to_string();
            assert!(error.contains(what), "{error}");
        }
    }
}
