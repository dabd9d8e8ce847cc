//! Whether the server does what its OpenAPI document says, asked by a program that reads nothing else.

use crate::house::House;
use crate::http::{STAFF, Server};
use crate::python;

#[test]
fn every_answer_is_one_that_is_described() -> anyhow::Result<()> {
    let Some(house) = House::start("conformance")? else { return Ok(()) };
    let staff = Server::at(&house.base, house.auth())?.token("teller", STAFF)?;
    let report = house.file("conformance.json").display().to_string();
    let said = python::run_with("conformance/tested.py", &[("REST", &house.base), ("STAFF", &staff), ("REPORT", &report)])?;
    anyhow::ensure!(said.contains("operations were tested"), "{said}");
    house.forget()
}
