//! How the rules against fraud were set at the end of an epoch, by the rows that were written.

use crate::postgres::{PostgresError, RANGE};
use schemas::Epoch;
use schemas::resource::AmlRuleSetting;
use sqlx::{Connection, PgConnection};

/// The newest of each rule and lane.
pub async fn at(url: &str, epoch: Epoch) -> Result<Vec<AmlRuleSetting>, PostgresError> {
    let failed = |source| PostgresError::Postgres { step: "read the rules", source };
    let mut connection = PgConnection::connect(url).await.map_err(failed)?;
    let query = "select distinct on (name, lane) setting::text from aml_setting
                 where kind = 'rule' and epoch <= $1 order by name, lane, event_id desc";
    let rows: Vec<String> =
        sqlx::query_scalar(query).bind(i64::try_from(epoch).expect(RANGE)).fetch_all(&mut connection).await.map_err(failed)?;
    rows.iter().map(|row| serde_json::from_str(row).map_err(|error| failed(sqlx::Error::Decode(Box::new(error))))).collect()
}
