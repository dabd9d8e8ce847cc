//! How many operations, of how much, at what fee; how many were refused, and why; of late?

use super::first_bucket;
use schemas::{Epoch, Span};

const ROWS: &str = "
    select concat_ws('/', moment_of(start_at), operation, nullif(channel, ''), nullif(currency, ''), nullif(reason, '')) as key,
           epoch, array[]::uuid[] as owners, array[]::uuid[] as accounts,
           json_strip_nulls(json_build_object(
               'start', moment_of(start_at), 'operation', operation, 'channel', nullif(channel, ''), 'currency', nullif(currency, ''),
               'status', case reason when '' then 'settled' else 'failed' end, 'reason', nullif(reason, ''), 'count', count,
               'amount', amount_of(amount_minor, currency)::text, 'fee', amount_of(fee_minor, currency)::text))::text as value
    from TABLE
    where span = 'SPAN' and start_at >= START and epoch > SINCE
    order by start_at, operation, channel, currency, reason";

/// Those of a span that have changed.
pub(super) fn rows(span: Span, since: Epoch, as_of: Epoch) -> String {
    ROWS.replace("SPAN", span.as_str()).replace("START", &first_bucket(span, since, as_of))
}
