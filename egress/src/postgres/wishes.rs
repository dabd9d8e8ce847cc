//! Alerts that are open, and what they ask of settlement, by the rows that were written.

use crate::postgres::{PostgresError, RANGE};
use schemas::alert::feedback::Wish;
use schemas::alert::{Open, Subject};
use schemas::{AlertId, Epoch};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

type Row = (Uuid, String, String, String, String, i64);

const SELECT: &str = "
    select a.id, a.rule, a.lane, a.subject_kind, a.subject_id, a.epoch from alert a
    where not exists (select from alert_cleared c where c.alert_id = a.id and c.epoch <= $1) and a.epoch <= $1 and ";

/// Every alert that is open at the end of an epoch.
pub async fn open(url: &str, epoch: Epoch) -> Result<Vec<Open>, PostgresError> {
    read(url, epoch, "true order by a.epoch, a.number").await
}

/// Every open alert that asks for something of which nothing is known to have come: a freeze where nothing has become of the customer since it
/// was raised, a case where there is none of it.
pub async fn unheard(url: &str) -> Result<Vec<(Open, Wish)>, PostgresError> {
    let all = u64::try_from(i64::MAX).expect("it is positive");
    let frozen = "a.wish is not null
        and not exists (select from party_change p
                        where p.customer_id = case a.subject_kind when 'match' then split_part(a.subject_id, '/', 1)::uuid end
                          and p.account_id is null
                          and p.change in ('frozen', 'unfrozen') and p.epoch >= a.epoch)
        order by a.epoch, a.number";
    let opened = "a.id in (select alert_id from alert_standing) and a.lane = 'live' and a.weight > 0
        and not exists (select from case_file c where c.alert_id = a.id)
        order by a.epoch, a.number";
    let frozen = read(url, all, frozen).await?.into_iter().map(|open| (open, Wish::Freeze));
    let opened = read(url, all, opened).await?.into_iter().map(|open| (open, Wish::OpenCase));
    Ok(frozen.chain(opened).collect())
}

async fn read(url: &str, epoch: Epoch, which: &str) -> Result<Vec<Open>, PostgresError> {
    let failed = |source| PostgresError::Postgres { step: "read the open alerts", source };
    let mut connection = PgConnection::connect(url).await.map_err(failed)?;
    let query = sqlx::query_as::<_, Row>(sqlx::AssertSqlSafe(format!("{SELECT}{which}")));
    let rows = query.bind(i64::try_from(epoch).expect(RANGE)).fetch_all(&mut connection).await.map_err(failed)?;
    let open = |(id, rule, lane, kind, subject, raised): Row| {
        Ok(Open {
            id: AlertId(id),
            rule: rule.parse()?,
            lane: lane.parse()?,
            subject: Subject::read(kind.parse()?, &subject)?,
            raised: u64::try_from(raised).expect(RANGE),
        })
    };
    rows.into_iter()
        .map(|row| open(row).map_err(|error: schemas::money::Unreadable| failed(sqlx::Error::Decode(Box::new(error)))))
        .collect()
}
