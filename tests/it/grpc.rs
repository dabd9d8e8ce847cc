//! The gRPC door, over the wire.
//!
//! `contract` compares it with REST, line by line; `client` asks a whole bank in another language, by reflection alone, and `refused`
//! a server that stands on nothing.

pub(crate) mod call;
mod client;
mod contract;
mod refused;
