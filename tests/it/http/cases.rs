//! Identities and cases over HTTP: what can't be asked, and the walk of a customer from the first document to an approval, of an alert and
//! of a payment that is held, while the settlement cell dies in between.

use super::bank::bank;
use super::scene::{Scene, WAIT, key, text};
use super::server::{Ground, STAFF, Server};
use crate::house::House;
use anyhow::ensure;
use reqwest::Method;
use schemas::document::{BirthDate, Format, Mrz, Sex};
use schemas::{AlertId, CaseId, day, rfc3339};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

const A: &str = "019ab6f5-1c7b-7002-8000-000000000000";

fn zone() -> anyhow::Result<Vec<String>> {
    let zone = Mrz {
        format: Format::Td1,
        code: "I".to_owned(),
        issuer: "SEN".to_owned(),
        number: "AB1234567".to_owned(),
        surname: "DIOP".to_owned(),
        given_names: "AWA".to_owned(),
        nationality: "SEN".to_owned(),
        birth: BirthDate::of(day::of(1990, 4, 17).expect("a day")),
        sex: Sex::Female,
        expires_on: day::of(2032, 3, 1).expect("a day"),
        optional: String::new(),
        optional_more: String::new(),
    };
    Ok(zone.lines()?)
}

/// A line with another digit at a place.
fn spoilt(line: &str, place: usize) -> String {
    let other = if &line[place..=place] == "9" { "0" } else { "9" };
    format!("{}{other}{}", &line[..place], &line[place + 1..])
}

fn document(mrz: &[String]) -> Value {
    json!({
        "type": "national_id", "number": "AB 123-4567", "country": "SN", "issued_on": "2022-03-01", "expires_on": "2032-03-01",
        "surname": "Diop", "given_names": "Awa", "date_of_birth": "1990-04-17", "sex": "female", "nationality": "SN", "mrz": mrz,
    })
}

/// The same with another value of a field.
fn with(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

#[tokio::test]
async fn what_can_not_be_asked_is_refused_where_it_stands() -> anyhow::Result<()> {
    let server = Server::start(Ground::none()?).await?;
    let staff = server.token("teller", STAFF)?;
    let documents = format!("/v1/customers/{A}/kyc/documents");
    let (right, mut wrong) = (zone()?, zone()?);
    // The digit of the birth, by one.
    wrong[1] = spoilt(&wrong[1], 6);
    let good = || document(&right);
    let kyc = format!("/admin/kyc/{A}/decision");
    let of = |path: &str| format!("/admin/cases/{A}/{path}");
    let cases: Vec<(&str, String, Value, Vec<&str>)> = vec![
        ("PATCH", format!("/v1/customers/{A}"), json!({}), vec![""]),
        ("PATCH", "/v1/customers/x".to_owned(), json!({"country": "SN"}), vec!["id"]),
        ("PATCH", format!("/v1/customers/{A}"), json!({"full_name": " ", "msisdn": "77"}), vec!["/full_name", "/msisdn"]),
        (
            "PATCH",
            format!("/v1/customers/{A}"),
            json!({"country": "sn", "date_of_birth": "1849-12-31"}),
            vec!["/country", "/date_of_birth"],
        ),
        ("PATCH", format!("/v1/customers/{A}"), json!({"date_of_birth": "1990-02-30"}), vec!["/date_of_birth"]),
        ("POST", documents.clone(), json!({}), vec!["/type", "/number", "/country", "/surname", "/date_of_birth"]),
        ("POST", documents.clone(), with(good(), "type", json!("club_card")), vec!["/type"]),
        ("POST", documents.clone(), with(good(), "number", json!("---")), vec!["/number"]),
        ("POST", documents.clone(), with(good(), "country", json!("XX")), vec!["/country"]),
        ("POST", documents.clone(), with(good(), "issued_on", json!("1980-01-01")), vec!["/issued_on"]),
        ("POST", documents.clone(), with(good(), "expires_on", json!("2020-01-01")), vec!["/expires_on"]),
        ("POST", documents.clone(), with(good(), "surname", json!("")), vec!["/surname"]),
        ("POST", documents.clone(), with(good(), "mrz", json!(wrong)), vec!["/mrz"]),
        ("POST", documents.clone(), with(good(), "mrz", json!(["short"])), vec!["/mrz"]),
        ("POST", documents.clone(), with(good(), "number", json!("AB1234568")), vec!["/number"]),
        ("POST", documents.clone(), with(good(), "date_of_birth", json!("1990-04-18")), vec!["/date_of_birth"]),
        ("POST", documents.clone(), with(with(good(), "surname", json!("Ba")), "sex", json!("male")), vec!["/sex", "/surname"]),
        ("POST", documents, with(good(), "type", json!("voter_card")), vec!["/mrz"]),
        ("POST", kyc.clone(), json!({"decision": "maybe", "reason": " "}), vec!["/decision", "/reason"]),
        ("POST", kyc.clone(), json!({"decision": "approve", "reason": "x"}), vec!["/level"]),
        ("POST", kyc.clone(), json!({"decision": "approve", "level": "unidentified", "reason": "x"}), vec!["/level"]),
        ("POST", kyc, json!({"decision": "reject", "level": "standard", "reason": "x"}), vec!["/level"]),
        ("POST", "/admin/cases".to_owned(), json!({"kind": "review", "customer_id": A, "reason": "x"}), vec!["/kind"]),
        ("POST", "/admin/cases".to_owned(), json!({"kind": "hit", "reason": "x"}), vec!["/customer_id"]),
        ("POST", "/admin/cases".to_owned(), json!({"kind": "alert", "account_id": A, "reason": "x"}), vec!["/alert_id"]),
        (
            "POST",
            "/admin/cases".to_owned(),
            json!({"kind": "enrolment", "customer_id": A, "account_id": A, "reason": "x"}),
            vec!["/account_id"],
        ),
        ("POST", "/admin/cases".to_owned(), json!({"kind": "hit", "customer_id": "x"}), vec!["/customer_id", "/reason"]),
        ("POST", of("assign"), json!({"assignee": ""}), vec!["/assignee"]),
        ("POST", of("comments"), json!({"comment": "x".repeat(2_001)}), vec!["/comment"]),
        ("POST", of("snooze"), json!({"until": "tomorrow"}), vec!["/until", "/reason"]),
        ("POST", of("escalate"), json!({}), vec!["/reason"]),
        ("POST", of("decision"), json!({"outcome": "approved", "reason": "x"}), vec!["/outcome"]),
        (
            "POST",
            "/admin/cases/policy".to_owned(),
            json!({"hit_due_ms": 59_999, "four_eyes": ["all"]}),
            vec!["/hit_due_ms", "/four_eyes/0"],
        ),
    ];
    for (verb, path, body, pointers) in cases {
        let problem = ask(&server, &staff, verb, &path, &body).await?.problem()?;
        let mut found: Vec<_> = problem.errors.iter().map(|error| error.pointer.as_str()).collect();
        found.dedup();
        assert_eq!((problem.status, problem.code.as_str(), &found[..]), (400, "invalid_request", &pointers[..]), "{path} {body}");
    }
    Ok(())
}

#[tokio::test]
async fn the_alert_of_a_case_may_be_shown_later_than_the_case() -> anyhow::Result<()> {
    let Some(bank) = bank().await? else { return Ok(()) };
    let (staff, opened_at) = (bank.server.token("teller", STAFF)?, bank.t0 + 8);
    let case = CaseId::mint(opened_at, 0);
    sqlx::query(
        "insert into case_file (id, kind, status, alert_id, escalation, opened_at, due_at) values ($1, 'alert', 'open', $2, 0, $3, $3)",
    )
    .bind(case.0)
    .bind(uuid::Uuid::new_v4())
    .bind(i64::try_from(opened_at)?)
    .execute(&bank.pool)
    .await?;
    // Risk has shown everything before the case; then the case's epoch as well, and there is no such alert.
    for (epoch, expected) in [(opened_at, (503, "view_behind")), (opened_at + 1, (422, "case_not_reportable"))] {
        sqlx::query("update risk_progress set epoch = $1").bind(i64::try_from(epoch)?).execute(&bank.pool).await?;
        let problem = bank.server.get(&staff, &format!("/admin/cases/{case}/report")).await?.problem()?;
        assert_eq!((problem.status, problem.code.as_str()), expected, "risk shows all before {epoch}");
    }
    bank.close().await
}

async fn ask(server: &Server, token: &str, verb: &str, path: &str, body: &Value) -> anyhow::Result<super::server::Answer> {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", &*bearer), ("content-type", "application/json"), ("idempotency-key", &*key()), WAIT];
    let verb: Method = verb.parse()?;
    server.send(verb, path, &headers, body.to_string().into_bytes()).await
}

#[test]
fn customers_are_approved_alerts_decided_and_reviews_follow_their_payments() -> anyhow::Result<()> {
    let Some(house) = House::start("cases")? else { return Ok(()) };
    let server = Server::at(&house.base, house.auth())?;
    tokio::runtime::Runtime::new()?.block_on(async {
        let scene = Scene::open(&server, "10000").await?;
        enrolled(&scene, &house).await?;
        alerted(&scene).await?;
        waiting(&scene).await?;
        reviewed(&scene, &house).await
    })?;
    for (arguments, says) in [
        (&["verify", "books"][..], "XOF: sum 0,"),
        (&["replay", "--from-kafka"], "give what was committed"),
        (&["replay", "--shadow"], "case_change:"),
    ] {
        let output = house.orion().args(arguments).output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success() && said.contains(says), "{arguments:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
    }
    house.forget()
}

/// From the first document to an approval by two; limits follow.
async fn enrolled(scene: &Scene<'_>, house: &House) -> anyhow::Result<()> {
    let server = scene.server;
    let limits = json!({"currency": "XOF", "limits": {"debit": {"operation": "100"}}});
    scene.post(&scene.staff, "/v1/levels/unidentified/limits", &limits, 200).await?;
    let transfer = "/v1/transactions/merchant-payment";
    scene.refused(&scene.own, transfer, &scene.pay("", "101", json!({})), "operation_limit_exceeded").await?;

    let own = server.token(&scene.customer, "customers:read customers:write")?;
    let documents = format!("/v1/customers/{}/kyc/documents", scene.customer);
    let mut wrong = zone()?;
    wrong[0] = spoilt(&wrong[0], 14);
    let problem = server.post(&own, &documents, &[WAIT, ("idempotency-key", &key())], &document(&wrong)).await?.problem()?;
    ensure!(
        problem.status == 400 && problem.errors[0].pointer == "/mrz" && problem.errors[0].detail.contains("document number"),
        "{problem:?}"
    );
    let submitted = scene.post(&own, &documents, &document(&zone()?), 201).await?;
    ensure!(submitted["status"] == "pending" && submitted["document"]["number"] == "...4567", "{submitted}");
    house.kill_cell("settlement")?;

    // Its case is open, and the next to look at.
    let kyc = format!("/v1/customers/{}/kyc", scene.customer);
    let shown = scene.read(&kyc, &submitted).await?;
    ensure!(shown["status"] == "pending" && shown["documents"][0]["mrz_checked"] == true, "{shown}");
    let case = text(&shown["open_case"]).to_owned();
    let next = scene.read("/admin/kyc/cases/next", &submitted).await?;
    ensure!(next["case"]["id"] == case.as_str() && next["case"]["kind"] == "enrolment" && next["history"][0]["by"] == "orion", "{next}");
    let pending = scene.read("/admin/pending", &submitted).await?;
    let listed =
        |what: &str, id: &str| pending["pending"].as_array().into_iter().flatten().any(|item| item["what"] == what && item["id"] == id);
    ensure!(listed("case", &case) && listed("customer", &scene.customer), "{pending}");

    // Somebody works on it.
    let of = |path: &str| format!("/admin/cases/{case}/{path}");
    let assigned = scene.post(&scene.staff, &of("assign"), &json!({"assignee": "teller"}), 200).await?;
    ensure!(assigned["change"] == "assigned" && assigned["value"] == "teller", "{assigned}");
    scene.refused(&scene.staff, &of("assign"), &json!({"assignee": "teller"}), "case_unchanged").await?;
    scene.post(&scene.staff, &of("comments"), &json!({"comment": "called, no answer"}), 200).await?;
    let later = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)? + Duration::from_secs(3_600);
    let until = rfc3339(u64::try_from(later.as_millis())?);
    let slept = scene.post(&scene.staff, &of("snooze"), &json!({"until": until, "reason": "calls back"}), 200).await?;
    ensure!(slept["status"] == "snoozed", "{slept}");
    let none = server.get(&scene.staff, &format!("/admin/kyc/cases/next?at_least={}", slept["epoch"])).await?;
    ensure!(none.problem()?.code == "case_not_found", "what sleeps is not next");

    // Two have to approve what can't be more.
    let decision = format!("/admin/kyc/{case}/decision");
    let approve = |level: &str| json!({"decision": "approve", "level": level, "reason": "seen in the branch"});
    let asked = scene.post(&scene.staff, &decision, &approve("enhanced"), 200).await?;
    ensure!(asked["status"] == "awaiting_confirmation" && asked["outcome"] == "approved", "{asked}");
    house.kill_cell("settlement")?;
    scene.refused(&scene.staff, &decision, &approve("enhanced"), "four_eyes_required").await?;
    let party = server.token(&scene.customer, STAFF)?;
    scene.refused(&party, &decision, &approve("enhanced"), "not_authorized").await?;
    let other = server.token("mariama", STAFF)?;
    let withdrawn = scene.post(&other, &decision, &approve("standard"), 200).await?;
    ensure!(withdrawn["change"] == "confirmation_withdrawn" && withdrawn["status"] == "open", "{withdrawn}");
    scene.post(&other, &decision, &approve("enhanced"), 200).await?;
    let closed = scene.post(&scene.staff, &decision, &approve("enhanced"), 200).await?;
    ensure!(closed["status"] == "closed" && closed["level"] == "enhanced", "{closed}");
    scene.refused(&scene.staff, &decision, &approve("enhanced"), "case_not_open").await?;

    // Level, limits and everything that shows them follow.
    let shown = scene.read(&kyc, &closed).await?;
    ensure!(shown["status"] == "verified" && shown["level"] == "enhanced" && shown["open_case"].is_null(), "{shown}");
    let customer = scene.read(&format!("/v1/customers/{}", scene.customer), &closed).await?;
    ensure!(customer["kyc_status"] == "verified" && customer["level"] == "enhanced", "{customer}");
    scene.post(&scene.own, transfer, &scene.pay("", "101", json!({})), 201).await?;
    let told = scene.read(&format!("/admin/kyc/cases/{case}"), &closed).await?;
    let changes: Vec<_> = told["history"].as_array().into_iter().flatten().map(|event| text(&event["change"])).collect();
    let expected =
        ["opened", "assigned", "commented", "snoozed", "confirmation_asked", "confirmation_withdrawn", "confirmation_asked", "closed"];
    assert_eq!(changes, expected);
    assert_eq!(
        (&told["case"]["status"], &told["case"]["outcome"], &told["case"]["assignee"]),
        (&json!("closed"), &json!("approved"), &json!("teller"))
    );

    // What is changed of a customer is shown, and the same document at somebody else is found.
    let update =
        ask(server, &scene.staff, "PATCH", &format!("/v1/customers/{}", scene.customer), &json!({"full_name": "Awa Ndiaye"})).await?;
    let updated = scene.done(update, 200)?;
    ensure!(scene.read(&format!("/v1/customers/{}", scene.customer), &updated).await?["full_name"] == "Awa Ndiaye");
    let double = scene.post(&scene.staff, "/v1/customers", &json!({"full_name": "Awa Diop"}), 201).await?;
    let double = text(&double["id"]).to_owned();
    let again = scene.post(&scene.staff, &format!("/v1/customers/{double}/kyc/documents"), &document(&[]), 201).await?;
    let shown = scene.read(&format!("/v1/customers/{double}/kyc"), &again).await?;
    ensure!(shown["documents"][0]["duplicate_of"] == scene.customer.as_str(), "{shown}");
    let own = server.token(&double, "customers:read")?;
    let theirs = server.get(&own, &format!("/v1/customers/{double}/kyc?at_least={}", again["epoch"])).await?.json()?;
    ensure!(theirs["documents"][0].get("duplicate_of").is_none(), "nobody is told of another: {theirs}");
    let open = scene.read("/admin/kyc/cases", &again).await?;
    ensure!(
        open["cases"]
            .as_array()
            .is_some_and(|cases| cases.iter().any(|case| case["customer_id"] == double.as_str() && case["escalation"] == 1))
    );
    Ok(())
}

/// One case an alert, decided by staff.
async fn alerted(scene: &Scene<'_>) -> anyhow::Result<()> {
    let alert = AlertId(uuid::Uuid::new_v4()).to_string();
    let open = json!({"kind": "alert", "account_id": scene.wallet, "alert_id": alert, "reason": "fan_in"});
    let opened = scene.post(&scene.staff, "/admin/cases", &open, 201).await?;
    scene.refused(&scene.staff, "/admin/cases", &open, "case_is_open").await?;
    let case = text(&opened["case_id"]).to_owned();
    scene.post(&scene.staff, &format!("/admin/cases/{case}/escalate"), &json!({"reason": "a large amount"}), 200).await?;
    let list = |filter: &str| format!("/admin/kyc/cases?{filter}&at_least={}", opened["epoch"]);
    for (filter, count) in [
        (format!("alert_id={alert}"), 1),
        (format!("account_id={}&kind=alert&status=open&overdue=false", scene.wallet), 1),
        (format!("alert_id={alert}&overdue=true"), 0),
        (format!("alert_id={alert}&assignee=nobody"), 0),
    ] {
        let found = scene.server.get(&scene.staff, &list(&filter)).await?.json()?;
        ensure!(found["cases"].as_array().map(Vec::len) == Some(count), "{filter}: {found}");
    }
    let wrong = scene.server.get(&scene.staff, "/admin/kyc/cases?kind=x&overdue=maybe").await?.problem()?;
    ensure!(wrong.status == 400 && wrong.errors.len() == 2, "{wrong:?}");
    let decision = format!("/admin/cases/{case}/decision");
    let closed = scene.post(&scene.staff, &decision, &json!({"outcome": "confirmed_risk", "reason": "seen before"}), 200).await?;
    ensure!(closed["outcome"] == "confirmed_risk" && closed["status"] == "closed", "{closed}");
    let operation = scene.read(&format!("/admin/kyc/cases/{case}"), &closed).await?;
    ensure!(operation["case"]["escalation"] == 1 && operation["case"]["closed_at"] == closed["epoch"], "{operation}");
    Ok(())
}

/// What is held for a payee or until its day is listed as long as it is.
async fn waiting(scene: &Scene<'_>) -> anyhow::Result<()> {
    let hold = scene.reserve("10").await?;
    let soon = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)? + Duration::from_secs(86_400);
    let later = json!({"execute_at": rfc3339(u64::try_from(soon.as_millis())?)});
    let order = scene.post(&scene.own, "/v1/transactions/merchant-payment", &scene.pay("", "10", later), 202).await?;
    let ids = [("hold", text(&hold["id"]).to_owned()), ("order", text(&order["id"]).to_owned())];
    let listed = async |since: &Value| -> anyhow::Result<[bool; 2]> {
        let told = scene.read("/admin/pending", since).await?;
        let items = told["pending"].as_array().cloned().unwrap_or_default();
        Ok([&ids[0], &ids[1]].map(|(what, id)| items.iter().any(|item| item["what"] == *what && item["id"] == id.as_str())))
    };
    ensure!(listed(&order).await? == [true, true], "{ids:?}");
    scene.post(&scene.shop, &format!("/v1/holds/{}/release", ids[0].1), &json!({}), 200).await?;
    let cancelled = scene.post(&scene.own, &format!("/v1/orders/{}/cancel", ids[1].1), &json!({}), 200).await?;
    ensure!(listed(&cancelled).await? == [false, false], "{ids:?}");
    Ok(())
}

/// The case of a payment that is held opens with it and closes with it.
async fn reviewed(scene: &Scene<'_>, house: &House) -> anyhow::Result<()> {
    let rule = "/admin/aml/rules/velocity_amount";
    scene.post(&scene.staff, rule, &json!({"parameters": {"account_10min_minor": 1, "action": 1}}), 200).await?;
    let transfer = "/v1/transactions/merchant-payment";
    let answer = scene.server.post(&scene.own, transfer, &[WAIT, ("idempotency-key", &key())], &scene.pay("", "50", json!({}))).await?;
    let held = scene.done(answer, 202)?;
    let hold = text(&held["resource"]).trim_start_matches("/v1/holds/").to_owned();
    house.kill_cell("settlement")?;
    let open = scene.server.get(&scene.staff, &format!("/admin/kyc/cases?kind=review&at_least={}", held["epoch"])).await?.json()?;
    let case = open["cases"][0].clone();
    ensure!(case["hold_id"] == hold.as_str() && case["customer_id"] == scene.customer.as_str(), "{open}");
    let id = text(&case["id"]);
    let decision = json!({"outcome": "false_positive", "reason": "x"});
    scene.refused(&scene.staff, &format!("/admin/cases/{id}/decision"), &decision, "case_not_permitted").await?;
    let release = json!({"decision": "release", "reason": "the customer was called"});
    let paid = scene.post(&scene.staff, &format!("/admin/aml/holds/{hold}/review"), &release, 201).await?;
    let closed = scene.read(&format!("/admin/kyc/cases/{id}"), &paid).await?;
    let last = &closed["history"][1];
    assert_eq!((&closed["case"]["status"], &last["outcome"], &last["by"]), (&json!("closed"), &json!("approved"), &json!("teller")));
    assert_eq!(last["reason"], "the customer was called");
    scene.post(&scene.staff, rule, &json!({"enabled": false}), 200).await?;
    Ok(())
}
