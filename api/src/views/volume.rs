//! How many operations, of how much, at what fee; how many were refused, and why; of late?
//!
//! An epoch adds to the buckets that it lies in, so what has changed since an epoch is in its own bucket or a later one.

use schemas::{Epoch, Span};

const ROWS: &str = "
    select concat_ws('/', moment_of(start_at), operation, nullif(channel, ''), nullif(currency, ''), nullif(reason, '')) as key,
           epoch, array[]::uuid[] as owners, array[]::uuid[] as accounts,
           json_strip_nulls(json_build_object(
               'start', moment_of(start_at), 'operation', operation, 'channel', nullif(channel, ''), 'currency', nullif(currency, ''),
               'status', case reason when '' then 'settled' else 'failed' end, 'reason', nullif(reason, ''), 'count', count,
               'amount', amount_of(amount_minor, currency)::text, 'fee', amount_of(fee_minor, currency)::text))::text as value
    from volume
    where span = 'SPAN' and start_at >= START and epoch > SINCE
    order by start_at, operation, channel, currency, reason";

/// Those of a span that have changed. A snapshot begins a day back by minute, 31 days by hour, and with the first by day.
pub(super) fn rows(span: Span, since: Epoch, as_of: Epoch) -> String {
    let oldest = match span {
        Span::Minute => as_of.saturating_sub(Span::Day.width_ms()),
        Span::Hour => as_of.saturating_sub(31 * Span::Day.width_ms()),
        Span::Day => 0,
    };
    ROWS.replace("SPAN", span.as_str()).replace("START", &span.start(oldest.max(since)).to_string())
}
