//! The accounts: what each is, who holds it, at which level, and whether it is closed.
//!
//! In: what each epoch says of accounts and of the levels of customers. Out: a collection with one row an account, whose group
//! changes when the level of its holder does. Never: an account in two groups.
//!
//! **Definition.** A level is set, never changed by so much, so a difference can't say it: somebody has to know what it was
//! before. So this operator keeps, of each customer, the level and the accounts, and takes back the row of before.
//!
//! 1. What an epoch says waits until the frontier has passed it, and is taken in the order in which the bank said it.
//! 2. An account comes with the level that its holder has by then; without a word of it, unidentified.
//! 3. A level takes every account of its holder from one group to another.
//! 4. An account that is closed stays, as one that is closed: nothing is on it then, but rules of before its status forbade anything
//!    may be in force again, and pay it.

use crate::proof::books::Subject;
use crate::route::mix;
use differential_dataflow::operators::arrange::arrangement::arrange_core;
use differential_dataflow::operators::arrange::{Arranged, TraceAgent};
use differential_dataflow::trace::implementations::ord_neu::{OrdValBatcher, OrdValSpine};
use schemas::{Account, AccountId, AccountStatus, CustomerId, Epoch, EpochEvents, Fact, Group, KycLevel, Policy, StatusChange};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use timely::container::CapacityContainerBuilder;
use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::{Exchange, Pipeline};
use timely::dataflow::operators::{Capability, Operator};

/// The accounts as one worker holds them, beside its part of the books.
pub type Accounts = OrdValSpine<Subject, Listed, Epoch, isize>;

/// An account as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Listed {
    /// What it is, and the level of its holder.
    pub group: Group,
    /// Whether it is closed.
    pub is_closed: bool,
}

/// What is said of a customer's accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The holder; none where it is the house.
    pub holder: Option<CustomerId>,
    /// What.
    pub what: What,
}

/// What there is to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// There is an account. The level of its group is not said yet.
    Opened(AccountId, Group),
    /// The account is closed.
    Closed(AccountId),
    /// The holder has a level from now on.
    Level(KycLevel),
}

impl Told {
    /// An account, as it is opened or stands.
    pub const fn account(account: &Account) -> Self {
        let group = Group { currency: account.currency, account_type: account.account_type, role: account.role, level: None };
        Self { holder: account.customer_id, what: What::Opened(account.id, group) }
    }

    /// That an account is closed; none of one that is not.
    pub fn closed(account: &Account) -> Option<Self> {
        let what = What::Closed(account.id);
        (account.status == AccountStatus::Closed).then_some(Self { holder: account.customer_id, what })
    }

    /// A level, as it is set or stands.
    pub const fn level(holder: CustomerId, level: KycLevel) -> Self {
        Self { holder: Some(holder), what: What::Level(level) }
    }
}

/// Something that is said: what, when, and in which place of its epoch.
pub type Change = (Told, Epoch, u32);

/// What an epoch says, in its order.
pub fn changes(epoch: &EpochEvents) -> impl Iterator<Item = Change> {
    let time = epoch.epoch();
    let told = epoch.events.iter().filter_map(|event| match &event.fact {
        Fact::AccountOpened(account) => Some(Told::account(account)),
        Fact::StatusChanged(changed) => match changed.change {
            StatusChange::Close => Some(Told { holder: changed.customer_id, what: What::Closed(changed.id) }),
            StatusChange::Suspend | StatusChange::Reactivate => None,
        },
        Fact::PolicyChanged(policy) => match policy.as_ref() {
            Policy::Level(set) => Some(Told::level(set.customer_id, set.level)),
            Policy::Terms(_) | Policy::Limits(_) | Policy::Tariff(_) | Policy::TariffEnd(_) => None,
        },
        // A decision on who a customer is sets their level.
        Fact::Diligence(told) => match told.as_ref() {
            schemas::Told::Kyc(changed) => changed.level.map(|level| Told::level(changed.customer_id, level)),
            schemas::Told::Customer(_) | schemas::Told::Case(_) | schemas::Told::Address(_) => None,
        },
        Fact::CustomerCreated(_)
        | Fact::Transaction(_)
        | Fact::RulesActivated { .. }
        | Fact::HoldChanged(_)
        | Fact::BatchDecided(_)
        | Fact::OrderChanged(_)
        | Fact::AmlChanged(_)
        | Fact::ListChanged(_)
        | Fact::PartyChanged(_)
        | Fact::Assessed(_)
        | Fact::Refused { .. }
        | Fact::Repeated(_) => None,
    });
    (0..).zip(told).map(move |(number, told)| (told, time, number))
}

/// Where the work is done: whatever is said of a customer in one place.
pub fn route(told: &Told) -> u64 {
    let (high, low) = match (told.holder, told.what) {
        (Some(holder), _) => holder.0.as_u64_pair(),
        (None, What::Opened(account, _) | What::Closed(account)) => account.0.as_u64_pair(),
        (None, What::Level(_)) => (0, 0),
    };
    mix(high ^ low.rotate_left(32))
}

/// What an epoch says, until nothing can come before it.
type Waiting = (Capability<Epoch>, Vec<(u32, Told)>);

/// A row of an account that comes or goes.
type Row = ((Subject, Listed), Epoch, isize);

/// The accounts of what was brought to this worker, arranged where the books have them too, for every reader there.
pub fn arrange<'scope>(changes: StreamVec<'scope, Epoch, Change>) -> Arranged<'scope, TraceAgent<Accounts>> {
    let to_the_books = Exchange::new(|((subject, _), ..): &Row| crate::proof::books::route(subject));
    arrange_core::<_, _, OrdValBatcher<Subject, Listed, Epoch, isize>, Accounts>(
        rows(changes),
        to_the_books,
        "accounts",
        OrdValBatcher::new,
    )
}

fn rows<'scope>(changes: StreamVec<'scope, Epoch, Change>) -> StreamVec<'scope, Epoch, Row> {
    changes.unary_frontier::<CapacityContainerBuilder<Vec<Row>>, _, _, _>(Pipeline, "holders", move |capability, _info| {
        drop(capability);
        let mut holders = Holders::default();
        let mut waiting: BTreeMap<Epoch, Waiting> = BTreeMap::new();
        move |(input, frontier), output| {
            // 1.
            input.for_each_stamp(|stamp, batches| {
                let capability = stamp.retain_least(0).expect("a source stamps every epoch with its time");
                for (told, epoch, number) in batches.flat_map(std::mem::take) {
                    waiting.entry(epoch).or_insert_with(|| (capability.delayed(&epoch), Vec::new())).1.push((number, told));
                }
            });
            while let Some(first) = waiting.first_entry() {
                if frontier.less_equal(first.key()) {
                    break;
                }
                let (epoch, (capability, mut said)) = first.remove_entry();
                said.sort_unstable_by_key(|(number, _)| *number);
                let mut session = output.session(&capability);
                for (_, told) in said {
                    holders.take(told, |account, listed, diff| session.give(((Subject::Account(account), listed), epoch, diff)));
                }
            }
        }
    })
}

/// The customers of one worker.
#[derive(Default)]
struct Holders {
    /// Who is not unidentified.
    levels: BTreeMap<CustomerId, KycLevel>,
    accounts: BTreeMap<(CustomerId, AccountId), Listed>,
}

impl Holders {
    fn take(&mut self, told: Told, mut row: impl FnMut(AccountId, Listed, isize)) {
        match (told.holder, told.what) {
            // 2.
            (None, What::Opened(account, group)) => row(account, Listed { group, is_closed: false }, 1),
            (Some(holder), What::Opened(account, group)) => {
                let listed = Listed { group: Group { level: Some(self.level(holder)), ..group }, is_closed: false };
                self.accounts.insert((holder, account), listed);
                row(account, listed, 1);
            }
            // 3.
            (Some(holder), What::Level(level)) => {
                self.levels.insert(holder, level);
                let all = (holder, AccountId(uuid::Uuid::nil()))..=(holder, AccountId(uuid::Uuid::max()));
                for ((_, account), listed) in self.accounts.range_mut(all) {
                    row(*account, *listed, -1);
                    listed.group.level = Some(level);
                    row(*account, *listed, 1);
                }
            }
            // 4.
            (Some(holder), What::Closed(account)) => {
                if let Some(listed) = self.accounts.get_mut(&(holder, account)) {
                    row(account, *listed, -1);
                    listed.is_closed = true;
                    row(account, *listed, 1);
                }
            }
            (None, What::Closed(_) | What::Level(_)) => unreachable!("the house closes no account of its own and has no level"),
        }
    }

    fn level(&self, holder: CustomerId) -> KycLevel {
        self.levels.get(&holder).copied().unwrap_or(KycLevel::Unidentified)
    }
}
