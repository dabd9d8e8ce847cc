//! Accounts and their balances, in the order in which they were opened.

use crate::bytes::{Bytes, Damaged, put_text};
use crate::customers::Enrolled;
use crate::index::Hashed;
use crate::table::{Row, Rows, Table};
use crate::usage::Usage;
use schemas::account::{HOUSE_CASH, HOUSE_FEES};
use schemas::{AccountId, AccountStatus, AccountType, Currency, CustomerId, Refusal, Role};
use std::collections::BTreeMap;

/// What the ledger knows of an account: in one line of the cache what it is and has, in the next what it has done lately.
#[derive(Clone, Debug, PartialEq, Eq)]
#[repr(C, align(128))]
pub struct Holding {
    /// Whose it is.
    pub id: AccountId,
    /// The holder; none for the house.
    pub customer_id: Option<CustomerId>,
    /// The place of the holder among the customers. It follows from the id, and no snapshot has it.
    pub holder: Option<u32>,
    /// What the holder is to the bank.
    pub role: Role,
    /// Its one currency.
    pub currency: Currency,
    /// Whether it may move money.
    pub status: AccountStatus,
    /// Credits less debits, in minor units.
    pub balance_minor: i64,
    /// How much of it is promised, in minor units.
    pub held_minor: i64,
    /// The product; none where it was opened before the ledger kept it.
    pub account_type: Option<AccountType>,
    /// Whether it has terms of its own, so that most need not be looked for.
    pub has_terms: bool,
    /// The day on which it last paid or was paid, in days since 1970; zero before the first. What is only held is no payment.
    pub paid_day: u32,
    /// What it has paid and was paid lately.
    pub usage: Usage,
}

impl Holding {
    /// An account in which nothing is.
    pub fn new(id: AccountId, customer_id: Option<CustomerId>, role: Role, currency: Currency) -> Self {
        Self {
            id,
            customer_id,
            holder: None,
            role,
            currency,
            status: AccountStatus::Active,
            balance_minor: 0,
            held_minor: 0,
            account_type: None,
            has_terms: false,
            paid_day: 0,
            usage: Usage::default(),
        }
    }

    /// Reads something of either line, so that both are near afterwards.
    pub(crate) const fn glance(&self) -> i64 {
        self.held_minor ^ self.usage.glance()
    }

    /// What may be spent, in minor units.
    pub const fn available_minor(&self) -> i64 {
        self.balance_minor.saturating_sub(self.held_minor)
    }

    /// Whether what may be spent covers an amount down to the floor.
    pub fn covers(&self, amount_minor: i128, floor_minor: Option<i64>) -> Result<(), Refusal> {
        // No sum of three amounts leaves the range of an i128.
        let left = i128::from(self.balance_minor) - i128::from(self.held_minor) - amount_minor;
        match floor_minor {
            Some(floor_minor) if left < i128::from(floor_minor) => Err(Refusal::InsufficientFunds),
            _ => Ok(()),
        }
    }
}

impl Row for Holding {
    type Id = AccountId;

    fn id(&self) -> AccountId {
        self.id
    }

    fn write_first(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(self.id.0.as_bytes());
        bytes.extend_from_slice(self.currency.code().as_bytes());
        bytes.extend_from_slice(&self.balance_minor.to_le_bytes());
        put_text(bytes, self.role.as_str());
        bytes.push(u8::from(self.customer_id.is_some()));
        if let Some(customer_id) = self.customer_id {
            bytes.extend_from_slice(customer_id.0.as_bytes());
        }
    }

    fn write_more(&self, bytes: &mut Vec<u8>) {
        put_text(bytes, self.status.as_str());
        put_text(bytes, self.account_type.map_or("", AccountType::as_str));
        bytes.extend_from_slice(&self.held_minor.to_le_bytes());
        self.usage.write(bytes);
        // Where nothing but payments was counted last, their day needs no saying.
        if self.paid_day != self.usage.last_day() {
            bytes.extend_from_slice(&self.paid_day.to_le_bytes());
        }
    }

    fn read_more(&mut self, bytes: &mut Bytes<'_>) -> Result<(), Damaged> {
        self.status = bytes.word("status")?;
        self.account_type = bytes.word_or_none("type of account")?;
        self.held_minor = bytes.i64()?;
        self.usage = Usage::read(bytes)?;
        self.paid_day = if bytes.is_empty() { self.usage.last_day() } else { bytes.u32()? };
        Ok(())
    }

    fn read_first(bytes: &mut Bytes<'_>) -> Result<Self, Damaged> {
        let id = AccountId(bytes.uuid()?);
        let (currency, balance_minor) = (bytes.currency()?, bytes.i64()?);
        let role = bytes.word("role")?;
        let customer_id = if bytes.u8()? == 0 { None } else { Some(CustomerId(bytes.uuid()?)) };
        Ok(Self { balance_minor, ..Self::new(id, customer_id, role, currency) })
    }
}

/// All accounts.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    holdings: Table<Holding>,
    /// The house's accounts by currency, each with its place.
    cash: BTreeMap<Currency, (AccountId, u32)>,
    fees: BTreeMap<Currency, (AccountId, u32)>,
}

impl Accounts {
    /// These accounts of these customers; none if one of them is there twice, or its holder is not.
    pub fn of(mut holdings: Vec<Holding>, customers: &Table<Enrolled>) -> Result<Self, Damaged> {
        let mut accounts = Self::default();
        for (place, holding) in (0..).zip(&mut holdings) {
            holding.holder = holding.customer_id.and_then(|id| customers.place(id));
            if holding.holder.is_none() && holding.customer_id.is_some() {
                return Err(Damaged(format!("the holder of the account {} is missing", holding.id)));
            }
            accounts.note(holding, place);
        }
        let holdings = Table::of(holdings).ok_or_else(|| Damaged::new("an account is there twice"))?;
        Ok(Self { holdings, ..accounts })
    }

    /// The account of this id.
    pub fn find(&self, id: AccountId) -> Option<&Holding> {
        self.holdings.get(id)
    }

    /// Adds an account that must be new.
    pub fn open(&mut self, holding: Holding) {
        let place = u32::try_from(self.holdings.len()).expect("four billion accounts do not fit into memory");
        self.note(&holding, place);
        self.holdings.push(holding);
    }

    /// Takes the account away that was opened last.
    pub fn pop(&mut self) {
        let Some(holding) = self.holdings.pop() else { return };
        for purpose in [&mut self.cash, &mut self.fees] {
            purpose.retain(|_, (id, _)| *id != holding.id);
        }
    }

    /// Remembers which account it is to the house, if it is the house's.
    fn note(&mut self, holding: &Holding, place: u32) {
        if holding.role == Role::House {
            let is_fees = holding.id == AccountId::house(HOUSE_FEES, holding.currency);
            let purpose = if is_fees { &mut self.fees } else { &mut self.cash };
            purpose.insert(holding.currency, (holding.id, place));
        }
    }

    /// The account of a place.
    pub fn at(&self, place: u32) -> &Holding {
        self.holdings.at(place)
    }

    /// The account of a place, to be changed.
    pub fn at_mut(&mut self, place: u32) -> &mut Holding {
        self.holdings.at_mut(place)
    }

    /// The place of the account of this id.
    pub fn find_place(&self, id: AccountId) -> Option<u32> {
        self.holdings.place(id)
    }

    /// The hash under which the account of this id is found.
    pub fn hashed(&self, id: AccountId) -> Hashed {
        self.holdings.hashed(id)
    }

    /// Reads where the look for a hash begins, so that it is near afterwards.
    pub fn glance(&self, hashed: Hashed) -> u64 {
        self.holdings.glance(hashed)
    }

    /// The place of the account of this hash, or of another in one case of billions.
    pub fn likely_place(&self, hashed: Hashed) -> Option<u32> {
        self.holdings.likely_place(hashed)
    }

    /// The place of the account of this id, which is most likely this one. What was found stays in its place: an account is taken
    /// away only by the batch that opened it, and nothing looked for it before.
    pub fn find_place_near(&self, id: AccountId, likely: Option<u32>) -> Option<u32> {
        match likely {
            Some(place) if self.at(place).id == id => likely,
            Some(_) | None => self.find_place(id),
        }
    }

    /// The place of an account that exists.
    pub fn place(&self, id: AccountId) -> u32 {
        self.find_place(id).expect("the account was found by the checks")
    }

    /// The account of this id, to be changed; it exists.
    pub fn of_id(&mut self, id: AccountId) -> &mut Holding {
        self.holdings.get_mut(id).expect("the account was found by the checks")
    }

    /// The place of the house's income from fees in a currency, if it was opened already.
    pub fn house_fees(&self, currency: Currency) -> Option<u32> {
        self.fees.get(&currency).map(|(_, place)| *place)
    }

    /// The house's cash in a currency, with whether it was opened already.
    pub fn house_cash(&self, currency: Currency) -> (AccountId, bool) {
        match self.cash.get(&currency) {
            Some((id, _)) => (*id, true),
            None => (AccountId::house(HOUSE_CASH, currency), false),
        }
    }

    /// The account of this id, to be changed, if it exists.
    pub fn find_mut(&mut self, id: AccountId) -> Option<&mut Holding> {
        self.holdings.get_mut(id)
    }

    /// How many there are.
    pub const fn count(&self) -> usize {
        self.holdings.len()
    }

    /// Every account, in the order in which it was opened.
    pub fn iter(&self) -> impl Iterator<Item = &Holding> {
        self.holdings.iter()
    }

    /// The accounts of this moment.
    pub fn freeze(&mut self) -> Rows<Holding> {
        self.holdings.freeze()
    }
}
