//! What customers share: devices, telephones, documents and homes.
//!
//! In: who uses what, and when they were seen to. Out: rows of ties that come and go, for the components that are looked for among them
//! ([`crate::risk::rules::ring`]). Never: an address of the internet, behind which half a town may be, or more than [`CUSTOMERS_MAX`] of one thing.
//!
//! 1. A tie is somebody's own, as their telephone or their home, and holds until that is another; or was seen with a payment, and holds for the window of the rule.
//! 2. What one customer uses ties nobody. What more than `shared_max` use is a hub, such as an agent's telephone or a counter's tablet: it ties nobody
//!    either, and marks who uses it, so that a ring beside it says that there may be more.
//! 3. Of a hub the newest are kept. All that are dropped end before any that is kept does, so what is counted is what there is wherever it is at
//!    most `shared_max`.
//!
//! A tie takes some 60 bytes, and as many again for each setting of the rule (live, shadow).

use crate::risk::graph::{Graph, HOUR_MS};
use crate::risk::rules::{Shape, hours_ms};
use schemas::{AccountId, CustomerId, Epoch};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Most customers that are kept of one thing: one more than a setting can call no hub.
pub(crate) const CUSTOMERS_MAX: usize = 1_001;

/// The longest window that can be set: 90 days.
const KEPT_MS: u64 = 2_160 * HOUR_MS;

/// What is shared: a hash of its kind and its text.
pub(crate) type Shared = [u8; 16];

/// How somebody uses it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tie {
    /// Whether it is theirs until something else is said.
    pub(crate) is_own: bool,
    /// When they were last seen to; 0 is never.
    pub(crate) seen: Epoch,
}

/// Who uses what.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ties {
    of: BTreeMap<Shared, BTreeMap<CustomerId, Tie>>,
    /// What was seen within an hour.
    hours: BTreeMap<u64, Vec<(Shared, CustomerId)>>,
    /// What was said since it was last looked at.
    changed: BTreeSet<(Shared, CustomerId)>,
}

/// A row for the components.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Row {
    /// A customer uses something that others use.
    Tie(Shared, CustomerId),
    /// Something that is known of a customer with a tie.
    Mark(CustomerId, Mark),
}

/// What is known of a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Mark {
    /// They or an account of theirs is frozen.
    Frozen,
    /// They use a hub.
    Hub(Shared),
    /// They have this account.
    Account(AccountId),
}

impl Ties {
    /// Says that something is a customer's own, or is not any more.
    pub(crate) fn own(&mut self, customer: CustomerId, shared: Shared, is_own: bool) {
        let seen = self.of.get(&shared).and_then(|of| of.get(&customer)).map_or(0, |tie| tie.seen);
        self.set(customer, shared, Tie { is_own, seen });
    }

    /// Says that a customer was seen to use something.
    pub(crate) fn see(&mut self, customer: CustomerId, shared: Shared, now: Epoch) {
        let before = self.of.get(&shared).and_then(|of| of.get(&customer)).copied().unwrap_or_default();
        if before.seen / HOUR_MS != now / HOUR_MS {
            self.hours.entry(now / HOUR_MS).or_default().push((shared, customer));
        }
        self.set(customer, shared, Tie { seen: now, ..before });
    }

    /// A tie as it was kept.
    pub(crate) fn keep(&mut self, customer: CustomerId, shared: Shared, tie: Tie) {
        if tie.seen > 0 {
            self.hours.entry(tie.seen / HOUR_MS).or_default().push((shared, customer));
        }
        self.set(customer, shared, tie);
    }

    fn set(&mut self, customer: CustomerId, shared: Shared, tie: Tie) {
        let of = self.of.entry(shared).or_default();
        self.changed.insert((shared, customer));
        if tie == Tie::default() {
            of.remove(&customer);
        } else {
            of.insert(customer, tie);
        }
        // 3.
        if of.len() > CUSTOMERS_MAX {
            let oldest = of.iter().min_by_key(|(customer, tie)| (**tie, **customer)).map(|(customer, _)| *customer);
            oldest.iter().for_each(|oldest| {
                of.remove(oldest);
            });
            self.changed.extend(oldest.map(|oldest| (shared, oldest)));
        }
        if of.is_empty() {
            self.of.remove(&shared);
        }
    }

    /// Forgets what no window can have.
    pub(crate) fn forget(&mut self, now: Epoch) {
        while let Some(first) = self.hours.first_entry().filter(|first| (first.key() + 1) * HOUR_MS + KEPT_MS <= now) {
            let hour = *first.key();
            for (shared, customer) in first.remove() {
                let tie = self.of.get(&shared).and_then(|of| of.get(&customer)).copied();
                if let Some(tie) = tie.filter(|tie| tie.seen / HOUR_MS == hour) {
                    self.set(customer, shared, Tie { seen: 0, ..tie });
                }
            }
        }
    }

    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = (Shared, CustomerId, Tie)> + '_ {
        self.of.iter().flat_map(|(shared, of)| of.iter().map(|(customer, tie)| (*shared, *customer, *tie)))
    }

    /// What was said since this was last asked.
    pub(crate) fn changed(&mut self) -> BTreeSet<(Shared, CustomerId)> {
        std::mem::take(&mut self.changed)
    }

    /// Until when a tie holds, if it does; none is for good.
    fn until(&self, (shared, customer): (Shared, CustomerId), window_ms: u64, now: Epoch) -> Option<Option<Epoch>> {
        let tie = self.of.get(&shared)?.get(&customer)?;
        let until = if tie.is_own { None } else { Some(tie.seen + window_ms) };
        until.is_none_or(|until| until > now).then_some(until)
    }
}

/// The ties as a setting of the rule sees them.
#[derive(Clone, Debug)]
pub(crate) struct Lens {
    window_ms: u64,
    shared_max: usize,
    /// Who uses what now, and until when that holds.
    of: BTreeMap<Shared, BTreeMap<CustomerId, Option<Epoch>>>,
    due: BTreeSet<(Epoch, Shared, CustomerId)>,
    /// Who has ties, how many, and how they are marked.
    tied: BTreeMap<CustomerId, (usize, BTreeSet<Mark>)>,
}

impl Lens {
    /// One that has seen nothing.
    pub(crate) fn of(shape: &Shape) -> Self {
        let shared_max = usize::try_from(shape[1]).expect("the catalogue has a few customers");
        Self { window_ms: hours_ms(shape[0]), shared_max, of: BTreeMap::new(), due: BTreeSet::new(), tied: BTreeMap::new() }
    }

    /// Looks at ties of which something was said, at what is due, and at customers of whom something was said: which rows come and go.
    pub(crate) fn look(
        &mut self,
        graph: &Graph,
        now: Epoch,
        ties: impl IntoIterator<Item = (Shared, CustomerId)>,
        customers: &BTreeSet<CustomerId>,
    ) -> Vec<(Row, isize)> {
        let mut before: BTreeMap<Shared, BTreeSet<CustomerId>> = BTreeMap::new();
        let mut ties: Vec<(Shared, CustomerId)> = ties.into_iter().collect();
        ties.extend(
            self.due.range(..(now + 1, Shared::default(), CustomerId(uuid::Uuid::nil()))).map(|(_, shared, customer)| (*shared, *customer)),
        );
        for (shared, customer) in ties {
            let until = graph.beside.ties.until((shared, customer), self.window_ms, now);
            let stood = self.of.get(&shared).and_then(|of| of.get(&customer)).copied();
            if stood == until {
                continue;
            }
            let of = self.of.entry(shared).or_default();
            if stood.is_some() != until.is_some() {
                before.entry(shared).or_insert_with(|| of.keys().copied().collect());
            }
            if let Some(Some(until)) = stood {
                self.due.remove(&(until, shared, customer));
            }
            if let Some(Some(until)) = until {
                self.due.insert((until, shared, customer));
            }
            match until {
                Some(until) => of.insert(customer, until),
                None => of.remove(&customer),
            };
        }
        let mut rows = Vec::new();
        let mut touched = customers.clone();
        for (shared, before) in before {
            if self.of.get(&shared).is_some_and(BTreeMap::is_empty) {
                self.of.remove(&shared);
            }
            let after: BTreeSet<CustomerId> = self.of.get(&shared).into_iter().flat_map(BTreeMap::keys).copied().collect();
            let (before, after) = (self.rows(shared, &before), self.rows(shared, &after));
            for (row, diff) in before.difference(&after).map(|row| (*row, -1)).chain(after.difference(&before).map(|row| (*row, 1))) {
                rows.push((row, diff));
                if let Row::Tie(_, customer) = row {
                    let (count, _) = self.tied.entry(customer).or_default();
                    *count = count.checked_add_signed(diff).expect("what goes has come");
                    touched.insert(customer);
                }
            }
        }
        for customer in touched {
            let Some((count, stood)) = self.tied.get_mut(&customer) else { continue };
            let marks = if *count == 0 { BTreeSet::new() } else { graph.marks(customer) };
            rows.extend(stood.difference(&marks).map(|mark| (Row::Mark(customer, *mark), -1)));
            rows.extend(marks.difference(stood).map(|mark| (Row::Mark(customer, *mark), 1)));
            *stood = marks;
            if *count == 0 {
                self.tied.remove(&customer);
            }
        }
        rows
    }

    /// 2.
    fn rows(&self, shared: Shared, of: &BTreeSet<CustomerId>) -> BTreeSet<Row> {
        let row = |customer: &CustomerId| match of.len() {
            0 | 1 => None,
            count if count <= self.shared_max => Some(Row::Tie(shared, *customer)),
            _ => Some(Row::Mark(*customer, Mark::Hub(shared))),
        };
        of.iter().filter_map(row).collect()
    }

    /// All that stands, as it goes.
    pub(crate) fn withdrawn(&self) -> Vec<(Row, isize)> {
        let ties = self.of.iter().flat_map(|(shared, of)| self.rows(*shared, &of.keys().copied().collect()));
        let marks = self.tied.iter().flat_map(|(customer, (_, marks))| marks.iter().map(|mark| Row::Mark(*customer, *mark)));
        ties.chain(marks).map(|row| (row, -1)).collect()
    }
}
