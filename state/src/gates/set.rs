//! What staff has set: rules, what their score leads to, lists of countries, and who is frozen.

use crate::accounts::Holding;
use crate::bytes::{Bytes, Damaged, put_text};
use schemas::aml::{Lane, Setting};
use schemas::gate::{AmlSetting, CountryList, GatePolicy, ListName};
use schemas::{AccountId, CustomerId, Party, RuleId};
use std::collections::{BTreeMap, BTreeSet};

/// Something that was set, and how often by now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned<S> {
    /// From 1.
    pub version: u32,
    /// What.
    pub setting: S,
}

/// All that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Set {
    pub(super) rules: BTreeMap<(RuleId, Lane), Versioned<Setting>>,
    pub(super) policy: Option<Versioned<GatePolicy>>,
    pub(super) lists: BTreeMap<ListName, Versioned<BTreeSet<String>>>,
    customers: BTreeSet<CustomerId>,
    accounts: BTreeSet<AccountId>,
}

impl Set {
    pub(super) fn freezes_any(&self) -> bool {
        !self.customers.is_empty() || !self.accounts.is_empty()
    }

    pub(super) fn is_frozen(&self, account: &Holding) -> bool {
        self.accounts.contains(&account.id) || account.customer_id.is_some_and(|id| self.customers.contains(&id))
    }

    pub(super) fn has_frozen(&self, party: Party) -> bool {
        match party {
            Party::Customer(id) => self.customers.contains(&id),
            Party::Account(id) => self.accounts.contains(&id),
        }
    }

    pub(super) fn freeze(&mut self, party: Party, frozen: bool) {
        match (party, frozen) {
            (Party::Customer(id), true) => drop(self.customers.insert(id)),
            (Party::Customer(id), false) => drop(self.customers.remove(&id)),
            (Party::Account(id), true) => drop(self.accounts.insert(id)),
            (Party::Account(id), false) => drop(self.accounts.remove(&id)),
        }
    }

    /// Sets something, and says which version of it this is.
    pub(super) fn set(&mut self, setting: &AmlSetting) -> u32 {
        match setting {
            AmlSetting::Rule(setting) => {
                let key = (setting.rule, setting.lane);
                let version = following(self.rules.get(&key));
                self.rules.insert(key, Versioned { version, setting: setting.clone() });
                version
            }
            AmlSetting::Policy(policy) => {
                let version = following(self.policy.as_ref());
                self.policy = Some(Versioned { version, setting: *policy });
                version
            }
            AmlSetting::Countries(CountryList { list, countries }) => {
                let version = following(self.lists.get(list));
                self.lists.insert(*list, Versioned { version, setting: countries.clone() });
                version
            }
            AmlSetting::Cases(_) => unreachable!("how long cases may take is kept with them"),
        }
    }

    /// Whether somebody is frozen who is not there.
    pub(crate) fn frozen(&self) -> impl Iterator<Item = Party> + '_ {
        let customers = self.customers.iter().map(|id| Party::Customer(*id));
        customers.chain(self.accounts.iter().map(|id| Party::Account(*id)))
    }

    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        put_count(bytes, self.rules.len());
        for Versioned { version, setting } in self.rules.values() {
            bytes.extend_from_slice(&version.to_le_bytes());
            put_text(bytes, setting.rule.as_str());
            put_text(bytes, setting.lane.as_str());
            bytes.push(u8::from(setting.enabled));
            bytes.extend_from_slice(&setting.weight.to_le_bytes());
            put_count(bytes, setting.parameters.len());
            for (name, value) in &setting.parameters {
                put_text(bytes, name);
                bytes.extend_from_slice(&value.to_le_bytes());
            }
        }
        bytes.push(u8::from(self.policy.is_some()));
        if let Some(Versioned { version, setting }) = &self.policy {
            bytes.extend_from_slice(&version.to_le_bytes());
            bytes.extend_from_slice(&setting.review_score.to_le_bytes());
            bytes.extend_from_slice(&setting.refuse_score.to_le_bytes());
            bytes.extend_from_slice(&setting.review_expires_ms.to_le_bytes());
        }
        put_count(bytes, self.lists.len());
        for (list, Versioned { version, setting }) in &self.lists {
            put_text(bytes, list.as_str());
            bytes.extend_from_slice(&version.to_le_bytes());
            put_count(bytes, setting.len());
            setting.iter().for_each(|country| put_text(bytes, country));
        }
        put_count(bytes, self.customers.len());
        self.customers.iter().for_each(|id| bytes.extend_from_slice(id.0.as_bytes()));
        put_count(bytes, self.accounts.len());
        self.accounts.iter().for_each(|id| bytes.extend_from_slice(id.0.as_bytes()));
    }

    pub(crate) fn read(bytes: &mut Bytes<'_>) -> Result<Self, Damaged> {
        let mut set = Self::default();
        for _ in 0..bytes.u32()? {
            let version = bytes.u32()?;
            let (rule, lane) = (bytes.word("rule")?, bytes.word("lane")?);
            let (enabled, weight) = (bytes.u8()? != 0, bytes.u32()?);
            let mut parameters = BTreeMap::new();
            for _ in 0..bytes.u32()? {
                parameters.insert(bytes.text()?.to_owned(), bytes.i64()?);
            }
            let setting = Setting { rule, lane, enabled, weight, parameters };
            known(&AmlSetting::Rule(setting.clone()))?;
            set.rules.insert((rule, lane), Versioned { version, setting });
        }
        if bytes.u8()? != 0 {
            let version = bytes.u32()?;
            let setting = GatePolicy { review_score: bytes.u32()?, refuse_score: bytes.u32()?, review_expires_ms: bytes.u64()? };
            known(&AmlSetting::Policy(setting))?;
            set.policy = Some(Versioned { version, setting });
        }
        for _ in 0..bytes.u32()? {
            let (list, version) = (bytes.word("list")?, bytes.u32()?);
            let countries = (0..bytes.u32()?).map(|_| bytes.text().map(str::to_owned)).collect::<Result<BTreeSet<_>, _>>()?;
            set.lists.insert(list, Versioned { version, setting: countries });
        }
        set.customers = (0..bytes.u32()?).map(|_| bytes.uuid().map(CustomerId)).collect::<Result<_, _>>()?;
        set.accounts = (0..bytes.u32()?).map(|_| bytes.uuid().map(AccountId)).collect::<Result<_, _>>()?;
        Ok(set)
    }
}

fn following<S>(before: Option<&Versioned<S>>) -> u32 {
    before.map_or(1, |before| before.version.saturating_add(1))
}

fn known(setting: &AmlSetting) -> Result<(), Damaged> {
    setting.check().map_err(|unreadable| Damaged(unreadable.to_string()))
}

fn put_count(bytes: &mut Vec<u8>, count: usize) {
    bytes.extend_from_slice(&u32::try_from(count).expect("there are few settings").to_le_bytes());
}
