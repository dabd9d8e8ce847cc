//! How many operations, of how much, at what fee; how many were refused, and why; of late?

use super::first_bucket;
use schemas::{Epoch, Span};

const ROWS: &str = "
    select concat_ws('/', moment_of(start_at), operation, nullif(channel, ''), nullif(currency, ''), nullif(reason, '')) as key,
           epoch, array[]::uuid[] as owners, array[]::uuid[] as accounts,
           json_strip_nulls(json_build_object(
               'start', moment_of(start_at), 'operation', operation, 'channel', nullif(channel, ''), 'currency', nullif(currency, ''),
               'status', case reason when '' then 'settled' else 'failed' end, 'reason', nullif(reason, ''), 'count', count,
               'amount', (amount_minor * c.unit)::text, 'fee', (fee_minor * c.unit)::text))::text as value
    from TABLE
    left join currency c on c.code = currency
    where span = 'SPAN' and start_at >= START and epoch > SINCE
    order by start_at, operation, channel, currency, reason";

/// Those of a span that have changed.
pub(super) fn rows(span: Span, since: Epoch, as_of: Epoch) -> String {
    ROWS.replace("SPAN", span.as_str()).replace("START", &first_bucket(span, since, as_of))
}
