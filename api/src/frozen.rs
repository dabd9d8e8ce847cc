//! Is a party frozen?
//!
//! The question as a part of a statement: a function of SQL would be planned anew at each call, which takes as long as all the rest of
//! reading a balance.

/// Whether a customer is frozen by an epoch; with an account, whether that is, or its holder.
macro_rules! frozen_by {
    ($customer:literal, $by:literal) => {
        concat!(
            "coalesce((select f.change = 'frozen' from party_change f where f.customer_id = ",
            $customer,
            " and f.account_id is null and f.change in ('frozen', 'unfrozen') and f.epoch <= ",
            $by,
            " order by f.event_id desc limit 1), false)"
        )
    };
    ($customer:literal, $account:literal, $by:literal) => {
        concat!(
            "(",
            $crate::frozen::frozen_by!($customer, $by),
            " or coalesce((select f.change = 'frozen' from party_change f where f.customer_id = ",
            $customer,
            " and f.account_id = ",
            $account,
            " and f.change in ('frozen', 'unfrozen') and f.epoch <= ",
            $by,
            " order by f.event_id desc limit 1), false))"
        )
    };
}

pub(crate) use frozen_by;
