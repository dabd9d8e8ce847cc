//! What does not balance? Nothing, or somebody has to wake up.
//!
//! Each row of the table says that something does not balance any more, or does again; together they say by how much it does not.

/// Those that have changed. Of a snapshot those that stand; of a change also those that balance again.
pub(super) const ROWS: &str = "
    select concat_ws('/', kind, subject, currency) as key, max(epoch) as epoch, array[]::uuid[] as owners,
           array[]::uuid[] as accounts,
           json_strip_nulls(json_build_object(
               'kind', kind, 'subject', subject, 'currency', currency, 'difference_minor', sum(difference_minor * diff)::text))::text as value
    from imbalance
    where epoch <= AS_OF
    group by kind, subject, currency
    having max(epoch) > SINCE and (SINCE > 0 or sum(difference_minor * diff) <> 0)
    order by kind, subject, currency";
