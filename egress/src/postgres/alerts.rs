//! Rows of alerts, exactly once: the same scheme as that of the views, with a row of progress of its own.
//!
//! In: epochs that Kafka has, in order, with what became of alerts in them. Out: their rows and the progress, in one transaction.

use super::chain::{Chain, Links};
use super::session::{self, Session};
use super::{PostgresError, RANGE, months};
use crate::alerts::Judged;
use crate::signer::Signer;
use schemas::alert::feedback::{self, Wish};
use schemas::alert::text::Language;
use schemas::alert::{Cleared, Evidence, Measured, STANDS_MS};
use schemas::merkle::Hash;
use schemas::resource::AlertMatch;
use schemas::{Alert, AlertChange, Epoch, Money, Topic, trace_id};
use serde_json::json;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

/// Name of its row in `risk_progress`.
pub const SINK: &str = "risk";

/// The writer of alerts.
pub struct Alerts {
    session: Session,
    epoch: i64,
    /// The audit chain; none of a writer that knows none.
    chain: Option<Chain>,
}

/// The rows of one transaction.
#[derive(Debug, Default)]
struct Rows {
    raised: Raised,
    alert_id: Vec<Uuid>,
    epoch: Vec<i64>,
    number: Vec<i32>,
}

#[derive(Debug, Default)]
struct Raised {
    id: Vec<Uuid>,
    rule: Vec<&'static str>,
    code: Vec<&'static str>,
    lane: Vec<&'static str>,
    version: Vec<i32>,
    weight: Vec<i32>,
    subject_kind: Vec<&'static str>,
    subject_id: Vec<String>,
    epoch: Vec<i64>,
    number: Vec<i32>,
    is_late: Vec<bool>,
    parameters: Vec<serde_json::Value>,
    measured: Vec<serde_json::Value>,
    evidence: Vec<serde_json::Value>,
    text_en: Vec<String>,
    text_fr: Vec<String>,
    trace_id: Vec<String>,
    wish: Vec<Option<&'static str>>,
}

/// How far alerts have come, as anybody may read it: who wrote last, and the first epoch that is not written.
pub async fn progress(url: &str) -> Result<(u64, Epoch), PostgresError> {
    let failed = |source| PostgresError::Postgres { step: "read the progress of alerts", source };
    let mut connection = PgConnection::connect(url).await.map_err(failed)?;
    let row: (i64, i64) = sqlx::query_as("select generation, epoch from risk_progress where sink = $1")
        .bind(SINK)
        .fetch_one(&mut connection)
        .await
        .map_err(failed)?;
    Ok((u64::try_from(row.0).unwrap_or_default(), u64::try_from(row.1).unwrap_or_default()))
}

impl Alerts {
    /// Takes the sink over: whatever an older generation has under way ends, and can't commit from here on. `address` is where the cell can be
    /// asked.
    pub async fn claim(url: &str, generation: u64, address: &str) -> Result<Self, PostgresError> {
        let mut session = Session::open(url, SINK, "risk_progress", i64::try_from(generation).expect(RANGE)).await?;
        session.end_older().await?;
        let epoch = session.claim().await?;
        sqlx::query(
            "insert into cell_address (cell, url, generation) values ($1, $2, $3)
             on conflict (cell) do update set url = excluded.url, generation = excluded.generation
             where cell_address.generation <= excluded.generation",
        )
        .bind(SINK)
        .bind(address)
        .bind(session.generation)
        .execute(&mut session.connection)
        .await
        .map_err(|source| PostgresError::Postgres { step: "say where the cell is", source })?;
        Ok(Self { session, epoch, chain: None })
    }

    /// Goes on with the audit chain of a cell: from here on, what is written is in it.
    pub async fn chained(mut self, cell: &'static str, signer: Signer) -> Result<Self, PostgresError> {
        // The sink is ours: nobody adds a link between the two, or after them.
        let chain = Chain::read(&mut self.session.connection, cell, signer).await;
        self.chain = Some(chain.map_err(|source| PostgresError::Postgres { step: "read the audit chain", source })?);
        Ok(self)
    }

    /// First epoch that is not written yet.
    pub fn epoch(&self) -> Epoch {
        u64::try_from(self.epoch).expect("progress is never negative")
    }

    /// Writes epochs in one transaction, up to and with the last. `leaves` are those of what each says, for the audit chain.
    pub async fn write(&mut self, epochs: &[Judged], leaves: &[Vec<Hash>]) -> Result<(), PostgresError> {
        let Some(last) = epochs.last() else { return Ok(()) };
        let said = epochs.iter().zip(leaves).map(|(judged, leaves)| (judged.binding.epoch, leaves.as_slice()));
        let links = self.chain.as_ref().map(|chain| chain.links(said));
        let (rows, next) = (Rows::of(epochs), i64::try_from(last.binding.epoch + 1).expect(RANGE));
        let commands = last.binding.inputs.iter().filter(|input| input.topic == Topic::Commands.as_str());
        let upper: Vec<i64> = commands.map(|input| input.upper).collect();
        assert!(next > self.epoch, "epoch {} was written before", next - 1);
        for attempt in 1.. {
            match session::in_time("write alerts", self.attempt(&rows, links.as_ref(), next, &upper)).await {
                Ok(()) => break,
                Err(error) => {
                    if self.session.happened(error, attempt, [self.epoch, next]).await? {
                        break;
                    }
                }
            }
        }
        self.epoch = next;
        if let (Some(chain), Some(links)) = (&mut self.chain, &links) {
            chain.remember(links);
        }
        Ok(())
    }

    async fn attempt(&mut self, rows: &Rows, links: Option<&Links>, next: i64, commands_upper: &[i64]) -> Result<(), PostgresError> {
        let failed = |step| move |source| PostgresError::Postgres { step, source };
        let mut transaction = self.session.connection.begin().await.map_err(failed("begin"))?;
        faults::point("risk.begin");
        // Whoever listens hears of it when it is committed.
        let moved = sqlx::query(
            "with moved as (
                 update risk_progress set epoch = $2, generation = $3, commands_upper = $5
                 where sink = $1 and epoch = $4 and generation <= $3 returning sink
             )
             select pg_notify('orion_risk', '') from moved",
        )
        .bind(SINK)
        .bind(next)
        .bind(self.session.generation)
        .bind(self.epoch)
        .bind(commands_upper)
        .fetch_optional(&mut *transaction)
        .await
        .map_err(failed("move the progress"))?;
        if moved.is_none() {
            return Err(PostgresError::Fenced(SINK));
        }
        faults::point("risk.progress");
        rows.insert(&mut transaction).await.map_err(failed("insert alerts"))?;
        stand(&mut transaction, [self.epoch, next]).await.map_err(failed("keep what stands"))?;
        if let Some(links) = links.filter(|links| !links.epochs().is_empty()) {
            // Alerts are few, so whether the months are there is asked each time.
            months::make(&mut transaction, links.epochs(), 0).await.map_err(failed("make the months"))?;
            links.insert(&mut transaction).await.map_err(failed("insert links"))?;
        }
        faults::point("risk.commit");
        transaction.commit().await.map_err(failed("commit"))?;
        faults::point("risk.committed");
        Ok(())
    }
}

impl Rows {
    fn of(epochs: &[Judged]) -> Self {
        let mut rows = Self::default();
        for Judged { binding, changes } in epochs {
            let epoch = i64::try_from(binding.epoch).expect(RANGE);
            for (number, change) in (0..).zip(changes) {
                match change {
                    AlertChange::Raised(alert) => rows.raised.add(epoch, number, alert),
                    AlertChange::Cleared(Cleared { id, .. }) => {
                        rows.alert_id.push(id.0);
                        rows.epoch.push(epoch);
                        rows.number.push(number);
                    }
                }
            }
        }
        rows
    }

    async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let raised = &self.raised;
        if !raised.id.is_empty() {
            sqlx::query(
                "insert into alert (id, rule, code, lane, version, weight, subject_kind, subject_id, epoch, number, is_late,
                                    parameters, measured, evidence, text_en, text_fr, trace_id, wish)
                 select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::int[], $6::int[], $7::text[], $8::text[],
                                      $9::bigint[], $10::int[], $11::bool[], $12::jsonb[], $13::jsonb[], $14::jsonb[], $15::text[],
                                      $16::text[], $17::text[], $18::text[])",
            )
            .bind(&raised.id)
            .bind(&raised.rule)
            .bind(&raised.code)
            .bind(&raised.lane)
            .bind(&raised.version)
            .bind(&raised.weight)
            .bind(&raised.subject_kind)
            .bind(&raised.subject_id)
            .bind(&raised.epoch)
            .bind(&raised.number)
            .bind(&raised.is_late)
            .bind(&raised.parameters)
            .bind(&raised.measured)
            .bind(&raised.evidence)
            .bind(&raised.text_en)
            .bind(&raised.text_fr)
            .bind(&raised.trace_id)
            .bind(&raised.wish)
            .execute(&mut *connection)
            .await?;
        }
        if !self.alert_id.is_empty() {
            sqlx::query("insert into alert_cleared (alert_id, epoch, number) select * from unnest($1::uuid[], $2::bigint[], $3::int[])")
                .bind(&self.alert_id)
                .bind(&self.epoch)
                .bind(&self.number)
                .execute(&mut *connection)
                .await?;
        }
        Ok(())
    }
}

impl Raised {
    fn add(&mut self, epoch: i64, number: i32, alert: &Alert) {
        let int = |count: u32| i32::try_from(count).expect("versions and weights are small");
        self.id.push(alert.id.0);
        self.rule.push(alert.rule.as_str());
        self.code.push(alert.rule.code());
        self.lane.push(alert.lane.as_str());
        self.version.push(int(alert.version));
        self.weight.push(int(alert.weight));
        self.subject_kind.push(alert.subject.kind().as_str());
        self.subject_id.push(alert.subject.id());
        self.epoch.push(epoch);
        self.number.push(number);
        self.is_late.push(alert.is_late);
        self.parameters.push(alert.parameters.iter().map(|(name, value)| json!({"name": name, "value": value})).collect());
        let measured = |Measured { name, value, threshold }: &Measured| json!({"name": name, "value": value, "threshold": threshold});
        self.measured.push(alert.measured.iter().map(measured).collect());
        self.evidence.push(evidence(&alert.evidence));
        self.text_en.push(alert.text(Language::English));
        self.text_fr.push(alert.text(Language::French));
        self.trace_id.push(trace_id(&alert.traceparent).to_owned());
        self.wish.push(feedback::wishes(alert).first().filter(|wish| **wish == Wish::Freeze).map(|wish| wish.as_str()));
    }
}

/// Alerts that were raised from the first of two epochs on, and before the second, stand; those that ended a day before do no more.
async fn stand(connection: &mut PgConnection, [from, to]: [i64; 2]) -> Result<(), sqlx::Error> {
    sqlx::query("insert into alert_standing select id, epoch, number from alert where epoch >= $1 and epoch < $2")
        .bind(from)
        .bind(to)
        .execute(&mut *connection)
        .await?;
    let day = i64::try_from(STANDS_MS).expect("a day");
    sqlx::query(
        "delete from alert_standing
         where alert_id in (select alert_id from alert_cleared where epoch >= $1 and epoch < $2)",
    )
    .bind(from - day)
    .bind(to - day)
    .execute(&mut *connection)
    .await?;
    Ok(())
}

/// As the API shows it.
fn evidence(evidence: &Evidence) -> serde_json::Value {
    let amount = |(currency, minor): &(schemas::Currency, i64)| json!({"currency": currency.code(), "amount": Money { minor: *minor, currency: *currency }.to_string()});
    let mut shown = json!({
        "window_from": evidence.window_from,
        "window_to": evidence.window_to,
        "transactions": evidence.transactions,
        "transactions_count": evidence.transactions_count,
        "counterparties": evidence.counterparties,
        "counterparties_count": evidence.counterparties_count,
        "amounts": evidence.amounts.iter().map(amount).collect::<Vec<_>>(),
        "capped": evidence.is_capped,
    });
    if let Some(matched) = &evidence.matched {
        shown["match"] = json!(AlertMatch::of(matched));
    }
    shown
}
