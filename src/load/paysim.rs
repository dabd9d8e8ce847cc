//! A day out of a PaySim log, plain or gzipped CSV: the traffic of a simulated mobile-money service.
//!
//! | Action | Here |
//! |---|---|
//! | `CASH_IN` | a deposit to nameOrig from the float of the agent nameDest, with the agent's token |
//! | `CASH_OUT` | a withdrawal of nameOrig at the agent nameDest |
//! | `DEBIT` | a withdrawal of nameOrig to the house's cash |
//! | `PAYMENT` | a merchant payment to nameDest |
//! | `TRANSFER` | a transfer to nameDest |
//!
//! Amounts are rounded to whole francs. A customer starts with the balance before their first row, an agent
//! with the sum of their `CASH_IN`s. A row whose amount rounds to nothing stays in: the bank refuses it.

use super::plan::{Holder, Opening, Party, Plan, PlannedAccount, PlannedPayment};
use super::trouble::Trouble;
use schemas::{Currency, Money, PaymentKind, Role};
use std::collections::HashMap;
use std::io::{BufReader, Read};
use std::path::Path;

/// The columns that matter, in the order in which `Columns` keeps them.
const COLUMNS: [&str; 6] = ["action", "amount", "nameOrig", "oldBalanceOrig", "nameDest", "oldBalanceDest"];

/// Reads at most `limit` rows of a file.
pub(super) fn read(path: &Path, limit: Option<usize>) -> Result<Plan, Trouble> {
    let shown = path.display().to_string();
    let file = std::fs::File::open(path).map_err(|error| Trouble::Open { file: shown.clone(), reason: error.to_string() })?;
    let text: Box<dyn Read> = if path.extension().is_some_and(|extension| extension == "gz") {
        Box::new(flate2::read::MultiGzDecoder::new(BufReader::new(file)))
    } else {
        Box::new(file)
    };
    plan(text, limit).map_err(|(line, what)| Trouble::Input { file: shown, line, what })
}

/// A line's number and what is wrong there.
type Bad = (u64, String);

fn plan(text: impl Read, limit: Option<usize>) -> Result<Plan, Bad> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text);
    let headers = reader.headers().map_err(|error| unreadable(&error, 1))?.clone();
    if headers.is_empty() {
        return Err((1, "the file is empty; a header and rows of PaySim are expected".to_owned()));
    }
    let mut columns = [0; COLUMNS.len()];
    for (column, name) in columns.iter_mut().zip(COLUMNS) {
        *column = headers.iter().position(|header| header == name).ok_or_else(|| (1, format!("there is no column {name}")))?;
    }
    let mut day = Day::default();
    let mut row = csv::StringRecord::new();
    let mut line = 1;
    while limit.is_none_or(|limit| day.plan.payments.len() < limit)
        && reader.read_record(&mut row).map_err(|error| unreadable(&error, line + 1))?
    {
        line = row.position().map_or(line + 1, csv::Position::line);
        let fields = columns.map(|column| row.get(column));
        if let Some((_, name)) = fields.iter().zip(COLUMNS).find(|(field, _)| field.is_none_or(str::is_empty)) {
            return Err((line, format!("{name} is missing")));
        }
        day.enter(fields.map(Option::unwrap_or_default)).map_err(|what| (line, what))?;
    }
    if day.plan.payments.is_empty() {
        return Err((2, "there is a header, but no row".to_owned()));
    }
    Ok(day.with_floats())
}

fn unreadable(error: &csv::Error, after: u64) -> Bad {
    let line = error.position().map_or(after, csv::Position::line);
    match error.kind() {
        csv::ErrorKind::Io(reason) => (line, format!("the file can't be read any further, it is damaged or not gzip: {reason}")),
        csv::ErrorKind::Utf8 { .. } => (line, "the text is not UTF-8".to_owned()),
        _ => (line, error.to_string()),
    }
}

#[derive(Default)]
struct Day {
    plan: Plan,
    holders: HashMap<String, usize>,
    accounts: HashMap<(usize, Role), usize>,
    /// What each agent gives out, by account.
    floats: HashMap<usize, i64>,
}

impl Day {
    fn enter(&mut self, [action, amount, orig, old_orig, dest, old_dest]: [&str; COLUMNS.len()]) -> Result<(), String> {
        let number = |name: &str, text: &str| francs(text).ok_or_else(|| format!("{name} {text:?} is not a decimal number"));
        let amount_minor = number("amount", amount)?;
        if amount_minor < 0 {
            return Err(format!("the amount {amount} is negative"));
        }
        let opening = number("oldBalanceOrig", old_orig)?;
        let opening_dest = number("oldBalanceDest", old_dest)?;
        let payer = self.account(orig, Role::Customer, opening);
        let (kind, debit, credit) = match action {
            "CASH_IN" => {
                let agent = self.account(dest, Role::Agent, 0);
                let float = self.floats.entry(agent).or_default();
                *float = float.checked_add(amount_minor).ok_or_else(|| format!("the CASH_INs of {dest} exceed any float"))?;
                (PaymentKind::Deposit, agent, Party::Account(payer))
            }
            "CASH_OUT" => (PaymentKind::Withdrawal, payer, Party::Account(self.account(dest, Role::Agent, 0))),
            "DEBIT" => (PaymentKind::Withdrawal, payer, Party::House),
            "PAYMENT" => (PaymentKind::MerchantPayment, payer, Party::Account(self.account(dest, Role::Merchant, 0))),
            "TRANSFER" => (PaymentKind::Transfer, payer, Party::Account(self.account(dest, Role::Customer, opening_dest))),
            other => return Err(format!("{other:?} is not an action; expected CASH_IN, CASH_OUT, DEBIT, PAYMENT or TRANSFER")),
        };
        let amount = Money { minor: amount_minor, currency: Currency::XOF };
        let caller = self.plan.accounts[debit].holder;
        self.plan.payments.push(PlannedPayment { kind, caller, debit: Party::Account(debit), credit, amount });
        Ok(())
    }

    /// The account of a name in a role; at its first appearance with what it holds until then.
    fn account(&mut self, name: &str, role: Role, opening: i64) -> usize {
        let holder = self.holders.get(name).copied().unwrap_or_else(|| {
            self.plan.holders.push(Holder { full_name: name.to_owned() });
            self.holders.insert(name.to_owned(), self.plan.holders.len() - 1);
            self.plan.holders.len() - 1
        });
        *self.accounts.entry((holder, role)).or_insert_with(|| {
            let account = self.plan.accounts.len();
            self.plan.accounts.push(PlannedAccount { holder, role });
            if opening > 0 {
                self.plan.openings.push(Opening { account, amount_minor: opening });
            }
            account
        })
    }

    fn with_floats(mut self) -> Plan {
        let mut floats: Vec<Opening> = self.floats.into_iter().map(|(account, amount_minor)| Opening { account, amount_minor }).collect();
        floats.retain(|float| float.amount_minor > 0);
        floats.sort_by_key(|float| float.account);
        self.plan.openings.extend(floats);
        self.plan
    }
}

/// A decimal rounded half up to whole francs.
fn francs(text: &str) -> Option<i64> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = [whole, fraction].iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    if !plain {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    whole.checked_add(i64::from(fraction.as_bytes()[0] >= b'5')).map(|francs| sign * francs)
}

#[cfg(test)]
mod tests;
