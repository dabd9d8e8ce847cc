//! Accounts and their balances, in the order in which they were opened.

use crate::bytes::{Bytes, Damaged, put_text};
use crate::table::{Row, Rows, Table};
use schemas::account::HOUSE_CASH;
use schemas::{AccountId, AccountStatus, Currency, CustomerId, Refusal, Role};
use std::collections::BTreeMap;

/// What the ledger knows of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Whose it is.
    pub id: AccountId,
    /// The holder; none for the house.
    pub customer_id: Option<CustomerId>,
    /// What the holder is to the bank.
    pub role: Role,
    /// Its one currency.
    pub currency: Currency,
    /// Whether it may move money.
    pub status: AccountStatus,
    /// Credits less debits, in minor units.
    pub balance_minor: i64,
}

impl Holding {
    /// The balance after `amount_minor` more, if the account's floor and the ledger's range allow it.
    pub fn after(&self, amount_minor: i64) -> Result<i64, Refusal> {
        let balance_minor = self.balance_minor.checked_add(amount_minor);
        // A constrained payer that falls off the range has fallen below its floor before.
        let below_floor = |balance_minor: Option<i64>| match self.role.floor_minor() {
            Some(floor_minor) => amount_minor < 0 && balance_minor.is_none_or(|balance_minor| balance_minor < floor_minor),
            None => false,
        };
        if below_floor(balance_minor) {
            return Err(Refusal::InsufficientFunds);
        }
        balance_minor.ok_or(Refusal::BalanceOverflow)
    }
}

impl Row for Holding {
    type Id = AccountId;

    fn id(&self) -> AccountId {
        self.id
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(self.id.0.as_bytes());
        bytes.extend_from_slice(self.currency.code().as_bytes());
        bytes.extend_from_slice(&self.balance_minor.to_le_bytes());
        put_text(bytes, self.role.as_str());
        bytes.push(u8::from(self.customer_id.is_some()));
        if let Some(customer_id) = self.customer_id {
            bytes.extend_from_slice(customer_id.0.as_bytes());
        }
    }

    fn read(bytes: &mut Bytes<'_>) -> Result<Self, Damaged> {
        let id = AccountId(bytes.uuid()?);
        let (currency, balance_minor) = (bytes.currency()?, bytes.i64()?);
        let role = bytes.text()?.parse().map_err(|_| Damaged::new("an account has a role that is not known"))?;
        let customer_id = if bytes.u8()? == 0 { None } else { Some(CustomerId(bytes.uuid()?)) };
        // Of the few that are not active, the snapshot says so elsewhere.
        Ok(Self { id, customer_id, role, currency, status: AccountStatus::Active, balance_minor })
    }
}

/// All accounts.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    holdings: Table<Holding>,
    cash: BTreeMap<Currency, AccountId>,
}

impl Accounts {
    /// These accounts; none if one of them is there twice.
    pub fn of(holdings: Vec<Holding>) -> Option<Self> {
        let house = holdings.iter().filter(|holding| holding.role == Role::House);
        let cash = house.map(|holding| (holding.currency, holding.id)).collect();
        Some(Self { holdings: Table::of(holdings)?, cash })
    }

    /// The account of this id.
    pub fn find(&self, id: AccountId) -> Option<&Holding> {
        self.holdings.get(id)
    }

    /// Adds an account that must be new.
    pub fn open(&mut self, holding: Holding) {
        if holding.role == Role::House {
            self.cash.insert(holding.currency, holding.id);
        }
        self.holdings.push(holding);
    }

    /// The house's cash in a currency, with whether it was opened already.
    pub fn house_cash(&self, currency: Currency) -> (AccountId, bool) {
        match self.cash.get(&currency) {
            Some(id) => (*id, true),
            None => (AccountId::house(HOUSE_CASH, currency), false),
        }
    }

    /// Sets the balance of an account that exists.
    pub fn set_balance(&mut self, id: AccountId, balance_minor: i64) {
        let holding = self.holdings.get_mut(id).expect("the account was found before the payment was allowed");
        holding.balance_minor = balance_minor;
    }

    /// Sets the status of an account, if it exists.
    pub fn set_status(&mut self, id: AccountId, status: AccountStatus) -> Option<()> {
        self.holdings.get_mut(id).map(|holding| holding.status = status)
    }

    /// Every account, in the order in which it was opened.
    pub fn iter(&self) -> impl Iterator<Item = &Holding> {
        self.holdings.iter()
    }

    /// The accounts of this moment.
    pub fn freeze(&self) -> Rows<Holding> {
        self.holdings.freeze()
    }
}
