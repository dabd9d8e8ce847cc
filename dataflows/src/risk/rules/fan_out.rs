//! R07: one pays many. Who paid many others within the window whom they had not paid before?
//!
//! ```sql
//! select payer, count(distinct payee) as receivers, sum(amount_minor) as amount_minor
//! from payment p
//! where at - window < time and time <= at and role(payer) = 'customer' and role(payee) = 'customer'
//!   and not exists (select from payment o where (o.payer, o.payee) = (p.payer, p.payee)
//!                   and at - window - known < o.time and o.time <= at - window)
//! group by payer
//! ```

use crate::risk::graph::Edge;
use crate::risk::rules::fan_in::{fan, reach_ms, window_ms};
use crate::risk::rules::{Key, Rule};
use schemas::aml::RuleId;

pub(super) const RULE: Rule = Rule {
    id: RuleId::FanOut,
    concerns: |graph, watched, keys| {
        let Edge { payer, payee, .. } = *watched.edge;
        if !graph.is_hub(payer) && !graph.is_hub(payee) {
            keys.push(Key::account(payer));
        }
    },
    measure: |graph, key, at, shape| {
        let node = key.node();
        fan(graph, shape, at, |at, window_ms| graph.paid(node, at, window_ms))
    },
    reach_ms,
    window_ms,
};
