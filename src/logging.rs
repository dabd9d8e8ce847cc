//! Logs: JSON lines on standard error, with the fields to search by; and a panic ends the process.
//!
//! Each line says time, level, target and, of a cell or a server, which service it is and, once it is known, its
//! generation; what is said inside a request stands in a span with its `trace_id`, and what is said of an epoch names it.

use std::fmt::{self, Write as _};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{Format, Json, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Which process this is; none for what a person runs.
static SERVICE: OnceLock<&'static str> = OnceLock::new();
/// Zero as long as there is none.
static GENERATION: AtomicU64 = AtomicU64::new(0);

/// Starts logging, at `info` unless `RUST_LOG` says otherwise.
///
/// A thread that panics would leave the others waiting for it for ever, so a panic aborts the process.
pub fn start() {
    // The Kafka client reports a broker that is away forty times a second; whoever reads or writes says it once.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,rdkafka=off,librdkafka=error"));
    let lines = tracing_subscriber::fmt().json().flatten_event(true).map_event_format(Signed);
    lines.with_env_filter(filter).with_writer(std::io::stderr).init();
    std::panic::set_hook(Box::new(move |panic| {
        tracing::error!(%panic, "the process panicked");
        std::process::abort();
    }));
}

/// From here on every line says which process it is of.
pub fn sign(service: &'static str) {
    // A process is one thing: whoever says so again changes nothing.
    SERVICE.get_or_init(|| service);
}

/// And of which generation.
pub fn claimed(generation: u64) {
    GENERATION.store(generation, Ordering::Relaxed);
}

/// Which process this is, if it is one that runs on.
pub fn service() -> Option<&'static str> {
    SERVICE.get().copied()
}

/// A line of JSON with what is the same for all lines of the process before the rest.
struct Signed(Format<Json>);

impl<S, N> FormatEvent<S, N> for Signed
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        let mut own = String::new();
        if let Some(service) = service() {
            write!(own, "\"service\":\"{service}\",")?;
        }
        match GENERATION.load(Ordering::Relaxed) {
            0 => {}
            generation => write!(own, "\"generation\":{generation},")?,
        }
        match line.strip_prefix('{') {
            Some(rest) => write!(writer, "{{{own}{rest}"),
            None => writer.write_str(&line),
        }
    }
}
