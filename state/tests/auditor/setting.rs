//! Policies: what staff has set, and which of it is in force.

use super::{Books, first};
use schemas::{
    AccountId, AccountStatus, AccountTerms, Authority, CustomerId, Epoch, Fact, KycLevel, LevelLimits, Policy, Principal, Refusal, Role,
    Tariff,
};
use std::collections::BTreeSet;

/// The most versions of a subject: the one in force and those that are planned.
const VERSIONS_MAX: usize = 8;

/// The most codes of tariffs.
const CODES_MAX: usize = 256;

impl Books {
    pub(super) fn set_policy(&mut self, principal: &Principal, policy: &Policy) -> Result<Fact, Refusal> {
        first([(principal.authority == Authority::Customer, Refusal::NotAuthorized)])?;
        let told = from_now(policy, self.epoch);
        match policy {
            Policy::Level(set) => {
                let known = self.customers.iter().any(|customer| customer.id == set.customer_id);
                first([(!known, Refusal::CustomerNotFound)])?;
            }
            Policy::Terms(terms) => {
                let account = self.account(terms.account_id).ok_or(Refusal::AccountNotFound)?;
                first([
                    (account.role == Role::House, Refusal::RoleNotPermitted),
                    (account.currency != terms.currency, Refusal::CurrencyMismatch),
                    (self.status(account.id) == AccountStatus::Closed, Refusal::AccountClosed),
                    (self.full(&told), Refusal::PoliciesFull),
                ])?;
            }
            Policy::Limits(_) | Policy::Tariff(_) => first([(self.full(&told), Refusal::PoliciesFull)])?,
            Policy::TariffEnd(_) => {
                first([(!self.is_known(&subject(policy)), Refusal::TariffNotFound), (self.full(&told), Refusal::PoliciesFull)])?;
            }
        }
        self.policies.push((self.epoch, told.clone()));
        Ok(Fact::PolicyChanged(Box::new(told)))
    }

    /// Whether there are as many versions of the subject, or as many other codes, as there may be.
    fn full(&self, policy: &Policy) -> bool {
        let of = subject(policy);
        let stay = self.versions(&of).into_iter().filter(|version| moment(version) < moment(policy)).count();
        let codes = self.subjects().into_iter().filter(|code| self.is_known(code)).count();
        let one_more = matches!(policy, Policy::Tariff(_)) && !self.is_known(&of);
        stay >= VERSIONS_MAX || (one_more && codes >= CODES_MAX)
    }

    fn subjects(&self) -> BTreeSet<String> {
        self.policies.iter().map(|(_, policy)| subject(policy)).collect()
    }

    /// Whether there is a tariff under a code, or will be: now or later, something else than its end is in force.
    fn is_known(&self, of: &str) -> bool {
        of.starts_with("tariff ") && !self.versions(of).is_empty()
    }

    /// What is in force of a subject now, and what is planned after it, in the order of time.
    fn versions(&self, of: &str) -> Vec<&Policy> {
        let mut versions: Vec<&Policy> = Vec::new();
        for (epoch, policy) in self.policies.iter().filter(|(_, policy)| subject(policy) == of) {
            pass(&mut versions, *epoch);
            versions.retain(|version| moment(version) < moment(policy));
            versions.push(policy);
        }
        pass(&mut versions, self.epoch);
        versions
    }

    fn in_force(&self, of: &str) -> Option<&Policy> {
        self.versions(of).into_iter().find(|version| moment(version) <= self.epoch)
    }

    /// The terms of an account, if it has any.
    pub(super) fn terms(&self, account: AccountId) -> Option<&AccountTerms> {
        match self.in_force(&format!("terms {account}")) {
            Some(Policy::Terms(terms)) => Some(terms),
            _ => None,
        }
    }

    /// The limits of a level in a currency, if it has any.
    pub(super) fn level_limits(&self, of: &str) -> Option<&LevelLimits> {
        match self.in_force(of) {
            Some(Policy::Limits(limits)) => Some(limits),
            _ => None,
        }
    }

    pub(super) fn level(&self, customer: CustomerId) -> KycLevel {
        match self.in_force(&format!("level {customer}")) {
            Some(Policy::Level(set)) => set.level,
            _ => KycLevel::Unidentified,
        }
    }

    /// Every tariff that is in force and not over.
    pub(super) fn tariffs(&self) -> Vec<&Tariff> {
        let subjects = self.subjects();
        let in_force = subjects.iter().filter_map(|of| match self.in_force(of) {
            Some(Policy::Tariff(tariff)) => Some(tariff),
            _ => None,
        });
        in_force.filter(|tariff| tariff.effective_to.is_none_or(|end| self.epoch < end)).collect()
    }
}

/// Forgets what something later has replaced by now; and a code of which nothing but ends are left.
fn pass(versions: &mut Vec<&Policy>, now: Epoch) {
    let begun = versions.iter().filter(|version| moment(version) <= now).count();
    versions.drain(..begun.saturating_sub(1));
    if versions.iter().all(|version| matches!(version, Policy::TariffEnd(_))) {
        versions.clear();
    }
}

/// What a policy is about.
fn subject(policy: &Policy) -> String {
    match policy {
        Policy::Level(set) => format!("level {}", set.customer_id),
        Policy::Terms(terms) => format!("terms {}", terms.account_id),
        Policy::Limits(limits) => format!("limits {} {}", limits.level, limits.currency),
        Policy::Tariff(tariff) => format!("tariff {}", tariff.code),
        Policy::TariffEnd(end) => format!("tariff {}", end.code),
    }
}

/// From when on it holds; a level at once.
fn moment(policy: &Policy) -> Epoch {
    let from = match policy {
        Policy::Level(_) => Some(0),
        Policy::Terms(terms) => terms.effective_from,
        Policy::Limits(limits) => limits.effective_from,
        Policy::Tariff(tariff) => tariff.effective_from,
        Policy::TariffEnd(end) => end.effective_from,
    };
    from.expect("what was set says from when on it holds")
}

/// The policy as it is told: from the moment that it names, but never from one that has passed.
fn from_now(policy: &Policy, now: Epoch) -> Policy {
    let mut told = policy.clone();
    let from = match &mut told {
        Policy::Level(_) => return told,
        Policy::Terms(terms) => &mut terms.effective_from,
        Policy::Limits(limits) => &mut limits.effective_from,
        Policy::Tariff(tariff) => &mut tariff.effective_from,
        Policy::TariffEnd(end) => &mut end.effective_from,
    };
    *from = Some(from.unwrap_or(now).max(now));
    told
}
