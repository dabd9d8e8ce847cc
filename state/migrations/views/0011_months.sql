-- no-transaction
-- What grows with every payment lies by the months of its epochs, in UTC, so that a month can be kept, copied or taken away by itself,
-- what is read most lies close together, and a vacuum or an index of one month is no work of all of history.
--
-- `transaction`, `hold_change`, `order_change` and `refusal` by their ids, which begin with their epoch; `posting` and `batch_item` by the
-- epoch itself. All else stays one table each:
-- * `batch` is a row for up to 8,000 items, and the only thing that leads from the id of a command to the epoch of its items;
-- * customers, accounts, levels, terms, limits and tariffs grow with customers and with what staff does, not with payments;
-- * the tables of sums have a row a minute at most for each of what they count by, they are read by ranges of their keys, and their
--   minutes of years ago are what past epochs are put together of. `turnover` has one a day and account.
--
-- There is no partition for what fits nowhere: with one, Postgres could not tell that the newest posting of an account lies in the newest
-- month that has any, and would read all of them. The cell makes what it needs instead, in the transaction that writes the first row.
--
-- Old code runs beside it until the month after next begins: it writes into the same names, and makes no months. No row is copied.
-- Each step is a transaction of its own, and may be done again: whoever dies or waits too long for a lock runs `orion migrate` again.
-- Reads wait for the exchange of names alone, one table at a time.
set lock_timeout = '10s';
set client_min_messages = warning;

-- Below every id of this epoch or later, and above every earlier one.
create or replace function first_id_of(epoch bigint) returns uuid
    language sql immutable strict parallel safe
    return (lpad(to_hex(greatest(epoch, 0)), 12, '0') || '00000000000000000000')::uuid;

-- The epoch that an id begins with.
create or replace function epoch_of(id uuid) returns bigint
    language sql immutable strict parallel safe
    return ('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint;

-- The month of an epoch: its first day.
create or replace function month_of(epoch bigint) returns timestamp
    language sql immutable strict parallel safe
    return date_trunc('month', to_timestamp(epoch / 1000.0) at time zone 'UTC');

-- What a partition of a table is bounded by, where a month begins: an id, or an epoch.
create or replace function bound_of(month timestamp, by_id boolean) returns text
    language sql immutable strict parallel safe
    return case when by_id then first_id_of((extract(epoch from month) * 1000)::bigint)::text
                else (extract(epoch from month) * 1000)::bigint::text end;

-- Makes the month of an epoch, and the one after, of every table that lies by months, where they are not there; gives the first epoch
-- of the one after. A month is a table like `posting_2026_11`; what was there before there were months is one like
-- `posting_before_2027_01`.
--
-- Two at once come one after the other. A month is made beside the table and then attached, for which no read and no dump has to wait,
-- and its indexes are those of the whole.
create or replace function make_months(epoch bigint) returns bigint language plpgsql as $$
declare
    history record;
    month   timestamp;
    name    text;
begin
    perform pg_advisory_xact_lock(hashtext('orion months'));
    for history in
        select c.oid, c.relname, a.atttypid = 'uuid'::regtype as by_id
        from pg_partitioned_table p
        join pg_class c on c.oid = p.partrelid and c.relnamespace = current_schema()::regnamespace
        join pg_attribute a on a.attrelid = c.oid and a.attnum = p.partattrs[0]
        order by c.relname
    loop
        foreach month in array array[month_of(epoch), month_of(epoch) + interval '1 month'] loop
            name := history.relname || to_char(month, '_YYYY_MM');
            continue when exists (
                select from pg_inherits i join pg_class c on c.oid = i.inhrelid
                where i.inhparent = history.oid
                  and (c.relname = name
                       or starts_with(c.relname, history.relname || '_before_') and right(c.relname, 7) > to_char(month, 'YYYY_MM')));
            execute format('create table %I (like %I)', name, history.relname);
            execute format('alter table %I attach partition %I for values from (%L) to (%L)', history.relname, name,
                           bound_of(month, history.by_id), bound_of(month + interval '1 month', history.by_id));
        end loop;
    end loop;
    return extract(epoch from month_of(epoch) + interval '1 month') * 1000;
end $$;

-- What follows is gone when this session ends. `whole` is a table that does not lie by months yet, by the name of its key.

create or replace function pg_temp.lies_by_months(whole text) returns boolean language sql as $$
    select relkind = 'p' from pg_class where oid = whole::regclass $$;

-- What the table has promised, such as `before_2027_01`.
create or replace function pg_temp.promised(whole text) returns text language sql as $$
    select conname::text from pg_constraint where conrelid = whole::regclass and contype = 'c' and starts_with(conname, 'before_') $$;

-- 1. It promises to hold nothing from the month after next or later. An earlier promise, made by a migration that did not come to its
--    end, is replaced.
create or replace function pg_temp.promise(whole text, key text) returns void language plpgsql as $$
declare
    now_at bigint := (extract(epoch from now()) * 1000)::bigint;
    month  timestamp := month_of(greatest(now_at, (select epoch from sink_progress where sink = 'views'))) + interval '2 months';
begin
    if pg_temp.lies_by_months(whole) then
        return;
    end if;
    if pg_temp.promised(whole) is not null then
        execute format('alter table %I drop constraint %I', whole, pg_temp.promised(whole));
    end if;
    execute format('alter table %I add constraint %I check (%I < %L) not valid', whole, to_char(month, '"before_"YYYY_MM'), key,
                   bound_of(month, key <> 'epoch'));
end $$;

-- 2. All of it is looked through, while reads, payments and the views go on.
create or replace function pg_temp.prove(whole text) returns void language plpgsql as $$
begin
    if not pg_temp.lies_by_months(whole) then
        execute format('alter table %I validate constraint %I', whole, pg_temp.promised(whole));
    end if;
end $$;

-- 3. A table of months takes its name and the names of its indexes, and it becomes the first part. Nothing is looked through, since the
--    promise is proven. Where there is nothing to keep, neither a row nor a view of it, months begin with the first row.
create or replace function pg_temp.exchange(whole text, key text) returns void language plpgsql as $$
declare
    promised  text := pg_temp.promised(whole);
    part      text := whole || '_' || promised;
    is_new    boolean;
    index     text;
    indexes   text[];
    reference text;
begin
    if pg_temp.lies_by_months(whole) then
        return;
    end if;
    execute format('lock table %I in access exclusive mode', whole);
    execute format('select not exists (select from %I)', whole) into is_new;
    is_new := is_new and not exists (select from pg_depend where refobjid = whole::regclass and classid = 'pg_rewrite'::regclass);
    select coalesce(array_agg(pg_get_indexdef(indexrelid)) filter (where not indisprimary), '{}') into indexes
    from pg_index where indrelid = whole::regclass;
    select pg_get_constraintdef(oid) into reference from pg_constraint where conrelid = whole::regclass and contype = 'p';
    for index in select relname from pg_index join pg_class on pg_class.oid = indexrelid where indrelid = whole::regclass loop
        execute format('alter index %I rename to %I', index, part || substr(index, length(whole) + 1));
    end loop;
    execute format('alter table %I rename to %I', whole, part);
    execute format('create table %I (like %I) partition by range (%I)', whole, part, key);
    execute format('alter table %I add %s', whole, reference);
    foreach index in array indexes loop
        execute index;
    end loop;
    if is_new then
        execute format('drop table %I', part);
        return;
    end if;
    execute format('alter table %I attach partition %I for values from (minvalue) to (%L)', whole, part,
                   bound_of(to_date(right(promised, 7), 'YYYY_MM'), key <> 'epoch'));
    execute format('alter table %I drop constraint %I', part, promised);
end $$;

-- The key of a table by months has to have the epoch in it. All items of a batch are of one epoch, so this says no more than before.
-- While it is made, the views wait; reads and payments do not.
begin;
do $$ begin
    if not pg_temp.lies_by_months('batch_item') then
        create unique index if not exists batch_item_by_epoch on batch_item (batch_id, item, epoch);
    end if;
end $$;
commit;

begin; select pg_temp.promise('transaction', 'id'); commit;
begin; select pg_temp.promise('posting', 'epoch'); commit;
begin; select pg_temp.promise('hold_change', 'event_id'); commit;
begin; select pg_temp.promise('order_change', 'event_id'); commit;
begin; select pg_temp.promise('refusal', 'event_id'); commit;
begin; select pg_temp.promise('batch_item', 'epoch'); commit;

begin; select pg_temp.prove('transaction'); commit;
begin; select pg_temp.prove('posting'); commit;
begin; select pg_temp.prove('hold_change'); commit;
begin; select pg_temp.prove('order_change'); commit;
begin; select pg_temp.prove('refusal'); commit;
begin; select pg_temp.prove('batch_item'); commit;

begin; select pg_temp.exchange('transaction', 'id'); commit;
begin; select pg_temp.exchange('posting', 'epoch'); commit;
begin; select pg_temp.exchange('hold_change', 'event_id'); commit;
begin; select pg_temp.exchange('order_change', 'event_id'); commit;
begin; select pg_temp.exchange('refusal', 'event_id'); commit;
begin;
do $$ begin
    if not pg_temp.lies_by_months('batch_item') then
        alter table batch_item drop constraint batch_item_pkey;
        alter table batch_item add constraint batch_item_pkey primary key using index batch_item_by_epoch;
    end if;
end $$;
select pg_temp.exchange('batch_item', 'epoch');
commit;

-- Whoever writes without making months, such as old code on a new database, has this one and the next.
begin; select make_months((extract(epoch from now()) * 1000)::bigint); commit;
reset client_min_messages;
reset lock_timeout;
