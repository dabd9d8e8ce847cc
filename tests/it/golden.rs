//! Golden logs: what a released version of the rules decided, every later binary decides again, byte for byte.
//!
//! `tests/golden/vN.jsonl` holds commands, bindings, and the digests of what each epoch wrote under version N. No
//! server is needed. A new version of the rules adds a file (`ORION_BLESS=1` writes only what is missing); a file that
//! is there never changes, since it stands for logs that are out in the world.

mod generate;

use anyhow::{Context, ensure};
use generate::{PROVEN, Proofs};
use orion::replay::{self, Decided, LogFile, Rule, START_MS};
use schemas::diligence::{CaseChange, KycChange, Told};
use schemas::gate::{Assessed, GateAnswer};
use schemas::proof::minute;
use schemas::{
    BatchDecided, BatchMode, Bearer, Epoch, Event, Fact, HoldChange, ItemStatus, Link, OrderChange, Paid, PartyChange, PaymentKind,
    Position, Proof, Refusal, RuleId, StatusChange, Transaction, TransactionId, Verdict,
};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

const RULE: Rule = Rule { every: 1, start_ms: START_MS };
const DAY_MS: u64 = 86_400_000;

/// What is asked beside payments, statuses and policies.
const OPERATIONS: &[&str] = &[
    "create_customer",
    "open_account",
    "activate_rules",
    "reserve",
    "capture",
    "release",
    "refund",
    "reverse",
    "batch",
    "order",
    "cancel_order",
    "set_aml_rule",
    "set_gate_policy",
    "set_country_list",
    "freeze_customer",
    "unfreeze_customer",
    "freeze_account",
    "unfreeze_account",
    "report_signal",
    "decide_review",
    "set_case_policy",
    "update_customer",
    "set_address",
    "submit_document",
    "decide_kyc",
    "open_case",
    "assign_case",
    "comment_case",
    "snooze_case",
    "escalate_case",
    "decide_case",
    "load_list_part",
    "activate_list",
    "clear_match",
];

/// What staff sets.
const POLICIES: &[&str] = &["set_customer_level", "set_account_terms", "set_level_limits", "set_tariff", "withdraw_tariff"];

type Has = fn(&Transaction) -> bool;

/// Where fees must occur: on top of an amount, out of it, in parts, and given back.
const FEES: &[(&str, Has)] = &[
    ("a payer", |paid| paid.link.is_none() && paid.postings.first().is_some_and(|leg| -leg.amount_minor > paid.amount.minor)),
    ("a payee", |paid| paid.link.is_none() && paid.postings.get(1).is_some_and(|leg| leg.amount_minor < paid.amount.minor)),
    ("a capture", |paid| paid.link.and_then(Link::hold).is_some()),
    ("a reversal", |paid| paid.kind == PaymentKind::Reversal),
];

/// The golden log of a version; only that of the newest is ever written.
fn log(version: u32) -> anyhow::Result<PathBuf> {
    static BLESSING: Mutex<()> = Mutex::new(());
    let _one = BLESSING.lock().unwrap_or_else(PoisonError::into_inner);
    let path = PathBuf::from(format!("tests/golden/v{version}.jsonl"));
    if !path.exists() && std::env::var_os("ORION_BLESS").is_some() && version == state::CODE_VERSION {
        bless(&path)?;
    }
    ensure!(path.exists(), "{} is missing; ORION_BLESS=1 writes it", path.display());
    Ok(path)
}

#[test]
fn golden_logs_of_every_released_version_give_the_same_bytes() -> anyhow::Result<()> {
    for version in 1..=state::CODE_VERSION {
        let path = log(version)?;
        let replayed = replay::file(&path, RULE, |decided, _| {
            ensure!(decided.output.binding.code_version == version, "epoch {} is of another version", decided.output.binding.epoch);
            Ok(())
        })?;
        ensure!(replayed.differing == 0, "version {version} decides otherwise now: {}", replayed.differences.join("; "));
        ensure!(replayed.compared == replayed.epochs && replayed.epochs > 20, "every epoch of {} is compared", path.display());
    }
    Ok(())
}

#[test]
fn golden_logs_hold_every_operation_and_every_refusal() -> anyhow::Result<()> {
    let path = log(state::CODE_VERSION)?;
    let (mut events, mut epochs, mut dead_letters, mut expired_alone) = (Vec::new(), Vec::new(), 0, 0);
    replay::file(&path, RULE, |decided, _| {
        epochs.push(decided.output.binding.epoch);
        dead_letters += decided.output.dead_letters.len();
        expired_alone += if decided.commands.is_empty() { decided.output.events.len() } else { 0 };
        events.extend(decided.output.events.iter().cloned());
        Ok(())
    })
    .with_context(|| format!("{} can't be replayed", path.display()))?;
    let any = |has: &dyn Fn(&Fact) -> bool| events.iter().any(|event: &Event| has(&event.fact));
    for kind in PaymentKind::ALL {
        ensure!(any(&|fact| matches!(fact, Fact::Transaction(paid) if paid.kind == *kind && paid.refusal.is_none())), "{kind} settles");
    }
    for change in StatusChange::ALL {
        ensure!(any(&|fact| matches!(fact, Fact::StatusChanged(changed) if changed.change == *change)), "{change} is done");
    }
    for change in HoldChange::ALL {
        ensure!(any(&|fact| matches!(fact, Fact::HoldChanged(held) if held.change == *change)), "a hold is {change}");
    }
    for change in PartyChange::ALL.iter().filter(|change| **change != PartyChange::PinReset) {
        ensure!(any(&|fact| matches!(fact, Fact::PartyChanged(party) if party.change == *change)), "a party is {change}");
    }
    for change in CaseChange::ALL {
        let is_it = |told: &Told| matches!(told, Told::Case(changed) if changed.change == *change);
        ensure!(any(&|fact| matches!(fact, Fact::Diligence(told) if is_it(told))), "a case is {change}");
    }
    for change in KycChange::ALL {
        let is_it = |told: &Told| matches!(told, Told::Kyc(changed) if changed.change == *change);
        ensure!(any(&|fact| matches!(fact, Fact::Diligence(told) if is_it(told))), "who a customer is: {change}");
    }
    for answer in GateAnswer::ALL {
        ensure!(any(&|fact| matches!(fact, Fact::Assessed(assessed) if assessed.answer == *answer)), "gates say {answer}");
    }
    for rule in RuleId::ALL.iter().filter(|rule| rule.is_gate() && **rule != RuleId::DormantReactivation) {
        let says = |assessed: &Assessed| assessed.said.iter().any(|said| said.rule == *rule);
        ensure!(any(&|fact| matches!(fact, Fact::Assessed(assessed) if says(assessed))), "{rule} speaks");
    }
    for change in OrderChange::ALL {
        ensure!(any(&|fact| matches!(fact, Fact::OrderChanged(order) if order.change == *change)), "an order is {change}");
    }
    ensure!(
        any(&|fact| matches!(fact, Fact::OrderChanged(order) if order.dated.effective_at().is_some())),
        "a payment counts from earlier"
    );
    let batched = |mode, dry_run, undone| {
        let is_it = move |batch: &BatchDecided| (batch.mode, batch.dry_run, batch.undone_by().is_some()) == (mode, dry_run, undone);
        any(&move |fact: &Fact| matches!(fact, Fact::BatchDecided(batch) if is_it(batch)))
    };
    for dry_run in [false, true] {
        ensure!(batched(BatchMode::Independent, dry_run, false), "a batch of each by itself, dry {dry_run}");
        ensure!([false, true].iter().all(|undone| batched(BatchMode::AllOrNothing, dry_run, *undone)), "all or nothing, dry {dry_run}");
    }
    for status in ItemStatus::ALL {
        let is_it = |batch: &BatchDecided| batch.outcomes.iter().any(|outcome| outcome.status == *status);
        ensure!(any(&|fact| matches!(fact, Fact::BatchDecided(batch) if is_it(batch))), "an item is {status}");
    }
    for operation in POLICIES {
        ensure!(any(&|fact| matches!(fact, Fact::PolicyChanged(policy) if policy.operation() == *operation)), "{operation} is done");
    }
    // The newest version knows every operation.
    // Nor are there ever so many cases that there may be no more.
    let never = [Refusal::OperationNotInForce, Refusal::CasesFull];
    for refusal in Refusal::ALL.iter().filter(|refusal| !never.contains(refusal)) {
        ensure!(any(&|fact| refused(fact) == Some(*refusal)), "{refusal} is a reason");
    }
    let paid = PaymentKind::ASKED.iter().map(|kind| kind.as_str());
    let changed = StatusChange::ALL.iter().map(|change| change.as_str());
    for operation in OPERATIONS.iter().chain(POLICIES).copied().chain(paid).chain(changed) {
        let said = |done: bool| {
            let says = |fact: &Fact| {
                let Fact::Repeated(repeat) = fact else { return false };
                repeat.operation == operation && repeat.first.as_ref().map_or(!done, |first| done && refused(first).is_none())
            };
            any(&says)
        };
        ensure!(said(true), "{operation} is repeated");
        ensure!(said(false), "the key of {operation} is used twice");
    }
    for verdict in Verdict::ALL {
        ensure!(any(&|fact| matches!(fact, Fact::Repeated(repeat) if repeat.verdict() == *verdict)), "{verdict} is a verdict");
    }
    for (what, has) in FEES {
        ensure!(any(&|fact| matches!(fact, Fact::Transaction(paid) if paid.fee_minor > 0 && has(paid))), "{what} has a fee");
    }
    ensure!(events.len() > 300 && dead_letters >= 3, "{} events, {dead_letters} dead letters", events.len());
    ensure!(expired_alone > 0, "holds expire and orders are executed in an epoch without commands");
    ensure!(proven(&events), "what is older than the horizon is given back");
    let passes = |boundary: Epoch| epochs.windows(2).any(|pair| pair[0] + 1 == boundary && pair[1] == boundary);
    ensure!(passes(START_MS + DAY_MS) && passes(START_MS + 31 * DAY_MS), "midnight and the end of a month pass");
    ensure!(epochs.windows(2).any(|pair| pair[1] - pair[0] > 7 * DAY_MS), "longer than pins are kept");
    Ok(())
}

/// Whether something was given back for the first time when nothing but a proof could show it.
fn proven(events: &[Event]) -> bool {
    let mut known = BTreeSet::new();
    events.iter().any(|event| {
        let original = if let Fact::Transaction(paid) = &event.fact { paid.link.and_then(Link::original) } else { None };
        let old = |id: TransactionId| id.epoch().is_some_and(|paid| paid + 7 * DAY_MS < event.epoch);
        original.is_some_and(|id| known.insert(id) && old(id))
    })
}

/// Why a fact says no, if it does.
fn refused(fact: &Fact) -> Option<Refusal> {
    match fact {
        Fact::Transaction(paid) => paid.refusal,
        Fact::Refused { refusal, .. } => Some(*refusal),
        Fact::BatchDecided(decided) => decided.undone_by().map(|(_, refusal)| refusal),
        Fact::CustomerCreated(_)
        | Fact::AccountOpened(_)
        | Fact::RulesActivated { .. }
        | Fact::StatusChanged(_)
        | Fact::HoldChanged(_)
        | Fact::PolicyChanged(_)
        | Fact::OrderChanged(_)
        | Fact::AmlChanged(_)
        | Fact::ListChanged(_)
        | Fact::PartyChanged(_)
        | Fact::Diligence(_)
        | Fact::Assessed(_)
        | Fact::Repeated(_) => None,
    }
}

#[test]
fn golden_logs_that_are_changed_say_where_they_differ() -> anyhow::Result<()> {
    let text = std::fs::read_to_string(log(1)?)?;
    let line =
        text.lines().find(|line| line.contains("\"transfer\"") && line.contains("\"amount\":\"125\"")).context("the first transfer")?;
    let changed = text.replacen(line, &line.replace("\"amount\":\"125\"", "\"amount\":\"126\""), 1);
    let path = std::env::temp_dir().join(format!("orion-golden-{}.jsonl", uuid::Uuid::new_v4()));
    std::fs::write(&path, changed)?;
    let replayed = replay::file(&path, RULE, |_, _| Ok(()))?;
    std::fs::remove_file(&path)?;
    ensure!(replayed.differing > 0, "a changed amount is found");
    let first = replayed.differences.first().context("said")?;
    ensure!(first.contains("transaction.settled.v1 partition") && first.contains("have another digest"), "{first}");
    Ok(())
}

/// Writes the golden log of the newest version: what the generator asks, and what the rules say to it now.
fn bless(path: &Path) -> anyhow::Result<()> {
    let asked = std::env::temp_dir().join(format!("orion-golden-{}.jsonl", uuid::Uuid::new_v4()));
    let write = |proofs: &Proofs| {
        let lines: Vec<String> = generate::log(1, proofs).iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
        anyhow::Ok(std::fs::write(&asked, lines.join("\n"))?)
    };
    write(&Proofs::new())?;
    let mut seen = Seen::default();
    replay::file(&asked, RULE, |decided, _| {
        seen.take(decided);
        Ok(())
    })?;
    write(&seen.proofs()?)?;
    let mut log = LogFile::create(path)?;
    replay::file(&asked, RULE, |decided, outputs| log.epoch(&decided.commands, &decided.output.binding, outputs))?;
    std::fs::remove_file(&asked)?;
    log.finish()
}

/// What was paid, minute by minute, and by which command.
#[derive(Default)]
struct Seen {
    minutes: BTreeMap<u64, Vec<Paid>>,
    by_key: BTreeMap<&'static str, TransactionId>,
}

impl Seen {
    fn take(&mut self, decided: &Decided) {
        let keys: BTreeMap<Position, &str> = decided
            .commands
            .iter()
            .filter_map(|bound| Some((bound.position, bound.command.as_ref().ok()?.command().idempotency_key.as_str())))
            .collect();
        for event in &decided.output.events {
            let Fact::Transaction(paid) = &event.fact else { continue };
            if paid.refusal.is_some() || !PaymentKind::ASKED.contains(&paid.kind) {
                continue;
            }
            self.minutes.entry(minute(event.epoch)).or_default().push(shown(paid));
            if let Some(key) = PROVEN.iter().find(|key| keys.get(&event.cause.position) == Some(*key)) {
                self.by_key.insert(key, paid.id);
            }
        }
    }

    fn proofs(&self) -> anyhow::Result<Proofs> {
        let mut proofs = Proofs::new();
        for key in PROVEN {
            let id = *self.by_key.get(key).with_context(|| format!("{key} was not paid"))?;
            let minute = id.epoch().and_then(|epoch| self.minutes.get(&minute(epoch)));
            let proof = minute.and_then(|minute| Proof::of(id, minute)).with_context(|| format!("{key} can't be proven"))?;
            proofs.insert((*key).to_owned(), (id.to_string(), serde_json::to_value(replay::Shown::of(&proof))?));
        }
        Ok(proofs)
    }
}

/// A payment as it is remembered for good; who bore the fee is what its legs say.
fn shown(paid: &Transaction) -> Paid {
    let on_top = paid.fee_minor == 0 || paid.postings.first().is_some_and(|leg| -leg.amount_minor > paid.amount.minor);
    Paid {
        id: paid.id,
        kind: paid.kind,
        channel: paid.channel,
        bearer: if on_top { Bearer::Payer } else { Bearer::Payee },
        payer: paid.account_debit,
        payee: paid.account_credit,
        currency: paid.amount.currency,
        amount_minor: paid.amount.minor,
        fee_minor: paid.fee_minor,
    }
}
