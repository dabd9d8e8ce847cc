//! Customers as they stood at the end of an epoch, by the rows that were written: what they are called, where they live, what they presented, who
//! of them is frozen, and what is said of alerts about them.

use super::PostgresError;
use super::lists::{failed, json};
use schemas::diligence::case::{About, CaseChange, CaseChanged, CaseKind, CaseOperation, CaseOutcome, CaseStatus, Opened};
use schemas::diligence::{AddressSet, CustomerUpdated, KycChange, KycChanged, Presented, SetAddress, Standing, Told, UpdateCustomer};
use schemas::money::Unreadable;
use schemas::resource::diligence::DocumentShown;
use schemas::{AccountId, AlertId, CaseId, Customer, CustomerId, Fact, PartyChange, PartyChanged, day};
use sqlx::PgConnection;
use std::error::Error;
use uuid::Uuid;

/// Rows of one question.
const PART: i64 = 20_000;

/// A customer: id, name, telephone, country and status.
type Named = (Uuid, String, Option<String>, Option<String>, String);

/// What of a customer was changed, and by whom.
type Changed = (Uuid, Option<String>, Option<String>, Option<String>, Option<String>, String);

/// A case of an alert: itself, customer, account, alert, how it ended, and whoever did that or opened it.
type Verdict = (Uuid, Option<Uuid>, Option<Uuid>, Uuid, Option<String>, String);

/// What stood, as facts that say it; customers first, as they were first.
pub(super) async fn at(connection: &mut PgConnection, epoch: i64) -> Result<Vec<Fact>, PostgresError> {
    let mut facts = customers(connection, epoch).await?;
    facts.extend(changes(connection, epoch).await?);
    facts.extend(addresses(connection, epoch).await?);
    facts.extend(documents(connection, epoch).await?);
    facts.extend(frozen(connection, epoch).await?);
    facts.extend(verdicts(connection, epoch).await?);
    Ok(facts)
}

async fn customers(connection: &mut PgConnection, epoch: i64) -> Result<Vec<Fact>, PostgresError> {
    let (mut facts, mut after) = (Vec::new(), Uuid::nil());
    loop {
        let query = "select id, full_name, msisdn, country, kyc_status from customer where id > $1 and epoch <= $2 order by id limit $3";
        let part: Vec<Named> =
            sqlx::query_as(query).bind(after).bind(epoch).bind(PART).fetch_all(&mut *connection).await.map_err(failed)?;
        let Some((last, ..)) = part.last() else { return Ok(facts) };
        after = *last;
        for (id, full_name, msisdn, country, kyc_status) in part {
            let kyc_status = kyc_status.parse().map_err(unreadable)?;
            facts.push(Fact::CustomerCreated(Customer { id: CustomerId(id), full_name, msisdn, country, kyc_status }));
        }
    }
}

/// What was changed of customers, in its order.
async fn changes(connection: &mut PgConnection, epoch: i64) -> Result<Vec<Fact>, PostgresError> {
    let query = "select customer_id, full_name, msisdn, country, date_of_birth, updated_by from customer_change
                 where epoch <= $1 order by event_id";
    let rows: Vec<Changed> = sqlx::query_as(query).bind(epoch).fetch_all(connection).await.map_err(failed)?;
    let change = |(customer, full_name, msisdn, country, born, by): Changed| {
        let date_of_birth = born.as_deref().map(date).transpose()?;
        let update = UpdateCustomer { customer_id: CustomerId(customer), full_name, msisdn, country, date_of_birth };
        Ok(told(Told::Customer(CustomerUpdated { update, by })))
    };
    rows.into_iter().map(change).collect()
}

/// Where customers live, of whom it is known.
async fn addresses(connection: &mut PgConnection, epoch: i64) -> Result<Vec<Fact>, PostgresError> {
    let query = "select customer_id, address::text, updated_by
                 from (select distinct on (customer_id) customer_id, address, updated_by
                       from customer_address where epoch <= $1 order by customer_id, event_id desc) newest
                 where address is not null order by customer_id";
    let rows: Vec<(Uuid, String, String)> = sqlx::query_as(query).bind(epoch).fetch_all(connection).await.map_err(failed)?;
    let address = |(customer, address, by): (Uuid, String, String)| {
        let set = SetAddress { customer_id: CustomerId(customer), address: Some(json(&address)?) };
        Ok(told(Told::Address(AddressSet { set, by })))
    };
    rows.into_iter().map(address).collect()
}

/// What each customer has presented, each document once.
async fn documents(connection: &mut PgConnection, epoch: i64) -> Result<Vec<Fact>, PostgresError> {
    let query = "select distinct on (customer_id, digest) customer_id, digest, document::text, updated_by from kyc_change
                 where digest is not null and epoch <= $1 order by customer_id, digest, event_id";
    let rows: Vec<(Uuid, String, String, String)> = sqlx::query_as(query).bind(epoch).fetch_all(connection).await.map_err(failed)?;
    let document = |(customer, digest, shown, by): (Uuid, String, String, String)| {
        let shown: DocumentShown = json(&shown)?;
        let document = Presented {
            document_type: shown.r#type,
            digest: digest.parse().map_err(unreadable)?,
            number_end: shown.number.trim_start_matches('.').to_owned(),
            country: shown.country,
            issued_on: shown.issued_on.as_deref().map(date).transpose()?,
            expires_on: shown.expires_on.as_deref().map(date).transpose()?,
            surname: shown.surname,
            given_names: shown.given_names,
            born_on: date(&shown.date_of_birth)?,
            has_zone: shown.mrz_checked,
        };
        Ok(told(Told::Kyc(KycChanged {
            customer_id: CustomerId(customer),
            change: KycChange::Submitted,
            standing: Standing::PENDING,
            level: None,
            document: Some(document),
            duplicate_of: None,
            by,
            reason: None,
        })))
    };
    rows.into_iter().map(document).collect()
}

/// Which customers and accounts are frozen.
async fn frozen(connection: &mut PgConnection, epoch: i64) -> Result<Vec<Fact>, PostgresError> {
    let query = "select customer_id, account_id, reason, changed_by
                 from (select distinct on (customer_id, account_id) customer_id, account_id, change, reason, changed_by
                       from party_change where change in ('frozen', 'unfrozen') and epoch <= $1
                       order by customer_id, account_id, event_id desc) newest
                 where change = 'frozen' order by customer_id, account_id";
    let rows: Vec<(Uuid, Option<Uuid>, Option<String>, String)> =
        sqlx::query_as(query).bind(epoch).fetch_all(connection).await.map_err(failed)?;
    let party = |(customer, account, reason, by): (Uuid, Option<Uuid>, Option<String>, String)| {
        let (customer_id, account_id) = (CustomerId(customer), account.map(AccountId));
        Fact::PartyChanged(Box::new(PartyChanged { customer_id, account_id, change: PartyChange::Frozen, device: None, reason, by }))
    };
    Ok(rows.into_iter().map(party).collect())
}

/// Cases of alerts that were open, and of each alert the last that was closed, where that confirmed it.
async fn verdicts(connection: &mut PgConnection, epoch: i64) -> Result<Vec<Fact>, PostgresError> {
    let query = "select case_id, customer_id, account_id, alert_id, outcome, updated_by
                 from (select distinct on (opened.alert_id, closed.event_id is null)
                              opened.case_id, opened.customer_id, opened.account_id, opened.alert_id, closed.outcome, closed.event_id as closed,
                              coalesce(closed.updated_by, opened.updated_by) as updated_by
                       from case_change opened
                       left join case_change closed
                            on closed.case_id = opened.case_id and closed.change = 'closed' and closed.epoch <= $1
                       where opened.change = 'opened' and opened.kind = 'alert' and opened.alert_id is not null and opened.epoch <= $1
                       order by opened.alert_id, closed.event_id is null, closed.event_id desc) newest
                 where closed is null or outcome = 'confirmed_risk' order by case_id";
    let rows: Vec<Verdict> = sqlx::query_as(query).bind(epoch).fetch_all(connection).await.map_err(failed)?;
    Ok(rows.into_iter().flat_map(case).collect())
}

/// That it was opened, and that it was closed if it was.
fn case((case, customer, account, alert, outcome, by): Verdict) -> Vec<Fact> {
    let about =
        About { customer_id: customer.map(CustomerId), account_id: account.map(AccountId), alert_id: Some(AlertId(alert)), hold_id: None };
    let opened = CaseChanged {
        id: CaseId(case),
        change: CaseChange::Opened,
        status: CaseStatus::Open,
        opened: Some(Opened { kind: CaseKind::Alert, about, due_at: None, escalation: 0 }),
        previous: None,
        value: None,
        outcome: None,
        level: None,
        by,
        reason: None,
        operation: CaseOperation::Open,
    };
    let closed = outcome.map(|_| CaseChanged {
        change: CaseChange::Closed,
        status: CaseStatus::Closed,
        opened: None,
        outcome: Some(CaseOutcome::ConfirmedRisk),
        operation: CaseOperation::Decide,
        ..opened.clone()
    });
    std::iter::once(opened).chain(closed).map(|changed| told(Told::Case(changed))).collect()
}

fn told(told: Told) -> Fact {
    Fact::Diligence(Box::new(told))
}

fn date(text: &str) -> Result<time::Date, PostgresError> {
    day::from_iso(text).ok_or_else(|| unreadable(Unreadable::new("date", text, "a day such as 2026-11-29")))
}

fn unreadable(error: impl Error + Send + Sync + 'static) -> PostgresError {
    failed(sqlx::Error::Decode(Box::new(error)))
}
