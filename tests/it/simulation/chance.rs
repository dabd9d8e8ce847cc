//! A day of the house by a seed: actions in a random order, and between them faults. In the evening the faults end, the
//! house comes to rest by itself, and it is judged.

use super::super::exactly_once::evidence::said;
use super::super::exactly_once::random::Random;
use super::broker::{Place, Record};
use super::house::{Action, House, Kind, Life};
use super::judge::judge;
use super::mistakes::Mistake;
use super::settlement::{End, commands_place};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Choices of a day.
const CHOICES: usize = 2_000;
/// Choices in the morning, when nothing fails yet.
const MORNING: usize = 150;
/// Actions after which a house that does not rest never will.
const EVENING_MAX: usize = 12_000;
const MINUTE_MS: usize = 60_000;

/// What became of a house.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) seed: u64,
    /// What is wrong, if anything.
    pub(super) wrong: Vec<String>,
    /// What happened, in order.
    pub(super) trace: Vec<Happened>,
    pub(super) epochs: usize,
    pub(super) commands: usize,
    pub(super) answers: usize,
    pub(super) faults: usize,
    pub(super) fenced: usize,
    /// Most pins that lay on the disk alone, and processes that ended since they could not read one.
    pub(super) cold: usize,
    pub(super) unread: usize,
    /// What was said, and how often.
    pub(super) said: BTreeMap<&'static str, usize>,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Happened {
    Act(Action),
    Asked(String),
    Fault(String),
}

/// A day, an evening and the verdict; the same for the same seed.
pub(super) fn run(seed: u64, mistake: Option<Mistake>) -> Told {
    let mut day = Day::new(seed, mistake);
    let ended = catch_unwind(AssertUnwindSafe(|| {
        day.pass();
        day.rest();
        if day.house.world.wrong.is_empty() { judge(&day.house) } else { day.house.world.wrong.clone() }
    }));
    let panicked = |panic: Box<dyn std::any::Any + Send>| {
        let text = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        vec![format!("a process panics: {}", text.unwrap_or_default())]
    };
    let wrong = ended.unwrap_or_else(panicked);
    let House { world, clients, ended, .. } = &day.house;
    let written = world.postgres.written.iter().flat_map(|write| &write.epochs).flat_map(|epoch| &epoch.events);
    Told {
        seed,
        wrong,
        epochs: world.committed.len(),
        commands: world.broker.committed(&commands_place()).count(),
        answers: clients.history.iter().filter(|entry| entry.outcome.is_decision()).count(),
        faults: day.trace.iter().filter(|happened| matches!(happened, Happened::Fault(_))).count(),
        fenced: ended.iter().filter(|(_, end)| *end == End::Fenced).count(),
        cold: world.most_cold,
        unread: ended.iter().filter(|(_, end)| *end == End::Unread).count(),
        said: said(written),
        trace: day.trace,
    }
}

/// Lets a house come to rest, from wherever it stands, and judges it.
pub(super) fn evening(house: House) -> Vec<String> {
    let mut day = Day { house, random: Random::new(1), trace: Vec::new(), slow: BTreeMap::new(), doors: 0 };
    day.rest();
    if day.house.world.wrong.is_empty() { judge(&day.house) } else { day.house.world.wrong }
}

struct Day {
    house: House,
    random: Random,
    trace: Vec<Happened>,
    /// What is slow, and for how many more choices.
    slow: BTreeMap<Slow, usize>,
    doors: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Slow {
    Process(usize),
    Partition(Place),
    Network,
}

impl Day {
    fn new(seed: u64, mistake: Option<Mistake>) -> Self {
        let mut random = Random::new(seed);
        let partitions = i32::try_from(1 + random.below(3)).expect("it is small");
        let every = *random.of(&[3, 8, 1_000]).expect("there are three");
        Self {
            house: House::new(mistake, partitions, every, schemas::Topic::ALL),
            random,
            trace: Vec::new(),
            slow: BTreeMap::new(),
            doors: 2,
        }
    }

    /// The day: everything may happen, on some days more of it.
    fn pass(&mut self) {
        let percent = *self.random.of(&[1, 3, 6]).expect("there are three");
        for choice in 0..CHOICES {
            let step_ms = if self.random.percent(2) { 1_100 } else { self.random.below(4) };
            self.house.world.now_ms += u64::try_from(step_ms).expect("it is small");
            self.slow.retain(|_, left| {
                *left = left.saturating_sub(1);
                *left > 0
            });
            if choice > MORNING && self.random.percent(percent) {
                self.fault();
            }
            match self.random.below(10) {
                0 | 1 => self.ask(),
                2 => self.supervise(true),
                _ => self.act(),
            }
            if !self.house.world.wrong.is_empty() {
                return;
            }
        }
    }

    /// The evening: nobody asks, nothing fails, whoever sleeps wakes up.
    fn rest(&mut self) {
        self.slow.clear();
        self.house.processes.values_mut().for_each(|process| process.asleep = false);
        for step in 0..EVENING_MAX {
            if !self.house.world.wrong.is_empty() {
                return;
            }
            if self.is_quiet() {
                let waiting: Vec<_> = self.house.clients.waiting.keys().copied().collect();
                self.house.clients.hang_up(&waiting, self.house.moment, &mut self.house.world);
                return;
            }
            self.house.world.now_ms += 1 + u64::try_from(self.random.below(12)).expect("it is small");
            self.supervise(false);
            // A writer that is gone keeps the row, or the end of a log, no longer than Postgres and Kafka let it.
            if step % 400 == 399 {
                self.house.world.postgres.idle().into_iter().for_each(|session| self.house.world.postgres.end(session));
                self.house.world.broker.time_out("orion-settlement");
            }
            self.act();
        }
        self.house.world.is_wrong("the house does not come to rest");
    }

    fn is_quiet(&self) -> bool {
        let House { world, network, clients, .. } = &self.house;
        let upper = world.committed.values().next_back().and_then(|sealed| sealed.binding.inputs.first()).map_or(0, |input| input.upper);
        let read = world.broker.next(&commands_place(), upper, false).is_none();
        let shown = world.committed.keys().next_back().map_or(0, |last| last + 1);
        read && network.is_empty()
            && clients.answered().is_empty()
            && world.broker.unmarked().is_empty()
            && i64::try_from(shown) == Ok(world.postgres.progress().1)
    }

    fn act(&mut self) {
        let mut actions = self.house.enabled();
        actions.retain(|action| !self.is_slow(action));
        // Everybody's turn is as likely, whatever there is to do for each.
        let mut turns: BTreeMap<(u8, usize), Vec<Action>> = BTreeMap::new();
        for action in actions {
            turns.entry(turn(&action)).or_default().push(action);
        }
        let turns: Vec<_> = turns.into_values().collect();
        let turn = self.random.below(turns.len());
        let Some(turn) = turns.get(turn) else { return };
        let action = turn[self.random.below(turn.len())].clone();
        self.house.act(&action);
        self.trace.push(Happened::Act(action));
    }

    fn is_slow(&self, action: &Action) -> bool {
        if self.slow.is_empty() {
            return false;
        }
        let slow = |slow| self.slow.contains_key(&slow);
        match action {
            Action::Settlement(number, _) => slow(Slow::Process(*number)),
            Action::Views(number, super::views::Step::Fetch(place)) | Action::Door(number, super::door::Step::Fetch(place)) => {
                slow(Slow::Process(*number)) || slow(Slow::Partition(*place))
            }
            Action::Views(number, _) | Action::Door(number, _) => slow(Slow::Process(*number)),
            Action::Mark(_, place) => slow(Slow::Partition(*place)),
            Action::Arrive(_) | Action::Acknowledge(_) => slow(Slow::Network),
            Action::PostgresCommits(_) | Action::Answer(_) => false,
        }
    }

    fn ask(&mut self) {
        // Nobody waits for ever.
        if self.house.clients.idle().is_none()
            && let Some(oldest) = self.house.clients.tired(self.house.moment)
        {
            self.house.clients.end(oldest, self.house.moment, &mut self.house.world);
        }
        let doors = self.house.of(Kind::Door);
        let (Some(client), Some(door)) = (self.house.clients.idle(), self.random.of(&doors).copied()) else { return };
        let (key, asked) = self.house.clients.choose(&mut self.random, self.house.world.now_ms);
        if self.house.ask(client, &key, asked, door).is_some() {
            self.trace.push(Happened::Asked(format!("client {client} asks door {door} under {key}")));
        }
    }

    /// Whoever died is started again. By day its clock may be wrong.
    fn supervise(&mut self, by_day: bool) {
        for kind in [Kind::Settlement, Kind::Views, Kind::Door] {
            let wanted = if kind == Kind::Door { self.doors } else { 1 };
            if self.house.of(kind).len() < wanted {
                let clock_off_ms = if by_day && kind == Kind::Settlement { self.clock_off_ms() } else { 0 };
                let number = self.house.start(kind, clock_off_ms);
                self.trace.push(Happened::Fault(format!("{kind:?} {number} starts, its clock off by {clock_off_ms} ms")));
            }
        }
    }

    fn clock_off_ms(&mut self) -> i64 {
        let up_to = |random: &mut Random, minutes: usize| i64::try_from(random.below(minutes * MINUTE_MS)).expect("it is small");
        match self.random.below(20) {
            0..=2 => -up_to(&mut self.random, 120),
            3..=4 => up_to(&mut self.random, 12),
            5 => 2 * 86_400_000,
            _ => 0,
        }
    }

    fn fault(&mut self) {
        let numbers: Vec<usize> = self.house.processes.keys().copied().collect();
        let Some(number) = self.random.of(&numbers).copied() else { return };
        let what = match self.random.below(14) {
            0 | 1 => {
                self.house.crash(number);
                self.leave_half();
                format!("process {number} dies")
            }
            2 | 3 => {
                let kind = if self.random.percent(60) { Kind::Settlement } else { Kind::Views };
                if self.house.of(kind).len() > 2 {
                    return;
                }
                let clock_off_ms = if kind == Kind::Settlement { self.clock_off_ms() } else { 0 };
                format!("a rival of {kind:?}: {}, its clock off by {clock_off_ms} ms", self.house.start(kind, clock_off_ms))
            }
            4 => {
                let Some(process) = self.house.processes.get_mut(&number) else { return };
                process.asleep = !process.asleep;
                format!("process {number} {}", if process.asleep { "is stopped" } else { "wakes up" })
            }
            5 => {
                let jump_ms = u64::try_from(self.random.below(3 * MINUTE_MS)).expect("it is small");
                self.house.world.now_ms += jump_ms;
                format!("{jump_ms} ms pass")
            }
            6 => {
                let id = *self.random.of(&["orion-settlement", "orion-views"]).expect("there are two");
                if !self.house.world.broker.time_out(id) {
                    return;
                }
                format!("kafka gives up a transaction of {id}")
            }
            7 => {
                let Some(Life::Views(life)) = self.house.processes.get_mut(&number).map(|process| &mut process.life) else { return };
                if !life.lose_connection() {
                    return;
                }
                format!("views {number} lose their connection")
            }
            8 => {
                let sessions = [self.house.world.postgres.idle(), self.house.world.postgres.asked()].concat();
                let Some(session) = self.random.of(&sessions).copied() else { return };
                self.house.world.postgres.end(session);
                format!("postgres ends session {session}")
            }
            9 => {
                let sent: Vec<_> = self.house.network.keys().copied().collect();
                let Some(append) = self.random.of(&sent).and_then(|lost| self.house.network.remove(lost)) else { return };
                format!("attempt {} or its acknowledgement is lost", append.attempt)
            }
            10 => {
                let waiting: Vec<_> = self.house.clients.waiting.keys().copied().collect();
                let Some(number) = self.random.of(&waiting).copied() else { return };
                self.house.clients.end(number, self.house.moment, &mut self.house.world);
                format!("attempt {number} is given up")
            }
            11 => self.append_again(),
            12 => self.damage(),
            _ => self.slow_down(number),
        };
        self.trace.push(Happened::Fault(what));
    }

    /// A record arrives twice, or it is no command.
    fn append_again(&mut self) -> String {
        let place = commands_place();
        let commands: Vec<Record> = self.house.world.broker.committed(&place).filter(|record| record.key.is_some()).cloned().collect();
        let junk = Record::new(None, b"junk".to_vec(), &[], self.house.world.now_ms);
        let (record, what) = match self.random.of(&commands).cloned() {
            Some(record) if self.random.percent(70) => (record, "again"),
            _ => (junk, "junk"),
        };
        let offset = self.house.world.broker.append(&place, record);
        format!("the log gets {what} at {offset}")
    }

    fn slow_down(&mut self, number: usize) -> String {
        let places: Vec<Place> = schemas::Topic::ALL.iter().flat_map(|topic| self.house.world.broker.places(topic.as_str())).collect();
        let slow = match (self.random.below(3), self.random.of(&places).copied()) {
            (0, _) => Slow::Process(number),
            (1, Some(place)) => Slow::Partition(place),
            _ => Slow::Network,
        };
        let told = format!("{slow:?} is slow");
        self.slow.insert(slow, 20 + self.random.below(120));
        told
    }

    /// A process may die while it writes a file, which has no name yet.
    fn leave_half(&mut self) {
        let folder = self.house.world.folder.join("settlement");
        if folder.is_dir() && self.random.percent(30) {
            std::fs::write(folder.join("00000000000000000009-0000000001.snapshot.tmp"), b"orion snap").expect("the disk is there");
        }
    }

    /// The disk loses the end of a snapshot, or of a part of one.
    fn damage(&mut self) -> String {
        let cell = *self.random.of(&["settlement", "views"]).expect("there are two");
        let folder = self.house.world.folder.join(cell);
        let Ok(files) = std::fs::read_dir(&folder) else { return "nothing".to_owned() };
        let ending = if self.random.percent(50) { ".part" } else { ".snapshot" };
        let names = files.filter_map(|file| file.expect("the disk is there").file_name().into_string().ok());
        let mut names: Vec<String> = names.filter(|name| name.ends_with(ending)).collect();
        names.sort_unstable();
        let Some(name) = self.random.of(&names) else { return "nothing".to_owned() };
        let path = folder.join(name);
        let bytes = std::fs::read(&path).expect("it is there");
        std::fs::write(&path, &bytes[..bytes.len() / 2]).expect("the disk is there");
        self.house.world.parts_lost += usize::from(ending == ".part");
        format!("the disk loses half of {cell} {name}")
    }
}

fn turn(action: &Action) -> (u8, usize) {
    match action {
        Action::Settlement(number, _) | Action::Views(number, _) | Action::Door(number, _) => (0, *number),
        Action::Mark(..) => (1, 0),
        Action::PostgresCommits(_) => (2, 0),
        Action::Arrive(_) | Action::Acknowledge(_) => (3, 0),
        Action::Answer(_) => (4, 0),
    }
}
