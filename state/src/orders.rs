//! Orders that wait for their day.

use crate::bytes::{Bytes, Damaged, put_optional, put_text};
use crate::slots::{Ends, Slots};
use crate::table::{Row, Rows};
use schemas::{
    AccountId, Cause, Channel, CommandId, Context, Currency, Dated, Epoch, Money, OrderChange, OrderChanged, OrderId, Payment, PaymentKind,
    Position, TransactionId,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most orders executed in one epoch.
pub(crate) const EXECUTED_MAX: usize = 1024;

/// An order, waiting or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its id, which tells when it was given.
    pub id: OrderId,
    /// The command that gave it.
    pub command_id: CommandId,
    /// Where that command stands in the log.
    pub position: Position,
    /// What the payment is for.
    pub kind: PaymentKind,
    /// Through which channel it came.
    pub channel: Channel,
    /// Who pays.
    pub payer: AccountId,
    /// Who is paid.
    pub payee: AccountId,
    /// Of what.
    pub currency: Currency,
    /// How much.
    pub amount_minor: i64,
    /// The first epoch in which it may be executed.
    pub execute_at: Epoch,
    /// Where it comes from.
    pub context: Option<Arc<Context>>,
    /// Whether it waits.
    pub open: bool,
}

impl Waiting {
    /// A change of it as it is told.
    pub fn told(&self, change: OrderChange, transaction_id: Option<TransactionId>) -> OrderChanged {
        OrderChanged {
            id: self.id,
            change,
            kind: self.kind,
            channel: self.channel,
            account_debit: self.payer,
            account_credit: self.payee,
            amount: Money { minor: self.amount_minor, currency: self.currency },
            dated: Dated::ExecuteAt(self.execute_at),
            transaction_id,
        }
    }

    /// The payment, as if it were asked for now.
    pub fn payment(&self) -> Payment {
        Payment {
            kind: self.kind,
            account_debit: Some(self.payer),
            account_credit: Some(self.payee),
            amount_minor: self.amount_minor,
            currency: self.currency,
            channel: self.channel,
            context: self.context.clone(),
        }
    }

    /// The cause of its execution: an item of the command that gave it.
    pub fn cause(&self) -> Cause {
        Cause { command_id: self.command_id.item(0), position: self.position, traceparent: String::new() }
    }
}

impl Row for Waiting {
    type Id = OrderId;

    fn id(&self) -> OrderId {
        self.id
    }

    fn write_first(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(self.id.0.as_bytes());
        bytes.extend_from_slice(self.command_id.0.as_bytes());
        bytes.extend_from_slice(&self.position.partition.to_le_bytes());
        bytes.extend_from_slice(&self.position.offset.to_le_bytes());
        put_text(bytes, self.kind.as_str());
        put_text(bytes, self.channel.as_str());
        bytes.extend_from_slice(self.payer.0.as_bytes());
        bytes.extend_from_slice(self.payee.0.as_bytes());
        bytes.extend_from_slice(self.currency.code().as_bytes());
        bytes.extend_from_slice(&self.amount_minor.to_le_bytes());
        bytes.extend_from_slice(&self.execute_at.to_le_bytes());
        bytes.push(u8::from(self.open));
        // What rules before version 6 let wait has none, and takes the bytes that it always took.
        if let Some(context) = &self.context {
            write_context(context, bytes);
        }
    }

    fn write_more(&self, _: &mut Vec<u8>) {}

    fn read_first(bytes: &mut Bytes<'_>) -> Result<Self, Damaged> {
        let order = Self {
            id: OrderId(bytes.uuid()?),
            command_id: CommandId(bytes.uuid()?),
            position: Position { partition: i32::from_le_bytes(bytes.array()?), offset: bytes.i64()? },
            kind: bytes.word("operation")?,
            channel: bytes.word("channel")?,
            payer: AccountId(bytes.uuid()?),
            payee: AccountId(bytes.uuid()?),
            currency: bytes.currency()?,
            amount_minor: bytes.i64()?,
            execute_at: bytes.u64()?,
            open: bytes.u8()? != 0,
            context: if bytes.is_empty() { None } else { Some(Arc::new(read_context(bytes)?)) },
        };
        if order.amount_minor <= 0 || order.id.epoch().is_none() {
            return Err(Damaged::new("an order is of what can't be"));
        }
        Ok(order)
    }

    fn read_more(&mut self, _: &mut Bytes<'_>) -> Result<(), Damaged> {
        Ok(())
    }
}

fn write_context(context: &Context, bytes: &mut Vec<u8>) {
    let Context { device, ip, country, latitude_e6, longitude_e6, card_token, msisdn, counterparty_name } = context;
    for text in [device, ip, country, card_token, msisdn, counterparty_name] {
        put_text(bytes, text.as_deref().unwrap_or_default());
    }
    put_optional(bytes, latitude_e6.map(i32::to_le_bytes));
    put_optional(bytes, longitude_e6.map(i32::to_le_bytes));
}

fn read_context(bytes: &mut Bytes<'_>) -> Result<Context, Damaged> {
    let mut text = || bytes.text().map(|text| (!text.is_empty()).then(|| text.to_owned()));
    let (device, ip, country) = (text()?, text()?, text()?);
    let (card_token, msisdn, counterparty_name) = (text()?, text()?, text()?);
    let (latitude_e6, longitude_e6) = (bytes.optional()?.map(i32::from_le_bytes), bytes.optional()?.map(i32::from_le_bytes));
    let context = Context { device, ip, country, latitude_e6, longitude_e6, card_token, msisdn, counterparty_name };
    context.check().map_err(|unreadable| Damaged(unreadable.to_string()))?;
    Ok(context)
}

impl Ends for Waiting {
    fn is_open(&self) -> bool {
        self.open
    }

    fn ends(&self) -> Epoch {
        self.execute_at
    }

    fn end(&mut self) {
        self.open = false;
    }
}

/// All orders that wait, and how many each payer has.
#[derive(Clone, Debug, Default)]
pub struct Orders {
    slots: Slots<Waiting>,
    of_payer: BTreeMap<AccountId, u32>,
}

impl Orders {
    /// These slots; none if an order waits in two of them.
    pub fn of(rows: Vec<Waiting>) -> Option<Self> {
        let mut orders = Self { slots: Slots::of(rows)?, of_payer: BTreeMap::new() };
        for order in orders.slots.iter() {
            *orders.of_payer.entry(order.payer).or_default() += 1;
        }
        Some(orders)
    }

    /// The order of this id that waits.
    pub fn get(&self, id: OrderId) -> Option<&Waiting> {
        self.slots.get(id)
    }

    /// How many orders of a payer wait.
    pub fn waiting(&self, payer: AccountId) -> u32 {
        self.of_payer.get(&payer).copied().unwrap_or_default()
    }

    /// Adds an order, which is new.
    pub fn open(&mut self, order: Waiting) {
        *self.of_payer.entry(order.payer).or_default() += 1;
        self.slots.open(order);
    }

    /// Ends an order that waits.
    pub fn close(&mut self, id: OrderId) -> &Waiting {
        let order = self.slots.close(id);
        let left = self.of_payer.get_mut(&order.payer).expect("an order that waits is counted");
        *left -= 1;
        if *left == 0 {
            self.of_payer.remove(&order.payer);
        }
        order
    }

    /// Those whose day has come, the earliest first, as many as an epoch takes.
    pub fn due(&self, epoch: Epoch) -> Vec<OrderId> {
        self.slots.ended(epoch, EXECUTED_MAX)
    }

    /// How many wait.
    pub const fn count(&self) -> usize {
        self.slots.len()
    }

    /// Every order that waits, by slot.
    pub fn iter(&self) -> impl Iterator<Item = &Waiting> {
        self.slots.iter()
    }

    /// The slots of this moment.
    pub fn freeze(&mut self) -> Rows<Waiting> {
        self.slots.freeze()
    }
}
