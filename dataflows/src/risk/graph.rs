//! The graph of payments: who paid whom, when, and how much of it is left.
//!
//! In: accounts, customers and payments as they are recorded, and what is given back of them. Out: the payments of an account within a
//! window, in the order of time. Never: more than [`NEIGHBOURS_MAX`] of them at once, nor anything in an order that chance decides.
//!
//! Accounts and customers go by small numbers, given in the order in which they came. A payment has a slot, which is used again once it is
//! forgotten; nothing that is said may depend on which one it is.

#![expect(clippy::disallowed_types, reason = "accounts and customers are looked up, never walked")]

mod bounds;
mod window;

pub(crate) use bounds::Most;
pub(crate) use window::Window;

use crate::risk::beside::Beside;
use crate::risk::rules::How;
use schemas::{AccountId, Channel, Currency, CustomerId, Epoch, KycLevel, PaymentKind, Role, TransactionId};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

/// Most payments of an account that a rule looks at in a window and a direction: the newest ones.
pub(crate) const NEIGHBOURS_MAX: usize = 1_000;

/// Most payments that a rule looks at of all who paid an account: of each as many, the newest ones.
pub(crate) const AROUND_MAX: usize = 10_000;

/// Payments are forgotten an hour of them at a time.
pub(crate) const HOUR_MS: u64 = 60 * 60 * 1_000;

/// An account or a customer, by number.
pub(crate) type Node = u32;

/// Where a payment is.
pub(crate) type Slot = u32;

/// When a payment counts, the epoch that recorded it, and its number there: no two are the same.
pub(crate) type Order = (Epoch, Epoch, u32);

/// A payment that settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Edge {
    /// From when it counts.
    pub(crate) time: Epoch,
    /// The epoch that recorded it, and its number there.
    pub(crate) minted: (Epoch, u32),
    /// Who paid.
    pub(crate) payer: Node,
    /// Who was paid.
    pub(crate) payee: Node,
    /// What is left of it.
    pub(crate) amount_minor: i64,
    /// What it was for.
    pub(crate) kind: PaymentKind,
    /// Through which channel.
    pub(crate) channel: Channel,
}

/// An account.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) id: AccountId,
    pub(crate) holder: Option<Node>,
    pub(crate) role: Role,
    pub(crate) currency: Currency,
    /// Its payments, in their order; none are kept of the house.
    paid: VecDeque<Side>,
    received: VecDeque<Side>,
}

/// A payment as one of its accounts has it: enough for most of what is asked, side by side in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Side {
    pub(crate) time: Epoch,
    /// The account on the other side.
    pub(crate) other: Node,
    pub(crate) slot: Slot,
}

/// A customer.
#[derive(Clone, Debug)]
pub(crate) struct Holder {
    pub(crate) id: CustomerId,
    pub(crate) level: KycLevel,
    pub(crate) msisdn: Option<String>,
    pub(crate) accounts: Vec<Node>,
}

/// Accounts, customers, and the payments that are not forgotten.
#[derive(Clone, Debug, Default)]
pub(crate) struct Graph {
    accounts: Vec<Account>,
    /// Whether an account meets everybody: a merchant's, an agent's, or the house's.
    hubs: Vec<bool>,
    holders: Vec<Holder>,
    edges: Vec<Edge>,
    free: Vec<Slot>,
    /// The payments that count from within an hour.
    hours: BTreeMap<u64, BTreeSet<Slot>>,
    /// What is known beside payments.
    pub(crate) beside: Beside,
    pub(crate) most: Most,
    /// Payments that others have pushed out of what is looked at, or that are looked at again, since this was last asked.
    displaced: Vec<(Edge, How)>,
    /// Whose payments have become more than are looked at, or no more than that, since this was last asked.
    crossed: Vec<Node>,
    /// Looked up, never walked.
    account_of: HashMap<AccountId, Node>,
    holder_of: HashMap<CustomerId, Node>,
}

pub(crate) fn index(number: u32) -> usize {
    usize::try_from(number).expect("a u32 fits a usize")
}

fn number(length: usize) -> u32 {
    u32::try_from(length).expect("there are fewer than 4 billion of them")
}

impl Edge {
    /// Its place among all.
    pub(crate) const fn order(&self) -> Order {
        (self.time, self.minted.0, self.minted.1)
    }

    /// Its id.
    pub(crate) fn id(&self) -> TransactionId {
        TransactionId::mint(self.minted.0, self.minted.1)
    }

    /// Whether it counted from before it was recorded.
    pub(crate) const fn is_late(&self) -> bool {
        self.time < self.minted.0
    }
}

impl Graph {
    /// The account of this number.
    pub(crate) fn account(&self, node: Node) -> &Account {
        &self.accounts[index(node)]
    }

    /// The customer of this number.
    pub(crate) fn holder(&self, node: Node) -> &Holder {
        &self.holders[index(node)]
    }

    /// All customers, in the order in which they came.
    pub(crate) fn holders(&self) -> &[Holder] {
        &self.holders
    }

    /// All accounts, in the order in which they came.
    pub(crate) fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// The payment in a slot.
    pub(crate) fn edge(&self, slot: Slot) -> &Edge {
        &self.edges[index(slot)]
    }

    /// Whether an account meets everybody: a merchant's, an agent's, or the house's.
    pub(crate) fn is_hub(&self, node: Node) -> bool {
        self.hubs[index(node)]
    }

    /// All payments, in their order.
    pub(crate) fn all(&self) -> impl Iterator<Item = Slot> + '_ {
        self.hours.values().flat_map(|slots| {
            let mut slots: Vec<Slot> = slots.iter().copied().collect();
            slots.sort_unstable_by_key(|slot| self.edge(*slot).order());
            slots
        })
    }

    /// The number of a customer, who is new if not known.
    pub(crate) fn enrol(&mut self, id: CustomerId) -> Node {
        let next = number(self.holders.len());
        let node = *self.holder_of.entry(id).or_insert(next);
        if node == next {
            self.holders.push(Holder { id, level: KycLevel::Unidentified, msisdn: None, accounts: Vec::new() });
        }
        node
    }

    /// How far a customer is known from now on.
    pub(crate) fn level(&mut self, id: CustomerId, level: KycLevel) -> Node {
        let node = self.enrol(id);
        self.holders[index(node)].level = level;
        node
    }

    /// The number by which a customer may be called.
    pub(crate) fn reached_by(&mut self, id: CustomerId, msisdn: Option<String>) {
        let node = self.enrol(id);
        let before = std::mem::replace(&mut self.holders[index(node)].msisdn, msisdn.clone());
        if before != msisdn {
            self.beside.reached_by(id, before.as_deref(), msisdn.as_deref());
        }
    }

    /// The same, as it was kept: what it ties is kept too.
    pub(crate) fn was_reached_by(&mut self, id: CustomerId, msisdn: Option<String>) {
        let node = self.enrol(id);
        self.holders[index(node)].msisdn = msisdn;
    }

    /// The number of a customer, if known.
    pub(crate) fn customer(&self, id: CustomerId) -> Option<Node> {
        self.holder_of.get(&id).copied()
    }

    /// The number of an account, if known.
    pub(crate) fn known(&self, id: AccountId) -> Option<Node> {
        self.account_of.get(&id).copied()
    }

    /// The number of an account. One of which nothing was said is a customer's, whoever that is.
    pub(crate) fn intern(&mut self, id: AccountId, currency: Currency) -> Node {
        let next = number(self.accounts.len());
        let node = *self.account_of.entry(id).or_insert(next);
        if node == next {
            let none = VecDeque::new;
            self.accounts.push(Account { id, holder: None, role: Role::Customer, currency, paid: none(), received: none() });
            self.hubs.push(false);
        }
        node
    }

    /// An account, as it is opened.
    pub(crate) fn open(&mut self, id: AccountId, holder: Option<CustomerId>, role: Role, currency: Currency) {
        let node = self.intern(id, currency);
        let holder = holder.map(|id| self.enrol(id));
        self.hubs[index(node)] = role != Role::Customer;
        let account = &mut self.accounts[index(node)];
        (account.role, account.currency, account.holder) = (role, currency, holder);
        if let Some(holder) = holder {
            self.holders[index(holder)].accounts.push(node);
            self.beside.changed.insert(self.holder(holder).id);
        }
    }

    /// Adds a payment at its place.
    pub(crate) fn insert(&mut self, edge: Edge) -> Slot {
        let slot = if let Some(slot) = self.free.pop() {
            self.edges[index(slot)] = edge;
            slot
        } else {
            self.edges.push(edge);
            number(self.edges.len() - 1)
        };
        self.hours.entry(edge.time / HOUR_MS).or_default().insert(slot);
        let edges = &self.edges;
        let link = |account: &mut Account, other, is_payer| {
            if account.role == Role::House {
                return None;
            }
            let sides = if is_payer { &mut account.paid } else { &mut account.received };
            let place = place(edges, sides, edge.order());
            sides.insert(place, Side { time: edge.time, other, slot });
            Some(place)
        };
        let paid = link(&mut self.accounts[index(edge.payer)], edge.payee, true);
        let received = link(&mut self.accounts[index(edge.payee)], edge.payer, false);
        for (node, is_payer, place) in [(edge.payer, true, paid), (edge.payee, false, received)] {
            if let Some(place) = place {
                self.displace((node, is_payer), place, true, edge.is_late());
            }
        }
        if self.account(edge.payer).paid.len() == self.most.neighbours + 1 {
            self.crossed.push(edge.payer);
        }
        slot
    }

    /// The payment of this id from one account to another, if it is not forgotten.
    pub(crate) fn find(&self, payer: Node, payee: Node, minted: (Epoch, u32)) -> Option<Slot> {
        let (paid, received) = (&self.account(payer).paid, &self.account(payee).received);
        // None are kept of the house.
        let sides = if received.is_empty() || !paid.is_empty() && paid.len() <= received.len() { paid } else { received };
        let same = |edge: &Edge| edge.minted == minted && edge.payer == payer && edge.payee == payee;
        sides.iter().rev().map(|side| side.slot).find(|slot| same(self.edge(*slot)))
    }

    /// Takes back some of a payment; whether all of it is gone now, and it with it.
    pub(crate) fn give_back(&mut self, slot: Slot, amount_minor: i64) -> bool {
        let edge = &mut self.edges[index(slot)];
        edge.amount_minor = edge.amount_minor.saturating_sub(amount_minor);
        if edge.amount_minor > 0 {
            return false;
        }
        let hour = edge.time / HOUR_MS;
        for (node, is_payer, place) in self.unlink(slot) {
            self.displace((node, is_payer), place, false, true);
        }
        if let Some(slots) = self.hours.get_mut(&hour) {
            slots.remove(&slot);
            if slots.is_empty() {
                self.hours.remove(&hour);
            }
        }
        true
    }

    /// Forgets every payment of the hours before a moment.
    pub(crate) fn forget_before(&mut self, moment: Epoch) {
        while let Some(first) = self.hours.first_entry().filter(|first| (first.key() + 1) * HOUR_MS <= moment) {
            for slot in first.remove() {
                self.unlink(slot);
            }
        }
    }

    /// Takes a payment from both sides; where it stood on each.
    fn unlink(&mut self, slot: Slot) -> [(Node, bool, usize); 2] {
        let edge = *self.edge(slot);
        let edges = &self.edges;
        let remove = |sides: &mut VecDeque<Side>| {
            let place = place(edges, sides, edge.order());
            if sides.get(place).is_some_and(|side| side.slot == slot) {
                sides.remove(place);
            }
            if sides.is_empty() {
                sides.shrink_to_fit();
            }
            place
        };
        let paid = remove(&mut self.accounts[index(edge.payer)].paid);
        if self.account(edge.payer).paid.len() == self.most.neighbours {
            self.crossed.push(edge.payer);
        }
        let received = remove(&mut self.accounts[index(edge.payee)].received);
        self.free.push(slot);
        [(edge.payer, true, paid), (edge.payee, false, received)]
    }
}

/// Where a payment stands, or would.
fn place(edges: &[Edge], sides: &VecDeque<Side>, order: Order) -> usize {
    let of = |side: &Side| edges[index(side.slot)].order();
    match sides.back() {
        Some(last) if last.time >= order.0 && of(last) >= order => sides.partition_point(|side| of(side) < order),
        Some(_) | None => sides.len(),
    }
}
