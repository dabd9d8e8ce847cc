//! A long history of payments, made epoch by epoch.

use dataflows::risk::Given;
use orion::load::random::SplitMix64;
use schemas::{
    Account, AccountId, AccountStatus, AccountType, Binding, Cause, Channel, CommandId, Currency, CustomerId, Epoch, EpochEvents, Event,
    EventId, Fact, Money, PaymentKind, Position, Posting, Role, Transaction, TransactionId,
};
use std::sync::Arc;

/// Payments of an epoch.
pub(super) const EPOCH_PAYMENTS: usize = 200;
/// Accounts that are told of in an epoch.
const EPOCH_ACCOUNTS: usize = 10_000;
/// One in so many accounts is a merchant's.
const MERCHANTS: usize = 200;

pub(super) struct History {
    random: SplitMix64,
    epoch: Epoch,
    accounts: Vec<AccountId>,
    cash: AccountId,
}

impl History {
    pub(super) fn new(seed: u64, accounts: usize) -> Self {
        let epoch = 1_700_000_000_000;
        let id = |number: usize| AccountId::mint(epoch, u32::try_from(number).expect("accounts are few"));
        let accounts = (0..accounts).map(id).collect();
        Self { random: SplitMix64::new(seed), epoch, accounts, cash: AccountId::house("cash", Currency::XOF) }
    }

    /// How many epochs so many payments are, and how far apart those lie that take so long.
    pub(super) fn plan(&self, payments: usize, spans_ms: u64) -> (usize, u64) {
        let epochs = (payments / EPOCH_PAYMENTS).max(40);
        (epochs, (spans_ms / u64::try_from(epochs).expect("epochs are few")).max(1))
    }

    /// The next moment.
    pub(super) fn tick(&mut self) -> Epoch {
        self.epoch += 1;
        self.epoch
    }

    /// Opens all accounts, two a customer, and that of the cash.
    pub(super) fn accounts(&mut self) -> impl Iterator<Item = Given> + use<> {
        let from = self.epoch;
        let chunks: Vec<Vec<(usize, AccountId)>> =
            self.accounts.iter().copied().enumerate().collect::<Vec<_>>().chunks(EPOCH_ACCOUNTS).map(<[_]>::to_vec).collect();
        self.epoch += u64::try_from(chunks.len() + 1).expect("chunks are few");
        let cash = Account {
            id: self.cash,
            customer_id: None,
            account_type: AccountType::Current,
            role: Role::House,
            currency: Currency::XOF,
            status: AccountStatus::Active,
        };
        let house = std::iter::once(given(from + 1, vec![Fact::AccountOpened(cash)], false));
        house.chain(chunks.into_iter().zip(from + 2..).map(|(chunk, epoch)| {
            let facts = chunk.into_iter().map(|(number, id)| {
                let role = if number % MERCHANTS == 0 { Role::Merchant } else { Role::Customer };
                Fact::AccountOpened(Account {
                    id,
                    customer_id: Some(CustomerId::mint(1_700_000_000_000, u32::try_from(number / 2).expect("customers are few"))),
                    account_type: AccountType::Wallet,
                    role,
                    currency: Currency::XOF,
                    status: AccountStatus::Active,
                })
            });
            given(epoch, facts.collect(), false)
        }))
    }

    /// The next epoch of payments.
    pub(super) fn payments(&mut self, step: u64, keep: bool) -> Given {
        self.epoch += step;
        let facts = (0..EPOCH_PAYMENTS).map(|number| self.payment(number)).collect();
        given(self.epoch, facts, keep)
    }

    fn payment(&mut self, number: usize) -> Fact {
        let (mut from, mut to) = (self.seldom_far(), self.seldom_far());
        if from == to {
            to = (to + 1) % self.accounts.len();
        }
        let kind = match self.random.index(100) {
            0..60 => PaymentKind::Transfer,
            60..80 => PaymentKind::MerchantPayment,
            80..90 => PaymentKind::Deposit,
            _ => PaymentKind::Withdrawal,
        };
        if kind == PaymentKind::MerchantPayment {
            to -= to % MERCHANTS;
            from += usize::from(from == to);
            from %= self.accounts.len();
        }
        let account_debit = if kind == PaymentKind::Deposit { self.cash } else { self.accounts[from] };
        let account_credit = if kind == PaymentKind::Withdrawal { self.cash } else { self.accounts[to] };
        let minor = 500 * (1 + self.random.below(400));
        let posting = |account, amount_minor| Posting { account, amount_minor, balance_minor: 0 };
        Fact::Transaction(Transaction {
            id: TransactionId::mint(self.epoch, u32::try_from(number).expect("an epoch is small")),
            kind,
            account_debit,
            account_credit,
            amount: Money { minor, currency: Currency::XOF },
            fee_minor: 0,
            channel: Channel::Wallet,
            refusal: None,
            link: None,
            postings: vec![posting(account_debit, -minor), posting(account_credit, minor)],
        })
    }

    /// First how far, by powers of two, then evenly: few are chosen often. One in two is chosen evenly.
    fn seldom_far(&mut self) -> usize {
        let count = self.accounts.len();
        if self.random.index(2) == 0 {
            return self.random.index(count);
        }
        let bits = usize::try_from(usize::BITS - count.leading_zeros()).expect("bits are few");
        let far = 1usize << (8 + self.random.index(bits - 8));
        (far - 1 + self.random.index(far)) % count
    }
}

fn given(epoch: Epoch, facts: Vec<Fact>, keep: bool) -> Given {
    let cause = || Cause {
        command_id: CommandId::derive("bench", "transfer", "k"),
        position: Position { partition: 0, offset: 0 },
        traceparent: String::new(),
    };
    let event = |(number, fact)| Event { id: EventId::mint(epoch, number), epoch, cause: cause(), fact };
    let events = (0..).zip(facts).map(event).collect();
    let binding = Binding { epoch, generation: 1, code_version: 1, inputs: Vec::new() };
    Given::Epoch { events: Arc::new(EpochEvents { binding, events, waited: Vec::new(), leaves: Vec::new() }), keep }
}
