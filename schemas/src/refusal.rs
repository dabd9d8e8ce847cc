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
        /// No open hold has this id: there never was one, or all of it was captured, released or expired.
        HoldNotOpen = "hold_not_open",
        /// No order that waits has this id: there never was one, or it was executed or cancelled.
        OrderNotOpen = "order_not_open",
        /// No open case has this id: there never was one, or it is closed.
        CaseNotOpen = "case_not_open",
        /// No payment that can be given back has this id: there never was one, or it is older than the horizon and not proven.
        OriginalNotFound = "original_not_found",
        /// No tariff has this code.
        TariffNotFound = "tariff_not_found",
        /// No watchlist has this name.
        ListNotFound = "list_not_found",
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
        /// Somebody has to look at what is held before anything is made of it.
        HoldUnderReview = "hold_under_review",
        /// Nobody has to look at what is held.
        HoldNotUnderReview = "hold_not_under_review",
        /// The case is not of a kind, or does not stand so, that this could be done.
        CaseNotPermitted = "case_not_permitted",
        /// A case about the same is open already.
        CaseIsOpen = "case_is_open",
        /// It is so already, or can't be more so.
        CaseUnchanged = "case_unchanged",
        /// The moment is over, or too far ahead.
        SnoozeOutOfRange = "snooze_out_of_range",
        /// From where the customer stands this decision leads nowhere.
        KycTransitionNotPermitted = "kyc_transition_not_permitted",
        /// The customer has presented no document.
        DocumentMissing = "document_missing",
        /// No document that the customer has presented is good any more.
        DocumentExpired = "document_expired",
        /// The customer has presented as many documents as are kept.
        DocumentsFull = "documents_full",
        /// Who decided first may not confirm it.
        FourEyesRequired = "four_eyes_required",
        /// There are as many open cases as there may be.
        CasesFull = "cases_full",
        /// An account is not of the payment's currency.
        CurrencyMismatch = "currency_mismatch",
        /// The payment was taken back already.
        AlreadyReversed = "already_reversed",
        /// All refunds together would be more than the payment.
        RefundExceedsOriginal = "refund_exceeds_original",
        /// More would be captured than is held.
        CaptureExceedsHold = "capture_exceeds_hold",
        /// The account to debit is closed.
        DebitAccountClosed = "debit_account_closed",
        /// The account to debit is suspended.
        DebitAccountSuspended = "debit_account_suspended",
        /// The account to credit is closed.
        CreditAccountClosed = "credit_account_closed",
        /// The account to credit is suspended.
        CreditAccountSuspended = "credit_account_suspended",
        /// The payer, or the account to debit, is frozen.
        DebitPartyFrozen = "debit_party_frozen",
        /// The payee, or the account to credit, is frozen.
        CreditPartyFrozen = "credit_party_frozen",
        /// The rules against fraud do not allow it.
        RefusedByGate = "refused_by_gate",
        /// There are as many watchlists as there may be.
        ListsFull = "lists_full",
        /// A version of a watchlist must be newer than the one in force.
        ListVersionNotNewer = "list_version_not_newer",
        /// A part of a watchlist is not the next, or its entries do not follow those of the parts before.
        ListPartOutOfOrder = "list_part_out_of_order",
        /// What was loaded of a watchlist is not what is to be put in force: another version, another count, another digest.
        ListNotAsLoaded = "list_not_as_loaded",
        /// A watchlist has lost more of its entries than an authority strikes off at once, or has none.
        ListShrinks = "list_shrinks",
        /// The account is closed, and stays so.
        AccountClosed = "account_closed",
        /// The account has that status already.
        StatusUnchanged = "status_unchanged",
        /// The party is frozen already, or is not.
        FreezeUnchanged = "freeze_unchanged",
        /// Something is left in the account, so it can't be closed.
        BalanceNotZero = "balance_not_zero",
        /// Something is held of the account, so it can't be closed.
        HoldsOpen = "holds_open",
        /// The day is over, or further ahead than a payment can be ordered.
        ExecutionDateOutOfRange = "execution_date_out_of_range",
        /// The day is to come, or further back than a payment can count from.
        EffectiveDateOutOfRange = "effective_date_out_of_range",
        /// The payer has as many orders waiting as it may.
        OrdersFull = "orders_full",
        /// There are as many tariffs, or as many changes planned, as there may be.
        PoliciesFull = "policies_full",
        /// The payer may not pay so much in one operation.
        OperationLimitExceeded = "operation_limit_exceeded",
        /// The payer has made as many payments today as it may.
        DailyCountExceeded = "daily_count_exceeded",
        /// The payer would pay more today than it may.
        DailyAmountExceeded = "daily_amount_exceeded",
        /// The payer has made as many payments this month as it may.
        MonthlyCountExceeded = "monthly_count_exceeded",
        /// The payer would pay more this month than it may.
        MonthlyAmountExceeded = "monthly_amount_exceeded",
        /// The payee may not be paid so much, for now or at all. Which of its limits says so is the payee's business.
        PayeeLimitExceeded = "payee_limit_exceeded",
        /// The payer's available balance would fall below its floor.
        InsufficientFunds = "insufficient_funds",
        /// A balance would leave the range of the ledger.
        BalanceOverflow = "balance_overflow",
        /// Somebody has to look at it, and what is asked for can't wait for that.
        ReviewRequired = "review_required",
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
            Self::HoldNotOpen => "No open hold has this id.",
            Self::CaseNotOpen => "No open case has this id: there never was one, or it is closed.",
            Self::OrderNotOpen => "No order that waits has this id.",
            Self::OriginalNotFound => "No payment that can be given back has this id.",
            Self::TariffNotFound => "No tariff has this code.",
            Self::ListNotFound => "No watchlist has this name.",
            Self::NotAuthorized => "The caller may not act on this account.",
            Self::AccountsMustDiffer => "Payer and payee are the same account.",
            Self::RoleNotPermitted => "Accounts of these roles do not take part in this operation.",
            Self::RulesUnknown => "The rules in force know no such version.",
            Self::RulesInForce => "That version of the rules is in force already.",
            Self::HoldUnderReview => "What is held is held for a review, and only that ends it.",
            Self::HoldNotUnderReview => "What is held is not held for a review.",
            Self::CaseNotPermitted => "A case of this kind, or one that stands so, is not dealt with like that.",
            Self::CaseIsOpen => "A case about the same is open already.",
            Self::CaseUnchanged => "The case is so already, or can't be more so.",
            Self::SnoozeOutOfRange => "The moment is over, or more than 90 days ahead.",
            Self::KycTransitionNotPermitted => "From where the customer stands this decision leads nowhere.",
            Self::DocumentMissing => "The customer has presented no document.",
            Self::DocumentExpired => "No document that the customer has presented is good any more.",
            Self::DocumentsFull => "The customer has presented as many documents as are kept.",
            Self::FourEyesRequired => "Somebody else has to confirm the decision.",
            Self::CasesFull => "There are as many open cases as there may be. Close some first.",
            Self::CurrencyMismatch => "An account is not held in the currency of the payment.",
            Self::AlreadyReversed => "The payment was taken back already.",
            Self::RefundExceedsOriginal => "All refunds together would be more than the payment.",
            Self::CaptureExceedsHold => "More would be captured than is held.",
            Self::DebitAccountClosed => "The account to debit is closed.",
            Self::DebitAccountSuspended => "The account to debit is suspended.",
            Self::CreditAccountClosed => "The account to credit is closed.",
            Self::CreditAccountSuspended => "The account to credit is suspended.",
            Self::DebitPartyFrozen => "The payer may not pay.",
            Self::CreditPartyFrozen => "The payee may not be paid.",
            Self::RefusedByGate => "The payment is not allowed.",
            Self::ReviewRequired => {
                "The payment needs a review, and an order, a reservation or a batch of all or nothing can't wait for one."
            }
            Self::ListsFull => "There are as many watchlists as there may be.",
            Self::ListVersionNotNewer => "That version of the watchlist, or a newer one, is in force already.",
            Self::ListPartOutOfOrder => {
                "The part is not the next of this version, or its entries do not follow those before. Begin with part 0."
            }
            Self::ListNotAsLoaded => "Version, parts, count or digest are not those of what was loaded.",
            Self::ListShrinks => {
                "The list has less than 90 % of the entries of the version before, or none. See that the file is whole, or use force."
            }
            Self::AccountClosed => "The account is closed, and stays so.",
            Self::StatusUnchanged => "The account has that status already.",
            Self::FreezeUnchanged => "The customer or account is frozen already, or is not frozen.",
            Self::BalanceNotZero => "Something is left in the account. Empty it, then close it.",
            Self::HoldsOpen => "Something is held of the account. Release or capture it, then close it.",
            Self::ExecutionDateOutOfRange => "The day of the payment is over, or more than 400 days ahead.",
            Self::EffectiveDateOutOfRange => "The day from which the payment counts is to come, or more than 400 days back.",
            Self::OrdersFull => "The payer has as many orders waiting as it may. Cancel one, or wait for the next to be executed.",
            Self::PoliciesFull => "There are as many tariffs, or as many changes planned, as there may be.",
            Self::OperationLimitExceeded => "The amount is above the payer's limit for one operation.",
            Self::DailyCountExceeded => "The payer has made as many payments today as its limit allows.",
            Self::DailyAmountExceeded => "The payment would pass the payer's limit of the day.",
            Self::MonthlyCountExceeded => "The payer has made as many payments this month as its limit allows.",
            Self::MonthlyAmountExceeded => "The payment would pass the payer's limit of the month.",
            Self::PayeeLimitExceeded => "The payee may not be paid so much.",
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
            Self::CaseNotOpen => ("identification", "identifierError"),
            Self::HoldNotOpen | Self::OrderNotOpen | Self::OriginalNotFound | Self::TariffNotFound => ("identification", "identifierError"),
            Self::ListNotFound => ("identification", "identifierError"),
            Self::OperationLimitExceeded => ("businessRule", "greaterThanTransactionMaxValue"),
            Self::DailyCountExceeded => ("businessRule", "dailyVolumeLimitExceeded"),
            Self::DailyAmountExceeded => ("businessRule", "dailyValueLimitExceeded"),
            Self::MonthlyCountExceeded => ("businessRule", "monthlyVolumeLimitExceeded"),
            Self::MonthlyAmountExceeded => ("businessRule", "monthlyValueLimitExceeded"),
            Self::RefundExceedsOriginal | Self::CaptureExceedsHold => ("businessRule", "overPaymentNotAllowed"),
            Self::ExecutionDateOutOfRange | Self::EffectiveDateOutOfRange => ("validation", "formatError"),
            Self::ListsFull | Self::ListShrinks => ("businessRule", "genericError"),
            Self::PayeeLimitExceeded | Self::PoliciesFull | Self::OrdersFull => ("businessRule", "genericError"),
            Self::RefusedByGate | Self::ReviewRequired => ("businessRule", "genericError"),
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
            | Self::DebitPartyFrozen
            | Self::CreditPartyFrozen
            | Self::HoldUnderReview
            | Self::HoldNotUnderReview
            | Self::CaseNotPermitted
            | Self::CaseIsOpen
            | Self::CaseUnchanged
            | Self::SnoozeOutOfRange
            | Self::KycTransitionNotPermitted
            | Self::DocumentMissing
            | Self::DocumentExpired
            | Self::DocumentsFull
            | Self::FourEyesRequired
            | Self::CasesFull
            | Self::FreezeUnchanged
            | Self::ListVersionNotNewer
            | Self::ListPartOutOfOrder
            | Self::ListNotAsLoaded
            | Self::AccountClosed
            | Self::StatusUnchanged
            | Self::AlreadyReversed
            | Self::HoldsOpen
            | Self::BalanceNotZero => ("businessRule", "incorrectState"),
        }
    }
}
