//! How many customers had a part in a payment, each day and each month?

/// Those days and months that have changed.
pub(super) const ROWS: &str = "
    select concat_ws('/', period, moment_of(start_at)) as key, epoch, array[]::uuid[] as owners, array[]::uuid[] as accounts,
           json_build_object('by', period, 'start', moment_of(start_at), 'count', count)::text as value
    from activity
    where span = period and epoch > SINCE
    order by period, start_at";
