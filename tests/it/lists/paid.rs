//! Counterparties on the real processes: whom a payment names outside of the bank is looked for on the lists, now and when they change.

use super::{Bank, ENTRIES, list, name, orion};
use crate::house::House;
use crate::http::{STAFF, Server};
use crate::risk::told::{Listener, lines};
use crate::risk::{all_epochs, reached, uninterrupted};
use anyhow::{Context, ensure};
use serde_json::{Value, json};

impl Bank {
    /// A withdrawal for somebody whom a context names; the id of the transaction.
    fn pay(&self, account: &str, counterparty: &str) -> anyhow::Result<Value> {
        let context = json!({"counterparty_name": counterparty, "country": "ML"});
        let body = json!({"account_debit": account, "amount": "5", "currency": "XOF", "context": context});
        let (status, told) = self.post("/v1/transactions/withdrawal", &body)?;
        ensure!(status == 201, "{status} {told}");
        Ok(told["id"].clone())
    }
}

#[test]
fn whom_a_payment_names_is_looked_for_now_and_when_a_list_changes() -> anyhow::Result<()> {
    let Some(house) = House::start("paid")? else { return Ok(()) };
    let server = Server::at(&house.base, house.auth())?;
    let staff = server.token("teller", STAFF)?;
    let bank = Bank { server, runtime: tokio::runtime::Runtime::new()?, staff };
    let load = |text: String| -> anyhow::Result<()> {
        let path = house.file("list.csv");
        std::fs::write(&path, text)?;
        let (code, said, error) = orion(&house, &["load", &path.display().to_string(), "--list", "demo"])?;
        ensure!(code == Some(0), "{said}{error}");
        Ok(())
    };
    load(list(&[], ENTRIES / 2))?;
    let (payer, account) = bank.enrol("Awa Ndèye Diop", Some("SN"))?;
    let deposit = json!({"account_credit": account, "amount": "500", "currency": "XOF"});
    ensure!(bank.post("/v1/transactions/deposit", &deposit)?.0 == 201, "the customer has money");

    // Who is on the list is found with the payment, which nobody holds back; who is not on it yet, once they are.
    let listed = bank.pay(&account, &name(3).to_uppercase())?;
    let later = bank.pay(&account, &name(ENTRIES / 2 + 1))?;
    let alert = bank.until(&payer, "open", 1)?.remove(0);
    let (evidence, subject) = (&alert["evidence"], alert["subject_id"].as_str().context("a subject")?);
    ensure!(alert["subject_kind"] == "counterparty" && alert["customer_id"] == payer.as_str(), "{alert}");
    ensure!(evidence["match"]["party"] == "counterparty" && evidence["match"]["entry"] == "L-003", "{alert}");
    ensure!(evidence["match"]["name"] == name(3).to_uppercase() && evidence["match"]["country_agrees"] == true, "{alert}");
    ensure!(evidence["transactions"] == json!([listed]), "{alert}");
    let case = bank.until_case(&alert)?;
    ensure!(case["kind"] == "hit" && case["customer_id"] == payer.as_str(), "{case}");
    load(list(&[], ENTRIES))?;
    let both = bank.until(&payer, "open", 2)?;
    let second = both.iter().find(|other| other["id"] != alert["id"]).context("another alert")?;
    ensure!(second["evidence"]["match"]["entry"] == format!("L-{:03}", ENTRIES / 2 + 1), "{second}");
    ensure!(second["evidence"]["transactions"] == json!([later]), "{second}");
    bank.until_case(second)?;

    // What staff clears stays quiet, whatever is paid; and the customer pays on, since the name is somebody else's.
    let digest = subject.split('/').nth(1).context("the digest of the counterparty")?;
    let clear = json!({"reason": "another birth", "counterparty": digest});
    let (status, told) = bank.post(&format!("/admin/aml/matches/{payer}/demo/L-003/clear"), &clear)?;
    ensure!(status == 200 && told["counterparty"] == digest, "{status} {told}");
    bank.until(&payer, "open", 1)?;
    bank.pay(&account, &name(3).to_uppercase())?;
    ensure!(bank.post("/v1/transactions/deposit", &deposit)?.0 == 201, "nobody is frozen for the name of a counterparty");

    let (brokers, url) = (std::env::var("KAFKA_BROKERS")?, crate::views::reader::views_url()?);
    let epochs = all_epochs(&brokers, 0)?;
    let last = epochs.last().context("an epoch")?.epoch();
    bank.runtime.block_on(reached(&url, last))?;
    let expected = lines(&uninterrupted(&epochs));
    ensure!(expected.len() == 3, "two were raised, and one cleared: {expected:?}");
    ensure!(Listener::start(&house, "0")?.until(last)? == expected, "the stream says what an uninterrupted run says");
    let risk = bank.get(&format!("/admin/aml/customers/{payer}/risk"))?;
    ensure!(risk["reasons"][0]["alert_id"] == second["id"], "{risk}");
    for log in ["run.log", "serve.log"] {
        let said = std::fs::read_to_string(house.file(log))?.to_lowercase();
        ensure!(!name(3).to_lowercase().split(' ').any(|word| said.contains(word)), "{log} names a counterparty");
    }
    house.forget()
}
