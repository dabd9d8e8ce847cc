-- What is not over: money that is held for a payee or for a review, payments that wait for their day, and customers of whom it is not known
-- who they are. It follows from the rows that say so and is written with them, however many of these there have been. Cases have a file of
-- their own, which says the same.
--
-- What stands by now is looked for once, through all holds, orders and customers; views wait for the end of that, payments don't. Old code
-- runs beside it.
create table waiting (
    id    uuid   primary key,
    -- hold, review, order or customer
    what  text   not null,
    since bigint not null
);
create index case_file_waits on case_file (id) where closed_at is null;

create function hold_waits() returns trigger language plpgsql as $$
begin
    insert into waiting (id, what, since)
        select hold_id, case change when 'reviewed' then 'review' else 'hold' end, epoch from said where change in ('reserved', 'reviewed')
        on conflict do nothing;
    delete from waiting using said
        where id = said.hold_id
          and (what = 'hold' and not said.open or what = 'review' and said.change in ('captured', 'review_refused', 'review_expired'));
    return null;
end $$;

create function order_waits() returns trigger language plpgsql as $$
begin
    insert into waiting (id, what, since) select order_id, 'order', epoch from said where change = 'scheduled' on conflict do nothing;
    delete from waiting using said where id = said.order_id and said.change in ('executed', 'failed', 'cancelled');
    return null;
end $$;

create function customer_waits() returns trigger language plpgsql as $$
begin
    insert into waiting (id, what, since) select id, 'customer', epoch from said where kyc_status = 'pending' on conflict do nothing;
    return null;
end $$;

-- The newest of what a statement says of a customer counts.
create function identity_waits() returns trigger language plpgsql as $$
begin
    insert into waiting (id, what, since)
        select c.id, 'customer', c.epoch
        from (select distinct on (customer_id) customer_id, status from said order by customer_id, event_id desc) newest
        join customer c on c.id = newest.customer_id
        where newest.status = 'pending'
        on conflict do nothing;
    delete from waiting
        using (select distinct on (customer_id) customer_id, status from said order by customer_id, event_id desc) newest
        where id = newest.customer_id and newest.status <> 'pending';
    return null;
end $$;

create trigger hold_waits after insert on hold_change referencing new table as said for each statement execute function hold_waits();
create trigger order_waits after insert on order_change referencing new table as said for each statement execute function order_waits();
create trigger customer_waits after insert on customer referencing new table as said for each statement execute function customer_waits();
create trigger identity_waits after insert on kyc_change referencing new table as said for each statement execute function identity_waits();

insert into waiting (id, what, since)
    select h.hold_id, case h.change when 'reviewed' then 'review' else 'hold' end, h.epoch
    from hold_change h
    where h.change = 'reserved' and not exists (select from hold_change ended where ended.hold_id = h.hold_id and not ended.open)
       or h.change = 'reviewed' and not exists (
              select from hold_change ended
              where ended.hold_id = h.hold_id and ended.change in ('captured', 'review_refused', 'review_expired'))
    union all
    select o.order_id, 'order', o.epoch
    from order_change o
    where o.change = 'scheduled' and not exists (
        select from order_change ended where ended.order_id = o.order_id and ended.change in ('executed', 'failed', 'cancelled'))
    union all
    select c.id, 'customer', c.epoch
    from customer c
    left join (select distinct on (customer_id) customer_id, status from kyc_change order by customer_id, event_id desc) k
        on k.customer_id = c.id
    where coalesce(k.status, c.kyc_status) = 'pending'
    on conflict do nothing;
