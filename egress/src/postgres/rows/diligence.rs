//! Identities and cases: what was changed of customers, where they stand, and what happened to cases.

use schemas::diligence::{AddressSet, CaseChanged, CustomerUpdated, KycChanged, Told};
use schemas::resource::diligence::DocumentShown;
use schemas::{Event, day};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Diligence {
    customers: Customers,
    standings: Standings,
    cases: Cases,
    addresses: Addresses,
}

/// What every row says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Common {
    event_id: Vec<Uuid>,
    command_id: Vec<Uuid>,
    updated_by: Vec<String>,
    epoch: Vec<i64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Customers {
    common: Common,
    customer_id: Vec<Uuid>,
    full_name: Vec<Option<String>>,
    msisdn: Vec<Option<String>>,
    country: Vec<Option<String>>,
    date_of_birth: Vec<Option<String>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Addresses {
    common: Common,
    customer_id: Vec<Uuid>,
    address: Vec<Option<String>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Standings {
    common: Common,
    customer_id: Vec<Uuid>,
    change: Vec<&'static str>,
    status: Vec<&'static str>,
    sub_status: Vec<Option<&'static str>>,
    level: Vec<Option<&'static str>>,
    document: Vec<Option<String>>,
    digest: Vec<Option<String>>,
    duplicate_of: Vec<Option<Uuid>>,
    reason: Vec<Option<String>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Cases {
    common: Common,
    case_id: Vec<Uuid>,
    change: Vec<&'static str>,
    status: Vec<&'static str>,
    kind: Vec<Option<&'static str>>,
    customer_id: Vec<Option<Uuid>>,
    account_id: Vec<Option<Uuid>>,
    alert_id: Vec<Option<Uuid>>,
    hold_id: Vec<Option<Uuid>>,
    due_at: Vec<Option<i64>>,
    escalation: Vec<Option<i64>>,
    previous: Vec<Option<String>>,
    value: Vec<Option<String>>,
    outcome: Vec<Option<&'static str>>,
    level: Vec<Option<&'static str>>,
    reason: Vec<Option<String>>,
    operation: Vec<&'static str>,
}

impl Common {
    fn add(&mut self, epoch: i64, event: &Event, by: &str) {
        self.event_id.push(event.id.0);
        self.command_id.push(event.cause.command_id.0);
        self.updated_by.push(by.to_owned());
        self.epoch.push(epoch);
    }
}

impl Diligence {
    pub(super) fn add(&mut self, epoch: i64, event: &Event, told: &Told) {
        match told {
            Told::Customer(updated) => self.customers.add(epoch, event, updated),
            Told::Kyc(changed) => self.standings.add(epoch, event, changed),
            Told::Case(changed) => self.cases.add(epoch, event, changed),
            Told::Address(set) => self.addresses.add(epoch, event, set),
        }
    }

    pub(super) async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if !self.customers.customer_id.is_empty() {
            self.customers.insert(connection).await?;
        }
        if !self.standings.customer_id.is_empty() {
            self.standings.insert(connection).await?;
        }
        if !self.cases.case_id.is_empty() {
            self.cases.insert(connection).await?;
        }
        if !self.addresses.customer_id.is_empty() {
            self.addresses.insert(connection).await?;
        }
        Ok(())
    }
}

impl Customers {
    fn add(&mut self, epoch: i64, event: &Event, updated: &CustomerUpdated) {
        self.common.add(epoch, event, &updated.by);
        let update = &updated.update;
        self.customer_id.push(update.customer_id.0);
        self.full_name.push(update.full_name.clone());
        self.msisdn.push(update.msisdn.clone());
        self.country.push(update.country.clone());
        self.date_of_birth.push(update.date_of_birth.map(day::iso));
    }

    async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query(
            "insert into customer_change (event_id, command_id, customer_id, full_name, msisdn, country, date_of_birth, updated_by, epoch)
             select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                                  $9::bigint[])",
        )
        .bind(&self.common.event_id)
        .bind(&self.common.command_id)
        .bind(&self.customer_id)
        .bind(&self.full_name)
        .bind(&self.msisdn)
        .bind(&self.country)
        .bind(&self.date_of_birth)
        .bind(&self.common.updated_by)
        .bind(&self.common.epoch)
        .execute(connection)
        .await
        .map(drop)
    }
}

impl Addresses {
    fn add(&mut self, epoch: i64, event: &Event, told: &AddressSet) {
        self.common.add(epoch, event, &told.by);
        let json = |address| serde_json::to_string(address).expect("plain data is JSON");
        self.customer_id.push(told.set.customer_id.0);
        self.address.push(told.set.address.as_ref().map(json));
    }

    async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query(
            "insert into customer_address (event_id, command_id, customer_id, address, updated_by, epoch)
             select event_id, command_id, customer_id, address::jsonb, updated_by, epoch
             from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::bigint[])
                  as u (event_id, command_id, customer_id, address, updated_by, epoch)",
        )
        .bind(&self.common.event_id)
        .bind(&self.common.command_id)
        .bind(&self.customer_id)
        .bind(&self.address)
        .bind(&self.common.updated_by)
        .bind(&self.common.epoch)
        .execute(connection)
        .await
        .map(drop)
    }
}

impl Standings {
    fn add(&mut self, epoch: i64, event: &Event, changed: &KycChanged) {
        self.common.add(epoch, event, &changed.by);
        let json = |document| serde_json::to_string(&DocumentShown::of(document)).expect("plain data is JSON");
        self.customer_id.push(changed.customer_id.0);
        self.change.push(changed.change.as_str());
        self.status.push(changed.standing.status.as_str());
        self.sub_status.push(changed.standing.sub_status.map(|sub_status| sub_status.as_str()));
        self.level.push(changed.level.map(|level| level.as_str()));
        self.document.push(changed.document.as_ref().map(json));
        self.digest.push(changed.document.as_ref().map(|document| document.digest.to_string()));
        self.duplicate_of.push(changed.duplicate_of.map(|id| id.0));
        self.reason.push(changed.reason.clone());
    }

    /// A level that was decided is one that was set.
    async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query(
            "with new as (
                 insert into kyc_change (event_id, command_id, customer_id, change, status, sub_status, level, document, digest,
                                         duplicate_of, updated_by, reason, epoch)
                 select event_id, command_id, customer_id, change, status, sub_status, level, document::jsonb, digest, duplicate_of,
                        updated_by, reason, epoch
                 from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
                             $10::uuid[], $11::text[], $12::text[], $13::bigint[])
                      as u (event_id, command_id, customer_id, change, status, sub_status, level, document, digest, duplicate_of,
                            updated_by, reason, epoch)
                 returning event_id, command_id, customer_id, level, epoch
             )
             insert into customer_level (event_id, command_id, customer_id, level, epoch)
             select event_id, command_id, customer_id, level, epoch from new where level is not null",
        )
        .bind(&self.common.event_id)
        .bind(&self.common.command_id)
        .bind(&self.customer_id)
        .bind(&self.change)
        .bind(&self.status)
        .bind(&self.sub_status)
        .bind(&self.level)
        .bind(&self.document)
        .bind(&self.digest)
        .bind(&self.duplicate_of)
        .bind(&self.common.updated_by)
        .bind(&self.reason)
        .bind(&self.common.epoch)
        .execute(connection)
        .await
        .map(drop)
    }
}

impl Cases {
    fn add(&mut self, epoch: i64, event: &Event, changed: &CaseChanged) {
        self.common.add(epoch, event, &changed.by);
        let about = changed.opened.map(|opened| opened.about).unwrap_or_default();
        self.case_id.push(changed.id.0);
        self.change.push(changed.change.as_str());
        self.status.push(changed.status.as_str());
        self.kind.push(changed.opened.map(|opened| opened.kind.as_str()));
        self.customer_id.push(about.customer_id.map(|id| id.0));
        self.account_id.push(about.account_id.map(|id| id.0));
        self.alert_id.push(about.alert_id.map(|id| id.0));
        self.hold_id.push(about.hold_id.map(|id| id.0));
        self.due_at.push(changed.opened.and_then(|opened| opened.due_at).map(super::moment));
        self.escalation.push(changed.opened.map(|opened| opened.escalation.into()));
        self.previous.push(changed.previous.clone());
        self.value.push(changed.value.clone());
        self.outcome.push(changed.outcome.map(|outcome| outcome.as_str()));
        self.level.push(changed.level.map(|level| level.as_str()));
        self.reason.push(changed.reason.clone());
        self.operation.push(changed.operation.as_str());
    }

    /// In the order of the events, which the file of a case follows.
    async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query(
            "insert into case_change (event_id, command_id, case_id, change, status, kind, customer_id, account_id, alert_id, hold_id,
                                      due_at, escalation, previous, value, outcome, level, updated_by, reason, operation, epoch)
             select event_id, command_id, case_id, change, status, kind, customer_id, account_id, alert_id, hold_id,
                    due_at, escalation::integer, previous, value, outcome, level, updated_by, reason, operation, epoch
             from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::uuid[], $9::uuid[],
                         $10::uuid[], $11::bigint[], $12::bigint[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[],
                         $18::text[], $19::text[], $20::bigint[])
                  with ordinality
                  as u (event_id, command_id, case_id, change, status, kind, customer_id, account_id, alert_id, hold_id, due_at, escalation,
                        previous, value, outcome, level, updated_by, reason, operation, epoch, place)
             order by place",
        )
        .bind(&self.common.event_id)
        .bind(&self.common.command_id)
        .bind(&self.case_id)
        .bind(&self.change)
        .bind(&self.status)
        .bind(&self.kind)
        .bind(&self.customer_id)
        .bind(&self.account_id)
        .bind(&self.alert_id)
        .bind(&self.hold_id)
        .bind(&self.due_at)
        .bind(&self.escalation)
        .bind(&self.previous)
        .bind(&self.value)
        .bind(&self.outcome)
        .bind(&self.level)
        .bind(&self.common.updated_by)
        .bind(&self.reason)
        .bind(&self.operation)
        .bind(&self.common.epoch)
        .execute(connection)
        .await
        .map(drop)
    }
}
