//! Made-up traffic of a seed: cash in, cash out, people paying each other and merchants, and some refusals.
//!
//! The generator keeps the balances that the bank will have, so it knows what an account can pay and what it
//! can't. The same seed and size give the same plan.

use super::plan::{Holder, Opening, Party, Plan, PlannedAccount, PlannedPayment};
use super::random::SplitMix64;
use schemas::{Currency, Money, PaymentKind, Role};
use uuid::Uuid;

/// First and last names, separated by spaces.
const FIRST: &str = "Awa Moussa Fatou Ibrahim Aminata Kofi Mariam Ousmane Adjoa Seydou Khady Yao Bintou Cheikh Akissi Salif";
const LAST: &str = "Diop Traoré Koné Ouattara Ndiaye Mensah Coulibaly Sow Kouassi Diallo Touré Ba Camara Fall Sanogo Zongo";

/// A day of `payments` payments.
pub(super) fn generate(seed: u64, payments: usize) -> Plan {
    let people = (payments / 20).clamp(100, 2_000);
    // Agents pay and are paid in nearly half of all payments, each in order: with few of them, they set the pace.
    let (merchants, agents) = ((people / 20).max(2), (people / 4).max(2));
    let mut town = Town::new(SplitMix64::new(seed), people, merchants, agents);
    let day: Vec<PlannedPayment> = (0..payments).map(|_| town.payment()).collect();
    let floats = town.floats.iter().enumerate().map(|(agent, float)| Opening { account: town.agents + agent, amount_minor: *float });
    town.openings.extend(floats.filter(|opening| opening.amount_minor > 0));
    Plan { holders: town.holders, accounts: town.accounts, openings: town.openings, payments: day }
}

/// Holders and accounts have the same number: people first, then merchants, then agents.
struct Town {
    random: SplitMix64,
    holders: Vec<Holder>,
    accounts: Vec<PlannedAccount>,
    openings: Vec<Opening>,
    /// What each person's account holds.
    balances: Vec<i64>,
    /// What each agent gives out over the day.
    floats: Vec<i64>,
    merchants: usize,
    agents: usize,
}

impl Town {
    fn new(random: SplitMix64, people: usize, merchants: usize, agents: usize) -> Self {
        let mut town = Self {
            random,
            holders: Vec::new(),
            accounts: Vec::new(),
            openings: Vec::new(),
            balances: Vec::new(),
            floats: vec![0; agents],
            merchants: people,
            agents: people + merchants,
        };
        for person in 0..people {
            let balance = 500 * (10 + town.random.below(390));
            town.balances.push(balance);
            town.openings.push(Opening { account: person, amount_minor: balance });
            town.settle_in("", Role::Customer);
        }
        (0..merchants).for_each(|_| town.settle_in("Boutique ", Role::Merchant));
        (0..agents).for_each(|_| town.settle_in("Point cash ", Role::Agent));
        town
    }

    fn settle_in(&mut self, title: &str, role: Role) {
        let [first, last] = [FIRST, LAST].map(|names| names.split(' ').nth(self.random.index(16)).unwrap_or_default());
        self.accounts.push(PlannedAccount { holder: self.holders.len(), role });
        self.holders.push(Holder { full_name: format!("{title}{first} {last}") });
    }

    /// One in twenty is refused, mostly for want of money.
    fn payment(&mut self) -> PlannedPayment {
        let person = self.random.index(self.balances.len());
        match self.random.below(1_000) {
            0..=4 => PlannedPayment { credit: self.stranger(), ..self.transfer(person, 100) },
            5..=6 => PlannedPayment { debit: self.stranger(), ..self.transfer(person, 100) },
            7..=11 => {
                let euros = Money { minor: 25 * (1 + self.random.below(400)), currency: "EUR".parse().expect("ISO 4217 has the euro") };
                PlannedPayment { amount: euros, ..self.transfer(person, 100) }
            }
            12..=16 => {
                let theft = self.transfer(person, 100);
                let Party::Account(thief) = theft.credit else { return theft };
                PlannedPayment { caller: thief, ..theft }
            }
            17..=54 => {
                let amount_minor = self.balances[person] + 100 * (1 + self.random.below(500));
                match self.random.below(3) {
                    0 => self.withdrawal(person, amount_minor),
                    1 => self.purchase(person, amount_minor),
                    _ => self.transfer(person, amount_minor),
                }
            }
            _ => self.settled(person),
        }
    }

    /// A payment that the balances cover, applied to them.
    fn settled(&mut self, person: usize) -> PlannedPayment {
        let kind = self.random.below(100);
        // At most half of the balance, so that the day is not over by noon.
        let amount_minor = 100 * (1 + self.random.below((self.balances[person] / 200).min(500)));
        if kind < 25 || self.balances[person] < amount_minor {
            let amount_minor = 500 * (1 + self.random.below(100));
            let agent = self.random.index(self.floats.len());
            self.floats[agent] += amount_minor;
            self.balances[person] += amount_minor;
            let agent = self.agents + agent;
            return payment(PaymentKind::Deposit, agent, agent, person, amount_minor);
        }
        self.balances[person] -= amount_minor;
        match kind {
            25..=44 => self.withdrawal(person, amount_minor),
            45..=69 => self.purchase(person, amount_minor),
            _ => {
                let sent = self.transfer(person, amount_minor);
                sent.accounts().skip(1).for_each(|payee| self.balances[payee] += amount_minor);
                sent
            }
        }
    }

    fn transfer(&mut self, person: usize, amount_minor: i64) -> PlannedPayment {
        let people = self.balances.len();
        let payee = (person + 1 + self.random.index(people - 1)) % people;
        payment(PaymentKind::Transfer, person, person, payee, amount_minor)
    }

    fn withdrawal(&mut self, person: usize, amount_minor: i64) -> PlannedPayment {
        let agent = self.agents + self.random.index(self.floats.len());
        payment(PaymentKind::Withdrawal, person, person, agent, amount_minor)
    }

    /// The smaller of two draws: the first shops of the list are the busy ones.
    fn purchase(&mut self, person: usize, amount_minor: i64) -> PlannedPayment {
        let merchants = self.agents - self.merchants;
        let merchant = self.random.index(merchants).min(self.random.index(merchants));
        payment(PaymentKind::MerchantPayment, person, person, self.merchants + merchant, amount_minor)
    }

    fn stranger(&mut self) -> Party {
        let bits = Uuid::from_u64_pair(self.random.next(), self.random.next());
        Party::Stranger(uuid::Builder::from_random_bytes(bits.into_bytes()).into_uuid())
    }
}

fn payment(kind: PaymentKind, caller: usize, debit: usize, credit: usize, amount_minor: i64) -> PlannedPayment {
    let amount = Money { minor: amount_minor, currency: Currency::XOF };
    PlannedPayment { kind, caller, debit: Party::Account(debit), credit: Party::Account(credit), amount }
}

#[cfg(test)]
mod tests;
