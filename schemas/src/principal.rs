//! Who asks, for whom they may, and what their token lets them ask.

use crate::id::CustomerId;
use crate::problem::Problem;
use crate::word::words;

words! {
    /// On whose behalf a principal may act.
    pub enum Authority {
        /// Only for the customer whose id is the subject.
        Customer = "customer",
        /// For any customer: staff, tellers and trusted services.
        Operator = "operator",
    }
}

/// The authenticated caller, as the door saw it and as settlement judges it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The token's subject: a customer id for customers.
    pub subject: String,
    /// What the subject may act for.
    pub authority: Authority,
}

/// For whom a principal acts, as decisions need to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Staff, for anybody.
    Staff,
    /// A customer, for themselves; nobody where the subject is no id.
    Customer(Option<CustomerId>),
}

impl Actor {
    /// Whether it is staff.
    pub const fn is_staff(self) -> bool {
        matches!(self, Self::Staff)
    }

    /// Whether it may act for this customer; none is the house, for which only staff may.
    pub fn may_act_for(self, owner: Option<CustomerId>) -> bool {
        match self {
            Self::Staff => true,
            Self::Customer(customer) => customer.is_some() && customer == owner,
        }
    }
}

impl Principal {
    /// For whom it acts. A customer's subject is their id in its one spelling.
    pub fn actor(&self) -> Actor {
        match self.authority {
            Authority::Operator => Actor::Staff,
            Authority::Customer => {
                let id = self.subject.parse::<CustomerId>().ok();
                Actor::Customer(id.filter(|id| id.text(&mut [0; 36]) == self.subject))
            }
        }
    }
}

words! {
    /// What a token lets its bearer ask, as spelt in its `scope` claim.
    pub enum Scope {
        /// Enrol customers.
        CustomersWrite = "customers:write",
        /// Read customers.
        CustomersRead = "customers:read",
        /// Open accounts.
        AccountsWrite = "accounts:write",
        /// Read accounts and balances.
        AccountsRead = "accounts:read",
        /// Move money.
        TransactionsWrite = "transactions:write",
        /// Read transactions and operations.
        TransactionsRead = "transactions:read",
        /// Activate versions of the rules; set limits of levels and tariffs.
        RulesWrite = "rules:write",
        /// Read which are in force.
        RulesRead = "rules:read",
        /// Read what the bank did as a whole, and who received most.
        ReportsRead = "reports:read",
        /// Read alerts, and what a customer's risk is made of.
        AmlRead = "aml:read",
        /// Read cases, and what customers have presented.
        CasesRead = "cases:read",
        /// Work on cases, and decide them.
        CasesWrite = "cases:write",
        /// Read topics, record by record, as they were committed.
        Tap = "tap",
        /// Read the audit chain: its roots, and the proof that an event is in it.
        AuditRead = "audit:read",
        /// Read metrics.
        MetricsRead = "metrics:read",
        /// Act for any customer.
        Operator = "operator",
    }
}

/// An authenticated request's caller, as the authentication layer hands it to the doors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who asks.
    pub principal: Principal,
    /// What they may ask.
    pub scopes: Vec<Scope>,
    /// When their token expires, in seconds since 1970: nothing that they began goes on for longer.
    pub expires_s: u64,
}

impl Caller {
    /// Lets the request pass if the token has the scope.
    #[allow(clippy::result_large_err, reason = "a problem is made once a request, and ends it")]
    pub fn require(&self, scope: Scope) -> Result<(), Problem> {
        if self.scopes.contains(&scope) {
            return Ok(());
        }
        Err(Problem::new(403, "insufficient_scope", format!("This needs a token with the scope {scope}.")))
    }

    /// Whether the caller may see what belongs to this customer; none is the house.
    pub fn may_see(&self, owner: Option<CustomerId>) -> bool {
        self.principal.actor().may_act_for(owner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_is_known_by_the_one_spelling_of_their_id() {
        let id = CustomerId::mint(1_764_000_000_000, 10);
        let actor = |subject: &str, authority| Principal { subject: subject.to_owned(), authority }.actor();
        assert_eq!(actor(&id.to_string(), Authority::Customer), Actor::Customer(Some(id)));
        for other in [&*id.to_string().to_uppercase(), &id.0.simple().to_string(), &format!("{{{id}}}"), "awa", ""] {
            assert_eq!(actor(other, Authority::Customer), Actor::Customer(None), "{other}");
        }
        assert_eq!(actor(&id.to_string(), Authority::Operator), Actor::Staff);
        assert!(Actor::Staff.may_act_for(None));
        assert!(Actor::Customer(Some(id)).may_act_for(Some(id)));
        assert!(!Actor::Customer(Some(id)).may_act_for(None));
        assert!(!Actor::Customer(None).may_act_for(None), "who is nobody is not the house");
    }
}
