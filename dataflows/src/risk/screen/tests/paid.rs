//! Counterparties, as payments say them.

use super::*;
use crate::risk::Screened;
use crate::risk::screen::counterparties::SEEN_MS;
use proptest::test_runner::TestCaseError;
use schemas::alert::{Alert, MatchedParty};
use schemas::gate::GateAnswer;
use schemas::{Account, AccountId, AccountStatus, AccountType, Assessed, Context, Currency, Role, TransactionId};
use std::sync::Arc;

/// The same, written in two ways, twice; and three others.
const NAMES: [&str; 7] =
    ["Joseph Konyema", " joseph  KONYEMA ", "Mohamed Traoré", "MOHAMED TRAORÉ", "Cheikh Zarbatu", "Владимир Watara", "Yusuf Ali"];

/// When a payment named whom, in a country, with which transaction.
pub(super) type Said = (Epoch, CustomerId, String, Option<String>, TransactionId);

pub(super) fn draw() -> impl Strategy<Value = Draw> {
    let of = (0..NAMES.len(), 0..COUNTRIES.len());
    prop_oneof![
        6 => (0..6u8, of.clone()).prop_map(|(customer, (name, country))| Draw::Pay(customer, name, country)),
        2 => (0..6u8, of, 0..2u8, 0..8u8).prop_map(|(customer, of, list, entry)| Draw::ClearPaid(customer, of, list, entry)),
        1 => select(vec![1u64, 13, 29, 30, 31]).prop_map(Draw::Wait),
    ]
}

fn account(number: u32) -> AccountId {
    AccountId::mint(1, number)
}

pub(super) fn opened(number: u32) -> Fact {
    Fact::AccountOpened(Account {
        id: account(number),
        customer_id: Some(CustomerId::mint(1, number)),
        account_type: AccountType::Wallet,
        // Every third is a merchant, whose counterparties are screened too.
        role: if number.is_multiple_of(3) { Role::Merchant } else { Role::Customer },
        currency: Currency::XOF,
        status: AccountStatus::Active,
    })
}

/// A withdrawal of every other, a deposit of the rest.
pub(super) fn assessed(number: u32, name: usize, country: usize) -> Fact {
    let (own, house) = (account(number), AccountId::house("cash", Currency::XOF));
    let [account_debit, account_credit] = if number.is_multiple_of(2) { [own, house] } else { [house, own] };
    let context =
        Context { counterparty_name: Some(NAMES[name].to_owned()), country: COUNTRIES[country].map(str::to_owned), ..Context::default() };
    Fact::Assessed(Box::new(Assessed {
        transaction_id: Some(TransactionId::mint(number.into(), u32::try_from(name * 3 + country).unwrap())),
        hold_id: None,
        account_debit,
        account_credit,
        context: Some(Arc::new(context)),
        answer: GateAnswer::Allow,
        score: 0,
        said: Vec::new(),
    }))
}

fn digest(name: usize, country: usize) -> CounterpartyDigest {
    CounterpartyDigest::of(NAMES[name], COUNTRIES[country])
}

pub(super) fn clear(number: u32, (name, country): (usize, usize), list: u8, entry: u8) -> ListCommand {
    let (customer_id, counterparty) = (CustomerId::mint(1, number), Some(digest(name, country)));
    let (list, entry, reason) = (format!("list-{list}"), format!("{entry}"), "a look".to_owned());
    ListCommand::Clear(ClearMatch { customer_id, counterparty, list, entry, reason })
}

pub(super) fn said(epoch: Epoch, assessed: &Assessed) -> Option<Said> {
    let context = assessed.context.as_ref()?;
    let number = (1..100).find(|number| [assessed.account_debit, assessed.account_credit].contains(&account(*number)))?;
    let name = context.counterparty_name.clone()?;
    Some((epoch, CustomerId::mint(1, number), name, context.country.clone(), assessed.transaction_id?))
}

/// Everybody who was named within 30 days, in lower case, since capitals are nothing to go by.
pub(super) fn known(
    said: &[Said],
    now: Epoch,
) -> impl Iterator<Item = (CustomerId, Option<CounterpartyDigest>, String, Option<String>)> + '_ {
    let newest: BTreeMap<(CustomerId, String, Option<String>), Epoch> =
        said.iter().map(|(epoch, customer, name, country, _)| ((*customer, plain(name), country.clone()), *epoch)).collect();
    let known = newest.into_iter().filter(move |(_, epoch)| epoch + SEEN_MS > now);
    known.map(|((customer, name, country), _)| (customer, Some(CounterpartyDigest::of(&name, country.as_deref())), name, country))
}

fn plain(name: &str) -> String {
    name.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An alert says whose name it is, and of a counterparty the last payment that named it, up to and with its epoch.
pub(super) fn check(alert: &Alert, said_so_far: &[Said]) -> Result<(), TestCaseError> {
    let (of, evidence) = (of(&alert.subject), &alert.evidence);
    let matched = evidence.matched.as_ref().unwrap();
    let Some(digest) = of.counterparty else {
        prop_assert_eq!((matched.party, evidence.transactions_count), (MatchedParty::Customer, 0));
        return Ok(());
    };
    let is_it =
        |(_, customer, name, country, _): &&Said| *customer == of.customer_id && CounterpartyDigest::of(name, country.as_deref()) == digest;
    let (epoch, .., transaction) = said_so_far.iter().rev().find(is_it).expect("somebody named it");
    prop_assert_eq!(matched.party, MatchedParty::Counterparty);
    prop_assert_eq!((evidence.window_from, evidence.window_to), (*epoch, alert.epoch));
    prop_assert_eq!((&evidence.transactions, evidence.transactions_count), (&vec![*transaction], 1));
    let text = alert.text(schemas::alert::text::Language::English);
    prop_assert!(text.contains("; the counterparty \"") && text.contains("; 1 transactions, from "), "{}", text);
    Ok(())
}

fn sanctions(names: &[(u8, &str)]) -> Draw {
    Draw::Load(0, ListKind::Sanctions, names.iter().map(|(number, name)| (*number, ((*name).to_owned(), 0))).collect())
}

fn enrol(name: &str) -> Draw {
    Draw::Enrol(name.to_owned(), 0)
}

/// How many alerts were raised and cleared in each epoch, and whose names were looked at.
fn play(draws: &[Vec<Draw>]) -> Vec<([usize; 2], Screened)> {
    let of = |found: &Found| {
        let raised = found.alerts.iter().filter(|change| matches!(change, AlertChange::Raised(_))).count();
        ([raised, found.alerts.len() - raised], found.screened)
    };
    run(1, given(&history(draws), usize::MAX)).iter().map(of).collect()
}

/// A list that is loaded later finds whom a payment named before, and looks at nobody else; a pair that was cleared stays quiet, also after
/// the counterparty was forgotten, until the entry is another one.
#[test]
fn a_list_finds_whom_a_payment_named_before() {
    let (entry, other) = ([(1, "Serge Fotso"), (3, "Joseph Konyema")], [(1, "Serge Fotso"), (3, "Joseph Konyema Junior")]);
    let played = play(&[
        vec![enrol("Awa Sow"), enrol("Zarbatu Ali"), sanctions(&entry[..1])],
        vec![Draw::Pay(0, 0, 1), Draw::Pay(0, 4, 0), Draw::Pay(1, 5, 0)],
        vec![Draw::Pay(0, 1, 1)],
        vec![sanctions(&entry)],
        vec![Draw::ClearPaid(0, (1, 1), 0, 3)],
        vec![Draw::Pay(0, 0, 1), sanctions(&entry)],
        vec![Draw::Wait(31)],
        vec![Draw::Pay(0, 0, 1)],
        vec![sanctions(&other)],
    ]);
    let alerts: Vec<_> = played.iter().map(|(alerts, _)| *alerts).collect();
    assert_eq!(alerts, [[0, 0], [0, 0], [0, 0], [1, 0], [0, 1], [0, 0], [0, 0], [0, 0], [1, 0]]);
    let looked = |screened: &Screened| (screened.versions, screened.touched, screened.paid, screened.names);
    let looked: Vec<_> = played.iter().map(|(_, screened)| looked(screened)).collect();
    let expected =
        [(1, 0, 0, 2), (0, 0, 3, 5), (0, 0, 0, 5), (1, 1, 0, 5), (0, 0, 0, 5), (1, 0, 0, 5), (0, 0, 0, 2), (0, 0, 1, 3), (1, 1, 0, 3)];
    assert_eq!(looked, expected);
}

/// Another name, another country or another customer is another counterparty; a name that is only near is none.
#[test]
fn what_is_said_of_one_says_nothing_of_another() {
    let list = sanctions(&[(3, "Joseph Konyema")]);
    for (pay, raised) in [
        (Draw::Pay(0, 0, 0), 0),
        (Draw::Pay(0, 1, 0), 0),
        (Draw::Pay(0, 0, 1), 1),
        (Draw::Pay(1, 0, 0), 1),
        (Draw::Pay(1, 6, 0), 0),
        (Draw::Pay(1, 2, 0), 0),
    ] {
        let start = vec![enrol("Awa Sow"), enrol("Zarbatu Ali"), list.clone(), Draw::ClearPaid(0, (0, 0), 0, 3)];
        let played = play(&[start, vec![pay.clone()]]);
        assert_eq!(played.iter().map(|(alerts, _)| alerts[0]).collect::<Vec<_>>(), [0, raised], "{pay:?}");
    }
}

/// 30 days after the last payment the alert is over; a payment before that, by whatever spelling, keeps it.
#[test]
fn who_is_not_seen_any_more_is_forgotten() {
    let start = || vec![enrol("Awa Sow"), sanctions(&[(3, "Joseph Konyema")]), Draw::Pay(0, 0, 0)];
    let alerts = |draws: &[Vec<Draw>]| play(draws).iter().map(|(alerts, _)| *alerts).collect::<Vec<_>>();
    let over = alerts(&[start(), vec![Draw::Wait(29)], vec![Draw::Wait(1)], vec![Draw::Pay(0, 1, 0)]]);
    assert_eq!(over, [[1, 0], [0, 0], [0, 1], [1, 0]]);
    let kept = alerts(&[start(), vec![Draw::Wait(29), Draw::Pay(0, 1, 0)], vec![Draw::Wait(29)], vec![Draw::Wait(1)]]);
    assert_eq!(kept, [[1, 0], [0, 0], [0, 0], [0, 1]]);
}
