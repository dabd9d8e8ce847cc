//! Looking ahead: what the next commands need, looked at together before the first of them is decided.
//!
//! A row of a large bank comes from far away, and a processor that decides one command after the other waits for each. Asked for many
//! at once, memory takes hardly longer than for one. So each step reads everything of its kind for all the commands, and nothing that
//! is read decides what is read next, until the next step. Nothing is decided here and nothing changes. What was found is handed on to
//! the decision, which believes none of it: a row that is not the one is looked for again.
//!
//! 1. The words of the index where the looks for the command and its accounts begin.
//! 2. The places of the accounts.
//! 3. The accounts.
//! 4. Their holders, whose levels say what they may do.
//! 5. What was counted of each key of whoever pays, where gates ask for that: as far away, and up to eight times as much.

use crate::index::Hashed;
use crate::ledger::Ledger;
use schemas::context::Named;
use schemas::{Asked, CommandId, KycLevel, Operation, Reserve};

/// Commands that are looked at together before they are decided: what they need fits the cache nearest to the processor but one.
pub const AHEAD: usize = 64;

/// What was found for one command.
#[derive(Clone, Copy, Debug)]
pub struct Near {
    /// The hash under which its pin lies.
    pub(crate) pin: Hashed,
    pub(crate) sides: Places,
}

/// Where a payer and a payee lie most likely; unknown where none is named, or not open yet.
pub(crate) type Places = [Option<u32>; 2];

/// What is looked for, and then what was found, for the commands of one look.
#[derive(Clone, Debug, Default)]
pub struct Ahead {
    sides: Vec<[Option<Hashed>; 2]>,
    found: Vec<Places>,
    pins: Vec<Hashed>,
    keys: Vec<Hashed>,
    slots: Vec<u32>,
}

impl Ahead {
    /// What was found for the command of a number.
    pub fn near(&self, number: usize) -> Near {
        Near { pin: self.pins[number], sides: self.found[number] }
    }

    fn clear(&mut self) {
        self.sides.clear();
        self.found.clear();
        self.pins.clear();
        self.keys.clear();
    }

    /// The same of the item of a batch.
    pub(crate) fn places(&self, number: usize) -> Places {
        self.found[number]
    }
}

impl Ledger {
    /// Looks at what these commands need, and notes what it finds. They should be few enough that all of it stays near until they are
    /// decided.
    pub fn look_ahead<'a>(&self, commands: impl Iterator<Item = &'a Asked> + Clone, ahead: &mut Ahead) {
        ahead.clear();
        for asked in commands.clone() {
            ahead.pins.push(self.pins.hashed(asked.id()));
            ahead.sides.push(self.hashed_sides(&asked.command().operation));
        }
        // 1.
        let seen = ahead.pins.iter().fold(0, |seen, pin| seen ^ self.pins.glance(*pin));
        std::hint::black_box(seen);
        self.look_at_accounts(ahead);
        self.look_at_attempts(commands.map(|asked| asked.named().first()), ahead);
    }

    /// The same of the items of a batch, which have no pins of their own, and of what each of them names, where one of them names
    /// anything.
    pub(crate) fn look_at_items(&self, items: &[Operation], named: &[Named], ahead: &mut Ahead) {
        ahead.clear();
        ahead.sides.extend(items.iter().map(|item| self.hashed_sides(item)));
        self.look_at_accounts(ahead);
        self.look_at_attempts((0..items.len()).map(|item| named.get(item)), ahead);
    }

    /// What is known of one command without a look.
    pub(crate) fn near(&self, command: CommandId) -> Near {
        Near { pin: self.pins.hashed(command), sides: [None; 2] }
    }

    fn hashed_sides(&self, operation: &Operation) -> [Option<Hashed>; 2] {
        let (Operation::Pay(payment) | Operation::Reserve(Reserve { payment, .. })) = operation else { return [None; 2] };
        [payment.account_debit, payment.account_credit].map(|side| side.map(|side| self.accounts.hashed(side)))
    }

    fn look_at_accounts(&self, Ahead { sides, found, .. }: &mut Ahead) {
        // 1.
        let words = sides.iter().flatten().flatten().fold(0, |seen, side| seen ^ self.accounts.glance(*side));
        std::hint::black_box(words);
        // 2.
        found.extend(sides.iter().map(|sides| sides.map(|side| self.accounts.likely_place(side?))));
        // 3.
        let places = found.iter().flatten().flatten();
        let seen = places.clone().fold(0, |seen, place| seen ^ self.accounts.at(*place).glance());
        // 4.
        let holders = places.filter_map(|place| self.accounts.at(*place).holder);
        let levels = holders.filter(|holder| self.customers.at(*holder).level != KycLevel::Unidentified).count();
        // Looks whose results nobody used would not be made.
        std::hint::black_box((seen, levels));
    }

    fn look_at_attempts<'a>(&self, named: impl Iterator<Item = Option<&'a Named>>, Ahead { found, keys, slots, .. }: &mut Ahead) {
        if !self.gates.in_force().is_any() {
            return;
        }
        // 5.
        let attempts = &self.gates.attempts;
        for ([payer, _], named) in found.iter().zip(named) {
            let Some(payer) = payer.map(|place| self.accounts.at(place)) else { continue };
            keys.extend(self.keys(payer, None, named).into_iter().flatten().map(|key| attempts.hashed(key)));
        }
        attempts.look_at(keys, slots);
    }
}
