-- What the bank did, counted by minute, hour and day, and what merchants and agents did by day, so that a report reads a few
-- rows instead of every payment.
--
-- Old code runs beside it: the tables are nobody's but the new code's, and the new column has a default. What old code writes
-- is not counted; the new code sees that by the column, and counts it from the rows before it goes on. So does a bank that is
-- older than the tables: its first start counts all of its history, which takes a look at every transaction, once.

-- Unlike all others these rows are updated: each epoch adds what it has to the bucket that it lies in, in the transaction that
-- moves the progress row, so a bucket is right at the epoch of that row and at no other. One row an epoch would be as many
-- rows as there are payments.
create table volume (
    -- minute, hour or day, in UTC
    span         text    not null,
    -- its beginning, in milliseconds since 1970
    start_at     bigint  not null,
    -- of a payment its kind, refund and reversal among them; of what else was refused its operation
    operation    text    not null,
    -- of a payment; a key has no nulls, so otherwise both are empty
    channel      text    not null,
    currency     text    not null,
    -- why it was refused; empty where it settled
    reason       text    not null,
    count        bigint  not null,
    -- what was moved, or was to be, in minor units; a sum may be wider than any amount
    amount_minor numeric not null,
    -- what it cost; of a reversal, the fee that was given back
    fee_minor    numeric not null,
    -- the newest epoch that added something
    epoch        bigint  not null,
    primary key (span, start_at, operation, channel, currency, reason)
) with (fillfactor = 70); -- An update then finds room beside the old row, and no index has to know.

-- How much each merchant received and each agent handled, updated as the rows above are.
create table turnover (
    -- the beginning of the day in UTC, in milliseconds since 1970
    day_at       bigint  not null,
    currency     text    not null,
    account_id   uuid    not null,
    -- what settled: payments that a merchant received, deposits and withdrawals that an agent made, and refunds and reversals
    -- of which it was either side
    operation    text    not null,
    count        bigint  not null,
    amount_minor numeric not null,
    -- the newest epoch that added something
    epoch        bigint  not null,
    primary key (day_at, currency, account_id, operation)
) with (fillfactor = 70);

-- The epoch of the progress row as the code that counts last wrote it. Where the two differ, older code has written since.
alter table sink_progress add column aggregates_epoch bigint not null default 0;
