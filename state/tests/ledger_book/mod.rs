//! A bank that reads the lines of the tables: asks its ledger, and compares what it hears.

mod batch;
mod books;
mod diligence;
mod gates;
mod lists;
#[path = "../shown/mod.rs"]
mod shown;
mod told;
mod words;

use books::Books;
use schemas::account::{HOUSE_CASH, HOUSE_FEES};
use schemas::{
    AccountId, ActivateRules, Asked, Authority, CancelOrder, Capture, CaseId, Cause, ChangeStatus, Channel, Command, CommandId,
    CreateCustomer, CustomerId, CustomerLevel, Dated, DecideReview, Epoch, Event, Fact, Freeze, HoldChange, HoldId, Money, OpenAccount,
    Operation, Order, OrderChange, OrderId, Party, Payment, Policy, Position, Principal, Proof, Refund, Release, Reserve, Reverse, Signal,
    StatusChange, Transaction, TransactionId,
};
use state::{CODE_VERSION, Ledger};
use std::collections::BTreeMap;
use std::sync::Arc;
pub(crate) use words::Words;
use words::{duration_ms, moment};

/// When every case begins.
const BEGIN: &str = "2025-11-24T16:00:00.000";

/// A ledger, and the names that a table gives to what is in it.
pub(crate) struct Bank {
    ledger: Ledger,
    epoch: Epoch,
    commands: u32,
    customers: BTreeMap<String, CustomerId>,
    accounts: BTreeMap<String, AccountId>,
    transactions: BTreeMap<String, TransactionId>,
    holds: BTreeMap<String, HoldId>,
    orders: BTreeMap<String, OrderId>,
    cases: BTreeMap<String, CaseId>,
    answers: BTreeMap<CommandId, Fact>,
    books: Books,
    loaded: lists::Loaded,
}

impl Bank {
    pub(crate) fn new() -> Self {
        let (mut ledger, epoch, mut events) = (Ledger::default(), moment(BEGIN), Vec::new());
        ledger.begin(epoch, CODE_VERSION, &mut events);
        assert_eq!(events, [], "nothing is over before it began");
        Self {
            ledger,
            epoch,
            commands: 0,
            customers: BTreeMap::new(),
            accounts: BTreeMap::new(),
            transactions: BTreeMap::new(),
            holds: BTreeMap::new(),
            orders: BTreeMap::new(),
            cases: BTreeMap::new(),
            answers: BTreeMap::new(),
            books: Books::default(),
            loaded: lists::Loaded::new(),
        }
    }

    /// Reads a step: a command and its answer, a look at the books, or a new epoch.
    pub(crate) fn read(&mut self, place: &str, line: &str) {
        if let Some((times, step)) = line.split_once(" times ") {
            let times: u32 = times.trim().parse().expect("so many times");
            return (1..=times).for_each(|number| self.read(place, &step.replace('$', &number.to_string())));
        }
        let (line, items) = line.split_once('\n').unwrap_or((line, ""));
        let mut words = Words::of(line);
        let operation = match words.next() {
            "batch" => return self.batch(place, words, items),
            "later" => return self.begin(place, self.epoch + duration_ms(words.next()), words),
            "at" => return self.begin(place, moment(words.next()), words),
            look @ ("balance" | "held" | "available") => return self.look(place, look, words),
            "enrol" => {
                let name = words.next();
                let create = CreateCustomer { full_name: name.to_owned(), msisdn: None, country: None };
                return self.ask(place, name, Operation::CreateCustomer(create), words);
            }
            "open" => {
                let name = words.next();
                let (role, account_type, currency) = (words.read(), words.read(), words.read());
                let customer_id = self.customer(name.split('.').next().unwrap_or_default());
                return self.ask(place, name, Operation::OpenAccount(OpenAccount { customer_id, account_type, role, currency }), words);
            }
            word => self.operation(word, &mut words),
        };
        self.ask(place, "", operation, words);
    }

    /// What is asked, up to who asks.
    fn operation(&mut self, word: &str, words: &mut Words<'_>) -> Operation {
        match word {
            "activate" => Operation::ActivateRules(ActivateRules { version: words.read() }),
            "reserve" => {
                let payment = self.payment(words.next(), words);
                let expires_in_ms = words.after("for").map(duration_ms).expect("money is held for a time");
                Operation::Reserve(Reserve { payment, expires_in_ms })
            }
            "capture" => Operation::Capture(Capture { hold_id: self.hold(words), amount: words.money(), last: words.flag("last") }),
            "release" => Operation::Release(Release { hold_id: self.hold(words) }),
            "refund" => {
                let (transaction_id, amount) = (self.transaction(words), words.money());
                Operation::Refund(Refund { transaction_id, amount, proof: self.proof(transaction_id, words) })
            }
            "reverse" => {
                let transaction_id = self.transaction(words);
                Operation::Reverse(Reverse { transaction_id, proof: self.proof(transaction_id, words) })
            }
            "order" => {
                let payment = self.payment(words.next(), words);
                let dated = match words.after("execute") {
                    Some(when) => Dated::ExecuteAt(self.moment(when, |now, ms| now + ms)),
                    None => Dated::EffectiveAt(self.moment(words.after("effective").expect("a date"), |now, ms| now - ms)),
                };
                Operation::Order(Order { payment, dated })
            }
            "cancel" => {
                let order_id = self.orders.get(words.next()).copied().unwrap_or_else(|| OrderId::mint(1, 0));
                Operation::CancelOrder(CancelOrder { order_id })
            }
            "level" => {
                let customer_id = self.customer(words.next());
                Operation::SetPolicy(Policy::Level(CustomerLevel { customer_id, level: words.read() }))
            }
            "terms" => {
                let account = self.account(words.next()).expect("terms are of a named account");
                Operation::SetPolicy(Policy::Terms(words.terms(account)))
            }
            "limits" => Operation::SetPolicy(Policy::Limits(words.level_limits())),
            "tariff" => Operation::SetPolicy(Policy::Tariff(words.tariff())),
            "withdraw" => Operation::SetPolicy(Policy::TariffEnd(words.tariff_end())),
            word if diligence::WORDS.contains(&word) => self.diligence(word, words),
            "rule" | "policy" | "countries" => Operation::SetAml(gates::setting(word, words)),
            "freeze" | "unfreeze" => {
                Operation::Freeze(Freeze { party: self.party(words.next()), frozen: word == "freeze", reason: "a look".to_owned() })
            }
            "signal" => {
                let (party, signal) = (self.party(words.next()), words.read());
                Operation::ReportSignal(Signal { party, signal, device: words.after("on").map(str::to_owned) })
            }
            "part" | "put" => Operation::List(lists::command(word, words, &mut self.loaded)),
            "clear" => {
                let customer = self.customer(words.next());
                Operation::List(lists::clear(customer, words))
            }
            "decide" => {
                let (hold_id, decision) = (self.hold(words), words.read());
                Operation::DecideReview(DecideReview { hold_id, decision, reason: "a look".to_owned() })
            }
            word if let Ok(change) = word.parse::<StatusChange>() => {
                // An account that was never opened has an id of nobody.
                let account_id = self.account(words.next()).expect("a status is of a named account");
                Operation::ChangeStatus(ChangeStatus { account_id, change })
            }
            kind => Operation::Pay(self.payment(kind, words)),
        }
    }

    /// `KIND PAYER → PAYEE AMOUNT CURRENCY`, behind the kind.
    fn payment(&self, kind: &str, words: &mut Words<'_>) -> Payment {
        let kind = kind.parse().expect("an operation");
        let (debit, arrow, credit) = (words.next(), words.next(), words.next());
        assert_eq!(arrow, "→", "{kind} {debit}");
        let Money { minor: amount_minor, currency } = words.money();
        let (account_debit, account_credit) = (self.account(debit), self.account(credit));
        let context = words.context().map(Arc::new);
        Payment { kind, account_debit, account_credit, amount_minor, currency, channel: Channel::Wallet, context }
    }

    /// An account, or a customer.
    fn party(&self, name: &str) -> Party {
        match self.account(name) {
            Some(id) if name.contains('.') => Party::Account(id),
            _ => Party::Customer(self.customer(name)),
        }
    }

    /// A moment, or a duration from now.
    fn moment(&self, when: &str, from_now: fn(Epoch, u64) -> Epoch) -> Epoch {
        if when.contains('-') { moment(when) } else { from_now(self.epoch, duration_ms(when)) }
    }

    /// What shows a payment, or would if it were as it was.
    fn proof(&self, id: TransactionId, words: &mut Words<'_>) -> Option<Arc<Proof>> {
        if words.flag("proven") {
            return self.books.proof(id).map(Arc::new);
        }
        let mut proof = self.books.proof(id).filter(|_| words.flag("forged"))?;
        proof.rows.iter_mut().filter(|paid| paid.id == id).for_each(|paid| paid.amount_minor += 1);
        Some(Arc::new(proof))
    }

    /// Asks the ledger, and compares the answer with the rest of the line.
    fn ask(&mut self, place: &str, name: &str, mut operation: Operation, mut words: Words<'_>) {
        let (principal, idempotency_key) = self.asks(&mut words);
        words.channel(&mut operation);
        let name = words.after("as").unwrap_or(name);
        let (command_id, events) = self.tell(place, Command { principal, idempotency_key, received_ms: 0, operation });
        assert_eq!(self.told(&events), words.rest().join(" "), "{place}");
        self.remember(name, command_id, &events);
        self.books.agree(&self.ledger);
    }

    /// Who asks, and under which key.
    fn asks(&mut self, words: &mut Words<'_>) -> (Principal, String) {
        self.commands += 1;
        let principal = self.principal(words.after("by").expect("somebody asks"));
        (principal, words.after("key").map_or_else(|| format!("#{}", self.commands), str::to_owned))
    }

    /// What the ledger says to a command.
    fn tell(&mut self, place: &str, command: Command) -> (CommandId, Vec<Event>) {
        command.check().unwrap_or_else(|malformed| panic!("{place}: {malformed}"));
        let position = Position { partition: 0, offset: self.commands.into() };
        let traceparent = format!("00-{:032x}-{:016x}-01", self.commands, self.commands);
        let cause = Cause { command_id: command.id(), position, traceparent };
        let mut events = Vec::new();
        self.ledger.apply(cause.clone(), &Asked::of(command.clone()), &mut events);
        self.books.decided(&command.operation, &cause, self.epoch, &events);
        (cause.command_id, events)
    }

    /// The events of one command in the words of the tables.
    fn told(&self, events: &[Event]) -> String {
        let (answer, before) = events.split_last().expect("every command is answered");
        let beside = before.iter().filter_map(|event| match &event.fact {
            Fact::HoldChanged(changed) => told::beside(&event.fact, self.books.left(changed.id)),
            other => told::beside(other, (0, 0)),
        });
        std::iter::once(told::answer(&answer.fact, answer.epoch)).chain(beside).collect::<Vec<_>>().join(", ")
    }

    /// Gives names to what was made, and sees that a decision that is repeated is the first one.
    fn remember(&mut self, name: &str, command_id: CommandId, events: &[Event]) {
        let last = events.last().expect("every command is answered");
        let name = name.to_owned();
        for event in events {
            if let Fact::Diligence(told) = &event.fact {
                self.name_case(&name, told);
            }
        }
        match &last.fact {
            Fact::CustomerCreated(customer) => drop(self.customers.insert(name, customer.id)),
            Fact::AccountOpened(account) => drop(self.accounts.insert(name, account.id)),
            Fact::Transaction(transaction) if !name.is_empty() => drop(self.transactions.insert(name, transaction.id)),
            Fact::HoldChanged(changed) if !name.is_empty() && changed.change.begins() => {
                self.holds.insert(name, changed.id);
            }
            Fact::OrderChanged(order) if !name.is_empty() && order.change == OrderChange::Scheduled => {
                self.orders.insert(name, order.id);
            }
            Fact::Repeated(repeat) => match &repeat.first {
                Some(first) => {
                    return assert_eq!(self.answers.get(&command_id), Some(first), "a repeat is answered as the first time");
                }
                None => return,
            },
            Fact::Transaction(_)
            | Fact::RulesActivated { .. }
            | Fact::StatusChanged(_)
            | Fact::HoldChanged(_)
            | Fact::PolicyChanged(_)
            | Fact::BatchDecided(_)
            | Fact::OrderChanged(_)
            | Fact::AmlChanged(_)
            | Fact::PartyChanged(_)
            | Fact::Diligence(_)
            | Fact::Assessed(_)
            | Fact::ListChanged(_)
            | Fact::Refused { .. } => {}
        }
        self.answers.insert(command_id, without_postings(&last.fact));
    }

    /// Begins an epoch, which may begin with the end of holds and with orders whose day it is.
    fn begin(&mut self, place: &str, epoch: Epoch, words: Words<'_>) {
        self.epoch = epoch;
        let (rules, mut events) = (self.ledger.next_rules(), Vec::new());
        self.ledger.begin(epoch, rules, &mut events);
        self.books.began(epoch, &events);
        let (mut over, mut orders, mut opened) = (Vec::new(), Vec::new(), Vec::new());
        for event in &events {
            match &event.fact {
                Fact::HoldChanged(held) => {
                    let review = if held.change == HoldChange::ReviewExpired { " unlooked" } else { "" };
                    over.push(format!("{} {}{review}", name_of(&self.holds, held.id), told::sum(held.amount, held.fee_minor)))
                }
                Fact::OrderChanged(order) => {
                    let name = name_of(&self.orders, order.id).to_owned();
                    orders.push(format!("{} {name}", order.change));
                    self.transactions.extend(order.transaction_id.map(|id| (name, id)));
                }
                Fact::Transaction(paid) => {
                    let reason = paid.refusal.map_or_else(String::new, |refusal| format!(" {refusal}"));
                    orders.last_mut().expect("an order comes before its payment").push_str(&reason);
                }
                other => opened.extend(told::beside(other, (0, 0))),
            }
        }
        let mut told = Vec::new();
        // More than eight are more than a line can name.
        match over.len() {
            0 => {}
            count @ 9.. => told.push(format!("expired {count} holds")),
            _ => told.push(format!("expired {}", over.join(", "))),
        }
        match orders.len() {
            count @ 9.. => told.push(format!("executed {count} orders")),
            _ => told.extend(orders),
        }
        told.extend(opened);
        assert_eq!(told.join(", "), words.rest().join(" "), "{place}");
        self.books.agree(&self.ledger);
    }

    /// `ACCOUNT AMOUNT [held AMOUNT] [available AMOUNT]`, behind the first of the three.
    fn look(&self, place: &str, first: &str, mut words: Words<'_>) {
        let (name, amount) = (words.next(), words.next());
        let account = self.account(name).expect("a balance is of a named account");
        let holding = self.ledger.accounts().find(|holding| holding.id == account).unwrap_or_else(|| panic!("{place}: {name} is open"));
        let mut looks = vec![(first, amount)];
        ["held", "available"].iter().for_each(|look| looks.extend(words.after(look).map(|amount| (*look, amount))));
        assert_eq!(words.rest(), [""; 0], "{place}");
        for (look, amount) in looks {
            let minor = match look {
                "balance" => holding.balance_minor,
                "held" => holding.held_minor,
                _ => holding.available_minor(),
            };
            assert_eq!(Money { minor, currency: holding.currency }.to_string(), amount, "{place}: {look} {name}");
        }
    }

    fn principal(&self, name: &str) -> Principal {
        match name {
            "staff" | "teller" => Principal { subject: name.to_owned(), authority: Authority::Operator },
            // A customer whose token is an operator's.
            name if let Some(name) = name.strip_suffix("+staff") => {
                Principal { subject: self.customer(name).to_string(), authority: Authority::Operator }
            }
            _ => Principal { subject: self.customer(name).to_string(), authority: Authority::Customer },
        }
    }

    fn customer(&self, name: &str) -> CustomerId {
        self.customers.get(name).copied().unwrap_or_else(|| CustomerId::mint(1, 0))
    }

    fn account(&self, name: &str) -> Option<AccountId> {
        let house = |purpose, currency: &str| Some(AccountId::house(purpose, currency.parse().expect("a currency")));
        match name.split_once('.') {
            Some(("cash", currency)) => house(HOUSE_CASH, currency),
            Some(("fees", currency)) => house(HOUSE_FEES, currency),
            _ => (name != "house").then(|| self.accounts.get(name).copied().unwrap_or_else(|| AccountId::mint(1, 0))),
        }
    }

    fn hold(&self, words: &mut Words<'_>) -> HoldId {
        self.holds.get(words.next()).copied().unwrap_or_else(|| HoldId::mint(1, 0))
    }

    fn transaction(&self, words: &mut Words<'_>) -> TransactionId {
        self.transactions.get(words.next()).copied().unwrap_or_else(|| TransactionId::mint(1, 0))
    }
}

fn name_of<Id: PartialEq>(names: &BTreeMap<String, Id>, id: Id) -> &str {
    names.iter().find(|(_, named)| **named == id).map_or("without-a-name", |(name, _)| name)
}

/// A decision as a repeat tells it: without the balances of then.
fn without_postings(fact: &Fact) -> Fact {
    match fact {
        Fact::Transaction(transaction) => Fact::Transaction(Transaction { postings: Vec::new(), ..transaction.clone() }),
        Fact::Diligence(told) => Fact::Diligence(Box::new(told.as_ref().clone().again())),
        other => other.clone(),
    }
}
