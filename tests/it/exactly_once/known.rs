//! What clients know of the bank, and what they ask for because of it.

use super::asked::Asked;
use super::memory::{Memory, dated, many, setting};
use super::random::Random;
use schemas::{AccountId, CustomerId, Epoch, PaymentKind, Role, StatusChange};
use std::collections::VecDeque;
use std::time::{SystemTime, UNIX_EPOCH};
use uuid::Uuid;

/// The two currencies of these clients.
pub(crate) const CURRENCIES: [&str; 2] = ["XOF", "EUR"];
/// Customers that are enrolled before the clients run, and the accounts that are opened for them.
pub(crate) const FIRST_CUSTOMERS: usize = 4;
const FIRST_ACCOUNTS: usize = FIRST_CUSTOMERS * CURRENCIES.len();

/// What has been learnt, by whomever; of what grows with every request only the newest.
#[derive(Default)]
pub(crate) struct Known {
    pub(crate) customers: Vec<CustomerId>,
    pub(crate) accounts: Vec<Account>,
    pub(crate) commands: VecDeque<(String, Asked)>,
    pub(crate) memory: Memory,
}

#[derive(Clone, Copy)]
pub(crate) struct Account {
    pub(crate) id: AccountId,
    pub(crate) role: Role,
    pub(crate) currency: &'static str,
}

impl Known {
    /// A command that can be judged, mostly one that settles.
    pub(crate) fn choose(&self, random: &mut Random) -> Option<Asked> {
        if let Some(asked) = self.memory.rules(random) {
            return Some(asked);
        }
        match random.below(100) {
            0..2 => return Some(Asked::Customer { full_name: format!("Customer {:x}", random.next()) }),
            2..4 => {
                let customer = *random.of(&self.customers)?;
                return Some(Asked::Account { customer, role: Role::Customer, currency: (*random.of(&CURRENCIES)?).to_owned() });
            }
            // Never the accounts of the beginning, so that money goes on moving.
            4..7 => {
                let account = random.of(self.accounts.get(FIRST_ACCOUNTS..)?)?.id;
                let change = match random.below(10) {
                    0..4 => StatusChange::Suspend,
                    4..9 => StatusChange::Reactivate,
                    _ => StatusChange::Close,
                };
                return Some(Asked::Status { account, change });
            }
            // Nor do their holders ever have limits.
            7..11 => {
                let customer = random.of(self.customers.get(FIRST_CUSTOMERS..)?).copied();
                let account = random.of(&self.accounts)?;
                let from = wall_ms() + u64::try_from(random.below(4_000)).ok()?;
                return Some(Asked::Set(setting(random, customer, (account.id, account.currency), from)));
            }
            11..30 => return self.memory.follow(random),
            30..42 => return many(random, |random| if random.percent(40) { self.memory.follow(random) } else { self.pay(random) }),
            42..52 => return self.payment(random).map(|asked| dated(random, asked, wall_ms())),
            _ => {}
        }
        self.pay(random)
    }

    /// What came of a command.
    pub(crate) fn learn(&mut self, asked: &Asked, resource: Uuid) {
        match asked {
            Asked::Customer { .. } if self.customers.len() < 40 && !self.customers.contains(&CustomerId(resource)) => {
                self.customers.push(CustomerId(resource));
            }
            Asked::Account { role, currency, .. } if self.accounts.len() < 40 => {
                let currency = CURRENCIES.into_iter().find(|known| known == currency).unwrap_or("XOF");
                if !self.accounts.iter().any(|account| account.id.0 == resource) {
                    self.accounts.push(Account { id: AccountId(resource), role: *role, currency });
                }
            }
            _ => {}
        }
    }

    /// A payment, or money held for one.
    fn pay(&self, random: &mut Random) -> Option<Asked> {
        Some(match self.payment(random)? {
            Asked::Pay { kind, debit: Some(debit), credit: Some(credit), minor, currency } if random.percent(40) => {
                // Some holds expire under the clients' hands.
                let seconds = u64::try_from(1 + random.below(20)).ok()?;
                Asked::Reserve { kind, debit, credit, minor, currency, seconds }
            }
            asked => asked,
        })
    }

    fn payment(&self, random: &mut Random) -> Option<Asked> {
        let currency = *random.of(&CURRENCIES)?;
        let with = |role| {
            self.accounts.iter().filter(move |account| account.role == role && account.currency == currency).map(|account| account.id)
        };
        let (customers, merchants): (Vec<_>, Vec<_>) = (with(Role::Customer).collect(), with(Role::Merchant).collect());
        let payer = *random.of(&customers)?;
        let (kind, debit, credit) = match random.below(12) {
            0..4 => (PaymentKind::Deposit, None, Some(payer)),
            4 | 5 => (PaymentKind::Withdrawal, Some(payer), None),
            6..9 => (PaymentKind::Transfer, Some(payer), random.of(&customers).copied()),
            9 | 10 => (PaymentKind::MerchantPayment, Some(payer), random.of(&merchants).copied()),
            _ => (PaymentKind::BillPayment, Some(payer), random.of(&merchants).copied()),
        };
        // Some amounts are more than anybody has.
        let most = if random.percent(10) { 100_000 } else { 2_000 };
        let (minor, currency) = (i64::try_from(1 + random.below(most)).ok()?, currency.to_owned());
        Some(Asked::Pay { kind, debit, credit, minor, currency })
    }
}

fn wall_ms() -> Epoch {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Epoch::try_from(since.as_millis()).unwrap_or_default()
}
