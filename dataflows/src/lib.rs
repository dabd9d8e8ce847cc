//! The questions: epochs in, epochs out. Nothing here does IO or knows the time of day.
//!
//! A dataflow is built once, from streams to streams; production and tests build the same one and differ only
//! in what stands at its ends.

use schemas::Epoch;
use timely::dataflow::StreamVec;

/// Who holds each account, and at which level?
pub mod accounts;
/// Which accounts had a part in a payment that settled?
pub mod active;
/// One epoch after the other.
pub mod in_order;
/// How much does the bank owe, and how much of that is held?
pub mod liabilities;
/// How many accounts are there, and how much is on them?
pub mod positions;
/// Which currencies, accounts and transactions do not balance?
pub mod proof;
/// Which rules against money laundering hold, for whom, and why?
pub mod risk;
/// Where the work on a row is done.
mod route;
/// What does each command do to the bank? The only dataflow that decides.
pub mod settlement;
/// How much did each merchant receive and each agent handle?
pub mod turnover;
/// What is to be written of each epoch?
pub mod views;
/// How many operations, of how much, at what fee; how many refused, and why?
pub mod volume;

/// Whole epochs on their way: one message an epoch.
pub type Epochs<'scope, D> = StreamVec<'scope, Epoch, D>;
