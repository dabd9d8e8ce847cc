//! Positions, liabilities and active customers, counted anew from the events: the whole table before an epoch and after it, and the
//! difference of the two.

use super::super::evidence::Table;
use super::aggregates;
use schemas::{
    Account, AccountId, AccountStatus, Aggregates, Balances, Currency, CustomerId, Epoch, Event, Fact, Group, KycLevel, Liability, Policy,
    Role, StatusChange, epoch,
};
use std::collections::{BTreeMap, BTreeSet};

type Positions = BTreeMap<Group, (i64, i128)>;
type Liabilities = BTreeMap<Currency, (i128, i128)>;

/// The bank as far as these questions go.
#[derive(Default)]
pub(crate) struct Bank {
    accounts: BTreeMap<AccountId, Account>,
    balances: BTreeMap<AccountId, i128>,
    held: BTreeMap<Currency, i128>,
    levels: BTreeMap<CustomerId, KycLevel>,
}

impl Bank {
    /// What an epoch adds to all aggregates. Epochs come one after the other, from the first on.
    pub(crate) fn count(&mut self, events: &[Event]) -> Aggregates {
        let changes = |event: &Event| !matches!(event.fact, Fact::Refused { .. } | Fact::Repeated(_));
        let (positions, liabilities) = if events.iter().any(changes) { self.epoch(events) } else { Default::default() };
        let balances = |(group, (accounts, balance_minor))| Balances { group, accounts, balance_minor };
        let liability = |(currency, (owed_minor, held_minor))| Liability { currency, owed_minor, held_minor };
        Aggregates {
            positions: positions.into_iter().map(balances).collect(),
            liabilities: liabilities.into_iter().map(liability).collect(),
            active: sides(events).into_iter().collect(),
            ..aggregates::count(events.iter())
        }
    }

    fn epoch(&mut self, events: &[Event]) -> (Positions, Liabilities) {
        let (mut positions, mut liabilities) = (self.positions(), self.liabilities());
        events.iter().for_each(|event| self.take(event));
        positions.values_mut().for_each(|sum| *sum = (-sum.0, -sum.1));
        for (group, (accounts, balance)) in self.positions() {
            let sum = positions.entry(group).or_default();
            *sum = (sum.0 + accounts, sum.1 + balance);
        }
        liabilities.values_mut().for_each(|sum| *sum = (-sum.0, -sum.1));
        for (currency, (owed, held)) in self.liabilities() {
            let sum = liabilities.entry(currency).or_default();
            *sum = (sum.0 + owed, sum.1 + held);
        }
        positions.retain(|_, sum| *sum != (0, 0));
        liabilities.retain(|_, sum| *sum != (0, 0));
        (positions, liabilities)
    }

    fn take(&mut self, event: &Event) {
        match &event.fact {
            Fact::AccountOpened(account) => drop(self.accounts.insert(account.id, account.clone())),
            Fact::StatusChanged(changed) if changed.change == StatusChange::Close => {
                self.accounts.get_mut(&changed.id).expect("what is closed was opened").status = AccountStatus::Closed;
            }
            Fact::PolicyChanged(policy) => {
                if let Policy::Level(set) = policy.as_ref() {
                    self.levels.insert(set.customer_id, set.level);
                }
            }
            Fact::Transaction(paid) => {
                paid.postings.iter().for_each(|leg| *self.balances.entry(leg.account).or_default() += i128::from(leg.amount_minor));
            }
            Fact::HoldChanged(held) => {
                let whole = i128::from(held.amount.minor) + i128::from(held.fee_minor);
                let more = if held.change.begins() { whole } else { -whole };
                *self.held.entry(held.amount.currency).or_default() += more;
            }
            _ => {}
        }
    }

    fn balance(&self, account: &Account) -> i128 {
        self.balances.get(&account.id).copied().unwrap_or_default()
    }

    fn positions(&self) -> Positions {
        let mut positions = Positions::new();
        for account in self.accounts.values() {
            let level = account.customer_id.map(|holder| self.levels.get(&holder).copied().unwrap_or(KycLevel::Unidentified));
            let group = Group { currency: account.currency, account_type: account.account_type, role: account.role, level };
            let sum = positions.entry(group).or_default();
            *sum = (sum.0 + i64::from(account.status != AccountStatus::Closed), sum.1 + self.balance(account));
        }
        positions
    }

    fn liabilities(&self) -> Liabilities {
        let mut liabilities: Liabilities = self.held.iter().map(|(currency, held)| (*currency, (0, *held))).collect();
        for account in self.accounts.values().filter(|account| account.role != Role::House) {
            liabilities.entry(account.currency).or_default().0 += self.balance(account);
        }
        liabilities
    }
}

/// The accounts on either side of what settled.
fn sides(events: &[Event]) -> BTreeSet<AccountId> {
    let mut sides = BTreeSet::new();
    for event in events {
        if let Fact::Transaction(paid) = &event.fact
            && paid.refusal.is_none()
        {
            sides.extend([paid.account_debit, paid.account_credit]);
        }
    }
    sides
}

/// Where an epoch is counted: word and beginning of each stretch.
fn stretches(epoch: Epoch) -> [(&'static str, Epoch); 4] {
    [("minute", epoch / 60_000 * 60_000), ("hour", epoch / 3_600_000 * 3_600_000), ("day", epoch / 86_400_000 * 86_400_000), ("ever", 0)]
}

/// The tables of all of this, by the events in their order.
pub(super) fn tables(events: &[&Event]) -> [(&'static str, Table); 4] {
    let mut bank = Bank::default();
    let mut positions: BTreeMap<String, (i64, i128, Epoch)> = BTreeMap::new();
    let mut liabilities: BTreeMap<String, (i128, i128, Epoch)> = BTreeMap::new();
    for events in events.chunk_by(|one, next| one.epoch == next.epoch) {
        let epoch = events[0].epoch;
        let events: Vec<Event> = events.iter().map(|event| (*event).clone()).collect();
        let (added, owed) = bank.epoch(&events);
        for (span, start) in stretches(epoch) {
            for (group, (accounts, balance)) in &added {
                let level = group.level.map_or("none", KycLevel::as_str);
                let key = format!("{span} {start} {} {} {} {level}", group.currency, group.account_type, group.role);
                let sum = positions.entry(key).or_default();
                *sum = (sum.0 + accounts, sum.1 + balance, epoch);
            }
            for (currency, (owed, held)) in &owed {
                let sum = liabilities.entry(format!("{span} {start} {currency}")).or_default();
                *sum = (sum.0 + owed, sum.1 + held, epoch);
            }
        }
    }
    let (activity, customers) = activity(events);
    [
        (
            "position",
            positions.into_iter().map(|(key, (accounts, balance, epoch))| (key, format!("{accounts} {balance} {epoch}"))).collect(),
        ),
        ("liability", liabilities.into_iter().map(|(key, (owed, held, epoch))| (key, format!("{owed} {held} {epoch}"))).collect()),
        ("activity", activity),
        ("customer_activity", customers),
    ]
}

/// Who was active, by the calendar as it is written.
fn activity(events: &[&Event]) -> (Table, Table) {
    let mut holders: BTreeMap<AccountId, CustomerId> = BTreeMap::new();
    for event in events {
        if let Fact::AccountOpened(Account { id, customer_id: Some(holder), .. }) = &event.fact {
            holders.insert(*id, *holder);
        }
    }
    let mut seen: BTreeMap<(&str, String, CustomerId), Epoch> = BTreeMap::new();
    for event in events {
        for holder in sides(&[(*event).clone()]).iter().filter_map(|account| holders.get(account)) {
            let written = schemas::rfc3339(event.epoch);
            seen.entry(("day", written[..10].to_owned(), *holder)).or_insert(event.epoch);
            seen.entry(("month", format!("{}-01", &written[..7]), *holder)).or_insert(event.epoch);
        }
    }
    let moment = |date: &str| epoch::from_rfc3339(&format!("{date}T00:00:00Z")).expect("a date");
    let mut counts: BTreeMap<String, (i64, Epoch)> = BTreeMap::new();
    let mut customers = Table::new();
    for ((period, date, holder), first) in &seen {
        let whole = (*period == "month").then(|| ("month", moment(date)));
        for (span, start) in stretches(*first).into_iter().filter(|(span, _)| *span != "ever").chain(whole) {
            let count = counts.entry(format!("{period} {span} {start}")).or_default();
            *count = (count.0 + 1, count.1.max(*first));
        }
        // Dates come in their order, so the last one stays.
        if *period == "day" {
            let (day, month) = (moment(date), moment(&format!("{}-01", &date[..7])));
            customers.insert(holder.to_string(), format!("{day} {month} {first}"));
        }
    }
    (counts.into_iter().map(|(key, (count, epoch))| (key, format!("{count} {epoch}"))).collect(), customers)
}
