-- The audit chain: of every epoch with events the Merkle root over them, chained to the one before and signed, and the leaves, so that a
-- proof needs no Kafka. A row is written in the transaction that moves the progress, and never changed: whoever tries is refused,
-- whatever role it is. A superuser can switch a trigger off; what is changed then, `orion verify audit` finds.
--
-- Old code runs beside it: the table is nobody's but the new code's, and the new column may be null. What old code writes is not in the
-- chain; the new code sees that by the column, and reads those epochs from Kafka before it goes on. Epochs before the first
-- that the new code writes are not in it: the chain begins there.

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'the audit chain is never changed: % of % is refused', lower(tg_op), tg_table_name
        using errcode = 'insufficient_privilege';
end $$;

create table audit_root (
    -- whose events they are
    cell      text   not null,
    epoch     bigint not null,
    events    bigint not null,
    -- 32 bytes an event, in the order of the events
    leaves    bytea  not null,
    root      bytea  not null,
    -- the head of the row before; 32 zero bytes in the first
    previous  bytea  not null,
    -- what stands for this row and all before it
    head      bytea  not null,
    -- Ed25519, of the head
    signature bytea  not null,
    -- the first 8 bytes of SHA-256 of the public key
    key_id    bytea  not null,
    primary key (cell, epoch),
    constraint audit_root_sizes check (
        events > 0 and length(leaves) = 32 * events and length(root) = 32 and length(previous) = 32 and length(head) = 32
        and length(signature) = 64 and length(key_id) = 8)
) partition by range (epoch);

-- Hashes have nothing that could be compressed.
alter table audit_root alter column leaves set storage external;

create trigger refuse_change before update or delete on audit_root for each row execute function refuse_change();
create trigger refuse_truncate before truncate on audit_root for each statement execute function refuse_change();
-- Also in a session that says that it only replicates.
alter table audit_root enable always trigger refuse_change;
alter table audit_root enable always trigger refuse_truncate;

-- The first epoch that the chain does not have yet, as the code that knows chains last wrote it; null before it has written any. Where it
-- is behind `epoch`, older code has written since.
alter table sink_progress add column audit_epoch bigint;

-- As before, and a month has the checks and the storage of its whole. A trigger for each row comes to a month by itself; one for `truncate` does not.
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
            execute format('create table %I (like %I including constraints including storage)', name, history.relname);
            execute format('alter table %I attach partition %I for values from (%L) to (%L)', history.relname, name,
                           bound_of(month, history.by_id), bound_of(month + interval '1 month', history.by_id));
            if history.relname = 'audit_root' then
                execute format('create trigger refuse_truncate before truncate on %I for each statement execute function refuse_change()', name);
                execute format('alter table %I enable always trigger refuse_truncate', name);
            end if;
        end loop;
    end loop;
    return extract(epoch from month_of(epoch) + interval '1 month') * 1000;
end $$;
