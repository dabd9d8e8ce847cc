//! How the statements of this API are planned: once a connection, by indexes.
//!
//! A plan for any values has all months in it, and when it begins, the values rule out those where nothing can be. Postgres thinks such a
//! plan as dear as a look into each month, and would rather plan anew for each question, which takes several times as long as the answer.
//! Where the values decide how something is best had, they stand in the text.
//!
//! Every question has an index to go by. A month without rows looks cheaper to read whole; then the months do not come in their order any
//! more, and all that an account ever did is sorted for the newest hundred entries. Nor is it worth a compiler to sum up many months.

use sqlx::postgres::PgConnectOptions;

/// Options of a connection that answers questions.
pub fn planned_once(options: PgConnectOptions) -> PgConnectOptions {
    options.options([("plan_cache_mode", "force_generic_plan"), ("enable_seqscan", "off"), ("jit", "off")])
}
