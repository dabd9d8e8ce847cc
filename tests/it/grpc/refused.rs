//! What a call is refused for before it comes to the bank, by a server that stands on nothing.

use crate::http::{CUSTOMER, Ground, STAFF, Server};
use crate::python;
use orion::token;
use serde_json::json;

#[test]
fn what_is_refused_says_why_in_details() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let server = runtime.block_on(async { Server::start(Ground::none()?).await })?;
    let patient = runtime.block_on(async { Server::start(Ground { append_timeout_ms: 60_000, ..Ground::none()? }).await })?;
    let expired = json!({"iss": server.auth.issuer, "aud": server.auth.audience, "sub": "a", "scope": STAFF, "exp": 1_700_000_000});
    let (staff, customer) = (server.token("teller", STAFF)?, server.token("a", CUSTOMER)?);
    let expired = token::sign_claims(&server.auth, &expired)?;
    let grpc = server.grpc.as_deref().unwrap_or_default();
    let patient_staff = patient.token("teller", STAFF)?;
    let asked = [
        ("GRPC", grpc),
        ("STAFF", &staff),
        ("CUSTOMER", &customer),
        ("EXPIRED", &expired),
        ("PATIENT", patient.grpc.as_deref().unwrap_or_default()),
        ("PATIENT_STAFF", &patient_staff),
    ];
    let said = python::run_with("grpc/refused.py", &asked)?;
    anyhow::ensure!(said.contains("all of it was refused"), "{said}");
    Ok(())
}
