//! The auditor's books: the rules of `ARCHITECTURE.md` and of the words in `schemas`, written a second time,
//! as slowly and plainly as they read. They keep every command and every leg ever posted, and look everything
//! up by going through all of it. Nothing of the `state` crate is used here.

use schemas::{
    Account, AccountId, AccountStatus, AccountType, ActivateRules, Authority, Cause, ChangeStatus, Command, Currency, Customer, CustomerId,
    Epoch, Event, EventId, Fact, KycStatus, Money, OpenAccount, Operation, Payment, PaymentKind, Posting, Principal, Refusal, Repeat, Role,
    StatusChange, StatusChanged, Transaction, TransactionId,
};
use uuid::Uuid;

/// Decisions are kept for seven days.
const SEVEN_DAYS_MS: u64 = 604_800_000;

/// Everything that ever happened.
#[derive(Default)]
pub(super) struct Books {
    epoch: Epoch,
    /// The rules of this epoch and of the next.
    rules: [u32; 2],
    /// Every event said.
    said: Vec<Event>,
    /// Every decision: its command, its epoch, and what was decided.
    decided: Vec<(Command, Epoch, Fact)>,
    customers: Vec<Customer>,
    accounts: Vec<Account>,
    /// Every change of a status, in order.
    changes: Vec<(AccountId, StatusChange)>,
    /// Every leg: the account and what it gained.
    legs: Vec<(AccountId, i128)>,
}

impl Books {
    pub(super) fn begin(&mut self, epoch: Epoch, rules: u32) {
        self.epoch = epoch;
        self.rules = [rules; 2];
    }

    /// What the bank must say to a command.
    pub(super) fn apply(&mut self, cause: &Cause, command: &Command) -> Vec<Event> {
        let before = self.said.len();
        match self.first_decision(command) {
            Some((first, epoch, fact)) => {
                let first = (first.operation == command.operation).then_some(fact);
                let repeat = Repeat { operation: name(&command.operation).to_owned(), first_epoch: epoch, first };
                self.say(cause, Fact::Repeated(Box::new(repeat)));
            }
            None => {
                let fact = match &command.operation {
                    Operation::CreateCustomer(create) => {
                        let customer = Customer {
                            id: CustomerId(self.minted(3, self.customers.iter().map(|customer| customer.id.0))),
                            full_name: create.full_name.clone(),
                            msisdn: create.msisdn.clone(),
                            country: create.country.clone(),
                            kyc_status: KycStatus::Pending,
                        };
                        self.create_customer(&command.principal, customer)
                    }
                    Operation::OpenAccount(open) => self.open_account(&command.principal, open),
                    Operation::Pay(payment) => self.pay(cause, &command.principal, payment),
                    Operation::ActivateRules(ActivateRules { version }) => self.activate_rules(&command.principal, *version),
                    Operation::ChangeStatus(asked) => self.change_status(&command.principal, *asked),
                };
                self.decided.push((command.clone(), self.epoch, fact.clone()));
                self.say(cause, fact);
            }
        }
        self.said[before..].to_vec()
    }

    /// The sum of everything ever posted to an account.
    pub(super) fn balance(&self, account: AccountId) -> i128 {
        self.legs.iter().filter(|(id, _)| *id == account).map(|(_, amount)| amount).sum()
    }

    pub(super) fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    pub(super) fn customers(&self) -> &[Customer] {
        &self.customers
    }

    /// The decision on a command of the same caller, operation and key in the last seven days, as a repeat tells it.
    fn first_decision(&self, command: &Command) -> Option<(&Command, Epoch, Fact)> {
        let who = |command: &Command| (command.principal.subject.clone(), name(&command.operation), command.idempotency_key.clone());
        let same = |decided: &&(Command, Epoch, Fact)| who(&decided.0) == who(command) && self.epoch - decided.1 <= SEVEN_DAYS_MS;
        self.decided.iter().rev().find(same).map(|(first, epoch, fact)| {
            let told = match fact {
                Fact::Transaction(transaction) => Fact::Transaction(Transaction { postings: Vec::new(), ..transaction.clone() }),
                other => other.clone(),
            };
            (first, *epoch, told)
        })
    }

    fn say(&mut self, cause: &Cause, fact: Fact) {
        let id = EventId(self.minted(0, self.said.iter().map(|event| event.id.0)));
        self.said.push(Event { id, epoch: self.epoch, cause: cause.clone(), fact });
    }

    /// The next id of a kind in this epoch, in UUIDv7 layout: epoch, 7, kind, variant, number.
    fn minted(&self, kind: u128, of_this_kind: impl Iterator<Item = Uuid>) -> Uuid {
        let epoch = u128::from(self.epoch);
        let number = of_this_kind.filter(|id| id.as_u128() >> 80 == epoch && id.get_version_num() == 7).map(|_| 1).sum();
        let bits: [(u128, u32); 5] = [(epoch, 80), (7, 76), (kind, 64), (2, 62), (number, 0)];
        Uuid::from_u128(bits.iter().map(|(value, shift)| value << shift).sum())
    }

    fn create_customer(&mut self, principal: &Principal, customer: Customer) -> Fact {
        if principal.authority == Authority::Customer {
            return Fact::Refused { operation: "create_customer".to_owned(), refusal: Refusal::NotAuthorized };
        }
        self.customers.push(customer.clone());
        Fact::CustomerCreated(customer)
    }

    /// What the last change made of an account.
    pub(super) fn status(&self, account: AccountId) -> AccountStatus {
        match self.changes.iter().rev().find(|(changed, _)| *changed == account) {
            None | Some((_, StatusChange::Reactivate)) => AccountStatus::Active,
            Some((_, StatusChange::Suspend)) => AccountStatus::Suspended,
            Some((_, StatusChange::Close)) => AccountStatus::Closed,
        }
    }

    fn change_status(&mut self, principal: &Principal, asked: ChangeStatus) -> Fact {
        let (id, change) = (asked.account_id, asked.change);
        let account = self.accounts.iter().find(|account| account.id == id);
        let status = self.status(id);
        let already = match change {
            StatusChange::Suspend => AccountStatus::Suspended,
            StatusChange::Reactivate => AccountStatus::Active,
            StatusChange::Close => AccountStatus::Closed,
        };
        let refusals = [
            (self.rules[0] < 3, Refusal::OperationNotInForce),
            (principal.authority == Authority::Customer, Refusal::NotAuthorized),
            (account.is_none(), Refusal::AccountNotFound),
            (account.is_some_and(|account| account.customer_id.is_none()), Refusal::RoleNotPermitted),
            (status == AccountStatus::Closed, Refusal::AccountClosed),
            (status == already, Refusal::StatusUnchanged),
            (change == StatusChange::Close && self.balance(id) != 0, Refusal::BalanceNotZero),
        ];
        if let Some((_, refusal)) = refusals.into_iter().find(|(fails, _)| *fails) {
            return Fact::Refused { operation: change.as_str().to_owned(), refusal };
        }
        let customer_id = account.and_then(|account| account.customer_id);
        self.changes.push((id, change));
        Fact::StatusChanged(StatusChanged { id, customer_id, change })
    }

    /// The rules of the next epoch.
    pub(super) fn next_rules(&self) -> u32 {
        self.rules[1]
    }

    fn activate_rules(&mut self, principal: &Principal, version: u32) -> Fact {
        let refusals = [
            (principal.authority == Authority::Customer, Refusal::NotAuthorized),
            (!(1..=self.rules[1] + 1).contains(&version), Refusal::RulesUnknown),
            (version == self.rules[1], Refusal::RulesInForce),
        ];
        if let Some((_, refusal)) = refusals.into_iter().find(|(fails, _)| *fails) {
            return Fact::Refused { operation: "activate_rules".to_owned(), refusal };
        }
        self.rules[1] = version;
        Fact::RulesActivated { version }
    }

    fn open_account(&mut self, principal: &Principal, open: &OpenAccount) -> Fact {
        let known = self.customers.iter().any(|customer| customer.id == open.customer_id);
        let own = principal.subject == open.customer_id.to_string() && open.role == Role::Customer;
        let stranger = principal.authority == Authority::Customer && !own;
        let refusals = [
            (stranger && self.rules[0] > 1, Refusal::NotAuthorized),
            (!known, Refusal::CustomerNotFound),
            (stranger, Refusal::NotAuthorized),
            (open.role == Role::House, Refusal::RoleNotPermitted),
        ];
        if let Some((_, refusal)) = refusals.into_iter().find(|(fails, _)| *fails) {
            return Fact::Refused { operation: "open_account".to_owned(), refusal };
        }
        let minted = self.accounts.iter().map(|account| account.id.0);
        let account = Account {
            id: AccountId(self.minted(2, minted)),
            customer_id: Some(open.customer_id),
            account_type: open.account_type,
            role: open.role,
            currency: open.currency,
            status: AccountStatus::Active,
        };
        self.accounts.push(account.clone());
        Fact::AccountOpened(account)
    }

    fn pay(&mut self, cause: &Cause, principal: &Principal, payment: &Payment) -> Fact {
        let cash = cash(payment.currency);
        let mut transaction = Transaction {
            id: TransactionId(self.minted(1, self.decided.iter().filter_map(|(_, _, fact)| transaction_id(fact)))),
            kind: payment.kind,
            account_debit: payment.account_debit.unwrap_or(cash.id),
            account_credit: payment.account_credit.unwrap_or(cash.id),
            amount: Money { minor: payment.amount_minor, currency: payment.currency },
            fee_minor: 0,
            channel: payment.channel,
            refusal: None,
            postings: Vec::new(),
        };
        transaction.refusal = self.refusal(principal, &transaction);
        if transaction.refusal.is_some() {
            return Fact::Transaction(transaction);
        }
        let legs = [(transaction.account_debit, -payment.amount_minor), (transaction.account_credit, payment.amount_minor)];
        let first_use = !self.accounts.contains(&cash) && legs.iter().any(|(account, _)| *account == cash.id);
        if first_use {
            self.accounts.push(cash.clone());
            self.say(cause, Fact::AccountOpened(cash));
        }
        for (account, amount_minor) in legs {
            self.legs.push((account, amount_minor.into()));
            let balance_minor = i64::try_from(self.balance(account)).expect("the range was checked");
            transaction.postings.push(Posting { account, amount_minor, balance_minor });
        }
        Fact::Transaction(transaction)
    }

    /// Whether an account has a status that these rules mind.
    fn is(&self, account: AccountId, status: AccountStatus) -> bool {
        self.rules[0] >= 3 && self.status(account) == status
    }

    /// The first reason against a payment, in the order of `Refusal`.
    fn refusal(&self, principal: &Principal, transaction: &Transaction) -> Option<Refusal> {
        let currency = transaction.amount.currency;
        let amount = i128::from(transaction.amount.minor);
        let cash = cash(currency);
        let find = |id: AccountId| self.accounts.iter().find(|account| account.id == id).or((id == cash.id).then_some(&cash));
        if amount <= 0 {
            return Some(Refusal::AmountNotPositive);
        }
        let owner = find(transaction.account_debit).and_then(|account| account.customer_id).map(|owner| owner.to_string());
        let stranger = principal.authority == Authority::Customer && owner.as_ref() != Some(&principal.subject);
        if stranger && self.rules[0] > 1 {
            return Some(Refusal::NotAuthorized);
        }
        let Some(payer) = find(transaction.account_debit) else { return Some(Refusal::DebitAccountNotFound) };
        let Some(payee) = find(transaction.account_credit) else { return Some(Refusal::CreditAccountNotFound) };
        let after = [self.balance(payer.id) - amount, self.balance(payee.id) + amount];
        let in_range = |balance: i128| (-(1 << 63)..1 << 63).contains(&balance);
        let refusals = [
            (stranger, Refusal::NotAuthorized),
            (payer.id == payee.id, Refusal::AccountsMustDiffer),
            (!takes_part(transaction.kind, payer.role, payee.role), Refusal::RoleNotPermitted),
            (payer.currency != currency || payee.currency != currency, Refusal::CurrencyMismatch),
            (self.is(payer.id, AccountStatus::Closed), Refusal::DebitAccountClosed),
            (self.is(payer.id, AccountStatus::Suspended), Refusal::DebitAccountSuspended),
            (self.is(payee.id, AccountStatus::Closed), Refusal::CreditAccountClosed),
            (self.is(payee.id, AccountStatus::Suspended), Refusal::CreditAccountSuspended),
            (payer.role != Role::House && after[0] < 0, Refusal::InsufficientFunds),
            (!after.into_iter().all(in_range), Refusal::BalanceOverflow),
        ];
        refusals.into_iter().find(|(fails, _)| *fails).map(|(_, refusal)| refusal)
    }
}

/// The house's cash in a currency, as it opens.
fn cash(currency: Currency) -> Account {
    Account {
        id: AccountId::house("cash", currency),
        customer_id: None,
        account_type: AccountType::Current,
        role: Role::House,
        currency,
        status: AccountStatus::Active,
    }
}

/// The table of who takes part in what: operation, payers, payees.
fn takes_part(kind: PaymentKind, payer: Role, payee: Role) -> bool {
    use Role::{Agent, Customer, House, Merchant};
    let table: [(PaymentKind, &[Role], &[Role]); 4] = [
        (PaymentKind::Deposit, &[Agent, House], &[Customer, Merchant, Agent]),
        (PaymentKind::Withdrawal, &[Customer, Merchant, Agent], &[Agent, House]),
        (PaymentKind::Transfer, &[Customer, Merchant, Agent], &[Customer, Agent]),
        (PaymentKind::MerchantPayment, &[Customer, Agent], &[Merchant]),
    ];
    table.iter().any(|(row, payers, payees)| *row == kind && payers.contains(&payer) && payees.contains(&payee))
}

fn transaction_id(fact: &Fact) -> Option<Uuid> {
    match fact {
        Fact::Transaction(transaction) => Some(transaction.id.0),
        Fact::CustomerCreated(_)
        | Fact::AccountOpened(_)
        | Fact::RulesActivated { .. }
        | Fact::StatusChanged(_)
        | Fact::Refused { .. }
        | Fact::Repeated(_) => None,
    }
}

fn name(operation: &Operation) -> &'static str {
    match operation {
        Operation::CreateCustomer(_) => "create_customer",
        Operation::OpenAccount(_) => "open_account",
        Operation::ActivateRules(_) => "activate_rules",
        Operation::ChangeStatus(ChangeStatus { change: StatusChange::Suspend, .. }) => "suspend_account",
        Operation::ChangeStatus(ChangeStatus { change: StatusChange::Reactivate, .. }) => "reactivate_account",
        Operation::ChangeStatus(ChangeStatus { change: StatusChange::Close, .. }) => "close_account",
        Operation::Pay(Payment { kind: PaymentKind::Deposit, .. }) => "deposit",
        Operation::Pay(Payment { kind: PaymentKind::Withdrawal, .. }) => "withdrawal",
        Operation::Pay(Payment { kind: PaymentKind::Transfer, .. }) => "transfer",
        Operation::Pay(Payment { kind: PaymentKind::MerchantPayment, .. }) => "merchant_payment",
    }
}
