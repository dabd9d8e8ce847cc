//! What there is, as far as the events say it; a step's command is made among it.

use super::diligence::Known;
use super::gated::Named;
use super::listed::{self, Listed, Wrong};
use super::policies::code;
use super::{Date, Paid, Part, Proven, Set, Side, Step, What, Which, Who, shown};
use schemas::diligence::{CaseStatus, Told};
use schemas::list::digest;
use schemas::{
    Account, AccountId, AccountTerms, ActivateList, ActivateRules, Authority, Batch, Bearer, CancelOrder, Capture, ChangeStatus,
    ClearMatch, Command, CreateCustomer, Currency, CustomerId, CustomerLevel, Dated, DecideReview, Epoch, Event, Fact, Freeze, HoldChanged,
    HoldId, LevelLimits, Link, ListCommand, ListPart, Money, OpenAccount, Operation, Order, OrderChange, OrderChanged, OrderId, Party,
    Payment, PaymentKind, Policy, Principal, Proof, Refund, Release, Reserve, Reverse, Signal, Tariff, TariffEnd, Transaction,
    TransactionId,
};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Clone, Default)]
pub(crate) struct Seen {
    customers: Vec<CustomerId>,
    accounts: Vec<Account>,
    /// Every hold, and what is left of it.
    holds: Vec<(HoldChanged, i64)>,
    /// Every transaction, and what can be given back of it.
    transactions: Vec<(Transaction, i64)>,
    /// Every order for a day to come, and one where it waits.
    orders: Vec<(OrderChanged, i64)>,
    /// Every case.
    cases: Vec<Known>,
    /// The number of the last transaction, hold or order, and its epoch.
    number: Option<(Epoch, u32)>,
    asked: Vec<Command>,
    /// By list: the version in force, and what was loaded since.
    lists: BTreeMap<String, (u32, Option<Loaded>)>,
}

/// Version, parts, count, last entry and digest.
type Loaded = (u32, u32, u32, u32, [u8; 32]);

impl Seen {
    /// Remembers a command that was asked, and how many were.
    pub(crate) fn ask(&mut self, command: &Command) -> usize {
        self.asked.push(command.clone());
        self.asked.len() - 1
    }

    pub(crate) fn hear(&mut self, events: &[Event]) {
        for event in events {
            match &event.fact {
                Fact::CustomerCreated(customer) => self.customers.push(customer.id),
                Fact::AccountOpened(account) => self.accounts.push(account.clone()),
                Fact::HoldChanged(held) => self.hear_hold(held),
                Fact::Transaction(transaction) => self.hear_transaction(transaction),
                Fact::OrderChanged(order) => self.hear_order(order),
                Fact::ListChanged(changed) => self.hear_list(&changed.change),
                Fact::Diligence(told) => self.hear_case(told),
                Fact::RulesActivated { .. }
                | Fact::StatusChanged(_)
                | Fact::PolicyChanged(_)
                | Fact::BatchDecided(_)
                | Fact::AmlChanged(_)
                | Fact::PartyChanged(_)
                | Fact::Assessed(_)
                | Fact::Refused { .. }
                | Fact::Repeated(_) => {}
            }
        }
    }

    fn hear_list(&mut self, change: &ListCommand) {
        match change {
            ListCommand::Part(part) => {
                let (_, loaded) = self.lists.entry(part.list.clone()).or_default();
                let (parts, count, before) =
                    loaded.filter(|_| part.number > 0).map_or((0, 0, [0; 32]), |(_, parts, count, _, digest)| (parts, count, digest));
                let (number, last) = (u32::try_from(part.entries.len()).expect("a few"), &part.entries.last().expect("one").id);
                let last = last.parse().expect("ids of histories are numbers");
                *loaded = Some((part.version, parts + 1, count + number, last, digest(&before, &part.entries)));
            }
            ListCommand::Activate(activate) if activate.count == 0 => drop(self.lists.remove(&activate.list)),
            ListCommand::Activate(activate) => drop(self.lists.insert(activate.list.clone(), (activate.version, None))),
            ListCommand::Clear(_) => {}
        }
    }

    /// What is asked of a list that is as it is.
    fn list(&self, asked: &Listed) -> ListCommand {
        let of = |list: u8| self.lists.get(&listed::name(list)).copied().unwrap_or_default();
        match *asked {
            Listed::Part { list, ahead, skips, count, behind } => {
                let (in_force, loaded) = of(list);
                let (version, number, last) = match loaded {
                    Some((version, parts, _, last, _)) if ahead == 0 => (version, parts, last),
                    _ => (in_force + ahead, 0, 0),
                };
                let from = if behind { last + 1 } else { last };
                let entries = (from..from + u32::from(count)).map(listed::entry).collect();
                ListCommand::Part(ListPart { list: listed::name(list), version: version.max(1), number: number + skips, entries })
            }
            Listed::Activate { list, wrong, force } => {
                let (in_force, loaded) = of(list);
                let (mut version, parts, mut count, _, mut digest) = loaded.unwrap_or((in_force.max(1), 1, 1, 0, [7; 32]));
                match wrong {
                    Wrong::Nothing => {}
                    Wrong::Count => count += 1,
                    Wrong::Digest => digest[3] ^= 1,
                    Wrong::Version => version += 1,
                }
                ListCommand::Activate(ActivateList { list: listed::name(list), kind: listed::KIND, version, parts, count, digest, force })
            }
            Listed::End { list, force } => {
                let version = of(list).0 + 1;
                let (kind, digest) = (listed::KIND, [0; 32]);
                ListCommand::Activate(ActivateList { list: listed::name(list), kind, version, parts: 0, count: 0, digest, force })
            }
            Listed::Clear { customer, list } => {
                let (customer_id, entry) = (self.customer(customer), "000001".to_owned());
                ListCommand::Clear(ClearMatch {
                    customer_id,
                    counterparty: None,
                    list: listed::name(list),
                    entry,
                    reason: "a look".to_owned(),
                })
            }
        }
    }

    fn hear_hold(&mut self, held: &HoldChanged) {
        if held.change.begins() {
            self.number = held.id.minted();
            return self.holds.push((held.clone(), held.amount.minor));
        }
        let known = self.holds.iter_mut().filter(|(hold, _)| hold.id == held.id);
        known.for_each(|(_, left)| *left = if held.open { *left - held.amount.minor } else { 0 });
    }

    fn hear_case(&mut self, told: &Told) {
        let Told::Case(changed) = told else { return };
        match changed.opened {
            Some(opened) => self.cases.push(Known { id: changed.id, kind: opened.kind, about: opened.about, open: true }),
            None => {
                let open = changed.status != CaseStatus::Closed;
                self.cases.iter_mut().filter(|case| case.id == changed.id).for_each(|case| case.open = open);
            }
        }
    }

    fn hear_order(&mut self, order: &OrderChanged) {
        if order.change == OrderChange::Scheduled {
            self.number = order.id.minted();
            return self.orders.push((order.clone(), 1));
        }
        self.orders.iter_mut().filter(|(known, _)| known.id == order.id).for_each(|(_, waits)| *waits = 0);
    }

    fn hear_transaction(&mut self, transaction: &Transaction) {
        self.number = transaction.id.minted();
        let settled = transaction.refusal.is_none();
        if let (Some(Link::Original(original)), true) = (transaction.link, settled) {
            let known = self.transactions.iter_mut().filter(|(known, _)| known.id == original);
            known.for_each(|(_, left)| *left -= transaction.amount.minor);
        }
        let asked = !matches!(transaction.kind, PaymentKind::Refund | PaymentKind::Reversal);
        self.transactions.push((transaction.clone(), if settled && asked { transaction.amount.minor } else { 0 }));
    }

    /// The command of a step.
    pub(crate) fn command(&self, step: &Step, epoch: Epoch) -> Option<Command> {
        let (who, key, what) = match step {
            Step::Ask { who, key, what } => (who, key, what),
            Step::Again(_) if self.asked.is_empty() => return None,
            Step::Again(earlier) => return Some(earlier.get(&self.asked).clone()),
        };
        let (operation, holder) = self.operation(what, epoch);
        let (subject, authority) = match who {
            Who::Staff => ("staff".to_owned(), Authority::Operator),
            Who::Teller => ("teller".to_owned(), Authority::Operator),
            Who::Holder => (holder.unwrap_or(nobody()).to_string(), Authority::Customer),
            Who::Customer(number) => (self.customer(*number).to_string(), Authority::Customer),
            Who::Trusted(number) => (self.customer(*number).to_string(), Authority::Operator),
            Who::Nobody => ("nobody".to_owned(), Authority::Customer),
        };
        let principal = Principal { subject, authority };
        let command = Command { principal, idempotency_key: format!("k{key}"), received_ms: 0, operation };
        command.check().expect("histories ask what the doors let in");
        Some(command)
    }

    /// What is asked, and whose account it is about.
    fn operation(&self, what: &What, epoch: Epoch) -> (Operation, Option<CustomerId>) {
        match what {
            What::Enrol { name } => {
                let country = (*name > 1).then(|| "SN".to_owned());
                (Operation::CreateCustomer(CreateCustomer { full_name: format!("Customer {name}"), msisdn: None, country }), None)
            }
            What::Activate { version } => (Operation::ActivateRules(ActivateRules { version: *version }), None),
            What::Change { account, change } => {
                let account_id = self.account(*account).unwrap_or(AccountId::house("cash", Currency::XOF));
                (Operation::ChangeStatus(ChangeStatus { account_id, change: *change }), self.holder(account_id))
            }
            What::Open { customer, account_type, role, currency } => {
                let customer_id = customer.map_or(nobody(), |number| self.customer(number));
                let open = OpenAccount { customer_id, account_type: *account_type, role: *role, currency: *currency };
                (Operation::OpenAccount(open), Some(customer_id))
            }
            What::Pay(paid) => {
                let payment = self.payment(paid);
                let holder = payment.account_debit.and_then(|payer| self.holder(payer));
                (Operation::Pay(payment), holder)
            }
            What::Reserve { paid, expires_in_ms } => {
                let payment = self.payment(paid);
                let holder = payment.account_debit.and_then(|payer| self.holder(payer));
                (Operation::Reserve(Reserve { payment, expires_in_ms: *expires_in_ms }), holder)
            }
            What::Capture { hold, part, currency, last } => {
                let (hold_id, amount, payee) = self.hold(*hold, *part, epoch);
                let amount = Money { currency: currency.unwrap_or(amount.currency), ..amount };
                (Operation::Capture(Capture { hold_id, amount, last: *last }), payee)
            }
            What::Release { hold } => {
                let (hold_id, _, payee) = self.hold(*hold, Part::Quarters(4), epoch);
                (Operation::Release(Release { hold_id }), payee)
            }
            What::Refund { payment, part, currency, proof } => {
                let (transaction_id, amount, payee) = self.transaction(*payment, *part, epoch);
                let amount = Money { currency: currency.unwrap_or(amount.currency), ..amount };
                (Operation::Refund(Refund { transaction_id, amount, proof: self.proof(*proof, transaction_id) }), payee)
            }
            What::Reverse { payment, proof } => {
                let (transaction_id, _, payee) = self.transaction(*payment, Part::Quarters(4), epoch);
                (Operation::Reverse(Reverse { transaction_id, proof: self.proof(*proof, transaction_id) }), payee)
            }
            What::Batch { mode, dry_run, items } => {
                let (items, holders): (Vec<Operation>, Vec<Option<CustomerId>>) =
                    items.iter().map(|item| self.operation(item, epoch)).unzip();
                let batch = Batch { mode: *mode, dry_run: *dry_run, items };
                (Operation::Batch(batch), holders.into_iter().flatten().next())
            }
            What::Order { paid, date } => {
                let payment = self.payment(paid);
                let holder = payment.account_debit.and_then(|payer| self.holder(payer));
                let dated = match date {
                    Date::In(ms) => Dated::ExecuteAt(epoch + ms),
                    Date::Passed(ms) => Dated::ExecuteAt(epoch - ms),
                    Date::Since(ms) => Dated::EffectiveAt(epoch - ms),
                    Date::Ahead(ms) => Dated::EffectiveAt(epoch + ms),
                };
                (Operation::Order(Order { payment, dated }), holder)
            }
            What::Cancel { order } => {
                let order = chosen(&self.orders, *order);
                let payer = order.and_then(|(order, _)| self.holder(order.account_debit));
                (Operation::CancelOrder(CancelOrder { order_id: order.map_or(OrderId::mint(1, 0), |(order, _)| order.id) }), payer)
            }
            What::Later { what, .. } | What::Second(what) => self.operation(what, epoch),
            What::Set(set) => (Operation::SetPolicy(self.policy(set, epoch)), None),
            What::SetAml(setting) => (Operation::SetAml(setting.clone()), None),
            What::Freeze { party, frozen } => {
                let (party, holder) = self.party(*party);
                (Operation::Freeze(Freeze { party, frozen: *frozen, reason: "a look".to_owned() }), holder)
            }
            What::Signal { party, device, signal } => {
                let (party, holder) = self.party(*party);
                (Operation::ReportSignal(Signal { party, device: device.clone(), signal: *signal }), holder)
            }
            What::List(asked) => {
                let command = self.list(asked);
                let of = if let ListCommand::Clear(clear) = &command { Some(clear.customer_id) } else { None };
                (Operation::List(command), of)
            }
            What::Diligence(wish) => {
                let (asked, of) = wish.asked(&self.cases, epoch, |number| self.customer(number), |side| self.account(side));
                (Operation::Diligence(Box::new(asked)), of)
            }
            What::Decide { hold, decision } => {
                let (hold_id, _, payee) = self.hold(*hold, Part::Quarters(4), epoch);
                (Operation::DecideReview(DecideReview { hold_id, decision: *decision, reason: "a look".to_owned() }), payee)
            }
        }
    }

    fn party(&self, party: Named) -> (Party, Option<CustomerId>) {
        match party {
            Named::Customer(number) => (Party::Customer(self.customer(number)), Some(self.customer(number))),
            Named::Account(side) => {
                let id = self.account(side).unwrap_or(AccountId::house("cash", Currency::XOF));
                (Party::Account(id), self.holder(id))
            }
        }
    }

    fn payment(&self, paid: &Paid) -> Payment {
        let Paid { kind, debit, credit, amount_minor, currency, channel, context } = paid;
        let (account_debit, account_credit) = (self.account(*debit), self.account(*credit));
        let known = |id: Option<AccountId>| self.accounts.iter().find(|account| Some(account.id) == id);
        let of_side = known(account_debit).or(known(account_credit)).map(|account| account.currency);
        let currency = currency.or(of_side).unwrap_or(Currency::XOF);
        Payment {
            kind: *kind,
            account_debit,
            account_credit,
            amount_minor: *amount_minor,
            currency,
            channel: *channel,
            context: context.clone().map(Arc::new),
        }
    }

    fn policy(&self, set: &Set, epoch: Epoch) -> Policy {
        match set {
            Set::Level { customer, level } => Policy::Level(CustomerLevel { customer_id: self.customer(*customer), level: *level }),
            Set::Terms { account, currency, floor_minor, limits, from } => {
                let account_id = self.account(*account).unwrap_or(AccountId::house("cash", Currency::XOF));
                let known = self.accounts.iter().find(|account| account.id == account_id).map(|account| account.currency);
                Policy::Terms(AccountTerms {
                    account_id,
                    currency: currency.or(known).unwrap_or(Currency::XOF),
                    floor_minor: *floor_minor,
                    limits: *limits,
                    effective_from: from.at(epoch),
                })
            }
            Set::Limits { level, currency, limits, from } => {
                Policy::Limits(LevelLimits { level: *level, currency: *currency, limits: *limits, effective_from: from.at(epoch) })
            }
            Set::Tariff { tariff, from, lasts_ms } => {
                let effective_from = from.at(epoch);
                // A tariff that begins in the past may be over already.
                let effective_to = lasts_ms.map(|lasts_ms| effective_from.unwrap_or(epoch) + lasts_ms);
                Policy::Tariff(Tariff { effective_from, effective_to, ..tariff.clone() })
            }
            Set::End { code: number, from } => Policy::TariffEnd(TariffEnd { code: code(*number), effective_from: from.at(epoch) }),
        }
    }

    fn customer(&self, number: u8) -> CustomerId {
        pick(&self.customers, number).copied().unwrap_or(nobody())
    }

    fn account(&self, side: Side) -> Option<AccountId> {
        let unknown = AccountId::mint(1, 0);
        match side {
            Side::Unnamed => None,
            Side::Cash(currency) => Some(AccountId::house("cash", currency)),
            Side::Fees(currency) => Some(AccountId::house("fees", currency)),
            Side::Account(number) => Some(pick(&self.accounts, number).map_or(unknown, |account| account.id)),
            Side::Newest => Some(self.accounts.last().map_or(unknown, |account| account.id)),
            Side::Unknown => Some(unknown),
        }
    }

    fn holder(&self, id: AccountId) -> Option<CustomerId> {
        self.accounts.iter().find(|account| account.id == id).and_then(|account| account.customer_id)
    }

    /// A hold, some of what is left of it, and who is to be paid.
    fn hold(&self, which: Which, part: Part, epoch: Epoch) -> (HoldId, Money, Option<CustomerId>) {
        match chosen(&self.holds, which) {
            None => {
                let (epoch, number) = self.coming(which, epoch);
                (HoldId::mint(epoch, number), some(0, Currency::XOF, part), None)
            }
            Some((hold, left)) => (hold.id, some(*left, hold.amount.currency, part), self.holder(hold.account_credit)),
        }
    }

    /// A transaction, some of what can be given back of it, and who was paid.
    fn transaction(&self, which: Which, part: Part, epoch: Epoch) -> (TransactionId, Money, Option<CustomerId>) {
        match chosen(&self.transactions, which) {
            None => {
                let (epoch, number) = self.coming(which, epoch);
                (TransactionId::mint(epoch, number), some(0, Currency::XOF, part), None)
            }
            Some((paid, left)) => (paid.id, some(*left, paid.amount.currency, part), self.holder(paid.account_credit)),
        }
    }

    /// A number of which something may be minted in this epoch.
    fn coming(&self, which: Which, epoch: Epoch) -> (Epoch, u32) {
        let next = self.number.filter(|(last, _)| *last == epoch).map_or(0, |(_, number)| number + 1);
        match which {
            Which::Coming(ahead) => (epoch, next + u32::from(ahead)),
            Which::Left(_) | Which::Any(_) | Which::Unknown => (1, 0),
        }
    }

    /// What shows a payment, made of what was said to the world.
    fn proof(&self, proof: Proven, id: TransactionId) -> Option<Arc<Proof>> {
        let mut shown = shown::proof(id, self.transactions.iter().map(|(paid, _)| paid))?;
        match proof {
            Proven::No => return None,
            Proven::Shown => {}
            Proven::Forged(how) => forge(&mut shown, how),
        }
        Some(Arc::new(shown))
    }
}

/// Something else than it was.
fn forge(proof: &mut Proof, how: u8) {
    let first = &mut proof.rows[0];
    match how % 8 {
        0 => first.amount_minor = first.amount_minor.wrapping_add(1),
        1 => (first.payer, first.payee) = (first.payee, first.payer),
        2 => first.fee_minor = first.fee_minor.wrapping_add(1),
        3 => proof.leaf += 1,
        4 => proof.path.push([how; 32]),
        5 => drop(proof.path.pop()),
        6 => drop(proof.rows.pop()),
        _ => proof.rows.reverse(),
    }
    // A proof has at least one payment.
    if proof.rows.is_empty() {
        let id = TransactionId::mint(1, 0);
        let (payer, payee) = (AccountId::mint(1, 0), AccountId::mint(1, 1));
        let (kind, channel, bearer) = (PaymentKind::Transfer, schemas::Channel::Wallet, Bearer::Payer);
        proof.rows.push(schemas::Paid { id, kind, channel, bearer, payer, payee, currency: Currency::XOF, amount_minor: 1, fee_minor: 0 });
    }
}

fn nobody() -> CustomerId {
    CustomerId::mint(1, 0)
}

fn pick<T>(among: &[T], number: u8) -> Option<&T> {
    among.get(usize::from(number).checked_rem(among.len())?)
}

fn chosen<T>(among: &[(T, i64)], which: Which) -> Option<&(T, i64)> {
    let (these, number): (Vec<&(T, i64)>, u8) = match which {
        Which::Left(number) => (among.iter().filter(|(_, left)| *left > 0).collect(), number),
        Which::Any(number) => (among.iter().collect(), number),
        Which::Coming(_) | Which::Unknown => return None,
    };
    let back = usize::from(number).checked_rem(these.len())?;
    these.into_iter().nth_back(back)
}

fn some(left: i64, currency: Currency, part: Part) -> Money {
    let minor = match part {
        // Four quarters are all of it, whatever is left.
        Part::Quarters(quarters) => i64::try_from(i128::from(left) * i128::from(quarters) / 4).expect("a part").max(1),
        Part::TooMuch => left.saturating_add(1),
        Part::Minor(minor) => minor,
    };
    Money { minor, currency }
}
