//! `ledger`: how many transfers a second one thread decides, with nothing around it.
//!
//! A million accounts of ten thousand customers, each with money; then transfers asked for by their owners, a thousand an
//! epoch, once between accounts chosen evenly (`ledger_per_s`) and once between few that are chosen often
//! (`ledger_zipf_per_s`: the one of rank r with a weight of about 1/r). Staff has set limits for the level of these
//! customers, every one that there is, and a tariff for transfers: a rate with a least and a highest fee, borne by the
//! payer. So each transfer is checked against ten limits of either side and posts its fee as a third leg; none is
//! refused. Everything that the deciding thread does for a command is timed: its look-ups, checks, pin and event.
//! Decoding and encoding, which other threads do, are not, nor is making the commands, nor the first touch of memory: a bank
//! at its horizon gives as many pins back as it takes, and this one only takes. Then what it costs to ask the disk (`cold`), and what gates add
//! (`gated`).

mod cold;
mod gated;

use crate::Extent;
use crate::figures::{Figure, per_second};
use crate::services::Services;
use anyhow::ensure;
use dataflows::settlement::decide;
use orion::load::random::SplitMix64;
use schemas::{
    AccountId, AccountType, Asked, Authority, Bearer, Binding, Bound, Channel, Command, Context, CreateCustomer, Currency, CustomerId,
    EpochInput, EpochOutput, Fact, Input, KycLevel, LevelLimits, Limits, OpenAccount, Operation, Payment, PaymentKind, Policy, Position,
    Principal, Quota, Role, Tariff, Tier, Topic, TransactionId,
};
use state::{CODE_VERSION, Ledger};
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

const ACCOUNTS: usize = 1_000_000;
const CUSTOMERS: usize = 10_000;
/// What an epoch holds under load.
const EPOCH_COMMANDS: usize = 1_000;
const EPOCHS: usize = 1_000;
const OPENING_MINOR: i64 = 1_000_000_000;
/// More than the ledger takes in the end.
const MEMORY_MIB: usize = 1_536;

pub(crate) fn measure(_: &Services, extent: &Extent) -> anyhow::Result<Vec<Figure>> {
    let mut uniform = Figure::new("ledger_per_s", "payments/s", "one thread decides; a million accounts, chosen evenly");
    let mut zipf = Figure::new("ledger_zipf_per_s", "payments/s", "the same; few accounts are chosen often");
    let mut asks = Figure::new("cold_pin_us", "us", "a payment is reversed that the disk alone has, from the kernel's memory");
    touch_memory();
    let mut bank = Books::of(CUSTOMERS)?;
    for run in 1..=extent.runs {
        for (figure, choose) in [(&mut uniform, evenly as Choose), (&mut zipf, seldom_far as Choose)] {
            let took = bank.transfers(Payers::Chosen(choose), None)?;
            let count = u64::try_from(EPOCH_COMMANDS * EPOCHS)?;
            eprintln!("{:<24} {count} transfers decided in {:.3} s", format!("ledger {run}/{}", extent.runs), took.as_secs_f64());
            figure.add(per_second(count, took));
        }
    }
    let folder = crate::figures::folder().join("parts");
    cold::shelve(&mut bank, &folder)?;
    let paid = std::mem::take(&mut bank.paid);
    for some in paid[..EPOCHS].chunks_exact(EPOCHS / extent.runs.max(4)).take(extent.runs) {
        asks.add(cold::reverse(&mut bank, some)?);
    }
    std::fs::remove_dir_all(folder)?;
    let sums = bank.ledger.trial_balance();
    ensure!(sums.values().all(|sum| *sum == 0), "the books do not balance: {sums:?}");
    drop(bank);
    Ok(vec![uniform, zipf, asks, gated::measure(extent)?])
}

/// Gets memory from the machine, for what is made afterwards. It stays with the process.
fn touch_memory() {
    let touched: Vec<Vec<u8>> = (0..MEMORY_MIB).map(|_| vec![1; 1 << 20]).collect();
    std::hint::black_box(&touched);
}

/// Who pays.
#[derive(Clone, Copy)]
enum Payers {
    Chosen(Choose),
    /// One after the other.
    EachOnce,
}

/// Where a payment of the account of a number comes from.
type From = fn(usize) -> Context;

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
    /// A payment of each epoch of transfers.
    paid: Vec<TransactionId>,
}

impl Books {
    /// A million accounts of so many customers: ten thousand, or a million.
    fn of(customers: usize) -> anyhow::Result<Self> {
        let mut books = Self {
            ledger: Ledger::default(),
            random: SplitMix64::new(7),
            epoch: 1_764_000_000_000,
            offset: 0,
            accounts: Vec::new(),
            paid: Vec::new(),
        };
        let create = CreateCustomer { full_name: "Awa Diop".to_owned(), msisdn: None, country: None };
        let mut holders_of_round = Vec::new();
        for holders in 0..ACCOUNTS / CUSTOMERS {
            if holders * CUSTOMERS < customers {
                let output = books.decide((0..CUSTOMERS).map(|_| Operation::CreateCustomer(create.clone())).collect(), None).0;
                let of = |fact| if let Fact::CustomerCreated(customer) = fact { Some(customer.id) } else { None };
                holders_of_round = created(output, of);
            }
            let open = |customer: &CustomerId| {
                Operation::OpenAccount(OpenAccount {
                    customer_id: *customer,
                    account_type: AccountType::Wallet,
                    role: Role::Customer,
                    currency: Currency::XOF,
                })
            };
            let output = books.decide(holders_of_round.iter().map(open).collect(), None).0;
            let opened = created(output, |fact| match fact {
                Fact::AccountOpened(account) => account.customer_id.map(|holder| (account.id, holder)),
                _ => None,
            });
            ensure!(opened.len() == CUSTOMERS, "round {holders} opened {} accounts", opened.len());
            let fund = |(account, _): &(AccountId, CustomerId)| pay(PaymentKind::Deposit, None, *account, OPENING_MINOR);
            books.decide(opened.iter().map(fund).collect(), None);
            books.accounts.extend(opened);
        }
        let policies = [Policy::Limits(limits()), Policy::Tariff(tariff())];
        let output = books.decide(policies.map(Operation::SetPolicy).into(), None).0;
        ensure!(output.events.iter().all(|event| matches!(event.fact, Fact::PolicyChanged(_))), "not set: {:?}", output.events);
        Ok(books)
    }

    /// Makes transfers, then times how long they take to be decided.
    fn transfers(&mut self, payers_are: Payers, from: Option<From>) -> anyhow::Result<Duration> {
        let mut took = Duration::ZERO;
        for epoch in 0..EPOCHS {
            let mut asked = Vec::with_capacity(EPOCH_COMMANDS);
            let mut payers = Vec::with_capacity(EPOCH_COMMANDS);
            for number in 0..EPOCH_COMMANDS {
                let choose = if let Payers::Chosen(choose) = payers_are { choose } else { evenly };
                let (chosen, payee) = (choose(&mut self.random, ACCOUNTS), choose(&mut self.random, ACCOUNTS));
                let payer = if matches!(payers_are, Payers::EachOnce) { (epoch * EPOCH_COMMANDS + number) % ACCOUNTS } else { chosen };
                let payee = if payer == payee { (payee + 1) % ACCOUNTS } else { payee };
                let (account, owner) = self.accounts[payer];
                let mut transfer = pay(PaymentKind::Transfer, Some(account), self.accounts[payee].0, 1 + self.random.below(1_000));
                if let (Operation::Pay(payment), Some(from)) = (&mut transfer, from) {
                    payment.context = Some(Arc::new(from(payer)));
                }
                asked.push(transfer);
                payers.push(owner);
            }
            let (output, once) = self.decide(asked, Some(&payers));
            took += once;
            let paid = |fact: &Fact| matches!(fact, Fact::Transaction(transaction) if transaction.fee_minor > 0 && transaction.postings.len() == 3);
            // The first fee opens the account for the house's income.
            let other =
                output.events.iter().find(|event| !paid(&event.fact) && !matches!(event.fact, Fact::AccountOpened(_) | Fact::Assessed(_)));
            ensure!(other.is_none(), "not settled with a fee: {other:?}");
            let first = |fact: &Fact| if let Fact::Transaction(transaction) = fact { Some(transaction.id) } else { None };
            self.paid.extend(output.events.iter().find_map(|event| first(&event.fact)));
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
            Bound {
                position: Position { partition: 0, offset: self.offset },
                traceparent: String::new(),
                appended_ms: None,
                command: Ok(Asked::of(command)),
            }
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

/// Limits of every kind, none of which a transfer reaches.
fn limits() -> LevelLimits {
    let most = Some(i64::MAX / 2);
    let quota = Quota { operation_minor: most, day_count: Some(u32::MAX), day_minor: most, month_count: Some(u32::MAX), month_minor: most };
    let limits = Limits { balance_minor: most, debit: quota, credit: quota };
    LevelLimits { level: KycLevel::Unidentified, currency: Currency::XOF, limits, effective_from: None }
}

/// One percent of a transfer.
fn tariff() -> Tariff {
    Tariff {
        code: "transfers".to_owned(),
        currency: Currency::XOF,
        operation: Some(PaymentKind::Transfer),
        channel: None,
        account_type: None,
        level: None,
        bearer: Bearer::Payer,
        tiers: vec![Tier { up_to_minor: None, fixed_minor: 0, rate_ppm: 10_000 }],
        min_minor: Some(1),
        max_minor: Some(500),
        free_per_month: 0,
        effective_from: None,
        effective_to: None,
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
        context: None,
    })
}
