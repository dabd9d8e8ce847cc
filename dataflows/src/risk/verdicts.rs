//! Of whom staff confirmed what an alert says.
//!
//! In: what happened to cases of alerts. Out: whose money is tainted by that. Never: a hit, which says that a name is alike: whom it means is frozen.
//!
//! The last case of an alert stands: where another one about it ends otherwise, nobody is confirmed by it any more. An open case takes some 75 bytes here, a
//! confirmed alert 50, and those are never forgotten: staff is slow.

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
    pub(crate) open: BTreeMap<CaseId, (Suspect, AlertId)>,
    /// Who is confirmed, by which alerts.
    pub(crate) confirmed: BTreeSet<(Suspect, AlertId)>,
}

impl Verdicts {
    fn is_confirmed(&self, suspect: Suspect) -> bool {
        self.confirmed.range((suspect, AlertId(uuid::Uuid::nil()))..).next().is_some_and(|(confirmed, _)| *confirmed == suspect)
    }

    /// Who is confirmed by this who was not, or the other way round.
    fn hear(&mut self, case: &CaseChanged) -> Option<Suspect> {
        if let Some(opened) = case.opened.filter(|opened| opened.kind == CaseKind::Alert) {
            let about = opened.about;
            let suspect = about.account_id.map(Suspect::Account).or(about.customer_id.map(Suspect::Customer));
            self.open.extend(suspect.zip(about.alert_id).map(|of| (case.id, of)));
        }
        if case.change != CaseChange::Closed {
            return None;
        }
        let of = self.open.remove(&case.id)?;
        let was = self.is_confirmed(of.0);
        if case.outcome == Some(CaseOutcome::ConfirmedRisk) {
            self.confirmed.insert(of);
        } else {
            self.confirmed.remove(&of);
        }
        (self.is_confirmed(of.0) != was).then_some(of.0)
    }
}

impl Graph {
    /// Something happened to a case.
    pub(crate) fn case(&mut self, case: &CaseChanged, event: usize, news: &mut News) {
        let Some(suspect) = self.beside.verdicts.hear(case) else { return };
        news.sources.extend(self.accounts_of(suspect).into_iter().map(|account| (account, event)));
    }

    /// Whether staff confirmed what an alert says of an account, or of whose it is.
    pub(crate) fn is_confirmed(&self, node: Node) -> bool {
        let verdicts = &self.beside.verdicts;
        if verdicts.confirmed.is_empty() {
            return false;
        }
        let account = self.account(node);
        verdicts.is_confirmed(Suspect::Account(account.id))
            || account.holder.is_some_and(|holder| verdicts.is_confirmed(Suspect::Customer(self.holder(holder).id)))
    }

    /// All accounts of which it is confirmed.
    pub(crate) fn confirmed(&self) -> impl Iterator<Item = Node> + '_ {
        self.beside.verdicts.confirmed.iter().flat_map(|(suspect, _)| self.accounts_of(*suspect))
    }

    fn accounts_of(&self, suspect: Suspect) -> Vec<Node> {
        match suspect {
            Suspect::Account(id) => self.known(id).into_iter().collect(),
            Suspect::Customer(id) => self.customer(id).map(|node| self.holder(node).accounts.clone()).unwrap_or_default(),
        }
    }
}
