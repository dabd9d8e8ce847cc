//! What sets gates and what they are told; and what they say about a payment before it is decided.

use super::undo::Undo;
use super::{Asking, Decision, Ledger, refused};
use crate::accounts::Holding;
use crate::attempts::Key;
use crate::attempts::window::{Measured, What};
use crate::calendar::day;
use crate::gates::{Answer, KINDS, Look, on_device, place};
use crate::pins::Effect;
use crate::rules;
use schemas::context::{KeyKind, Named};
use schemas::gate::GateAnswer;
use schemas::{
    AccountId, AmlChanged, AmlSetting, Assessed, Context, Currency, Epoch, Event, Fact, Freeze, HoldId, Party, PartyChange, PartyChanged,
    Payment, PaymentKind, Refusal, Role, Signal, TransactionId,
};
use uuid::Uuid;

/// What was counted of a payment.
#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    measured: [Option<Measured>; KINDS],
    device_since: Option<Epoch>,
    reset: Option<Epoch>,
}

impl Ledger {
    pub(super) fn set_aml(&mut self, asking: Asking<'_>, setting: &AmlSetting) -> Decision {
        if !asking.actor.is_staff() {
            return refused(setting.operation(), Refusal::NotAuthorized);
        }
        // From here the command must succeed.
        let version = match setting {
            AmlSetting::Cases(policy) => self.cases.set(policy),
            AmlSetting::Rule(_) | AmlSetting::Policy(_) | AmlSetting::Countries(_) => self.gates.set(setting),
        };
        let changed = AmlChanged { setting: setting.clone(), version, by: asking.subject.to_owned() };
        Decision { fact: Fact::AmlChanged(Box::new(changed)), number: version, refusal: None, effect: Effect::None }
    }

    pub(super) fn freeze_party(&mut self, asking: Asking<'_>, freeze: &Freeze) -> Decision {
        let changed = match self.check_freeze(asking, freeze) {
            Ok(changed) => changed,
            Err(refusal) => return refused(freeze.operation(), refusal),
        };
        // From here the command must succeed.
        self.gates.freeze_party(freeze.party, freeze.frozen);
        Decision { fact: Fact::PartyChanged(Box::new(changed)), number: 0, refusal: None, effect: Effect::None }
    }

    fn check_freeze(&self, asking: Asking<'_>, freeze: &Freeze) -> Result<PartyChanged, Refusal> {
        if !asking.actor.is_staff() {
            return Err(Refusal::NotAuthorized);
        }
        let changed = self.frozen(freeze, asking.subject)?;
        if self.gates.has_frozen(freeze.party) == freeze.frozen { Err(Refusal::FreezeUnchanged) } else { Ok(changed) }
    }

    /// What is told of a party that is frozen, or not any more.
    pub(super) fn frozen(&self, freeze: &Freeze, by: &str) -> Result<PartyChanged, Refusal> {
        let change = if freeze.frozen { PartyChange::Frozen } else { PartyChange::Unfrozen };
        Ok(PartyChanged { change, reason: Some(freeze.reason.clone()), ..self.party(freeze.party, by)? })
    }

    pub(super) fn report_signal(&mut self, asking: Asking<'_>, signal: &Signal) -> Decision {
        if !asking.actor.is_staff() {
            return refused("report_signal", Refusal::NotAuthorized);
        }
        let changed = match self.signalled(signal, asking.subject) {
            Ok(changed) => changed,
            Err(refusal) => return refused("report_signal", refusal),
        };
        // From here the command must succeed.
        if self.gates.in_force().counts_signals() {
            let (epoch, attempts) = (self.epoch, &mut self.gates.attempts);
            let customer = Key(changed.customer_id.0.as_u128());
            let device = signal.device.as_deref().map(device_key);
            for key in [Some(customer), device].into_iter().flatten() {
                let key = (key, attempts.find(key));
                if signal.signal.is_failure() {
                    attempts.count(key, epoch, What::Failure, Currency::XOF, 0);
                } else if key.0 == customer {
                    attempts.reset(key, epoch);
                }
            }
        }
        Decision { fact: Fact::PartyChanged(Box::new(changed)), number: 0, refusal: None, effect: Effect::None }
    }

    /// What is told of a signal.
    pub(super) fn signalled(&self, signal: &Signal, by: &str) -> Result<PartyChanged, Refusal> {
        Ok(PartyChanged { change: signal.signal, device: signal.device.clone(), ..self.party(signal.party, by)? })
    }

    /// Whether a party is there.
    pub(super) fn knows(&self, party: Party) -> bool {
        self.party(party, "").is_ok()
    }

    /// A party that exists, and is not the house.
    fn party(&self, party: Party, by: &str) -> Result<PartyChanged, Refusal> {
        let (customer_id, account_id) = match party {
            Party::Customer(id) => (self.customers.get(id).map(|_| id).ok_or(Refusal::CustomerNotFound)?, None),
            Party::Account(id) => {
                let account = self.accounts.find(id).ok_or(Refusal::AccountNotFound)?;
                (account.customer_id.ok_or(Refusal::RoleNotPermitted)?, Some(id))
            }
        };
        Ok(PartyChanged { customer_id, account_id, change: PartyChange::Frozen, device: None, reason: None, by: by.to_owned() })
    }

    /// Whether both sides of a payment are free to take part in it, the payer first.
    pub(super) fn not_frozen(&self, payer: &Holding, payee: &Holding) -> Result<(), Refusal> {
        if !rules::knows_gates(self.rules) {
            return Ok(());
        }
        if self.gates.is_frozen(payer) {
            return Err(Refusal::DebitPartyFrozen);
        }
        if self.gates.is_frozen(payee) { Err(Refusal::CreditPartyFrozen) } else { Ok(()) }
    }

    /// Whether anything is to be said of a payment before its decision. A payment of a bank without gates is asked this and no more.
    pub(super) const fn is_assessed(&self, payment: &Payment) -> bool {
        rules::knows_gates(self.rules) && (self.gates.in_force().is_any() || payment.context.is_some())
    }

    /// Counts an attempt, and asks the gates. None where it is refused before it is known that the caller may ask for it, and that its
    /// sides may take part in it: a stranger's attempt is not the payer's.
    pub(super) fn assess(
        &mut self,
        asking: Asking<'_>,
        payment: &Payment,
        sides: [AccountId; 2],
        permitted: fn(PaymentKind, Role, Role) -> bool,
    ) -> Option<Answer> {
        let places = self.places(sides, asking.near);
        let cash = self.unopened_cash(payment.currency, places);
        let payer = match self.check_parties(asking, payment, sides, places, cash.as_ref(), permitted) {
            Ok(checked) => checked.payer.clone(),
            Err(refusal) if refusal <= Refusal::NotAuthorized => return None,
            // It was asked for, and counts, but nothing comes of it whatever the gates say.
            Err(_) => {
                if let Some(payer) = self.accounts.find(sides[0]).filter(|payer| payer.role != Role::House).cloned() {
                    self.count(asking, &payer, payment);
                }
                return Some(Answer { answer: GateAnswer::Allow, score: 0, said: Vec::new() });
            }
        };
        if payer.role == Role::House || !self.gates.in_force().is_any() {
            return Some(Answer { answer: GateAnswer::Allow, score: 0, said: Vec::new() });
        }
        let Counted { measured, device_since, reset } = self.count(asking, &payer, payment);
        let context = payment.context.as_deref();
        let country = context.and_then(|context| context.country.as_deref());
        let opened = payer.id.epoch().map_or(0, day);
        let look = Look {
            epoch: self.epoch,
            amount_minor: payment.amount_minor,
            payer: &payer,
            context,
            measured,
            device_since,
            reset,
            active_day: payer.paid_day.max(opened),
            is_listed: country.is_some_and(|country| self.gates.in_force().is_risky(country)),
        };
        Some(self.gates.answer(&look))
    }

    /// The keys of a payment that a gate needs: by kind, and then its customer, to be asked when what proves who they are was new, and
    /// its customer on its device.
    pub(crate) fn keys(&self, payer: &Holding, context: Option<&Context>, named: Option<&Named>) -> [Option<Key>; KINDS + 2] {
        let mut keys = [None; KINDS + 2];
        let key = |id: Uuid| Some(Key(id.as_u128()));
        keys[place(KeyKind::Account)] = key(payer.id.0);
        keys[place(KeyKind::Customer)] = payer.customer_id.and_then(|id| key(id.0));
        let mut keep = |(kind, hash)| keys[place(kind)] = Some(Key(u128::from_be_bytes(hash)));
        match (named, context) {
            (Some(named), _) => named.iter().copied().for_each(&mut keep),
            (None, context) => context.into_iter().flat_map(Context::named).for_each(&mut keep),
        }
        let in_force = self.gates.in_force();
        let device = keys[place(KeyKind::Device)].filter(|_| in_force.notes_devices());
        keys[KINDS] = keys[place(KeyKind::Customer)];
        keys[KINDS + 1] = payer.customer_id.zip(device).map(|(holder, device)| on_device(holder, device));
        keys.iter_mut().zip(in_force.counts()).filter(|(_, counts)| !**counts).for_each(|(key, _)| *key = None);
        keys
    }

    /// Counts an attempt by each of its keys that a gate needs.
    fn count(&mut self, asking: Asking<'_>, payer: &Holding, payment: &Payment) -> Counted {
        let mut counted = Counted::default();
        let attempts = &self.gates.attempts;
        let keys = self.keys(payer, payment.context.as_deref(), asking.named.first());
        let [places @ .., reset, noted] = keys.map(|key| key.map(|key| (key, attempts.find(key))));
        counted.reset = reset.and_then(|(_, slot)| attempts.at(slot?).reset());
        for (kind, (key, slot)) in places.iter().enumerate().filter_map(|(kind, at)| Some((kind, (*at)?))) {
            let at = self.before_it_counts(key, slot);
            let (epoch, currency) = (self.epoch, payment.currency);
            counted.measured[kind] = Some(self.gates.attempts.count(at, epoch, What::Attempt, currency, payment.amount_minor));
        }
        if let Some((key, slot)) = noted {
            let at = self.before_it_counts(key, slot);
            counted.device_since = self.gates.attempts.see(at, self.epoch);
        }
        counted
    }

    /// Where the row of a key lies, noted as it is: two keys of a payment that are both new take two slots, so what was not there is
    /// looked for when its turn comes.
    fn before_it_counts(&mut self, key: Key, slot: Option<u32>) -> (Key, Option<u32>) {
        let slot = slot.or_else(|| self.gates.attempts.find(key));
        self.may_undo(|ledger| Undo::Attempted(key, ledger.gates.attempts.before(slot)));
        (key, slot)
    }

    /// Says what was known of a payment and what the gates said, where there is something to say.
    pub(super) fn say(
        &mut self,
        asking: Asking<'_>,
        payment: &Payment,
        sides: [AccountId; 2],
        answer: Answer,
        became: Became,
        events: &mut Vec<Event>,
    ) {
        let Answer { answer, score, said } = answer;
        if payment.context.is_none() && said.is_empty() {
            return;
        }
        let (transaction_id, hold_id) = match became {
            Became::Transaction(id) => (Some(id), None),
            Became::Hold(id) => (None, Some(id)),
            Became::Nothing => (None, None),
        };
        let context = payment.context.clone();
        let [account_debit, account_credit] = sides;
        let assessed = Assessed { transaction_id, hold_id, account_debit, account_credit, context, answer, score, said };
        self.publish(asking.cause.clone(), Fact::Assessed(Box::new(assessed)), events);
    }
}

/// What became of a payment that was assessed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Became {
    Transaction(TransactionId),
    Hold(HoldId),
    /// A reservation that was refused.
    Nothing,
}

fn device_key(device: &str) -> Key {
    Key(u128::from_be_bytes(schemas::context::hash(KeyKind::Device.as_str(), device)))
}
