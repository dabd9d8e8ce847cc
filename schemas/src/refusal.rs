//! Refusals: why the bank says no. A refusal is an event, never an error.

use crate::word::words;

words! {
    /// The reason of a refusal. **The order is the order of the checks: the first that fails is the reason.**
    ///
    /// Since version 2 of the rules one thing comes earlier: a customer who names what is not theirs hears
    /// `not_authorized`, whether it exists or not.
    pub enum Refusal {
        /// The rules in force do not know this operation: staff has to activate newer ones first.
        OperationNotInForce = "operation_not_in_force",
        /// The amount is zero or negative.
        AmountNotPositive = "amount_not_positive",
        /// The customer named does not exist.
        CustomerNotFound = "customer_not_found",
        /// The account to debit does not exist.
        DebitAccountNotFound = "debit_account_not_found",
        /// The account to credit does not exist.
        CreditAccountNotFound = "credit_account_not_found",
        /// The account named does not exist.
        AccountNotFound = "account_not_found",
        /// The caller may not act on this account, or for this customer.
        NotAuthorized = "not_authorized",
        /// Payer and payee are the same account.
        AccountsMustDiffer = "accounts_must_differ",
        /// Accounts of these roles do not take part in this operation.
        RoleNotPermitted = "role_not_permitted",
        /// No such version of the rules is known to the version in force.
        RulesUnknown = "rules_unknown",
        /// That version of the rules is in force already.
        RulesInForce = "rules_in_force",
        /// An account is not of the payment's currency.
        CurrencyMismatch = "currency_mismatch",
        /// The account to debit is closed.
        DebitAccountClosed = "debit_account_closed",
        /// The account to debit is suspended.
        DebitAccountSuspended = "debit_account_suspended",
        /// The account to credit is closed.
        CreditAccountClosed = "credit_account_closed",
        /// The account to credit is suspended.
        CreditAccountSuspended = "credit_account_suspended",
        /// The account is closed, and stays so.
        AccountClosed = "account_closed",
        /// The account has that status already.
        StatusUnchanged = "status_unchanged",
        /// Something is left in the account, so it can't be closed.
        BalanceNotZero = "balance_not_zero",
        /// The payer's available balance would fall below its floor.
        InsufficientFunds = "insufficient_funds",
        /// A balance would leave the range of the ledger.
        BalanceOverflow = "balance_overflow",
    }
}

impl Refusal {
    /// One sentence for the caller.
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::OperationNotInForce => "The rules in force do not know this operation yet.",
            Self::AmountNotPositive => "The amount must be greater than zero.",
            Self::CustomerNotFound => "No customer has this id.",
            Self::DebitAccountNotFound => "No account to debit has this id.",
            Self::CreditAccountNotFound => "No account to credit has this id.",
            Self::AccountNotFound => "No account has this id.",
            Self::NotAuthorized => "The caller may not act on this account.",
            Self::AccountsMustDiffer => "Payer and payee are the same account.",
            Self::RoleNotPermitted => "Accounts of these roles do not take part in this operation.",
            Self::RulesUnknown => "The rules in force know no such version.",
            Self::RulesInForce => "That version of the rules is in force already.",
            Self::CurrencyMismatch => "An account is not held in the currency of the payment.",
            Self::DebitAccountClosed => "The account to debit is closed.",
            Self::DebitAccountSuspended => "The account to debit is suspended.",
            Self::CreditAccountClosed => "The account to credit is closed.",
            Self::CreditAccountSuspended => "The account to credit is suspended.",
            Self::AccountClosed => "The account is closed, and stays so.",
            Self::StatusUnchanged => "The account has that status already.",
            Self::BalanceNotZero => "Something is left in the account. Empty it, then close it.",
            Self::InsufficientFunds => "The available balance does not cover the payment.",
            Self::BalanceOverflow => "The resulting balance is outside the range of the ledger.",
        }
    }

    /// What the GSMA Mobile Money API (1.2) calls it: the error's category and code.
    pub const fn gsma(self) -> (&'static str, &'static str) {
        match self {
            Self::AmountNotPositive => ("validation", "negativeValue"),
            Self::CurrencyMismatch => ("validation", "currencyNotSupported"),
            Self::CustomerNotFound | Self::DebitAccountNotFound | Self::CreditAccountNotFound | Self::AccountNotFound => {
                ("identification", "identifierError")
            }
            Self::NotAuthorized => ("authorisation", "requestingPartyAuthorisationError"),
            Self::AccountsMustDiffer => ("businessRule", "samePartiesError"),
            Self::RoleNotPermitted => ("businessRule", "genericError"),
            Self::InsufficientFunds => ("businessRule", "insufficientFunds"),
            Self::BalanceOverflow => ("businessRule", "maxBalanceExceeded"),
            Self::OperationNotInForce
            | Self::RulesUnknown
            | Self::RulesInForce
            | Self::DebitAccountClosed
            | Self::DebitAccountSuspended
            | Self::CreditAccountClosed
            | Self::CreditAccountSuspended
            | Self::AccountClosed
            | Self::StatusUnchanged
            | Self::BalanceNotZero => ("businessRule", "incorrectState"),
        }
    }
}
