//! Drafts from alerts: good for every unit as they are, once the bank has said who it is.

use super::made::{account, address, person};
use crate::report::{Account, Subject};
use crate::{Bank, Case, Holder, Profile, Report, Suspicion, Undraftable, draft, read, validate, write};
use schemas::alert::text::Language;
use schemas::transaction::{Channel, PaymentKind};
use schemas::{AccountId, Currency, Epoch, Link, Money, Refusal, RuleId, TransactionId};
use std::collections::BTreeMap;

const EPOCH: Epoch = 1_795_000_000_000;

/// Two customers, one of them the bank's only by name; cash is nobody's.
struct World {
    ours: AccountId,
    theirs: AccountId,
    cash: AccountId,
    holders: BTreeMap<AccountId, Holder>,
    bank: Bank,
}

fn world(currency: Currency) -> World {
    let (ours, theirs) = (AccountId::mint(1, 0), AccountId::mint(1, 1));
    let held = |id: AccountId| Account { closed: None, currency_code: Some(currency), ..account(&id.to_string()) };
    let holder = |id, is_my_client| Holder { is_my_client, account: held(id), country: "SN".to_owned() };
    let holders = [(ours, holder(ours, true)), (theirs, holder(theirs, false))].into();
    let bank = Bank { rentity_id: 7, reporting_person: person(), location: address(), currency, rates: BTreeMap::new() };
    World { ours, theirs, cash: AccountId::house("cash", currency), holders, bank }
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

fn alert(rule: RuleId, payments: &[schemas::Transaction], count: u32) -> Suspicion {
    let (transactions, text) = (payments.iter().map(|payment| payment.id).collect(), rule.title(Language::French).to_owned());
    Suspicion { rule, text: format!("{} {text}", rule.code()), transactions, transactions_count: count }
}

fn drafted(
    world: &World,
    alerts: &[Suspicion],
    payments: &[schemas::Transaction],
    profile: &Profile,
    language: Language,
) -> Result<Report, Undraftable> {
    let case = Case {
        alerts,
        payments,
        holders: &world.holders,
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
    assert!(reason.starts_with("R05 Argent qui ne fait que passer.\n"), "{reason}");
    assert!(reason.ends_with("Cette déclaration contient les 2 premières de ces 350 transactions."), "{reason}");
    let english = drafted(&world, &alerts, &payments, &profile, Language::English).unwrap();
    assert!(english.reason.unwrap().ends_with("This report has the first 2 of these 350 transactions."));
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
    let euro: Currency = "EUR".parse().unwrap();
    let cents = |minor| schemas::Transaction {
        amount: Money { minor, currency: euro },
        ..payment(0, PaymentKind::Transfer, world.ours, world.theirs, euro)
    };
    let (euros, cent, many) = (cents(400_000), cents(1), cents(i64::MAX));
    let of = |world: &World, payment: &schemas::Transaction| {
        let alerts = [alert(RuleId::HighRiskCountry, std::slice::from_ref(payment), 1)];
        drafted(world, &alerts, std::slice::from_ref(payment), &profile, Language::French)
    };
    assert_eq!(of(&world, &euros), Err(Undraftable::Unconverted(euros.id, euro)));
    world.bank.rates.insert(euro, "655.957".parse().unwrap());
    let report = of(&world, &euros).unwrap();
    let told = |report: &Report| (report.transactions[0].amount_local.minor, report.transactions[0].from.foreign_currency.unwrap().amount);
    assert_eq!(told(&report), (2_623_828, euros.amount));
    assert_eq!((validate(&report, &profile), read(&write(&report))), (vec![], Ok(report)));
    assert_eq!(told(&of(&world, &cent).unwrap()), (7, cent.amount), "6.55957 francs are 7");
    assert_eq!(of(&world, &many), Err(Undraftable::Unconverted(many.id, euro)));
}
