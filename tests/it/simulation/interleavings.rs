//! Every interleaving of a small scenario, with one death at every point of each: not a sample, all of them.
//!
//! From a state, every move that is possible is made in turn. Two orders that lead to the same state go on as one, so a
//! few thousand states stand for many more interleavings, which are counted. Where no move is left the house comes to
//! rest and is judged. The clock stands still: an order is all that differs.

use super::chance::evening;
use super::house::{Action, House, Kind, Life};
use super::mistakes::Mistake;
use super::{door, settlement, views};
use schemas::Topic;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Whose schemas are written: who reads few, reads fast.
const TOPICS: &[Topic] = &[Topic::Commands, Topic::CustomerCreated, Topic::SettlementJournal, Topic::ViewsJournal];

/// Who takes part.
#[derive(Clone, Debug, Default)]
pub(super) struct Scenario {
    pub(super) name: &'static str,
    /// Settlements beside the first, which has started when it begins; each takes over from those before.
    pub(super) rivals: usize,
    /// Processes of the views; the first has started.
    pub(super) views: usize,
    /// Whether the first settlement has decided its epoch when it begins, and nothing is left to do for it.
    pub(super) decided: bool,
    /// Commands that arrive at any time, beside the one that is there.
    pub(super) arrive: usize,
    /// How many processes die.
    pub(super) deaths: usize,
    /// How many connections to Postgres are lost.
    pub(super) losses: usize,
    /// Whether partitions show a transaction one by one, or all at once.
    pub(super) one_by_one: bool,
}

/// What there was to see.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    pub(super) interleavings: u128,
    pub(super) states: usize,
    pub(super) ends: usize,
}

/// One move, in the words of the scripts.
#[derive(Clone, Debug)]
enum Move {
    /// Reads what the log has, and binds it.
    Bind(usize),
    /// Reads all that a topic shows.
    Fetch(usize, super::broker::Place),
    Step(Action),
    Visible,
    Arrive,
    Dies(usize),
    LosesConnection(usize),
}

struct Stage {
    house: House,
    arrive: usize,
    deaths: usize,
    losses: usize,
    one_by_one: bool,
}

/// Makes every move from every state; or says what is wrong, and after which moves.
pub(super) fn all(scenario: &Scenario, mistake: Option<Mistake>) -> Result<Seen, String> {
    let mut search = Search { scenario, mistake, states: HashMap::new(), ends: 0 };
    let interleavings = search.explore(Stage::new(scenario, mistake), &mut Vec::new())?;
    Ok(Seen { interleavings, states: search.states.len(), ends: search.ends })
}

struct Search<'a> {
    scenario: &'a Scenario,
    mistake: Option<Mistake>,
    /// How many ways lead on from each state; none while they are being counted.
    states: HashMap<u64, Option<u128>>,
    ends: usize,
}

impl Search<'_> {
    fn explore(&mut self, stage: Stage, path: &mut Vec<Move>) -> Result<u128, String> {
        let state = stage.fingerprint();
        if let Some(ways) = self.states.get(&state) {
            // A move that changes nothing is no way.
            return Ok(ways.unwrap_or(0));
        }
        self.states.insert(state, None);
        let moves = stage.moves();
        let mut ways = 0;
        if moves.is_empty() {
            self.is_right(path, &evening(stage.house))?;
            self.ends += 1;
            ways = 1;
        } else {
            let mut here = Some(stage);
            for next in moves {
                let mut stage = here.take().unwrap_or_else(|| Stage::at(self.scenario, self.mistake, path));
                path.push(next.clone());
                stage.make(&next);
                self.is_right(path, &stage.house.world.wrong)?;
                ways += self.explore(stage, path)?;
                path.pop();
            }
        }
        self.states.insert(state, Some(ways));
        Ok(ways)
    }

    fn is_right(&self, path: &[Move], wrong: &[String]) -> Result<(), String> {
        let Some(first) = wrong.first() else { return Ok(()) };
        let moves: Vec<String> = path.iter().map(|made| format!("  {made:?}")).collect();
        Err(format!("{first}\nin {}, after\n{}", self.scenario.name, moves.join("\n")))
    }
}

impl Stage {
    fn new(scenario: &Scenario, mistake: Option<Mistake>) -> Self {
        let mut house = House::new(mistake, 1, 1, TOPICS);
        house.world.record_schema();
        house.append_customer("one", "Awa");
        let mut stage =
            Self { house, arrive: scenario.arrive, deaths: scenario.deaths, losses: scenario.losses, one_by_one: scenario.one_by_one };
        for kind in [vec![Kind::Settlement; 1 + scenario.rivals], vec![Kind::Views; scenario.views]] {
            if let Some((first, rivals)) = kind.split_first() {
                stage.house.start(*first, 0);
                stage.begin();
                if scenario.decided && *first == Kind::Settlement {
                    stage.decide();
                }
                for rival in rivals {
                    stage.house.start(*rival, 0);
                }
            }
        }
        stage
    }

    /// The stage again, after these moves.
    fn at(scenario: &Scenario, mistake: Option<Mistake>, path: &[Move]) -> Self {
        let mut stage = Self::new(scenario, mistake);
        path.iter().for_each(|made| stage.make(made));
        stage
    }

    /// Lets the process that was started last do all that comes before its first epoch.
    fn begin(&mut self) {
        let last = self.house.processes.keys().next_back().copied().unwrap_or_default();
        let starts = |action: &Action| match action {
            Action::Settlement(number, step) => *number == last && settlement::Step::STARTS.contains(step),
            Action::Views(number, step) => *number == last && views::Step::STARTS.contains(step),
            _ => false,
        };
        loop {
            self.show();
            let Some(action) = self.house.enabled().into_iter().find(starts) else { return };
            self.house.act(&action);
        }
    }

    /// Lets settlement decide all there is, and everybody see it.
    fn decide(&mut self) {
        let done = |made: &Move| matches!(made, Move::Bind(_) | Move::Visible | Move::Step(Action::Settlement(..) | Action::Mark(..)));
        while let Some(made) = self.moves().into_iter().find(done) {
            self.make(&made);
        }
    }

    fn moves(&self) -> Vec<Move> {
        let mut moves = Vec::new();
        for action in self.house.enabled() {
            match action {
                // Reading is a part of binding.
                Action::Settlement(_, settlement::Step::Read) | Action::Door(_, door::Step::Tail) => {}
                Action::Settlement(number, settlement::Step::Bind) => moves.extend(self.binds(number).then_some(Move::Bind(number))),
                Action::Views(number, views::Step::Fetch(place)) => moves.push(Move::Fetch(number, place)),
                Action::Mark(..) if !self.one_by_one => {
                    if !moves.iter().any(|made| matches!(made, Move::Visible)) {
                        moves.push(Move::Visible);
                    }
                }
                action => moves.push(Move::Step(action)),
            }
        }
        moves.extend((self.arrive > 0).then_some(Move::Arrive));
        let idle = moves.is_empty();
        // A death that nobody waits for changes nothing: it counts only while there is something to do.
        if self.deaths > 0 && !idle {
            moves.extend(self.house.processes.keys().map(|number| Move::Dies(*number)));
        }
        if self.losses > 0 && !idle {
            moves.extend(self.house.of(Kind::Views).into_iter().map(Move::LosesConnection));
        }
        moves
    }

    fn binds(&self, number: usize) -> bool {
        match self.house.processes.get(&number).map(|process| &process.life) {
            Some(Life::Settlement(life)) => life.would_bind(&self.house.world),
            _ => false,
        }
    }

    fn make(&mut self, made: &Move) {
        match made {
            Move::Bind(number) => {
                while self.house.enabled().contains(&Action::Settlement(*number, settlement::Step::Read)) {
                    self.house.act(&Action::Settlement(*number, settlement::Step::Read));
                }
                self.house.act(&Action::Settlement(*number, settlement::Step::Bind));
            }
            Move::Fetch(number, place) => {
                let fetch = Action::Views(*number, views::Step::Fetch(*place));
                while self.house.enabled().contains(&fetch) {
                    self.house.act(&fetch);
                }
            }
            Move::Step(action) => self.house.act(action),
            Move::Visible => self.show(),
            Move::Arrive => {
                self.house.append_customer(&format!("late-{}", self.arrive), "Moussa");
                self.arrive -= 1;
            }
            Move::Dies(number) => {
                self.deaths -= 1;
                self.house.crash(*number);
            }
            Move::LosesConnection(number) => {
                self.losses -= 1;
                if let Some(Life::Views(life)) = self.house.processes.get_mut(number).map(|process| &mut process.life) {
                    life.lose_connection();
                }
            }
        }
    }

    fn show(&mut self) {
        for (number, place) in self.house.world.broker.unmarked() {
            self.house.world.broker.mark(number, &place);
        }
    }

    fn fingerprint(&self) -> u64 {
        let mut hash = DefaultHasher::new();
        (self.house.fingerprint(), self.arrive, self.deaths, self.losses).hash(&mut hash);
        hash.finish()
    }
}

/// Who decides.
pub(super) fn of_settlement() -> Scenario {
    Scenario { name: "two epochs, a rival, a death, snapshots", rivals: 1, arrive: 1, deaths: 1, ..Scenario::default() }
}

/// Who reads and writes it down.
pub(super) fn of_views() -> Vec<Scenario> {
    vec![
        Scenario {
            name: "an epoch, the views, a death, partitions one by one",
            views: 1,
            deaths: 1,
            one_by_one: true,
            ..Scenario::default()
        },
        Scenario { name: "the views of an epoch, their rival, a death", views: 2, decided: true, deaths: 1, ..Scenario::default() },
        Scenario { name: "an epoch, the views, a lost connection", views: 1, losses: 1, one_by_one: true, ..Scenario::default() },
    ]
}
