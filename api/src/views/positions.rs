//! How many accounts of each kind are there, and what is in them?

/// Those kinds that have changed.
pub(super) const ROWS: &str = "
    select concat_ws('/', currency, account_type, role, nullif(level, '')) as key, epoch, array[]::uuid[] as owners,
           array[]::uuid[] as accounts,
           json_strip_nulls(json_build_object(
               'currency', currency, 'type', account_type, 'role', role, 'level', nullif(level, ''), 'accounts', accounts,
               'balance', amount_of(balance_minor, currency)::text))::text as value
    from TABLE
    where span = 'ever' and epoch > SINCE
    order by currency, account_type, role, level";
