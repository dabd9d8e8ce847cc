//! Who may ask: every route against every kind of token.

use super::server::{CUSTOMER, Ground, STAFF, Server};
use orion::config::Auth;
use orion::token;
use reqwest::Method;
use schemas::{CustomerId, Scope};
use serde_json::json;

/// Every route that needs a token, and the scopes that it needs.
fn closed() -> Vec<(Method, String, Vec<Scope>)> {
    let id = "7d444840-9dc0-41d1-b245-5ffdce74fad2";
    let write = |path: &str, scopes: &[Scope]| (Method::POST, path.to_owned(), scopes.to_vec());
    let read = |path: String, scope: Scope| (Method::GET, path, vec![scope]);
    let shown = |path: &str| (Method::GET, path.to_owned(), vec![Scope::AmlRead, Scope::Operator]);
    vec![
        write("/v1/customers", &[Scope::CustomersWrite, Scope::Operator]),
        write("/v1/accounts", &[Scope::AccountsWrite]),
        write("/v1/transactions/deposit", &[Scope::TransactionsWrite]),
        write("/v1/transactions/withdrawal", &[Scope::TransactionsWrite]),
        write("/v1/transactions/transfer", &[Scope::TransactionsWrite]),
        write("/v1/transactions/merchant-payment", &[Scope::TransactionsWrite]),
        write(&format!("/v1/accounts/{id}/suspend"), &[Scope::AccountsWrite, Scope::Operator]),
        write(&format!("/v1/accounts/{id}/reactivate"), &[Scope::AccountsWrite, Scope::Operator]),
        write(&format!("/v1/accounts/{id}/close"), &[Scope::AccountsWrite, Scope::Operator]),
        write("/v1/transactions/bill-payment", &[Scope::TransactionsWrite]),
        write("/v1/holds", &[Scope::TransactionsWrite]),
        write(&format!("/v1/holds/{id}/captures"), &[Scope::TransactionsWrite]),
        write(&format!("/v1/holds/{id}/release"), &[Scope::TransactionsWrite]),
        write(&format!("/v1/transactions/{id}/refunds"), &[Scope::TransactionsWrite]),
        write(&format!("/v1/transactions/{id}/reverse"), &[Scope::TransactionsWrite, Scope::Operator]),
        write(&format!("/v1/customers/{id}/level"), &[Scope::CustomersWrite, Scope::Operator]),
        write(&format!("/v1/accounts/{id}/terms"), &[Scope::AccountsWrite, Scope::Operator]),
        write("/v1/levels/standard/limits", &[Scope::RulesWrite, Scope::Operator]),
        write("/v1/tariffs", &[Scope::RulesWrite, Scope::Operator]),
        write("/v1/tariffs/bills/withdraw", &[Scope::RulesWrite, Scope::Operator]),
        write("/v1/rules", &[Scope::RulesWrite, Scope::Operator]),
        read("/v1/rules".to_owned(), Scope::RulesRead),
        read(format!("/v1/customers/{id}"), Scope::CustomersRead),
        read(format!("/v1/accounts/{id}"), Scope::AccountsRead),
        read(format!("/v1/accounts/{id}/balance"), Scope::AccountsRead),
        read(format!("/v1/accounts?customer_id={id}"), Scope::AccountsRead),
        read(format!("/v1/accounts/{id}/entries"), Scope::AccountsRead),
        read(format!("/v1/accounts/{id}/orders"), Scope::TransactionsRead),
        read("/v1/transactions".to_owned(), Scope::TransactionsRead),
        read(format!("/v1/transactions/{id}"), Scope::TransactionsRead),
        read(format!("/v1/transactions/{id}/timeline"), Scope::TransactionsRead),
        read(format!("/v1/operations/{id}"), Scope::TransactionsRead),
        read("/v1/aggregates/merchants?day=1&currency=XOF".to_owned(), Scope::ReportsRead),
        read("/v1/aggregates/volume?from=1&to=2&by=day".to_owned(), Scope::ReportsRead),
        read("/v1/views/accounts/stream".to_owned(), Scope::AccountsRead),
        read("/v1/transactions/stream".to_owned(), Scope::TransactionsRead),
        read("/v1/taps/transaction.settled.v1?from=never".to_owned(), Scope::Tap),
        read("/v1/aggregates/positions".to_owned(), Scope::ReportsRead),
        read("/v1/aggregates/liabilities".to_owned(), Scope::ReportsRead),
        read("/v1/aggregates/customers?from=1&to=2&by=day".to_owned(), Scope::ReportsRead),
        read("/v1/aggregates/latency?from=1&to=2&by=day".to_owned(), Scope::ReportsRead),
        shown("/admin/aml/alerts"),
        shown("/admin/aml/alerts/stream"),
        shown(&format!("/admin/aml/alerts/{id}")),
        shown(&format!("/admin/aml/customers/{id}/risk")),
        read("/metrics".to_owned(), Scope::MetricsRead),
    ]
}

#[tokio::test]
async fn without_a_good_token_nothing_is_answered() -> anyhow::Result<()> {
    let server = Server::start(Ground::none()?).await?;
    let stranger = Server::start(Ground::none()?).await?;
    let elsewhere = |issuer: &str, audience: &str| Auth { issuer: issuer.to_owned(), audience: audience.to_owned(), ..server.auth.clone() };
    let expired = json!({"iss": server.auth.issuer, "aud": server.auth.audience, "sub": "a", "scope": STAFF, "exp": 1_700_000_000});
    let public = std::fs::read(&server.auth.public_key)?;
    let confused = {
        let claims = json!({"iss": server.auth.issuer, "aud": server.auth.audience, "sub": "a", "scope": STAFF, "exp": 9_999_999_999_u64});
        jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &jsonwebtoken::EncodingKey::from_secret(&public))?
    };
    let tokens = [
        (None, "token_missing", "Bearer realm=\"orion\""),
        (Some("garbage".to_owned()), "invalid_token", "Bearer realm=\"orion\", error=\"invalid_token\""),
        (Some(stranger.token("a", STAFF)?), "invalid_token", "Bearer realm=\"orion\", error=\"invalid_token\""),
        (
            Some(token::sign(&elsewhere("https://other.test", "orion"), "a", STAFF, 60)?),
            "invalid_token",
            "Bearer realm=\"orion\", error=\"invalid_token\"",
        ),
        (
            Some(token::sign(&elsewhere("https://issuer.test", "other"), "a", STAFF, 60)?),
            "invalid_token",
            "Bearer realm=\"orion\", error=\"invalid_token\"",
        ),
        (Some(token::sign_claims(&server.auth, &expired)?), "invalid_token", "Bearer realm=\"orion\", error=\"invalid_token\""),
        (Some(confused), "invalid_token", "Bearer realm=\"orion\", error=\"invalid_token\""),
    ];
    for (method, path, _) in closed() {
        for (token, code, challenge) in &tokens {
            let bearer = token.as_ref().map(|token| format!("Bearer {token}"));
            let headers: Vec<_> = bearer.iter().map(|bearer| ("authorization", bearer.as_str())).collect();
            let answer = server.send(method.clone(), &path, &headers, Vec::new()).await?;
            let problem = answer.problem()?;
            assert_eq!((problem.status, problem.code.as_str()), (401, *code), "{method} {path} {token:?}");
            assert_eq!(answer.header("www-authenticate"), *challenge);
            assert!(token.as_ref().is_none_or(|token| !answer.text.contains(token)), "a token is never part of an answer");
        }
    }
    Ok(())
}

#[tokio::test]
async fn every_scope_is_needed() -> anyhow::Result<()> {
    let server = Server::start(Ground::none()?).await?;
    for (method, path, needed) in closed() {
        for lacking in &needed {
            let others: Vec<_> = Scope::ALL.iter().filter(|scope| *scope != lacking).map(|scope| scope.as_str()).collect();
            let bearer = format!("Bearer {}", server.token("a", &others.join(" "))?);
            let problem = server.send(method.clone(), &path, &[("authorization", &bearer)], Vec::new()).await?.problem()?;
            assert_eq!((problem.status, problem.code.as_str()), (403, "insufficient_scope"), "{method} {path} without {lacking}");
            assert!(problem.detail.contains(lacking.as_str()), "{}", problem.detail);
        }
        // With exactly what is needed it gets past the door, to where nothing answers.
        let exactly: Vec<_> = needed.iter().map(|scope| scope.as_str()).collect();
        let bearer = format!("Bearer {}", server.token("a", &exactly.join(" "))?);
        let answer = server.send(method.clone(), &path, &[("authorization", &bearer)], Vec::new()).await?;
        assert!(!matches!(answer.status, 401 | 403), "{method} {path}: {answer:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_customer_is_no_other_customer() -> anyhow::Result<()> {
    let server = Server::start(Ground::none()?).await?;
    let (awa, other) = (CustomerId::mint(1, 0), CustomerId::mint(1, 1));
    let token = server.token(&awa.to_string(), CUSTOMER)?;
    let problem = server.get(&token, &format!("/v1/customers/{other}")).await?.problem()?;
    assert_eq!((problem.status, problem.code.as_str()), (404, "customer_not_found"));
    Ok(())
}
