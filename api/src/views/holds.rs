//! What is held for which payment, and how did each hold end?
//!
//! The newest change says where a hold stands; while it is open, all changes together say what is left of it. None is from before the
//! epoch that its id begins with.

/// Those that are chosen, as they stand.
pub(super) const ROWS: &str = "
    select h.hold_id::text as key, h.epoch, array_remove(array[debit.customer_id, credit.customer_id], null) as owners,
           array[h.account_debit, h.account_credit] as accounts,
           json_build_object(
               'id', h.hold_id, 'operation', h.operation,
               'status', case when h.open then 'held'
                              when h.change = 'released' or h.change = 'expired' then h.change
                              else 'captured' end,
               'account_debit', h.account_debit, 'account_credit', h.account_credit,
               'amount', (case when h.open then whole.left_minor else h.amount_minor end * c.unit)::text,
               'held_fee', (case when h.open then whole.fee_left_minor else h.fee_minor end * c.unit)::text,
               'currency', h.currency, 'channel', h.channel, 'expires_at', moment_of(h.expires_at), 'epoch', h.epoch)::text as value
    from (CHOSEN) chosen
    cross join lateral (select * from hold_change
                        where hold_id = chosen.id and epoch <= AS_OF and event_id >= first_id_of(epoch_of(chosen.id))
                        order by event_id desc
                        limit 1) h
    cross join lateral (select sum(case change when 'reserved' then amount_minor else -amount_minor end) as left_minor,
                               sum(case change when 'reserved' then fee_minor else -fee_minor end) as fee_left_minor
                        from hold_change
                        where hold_id = chosen.id and epoch <= AS_OF and event_id >= first_id_of(epoch_of(chosen.id))) whole
    left join currency c on c.code = h.currency
    left join account debit on debit.id = h.account_debit
    left join account credit on credit.id = h.account_credit
    order by h.hold_id";

/// All of them.
pub(super) const ALL: &str = "
    select hold_id as id from hold_change
    where hold_id > AFTER_ID and change = 'reserved' and epoch <= AS_OF OF_SIDES
    order by hold_id
    limit PART";

/// Those that something happened to.
pub(super) const CHANGED: &str = "
    select distinct hold_id as id from hold_change
    where event_id >= FIRST_ID and event_id < END_ID and hold_id > AFTER_ID
    order by hold_id
    limit PART";
