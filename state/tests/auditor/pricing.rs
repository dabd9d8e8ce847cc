//! Fees: which tariff is the price of a payment, and how much that is.

use super::Books;
use super::counting::Direction;
use schemas::{Account, Bearer, Payment, Role, Tariff};

/// What a payment costs, and whom.
#[derive(Clone, Copy)]
pub(super) struct Fee {
    pub(super) minor: i128,
    pub(super) bearer: Bearer,
}

impl Books {
    /// The fee of a payment now.
    pub(super) fn price(&self, payment: &Payment, payer: &Account, payee: &Account) -> Fee {
        let free = Fee { minor: 0, bearer: Bearer::Payer };
        if self.rules[0] < 4 {
            return free;
        }
        let bears = |tariff: &Tariff| match tariff.bearer {
            Bearer::Payer => payer,
            Bearer::Payee => payee,
        };
        let mut fitting: Vec<&Tariff> = self.tariffs();
        fitting.retain(|tariff| self.fits(tariff, payment, bears(tariff)));
        // The most specific last, each criterion outweighing those sorted by before it.
        fitting.sort_by_key(|tariff| &tariff.code);
        fitting.sort_by_key(|tariff| tariff.level.is_some());
        fitting.sort_by_key(|tariff| tariff.account_type.is_some());
        fitting.sort_by_key(|tariff| tariff.channel.is_some());
        fitting.sort_by_key(|tariff| tariff.operation.is_some());
        let Some(tariff) = fitting.last() else { return free };
        let direction = match tariff.bearer {
            Bearer::Payer => Direction::Debit,
            Bearer::Payee => Direction::Credit,
        };
        if self.month_count(bears(tariff).id, direction) < u64::from(tariff.free_per_month) {
            return free;
        }
        let amount = i128::from(payment.amount_minor);
        let full = charge(tariff, amount);
        Fee { minor: if tariff.bearer == Bearer::Payee { full.min(amount) } else { full }, bearer: tariff.bearer }
    }

    /// Whether all that a tariff names fits.
    fn fits(&self, tariff: &Tariff, payment: &Payment, bearer: &Account) -> bool {
        let opened_under = self.accounts.iter().find(|(account, _)| account.id == bearer.id).map(|(_, rules)| *rules);
        let account_type = (opened_under >= Some(4)).then_some(bearer.account_type);
        let level = bearer.customer_id.map(|holder| self.level(holder));
        bearer.role != Role::House
            && tariff.currency == payment.currency
            && (tariff.operation.is_none() || tariff.operation == Some(payment.kind))
            && (tariff.channel.is_none() || tariff.channel == Some(payment.channel))
            && (tariff.account_type.is_none() || tariff.account_type == account_type)
            && (tariff.level.is_none() || tariff.level == level)
    }
}

/// Fixed part and rate of the tier of an amount, half a minor unit counting as a whole one, within the bounds.
fn charge(tariff: &Tariff, amount: i128) -> i128 {
    let above = tariff.tiers.iter().filter(|tier| tier.up_to_minor.is_some_and(|up_to| i128::from(up_to) < amount)).count();
    let tier = &tariff.tiers[above];
    let rate = (2 * amount * i128::from(tier.rate_ppm) + 1_000_000).div_euclid(2_000_000);
    let lowest = tariff.min_minor.map_or(0, i128::from);
    let highest = tariff.max_minor.map_or((1 << 63) - 1, i128::from);
    (i128::from(tier.fixed_minor) + rate).clamp(lowest, highest)
}
