//! Operations: what can be asked, one by one.

use super::{ActivateRules, ChangeStatus, CreateCustomer, OpenAccount, Refund, Reverse, asked, expect};
use crate::batch::Batch;
use crate::diligence::Diligence;
use crate::gate::{AmlSetting, DecideReview, Freeze, Signal};
use crate::hold::{Capture, RESERVED_MS_MAX, RESERVED_MS_MIN, Release, Reserve};
use crate::list::ListCommand;
use crate::money::Unreadable;
use crate::order::{CancelOrder, Order};
use crate::policy::Policy;
use crate::transaction::Payment;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Enrol a customer.
    CreateCustomer(CreateCustomer),
    /// Open an account.
    OpenAccount(OpenAccount),
    /// Move money.
    Pay(Payment),
    /// Decide by another version of the rules from the next epoch on.
    ActivateRules(ActivateRules),
    /// Suspend, reactivate or close an account.
    ChangeStatus(ChangeStatus),
    /// Hold money for a payment.
    Reserve(Reserve),
    /// Settle a payment out of a hold.
    Capture(Capture),
    /// Give back what is left of a hold.
    Release(Release),
    /// Give back some of a payment.
    Refund(Refund),
    /// Take back a payment and its fee.
    Reverse(Reverse),
    /// Set a level, terms, limits or a tariff.
    SetPolicy(Policy),
    /// Many operations as one.
    Batch(Batch),
    /// Make a payment on a day to come, or one that counts from an earlier day.
    Order(Order),
    /// Take back an order.
    CancelOrder(CancelOrder),
    /// Set a rule against fraud, what its score leads to, or a list of countries.
    SetAml(AmlSetting),
    /// Freeze a customer or an account, or end that.
    Freeze(Freeze),
    /// Report what was noticed about a customer outside of payments.
    ReportSignal(Signal),
    /// End a review of a payment that is held.
    DecideReview(DecideReview),
    /// Load a part of a watchlist, put one in force, or clear a match.
    List(ListCommand),
    /// Something of a customer's identity, or of a case.
    Diligence(Box<Diligence>),
}

impl Operation {
    /// The operation's name, as it enters the command id, the scopes and the metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::CreateCustomer(_) => "create_customer",
            Self::OpenAccount(_) => "open_account",
            Self::Pay(payment) => payment.kind.as_str(),
            Self::ActivateRules(_) => "activate_rules",
            Self::ChangeStatus(asked) => asked.change.as_str(),
            Self::Reserve(_) => "reserve",
            Self::Capture(_) => "capture",
            Self::Release(_) => "release",
            Self::Refund(_) => "refund",
            Self::Reverse(_) => "reverse",
            Self::SetPolicy(policy) => policy.operation(),
            Self::Batch(batch) => batch.operation(),
            Self::Order(_) => "order",
            Self::CancelOrder(_) => "cancel_order",
            Self::SetAml(setting) => setting.operation(),
            Self::Freeze(freeze) => freeze.operation(),
            Self::ReportSignal(_) => "report_signal",
            Self::DecideReview(_) => "decide_review",
            Self::List(command) => command.operation(),
            Self::Diligence(asked) => asked.operation(),
        }
    }

    /// How many commands it weighs in an epoch: a batch as many as it has items.
    pub const fn weight(&self) -> usize {
        if let Self::Batch(batch) = self { batch.items.len() } else { 1 }
    }

    /// The first version of the rules that knows it.
    pub fn since(&self) -> u32 {
        match self {
            Self::CreateCustomer(_) | Self::OpenAccount(_) | Self::ActivateRules(_) => 1,
            Self::Pay(payment) => payment.since(),
            Self::ChangeStatus(_) => 3,
            Self::Reserve(reserve) => reserve.payment.since().max(4),
            Self::Capture(_) | Self::Release(_) | Self::Refund(_) | Self::Reverse(_) | Self::SetPolicy(_) => 4,
            // An item that the rules do not know is refused by itself, unless it says what they could not even read.
            Self::Batch(batch) => {
                if batch.items.iter().any(|item| item.since() > 5) {
                    6
                } else {
                    5
                }
            }
            Self::Order(order) => order.payment.since().max(5),
            Self::CancelOrder(_) => 5,
            Self::SetAml(_) | Self::Freeze(_) | Self::ReportSignal(_) | Self::DecideReview(_) => 6,
            Self::List(_) => 6,
            Self::Diligence(asked) => asked.since(),
        }
    }

    /// Whether its texts, amounts and moments have the form that the fields say.
    pub fn check(&self) -> Result<(), Unreadable> {
        match self {
            Self::CreateCustomer(create) => create.check(),
            Self::Pay(payment) => asked(payment),
            Self::Reserve(reserve) => {
                asked(&reserve.payment)?;
                let lasts = (RESERVED_MS_MIN..=RESERVED_MS_MAX).contains(&reserve.expires_in_ms);
                expect("expires_in_ms", &reserve.expires_in_ms.to_string(), "one second to thirty days", |_| lasts)
            }
            Self::SetPolicy(policy) => policy.check(),
            Self::SetAml(setting) => setting.check(),
            Self::Freeze(freeze) => freeze.check(),
            Self::ReportSignal(signal) => signal.check(),
            Self::DecideReview(review) => review.check(),
            Self::List(command) => command.check(),
            Self::Diligence(asked) => asked.check(),
            Self::Batch(batch) => batch.check(),
            Self::Order(order) => order.check(),
            Self::Refund(Refund { proof, .. }) | Self::Reverse(Reverse { proof, .. }) => {
                proof.as_ref().map_or(Ok(()), |proof| proof.check())
            }
            Self::OpenAccount(_)
            | Self::ActivateRules(_)
            | Self::ChangeStatus(_)
            | Self::Capture(_)
            | Self::Release(_)
            | Self::CancelOrder(_) => Ok(()),
        }
    }
}
