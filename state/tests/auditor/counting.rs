//! Limits: what an account has paid and got so far, and how much more it may.

use super::Books;
use super::paying::fits;
use schemas::{Account, AccountId, Epoch, HoldChanged, HoldId, Limits, Quota, Refusal, Role, Transaction};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Debit,
    Credit,
}

/// One operation of an account.
#[derive(Clone)]
pub(super) struct Counted {
    account: AccountId,
    direction: Direction,
    epoch: Epoch,
    /// One; none where all of it was given back.
    count: u64,
    amount: i128,
    /// The hold by which it was reserved.
    hold: Option<HoldId>,
}

/// How much there was: in how many operations.
#[derive(Clone, Copy)]
struct Sum {
    count: u64,
    amount: i128,
}

impl Books {
    pub(super) fn count_payment(&mut self, payment: &Transaction) {
        self.count(payment.account_debit, Direction::Debit, payment.amount.minor.into(), None);
        self.count_credit(payment);
    }

    pub(super) fn count_credit(&mut self, payment: &Transaction) {
        self.count(payment.account_credit, Direction::Credit, payment.amount.minor.into(), None);
    }

    pub(super) fn count_reserved(&mut self, hold: &HoldChanged) {
        self.count(hold.account_debit, Direction::Debit, hold.amount.minor.into(), Some(hold.id));
    }

    fn count(&mut self, account: AccountId, direction: Direction, amount: i128, hold: Option<HoldId>) {
        if self.rules[0] >= 4 {
            self.counted.push(Counted { account, direction, epoch: self.epoch, count: 1, amount, hold });
        }
    }

    /// What was reserved and not captured was never paid; nor was it an operation if nothing was captured.
    pub(super) fn count_no_more(&mut self, hold: &HoldChanged, uncaptured: i128) {
        for counted in self.counted.iter_mut().filter(|counted| counted.hold == Some(hold.id)) {
            counted.amount -= uncaptured;
            if uncaptured == i128::from(hold.amount.minor) {
                counted.count = 0;
            }
        }
    }

    /// What was held is paid: that was counted when it was reserved, but it is a payment of today.
    pub(super) fn count_captured(&mut self, payment: &Transaction) {
        if self.rules[0] >= 4 {
            let (account, epoch) = (payment.account_debit, self.epoch);
            self.counted.push(Counted { account, direction: Direction::Debit, epoch, count: 0, amount: 0, hold: None });
        }
        self.count_credit(payment);
    }

    /// When an account last paid or was paid: not what was only held.
    pub(super) fn last_counted(&self, account: AccountId) -> Option<Epoch> {
        self.counted.iter().filter(|counted| counted.account == account && counted.hold.is_none()).map(|counted| counted.epoch).max()
    }

    fn sum(&self, account: AccountId, direction: Direction, together: impl Fn(Epoch) -> u64) -> Sum {
        let now = together(self.epoch);
        let these = self.counted.iter().filter(|counted| (counted.account, counted.direction) == (account, direction));
        these
            .filter(|counted| together(counted.epoch) == now)
            .fold(Sum { count: 0, amount: 0 }, |sum, counted| Sum { count: sum.count + counted.count, amount: sum.amount + counted.amount })
    }

    /// Whether the sums of the day and of the month stay amounts. The house's are not counted, and older rules count nothing.
    pub(super) fn can_count(&self, account: &Account, direction: Direction, amount: i128) -> bool {
        let sums = [self.sum(account.id, direction, day), self.sum(account.id, direction, month)];
        account.role == Role::House || self.rules[0] < 4 || sums.iter().all(|sum| fits(sum.amount + amount))
    }

    /// How many operations of an account there were this month.
    pub(super) fn month_count(&self, account: AccountId, direction: Direction) -> u64 {
        self.sum(account, direction, month).count
    }

    /// The limits that bind an account: its own, and those of its holder's level.
    fn limits(&self, account: &Account) -> Vec<Limits> {
        let Some(holder) = account.customer_id.filter(|_| self.rules[0] >= 4) else { return Vec::new() };
        let own = self.terms(account.id).map(|terms| terms.limits);
        let of_level = self.level_limits(&format!("limits {} {}", self.level(holder), account.currency)).map(|set| set.limits);
        own.into_iter().chain(of_level).collect()
    }

    /// Which of its limits an account would pass by one more operation, each with its reason.
    fn passed(&self, account: AccountId, direction: Direction, quota: &Quota, amount: i128) -> [(bool, Refusal); 5] {
        let (day, month) = (self.sum(account, direction, day), self.sum(account, direction, month));
        let minor = |limit: Option<i64>, amount: i128| limit.is_some_and(|limit| amount > i128::from(limit));
        let count = |limit: Option<u32>, count: u64| limit.is_some_and(|limit| count > u64::from(limit));
        [
            (minor(quota.operation_minor, amount), Refusal::OperationLimitExceeded),
            (count(quota.day_count, day.count + 1), Refusal::DailyCountExceeded),
            (minor(quota.day_minor, day.amount + amount), Refusal::DailyAmountExceeded),
            (count(quota.month_count, month.count + 1), Refusal::MonthlyCountExceeded),
            (minor(quota.month_minor, month.amount + amount), Refusal::MonthlyAmountExceeded),
        ]
    }

    pub(super) fn payer_within_limits(&self, payer: &Account, amount: i128) -> Result<(), Refusal> {
        let limits = self.limits(payer);
        let passed = limits.iter().flat_map(|limits| self.passed(payer.id, Direction::Debit, &limits.debit, amount));
        // Reasons are ordered as the checks are.
        passed.filter(|(passes, _)| *passes).map(|(_, refusal)| refusal).min().map_or(Ok(()), Err)
    }

    pub(super) fn payee_beyond_limits(&self, payee: &Account, amount: i128, leg: i128) -> bool {
        let balance = self.balance(payee.id) + leg;
        self.limits(payee).iter().any(|limits| {
            let passed = self.passed(payee.id, Direction::Credit, &limits.credit, amount);
            passed.iter().any(|(passes, _)| *passes) || limits.balance_minor.is_some_and(|limit| balance > i128::from(limit))
        })
    }
}

fn day(epoch: Epoch) -> u64 {
    epoch / 86_400_000
}

/// The month of a moment, counted from January 1970, by walking through the calendar.
fn month(epoch: Epoch) -> u64 {
    let (mut days, mut months) = (day(epoch), 0);
    for year in 1970.. {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        for length in [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
            if days < length {
                return months;
            }
            (days, months) = (days - length, months + 1);
        }
    }
    unreachable!("the years do not end")
}
