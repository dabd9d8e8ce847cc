//! How the statements of this API are planned: once a connection.
//!
//! Postgres would plan anew for each question, since it thinks that all months are read where the text does not say which. It reads
//! only those that the values lead to, and knows them when it begins; so a plan for any values costs a fiftieth of a plan a question.
//! Where the values decide how something is best had, they stand in the text.

use sqlx::postgres::PgConnectOptions;

/// Options of a connection that answers questions.
pub fn planned_once(options: PgConnectOptions) -> PgConnectOptions {
    options.options([("plan_cache_mode", "force_generic_plan")])
}
