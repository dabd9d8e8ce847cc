//! The aggregates: what the sums of every minute, hour and day must be, counted anew from the events.

use super::super::evidence::Table;
use schemas::{AccountId, Aggregates, Bucket, Epoch, Event, Fact, PaymentKind, Role, Side, Span, Turnover, Volume};
use std::collections::{BTreeMap, BTreeSet};

/// What events add up to, of volume and turnover.
pub(crate) fn count<'a>(events: impl Iterator<Item = &'a Event> + Clone) -> Aggregates {
    Aggregates {
        volume: volume(events.clone()).into_iter().map(|(volume, _)| volume).collect(),
        turnover: turnover(events).into_iter().map(|(turnover, _)| turnover).collect(),
        ..Aggregates::default()
    }
}

/// Every bucket, and the newest epoch that added something to it.
fn volume<'a>(events: impl Iterator<Item = &'a Event>) -> Vec<(Volume, Epoch)> {
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

/// Every side of a payment that settled and counts for it, whoever it is.
fn turnover<'a>(events: impl Iterator<Item = &'a Event>) -> Vec<(Turnover, Epoch)> {
    let mut sides: BTreeMap<Side, (i64, i128, Epoch)> = BTreeMap::new();
    for event in events {
        let Fact::Transaction(paid) = &event.fact else { continue };
        let gives_back = matches!(paid.kind, PaymentKind::Refund | PaymentKind::Reversal);
        let payer = gives_back || paid.kind == PaymentKind::Deposit;
        let payee = gives_back || !matches!(paid.kind, PaymentKind::Deposit | PaymentKind::Transfer);
        for (account, counts) in [(paid.account_debit, payer), (paid.account_credit, payee)] {
            if counts && paid.refusal.is_none() {
                let day = event.epoch / 86_400_000 * 86_400_000;
                let sum = sides.entry(Side { day, currency: paid.amount.currency, account, operation: paid.kind }).or_default();
                *sum = (sum.0 + 1, sum.1 + i128::from(paid.amount.minor), sum.2.max(event.epoch));
            }
        }
    }
    sides.into_iter().map(|(side, (count, amount_minor, epoch))| (Turnover { side, count, amount_minor }, epoch)).collect()
}

/// The volume as its table has it.
pub(super) fn volume_table<'a>(events: impl Iterator<Item = &'a Event>) -> Table {
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
    volume(events).into_iter().map(row).collect()
}

/// The turnover as its table has it: of merchants and agents.
pub(super) fn turnover_table<'a>(events: impl Iterator<Item = &'a Event> + Clone) -> Table {
    let trades = |event: &'a Event| match &event.fact {
        Fact::AccountOpened(account) => matches!(account.role, Role::Merchant | Role::Agent).then_some(account.id),
        _ => None,
    };
    let trading: BTreeSet<AccountId> = events.clone().filter_map(trades).collect();
    let row = |(Turnover { side: Side { day, currency, account, operation }, count, amount_minor }, epoch): (Turnover, Epoch)| {
        trading.contains(&account).then(|| (format!("{day} {currency} {account} {operation}"), format!("{count} {amount_minor} {epoch}")))
    };
    turnover(events).into_iter().filter_map(row).collect()
}
