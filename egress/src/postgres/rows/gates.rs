//! Rules against fraud as they were set, and parties that were frozen or about which something was noticed.

use schemas::{AmlChanged, AmlSetting, Event, PartyChanged, resource::AmlSet};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Settings {
    event_id: Vec<Uuid>,
    command_id: Vec<Uuid>,
    kind: Vec<&'static str>,
    name: Vec<&'static str>,
    lane: Vec<Option<&'static str>>,
    setting: Vec<String>,
    version: Vec<i64>,
    epoch: Vec<i64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parties {
    event_id: Vec<Uuid>,
    command_id: Vec<Uuid>,
    customer_id: Vec<Uuid>,
    account_id: Vec<Option<Uuid>>,
    change: Vec<&'static str>,
    device: Vec<Option<String>>,
    reason: Vec<Option<String>>,
    changed_by: Vec<String>,
    epoch: Vec<i64>,
}

impl Settings {
    pub(super) fn add(&mut self, epoch: i64, event: &Event, changed: &AmlChanged) {
        let (kind, name, lane) = match &changed.setting {
            AmlSetting::Rule(setting) => ("rule", setting.rule.as_str(), Some(setting.lane.as_str())),
            AmlSetting::Policy(_) => ("policy", "policy", None),
            AmlSetting::Countries(list) => ("countries", list.list.as_str(), None),
            AmlSetting::Cases(_) => ("cases", "cases", None),
        };
        let setting = match AmlSet::of(changed, event.epoch) {
            AmlSet::Rule(setting) => serde_json::to_string(&setting),
            AmlSet::Policy(policy) => serde_json::to_string(&policy),
            AmlSet::Countries(list) => serde_json::to_string(&list),
            AmlSet::Cases(policy) => serde_json::to_string(&policy),
        };
        self.event_id.push(event.id.0);
        self.command_id.push(event.cause.command_id.0);
        self.kind.push(kind);
        self.name.push(name);
        self.lane.push(lane);
        self.setting.push(setting.expect("plain data is JSON"));
        self.version.push(changed.version.into());
        self.epoch.push(epoch);
    }

    pub(super) async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.event_id.is_empty() {
            return Ok(());
        }
        sqlx::query(
            "insert into aml_setting (event_id, command_id, kind, name, lane, setting, version, epoch)
             select event_id, command_id, kind, name, lane, setting::jsonb, version, epoch
             from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[])
                  as u (event_id, command_id, kind, name, lane, setting, version, epoch)",
        )
        .bind(&self.event_id)
        .bind(&self.command_id)
        .bind(&self.kind)
        .bind(&self.name)
        .bind(&self.lane)
        .bind(&self.setting)
        .bind(&self.version)
        .bind(&self.epoch)
        .execute(connection)
        .await
        .map(drop)
    }
}

impl Parties {
    pub(super) fn add(&mut self, epoch: i64, event: &Event, changed: &PartyChanged) {
        self.event_id.push(event.id.0);
        self.command_id.push(event.cause.command_id.0);
        self.customer_id.push(changed.customer_id.0);
        self.account_id.push(changed.account_id.map(|id| id.0));
        self.change.push(changed.change.as_str());
        self.device.push(changed.device.clone());
        self.reason.push(changed.reason.clone());
        self.changed_by.push(changed.by.clone());
        self.epoch.push(epoch);
    }

    pub(super) async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.event_id.is_empty() {
            return Ok(());
        }
        sqlx::query(
            "insert into party_change (event_id, command_id, customer_id, account_id, change, device, reason, changed_by, epoch)
             select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[],
                                  $9::bigint[])",
        )
        .bind(&self.event_id)
        .bind(&self.command_id)
        .bind(&self.customer_id)
        .bind(&self.account_id)
        .bind(&self.change)
        .bind(&self.device)
        .bind(&self.reason)
        .bind(&self.changed_by)
        .bind(&self.epoch)
        .execute(connection)
        .await
        .map(drop)
    }
}
