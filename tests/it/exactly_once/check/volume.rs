//! The volume: what the sums of every minute, hour and day must be, counted anew from the events.

use super::super::evidence::Table;
use schemas::{Bucket, Epoch, Event, Fact, Span, Volume};
use std::collections::BTreeMap;

/// Every bucket, and the newest epoch that added something to it.
pub(crate) fn count<'a>(events: impl Iterator<Item = &'a Event>) -> Vec<(Volume, Epoch)> {
    let mut buckets: BTreeMap<Bucket, (i64, i128, i128, Epoch)> = BTreeMap::new();
    for event in events {
        let (operation, of, refusal, amount, fee) = match &event.fact {
            Fact::Transaction(paid) => {
                let of = Some((paid.channel, paid.amount.currency));
                (paid.kind.to_string(), of, paid.refusal, i128::from(paid.amount.minor), i128::from(paid.fee_minor))
            }
            Fact::Refused { operation, refusal } => (operation.clone(), None, Some(*refusal), 0, 0),
            _ => continue,
        };
        for (span, width) in [(Span::Minute, 60_000), (Span::Hour, 3_600_000), (Span::Day, 86_400_000)] {
            let start = event.epoch / width * width;
            let (channel, currency) = (of.map(|of| of.0), of.map(|of| of.1));
            let sum = buckets.entry(Bucket { span, start, operation: operation.clone(), channel, currency, refusal }).or_default();
            *sum = (sum.0 + 1, sum.1 + amount, sum.2 + fee, sum.3.max(event.epoch));
        }
    }
    let volume = |(bucket, (count, amount_minor, fee_minor, epoch))| (Volume { bucket, count, amount_minor, fee_minor }, epoch);
    buckets.into_iter().map(volume).collect()
}

/// The same as the table has it.
pub(super) fn table<'a>(events: impl Iterator<Item = &'a Event>) -> Table {
    let row = |(Volume { bucket, count, amount_minor, fee_minor }, epoch): (Volume, Epoch)| {
        let text = |word: Option<&str>| word.unwrap_or("none").to_owned();
        let key = [
            bucket.span.to_string(),
            bucket.start.to_string(),
            bucket.operation,
            text(bucket.channel.map(|channel| channel.as_str())),
            text(bucket.currency.map(|currency| currency.code())),
            text(bucket.refusal.map(|refusal| refusal.as_str())),
        ];
        (key.join(" "), format!("{count} {amount_minor} {fee_minor} {epoch}"))
    };
    count(events).into_iter().map(row).collect()
}
