//! Scripts: what happens in which order, a line each, in files that need no Rust. Each ends with an evening: the house
//! comes to rest, and everything is judged.
//!
//! | Line | Means |
//! |---|---|
//! | `== SENTENCE` | begins a script |
//! | `settlement NAME`, `settlement NAME clock +MS`, `views NAME` | a process is there; it has done nothing yet |
//! | `NAME starts` | it does all that comes before its first epoch |
//! | `NAME WORDS` | it does one step: `bind`, `decide`, `begin`, `send`, `commit`, `heard`, `snapshot`, `ask`, ... |
//! | `NAME fetch TOPIC` | it reads all that the topic shows |
//! | `NAME runs` | it does whatever it can, until it can do nothing |
//! | `NAME cannot WORDS` | the step is not possible now |
//! | `NAME dies`, `NAME loses its connection` | it does |
//! | `append KEY customer NAME`, `append KEY again`, `append junk` | the log gets a record |
//! | `visible`, `visible TOPIC` | Kafka shows what was decided, everywhere or there |
//! | `kafka gives up PRODUCER`, `postgres commits`, `postgres ends`, `MS ms pass`, `the newest snapshot is damaged` | so it is |
//! | `expect decided KEY`, `expect undecided KEY` | whether Kafka has decided to show a decision on it |
//! | `expect epochs N`, `expect written N`, `expect read NAME N`, `expect snapshots N`, `expect fenced NAME`, `expect refused NAME` | a count; an end |
//! | `expect replayed NAME N` | so many epochs it replayed at its start, or still has to |

use super::broker::Record;
use super::chance::evening;
use super::house::{Action, House, Kind, Life};
use super::settlement::{self, End, commands_place};
use super::views;
use anyhow::{Context, bail, ensure};
use schemas::{CommandId, Topic};
use std::collections::BTreeMap;

/// A script, and where it stands.
pub(super) struct Script {
    pub(super) name: String,
    lines: Vec<(usize, String)>,
}

/// The scripts of a file.
pub(super) fn scripts(text: &str) -> Vec<Script> {
    let mut scripts: Vec<Script> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split('#').next().unwrap_or_default().trim();
        if let Some(name) = line.strip_prefix("== ") {
            scripts.push(Script { name: name.to_owned(), lines: Vec::new() });
        } else if let (false, Some(script)) = (line.is_empty(), scripts.last_mut()) {
            script.lines.push((number, line.to_owned()));
        }
    }
    scripts
}

/// Plays one.
pub(super) fn play(script: &Script) -> anyhow::Result<()> {
    let mut stage = Stage { house: House::new(None, 1, 1, Topic::ALL), names: BTreeMap::new(), asked: BTreeMap::new() };
    stage.house.world.record_schema();
    for (number, line) in &script.lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        stage.line(&words).with_context(|| format!("line {number}: {line}"))?;
        ensure!(stage.house.world.wrong.is_empty(), "line {number}: {line}: {:?}", stage.house.world.wrong);
    }
    let wrong = evening(stage.house);
    ensure!(wrong.is_empty(), "in the evening: {wrong:?}");
    Ok(())
}

struct Stage {
    house: House,
    names: BTreeMap<String, usize>,
    asked: BTreeMap<String, (CommandId, Record)>,
}

impl Stage {
    fn line(&mut self, words: &[&str]) -> anyhow::Result<()> {
        match words {
            ["settlement", name] => self.add(name, Kind::Settlement, 0),
            ["settlement", name, "clock", off] => self.add(name, Kind::Settlement, off.parse()?),
            ["views", name] => self.add(name, Kind::Views, 0),
            ["append", "junk"] => drop(self.house.world.broker.append(&commands_place(), Record::new(None, b"junk".to_vec(), &[], 0))),
            ["append", key, "again"] => {
                let (_, record) = self.asked.get(*key).context("it was never asked")?;
                self.house.world.broker.append(&commands_place(), record.clone());
            }
            ["append", key, "customer", name] => drop(self.asked.insert((*key).to_owned(), self.house.append_customer(key, name))),
            ["visible"] => self.show(|_| true),
            ["visible", topic] => self.show(|found| found == *topic),
            ["kafka", "gives", "up", producer] => {
                let id = ["orion-settlement", "orion-views"].into_iter().find(|id| id == producer).context("no such producer")?;
                ensure!(self.house.world.broker.time_out(id), "it has nothing open");
            }
            ["postgres", "commits"] => {
                let session = *self.house.world.postgres.asked().first().context("nobody has asked for a commit")?;
                self.house.act(&Action::PostgresCommits(session));
            }
            ["postgres", "ends"] => {
                let postgres = &mut self.house.world.postgres;
                [postgres.idle(), postgres.asked()].concat().into_iter().for_each(|session| postgres.end(session));
            }
            [pass, "ms", "pass"] => self.house.world.now_ms += pass.parse::<u64>()?,
            ["the", "newest", "snapshot", "is", "damaged"] => self.damage()?,
            ["expect", expected @ ..] => self.expect(expected)?,
            [name, "starts"] => self.start(name)?,
            [name, "runs"] => self.run(name)?,
            [name, "dies"] => self.house.crash(self.number(name)?),
            [name, "loses", "its", "connection"] => {
                let number = self.number(name)?;
                let Some(Life::Views(life)) = self.house.processes.get_mut(&number).map(|process| &mut process.life) else {
                    bail!("it is no process of the views")
                };
                ensure!(life.lose_connection(), "it has none");
            }
            [name, "fetch", topic] => {
                let fetches = |action: &Action| matches!(action, Action::Views(_, views::Step::Fetch(place)) if place.0 == *topic);
                while let Some(action) = self.enabled(name)?.into_iter().find(fetches) {
                    self.house.act(&action);
                }
            }
            [name, "cannot", step @ ..] => ensure!(self.step(name, step)?.is_none(), "it can"),
            [name, step @ ..] => {
                let action = self.step(name, step)?.with_context(|| format!("it can't; it can {:?}", self.enabled(name)))?;
                self.house.act(&action);
            }
            [] => {}
        }
        Ok(())
    }

    fn expect(&self, words: &[&str]) -> anyhow::Result<()> {
        let world = &self.house.world;
        let (found, expected) = match words {
            ["decided", key] => (usize::from(self.is_decided(key)?), 1),
            ["undecided", key] => (usize::from(self.is_decided(key)?), 0),
            ["epochs", count] => (world.committed.len(), count.parse()?),
            ["written", count] => (world.postgres.written.iter().map(|write| write.epochs.len()).sum(), count.parse()?),
            ["read", name, count] => {
                let number = self.number(name)?;
                (world.handed.iter().filter(|(by, _)| *by == number).count(), count.parse()?)
            }
            ["snapshots", count] => {
                let store = egress::snapshots::Store::open(&world.folder.join("settlement"))?;
                (store.list()?.len(), count.parse()?)
            }
            ["replayed", name, count] => {
                let number = self.number(name)?;
                let Some(Life::Settlement(life)) = self.house.processes.get(&number).map(|process| &process.life) else {
                    bail!("it is no process of settlement")
                };
                (life.replayed(), count.parse()?)
            }
            ["fenced", name] => (self.has_ended(name, End::Fenced)?, 1),
            ["refused", name] => (self.has_ended(name, End::Gap)?, 1),
            _ => bail!("nobody knows what that is"),
        };
        ensure!(found == expected, "{found} instead of {expected}");
        Ok(())
    }

    fn has_ended(&self, name: &str, end: End) -> anyhow::Result<usize> {
        let number = *self.names.get(name).context("no such process")?;
        Ok(usize::from(self.house.ended.contains(&(number, end))))
    }

    fn add(&mut self, name: &str, kind: Kind, clock_off_ms: i64) {
        let number = self.house.start(kind, clock_off_ms);
        self.names.insert(name.to_owned(), number);
    }

    fn show(&mut self, wanted: impl Fn(&str) -> bool) {
        for (number, place) in self.house.world.broker.unmarked() {
            if wanted(place.0) {
                self.house.world.broker.mark(number, &place);
            }
        }
    }

    fn damage(&self) -> anyhow::Result<()> {
        let folder = self.house.world.folder.join("settlement");
        let newest = *egress::snapshots::Store::open(&folder)?.list()?.first().context("there is none")?;
        let path = folder.join(newest.to_string());
        let bytes = std::fs::read(&path)?;
        Ok(std::fs::write(path, &bytes[..bytes.len() - 1])?)
    }

    fn is_decided(&self, key: &str) -> anyhow::Result<bool> {
        let (id, _) = self.asked.get(key).context("it was never asked")?;
        let place = (Topic::CustomerCreated.as_str(), 0);
        let text = id.to_string();
        Ok(self.house.world.broker.committed(&place).any(|record| record.value.windows(text.len()).any(|part| part == text.as_bytes())))
    }

    fn number(&self, name: &str) -> anyhow::Result<usize> {
        let number = *self.names.get(name).with_context(|| format!("there is no {name}"))?;
        ensure!(self.house.processes.contains_key(&number), "{name} has ended");
        Ok(number)
    }

    fn enabled(&self, name: &str) -> anyhow::Result<Vec<Action>> {
        let number = self.number(name)?;
        let is_its = |action: &Action| matches!(action, Action::Settlement(by, _) | Action::Views(by, _) if *by == number);
        Ok(self.house.enabled().into_iter().filter(is_its).collect())
    }

    /// The step of these words, if it is possible.
    fn step(&self, name: &str, words: &[&str]) -> anyhow::Result<Option<Action>> {
        let wanted = words.concat();
        let said = |action: &Action| match action {
            Action::Settlement(_, step) => format!("{step:?}").to_lowercase() == wanted,
            Action::Views(_, step) => format!("{step:?}").to_lowercase() == wanted,
            _ => false,
        };
        Ok(self.enabled(name)?.into_iter().find(said))
    }

    /// All that comes before the first epoch. What was decided becomes visible meanwhile.
    fn start(&mut self, name: &str) -> anyhow::Result<()> {
        let starts = |action: &Action| match action {
            Action::Settlement(_, step) => settlement::Step::STARTS.contains(step),
            Action::Views(_, step) => views::Step::STARTS.contains(step),
            _ => false,
        };
        loop {
            self.show(|_| true);
            if !self.house.processes.contains_key(&self.names[name]) {
                return Ok(());
            }
            let Some(action) = self.enabled(name)?.into_iter().find(starts) else { return Ok(()) };
            self.house.act(&action);
        }
    }

    /// Until only binding is left, which may be too early for ever.
    fn run(&mut self, name: &str) -> anyhow::Result<()> {
        let mut idle = 0;
        while idle < 2 && self.house.processes.contains_key(&self.names[name]) {
            let actions = self.enabled(name)?;
            let (binds, others): (Vec<_>, Vec<_>) =
                actions.into_iter().partition(|action| matches!(action, Action::Settlement(_, settlement::Step::Bind)));
            if let Some(action) = others.first() {
                idle = 0;
                self.house.act(action);
            } else if !self.house.world.broker.unmarked().is_empty() {
                // Whoever waits, waits for this, or for Postgres.
                self.show(|_| true);
            } else if let Some(session) = self.house.world.postgres.asked().first().copied() {
                self.house.act(&Action::PostgresCommits(session));
            } else {
                idle += 1;
                binds.first().into_iter().for_each(|action| self.house.act(action));
            }
        }
        Ok(())
    }
}
