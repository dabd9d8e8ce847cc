//! Drafts from alerts: good for every unit as they are, once the bank has said who it is.

use super::made::{account, address, person};
use crate::report::{Account, Subject};
use crate::{Bank, Case, Converted, Holder, Profile, Report, Undraftable, draft, read, validate, write};
use schemas::alert::Evidence;
use schemas::alert::text::Language;
use schemas::aml::Lane;
use schemas::transaction::{Channel, PaymentKind};
use schemas::{AccountId, Alert, AlertId, Currency, CustomerId, Epoch, Link, Money, Refusal, RuleId, TransactionId};
use std::collections::BTreeMap;

const EPOCH: Epoch = 1_795_000_000_000;

/// Two customers, one of them the bank's only by name; cash is nobody's.
struct World {
    ours: AccountId,
    theirs: AccountId,
    cash: AccountId,
    holders: BTreeMap<AccountId, Holder>,
    converted: BTreeMap<TransactionId, Converted>,
    bank: Bank,
}

fn world(currency: Currency) -> World {
    let (ours, theirs) = (AccountId::mint(1, 0), AccountId::mint(1, 1));
    let held = |id: AccountId| Account { closed: None, currency_code: Some(currency), ..account(&id.to_string()) };
    let holder = |id, is_my_client| Holder { is_my_client, account: held(id), country: "SN".to_owned() };
    let holders = [(ours, holder(ours, true)), (theirs, holder(theirs, false))].into();
    let bank = Bank { rentity_id: 7, reporting_person: person(), location: address(), currency };
    World { ours, theirs, cash: AccountId::house("cash", currency), holders, converted: BTreeMap::new(), bank }
}

fn payment(number: u32, kind: PaymentKind, from: AccountId, to: AccountId, currency: Currency) -> schemas::Transaction {
    schemas::Transaction {
        id: TransactionId::mint(EPOCH + u64::from(number) * 60_000, number),
        kind,
        account_debit: from,
        account_credit: to,
        amount: Money { minor: 400_000 + i64::from(number), currency },
        fee_minor: 0,
        channel: Channel::Wallet,
        refusal: None,
        link: None,
        postings: Vec::new(),
    }
}

fn alert(rule: RuleId, payments: &[schemas::Transaction], count: u32) -> Alert {
    let subject = schemas::alert::Subject::Customer(CustomerId::mint(1, 0));
    let amounts = payments.iter().map(|payment| (payment.amount.currency, payment.amount.minor)).take(1).collect();
    let evidence = Evidence {
        window_from: EPOCH,
        window_to: EPOCH + 86_400_000,
        transactions: payments.iter().map(|payment| payment.id).collect(),
        transactions_count: count,
        amounts,
        ..Evidence::default()
    };
    Alert {
        id: AlertId::derive(rule, Lane::Live, 0, &subject, EPOCH),
        rule,
        lane: Lane::Live,
        version: 0,
        parameters: Vec::new(),
        weight: 40,
        subject,
        epoch: EPOCH,
        measured: Vec::new(),
        evidence,
        is_late: false,
        traceparent: String::new(),
    }
}

fn drafted(
    world: &World,
    alerts: &[Alert],
    payments: &[schemas::Transaction],
    profile: &Profile,
    language: Language,
) -> Result<Report, Undraftable> {
    let case = Case {
        alerts,
        payments,
        holders: &world.holders,
        converted: &world.converted,
        bank: &world.bank,
        report_code: "STR",
        reference: "CASE-2026-1",
        submitted: EPOCH + 100_000_000,
        language,
        action: "Compte suspendu",
    };
    draft(&case, profile)
}

#[test]
fn a_draft_is_good_for_every_unit() {
    for name in Profile::names() {
        let profile = Profile::named(name).unwrap();
        let currency = profile.currency.unwrap_or(Currency::XOF);
        let world = world(currency);
        let payments = [
            payment(2, PaymentKind::Transfer, world.ours, world.theirs, currency),
            payment(0, PaymentKind::Deposit, world.cash, world.ours, currency),
            payment(1, PaymentKind::Withdrawal, world.theirs, world.cash, currency),
            payment(3, PaymentKind::Transfer, world.ours, world.theirs, currency),
        ];
        let alerts = [
            alert(RuleId::Structuring, &payments[..3], 3),
            alert(RuleId::PassThrough, &payments[..1], 1),
            alert(RuleId::Structuring, &payments[1..2], 1),
        ];
        for language in [Language::French, Language::English] {
            let report = drafted(&world, &alerts, &payments, &profile, language).unwrap();
            assert_eq!(validate(&report, &profile), [], "{name}");
            assert_eq!(read(&write(&report)), Ok(report.clone()), "{name}");
            let numbers: Vec<&str> = report.transactions.iter().map(|transaction| transaction.number.as_str()).collect();
            let expected: Vec<String> = [1, 2, 0].map(|index: usize| payments[index].id.to_string()).to_vec();
            assert_eq!(numbers, expected, "in time, each once, and only what an alert names");
            assert_eq!(report.indicators, ["R04", "R05"]);
        }
    }
}

#[test]
fn rule_text_evidence_and_customer_are_where_they_belong() {
    let world = world(Currency::XOF);
    let profile = Profile::named("senegal").unwrap();
    let payments = [
        payment(0, PaymentKind::Deposit, world.cash, world.ours, Currency::XOF),
        payment(1, PaymentKind::Transfer, world.ours, world.theirs, Currency::XOF),
    ];
    let alerts = [alert(RuleId::PassThrough, &payments, 350)];
    let report = drafted(&world, &alerts, &payments, &profile, Language::French).unwrap();
    let reason = report.reason.unwrap();
    assert!(reason.starts_with("R05 Argent qui ne fait que passer: customer "), "{reason}");
    assert!(reason.ends_with("Cette déclaration contient les 2 premières de ces 350 transactions."), "{reason}");
    let english = drafted(&world, &alerts, &payments, &profile, Language::English).unwrap();
    assert!(english.reason.unwrap().starts_with("R05 Money that passes through: customer "));
    assert_eq!(english.transactions[0].description.as_deref(), Some("deposit by wallet, settled"));
    let [deposit, transfer] = &report.transactions[..] else { panic!("two transactions") };
    assert!(deposit.from.is_my_client && deposit.from.subject == Subject::Person(Box::new(person())), "who brought cash is the customer");
    assert_eq!(
        (deposit.from.funds_code.as_str(), deposit.to.funds_code.as_str(), deposit.transmode_code.as_str()),
        ("CASH", "ACCOUNT", "CI")
    );
    assert!(transfer.from.is_my_client && !transfer.to.is_my_client);
    let Subject::Account(account) = &transfer.from.subject else { panic!("an account") };
    assert_eq!((account.account.clone(), account.signatories[0].person.clone()), (world.ours.to_string(), person()));
    // The clock of Cameroon is an hour ahead.
    let bank = Bank { currency: "XAF".parse().unwrap(), ..world.bank.clone() };
    let elsewhere = World { bank, ..world };
    let payments =
        payments.map(|payment| schemas::Transaction { amount: Money { currency: "XAF".parse().unwrap(), ..payment.amount }, ..payment });
    let there = drafted(&elsewhere, &alerts, &payments, &Profile::named("cameroon").unwrap(), Language::French).unwrap();
    assert_eq!(deposit.date.to_string(), "2026-11-18T11:06:40");
    assert_eq!(there.transactions[0].date.to_string(), "2026-11-18T12:06:40");
}

#[test]
fn what_was_refused_or_given_back_is_told() {
    let world = world(Currency::XOF);
    let profile = Profile::named("senegal").unwrap();
    let first = payment(0, PaymentKind::Transfer, world.ours, world.theirs, Currency::XOF);
    let refused = schemas::Transaction {
        refusal: Some(Refusal::NotAuthorized),
        ..payment(1, PaymentKind::Transfer, world.ours, world.theirs, Currency::XOF)
    };
    let refund = schemas::Transaction {
        link: Some(Link::Original(first.id)),
        ..payment(2, PaymentKind::Refund, world.theirs, world.ours, Currency::XOF)
    };
    let payments = [first.clone(), refused, refund];
    let report = drafted(&world, &[alert(RuleId::VelocityCount, &payments, 3)], &payments, &profile, Language::French).unwrap();
    assert_eq!(report.transactions[1].description.as_deref(), Some("transfer par wallet, refusée : not_authorized ; aucun mouvement"));
    assert_eq!(report.transactions[2].internal_ref_number, Some(first.id.to_string()));
    assert_eq!(validate(&report, &profile), []);
}

#[test]
fn another_currency_needs_its_worth() {
    let mut world = world(Currency::XOF);
    let profile = Profile::named("senegal").unwrap();
    let euros = payment(0, PaymentKind::Transfer, world.ours, world.theirs, "EUR".parse().unwrap());
    let alerts = [alert(RuleId::HighRiskCountry, std::slice::from_ref(&euros), 1)];
    let payments = [euros.clone()];
    assert_eq!(drafted(&world, &alerts, &payments, &profile, Language::French), Err(Undraftable::Unconverted(euros.id)));
    let converted = Converted { local: Money { minor: 2_623_828, currency: Currency::XOF }, rate: "655.957".parse().unwrap() };
    world.converted.insert(euros.id, Converted { local: Money { currency: "EUR".parse().unwrap(), ..converted.local }, ..converted });
    assert_eq!(drafted(&world, &alerts, &payments, &profile, Language::French), Err(Undraftable::Unconverted(euros.id)));
    world.converted.insert(euros.id, converted);
    let report = drafted(&world, &alerts, &payments, &profile, Language::French).unwrap();
    assert_eq!(
        (report.transactions[0].amount_local, report.transactions[0].from.foreign_currency.unwrap().amount),
        (converted.local, euros.amount)
    );
    assert_eq!((validate(&report, &profile), read(&write(&report))), (vec![], Ok(report)));
}

#[test]
fn what_cannot_be_drafted_says_why() {
    let mut world = world(Currency::XOF);
    let profile = Profile::named("senegal").unwrap();
    let transfer = payment(0, PaymentKind::Transfer, world.ours, world.theirs, Currency::XOF);
    let of = |payment: &schemas::Transaction| [alert(RuleId::FanIn, std::slice::from_ref(payment), 1)];
    let failed = |world: &World, alerts: &[Alert], payments: &[schemas::Transaction]| {
        drafted(world, alerts, payments, &profile, Language::French).unwrap_err()
    };
    assert_eq!(failed(&world, &[], &[]), Undraftable::NoAlert);
    assert_eq!(failed(&world, &[alert(RuleId::Ring, &[], 0)], &[]), Undraftable::NoTransaction);
    assert_eq!(failed(&world, &of(&transfer), &[]), Undraftable::UnknownTransaction(transfer.id));
    let undated = schemas::Transaction { id: TransactionId(uuid::Uuid::nil()), ..transfer.clone() };
    assert_eq!(failed(&world, &of(&undated), std::slice::from_ref(&undated)), Undraftable::Undated(undated.id));
    let deposit = payment(0, PaymentKind::Deposit, world.cash, world.ours, Currency::XOF);
    let nameless = world.holders.get_mut(&world.ours).unwrap();
    (nameless.account.signatories, nameless.account.t_entity) = (Vec::new(), None);
    assert_eq!(failed(&world, &of(&deposit), std::slice::from_ref(&deposit)), Undraftable::Nobody(deposit.id));
    world.holders.clear();
    assert_eq!(failed(&world, &of(&transfer), std::slice::from_ref(&transfer)), Undraftable::NoHolder(transfer.id));
}

/// A reason is cut where goAML ends it, at a whole character.
#[test]
fn a_long_reason_is_cut() {
    let world = world(Currency::XOF);
    let transfer = payment(0, PaymentKind::Transfer, world.ours, world.theirs, Currency::XOF);
    let alerts = vec![alert(RuleId::CashThreshold, std::slice::from_ref(&transfer), 1); 40];
    let profile = Profile::named("senegal").unwrap();
    let report = drafted(&world, &alerts, std::slice::from_ref(&transfer), &profile, Language::French).unwrap();
    assert_eq!(report.reason.as_ref().map(|reason| reason.chars().count()), Some(4_000));
    assert!(report.reason.as_ref().is_some_and(|reason| reason.ends_with('…')));
    assert_eq!(validate(&report, &profile), []);
}
