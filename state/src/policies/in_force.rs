//! What is in force, so that a payment finds its limits and its price without a look at what else is set, planned or over.
//!
//! It follows from what is set and the epoch, and is made anew when one of the two changes it. No snapshot has it.

use super::Common;
use schemas::{Channel, Currency, Epoch, KycLevel, Limits, PaymentKind, Priced, Tariff};
use std::collections::BTreeMap;

/// The limits and tariffs in force from some epoch on.
#[derive(Clone, Debug, Default)]
pub(super) struct InForce {
    /// The first epoch in which something else may be; the first of all where nothing was looked at yet.
    pub(super) until: Epoch,
    pub(super) limits: BTreeMap<(KycLevel, Currency), Limits>,
    /// The greatest first.
    tariffs: Vec<Tariff>,
    /// Their places, by what a payment is for, its channel and its currency; the greatest first.
    by_payment: BTreeMap<(PaymentKind, Channel, Currency), Vec<usize>>,
}

impl InForce {
    /// What is in force in an epoch.
    pub(super) fn of(common: &Common, epoch: Epoch) -> Self {
        let currency = |code: &str| code.parse::<Currency>().expect("it is the code of a currency");
        let limits = common.limits.iter().filter_map(|((level, code), versions)| Some(((*level, currency(code)), *versions.at(epoch)?)));
        let set = common.tariffs.values().filter_map(|versions| versions.at(epoch)?.as_ref());
        let mut tariffs: Vec<Tariff> = set.filter(|tariff| tariff.effective_to.is_none_or(|to| to > epoch)).cloned().collect();
        tariffs.sort_by(|one, other| other.rank().cmp(&one.rank()));

        let begin = common.limits.values().flat_map(|versions| versions.0.iter().map(|(from, _)| *from));
        let begin = begin.chain(common.tariffs.values().flat_map(|versions| versions.0.iter().map(|(from, _)| *from)));
        let until = begin.chain(tariffs.iter().filter_map(|tariff| tariff.effective_to)).filter(|moment| *moment > epoch).min();

        let mut by_payment = BTreeMap::<_, Vec<usize>>::new();
        for (place, tariff) in tariffs.iter().enumerate() {
            let kinds = PaymentKind::ALL.iter().filter(|kind| tariff.operation.is_none_or(|named| named == **kind));
            for kind in kinds {
                let channels = Channel::ALL.iter().filter(|channel| tariff.channel.is_none_or(|named| named == **channel));
                channels.for_each(|channel| by_payment.entry((*kind, *channel, tariff.currency)).or_default().push(place));
            }
        }
        Self { until: until.unwrap_or(Epoch::MAX), limits: limits.collect(), tariffs, by_payment }
    }

    /// The price of what is asked.
    pub(super) fn tariff(&self, to: &Priced) -> Option<&Tariff> {
        let places = self.by_payment.get(&(to.operation, to.channel, to.currency))?;
        places.iter().map(|place| &self.tariffs[*place]).find(|tariff| tariff.applies(to))
    }
}
