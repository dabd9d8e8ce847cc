//! Of whom staff confirmed what an alert says.
//!
//! In: what happened to cases of alerts. Out: whose money is tainted by that. Never: a hit, which says that a name is alike: whom it means is frozen.
//!
//! The last case of an alert stands: where another one about it ends otherwise, nobody is confirmed by it any more, whomever that one named. A ring's case names
//! the first of its members, and nobody else is confirmed by it. An open case takes some 75 bytes here, a confirmed alert 100, and those are never
//! forgotten: staff is slow.

use crate::risk::beside::News;
use crate::risk::graph::{Graph, Node};
use schemas::diligence::case::{CaseChange, CaseChanged, CaseKind, CaseOutcome};
use schemas::{AccountId, AlertId, CaseId, CustomerId};
use std::collections::{BTreeMap, BTreeSet};

/// Whom a case is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Suspect {
    Customer(CustomerId),
    Account(AccountId),
}

/// What is said of alerts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Verdicts {
    /// Open cases of alerts.
    pub(crate) open: BTreeMap<CaseId, (AlertId, Suspect)>,
    /// Confirmed alerts.
    pub(crate) confirmed: BTreeMap<AlertId, Suspect>,
    /// The same by suspect.
    suspects: BTreeSet<(Suspect, AlertId)>,
}

impl Verdicts {
    fn is_confirmed(&self, suspect: Suspect) -> bool {
        self.suspects.range((suspect, AlertId(uuid::Uuid::nil()))..).next().is_some_and(|(confirmed, _)| *confirmed == suspect)
    }

    /// An alert is confirmed of somebody, or of nobody. Gives of whom it was, and of whom it is.
    pub(crate) fn confirm(&mut self, alert: AlertId, suspect: Option<Suspect>) -> [Option<Suspect>; 2] {
        let before = self.confirmed.remove(&alert);
        if let Some(before) = before {
            self.suspects.remove(&(before, alert));
        }
        if let Some(suspect) = suspect {
            self.confirmed.insert(alert, suspect);
            self.suspects.insert((suspect, alert));
        }
        [before, suspect]
    }

    /// Of whom a case that was closed says something; of nobody, what else happened to one.
    fn hear(&mut self, case: &CaseChanged) -> [Option<Suspect>; 2] {
        if let Some(opened) = case.opened.filter(|opened| opened.kind == CaseKind::Alert) {
            let about = opened.about;
            let suspect = about.account_id.map(Suspect::Account).or(about.customer_id.map(Suspect::Customer));
            self.open.extend(about.alert_id.zip(suspect).map(|of| (case.id, of)));
        }
        let closed = (case.change == CaseChange::Closed).then(|| self.open.remove(&case.id)).flatten();
        let Some((alert, suspect)) = closed else { return [None; 2] };
        self.confirm(alert, (case.outcome == Some(CaseOutcome::ConfirmedRisk)).then_some(suspect))
    }
}

impl Graph {
    /// Something happened to a case.
    pub(crate) fn case(&mut self, case: &CaseChanged, event: usize, news: &mut News) {
        for suspect in self.beside.verdicts.hear(case).into_iter().flatten() {
            news.sources.extend(self.accounts_of(suspect).into_iter().map(|account| (account, event)));
        }
    }

    /// Whether staff confirmed what an alert says of an account, or of whose it is.
    pub(crate) fn is_confirmed(&self, node: Node) -> bool {
        let verdicts = &self.beside.verdicts;
        if verdicts.suspects.is_empty() {
            return false;
        }
        let account = self.account(node);
        verdicts.is_confirmed(Suspect::Account(account.id))
            || account.holder.is_some_and(|holder| verdicts.is_confirmed(Suspect::Customer(self.holder(holder).id)))
    }

    /// All accounts of which it is confirmed.
    pub(crate) fn confirmed(&self) -> impl Iterator<Item = Node> + '_ {
        self.beside.verdicts.suspects.iter().flat_map(|(suspect, _)| self.accounts_of(*suspect))
    }

    fn accounts_of(&self, suspect: Suspect) -> Vec<Node> {
        match suspect {
            Suspect::Account(id) => self.known(id).into_iter().collect(),
            Suspect::Customer(id) => self.customer(id).map(|node| self.holder(node).accounts.clone()).unwrap_or_default(),
        }
    }
}
