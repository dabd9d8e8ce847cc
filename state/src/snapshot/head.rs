//! The head of a snapshot, as it is read.

use super::FORMAT;
use crate::bytes::{Bytes, Damaged};
use schemas::Epoch;

#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    pub(super) format: u32,
    pub(super) epoch: Epoch,
    pub(super) rules: u32,
    pub(super) customers: u64,
    pub(super) accounts: u64,
    pub(super) segments: u64,
    pub(super) first_pin: u64,
    pub(super) statuses: u64,
}

pub(super) fn read_head(mut bytes: Bytes<'_>) -> Result<Head, Damaged> {
    let format = bytes.u32()?;
    if !(1..=FORMAT).contains(&format) {
        return Err(Damaged(format!("its format is {format}, and only those up to {FORMAT} are known here")));
    }
    Ok(Head {
        format,
        epoch: bytes.u64()?,
        rules: if format == 1 { 1 } else { bytes.u32()? },
        customers: bytes.u64()?,
        accounts: bytes.u64()?,
        segments: bytes.u64()?,
        first_pin: bytes.u64()?,
        statuses: if format < 3 { 0 } else { bytes.u64()? },
    })
}
