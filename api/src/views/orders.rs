//! Which payments were ordered for another day, and what became of each?
//!
//! The newest change says where an order stands, and none is from before the epoch that its id begins with. The payee sees it once a transaction came of it.

/// Those that are chosen, as they stand.
pub(super) const ROWS: &str = "
    select o.order_id::text as key, o.epoch,
           array_remove(array[debit.customer_id, case when o.transaction_id is not null then credit.customer_id end], null) as owners,
           array_remove(array[o.account_debit, case when o.transaction_id is not null then o.account_credit end], null) as accounts,
           json_strip_nulls(json_build_object(
               'id', o.order_id, 'operation', o.operation, 'status', o.change, 'account_debit', o.account_debit,
               'account_credit', o.account_credit, 'amount', (o.amount_minor * c.unit)::text, 'currency', o.currency,
               'channel', o.channel, 'execute_at', moment_of(o.execute_at), 'effective_at', moment_of(o.effective_at),
               'transaction_id', o.transaction_id, 'epoch', o.epoch))::text as value
    from (CHOSEN) chosen
    cross join lateral (select * from order_change
                        where order_id = chosen.id and epoch <= AS_OF and event_id >= first_id_of(epoch_of(chosen.id))
                        order by event_id desc
                        limit 1) o
    left join currency c on c.code = o.currency
    left join account debit on debit.id = o.account_debit
    left join account credit on credit.id = o.account_credit
    order by o.order_id";

/// All of them.
pub(super) const ALL: &str = "
    select distinct order_id as id from order_change
    where order_id > AFTER_ID and epoch <= AS_OF OF_SIDES
    order by order_id
    limit PART";

/// Those that something happened to.
pub(super) const CHANGED: &str = "
    select distinct order_id as id from order_change
    where event_id >= FIRST_ID and event_id < END_ID and order_id > AFTER_ID
    order by order_id
    limit PART";
