//! Commands of a made-up bank, the same for the same seed: customers with a funded wallet each, and transfers between
//! them as their owners would ask for them. One transfer in twenty asks for more than anybody has.

use crate::bank::Bank;
use crate::decided::Decided;
use anyhow::ensure;
use ingress::taps::{self, From};
use orion::load::random::SplitMix64;
use schemas::{
    AccountId, AccountType, Authority, Batch, BatchMode, Channel, Command, CreateCustomer, Currency, CustomerId, Event, Fact, OpenAccount,
    Operation, Payment, PaymentKind, Principal, Role, Topic,
};
use uuid::Uuid;

/// Customers, and accounts: one each.
const ACCOUNTS: usize = 4_000;
/// More than any of them can spend in a backlog.
const OPENING_MINOR: i64 = 1_000_000_000_000;
const AMOUNT_MAX_MINOR: i64 = 50_000;
/// One transfer in so many is refused.
pub(crate) const REFUSED_ONE_IN: usize = 20;
/// Of the backlogs that have only one.
pub(crate) const SEED: u64 = 2;
/// By the door's clock; it decides nothing.
const RECEIVED_MS: u64 = 1_764_000_000_000;

/// Who pays and is paid.
pub(crate) struct Party {
    account: AccountId,
    pub(crate) owner: CustomerId,
}

/// A transfer as its owner would ask for it; the parties by their places.
pub(crate) struct Transfer {
    pub(crate) payer: usize,
    payee: usize,
    amount_minor: i64,
}

/// Enrols, opens and pays in, by commands that settlement decides; then settlement ends.
pub(crate) fn parties(bank: &Bank<'_>, run: &str, decided: &mut Decided) -> anyhow::Result<Vec<Party>> {
    let mut settlement = bank.settlement()?;
    let (what, count) = (format!("{run} accounts"), u64::try_from(ACCOUNTS)?);
    let mut random = SplitMix64::new(1);

    bank.append((0..ACCOUNTS).map(|_| staff(&mut random, create())))?;
    decided.wait(&what, |decided| decided.records(Topic::CustomerCreated), count, &mut [&mut settlement])?;
    let customers = events(bank, Topic::CustomerCreated, |event| match event.fact {
        Fact::CustomerCreated(customer) => Some(customer.id),
        _ => None,
    })?;

    bank.append(customers.iter().map(|customer| staff(&mut random, open(*customer))))?;
    decided.wait(&what, |decided| decided.records(Topic::AccountOpened), count, &mut [&mut settlement])?;
    let parties = events(bank, Topic::AccountOpened, |event| match event.fact {
        Fact::AccountOpened(account) => account.customer_id.map(|owner| Party { account: account.id, owner }),
        _ => None,
    })?;
    ensure!(parties.len() == ACCOUNTS, "{} accounts are open, and {ACCOUNTS} were asked for", parties.len());

    bank.append(parties.iter().map(|party| staff(&mut random, deposit(party.account, OPENING_MINOR))))?;
    decided.wait(&what, |decided| decided.records(Topic::TransactionSettled), count, &mut [&mut settlement])?;
    Ok(parties)
}

/// `count` transfers of a seed, each with the trace of its request. No two seeds ask for the same.
pub(crate) fn transfers(parties: &[Party], seed: u64, count: usize) -> impl Iterator<Item = (Command, String)> + '_ {
    let mut random = SplitMix64::new(seed);
    (0..count).map(move |number| {
        let transfer = Transfer::of(&mut random, parties, number);
        let principal = Principal { subject: parties[transfer.payer].owner.to_string(), authority: Authority::Customer };
        command(&mut random, principal, transfer.operation(parties))
    })
}

/// The same as batches of up to `items` transfers, each of which stands by itself, as staff would send them.
pub(crate) fn batches(parties: &[Party], seed: u64, count: usize, items: usize) -> impl Iterator<Item = (Command, String)> + '_ {
    let mut random = SplitMix64::new(seed);
    (0..count).step_by(items).map(move |first| {
        let numbers = first..count.min(first + items);
        let items = numbers.map(|number| Transfer::of(&mut random, parties, number).operation(parties)).collect();
        staff(&mut random, Operation::Batch(Batch { mode: BatchMode::Independent, dry_run: false, items }))
    })
}

impl Transfer {
    /// The one of this number in a backlog.
    pub(crate) fn of(random: &mut SplitMix64, parties: &[Party], number: usize) -> Self {
        let payer = random.index(parties.len());
        // Anybody but the payer.
        let payee = (payer + 1 + random.index(parties.len() - 1)) % parties.len();
        let amount_minor = if refused(number) { OPENING_MINOR * i64::from(u16::MAX) } else { 1 + random.below(AMOUNT_MAX_MINOR) };
        Self { payer, payee, amount_minor }
    }

    /// As a client says it, without the braces.
    pub(crate) fn json(&self, parties: &[Party]) -> String {
        let (debit, credit) = (parties[self.payer].account, parties[self.payee].account);
        format!(r#""account_debit":"{debit}","account_credit":"{credit}","amount":"{}","currency":"XOF""#, self.amount_minor)
    }

    fn operation(&self, parties: &[Party]) -> Operation {
        pay(PaymentKind::Transfer, (Some(parties[self.payer].account), parties[self.payee].account), self.amount_minor)
    }
}

/// How many of `count` transfers settle; the others are refused.
pub(crate) fn settling(count: usize) -> usize {
    (0..count).filter(|number| !refused(*number)).count()
}

/// Whether it asks for more than anybody has.
pub(crate) const fn refused(number: usize) -> bool {
    number % REFUSED_ONE_IN == REFUSED_ONE_IN - 1
}

/// How many committed records of a topic there are, by reading every one.
pub(crate) fn records(bank: &Bank<'_>, topic: Topic) -> anyhow::Result<u64> {
    let mut count = 0;
    taps::read(&bank.services.config.kafka.brokers, topic.as_str(), From::Beginning, true, |_| {
        count += 1;
        Ok::<_, ingress::kafka::ReadError>(true)
    })?;
    Ok(count)
}

/// What a topic with one partition says, in order.
pub(crate) fn events<T>(bank: &Bank<'_>, topic: Topic, of: impl Fn(Event) -> Option<T>) -> anyhow::Result<Vec<T>> {
    let brokers = &bank.services.config.kafka.brokers;
    let decoder = ingress::journal::read(brokers, Topic::SettlementJournal)?.decoder;
    let mut found = Vec::new();
    taps::read(brokers, topic.as_str(), From::Beginning, true, |record| {
        found.extend(of(decoder.event(topic, &record.value, &record.traceparent)?));
        Ok::<_, anyhow::Error>(true)
    })?;
    Ok(found)
}

pub(crate) fn staff(random: &mut SplitMix64, operation: Operation) -> (Command, String) {
    command(random, Principal { subject: "bench".to_owned(), authority: Authority::Operator }, operation)
}

fn command(random: &mut SplitMix64, principal: Principal, operation: Operation) -> (Command, String) {
    let idempotency_key = Uuid::from_u64_pair(random.next(), random.next()).to_string();
    let traceparent = format!("00-{:016x}{:016x}-{:016x}-01", random.next(), random.next(), random.next());
    (Command { principal, idempotency_key, received_ms: RECEIVED_MS, operation }, traceparent)
}

pub(crate) fn create() -> Operation {
    let msisdn = Some("+221770000001".to_owned());
    Operation::CreateCustomer(CreateCustomer { full_name: "Awa Diop".to_owned(), msisdn, country: Some("SN".to_owned()) })
}

pub(crate) fn open(customer_id: CustomerId) -> Operation {
    let (account_type, role) = (AccountType::Wallet, Role::Customer);
    Operation::OpenAccount(OpenAccount { customer_id, account_type, role, currency: Currency::XOF })
}

pub(crate) fn deposit(account: AccountId, amount_minor: i64) -> Operation {
    pay(PaymentKind::Deposit, (None, account), amount_minor)
}

pub(crate) fn pay(kind: PaymentKind, (account_debit, account_credit): (Option<AccountId>, AccountId), amount_minor: i64) -> Operation {
    let account_credit = Some(account_credit);
    Operation::Pay(Payment {
        kind,
        account_debit,
        account_credit,
        amount_minor,
        currency: Currency::XOF,
        channel: Channel::Wallet,
        context: None,
    })
}
