//! The text that Prometheus reads, made when somebody asks for it.

use crate::since;
use prometheus::TextEncoder;
use std::sync::{Mutex, PoisonError};

/// The content type of the text.
pub const MEDIA_TYPE: &str = prometheus::TEXT_FORMAT;

type Look = Box<dyn Fn() + Send + Sync>;

static LOOKS: Mutex<Vec<Look>> = Mutex::new(Vec::new());

/// Sets gauges whenever somebody asks, for what is known anyway and need not be said at every change.
pub fn look(look: impl Fn() + Send + Sync + 'static) {
    LOOKS.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(look));
}

/// All that this process has touched.
pub fn text() -> prometheus::Result<String> {
    LOOKS.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(|look| look());
    since::show();
    TextEncoder::new().encode_to_string(&prometheus::gather())
}
