//! What to look at after a run: requests that work as they stand, with tokens that `orion token` signs.

use super::bank::Bank;
use super::drive::{Day, Decision};
use super::open::Opened;
use super::plan::{Party, Plan};
use super::token::OPERATOR;
use std::path::Path;

/// The key that `orion token` takes by itself.
const KEY: &str = ".orion/keys/jwt.private.pem";

/// Lines for a shell, in which `orion token` signs with the key at `key`.
pub(super) fn tour(bank: &Bank, plan: &Plan, day: &Day, opened: &Opened, key: &Path) -> String {
    let mut orion = std::env::current_exe().map_or_else(|_| "orion".to_owned(), |path| path.display().to_string());
    if let Ok(key) = key.canonicalize()
        && Path::new(KEY).canonicalize().ok().as_ref() != Some(&key)
    {
        orion = format!("ORION_AUTH__PRIVATE_KEY={} {orion}", key.display());
    }
    let url = &bank.url;
    let settled = day.outcomes.iter().rev().find_map(|outcome| match outcome.decision {
        Decision::Settled(transaction, _) => Some((outcome.row, transaction)),
        Decision::Failed { .. } => None,
    });
    let mut lines = vec!["Look around:".to_owned(), "  # an app".to_owned()];
    if let Some((row, transaction)) = settled
        && let payment = &plan.payments[row]
        && let Party::Account(account) = payment.debit
    {
        let (customer, account) = (opened.customers[payment.caller], opened.accounts[account]);
        lines.push(token(&orion, &customer.to_string(), "accounts:read transactions:read"));
        lines.push(curl(&format!("{url}/v1/accounts/{account}/balance")));
        lines.push(curl(&format!("{url}/v1/transactions/{transaction}")));
    }
    // A stream goes on for as long as somebody reads it; of these the first seconds, or records, are shown.
    lines.push("  # risk: what is refused and why, hour by hour, as it changes".to_owned());
    lines.push(token(&orion, OPERATOR, "reports:read"));
    lines.push(curl(&format!("--no-buffer {url}/v1/views/volume_by_hour/stream --max-time 2")) + " || [ $? = 28 ]");
    lines.push("  # BI: several views at one epoch".to_owned());
    lines.push(curl(&format!("\"{url}/v1/views?names=liabilities,positions,volume_by_day\"")));
    lines.push("  # a data engineer: a topic from its beginning".to_owned());
    lines.push(token(&orion, OPERATOR, "tap"));
    lines.push(curl(&format!("\"{url}/v1/taps/transaction.settled.v1?from=beginning&limit=2\"")));
    lines.push("  # an operator".to_owned());
    lines.push(token(&orion, OPERATOR, "operator metrics:read"));
    lines.push(curl(&format!("{url}/metrics")));
    lines.push(format!("  curl -s {url}/v1/openapi.json"));
    lines.join("\n") + "\n"
}

fn token(orion: &str, subject: &str, scope: &str) -> String {
    format!("  TOKEN=$({orion} token --subject {subject} --scope \"{scope}\")")
}

fn curl(url: &str) -> String {
    format!("  curl -s -H \"Authorization: Bearer $TOKEN\" {url}")
}
