//! What the answer to a command says that its decision does not: it is in the request.

use schemas::{Currency, Epoch, Operation};

/// What a request gives to its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// Nothing.
    Plain,
    /// A payment that counts from an earlier day.
    Counts {
        /// From when on.
        effective_at: Epoch,
    },
    /// A batch, with the currency of each item that names one.
    Batch(Vec<Option<Currency>>),
    /// A single operation that is only tried, with its currency if it names one.
    Tried(Option<Currency>),
}

impl Reply {
    /// What an operation gives to its answer; a batch that was not asked for as one is an operation that is only tried.
    pub(super) fn of(operation: &Operation, asked_for_batch: bool) -> Self {
        match operation {
            Operation::Order(order) => order.dated.effective_at().map_or(Self::Plain, |effective_at| Self::Counts { effective_at }),
            Operation::Batch(batch) if asked_for_batch => Self::Batch(batch.items.iter().map(currency).collect()),
            Operation::Batch(batch) => Self::Tried(batch.items.first().and_then(currency)),
            Operation::CreateCustomer(_)
            | Operation::OpenAccount(_)
            | Operation::Pay(_)
            | Operation::ActivateRules(_)
            | Operation::ChangeStatus(_)
            | Operation::Reserve(_)
            | Operation::Capture(_)
            | Operation::Release(_)
            | Operation::Refund(_)
            | Operation::Reverse(_)
            | Operation::SetPolicy(_)
            | Operation::CancelOrder(_)
            | Operation::SetAml(_)
            | Operation::Freeze(_)
            | Operation::ReportSignal(_)
            | Operation::List(_)
            | Operation::DecideReview(_)
            | Operation::Diligence(_) => Self::Plain,
        }
    }
}

/// The currency that an item names. What only points to a hold or a payment has that of it, which is not known here.
const fn currency(item: &Operation) -> Option<Currency> {
    match item {
        Operation::Pay(payment) => Some(payment.currency),
        Operation::Reserve(reserve) => Some(reserve.payment.currency),
        Operation::Capture(capture) => Some(capture.amount.currency),
        Operation::Refund(refund) => Some(refund.amount.currency),
        Operation::Release(_) | Operation::Reverse(_) => None,
        Operation::CreateCustomer(_)
        | Operation::OpenAccount(_)
        | Operation::ActivateRules(_)
        | Operation::ChangeStatus(_)
        | Operation::SetPolicy(_)
        | Operation::Batch(_)
        | Operation::Order(_)
        | Operation::CancelOrder(_)
        | Operation::SetAml(_)
        | Operation::Freeze(_)
        | Operation::ReportSignal(_)
        | Operation::List(_)
        | Operation::DecideReview(_)
        | Operation::Diligence(_) => None,
    }
}
