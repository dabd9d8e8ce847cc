//! Commands, drawn from bytes: mostly about what there is, and mostly with sense, but anything that the types can hold.

use super::diligence;
use super::gates;
use super::policies;
use super::shown;
use arbitrary::{Result, Unstructured};
use schemas::order::DATED_MS_MAX;
use schemas::{
    Account, AccountId, AccountType, ActivateRules, Authority, Batch, BatchMode, CancelOrder, Capture, CaseId, ChangeStatus, Channel,
    Command, CreateCustomer, Currency, CustomerId, Dated, Epoch, Event, Fact, HoldChanged, HoldId, Money, OpenAccount, Operation, Order,
    OrderChange, OrderId, Payment, PaymentKind, Principal, Proof, Refund, Release, Reserve, Reverse, Role, StatusChange, Told, Transaction,
    TransactionId,
};
use state::CODE_VERSION;
use state::permitted::permitted;
use std::sync::Arc;
use uuid::Uuid;

/// What there is, as far as events have said.
#[derive(Clone, Default)]
pub(crate) struct Known {
    pub(crate) epoch: Epoch,
    pub(crate) customers: Vec<CustomerId>,
    pub(crate) accounts: Vec<Account>,
    holds: Vec<HoldChanged>,
    ended: Vec<HoldChanged>,
    transactions: Vec<Transaction>,
    orders: Vec<OrderId>,
    pub(crate) cases: Vec<CaseId>,
}

impl Known {
    pub(crate) fn hear(&mut self, event: &Event) {
        match &event.fact {
            Fact::CustomerCreated(customer) => self.customers.push(customer.id),
            Fact::AccountOpened(account) => self.accounts.push(account.clone()),
            Fact::HoldChanged(held) if held.change.begins() => self.holds.push(held.clone()),
            Fact::HoldChanged(held) if !held.open => self.ended.extend(self.holds.extract_if(.., |hold| hold.id == held.id)),
            Fact::Transaction(transaction) if transaction.refusal.is_none() => self.transactions.push(transaction.clone()),
            Fact::OrderChanged(order) if order.change == OrderChange::Scheduled => self.orders.push(order.id),
            Fact::Diligence(told) => {
                if let Told::Case(changed) = &**told
                    && changed.opened.is_some()
                {
                    self.cases.push(changed.id);
                }
            }
            Fact::Transaction(_)
            | Fact::HoldChanged(_)
            | Fact::RulesActivated { .. }
            | Fact::StatusChanged(_)
            | Fact::PolicyChanged(_)
            | Fact::BatchDecided(_)
            | Fact::OrderChanged(_)
            | Fact::AmlChanged(_)
            | Fact::PartyChanged(_)
            | Fact::Assessed(_)
            | Fact::Refused { .. }
            | Fact::Repeated(_) => {}
        }
    }
}

pub(crate) fn command(u: &mut Unstructured<'_>, known: &Known) -> Result<Command> {
    let operation = operation(u, known)?;
    let (subject, authority) = match u.int_in_range(0..=15)? {
        0..=11 => ("staff".to_owned(), Authority::Operator),
        12 | 13 => (one(u, &known.customers)?.map_or_else(String::new, |id| id.to_string()), Authority::Customer),
        14 => ("nobody".to_owned(), Authority::Customer),
        _ => (text(u)?, word(u, Authority::ALL)?),
    };
    let idempotency_key = if likely(u)? { format!("k{}", u.arbitrary::<u16>()?) } else { text(u)? };
    // A log holds it as an i64.
    let received_ms = u.int_in_range(0..=u64::MAX / 2)?;
    Ok(Command { principal: Principal { subject, authority }, idempotency_key, received_ms, operation })
}

fn operation(u: &mut Unstructured<'_>, known: &Known) -> Result<Operation> {
    Ok(match u.int_in_range(0..=33)? {
        0 => Operation::CreateCustomer(CreateCustomer { full_name: text(u)?, msisdn: some(u, text)?, country: some(u, text)? }),
        1 => Operation::OpenAccount(OpenAccount {
            customer_id: customer(u, known)?,
            account_type: word(u, AccountType::ALL)?,
            role: word(u, Role::ALL)?,
            currency: currency(u)?,
        }),
        2 => Operation::ActivateRules(ActivateRules { version: if likely(u)? { CODE_VERSION } else { u.int_in_range(0..=7)? } }),
        3 => Operation::ChangeStatus(ChangeStatus { account_id: account(u, known)?, change: word(u, StatusChange::ALL)? }),
        4..=16 => money(u, known)?,
        17 | 18 => batch(u, known)?,
        19 | 20 => Operation::Order(Order { payment: payment(u, known)?, dated: dated(u, known)? }),
        21 => {
            let order = one(u, &known.orders)?.map(|order| order.0);
            Operation::CancelOrder(CancelOrder { order_id: OrderId(id(u, order)?) })
        }
        22 | 23 => Operation::SetPolicy(policies::policy(u, known)?),
        24..=29 => gates::operation(u, known)?,
        _ => diligence::operation(u, known)?,
    })
}

/// What moves money, or promises it.
fn money(u: &mut Unstructured<'_>, known: &Known) -> Result<Operation> {
    Ok(match u.int_in_range(4..=16)? {
        4..=8 => Operation::Pay(payment(u, known)?),
        9 | 10 => Operation::Reserve(Reserve { payment: payment(u, known)?, expires_in_ms: lasts(u)? }),
        11 | 12 => {
            let hold = hold(u, known)?.cloned();
            let amount = part(u, hold.as_ref().map(|hold| hold.amount))?;
            Operation::Capture(Capture { hold_id: HoldId(id(u, hold.map(|hold| hold.id.0))?), amount, last: u.arbitrary()? })
        }
        13 => {
            let hold = hold(u, known)?.map(|hold| hold.id.0);
            Operation::Release(Release { hold_id: HoldId(id(u, hold)?) })
        }
        14 | 15 => {
            let original = one(u, &known.transactions)?.cloned();
            let amount = part(u, original.as_ref().map(|original| original.amount))?;
            let transaction_id = TransactionId(id(u, original.map(|original| original.id.0))?);
            Operation::Refund(Refund { transaction_id, amount, proof: proof(u, known, transaction_id)? })
        }
        _ => {
            let original = one(u, &known.transactions)?.map(|original| original.id.0);
            let transaction_id = TransactionId(id(u, original)?);
            Operation::Reverse(Reverse { transaction_id, proof: proof(u, known, transaction_id)? })
        }
    })
}

/// Some of what moves money, about each other too; sometimes nothing, or what can't be an item.
fn batch(u: &mut Unstructured<'_>, known: &Known) -> Result<Operation> {
    let count = if likely(u)? { u.int_in_range(1..=8)? } else { 0 };
    let mut items = Vec::new();
    for _ in 0..count {
        let mut item = if u.ratio(1, 64)? { operation(u, known)? } else { money(u, known)? };
        let coming = if u.ratio(1, 8)? { u.arbitrary::<u8>()?.into() } else { 0 };
        match &mut item {
            Operation::Capture(Capture { hold_id, .. }) | Operation::Release(Release { hold_id }) if coming > 0 => {
                *hold_id = HoldId::mint(known.epoch, coming);
            }
            Operation::Refund(Refund { transaction_id, .. }) | Operation::Reverse(Reverse { transaction_id, .. }) if coming > 0 => {
                *transaction_id = TransactionId::mint(known.epoch, coming);
            }
            _ => {}
        }
        items.push(item);
    }
    Ok(Operation::Batch(Batch { mode: word(u, BatchMode::ALL)?, dry_run: u.ratio(1, 4)?, items }))
}

/// Of the next seconds, of the last weeks, at the ends of what there can be, or any.
fn dated(u: &mut Unstructured<'_>, known: &Known) -> Result<Dated> {
    let to_come = u.arbitrary::<bool>()?;
    let ms = match u.int_in_range(0..=7)? {
        0 => u.arbitrary()?,
        1 => DATED_MS_MAX.saturating_add_signed(u.int_in_range(-1..=1)?),
        2 => u.int_in_range(0..=DATED_MS_MAX)?,
        _ => u.int_in_range(0..=5000)?,
    };
    Ok(match (to_come, likely(u)?) {
        (true, true) => Dated::ExecuteAt(known.epoch.saturating_add(ms)),
        (false, true) => Dated::EffectiveAt(known.epoch.saturating_sub(ms)),
        (true, false) => Dated::ExecuteAt(ms),
        (false, false) => Dated::EffectiveAt(ms),
    })
}

/// What shows a payment, or something like it; often nothing.
fn proof(u: &mut Unstructured<'_>, known: &Known, id: TransactionId) -> Result<Option<Arc<Proof>>> {
    if u.ratio(1, 2)? {
        return Ok(None);
    }
    let Some(mut proof) = shown::proof(id, known.transactions.iter()) else { return Ok(None) };
    match u.int_in_range(0..=9)? {
        0 => proof.leaf = u.arbitrary()?,
        1 => proof.path = u.arbitrary()?,
        2 => proof.rows.truncate(u.int_in_range(0..=32)?),
        3 => proof.rows[0].amount_minor = minor(u)?,
        4 => proof.rows.reverse(),
        5 => proof.rows.iter_mut().for_each(|paid| std::mem::swap(&mut paid.payer, &mut paid.payee)),
        _ => {}
    }
    Ok(Some(Arc::new(proof)))
}

fn payment(u: &mut Unstructured<'_>, known: &Known) -> Result<Payment> {
    let kind = if likely(u)? { word(u, PaymentKind::ASKED)? } else { word(u, PaymentKind::ALL)? };
    let fits = |payer: &Account, payee: &Account| {
        permitted(kind, payer.role, payee.role) && payer.currency == payee.currency && payer.id != payee.id
    };
    let (debit, credit) = if likely(u)? {
        let pairs = known.accounts.iter().flat_map(|payer| known.accounts.iter().map(move |payee| (payer, payee)));
        let pairs: Vec<_> = pairs.filter(|(payer, payee)| fits(payer, payee)).collect();
        one(u, &pairs)?.copied().unzip()
    } else {
        (one(u, &known.accounts)?, one(u, &known.accounts)?)
    };
    let currency = match debit.or(credit) {
        Some(account) if likely(u)? => account.currency,
        _ => currency(u)?,
    };
    let (debit, credit) = (debit.map(|account| account.id.0), credit.map(|account| account.id.0));
    Ok(Payment {
        kind,
        account_debit: if likely(u)? { Some(AccountId(id(u, debit)?)) } else { None },
        account_credit: if likely(u)? { Some(AccountId(id(u, credit)?)) } else { None },
        amount_minor: minor(u)?,
        currency,
        channel: word(u, Channel::ALL)?,
        context: gates::context(u)?,
    })
}

/// An open hold, if there is one; sometimes one that has ended.
pub(crate) fn hold<'a>(u: &mut Unstructured<'_>, known: &'a Known) -> Result<Option<&'a HoldChanged>> {
    if likely(u)? { one(u, &known.holds) } else { one(u, &known.ended) }
}

/// Some of an amount, all of it, or any other.
fn part(u: &mut Unstructured<'_>, whole: Option<Money>) -> Result<Money> {
    match whole {
        Some(whole) if likely(u)? => {
            let minor = if u.arbitrary()? { whole.minor } else { u.int_in_range(1..=whole.minor.max(1))? };
            Ok(Money { minor, ..whole })
        }
        _ => Ok(Money { minor: minor(u)?, currency: currency(u)? }),
    }
}

fn lasts(u: &mut Unstructured<'_>) -> Result<u64> {
    let longest = schemas::hold::RESERVED_MS_MAX;
    Ok(match u.int_in_range(0..=3)? {
        0 => u.arbitrary()?,
        1 => u.int_in_range(schemas::hold::RESERVED_MS_MIN..=longest)?,
        _ => u.int_in_range(1000..=5000)?,
    })
}

pub(crate) fn customer(u: &mut Unstructured<'_>, known: &Known) -> Result<CustomerId> {
    let known = one(u, &known.customers)?.map(|id| id.0);
    id(u, known).map(CustomerId)
}

pub(crate) fn account(u: &mut Unstructured<'_>, known: &Known) -> Result<AccountId> {
    let known = one(u, &known.accounts)?.map(|account| account.id.0);
    id(u, known).map(AccountId)
}

/// The id of what there is, or any.
pub(crate) fn id(u: &mut Unstructured<'_>, known: Option<Uuid>) -> Result<Uuid> {
    match known {
        Some(known) if likely(u)? => Ok(known),
        _ => u.arbitrary().map(Uuid::from_bytes),
    }
}

/// An amount: mostly small, sometimes at the end of what there can be.
pub(crate) fn minor(u: &mut Unstructured<'_>) -> Result<i64> {
    Ok(match u.int_in_range(0..=15)? {
        0 => u.arbitrary()?,
        1 => *u.choose(&[0, 1, -1, i64::MAX, i64::MAX - 1, i64::MAX / 2, i64::MIN])?,
        2 => u.int_in_range(1..=1_000_000_000_000)?,
        _ => u.int_in_range(1..=1000)?,
    })
}

pub(crate) fn currency(u: &mut Unstructured<'_>) -> Result<Currency> {
    let code = if likely(u)? { "XOF" } else { *u.choose(&["EUR", "TND", "USD"])? };
    Ok(code.parse().expect("a currency of ISO 4217"))
}

/// A text as a client might send it, or any.
pub(crate) fn text(u: &mut Unstructured<'_>) -> Result<String> {
    if likely(u)? {
        return Ok((*u.choose(&["Awa Diop", "Ndèye", "+221770000001", "SN", "k-1", "é"])?).to_owned());
    }
    Ok(u.arbitrary::<&str>()?.to_owned())
}

pub(crate) fn word<W: Copy>(u: &mut Unstructured<'_>, all: &[W]) -> Result<W> {
    u.choose(all).copied()
}

/// One of these, if there are any.
pub(crate) fn one<'a, T>(u: &mut Unstructured<'_>, all: &'a [T]) -> Result<Option<&'a T>> {
    if all.is_empty() { Ok(None) } else { u.choose(all).map(Some) }
}

/// Something, or one time in four nothing.
pub(crate) fn some<T>(u: &mut Unstructured<'_>, draw: impl FnOnce(&mut Unstructured<'_>) -> Result<T>) -> Result<Option<T>> {
    if u.ratio(3, 4)? { draw(u).map(Some) } else { Ok(None) }
}

/// Fifteen times in sixteen.
pub(crate) fn likely(u: &mut Unstructured<'_>) -> Result<bool> {
    u.ratio(15, 16)
}
