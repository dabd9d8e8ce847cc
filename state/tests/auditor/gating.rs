//! Gates: every attempt and every report is kept, and each window is a loop over all of them.

use super::paying::sides;
use super::{Books, first};
use schemas::aml::{Lane, Setting};
use schemas::context::{Context, KeyKind};
use schemas::gate::{GateAnswer, ListName, Said};
use schemas::{
    AmlChanged, AmlSetting, Assessed, Authority, Currency, CustomerId, Epoch, Fact, Freeze, GatePolicy, HoldId, Party, PartyChange,
    PartyChanged, Payment, Principal, Refusal, Role, RuleId, Signal, TransactionId,
};

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;

/// A window: its name, the length of a stretch, how many there are, and how long it is.
const WINDOWS: [(&str, u64, u64, u64); 4] = [
    ("10min", MINUTE_MS, 10, 10 * MINUTE_MS),
    ("1h", 5 * MINUTE_MS, 12, HOUR_MS),
    ("24h", HOUR_MS, 24, DAY_MS),
    ("30d", DAY_MS, 30, 30 * DAY_MS),
];

/// Something that was counted of a key.
#[derive(Clone)]
pub(super) struct Counted {
    key: String,
    epoch: Epoch,
    currency: Currency,
    amount: i128,
    is_failure: bool,
}

/// What was counted and noted.
#[derive(Clone, Default)]
pub(super) struct Noted {
    counted: Vec<Counted>,
    /// Customers on devices.
    seen: Vec<(CustomerId, String, Epoch)>,
    resets: Vec<(CustomerId, Epoch)>,
}

/// What the gates say.
#[derive(Clone)]
pub(super) struct Verdict {
    pub(super) answer: GateAnswer,
    score: u32,
    said: Vec<Said>,
}

impl Verdict {
    fn nothing() -> Self {
        Self { answer: GateAnswer::Allow, score: 0, said: Vec::new() }
    }

    /// Why not, if not, whatever else there is to say.
    pub(super) fn refuses(&self) -> Option<Refusal> {
        (self.answer == GateAnswer::Refuse).then_some(Refusal::RefusedByGate)
    }

    /// Why not, where everything else is in order and nobody can be waited for.
    pub(super) fn refuses_at_last(&self) -> Option<Refusal> {
        (self.answer == GateAnswer::Review).then_some(Refusal::ReviewRequired)
    }
}

impl Books {
    pub(super) fn set_aml(&mut self, principal: &Principal, setting: &AmlSetting) -> Result<Fact, Refusal> {
        first([(principal.authority == Authority::Customer, Refusal::NotAuthorized)])?;
        self.settings.push(setting.clone());
        let subject = subject(setting);
        let count = self.settings.iter().filter(|other| self::subject(other) == subject).count();
        let version = u32::try_from(count).expect("few settings");
        Ok(Fact::AmlChanged(Box::new(AmlChanged { setting: setting.clone(), version, by: principal.subject.clone() })))
    }

    pub(super) fn freeze(&mut self, principal: &Principal, freeze: &Freeze) -> Result<Fact, Refusal> {
        first([(principal.authority == Authority::Customer, Refusal::NotAuthorized)])?;
        let party = self.party(principal, freeze.party)?;
        first([(self.has_frozen(freeze.party) == freeze.frozen, Refusal::FreezeUnchanged)])?;
        self.freezes.push((freeze.party, freeze.frozen));
        let change = if freeze.frozen { PartyChange::Frozen } else { PartyChange::Unfrozen };
        Ok(Fact::PartyChanged(Box::new(PartyChanged { change, reason: Some(freeze.reason.clone()), ..party })))
    }

    pub(super) fn report_signal(&mut self, principal: &Principal, signal: &Signal) -> Result<Fact, Refusal> {
        first([(principal.authority == Authority::Customer, Refusal::NotAuthorized)])?;
        let party = self.party(principal, signal.party)?;
        let rules = self.enabled();
        let is_on = |rule: RuleId| rules.iter().any(|(_, setting)| setting.rule == rule);
        if is_on(RuleId::VelocityCount) || is_on(RuleId::NewDeviceHighAmount) {
            match signal.signal {
                PartyChange::PinFailed | PartyChange::ThreedsFailed => {
                    let keys = std::iter::once(format!("customer {}", party.customer_id));
                    let keys: Vec<_> = keys.chain(signal.device.iter().map(|device| format!("device {device}"))).collect();
                    keys.into_iter().for_each(|key| self.note(key, Currency::XOF, 0, true));
                }
                _ => self.noted.resets.push((party.customer_id, self.epoch)),
            }
        }
        Ok(Fact::PartyChanged(Box::new(PartyChanged { change: signal.signal, device: signal.device.clone(), ..party })))
    }

    fn party(&self, principal: &Principal, party: Party) -> Result<PartyChanged, Refusal> {
        let (customer_id, account_id) = match party {
            Party::Customer(id) => {
                first([(!self.customers.iter().any(|customer| customer.id == id), Refusal::CustomerNotFound)])?;
                (id, None)
            }
            Party::Account(id) => {
                first([(self.account(id).is_none(), Refusal::AccountNotFound)])?;
                (self.owner(id).ok_or(Refusal::RoleNotPermitted)?, Some(id))
            }
        };
        Ok(PartyChanged { customer_id, account_id, change: PartyChange::Frozen, device: None, reason: None, by: principal.subject.clone() })
    }

    fn has_frozen(&self, party: Party) -> bool {
        self.freezes.iter().rev().find(|(other, _)| *other == party).is_some_and(|(_, frozen)| *frozen)
    }

    /// Neither side is frozen, nor its holder, in rules that mind.
    pub(super) fn neither_frozen(&self, payer: schemas::AccountId, payee: schemas::AccountId) -> Result<(), Refusal> {
        let is_frozen = |id| {
            let by_holder = self.owner(id).is_some_and(|holder| self.has_frozen(Party::Customer(holder)));
            self.rules[0] >= 6 && (by_holder || self.has_frozen(Party::Account(id)))
        };
        first([(is_frozen(payer), Refusal::DebitPartyFrozen), (is_frozen(payee), Refusal::CreditPartyFrozen)])
    }

    /// What is in force of each rule and lane, in the order of the catalogue, with its version.
    fn enabled(&self) -> Vec<(u32, Setting)> {
        let mut enabled = Vec::new();
        for (rule, lane) in RuleId::ALL.iter().flat_map(|rule| Lane::ALL.iter().map(move |lane| (*rule, *lane))) {
            let of: Vec<&Setting> = self
                .settings
                .iter()
                .filter_map(|setting| match setting {
                    AmlSetting::Rule(setting) if (setting.rule, setting.lane) == (rule, lane) => Some(setting),
                    _ => None,
                })
                .collect();
            if let Some(last) = of.last().filter(|last| last.enabled && rule.is_gate()) {
                enabled.push((u32::try_from(of.len()).expect("few settings"), (*last).clone()));
            }
        }
        enabled
    }

    pub(super) fn policy(&self) -> GatePolicy {
        let policies = self.settings.iter().rev();
        policies
            .filter_map(|setting| if let AmlSetting::Policy(policy) = setting { Some(*policy) } else { None })
            .next()
            .unwrap_or_default()
    }

    fn is_risky(&self, country: &str) -> bool {
        let lists = self.settings.iter().rev().filter_map(|setting| match setting {
            AmlSetting::Countries(list) if list.list == ListName::HighRisk => Some(&list.countries),
            _ => None,
        });
        lists.take(1).any(|countries| countries.contains(country))
    }

    /// What the gates say about a payment, which counts as an attempt; none where there is nothing to say.
    pub(super) fn assess(&mut self, principal: &Principal, payment: &Payment, promised: bool) -> Option<Verdict> {
        let rules = self.enabled();
        if self.rules[0] < 6 || (rules.is_empty() && payment.context.is_none()) {
            return None;
        }
        let parties = self.may_take_part(principal, payment, promised, false);
        if parties.as_ref().is_err_and(|refusal| *refusal <= Refusal::NotAuthorized) {
            return None;
        }
        let payer = self.account(sides(payment).0).filter(|payer| payer.role != Role::House).cloned();
        let Some(payer) = payer.filter(|_| !rules.is_empty()) else { return Some(Verdict::nothing()) };
        let holder = payer.customer_id.expect("it is nobody's house");
        let is_on = |on: &[RuleId]| rules.iter().any(|(_, setting)| on.contains(&setting.rule));
        let velocity = is_on(&[RuleId::VelocityCount, RuleId::VelocityAmount]);
        let context = payment.context.as_deref().cloned().unwrap_or_default();

        let mut keys = Vec::new();
        for kind in KeyKind::ALL {
            let counts = velocity || *kind == KeyKind::Account && is_on(&[RuleId::NewAccountBurst]);
            let key = key_of(*kind, &context, &payer.id.to_string(), &holder.to_string()).filter(|_| counts);
            if let Some(key) = &key {
                self.note(key.clone(), payment.currency, payment.amount_minor.into(), false);
            }
            keys.push((*kind, key));
        }
        let since = context.device.as_ref().filter(|_| is_on(&[RuleId::NewDeviceHighAmount])).map(|device| self.see(holder, device));
        if parties.is_err() {
            return Some(Verdict::nothing());
        }

        let mut verdict = Verdict::nothing();
        let mut actions = vec![GateAnswer::Allow];
        for (version, setting) in rules {
            let Some((name, value, window_ms, key)) = self.finds(&setting, payment, &context, &payer.id, holder, &keys, since) else {
                continue;
            };
            let threshold = setting.named(&name);
            verdict.said.push(Said { rule: setting.rule, lane: setting.lane, version, name, value, threshold, window_ms, key });
            if setting.lane == Lane::Live {
                verdict.score += setting.weight;
                actions.push(
                    [GateAnswer::Allow, GateAnswer::Review, GateAnswer::Refuse]
                        [usize::try_from(setting.named("action")).expect("an action is small")],
                );
            }
        }
        let policy = self.policy();
        if verdict.score >= policy.review_score {
            actions.push(GateAnswer::Review);
        }
        if verdict.score >= policy.refuse_score {
            actions.push(GateAnswer::Refuse);
        }
        verdict.answer = actions.into_iter().max().expect("there is one");
        Some(verdict)
    }

    /// The first threshold of a rule that is reached: its name, what was measured, over how long and by what.
    #[expect(clippy::too_many_arguments, reason = "all that a rule may look at")]
    fn finds(
        &self,
        setting: &Setting,
        payment: &Payment,
        context: &Context,
        payer: &schemas::AccountId,
        holder: CustomerId,
        keys: &[(KeyKind, Option<String>)],
        since: Option<Option<Epoch>>,
    ) -> Option<(String, i64, Option<u64>, Option<KeyKind>)> {
        let at_least = |name: &str, value: i64| value >= setting.named(name);
        let young = |since: Epoch, hours: &str| self.epoch - since < u64::try_from(setting.named(hours)).expect("it is small") * HOUR_MS;
        let amount = payment.amount_minor;
        let days = |epoch: Epoch| i64::try_from(epoch / DAY_MS).expect("days are few");
        let opened = payer.epoch().unwrap_or_default();
        match setting.rule {
            RuleId::VelocityCount | RuleId::VelocityAmount => {
                let counts = setting.rule == RuleId::VelocityCount;
                for (kind, key) in keys {
                    for (window, length, most, lasts) in WINDOWS {
                        let Some(key) = key else { continue };
                        let (count, sum, _) = self.window(key, payment.currency, length, most);
                        let (name, value) =
                            if counts { (format!("{kind}_{window}"), count) } else { (format!("{kind}_{window}_minor"), sum) };
                        if at_least(&name, value) {
                            return Some((name, value, Some(lasts), Some(*kind)));
                        }
                    }
                }
                for (kind, key) in keys.iter().filter(|(kind, _)| counts && [KeyKind::Customer, KeyKind::Device].contains(kind)) {
                    for (window, length, most, lasts) in &WINDOWS[..2] {
                        let Some(key) = key else { continue };
                        let (_, _, failures) = self.window(key, payment.currency, *length, *most);
                        let name =
                            if *kind == KeyKind::Device { format!("device_failures_{window}") } else { format!("failures_{window}") };
                        if at_least(&name, failures) {
                            return Some((name, failures, Some(*lasts), Some(*kind)));
                        }
                    }
                }
                None
            }
            RuleId::DormantReactivation => {
                let rested = days(self.epoch) - days(self.last_counted(*payer).unwrap_or(opened).max(opened));
                (at_least("rested_days", rested) && at_least("amount_minor", amount))
                    .then(|| ("rested_days".to_owned(), rested, None, None))
            }
            RuleId::NewDeviceHighAmount => {
                let is_new = match since {
                    Some(since) => since.is_none_or(|since| young(since, "new_hours")),
                    None => setting.named("when_absent") == 1,
                };
                if is_new && at_least("amount_minor", amount) {
                    return Some(("amount_minor".to_owned(), amount, None, Some(KeyKind::Device)));
                }
                let reset = self.noted.resets.iter().rev().find(|(customer, _)| *customer == holder);
                let name = "amount_after_reset_minor";
                (reset.is_some_and(|(_, reset)| young(*reset, "reset_hours")) && at_least(name, amount))
                    .then(|| (name.to_owned(), amount, None, Some(KeyKind::Customer)))
            }
            RuleId::HighRiskCountry => {
                let is_risky = context.country.as_ref().map_or(setting.named("when_absent") == 1, |country| self.is_risky(country));
                (is_risky && at_least("amount_minor", amount)).then(|| ("amount_minor".to_owned(), amount, None, None))
            }
            RuleId::NewAccountBurst => {
                let key = keys[0].1.as_ref()?;
                let (_, length, most, lasts) = WINDOWS[2];
                let (count, sum, _) = self.window(key, payment.currency, length, most);
                let found =
                    [("attempts_24h", count), ("amount_24h_minor", sum)].into_iter().find(|(name, value)| at_least(name, *value))?;
                young(opened, "new_hours").then(|| (found.0.to_owned(), found.1, Some(lasts), Some(KeyKind::Account)))
            }
            other => unreachable!("{other} is no gate"),
        }
    }

    fn note(&mut self, key: String, currency: Currency, amount: i128, is_failure: bool) {
        self.noted.counted.push(Counted { key, epoch: self.epoch, currency, amount, is_failure });
    }

    /// Notes that a customer is on a device; since when that is known, not longer ago than thirty days without a break.
    fn see(&mut self, holder: CustomerId, device: &str) -> Option<Epoch> {
        let mut known: Option<(Epoch, Epoch)> = None;
        let forgotten = |last: Epoch, now: Epoch| last + 30 * DAY_MS <= now;
        for (_, _, epoch) in self.noted.seen.iter().filter(|(other, on, _)| *other == holder && on == device) {
            known = match known {
                Some((first, last)) if !forgotten(last, *epoch) => Some((first, *epoch)),
                _ => Some((*epoch, *epoch)),
            };
        }
        self.noted.seen.push((holder, device.to_owned(), self.epoch));
        known.filter(|(_, last)| !forgotten(*last, self.epoch)).map(|(first, _)| first)
    }

    /// How often a key was counted in the stretches of a window, the sum in a currency, and how many failures there were.
    fn window(&self, key: &str, currency: Currency, length: u64, most: u64) -> (i64, i64, i64) {
        let within = |epoch: Epoch| self.epoch / length - epoch / length < most;
        let (mut count, mut sum, mut failures) = (0, 0i128, 0);
        for counted in self.noted.counted.iter().filter(|counted| counted.key == key && within(counted.epoch)) {
            if counted.is_failure {
                failures += 1;
                continue;
            }
            count += 1;
            if counted.currency == currency {
                sum += counted.amount;
            }
        }
        (count, i64::try_from(sum).unwrap_or(i64::MAX), failures)
    }

    /// What is said of a payment before its decision.
    pub(super) fn told(verdict: Verdict, payment: &Payment, became: (Option<TransactionId>, Option<HoldId>)) -> Option<Fact> {
        let Verdict { answer, score, said } = verdict;
        if said.is_empty() && payment.context.is_none() {
            return None;
        }
        let (account_debit, account_credit) = sides(payment);
        let (transaction_id, hold_id) = became;
        let context = payment.context.clone();
        Some(Fact::Assessed(Box::new(Assessed { transaction_id, hold_id, account_debit, account_credit, context, answer, score, said })))
    }
}

fn key_of(kind: KeyKind, context: &Context, account: &str, customer: &str) -> Option<String> {
    let text = match kind {
        KeyKind::Account => Some(account.to_owned()),
        KeyKind::Customer => Some(customer.to_owned()),
        KeyKind::Device => context.device.clone(),
        KeyKind::CardToken => context.card_token.clone(),
        KeyKind::Msisdn => context.msisdn.clone(),
        // Addresses of one network in histories differ in nothing but what stands behind the two colons.
        KeyKind::Ip => context.ip.as_ref().map(|ip| ip.split_once("::").map_or(ip.clone(), |(network, _)| network.to_owned())),
    };
    text.map(|text| format!("{kind} {text}"))
}

fn subject(setting: &AmlSetting) -> String {
    match setting {
        AmlSetting::Rule(setting) => format!("{} {}", setting.rule, setting.lane),
        AmlSetting::Policy(_) => "policy".to_owned(),
        AmlSetting::Countries(list) => list.list.to_string(),
        AmlSetting::Cases(_) => "cases".to_owned(),
    }
}
