//! Who is this customer?

use crate::View;
use crate::failure::{Failure, ViewError, not_found};
use crate::freshness::{Freshness, Parameters, Past};
use crate::frozen::frozen_by;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use schemas::resource::Customer;
use schemas::{Caller, CustomerId, KycLevel, Problem, Scope};

#[derive(sqlx::FromRow)]
struct Row {
    full_name: String,
    msisdn: Option<String>,
    country: Option<String>,
    address: Option<String>,
    kyc_status: String,
    level: Option<String>,
    frozen: bool,
    epoch: i64,
    as_of: Option<i64>,
}

const SELECT: &str = concat!(
    "
    select coalesce((select full_name from customer_change where customer_id = $1 and full_name is not null
                     order by event_id desc limit 1), full_name) as full_name,
           coalesce((select msisdn from customer_change where customer_id = $1 and msisdn is not null
                     order by event_id desc limit 1), msisdn) as msisdn,
           coalesce((select country from customer_change where customer_id = $1 and country is not null
                     order by event_id desc limit 1), country) as country,
           (select address::text from customer_address where customer_id = $1 order by event_id desc limit 1) as address,
           coalesce((select status from kyc_change where customer_id = $1 order by event_id desc limit 1), kyc_status) as kyc_status,
           epoch,
           ",
    frozen_by!("customer.id", "9223372036854775807"),
    " as frozen,
           (select level from customer_level where customer_id = $1 order by event_id desc limit 1) as level,
           (select greatest(epoch - 1, 0) from sink_progress where sink = 'views') as as_of
    from customer
    where id = $1"
);

/// Show a customer
#[utoipa::path(
    get, path = "/v1/customers/{id}", tag = "Customers",
    params(("id" = CustomerId, Path)),
    responses((status = 200, description = "The customer.", body = Customer)),
    security(("bearer" = ["customers:read"])),
)]
pub(crate) async fn customer(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Result<Json<Customer>, Failure> {
    caller.require(Scope::CustomersRead)?;
    let id: CustomerId = id.parse().map_err(|_| Problem::field("id", "expected a UUID"))?;
    let freshness = Freshness::read(parameters, Past::Not)?;
    if !caller.may_see(Some(id)) || !freshness.wait(&view, id.epoch()).await? {
        return Err(not_found("customer"));
    }
    let row: Option<Row> = sqlx::query_as(SELECT).bind(id.0).fetch_optional(&view.pool).await?;
    let row = row.ok_or_else(|| not_found("customer"))?;
    Ok(Json(row.into_customer(id)?))
}

impl Row {
    fn into_customer(self, id: CustomerId) -> Result<Customer, ViewError> {
        Ok(Customer {
            id,
            full_name: self.full_name,
            msisdn: self.msisdn,
            country: self.country,
            address: self.address.as_deref().map(serde_json::from_str).transpose()?,
            kyc_status: self.kyc_status.parse()?,
            level: self.level.map_or(Ok(KycLevel::Unidentified), |level| level.parse())?,
            frozen: self.frozen,
            epoch: u64::try_from(self.epoch)?,
            as_of: Some(u64::try_from(self.as_of.ok_or(ViewError::NoProgress)?)?),
        })
    }
}
