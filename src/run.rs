//! `orion run`: one process a cell, each started again when it ends.
//!
//! A panic or a full memory of one cell must not touch another, so each is a child process of this one. A child
//! reads its standard input and ends when that does: however this process dies, its children follow.

use crate::cell::Cell;
use crate::config::Config;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// `orion run`.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  orion run                      all cells, each in a process of its own\n  orion run --cells settlement   only settlement, in this process"
)]
pub struct Args {
    /// The cells to run; all without it. One cell runs in this process.
    #[arg(long, value_delimiter = ',')]
    pub cells: Vec<Cell>,
    /// Start although the last epoch is more than a day back.
    #[arg(long)]
    pub accept_gap: bool,
    /// End when standard input does.
    #[arg(long, hide = true)]
    pub supervised: bool,
}

/// Shortest and longest wait before a cell starts again.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// Runs one cell here, or several in processes of their own.
pub fn run(args: &Args, config: &Config) -> anyhow::Result<()> {
    if args.supervised {
        end_with_standard_input()?;
    }
    match args.cells.as_slice() {
        [cell] => cell.run(config, args.accept_gap),
        [] => supervise(&Cell::ALL, args.accept_gap),
        cells => supervise(cells, args.accept_gap),
    }
}

fn supervise(cells: &[Cell], accept_gap: bool) -> anyhow::Result<()> {
    let watch = |cell: Cell| std::thread::Builder::new().name(cell.name().to_owned()).spawn(move || keep(cell, accept_gap));
    let threads = cells.iter().map(|cell| watch(*cell)).collect::<Result<Vec<_>, _>>()?;
    for thread in threads {
        thread.join().expect("a supervising thread does not panic")?;
    }
    Ok(())
}

/// Keeps one cell running. A cell that ran well for a while starts again at once.
fn keep(cell: Cell, accept_gap: bool) -> anyhow::Result<()> {
    let (shortest, longest) = BACK_OFF;
    let mut wait = shortest;
    loop {
        let started = Instant::now();
        let mut child = start(cell, accept_gap)?;
        // `wait` would close the pipe, which tells the child to end.
        let pipe = child.stdin.take();
        tracing::info!(cell = cell.name(), process = child.id(), "started");
        let status = child.wait()?;
        drop(pipe);
        wait = if started.elapsed() > longest { shortest } else { (wait * 2).min(longest) };
        tracing::warn!(cell = cell.name(), %status, again_in_ms = wait.as_millis(), "a cell has ended");
        std::thread::sleep(wait);
    }
}

fn start(cell: Cell, accept_gap: bool) -> anyhow::Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["run", "--supervised", "--cells", cell.name()]);
    if accept_gap {
        command.arg("--accept-gap");
    }
    // The other end of the pipe is ours; it closes when this process ends, in whichever way.
    Ok(command.stdin(Stdio::piped()).spawn()?)
}

fn end_with_standard_input() -> anyhow::Result<()> {
    let wait = || {
        let mut input = std::io::stdin().lock();
        drop(std::io::copy(&mut input, &mut std::io::sink()));
        std::process::exit(0);
    };
    std::thread::Builder::new().name("supervised".to_owned()).spawn(wait)?;
    Ok(())
}
