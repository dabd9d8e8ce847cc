//! Which accounts are there, and what is in each?
//!
//! What changes an account: that it is opened, a change of its status, a payment, and a change of a hold. Which of the house's
//! accounts took a fee no payment says; they are few, so they are always looked at.

/// Those that are chosen, as they are.
pub(super) const ROWS: &str = "
    select a.id::text as key, greatest(a.epoch, s.epoch, p.epoch, h.epoch) as epoch,
           array_remove(array[a.customer_id], null) as owners, array[a.id] as accounts,
           json_strip_nulls(json_build_object(
               'id', a.id, 'customer_id', a.customer_id, 'type', a.type, 'role', a.role, 'currency', a.currency,
               'status', coalesce(s.status, a.status),
               'balance_posted', (coalesce(p.balance_minor, 0) * c.unit)::text,
               'balance_held', (coalesce(h.held_minor, 0) * c.unit)::text,
               'balance_available', ((coalesce(p.balance_minor, 0) - coalesce(h.held_minor, 0)) * c.unit)::text,
               'opened_at', moment_of(a.epoch)))::text as value
    from (CHOSEN) chosen
    join account a on a.id = chosen.id
    left join currency c on c.code = a.currency
    left join lateral (select status, epoch from account_status
                       where account_id = a.id and epoch <= AS_OF
                       order by event_id desc
                       limit 1) s on true
    left join lateral (select balance_minor, epoch from posting
                       where account_id = a.id and epoch <= AS_OF
                       order by epoch desc, number desc
                       limit 1) p on true
    left join lateral (select sum(held_minor) as held_minor, max(epoch) as epoch from hold_change
                       where account_debit = a.id and epoch <= AS_OF) h on true
    order by a.id";

/// All of them.
pub(super) const ALL: &str = "select id from account where id > AFTER_ID and epoch <= AS_OF OF_OWNER order by id limit PART";

/// Those that something happened to.
pub(super) const CHANGED: &str = "
    select id from (
        select account_debit as id from transaction where id >= FIRST_ID and id < END_ID
        union select account_credit from transaction where id >= FIRST_ID and id < END_ID
        union select account_debit from hold_change where event_id >= FIRST_ID and event_id < END_ID
        union select account_id from account_status where event_id >= FIRST_ID and event_id < END_ID
        union select id from account where id >= FIRST_ID and id < END_ID
        union select id from account where customer_id is null and epoch <= AS_OF) touched
    where id > AFTER_ID
    order by id
    limit PART";
