-- Where the money of the bank lies, what it owes, how many of its customers are active, and how long a command waits, so that a
-- report reads a few rows instead of every account and every payment.
--
-- Old code runs beside it: the tables are nobody's but the new code's, and the new column has a default. What old code writes is
-- not counted; the new code sees that by the column, and counts it from the rows before it goes on, as it does with all of the
-- history of a bank that is older than the tables. How long commands waited no row says, so of those times that remains unknown.

-- These rows are updated as those of `volume` are: each epoch adds what it has to the minute, hour and day in which it lies, in the
-- transaction that moves the progress row. A row of the span `ever`, which begins at zero, is the sum of all. So what is now is one
-- row, and what was at the end of a past minute is the sum of the days before, the hours of its day and the minutes of its hour.
-- An index on the epoch would make every update touch every index, so there is none.

-- The accounts and their balances, by what they are and who holds them. When the level of a holder changes, the accounts go
-- from one group to another with all that is on them: what is added to a group may be negative.
create table position (
    -- minute, hour, day or ever, in UTC
    span          text    not null,
    -- its beginning, in milliseconds since 1970
    start_at      bigint  not null,
    currency      text    not null,
    account_type  text    not null,
    role          text    not null,
    -- of the holder; empty where the house holds it
    level         text    not null,
    -- those that are not closed
    accounts      bigint  not null,
    balance_minor numeric not null,
    -- the newest epoch that changed it
    epoch         bigint  not null,
    primary key (span, start_at, currency, account_type, role, level)
) with (fillfactor = 70); -- An update then finds room beside the old row, and no index has to know.

-- What the bank owes: the balances of all accounts but its own.
create table liability (
    -- minute, hour, day or ever
    span       text    not null,
    start_at   bigint  not null,
    currency   text    not null,
    owed_minor numeric not null,
    -- how much of it holds hold
    held_minor numeric not null,
    epoch      bigint  not null,
    primary key (span, start_at, currency)
) with (fillfactor = 70);

-- When each customer last had a part in a payment that settled. Who is active for the first time in a day or a month is told from
-- the others by this row, so nobody is counted twice, and there is one row a customer however long the bank lives.
create table customer_activity (
    customer_id uuid   primary key,
    -- the beginnings of that day and that month
    day_at      bigint not null,
    month_at    bigint not null,
    epoch       bigint not null
) with (fillfactor = 70);

-- How many customers became active, each counted once a day and once a month, when it was the first time.
create table activity (
    -- day or month: in what each counts once
    period   text   not null,
    -- minute, hour or day; of the period month also month, so the row whose span is its period is the count of the whole
    span     text   not null,
    start_at bigint not null,
    count    bigint not null,
    epoch    bigint not null,
    primary key (period, span, start_at)
) with (fillfactor = 70);

-- How long commands waited from the time stamp of their record to the epoch that decided them.
create table latency (
    -- minute, hour or day
    span     text    not null,
    start_at bigint  not null,
    -- more milliseconds than these, and no more than the next bucket says; the first, zero, also has those that did not wait
    over_ms  integer not null,
    count    bigint  not null,
    epoch    bigint  not null,
    primary key (span, start_at, over_ms)
) with (fillfactor = 70);

-- The epoch of the progress row as the code that counts these last wrote it. Where the two differ, older code has written since.
alter table sink_progress add column positions_epoch bigint not null default 0;
