//! The volume against a loop over all of history, at every epoch, for one, two and three workers, and from any epoch on.

use super::*;
use crate::views::Given;
use crate::views::tests::run;
use proptest::prelude::*;
use schemas::{
    AccountId, Binding, Cause, CommandId, EventId, HoldId, Link, Money, PaymentKind, Position, Repeat, Transaction, TransactionId, Volume,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What happens, each with numbers to choose from: kind, channel, currency, amount, fee; or what is refused and why.
#[derive(Clone, Debug)]
enum Draw {
    Paid(usize, usize, usize, i64, i64),
    Failed(usize, usize, usize, i64, usize),
    Refused(usize, usize),
    /// Of what is neither.
    Other(bool),
}

const CURRENCIES: [&str; 3] = ["XOF", "EUR", "TND"];
const OPERATIONS: [&str; 3] = ["open_account", "capture", "transfer"];
/// 40 seconds before the end of a day.
const FIRST: Epoch = 1_764_028_760_000;

fn draw() -> impl Strategy<Value = Draw> {
    let amount = prop_oneof![1..1000i64, Just(i64::MAX)];
    let (kind, channel, currency) = (0..PaymentKind::ALL.len(), 0..Channel::ALL.len(), 0..3usize);
    let reason = 0..4usize;
    prop_oneof![
        6 => (kind.clone(), channel.clone(), currency.clone(), amount.clone(), 0..50i64).prop_map(|(a, b, c, d, e)| Draw::Paid(a, b, c, d, e)),
        3 => (kind, channel, currency, amount, reason.clone()).prop_map(|(a, b, c, d, e)| Draw::Failed(a, b, c, d, e)),
        2 => (0..3usize, reason).prop_map(|(a, b)| Draw::Refused(a, b)),
        1 => any::<bool>().prop_map(Draw::Other),
    ]
}

/// How long after the one before, and what happens.
fn history() -> impl Strategy<Value = Vec<(u64, Vec<Draw>)>> {
    let gap = prop_oneof![4 => 1..5u64, 2 => 1..90_000u64, 1 => 3_000_000..90_000_000u64];
    prop::collection::vec((gap, prop::collection::vec(draw(), 0..8)), 1..14)
}

fn fact(epoch: Epoch, number: u32, draw: &Draw) -> Fact {
    let transaction = |kind: usize, channel: usize, currency: usize, minor, fee_minor, reason: Option<usize>| {
        let link = [None, Some(Link::Hold(HoldId::mint(1, 0))), Some(Link::Original(TransactionId::mint(1, 1)))];
        Transaction {
            id: TransactionId::mint(epoch, number),
            kind: PaymentKind::ALL[kind],
            account_debit: AccountId::mint(1, 0),
            account_credit: AccountId::mint(1, 1),
            amount: Money { minor, currency: CURRENCIES[currency].parse().unwrap() },
            fee_minor,
            channel: Channel::ALL[channel],
            refusal: reason.map(|reason| Refusal::ALL[reason]),
            link: link[kind % 3],
            postings: Vec::new(),
        }
    };
    match *draw {
        Draw::Paid(kind, channel, currency, minor, fee) => Fact::Transaction(transaction(kind, channel, currency, minor, fee, None)),
        Draw::Failed(kind, channel, currency, minor, reason) => {
            Fact::Transaction(transaction(kind, channel, currency, minor, 0, Some(reason)))
        }
        Draw::Refused(operation, reason) => Fact::Refused { operation: OPERATIONS[operation].to_owned(), refusal: Refusal::ALL[reason] },
        Draw::Other(true) => Fact::RulesActivated { version: 5 },
        Draw::Other(false) => {
            let first = Some(Fact::Transaction(transaction(0, 0, 0, 7, 1, None)));
            Fact::Repeated(Box::new(Repeat { operation: "deposit".to_owned(), first_epoch: 1, first }))
        }
    }
}

fn epochs(history: &[(u64, Vec<Draw>)]) -> Vec<Arc<EpochEvents>> {
    let mut epoch = FIRST;
    let mut epochs = Vec::new();
    for (gap, draws) in history {
        epoch += gap;
        let event = |(number, draw)| {
            let position = Position { partition: 0, offset: i64::from(number) };
            let cause = Cause { command_id: CommandId::derive("a", "transfer", "b"), position, traceparent: String::new() };
            Event { id: EventId::mint(epoch, number), epoch, cause, fact: fact(epoch, number, draw) }
        };
        let binding = Binding { epoch, generation: 1, code_version: 1, inputs: Vec::new() };
        epochs.push(Arc::new(EpochEvents {
            binding,
            events: (0..).zip(draws).map(event).collect(),
            waited: Vec::new(),
            leaves: Vec::new(),
        }));
    }
    epochs
}

/// Count, amount and fee of everything so far, by span, start and what is counted together, all in words.
type Table = BTreeMap<(String, String, String), (i128, i128, i128)>;

/// Every operation up to an epoch, counted anew.
fn oracle(epochs: &[Arc<EpochEvents>]) -> Table {
    let mut table = Table::new();
    for event in epochs.iter().flat_map(|epoch| &epoch.events) {
        let (what, amount, fee) = match &event.fact {
            Fact::Transaction(paid) => {
                let reason = paid.refusal.map_or_else(String::new, |refusal| refusal.to_string());
                (format!("{} {} {} {reason}", paid.kind, paid.channel, paid.amount.currency), paid.amount.minor, paid.fee_minor)
            }
            Fact::Refused { operation, refusal } => (format!("{operation} - - {refusal}"), 0, 0),
            _ => continue,
        };
        // Minutes, hours and days as the calendar writes them.
        let time = schemas::rfc3339(event.epoch);
        for (span, digits) in [("minute", 16), ("hour", 13), ("day", 10)] {
            let sum = table.entry((span.to_owned(), time[..digits].to_owned(), what.clone())).or_default();
            *sum = (sum.0 + 1, sum.1 + i128::from(amount), sum.2 + i128::from(fee));
        }
    }
    table
}

/// Adds what an epoch adds.
fn add(table: &mut Table, volume: &[Volume]) {
    for Volume { bucket, count, amount_minor, fee_minor } in volume {
        let digits = match bucket.span {
            Span::Minute => 16,
            Span::Hour => 13,
            Span::Day => 10,
        };
        let start = schemas::rfc3339(bucket.start);
        assert_eq!(
            start,
            format!("{}{}", &start[..digits], &"0000-00-00T00:00:00.000Z"[digits..]),
            "it begins where a {} does",
            bucket.span
        );
        let (channel, currency) = (bucket.channel.map_or("-", Channel::as_str), bucket.currency.map_or("-", Currency::code));
        let what = format!("{} {channel} {currency} {}", bucket.operation, bucket.refusal.map_or("", Refusal::as_str));
        let sum = table.entry((bucket.span.to_string(), start[..digits].to_owned(), what)).or_default();
        *sum = (sum.0 + i128::from(*count), sum.1 + amount_minor, sum.2 + fee_minor);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn the_volume_is_what_a_loop_over_history_says(history in history(), restart: prop::sample::Index) {
        let epochs = epochs(&history);
        let given: Vec<_> = epochs.iter().map(|events| Given::Epoch { events: Arc::clone(events), keep: false }).collect();
        let volumes = |workers, given: Vec<Given>| run(workers, given).into_iter().map(|proved| (proved.given.epoch(), proved.aggregates.volume)).collect::<Vec<_>>();
        let one = volumes(1, given.clone());
        prop_assert_eq!(one.len(), epochs.len());
        let mut table = Table::new();
        for (at, (epoch, volume)) in one.iter().enumerate() {
            prop_assert_eq!(*epoch, epochs[at].epoch());
            prop_assert!(volume.windows(2).all(|pair| pair[0].bucket < pair[1].bucket), "each bucket once, in order");
            add(&mut table, volume);
            prop_assert_eq!(&table, &oracle(&epochs[..=at]), "epoch {}", epoch);
        }
        for workers in [2, 3] {
            prop_assert_eq!(&volumes(workers, given.clone()), &one, "{} workers", workers);
        }
        // What an epoch adds depends on nothing before it, so whoever begins in the middle adds the same.
        let at = restart.index(epochs.len());
        prop_assert_eq!(&volumes(2, given[at..].to_vec())[..], &one[at..]);
    }
}

#[test]
fn the_hash_is_ours_and_stays() {
    let bucket = |operation: &str, channel, currency, refusal| Bucket {
        span: Span::Day,
        start: 7,
        operation: operation.to_owned(),
        channel,
        currency,
        refusal,
    };
    let buckets = [
        bucket("transfer", Some(Channel::Qr), Some(Currency::XOF), None),
        bucket("open_account", None, None, Some(Refusal::CustomerNotFound)),
    ];
    assert_eq!(buckets.map(|bucket| route(&bucket)), ROUTES);
}

const ROUTES: [u64; 2] = [2_692_577_631_487_126_337, 10_353_575_008_185_124_276];
