//! The bank's rule book: the tables of `ledger/` say what is asked and what the ledger answers.
//!
//! A line is a command and its answer, or a look at the books; `given` lines come before every case. Every case begins on
//! 24 November 2025 at 16:00 UTC.
//!
//! ```text
//! enrol CUSTOMER                                by WHO [key KEY]                ANSWER
//! open  CUSTOMER.LABEL  ROLE TYPE CURRENCY      by WHO [key KEY]                ANSWER
//! KIND  PAYER → PAYEE   AMOUNT CURRENCY         by WHO [key KEY] [via CHANNEL]  [as NAME] ANSWER
//! CHANGE ACCOUNT                                by WHO [key KEY]                ANSWER
//! activate VERSION                              by WHO [key KEY]                ANSWER
//!
//! reserve KIND PAYER → PAYEE AMOUNT CURRENCY for DURATION  by WHO …  [as NAME] ANSWER
//! capture HOLD AMOUNT CURRENCY [last]           by WHO …                        [as NAME] ANSWER
//! release HOLD                                  by WHO …                        ANSWER
//! refund  TRANSACTION AMOUNT CURRENCY [proven]  by WHO …                        [as NAME] ANSWER
//! reverse TRANSACTION [proven]                  by WHO …                        [as NAME] ANSWER
//!
//! batch MODE [dry_run]                          by WHO [key KEY]                ANSWER
//!   STEP [via CHANNEL] [as NAME] ANSWER         an item, deeper than the batch
//! order KIND PAYER → PAYEE AMOUNT CURRENCY execute|effective WHEN  by WHO …  [as NAME] ANSWER
//! cancel ORDER                                  by WHO …                        ANSWER
//!
//! level CUSTOMER LEVEL                                            by WHO …      ANSWER
//! terms ACCOUNT CURRENCY [floor AMOUNT] [LIMITS] [from MOMENT]    by WHO …      ANSWER
//! limits LEVEL CURRENCY [LIMITS] [from MOMENT]                    by WHO …      ANSWER
//! tariff CODE CURRENCY [for KIND] [via CHANNEL] [type TYPE] [level LEVEL] BEARER TIER…
//!        [min AMOUNT] [max AMOUNT] [free NUMBER] [from MOMENT] [to MOMENT]      by WHO … ANSWER
//! withdraw CODE [from MOMENT]                                     by WHO …      ANSWER
//!
//! rule RULE [shadow] [off] [weight NUMBER] [NAME=VALUE …]         by WHO …      ANSWER
//! policy REVIEW REFUSE DURATION                                   by WHO …      ANSWER
//! countries LIST [COUNTRY …]                                      by WHO …      ANSWER
//! freeze|unfreeze CUSTOMER|ACCOUNT                                by WHO …      ANSWER
//! signal CUSTOMER|ACCOUNT SIGNAL [on DEVICE]                      by WHO …      ANSWER
//! decide HOLD release|refuse                                      by WHO …      ANSWER
//!
//! update CUSTOMER                                                 by WHO …      ANSWER
//! present CUSTOMER NUMBER [until DAY]                             by WHO …      ANSWER
//! kyc CUSTOMER approve LEVEL|reject|ask_information|expire        by WHO …      ANSWER
//! case KIND CUSTOMER|ACCOUNT [alert NUMBER]                       by WHO … as NAME ANSWER
//! assign CASE WHOM, unassign CASE, comment CASE, escalate CASE    by WHO …      ANSWER
//! snooze CASE DURATION, outcome CASE OUTCOME                      by WHO …      ANSWER
//! eyes DURATION [DECISION …]                                      by WHO …      ANSWER
//!
//! balance ACCOUNT AMOUNT [held AMOUNT] [available AMOUNT]         what stands on an account; any of the three
//! later DURATION [WHAT]                                           a new epoch, so many d, h, m, s or ms later
//! at MOMENT [WHAT]                                                a new epoch
//! NUMBER times STEP                                               the step so often, with its number for `$`
//! ```
//!
//! The case of an enrolment goes by its customer, and that of a review by its hold: `review-h1`.
//!
//! Behind a payment's currency stands where it comes from: `from device=NAME ip=… country=… card=… msisdn=…`, any of them. `awa+staff` is
//! the customer with an operator's token.
//!
//! `house` is a side that is not named; `cash.XOF` and `fees.XOF` name the house's accounts. `staff` and `teller` are operators,
//! anyone else is the customer of that name. A name that was never given is of nobody. Without a key each command has its own.
//!
//! A sum is an amount and, if a fee is held with it, the fee: `100+5`. LIMITS are `[balance AMOUNT] [debit QUOTA] [credit QUOTA]`, a
//! quota is `[operation AMOUNT] [day NUMBERx] [day AMOUNT] [month NUMBERx] [month AMOUNT]`. A tier is `10`, `1%` or `10+1%`, up to a
//! bound `1000:10`. A moment is `2025-12-01` or `2025-11-30T23:59:59.999`, in UTC.
//!
//! WHAT happens with an epoch: `expired HOLD SUM, …`, `executed ORDER, …`, `failed ORDER REASON, …`. WHEN is a moment or a duration from now
//! on, with `effective` back. What an order came to goes by its name as a transaction too. `proven` shows the payment as it was, `forged`
//! with another amount.
//!
//! What an answer says besides: `fee 5` of a payment or given back with a reversal, `opening fees.XOF` by its first use, `holding 40+2`
//! after a capture and `closing 40+2` by the last. `roles.table` is a grid: who may pay whom, by operation.

mod ledger_book;

use ledger_book::{Bank, Words};
use schemas::{PaymentKind, Refusal, Role};
use std::collections::BTreeSet;

const PAYMENTS: &str = include_str!("ledger/payments.table");
const REFUSALS: &str = include_str!("ledger/refusals.table");
const IDEMPOTENCY: &str = include_str!("ledger/idempotency.table");
const HOUSE: &str = include_str!("ledger/house.table");
const AUTHORITY: &str = include_str!("ledger/authority.table");
const RULES: &str = include_str!("ledger/rules.table");
const STATUS: &str = include_str!("ledger/status.table");
const HOLDS: &str = include_str!("ledger/holds.table");
const REFUNDS: &str = include_str!("ledger/refunds.table");
const PROOFS: &str = include_str!("ledger/proofs.table");
const BATCHES: &str = include_str!("ledger/batches.table");
const ORDERS: &str = include_str!("ledger/orders.table");
const TERMS: &str = include_str!("ledger/terms.table");
const CASES: &str = include_str!("ledger/cases.table");
const LIMITS: &str = include_str!("ledger/limits.table");
const FEES: &str = include_str!("ledger/fees.table");
const GATES: &str = include_str!("ledger/gates.table");
const LISTS: &str = include_str!("ledger/lists.table");
const ROLES: &str = include_str!("ledger/roles.table");

#[test]
fn identities_and_cases() {
    check(CASES);
}

#[test]
fn gates() {
    check(GATES);
}

#[test]
fn lists() {
    check(LISTS);
}

#[test]
fn payments() {
    check(PAYMENTS);
}

#[test]
fn refusals() {
    check(REFUSALS);
}

#[test]
fn idempotency() {
    check(IDEMPOTENCY);
}

#[test]
fn house() {
    check(HOUSE);
}

#[test]
fn authority() {
    check(AUTHORITY);
}

#[test]
fn rules() {
    check(RULES);
}

#[test]
fn status() {
    check(STATUS);
}

#[test]
fn holds() {
    check(HOLDS);
}

#[test]
fn refunds() {
    check(REFUNDS);
}

#[test]
fn proofs() {
    check(PROOFS);
}

#[test]
fn batches() {
    check(BATCHES);
}

#[test]
fn orders() {
    check(ORDERS);
}

#[test]
fn terms() {
    check(TERMS);
}

#[test]
fn limits() {
    check(LIMITS);
}

#[test]
fn fees() {
    check(FEES);
}

#[test]
fn roles() {
    check_roles(ROLES);
}

#[test]
fn the_book_has_every_refusal() {
    let book = [
        PAYMENTS,
        REFUSALS,
        IDEMPOTENCY,
        HOUSE,
        AUTHORITY,
        RULES,
        STATUS,
        HOLDS,
        REFUNDS,
        PROOFS,
        BATCHES,
        ORDERS,
        TERMS,
        LIMITS,
        FEES,
        GATES,
        LISTS,
        CASES,
    ];
    let book = book.concat();
    let said: BTreeSet<_> = book
        .lines()
        .filter_map(|line| words(line).windows(2).find(|pair| pair[0] == "refused").map(|pair| pair[1].trim_end_matches(',').to_owned()))
        .collect();
    let told = |refusal: &Refusal| said.contains(refusal.as_str());
    assert_eq!(Refusal::ALL.iter().filter(|refusal| !told(refusal)).collect::<Vec<_>>(), Vec::<&Refusal>::new());
}

#[test]
fn every_table_is_read() {
    let folder = "tests/ledger";
    assert_eq!(std::fs::read_dir(folder).expect("the tables are beside this file").count(), 19);
}

/// The words of a line, without its comment.
fn words(line: &str) -> Vec<&str> {
    line.split('#').next().unwrap_or_default().split_whitespace().collect()
}

/// The lines of a table without comments, each with its number; what stands deeper than a step belongs to it.
fn steps(table: &str) -> Vec<(usize, String)> {
    let mut steps: Vec<(usize, String)> = Vec::new();
    for (number, line) in (1..).zip(table.lines()) {
        let line = line.split('#').next().unwrap_or_default().trim_end();
        match steps.last_mut() {
            Some((_, step)) if line.starts_with("    ") => *step = format!("{step}\n{line}"),
            _ => steps.push((number, line.to_owned())),
        }
    }
    steps
}

/// Runs every case of a table in a bank of its own.
fn check(table: &str) {
    let (steps, mut given, mut case, mut bank) = (steps(table), Vec::<(usize, &str)>::new(), "", None);
    for (number, line) in &steps {
        if let Some(name) = line.strip_prefix("case ") {
            let mut fresh = Bank::new();
            given.iter().for_each(|(number, line)| fresh.read(&format!("line {number}, given"), line));
            (case, bank) = (name, Some(fresh));
        } else if let Some(step) = line.strip_prefix("  ") {
            match &mut bank {
                Some(bank) => bank.read(&format!("line {number}, {case}"), step),
                None => given.push((*number, step)),
            }
        } else {
            assert!(line.is_empty() || line == "given", "line {number}: {line:?} is neither a case nor a step");
        }
    }
    assert!(bank.is_some(), "the table has no case");
}

/// Pays once for every cell of the grid: between accounts of all roles, in all operations.
fn check_roles(table: &str) {
    let (mut kind, mut payees, mut cells) = (PaymentKind::Deposit, Vec::new(), 0);
    for line in table.lines().map(|line| line.split('#').next().unwrap_or_default()).filter(|line| !line.trim().is_empty()) {
        let mut words = Words::of(line);
        if !line.starts_with(' ') {
            kind = words.read();
            payees = words.rest().into_iter().map(|role| role.parse::<Role>().expect("a role")).collect();
            continue;
        }
        let payer: Role = words.read();
        for payee in &payees {
            let place = format!("{kind} from {payer} to {payee}");
            let answer = match words.next() {
                "yes" => "settled",
                "no" => "refused role_not_permitted",
                other => panic!("{place}: {other:?} is neither yes nor no"),
            };
            pay_between(&place, kind, payer, *payee, answer);
            cells += 1;
        }
    }
    assert_eq!(cells, PaymentKind::ASKED.len() * Role::ALL.len() * Role::ALL.len(), "the grid has every cell");
}

/// One payment in a bank where the payer has the money, whatever its role; then the same with a hold, which the house never is part of.
fn pay_between(place: &str, kind: PaymentKind, payer: Role, payee: Role, answer: &str) {
    let mut bank = Bank::new();
    bank.read(place, "enrol someone by staff created");
    bank.read(place, "open someone.eur customer current EUR by staff opened");
    bank.read(place, "deposit house → someone.eur 1 EUR by staff settled, opening cash.EUR");
    bank.read(place, "open someone.xof customer current XOF by staff opened");
    bank.read(place, "deposit house → someone.xof 1 XOF by staff settled, opening cash.XOF");
    for role in [Role::Customer, Role::Merchant, Role::Agent] {
        bank.read(place, &format!("open someone.payer-{role} {role} current XOF by staff opened"));
        bank.read(place, &format!("open someone.payee-{role} {role} current XOF by staff opened"));
        bank.read(place, &format!("deposit house → someone.payer-{role} 200 XOF by staff settled"));
    }
    let debit = if payer == Role::House { "cash.XOF".to_owned() } else { format!("someone.payer-{payer}") };
    // The house has one cash account a currency, so it could pay itself only in another one.
    let credit = match payee {
        Role::House if payer == Role::House => "cash.EUR".to_owned(),
        Role::House => "cash.XOF".to_owned(),
        Role::Customer | Role::Merchant | Role::Agent => format!("someone.payee-{payee}"),
    };
    bank.read(place, &format!("{kind} {debit} → {credit} 100 XOF by staff {answer}"));
    let held = match answer {
        "settled" if payer != Role::House && payee != Role::House => "reserved 100",
        _ => "refused role_not_permitted",
    };
    bank.read(place, &format!("reserve {kind} {debit} → {credit} 100 XOF for 1d by staff {held}"));
}
