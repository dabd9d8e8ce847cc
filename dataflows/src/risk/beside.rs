//! What is known beside payments: where customers were, what they share, who is frozen, and of whom an alert was confirmed.
//!
//! In: what was said of payments before they were decided, of customers and of accounts. Out: sources of taint, marks of customers, and who has to be
//! looked at because something else is known now. Never: anything that a gate said.

use crate::risk::distance::Degrees;
use crate::risk::graph::{Graph, Node};
use crate::risk::homes::home;
use crate::risk::places::{Place, Places};
use crate::risk::rules::{Key, Who};
use crate::risk::ties::{Mark, Shared, Ties};
use crate::risk::verdicts::Verdicts;
use schemas::context::{KeyKind, hash};
use schemas::{AccountId, Assessed, Context, CustomerId, EventId, PartyChange, PartyChanged, Told};
use std::collections::{BTreeMap, BTreeSet};

/// What is known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Beside {
    pub(crate) places: Places,
    pub(crate) ties: Ties,
    /// Where customers live, of whom it is known.
    pub(crate) homes: BTreeMap<CustomerId, Shared>,
    pub(crate) frozen_customers: BTreeSet<CustomerId>,
    pub(crate) frozen_accounts: BTreeSet<AccountId>,
    pub(crate) verdicts: Verdicts,
    /// Of whom something was said since this was last looked at.
    pub(crate) changed: BTreeSet<CustomerId>,
}

/// Whose step there is to look at, and the event that it came by.
pub(crate) type Step = (Key, Option<usize>);

/// What an epoch said beside payments, for the rules that go by it.
#[derive(Clone, Debug, Default)]
pub(crate) struct News {
    /// Steps from one place to the next, each with the event.
    pub(crate) steps: Vec<Step>,
    /// Accounts that are sources of taint now, or are not any more.
    pub(crate) sources: Vec<(Node, usize)>,
    /// Accounts whose payments have become more than are looked at, or no more than that.
    pub(crate) crossed: Vec<Node>,
}

impl Beside {
    /// A customer's telephone is another now.
    pub(crate) fn reached_by(&mut self, customer: CustomerId, before: Option<&str>, now: Option<&str>) {
        for (msisdn, is_own) in [(before, false), (now, true)] {
            if let Some(msisdn) = msisdn {
                self.ties.own(customer, hash(KeyKind::Msisdn.as_str(), msisdn), is_own);
            }
        }
    }

    /// A customer lives somewhere else now.
    fn lives(&mut self, customer: CustomerId, home: Option<Shared>) {
        let before = match home {
            Some(home) => self.homes.insert(customer, home),
            None => self.homes.remove(&customer),
        };
        if before != home {
            before.into_iter().for_each(|before| self.ties.own(customer, before, false));
            home.into_iter().for_each(|home| self.ties.own(customer, home, true));
        }
    }
}

impl Graph {
    /// What was known of a payment.
    pub(crate) fn assessed(&mut self, id: EventId, assessed: &Assessed, event: usize, news: &mut News) {
        let payer = self.known(assessed.account_debit).filter(|payer| !self.is_hub(*payer));
        let holder = payer.and_then(|payer| self.account(payer).holder);
        let (Some(node), Some(context), Some(moment)) = (holder, assessed.context.as_deref(), id.minted()) else { return };
        let Context { device, msisdn, latitude_e6, longitude_e6, .. } = context;
        let customer = self.holder(node).id;
        for (kind, text) in [(KeyKind::Device, device), (KeyKind::Msisdn, msisdn)] {
            if let Some(text) = text {
                self.beside.ties.see(customer, hash(kind.as_str(), text), moment.0);
            }
        }
        if let (Some(north), Some(east)) = (*latitude_e6, *longitude_e6) {
            let degrees: Degrees = (north, east);
            let transaction = assessed.transaction_id.and_then(|id| id.minted()).map(|(_, number)| number);
            let changed = self.beside.places.add(node, Place { moment, degrees, transaction });
            news.steps.extend(changed.into_iter().map(|which| (Key { who: Who::Customer(node), which }, Some(event))));
        }
    }

    /// What a customer is called by, presents, where they live, and how far they are known, is something else now. A document stays a customer's: whoever presents the
    /// same one is tied to them.
    pub(crate) fn diligence(&mut self, told: &Told, event: usize, news: &mut News) {
        match told {
            Told::Customer(updated) => {
                if let Some(msisdn) = &updated.update.msisdn {
                    self.reached_by(updated.update.customer_id, Some(msisdn.clone()));
                }
            }
            Told::Kyc(changed) => {
                if let Some(document) = &changed.document {
                    self.enrol(changed.customer_id);
                    self.beside.ties.own(changed.customer_id, hash("document", &document.digest.to_string()), true);
                }
                if let Some(level) = changed.level {
                    self.level(changed.customer_id, level);
                }
            }
            Told::Address(set) => {
                self.enrol(set.set.customer_id);
                self.beside.lives(set.set.customer_id, set.set.address.as_ref().and_then(home));
            }
            Told::Case(case) => self.case(case, event, news),
        }
    }

    /// Somebody was frozen, or is not any more.
    pub(crate) fn party(&mut self, changed: &PartyChanged, event: usize, news: &mut News) {
        let is_frozen = match changed.change {
            PartyChange::Frozen => true,
            PartyChange::Unfrozen => false,
            PartyChange::PinFailed | PartyChange::ThreedsFailed | PartyChange::SimSwapped | PartyChange::PinReset => return,
        };
        let Beside { frozen_accounts, frozen_customers, .. } = &mut self.beside;
        match (changed.account_id, is_frozen) {
            (Some(account), true) => frozen_accounts.insert(account),
            (Some(account), false) => frozen_accounts.remove(&account),
            (None, true) => frozen_customers.insert(changed.customer_id),
            (None, false) => frozen_customers.remove(&changed.customer_id),
        };
        self.beside.changed.insert(changed.customer_id);
        let customer = self.enrol(changed.customer_id);
        let accounts = match changed.account_id {
            Some(account) => self.known(account).into_iter().collect(),
            None => self.holder(customer).accounts.clone(),
        };
        news.sources.extend(accounts.into_iter().map(|account| (account, event)));
    }

    /// Whether the money that an account pays is tainted, wherever it comes from.
    pub(crate) fn is_source(&self, node: Node) -> bool {
        self.is_frozen(node) || self.is_confirmed(node)
    }

    /// Whether an account is frozen, or whose it is.
    pub(crate) fn is_frozen(&self, node: Node) -> bool {
        let Beside { frozen_accounts, frozen_customers, .. } = &self.beside;
        if frozen_accounts.is_empty() && frozen_customers.is_empty() {
            return false;
        }
        let account = self.account(node);
        frozen_accounts.contains(&account.id) || account.holder.is_some_and(|holder| frozen_customers.contains(&self.holder(holder).id))
    }

    /// Every step from one place to the next.
    pub(crate) fn steps(&self) -> impl Iterator<Item = Key> + '_ {
        self.beside.places.all().map(|(node, place)| Key { who: Who::Customer(node), which: place.moment })
    }

    /// All sources.
    pub(crate) fn sources(&self) -> Vec<Node> {
        let Beside { frozen_accounts, frozen_customers, .. } = &self.beside;
        let own = frozen_accounts.iter().filter_map(|id| self.known(*id));
        let of = frozen_customers.iter().filter_map(|id| self.customer(*id)).flat_map(|node| self.holder(node).accounts.clone());
        own.chain(of).chain(self.confirmed()).collect::<BTreeSet<Node>>().into_iter().collect()
    }

    /// What is known of a customer for a ring.
    pub(crate) fn marks(&self, customer: CustomerId) -> BTreeSet<Mark> {
        let accounts = self.customer(customer).map(|node| self.holder(node).accounts.as_slice()).unwrap_or_default();
        let is_frozen = self.beside.frozen_customers.contains(&customer) || accounts.iter().any(|node| self.is_frozen(*node));
        let frozen = is_frozen.then_some(Mark::Frozen);
        frozen.into_iter().chain(accounts.iter().map(|node| Mark::Account(self.account(*node).id))).collect()
    }
}
