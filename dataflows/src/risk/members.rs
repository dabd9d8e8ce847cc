//! Of whom rings consist, as they come and go.
//!
//! In: members of rings, and what is known of them. Out: what an alert about a ring rests on. Never: a look at anybody outside of the ring.

use crate::risk::evidence::Witness;
use crate::risk::features::Said;
use crate::risk::rules::ring::{Member, Ring};
use crate::risk::ties::Mark;
use crate::risk::{Given, rules};
use schemas::alert::{COUNTERPARTIES_MAX, Evidence};
use schemas::aml::RuleId;
use schemas::{AccountId, CustomerId, Event, Fact, Told};
use std::collections::{BTreeMap, BTreeSet};

/// The members of each ring.
#[derive(Debug, Default)]
pub(crate) struct Members(BTreeMap<Ring, BTreeMap<Member, isize>>);

impl Members {
    /// Something belongs to a ring, or does not any more.
    pub(crate) fn add(&mut self, ring: Ring, member: Member, diff: isize) {
        let members = self.0.entry(ring).or_default();
        let count = members.entry(member).or_default();
        *count += diff;
        if *count == 0 {
            members.remove(&member);
        }
        if members.is_empty() {
            self.0.remove(&ring);
        }
    }

    /// What an alert about a ring rests on: the accounts of its members. What brought it about is the last thing in this epoch that was said of one of them.
    pub(crate) fn witness(&self, ring: Ring, said: &Said) -> Witness {
        let members = self.0.get(&ring).into_iter().flat_map(BTreeMap::keys);
        let (mut customers, mut accounts, mut is_capped) = (BTreeSet::new(), BTreeSet::new(), false);
        for member in members {
            match member {
                Member::Customer(customer) => {
                    customers.insert(*customer);
                }
                Member::Marked(_, Mark::Account(account)) => {
                    accounts.insert(*account);
                }
                Member::Marked(_, Mark::Hub(_)) => is_capped = true,
                Member::Marked(_, Mark::Frozen) => {}
            }
        }
        let now = said.given.epoch();
        let window_ms = (rules::rule(RuleId::Ring).window_ms)(&ring.0);
        let evidence = Evidence {
            window_from: (now + 1).saturating_sub(window_ms),
            window_to: now,
            counterparties_count: u32::try_from(accounts.len()).expect("a ring has fewer than 4 billion accounts"),
            counterparties: accounts.iter().copied().take(COUNTERPARTIES_MAX).collect(),
            is_capped,
            ..Evidence::default()
        };
        let events = match &said.given {
            Given::Epoch { events, .. } => events.events.as_slice(),
            Given::Standing(..) | Given::Open { .. } | Given::Settings(..) | Given::End(_) => &[],
        };
        let cause = events.iter().rev().find(|event| is_about(event, &customers, &accounts));
        let traceparent = cause.map(|event| event.cause.traceparent.clone()).unwrap_or_default();
        Witness { evidence, is_late: false, traceparent }
    }
}

fn is_about(event: &Event, customers: &BTreeSet<CustomerId>, accounts: &BTreeSet<AccountId>) -> bool {
    match &event.fact {
        Fact::Assessed(assessed) => accounts.contains(&assessed.account_debit),
        Fact::PartyChanged(changed) => customers.contains(&changed.customer_id),
        Fact::CustomerCreated(created) => customers.contains(&created.id),
        Fact::Diligence(told) => match &**told {
            Told::Customer(updated) => customers.contains(&updated.update.customer_id),
            Told::Kyc(changed) => customers.contains(&changed.customer_id),
            Told::Address(set) => customers.contains(&set.set.customer_id),
            Told::Case(_) => false,
        },
        Fact::AccountOpened(_)
        | Fact::Transaction(_)
        | Fact::RulesActivated { .. }
        | Fact::StatusChanged(_)
        | Fact::HoldChanged(_)
        | Fact::PolicyChanged(_)
        | Fact::BatchDecided(_)
        | Fact::OrderChanged(_)
        | Fact::AmlChanged(_)
        | Fact::ListChanged(_)
        | Fact::Refused { .. }
        | Fact::Repeated(_) => false,
    }
}
