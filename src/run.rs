//! `orion run`: one process a cell, each started again when it ends.
//!
//! A panic or a full memory of one cell must not touch another, so each is a child of this process. The two talk
//! over the child's standard input and output:
//! - to the child: a line `stop` asks for an orderly end; the end of the input, in whichever way this process dies,
//!   ends the child at once;
//! - from the child: a line says where its metrics are, and a line a second that it is not stuck. A child that says nothing for a while, since it is
//!   stopped or turns in circles, is killed, and the next one recovers.

use crate::audit;
use crate::cell::{Cell, Life};
use crate::config::{self, Config};
use crate::{logging, metrics};
use std::io::{BufRead as _, Write as _};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};

/// `orion run`.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  orion run                      all cells, each in a process of its own\n  orion run --cells settlement   only settlement, in this process; with --supervise, in one of its own\n\nSIGTERM or SIGINT stops: what is under way is finished, and settlement and risk leave a snapshot. A second one stops at once."
)]
pub struct Args {
    /// The cells to run; all without it. One cell runs in this process.
    #[arg(long, value_delimiter = ',')]
    pub cells: Vec<Cell>,
    /// Start although the last epoch is more than a day back.
    #[arg(long)]
    pub accept_gap: bool,
    /// Run even one cell in a process of its own, which is started again when it ends.
    #[arg(long, conflicts_with = "supervised")]
    pub supervise: bool,
    /// Take orders from standard input and say on standard output that all is well.
    #[arg(long, hide = true)]
    pub supervised: bool,
}

/// Shortest and longest wait before a cell starts again.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));
/// How often a supervisor looks at a cell.
const LOOK: Duration = Duration::from_millis(20);
/// How often a cell says that it is well.
const BEAT: Duration = Duration::from_secs(1);
/// The order to stop.
const STOP: &str = "stop";
/// Tells the allocator to give back what settlement has not used for fifteen seconds (it takes ten times what is written here). What it
/// needs from one snapshot to the next it keeps so: given back and asked for again, each page is cleared by the kernel while a payment
/// waits. What a burst needed it does not.
pub const KEEP_MEMORY: (&str, &str) = ("MIMALLOC_PURGE_DELAY", "1500");
/// What comes before the address of a cell's metrics.
const METRICS: &str = "metrics ";

/// Runs one cell here, or several in processes of their own.
pub fn run(args: &Args, config: &Config) -> anyhow::Result<()> {
    if args.cells.is_empty() || args.cells.iter().any(|cell| *cell != Cell::Settlement) {
        // A cell that can't sign would end and be started again for ever.
        audit::keys::signer(&config.audit)?;
    }
    match args.cells.as_slice() {
        [cell] if !args.supervise => {
            logging::sign(cell.name());
            let life = Life::default();
            if args.supervised {
                take_orders(*cell, &life)?;
                beat(&life, Duration::from_millis(config.run.stuck_ms))?;
            }
            let (cell, asked) = (*cell, life.clone());
            on_signal(move || end(cell, &asked))?;
            show(cell, args.supervised, config)?;
            cell.run(config, args.accept_gap, &life)
        }
        [] => supervise(&Cell::ALL, args.accept_gap, &config.run),
        cells => supervise(cells, args.accept_gap, &config.run),
    }
}

/// Serves what the cell measures, and says where: to the supervisor, which writes it into the log, or there by itself.
fn show(cell: Cell, supervised: bool, config: &Config) -> anyhow::Result<()> {
    meters::begin(cell.name(), crate::VERSION);
    let Some(listen) = config.metrics.of(cell)? else { return Ok(()) };
    metrics::serve(listen, move |url| {
        if supervised {
            // Nobody listens to a cell that is about to end.
            drop(writeln!(std::io::stdout(), "{METRICS}{url}"));
        } else {
            tracing::info!(cell = cell.name(), metrics = url, "serves its metrics");
        }
    })
}

fn supervise(cells: &[Cell], accept_gap: bool, limits: &config::Run) -> anyhow::Result<()> {
    logging::sign("run");
    let stopping = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stopping);
    on_signal(move || asked.store(true, Ordering::Release))?;
    let watch = |cell: Cell| {
        let supervisor = Supervisor { cell, accept_gap, limits: limits.clone(), stopping: Arc::clone(&stopping) };
        std::thread::Builder::new().name(cell.name().to_owned()).spawn(move || supervisor.keep())
    };
    let threads = cells.iter().map(|cell| watch(*cell)).collect::<Result<Vec<_>, _>>()?;
    for thread in threads {
        thread.join().expect("a supervising thread does not panic")?;
    }
    Ok(())
}

/// Keeps one cell running.
struct Supervisor {
    cell: Cell,
    accept_gap: bool,
    limits: config::Run,
    stopping: Arc<AtomicBool>,
}

impl Supervisor {
    /// Until it is told to stop. A cell that ran well for a while starts again at once.
    fn keep(&self) -> anyhow::Result<()> {
        let (shortest, longest) = BACK_OFF;
        let mut wait = shortest;
        while !self.stopping.load(Ordering::Acquire) {
            let started = Instant::now();
            let status = self.watch(self.start()?)?;
            if self.stopping.load(Ordering::Acquire) {
                tracing::info!(cell = self.cell.name(), %status, "stopped");
                break;
            }
            wait = if started.elapsed() > longest { shortest } else { (wait * 2).min(longest) };
            tracing::warn!(cell = self.cell.name(), %status, again_in_ms = wait.as_millis(), "a cell has ended");
            let again = Instant::now() + wait;
            while Instant::now() < again && !self.stopping.load(Ordering::Acquire) {
                std::thread::sleep(LOOK);
            }
        }
        Ok(())
    }

    fn start(&self) -> anyhow::Result<Child> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["run", "--supervised", "--cells", self.cell.name()]);
        if self.accept_gap {
            command.arg("--accept-gap");
        }
        if self.cell == Cell::Settlement {
            command.env(KEEP_MEMORY.0, KEEP_MEMORY.1);
        }
        Ok(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?)
    }

    /// Until the child has ended.
    fn watch(&self, mut child: Child) -> anyhow::Result<ExitStatus> {
        // `wait` would close the pipe, which tells the child to end.
        let mut orders: Option<ChildStdin> = child.stdin.take();
        tracing::info!(cell = self.cell.name(), process = child.id(), "started");
        let heard = Arc::new(AtomicU64::new(now_ms()));
        if let Some(output) = child.stdout.take() {
            let heard = Arc::clone(&heard);
            let cell = self.cell.name();
            let listen = move || {
                for line in std::io::BufReader::new(output).lines().map_while(Result::ok) {
                    heard.store(now_ms(), Ordering::Release);
                    if let Some(url) = line.strip_prefix(METRICS) {
                        tracing::info!(cell, metrics = url, "serves its metrics");
                    }
                }
            };
            std::thread::Builder::new().name("beats".to_owned()).spawn(listen)?;
        }
        let mut give_up = None;
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            if now_ms().saturating_sub(heard.load(Ordering::Acquire)) > self.limits.stuck_ms {
                tracing::error!(cell = self.cell.name(), process = child.id(), "the cell is stuck: it is killed and starts again");
                child.kill()?;
                heard.store(now_ms(), Ordering::Release);
            }
            if self.stopping.load(Ordering::Acquire) {
                let give_up = *give_up.get_or_insert_with(|| {
                    // A child that has just ended does not listen.
                    drop(orders.as_mut().map(|orders| writeln!(orders, "{STOP}")));
                    Instant::now() + Duration::from_millis(self.limits.stop_ms)
                });
                if Instant::now() > give_up {
                    tracing::warn!(cell = self.cell.name(), "the cell does not stop in time: it is killed");
                    child.kill()?;
                }
            }
            std::thread::sleep(LOOK);
        }
    }
}

/// Milliseconds since this process looked first.
fn now_ms() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(START.elapsed().as_millis()).expect("no process runs for 500 million years")
}

/// Ends a cell. What views have under way are transactions, whole or not there; settlement and risk have a snapshot to leave.
fn end(cell: Cell, life: &Life) {
    match cell {
        Cell::Settlement | Cell::Risk => life.stop.request(),
        Cell::Views => std::process::exit(0),
    }
}

fn take_orders(cell: Cell, life: &Life) -> anyhow::Result<()> {
    let life = life.clone();
    let listen = move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if line == STOP {
                end(cell, &life);
            }
        }
        std::process::exit(0);
    };
    std::thread::Builder::new().name("orders".to_owned()).spawn(listen)?;
    Ok(())
}

fn beat(life: &Life, stuck_after: Duration) -> anyhow::Result<()> {
    let life = life.clone();
    let say = move || {
        loop {
            if !life.pulse.is_stuck(stuck_after) && writeln!(std::io::stdout(), "well").is_err() {
                // Nobody listens; whether to end is for the orders to say.
                return;
            }
            std::thread::sleep(BEAT);
        }
    };
    std::thread::Builder::new().name("beat".to_owned()).spawn(say)?;
    Ok(())
}

/// Calls `act` at the first SIGTERM or SIGINT, and ends the process at the second.
fn on_signal(act: impl FnOnce() + Send + 'static) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut terminate, mut interrupt) = {
        let _inside = runtime.enter();
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?)
    };
    let mut next = async move || {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    let wait = move || {
        runtime.block_on(next());
        tracing::info!("stopping");
        act();
        runtime.block_on(next());
        std::process::exit(130);
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(wait)?;
    Ok(())
}
