//! Rows of what is known beside payments.

use crate::risk::graph::{Graph, Node, index};
use crate::risk::places::Place;
use crate::risk::ties::{Shared, Tie};
use crate::risk::verdicts::Suspect;
use schemas::{AccountId, AlertId, CaseId, CustomerId};
use state::bytes::{Bytes, Damaged, put_optional};

pub(super) fn write_frozen(graph: &Graph) -> Vec<Vec<u8>> {
    let customers = graph.beside.frozen_customers.iter().map(|id| (0, id.0));
    let accounts = graph.beside.frozen_accounts.iter().map(|id| (1, id.0));
    customers.chain(accounts).map(|(kind, id)| [&[kind][..], id.as_bytes()].concat()).collect()
}

pub(super) fn read_frozen(bytes: &mut Bytes<'_>, graph: &mut Graph) -> Result<(), Damaged> {
    let (kind, id) = (bytes.u8()?, bytes.uuid()?);
    let is_new = match kind {
        0 => graph.beside.frozen_customers.insert(CustomerId(id)),
        1 => graph.beside.frozen_accounts.insert(AccountId(id)),
        _ => return Err(Damaged::new("neither a customer nor an account is frozen")),
    };
    if is_new { Ok(()) } else { Err(Damaged::new("somebody is frozen twice")) }
}

pub(super) fn write_verdicts(graph: &Graph) -> Vec<Vec<u8>> {
    let row = |case: Option<&CaseId>, alert: &AlertId, suspect: &Suspect| {
        let (kind, id) = match suspect {
            Suspect::Customer(id) => (0, id.0),
            Suspect::Account(id) => (1, id.0),
        };
        let mut bytes = vec![kind];
        bytes.extend_from_slice(id.as_bytes());
        bytes.extend_from_slice(alert.0.as_bytes());
        put_optional(&mut bytes, case.map(|case| *case.0.as_bytes()));
        bytes
    };
    let verdicts = &graph.beside.verdicts;
    let open = verdicts.open.iter().map(|(case, (alert, suspect))| row(Some(case), alert, suspect));
    open.chain(verdicts.confirmed.iter().map(|(alert, suspect)| row(None, alert, suspect))).collect()
}

pub(super) fn read_verdict(bytes: &mut Bytes<'_>, graph: &mut Graph) -> Result<(), Damaged> {
    let (kind, id, alert) = (bytes.u8()?, bytes.uuid()?, AlertId(bytes.uuid()?));
    let suspect = match kind {
        0 => Suspect::Customer(CustomerId(id)),
        1 => Suspect::Account(AccountId(id)),
        _ => return Err(Damaged::new("a case is about neither a customer nor an account")),
    };
    let verdicts = &mut graph.beside.verdicts;
    let is_new = match bytes.optional()? {
        Some(case) => verdicts.open.insert(CaseId(uuid::Uuid::from_bytes(case)), (alert, suspect)).is_none(),
        None if verdicts.confirmed.contains_key(&alert) => false,
        None => {
            verdicts.confirm(alert, Some(suspect));
            true
        }
    };
    if is_new { Ok(()) } else { Err(Damaged::new("a case is there twice")) }
}

pub(super) fn write_place(customer: Node, place: &Place) -> Vec<u8> {
    let mut bytes = customer.to_le_bytes().to_vec();
    bytes.extend_from_slice(&place.moment.0.to_le_bytes());
    bytes.extend_from_slice(&place.moment.1.to_le_bytes());
    bytes.extend_from_slice(&place.degrees.0.to_le_bytes());
    bytes.extend_from_slice(&place.degrees.1.to_le_bytes());
    put_optional(&mut bytes, place.transaction.map(u32::to_le_bytes));
    bytes
}

pub(super) fn read_place(bytes: &mut Bytes<'_>, graph: &mut Graph) -> Result<(), Damaged> {
    let (customer, epoch, number) = (bytes.u32()?, bytes.u64()?, bytes.u32()?);
    let degrees = (i32::from_le_bytes(bytes.array()?), i32::from_le_bytes(bytes.array()?));
    let transaction = bytes.optional()?.map(u32::from_le_bytes);
    if index(customer) >= graph.holders().len() {
        return Err(Damaged::new("somebody was somewhere who is not there"));
    }
    graph.beside.places.add(customer, Place { moment: (epoch, number), degrees, transaction });
    Ok(())
}

pub(super) fn write_tie((shared, customer, tie): (Shared, CustomerId, Tie)) -> Vec<u8> {
    [&shared[..], customer.0.as_bytes(), &[u8::from(tie.is_own)], &tie.seen.to_le_bytes()].concat()
}

pub(super) fn read_tie(bytes: &mut Bytes<'_>, graph: &mut Graph) -> Result<(), Damaged> {
    let (shared, customer) = (bytes.array()?, CustomerId(bytes.uuid()?));
    let tie = Tie { is_own: bytes.u8()? != 0, seen: bytes.u64()? };
    graph.beside.ties.keep(customer, shared, tie);
    Ok(())
}

pub(super) fn write_home((customer, home): (&CustomerId, &Shared)) -> Vec<u8> {
    [&customer.0.as_bytes()[..], &home[..]].concat()
}

pub(super) fn read_home(bytes: &mut Bytes<'_>, graph: &mut Graph) -> Result<(), Damaged> {
    let (customer, home) = (CustomerId(bytes.uuid()?), bytes.array()?);
    let before = graph.beside.homes.insert(customer, home);
    if before.is_none() { Ok(()) } else { Err(Damaged::new("somebody lives in two places")) }
}
