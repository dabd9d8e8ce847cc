//! Payments with labels: CSV as AMLSim writes it, plain or gzipped.
//!
//! In: the payments, the payments of each labelled pattern, the accounts. Out: all of it, by number, the payments in the order of time.
//! Never: a row that is skipped. What else there is in a file is not read.
//!
//! | File | Columns | Columns that may be there |
//! |---|---|---|
//! | payments | tran_id, orig_acct, bene_acct, base_amt, tran_timestamp, is_sar | tx_type, channel, currency |
//! | alerts | alert_id, alert_type, is_sar, tran_id | |
//! | accounts | acct_id | role, msisdn |

use crate::exit::{BAD_INPUT, Exit};
use schemas::epoch::from_rfc3339;
use schemas::{Channel, Currency, Epoch, Money, PaymentKind, Role};
use std::collections::{BTreeMap, HashMap};
use std::io::{BufReader, Read};
use std::path::Path;

/// Everything.
#[derive(Debug, Default)]
pub(super) struct Labelled {
    pub(super) accounts: Vec<Account>,
    /// In the order of time, and of the file where that is the same.
    pub(super) payments: Vec<Payment>,
    pub(super) patterns: Vec<Pattern>,
}

/// An account.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) msisdn: Option<String>,
}

/// A payment; the accounts are by their places.
#[derive(Clone, Copy, Debug)]
pub(super) struct Payment {
    pub(super) time: Epoch,
    pub(super) payer: usize,
    pub(super) payee: usize,
    pub(super) amount: Money,
    pub(super) kind: PaymentKind,
    pub(super) channel: Channel,
    pub(super) is_sar: bool,
}

/// Payments that somebody made to launder money, or that look as if.
#[derive(Debug)]
pub(super) struct Pattern {
    pub(super) typology: String,
    pub(super) is_sar: bool,
    /// Places of its payments, in order.
    pub(super) payments: Vec<usize>,
}

/// A table being read.
struct Table {
    file: String,
    reader: csv::Reader<Box<dyn Read>>,
    headers: csv::StringRecord,
    row: csv::StringRecord,
    line: u64,
}

/// Reads the three files.
pub(super) fn read(payments: &Path, alerts: &Path, accounts: &Path) -> anyhow::Result<Labelled> {
    let mut labelled = Labelled::default();
    let mut places = HashMap::new();
    let mut table = Table::open(accounts)?;
    while table.next()? {
        let name = table.field("acct_id")?.to_owned();
        let role = table.optional("role").map_or(Ok(Role::Customer), |role| role.parse().map_err(|error| table.bad(&error)))?;
        let msisdn = table.optional("msisdn").map(str::to_owned);
        if places.insert(name.clone(), labelled.accounts.len()).is_some() {
            return Err(table.bad(&format!("the account {name} is there twice")));
        }
        labelled.accounts.push(Account { name, role, msisdn });
    }
    let mut read: Vec<(String, Payment)> = Vec::new();
    let mut table = Table::open(payments)?;
    while table.next()? {
        read.push((table.field("tran_id")?.to_owned(), table.payment(&places)?));
    }
    if read.is_empty() {
        return Err(table.bad(&"there is no payment"));
    }
    read.sort_by_key(|(_, payment)| payment.time);
    let mut numbers = HashMap::new();
    for (number, (id, payment)) in read.into_iter().enumerate() {
        if numbers.insert(id.clone(), number).is_some() {
            return Err(table.bad(&format!("the payment {id} is there twice")));
        }
        labelled.payments.push(payment);
    }
    let mut patterns: BTreeMap<String, Pattern> = BTreeMap::new();
    let mut table = Table::open(alerts)?;
    while table.next()? {
        let (id, typology, is_sar) = (table.field("alert_id")?.to_owned(), table.field("alert_type")?.to_owned(), table.truth("is_sar")?);
        let payment = table.field("tran_id")?;
        let payment = *numbers.get(payment).ok_or_else(|| table.bad(&format!("there is no payment {payment}")))?;
        let pattern = patterns.entry(id).or_insert_with(|| Pattern { typology, is_sar, payments: Vec::new() });
        pattern.payments.push(payment);
    }
    labelled.patterns = patterns.into_values().collect();
    labelled.patterns.iter_mut().for_each(|pattern| pattern.payments.sort_unstable());
    Ok(labelled)
}

impl Table {
    fn open(path: &Path) -> anyhow::Result<Self> {
        let file = path.display().to_string();
        let bad = |what: String| Exit { code: BAD_INPUT, sentence: format!("{file}: {what}") };
        let opened = std::fs::File::open(path).map_err(|error| bad(format!("it can't be opened: {error}")))?;
        let text: Box<dyn Read> = if path.extension().is_some_and(|extension| extension == "gz") {
            Box::new(flate2::read::MultiGzDecoder::new(BufReader::new(opened)))
        } else {
            Box::new(opened)
        };
        let mut reader = csv::Reader::from_reader(text);
        let headers = reader.headers().map_err(|error| bad(format!("it can't be read: {error}")))?.clone();
        Ok(Self { file, reader, headers, row: csv::StringRecord::new(), line: 1 })
    }

    /// Goes to the next row, if there is one.
    fn next(&mut self) -> anyhow::Result<bool> {
        let more = self.reader.read_record(&mut self.row).map_err(|error| self.bad(&format!("it can't be read any further: {error}")))?;
        self.line = self.row.position().map_or(self.line, csv::Position::line);
        Ok(more)
    }

    fn bad(&self, what: &dyn std::fmt::Display) -> anyhow::Error {
        Exit { code: BAD_INPUT, sentence: format!("{}, line {}: {what}", self.file, self.line) }.into()
    }

    fn optional(&self, name: &str) -> Option<&str> {
        let place = self.headers.iter().position(|header| header == name)?;
        self.row.get(place).filter(|field| !field.is_empty())
    }

    fn field(&self, name: &str) -> anyhow::Result<&str> {
        self.optional(name).ok_or_else(|| self.bad(&format!("{name} is missing")))
    }

    fn truth(&self, name: &str) -> anyhow::Result<bool> {
        match self.field(name)? {
            "True" | "true" | "1" => Ok(true),
            "False" | "false" | "0" => Ok(false),
            other => Err(self.bad(&format!("{name} is {other:?}; expected True or False"))),
        }
    }

    fn payment(&self, places: &HashMap<String, usize>) -> anyhow::Result<Payment> {
        let account = |column| {
            let name = self.field(column)?;
            places.get(name).copied().ok_or_else(|| self.bad(&format!("{column} {name:?} is not among the accounts")))
        };
        let currency: Currency = self.optional("currency").unwrap_or("USD").parse().map_err(|error| self.bad(&error))?;
        let amount = Money::parse(self.field("base_amt")?, currency).map_err(|error| self.bad(&error))?;
        if amount.minor <= 0 {
            return Err(self.bad(&format!("the amount {amount} is not above zero")));
        }
        let time = self.field("tran_timestamp")?;
        let time = from_rfc3339(time).filter(|time| *time > 2);
        let kind = self.optional("tx_type").unwrap_or("TRANSFER").to_lowercase();
        Ok(Payment {
            time: time.ok_or_else(|| self.bad(&"tran_timestamp is no time in UTC, such as 2025-01-01T00:00:00Z"))?,
            payer: account("orig_acct")?,
            payee: account("bene_acct")?,
            amount,
            kind: kind.parse().map_err(|error| self.bad(&error))?,
            channel: self.optional("channel").unwrap_or("wallet").parse().map_err(|error| self.bad(&error))?,
            is_sar: self.truth("is_sar")?,
        })
    }
}
