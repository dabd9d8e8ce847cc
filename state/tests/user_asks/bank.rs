//! A bank that is asked by staff, in few words.

use schemas::{
    AccountId, AccountTerms, AccountType, Asked, Authority, Bearer, Capture, Cause, Channel, Command, CreateCustomer, Currency, CustomerId,
    Epoch, Event, Fact, HoldId, Limits, Money, OpenAccount, Operation, Payment, PaymentKind, Policy, Position, Principal, Refund, Refusal,
    Release, Reserve, Reverse, Role, Tariff, Tier, Transaction, TransactionId,
};
use state::{CODE_VERSION, Ledger};

pub(crate) const FIRST: Epoch = 1_764_000_000_000;
pub(crate) const DAY_MS: u64 = 24 * 60 * 60 * 1000;
pub(crate) const XOF: Currency = Currency::XOF;

/// A ledger, and staff that asks it.
#[derive(Clone)]
pub(crate) struct Bank {
    pub(crate) ledger: Ledger,
    pub(crate) asked: u32,
}

/// A fact that answers, unless it is a refusal.
pub(crate) type Answer = Result<Fact, Refusal>;

impl Bank {
    pub(crate) fn new() -> Self {
        Self::by_rules(CODE_VERSION)
    }

    /// One that begins with these rules.
    pub(crate) fn by_rules(rules: u32) -> Self {
        let mut ledger = Ledger::default();
        ledger.begin(FIRST, rules, &mut Vec::new());
        Self { ledger, asked: 0 }
    }

    /// So much later.
    pub(crate) fn later(&mut self, ms: u64) -> Vec<Event> {
        let (epoch, rules, mut events) = (self.ledger.epoch() + ms, self.ledger.next_rules(), Vec::new());
        self.ledger.begin(epoch, rules, &mut events);
        events
    }

    pub(crate) fn tell(&mut self, key: &str, operation: Operation) -> Vec<Event> {
        self.asked += 1;
        let principal = Principal { subject: "staff".to_owned(), authority: Authority::Operator };
        let command = Command { principal, idempotency_key: key.to_owned(), received_ms: 0, operation };
        let position = Position { partition: 0, offset: self.asked.into() };
        let cause = Cause { command_id: command.id(), position, traceparent: String::new() };
        let mut events = Vec::new();
        self.ledger.apply(cause, &Asked::of(command), &mut events);
        assert!(self.ledger.trial_balance().values().all(|sum| *sum == 0), "the books do not balance");
        events
    }

    pub(crate) fn ask(&mut self, operation: Operation) -> Answer {
        let key = self.asked.to_string();
        let events = self.tell(&key, operation);
        answer(&events.last().expect("every command is answered").fact)
    }

    /// An account of a customer of its own, with some money.
    pub(crate) fn account(&mut self, role: Role, deposited: i64) -> AccountId {
        let create = CreateCustomer { full_name: "Awa Diop".to_owned(), msisdn: None, country: None };
        let Ok(Fact::CustomerCreated(customer)) = self.ask(Operation::CreateCustomer(create)) else { panic!("no customer") };
        let id = self.open(customer.id, role);
        if deposited > 0 {
            self.pay(PaymentKind::Deposit, None, Some(id), deposited).expect("a deposit settles");
        }
        id
    }

    pub(crate) fn open(&mut self, customer_id: CustomerId, role: Role) -> AccountId {
        let open = OpenAccount { customer_id, account_type: AccountType::Wallet, role, currency: XOF };
        let Ok(Fact::AccountOpened(account)) = self.ask(Operation::OpenAccount(open)) else { panic!("no account") };
        account.id
    }

    pub(crate) fn pay(
        &mut self,
        kind: PaymentKind,
        from: Option<AccountId>,
        to: Option<AccountId>,
        amount_minor: i64,
    ) -> Result<Transaction, Refusal> {
        settled(self.ask(Operation::Pay(payment(kind, from, to, amount_minor))))
    }

    pub(crate) fn transfer(&mut self, from: AccountId, to: AccountId, amount_minor: i64) -> Result<Transaction, Refusal> {
        self.pay(PaymentKind::Transfer, Some(from), Some(to), amount_minor)
    }

    pub(crate) fn reserve(&mut self, from: AccountId, to: AccountId, amount_minor: i64) -> Result<HoldId, Refusal> {
        let payment = payment(PaymentKind::Transfer, Some(from), Some(to), amount_minor);
        match self.ask(Operation::Reserve(Reserve { payment, expires_in_ms: DAY_MS }))? {
            Fact::HoldChanged(held) if held.change.begins() => Ok(held.id),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn capture(&mut self, hold_id: HoldId, amount_minor: i64, last: bool) -> Result<Transaction, Refusal> {
        settled(self.ask(Operation::Capture(Capture { hold_id, amount: xof(amount_minor), last })))
    }

    pub(crate) fn release(&mut self, hold_id: HoldId) -> Answer {
        self.ask(Operation::Release(Release { hold_id }))
    }

    pub(crate) fn refund(&mut self, transaction_id: TransactionId, amount_minor: i64) -> Result<Transaction, Refusal> {
        settled(self.ask(Operation::Refund(Refund { transaction_id, amount: xof(amount_minor), proof: None })))
    }

    pub(crate) fn reverse(&mut self, transaction_id: TransactionId) -> Result<Transaction, Refusal> {
        settled(self.ask(Operation::Reverse(Reverse { transaction_id, proof: None })))
    }

    pub(crate) fn floor(&mut self, account_id: AccountId, floor_minor: i64) {
        let terms =
            AccountTerms { account_id, currency: XOF, floor_minor: Some(floor_minor), limits: Limits::default(), effective_from: None };
        self.ask(Operation::SetPolicy(Policy::Terms(terms))).expect("terms are set");
    }

    /// Everything costs this, and nothing less or more.
    pub(crate) fn fee(&mut self, bearer: Bearer, fixed_minor: i64, rate_ppm: u32) {
        let tariff = fixed("everything", bearer, fixed_minor, rate_ppm);
        self.ask(Operation::SetPolicy(Policy::Tariff(tariff))).expect("a tariff is set");
    }

    /// Posted, and held of it.
    pub(crate) fn stands(&self, account: AccountId) -> (i64, i64) {
        let holding = self.ledger.accounts().find(|holding| holding.id == account);
        holding.map_or((0, 0), |holding| (holding.balance_minor, holding.held_minor))
    }

    pub(crate) fn income(&self) -> i64 {
        self.stands(AccountId::house("fees", XOF)).0
    }

    pub(crate) fn all(&self) -> Vec<(AccountId, i64, i64)> {
        self.ledger.accounts().map(|holding| (holding.id, holding.balance_minor, holding.held_minor)).collect()
    }
}

pub(crate) fn xof(minor: i64) -> Money {
    Money { minor, currency: XOF }
}

pub(crate) fn payment(
    kind: PaymentKind,
    account_debit: Option<AccountId>,
    account_credit: Option<AccountId>,
    amount_minor: i64,
) -> Payment {
    Payment { kind, account_debit, account_credit, amount_minor, currency: XOF, channel: Channel::Wallet, context: None }
}

pub(crate) fn answer(fact: &Fact) -> Answer {
    match fact {
        Fact::Refused { refusal, .. } | Fact::Transaction(Transaction { refusal: Some(refusal), .. }) => Err(*refusal),
        other => Ok(other.clone()),
    }
}

pub(crate) fn settled(answer: Answer) -> Result<Transaction, Refusal> {
    match answer? {
        Fact::Transaction(transaction) => Ok(transaction),
        other => panic!("{other:?} is no transaction"),
    }
}

/// A tariff of everything, at once and for good.
pub(crate) fn fixed(code: &str, bearer: Bearer, fixed_minor: i64, rate_ppm: u32) -> Tariff {
    Tariff {
        code: code.to_owned(),
        currency: XOF,
        operation: None,
        channel: None,
        account_type: None,
        level: None,
        bearer,
        tiers: vec![Tier { up_to_minor: None, fixed_minor, rate_ppm }],
        min_minor: None,
        max_minor: None,
        free_per_month: 0,
        effective_from: None,
        effective_to: None,
    }
}
