//! Active customers: who counts in the day and in the month of a payment, and did not before.
//!
//! The row of a customer says in which day and month they counted last. So most payments need no more than a look at it, and of
//! those that this writer has counted itself not even that: [`Counted`] knows them. It may forget at any time, since the row
//! decides; it holds the accounts of one day.

use schemas::{AccountId, Epoch, Period};
use sqlx::postgres::PgConnection;
use std::collections::HashSet;
use uuid::Uuid;

/// The accounts whose holders are known to count in a day.
#[derive(Debug, Default)]
pub(in crate::postgres) struct Counted {
    day: i64,
    accounts: HashSet<Uuid>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::postgres) struct Activity {
    /// In the order of epochs, day by day.
    days: Vec<Day>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Day {
    day: i64,
    month: i64,
    account_id: Vec<Uuid>,
    epoch: Vec<i64>,
}

impl Activity {
    pub(super) fn add(&mut self, epoch: i64, active: &[AccountId]) {
        if active.is_empty() {
            return;
        }
        let time = Epoch::try_from(epoch).expect(super::RANGE);
        let start = |period: Period| i64::try_from(period.start(time)).expect(super::RANGE);
        let day = start(Period::Day);
        if self.days.last().is_none_or(|last| last.day != day) {
            self.days.push(Day { day, month: start(Period::Month), account_id: Vec::new(), epoch: Vec::new() });
        }
        let last = self.days.last_mut().expect("there is one by now");
        last.account_id.extend(active.iter().map(|account| account.0));
        last.epoch.resize(last.account_id.len(), epoch);
    }

    pub(super) async fn insert(&self, connection: &mut PgConnection, counted: &Counted) -> Result<(), sqlx::Error> {
        for Day { day, month, account_id, epoch } in &self.days {
            let is_new = |account: &Uuid| counted.day != *day || !counted.accounts.contains(account);
            let new = account_id.iter().zip(epoch).filter(|(account, _)| is_new(account));
            let (account_id, epoch): (Vec<Uuid>, Vec<i64>) = new.unzip();
            if account_id.is_empty() {
                continue;
            }
            sqlx::query(
                "with active as materialized (
                     select account.customer_id, min(new.epoch) as epoch
                     from unnest($1::uuid[], $2::bigint[]) as new (account_id, epoch)
                     join account on account.id = new.account_id and account.customer_id is not null
                     group by account.customer_id
                 ), counts as materialized (
                     select active.customer_id, active.epoch, old.month_at is null or old.month_at < $4 as in_the_month
                     from active left join customer_activity as old using (customer_id)
                     where old.day_at is null or old.day_at < $3
                 ), remembered as (
                     insert into customer_activity (customer_id, day_at, month_at, epoch)
                     select customer_id, $3, $4, epoch from counts
                     on conflict (customer_id) do update
                     set day_at = excluded.day_at, month_at = excluded.month_at, epoch = excluded.epoch
                 )
                 insert into activity as old (period, span, start_at, count, epoch)
                 select period, span, start_at, count(*), max(epoch)
                 from (select 'day' as period, epoch from counts union all select 'month', epoch from counts where in_the_month) as counted
                 cross join lateral (values ('minute', epoch / 60000 * 60000), ('hour', epoch / 3600000 * 3600000), ('day', $3),
                                            ('month', $4)) as stretch (span, start_at)
                 where period = 'month' or span <> 'month'
                 group by period, span, start_at
                 on conflict (period, span, start_at) do update set count = old.count + excluded.count, epoch = excluded.epoch",
            )
            .bind(account_id)
            .bind(epoch)
            .bind(day)
            .bind(month)
            .execute(&mut *connection)
            .await?;
        }
        Ok(())
    }
}

impl Counted {
    /// Takes what was written, and is committed.
    pub(in crate::postgres) fn remember(&mut self, activity: &Activity) {
        for Day { day, account_id, .. } in &activity.days {
            if self.day != *day {
                (self.day, self.accounts) = (*day, HashSet::new());
            }
            self.accounts.extend(account_id);
        }
    }
}
