//! A whole bank over gRPC, asked by a client in Python that knows it by reflection alone.

use crate::house::House;
use crate::http::{CUSTOMER, STAFF, Server};
use crate::python;
use schemas::CustomerId;

#[test]
fn a_client_in_another_language_can_do_all_that_rest_can() -> anyhow::Result<()> {
    let Some(mut house) = House::start("grpc")? else { return Ok(()) };
    let server = Server::at(&house.base, house.auth())?;
    let (staff, nobody) = (server.token("teller", STAFF)?, server.token(&CustomerId::mint(1, 0).to_string(), CUSTOMER)?);
    let (grpc, rest) = (house.grpc.clone(), house.base.clone());
    let rules = state::CODE_VERSION.to_string();
    let environment = [("GRPC", grpc.as_str()), ("REST", &rest), ("STAFF", &staff), ("CUSTOMER", &nobody), ("RULES", &rules)];
    let said = python::run_with("grpc/client.py", &environment)?;
    anyhow::ensure!(said.contains("every method was asked"), "{said}");

    // Nobody decides: a deadline ends the wait, before it ends the call.
    house.stop_run()?;
    let late = python::run_with("grpc/late.py", &[environment.as_slice(), &[("DECIDED", "no")]].concat())?;
    house.start_run()?;
    let operation = late.trim();
    python::run_with("grpc/late.py", &[environment.as_slice(), &[("DECIDED", operation)]].concat())?;

    // What was asked is counted, by method and by code.
    let metrics = tokio::runtime::Runtime::new()?.block_on(server.get(&staff, "/metrics"))?.text;
    for (service, method, code) in [
        ("orion.v1.Bank", "Transfer", "OK"),
        ("orion.v1.Bank", "Transfer", "FAILED_PRECONDITION"),
        ("orion.v1.Bank", "Transfer", "ALREADY_EXISTS"),
        ("orion.v1.Views", "GetTransaction", "NOT_FOUND"),
        ("grpc.health.v1.Health", "Check", "OK"),
    ] {
        let count = format!(
            "rpc_server_duration_seconds_count{{rpc_grpc_status_code=\"{code}\",rpc_method=\"{method}\",rpc_service=\"{service}\"}}"
        );
        anyhow::ensure!(metrics.contains(&count), "{count} is missing from\n{metrics}");
    }
    house.forget()
}
