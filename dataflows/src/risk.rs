//! The risk: which rules against money laundering hold, for whom, since when, and why?
//!
//! In: epochs, whole, to one worker; first, after a restart, what stood; now and then, settings of rules. Out, at that worker, in the order
//! of time: each with the alerts that were raised and cleared in it and, where it was asked for, the state at its end. Never: a clock, a float,
//! or an answer that depends on how many workers there are or where a run was cut.
//!
//! **Definition.** A rule measures a subject at a moment, from the payments within its window up to that moment: a pure function of the
//! graph of payments. A candidate is what was measured, where it reaches at least what the catalogue says is the smallest threshold. A rule
//! holds for a subject where a candidate reaches every threshold of a clause as it is set.
//!
//! 1. The graph takes an epoch's payments, and every subject that they concern is measured anew, and so is every one that time alone
//!    may have changed ([`features`]). What is measured differently comes and goes as a row.
//! 2. These rows, joined with the thresholds that are set, say what holds. A threshold that changes meets the candidates of its rule,
//!    and not one payment ([`holds`]).
//! 3. Where a rule begins to hold, an alert is raised; where it has not held for as long as its window, the alert is cleared ([`episodes`]).
//!
//! A payment counts from the value date of its order, where it has one. If that lies before its epoch, the payment is late: it stands at its
//! place, and whatever it completes, in any window that has it, is raised now. One that lies more than [`LATE_MS_MAX`] back counts from its
//! epoch, so nobody gets past a rule by an old date.

use crate::Epochs;
use questions::Questions;
use schemas::alert::Open;
use schemas::aml::Setting;
use schemas::{AlertChange, Epoch, EpochEvents};
use std::sync::Arc;

/// What is known beside payments.
mod beside;
/// Rules that go by more than payments of one's own.
mod beyond;
/// How far apart two places are.
mod distance;
/// Whether a rule holds for whom, and the alerts of it.
mod episodes;
/// What an alert rests on.
mod evidence;
/// The subjects of an epoch, measured.
mod features;
/// Who paid whom.
mod graph;
/// Candidates and thresholds.
mod holds;
mod homes;
/// The state as bytes.
mod kept;
/// What is measured, compared with what stood.
mod measured;
/// Of whom rings consist.
mod members;
/// Where customers were.
mod places;
/// What if.
pub mod questions;
/// The rules.
pub mod rules;
/// Names.
mod screen;
/// Rules as they are set.
mod settings;
/// What customers share.
mod ties;
/// Of whom an alert was confirmed.
mod verdicts;

pub use kept::{Damaged, Kept};
pub use screen::Screened;

/// The version of the detection: of the same epochs, two binaries with the same one say the same. To be raised with any change after which they
/// might not, be it a rule, a default of the catalogue, a bound, or what an alert says; not with a change that only makes it faster. A
/// journal of the risk cell names it, and what another version said is not compared with what this one finds.
///
/// 1: impossible travel, rings, taint; what is pushed out of a neighbourhood is measured again.
/// 2: counterparties are screened.
/// 3: a cycle is looked for among 5,000 payments.
/// 4: whoever staff confirmed an alert of is a source of taint.
pub const DETECTION_VERSION: u32 = 4;

/// A payment that is later than this counts from its epoch: 30 days.
pub const LATE_MS_MAX: u64 = 30 * 24 * 60 * 60 * 1_000;

/// What the first worker is given. Cheap to copy.
#[derive(Clone, Debug)]
pub enum Given {
    /// What stood at the end of an epoch; before any epoch, if at all.
    Standing(Epoch, Arc<Kept>),
    /// Alerts that are open, where what was paid before is not known; an epoch that follows tells of names and lists. Before it and after the settings,
    /// if at all.
    Open {
        /// When it is given.
        epoch: Epoch,
        /// Up to here no payment is told and nothing is written that is said: what is not found again is over only after it.
        unheard: Epoch,
        /// The alerts.
        alerts: Arc<Vec<Open>>,
    },
    /// Rules as they are set from here on, each with the version of its setting. Until then they are as in the catalogue, in version 0.
    Settings(Epoch, Arc<Vec<(u32, Setting)>>),
    /// An epoch.
    Epoch {
        /// What happened.
        events: Arc<EpochEvents>,
        /// Whether the state at its end is wanted.
        keep: bool,
    },
    /// Nothing follows: the state at the end of the epoch before this one is wanted. Nothing happens in it, and it is no epoch of the bank.
    End(Epoch),
}

impl Given {
    /// When it is. No two are of the same epoch.
    pub fn epoch(&self) -> Epoch {
        match self {
            Self::Standing(epoch, _) | Self::Open { epoch, .. } | Self::Settings(epoch, _) | Self::End(epoch) => *epoch,
            Self::Epoch { events, .. } => events.epoch(),
        }
    }
}

/// What was given, and what was found in it.
#[derive(Clone, Debug)]
pub struct Found {
    /// What was given.
    pub given: Given,
    /// What became of alerts: those that are over, then those that are new, each by rule, lane and subject.
    pub alerts: Vec<AlertChange>,
    /// The state at its end, if it was wanted.
    pub kept: Option<Arc<Kept>>,
    /// Whose names were looked at.
    pub screened: Screened,
}

/// The whole dataflow; every worker builds it, and only the first is given anything.
pub fn risk<'scope>(given: Epochs<'scope, Given>) -> Epochs<'scope, Found> {
    risk_asked(given, Questions::default())
}

/// The same, where somebody may ask what if.
pub fn risk_asked<'scope>(given: Epochs<'scope, Given>, questions: Questions) -> Epochs<'scope, Found> {
    // 1.
    let mut features = features::Features::default();
    let said = crate::in_order::in_order(given, "features", Given::epoch, move |given| {
        let said = Arc::new(features.say(given));
        questions.answer(&features, said.given.epoch());
        said
    });
    // 2.
    let held = holds::holds(said.clone());
    // 3.
    episodes::episodes(said, held)
}

#[cfg(test)]
pub(crate) mod tests;
