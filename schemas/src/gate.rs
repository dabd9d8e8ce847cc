//! Gates: rules that are decided with a payment, in the ledger. What sets them, what they are told, and what they say.

use crate::aml::{Lane, RuleId, Setting};
use crate::context::{Context, KeyKind, is_country, is_name};
use crate::diligence::CasePolicy;
use crate::hold::RESERVED_MS_MAX;
use crate::id::{AccountId, CustomerId, HoldId, TransactionId};
use crate::money::Unreadable;
use crate::word::words;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The largest score that a threshold may name: more than all weights together is never reached.
pub const SCORE_MAX: u32 = 100_000;

/// How long a payment is held for a review unless the policy says otherwise: three days.
pub const REVIEW_EXPIRES_MS: u64 = 72 * 60 * 60 * 1000;

/// The shortest time for a review: a minute.
pub const REVIEW_EXPIRES_MS_MIN: u64 = 60 * 1000;

/// Most countries of a list.
pub const COUNTRIES_MAX: usize = 300;

/// Most characters of a reason.
pub const REASON_MAX: usize = 500;

/// What staff sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AmlSetting {
    /// A rule of the catalogue.
    Rule(Setting),
    /// What a score leads to.
    Policy(GatePolicy),
    /// A list of countries.
    Countries(CountryList),
    /// How long cases may take, and which decisions need two.
    Cases(CasePolicy),
}

/// What a score leads to, and how long a review may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GatePolicy {
    /// From this score on a payment is held for a review.
    pub review_score: u32,
    /// From this score on it is refused.
    pub refuse_score: u32,
    /// After so many milliseconds what is held is given back.
    pub review_expires_ms: u64,
}

words! {
    /// A list of countries.
    pub enum ListName {
        /// Those of high risk.
        HighRisk = "high_risk",
    }
}

/// A list of countries, as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountryList {
    /// Which.
    pub list: ListName,
    /// ISO 3166-1 alpha-2.
    pub countries: BTreeSet<String>,
}

/// A setting that was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AmlChanged {
    /// What.
    pub setting: AmlSetting,
    /// How many there have been of this rule and lane, of the policy, or of this list.
    pub version: u32,
    /// The subject of whoever set it.
    pub by: String,
}

/// A customer with all their accounts, or one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    /// A customer.
    Customer(CustomerId),
    /// An account.
    Account(AccountId),
}

/// Freeze a party, or end that. A frozen party neither pays nor is paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freeze {
    /// Whom.
    pub party: Party,
    /// Whether it is frozen from now on.
    pub frozen: bool,
    /// Why, for whoever reads it later; 1 to 500 characters.
    pub reason: String,
}

words! {
    /// What has happened to a party, or was noticed about it.
    pub enum PartyChange {
        /// It is frozen.
        Frozen = "frozen",
        /// It is not frozen any more.
        Unfrozen = "unfrozen",
        /// A secret number was wrong.
        PinFailed = "pin_failed",
        /// A payer could not prove to the issuer who they are (3-D Secure).
        ThreedsFailed = "threeds_failed",
        /// The telephone's number has moved to another card.
        SimSwapped = "sim_swapped",
        /// The secret number was set anew.
        PinReset = "pin_reset",
    }
}

impl PartyChange {
    /// What can be reported.
    pub const SIGNALS: &'static [Self] = &[Self::PinFailed, Self::ThreedsFailed, Self::SimSwapped, Self::PinReset];

    /// Whether it says that somebody could not prove who they are.
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::PinFailed | Self::ThreedsFailed)
    }

    /// Whether it says that what proves who they are is new.
    pub const fn is_reset(self) -> bool {
        matches!(self, Self::SimSwapped | Self::PinReset)
    }
}

/// Report what was noticed about a customer outside of payments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// About whom: a customer, or the holder of an account.
    pub party: Party,
    /// On which device.
    pub device: Option<String>,
    /// What.
    pub signal: PartyChange,
}

/// A party of which something is to be known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartyChanged {
    /// The customer.
    pub customer_id: CustomerId,
    /// The account, where it is about one.
    pub account_id: Option<AccountId>,
    /// What.
    pub change: PartyChange,
    /// On which device, where one was named.
    pub device: Option<String>,
    /// Why it was frozen, or not any more.
    pub reason: Option<String>,
    /// The subject of whoever did or reported it.
    pub by: String,
}

words! {
    /// How a review ends.
    pub enum ReviewDecision {
        /// The payment is made.
        Release = "release",
        /// What was held is given back.
        Refuse = "refuse",
    }
}

/// End a review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecideReview {
    /// What is held.
    pub hold_id: HoldId,
    /// How.
    pub decision: ReviewDecision,
    /// Why, for whoever reads it later; 1 to 500 characters.
    pub reason: String,
}

words! {
    /// What the gates answer.
    pub enum GateAnswer {
        /// Nothing speaks against it.
        Allow = "allow",
        /// Somebody has to look at it first.
        Review = "review",
        /// No.
        Refuse = "refuse",
    }
}

/// What a rule said about a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Which rule.
    pub rule: RuleId,
    /// By which of its settings; in shadow it only shows.
    pub lane: Lane,
    /// The version of that setting.
    pub version: u32,
    /// The parameter that is the threshold.
    pub name: String,
    /// What was measured.
    pub value: i64,
    /// The threshold.
    pub threshold: i64,
    /// Over how long it was measured, in milliseconds; none where it was not over a time.
    pub window_ms: Option<u64>,
    /// By what it was counted; none where it was not.
    pub key: Option<KeyKind>,
}

/// What was known of a payment beside what it is, and what the gates said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessed {
    /// The transaction that came of it, settled or failed.
    pub transaction_id: Option<TransactionId>,
    /// What is held for it. Neither stands where a reservation was refused.
    pub hold_id: Option<HoldId>,
    /// Who pays.
    pub account_debit: AccountId,
    /// Who is paid.
    pub account_credit: AccountId,
    /// Where it came from.
    pub context: Option<Arc<Context>>,
    /// What the gates answered.
    pub answer: GateAnswer,
    /// The sum of the weights of the rules that said something, those in shadow aside.
    pub score: u32,
    /// What each rule said, in the order of the catalogue.
    pub said: Vec<Said>,
}

impl AmlSetting {
    /// The name of the operation that sets it.
    pub const fn operation(&self) -> &'static str {
        match self {
            Self::Rule(_) => "set_aml_rule",
            Self::Policy(_) => "set_gate_policy",
            Self::Countries(_) => "set_country_list",
            Self::Cases(_) => "set_case_policy",
        }
    }

    /// Whether all of it has its form and is within its bounds.
    pub fn check(&self) -> Result<(), Unreadable> {
        match self {
            Self::Rule(setting) => setting.check(),
            Self::Policy(policy) => policy.check(),
            Self::Cases(policy) => policy.check(),
            Self::Countries(CountryList { countries, .. }) => {
                if countries.len() > COUNTRIES_MAX {
                    return Err(Unreadable::new("countries", &countries.len().to_string(), "at most 300"));
                }
                match countries.iter().find(|country| !is_country(country)) {
                    Some(country) => Err(Unreadable::new("country", country, "two letters, such as SN")),
                    None => Ok(()),
                }
            }
        }
    }

    /// Its fields as a fingerprint has them.
    pub(crate) fn fields(&self, mut field: impl FnMut(&str, &str)) {
        match self {
            Self::Rule(setting) => {
                field("rule", setting.rule.as_str());
                field("lane", setting.lane.as_str());
                field("enabled", if setting.enabled { "true" } else { "false" });
                field("weight", &setting.weight.to_string());
                setting.parameters.iter().for_each(|(name, value)| field(name, &value.to_string()));
            }
            Self::Policy(policy) => {
                field("review_score", &policy.review_score.to_string());
                field("refuse_score", &policy.refuse_score.to_string());
                field("review_expires_ms", &policy.review_expires_ms.to_string());
            }
            Self::Countries(list) => {
                field("list", list.list.as_str());
                list.countries.iter().for_each(|country| field("country", country));
            }
            Self::Cases(policy) => policy.fields(field),
        }
    }
}

impl Default for GatePolicy {
    /// As the catalogue of rules proposes: 40 is worth a look, 100 is enough.
    fn default() -> Self {
        Self { review_score: 40, refuse_score: 100, review_expires_ms: REVIEW_EXPIRES_MS }
    }
}

impl GatePolicy {
    /// Whether its scores are in their order and all of it is within its bounds.
    pub fn check(&self) -> Result<(), Unreadable> {
        let scores = (1..=self.refuse_score).contains(&self.review_score) && self.refuse_score <= SCORE_MAX;
        if !scores {
            let said = format!("{} and {}", self.review_score, self.refuse_score);
            return Err(Unreadable::new("review_score", &said, "1 to 100000, and no more than refuse_score"));
        }
        let lasts = (REVIEW_EXPIRES_MS_MIN..=RESERVED_MS_MAX).contains(&self.review_expires_ms);
        let form = "one minute to thirty days";
        if lasts { Ok(()) } else { Err(Unreadable::new("review_expires_ms", &self.review_expires_ms.to_string(), form)) }
    }
}

impl PartyChanged {
    /// The name of the operation that is answered by it.
    pub const fn operation(&self) -> &'static str {
        match (self.change, self.account_id) {
            (PartyChange::Frozen, None) => "freeze_customer",
            (PartyChange::Unfrozen, None) => "unfreeze_customer",
            (PartyChange::Frozen, Some(_)) => "freeze_account",
            (PartyChange::Unfrozen, Some(_)) => "unfreeze_account",
            (PartyChange::PinFailed | PartyChange::ThreedsFailed | PartyChange::SimSwapped | PartyChange::PinReset, _) => "report_signal",
        }
    }
}

impl Freeze {
    /// The name of the operation.
    pub const fn operation(&self) -> &'static str {
        match (self.party, self.frozen) {
            (Party::Customer(_), true) => "freeze_customer",
            (Party::Customer(_), false) => "unfreeze_customer",
            (Party::Account(_), true) => "freeze_account",
            (Party::Account(_), false) => "unfreeze_account",
        }
    }

    /// Whether its reason is a line.
    pub fn check(&self) -> Result<(), Unreadable> {
        reason(&self.reason)
    }
}

impl Signal {
    /// Whether it is something that can be reported.
    pub fn check(&self) -> Result<(), Unreadable> {
        if !PartyChange::SIGNALS.contains(&self.signal) {
            return Err(Unreadable::new("signal", self.signal.as_str(), "pin_failed, threeds_failed, sim_swapped, pin_reset"));
        }
        match &self.device {
            Some(device) if !is_name(device) => Err(Unreadable::new("device", device, "1 to 64 visible ASCII characters")),
            Some(_) | None => Ok(()),
        }
    }
}

impl DecideReview {
    /// Whether its reason is a line.
    pub fn check(&self) -> Result<(), Unreadable> {
        reason(&self.reason)
    }
}

impl Party {
    /// Its id as text, and what kind of party it is.
    pub(crate) fn field(self) -> (&'static str, String) {
        match self {
            Self::Customer(id) => ("customer_id", id.to_string()),
            Self::Account(id) => ("account_id", id.to_string()),
        }
    }
}

fn reason(text: &str) -> Result<(), Unreadable> {
    let form = "1 to 500 characters, none of them a control";
    let fits = crate::command::is_line(text, REASON_MAX);
    if fits { Ok(()) } else { Err(Unreadable::new("reason", text, form)) }
}
