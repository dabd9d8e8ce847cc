//! From alerts, and what they are about, to the report that somebody then reads, completes and sends.
//!
//! | Of an alert | In the report |
//! |---|---|
//! | its rule | an indicator, by the unit's profile |
//! | its text | the reason, with how many transactions there were in all |
//! | the transactions of its evidence | transactions, the first first, each once however many alerts name it |
//! | the holders of both accounts | the sides; a customer of the bank under `my_client` |
//!
//! Cash has no account: that side is the person or company at the other end, who brought or took it.

use crate::Profile;
use crate::profile::Told;
use crate::report::{Account, Address, ForeignCurrency, Moment, Person, Report, Side, Subject, Submission, Transaction};
use rust_decimal::Decimal;
use schemas::alert::text::Language;
use schemas::{AccountId, Currency, Epoch, Link, Money, RuleId, TransactionId};
use std::collections::{BTreeMap, BTreeSet};

/// Most characters of a reason.
const REASON_MAX: usize = 4_000;

/// The bank, as the unit knows it.
#[derive(Clone, Debug)]
pub struct Bank {
    /// The number under which it is enrolled.
    pub rentity_id: u32,
    /// Who answers for its reports.
    pub reporting_person: Person,
    /// Where it is.
    pub location: Address,
    /// Its currency, where the profile has none.
    pub currency: Currency,
    /// How much of the local currency one of another is.
    pub rates: BTreeMap<Currency, Decimal>,
}

/// What was found, as an alert says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspicion {
    /// By which rule.
    pub rule: RuleId,
    /// As a sentence, without its stop.
    pub text: String,
    /// From which transactions.
    pub transactions: Vec<TransactionId>,
    /// How many there are in all.
    pub transactions_count: u32,
}

/// Who holds an account, and the account as the report shows it.
#[derive(Clone, Debug)]
pub struct Holder {
    /// Whether the bank knows the holder as its customer.
    pub is_my_client: bool,
    /// The account, with the person or company that holds it.
    pub account: Account,
    /// In which country.
    pub country: String,
}

/// What a report is drafted from.
pub struct Case<'a> {
    /// What was found; the first leads the reason.
    pub alerts: &'a [Suspicion],
    /// Every transaction that they name; more do no harm.
    pub payments: &'a [schemas::Transaction],
    /// Who holds the accounts of these. An account that is not here is cash.
    pub holders: &'a BTreeMap<AccountId, Holder>,
    /// The bank.
    pub bank: &'a Bank,
    /// The kind of the report.
    pub report_code: &'a str,
    /// The bank's reference of the case.
    pub reference: &'a str,
    /// When it is drafted.
    pub submitted: Epoch,
    /// In which language it tells; that of the texts of the alerts.
    pub language: Language,
    /// What the bank has done.
    pub action: &'a str,
}

/// Why there is no draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undraftable {
    /// There is nothing to tell.
    #[error("there is no alert to report")]
    NoAlert,
    /// The alerts name no transaction, and a report of transactions has at least one.
    #[error("the alerts name no transaction; a report needs one at least")]
    NoTransaction,
    /// A transaction of the evidence was not given.
    #[error("the transaction {0}, which an alert names, is not at hand")]
    UnknownTransaction(TransactionId),
    /// It was never decided: no epoch stands in its id.
    #[error("the transaction {0} has no epoch in its id")]
    Undated(TransactionId),
    /// Neither account has a holder.
    #[error("nobody holds an account of the transaction {0}")]
    NoHolder(TransactionId),
    /// Somebody brought or took cash, and nobody is named for the account.
    #[error("the account at the other end of the cash of transaction {0} names no person and no company")]
    Nobody(TransactionId),
    /// No rate is given for its currency, or it is worth more than can be said.
    #[error("what the transaction {0} was in the local currency can't be told: there is no rate for {1}")]
    Unconverted(TransactionId, Currency),
}

/// Drafts a report. It says what is known and no more: what it still lacks, [`crate::validate`] names.
pub fn draft(case: &Case<'_>, profile: &Profile) -> Result<Report, Undraftable> {
    if case.alerts.is_empty() {
        return Err(Undraftable::NoAlert);
    }
    let local = profile.currency.unwrap_or(case.bank.currency);
    let payments: BTreeMap<TransactionId, &schemas::Transaction> = case.payments.iter().map(|payment| (payment.id, payment)).collect();
    // Ids sort by when the bank decided.
    let named: BTreeSet<TransactionId> = case.alerts.iter().flat_map(|alert| alert.transactions.iter().copied()).collect();
    if named.is_empty() {
        return Err(Undraftable::NoTransaction);
    }
    let of = |id: TransactionId| payments.get(&id).copied().ok_or(Undraftable::UnknownTransaction(id));
    let transactions = named.into_iter().map(|id| transaction(case, of(id)?, profile, local)).collect::<Result<_, _>>()?;
    let indicators: BTreeSet<&String> = case.alerts.iter().filter_map(|alert| profile.indicators.get(&alert.rule)).collect();
    Ok(Report {
        rentity_id: case.bank.rentity_id,
        rentity_branch: None,
        submission_code: Submission::Electronic,
        report_code: case.report_code.to_owned(),
        entity_reference: Some(case.reference.to_owned()),
        fiu_ref_number: None,
        submission_date: Moment::of(case.submitted, profile.clock_ahead_minutes),
        currency_code_local: local,
        reporting_person: case.bank.reporting_person.clone(),
        location: Some(case.bank.location.clone()),
        reason: Some(reason(case)),
        action: Some(case.action.to_owned()),
        transactions,
        indicators: indicators.into_iter().cloned().collect(),
    })
}

/// A line for each alert, and how much of its evidence is in the report.
fn reason(case: &Case<'_>) -> String {
    let mut lines = Vec::new();
    for alert in case.alerts {
        lines.push(format!("{}.", alert.text));
        let (shown, all) = (alert.transactions.len(), alert.transactions_count);
        if u32::try_from(shown).is_ok_and(|shown| shown < all) {
            lines.push(match case.language {
                Language::English => format!("This report has the first {shown} of these {all} transactions."),
                Language::French => format!("Cette déclaration contient les {shown} premières de ces {all} transactions."),
            });
        }
    }
    let text = lines.join("\n");
    if text.chars().count() <= REASON_MAX {
        return text;
    }
    text.chars().take(REASON_MAX - 1).chain(['…']).collect()
}

fn transaction(case: &Case<'_>, payment: &schemas::Transaction, profile: &Profile, local: Currency) -> Result<Transaction, Undraftable> {
    let epoch = payment.id.epoch().ok_or(Undraftable::Undated(payment.id))?;
    let told = profile.payments.get(&payment.kind).expect("a profile tells every kind of payment");
    let (amount_local, foreign) = if payment.amount.currency == local {
        (payment.amount, None)
    } else {
        let unconverted = Undraftable::Unconverted(payment.id, payment.amount.currency);
        let rate = *case.bank.rates.get(&payment.amount.currency).ok_or(unconverted)?;
        (worth(payment.amount, rate, local).ok_or(unconverted)?, Some(ForeignCurrency { amount: payment.amount, exchange_rate: rate }))
    };
    let (from, to) = sides(case, payment, told, foreign)?;
    Ok(Transaction {
        number: payment.id.to_string(),
        internal_ref_number: payment.link.map(|link| match link {
            Link::Hold(id) => id.to_string(),
            Link::Original(id) => id.to_string(),
        }),
        location: Some(payment.channel.to_string()),
        description: Some(description(payment, case.language)),
        date: Moment::of(epoch, profile.clock_ahead_minutes),
        teller: None,
        authorized: None,
        transmode_code: told.transmode.clone(),
        transmode_comment: Some(payment.operation().to_owned()),
        amount_local,
        from,
        to,
        comments: None,
    })
}

/// What an amount is at a rate, to the nearest minor unit, halves to the even one.
fn worth(amount: Money, rate: Decimal, local: Currency) -> Option<Money> {
    let mut worth = Decimal::new(amount.minor, amount.currency.exponent()).checked_mul(rate)?.round_dp(local.exponent());
    worth.rescale(local.exponent());
    Some(Money { minor: i64::try_from(worth.mantissa()).ok()?, currency: local })
}

/// What it was, and whether money moved.
fn description(payment: &schemas::Transaction, language: Language) -> String {
    let (operation, channel) = (payment.operation(), payment.channel);
    match (payment.refusal, language) {
        (None, Language::English) => format!("{operation} by {channel}, settled"),
        (None, Language::French) => format!("{operation} par {channel}, exécutée"),
        (Some(refusal), Language::English) => format!("{operation} by {channel}, refused: {refusal}; nothing moved"),
        (Some(refusal), Language::French) => format!("{operation} par {channel}, refusée : {refusal} ; aucun mouvement"),
    }
}

fn sides(
    case: &Case<'_>,
    payment: &schemas::Transaction,
    told: &Told,
    foreign: Option<ForeignCurrency>,
) -> Result<(Side, Side), Undraftable> {
    let side = |holder: &Holder, subject: Subject, funds: &str| Side {
        is_my_client: holder.is_my_client,
        funds_code: funds.to_owned(),
        funds_comment: None,
        foreign_currency: foreign,
        subject,
        country: holder.country.clone(),
    };
    let account = |holder: &Holder| Subject::Account(Box::new(holder.account.clone()));
    let cash = |holder: &Holder| at_the_other_end(&holder.account).ok_or(Undraftable::Nobody(payment.id));
    let (payer, payee) = (case.holders.get(&payment.account_debit), case.holders.get(&payment.account_credit));
    match (payer, payee) {
        (Some(payer), Some(payee)) => Ok((side(payer, account(payer), &told.from_funds), side(payee, account(payee), &told.to_funds))),
        (Some(payer), None) => Ok((side(payer, account(payer), &told.from_funds), side(payer, cash(payer)?, &told.to_funds))),
        (None, Some(payee)) => Ok((side(payee, cash(payee)?, &told.from_funds), side(payee, account(payee), &told.to_funds))),
        (None, None) => Err(Undraftable::NoHolder(payment.id)),
    }
}

/// The person who comes first at an account, or the company that holds it.
fn at_the_other_end(account: &Account) -> Option<Subject> {
    let primary = account.signatories.iter().find(|signatory| signatory.is_primary == Some(true));
    let person = primary.or(account.signatories.first()).map(|signatory| Subject::Person(Box::new(signatory.person.clone())));
    person.or_else(|| account.t_entity.as_ref().map(|entity| Subject::Entity(Box::new(entity.clone()))))
}
