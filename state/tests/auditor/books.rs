//! The auditor's books: the rules of `ARCHITECTURE.md` and of the words in `schemas`, written a second time,
//! as slowly and plainly as they read. They keep every command, every event and every leg ever posted, and look
//! everything up by going through all of it. Nothing of the `state` crate is used here.
//!
//! Paying, holding, giving back, proving, ordering, many at once, setting, counting and pricing have a file each.

mod casework;
mod counting;
mod diligence;
mod gating;
mod giving_back;
mod holding;
mod listing;
mod many;
mod ordering;
mod paying;
mod pricing;
mod proving;
mod reviewing;
mod setting;

use counting::Counted;
use holding::Held;
use ordering::Ordered;
use paying::Original;
use schemas::diligence::{Work, WorkCase};
use schemas::{
    Account, AccountId, AccountStatus, ActivateRules, AmlSetting, Authority, Batch, Cause, ChangeStatus, Command, Customer, CustomerId,
    Diligence, Epoch, Event, EventId, Fact, Freeze, KycStatus, ListCommand, OpenAccount, Operation, Order, OrderChange, Party, Payment,
    PaymentKind, Policy, Posting, Principal, Refund, Refusal, Repeat, Reserve, Reverse, Role, StatusChange, StatusChanged, Transaction,
};
use uuid::Uuid;

/// Decisions are kept for seven days.
const SEVEN_DAYS_MS: u64 = 604_800_000;

/// Everything that ever happened.
#[derive(Clone, Default)]
pub(super) struct Books {
    epoch: Epoch,
    /// The rules of this epoch and of the next.
    rules: [u32; 2],
    /// Every event said.
    said: Vec<Event>,
    /// Every decision: its command, its epoch, and what was decided.
    decided: Vec<(Command, Epoch, Fact)>,
    customers: Vec<Customer>,
    /// Every account, and the rules under which it was opened.
    accounts: Vec<(Account, u32)>,
    /// Every change of a status, in order.
    changes: Vec<(AccountId, StatusChange)>,
    /// Every leg: the account and what it gained.
    legs: Vec<(AccountId, i128)>,
    /// Every policy that was set: in which epoch, and how it was told.
    policies: Vec<(Epoch, Policy)>,
    /// Every hold that was made.
    holds: Vec<Held>,
    /// Every operation that counts.
    counted: Vec<Counted>,
    /// Every payment that may be given back.
    originals: Vec<Original>,
    /// Every order for a day to come.
    orders: Vec<Ordered>,
    /// Every setting of gates.
    settings: Vec<AmlSetting>,
    /// Every party that was frozen, or not any more.
    freezes: Vec<(Party, bool)>,
    /// Every change of a watchlist.
    listed: Vec<ListCommand>,
    /// What gates have counted and noted.
    noted: gating::Noted,
    /// The first minute of which it is recorded what was paid.
    recorded_from: Option<u64>,
}

/// The first that fails.
fn first<const N: usize>(refusals: [(bool, Refusal); N]) -> Result<(), Refusal> {
    refusals.into_iter().find(|(fails, _)| *fails).map_or(Ok(()), |(_, refusal)| Err(refusal))
}

fn stranger(principal: &Principal, owner: Option<CustomerId>) -> bool {
    principal.authority == Authority::Customer && owner.is_none_or(|owner| owner.to_string() != principal.subject)
}

impl Books {
    /// Begins an epoch: what was held too long is given back, then what is ordered for now is paid.
    pub(super) fn begin(&mut self, epoch: Epoch, rules: u32) -> Vec<Event> {
        let before = self.said.len();
        self.begin_recording(epoch, rules);
        self.epoch = epoch;
        self.rules = [rules; 2];
        self.expire();
        self.execute();
        self.wake_cases();
        self.expire_identities();
        self.said[before..].to_vec()
    }

    /// What the bank must say to a command.
    pub(super) fn apply(&mut self, cause: &Cause, command: &Command) -> Vec<Event> {
        let before = self.said.len();
        match self.first_decision(command) {
            Some((first, epoch, fact)) => {
                let first = (asked(&first.operation) == asked(&command.operation)).then_some(fact);
                let repeat = Repeat { operation: name(&command.operation).to_owned(), first_epoch: epoch, first };
                self.say(cause, Fact::Repeated(Box::new(repeat)));
            }
            None => {
                let fact = self.answer(cause, &command.principal, &command.operation);
                // Where nothing was meant to happen nothing is kept.
                if !matches!(&command.operation, Operation::Batch(Batch { dry_run: true, .. })) {
                    self.decided.push((command.clone(), self.epoch, fact.clone()));
                }
                self.say(cause, fact);
            }
        }
        self.said[before..].to_vec()
    }

    /// The fact that answers.
    fn answer(&mut self, cause: &Cause, principal: &Principal, operation: &Operation) -> Fact {
        let refused = |refusal| Fact::Refused { operation: name(operation).to_owned(), refusal };
        self.decide(cause, principal, operation).unwrap_or_else(refused)
    }

    /// What becomes true, or why nothing does.
    fn decide(&mut self, cause: &Cause, principal: &Principal, operation: &Operation) -> Result<Fact, Refusal> {
        if since(operation) > self.rules[0] {
            return Err(Refusal::OperationNotInForce);
        }
        match operation {
            Operation::CreateCustomer(create) => {
                let customer = Customer {
                    id: CustomerId(self.minted(3, self.customers.iter().map(|customer| customer.id.0))),
                    full_name: create.full_name.clone(),
                    msisdn: create.msisdn.clone(),
                    country: create.country.clone(),
                    kyc_status: KycStatus::Pending,
                };
                self.create_customer(principal, customer)
            }
            Operation::OpenAccount(open) => self.open_account(principal, open),
            Operation::ActivateRules(ActivateRules { version }) => self.activate_rules(principal, *version),
            Operation::ChangeStatus(asked) => self.change_status(principal, *asked),
            Operation::Pay(payment) => Ok(self.pay(cause, principal, payment, true)),
            Operation::Reserve(reserve) => self.reserve(cause, principal, reserve),
            Operation::Capture(capture) => self.capture(cause, principal, *capture),
            Operation::Release(release) => self.release(principal, release.hold_id),
            Operation::Refund(refund) => self.refund(principal, refund),
            Operation::Reverse(reverse) => self.reverse(principal, reverse),
            Operation::SetPolicy(policy) => self.set_policy(principal, policy),
            Operation::Batch(batch) => Ok(self.batch(cause, principal, batch)),
            Operation::Order(order) => self.order(cause, principal, order),
            Operation::CancelOrder(cancel) => self.cancel_order(principal, cancel.order_id),
            Operation::SetAml(setting) => self.set_aml(principal, setting),
            Operation::Freeze(freeze) => self.freeze(principal, freeze),
            Operation::ReportSignal(signal) => self.report_signal(principal, signal),
            Operation::DecideReview(review) => self.decide_review(cause, principal, review),
            Operation::List(command) => self.list(principal, command),
            Operation::Diligence(asked) => self.diligence(cause, principal, asked),
        }
    }

    /// The sum of everything ever posted to an account.
    pub(super) fn balance(&self, account: AccountId) -> i128 {
        self.legs.iter().filter(|(id, _)| *id == account).map(|(_, amount)| amount).sum()
    }

    /// All that was ever reserved of an account, less all that was captured or given back.
    pub(super) fn held(&self, account: AccountId) -> i128 {
        let changes = self.said.iter().filter_map(|event| match &event.fact {
            Fact::HoldChanged(held) if held.account_debit == account => Some(held),
            _ => None,
        });
        let signed = changes.map(|held| {
            let all = i128::from(held.amount.minor) + i128::from(held.fee_minor);
            if held.change.begins() { all } else { -all }
        });
        signed.sum()
    }

    pub(super) fn accounts(&self) -> impl ExactSizeIterator<Item = &Account> {
        self.accounts.iter().map(|(account, _)| account)
    }

    /// The rules of the next epoch.
    pub(super) fn next_rules(&self) -> u32 {
        self.rules[1]
    }

    fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts().find(|account| account.id == id)
    }

    fn owner(&self, id: AccountId) -> Option<CustomerId> {
        self.account(id).and_then(|account| account.customer_id)
    }

    /// The decision on a command of the same caller, operation and key in the last seven days, as a repeat tells it.
    fn first_decision(&self, command: &Command) -> Option<(&Command, Epoch, Fact)> {
        let who = |command: &Command| (command.principal.subject.clone(), name(&command.operation), command.idempotency_key.clone());
        let same = |decided: &&(Command, Epoch, Fact)| self.epoch - decided.1 <= SEVEN_DAYS_MS && who(&decided.0) == who(command);
        self.decided.iter().rev().find(same).map(|(first, epoch, fact)| {
            let told = match fact {
                Fact::Transaction(transaction) => Fact::Transaction(Transaction { postings: Vec::new(), ..transaction.clone() }),
                Fact::Diligence(told) => Fact::Diligence(Box::new(told.as_ref().clone().again())),
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

    /// The next id of a transaction (1), of a hold (4) or of an order (5), which share their numbers.
    fn minted_with_transactions(&self, kind: u128) -> Uuid {
        let ids = self.said.iter().filter_map(|event| match &event.fact {
            Fact::Transaction(transaction) => Some(transaction.id.0),
            Fact::HoldChanged(held) if held.change.begins() => Some(held.id.0),
            Fact::OrderChanged(order) if order.change == OrderChange::Scheduled => Some(order.id.0),
            _ => None,
        });
        self.minted(kind, ids)
    }

    /// Posts the legs, one after the other.
    fn post(&mut self, legs: &[(AccountId, i128)]) -> Vec<Posting> {
        let mut postings = Vec::new();
        for (account, amount) in legs {
            self.legs.push((*account, *amount));
            let minor = |amount: i128| i64::try_from(amount).expect("the range was checked");
            postings.push(Posting { account: *account, amount_minor: minor(*amount), balance_minor: minor(self.balance(*account)) });
        }
        postings
    }

    fn create_customer(&mut self, principal: &Principal, customer: Customer) -> Result<Fact, Refusal> {
        first([(principal.authority == Authority::Customer, Refusal::NotAuthorized)])?;
        self.customers.push(customer.clone());
        Ok(Fact::CustomerCreated(customer))
    }

    /// What the last change made of an account.
    pub(super) fn status(&self, account: AccountId) -> AccountStatus {
        match self.changes.iter().rev().find(|(changed, _)| *changed == account) {
            None | Some((_, StatusChange::Reactivate)) => AccountStatus::Active,
            Some((_, StatusChange::Suspend)) => AccountStatus::Suspended,
            Some((_, StatusChange::Close)) => AccountStatus::Closed,
        }
    }

    fn change_status(&mut self, principal: &Principal, asked: ChangeStatus) -> Result<Fact, Refusal> {
        let (id, change) = (asked.account_id, asked.change);
        let account = self.account(id);
        let status = self.status(id);
        let already = match change {
            StatusChange::Suspend => AccountStatus::Suspended,
            StatusChange::Reactivate => AccountStatus::Active,
            StatusChange::Close => AccountStatus::Closed,
        };
        let closes = change == StatusChange::Close;
        first([
            (principal.authority == Authority::Customer, Refusal::NotAuthorized),
            (account.is_none(), Refusal::AccountNotFound),
            (account.is_some_and(|account| account.customer_id.is_none()), Refusal::RoleNotPermitted),
            (status == AccountStatus::Closed, Refusal::AccountClosed),
            (status == already, Refusal::StatusUnchanged),
            (closes && self.balance(id) != 0, Refusal::BalanceNotZero),
            (closes && self.held(id) != 0, Refusal::HoldsOpen),
        ])?;
        let customer_id = account.and_then(|account| account.customer_id);
        self.changes.push((id, change));
        Ok(Fact::StatusChanged(StatusChanged { id, customer_id, change }))
    }

    fn activate_rules(&mut self, principal: &Principal, version: u32) -> Result<Fact, Refusal> {
        first([
            (principal.authority == Authority::Customer, Refusal::NotAuthorized),
            (!(1..=self.rules[1] + 1).contains(&version), Refusal::RulesUnknown),
            (version == self.rules[1], Refusal::RulesInForce),
        ])?;
        self.rules[1] = version;
        Ok(Fact::RulesActivated { version })
    }

    fn open_account(&mut self, principal: &Principal, open: &OpenAccount) -> Result<Fact, Refusal> {
        let known = self.customers.iter().any(|customer| customer.id == open.customer_id);
        let own = principal.subject == open.customer_id.to_string() && open.role == Role::Customer;
        let stranger = principal.authority == Authority::Customer && !own;
        first([
            (stranger && self.rules[0] > 1, Refusal::NotAuthorized),
            (!known, Refusal::CustomerNotFound),
            (stranger, Refusal::NotAuthorized),
            (open.role == Role::House, Refusal::RoleNotPermitted),
        ])?;
        let account = Account {
            id: AccountId(self.minted(2, self.accounts().map(|account| account.id.0))),
            customer_id: Some(open.customer_id),
            account_type: open.account_type,
            role: open.role,
            currency: open.currency,
            status: AccountStatus::Active,
        };
        self.accounts.push((account.clone(), self.rules[0]));
        Ok(Fact::AccountOpened(account))
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
        Operation::Pay(Payment { kind: PaymentKind::BillPayment, .. }) => "bill_payment",
        Operation::Pay(Payment { kind: PaymentKind::Refund | PaymentKind::Reversal, .. }) => "never asked for",
        Operation::Reserve(_) => "reserve",
        Operation::Capture(_) => "capture",
        Operation::Release(_) => "release",
        Operation::Refund(_) => "refund",
        Operation::Reverse(_) => "reverse",
        Operation::SetPolicy(Policy::Level(_)) => "set_customer_level",
        Operation::SetPolicy(Policy::Terms(_)) => "set_account_terms",
        Operation::SetPolicy(Policy::Limits(_)) => "set_level_limits",
        Operation::SetPolicy(Policy::Tariff(_)) => "set_tariff",
        Operation::SetPolicy(Policy::TariffEnd(_)) => "withdraw_tariff",
        Operation::Batch(Batch { dry_run: false, .. }) => "batch",
        Operation::Batch(Batch { dry_run: true, .. }) => "batch_dry_run",
        Operation::Order(_) => "order",
        Operation::CancelOrder(_) => "cancel_order",
        Operation::SetAml(AmlSetting::Rule(_)) => "set_aml_rule",
        Operation::SetAml(AmlSetting::Policy(_)) => "set_gate_policy",
        Operation::SetAml(AmlSetting::Countries(_)) => "set_country_list",
        Operation::SetAml(AmlSetting::Cases(_)) => "set_case_policy",
        Operation::Freeze(Freeze { party: Party::Customer(_), frozen: true, .. }) => "freeze_customer",
        Operation::Freeze(Freeze { party: Party::Customer(_), frozen: false, .. }) => "unfreeze_customer",
        Operation::Freeze(Freeze { party: Party::Account(_), frozen: true, .. }) => "freeze_account",
        Operation::Freeze(Freeze { party: Party::Account(_), frozen: false, .. }) => "unfreeze_account",
        Operation::ReportSignal(_) => "report_signal",
        Operation::DecideReview(_) => "decide_review",
        Operation::List(ListCommand::Part(_)) => "load_list_part",
        Operation::List(ListCommand::Activate(_)) => "activate_list",
        Operation::List(ListCommand::Clear(_)) => "clear_match",
        Operation::Diligence(asked) => match &**asked {
            Diligence::UpdateCustomer(_) => "update_customer",
            Diligence::SetAddress(_) => "set_address",
            Diligence::SubmitDocument(_) => "submit_document",
            Diligence::DecideKyc(_) => "decide_kyc",
            Diligence::OpenCase(_) => "open_case",
            Diligence::WorkCase(WorkCase { work, .. }) => match work {
                Work::Assign(_) => "assign_case",
                Work::Comment => "comment_case",
                Work::Snooze(_) => "snooze_case",
                Work::Escalate => "escalate_case",
                Work::Decide(_) => "decide_case",
            },
        },
    }
}

/// What is asked, of which a proof is no part.
fn asked(operation: &Operation) -> Operation {
    let mut operation = operation.clone();
    match &mut operation {
        Operation::Refund(Refund { proof, .. }) | Operation::Reverse(Reverse { proof, .. }) => *proof = None,
        Operation::Batch(batch) => batch.items.iter_mut().for_each(|item| *item = asked(item)),
        _ => {}
    }
    operation
}

/// The first rules that know an operation.
fn since(operation: &Operation) -> u32 {
    match operation {
        Operation::Pay(Payment { context: Some(_), .. }) => 6,
        Operation::Reserve(Reserve { payment: Payment { context: Some(_), .. }, .. }) => 6,
        Operation::Order(Order { payment: Payment { context: Some(_), .. }, .. }) => 6,
        Operation::Batch(Batch { items, .. }) if items.iter().any(|item| since(item) == 6) => 6,
        Operation::SetAml(_) | Operation::Freeze(_) | Operation::ReportSignal(_) => 6,
        Operation::Diligence(asked) => {
            if matches!(**asked, Diligence::SetAddress(_)) {
                7
            } else {
                6
            }
        }
        Operation::DecideReview(_) => 6,
        Operation::List(_) => 6,
        Operation::CreateCustomer(_) | Operation::OpenAccount(_) | Operation::ActivateRules(_) => 1,
        Operation::Pay(Payment { kind: PaymentKind::BillPayment, .. }) => 4,
        Operation::Pay(_) => 1,
        Operation::ChangeStatus(_) => 3,
        Operation::Reserve(_)
        | Operation::Capture(_)
        | Operation::Release(_)
        | Operation::Refund(_)
        | Operation::Reverse(_)
        | Operation::SetPolicy(_) => 4,
        Operation::Batch(_) | Operation::Order(_) | Operation::CancelOrder(_) => 5,
    }
}
