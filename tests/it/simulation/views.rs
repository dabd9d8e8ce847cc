//! A process of the views, step by step: the steps of the real cell in their order. The dataflow is the real one.

use super::broker::{Handle, Place, Record};
use super::flow::Flow;
use super::mistakes::Mistake;
use super::postgres::Write;
use super::reader::Reader;
use super::settlement::{End, keep};
use super::world::{World, journal};
use dataflows::accounts::Told;
use dataflows::proof::books::{Subject, Sum};
use dataflows::views::{Given, Proved};
use egress::postgres::{Group, PostgresError};
use egress::records::Writer;
use egress::snapshots::{Name, Store};
use orion::cell::views::findings::Findings;
use orion::cell::views::group::{Cadence, Gathered, gather};
use orion::cell::views::{snapshots, start};
use schemas::{AccountStatus, Epoch, EpochEvents, Fact, Policy, StatusChange, Topic};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

const PRODUCER: &str = "orion-views";
const GROUP_MAX: usize = 6;
const SNAPSHOT_EVERY_MS: u64 = 100;

/// What a process of the views may do next.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Step {
    Fence,
    SendClaim,
    CommitClaim,
    ClaimRow,
    Stand,
    Fetch(Place),
    Prove,
    Begin,
    Ask,
    Heard,
    Look,
    Books,
}

impl Step {
    /// What comes before the first epoch.
    pub(super) const STARTS: [Self; 5] = [Self::Fence, Self::SendClaim, Self::CommitClaim, Self::ClaimRow, Self::Stand];
}

pub(super) struct Views {
    id: usize,
    phase: Phase,
}

enum Phase {
    New,
    Fenced(Handle),
    Claiming(Handle, u64),
    Claimed(u64),
    /// Generation, session, and the first epoch that is not written.
    Row(u64, usize, i64),
    Running(Box<Running>),
}

struct Running {
    generation: i64,
    session: usize,
    /// The progress, as this process believes it.
    epoch: i64,
    /// Epochs before this were written by somebody before us.
    written: Epoch,
    recorded: Vec<u32>,
    reader: Reader,
    flow: Flow,
    cadence: Cadence,
    findings: Findings,
    proved: VecDeque<Proved>,
    sink: Sink,
    books: VecDeque<Kept>,
    store: Store,
}

type Kept = (Name, Vec<(Subject, Sum)>);

enum Sink {
    Idle,
    /// To be written, again perhaps.
    Ready(Write, Option<Kept>),
    Begun(Write, Option<Kept>),
    Asked(Write, Option<Kept>),
    /// The connection is lost.
    Unknown(Write, Option<Kept>),
}

impl Views {
    pub(super) const fn new(id: usize) -> Self {
        Self { id, phase: Phase::New }
    }

    pub(super) fn enabled(&self, world: &World) -> Vec<Step> {
        let one = |step, is_enabled: bool| if is_enabled { vec![step] } else { Vec::new() };
        match &self.phase {
            Phase::New => vec![Step::Fence],
            Phase::Fenced(_) => {
                one(Step::SendClaim, world.broker.is_settled(PRODUCER) && world.broker.is_stable(&journal(Topic::ViewsJournal)))
            }
            Phase::Claiming(..) => vec![Step::CommitClaim],
            Phase::Claimed(_) => vec![Step::ClaimRow],
            Phase::Row(..) => one(Step::Stand, world.broker.is_stable(&journal(Topic::SettlementJournal))),
            Phase::Running(running) => running.enabled(world),
        }
    }

    pub(super) fn act(&mut self, step: &Step, world: &mut World) -> Result<(), End> {
        match (step, std::mem::replace(&mut self.phase, Phase::New)) {
            (Step::Fence, _) => self.phase = Phase::Fenced(world.broker.fence(PRODUCER)),
            (Step::SendClaim, Phase::Fenced(handle)) => {
                let generation = newest(world) + 1;
                let partitions = world.partitions.clone();
                let writer = Writer { encoder: world.encoder(), journal: Topic::ViewsJournal, partitions, generation };
                world.broker.begin(handle).map_err(|_| End::Fenced)?;
                let mut records = Vec::new();
                writer.claim(state::CODE_VERSION, |sent| keep(&mut records, Record::of(&sent, world.now_ms))).expect("claims are encoded");
                records.into_iter().try_for_each(|record| world.broker.send(handle, record)).map_err(|_| End::Fenced)?;
                self.phase = Phase::Claiming(handle, generation);
            }
            (Step::CommitClaim, Phase::Claiming(handle, generation)) => {
                world.commit(handle).map_err(|_| End::Fenced)?;
                self.phase = Phase::Claimed(generation);
            }
            (Step::ClaimRow, Phase::Claimed(generation)) => {
                let session = world.postgres.connect(i64::try_from(generation).expect("few lives are lived"));
                if !world.makes(Mistake::RowUnfenced) {
                    world.postgres.end_older(session);
                }
                let epoch = world.postgres.claim(session).map_err(|_| End::Fenced)?;
                self.phase = Phase::Row(generation, session, epoch);
            }
            (Step::Stand, Phase::Row(generation, session, epoch)) => {
                self.phase = Phase::Running(Box::new(Running::stand(self.id, generation, session, epoch, world)));
            }
            (step, Phase::Running(mut running)) => {
                running.act(step, world)?;
                self.phase = Phase::Running(running);
            }
            (step, _) => unreachable!("{step:?} is not enabled"),
        }
        Ok(())
    }

    /// The connection to Postgres is lost; the session there may live on. False where there was none.
    pub(super) fn lose_connection(&mut self) -> bool {
        let Phase::Running(running) = &mut self.phase else { return false };
        running.sink = match std::mem::replace(&mut running.sink, Sink::Idle) {
            Sink::Begun(write, kept) | Sink::Asked(write, kept) => Sink::Unknown(write, kept),
            sink => sink,
        };
        true
    }

    pub(super) fn fingerprint(&self) -> String {
        match &self.phase {
            Phase::New => "new".to_owned(),
            Phase::Fenced(handle) => format!("fenced {handle:?}"),
            Phase::Claiming(handle, generation) => format!("claiming {handle:?} {generation}"),
            Phase::Claimed(generation) => format!("claimed {generation}"),
            Phase::Row(generation, session, epoch) => format!("row {generation} {session} {epoch}"),
            Phase::Running(running) => running.fingerprint(),
        }
    }
}

impl Running {
    fn stand(id: usize, generation: u64, session: usize, epoch: i64, world: &mut World) -> Self {
        let store = Store::open(&world.folder.join("views")).expect("the disk is there");
        let schemas: Vec<_> = world.postgres.schemas.clone().into_iter().collect();
        let mut written = Epoch::try_from(epoch).expect("progress is never negative");
        let epochs: Vec<_> = world.postgres.written.iter().flat_map(|write| write.epochs.iter().cloned()).collect();
        let standing = start::find(
            &store,
            written,
            |from| Ok(Some(Reader::start(id, world, from, &schemas))),
            || unreachable!("this Kafka keeps its events"),
            |epoch| Ok(told(&epochs, epoch)),
        );
        let start::Standing { given, events: reader } = standing.expect("the disk is there");
        let mut flow = Flow::new();
        let cadence = Cadence::new(SNAPSHOT_EVERY_MS, given.as_ref().map_or(0, Given::epoch));
        let proved = given.map(|given| flow.give(given)).unwrap_or_default();
        if world.makes(Mistake::ProgressForgotten) {
            written = 0;
        }
        Self {
            generation: i64::try_from(generation).expect("few lives are lived"),
            session,
            epoch,
            written,
            recorded: Vec::new(),
            reader,
            flow,
            cadence,
            findings: Findings::default(),
            proved: proved.into(),
            sink: Sink::Idle,
            books: VecDeque::new(),
            store,
        }
    }

    fn enabled(&self, world: &World) -> Vec<Step> {
        let mut steps: Vec<Step> = self.reader.places(world).into_iter().map(Step::Fetch).collect();
        if !self.reader.whole.is_empty() && self.proved.len() < 4 {
            steps.push(Step::Prove);
        }
        let connected = world.postgres.is_connected(self.session);
        match &self.sink {
            Sink::Idle if !self.proved.is_empty() => steps.push(Step::Begin),
            Sink::Idle => {}
            Sink::Ready(..) => steps.extend((world.postgres.is_free() || !connected).then_some(Step::Begin)),
            Sink::Begun(..) => steps.push(Step::Ask),
            Sink::Asked(..) if connected && world.postgres.asked().contains(&self.session) => {}
            Sink::Asked(..) => steps.push(Step::Heard),
            Sink::Unknown(..) => steps.push(Step::Look),
        }
        if !self.books.is_empty() {
            steps.push(Step::Books);
        }
        steps
    }

    fn act(&mut self, step: &Step, world: &mut World) -> Result<(), End> {
        match (step, std::mem::replace(&mut self.sink, Sink::Idle)) {
            (Step::Fetch(place), sink) => {
                self.reader.fetch(place, world);
                self.sink = sink;
            }
            (Step::Prove, sink) => {
                if let Some(events) = self.reader.whole.pop_front() {
                    let keep = self.cadence.due(&events, self.written);
                    self.proved.extend(self.flow.give(Given::Epoch { events, keep }));
                }
                self.sink = sink;
            }
            (Step::Books, sink) => {
                if let Some((name, rows)) = self.books.pop_front() {
                    snapshots::keep(&self.store, name, &rows, 2).expect("the disk is there");
                    let (_, progress) = world.postgres.progress();
                    if i64::try_from(name.epoch).is_ok_and(|epoch| epoch >= progress) {
                        world.is_wrong(format!("the books of {name} are on the disk, and Postgres stands at {progress}"));
                    }
                }
                self.sink = sink;
            }
            (Step::Begin, Sink::Idle) => self.gather(world),
            (Step::Begin, Sink::Ready(write, kept)) if world.postgres.is_connected(self.session) => {
                world.postgres.begin(self.session, self.epoch, write.clone()).map_err(|_| End::Fenced)?;
                self.sink = Sink::Begun(write, kept);
            }
            (Step::Begin, Sink::Ready(write, kept)) => self.sink = Sink::Unknown(write, kept),
            (Step::Ask, Sink::Begun(write, kept)) if world.postgres.is_connected(self.session) => {
                world.postgres.ask(self.session);
                self.sink = Sink::Asked(write, kept);
            }
            (Step::Ask, Sink::Begun(write, kept)) => self.sink = Sink::Unknown(write, kept),
            (Step::Heard, Sink::Asked(write, kept)) if world.postgres.is_connected(self.session) => {
                world.postgres.pay();
                self.written(&write, kept);
            }
            (Step::Heard, Sink::Asked(write, kept)) => self.sink = Sink::Unknown(write, kept),
            (Step::Look, Sink::Unknown(write, kept)) => self.look(write, kept, world)?,
            (step, _) => unreachable!("{step:?} is not enabled"),
        }
        Ok(())
    }

    fn gather(&mut self, world: &World) {
        let Self { proved, findings, .. } = self;
        let Some(first) = proved.pop_front() else { return };
        let Gathered { group, kept, .. } = gather(first, self.written, GROUP_MAX, findings, || proved.pop_front());
        let schemas = self.reader.schemas();
        let Some(made) = Group::of(&group, self.epoch, findings.standing(), &schemas, &self.recorded) else { return };
        let mut kept = kept;
        if world.makes(Mistake::BooksEarly) {
            self.books.extend(kept.take());
        }
        let epochs = group.iter().map(|written| Arc::clone(&written.events)).collect();
        self.sink = Sink::Ready(Write { group: made, epochs }, kept);
    }

    /// Connects again, and sees whether it happened.
    fn look(&mut self, write: Write, kept: Option<Kept>, world: &mut World) -> Result<(), End> {
        self.session = world.postgres.connect(self.generation);
        world.postgres.end_older(self.session);
        match write.group.happened(self.generation, self.epoch, world.postgres.progress()) {
            Ok(true) => self.written(&write, kept),
            Ok(false) => self.sink = Sink::Ready(write, kept),
            Err(PostgresError::Fenced(_)) => return Err(End::Fenced),
            Err(error) => world.is_wrong(format!("the views: {error}")),
        }
        Ok(())
    }

    fn written(&mut self, write: &Write, kept: Option<Kept>) {
        self.epoch = write.group.next;
        self.recorded.extend(write.group.schemas.iter().map(|(id, _)| *id));
        if self.books.len() < 2 {
            self.books.extend(kept);
        }
    }

    fn fingerprint(&self) -> String {
        let sink = match &self.sink {
            Sink::Idle => "idle".to_owned(),
            Sink::Ready(write, _) => format!("ready {}", write.group.next),
            Sink::Begun(write, _) => format!("begun {}", write.group.next),
            Sink::Asked(write, _) => format!("asked {}", write.group.next),
            Sink::Unknown(write, _) => format!("unknown {}", write.group.next),
        };
        let proved: Vec<_> = self.proved.iter().map(|proved| proved.given.epoch()).collect();
        format!("{} {} {sink} {proved:?} {} {}", self.session, self.epoch, self.books.len(), self.reader.fingerprint())
    }
}

/// The levels of customers and the accounts at the end of an epoch, as Postgres has them.
fn told(written: &[Arc<EpochEvents>], epoch: Epoch) -> Vec<Told> {
    let (mut levels, mut accounts) = (BTreeMap::new(), BTreeMap::<_, schemas::Account>::new());
    for event in written.iter().flat_map(|epoch| &epoch.events).filter(|event| event.epoch <= epoch) {
        match &event.fact {
            Fact::AccountOpened(account) => drop(accounts.insert(account.id, account.clone())),
            Fact::StatusChanged(changed) if changed.change == StatusChange::Close => {
                accounts.get_mut(&changed.id).expect("what is closed was opened").status = AccountStatus::Closed;
            }
            Fact::PolicyChanged(policy) => {
                if let Policy::Level(set) = policy.as_ref() {
                    levels.insert(set.customer_id, Told::level(set.customer_id, set.level));
                }
            }
            _ => {}
        }
    }
    let accounts = accounts.values().flat_map(|account| std::iter::once(Told::account(account)).chain(Told::closed(account)));
    levels.into_values().chain(accounts).collect()
}

/// The newest generation in the journal of the views.
fn newest(world: &World) -> u64 {
    let place = journal(Topic::ViewsJournal);
    let (mut next, mut newest) = (0, 0);
    while let Some(record) = world.broker.next(&place, next, false) {
        next = record.offset + 1;
        if record.header(schemas::topic::SCHEMA_HEADER).is_empty() {
            let entry = World::read(|decoder| decoder.entry(Topic::ViewsJournal, &record.value)).expect("entries are ours");
            newest = newest.max(entry.generation());
        }
    }
    newest
}
