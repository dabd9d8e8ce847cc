//! What the bank did as a whole: read by whoever may read reports, refused to others. Needs `DATABASE_URL`.

use super::bank::{Bank, bank, show};
use super::server::{CUSTOMER, STAFF};
use egress::postgres::Views;
use schemas::{Span, rfc3339};
use serde_json::{Value, json};

/// Has the views of a small bank counted, as the first start of the cell on an old bank does.
async fn count(bank: &Bank) -> anyhow::Result<()> {
    let mut url = reqwest::Url::parse(&std::env::var("DATABASE_URL")?)?;
    url.set_path(bank.pool.connect_options().get_database().unwrap_or_default());
    drop(Views::claim(url.as_str(), 1).await?);
    Ok(())
}

#[tokio::test]
async fn the_volume_of_a_small_bank() -> anyhow::Result<()> {
    let Some(bank) = bank().await? else { return Ok(()) };
    let day = Span::Day.start(bank.t0);
    let path = |by: &str, more: &str| format!("/v1/aggregates/volume?from={day}&to={}&by={by}{more}", day + 2 * 86_400_000);
    let token = bank.server.token("controller", "reports:read")?;
    let behind = bank.server.get(&token, &path("day", "")).await?.problem()?;
    assert_eq!((behind.status, behind.code.as_str()), (503, "aggregates_behind"), "nobody has counted yet");
    count(&bank).await?;

    let line = |operation: &str, reason: Option<&str>, amount: &str| {
        let start = rfc3339(Span::Day.start(bank.t0 + 5));
        let status = if reason.is_some() { "failed" } else { "settled" };
        let mut line = json!({"start": start, "operation": operation, "channel": "wallet", "currency": "XOF", "status": status});
        (line["count"], line["amount"], line["fee"]) = (json!(1), json!(amount), json!("0"));
        reason.map(|reason| line["reason"] = json!(reason));
        line
    };
    let account = json!({"start": rfc3339(Span::Day.start(bank.t0 + 7)), "operation": "open_account", "status": "failed",
        "reason": "customer_not_found", "count": 1});
    let (deposit, transfer, failed) =
        (line("deposit", None, "1000"), line("transfer", None, "300"), line("transfer", Some("insufficient_funds"), "5000"));
    let report = |by: &str, volume: &[&Value]| json!({"by": by, "volume": volume, "as_of": bank.t0 + 9});
    for (more, lines) in [
        (String::new(), &[&deposit, &account, &transfer, &failed][..]),
        ("&operation=transfer".to_owned(), &[&transfer, &failed]),
        ("&currency=XOF&channel=wallet".to_owned(), &[&deposit, &transfer, &failed]),
        ("&currency=EUR".to_owned(), &[]),
        ("&channel=qr".to_owned(), &[]),
        (format!("&operation=open_account&at_least={}", bank.t0 + 9), &[&account]),
    ] {
        assert_eq!(bank.server.get(&token, &path("day", &more)).await?.json()?, report("day", lines), "{more}");
    }
    for by in ["minute", "hour"] {
        let (from, to) = (Span::Minute.start(bank.t0), Span::Minute.start(bank.t0) + 120_000);
        let from = if by == "hour" { Span::Hour.start(from) } else { from };
        let path = format!("/v1/aggregates/volume?from={from}&to={to}&by={by}&operation=deposit");
        let found = bank.server.get(&token, &path).await?.json()?;
        let span: Span = by.parse()?;
        assert_eq!(found["volume"][0]["start"], rfc3339(span.start(bank.t0 + 2)), "{found}");
        assert_eq!((&found["volume"][0]["amount"], found["volume"].as_array().map(Vec::len)), (&json!("1000"), Some(1)), "{found}");
    }
    // What older code writes from now on is not there until somebody counts it: nothing is shown rather than too little.
    show(&bank, bank.t0 + 11, 11).await?;
    assert_eq!(bank.server.get(&token, &path("day", "")).await?.problem()?.code, "aggregates_behind");
    count_again(&bank).await?;
    assert_eq!(bank.server.get(&token, &path("day", "")).await?.json()?["as_of"], bank.t0 + 10);
    bank.close().await
}

async fn count_again(bank: &Bank) -> anyhow::Result<()> {
    sqlx::query("update sink_progress set generation = 0").execute(&bank.pool).await?;
    count(bank).await
}

#[tokio::test]
async fn what_is_no_question_is_answered_with_what_is_wrong() -> anyhow::Result<()> {
    let Some(bank) = bank().await? else { return Ok(()) };
    count(&bank).await?;
    let staff = bank.server.token("teller", STAFF)?;
    for (query, pointers) in [
        ("", &["from", "to", "by"][..]),
        ("?from=1&to=2", &["by"]),
        ("?from=2&to=2&by=day", &["to"]),
        ("?from=0&to=90000001&by=minute", &["to"]),
        ("?from=-1&to=253402300800000&by=week", &["from", "to", "by"]),
        ("?from=1&to=2&by=day&operation=Transfer&channel=post&currency=FCFA", &["operation", "channel", "currency"]),
        ("?from=1&to=2&by=day&at=5&by=day", &["at", "by"]),
        ("?from=1&to=2&by=day&at_least=soon", &["at_least"]),
        ("?from=1&to=2&by=day&at_least=253402300799999", &["at_least"]),
    ] {
        let problem = bank.server.get(&staff, &format!("/v1/aggregates/volume{query}")).await?.problem()?;
        let found: Vec<_> = problem.errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!((problem.status, problem.code.as_str(), &found[..]), (400, "invalid_request", pointers), "{query}");
    }
    let (customer, query) = (bank.server.token(&bank.customer(0).to_string(), CUSTOMER)?, "?from=1&to=2&by=day");
    let problem = bank.server.get(&customer, &format!("/v1/aggregates/volume{query}")).await?.problem()?;
    assert_eq!((problem.status, problem.code.as_str()), (403, "insufficient_scope"));

    // Too much for one answer is said, not cut.
    sqlx::query(
        "insert into volume select 'minute', minute * 60000, 'operation_' || number, 'qr', 'XOF', '', 1, 1, 0, 1
         from generate_series(0, 1000) as minute, generate_series(0, 20) as number",
    )
    .execute(&bank.pool)
    .await?;
    let path = "/v1/aggregates/volume?from=0&by=minute&to=";
    let problem = bank.server.get(&staff, &format!("{path}60060000")).await?.problem()?;
    assert_eq!((problem.code.as_str(), problem.errors[0].pointer.as_str()), ("invalid_request", "to"));
    let lines = bank.server.get(&staff, &format!("{path}57120000")).await?.json()?["volume"].as_array().map(Vec::len);
    assert_eq!(lines, Some(952 * 21));
    bank.close().await
}
