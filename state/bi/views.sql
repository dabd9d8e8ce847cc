-- What analysts read: the views of the bank with plain columns, amounts as decimals of their currency and moments as time stamps.
--
-- `orion migrate` runs this after the migrations, every time. A view only ever gains columns, at its end, so whatever was built on it
-- goes on. No view shows a name or a telephone number. Each row of history has the epoch that it became true in.

create schema if not exists bi;

create or replace view bi.freshness as
select to_timestamp(greatest(epoch - 1, 0) / 1000.0) as as_of, greatest(epoch - 1, 0) as epoch, imbalances
from sink_progress
where sink = 'views';
comment on view bi.freshness is 'One row: how far all of these views have come, and how many subjects do not balance, which is none.';

create or replace view bi.customer as
select c.id, coalesce(u.country, c.country) as country, coalesce(k.status, c.kyc_status) as kyc_status,
       coalesce(l.level, 'unidentified') as level, to_timestamp(c.epoch / 1000.0) as enrolled_at, c.epoch
from customer c
left join lateral (select level from customer_level where customer_id = c.id order by event_id desc limit 1) l on true
left join lateral (select status from kyc_change where customer_id = c.id order by event_id desc limit 1) k on true
left join lateral (select country from customer_change where customer_id = c.id and country is not null order by event_id desc limit 1) u on true;
comment on view bi.customer is 'Customers, without what names them: country (ISO 3166-1 alpha-2), KYC status and level now.';

create or replace view bi.account as
select a.id, a.customer_id, a.type, a.role, a.currency, coalesce(s.status, a.status) as status,
       coalesce(p.balance_minor, 0) * c.unit as balance, coalesce(h.held_minor, 0) * c.unit as held,
       (coalesce(p.balance_minor, 0) - coalesce(h.held_minor, 0)) * c.unit as available,
       to_timestamp(a.epoch / 1000.0) as opened_at, a.epoch
from account a
join currency c on c.code = a.currency
left join lateral (select status from account_status where account_id = a.id order by event_id desc limit 1) s on true
left join lateral (select balance_minor from posting where account_id = a.id order by epoch desc, number desc limit 1) p on true
left join lateral (select sum(held_minor) as held_minor from hold_change where account_debit = a.id) h on true;
comment on view bi.account is 'Accounts as they are now, those of the house (no customer_id) among them. Asking for many is dear: it looks up the newest posting of each.';

create or replace view bi.transaction as
select t.id, t.operation, t.status, t.account_debit, t.account_credit, t.amount_minor * c.unit as amount, t.fee_minor * c.unit as fee,
       t.currency, t.channel, t.reason, t.hold_id, t.original_transaction_id, t.fee_bearer, t.trace_id,
       to_timestamp(t.epoch / 1000.0) as decided_at, t.epoch
from transaction t
join currency c on c.code = t.currency;
comment on view bi.transaction is 'Payments, settled or failed (then with a reason). Ids begin with the time: `id >= bi.first_id(''2026-11-01'')` reads no more than from then on.';

create or replace view bi.entry as
select p.account_id, p.transaction_id, p.amount_minor * c.unit as amount, p.balance_minor * c.unit as balance, a.currency,
       to_timestamp(p.epoch / 1000.0) as recorded_at, p.epoch, p.number
from posting p
join account a on a.id = p.account_id
join currency c on c.code = a.currency;
comment on view bi.entry is 'The legs of settled payments, negative where an account paid, each with the balance after it. In the order of (epoch, number).';

create or replace view bi.hold as
select distinct on (h.hold_id) h.hold_id as id, h.operation, h.change as last_change, h.open, h.account_debit, h.account_credit,
       h.amount_minor * c.unit as amount, h.fee_minor * c.unit as fee, h.currency, h.channel,
       to_timestamp(h.expires_at / 1000.0) as expires_at, to_timestamp(h.epoch / 1000.0) as changed_at, h.epoch
from hold_change h
join currency c on c.code = h.currency
order by h.hold_id, h.event_id desc;
comment on view bi.hold is 'Holds, each by its last change: amount and fee are those of that change.';

create or replace view bi.payment_order as
select distinct on (o.order_id) o.order_id as id, o.operation, o.change as status, o.account_debit, o.account_credit,
       o.amount_minor * c.unit as amount, o.currency, o.channel, to_timestamp(o.execute_at / 1000.0) as execute_at,
       to_timestamp(o.effective_at / 1000.0) as effective_at, o.transaction_id, to_timestamp(o.epoch / 1000.0) as changed_at, o.epoch
from order_change o
join currency c on c.code = o.currency
order by o.order_id, o.event_id desc;
comment on view bi.payment_order is 'Payments with a date of their own, as they stand.';

create or replace view bi.volume as
select v.span, to_timestamp(v.start_at / 1000.0) as start_at, v.operation, nullif(v.channel, '') as channel,
       nullif(v.currency, '') as currency, case v.reason when '' then 'settled' else 'failed' end as status,
       nullif(v.reason, '') as reason, v.count, v.amount_minor * c.unit as amount, v.fee_minor * c.unit as fee, v.epoch
from volume v
left join currency c on c.code = v.currency;
comment on view bi.volume is 'What was done and refused, by minute, hour and day (span, in UTC). Choose one span, or everything counts three times.';

create or replace view bi.turnover as
select (to_timestamp(t.day_at / 1000.0) at time zone 'UTC')::date as day, t.account_id, a.customer_id, a.role, t.currency, t.operation,
       t.count, t.amount_minor * c.unit as amount, t.epoch
from turnover t
join account a on a.id = t.account_id
join currency c on c.code = t.currency;
comment on view bi.turnover is 'What each merchant received and each agent handled, by day in UTC; refunds and reversals of it are operations of their own.';

create or replace view bi.position as
select p.currency, p.account_type as type, p.role, nullif(p.level, '') as level, p.accounts, p.balance_minor * c.unit as balance, p.epoch
from position p
join currency c on c.code = p.currency
where p.span = 'ever';
comment on view bi.position is 'How many accounts are not closed, and what is in all of them, by product, role and level of the holder, now.';

create or replace view bi.liability as
select l.currency, l.owed_minor * c.unit as owed, l.held_minor * c.unit as held, l.epoch
from liability l
join currency c on c.code = l.currency
where l.span = 'ever';
comment on view bi.liability is 'What the bank owes, by currency, and how much of it is held, now.';

create or replace view bi.liability_by_day as
select (to_timestamp(l.start_at / 1000.0) at time zone 'UTC')::date as day, l.currency,
       sum(l.owed_minor) over upto * c.unit as owed, sum(l.held_minor) over upto * c.unit as held, l.epoch
from liability l
join currency c on c.code = l.currency
where l.span = 'day'
window upto as (partition by l.currency order by l.start_at);
comment on view bi.liability_by_day is 'The same at the end of each day in UTC on which it changed; of the last one, so far.';

create or replace view bi.active_customers as
select a.period, (to_timestamp(a.start_at / 1000.0) at time zone 'UTC')::date as day, a.count, a.epoch
from activity a
where a.span = a.period;
comment on view bi.active_customers is 'How many customers had a part in a settled payment, by day and by calendar month (period, with its first day) in UTC.';

create or replace view bi.latency as
select l.span, to_timestamp(l.start_at / 1000.0) as start_at, l.over_ms, l.count, l.epoch
from latency l;
comment on view bi.latency is 'How many commands waited more than over_ms milliseconds, and no more than the next bound, for their decision. Choose one span.';

create or replace view bi.imbalance as
select kind, subject, currency, sum(difference_minor * diff) as difference_minor, max(epoch) as epoch
from imbalance
group by kind, subject, currency
having sum(difference_minor * diff) <> 0;
comment on view bi.imbalance is 'What does not balance, in minor units. Empty, or somebody has to wake up.';

create or replace function bi.first_id(moment timestamptz) returns uuid
    language sql immutable strict parallel safe
    return (lpad(to_hex((extract(epoch from moment) * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid;
comment on function bi.first_id is 'Below every id of this moment or later, and above every earlier one: ids of payments, holds and orders begin with their time.';
