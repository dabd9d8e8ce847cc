//! Batches: many operations in one body, and a single one that is only tried.
//!
//! In: an object with `items`, an array of them, or one of them a line. Out: the batch, or every bad field of every bad item,
//! each by the place of the item, counted from 0.

use super::super::fields::{self, Fields, Node};
use super::super::headers::Media;
use super::super::query::Asked;
use super::text::parse;
use super::{hold, payment};
use schemas::batch::ITEMS_MAX;
use schemas::{Batch, BatchMode, Operation, PaymentKind, Problem};

/// What an item may ask.
#[derive(Clone, Copy)]
enum Item {
    Payment(PaymentKind),
    Reserve,
    Capture,
    Release,
    Refund,
    Reverse,
}

/// Reads a batch, however it is written.
pub(super) fn read(body: &[u8], media: Media, asked: Asked) -> Result<Batch, Problem> {
    let array = |nodes: Vec<Node>| {
        let items = fields::object(Vec::new(), |fields| fields.array("", nodes, ITEMS_MAX, |fields, _| item(fields)))?;
        let (mode, dry_run) = (asked.mode.unwrap_or(BatchMode::AllOrNothing), asked.dry_run.unwrap_or(false));
        Ok(Batch { mode, dry_run, items })
    };
    match media {
        Media::Lines => array(fields::lines(body, ITEMS_MAX)?),
        Media::Json => match fields::parse(body)? {
            Node::List(nodes) => array(nodes),
            Node::Object(entries) => fields::object(entries, |fields| batch(asked, fields)),
            _ => Err(Problem::field("", "a JSON object or an array is expected")),
        },
    }
}

/// Reads a batch that is an object. What it says itself and what the query says must not differ.
pub(super) fn batch(asked: Asked, fields: &mut Fields) -> Option<Batch> {
    let mode = fields.optional("mode", parse);
    let dry_run = fields.optional_flag("dry_run");
    let items = fields.list("items", ITEMS_MAX, |fields, _| item(fields));
    let mode = one_of("mode", asked.mode, mode, fields)?.unwrap_or(BatchMode::AllOrNothing);
    let dry_run = one_of("dry_run", asked.dry_run, dry_run, fields)?.unwrap_or(false);
    Some(Batch { mode, dry_run, items: items? })
}

/// An operation that is only tried: a batch of it alone that is undone whatever comes of it.
pub(super) fn tried(operation: Operation) -> Result<Operation, Problem> {
    let batch = Batch { mode: BatchMode::Independent, dry_run: true, items: vec![operation] };
    match batch.check() {
        Ok(()) => Ok(Operation::Batch(batch)),
        Err(_) => Err(Problem::field("dry_run", "can't be asked of a payment that has a date of its own")),
    }
}

fn one_of<T: PartialEq>(name: &'static str, query: Option<T>, body: Option<T>, fields: &mut Fields) -> Option<Option<T>> {
    match (query, body) {
        (Some(query), Some(body)) if query != body => fields.wrong(name, "is not what the query says"),
        (query, body) => Some(query.or(body)),
    }
}

fn item(fields: &mut Fields) -> Option<Operation> {
    let Some(item) = fields.required("operation", named) else {
        fields.leave();
        return None;
    };
    Some(match item {
        Item::Payment(kind) => Operation::Pay(payment(kind, fields)?),
        Item::Reserve => Operation::Reserve(hold::reserve("payment", fields)?),
        Item::Capture => {
            let hold_id = fields.required("hold_id", parse);
            Operation::Capture(hold::capture(hold_id, fields)?)
        }
        Item::Release => Operation::Release(hold::release(fields.required("hold_id", parse))?),
        Item::Refund => {
            let transaction_id = fields.required("transaction_id", parse);
            Operation::Refund(hold::refund(transaction_id, fields)?)
        }
        Item::Reverse => Operation::Reverse(hold::reverse(fields.required("transaction_id", parse))?),
    })
}

/// The words are those by which the rest of the API calls the operations.
fn named(text: &str) -> Result<Item, String> {
    let item = match text {
        "reserve" => Some(Item::Reserve),
        "capture" => Some(Item::Capture),
        "release" => Some(Item::Release),
        "refund" => Some(Item::Refund),
        "reverse" => Some(Item::Reverse),
        kind => kind.parse().ok().filter(|kind| PaymentKind::ASKED.contains(kind)).map(Item::Payment),
    };
    let payments: Vec<_> = PaymentKind::ASKED.iter().map(|kind| kind.as_str()).collect();
    item.ok_or_else(|| format!("expected {}, reserve, capture, release, refund, reverse", payments.join(", ")))
}
