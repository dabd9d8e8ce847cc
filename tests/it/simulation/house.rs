//! The whole house in one thread: processes, network, servers and clients, and every action that could come next. Who
//! chooses among them is outside: a seed, a script, or an enumeration.

use super::super::exactly_once::asked::Asked;
use super::broker::{Place, Record};
use super::clients::{self, Clients};
use super::disk::Disk;
use super::door::{self, Append, Door};
use super::mistakes::Mistake;
use super::settlement::{self, End, Settlement, commands_place};
use super::views::{self, Views};
use super::world::World;
use schemas::{CommandId, Topic};
use std::collections::BTreeMap;

/// Something that may happen next. Faults are further below, and happen only if somebody wants them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Action {
    Settlement(usize, settlement::Step),
    Views(usize, views::Step),
    Door(usize, door::Step),
    /// A partition shows a transaction that has ended, or passes it by.
    Mark(usize, Place),
    /// Postgres does a commit that is under way.
    PostgresCommits(usize),
    /// An append reaches Kafka.
    Arrive(usize),
    /// An acknowledgement reaches the door.
    Acknowledge(usize),
    /// A client gets its answer.
    Answer(usize),
}

/// What runs in a process.
pub(super) enum Life {
    Settlement(Settlement),
    Views(Views),
    Door(Door),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Settlement,
    Views,
    Door,
}

pub(super) struct Process {
    pub(super) life: Life,
    /// Stopped, without knowing it.
    pub(super) asleep: bool,
}

impl Process {
    pub(super) const fn kind(&self) -> Kind {
        match self.life {
            Life::Settlement(_) => Kind::Settlement,
            Life::Views(_) => Kind::Views,
            Life::Door(_) => Kind::Door,
        }
    }
}

pub(super) struct House {
    pub(super) world: World,
    pub(super) processes: BTreeMap<usize, Process>,
    pub(super) clients: Clients,
    pub(super) network: BTreeMap<usize, Append>,
    /// How many actions there were: the clock of the clients.
    pub(super) moment: u64,
    /// Processes that ended by themselves, and why.
    pub(super) ended: Vec<(usize, End)>,
    /// How soon settlement takes a snapshot, in commands.
    pub(super) every_commands: u64,
    lives: usize,
    sent: usize,
    _disk: Disk,
}

impl House {
    pub(super) fn new(mistake: Option<Mistake>, event_partitions: i32, every_commands: u64, topics: &'static [Topic]) -> Self {
        let disk = Disk::new();
        Self {
            world: World::new(disk.folder().to_owned(), mistake, event_partitions, topics),
            processes: BTreeMap::new(),
            clients: Clients::default(),
            network: BTreeMap::new(),
            moment: 0,
            ended: Vec::new(),
            every_commands,
            lives: 0,
            sent: 0,
            _disk: disk,
        }
    }

    /// Starts a process; gives its number.
    pub(super) fn start(&mut self, kind: Kind, clock_off_ms: i64) -> usize {
        self.lives += 1;
        let life = match kind {
            Kind::Settlement => Life::Settlement(Settlement::new(clock_off_ms, self.every_commands)),
            Kind::Views => Life::Views(Views::new(self.lives)),
            Kind::Door => Life::Door(Door::new(self.lives)),
        };
        self.processes.insert(self.lives, Process { life, asleep: false });
        self.lives
    }

    /// A process is gone, with all that it had in memory.
    pub(super) fn crash(&mut self, number: usize) {
        if let Some(Process { life: Life::Door(_), .. }) = self.processes.remove(&number) {
            let through: Vec<_> = self.network.values().filter(|append| append.door == number).map(|append| append.attempt).collect();
            // What it sent may arrive yet; nobody will hear of it.
            self.clients.hang_up(&through, self.moment, &mut self.world);
        }
        self.world.postgres.forget_owed();
    }

    /// Everything that could come next.
    pub(super) fn enabled(&self) -> Vec<Action> {
        let mut actions = Vec::new();
        for (number, process) in self.processes.iter().filter(|(_, process)| !process.asleep) {
            match &process.life {
                Life::Settlement(life) => {
                    actions.extend(life.enabled(&self.world).into_iter().map(|step| Action::Settlement(*number, step)));
                }
                Life::Views(life) => actions.extend(life.enabled(&self.world).into_iter().map(|step| Action::Views(*number, step))),
                Life::Door(life) => actions.extend(life.enabled(&self.world).into_iter().map(|step| Action::Door(*number, step))),
            }
        }
        actions.extend(self.world.broker.unmarked().into_iter().map(|(number, place)| Action::Mark(number, place)));
        actions.extend(self.world.postgres.asked().into_iter().map(Action::PostgresCommits));
        for (number, append) in &self.network {
            let action = if append.offset.is_some() { Action::Acknowledge } else { Action::Arrive };
            actions.push(action(*number));
        }
        actions.extend(self.clients.answered().into_iter().map(Action::Answer));
        actions
    }

    /// Lets it happen.
    pub(super) fn act(&mut self, action: &Action) {
        self.moment += 1;
        let world = &mut self.world;
        let end = match action {
            Action::Settlement(number, step) => match self.processes.get_mut(number).map(|process| &mut process.life) {
                Some(Life::Settlement(life)) => life.act(*step, world).map_err(|end| (*number, end)),
                _ => Ok(()),
            },
            Action::Views(number, step) => match self.processes.get_mut(number).map(|process| &mut process.life) {
                Some(Life::Views(life)) => life.act(step, world).map_err(|end| (*number, end)),
                _ => Ok(()),
            },
            Action::Door(number, step) => {
                if let Some(Life::Door(life)) = self.processes.get_mut(number).map(|process| &mut process.life) {
                    life.act(step, world);
                }
                Ok(())
            }
            Action::Mark(number, place) => {
                world.broker.mark(*number, place);
                Ok(())
            }
            Action::PostgresCommits(session) => {
                if let Some(write) = world.postgres.commit(*session) {
                    write.epochs.iter().for_each(|epoch| world.shown(epoch.epoch(), "postgres"));
                }
                Ok(())
            }
            Action::Arrive(number) => {
                if let Some(append) = self.network.get_mut(number) {
                    append.arrive(world);
                }
                Ok(())
            }
            Action::Acknowledge(number) => {
                self.acknowledge(*number);
                Ok(())
            }
            Action::Answer(number) => {
                self.clients.end(*number, self.moment, world);
                Ok(())
            }
        };
        if let Err((number, end)) = end {
            self.ended.push((number, end));
            self.crash(number);
        }
    }

    /// A client asks through a door that runs; none if none does.
    pub(super) fn ask(&mut self, client: usize, key: &str, asked: Asked, door: usize) -> Option<()> {
        let Life::Door(life) = &self.processes.get(&door)?.life else { return None };
        if life.decisions()?.is_full() {
            return None;
        }
        let (attempt, command) = self.clients.ask(client, key, asked, self.moment);
        // A trace for every other attempt.
        let trace = if attempt % 2 == 0 { format!("00-{attempt:032x}-00f067aa0ba902b7-01") } else { String::new() };
        self.sent += 1;
        self.network.insert(self.sent, Append::new(attempt, door, &command, &trace, &self.world.encoder(), self.world.now_ms));
        Some(())
    }

    fn acknowledge(&mut self, number: usize) {
        let Some(Append { attempt, door, offset: Some(offset), .. }) = self.network.remove(&number) else { return };
        if let Some(Life::Door(life)) = self.processes.get(&door).map(|process| &process.life)
            && let Some(decisions) = life.decisions()
        {
            self.clients.taken(attempt, offset, |position, id| decisions.answer(position, id));
        }
    }

    /// The log gets a command to enrol somebody, under a key; gives it as it stands there.
    pub(super) fn append_customer(&mut self, key: &str, name: &str) -> (CommandId, Record) {
        let command = clients::command(key, &Asked::Customer { full_name: name.to_owned() });
        let value = self.world.encoder().command(&command).expect("it can be encoded");
        let record = Record::new(Some(command.id().to_string().into_bytes()), value, &[], self.world.now_ms);
        self.world.broker.append(&commands_place(), record.clone());
        (command.id(), record)
    }

    /// The processes of a kind.
    pub(super) fn of(&self, kind: Kind) -> Vec<usize> {
        self.processes.iter().filter(|(_, process)| process.kind() == kind).map(|(number, _)| *number).collect()
    }

    /// What tells one state of the house from another, as far as settlement, the views and the servers go.
    pub(super) fn fingerprint(&self) -> String {
        let process = |(number, process): (&usize, &Process)| match &process.life {
            Life::Settlement(life) => format!("{number} {}", life.fingerprint()),
            Life::Views(life) => format!("{number} {}", life.fingerprint()),
            Life::Door(_) => number.to_string(),
        };
        let processes: Vec<_> = self.processes.iter().map(process).collect();
        format!("{processes:?} {}", self.world.fingerprint())
    }
}
