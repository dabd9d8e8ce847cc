//! The proof against a loop over all of history, at every epoch, for one, two and three workers, and across a restart.

use super::*;
use crate::proof::books::ROW_BYTES;
use proptest::prelude::*;
use schemas::{
    AccountId, Binding, Cause, Channel, CommandId, Currency, Event, EventId, Fact, Money, PaymentKind, Position, Posting, Transaction,
    TransactionId,
};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::mpsc::channel;
use timely::dataflow::InputHandle;
use timely::dataflow::operators::{Input, Inspect, Probe};

/// One payment: currency, payer, payee, amount; then what is wrong with it, if anything.
type Draw = (usize, u32, u32, i64, Option<Wrong>);

#[derive(Clone, Copy, Debug)]
enum Wrong {
    /// The payee gets this much more than was paid.
    Leg(i64),
    /// The payee's balance is written down wrong by this much.
    Balance(i64),
}

fn wrong() -> impl Strategy<Value = Option<Wrong>> {
    let small = prop_oneof![-2i64..=2, Just(i64::MIN / 4), Just(i64::MAX / 4)];
    prop_oneof![12 => Just(None), 1 => small.clone().prop_map(|by| Some(Wrong::Leg(by))), 1 => small.prop_map(|by| Some(Wrong::Balance(by)))]
}

fn history() -> impl Strategy<Value = Vec<Vec<Draw>>> {
    let draw = (0..3usize, 0..4u32, 0..4u32, 1..1000i64, wrong());
    prop::collection::vec(prop::collection::vec(draw, 0..6), 1..12)
}

const CURRENCIES: [&str; 3] = ["XOF", "EUR", "TND"];
const FIRST: Epoch = 100;

fn account(currency: usize, number: u32) -> AccountId {
    AccountId::mint(1, u32::try_from(currency).unwrap() * 10 + number)
}

fn epochs(history: &[Vec<Draw>]) -> Vec<Arc<EpochEvents>> {
    let mut balances: BTreeMap<AccountId, i64> = BTreeMap::new();
    let mut post = |account, amount_minor: i64, wrong: i64| {
        let balance = balances.entry(account).or_default();
        *balance = balance.wrapping_add(amount_minor);
        Posting { account, amount_minor, balance_minor: balance.wrapping_add(wrong) }
    };
    (FIRST..)
        .step_by(3)
        .zip(history)
        .map(|(epoch, draws)| {
            let mut events = Vec::new();
            for (number, (currency, payer, payee, amount, wrong)) in (0..).zip(draws) {
                let (debit, credit) = (account(*currency, *payer), account(*currency, *payee));
                let (leg, balance) = match wrong {
                    None => (0, 0),
                    Some(Wrong::Leg(by)) => (*by, 0),
                    Some(Wrong::Balance(by)) => (0, *by),
                };
                let postings = vec![post(debit, -amount, 0), post(credit, amount.saturating_add(leg), balance)];
                events.push(event(epoch, number, *currency, postings));
            }
            let binding = Binding { epoch, generation: 1, code_version: 1, inputs: Vec::new() };
            Arc::new(EpochEvents { binding, events, waited: Vec::new(), leaves: Vec::new() })
        })
        .collect()
}

fn event(epoch: Epoch, number: u32, currency: usize, postings: Vec<Posting>) -> Event {
    let position = Position { partition: 0, offset: i64::from(number) };
    Event {
        id: EventId::mint(epoch, number),
        epoch,
        cause: Cause { command_id: CommandId::derive("a", "transfer", "b"), position, traceparent: String::new() },
        fact: Fact::Transaction(Transaction {
            id: TransactionId::mint(epoch, number),
            kind: PaymentKind::Transfer,
            account_debit: postings[0].account,
            account_credit: postings[1].account,
            amount: Money { minor: 1, currency: CURRENCIES[currency].parse().unwrap() },
            fee_minor: 0,
            channel: Channel::Wallet,
            refusal: None,
            link: None,
            postings,
        }),
    }
}

/// What an epoch gave, as far as it can differ.
type Answer = (Epoch, Vec<Imbalance>, Option<Vec<u8>>);

/// What the whole dataflow says with so many workers.
pub(crate) fn run(workers: usize, given: Vec<Given>) -> Vec<Proved> {
    let (sender, answers) = channel();
    let ends = Mutex::new((Some(given), sender));
    let config = timely::Config::process(workers);
    let guards = timely::execute(config, move |worker| {
        let (given, sender) = {
            let mut ends = ends.lock().unwrap();
            let first = worker.index() == 0;
            (if first { ends.0.take().unwrap() } else { Default::default() }, ends.1.clone())
        };
        let mut input = InputHandle::new();
        let probe = worker.dataflow::<Epoch, _, _>(|scope| {
            let proved = views(scope.input_from(&mut input));
            proved.inspect(move |proved| drop(sender.send(proved.clone()))).probe().0
        });
        // Several epochs are under way at once.
        for given in given {
            let epoch = given.epoch();
            input.advance_to(epoch);
            input.send(given);
            worker.step_while(|| probe.less_than(&epoch.saturating_sub(6)));
        }
    });
    drop(guards.unwrap().join());
    answers.into_iter().collect()
}

fn prove(workers: usize, given: Vec<Given>) -> Vec<Answer> {
    let answer = |proved: Proved| (proved.given.epoch(), proved.imbalances, proved.books.map(|books| bytes(&books)));
    run(workers, given).into_iter().map(answer).collect()
}

fn bytes(books: &[(Subject, Sum)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(books.len() * ROW_BYTES);
    books.iter().for_each(|(subject, sum)| books::write(subject, sum, &mut bytes));
    bytes
}

/// Every posting up to an epoch, added up anew.
fn oracle(epochs: &[Arc<EpochEvents>]) -> BTreeMap<Subject, i128> {
    let mut differences: BTreeMap<Subject, i128> = BTreeMap::new();
    let mut newest: BTreeMap<AccountId, i64> = BTreeMap::new();
    for event in epochs.iter().flat_map(|epoch| &epoch.events) {
        let Fact::Transaction(transaction) = &event.fact else { continue };
        let currency: Currency = transaction.amount.currency;
        for posting in &transaction.postings {
            let subjects = [Subject::Currency(currency), Subject::Transaction(transaction.id, currency), Subject::Account(posting.account)];
            for subject in subjects {
                *differences.entry(subject).or_default() += i128::from(posting.amount_minor);
            }
            newest.insert(posting.account, posting.balance_minor);
        }
    }
    for (account, balance) in newest {
        *differences.entry(Subject::Account(account)).or_default() -= i128::from(balance);
    }
    differences.retain(|_, difference| *difference != 0);
    differences
}

fn expected(epochs: &[Arc<EpochEvents>], upto: usize) -> Vec<Imbalance> {
    let epoch = epochs[upto].epoch();
    let (before, after) = (oracle(&epochs[..upto]), oracle(&epochs[..=upto]));
    let mut rows = Vec::new();
    for (diff, some, other) in [(-1, &before, &after), (1, &after, &before)] {
        for (subject, difference_minor) in some.iter().filter(|(subject, difference)| other.get(subject) != Some(difference)) {
            rows.push(Imbalance { subject: *subject, difference_minor: *difference_minor, epoch, diff });
        }
    }
    rows.sort_unstable();
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn the_proof_is_what_a_loop_over_history_says(history in history(), restart: prop::sample::Index) {
        let epochs = epochs(&history);
        let given: Vec<_> = epochs.iter().map(|events| Given::Epoch { events: Arc::clone(events), keep: true }).collect();
        let one = prove(1, given.clone());
        prop_assert_eq!(one.len(), epochs.len());
        for (at, (epoch, imbalances, _)) in one.iter().enumerate() {
            prop_assert_eq!(*epoch, epochs[at].epoch());
            prop_assert_eq!(imbalances, &expected(&epochs, at));
        }
        for workers in [2, 3] {
            prop_assert_eq!(&prove(workers, given.clone()), &one, "{} workers", workers);
        }
        // From the books at the end of any epoch, with another number of workers, the rest comes out the same.
        let at = restart.index(epochs.len());
        let books = books::read(one[at].2.as_ref().unwrap()).unwrap();
        let standing = Given::Standing(epochs[at].epoch(), Arc::new(Standing { books, accounts: Vec::new() }));
        let again = prove(2, std::iter::once(standing).chain(given[at + 1..].iter().cloned()).collect());
        prop_assert_eq!(&again[1..], &one[at + 1..]);
        let standing: BTreeMap<_, _> = again[0].1.iter().map(|row| (row.subject, row.difference_minor)).collect();
        prop_assert_eq!(standing, oracle(&epochs[..=at]));
    }
}

#[test]
fn a_balanced_history_says_nothing_and_holds_only_its_accounts() {
    let history = vec![vec![(0, 0, 1, 5, None), (1, 2, 3, 7, None)]; 4];
    let given = epochs(&history).into_iter().map(|events| Given::Epoch { events, keep: true });
    for (epoch, imbalances, books) in prove(2, given.collect()) {
        assert_eq!(imbalances, [], "epoch {epoch}");
        assert_eq!(books.unwrap().len(), 4 * ROW_BYTES, "epoch {epoch}");
    }
}

#[test]
#[should_panic(expected = "is not whole")]
fn an_epoch_of_which_a_worker_saw_a_part_stops_the_cell() {
    let events = Arc::clone(&epochs(&[vec![(0, 0, 1, 5, None)]])[0]);
    timely::execute_directly(move |worker| {
        let mut input = InputHandle::new();
        worker.dataflow::<Epoch, _, _>(|scope| {
            let given = scope.input_from(&mut input);
            // One of two changes is lost on its way; the frontier passes the epoch all the same.
            let moves = given.clone().flat_map(|given: Given| given.moves().into_iter().skip(1));
            gather::gather(given, gather::count(moves)).probe();
        });
        input.advance_to(events.epoch());
        input.send(Given::Epoch { events, keep: false });
    });
}
