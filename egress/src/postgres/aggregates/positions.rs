//! Positions, liabilities and active customers by the rows that were written: what counts them, and what compares.
//!
//! Each is what the epochs from `$1` to before `$2` add, epoch by epoch first, as the dataflow says it: an epoch in which a sum does
//! not change is not named by its row.

/// What each epoch adds to each group. A level holds from its epoch on, to before the epoch of the next.
///
/// 1. An account counts from the epoch in which it was opened, in the group that it has at the end of that epoch.
/// 2. What is posted counts in the group that the account has then.
/// 3. One that is closed counts no more. What is on it does: nothing, unless rules of before its status forbade anything paid it.
/// 4. A level takes the accounts that were there before its epoch, with what was on them by then, to another group.
macro_rules! added_to_positions {
    () => {
        "level as materialized (
             select customer_id, epoch as from_epoch, lead(epoch) over customers as to_epoch, level,
                    coalesce(lag(level) over customers, 'unidentified') as level_before
             from (select distinct on (customer_id, epoch) customer_id, epoch, level
                   from customer_level where epoch < $2 order by customer_id, epoch, event_id desc) as set
             window customers as (partition by customer_id order by epoch)
         ), holder as (
             select account.id, account.currency, account.type as account_type, account.role, account.epoch, account.customer_id,
                    case when account.customer_id is null then '' else 'unidentified' end as level_without
             from account
         ), change as (
             select holder.id, holder.epoch, 1 as accounts, 0 as balance_minor from holder where epoch >= $1 and epoch < $2
             union all
             select account_id, epoch, 0, amount_minor from posting where epoch >= $1 and epoch < $2
             union all
             select account_id, epoch, -1, 0 from account_status where status = 'closed' and epoch >= $1 and epoch < $2
         ), added as materialized (
             select epoch, currency, account_type, role, level, sum(accounts)::bigint as accounts, sum(balance_minor) as balance_minor
             from (select change.epoch, currency, account_type, role, coalesce(level.level, level_without) as level, accounts, balance_minor
                   from change join holder using (id)
                   left join level on level.customer_id = holder.customer_id and level.from_epoch <= change.epoch
                                      and (level.to_epoch is null or change.epoch < level.to_epoch)
                   union all
                   select level.from_epoch, currency, account_type, role, side.level,
                          case when exists (select from account_status as closed
                                            where closed.account_id = holder.id and closed.status = 'closed'
                                                  and closed.epoch < level.from_epoch) then 0 else side.sign end,
                          side.sign * coalesce((select balance_minor from posting
                                                where account_id = holder.id and posting.epoch < level.from_epoch
                                                order by posting.epoch desc, number desc limit 1), 0)
                   from level join holder using (customer_id)
                   cross join lateral (values (level.level, 1), (level.level_before, -1)) as side (level, sign)
                   where level.from_epoch >= $1 and level.level <> level.level_before and holder.epoch < level.from_epoch
                  ) as part
             group by 1, 2, 3, 4, 5
             having sum(accounts) <> 0 or sum(balance_minor) <> 0
         )"
    };
}

/// The positions of every stretch, and ever.
macro_rules! positions {
    () => {
        "select span, epoch / width * width as start_at, currency, account_type, role, level, sum(accounts)::bigint as accounts,
                sum(balance_minor) as balance_minor, max(epoch) as epoch
         from added
         cross join (values ('minute', 60000), ('hour', 3600000), ('day', 86400000), ('ever', 9223372036854775807)) as spans (span, width)
         group by 1, 2, 3, 4, 5, 6"
    };
}

/// What each epoch adds to what is owed and held.
macro_rules! added_to_liabilities {
    () => {
        "added as materialized (
             select epoch, currency, sum(owed_minor) as owed_minor, sum(held_minor) as held_minor
             from (select posting.epoch, account.currency, posting.amount_minor as owed_minor, 0 as held_minor
                   from posting join account on account.id = posting.account_id and account.role <> 'house'
                   where posting.epoch >= $1 and posting.epoch < $2
                   union all
                   select epoch, currency, 0, held_minor from hold_change where epoch >= $1 and epoch < $2) as part
             group by 1, 2
             having sum(owed_minor) <> 0 or sum(held_minor) <> 0
         )"
    };
}

/// The liabilities of every stretch, and ever.
macro_rules! liabilities {
    () => {
        "select span, epoch / width * width as start_at, currency, sum(owed_minor) as owed_minor, sum(held_minor) as held_minor,
                max(epoch) as epoch
         from added
         cross join (values ('minute', 60000), ('hour', 3600000), ('day', 86400000), ('ever', 9223372036854775807)) as spans (span, width)
         group by 1, 2, 3"
    };
}

/// The first epoch of each customer in each day of theirs. A day is in one month, so the first day of a month has its first epoch.
macro_rules! active {
    () => {
        "active as materialized (
             select account.customer_id, transaction.epoch / 86400000 * 86400000 as day_at, min(transaction.epoch) as epoch
             from transaction
             cross join lateral (values (account_debit), (account_credit)) as side (account_id)
             join account on account.id = side.account_id and account.customer_id is not null
             where transaction.status = 'settled' and transaction.epoch >= $1 and transaction.epoch < $2
             group by 1, 2
         ), dated as materialized (
             select customer_id, day_at, epoch,
                    (extract(epoch from date_trunc('month', to_timestamp(day_at / 1000) at time zone 'UTC')) * 1000)::bigint as month_at
             from active
         )"
    };
}

/// Who counts of those, and where: in the day, if it is not that of `before`, and in the month, if it is the first day of it.
macro_rules! counts {
    () => {
        "counts as materialized (
             select 'day' as period, dated.epoch, dated.day_at as start_at
             from dated left join before using (customer_id)
             where before.day_at is null or before.day_at < dated.day_at
             union all
             select 'month', min(dated.epoch), dated.month_at
             from dated left join before using (customer_id)
             where before.month_at is null or before.month_at < dated.month_at
             group by dated.customer_id, dated.month_at
         )"
    };
}

/// How many became active, in every stretch.
macro_rules! activity {
    () => {
        "select period, span, stretch.start_at, count(*) as count, max(epoch) as epoch
         from counts
         cross join lateral (values ('minute', epoch / 60000 * 60000), ('hour', epoch / 3600000 * 3600000),
                                    ('day', epoch / 86400000 * 86400000), ('month', counts.start_at)) as stretch (span, start_at)
         where period = 'month' or span <> 'month'
         group by 1, 2, 3"
    };
}

/// The newest day of each customer.
macro_rules! customer_activity {
    () => {
        "select distinct on (customer_id) customer_id, day_at, month_at, epoch from dated order by customer_id, day_at desc"
    };
}

/// What counts all of it.
pub(super) const COUNT: [&str; 3] = [
    concat!(
        "with ",
        added_to_positions!(),
        " insert into position as old (span, start_at, currency, account_type, role, level, accounts, balance_minor, epoch) ",
        positions!(),
        " on conflict (span, start_at, currency, account_type, role, level) do update
          set accounts = old.accounts + excluded.accounts, balance_minor = old.balance_minor + excluded.balance_minor,
              epoch = excluded.epoch"
    ),
    concat!(
        "with ",
        added_to_liabilities!(),
        " insert into liability as old (span, start_at, currency, owed_minor, held_minor, epoch) ",
        liabilities!(),
        " on conflict (span, start_at, currency) do update
          set owed_minor = old.owed_minor + excluded.owed_minor, held_minor = old.held_minor + excluded.held_minor,
              epoch = excluded.epoch"
    ),
    concat!(
        "with ",
        active!(),
        ", before as materialized (select * from customer_activity), ",
        counts!(),
        ", newest as (
             insert into customer_activity as old (customer_id, day_at, month_at, epoch) ",
        customer_activity!(),
        " on conflict (customer_id) do update
             set day_at = excluded.day_at, month_at = excluded.month_at, epoch = excluded.epoch
             where old.day_at < excluded.day_at
         )
         insert into activity as old (period, span, start_at, count, epoch) ",
        activity!(),
        " on conflict (period, span, start_at) do update set count = old.count + excluded.count, epoch = excluded.epoch"
    ),
];

/// What compares, as for the other tables of sums.
pub(super) const COMPARE: [(&str, &str); 4] = [
    (
        "position",
        concat!(
            "with ",
            added_to_positions!(),
            ", said as materialized (select span, start_at, currency, account_type, role, level, accounts, balance_minor, epoch from position),
               counted as materialized (",
            positions!(),
            "), other as ((table said except all table counted) union all (table counted except all table said))
             select (select count(*) from said), (select count(*) from other),
                    (select min(concat_ws(' ', span, start_at, currency, account_type, role, level)) from other)"
        ),
    ),
    (
        "liability",
        concat!(
            "with ",
            added_to_liabilities!(),
            ", said as materialized (select span, start_at, currency, owed_minor, held_minor, epoch from liability),
               counted as materialized (",
            liabilities!(),
            "), other as ((table said except all table counted) union all (table counted except all table said))
             select (select count(*) from said), (select count(*) from other),
                    (select min(concat_ws(' ', span, start_at, currency)) from other)"
        ),
    ),
    (
        "activity",
        concat!(
            "with ",
            active!(),
            ", before as (select * from customer_activity where false), ",
            counts!(),
            ", said as materialized (select period, span, start_at, count, epoch from activity),
               counted as materialized (",
            activity!(),
            "), other as ((table said except all table counted) union all (table counted except all table said))
             select (select count(*) from said), (select count(*) from other),
                    (select min(concat_ws(' ', period, span, start_at)) from other)"
        ),
    ),
    (
        "customer_activity",
        concat!(
            "with ",
            active!(),
            ", said as materialized (select customer_id, day_at, month_at, epoch from customer_activity),
               counted as materialized (",
            customer_activity!(),
            "), other as ((table said except all table counted) union all (table counted except all table said))
             select (select count(*) from said), (select count(*) from other), (select min(customer_id::text) from other)"
        ),
    ),
];
