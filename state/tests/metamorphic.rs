//! Histories that differ and must come to the same: cut by a snapshot, taken back, asked again, in another order, in parts, looked ahead to.

#[allow(dead_code, reason = "other tests use the rest")]
#[path = "auditor/history/mod.rs"]
mod history;

use history::policies::{Set, priced};
use history::{
    FIRST, Gap, History, Paid, Part, Seen, Side, Step, What, Which, Who, cause, founded, gaps, history, moving, recorded, replay,
    short_gaps, small, step, thawed,
};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use schemas::{
    AccountId, Asked, Authority, Batch, Channel, Command, CommandId, Event, Fact, Fingerprint, Link, Operation, PaymentKind, Principal,
    Refusal, Release, Reverse, Transaction, TransactionId,
};
use state::{Ahead, CODE_VERSION, Ledger};
use std::collections::{BTreeMap, BTreeSet};

/// What stands on every account, and what of it is held.
type Balances = BTreeMap<AccountId, (i64, i64)>;

fn balances(ledger: &Ledger) -> Balances {
    ledger.accounts().map(|holding| (holding.id, (holding.balance_minor, holding.held_minor))).collect()
}

fn staff(key: &str, operation: Operation) -> Command {
    let principal = Principal { subject: "staff".to_owned(), authority: Authority::Operator };
    Command { principal, idempotency_key: key.to_owned(), received_ms: 0, operation }
}

fn ask(ledger: &mut Ledger, command: &Command, asked: usize) -> Vec<Event> {
    let mut events = Vec::new();
    ledger.apply(cause(command, asked), &Asked::of(command.clone()), &mut events);
    events
}

/// Without other versions of the rules, of which older ones know nothing of all this.
fn newest(history: History) -> History {
    let activates = |step: &Step| matches!(step, Step::Ask { what: What::Activate { .. }, .. });
    let steps = history.steps.into_iter().filter(|(_, step)| !activates(step));
    History { rules: CODE_VERSION, steps: steps.collect() }
}

fn settled(said: &[Event]) -> impl DoubleEndedIterator<Item = &Transaction> {
    said.iter().filter_map(|event| match &event.fact {
        Fact::Transaction(transaction) if transaction.refusal.is_none() => Some(transaction),
        _ => None,
    })
}

/// The payment that was given back.
fn original(transaction: &Transaction) -> Option<TransactionId> {
    match transaction.link {
        Some(Link::Original(id)) => Some(id),
        Some(Link::Hold(_)) | None => None,
    }
}

/// What the legs of these come to.
fn posted<'a>(transactions: impl Iterator<Item = &'a Transaction>) -> BTreeMap<AccountId, i128> {
    let mut sums = BTreeMap::new();
    for leg in transactions.flat_map(|transaction| &transaction.postings) {
        *sums.entry(leg.account).or_default() += i128::from(leg.amount_minor);
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}

/// Reverses every payment that can be, the last first; what stays is what could not be.
fn reverse_all(ledger: &mut Ledger, said: &mut Vec<Event>) -> Vec<Refusal> {
    let payments: Vec<TransactionId> = settled(said).rev().filter(|paid| original(paid).is_none()).map(|paid| paid.id).collect();
    let mut refusals = Vec::new();
    for (number, transaction_id) in payments.into_iter().enumerate() {
        let reverse = staff(&format!("reverse-{number}"), Operation::Reverse(Reverse { transaction_id, proof: None }));
        let events = ask(ledger, &reverse, number);
        if let Fact::Refused { refusal, .. } = &events[0].fact {
            refusals.push(*refusal);
        }
        said.extend(events);
    }
    refusals
}

/// Gives back whatever is held.
fn release_all(ledger: &mut Ledger, said: &mut Vec<Event>) {
    let reserved = said.iter().filter_map(|event| match &event.fact {
        Fact::HoldChanged(held) if held.change.begins() => Some(held.id),
        _ => None,
    });
    for (number, hold_id) in reserved.collect::<Vec<_>>().into_iter().enumerate() {
        let release = staff(&format!("release-{number}"), Operation::Release(Release { hold_id }));
        said.extend(ask(ledger, &release, number));
    }
}

/// What people do with their money and the bank does not mind; amounts are small and everybody has enough.
fn plain() -> impl Strategy<Value = History> {
    let pays = moving(1..10i64)
        .prop_filter("nothing goes back before it is reversed", |what| !matches!(what, What::Refund { .. } | What::Reverse { .. }));
    let set = prop::collection::vec(priced(), 0..3);
    let steps = prop::collection::vec((short_gaps(), step(pays)), 1..30);
    (set, steps).prop_map(|(set, steps)| {
        let mut all = founded();
        let set = set.into_iter().zip(200..).map(|(set, key)| (Gap::Same, Step::Ask { who: Who::Staff, key, what: What::Set(set) }));
        all.extend(set.chain(steps));
        History { rules: CODE_VERSION, steps: all }
    })
}

/// Steps of a bank of their own inside the bank, in one epoch.
fn of_one_group() -> impl Strategy<Value = Vec<Step>> {
    // Whether the house has taken a fee yet is everybody's business.
    let apart = |paid: &Paid| ![paid.debit, paid.credit].iter().any(|side| matches!(side, Side::Fees(_)));
    let what = moving(small()).prop_filter("names the income of the house", move |what| match what {
        What::Pay(paid) | What::Reserve { paid, .. } => apart(paid),
        _ => true,
    });
    prop::collection::vec(step(what), 1..20)
}

const GROUPS: usize = 3;

/// Groups, tariffs for all, and two orders in which the groups take turns.
fn groups() -> impl Strategy<Value = (Vec<Vec<Step>>, Vec<Set>, [Vec<usize>; 2])> {
    let drawn = (prop::collection::vec(of_one_group(), GROUPS), prop::collection::vec(priced(), 0..3));
    drawn.prop_flat_map(|(groups, set)| {
        let turns: Vec<usize> = groups.iter().enumerate().flat_map(|(group, steps)| steps.iter().map(move |_| group)).collect();
        (Just(groups), Just(set), [Just(turns.clone()).prop_shuffle(), Just(turns).prop_shuffle()])
    })
}

/// A bank of groups that know nothing of each other.
struct Groups {
    ledger: Ledger,
    seen: Vec<Seen>,
    asked: usize,
}

impl Groups {
    fn take(&mut self, group: usize, step: &Step) {
        let Some(mut command) = self.seen[group].command(step, self.ledger.epoch()) else { return };
        let of_group = format!("group-{group}-");
        if !command.idempotency_key.starts_with(&of_group) {
            command.idempotency_key.insert_str(0, &of_group);
        }
        self.seen[group].ask(&command);
        self.asked += 1;
        let events = ask(&mut self.ledger, &command, self.asked);
        let of_house = |event: &Event| matches!(&event.fact, Fact::AccountOpened(account) if account.customer_id.is_none());
        let heard: Vec<Event> = events.into_iter().filter(|event| !of_house(event)).collect();
        self.seen[group].hear(&heard);
    }
}

fn in_turns(groups: &[Vec<Step>], set: &[Set], turns: &[usize]) -> Balances {
    let mut bank = Groups { ledger: Ledger::default(), seen: vec![Seen::default(); GROUPS], asked: 0 };
    bank.ledger.begin(FIRST, CODE_VERSION, &mut Vec::new());
    for (set, key) in set.iter().zip(200..) {
        bank.take(0, &Step::Ask { who: Who::Staff, key, what: What::Set(set.clone()) });
    }
    for group in 0..GROUPS {
        founded().iter().for_each(|(_, step)| bank.take(group, step));
    }
    bank.ledger.begin(FIRST + 1, CODE_VERSION, &mut Vec::new());
    let mut steps: Vec<_> = groups.iter().map(|steps| steps.iter()).collect();
    for group in turns {
        bank.take(*group, steps[*group].next().expect("a turn for every step"));
    }
    balances(&bank.ledger)
}

/// A hold that is captured in these parts.
fn captured(set: &Set, parts: &[i64], last: bool) -> History {
    let (debit, credit, amount_minor) = (Side::Account(0), Side::Account(1), parts.iter().sum());
    let paid = Paid { kind: PaymentKind::Transfer, debit, credit, amount_minor, currency: None, channel: Channel::Wallet, context: None };
    let reserve = What::Reserve { paid, expires_in_ms: 60_000 };
    let count = parts.len();
    let captures = parts.iter().zip(1..).map(|(part, number)| What::Capture {
        hold: Which::Left(0),
        part: Part::Minor(*part),
        currency: None,
        last: last && number == count,
    });
    let asked = [What::Set(set.clone()), reserve].into_iter().chain(captures).zip(0..);
    let mut steps = founded();
    steps.extend(asked.map(|(what, key)| (Gap::Same, Step::Ask { who: Who::Staff, key, what })));
    History { rules: CODE_VERSION, steps }
}

fn random() -> ProptestConfig {
    ProptestConfig { failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("seeds"))), ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(random())]

    #[test]
    fn a_history_that_is_cut_goes_on_as_if_it_were_not(history in history(gaps()), at in any::<prop::sample::Index>()) {
        let asked = recorded(&history);
        let mut whole = Ledger::default();
        let said = replay(&mut whole, &asked);
        let begins: Vec<usize> = (1..asked.len()).filter(|place| asked[place - 1].0 < asked[*place].0).collect();
        prop_assume!(!begins.is_empty());
        let (before, after) = asked.split_at(*at.get(&begins));
        let mut first = Ledger::default();
        let mut in_parts = replay(&mut first, before);
        let mut second = thawed(&first.freeze()).map_err(|error| TestCaseError::fail(error.to_string()))?;
        in_parts.extend(replay(&mut second, after));
        prop_assert_eq!(in_parts, said);
        prop_assert_eq!(second.freeze().chunks(&[]).collect::<Vec<_>>(), whole.freeze().chunks(&[]).collect::<Vec<_>>());
    }

    #[test]
    fn looking_ahead_changes_nothing(history in history(gaps()), most in 1..40usize) {
        let asked = recorded(&history);
        let mut blind = Ledger::default();
        let said = replay(&mut blind, &asked);
        let (mut ledger, mut ahead, mut seeing) = (Ledger::default(), Ahead::default(), Vec::new());
        for in_epoch in asked.chunk_by(|one, next| one.0 == next.0) {
            let (epoch, rules, ..) = in_epoch[0];
            ledger.begin(epoch, rules, &mut seeing);
            for near in in_epoch.chunks(most) {
                let commands: Vec<Asked> = near.iter().map(|(.., command)| Asked::of(command.clone())).collect();
                ledger.look_ahead(commands.iter(), &mut ahead);
                for (number, (command, (_, _, cause, _))) in commands.iter().zip(near).enumerate() {
                    ledger.apply_near(cause.clone(), command, ahead.near(number), &mut seeing);
                }
            }
        }
        prop_assert_eq!(seeing, said);
        prop_assert_eq!(ledger.freeze().chunks(&[]).collect::<Vec<_>>(), blind.freeze().chunks(&[]).collect::<Vec<_>>());
    }

    #[test]
    fn reversing_leaves_what_could_not_be_reversed(history in history(gaps())) {
        let mut ledger = Ledger::default();
        let mut said = replay(&mut ledger, &recorded(&newest(history)));
        prop_assume!(ledger.epoch() > 0);
        ledger.begin(ledger.epoch() + 1, CODE_VERSION, &mut said);
        reverse_all(&mut ledger, &mut said);
        let reversed: BTreeSet<TransactionId> =
            settled(&said).filter(|back| back.kind == PaymentKind::Reversal).filter_map(original).collect();
        let stays = settled(&said).filter(|paid| !reversed.contains(&original(paid).unwrap_or(paid.id)));
        let left = posted(stays);
        let stands = balances(&ledger).into_iter().map(|(account, (balance, _))| (account, i128::from(balance)));
        prop_assert_eq!(stands.filter(|(_, balance)| *balance != 0).collect::<BTreeMap<_, _>>(), left);
    }

    #[test]
    fn reversing_everything_leaves_nothing(history in plain()) {
        let mut ledger = Ledger::default();
        let mut said = replay(&mut ledger, &recorded(&history));
        release_all(&mut ledger, &mut said);
        prop_assert_eq!(reverse_all(&mut ledger, &mut said), []);
        prop_assert!(balances(&ledger).values().all(|stands| *stands == (0, 0)), "{:#?}", balances(&ledger));
    }

    #[test]
    fn asked_again_everything_is_told_again_and_nothing_changes(history in history(short_gaps())) {
        // Within the time for which a decision is kept.
        let steps = history.steps.into_iter().filter(|(_, step)| !matches!(step, Step::Ask { what: What::Later { .. }, .. }));
        let asked = recorded(&History { steps: steps.collect(), ..history });
        let mut ledger = Ledger::default();
        let said = replay(&mut ledger, &asked);
        let mut first: BTreeMap<CommandId, (Fingerprint, Fact)> = BTreeMap::new();
        for (_, _, cause, command) in &asked {
            let answers = said.iter().filter(|event| event.answers() && event.cause == *cause);
            let answer = answers.map(|event| event.fact.clone()).next().expect("every command is answered");
            let told = match answer {
                Fact::Transaction(transaction) => Fact::Transaction(Transaction { postings: Vec::new(), ..transaction }),
                Fact::Diligence(told) => Fact::Diligence(Box::new(told.again())),
                other => other,
            };
            first.entry(cause.command_id).or_insert((Fingerprint::of(&command.operation), told));
        }
        let before = balances(&ledger);
        for (number, (_, _, _, command)) in asked.iter().enumerate() {
            let events = ask(&mut ledger, command, asked.len() + number);
            if matches!(command.operation, Operation::Batch(Batch { dry_run: true, .. })) {
                let tells = matches!(&events[..], [Event { fact: Fact::BatchDecided(_) | Fact::Refused { .. }, .. }]);
                prop_assert!(tells, "what would be is told anew: {:#?}", events);
                continue;
            }
            let [Event { fact: Fact::Repeated(repeat), .. }] = &events[..] else {
                return Err(TestCaseError::fail(format!("{events:#?} is no repeat")));
            };
            let (body, told) = &first[&command.id()];
            prop_assert_eq!(repeat.first.as_ref(), (*body == Fingerprint::of(&command.operation)).then_some(told));
        }
        prop_assert_eq!(balances(&ledger), before);
    }

    #[test]
    fn who_comes_first_among_strangers_makes_no_difference((groups, set, turns) in groups()) {
        let [one, other] = turns.map(|turns| in_turns(&groups, &set, &turns));
        prop_assert_eq!(one, other);
    }

    #[test]
    fn in_parts_or_at_once_a_capture_comes_to_the_same(
        set in priced(),
        parts in prop::collection::vec(1..100i64, 1..8),
        last in any::<bool>(),
    ) {
        let whole = parts.iter().sum::<i64>();
        let [(at_once, fee), (in_parts, fees)] = [vec![whole], parts].map(|parts: Vec<i64>| {
            let mut ledger = Ledger::default();
            let said = replay(&mut ledger, &recorded(&captured(&set, &parts, last)));
            let fees: i64 = settled(&said).map(|transaction| transaction.fee_minor).sum();
            (balances(&ledger), fees)
        });
        prop_assert_eq!(at_once, in_parts);
        prop_assert_eq!(fee, fees);
    }
}
