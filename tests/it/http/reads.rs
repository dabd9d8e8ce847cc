//! What the views show: freshness, the past, and whose is whose. Needs `DATABASE_URL`.

use super::bank::{Bank, TRACE, bank, command, show};
use super::server::{Answer, STAFF};
use api::Known;
use api::progress::Shown;
use schemas::{
    AccountId, Cause, Channel, Epoch, Event, EventId, Fact, Money, PaymentKind, Position, Refusal, Repeat, Transaction, TransactionId,
};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

#[tokio::test]
async fn balances_now_and_then() -> anyhow::Result<()> {
    let Some(bank) = bank().await? else { return Ok(()) };
    let (t0, id) = (bank.t0, bank.account(0));
    let as_of = t0 + 9;
    for (query, balance, as_of) in [
        (String::new(), "700", as_of),
        (format!("?at_least={as_of}"), "700", as_of),
        ("?at_least=0:9".to_owned(), "700", as_of),
        ("?at_least=0%3A9".to_owned(), "700", as_of),
        (format!("?at={}", t0 + 1), "0", t0 + 1),
        (format!("?at={}", t0 + 2), "1000", t0 + 2),
        (format!("?at={}&at_least={as_of}", t0 + 4), "1000", t0 + 4),
        (format!("?at={}", t0 + 5), "700", t0 + 5),
    ] {
        let path = format!("/v1/accounts/{id}");
        let expected = json!({"account_id": id, "currency": "XOF", "balance_posted": balance, "balance_held": "0", "balance_available": balance, "as_of": as_of});
        assert_eq!(bank.staff(&format!("{path}/balance{query}")).await?, expected, "{query}");
        let expected = json!({
            "id": id, "customer_id": bank.customer(0), "type": "wallet", "role": "customer", "currency": "XOF", "status": "active",
            "balance_available": balance, "epoch": t0 + 1, "as_of": as_of,
        });
        assert_eq!(bank.staff(&format!("{path}{query}")).await?, expected, "{query}");
    }
    assert_eq!(bank.seen(0, &format!("/v1/accounts/{id}?at={t0}")).await?, (404, "account_not_found".to_owned()), "not open yet");
    let house = AccountId::house("cash", "XOF".parse()?);
    assert_eq!(bank.staff(&format!("/v1/accounts/{house}")).await?["balance_available"], "-1000");
    bank.close().await
}

#[tokio::test]
async fn a_status_now_and_then() -> anyhow::Result<()> {
    let Some(bank) = bank().await? else { return Ok(()) };
    let (t0, id) = (bank.t0, bank.account(1));
    for (at, status) in [(t0 + 5, "active"), (t0 + 6, "suspended"), (t0 + 7, "suspended"), (t0 + 8, "active")] {
        assert_eq!(bank.staff(&format!("/v1/accounts/{id}?at={at}")).await?["status"], status, "{at}");
    }
    assert_eq!(bank.staff(&format!("/v1/accounts/{id}")).await?["status"], "active");
    let path = format!("/v1/operations/{}", command("suspend_account"));
    let shown = bank.staff(&path).await?;
    let expected = (json!("completed"), json!("suspend_account"), json!(format!("/v1/accounts/{id}")), json!(t0 + 6));
    assert_eq!(
        (&shown["status"], &shown["operation"], &shown["resource"], &shown["epoch"]),
        (&expected.0, &expected.1, &expected.2, &expected.3)
    );
    assert_eq!(bank.seen(1, &path).await?.0, 200);
    assert_eq!(bank.seen(0, &path).await?, (404, "operation_not_found".to_owned()), "another customer's");
    bank.close().await
}

#[tokio::test]
async fn reads_wait_for_what_was_promised() -> anyhow::Result<()> {
    let Some(bank) = bank().await? else { return Ok(()) };
    let id = bank.account(0);
    let token = bank.server.token("teller", STAFF)?;
    let behind = |query: String| {
        let (server, token) = (&bank.server, &token);
        async move { server.get(token, &format!("/v1/accounts/{id}{query}")).await }
    };
    // The view does not come that far in time.
    let started = Instant::now();
    for query in
        [format!("?at_least={}", bank.t0 + 10), "?at_least=0:10".to_owned(), "?at_least=1:0".to_owned(), format!("?at={}", bank.t0 + 10)]
    {
        assert_eq!(behind(query).await?.problem()?.code, "view_behind");
    }
    assert!(started.elapsed() > Duration::from_secs(7), "each waits for two seconds");
    // It does. The machine may be held up for all of two seconds, but not each time.
    let mut came = false;
    for step in 0..20 {
        let (next, upper) = (bank.t0 + 10 + step, 10 + i64::try_from(step)?);
        let (epoch, position) = (behind(format!("?at_least={next}")), behind(format!("?at_least=0:{upper}")));
        let advance = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            show(&bank, next + 1, upper + 1).await
        };
        let (epoch, position, advanced) = tokio::join!(epoch, position, advance);
        advanced?;
        let answers = [epoch?, position?];
        came = !answers.iter().any(Answer::is_behind);
        if came {
            for answer in answers {
                assert_eq!(answer.json()?["as_of"], next);
            }
            break;
        }
    }
    assert!(came, "what is shown while a read waits is not seen");
    // Ids: of an epoch that the view has not reached, of one that nobody can have minted, of none.
    let now = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
    for (transaction, code) in [
        (TransactionId::mint(bank.t0 + 5, 9), "transaction_not_found"),
        (TransactionId::mint(bank.t0 + 500, 0), "view_behind"),
        (TransactionId::mint(now + 60_000, 0), "transaction_not_found"),
        (TransactionId(uuid::Uuid::new_v4()), "transaction_not_found"),
        (TransactionId(id.0), "transaction_not_found"),
    ] {
        let started = Instant::now();
        assert_eq!(bank.server.get(&token, &format!("/v1/transactions/{transaction}")).await?.problem()?.code, code, "{transaction}");
        assert!(code != "view_behind" || started.elapsed() > Duration::from_secs(1));
    }
    // Settlement's clock may be far ahead of ours. What the door has seen committed it may have told somebody, and
    // what it has not read yet another may have told: neither is refused or not there, only not shown yet.
    let ahead = now + 3_600_000;
    let paths = [format!("/v1/accounts/{id}?at_least={ahead}"), format!("/v1/transactions/{}", TransactionId::mint(ahead, 0))];
    for (newest, caught_up, codes) in
        [(ahead, true, ["view_behind"; 2]), (0, false, ["view_behind"; 2]), (0, true, ["invalid_request", "transaction_not_found"])]
    {
        bank.newest.store(newest, Ordering::Relaxed);
        bank.caught_up.store(caught_up, Ordering::Relaxed);
        for (path, code) in paths.iter().zip(codes) {
            assert_eq!(bank.server.get(&token, path).await?.problem()?.code, code, "{path} {newest} {caught_up}");
        }
    }
    bank.close().await
}

#[tokio::test]
async fn transactions_look_as_they_were_answered() -> anyhow::Result<()> {
    let Some(bank) = bank().await? else { return Ok(()) };
    for (epoch, reason) in [(bank.t0 + 5, None), (bank.t0 + 6, Some(Refusal::InsufficientFunds))] {
        let decided = transfer(&bank, epoch, reason);
        let mut expected = json!(schemas::resource::Transaction::of(&decided, epoch, TRACE));
        expected["as_of"] = json!(bank.t0 + 9);
        assert_eq!(bank.staff(&format!("/v1/transactions/{}", decided.id)).await?, expected);
    }
    bank.close().await
}

fn transfer(bank: &Bank, epoch: Epoch, refusal: Option<Refusal>) -> Transaction {
    Transaction {
        id: TransactionId::mint(epoch, 0),
        kind: PaymentKind::Transfer,
        account_debit: bank.account(0),
        account_credit: bank.account(1),
        amount: Money { minor: if refusal.is_some() { 5000 } else { 300 }, currency: schemas::Currency::XOF },
        fee_minor: 0,
        channel: Channel::Wallet,
        refusal,
        link: None,
        postings: Vec::new(),
    }
}

#[tokio::test]
async fn what_is_not_yours_is_not_there() -> anyhow::Result<()> {
    let Some(bank) = bank().await? else { return Ok(()) };
    let house = AccountId::house("cash", "XOF".parse()?);
    let deposit = TransactionId::mint(bank.t0 + 2, 0);
    let payment = TransactionId::mint(bank.t0 + 5, 0);
    let yes = |status| (status, String::new());
    let no = |what: &str| (404, format!("{what}_not_found"));
    for (number, path, expected) in [
        (0, format!("/v1/customers/{}", bank.customer(0)), yes(200)),
        (1, format!("/v1/customers/{}", bank.customer(0)), no("customer")),
        (0, format!("/v1/accounts/{}", bank.account(0)), yes(200)),
        (1, format!("/v1/accounts/{}", bank.account(0)), no("account")),
        (1, format!("/v1/accounts/{}/balance", bank.account(0)), no("account")),
        (1, format!("/v1/accounts/{}/balance?at={}", bank.account(0), bank.t0 + 5), no("account")),
        (0, format!("/v1/accounts/{house}"), no("account")),
        (0, format!("/v1/transactions/{deposit}"), yes(200)),
        (1, format!("/v1/transactions/{deposit}"), no("transaction")),
        (0, format!("/v1/transactions/{payment}"), yes(200)),
        (1, format!("/v1/transactions/{payment}"), yes(200)),
        (0, format!("/v1/operations/{}", command("deposit")), yes(200)),
        (1, format!("/v1/operations/{}", command("deposit")), no("operation")),
        (1, format!("/v1/operations/{}", command("transfer")), yes(200)),
        (1, format!("/v1/operations/{}", command("Awa")), no("operation")),
        (1, format!("/v1/operations/{}", command("Awa/account")), no("operation")),
        (1, format!("/v1/operations/{}", command("refused")), yes(200)),
    ] {
        assert_eq!(bank.seen(number, &path).await?, expected, "{number} {path}");
    }
    bank.close().await
}

#[tokio::test]
async fn operations_from_the_log_and_from_the_views() -> anyhow::Result<()> {
    let Some(bank) = bank().await? else { return Ok(()) };
    let (t0, as_of) = (bank.t0, bank.t0 + 9);
    let operation = |key: &str| format!("/v1/operations/{}", command(key));
    let payment = TransactionId::mint(t0 + 5, 0);
    let settled = json!({
        "id": command("transfer"), "status": "settled", "operation": "transfer", "resource": format!("/v1/transactions/{payment}"),
        "transaction_id": payment, "epoch": t0 + 5, "as_of": as_of,
    });
    let failed = TransactionId::mint(t0 + 6, 0);
    let from_views = [
        ("transfer", settled.clone()),
        (
            "deposit",
            json!({
                "id": command("deposit"), "status": "settled", "operation": "deposit", "as_of": as_of, "epoch": t0 + 2,
                "resource": format!("/v1/transactions/{}", TransactionId::mint(t0 + 2, 0)), "transaction_id": TransactionId::mint(t0 + 2, 0),
            }),
        ),
        (
            "too-much",
            json!({
                "id": command("too-much"), "status": "failed", "operation": "transfer", "resource": format!("/v1/transactions/{failed}"),
                "transaction_id": failed, "reason": "insufficient_funds", "epoch": t0 + 6, "as_of": as_of,
            }),
        ),
        (
            "Awa",
            json!({
                "id": command("Awa"), "status": "completed", "operation": "create_customer",
                "resource": format!("/v1/customers/{}", bank.customer(0)), "epoch": t0, "as_of": as_of,
            }),
        ),
        (
            "Awa/account",
            json!({
                "id": command("Awa/account"), "status": "completed", "operation": "open_account",
                "resource": format!("/v1/accounts/{}", bank.account(0)), "epoch": t0 + 1, "as_of": as_of,
            }),
        ),
        (
            "refused",
            json!({
                "id": command("refused"), "status": "failed", "operation": "open_account", "reason": "customer_not_found",
                "epoch": t0 + 7, "as_of": as_of,
            }),
        ),
    ];
    for (key, expected) in from_views {
        assert_eq!(bank.staff(&operation(key)).await?, expected, "{key}");
    }

    // The log knows more than the views.
    let position = Position { partition: 0, offset: 77 };
    let event = |key: &str, fact| {
        let cause = Cause { command_id: command(key), position, traceparent: String::new() };
        Known::Decided(Arc::new(Event { id: EventId::mint(t0 + 50, 0), epoch: t0 + 50, cause, fact }))
    };
    let repeat = |first| Fact::Repeated(Box::new(Repeat { operation: "transfer".to_owned(), first_epoch: t0 + 5, first }));
    let remember = |key: &str, known| bank.recent.lock().expect("nobody panics").insert(command(key), known);
    remember("new", Known::Pending(position));
    remember("decided", event("decided", Fact::Transaction(transfer(&bank, t0 + 50, None))));
    assert_eq!(bank.staff(&operation("new")).await?, json!({"id": command("new"), "status": "pending", "command": "0:77", "as_of": as_of}));
    let decided = bank.staff(&operation("decided")).await?;
    assert_eq!((&decided["status"], &decided["epoch"], &decided["as_of"]), (&json!("settled"), &json!(t0 + 50), &json!(t0 + 50)));
    assert_eq!(bank.seen(1, &operation("decided")).await?.0, 200, "the payee is a party");

    // A retry, however far it is, changes nothing about the first decision.
    remember("transfer", Known::Pending(position));
    assert_eq!(bank.staff(&operation("transfer")).await?, settled);
    remember("transfer", event("transfer", repeat(Some(Fact::Transaction(transfer(&bank, t0 + 5, None))))));
    assert_eq!(bank.staff(&operation("transfer")).await?, settled);
    remember("transfer", event("transfer", repeat(None)));
    assert_eq!(bank.staff(&operation("transfer")).await?, settled);

    // What nobody knows is not there, once the log has been read.
    assert_eq!(bank.seen(0, &operation("unknown")).await?, (404, "operation_not_found".to_owned()));
    bank.caught_up.store(false, Ordering::Relaxed);
    assert_eq!(bank.seen(0, &operation("unknown")).await?, (503, "view_behind".to_owned()));
    assert_eq!(bank.server.send(reqwest::Method::GET, "/readyz", &[], Vec::new()).await?.problem()?.errors[0].pointer, "log");
    bank.caught_up.store(true, Ordering::Relaxed);
    let ready = readiness(&bank).await?.json()?;
    assert_eq!(ready, json!({"status": "ready", "checks": {"log": "ok", "postgres": "ok", "views": "ok"}}));
    bank.close().await
}

#[tokio::test]
async fn progress_is_read_as_it_stands() -> anyhow::Result<()> {
    let Some(bank) = bank().await? else { return Ok(()) };
    assert_eq!(Shown::read(&bank.pool).await?, Some(Shown { epoch: bank.t0 + 10, commands_upper: vec![10] }));
    // Once the server has seen the row, a read of that account waits for nothing.
    let account = format!("/v1/accounts/{}", bank.account(0));
    assert_eq!(bank.seen(0, &account).await?.0, 200);
    sqlx::query("delete from sink_progress").execute(&bank.pool).await?;
    assert_eq!(Shown::read(&bank.pool).await?, None);
    assert_eq!(bank.seen(0, &account).await?, (503, "view_unavailable".to_owned()));
    bank.close().await
}

#[tokio::test]
async fn a_new_bank_is_not_ready_before_its_views_show_something() -> anyhow::Result<()> {
    let Some(bank) = bank().await? else { return Ok(()) };
    show(&bank, 0, 0).await?;
    let waiting = readiness(&bank).await?.problem()?;
    assert_eq!((waiting.status, waiting.errors[0].pointer.as_str()), (503, "views"));
    bank.close().await
}

/// Whether the server is ready; asked again where Postgres, which is busy with other tests, did not answer within the second that it has.
async fn readiness(bank: &Bank) -> anyhow::Result<Answer> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let answer = bank.server.send(reqwest::Method::GET, "/readyz", &[], Vec::new()).await?;
        let is_slow = answer.status == 503 && answer.problem()?.errors.iter().any(|error| error.pointer == "postgres");
        if !is_slow || Instant::now() > deadline {
            return Ok(answer);
        }
    }
}
