//! A payment of last week is given back: the ledger has forgotten it, and the door proves it.

use super::scene::{Scene, WAIT, key, text};
use super::server::Server;
use crate::house::House;
use serde_json::json;
use std::time::{Duration, Instant};

/// So long ago the house begins, by its own clock.
const ASLEEP_MS: i64 = 8 * 86_400_000;

#[test]
fn a_payment_that_the_ledger_has_forgotten_is_proven_and_given_back() -> anyhow::Result<()> {
    let clock = |folder: &std::path::Path, off_ms: i64| std::fs::write(folder.join("clock"), off_ms.to_string());
    let started = House::start_with("old", |folder| {
        clock(folder, -ASLEEP_MS)?;
        Ok(vec![("ORION_FAULTS", folder.into())])
    })?;
    let Some(mut house) = started else { return Ok(()) };
    let runtime = tokio::runtime::Runtime::new()?;
    let server = Server::at(&house.base, house.auth())?;
    let (scene, paid) = runtime.block_on(async {
        let scene = Scene::open(&server, "1000").await?;
        let mut paid = Vec::new();
        for amount in ["100", "200", "300"] {
            paid.push(scene.post(&scene.own, "/v1/transactions/merchant-payment", &scene.pay("", amount, json!({})), 201).await?);
        }
        anyhow::Ok((scene, paid))
    })?;

    // A week and a day later.
    anyhow::ensure!(house.stop_run()?.success());
    clock(house.file("clock").parent().unwrap_or(std::path::Path::new("")), 0)?;
    let run = Ended(house.start_another(&["run", "--accept-gap"], "run.log")?);
    let refunds = |number: usize| format!("/v1/transactions/{}/refunds", text(&paid[number]["id"]));
    let amount = |amount: &str| json!({"amount": amount, "currency": "XOF"});
    runtime.block_on(async {
        // The bank goes through the days in steps of a minute, and the views follow.
        let (name, deadline) = (key(), Instant::now() + Duration::from_secs(240));
        loop {
            let answer = server.post(&scene.shop, &refunds(0), &[WAIT, ("idempotency-key", &name)], &amount("40")).await?;
            if answer.status == 201 {
                break assert_eq!(answer.json()?["original_transaction_id"], paid[0]["id"]);
            }
            anyhow::ensure!([202, 503].contains(&answer.status) && Instant::now() < deadline, "{answer:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        scene.refused(&scene.shop, &refunds(0), &amount("61"), "refund_exceeds_original").await?;
        scene.refused(&scene.own, &refunds(1), &amount("1"), "not_authorized").await?;
        let items = json!([
            {"operation": "reverse", "transaction_id": paid[1]["id"]},
            {"operation": "refund", "transaction_id": paid[2]["id"], "amount": "300", "currency": "XOF"},
        ]);
        let batch = scene.post(&scene.staff, "/v1/batches", &items, 200).await?;
        assert_eq!(batch["counts"]["settled"], 2);
        // There was a payment with the next number, which the ledger would have to have seen.
        let unknown = schemas::TransactionId::mint(paid[2]["epoch"].as_u64().unwrap_or_default(), 7);
        scene.refused(&scene.staff, &format!("/v1/transactions/{unknown}/reverse"), &json!({}), "original_not_found").await?;
        assert_eq!(scene.balances().await?, ["940", "940", "60"]);
        anyhow::Ok(())
    })?;
    drop(run);
    house.forget()
}

/// A process that does not outlive its test.
struct Ended(std::process::Child);

impl Drop for Ended {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
