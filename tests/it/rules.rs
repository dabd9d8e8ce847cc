//! Another version of the rules comes into force at an epoch boundary, and goes again, whatever dies meanwhile; and the
//! whole history, decided by several versions, is decided again to the same bytes.

use crate::house::House;
use crate::http::{Answer, Server};
use crate::overload::ends;
use anyhow::{Context, ensure};
use serde_json::{Value, json};

const STAFF: &str = "customers:write accounts:write transactions:write transactions:read rules:write rules:read operator";
const CUSTOMER: &str = "transactions:write";

/// Nobody has it. Version 1 of the rules tells a customer so, version 2 does not.
const NOBODY: &str = "00000000-0000-7002-8000-000000000063";

#[test]
fn versions_of_the_rules_come_and_go_at_an_epoch_boundary() -> anyhow::Result<()> {
    let Some(mut house) = House::start("rules")? else { return Ok(()) };
    let bank = Bank::open(&house)?;
    ensure!(bank.rules()?["version"] == Value::Null, "a new bank goes by the newest, which nobody has activated");
    ensure!(bank.probe("new")? == "not_authorized");

    let (epoch, first) = bank.activate(1, "back", 201)?;
    ensure!(first["version"] == 1 && first["epoch"] == epoch, "{first}");
    ensure!(bank.activate(1, "back", 201)?.1 == first, "a repeat is answered as the first time");
    ensure!(bank.activate(1, "once more", 422)?.1["code"] == "rules_in_force");
    ensure!(bank.activate(9, "unknown", 400)?.1["errors"][0]["pointer"] == "/version");
    ensure!(bank.probe("1")? == "debit_account_not_found");
    // What version 1 does not know is not even written, so that its binary can read the log.
    let before = ends("orion.commands.v1")?;
    let unknown = bank.suspend("unknown")?.problem()?;
    ensure!((unknown.status, unknown.code.as_str()) == (409, "operation_not_in_force"), "{unknown:?}");
    ensure!(ends("orion.commands.v1")? == before, "it was written");

    // The replay of the log and the snapshot both know which rules are in force.
    house.kill_cell("settlement")?;
    ensure!(bank.probe("1 after a death")? == "debit_account_not_found");
    ensure!(house.stop_run()?.success());
    house.start_run()?;
    ensure!(bank.probe("1 after a stop")? == "debit_account_not_found");

    // Dead at once after it was decided: the next epoch goes by it all the same.
    let (epoch, _) = bank.activate(2, "forth", 201)?;
    house.kill_cell("settlement")?;
    ensure!(bank.probe("2 after a death")? == "not_authorized");
    ensure!(bank.probe("1")? == "debit_account_not_found", "what was decided by other rules stays decided");
    let shown = bank.get(&format!("/v1/rules?at_least={epoch}"))?;
    ensure!(shown["version"] == 2 && shown["epoch"] == epoch && shown["as_of"].as_u64() >= Some(epoch), "{shown}");

    let newest = bank.activate(3, "newest", 201)?.0;
    ensure!(newest > epoch && bank.suspend("known")?.status == 200);
    for (arguments, says) in [
        (&["verify", "books"][..], "XOF: sum 0,"),
        (&["verify", "digests"], "rules.activated.v1 partition 0: 3 "),
        (&["replay", "--from-kafka"], "give what was committed"),
        (&["replay", "--shadow"], "rules_activation: 3 rows, the same"),
    ] {
        let output = house.orion().args(arguments).output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success() && said.contains(says), "{arguments:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
    }
    house.forget()
}

/// Staff, and a customer who is curious.
struct Bank {
    server: Server,
    runtime: tokio::runtime::Runtime,
    staff: String,
    curious: String,
    account: String,
}

impl Bank {
    fn open(house: &House) -> anyhow::Result<Self> {
        let (server, runtime) = (Server::at(&house.base, house.auth())?, tokio::runtime::Runtime::new()?);
        let staff = server.token("teller", STAFF)?;
        let mut bank = Self { server, runtime, staff, curious: String::new(), account: String::new() };
        let customer = bank.created("/v1/customers", &json!({"full_name": "Awa Diop"}))?;
        bank.curious = bank.server.token(&customer, CUSTOMER)?;
        bank.account = bank.created("/v1/accounts", &json!({"customer_id": customer, "type": "wallet", "currency": "XOF"}))?;
        bank.created("/v1/transactions/deposit", &json!({"account_credit": bank.account, "amount": "100", "currency": "XOF"}))?;
        Ok(bank)
    }

    /// What the customer hears who would pay out of an account that nobody has.
    fn probe(&self, key: &str) -> anyhow::Result<String> {
        let body = json!({"account_debit": NOBODY, "account_credit": self.account, "amount": "1", "currency": "XOF"});
        let answer = self.post(&self.curious, "/v1/transactions/transfer", key, &body)?;
        Ok(answer.problem()?.code)
    }

    fn suspend(&self, key: &str) -> anyhow::Result<Answer> {
        self.post(&self.staff, &format!("/v1/accounts/{}/suspend", self.account), key, &json!({}))
    }

    /// Asks for a version of the rules: the epoch of the answer, and what it says.
    fn activate(&self, version: u32, key: &str, status: u16) -> anyhow::Result<(u64, Value)> {
        let answer = self.post(&self.staff, "/v1/rules", key, &json!({"version": version}))?;
        ensure!(answer.status == status, "{answer:?}");
        ensure!(status != 201 || answer.header("location") == "/v1/rules");
        Ok((answer.header("orion-epoch").parse().unwrap_or_default(), serde_json::from_str(&answer.text)?))
    }

    fn created(&self, path: &str, body: &Value) -> anyhow::Result<String> {
        let answer = self.post(&self.staff, path, path, body)?;
        ensure!(answer.status == 201, "{answer:?}");
        Ok(answer.json()?["id"].as_str().context("an id")?.to_owned())
    }

    fn rules(&self) -> anyhow::Result<Value> {
        self.get("/v1/rules")
    }

    fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.runtime.block_on(self.server.get(&self.staff, path))?.json()
    }

    fn post(&self, token: &str, path: &str, key: &str, body: &Value) -> anyhow::Result<Answer> {
        let key = key.replace(' ', "-");
        self.runtime.block_on(self.server.post(token, path, &[("prefer", "wait=30"), ("idempotency-key", &key)], body))
    }
}
