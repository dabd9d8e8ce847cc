//! The volume: how many operations, of how much, at what fee, and how many refused and why; by minute, hour and day.
//!
//! In: what happened in each epoch. Out: what the epoch adds to each bucket. Never: what a bucket has in all.
//!
//! **Definition.** One collection whose rows are buckets and whose differences are what is counted in them. The sum of a
//! bucket's differences up to an epoch is what the bucket shows at that epoch; whoever keeps the sums, here Postgres, adds
//! each difference once. So nothing is held here but the epochs under way: no bucket is open or closed, none has to come
//! back after a death, and no update lies in the future.
//!
//! 1. What happened in a minute adds up, epoch by epoch.
//! 2. An epoch lies in one minute, one hour and one day, so the same sum goes to each of the three.

use crate::route::{fold, mix};
use differential_dataflow::VecCollection;
use differential_dataflow::operators::arrange::arrangement::arrange_core;
use differential_dataflow::trace::implementations::ord_neu::{OrdKeyBatcher, OrdKeySpine};
use schemas::{Bucket, Channel, Currency, Epoch, EpochEvents, Event, Fact, Refusal, Span};
use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::Pipeline;
use timely::dataflow::operators::vec::Map;

/// How many, how much, and at what fee, the last two in minor units. So wide that no history overflows them.
pub type Sum = (i64, i128, i128);

/// Something that is counted: in which bucket, when, and what it adds.
pub type Change = (Bucket, Epoch, Sum);

/// What an epoch adds to its minute, one change an operation. A repeat was counted when it came first.
pub fn changes(epoch: &EpochEvents) -> impl Iterator<Item = Change> {
    let time = epoch.epoch();
    let start = Span::Minute.start(time);
    epoch.events.iter().filter_map(counted).map(move |Counted { operation, channel, currency, refusal, sum }| {
        (Bucket { span: Span::Minute, start, operation: operation.to_owned(), channel, currency, refusal }, time, sum)
    })
}

/// How many changes that is.
pub fn len(epoch: &EpochEvents) -> usize {
    epoch.events.iter().filter_map(counted).count()
}

struct Counted<'a> {
    operation: &'a str,
    channel: Option<Channel>,
    currency: Option<Currency>,
    refusal: Option<Refusal>,
    sum: Sum,
}

fn counted(event: &Event) -> Option<Counted<'_>> {
    match &event.fact {
        Fact::Transaction(transaction) => Some(Counted {
            operation: transaction.kind.as_str(),
            channel: Some(transaction.channel),
            currency: Some(transaction.amount.currency),
            refusal: transaction.refusal,
            sum: (1, transaction.amount.minor.into(), transaction.fee_minor.into()),
        }),
        Fact::Refused { operation, refusal } => {
            Some(Counted { operation, channel: None, currency: None, refusal: Some(*refusal), sum: (1, 0, 0) })
        }
        Fact::CustomerCreated(_)
        | Fact::AccountOpened(_)
        | Fact::RulesActivated { .. }
        | Fact::StatusChanged(_)
        | Fact::HoldChanged(_)
        | Fact::PolicyChanged(_)
        | Fact::BatchDecided(_)
        | Fact::OrderChanged(_)
        | Fact::AmlChanged(_)
        | Fact::ListChanged(_)
        | Fact::PartyChanged(_)
        | Fact::Diligence(_)
        | Fact::Assessed(_)
        | Fact::Repeated(_) => None,
    }
}

/// Where a bucket's work is done.
pub fn route(bucket: &Bucket) -> u64 {
    let Bucket { span: _, start: _, operation, channel, currency, refusal } = bucket;
    let channel = channel.map_or("", Channel::as_str);
    let (currency, reason) = (currency.map_or("", Currency::code), refusal.map_or("", Refusal::as_str));
    mix(fold(&[operation, channel, currency, reason]))
}

/// What each epoch adds to every bucket, of the changes that were brought to this worker.
///
/// The arrangement is there for its batcher alone, which adds up: nobody holds a handle of its trace, so no batch of it is
/// kept.
pub fn volume<'scope>(changes: StreamVec<'scope, Epoch, Change>) -> VecCollection<'scope, Epoch, Bucket, Sum> {
    type Batches = OrdKeySpine<Bucket, Epoch, Sum>;
    // 1.
    let keyed = changes.map(|(bucket, epoch, sum)| ((bucket, ()), epoch, sum));
    let added = arrange_core::<_, _, OrdKeyBatcher<Bucket, Epoch, Sum>, Batches>(keyed, Pipeline, "volume", OrdKeyBatcher::new);
    let minutes = added.as_collection(|bucket, ()| bucket.clone());
    // 2.
    minutes.flat_map(|minute| Span::ALL.iter().map(move |span| Bucket { span: *span, start: span.start(minute.start), ..minute.clone() }))
}

#[cfg(test)]
mod tests;
