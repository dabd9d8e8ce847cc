//! Alerts on the wire.

use crate::alert::text::Language;
use crate::alert::{Alert, AlertChange, Cleared, Evidence, Matched, MatchedParty, MatchedWords, Measured, Subject, SubjectKind};
use crate::aml::{Lane, RuleId};
use crate::epoch::{Epoch, LAST_EPOCH, rfc3339};
use crate::event::trace_id;
use crate::id::{AccountId, AlertId, TransactionId};
use crate::list::ListKind;
use crate::money::{Currency, Money};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct Raised {
    alert_id: AlertId,
    rule: RuleId,
    code: String,
    lane: Lane,
    version: i32,
    parameters: Vec<Parameter>,
    weight: i32,
    subject_kind: SubjectKind,
    subject_id: String,
    measured: Vec<Measure>,
    window_from: i64,
    window_to: i64,
    transactions: Vec<TransactionId>,
    transactions_count: i32,
    counterparties: Vec<AccountId>,
    counterparties_count: i32,
    amounts: Vec<Amount>,
    capped: bool,
    late: bool,
    text_en: String,
    text_fr: String,
    epoch: i64,
    raised_at: String,
    #[serde(default)]
    trace_id: String,
    #[serde(default, with = "matched")]
    r#match: Option<Box<Matched>>,
}

/// Its own shape, behind an option.
mod matched {
    use super::Matched;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(transparent)]
    struct Wire(#[serde(with = "super::AlertMatch")] Matched);

    pub(super) fn serialize<S: Serializer>(of: &Option<Box<Matched>>, to: S) -> Result<S::Ok, S::Error> {
        of.as_deref().cloned().map(Wire).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Box<Matched>>, D::Error> {
        Ok(Option::<Wire>::deserialize(from)?.map(|Wire(of)| Box::new(of)))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Matched")]
struct AlertMatch {
    list: String,
    kind: ListKind,
    version: u32,
    entry: String,
    party: MatchedParty,
    name: String,
    listed: String,
    score: u32,
    born_agrees: bool,
    country_agrees: bool,
    reference: String,
    words: Vec<MatchedWords>,
}

#[derive(Serialize, Deserialize)]
struct Parameter {
    name: String,
    value: i64,
}

#[derive(Serialize, Deserialize)]
struct Measure {
    name: String,
    value: i64,
    threshold: i64,
}

#[derive(Serialize, Deserialize)]
struct Amount {
    currency: Currency,
    amount: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct WireCleared {
    alert_id: AlertId,
    rule: RuleId,
    lane: Lane,
    subject_kind: SubjectKind,
    subject_id: String,
    raised_epoch: i64,
    epoch: i64,
    cleared_at: String,
}

const TOO_LARGE: &str = "counts, weights and epochs stay far below the range of Avro's signed integers";

fn long(epoch: Epoch) -> i64 {
    i64::try_from(epoch).expect(TOO_LARGE)
}

fn int(count: u32) -> i32 {
    i32::try_from(count).expect(TOO_LARGE)
}

impl Raised {
    pub(super) fn of(alert: &Alert) -> Self {
        let evidence = &alert.evidence;
        let parameter = |(name, value): &(String, i64)| Parameter { name: name.clone(), value: *value };
        let measure = |measured: &Measured| Measure { name: measured.name.clone(), value: measured.value, threshold: measured.threshold };
        let amount = |(currency, minor): &(Currency, i64)| Amount {
            currency: *currency,
            amount: Money { minor: *minor, currency: *currency }.to_string(),
        };
        Self {
            alert_id: alert.id,
            rule: alert.rule,
            code: alert.rule.code().to_owned(),
            lane: alert.lane,
            version: int(alert.version),
            parameters: alert.parameters.iter().map(parameter).collect(),
            weight: int(alert.weight),
            subject_kind: alert.subject.kind(),
            subject_id: alert.subject.id(),
            measured: alert.measured.iter().map(measure).collect(),
            window_from: long(evidence.window_from),
            window_to: long(evidence.window_to),
            transactions: evidence.transactions.clone(),
            transactions_count: int(evidence.transactions_count),
            counterparties: evidence.counterparties.clone(),
            counterparties_count: int(evidence.counterparties_count),
            amounts: evidence.amounts.iter().map(amount).collect(),
            capped: evidence.is_capped,
            late: alert.is_late,
            text_en: alert.text(Language::English),
            text_fr: alert.text(Language::French),
            epoch: long(alert.epoch),
            raised_at: rfc3339(alert.epoch),
            trace_id: trace_id(&alert.traceparent).to_owned(),
            r#match: evidence.matched.clone(),
        }
    }

    /// Both sentences, the code and the trace follow from the rest.
    pub(super) fn into_change(self, traceparent: &str) -> Result<AlertChange, String> {
        let amount = |amount: Amount| {
            let money = Money::parse(&amount.amount, amount.currency).map_err(|error| error.to_string())?;
            Ok::<_, String>((amount.currency, money.minor))
        };
        let evidence = Evidence {
            window_from: epoch(self.window_from)?,
            window_to: epoch(self.window_to)?,
            transactions: self.transactions,
            transactions_count: natural(self.transactions_count)?,
            counterparties: self.counterparties,
            counterparties_count: natural(self.counterparties_count)?,
            amounts: self.amounts.into_iter().map(amount).collect::<Result<_, _>>()?,
            is_capped: self.capped,
            matched: self.r#match,
        };
        let measured = |measure: Measure| Measured { name: measure.name, value: measure.value, threshold: measure.threshold };
        let alert = Alert {
            id: self.alert_id,
            rule: self.rule,
            lane: self.lane,
            version: natural(self.version)?,
            parameters: self.parameters.into_iter().map(|parameter| (parameter.name, parameter.value)).collect(),
            weight: natural(self.weight)?,
            subject: subject(self.subject_kind, self.subject_id)?,
            epoch: epoch(self.epoch)?,
            measured: self.measured.into_iter().map(measured).collect(),
            evidence,
            is_late: self.late,
            traceparent: traceparent.to_owned(),
        };
        Ok(AlertChange::Raised(Box::new(alert)))
    }
}

impl WireCleared {
    pub(super) fn of(cleared: &Cleared) -> Self {
        Self {
            alert_id: cleared.id,
            rule: cleared.rule,
            lane: cleared.lane,
            subject_kind: cleared.subject.kind(),
            subject_id: cleared.subject.id(),
            raised_epoch: long(cleared.raised),
            epoch: long(cleared.epoch),
            cleared_at: rfc3339(cleared.epoch),
        }
    }

    pub(super) fn into_change(self) -> Result<AlertChange, String> {
        Ok(AlertChange::Cleared(Cleared {
            id: self.alert_id,
            rule: self.rule,
            lane: self.lane,
            subject: subject(self.subject_kind, self.subject_id)?,
            raised: epoch(self.raised_epoch)?,
            epoch: epoch(self.epoch)?,
        }))
    }
}

fn subject(kind: SubjectKind, id: String) -> Result<Subject, String> {
    Subject::read(kind, &id).map_err(|error| error.to_string())
}

fn epoch(value: i64) -> Result<Epoch, String> {
    Epoch::try_from(value).ok().filter(|epoch| *epoch <= LAST_EPOCH).ok_or_else(|| format!("{value} is no epoch"))
}

fn natural(value: i32) -> Result<u32, String> {
    u32::try_from(value).map_err(|_| format!("{value} should not be negative"))
}
