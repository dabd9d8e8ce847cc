//! Sequences of commands and epochs, on two ledgers: one goes on, the other is frozen and thawed in between.
//!
//! Never: a panic, books that do not balance, or a difference between the two, or between them and [`Books`].

use super::books::Books;
use super::drawn::{self, Known};
use super::random::Random;
use super::snapshots::thaw;
use super::wire::{DECODER, ENCODER, there_and_back};
use arbitrary::{Result, Unstructured};
use schemas::{
    AccountType, Asked, Authority, Cause, Channel, Command, CreateCustomer, Currency, Epoch, Event, OpenAccount, Operation, Payment,
    PaymentKind, Position, Principal, Role,
};
use state::{CODE_VERSION, Ledger};
use std::sync::LazyLock;

const FIRST: Epoch = 1_764_000_000_000;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Most steps of a sequence: a longer one finds no more than several.
const STEPS_MAX: usize = 200;

/// Lives the sequence that the bytes say.
pub fn run(bytes: &[u8]) {
    drop(lived(bytes));
}

/// Bytes for a sequence of some length.
pub fn seed(random: &mut Random) -> Vec<u8> {
    random.some_bytes(1024)
}

/// The ledger after the sequence, and all that it has said.
pub(crate) fn lived(bytes: &[u8]) -> (Ledger, Vec<Event>) {
    let (rules, bytes) = bytes.split_first().map_or((0, bytes), |(first, rest)| (usize::from(*first), rest));
    // Mostly the newest.
    let mut bank = FOUNDED[[4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 3, 2, 1, 0][rules % 16]].clone();
    let mut u = Unstructured::new(bytes);
    for _ in 0..STEPS_MAX {
        // Bytes that end in the middle of a step have said enough.
        if u.is_empty() || !bank.step(&mut u).unwrap_or(false) {
            break;
        }
    }
    bank.end();
    (bank.whole, bank.said)
}

/// A bank that begins with each version of the rules.
static FOUNDED: LazyLock<Vec<Bank>> = LazyLock::new(|| (1..=CODE_VERSION).map(Bank::founded).collect());

/// A bank of two ledgers that must agree.
#[derive(Clone, Default)]
pub(crate) struct Bank {
    whole: Ledger,
    cut: Ledger,
    pub(crate) known: Known,
    books: Books,
    asked: Vec<Command>,
    said: Vec<Event>,
}

impl Bank {
    /// A customer who holds an account of every role, another one with two, and money on all of them.
    pub(crate) fn founded(rules: u32) -> Self {
        let mut bank = Self::default();
        bank.begin(FIRST, rules);
        for full_name in ["Awa Diop", "Modou Fall"] {
            bank.ask_staff(Operation::CreateCustomer(CreateCustomer { full_name: full_name.to_owned(), msisdn: None, country: None }));
        }
        let eur = "EUR".parse().expect("a currency of ISO 4217");
        for (holder, role, currency) in [
            (0, Role::Customer, Currency::XOF),
            (1, Role::Customer, Currency::XOF),
            (0, Role::Merchant, Currency::XOF),
            (0, Role::Agent, Currency::XOF),
            (1, Role::Customer, eur),
        ] {
            let customer_id = bank.known.customers[holder];
            bank.ask_staff(Operation::OpenAccount(OpenAccount { customer_id, account_type: AccountType::Wallet, role, currency }));
            let account = bank.known.accounts.iter().rfind(|account| account.customer_id.is_some()).map(|account| account.id);
            let (kind, amount_minor, channel) = (PaymentKind::Deposit, 10_000, Channel::Wallet);
            let payment = Payment { kind, account_debit: None, account_credit: account, amount_minor, currency, channel, context: None };
            bank.ask_staff(Operation::Pay(payment));
        }
        bank
    }

    /// Takes a step; whether there may be another.
    fn step(&mut self, u: &mut Unstructured<'_>) -> Result<bool> {
        let epoch = self.whole.epoch();
        match u.int_in_range(0..=23)? {
            0 => self.begin(epoch + 1 + u64::from(u.arbitrary::<u8>()?), self.whole.next_rules()),
            1 => self.begin(epoch + 1 + u64::from(u.arbitrary::<u16>()?), self.whole.next_rules()),
            2 => self.begin(epoch + u.int_in_range(1..=10 * DAY_MS)?, self.whole.next_rules()),
            3 => {
                self.freeze_and_thaw();
                self.begin(epoch + 1, self.whole.next_rules());
            }
            4 => {
                if let Some(command) = drawn::one(u, &self.asked)?.cloned() {
                    self.ask(&command);
                }
            }
            _ => {
                let command = drawn::command(u, &self.known)?;
                if command.check().is_ok() {
                    self.ask(&command);
                }
            }
        }
        // Rules that come after the newest are for another binary.
        Ok(self.whole.next_rules() <= CODE_VERSION)
    }

    /// Begins an epoch, unless it is one of another binary.
    pub(crate) fn begin(&mut self, epoch: Epoch, rules: u32) {
        if rules > CODE_VERSION {
            return;
        }
        self.known.epoch = epoch;
        self.both(|ledger, events| ledger.begin(epoch, rules, events));
    }

    pub(crate) fn ask_staff(&mut self, operation: Operation) -> &[Event] {
        let principal = Principal { subject: "staff".to_owned(), authority: Authority::Operator };
        self.ask(&Command { principal, idempotency_key: format!("own-{}", self.asked.len()), received_ms: 0, operation })
    }

    /// Asks both; what they say.
    pub(crate) fn ask(&mut self, command: &Command) -> &[Event] {
        let record = ENCODER.command(command).expect("what may be asked can be written");
        assert_eq!(DECODER.command(&record).as_ref().ok(), Some(command));
        let offset = i64::try_from(self.asked.len()).expect("few commands");
        let cause = Cause { command_id: command.id(), position: Position { partition: 0, offset }, traceparent: String::new() };
        self.asked.push(command.clone());
        let from = self.said.len();
        let asked = Asked::of(command.clone());
        self.both(|ledger, events| ledger.apply(cause.clone(), &asked, events));
        let said = &self.said[from..];
        // What an item of a batch comes to answers nobody.
        let answers = |event: &&Event| event.answers() && event.cause == cause;
        assert_eq!(said.iter().filter(answers).count(), 1, "{said:?}");
        assert!(said.last().as_ref().is_some_and(answers), "the answer comes last: {said:?}");
        said
    }

    fn both(&mut self, go_on: impl Fn(&mut Ledger, &mut Vec<Event>)) {
        let (mut said, mut again) = (Vec::new(), Vec::new());
        go_on(&mut self.whole, &mut said);
        go_on(&mut self.cut, &mut again);
        assert_eq!(said, again, "a thawed ledger goes on like the one that was frozen");
        for event in &said {
            self.books.hear(event);
            self.known.hear(event);
            there_and_back(event);
        }
        self.books.check(&self.whole);
        self.said.extend(said);
    }

    fn freeze_and_thaw(&mut self) {
        let frozen = self.cut.freeze();
        let chunks: Vec<_> = frozen.chunks(&[]).collect();
        let mut thawed = thaw(chunks.iter().map(Vec::as_slice), &[]).expect("what was frozen can be thawed");
        assert_eq!(thawed.freeze(), frozen);
        assert!(thawed.freeze().chunks(&[]).eq(chunks), "the same ledger has the same bytes");
        self.cut = thawed;
    }

    pub(crate) fn end(&mut self) {
        self.freeze_and_thaw();
        assert_eq!(self.cut.freeze(), self.whole.freeze());
        self.books.check(&self.cut);
    }
}
