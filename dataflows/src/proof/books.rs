//! The books: subjects and their sums, and both as bytes for a snapshot.
//!
//! Bytes are addressed by subject and never by worker, so any number of workers reads what any other wrote.

use crate::route::mix;
use differential_dataflow::difference::{IsZero, Semigroup};
use differential_dataflow::trace::implementations::ord_neu::OrdKeySpine;
use schemas::{AccountId, Currency, Epoch, TransactionId};
use serde::{Deserialize, Serialize};

/// The books as one worker holds them.
pub type Books = OrdKeySpine<Subject, Epoch, Sum>;

/// What has to balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Subject {
    /// All money of a currency.
    Currency(Currency),
    /// An account.
    Account(AccountId),
    /// The legs of a transaction in a currency.
    Transaction(TransactionId, Currency),
}

/// What a subject adds up to. Two sums add up in any order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Sum {
    amount_minor: i128,
    /// Of an account: where its newest posting stands, and the balance that settlement wrote beside it.
    newest: Option<((Epoch, u32), i64)>,
}

impl Sum {
    /// Of what has no balance of its own.
    pub const fn of(amount_minor: i128) -> Self {
        Self { amount_minor, newest: None }
    }

    /// Of an account: a posting, its (epoch, number), and the balance after it.
    pub fn posted(amount_minor: i64, place: (Epoch, u32), balance_minor: i64) -> Self {
        Self::account(i128::from(amount_minor), place, balance_minor)
    }

    /// Of an account: all its postings up to a place, and the balance there.
    pub const fn account(amount_minor: i128, place: (Epoch, u32), balance_minor: i64) -> Self {
        Self { amount_minor, newest: Some((place, balance_minor)) }
    }

    /// All amounts together.
    pub const fn amount_minor(&self) -> i128 {
        self.amount_minor
    }

    /// By how much the sum is not what it should be: the newest balance, or zero.
    pub fn difference_minor(&self) -> i128 {
        self.amount_minor - self.newest.map_or(0, |(_, balance_minor)| i128::from(balance_minor))
    }
}

impl IsZero for Sum {
    /// An account's is never zero: its newest place is needed for what comes.
    fn is_zero(&self) -> bool {
        self.amount_minor == 0 && self.newest.is_none()
    }
}

impl Semigroup for Sum {
    fn plus_equals(&mut self, other: &Self) {
        self.amount_minor += other.amount_minor;
        self.newest = self.newest.max(other.newest);
    }
}

/// Where a subject's work is done: the same for every build and every number of workers.
pub fn route(subject: &Subject) -> u64 {
    let (high, low) = match subject {
        Subject::Currency(currency) => (0, currency.code().bytes().fold(0, |code, byte| code << 8 | u64::from(byte))),
        Subject::Account(account) => account.0.as_u64_pair(),
        Subject::Transaction(transaction, _) => transaction.0.as_u64_pair(),
    };
    mix(high ^ low.rotate_left(32))
}

/// Bytes of one subject in a snapshot: kind, id, currency, sum, and whether, where and what the newest balance is.
pub const ROW_BYTES: usize = 1 + 16 + 3 + 16 + 1 + 8 + 4 + 8;

/// Writes a subject and its sum behind `bytes`.
pub fn write(subject: &Subject, sum: &Sum, bytes: &mut Vec<u8>) {
    let (kind, id, currency) = match subject {
        Subject::Currency(currency) => (0, uuid::Uuid::nil(), currency.code()),
        Subject::Account(account) => (1, account.0, "   "),
        Subject::Transaction(transaction, currency) => (2, transaction.0, currency.code()),
    };
    let ((epoch, number), balance_minor) = sum.newest.unwrap_or_default();
    bytes.push(kind);
    bytes.extend_from_slice(id.as_bytes());
    bytes.extend_from_slice(currency.as_bytes());
    bytes.extend_from_slice(&sum.amount_minor.to_le_bytes());
    bytes.push(u8::from(sum.newest.is_some()));
    bytes.extend_from_slice(&epoch.to_le_bytes());
    bytes.extend_from_slice(&number.to_le_bytes());
    bytes.extend_from_slice(&balance_minor.to_le_bytes());
}

/// Reads what [`write`] wrote, row by row; none where the bytes are no rows.
pub fn read(bytes: &[u8]) -> Option<Vec<(Subject, Sum)>> {
    bytes.chunks(ROW_BYTES).map(read_row).collect()
}

fn read_row(mut row: &[u8]) -> Option<(Subject, Sum)> {
    let kind = take::<1>(&mut row)?[0];
    let id = uuid::Uuid::from_bytes(take::<16>(&mut row)?);
    let code = take::<3>(&mut row)?;
    let currency = || std::str::from_utf8(&code).ok()?.parse::<Currency>().ok();
    let subject = match kind {
        0 => Subject::Currency(currency()?),
        1 => Subject::Account(AccountId(id)),
        2 => Subject::Transaction(TransactionId(id), currency()?),
        _ => return None,
    };
    let amount_minor = i128::from_le_bytes(take(&mut row)?);
    let has_newest = take::<1>(&mut row)?[0] == 1;
    let place = (Epoch::from_le_bytes(take(&mut row)?), u32::from_le_bytes(take(&mut row)?));
    let balance_minor = i64::from_le_bytes(take(&mut row)?);
    Some((subject, Sum { amount_minor, newest: has_newest.then_some((place, balance_minor)) }))
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = bytes.split_first_chunk::<N>()?;
    *bytes = tail;
    Some(*head)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<(Subject, Sum)> {
        vec![
            (Subject::Currency(Currency::XOF), Sum::of(-7)),
            (Subject::Account(AccountId::mint(9, 1)), Sum::account(i128::from(i64::MIN) * 5, (9, 3), -12)),
            (Subject::Transaction(TransactionId::mint(9, 2), Currency::XOF), Sum::of(i128::MAX)),
        ]
    }

    #[test]
    fn what_is_written_is_read_back_and_what_is_no_row_is_not_read() {
        let mut bytes = Vec::new();
        rows().iter().for_each(|(subject, sum)| write(subject, sum, &mut bytes));
        assert_eq!(bytes.len(), 3 * ROW_BYTES);
        assert_eq!(read(&bytes), Some(rows()));
        assert_eq!(read(&bytes[..bytes.len() - 1]), None, "half a row");
        bytes[0] = 3;
        assert_eq!(read(&bytes), None, "a kind that there is not");
    }

    #[test]
    fn sums_add_up_in_any_order_and_the_newest_balance_counts() {
        let parts = [Sum::posted(10, (1, 0), 10), Sum::posted(-3, (1, 1), 7), Sum::posted(5, (2, 0), 12)];
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            let mut sum = Sum::default();
            order.into_iter().for_each(|part| sum.plus_equals(&parts[part]));
            assert_eq!(sum, Sum::account(12, (2, 0), 12), "{order:?}");
            assert_eq!(sum.difference_minor(), 0);
            assert!(!sum.is_zero());
        }
        assert!(Sum::of(0).is_zero());
        assert_eq!(Sum::posted(10, (1, 0), 11).difference_minor(), -1);
    }

    #[test]
    fn the_hash_is_ours_and_stays() {
        let routes: Vec<_> = rows().iter().map(|(subject, _)| route(subject)).collect();
        assert_eq!(routes, ROUTES);
    }

    const ROUTES: [u64; 3] = [18_407_089_235_721_020_942, 7_942_081_000_466_028_260, 11_511_793_597_923_924_447];
}
