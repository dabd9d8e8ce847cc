//! How long a caller waits, where the way of asking says so: a deadline of gRPC, as a door hands it to the others.

use std::time::Duration;

/// The longest that a decision may take, from when the request came. What is not decided by then is answered as pending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience(pub Duration);
