//! What does the bank owe, and how much of it is held?

/// Those currencies that have changed.
pub(super) const ROWS: &str = "
    select currency as key, epoch, array[]::uuid[] as owners, array[]::uuid[] as accounts,
           json_build_object(
               'currency', currency, 'owed', amount_of(owed_minor, currency)::text,
               'held', amount_of(held_minor, currency)::text)::text as value
    from TABLE
    where span = 'ever' and epoch > SINCE
    order by currency";
