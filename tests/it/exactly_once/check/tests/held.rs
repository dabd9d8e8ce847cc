//! The same bank later: money held, captured, released and expired, payments given back, a fee and a floor. Nothing is wrong with
//! it either, until a case makes it so.

use super::super::super::evidence::{Evidence, named};
use super::super::super::history::{Call, Entry, Outcome};
use super::super::{Kind, check};
use super::bank::*;
use super::{event, unsay};
use schemas::{
    Account, AccountId, AccountStatus, AccountTerms, AccountType, Bearer, Capture, Channel, Command, Currency, Epoch, Fact, HoldChange,
    HoldChanged, HoldId, Limits, Link, Money, Operation, Payment, PaymentKind, Policy, Posting, Refund, Refusal, Release, Reserve, Reverse,
    Role, Tariff, Tier, Transaction, TransactionId,
};

/// When the last hold ends by itself.
const OVER: Epoch = 1_022;

fn fees() -> AccountId {
    AccountId::house("fees", Currency::XOF)
}

fn money(minor: i64) -> Money {
    Money { minor, currency: Currency::XOF }
}

fn reserve(minor: i64, expires_in_ms: u64) -> Operation {
    let (account_debit, account_credit) = (Some(account(0)), Some(account(1)));
    let (kind, currency, channel) = (PaymentKind::Transfer, Currency::XOF, Channel::Wallet);
    Operation::Reserve(Reserve {
        payment: Payment { kind, account_debit, account_credit, amount_minor: minor, currency, channel, context: None },
        expires_in_ms,
    })
}

fn changed(hold: Epoch, change: HoldChange, minor: i64, fee_minor: i64, expires_at: Epoch) -> Fact {
    Fact::HoldChanged(HoldChanged {
        id: HoldId::mint(hold, 0),
        change,
        kind: PaymentKind::Transfer,
        channel: Channel::Wallet,
        account_debit: account(0),
        account_credit: account(1),
        amount: money(minor),
        fee_minor,
        open: change == HoldChange::Reserved,
        expires_at,
    })
}

/// What moved: account, amount, balance.
type Leg = (AccountId, i64, i64);

fn settled(epoch: Epoch, kind: PaymentKind, link: Option<Link>, minor: i64, fee_minor: i64, legs: &[Leg]) -> Fact {
    let posting = |(account, amount_minor, balance_minor): &Leg| Posting {
        account: *account,
        amount_minor: *amount_minor,
        balance_minor: *balance_minor,
    };
    Fact::Transaction(Transaction {
        id: TransactionId::mint(epoch, 0),
        kind,
        account_debit: legs[0].0,
        account_credit: legs[1].0,
        amount: money(minor),
        fee_minor,
        channel: Channel::Wallet,
        refusal: None,
        link,
        postings: legs.iter().map(posting).collect(),
    })
}

fn tariff() -> Policy {
    Policy::Tariff(Tariff {
        code: "ten".to_owned(),
        currency: Currency::XOF,
        operation: None,
        channel: None,
        account_type: None,
        level: None,
        bearer: Bearer::Payer,
        tiers: vec![Tier { up_to_minor: None, fixed_minor: 10, rate_ppm: 0 }],
        min_minor: None,
        max_minor: None,
        free_per_month: 0,
        effective_from: None,
        effective_to: None,
    })
}

fn terms(floor_minor: i64) -> Policy {
    Policy::Terms(AccountTerms {
        account_id: account(0),
        currency: Currency::XOF,
        floor_minor: Some(floor_minor),
        limits: Limits::default(),
        effective_from: None,
    })
}

fn set(policy: Policy, epoch: Epoch) -> (Operation, Vec<Fact>) {
    (Operation::SetPolicy(policy.clone()), vec![Fact::PolicyChanged(Box::new(policy.decided(epoch)))])
}

/// Offsets of what follows the log of the bank.
const HELD: i64 = 11;
const TAKEN: i64 = 12;
const RELEASED: i64 = 14;
const SHORT: i64 = 15;
const REFUNDED: i64 = 16;
const REVERSED: i64 = 17;
const FLOOR: i64 = 18;
const OWED: i64 = 19;
const LATE: i64 = 20;

fn later() -> Evidence {
    let mut evidence = bank();
    let (first, second, short) = (HoldId::mint(18, 0), HoldId::mint(20, 0), HoldId::mint(22, 0));
    let original = TransactionId::mint(19, 0);
    let income = Fact::AccountOpened(Account {
        id: fees(),
        customer_id: None,
        account_type: AccountType::Current,
        role: Role::House,
        currency: Currency::XOF,
        status: AccountStatus::Active,
    });
    let ended = |hold, change, minor, fee| changed(hold, change, minor, fee, hold + 60_000);
    let taken = vec![
        income,
        ended(18, HoldChange::Captured, 150, 7),
        ended(18, HoldChange::Closed, 50, 3),
        settled(
            19,
            PaymentKind::Transfer,
            Some(Link::Hold(first)),
            150,
            7,
            &[(account(0), -157, 543), (account(1), 150, 450), (fees(), 7, 7)],
        ),
    ];
    let back = Some(Link::Original(original));
    let refunded = settled(23, PaymentKind::Refund, back, 40, 0, &[(account(1), -40, 410), (account(0), 40, 583)]);
    let reversed = settled(24, PaymentKind::Reversal, back, 110, 7, &[(account(1), -110, 300), (account(0), 117, 700), (fees(), -7, 0)]);
    let owed = settled(26, PaymentKind::Transfer, None, 800, 10, &[(account(0), -810, -110), (account(1), 800, 1100), (fees(), 10, 10)]);
    let ((set_tariff, tariff_set), (set_terms, terms_set)) = (set(tariff(), 17), set(terms(-500), 25));
    let late = Fact::Refused { operation: "release".to_owned(), refusal: Refusal::HoldNotOpen };
    let days = [
        (17, "tariff", set_tariff, tariff_set),
        (18, "hold", reserve(200, 60_000), vec![changed(18, HoldChange::Reserved, 200, 10, 60_018)]),
        (19, "take", Operation::Capture(Capture { hold_id: first, amount: money(150), last: true }), taken),
        (20, "again", reserve(100, 60_000), vec![changed(20, HoldChange::Reserved, 100, 10, 60_020)]),
        (21, "free", Operation::Release(Release { hold_id: second }), vec![ended(20, HoldChange::Released, 100, 10)]),
        (22, "short", reserve(50, 1_000), vec![changed(22, HoldChange::Reserved, 50, 10, OVER)]),
        (23, "some", Operation::Refund(Refund { transaction_id: original, amount: money(40), proof: None }), vec![refunded]),
        (24, "rest", Operation::Reverse(Reverse { transaction_id: original, proof: None }), vec![reversed]),
        (25, "floor", set_terms, terms_set),
        (26, "owe", transfer(800), vec![owed]),
    ];
    for (offset, (epoch, key, operation, facts)) in (10..).zip(days) {
        decide(&mut evidence, offset, epoch, &command(key, operation), facts);
    }
    say(&mut evidence, OVER, &command("short", reserve(50, 1_000)), at(SHORT), changed(22, HoldChange::Expired, 50, 10, OVER));
    decide(&mut evidence, LATE, OVER, &command("late", Operation::Release(Release { hold_id: short })), vec![late]);
    seen(&mut evidence);
    write_down(&mut evidence);
    evidence
}

fn decide(evidence: &mut Evidence, offset: i64, epoch: Epoch, command: &Command, facts: Vec<Fact>) {
    facts.into_iter().for_each(|fact| say(evidence, epoch, command, at(offset), fact));
    evidence.log.commands.push((at(offset), Some(command.clone())));
}

/// Places of what was seen behind the history of the bank.
const SEEN_BALANCE: usize = 13;
const SEEN_HOLD: usize = 14;
const SEEN_LEFT: usize = 15;
const SEEN_SET: usize = 16;

fn seen(evidence: &mut Evidence) {
    let operation = |key, operation| command(key, operation).id();
    let hold = |epoch| Call::Hold { id: HoldId::mint(epoch, 0) };
    let stands = |status: &str, minor, fee, epoch, as_of| Outcome::Hold { status: status.to_owned(), minor, fee, epoch, as_of };
    let completed =
        |resource, epoch| Outcome::Operation { status: "completed".to_owned(), resource: Some(resource), reason: None, epoch: Some(epoch) };
    let turns = [
        (Call::Balance { account: account(0), at_least: None }, Outcome::Balance { minor: 700, held: 210, available: 490, as_of: 18 }),
        (hold(18), stands("captured", 50, 3, 19, 19)),
        (hold(22), stands("held", 50, 10, 22, 26)),
        (Call::Operation { id: operation("tariff", Operation::SetPolicy(tariff())) }, completed(named("ten"), 17)),
        (Call::Operation { id: operation("hold", reserve(200, 60_000)) }, completed(HoldId::mint(18, 0).0, 18)),
    ];
    let turn =
        |(turn, (call, outcome)): (u64, (Call, Outcome))| Entry { client: 1, invoked: turn * 10, completed: turn * 10 + 5, call, outcome };
    evidence.history.extend((13..).zip(turns).map(turn));
}

/// The change of a hold that the command at this offset made, and nothing else.
fn hold(evidence: &mut Evidence, offset: i64, change: HoldChange) -> &mut HoldChanged {
    let facts = evidence.log.events.iter_mut().filter(|recorded| recorded.event.cause.position == at(offset));
    let changes = facts.filter_map(|recorded| match &mut recorded.event.fact {
        Fact::HoldChanged(held) => Some(held),
        _ => None,
    });
    changes.into_iter().find(|held| held.change == change).unwrap()
}

fn paid(evidence: &mut Evidence, offset: i64) -> &mut Transaction {
    match &mut event(evidence, offset).fact {
        Fact::Transaction(transaction) => transaction,
        _ => unreachable!("it moved money"),
    }
}

/// Adds what a command asked and what came of it, in an epoch of its own.
fn add(evidence: &mut Evidence, operation: Operation, fact: impl FnOnce(Epoch) -> Fact) {
    let epoch = 27;
    decide(evidence, LATE, epoch, &command("more", operation), vec![fact(epoch)]);
    write_down(evidence);
}

/// Without the end of time, so that something can be added.
fn open_end(evidence: &mut Evidence) {
    unsay(evidence, LATE);
    evidence.log.commands.retain(|(position, _)| *position != at(LATE));
    evidence.log.events.retain(|recorded| recorded.epoch < OVER);
    write_down(evidence);
}

/// What is wrong, what it is found as, and how it is planted.
type Planted = (&'static str, Kind, fn(&mut Evidence));

const CASES: &[Planted] = &[
    ("a hold of more than may be spent", Kind::NegativeBalance, |bank| hold(bank, HELD, HoldChange::Reserved).amount = money(691)),
    ("a hold of something else than was asked", Kind::BooksUnbalanced, |bank| hold(bank, HELD, HoldChange::Reserved).expires_at += 1),
    ("a hold that was never made", Kind::HoldDiffers, |bank| unsay(bank, HELD)),
    ("more is given back than was held", Kind::WrongBalance, |bank| hold(bank, RELEASED, HoldChange::Released).amount = money(101)),
    ("less is given back than is left", Kind::HoldDiffers, |bank| hold(bank, RELEASED, HoldChange::Released).amount = money(99)),
    ("the fee is not given back", Kind::HoldDiffers, |bank| hold(bank, RELEASED, HoldChange::Released).fee_minor = 0),
    ("a hold that is released and stays open", Kind::HoldDiffers, |bank| hold(bank, RELEASED, HoldChange::Released).open = true),
    ("a release of another hold than was asked", Kind::BooksUnbalanced, |bank| {
        hold(bank, RELEASED, HoldChange::Released).id = HoldId::mint(22, 0);
    }),
    ("more is captured than is held", Kind::HoldDiffers, |bank| hold(bank, TAKEN, HoldChange::Captured).amount = money(201)),
    ("a last capture that leaves the hold open", Kind::HoldDiffers, |bank| hold(bank, TAKEN, HoldChange::Captured).open = true),
    ("what a last capture leaves is not given back", Kind::HoldDiffers, |bank| {
        bank.log.events.retain(|recorded| !matches!(&recorded.event.fact, Fact::HoldChanged(held) if held.change == HoldChange::Closed));
        write_down(bank);
    }),
    ("a capture of which no payment comes", Kind::HoldDiffers, |bank| {
        event(bank, TAKEN).fact = Fact::Refused { operation: "capture".to_owned(), refusal: Refusal::HoldNotOpen };
        write_down(bank);
    }),
    ("a capture of another hold than was asked", Kind::BooksUnbalanced, |bank| {
        paid(bank, TAKEN).link = Some(Link::Hold(HoldId::mint(20, 0)));
    }),
    ("a captured payment without its hold", Kind::HoldDiffers, |bank| {
        bank.log.events.retain(|recorded| !matches!(&recorded.event.fact, Fact::HoldChanged(held) if held.change == HoldChange::Captured));
        write_down(bank);
    }),
    ("another fee than was held", Kind::HoldDiffers, |bank| hold(bank, TAKEN, HoldChange::Captured).fee_minor = 6),
    ("a hold that outlives its time", Kind::HoldDiffers, |bank| {
        bank.log.events.retain(|recorded| !matches!(&recorded.event.fact, Fact::HoldChanged(held) if held.change == HoldChange::Expired));
        write_down(bank);
    }),
    ("a hold that ends before its time", Kind::HoldDiffers, |bank| {
        hold(bank, SHORT, HoldChange::Expired).expires_at += 1;
        hold(bank, SHORT, HoldChange::Reserved).expires_at += 1;
    }),
    ("a hold that ends in the name of somebody else", Kind::HoldDiffers, |bank| {
        let mut events = bank.log.events.iter_mut().map(|recorded| &mut recorded.event);
        let is_over = |fact: &Fact| matches!(fact, Fact::HoldChanged(held) if held.change == HoldChange::Expired);
        events.find(|event| is_over(&event.fact)).unwrap().cause.position = at(HELD);
    }),
    ("a hold that is released twice", Kind::HoldDiffers, |bank| {
        open_end(bank);
        let release = Operation::Release(Release { hold_id: HoldId::mint(20, 0) });
        add(bank, release, |_| changed(20, HoldChange::Released, 100, 10, 60_020));
    }),
    ("more is given back than was paid", Kind::ReturnDiffers, |bank| {
        open_end(bank);
        let refund = Operation::Refund(Refund { transaction_id: TransactionId::mint(13, 0), amount: money(301), proof: None });
        let back = Some(Link::Original(TransactionId::mint(13, 0)));
        add(bank, refund, |epoch| settled(epoch, PaymentKind::Refund, back, 301, 0, &[(account(1), -301, 799), (account(0), 301, 191)]));
    }),
    ("taken back twice", Kind::ReturnDiffers, |bank| {
        open_end(bank);
        let reverse = Operation::Reverse(Reverse { transaction_id: TransactionId::mint(19, 0), proof: None });
        let back = Some(Link::Original(TransactionId::mint(19, 0)));
        add(bank, reverse, |epoch| {
            settled(epoch, PaymentKind::Reversal, back, 1, 7, &[(account(1), -1, 1099), (account(0), 8, -102), (fees(), -7, 3)])
        });
    }),
    ("a refund is given back", Kind::ReturnDiffers, |bank| {
        open_end(bank);
        let refund = Operation::Refund(Refund { transaction_id: TransactionId::mint(23, 0), amount: money(1), proof: None });
        let back = Some(Link::Original(TransactionId::mint(23, 0)));
        add(bank, refund, |epoch| settled(epoch, PaymentKind::Refund, back, 1, 0, &[(account(0), -1, -111), (account(1), 1, 1101)]));
    }),
    ("given back to somebody else", Kind::ReturnDiffers, |bank| {
        paid(bank, REFUNDED).account_credit = fees();
        paid(bank, REFUNDED).postings[1].account = fees();
    }),
    ("not all is taken back", Kind::ReturnDiffers, |bank| {
        paid(bank, REVERSED).amount = money(109);
        paid(bank, REVERSED).postings[0].amount_minor = -109;
        paid(bank, REVERSED).postings[1].amount_minor = 116;
    }),
    ("the fee is not taken back", Kind::ReturnDiffers, |bank| {
        paid(bank, REVERSED).fee_minor = 0;
        paid(bank, REVERSED).postings.pop();
        paid(bank, REVERSED).postings[1].amount_minor = 110;
    }),
    ("another payment is given back than was asked", Kind::BooksUnbalanced, |bank| {
        paid(bank, REFUNDED).link = Some(Link::Original(TransactionId::mint(13, 0)));
    }),
    ("a payment that older rules decided is given back", Kind::ReturnDiffers, |bank| match &mut bank.log.journal[0] {
        schemas::Entry::Commit(commit) => {
            commit.epochs.iter_mut().filter(|sealed| sealed.binding.epoch == 19).for_each(|sealed| sealed.binding.code_version = 3);
        }
        schemas::Entry::Claim(_) => unreachable!("it is a commit"),
    }),
    ("rules that do not know holds", Kind::BooksUnbalanced, |bank| match &mut bank.log.journal[0] {
        schemas::Entry::Commit(commit) => {
            commit.epochs.iter_mut().filter(|sealed| sealed.binding.epoch == 18).for_each(|sealed| sealed.binding.code_version = 3);
        }
        schemas::Entry::Claim(_) => unreachable!("it is a commit"),
    }),
    ("a fee that nobody gets", Kind::BooksUnbalanced, |bank| paid(bank, OWED).postings.truncate(2)),
    ("a fee that no leg says", Kind::BooksUnbalanced, |bank| paid(bank, OWED).fee_minor = 11),
    ("an account below its floor", Kind::NegativeBalance, |bank| {
        bank.log.commands.iter_mut().find(|(position, _)| *position == at(FLOOR)).unwrap().1 =
            Some(command("floor", set(terms(-109), 25).0));
        event(bank, FLOOR).fact = set(terms(-109), 25).1.remove(0);
    }),
    ("another floor than was asked", Kind::BooksUnbalanced, |bank| event(bank, FLOOR).fact = set(terms(-501), 25).1.remove(0)),
    ("less is held than was shown", Kind::WrongBalance, |bank| {
        bank.history[SEEN_BALANCE].outcome = Outcome::Balance { minor: 700, held: 209, available: 491, as_of: 18 };
    }),
    ("what is held may be spent", Kind::WrongBalance, |bank| {
        bank.history[SEEN_BALANCE].outcome = Outcome::Balance { minor: 700, held: 210, available: 700, as_of: 18 };
    }),
    ("a hold is shown as it stood before", Kind::AnswerContradictsLog, |bank| {
        bank.history[SEEN_HOLD].outcome = Outcome::Hold { status: "held".to_owned(), minor: 200, fee: 10, epoch: 18, as_of: 19 };
    }),
    ("a hold is shown with another amount", Kind::AnswerContradictsLog, |bank| {
        bank.history[SEEN_LEFT].outcome = Outcome::Hold { status: "held".to_owned(), minor: 49, fee: 10, epoch: 22, as_of: 26 };
    }),
    ("something else is shown as set", Kind::AnswerContradictsLog, |bank| match &mut bank.history[SEEN_SET].outcome {
        Outcome::Operation { resource, .. } => *resource = Some(named("eleven")),
        _ => unreachable!("it is an operation"),
    }),
    ("a row of what is held differs", Kind::RowsDiffer, |bank| {
        bank.rows.tables.get_mut("hold_change").unwrap().values_mut().for_each(|row| *row = row.replace(" 210 ", " 200 "));
    }),
    ("a row of a tariff is missing", Kind::RowsDiffer, |bank| drop(bank.rows.tables.get_mut("tariff").unwrap().pop_first())),
    ("a row of terms differs", Kind::RowsDiffer, |bank| {
        bank.rows.tables.get_mut("account_terms").unwrap().values_mut().for_each(|row| *row = row.replace("-500", "-499"));
    }),
];

#[test]
fn nothing_is_wrong_with_what_is_held() {
    let findings = check(&later());
    assert!(findings.is_empty(), "{findings:?}");
}

#[test]
fn whatever_is_wrong_with_what_is_held_is_found_and_named() {
    for (name, expected, make) in CASES {
        let mut evidence = later();
        make(&mut evidence);
        let findings = check(&evidence);
        assert!(findings.iter().any(|finding| finding.kind == *expected), "{name}: {findings:?}");
    }
}
