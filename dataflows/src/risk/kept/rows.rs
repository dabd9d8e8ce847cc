//! Rows of what is kept, one kind after the other: written, and read back into what they are rows of.

use crate::risk::episodes::{About, Episode};
use crate::risk::graph::{Account, Edge, Graph, Holder, Node, index};
use crate::risk::measured::Stood;
use crate::risk::rules::{self, Key, Who};
use crate::risk::settings::Watch;
use schemas::alert::{AlertId, Subject};
use schemas::aml::{RuleId, Setting};
use schemas::{AccountId, CustomerId};
use state::bytes::{Bytes, Damaged, put_optional, put_text};
use std::collections::BTreeMap;

pub(super) fn write_holder(holder: &Holder) -> Vec<u8> {
    let mut bytes = holder.id.0.as_bytes().to_vec();
    put_text(&mut bytes, holder.level.as_str());
    put_text(&mut bytes, holder.msisdn.as_deref().unwrap_or_default());
    bytes
}

pub(super) fn read_holder(bytes: &mut Bytes<'_>, graph: &mut Graph) -> Result<(), Damaged> {
    let (id, known) = (CustomerId(bytes.uuid()?), graph.holders().len());
    graph.level(id, bytes.word("level")?);
    let msisdn = Some(bytes.text()?.to_owned()).filter(|msisdn| !msisdn.is_empty());
    graph.was_reached_by(id, msisdn);
    once(graph.holders().len(), known, "a customer is there twice")
}

pub(super) fn write_account(account: &Account) -> Vec<u8> {
    let mut bytes = account.id.0.as_bytes().to_vec();
    put_optional(&mut bytes, account.holder.map(u32::to_le_bytes));
    put_text(&mut bytes, account.role.as_str());
    bytes.extend_from_slice(account.currency.code().as_bytes());
    bytes
}

pub(super) fn read_account(bytes: &mut Bytes<'_>, graph: &mut Graph) -> Result<(), Damaged> {
    let (id, known) = (AccountId(bytes.uuid()?), graph.accounts().len());
    let holder = bytes.optional()?.map(u32::from_le_bytes);
    let holder = holder.map(|node| graph.holders().get(index(node)).map(|holder| holder.id));
    if holder == Some(None) {
        return Err(Damaged::new("an account has a holder who is not there"));
    }
    graph.open(id, holder.flatten(), bytes.word("role")?, bytes.currency()?);
    once(graph.accounts().len(), known, "an account is there twice")
}

fn once(now: usize, before: usize, what: &str) -> Result<(), Damaged> {
    if now == before + 1 { Ok(()) } else { Err(Damaged::new(what)) }
}

pub(super) fn write_edge(edge: &Edge) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(64);
    for number in [edge.time, edge.minted.0] {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    for number in [edge.minted.1, edge.payer, edge.payee] {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    bytes.extend_from_slice(&edge.amount_minor.to_le_bytes());
    put_text(&mut bytes, edge.kind.as_str());
    put_text(&mut bytes, edge.channel.as_str());
    bytes
}

pub(super) fn read_edge(bytes: &mut Bytes<'_>, graph: &mut Graph) -> Result<(), Damaged> {
    let (time, epoch) = (bytes.u64()?, bytes.u64()?);
    let (number, payer, payee) = (bytes.u32()?, account(bytes, graph)?, account(bytes, graph)?);
    let (amount_minor, kind, channel) = (bytes.i64()?, bytes.word("kind of payment")?, bytes.word("channel")?);
    graph.insert(Edge { time, minted: (epoch, number), payer, payee, amount_minor, kind, channel });
    Ok(())
}

fn account(bytes: &mut Bytes<'_>, graph: &Graph) -> Result<Node, Damaged> {
    let node = bytes.u32()?;
    if index(node) < graph.accounts().len() { Ok(node) } else { Err(Damaged::new("a payment is of an account that is not there")) }
}

pub(super) fn write_setting((version, setting): &(u32, Setting)) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_text(&mut bytes, setting.rule.as_str());
    put_text(&mut bytes, setting.lane.as_str());
    bytes.extend_from_slice(&version.to_le_bytes());
    bytes.push(u8::from(setting.enabled));
    bytes.extend_from_slice(&setting.weight.to_le_bytes());
    bytes.extend_from_slice(&u32::try_from(setting.parameters.len()).expect("a rule has a few parameters").to_le_bytes());
    for (name, value) in &setting.parameters {
        put_text(&mut bytes, name);
        bytes.extend_from_slice(&value.to_le_bytes());
    }
    bytes
}

pub(super) fn read_setting(bytes: &mut Bytes<'_>) -> Result<(u32, Setting), Damaged> {
    let (rule, lane) = (bytes.word("rule")?, bytes.word("lane")?);
    let (version, enabled, weight, count) = (bytes.u32()?, bytes.u8()? != 0, bytes.u32()?, bytes.u32()?);
    let mut parameters = BTreeMap::new();
    for _ in 0..count {
        parameters.insert(bytes.text()?.to_owned(), bytes.i64()?);
    }
    let setting = Setting { rule, lane, enabled, weight, parameters };
    setting.check().map_err(|error| Damaged(error.to_string()))?;
    Ok((version, setting))
}

pub(super) fn write_stood(watch: &Watch, key: &Key, stood: &Stood) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_text(&mut bytes, watch.rule.as_str());
    watch.shape.iter().for_each(|value| bytes.extend_from_slice(&value.to_le_bytes()));
    let (kind, node) = match key.who {
        Who::Account(node) => (0, node),
        Who::Customer(node) => (1, node),
        Who::Ring(node) => (2, node),
    };
    bytes.push(kind);
    bytes.extend_from_slice(&node.to_le_bytes());
    bytes.extend_from_slice(&key.which.0.to_le_bytes());
    bytes.extend_from_slice(&key.which.1.to_le_bytes());
    put_optional(&mut bytes, stood.again.map(u64::to_le_bytes));
    bytes.extend_from_slice(&u32::try_from(stood.rows.len()).expect("a subject has a few candidates").to_le_bytes());
    for (clause, measures) in &stood.rows {
        bytes.push(*clause);
        measures.iter().for_each(|value| bytes.extend_from_slice(&value.to_le_bytes()));
    }
    bytes
}

pub(super) fn read_stood(bytes: &mut Bytes<'_>, graph: &Graph) -> Result<(Watch, Key, Stood), Damaged> {
    let rule: RuleId = bytes.word("rule")?;
    if rules::ALL.iter().all(|known| known.id != rule) {
        return Err(Damaged(format!("the rule {rule} is not measured here")));
    }
    let mut watch = Watch { rule, shape: rules::Shape::default() };
    for value in &mut watch.shape {
        *value = bytes.i64()?;
    }
    let (kind, node) = (bytes.u8()?, bytes.u32()?);
    let (who, known) = match kind {
        0 => (Who::Account(node), graph.accounts().len()),
        1 => (Who::Customer(node), graph.holders().len()),
        2 => (Who::Ring(node), graph.holders().len()),
        _ => return Err(Damaged::new("something is measured of nobody")),
    };
    if index(node) >= known {
        return Err(Damaged::new("something is measured of somebody who is not there"));
    }
    let key = Key { who, which: (bytes.u64()?, bytes.u32()?) };
    let again = bytes.optional()?.map(u64::from_le_bytes);
    let mut rows = Vec::new();
    for _ in 0..bytes.u32()? {
        let (clause, mut measures) = (bytes.u8()?, rules::Measures::default());
        for value in &mut measures {
            *value = bytes.i64()?;
        }
        rows.push((clause, measures));
    }
    Ok((watch, key, Stood { rows, again }))
}

pub(super) fn write_episode((rule, lane, subject): &About, episode: &Episode) -> Vec<u8> {
    let mut bytes = Vec::new();
    for text in [rule.as_str(), lane.as_str(), subject.kind().as_str(), &subject.id()] {
        put_text(&mut bytes, text);
    }
    bytes.extend_from_slice(episode.id.0.as_bytes());
    bytes.extend_from_slice(&episode.raised.to_le_bytes());
    put_optional(&mut bytes, episode.ends.map(u64::to_le_bytes));
    bytes
}

pub(super) fn read_episode(bytes: &mut Bytes<'_>) -> Result<(About, Episode), Damaged> {
    let (rule, lane, kind, id) = (bytes.word("rule")?, bytes.word("lane")?, bytes.word("kind of subject")?, bytes.text()?);
    let subject = Subject::read(kind, id).map_err(|error| Damaged(error.to_string()))?;
    let episode = Episode { id: AlertId(bytes.uuid()?), raised: bytes.u64()?, ends: bytes.optional()?.map(u64::from_le_bytes) };
    Ok(((rule, lane, subject), episode))
}
