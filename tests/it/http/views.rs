//! Views, over HTTP: whole, in parts, in the past, several at once; each row as the resource that it is about.

use super::scene::{Scene, key, text};
use super::server::{CUSTOMER, Server};
use anyhow::{Context, ensure};
use schemas::ViewName;
use schemas::view::{AccountRow, ImbalanceRow, TurnoverRow, VolumeRow};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) async fn scene(server: &Server) -> anyhow::Result<()> {
    let scene = Scene::open(server, "1000").await?;
    resources(&scene).await?;
    past_and_parts(&scene).await?;
    sums(&scene).await?;
    own(&scene).await?;
    wrong(&scene).await
}

async fn get(scene: &Scene<'_>, path: &str) -> anyhow::Result<Value> {
    scene.server.get(&scene.staff, path).await?.json()
}

fn rows(view: &Value) -> impl Iterator<Item = &Value> {
    view["rows"].as_array().into_iter().flatten()
}

/// All rows of a view as of an epoch, in parts, by key.
async fn all(scene: &Scene<'_>, name: ViewName, at: &Value, limit: usize) -> anyhow::Result<BTreeMap<String, Value>> {
    let (mut all, mut next) = (BTreeMap::new(), format!("/v1/views/{name}?at={at}&limit={limit}"));
    loop {
        let part = get(scene, &next).await?;
        ensure!(&part["as_of"] == at && part["view"] == name.as_str(), "{next}: {part}");
        for row in rows(&part) {
            ensure!(all.insert(text(&row["key"]).to_owned(), row.clone()).is_none(), "{next}: {row} came twice");
        }
        let Some(cursor) = part["next_cursor"].as_str() else { return Ok(all) };
        next = format!("/v1/views/{name}?limit={limit}&cursor={cursor}");
    }
}

/// Every row says what a read of its resource says.
async fn resources(scene: &Scene<'_>) -> anyhow::Result<()> {
    let now = get(scene, "/v1/views?names=accounts&limit=1").await?["as_of"].clone();
    for (name, place) in [
        (ViewName::Customers, "customers"),
        (ViewName::Transactions, "transactions"),
        (ViewName::Holds, "holds"),
        (ViewName::Orders, "orders"),
    ] {
        let found = all(scene, name, &now, 1000).await?;
        ensure!(found.len() > 1, "{name}: {} rows", found.len());
        for (key, row) in found {
            let mut resource = get(scene, &format!("/v1/{place}/{key}")).await?;
            let value = row["value"].clone();
            let shown = resource.as_object_mut().context("a resource is an object")?;
            shown.remove("as_of");
            shown.retain(|_, said| !said.is_null());
            // It has changed since: a hold that expired, an order whose time has come.
            if shown["epoch"].as_u64() > now.as_u64() {
                continue;
            }
            if name == ViewName::Customers {
                let enrolled = shown.remove("epoch").and_then(|epoch| epoch.as_u64()).map(schemas::rfc3339);
                ensure!(value["enrolled_at"].as_str() == enrolled.as_deref(), "{row}");
                shown.insert("enrolled_at".to_owned(), json!(enrolled));
            } else {
                ensure!(row["epoch"] == resource["epoch"], "{row}");
            }
            assert_eq!(value, resource, "{name} {key}");
        }
    }
    for (key, row) in all(scene, ViewName::Accounts, &now, 1000).await? {
        let value: AccountRow = reads(&row["value"])?;
        let account = get(scene, &format!("/v1/accounts/{key}?at={now}")).await?;
        let balance = get(scene, &format!("/v1/accounts/{key}/balance?at={now}")).await?;
        for name in ["id", "type", "role", "currency", "status", "balance_available"] {
            assert_eq!(row["value"][name], account[name], "{key} {name}");
        }
        for name in ["balance_posted", "balance_held"] {
            assert_eq!(row["value"][name], balance[name], "{key} {name}");
        }
        assert_eq!(value.opened_at, schemas::rfc3339(account["epoch"].as_u64().context("an epoch")?));
        ensure!(row["epoch"].as_u64() >= account["epoch"].as_u64(), "{row}");
    }
    Ok(())
}

/// What a row says is what its type says, no more and no less.
fn reads<T: DeserializeOwned + Serialize>(value: &Value) -> anyhow::Result<T> {
    let read: T = serde_json::from_value(value.clone()).with_context(|| value.to_string())?;
    assert_eq!(&serde_json::to_value(&read)?, value);
    Ok(read)
}

/// A part is as of the epoch of the first, whatever happens meanwhile, and so is the past.
async fn past_and_parts(scene: &Scene<'_>) -> anyhow::Result<()> {
    let now = scene.post(&scene.staff, "/v1/customers", &json!({"full_name": "Witness"}), 201).await?["epoch"].clone();
    let before = all(scene, ViewName::Accounts, &now, 1000).await?;
    let pay = scene.pay("", "7", json!({}));
    let paid = scene.post(&scene.own, "/v1/transactions/merchant-payment", &pay, 201).await?["epoch"].clone();
    assert_eq!(all(scene, ViewName::Accounts, &now, 2).await?, before, "as it was");
    let after = all(scene, ViewName::Accounts, &paid, 3).await?;
    let changed: Vec<_> = after.iter().filter(|(key, row)| before.get(*key) != Some(row)).map(|(key, _)| key.clone()).collect();
    let mut sides = vec![scene.wallet.clone(), scene.till.clone()];
    sides.sort();
    assert_eq!(changed, sides);
    for side in sides {
        assert_eq!(after[&side]["epoch"], paid);
    }
    let payments = all(scene, ViewName::Transactions, &paid, 7).await?;
    assert_eq!(payments.values().last().map(|row| &row["epoch"]), Some(&paid), "the last one last");
    Ok(())
}

/// All views at one epoch: what they say of the same thing is the same.
async fn sums(scene: &Scene<'_>) -> anyhow::Result<()> {
    let names = ViewName::ALL.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(",");
    let views = get(scene, &format!("/v1/views?names={names}&limit=1000")).await?;
    let view = |name: ViewName| &views["views"][name.as_str()];
    let mut books = BTreeMap::<String, i64>::new();
    for row in rows(view(ViewName::Accounts)) {
        let account: AccountRow = reads(&row["value"])?;
        let minor = schemas::Money::parse(&account.balance_posted, account.currency)?.minor;
        *books.entry(account.currency.to_string()).or_default() += minor;
    }
    ensure!(!books.is_empty() && books.values().all(|sum| *sum == 0), "{books:?}");
    let payments = u64::try_from(all(scene, ViewName::Transactions, &views["as_of"], 1000).await?.len())?;
    for by in [ViewName::VolumeByMinute, ViewName::VolumeByHour, ViewName::VolumeByDay] {
        let mut counted = 0;
        for row in rows(view(by)) {
            let volume: VolumeRow = reads(&row["value"])?;
            counted += if volume.channel.is_some() { u64::try_from(volume.count)? } else { 0 };
        }
        assert_eq!(counted, payments, "{by}");
    }
    let turnover = rows(view(ViewName::Turnover)).map(|row| reads::<TurnoverRow>(&row["value"])).collect::<anyhow::Result<Vec<_>>>()?;
    let till = turnover.iter().find(|row| row.account_id.to_string() == scene.till);
    assert_eq!(till.map(|row| (row.count, &*row.amount)), Some((1, "7")));
    for row in rows(view(ViewName::Imbalances)) {
        reads::<ImbalanceRow>(&row["value"])?;
    }
    assert_eq!(rows(view(ViewName::Imbalances)).count(), 0);
    Ok(())
}

/// A customer sees what is theirs and nothing else, and no view of the bank as a whole.
async fn own(scene: &Scene<'_>) -> anyhow::Result<()> {
    for (name, expected) in [("accounts", vec![&scene.wallet]), ("customers", vec![&scene.customer])] {
        let view = scene.server.get(&scene.own, &format!("/v1/views/{name}")).await?.json()?;
        assert_eq!(rows(&view).map(|row| text(&row["key"])).collect::<Vec<_>>(), expected, "{name}");
    }
    let view = scene.server.get(&scene.own, "/v1/views/transactions").await?.json()?;
    let sides = rows(&view).map(|row| [text(&row["value"]["account_debit"]), text(&row["value"]["account_credit"])]);
    ensure!(rows(&view).count() == 2 && sides.into_iter().all(|sides| sides.contains(&scene.wallet.as_str())), "{view}");
    let problem = scene.server.get(&scene.own, "/v1/views?names=accounts,volume_by_day").await?.problem()?;
    assert_eq!((problem.status, &*problem.code), (403, "insufficient_scope"));
    let stranger = scene.server.token(&key(), CUSTOMER)?;
    let view = scene.server.get(&stranger, "/v1/views/transactions").await?.json()?;
    assert_eq!(rows(&view).count(), 0);
    Ok(())
}

async fn wrong(scene: &Scene<'_>) -> anyhow::Result<()> {
    for (path, status, code, pointer) in [
        ("/v1/views", 400, "invalid_request", "names"),
        ("/v1/views?names=", 400, "invalid_request", "names"),
        ("/v1/views?names=accounts,balances", 400, "invalid_request", "names"),
        ("/v1/views?names=accounts,accounts", 400, "invalid_request", "names"),
        ("/v1/views?names=accounts,volume_by_day&at=1764000000123", 400, "invalid_request", "at"),
        ("/v1/views?names=accounts&at=99999999999999", 400, "invalid_request", "at"),
        ("/v1/views/accounts?limit=0", 400, "invalid_request", "limit"),
        ("/v1/views/accounts?cursor=x", 400, "invalid_request", "cursor"),
        ("/v1/views/accounts?names=accounts", 400, "invalid_request", "names"),
        ("/v1/views/balances", 404, "view_not_found", ""),
    ] {
        let problem = scene.server.get(&scene.staff, path).await?.problem()?;
        assert_eq!((problem.status, &*problem.code), (status, code), "{path}");
        assert_eq!(problem.errors.first().map_or("", |error| &error.pointer), pointer, "{path}");
    }
    Ok(())
}
