//! Logs: JSON lines on standard error, with the fields to search by; and a panic ends the process.

use tracing_subscriber::EnvFilter;

/// Starts logging, at `info` unless `RUST_LOG` says otherwise.
///
/// A thread that panics would leave the others waiting for it for ever, so a panic aborts the process.
pub fn start() {
    // The Kafka client reports a broker that is away forty times a second; whoever reads or writes says it once.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,rdkafka=off,librdkafka=error"));
    tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(filter).with_writer(std::io::stderr).init();
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        print(panic);
        std::process::abort();
    }));
}
