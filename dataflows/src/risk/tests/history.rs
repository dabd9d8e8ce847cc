//! Histories: what happens in which epoch, from a few draws.

use crate::risk::Given;
use proptest::prelude::*;
use schemas::aml::Setting;
use schemas::diligence::case::{About, CaseChange, CaseChanged, CaseKind, CaseOperation, CaseOutcome, CaseStatus, Opened};
use schemas::diligence::{AddressSet, PostalAddress, SetAddress};
use schemas::gate::GateAnswer;
use schemas::{
    Account, AccountId, AccountStatus, AccountType, AlertId, AmlChanged, AmlSetting, Assessed, Binding, CaseId, Cause, Channel, CommandId,
    Context, Currency, Customer, CustomerId, Dated, Epoch, EpochEvents, Event, EventId, Fact, KycStatus, Link, Money, OrderChange,
    OrderChanged, OrderId, PartyChange, PartyChanged, PaymentKind, Position, Refusal, Role, Told, Transaction, TransactionId,
};
use std::sync::Arc;
use uuid::Uuid;

pub(crate) const HOUR: u64 = 60 * 60 * 1_000;
pub(crate) const DAY: u64 = 24 * HOUR;

/// Customers' accounts have the numbers up to here; then come a merchant, an agent, and the house.
pub(crate) const CUSTOMERS: u32 = 7;
pub(crate) const MERCHANT: u32 = 7;
pub(crate) const AGENT: u32 = 8;
pub(crate) const HOUSE: u32 = 9;

/// 2025-11-24T22:00:00Z.
pub(crate) const FIRST: Epoch = 1_764_021_600_000;

/// What happens.
#[derive(Clone, Debug)]
pub(crate) enum Draw {
    /// Who pays whom how much.
    Paid(u32, u32, i64),
    /// The same, and it counts from so many hours before.
    Late(u32, u32, i64, u64),
    /// Of one of the payments before, a part in so many is given back; 1 is all that is left.
    Back(usize, i64),
    /// What failed moves nothing.
    Failed(u32, u32, i64),
    /// Something is known beside payments.
    Beside(Beside),
}

/// What may be known beside payments.
#[derive(Clone, Debug)]
pub(crate) enum Beside {
    /// An account pays 1 to the next one, from so many millionths of a degree north and east.
    At(u32, i32, i32),
    /// An account asks from a device.
    On(u32, u32),
    /// An account asks from a telephone, which may be the one by which customers with half of their number are reached.
    Calls(u32, u32),
    /// A customer is frozen, or not any more.
    Freezes(u32, bool),
    /// The same of an account.
    FreezesAccount(u32, bool),
    /// A case of an alert is opened about a customer, or about an account; two cases each are of the same alert.
    Suspects(u32, u32, bool),
    /// It is closed, and the risk confirmed or not.
    Closes(u32, bool),
    /// A customer lives in a house, or it is not known any more; each writes it in another way.
    Lives(u32, Option<u32>),
}

/// What happens, as the dataflow is given it.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) epoch: Epoch,
    epochs: Vec<Arc<EpochEvents>>,
    /// Payments, each with what is left.
    paid: Vec<(TransactionId, u32, u32, i64)>,
}

impl Default for History {
    fn default() -> Self {
        Self { epoch: FIRST, epochs: Vec::new(), paid: Vec::new() }
    }
}

pub(crate) fn account(number: u32) -> AccountId {
    AccountId::mint(1, number)
}

pub(crate) fn customer(number: u32) -> CustomerId {
    CustomerId::mint(1, number)
}

/// Two accounts are of the same customer: the first two.
pub(crate) fn holder(account: u32) -> Option<u32> {
    (account != HOUSE).then_some(if account == 1 { 0 } else { account })
}

pub(crate) fn role(account: u32) -> Role {
    match account {
        MERCHANT => Role::Merchant,
        AGENT => Role::Agent,
        HOUSE => Role::House,
        _ => Role::Customer,
    }
}

/// A payment of the kind that the roles make it.
pub(crate) fn kind(payer: u32, payee: u32) -> PaymentKind {
    match (role(payer), role(payee)) {
        (Role::Agent | Role::House, _) => PaymentKind::Deposit,
        (_, Role::Agent | Role::House) => PaymentKind::Withdrawal,
        (_, Role::Merchant) => PaymentKind::MerchantPayment,
        (_, Role::Customer) => PaymentKind::Transfer,
    }
}

/// A case of a rule: what it is, what happens how long after what came before, and what is found.
pub(crate) type Case<'a> = (&'a str, Vec<(u64, Draw)>, &'a str);

/// How long after the one before, and what happens.
pub(crate) type Drawn = Vec<(u64, Vec<Draw>)>;

pub(crate) fn drawn() -> impl Strategy<Value = Drawn> {
    let side = || prop_oneof![8 => 0..CUSTOMERS, 1 => Just(MERCHANT), 1 => Just(AGENT), 1 => Just(HOUSE)];
    let amount = || prop_oneof![1..20i64, Just(100_000), Just(950_000), Just(1_000_000), Just(9_500_000), Just(15_000_000)];
    let draw = prop_oneof![
        12 => (side(), side(), amount()).prop_map(|(a, b, c)| Draw::Paid(a, b, c)),
        2 => (side(), side(), amount(), prop_oneof![1..3u64, 20..30u64, 700..750u64]).prop_map(|(a, b, c, d)| Draw::Late(a, b, c, d)),
        2 => (0..40usize, 1..3i64).prop_map(|(a, b)| Draw::Back(a, b)),
        1 => (side(), side(), amount()).prop_map(|(a, b, c)| Draw::Failed(a, b, c)),
    ];
    let beside = prop_oneof![
        (0..9u32, 0..4i32, 0..4i32).prop_map(|(a, b, c)| Beside::At(a, 14_000_000 + b * 400_000, -17_000_000 + c * c * 300_000)),
        (0..9u32, 0..4u32).prop_map(|(a, b)| Beside::On(a, b)),
        (0..9u32, 0..4u32).prop_map(|(a, b)| Beside::Calls(a, b)),
        (0..9u32, any::<bool>()).prop_map(|(a, b)| Beside::Freezes(a, b)),
        (0..9u32, any::<bool>()).prop_map(|(a, b)| Beside::FreezesAccount(a, b)),
        (0..6u32, 0..9u32, any::<bool>()).prop_map(|(a, b, c)| Beside::Suspects(a, b, c)),
        (0..6u32, any::<bool>()).prop_map(|(a, b)| Beside::Closes(a, b)),
        (0..9u32, prop::option::weighted(0.8, 0..3u32)).prop_map(|(a, b)| Beside::Lives(a, b)),
    ];
    let draw = prop_oneof![5 => draw, 1 => beside.prop_map(Draw::Beside)];
    let gap = prop_oneof![6 => 1..5u64, 3 => HOUR..3 * HOUR, 2 => Just(DAY), 1 => DAY..8 * DAY];
    prop::collection::vec((gap, prop::collection::vec(draw, 0..5)), 4..24)
}

impl History {
    pub(crate) fn of(drawn: &Drawn) -> Self {
        let mut history = Self::default();
        for (gap, draws) in drawn {
            history.epoch(*gap, draws);
        }
        history
    }

    pub(crate) fn given(&self) -> Vec<Given> {
        self.epochs.iter().map(|events| Given::Epoch { events: Arc::clone(events), keep: false }).collect()
    }

    pub(crate) fn epochs(&self) -> &[Arc<EpochEvents>] {
        &self.epochs
    }

    /// An epoch, so long after the one before.
    pub(crate) fn epoch(&mut self, gap: u64, draws: &[Draw]) {
        self.set(gap, Vec::new(), draws);
    }

    /// An epoch in which staff sets rules before anything else happens.
    pub(crate) fn set(&mut self, gap: u64, settings: Vec<(u32, Setting)>, draws: &[Draw]) {
        self.epoch += gap;
        let epoch = self.epoch;
        let mut facts = if self.epochs.is_empty() { opening() } else { Vec::new() };
        let changed = |(version, setting)| AmlChanged { setting: AmlSetting::Rule(setting), version, by: "risk".to_owned() };
        facts.extend(settings.into_iter().map(|set| Fact::AmlChanged(Box::new(changed(set)))));
        for draw in draws {
            let number = u32::try_from(facts.len()).unwrap();
            match *draw {
                Draw::Paid(payer, payee, amount) if payer != payee => facts.push(self.pay(number, payer, payee, amount, None)),
                Draw::Failed(payer, payee, amount) if payer != payee => {
                    facts.push(self.pay(number, payer, payee, amount, Some(Refusal::InsufficientFunds)));
                }
                Draw::Late(payer, payee, amount, hours) if payer != payee => {
                    let fact = self.pay(number, payer, payee, amount, None);
                    let Fact::Transaction(paid) = &fact else { unreachable!() };
                    let order = OrderChanged {
                        id: OrderId::mint(epoch, number),
                        change: OrderChange::Executed,
                        kind: paid.kind,
                        channel: paid.channel,
                        account_debit: paid.account_debit,
                        account_credit: paid.account_credit,
                        amount: paid.amount,
                        dated: Dated::EffectiveAt(epoch - hours * HOUR),
                        transaction_id: Some(paid.id),
                    };
                    facts.extend([fact, Fact::OrderChanged(Box::new(order))]);
                }
                Draw::Back(which, part) => facts.extend(self.give_back(number, which, part)),
                Draw::Beside(ref beside) => facts.extend(self.beside(number, beside)),
                Draw::Paid(..) | Draw::Failed(..) | Draw::Late(..) => {}
            }
        }
        let event = |(number, fact)| {
            let position = Position { partition: 0, offset: i64::from(number) };
            let cause = Cause { command_id: CommandId::derive("a", "transfer", "b"), position, traceparent: format!("{epoch}/{number}") };
            Event { id: EventId::mint(epoch, number), epoch, cause, fact }
        };
        let binding = Binding { epoch, generation: 1, code_version: 1, inputs: Vec::new() };
        self.epochs.push(Arc::new(EpochEvents {
            binding,
            events: (0..).zip(facts).map(event).collect(),
            waited: Vec::new(),
            leaves: Vec::new(),
        }));
    }

    fn pay(&mut self, number: u32, payer: u32, payee: u32, amount: i64, refusal: Option<Refusal>) -> Fact {
        let id = TransactionId::mint(self.epoch, number);
        if refusal.is_none() {
            self.paid.push((id, payer, payee, amount));
        }
        transaction(id, kind(payer, payee), (payer, payee), amount, refusal, None)
    }

    fn beside(&mut self, number: u32, beside: &Beside) -> Vec<Fact> {
        let none = Context::default;
        match *beside {
            Beside::At(account, north, east) => {
                let paid = self.pay(number + 1, account, (account + 1) % CUSTOMERS, 1, None);
                let context = Context { latitude_e6: Some(north), longitude_e6: Some(east), ..none() };
                vec![assessed(account, context, Some(TransactionId::mint(self.epoch, number + 1))), paid]
            }
            Beside::On(account, device) => vec![assessed(account, Context { device: Some(format!("d-{device}")), ..none() }, None)],
            Beside::Calls(account, phone) => vec![assessed(account, Context { msisdn: Some(msisdn(2 * phone)), ..none() }, None)],
            Beside::Freezes(number, is_frozen) => vec![party(number, None, is_frozen)],
            Beside::FreezesAccount(number, is_frozen) => {
                vec![party(holder(number).unwrap_or_default(), Some(account(number)), is_frozen)]
            }
            Beside::Suspects(case, number, is_account) => vec![suspects(case, number, is_account)],
            Beside::Closes(case, is_confirmed) => vec![closes(case, is_confirmed)],
            Beside::Lives(number, house) => vec![lives(number, house)],
        }
    }

    fn give_back(&mut self, number: u32, which: usize, part: i64) -> Option<Fact> {
        let length = self.paid.len();
        let (id, payer, payee, left) = self.paid.get_mut(which % length.max(1)).filter(|paid| paid.3 > 0)?;
        let amount = (*left / part).max(1);
        *left -= amount;
        let kind = if part == 1 { PaymentKind::Reversal } else { PaymentKind::Refund };
        let own = TransactionId::mint(self.epoch, number);
        Some(transaction(own, kind, (*payee, *payer), amount, None, Some(Link::Original(*id))))
    }
}

fn transaction(
    id: TransactionId,
    kind: PaymentKind,
    (payer, payee): (u32, u32),
    minor: i64,
    refusal: Option<Refusal>,
    link: Option<Link>,
) -> Fact {
    Fact::Transaction(Transaction {
        id,
        kind,
        account_debit: account(payer),
        account_credit: account(payee),
        amount: Money { minor, currency: Currency::XOF },
        fee_minor: 0,
        channel: Channel::Wallet,
        refusal,
        link,
        postings: Vec::new(),
    })
}

fn lives(number: u32, house: Option<u32>) -> Fact {
    let address = house.map(|house| {
        let spellings = [format!("{house} rue de l'Église"), format!("RUE DE L'EGLISE, {house}")];
        PostalAddress {
            street_name: Some(spellings[usize::try_from(number % 2).unwrap()].clone()),
            post_code: number.is_multiple_of(3).then(|| "11000".to_owned()),
            town_name: "Thiès".to_owned(),
            country: "SN".to_owned(),
            ..PostalAddress::default()
        }
    });
    let set = SetAddress { customer_id: customer(number), address };
    Fact::Diligence(Box::new(Told::Address(AddressSet { set, by: "staff".to_owned() })))
}

fn suspects(case: u32, number: u32, is_account: bool) -> Fact {
    let about = About {
        customer_id: (!is_account).then(|| customer(number)),
        account_id: is_account.then(|| account(number)),
        alert_id: Some(AlertId(Uuid::from_u128(u128::from(case / 2)))),
        hold_id: None,
    };
    let opened = Opened { kind: CaseKind::Alert, about, due_at: None, escalation: 0 };
    case_changed(case, CaseChange::Opened, Some(opened), None)
}

fn closes(case: u32, is_confirmed: bool) -> Fact {
    let outcome = if is_confirmed { CaseOutcome::ConfirmedRisk } else { CaseOutcome::FalsePositive };
    case_changed(case, CaseChange::Closed, None, Some(outcome))
}

fn case_changed(case: u32, change: CaseChange, opened: Option<Opened>, outcome: Option<CaseOutcome>) -> Fact {
    Fact::Diligence(Box::new(Told::Case(CaseChanged {
        id: CaseId::mint(1, case),
        change,
        status: if outcome.is_some() { CaseStatus::Closed } else { CaseStatus::Open },
        opened,
        previous: None,
        value: None,
        outcome,
        level: None,
        by: "staff".to_owned(),
        reason: Some("it is so".to_owned()),
        operation: if outcome.is_some() { CaseOperation::Decide } else { CaseOperation::Open },
    })))
}

fn assessed(payer: u32, context: Context, transaction_id: Option<TransactionId>) -> Fact {
    Fact::Assessed(Box::new(Assessed {
        transaction_id,
        hold_id: None,
        account_debit: account(payer),
        account_credit: account(HOUSE),
        context: Some(Arc::new(context)),
        answer: GateAnswer::Allow,
        score: 0,
        said: Vec::new(),
    }))
}

fn party(number: u32, account_id: Option<AccountId>, is_frozen: bool) -> Fact {
    let change = if is_frozen { PartyChange::Frozen } else { PartyChange::Unfrozen };
    Fact::PartyChanged(Box::new(PartyChanged {
        customer_id: customer(number),
        account_id,
        change,
        device: None,
        reason: None,
        by: "staff".to_owned(),
    }))
}

/// The number by which a customer is reached: two have the same.
pub(crate) fn msisdn(customer: u32) -> String {
    format!("+22177000000{}", customer / 2)
}

fn opening() -> Vec<Fact> {
    let enrolled = |number| {
        Fact::CustomerCreated(Customer {
            id: customer(number),
            full_name: "Awa Diop".to_owned(),
            msisdn: Some(msisdn(number)),
            country: None,
            kyc_status: KycStatus::Pending,
        })
    };
    let opened = |number| {
        Fact::AccountOpened(Account {
            id: account(number),
            customer_id: holder(number).map(customer),
            account_type: AccountType::Wallet,
            role: role(number),
            currency: Currency::XOF,
            status: AccountStatus::Active,
        })
    };
    (0..HOUSE).map(enrolled).chain((0..=HOUSE).map(opened)).collect()
}
