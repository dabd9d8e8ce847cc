//! Rows of a chunk, one behind the other.

use crate::accounts::Holding;
use crate::bytes::{Bytes, Damaged, put_text};
use crate::table::Row;
use schemas::{AccountId, AccountStatus};

pub(super) fn write_rows<R: Row>(kind: u8, rows: &[R]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1 + rows.len() * 64);
    bytes.push(kind);
    rows.iter().for_each(|row| row.write_first(&mut bytes));
    bytes
}

pub(super) fn read_rows<R: Row>(bytes: &[u8]) -> Result<Vec<R>, Damaged> {
    let mut bytes = Bytes(bytes);
    let mut rows = Vec::new();
    while !bytes.is_empty() {
        rows.push(R::read_first(&mut bytes)?);
    }
    Ok(rows)
}

/// Rows that say all there is, each behind its length.
pub(super) fn write_long_rows<R: Row>(kind: u8, rows: &[R]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1 + rows.len() * 160);
    bytes.push(kind);
    for row in rows {
        let at = bytes.len();
        bytes.extend_from_slice(&[0; 4]);
        row.write_first(&mut bytes);
        row.write_more(&mut bytes);
        let length = u32::try_from(bytes.len() - at - 4).expect("a row is short");
        bytes[at..at + 4].copy_from_slice(&length.to_le_bytes());
    }
    bytes
}

pub(super) fn read_long_rows<R: Row>(bytes: &[u8]) -> Result<Vec<R>, Damaged> {
    let mut bytes = Bytes(bytes);
    let mut rows = Vec::new();
    while !bytes.is_empty() {
        let mut row = bytes.behind_length()?;
        let mut read = R::read_first(&mut row)?;
        read.read_more(&mut row)?;
        rows.push(read);
    }
    Ok(rows)
}

pub(super) fn write_statuses(accounts: &[&Holding]) -> Vec<u8> {
    let mut bytes = vec![b'S'];
    for account in accounts {
        bytes.extend_from_slice(account.id.0.as_bytes());
        put_text(&mut bytes, account.status.as_str());
    }
    bytes
}

pub(super) fn read_statuses(bytes: &[u8]) -> Result<Vec<(AccountId, AccountStatus)>, Damaged> {
    let mut bytes = Bytes(bytes);
    let mut statuses = Vec::new();
    while !bytes.is_empty() {
        let id = AccountId(bytes.uuid()?);
        statuses.push((id, bytes.text()?.parse().map_err(|_| Damaged::new("an account has a status that is not known"))?));
    }
    Ok(statuses)
}
