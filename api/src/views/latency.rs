//! How long did commands wait for their decision, of late?

use super::first_bucket;
use schemas::{Epoch, Span};

const ROWS: &str = "
    select concat_ws('/', moment_of(start_at), over_ms) as key, epoch, array[]::uuid[] as owners, array[]::uuid[] as accounts,
           json_build_object('start', moment_of(start_at), 'over_ms', over_ms, 'count', count)::text as value
    from TABLE
    where span = 'SPAN' and start_at >= START and epoch > SINCE
    order by start_at, over_ms";

/// Those of a span that have changed.
pub(super) fn rows(span: Span, since: Epoch, as_of: Epoch) -> String {
    ROWS.replace("SPAN", span.as_str()).replace("START", &first_bucket(span, since, as_of))
}
