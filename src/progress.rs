//! How far an offline tool is: a bar on a terminal, a line every few seconds anywhere else, nothing if it is quiet.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// Lines come no faster than this.
const LINE_EVERY: Duration = Duration::from_secs(5);
/// Steps between two looks at the clock.
const LOOK_EVERY: u64 = 1024;

/// A count that goes up.
pub(crate) struct Progress {
    title: String,
    bar: ProgressBar,
    done: u64,
    /// When the last line was written; none on a terminal and where nobody wants to know.
    line: Option<Instant>,
}

impl Progress {
    /// Begins; `total` is zero where it is not known.
    pub(crate) fn new(title: &str, total: u64, quiet: bool) -> Self {
        let terminal = std::io::stderr().is_terminal() && !quiet;
        let bar = if total == 0 { ProgressBar::no_length() } else { ProgressBar::new(total) };
        if !terminal {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let template = if total == 0 {
            "{prefix:<14} {human_pos} {per_sec} {spinner}"
        } else {
            "{prefix:<14} {bar:20} {human_pos}/{human_len} {per_sec} {eta}"
        };
        bar.set_style(ProgressStyle::with_template(template).expect("the template is well formed"));
        bar.set_prefix(title.to_owned());
        Self { title: title.to_owned(), bar, done: 0, line: (!terminal && !quiet).then(Instant::now) }
    }

    /// That many more are done.
    pub(crate) fn add(&mut self, steps: u64) {
        let before = self.done;
        self.done += steps;
        if before / LOOK_EVERY == self.done / LOOK_EVERY {
            return;
        }
        self.bar.set_position(self.done);
        if let Some(last) = self.line.as_mut().filter(|last| last.elapsed() >= LINE_EVERY) {
            *last = Instant::now();
            match self.bar.length() {
                Some(total) => eprintln!("{}: {} of {total}", self.title, self.done),
                None => eprintln!("{}: {}", self.title, self.done),
            }
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
