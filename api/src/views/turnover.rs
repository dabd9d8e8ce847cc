//! What did each merchant receive and each agent handle, today and yesterday?

use schemas::{Epoch, Span};

const ROWS: &str = "
    select concat_ws('/', moment_of(day_at), t.currency, account_id, operation) as key, t.epoch, array[]::uuid[] as owners,
           array[account_id] as accounts,
           json_build_object(
               'day', moment_of(day_at), 'role', a.role, 'account_id', account_id, 'currency', t.currency, 'operation', operation,
               'count', count, 'amount', (amount_minor * c.unit)::text)::text as value
    from turnover t
    join account a on a.id = account_id
    left join currency c on c.code = t.currency
    where day_at >= START and t.epoch > SINCE
    order by day_at, t.currency, account_id, operation";

/// Those that have changed. A snapshot begins with yesterday.
pub(super) fn rows(since: Epoch, as_of: Epoch) -> String {
    let oldest = as_of.saturating_sub(Span::Day.width_ms()).max(since);
    ROWS.replace("START", &Span::Day.start(oldest).to_string())
}
