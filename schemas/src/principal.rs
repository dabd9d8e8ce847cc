//! Who asks, for whom they may, and what their token lets them ask.

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
    pub fn may_see(&self, owner: Option<crate::id::CustomerId>) -> bool {
        match self.principal.authority {
            Authority::Operator => true,
            Authority::Customer => owner.is_some_and(|owner| owner.to_string() == self.principal.subject),
        }
    }
}
