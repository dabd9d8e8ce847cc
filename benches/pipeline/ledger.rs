//! `ledger`: how many transfers a second one thread decides, with nothing around it.
//!
//! A million accounts of ten thousand customers, each with money; then transfers asked for by their owners, a thousand an
//! epoch, once between accounts chosen evenly (`ledger_per_s`) and once between few that are chosen often
//! (`ledger_zipf_per_s`: the one of rank r with a weight of about 1/r). Everything that the deciding thread does for a
//! command is timed: its id, its fingerprint, its look-ups, checks, pin and event. Decoding and encoding, which other
//! threads do, are not, nor is making the commands.

use crate::Extent;
use crate::figures::{Figure, per_second};
use crate::services::Services;
use anyhow::ensure;
use dataflows::settlement::decide;
use orion::load::random::SplitMix64;
use schemas::{
    AccountId, AccountType, Authority, Binding, Bound, Channel, Command, CreateCustomer, Currency, CustomerId, EpochInput, EpochOutput,
    Fact, Input, OpenAccount, Operation, Payment, PaymentKind, Position, Principal, Role, Topic,
};
use state::{CODE_VERSION, Ledger};
use std::time::{Duration, Instant};
use uuid::Uuid;

const ACCOUNTS: usize = 1_000_000;
const CUSTOMERS: usize = 10_000;
/// What an epoch holds under load.
const EPOCH_COMMANDS: usize = 1_000;
const EPOCHS: usize = 1_000;
const OPENING_MINOR: i64 = 1_000_000_000;

pub(crate) fn measure(_: &Services, extent: &Extent) -> anyhow::Result<Vec<Figure>> {
    let mut uniform = Figure::new("ledger_per_s", "payments/s", "one thread decides; a million accounts, chosen evenly");
    let mut zipf = Figure::new("ledger_zipf_per_s", "payments/s", "the same; few accounts are chosen often");
    let mut bank = Books::new()?;
    for run in 1..=extent.runs {
        for (figure, choose) in [(&mut uniform, evenly as Choose), (&mut zipf, seldom_far as Choose)] {
            let took = bank.transfers(choose)?;
            let count = u64::try_from(EPOCH_COMMANDS * EPOCHS)?;
            eprintln!("{:<24} {count} transfers decided in {:.3} s", format!("ledger {run}/{}", extent.runs), took.as_secs_f64());
            figure.add(per_second(count, took));
        }
    }
    let sums = bank.ledger.trial_balance();
    ensure!(sums.values().all(|sum| *sum == 0), "the books do not balance: {sums:?}");
    Ok(vec![uniform, zipf])
}

/// Chooses one of so many accounts.
type Choose = fn(&mut SplitMix64, usize) -> usize;

fn evenly(random: &mut SplitMix64, count: usize) -> usize {
    random.index(count)
}

/// First how far, by powers of two, then evenly among those that are so far: what is twice as far is half as likely.
fn seldom_far(random: &mut SplitMix64, count: usize) -> usize {
    let far = 1usize << random.index(usize::BITS as usize - count.leading_zeros() as usize);
    (far - 1 + random.index(far)) % count
}

struct Books {
    ledger: Ledger,
    random: SplitMix64,
    epoch: u64,
    offset: i64,
    accounts: Vec<(AccountId, CustomerId)>,
}

impl Books {
    fn new() -> anyhow::Result<Self> {
        let mut books =
            Self { ledger: Ledger::default(), random: SplitMix64::new(7), epoch: 1_764_000_000_000, offset: 0, accounts: Vec::new() };
        let create = CreateCustomer { full_name: "Awa Diop".to_owned(), msisdn: None, country: None };
        let output = books.decide((0..CUSTOMERS).map(|_| Operation::CreateCustomer(create.clone())).collect(), None).0;
        let customers: Vec<CustomerId> =
            created(output, |fact| if let Fact::CustomerCreated(customer) = fact { Some(customer.id) } else { None });
        for holders in 0..ACCOUNTS / CUSTOMERS {
            let open = |customer: &CustomerId| {
                Operation::OpenAccount(OpenAccount {
                    customer_id: *customer,
                    account_type: AccountType::Wallet,
                    role: Role::Customer,
                    currency: Currency::XOF,
                })
            };
            let output = books.decide(customers.iter().map(open).collect(), None).0;
            let opened = created(output, |fact| match fact {
                Fact::AccountOpened(account) => account.customer_id.map(|holder| (account.id, holder)),
                _ => None,
            });
            ensure!(opened.len() == CUSTOMERS, "round {holders} opened {} accounts", opened.len());
            let fund = |(account, _): &(AccountId, CustomerId)| pay(PaymentKind::Deposit, None, *account, OPENING_MINOR);
            books.decide(opened.iter().map(fund).collect(), None);
            books.accounts.extend(opened);
        }
        Ok(books)
    }

    /// Makes transfers, then times how long they take to be decided.
    fn transfers(&mut self, choose: Choose) -> anyhow::Result<Duration> {
        let mut took = Duration::ZERO;
        for _ in 0..EPOCHS {
            let mut asked = Vec::with_capacity(EPOCH_COMMANDS);
            let mut payers = Vec::with_capacity(EPOCH_COMMANDS);
            for _ in 0..EPOCH_COMMANDS {
                let (payer, payee) = (choose(&mut self.random, ACCOUNTS), choose(&mut self.random, ACCOUNTS));
                let payee = if payer == payee { (payee + 1) % ACCOUNTS } else { payee };
                let (account, owner) = self.accounts[payer];
                asked.push(pay(PaymentKind::Transfer, Some(account), self.accounts[payee].0, 1 + self.random.below(1_000)));
                payers.push(owner);
            }
            let (output, once) = self.decide(asked, Some(&payers));
            took += once;
            let settled = |fact: &Fact| matches!(fact, Fact::Transaction(transaction) if transaction.refusal.is_none());
            let refused = output.events.iter().find(|event| !settled(&event.fact));
            ensure!(refused.is_none(), "not settled: {refused:?}");
        }
        Ok(took)
    }

    /// Decides an epoch that asks for these; staff asks where nobody is named.
    fn decide(&mut self, asked: Vec<Operation>, by: Option<&[CustomerId]>) -> (EpochOutput, Duration) {
        self.epoch += 5;
        let count = asked.len();
        let commands = asked.into_iter().enumerate().map(|(number, operation)| {
            self.offset += 1;
            let principal = match by {
                Some(owners) => Principal { subject: owners[number].to_string(), authority: Authority::Customer },
                None => Principal { subject: "teller".to_owned(), authority: Authority::Operator },
            };
            let idempotency_key = Uuid::from_u64_pair(self.random.next(), self.random.next()).to_string();
            let command = Command { principal, idempotency_key, received_ms: self.epoch, operation };
            Bound { position: Position { partition: 0, offset: self.offset }, traceparent: String::new(), command: Ok(command) }
        });
        let commands = commands.collect();
        let input = Input {
            topic: Topic::Commands.to_string(),
            partition: 0,
            upper: self.offset + 1,
            count: u32::try_from(count).expect("an epoch is small"),
        };
        let binding = Binding { epoch: self.epoch, generation: 1, code_version: CODE_VERSION, inputs: vec![input] };
        let input = EpochInput { binding, commands, committed: None };
        let started = Instant::now();
        let output = decide(input, &mut self.ledger);
        (output, started.elapsed())
    }
}

fn created<T>(output: EpochOutput, of: impl Fn(Fact) -> Option<T>) -> Vec<T> {
    output.events.into_iter().filter_map(|event| of(event.fact)).collect()
}

fn pay(kind: PaymentKind, account_debit: Option<AccountId>, account_credit: AccountId, amount_minor: i64) -> Operation {
    Operation::Pay(Payment {
        kind,
        account_debit,
        account_credit: Some(account_credit),
        amount_minor,
        currency: Currency::XOF,
        channel: Channel::Wallet,
    })
}
