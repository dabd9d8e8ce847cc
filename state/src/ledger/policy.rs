//! Policies: staff sets them, and from their moment on the ledger goes by them.

use super::{Asking, Decision, Ledger, refused};
use crate::pins::Effect;
use schemas::{Epoch, Fact, Policy, Refusal, Role};

impl Ledger {
    pub(super) fn set_policy(&mut self, asking: Asking<'_>, policy: &Policy) -> Decision {
        let effective = policy.effective(self.epoch);
        if let Err(refusal) = self.check_policy(asking, policy, effective) {
            return refused(policy.operation(), refusal);
        }

        // From here the command must succeed.
        let decided = policy.clone().decided(self.epoch);
        match &decided {
            Policy::Level(set) => self.customers.get_mut(set.customer_id).expect("the customer was found by the checks").level = set.level,
            Policy::Terms(terms) => {
                self.accounts.of_id(terms.account_id).has_terms = true;
                self.policies.set_terms(*terms, self.epoch, effective);
            }
            Policy::Limits(limits) => self.policies.set_limits(limits, self.epoch, effective),
            Policy::Tariff(tariff) => self.policies.set_tariff(&tariff.code, Some(tariff.clone()), self.epoch, effective),
            Policy::TariffEnd(end) => self.policies.set_tariff(&end.code, None, self.epoch, effective),
        }
        Decision { fact: Fact::PolicyChanged(Box::new(decided)), number: 0, refusal: None, effect: Effect::None }
    }

    fn check_policy(&self, asking: Asking<'_>, policy: &Policy, effective: Epoch) -> Result<(), Refusal> {
        if !asking.actor.is_staff() {
            return Err(Refusal::NotAuthorized);
        }
        match policy {
            Policy::Level(set) => self.customers.get(set.customer_id).map(|_| ()).ok_or(Refusal::CustomerNotFound),
            Policy::Terms(terms) => {
                let account = self.accounts.find(terms.account_id).ok_or(Refusal::AccountNotFound)?;
                if account.role == Role::House {
                    return Err(Refusal::RoleNotPermitted);
                }
                if account.currency != terms.currency {
                    return Err(Refusal::CurrencyMismatch);
                }
                if account.status == schemas::AccountStatus::Closed {
                    return Err(Refusal::AccountClosed);
                }
                self.policies.may_set_terms(terms, self.epoch, effective)
            }
            Policy::Limits(limits) => self.policies.may_set_limits(limits, self.epoch, effective),
            Policy::Tariff(tariff) => self.policies.may_set_tariff(&tariff.code, self.epoch, effective),
            Policy::TariffEnd(end) => {
                if !self.policies.knows_tariff(&end.code, self.epoch) {
                    return Err(Refusal::TariffNotFound);
                }
                self.policies.may_set_tariff(&end.code, self.epoch, effective)
            }
        }
    }
}
