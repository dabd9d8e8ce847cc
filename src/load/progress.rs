//! How far a run is: a bar on a terminal, a line every few seconds anywhere else.

use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Lines come no faster than this.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// One part of a run.
pub(super) struct Stage {
    title: &'static str,
    bar: ProgressBar,
    /// When the last line was written; none on a terminal.
    line: Option<Mutex<Instant>>,
}

impl Stage {
    /// Begins a part of `total` steps.
    pub(super) fn new(title: &'static str, total: usize) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let bar = ProgressBar::new(u64::try_from(total).unwrap_or(u64::MAX));
        if !terminal {
            bar.set_draw_target(indicatif::ProgressDrawTarget::hidden());
        }
        let style = ProgressStyle::with_template("{prefix:<14} {bar:14} {human_pos}/{human_len} {rate} {eta} {wide_msg}");
        let rate = |state: &ProgressState, text: &mut dyn std::fmt::Write| {
            // A bar can't say that it could not be drawn.
            let _ = write!(text, "{:.0}/s", state.per_sec());
        };
        bar.set_style(style.expect("the template is well formed").with_key("rate", rate));
        bar.set_prefix(title);
        Self { title, bar, line: (!terminal).then(|| Mutex::new(Instant::now())) }
    }

    /// A step is done; `message` is made only if it is shown.
    pub(super) fn step(&self, message: impl FnOnce() -> String) {
        self.bar.inc(1);
        let Some(line) = &self.line else {
            // The bar draws at most 20 times a second; so does the message.
            if self.bar.position().is_multiple_of(32) {
                self.bar.set_message(message());
            }
            return;
        };
        let mut last = line.lock().unwrap_or_else(PoisonError::into_inner);
        if last.elapsed() >= LINE_EVERY {
            *last = Instant::now();
            drop(last);
            self.write(&message());
        }
    }

    /// The part is over.
    pub(super) fn finish(&self, message: String) {
        if self.line.is_some() {
            self.write(&message);
        }
        self.bar.finish_with_message(message);
    }

    fn write(&self, message: &str) {
        let (done, total) = (self.bar.position(), self.bar.length().unwrap_or_default());
        eprintln!("{:<14} {done}/{total}  {message}", self.title);
    }
}
