//! Policies: what staff has set, and which version of it is in force.
//!
//! A subject (an account, a level in a currency, a tariff) has versions in the order of the moments from which they hold. Setting one
//! drops what was planned for that moment or later, and what was superseded before the epoch: so a subject holds the version in force
//! and what is planned, no history.

use crate::bytes::{Bytes, Damaged, put_optional, put_text};
use crate::table::{Row, Rows, Table};
use in_force::InForce;
use schemas::{AccountId, AccountTerms, Currency, Epoch, KycLevel, LevelLimits, Limits, Priced, Quota, Refusal, Tariff, Tier};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What of it holds now.
mod in_force;

/// Most versions of a subject: the one in force and what is planned.
const VERSIONS_MAX: usize = 8;

/// Most tariffs.
const TARIFFS_MAX: usize = 256;

/// The versions of a subject, the earliest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versions<P>(Vec<(Epoch, P)>);

impl<P> Versions<P> {
    /// The version in force in `epoch`.
    pub fn at(&self, epoch: Epoch) -> Option<&P> {
        self.0.iter().rev().find(|(from, _)| *from <= epoch).map(|(_, version)| version)
    }

    /// How many there would be if one were set in `epoch` that holds from a later moment on.
    fn count_with(&self, epoch: Epoch, effective: Epoch) -> usize {
        self.kept(epoch, effective).len() + 1
    }

    fn set(&mut self, epoch: Epoch, effective: Epoch, version: P) {
        let kept = self.kept(epoch, effective);
        self.0.truncate(kept.end);
        self.0.drain(..kept.start);
        self.0.push((effective, version));
    }

    /// Of the versions that there are, those that stay when one is set.
    fn kept(&self, epoch: Epoch, effective: Epoch) -> std::ops::Range<usize> {
        let end = self.0.partition_point(|(from, _)| *from < effective);
        let begun = self.0.partition_point(|(from, _)| *from <= epoch);
        begun.saturating_sub(1).min(end)..end
    }
}

/// The terms of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    account_id: AccountId,
    versions: Versions<AccountTerms>,
}

/// Everything that is set for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Common {
    /// By level and the code of the currency.
    limits: BTreeMap<(KycLevel, &'static str), Versions<Limits>>,
    /// By code; none from when on it is withdrawn.
    tariffs: BTreeMap<String, Versions<Option<Tariff>>>,
}

/// All policies but the levels of customers.
#[derive(Clone, Debug, Default)]
pub struct Policies {
    terms: Table<Terms>,
    common: Arc<Common>,
    in_force: InForce,
}

impl Policies {
    /// These terms and the rest; none if an account has them twice.
    pub fn of(terms: Vec<Terms>, common: Common) -> Option<Self> {
        Some(Self { terms: Table::of(terms)?, common: Arc::new(common), in_force: InForce::default() })
    }

    /// Begins an epoch: what is in force may be something else than before.
    pub fn begin(&mut self, epoch: Epoch) {
        if epoch >= self.in_force.until {
            self.in_force = InForce::of(&self.common, epoch);
        }
    }

    /// The terms of an account in force.
    pub fn terms(&self, account_id: AccountId, epoch: Epoch) -> Option<&AccountTerms> {
        self.terms.get(account_id)?.versions.at(epoch)
    }

    /// Which accounts have terms.
    pub fn accounts(&self) -> impl Iterator<Item = AccountId> {
        self.terms.iter().map(|terms| terms.account_id)
    }

    /// The limits of a level in a currency in force.
    pub fn limits(&self, level: KycLevel, currency: Currency) -> Option<&Limits> {
        self.in_force.limits.get(&(level, currency))
    }

    /// Whether anything goes by the levels of customers.
    pub fn goes_by_level(&self) -> bool {
        !self.common.limits.is_empty() || !self.common.tariffs.is_empty()
    }

    /// The tariff in force of what is asked.
    pub fn tariff(&self, to: &Priced) -> Option<&Tariff> {
        self.in_force.tariff(to)
    }

    /// Whether one more version of an account's terms has room.
    pub fn may_set_terms(&self, terms: &AccountTerms, epoch: Epoch, effective: Epoch) -> Result<(), Refusal> {
        let versions = self.terms.get(terms.account_id).map(|terms| &terms.versions);
        room(versions, epoch, effective)
    }

    /// Whether one more version of a level's limits has room.
    pub fn may_set_limits(&self, limits: &LevelLimits, epoch: Epoch, effective: Epoch) -> Result<(), Refusal> {
        room(self.common.limits.get(&(limits.level, limits.currency.code())), epoch, effective)
    }

    /// Whether a tariff is known: it has a version that is not its end.
    pub fn knows_tariff(&self, code: &str, epoch: Epoch) -> bool {
        let known =
            |versions: &Versions<Option<Tariff>>| versions.0[versions.kept(epoch, Epoch::MAX)].iter().any(|(_, tariff)| tariff.is_some());
        self.common.tariffs.get(code).is_some_and(known)
    }

    /// Whether one more version of a tariff has room.
    pub fn may_set_tariff(&self, code: &str, epoch: Epoch, effective: Epoch) -> Result<(), Refusal> {
        let known = self.common.tariffs.keys().filter(|known| self.knows_tariff(known, epoch)).count();
        if known >= TARIFFS_MAX && !self.knows_tariff(code, epoch) {
            return Err(Refusal::PoliciesFull);
        }
        room(self.common.tariffs.get(code), epoch, effective)
    }

    /// Sets an account's terms.
    pub fn set_terms(&mut self, terms: AccountTerms, epoch: Epoch, effective: Epoch) {
        match self.terms.get_mut(terms.account_id) {
            Some(known) => known.versions.set(epoch, effective, terms),
            None => self.terms.push(Terms { account_id: terms.account_id, versions: Versions(vec![(effective, terms)]) }),
        }
    }

    /// Sets a level's limits.
    pub fn set_limits(&mut self, limits: &LevelLimits, epoch: Epoch, effective: Epoch) {
        let subject = (limits.level, limits.currency.code());
        let versions = Arc::make_mut(&mut self.common).limits.entry(subject).or_insert(Versions(Vec::new()));
        versions.set(epoch, effective, limits.limits);
        self.in_force = InForce::of(&self.common, epoch);
    }

    /// Sets a tariff, or its end. Those that have ended for good are forgotten.
    pub fn set_tariff(&mut self, code: &str, tariff: Option<Tariff>, epoch: Epoch, effective: Epoch) {
        let ended: Vec<String> = self.common.tariffs.keys().filter(|known| !self.knows_tariff(known, epoch)).cloned().collect();
        let tariffs = &mut Arc::make_mut(&mut self.common).tariffs;
        ended.iter().for_each(|code| drop(tariffs.remove(code)));
        tariffs.entry(code.to_owned()).or_insert(Versions(Vec::new())).set(epoch, effective, tariff);
        self.in_force = InForce::of(&self.common, epoch);
    }

    /// The policies of this moment.
    pub fn freeze(&mut self) -> (Rows<Terms>, Arc<Common>) {
        (self.terms.freeze(), Arc::clone(&self.common))
    }
}

fn room<P>(versions: Option<&Versions<P>>, epoch: Epoch, effective: Epoch) -> Result<(), Refusal> {
    match versions {
        Some(versions) if versions.count_with(epoch, effective) > VERSIONS_MAX => Err(Refusal::PoliciesFull),
        _ => Ok(()),
    }
}

impl Row for Terms {
    type Id = AccountId;

    fn id(&self) -> AccountId {
        self.account_id
    }

    fn write_first(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(self.account_id.0.as_bytes());
        write_versions(&self.versions, bytes, |terms, bytes| {
            bytes.extend_from_slice(terms.currency.code().as_bytes());
            put_optional(bytes, terms.floor_minor.map(i64::to_le_bytes));
            write_limits(&terms.limits, bytes);
            put_optional(bytes, terms.effective_from.map(u64::to_le_bytes));
        });
    }

    fn write_more(&self, _: &mut Vec<u8>) {}

    fn read_first(bytes: &mut Bytes<'_>) -> Result<Self, Damaged> {
        let account_id = AccountId(bytes.uuid()?);
        let versions = read_versions(bytes, |bytes| {
            Ok(AccountTerms {
                account_id,
                currency: bytes.currency()?,
                floor_minor: bytes.optional()?.map(i64::from_le_bytes),
                limits: read_limits(bytes)?,
                effective_from: bytes.optional()?.map(u64::from_le_bytes),
            })
        })?;
        Ok(Self { account_id, versions })
    }

    fn read_more(&mut self, _: &mut Bytes<'_>) -> Result<(), Damaged> {
        Ok(())
    }
}

impl Common {
    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        put_count(bytes, self.limits.len());
        for ((level, currency), versions) in &self.limits {
            put_text(bytes, level.as_str());
            bytes.extend_from_slice(currency.as_bytes());
            write_versions(versions, bytes, write_limits);
        }
        put_count(bytes, self.tariffs.len());
        for (code, versions) in &self.tariffs {
            put_text(bytes, code);
            write_versions(versions, bytes, |tariff, bytes| {
                bytes.push(u8::from(tariff.is_some()));
                tariff.iter().for_each(|tariff| write_tariff(tariff, bytes));
            });
        }
    }

    pub(crate) fn read(bytes: &mut Bytes<'_>) -> Result<Self, Damaged> {
        let mut common = Self::default();
        for _ in 0..bytes.u32()? {
            let subject = (bytes.word("level")?, bytes.currency()?.code());
            common.limits.insert(subject, read_versions(bytes, read_limits)?);
        }
        for _ in 0..bytes.u32()? {
            let code = bytes.text()?.to_owned();
            let versions = read_versions(bytes, |bytes| if bytes.u8()? == 0 { Ok(None) } else { read_tariff(&code, bytes).map(Some) })?;
            common.tariffs.insert(code, versions);
        }
        Ok(common)
    }
}

fn write_versions<P>(versions: &Versions<P>, bytes: &mut Vec<u8>, write: impl Fn(&P, &mut Vec<u8>)) {
    put_count(bytes, versions.0.len());
    for (from, version) in &versions.0 {
        bytes.extend_from_slice(&from.to_le_bytes());
        write(version, bytes);
    }
}

fn read_versions<P>(bytes: &mut Bytes<'_>, read: impl Fn(&mut Bytes<'_>) -> Result<P, Damaged>) -> Result<Versions<P>, Damaged> {
    let count = bytes.u32()?;
    let versions: Result<Vec<_>, _> = (0..count).map(|_| Ok((bytes.u64()?, read(bytes)?))).collect();
    let versions = versions?;
    if !versions.is_sorted_by(|(one, _), (next, _)| one < next) {
        return Err(Damaged::new("versions of a policy are not in the order of time"));
    }
    Ok(Versions(versions))
}

fn put_count(bytes: &mut Vec<u8>, count: usize) {
    bytes.extend_from_slice(&u32::try_from(count).expect("there are few policies").to_le_bytes());
}

fn write_limits(limits: &Limits, bytes: &mut Vec<u8>) {
    put_optional(bytes, limits.balance_minor.map(i64::to_le_bytes));
    for quota in [&limits.debit, &limits.credit] {
        put_optional(bytes, quota.operation_minor.map(i64::to_le_bytes));
        put_optional(bytes, quota.day_count.map(u32::to_le_bytes));
        put_optional(bytes, quota.day_minor.map(i64::to_le_bytes));
        put_optional(bytes, quota.month_count.map(u32::to_le_bytes));
        put_optional(bytes, quota.month_minor.map(i64::to_le_bytes));
    }
}

fn read_limits(bytes: &mut Bytes<'_>) -> Result<Limits, Damaged> {
    let balance_minor = bytes.optional()?.map(i64::from_le_bytes);
    let mut quota = || -> Result<Quota, Damaged> {
        Ok(Quota {
            operation_minor: bytes.optional()?.map(i64::from_le_bytes),
            day_count: bytes.optional()?.map(u32::from_le_bytes),
            day_minor: bytes.optional()?.map(i64::from_le_bytes),
            month_count: bytes.optional()?.map(u32::from_le_bytes),
            month_minor: bytes.optional()?.map(i64::from_le_bytes),
        })
    };
    Ok(Limits { balance_minor, debit: quota()?, credit: quota()? })
}

fn write_tariff(tariff: &Tariff, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(tariff.currency.code().as_bytes());
    put_text(bytes, tariff.operation.map_or("", schemas::PaymentKind::as_str));
    put_text(bytes, tariff.channel.map_or("", schemas::Channel::as_str));
    put_text(bytes, tariff.account_type.map_or("", schemas::AccountType::as_str));
    put_text(bytes, tariff.level.map_or("", KycLevel::as_str));
    put_text(bytes, tariff.bearer.as_str());
    put_count(bytes, tariff.tiers.len());
    for tier in &tariff.tiers {
        put_optional(bytes, tier.up_to_minor.map(i64::to_le_bytes));
        bytes.extend_from_slice(&tier.fixed_minor.to_le_bytes());
        bytes.extend_from_slice(&tier.rate_ppm.to_le_bytes());
    }
    put_optional(bytes, tariff.min_minor.map(i64::to_le_bytes));
    put_optional(bytes, tariff.max_minor.map(i64::to_le_bytes));
    bytes.extend_from_slice(&tariff.free_per_month.to_le_bytes());
    put_optional(bytes, tariff.effective_from.map(u64::to_le_bytes));
    put_optional(bytes, tariff.effective_to.map(u64::to_le_bytes));
}

fn read_tariff(code: &str, bytes: &mut Bytes<'_>) -> Result<Tariff, Damaged> {
    let currency = bytes.currency()?;
    let (operation, channel) = (bytes.word_or_none("operation")?, bytes.word_or_none("channel")?);
    let (account_type, level) = (bytes.word_or_none("type of account")?, bytes.word_or_none("level")?);
    let bearer = bytes.word("bearer of a fee")?;
    let count = bytes.u32()?;
    let tier = |_| -> Result<Tier, Damaged> {
        Ok(Tier { up_to_minor: bytes.optional()?.map(i64::from_le_bytes), fixed_minor: bytes.i64()?, rate_ppm: bytes.u32()? })
    };
    let tiers = (0..count).map(tier).collect::<Result<Vec<_>, _>>()?;
    let tariff = Tariff {
        code: code.to_owned(),
        currency,
        operation,
        channel,
        account_type,
        level,
        bearer,
        tiers,
        min_minor: bytes.optional()?.map(i64::from_le_bytes),
        max_minor: bytes.optional()?.map(i64::from_le_bytes),
        free_per_month: bytes.u32()?,
        effective_from: bytes.optional()?.map(u64::from_le_bytes),
        effective_to: bytes.optional()?.map(u64::from_le_bytes),
    };
    let ends = tariff.tiers.last().is_some_and(|tier| tier.up_to_minor.is_none());
    if ends { Ok(tariff) } else { Err(Damaged(format!("the tariff {code} has no last tier"))) }
}
