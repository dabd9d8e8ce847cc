//! The gRPC door: every method is a route of REST under another name.
//!
//! In: calls, and the routes as they answer in this process. Out: answers. A call becomes a request of its route by the options that
//! `schemas/proto` gives to its method (`methods`), field by field (`json`, `request`), and the route's answer becomes a message or a
//! status the same way (`answer`, `status`). So nothing is checked here, nothing is authorized and nothing is known of the bank: a
//! new field needs its line in a `.proto` file, and no code. Never: a field that is passed over, in either direction.

mod answer;
/// Messages as bytes, by their descriptors.
pub mod codec;
mod deadline;
mod door;
mod health;
/// Messages as JSON, and back.
pub mod json;
/// Which route a method is.
pub mod methods;
mod request;
mod status;

pub use door::{SERVICES, code, name, panicked, router};

/// The descriptors of everything in `schemas/proto`, as protoc would write them.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/orion.binpb"));
