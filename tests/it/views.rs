//! The views and everything that can go wrong with them: lost connections, zombies, damaged snapshots, deleted events,
//! another Kafka.

mod aggregates;
mod log;
mod paid;
mod partitions;
pub(crate) mod positions;
mod proxy;
pub(crate) mod reader;
mod rebuild;
mod restart;
mod sink;

pub(crate) use reader::views_url;
