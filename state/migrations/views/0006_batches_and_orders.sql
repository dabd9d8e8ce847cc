-- Batches with what became of their items, orders, and who bore a fee.
--
-- Old code runs beside it: it names every column that it writes, so it leaves the new one empty, and the new tables are
-- nobody's but the new code's. It would stop at an event that it does not know, so activate version 5 of the rules last.

-- Who bore the fee, payer or payee. Empty where there is none, where it was only given back, and in what old code wrote: then
-- the legs say it. Every payment of a minute is read with it, which is a range of ids, when an old one has to be proven.
alter table transaction add column fee_bearer text;

-- Every batch but dry runs, by the id of its command. An item is a cause by an id of its own: the item's number, from 0, and one
-- more are added to the last two bytes of the batch's.
create table batch (
    id       uuid    primary key,
    event_id uuid    not null,
    -- all_or_nothing or independent
    mode     text    not null,
    items    integer not null,
    -- why nothing of it was done, where one refused item undid all; which that is, its row says
    reason   text,
    epoch    bigint  not null
);

-- What became of each item.
create table batch_item (
    batch_id       uuid    not null,
    -- its place, from 0
    item           integer not null,
    -- settled, failed, reserved, released, refused or undone
    status         text    not null,
    transaction_id uuid,
    hold_id        uuid,
    -- charged, held or given back, in minor units of the currency of its transaction or hold
    fee_minor      bigint  not null,
    -- why it was not done
    reason         text,
    epoch          bigint  not null,
    primary key (batch_id, item)
);

-- Every change of an order: the newest row says where it stands.
create table order_change (
    event_id       uuid   primary key,
    command_id     uuid   not null,
    order_id       uuid   not null,
    -- scheduled, executed, failed or cancelled
    change         text   not null,
    operation      text   not null,
    channel        text   not null,
    account_debit  uuid   not null,
    account_credit uuid   not null,
    amount_minor   bigint not null,
    currency       text   not null,
    -- when the payment is to be made, or from when on it counts: one of the two
    execute_at     bigint,
    effective_at   bigint,
    -- in which it ended, if it did
    transaction_id uuid,
    epoch          bigint not null
);
create index order_change_by_command on order_change (command_id);
create index order_change_by_order on order_change (order_id, event_id);
create index order_change_by_payer on order_change (account_debit, order_id, event_id);
create index order_change_by_transaction on order_change (transaction_id) where transaction_id is not null;
