-- What the standing proof of the books finds, and what a reader of settlement's log needs to go on from here.
--
-- Old code runs beside it: it names no column that is new, and the new tables are nobody's but the new code's.

-- Must be empty. A row says that a subject does not balance any more (diff 1) or that it balances again, or by
-- another amount (diff -1). What stands at an epoch is the sum of the diffs up to it.
create table imbalance (
    -- currency, account or transaction
    kind             text    not null,
    -- the currency's code or the id
    subject          text    not null,
    currency         text,
    -- of a currency and a transaction: what the amounts add up to instead of zero; of an account: by how much they
    -- add up to more than the newest running balance
    difference_minor numeric not null,
    diff             bigint  not null,
    epoch            bigint  not null
);
create index imbalance_by_epoch on imbalance (epoch);

-- How many imbalances stand at the epoch of the progress row.
alter table sink_progress add column imbalances bigint not null default 0;

-- The epoch of the progress row as the new code last wrote it. Where the two differ, old code has written since, and the
-- schemas below may not be all.
alter table sink_progress add column schemas_epoch bigint not null default 0;

-- The schemas that settlement's journal had recorded by the time of the progress row: a reader that goes on from
-- there does not read what lies before. A schema of an id never changes.
create table sink_schema (
    sink   text   not null,
    id     bigint not null,
    schema text   not null,
    primary key (sink, id)
);
