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
    let people = (payments / 20).clamp(10, 2_000);
    let mut town = Town::new(SplitMix64::new(seed), people, (people / 25).max(2), (people / 50).max(2));
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
mod tests {
    use super::*;
    use schemas::Refusal;
    use std::collections::BTreeMap;

    /// What the bank's rules say to a plan, one payment after the other.
    fn decisions(plan: &Plan) -> BTreeMap<(PaymentKind, Option<Refusal>), usize> {
        let mut balances = vec![0i64; plan.accounts.len()];
        plan.openings.iter().for_each(|opening| balances[opening.account] += opening.amount_minor);
        let mut decisions = BTreeMap::new();
        for payment in &plan.payments {
            let refusal = match (payment.debit, payment.credit) {
                (Party::Stranger(_), _) => Some(Refusal::DebitAccountNotFound),
                (_, Party::Stranger(_)) => Some(Refusal::CreditAccountNotFound),
                (Party::Account(debit), _) if plan.accounts[debit].holder != payment.caller => Some(Refusal::NotAuthorized),
                (debit, credit) if debit == credit => Some(Refusal::AccountsMustDiffer),
                _ if payment.amount.currency != Currency::XOF => Some(Refusal::CurrencyMismatch),
                (Party::Account(debit), _) if balances[debit] < payment.amount.minor => Some(Refusal::InsufficientFunds),
                (Party::Account(debit), Party::Account(credit)) => {
                    balances[debit] -= payment.amount.minor;
                    balances[credit] += payment.amount.minor;
                    None
                }
                (debit, credit) => panic!("{debit:?} {credit:?}"),
            };
            *decisions.entry((payment.kind, refusal)).or_default() += 1;
        }
        decisions
    }

    #[test]
    fn a_seed_is_a_day() {
        assert_eq!(generate(1, 500), generate(1, 500));
        assert_ne!(generate(1, 500), generate(2, 500));
        for payments in [1, 2, 19, 500] {
            let plan = generate(7, payments);
            assert_eq!(plan.payments.len(), payments);
            assert!(plan.openings.iter().all(|opening| opening.amount_minor > 0));
            assert!(plan.payments.iter().all(|payment| payment.amount.minor > 0));
        }
    }

    #[test]
    fn a_day_has_everything_in_it() {
        for seed in 0..4 {
            let decisions = decisions(&generate(seed, 20_000));
            let count = |wanted: &dyn Fn(PaymentKind, Option<Refusal>) -> bool| -> usize {
                decisions.iter().filter(|((kind, refusal), _)| wanted(*kind, *refusal)).map(|(_, count)| count).sum()
            };
            for kind in PaymentKind::ALL {
                let share = count(&|of, refusal| of == *kind && refusal.is_none());
                assert!((3_000..8_000).contains(&share), "seed {seed}: {share} of {kind}");
            }
            let refused = count(&|_, refusal| refusal.is_some());
            let poor = count(&|_, refusal| refusal == Some(Refusal::InsufficientFunds));
            assert!((800..1_400).contains(&refused), "seed {seed}: {refused} refused");
            assert!(poor * 2 > refused, "seed {seed}: {poor} of {refused} for want of money");
            let others = [Refusal::DebitAccountNotFound, Refusal::CreditAccountNotFound, Refusal::NotAuthorized, Refusal::CurrencyMismatch];
            for reason in others {
                let share = count(&|_, refusal| refusal == Some(reason));
                assert!((10..200).contains(&share), "seed {seed}: {share} {reason}");
            }
        }
    }
}
