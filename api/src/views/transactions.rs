//! Which payments were there?
//!
//! A payment is decided once, so its row is written once, in the epoch that its id begins with.

use crate::transactions;

const CHOSEN: &str = "
    select * from transaction where transaction.id >= FIRST_ID and transaction.id < END_ID and transaction.id > AFTER_ID OF_SIDES
    order by transaction.id limit PART";

const ROWS: &str = "
    select s.id::text as key, s.epoch, array_remove(array[debit.customer_id, credit.customer_id], null) as owners,
           array[s.account_debit, s.account_credit] as accounts,
           json_strip_nulls(json_build_object(
               'id', s.id, 'operation', s.operation, 'status', case when s.reason is null then 'settled' else 'failed' end,
               'account_debit', s.account_debit, 'account_credit', s.account_credit,
               'amount', (s.amount_minor * c.unit)::text, 'currency', s.currency, 'channel', s.channel,
               'charged_fee', (s.fee_minor * c.unit)::text,
               'hold_id', s.hold_id, 'original_transaction_id', case when s.hold_id is null then s.original_transaction_id end,
               'order_id', s.order_id, 'batch_id', s.batch_id, 'reason', s.reason,
               'settled_at', case when s.reason is null then moment_of(s.epoch) end,
               'effective_at', moment_of(s.effective_at), 'epoch', s.epoch, 'trace_id', nullif(s.trace_id, '')))::text as value
    from (FOUND) s
    left join currency c on c.code = s.currency
    left join account debit on debit.id = s.account_debit
    left join account credit on credit.id = s.account_credit
    order by s.id";

/// Those of a stretch of time, as a read of each shows them.
pub(super) fn rows() -> String {
    ROWS.replace("FOUND", &transactions::rows(CHOSEN, "t.epoch"))
}
