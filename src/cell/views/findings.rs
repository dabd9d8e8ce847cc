//! What the proof of the books finds: as rows, as lines in the log, and as the number of what stands.

use dataflows::proof::books::Subject;
use dataflows::views::Imbalance;
use egress::postgres;

/// How many imbalances stand, by all that was said and taken back.
#[derive(Debug, Default)]
pub struct Findings {
    standing: i64,
}

impl Findings {
    /// Takes what the proof says of an epoch, and gives its rows. What stands in the books that the cell began with, or
    /// was said in an epoch that is written already, gets no row again; it is counted, and said again after every start.
    pub fn add(&mut self, imbalances: &[Imbalance], is_new: bool) -> Vec<postgres::Imbalance> {
        for Imbalance { subject, difference_minor, epoch, diff } in imbalances {
            self.standing += diff;
            let standing = self.standing;
            if *diff > 0 {
                tracing::error!(?subject, %difference_minor, epoch, standing, is_new, "the books do not balance");
            } else {
                tracing::warn!(?subject, %difference_minor, epoch, standing, is_new, "an imbalance is gone");
            }
        }
        imbalances.iter().map(row).collect()
    }

    /// How many stand now.
    pub const fn standing(&self) -> i64 {
        self.standing
    }
}

fn row(imbalance: &Imbalance) -> postgres::Imbalance {
    let (kind, subject, currency) = match imbalance.subject {
        Subject::Currency(currency) => ("currency", currency.to_string(), Some(currency)),
        Subject::Account(account) => ("account", account.to_string(), None),
        Subject::Transaction(transaction, currency) => ("transaction", transaction.to_string(), Some(currency)),
    };
    postgres::Imbalance { kind, subject, currency, difference_minor: imbalance.difference_minor, diff: imbalance.diff }
}
