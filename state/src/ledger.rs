//! The ledger: `apply(command) -> events`, one command after the other, in log order.
//!
//! Checks come first, in the order of [`Refusal`]: the first that fails is the reason. Then comes the line
//! "From here the command must succeed", then the change. A refusal changes nothing but the pin.

use crate::accounts::{Accounts, Holding};
use crate::bytes::Damaged;
use crate::customers::Enrolled;
use crate::permitted::permitted;
use crate::pins::{Pin, Pins};
use crate::rules;
use crate::snapshot::{Frozen, Thawed, Thawing};
use crate::status;
use crate::table::Table;
use schemas::account::HOUSE_CASH;
use schemas::{
    Account, AccountId, AccountStatus, AccountType, ActivateRules, Authority, Cause, ChangeStatus, Command, CreateCustomer, Currency,
    Customer, CustomerId, Epoch, Event, EventId, Fact, Fingerprint, KycStatus, Money, OpenAccount, Operation, Payment, Posting, Principal,
    Refusal, Repeat, Role, StatusChanged, Transaction, TransactionId,
};
use std::collections::BTreeMap;

/// The bank's books and everything that decisions depend on.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    epoch: Epoch,
    /// What decides the epoch begun last.
    rules: u32,
    /// What decides the next; zero as long as there was none.
    next_rules: u32,
    numbers: Numbers,
    customers: Table<Enrolled>,
    accounts: Accounts,
    pins: Pins,
}

/// How many ids of each kind the open epoch has given.
#[derive(Clone, Debug, Default)]
struct Numbers {
    events: u32,
    transactions: u32,
    accounts: u32,
    customers: u32,
}

/// The next number of a counter.
fn next(counter: &mut u32) -> u32 {
    let number = *counter;
    *counter += 1;
    number
}

/// A decision before it is published.
struct Decision {
    fact: Fact,
    number: u32,
    refusal: Option<Refusal>,
}

impl Ledger {
    /// Begins an epoch, which is decided by a version of the rules; each is later than all before it.
    pub fn begin(&mut self, epoch: Epoch, rules: u32) {
        assert!(epoch > self.epoch, "epoch {epoch} does not follow {}", self.epoch);
        assert!([0, rules].contains(&self.next_rules), "epoch {epoch} goes by rules {rules}, and {} are in force", self.next_rules);
        assert!((1..=rules::CODE_VERSION).contains(&rules), "version {rules} of the rules is not known here");
        (self.epoch, self.rules, self.next_rules) = (epoch, rules, rules);
        self.numbers = Numbers::default();
        self.pins.forget(epoch);
    }

    /// Decides one command of the epoch begun last.
    ///
    /// Pushes the events of the decision; the one for which the caller waits comes last.
    pub fn apply(&mut self, cause: &Cause, command: &Command, events: &mut Vec<Event>) {
        let fingerprint = Fingerprint::of(&command.operation);
        if let Some(pin) = self.pins.get(cause.command_id) {
            let first = (pin.fingerprint == fingerprint).then(|| self.first_decision(pin, &command.operation));
            let repeat = Repeat { operation: command.operation.name().to_owned(), first_epoch: pin.epoch, first };
            self.publish(cause, Fact::Repeated(Box::new(repeat)), events);
            return;
        }
        let decision = match &command.operation {
            operation if operation.since() > self.rules => refused(operation.name(), Refusal::OperationNotInForce),
            Operation::CreateCustomer(create) => self.create_customer(&command.principal, create),
            Operation::OpenAccount(open) => self.open_account(&command.principal, open),
            Operation::Pay(payment) => self.pay(cause, &command.principal, payment, events),
            Operation::ActivateRules(activate) => self.activate_rules(&command.principal, *activate),
            Operation::ChangeStatus(asked) => self.change_status(&command.principal, *asked),
        };
        self.pins.keep(cause.command_id, Pin { fingerprint, epoch: self.epoch, number: decision.number, refusal: decision.refusal });
        self.publish(cause, decision.fact, events);
    }

    /// The sum of all balances, by currency: zero in each, always.
    pub fn trial_balance(&self) -> BTreeMap<Currency, i128> {
        let mut sums = BTreeMap::new();
        for holding in self.accounts.iter() {
            *sums.entry(holding.currency).or_default() += i128::from(holding.balance_minor);
        }
        sums
    }

    /// Every account, in the order in which it was opened.
    pub fn accounts(&self) -> impl Iterator<Item = &Holding> {
        self.accounts.iter()
    }

    /// How many decisions are kept for retries.
    pub fn pinned(&self) -> usize {
        self.pins.len()
    }

    /// The epoch begun last; zero before the first.
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The version of the rules that decides the next epoch; zero where nothing was decided yet, so that any may.
    pub const fn next_rules(&self) -> u32 {
        self.next_rules
    }

    /// The ledger as it is, between two epochs. It costs a pointer for every thousand rows, and a copy of the newest pins.
    pub fn freeze(&self) -> Frozen {
        Frozen {
            epoch: self.epoch,
            rules: self.next_rules,
            customers: self.customers.freeze(),
            accounts: self.accounts.freeze(),
            pins: self.pins.freeze(),
        }
    }

    /// The ledger that was frozen; none if not all of it is there, or if its books do not balance.
    pub fn thaw(thawing: Thawing) -> Result<Self, Damaged> {
        let Thawed { epoch, rules, customers, accounts, pins } = thawing.finish()?;
        let ledger = Self { epoch, rules, next_rules: rules, numbers: Numbers::default(), customers, accounts, pins };
        match ledger.trial_balance().iter().find(|(_, sum)| **sum != 0) {
            None => Ok(ledger),
            Some((currency, sum)) => Err(Damaged(format!("its books in {currency} are off by {sum}"))),
        }
    }

    fn publish(&mut self, cause: &Cause, fact: Fact, events: &mut Vec<Event>) {
        let id = EventId::mint(self.epoch, next(&mut self.numbers.events));
        events.push(Event { id, epoch: self.epoch, cause: cause.clone(), fact });
    }

    fn create_customer(&mut self, principal: &Principal, create: &CreateCustomer) -> Decision {
        if principal.authority != Authority::Operator {
            return refused("create_customer", Refusal::NotAuthorized);
        }
        // From here the command must succeed.
        let number = next(&mut self.numbers.customers);
        let id = CustomerId::mint(self.epoch, number);
        self.customers.push(Enrolled { id });
        Decision { fact: Fact::CustomerCreated(customer(id, create)), number, refusal: None }
    }

    fn open_account(&mut self, principal: &Principal, open: &OpenAccount) -> Decision {
        let refuse = |refusal| refused("open_account", refusal);
        let missing = self.customers.get(open.customer_id).is_none();
        if missing && rules::tells_strangers_what_exists(self.rules) {
            return refuse(Refusal::CustomerNotFound);
        }
        // Merchants and agents are appointed by staff; a customer opens only customer accounts, for themselves.
        let own = open.role == Role::Customer && principal.subject == open.customer_id.text(&mut [0; 36]);
        if principal.authority != Authority::Operator && !own {
            return refuse(Refusal::NotAuthorized);
        }
        if missing {
            return refuse(Refusal::CustomerNotFound);
        }
        if open.role == Role::House {
            return refuse(Refusal::RoleNotPermitted);
        }
        // From here the command must succeed.
        let number = next(&mut self.numbers.accounts);
        let id = AccountId::mint(self.epoch, number);
        self.accounts.open(Holding {
            id,
            customer_id: Some(open.customer_id),
            role: open.role,
            currency: open.currency,
            status: AccountStatus::Active,
            balance_minor: 0,
        });
        Decision { fact: Fact::AccountOpened(account(id, open)), number, refusal: None }
    }

    fn activate_rules(&mut self, principal: &Principal, activate: ActivateRules) -> Decision {
        let ActivateRules { version } = activate;
        if principal.authority != Authority::Operator {
            return refused("activate_rules", Refusal::NotAuthorized);
        }
        if let Err(refusal) = rules::may_follow(self.next_rules, version) {
            return refused("activate_rules", refusal);
        }
        // From here the command must succeed.
        self.next_rules = version;
        Decision { fact: Fact::RulesActivated { version }, number: 0, refusal: None }
    }

    fn change_status(&mut self, principal: &Principal, asked: ChangeStatus) -> Decision {
        let ChangeStatus { account_id, change } = asked;
        match status::change(principal, self.accounts.find(account_id), asked) {
            Err(refusal) => refused(change.as_str(), refusal),
            Ok(customer_id) => {
                // From here the command must succeed.
                self.accounts.set_status(account_id, change.status()).expect("the account was found by the checks");
                let fact = Fact::StatusChanged(StatusChanged { id: account_id, customer_id, change });
                Decision { fact, number: 0, refusal: None }
            }
        }
    }

    fn pay(&mut self, cause: &Cause, principal: &Principal, payment: &Payment, events: &mut Vec<Event>) -> Decision {
        let number = next(&mut self.numbers.transactions);
        let id = TransactionId::mint(self.epoch, number);
        let (account_debit, account_credit) = self.sides(payment);
        let decide = |refusal, postings| Decision {
            fact: Fact::Transaction(transaction(id, payment, account_debit, account_credit, refusal, postings)),
            number,
            refusal,
        };
        let (debit, credit) = match self.check(principal, payment, account_debit, account_credit) {
            Ok(balances) => balances,
            Err(refusal) => return decide(Some(refusal), Vec::new()),
        };

        // From here the command must succeed.
        if let Some(fact) = self.open_house_cash(payment.currency, [account_debit, account_credit]) {
            self.publish(cause, fact, events);
        }
        self.accounts.set_balance(account_debit, debit);
        self.accounts.set_balance(account_credit, credit);
        let postings = vec![
            Posting { account: account_debit, amount_minor: -payment.amount_minor, balance_minor: debit },
            Posting { account: account_credit, amount_minor: payment.amount_minor, balance_minor: credit },
        ];
        assert_eq!(postings.iter().map(|leg| i128::from(leg.amount_minor)).sum::<i128>(), 0, "the legs of a transaction sum to zero");
        decide(None, postings)
    }

    /// Who pays and who is paid; where a side is not named it is the house's cash.
    fn sides(&self, payment: &Payment) -> (AccountId, AccountId) {
        let cash = || self.accounts.house_cash(payment.currency).0;
        (payment.account_debit.unwrap_or_else(cash), payment.account_credit.unwrap_or_else(cash))
    }

    /// The balances after the payment, or the first check that fails.
    fn check(
        &self,
        principal: &Principal,
        payment: &Payment,
        account_debit: AccountId,
        account_credit: AccountId,
    ) -> Result<(i64, i64), Refusal> {
        if payment.amount_minor <= 0 {
            return Err(Refusal::AmountNotPositive);
        }
        let (_, opened) = self.accounts.house_cash(payment.currency);
        let cash = (!opened).then(|| unopened_cash(payment.currency));
        let find = |id: AccountId| self.accounts.find(id).or(cash.as_ref().filter(|cash| cash.id == id));
        let (payer, payee) = (find(account_debit), find(account_credit));
        let may_ask = principal.authority == Authority::Operator || payer.is_some_and(|payer| may_debit(principal, payer));
        if !may_ask && !rules::tells_strangers_what_exists(self.rules) {
            return Err(Refusal::NotAuthorized);
        }
        let payer = payer.ok_or(Refusal::DebitAccountNotFound)?;
        let payee = payee.ok_or(Refusal::CreditAccountNotFound)?;
        if !may_ask {
            return Err(Refusal::NotAuthorized);
        }
        if payer.id == payee.id {
            return Err(Refusal::AccountsMustDiffer);
        }
        if !permitted(payment.kind, payer.role, payee.role) {
            return Err(Refusal::RoleNotPermitted);
        }
        if payer.currency != payment.currency || payee.currency != payment.currency {
            return Err(Refusal::CurrencyMismatch);
        }
        status::active(self.rules, payer, payee)?;
        let debit = payer.after(-payment.amount_minor)?;
        let credit = payee.after(payment.amount_minor)?;
        Ok((debit, credit))
    }

    /// Opens the house's cash account of a currency if one of the two sides is its first use.
    fn open_house_cash(&mut self, currency: Currency, sides: [AccountId; 2]) -> Option<Fact> {
        let (id, opened) = self.accounts.house_cash(currency);
        if opened || !sides.contains(&id) {
            return None;
        }
        self.accounts.open(unopened_cash(currency));
        Some(Fact::AccountOpened(Account {
            id,
            customer_id: None,
            account_type: AccountType::Current,
            role: Role::House,
            currency,
            status: AccountStatus::Active,
        }))
    }

    /// What was decided on this very command, from its pin and the command itself.
    fn first_decision(&self, pin: &Pin, operation: &Operation) -> Fact {
        match (operation, pin.refusal) {
            (Operation::Pay(payment), refusal) => {
                let (account_debit, account_credit) = self.sides(payment);
                let id = TransactionId::mint(pin.epoch, pin.number);
                Fact::Transaction(transaction(id, payment, account_debit, account_credit, refusal, Vec::new()))
            }
            (_, Some(refusal)) => Fact::Refused { operation: operation.name().to_owned(), refusal },
            (Operation::CreateCustomer(create), None) => Fact::CustomerCreated(customer(CustomerId::mint(pin.epoch, pin.number), create)),
            (Operation::OpenAccount(open), None) => Fact::AccountOpened(account(AccountId::mint(pin.epoch, pin.number), open)),
            (Operation::ActivateRules(activate), None) => Fact::RulesActivated { version: activate.version },
            (Operation::ChangeStatus(ChangeStatus { account_id, change }), None) => {
                let account = self.accounts.find(*account_id).expect("an account whose status was changed stays");
                Fact::StatusChanged(StatusChanged { id: *account_id, customer_id: account.customer_id, change: *change })
            }
        }
    }
}

/// The house's cash in a currency opens at its first use; until then it stands at zero.
fn unopened_cash(currency: Currency) -> Holding {
    let id = AccountId::house(HOUSE_CASH, currency);
    Holding { id, customer_id: None, role: Role::House, currency, status: AccountStatus::Active, balance_minor: 0 }
}

/// Staff may debit any account, a customer their own. Only staff may pay out of the house.
fn may_debit(principal: &Principal, payer: &Holding) -> bool {
    match principal.authority {
        Authority::Operator => true,
        Authority::Customer => payer.customer_id.is_some_and(|owner| owner.text(&mut [0; 36]) == principal.subject),
    }
}

fn refused(operation: &str, refusal: Refusal) -> Decision {
    Decision { fact: Fact::Refused { operation: operation.to_owned(), refusal }, number: 0, refusal: Some(refusal) }
}

fn customer(id: CustomerId, create: &CreateCustomer) -> Customer {
    Customer {
        id,
        full_name: create.full_name.clone(),
        msisdn: create.msisdn.clone(),
        country: create.country.clone(),
        kyc_status: KycStatus::Pending,
    }
}

fn account(id: AccountId, open: &OpenAccount) -> Account {
    Account {
        id,
        customer_id: Some(open.customer_id),
        account_type: open.account_type,
        role: open.role,
        currency: open.currency,
        status: AccountStatus::Active,
    }
}

fn transaction(
    id: TransactionId,
    payment: &Payment,
    account_debit: AccountId,
    account_credit: AccountId,
    refusal: Option<Refusal>,
    postings: Vec<Posting>,
) -> Transaction {
    Transaction {
        id,
        kind: payment.kind,
        account_debit,
        account_credit,
        amount: Money { minor: payment.amount_minor, currency: payment.currency },
        fee_minor: 0,
        channel: payment.channel,
        refusal,
        postings,
    }
}
