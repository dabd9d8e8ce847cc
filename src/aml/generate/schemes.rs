//! Those who launder money, and those who only look as if.
//!
//! | Typology | Money laundering | Looks alike |
//! |---|---|---|
//! | fan_out | one pays many once | an employer pays wages, every month |
//! | fan_in | many pay one once | a collection for a feast; a tontine, in which every week all pay another member |
//! | cycle | money goes round among 3 to 8 and comes back | a family in which everybody helps the next one |
//! | scatter_gather | one pays another through several in between | |
//! | gather_scatter | several pay one, who pays several | |
//! | bipartite | several pay each of several others | |
//! | stack | the same, twice over | |
//! | random | money wanders among a few | |
//!
//! Most are done within days; a fifth takes a month or more. What goes on in layers keeps most of its amount, and loses a fee at each.

use super::town::{of, second, shuffle};
use super::{DAY_MS, FIRST, Paid, Pattern, World};
use crate::load::random::SplitMix64;
use schemas::{Epoch, PaymentKind, Role};

/// For so many accounts, one pattern of each typology.
const ACCOUNTS_EACH: usize = 400;

/// Someone who adds patterns to the world.
struct Schemer<'a> {
    world: &'a mut World,
    random: &'a mut SplitMix64,
    people: Vec<usize>,
    days: u64,
}

/// From when to when, in milliseconds.
#[derive(Clone, Copy)]
struct Span {
    from: Epoch,
    to: Epoch,
}

impl Span {
    /// The first and the second half of it.
    const fn halves(self) -> [Self; 2] {
        let middle = self.from + (self.to - self.from) / 2;
        [Self { from: self.from, to: middle }, Self { from: middle, to: self.to }]
    }
}

/// Adds all of them.
pub(super) fn add(world: &mut World, days: u64, random: &mut SplitMix64) {
    let people = of(world, Role::Customer);
    let each = (world.roles.len() / ACCOUNTS_EACH).max(1);
    let mut schemer = Schemer { world, random, people, days };
    for _ in 0..each {
        schemer.fan("fan_out", true);
        schemer.fan("fan_in", true);
        schemer.cycle(true);
        schemer.scatter_gather();
        schemer.gather_scatter();
        schemer.layers("bipartite", 1);
        schemer.layers("stack", 2);
        schemer.wander();
        schemer.payroll();
        schemer.fan("fan_in", false);
        schemer.tontine();
        schemer.cycle(false);
    }
}

impl Schemer<'_> {
    fn begin(&mut self, typology: &'static str, is_sar: bool) -> usize {
        self.world.patterns.push(Pattern { typology, is_sar });
        self.world.patterns.len() - 1
    }

    /// So many people, none twice.
    fn some(&mut self, count: usize) -> Vec<usize> {
        let mut some = Vec::with_capacity(count);
        while some.len() < count {
            let one = self.people[self.random.index(self.people.len())];
            if !some.contains(&one) {
                some.push(one);
            }
        }
        some
    }

    /// At least so many, and up to so many more.
    fn count(&mut self, least: usize, more: usize) -> usize {
        least + self.random.index(more + 1)
    }

    /// Some days, of which a fifth is many.
    fn span(&mut self) -> Span {
        let length = if self.random.below(5) == 0 { 30 + self.random.below(30) } else { 2 + self.random.below(13) };
        let length = u64::try_from(length).expect("it is not negative").min(self.days - 1);
        let first = self.random.next() % (self.days - length);
        Span { from: FIRST + first * DAY_MS, to: FIRST + (first + length) * DAY_MS }
    }

    /// So many moments, in order.
    fn moments(&mut self, count: usize, Span { from, to }: Span) -> Vec<Epoch> {
        let days = ((to - from) / DAY_MS).max(1);
        let mut moments: Vec<Epoch> = (0..count).map(|_| from + self.random.next() % days * DAY_MS + second(self.random)).collect();
        moments.sort_unstable();
        moments
    }

    /// Some hundred thousand francs.
    fn sum(&mut self) -> i64 {
        100_000 + self.random.below(900) * 1_000 + self.random.below(1_000)
    }

    /// What is left after a fee.
    fn less(&mut self, amount: i64) -> i64 {
        amount * (92 + self.random.below(7)) / 100
    }

    fn pay(&mut self, pattern: usize, time: Epoch, payer: usize, payee: usize, amount: i64) {
        if payer != payee {
            self.world.paid.push(Paid { time, payer, payee, amount, kind: PaymentKind::Transfer, pattern: Some(pattern) });
        }
    }

    fn fan(&mut self, typology: &'static str, is_sar: bool) {
        let (pattern, span, count) = (self.begin(typology, is_sar), self.span(), self.count(5, 10));
        let some = self.some(count + 1);
        let moments = self.moments(count, span);
        for (other, time) in some[1..].iter().zip(moments) {
            let amount = if is_sar { self.sum() } else { 1_000 * (1 + self.random.below(10)) };
            let (payer, payee) = if typology == "fan_in" { (*other, some[0]) } else { (some[0], *other) };
            self.pay(pattern, time, payer, payee, amount);
        }
    }

    fn cycle(&mut self, is_sar: bool) {
        let (pattern, span, count) = (self.begin("cycle", is_sar), self.span(), self.count(3, 5));
        let some = self.some(count);
        let mut amount = self.sum();
        for (place, time) in self.moments(count, span).into_iter().enumerate() {
            self.pay(pattern, time, some[place], some[(place + 1) % count], amount);
            // Those who launder pass on what they got; those who help give what they have.
            amount = if is_sar { self.less(amount) } else { 5_000 * (1 + self.random.below(20)) };
        }
    }

    fn scatter_gather(&mut self) {
        let (pattern, span, count) = (self.begin("scatter_gather", true), self.span(), self.count(3, 7));
        let some = self.some(count + 2);
        let [first, second] = span.halves();
        let (out, back) = (self.moments(count, first), self.moments(count, second));
        for (place, middle) in some[2..].iter().enumerate() {
            let amount = self.sum();
            self.pay(pattern, out[place], some[0], *middle, amount);
            let less = self.less(amount);
            self.pay(pattern, back[place], *middle, some[1], less);
        }
    }

    fn gather_scatter(&mut self) {
        let pattern = self.begin("gather_scatter", true);
        let (span, senders, receivers) = (self.span(), self.count(3, 6), self.count(3, 6));
        let some = self.some(1 + senders + receivers);
        let [first, second] = span.halves();
        let mut gathered = 0;
        let moments = self.moments(senders, first);
        for (sender, time) in some[1..=senders].iter().zip(moments) {
            let amount = self.sum();
            gathered += amount;
            self.pay(pattern, time, *sender, some[0], amount);
        }
        let share = self.less(gathered) / i64::try_from(receivers).expect("they are few");
        let moments = self.moments(receivers, second);
        for (receiver, time) in some[senders + 1..].iter().zip(moments) {
            self.pay(pattern, time, some[0], *receiver, share);
        }
    }

    /// So many times, everybody on one side pays everybody on the next.
    fn layers(&mut self, typology: &'static str, times: usize) {
        let (pattern, mut span, wide) = (self.begin(typology, true), self.span(), self.count(3, 2));
        let some = self.some(wide * (times + 1));
        for layer in 0..times {
            let [first, second] = if times == 1 { [span; 2] } else { span.halves() };
            let mut moments = self.moments(wide * wide, first).into_iter();
            for payer in &some[layer * wide..(layer + 1) * wide] {
                let mut payees = some[(layer + 1) * wide..(layer + 2) * wide].to_vec();
                shuffle(&mut payees, self.random);
                for payee in payees {
                    let (time, amount) = (moments.next().expect("one a payment"), self.sum());
                    self.pay(pattern, time, *payer, payee, amount);
                }
            }
            span = second;
        }
    }

    fn wander(&mut self) {
        let (pattern, span, count) = (self.begin("random", true), self.span(), self.count(5, 10));
        let some = self.some(5);
        let (mut at, mut amount) = (0, self.sum());
        for time in self.moments(count, span) {
            let next = (at + 1 + self.random.index(some.len() - 1)) % some.len();
            self.pay(pattern, time, some[at], some[next], amount);
            amount = self.less(amount);
            at = next;
        }
    }

    /// Wages, on the same day of every thirty.
    fn payroll(&mut self) {
        let (pattern, count) = (self.begin("fan_out", false), self.count(8, 20));
        let some = self.some(count + 1);
        let wages: Vec<i64> = (0..count).map(|_| 60_000 + 5_000 * self.random.below(40)).collect();
        let first = self.random.next() % 30;
        for month in (first..self.days).step_by(30) {
            for (person, wage) in some[1..].iter().zip(&wages) {
                let time = FIRST + month * DAY_MS + second(self.random);
                self.pay(pattern, time, some[0], *person, *wage);
            }
        }
    }

    /// Rotating savings: every week all members pay the next one.
    fn tontine(&mut self) {
        let (pattern, count) = (self.begin("fan_in", false), self.count(6, 6));
        let (some, share) = (self.some(count), 5_000 * (1 + self.random.below(6)));
        let first = self.random.next() % 7;
        for (turn, week) in (first..self.days).step_by(7).enumerate() {
            let payee = some[turn % count];
            for payer in &some {
                let time = FIRST + week * DAY_MS + second(self.random);
                self.pay(pattern, time, *payer, payee, share);
            }
        }
    }
}
