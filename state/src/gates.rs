//! Gates: rules that are decided with a payment, by what is known of whoever asks for it.
//!
//! In: what staff has set, and what was counted of a payment's keys. Out: what each rule says. A rule says something where one of its
//! clauses is reached; what follows is [`Answer::of`]. With no gate enabled nothing is counted, and a payment costs what it did before.

mod dormant;
mod in_force;
mod new_account;
mod new_device;
mod risky_country;
mod set;
mod velocity;

pub(crate) use in_force::{Active, InForce};
pub use set::{Set, Versioned};

use crate::accounts::Holding;
use crate::attempts::window::Measured;
use crate::attempts::{Attempts, Key};
use schemas::aml::Lane;
use schemas::context::{Context, KeyKind};
use schemas::gate::{GateAnswer, Said};
use schemas::{AmlSetting, CustomerId, Epoch, Party, Refusal, RuleId};
use std::sync::Arc;

/// How many kinds of keys there are.
pub(crate) const KINDS: usize = 6;

/// What staff has set, and what was counted.
#[derive(Clone, Debug, Default)]
pub struct Gates {
    set: Arc<Set>,
    in_force: InForce,
    pub(crate) attempts: Attempts,
}

/// What gates look at.
pub(crate) struct Look<'a> {
    pub(crate) epoch: Epoch,
    pub(crate) amount_minor: i64,
    pub(crate) payer: &'a Holding,
    pub(crate) context: Option<&'a Context>,
    /// What was counted by each kind of key, this payment included; none of what is absent.
    pub(crate) measured: [Option<Measured>; KINDS],
    /// Since when the customer is known on the device, this payment aside.
    pub(crate) device_since: Option<Epoch>,
    /// When what proves who the customer is was last new.
    pub(crate) reset: Option<Epoch>,
    /// The day of the payer's last payment, or of its opening, in days since 1970.
    pub(crate) active_day: u32,
    /// Whether the country that the context names is on the list of those of high risk.
    pub(crate) is_listed: bool,
}

/// What a rule found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// The place of the parameter that is the threshold.
    pub(crate) parameter: usize,
    pub(crate) value: i64,
    pub(crate) window_ms: Option<u64>,
    pub(crate) key: Option<KeyKind>,
}

/// What the gates say about a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) answer: GateAnswer,
    pub(crate) score: u32,
    pub(crate) said: Vec<Said>,
}

impl Answer {
    /// Whether a payment is refused before anything else is looked at.
    pub(crate) fn refuses(&self) -> Result<(), Refusal> {
        if self.answer == GateAnswer::Refuse { Err(Refusal::RefusedByGate) } else { Ok(()) }
    }

    /// Whether what its payer could pay goes on though it can't wait for a review.
    pub(crate) fn allows_at_once(&self) -> Result<(), Refusal> {
        if self.answer == GateAnswer::Review { Err(Refusal::ReviewRequired) } else { Ok(()) }
    }
}

impl Gates {
    /// What was set, and what was counted.
    pub fn of(set: Set, attempts: Attempts) -> Self {
        Self { in_force: InForce::of(&set), set: Arc::new(set), attempts }
    }

    /// What decides now.
    pub(crate) const fn in_force(&self) -> &InForce {
        &self.in_force
    }

    /// Whether a party is frozen, by itself or with its holder.
    pub fn is_frozen(&self, account: &Holding) -> bool {
        self.set.freezes_any() && self.set.is_frozen(account)
    }

    /// Whether this very party is frozen.
    pub fn has_frozen(&self, party: Party) -> bool {
        self.set.has_frozen(party)
    }

    /// Freezes a party, or ends that.
    pub fn freeze_party(&mut self, party: Party, frozen: bool) {
        Arc::make_mut(&mut self.set).freeze(party, frozen);
    }

    /// Sets a rule, the policy or a list; the version that this is.
    pub fn set(&mut self, setting: &AmlSetting) -> u32 {
        let version = Arc::make_mut(&mut self.set).set(setting);
        self.in_force = InForce::of(&self.set);
        version
    }

    /// What is set at this moment.
    pub fn freeze(&self) -> Arc<Set> {
        Arc::clone(&self.set)
    }

    /// What the gates say about a payment.
    pub(crate) fn answer(&self, look: &Look<'_>) -> Answer {
        let (mut score, mut hard, mut said) = (0u32, GateAnswer::Allow, Vec::new());
        for gate in self.in_force.gates() {
            let Some(found) = find(gate, look) else { continue };
            said.push(gate.said(found));
            if gate.lane == Lane::Live {
                score = score.saturating_add(gate.weight);
                hard = hard.max(gate.action);
            }
        }
        let policy = self.in_force.policy();
        let scored = match score {
            score if score >= policy.refuse_score => GateAnswer::Refuse,
            score if score >= policy.review_score => GateAnswer::Review,
            _ => GateAnswer::Allow,
        };
        Answer { answer: hard.max(scored), score, said }
    }
}

/// What a rule finds: the first of its clauses that is reached.
fn find(gate: &Active, look: &Look<'_>) -> Option<Found> {
    match gate.rule {
        RuleId::VelocityCount => velocity::count(gate, look),
        RuleId::VelocityAmount => velocity::amount(gate, look),
        RuleId::DormantReactivation => dormant::find(gate, look),
        RuleId::NewDeviceHighAmount => new_device::find(gate, look),
        RuleId::HighRiskCountry => risky_country::find(gate, look),
        RuleId::NewAccountBurst => new_account::find(gate, look),
        // All others are found behind the payments.
        _ => None,
    }
}

/// The place of a kind among all.
pub(crate) const fn place(kind: KeyKind) -> usize {
    match kind {
        KeyKind::Account => 0,
        KeyKind::Customer => 1,
        KeyKind::Device => 2,
        KeyKind::CardToken => 3,
        KeyKind::Msisdn => 4,
        KeyKind::Ip => 5,
    }
}

/// The key of a customer on a device.
pub(crate) const fn on_device(customer: CustomerId, device: Key) -> Key {
    Key(customer.0.as_u128().rotate_left(64) ^ device.0)
}
