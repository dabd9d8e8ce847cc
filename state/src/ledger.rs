//! The ledger: `apply(command) -> events`, one command after the other, in log order.
//!
//! Checks come first, in the order of [`Refusal`]: the first that fails is the reason. Then comes the line
//! "From here the command must succeed", then the change. A refusal changes nothing but the pin.

mod again;
mod batch;
mod case;
mod gate;
mod hold;
mod house;
mod identity;
mod kept;
mod list;
mod order;
mod pay;
mod pinned;
mod policy;
mod refund;
mod review;
mod undo;

use crate::accounts::{Accounts, Holding};
use crate::ahead::{Near, Places};
use crate::calendar::Today;
use crate::cases::Cases;
use crate::customers::Enrolled;
use crate::gates::Gates;
use crate::holds::{Hold, Holds};
use crate::identities::Identities;
use crate::lists::Lists;
use crate::moved::Moved;
use crate::orders::{Orders, Waiting};
use crate::pins::{Effect, Pin, Pins};
use crate::policies::Policies;
use crate::record::Record;
use crate::refunds::Refunded;
use crate::rules;
use crate::status;
use crate::table::Table;
use schemas::context::Named;
use schemas::{
    Account, AccountId, AccountStatus, ActivateRules, Actor, Asked, Bearer, Cause, ChangeStatus, CommandId, CreateCustomer, Currency,
    Customer, CustomerId, Epoch, Event, EventId, Fact, KycStatus, OpenAccount, Operation, Paid, PaymentKind, Refusal, Repeat, Role,
    StatusChanged, TransactionId,
};
use std::collections::BTreeMap;

/// The bank's books and everything that decisions depend on.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    pub(crate) epoch: Epoch,
    /// The day and the month of the epoch begun last.
    pub(crate) today: Today,
    /// What decides the epoch begun last.
    pub(crate) rules: u32,
    /// What decides the next; zero as long as there was none.
    pub(crate) next_rules: u32,
    pub(crate) numbers: Numbers,
    pub(crate) customers: Table<Enrolled>,
    pub(crate) accounts: Accounts,
    pub(crate) pins: Pins,
    pub(crate) holds: Holds,
    pub(crate) refunded: Table<Refunded>,
    pub(crate) policies: Policies,
    pub(crate) orders: Orders,
    pub(crate) record: Record,
    pub(crate) gates: Gates,
    pub(crate) lists: Lists,
    pub(crate) identities: Identities,
    pub(crate) cases: Cases,
    /// The newest rules by which an epoch was ever decided: newer ones keep more.
    pub(crate) kept: u32,
    /// What a batch that may still fail has changed; none outside of one.
    pub(crate) undo: Option<Vec<undo::Undo>>,
    /// What the items of a batch have moved so far, by number: its pin comes after them.
    pub(crate) moved_in_batch: Vec<Moved>,
}

/// How many ids of each kind the open epoch has given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbers {
    events: u32,
    transactions: u32,
    accounts: u32,
    customers: u32,
    cases: u32,
}

/// The next number of a counter.
fn next(counter: &mut u32) -> u32 {
    let number = *counter;
    *counter += 1;
    number
}

/// A command that is being decided.
#[derive(Clone, Copy)]
struct Asking<'a> {
    /// What its events will say that they answer.
    cause: &'a Cause,
    /// For whom it is asked.
    actor: Actor,
    /// Who asks, as their token says.
    subject: &'a str,
    /// Whether a payment that needs a review can wait for one.
    may_wait: bool,
    /// Where its sides lie most likely.
    near: Places,
    /// What its payment names, first; nothing where that is not worked out yet.
    named: &'a [Named],
}

impl Asking<'_> {
    /// Staff may act on any account, a customer on their own. Only staff may act for the house.
    fn may_act(&self, account: &Holding) -> bool {
        self.actor.may_act_for(account.customer_id)
    }
}

/// A decision before it is published.
struct Decision {
    fact: Fact,
    number: u32,
    refusal: Option<Refusal>,
    effect: Effect,
}

impl Ledger {
    /// Begins an epoch, which is decided by a version of the rules; each is later than all before it.
    ///
    /// Pushes the events of what ends by itself.
    pub fn begin(&mut self, epoch: Epoch, rules: u32, events: &mut Vec<Event>) {
        assert!(epoch > self.epoch, "epoch {epoch} does not follow {}", self.epoch);
        assert!([0, rules].contains(&self.next_rules), "epoch {epoch} goes by rules {rules}, and {} are in force", self.next_rules);
        assert!((1..=rules::CODE_VERSION).contains(&rules), "version {rules} of the rules is not known here");
        let first = self.epoch == 0;
        (self.epoch, self.rules, self.next_rules) = (epoch, rules, rules);
        self.today = Today::of(epoch);
        self.policies.begin(epoch);
        self.numbers = Numbers::default();
        self.kept = self.kept.max(rules);
        self.pins.forget(epoch);
        if rules::knows_orders(self.kept) {
            self.record.begin(epoch, first);
        }
        if rules::knows_gates(self.kept) {
            self.gates.attempts.sweep(epoch);
        }
        self.expire(events);
        self.execute_orders(events);
        self.wake_cases(events);
        self.expire_identities(events);
    }

    /// Decides one command of the epoch begun last.
    ///
    /// Pushes the events of the decision; the one for which the caller waits comes last.
    pub fn apply(&mut self, cause: Cause, asked: &Asked, events: &mut Vec<Event>) {
        let near = self.near(cause.command_id);
        self.apply_near(cause, asked, near, events);
    }

    /// The same, with what was found when the ledger looked ahead to this command.
    pub fn apply_near(&mut self, cause: Cause, asked: &Asked, near: Near, events: &mut Vec<Event>) {
        let (command, fingerprint) = (asked.command(), asked.fingerprint());
        if let Some(pin) = self.pins.get(near.pin, cause.command_id) {
            let first = (pin.fingerprint == fingerprint).then(|| self.first_decision(&cause, &pin, command));
            let repeat = Repeat { operation: command.operation.name().to_owned(), first_epoch: pin.epoch, first };
            self.publish(cause, Fact::Repeated(Box::new(repeat)), events);
            return;
        }
        let subject = &*command.principal.subject;
        let asking = Asking { cause: &cause, actor: asked.actor(), subject, may_wait: true, near: near.sides, named: asked.named() };
        let decision = self.decide(asking, &command.operation, events);
        let Decision { fact, number, refusal, effect } = decision;
        let command_id = cause.command_id;
        // First what is near: a pin lies far away, and what is read back while it is written waits for it.
        self.publish(cause, fact, events);
        // What does nothing is not kept either: a dry run is decided anew.
        if !matches!(&command.operation, Operation::Batch(batch) if batch.dry_run) {
            self.keep(near, command_id, Pin { fingerprint, epoch: self.epoch, number, refusal }, effect);
        }
    }

    /// Keeps a decision for the retries of its command, and what it paid for the record.
    fn keep(&mut self, near: Near, command: CommandId, pin: Pin, effect: Effect) {
        match &effect {
            Effect::Moved(moved) => self.note(moved),
            Effect::Batch(effects, _) => effects.iter().filter_map(Effect::moved).for_each(|moved| self.note(moved)),
            Effect::None | Effect::Promised(_) => {}
        }
        self.pins.keep(near.pin, command, pin, effect);
    }

    /// Adds a payment to the record of the minute.
    fn note(&mut self, moved: &Moved) {
        if PaymentKind::ASKED.contains(&moved.kind) {
            self.record.push(&self.paid(self.epoch, moved));
        }
    }

    /// A payment with its sides.
    fn paid(&self, epoch: Epoch, moved: &Moved) -> Paid {
        let (payer, payee) = (self.accounts.at(moved.payer), self.accounts.at(moved.payee));
        Paid {
            id: TransactionId::mint(epoch, moved.number),
            kind: moved.kind,
            channel: moved.channel,
            // Who bears nothing is in no event, and whoever proves a payment knows it from its events.
            bearer: if moved.fee_minor == 0 { Bearer::Payer } else { moved.bearer },
            payer: payer.id,
            payee: payee.id,
            currency: payer.currency,
            amount_minor: moved.amount_minor,
            fee_minor: moved.fee_minor,
        }
    }

    /// Decides one operation, and pushes what is told before its decision.
    fn decide(&mut self, asking: Asking<'_>, operation: &Operation, events: &mut Vec<Event>) -> Decision {
        match operation {
            operation if operation.since() > self.rules => refused(operation.name(), Refusal::OperationNotInForce),
            Operation::CreateCustomer(create) => self.create_customer(asking, create),
            Operation::OpenAccount(open) => self.open_account(asking, open),
            Operation::Pay(payment) => self.pay(asking, payment, events),
            Operation::ActivateRules(activate) => self.activate_rules(asking, *activate),
            Operation::ChangeStatus(asked) => self.change_status(asking, *asked),
            Operation::Reserve(reserve) => self.reserve(asking, reserve, events),
            Operation::Capture(capture) => self.capture(asking, *capture, events),
            Operation::Release(release) => self.release(asking, *release),
            Operation::Refund(refund) => self.refund(asking, refund, events),
            Operation::Reverse(reverse) => self.reverse(asking, reverse, events),
            Operation::SetPolicy(policy) => self.set_policy(asking, policy),
            Operation::Batch(batch) => self.batch(asking, batch, events),
            Operation::Order(order) => self.order(asking, order, events),
            Operation::CancelOrder(cancel) => self.cancel_order(asking, *cancel),
            Operation::SetAml(setting) => self.set_aml(asking, setting),
            Operation::Freeze(freeze) => self.freeze_party(asking, freeze),
            Operation::ReportSignal(signal) => self.report_signal(asking, signal),
            Operation::DecideReview(review) => self.decide_review(asking, review, events),
            Operation::List(command) => self.list(asking, command),
            Operation::Diligence(asked) => self.diligence(asking, asked, events),
        }
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

    /// The epoch begun last; zero before the first.
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Every open hold.
    pub fn holds(&self) -> impl Iterator<Item = &Hold> {
        self.holds.iter()
    }

    /// Every order that waits.
    pub fn orders(&self) -> impl Iterator<Item = &Waiting> {
        self.orders.iter()
    }

    /// The version of the rules that decides the next epoch; zero where nothing was decided yet, so that any may.
    pub const fn next_rules(&self) -> u32 {
        self.next_rules
    }

    fn publish(&mut self, cause: Cause, fact: Fact, events: &mut Vec<Event>) {
        let id = EventId::mint(self.epoch, next(&mut self.numbers.events));
        events.push(Event { id, epoch: self.epoch, cause, fact });
    }

    fn create_customer(&mut self, asking: Asking<'_>, create: &CreateCustomer) -> Decision {
        if !asking.actor.is_staff() {
            return refused("create_customer", Refusal::NotAuthorized);
        }
        // From here the command must succeed.
        let number = next(&mut self.numbers.customers);
        let id = CustomerId::mint(self.epoch, number);
        self.customers.push(Enrolled::new(id));
        Decision { fact: Fact::CustomerCreated(customer(id, create)), number, refusal: None, effect: Effect::None }
    }

    fn open_account(&mut self, asking: Asking<'_>, open: &OpenAccount) -> Decision {
        let refuse = |refusal| refused("open_account", refusal);
        let holder = self.customers.place(open.customer_id);
        if holder.is_none() && rules::tells_strangers_what_exists(self.rules) {
            return refuse(Refusal::CustomerNotFound);
        }
        // Merchants and agents are appointed by staff; a customer opens only customer accounts, for themselves.
        let own = open.role == Role::Customer && asking.actor.may_act_for(Some(open.customer_id));
        if !asking.actor.is_staff() && !own {
            return refuse(Refusal::NotAuthorized);
        }
        if holder.is_none() {
            return refuse(Refusal::CustomerNotFound);
        }
        if open.role == Role::House {
            return refuse(Refusal::RoleNotPermitted);
        }
        // From here the command must succeed.
        let number = next(&mut self.numbers.accounts);
        let id = AccountId::mint(self.epoch, number);
        let account_type = rules::knows_policies(self.rules).then_some(open.account_type);
        let holding = Holding::new(id, Some(open.customer_id), open.role, open.currency);
        self.accounts.open(Holding { holder, account_type, ..holding });
        Decision { fact: Fact::AccountOpened(account(id, open)), number, refusal: None, effect: Effect::None }
    }

    fn activate_rules(&mut self, asking: Asking<'_>, activate: ActivateRules) -> Decision {
        let ActivateRules { version } = activate;
        if !asking.actor.is_staff() {
            return refused("activate_rules", Refusal::NotAuthorized);
        }
        if let Err(refusal) = rules::may_follow(self.next_rules, version) {
            return refused("activate_rules", refusal);
        }
        // From here the command must succeed.
        self.next_rules = version;
        Decision { fact: Fact::RulesActivated { version }, number: 0, refusal: None, effect: Effect::None }
    }

    fn change_status(&mut self, asking: Asking<'_>, asked: ChangeStatus) -> Decision {
        let ChangeStatus { account_id, change } = asked;
        match status::change(asking.actor, self.accounts.find(account_id), asked) {
            Err(refusal) => refused(change.as_str(), refusal),
            Ok(customer_id) => {
                // From here the command must succeed.
                self.accounts.of_id(account_id).status = change.status();
                let fact = Fact::StatusChanged(StatusChanged { id: account_id, customer_id, change });
                Decision { fact, number: 0, refusal: None, effect: Effect::None }
            }
        }
    }
}

fn refused(operation: &str, refusal: Refusal) -> Decision {
    Decision { fact: Fact::Refused { operation: operation.to_owned(), refusal }, number: 0, refusal: Some(refusal), effect: Effect::None }
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
