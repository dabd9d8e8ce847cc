//! Who may ask what: one line a route. Nothing here comes from the code that is tested.

use super::Who::{self, Agent, Payee, Payer};

/// A status of REST, and the code of its problem; empty where there is none.
pub(super) type Cell = (u16, &'static str);

/// A route, and what becomes of a request for it.
pub(super) struct Row {
    /// As OpenAPI has it.
    pub(super) route: &'static str,
    /// What is asked, as JSON; `{names}` are made for it.
    pub(super) fields: &'static str,
    /// What the token must allow.
    pub(super) scopes: &'static str,
    /// Whose it is.
    pub(super) owner: Who,
    /// What somebody else hears, who has all scopes but the operator's.
    pub(super) another: Cell,
    /// What its owner hears, who has the same.
    pub(super) own: Cell,
    /// What staff hears.
    pub(super) staff: Cell,
}

/// Only staff may.
const NO: Cell = (403, "insufficient_scope");
/// The ledger says no, whether it is there or not.
const REFUSED: Cell = (422, "not_authorized");
const OK: Cell = (200, "");
const MADE: Cell = (201, "");
const NO_ACCOUNT: Cell = (404, "account_not_found");
const NO_CUSTOMER: Cell = (404, "customer_not_found");
const NO_TRANSACTION: Cell = (404, "transaction_not_found");

const fn row(
    route: &'static str,
    fields: &'static str,
    scopes: &'static str,
    (owner, another, own, staff): (Who, Cell, Cell, Cell),
) -> Row {
    Row { route, fields, scopes, owner, another, own, staff }
}

/// A payment of the payer's to the payee.
const PAY: &str = r#"{"account_debit": "{wallet}", "account_credit": "{till}", "amount": "1", "currency": "XOF"}"#;
const ACCOUNT: &str = r#"{"id": "{account}"}"#;
const SUM: &str = r#"{"id": "{payment}", "amount": "1", "currency": "XOF"}"#;

/// Every route that needs a token.
pub(super) const CLOSED: &[Row] = &[
    row("POST /v1/customers", r#"{"full_name": "Awa"}"#, "customers:write operator", (Payer, NO, NO, MADE)),
    row("POST /v1/customers/{id}/level", r#"{"id": "{customer}", "level": "standard"}"#, "customers:write operator", (Payer, NO, NO, OK)),
    row(
        "POST /v1/accounts",
        r#"{"customer_id": "{customer}", "type": "wallet", "currency": "XOF"}"#,
        "accounts:write",
        (Payer, REFUSED, MADE, MADE),
    ),
    row("POST /v1/accounts/{id}/suspend", ACCOUNT, "accounts:write operator", (Payer, NO, NO, OK)),
    row("POST /v1/accounts/{id}/reactivate", r#"{"id": "{suspended}"}"#, "accounts:write operator", (Payer, NO, NO, OK)),
    row("POST /v1/accounts/{id}/close", ACCOUNT, "accounts:write operator", (Payer, NO, NO, OK)),
    row(
        "POST /v1/accounts/{id}/terms",
        r#"{"id": "{account}", "currency": "XOF", "limits": {}}"#,
        "accounts:write operator",
        (Payer, NO, NO, OK),
    ),
    row(
        "POST /v1/transactions/deposit",
        r#"{"account_debit": "{float}", "account_credit": "{wallet}", "amount": "1", "currency": "XOF"}"#,
        "transactions:write",
        (Agent, REFUSED, MADE, MADE),
    ),
    row(
        "POST /v1/transactions/withdrawal",
        r#"{"account_debit": "{wallet}", "account_credit": "{float}", "amount": "1", "currency": "XOF"}"#,
        "transactions:write",
        (Payer, REFUSED, MADE, MADE),
    ),
    row(
        "POST /v1/transactions/transfer",
        r#"{"account_debit": "{wallet}", "account_credit": "{account}", "amount": "1", "currency": "XOF"}"#,
        "transactions:write",
        (Payer, REFUSED, MADE, MADE),
    ),
    row("POST /v1/transactions/merchant-payment", PAY, "transactions:write", (Payer, REFUSED, MADE, MADE)),
    row("POST /v1/transactions/bill-payment", PAY, "transactions:write", (Payer, REFUSED, MADE, MADE)),
    row(
        "POST /v1/holds",
        r#"{"operation": "merchant_payment", "account_debit": "{wallet}", "account_credit": "{till}", "amount": "1", "currency": "XOF", "expires_in_seconds": 60}"#,
        "transactions:write",
        (Payer, REFUSED, MADE, MADE),
    ),
    row(
        "POST /v1/holds/{id}/captures",
        r#"{"id": "{hold}", "amount": "1", "currency": "XOF"}"#,
        "transactions:write",
        (Payee, REFUSED, MADE, MADE),
    ),
    row("POST /v1/holds/{id}/release", r#"{"id": "{hold}"}"#, "transactions:write", (Payee, REFUSED, OK, OK)),
    row("POST /v1/transactions/{id}/refunds", SUM, "transactions:write", (Payee, REFUSED, MADE, MADE)),
    row("POST /v1/transactions/{id}/reverse", r#"{"id": "{payment}"}"#, "transactions:write operator", (Payee, NO, NO, MADE)),
    row(
        "POST /v1/batches",
        r#"{"items": [{"operation": "merchant_payment", "account_debit": "{wallet}", "account_credit": "{till}", "amount": "1", "currency": "XOF"}]}"#,
        "transactions:write",
        (Payer, REFUSED, OK, OK),
    ),
    row("POST /v1/orders/{id}/cancel", r#"{"id": "{order}"}"#, "transactions:write", (Payer, REFUSED, OK, OK)),
    row(
        "POST /v1/levels/{level}/limits",
        r#"{"level": "enhanced", "currency": "KES", "limits": {}}"#,
        "rules:write operator",
        (Payer, NO, NO, OK),
    ),
    row(
        "POST /v1/tariffs",
        r#"{"code": "{code}", "currency": "KES", "bearer": "payer", "tiers": [{}]}"#,
        "rules:write operator",
        (Payer, NO, NO, MADE),
    ),
    row("POST /v1/tariffs/{code}/withdraw", r#"{"code": "{tariff}"}"#, "rules:write operator", (Payer, NO, NO, OK)),
    // Those in force are not activated again.
    row("POST /v1/rules", r#"{"version": 0}"#, "rules:write operator", (Payer, NO, NO, (422, "rules_in_force"))),
    row("GET /v1/rules", "{}", "rules:read", (Payer, OK, OK, OK)),
    row("GET /v1/customers/{id}", r#"{"id": "{customer}"}"#, "customers:read", (Payer, NO_CUSTOMER, OK, OK)),
    row("GET /v1/accounts", r#"{"customer_id": "{customer}"}"#, "accounts:read", (Payer, NO_CUSTOMER, OK, OK)),
    row("GET /v1/accounts/{id}", ACCOUNT, "accounts:read", (Payer, NO_ACCOUNT, OK, OK)),
    row("GET /v1/accounts/{id}/balance", ACCOUNT, "accounts:read", (Payer, NO_ACCOUNT, OK, OK)),
    row("GET /v1/accounts/{id}/entries", ACCOUNT, "accounts:read", (Payer, NO_ACCOUNT, OK, OK)),
    row("GET /v1/accounts/{id}/terms", ACCOUNT, "accounts:read", (Payer, NO_ACCOUNT, OK, OK)),
    row("GET /v1/accounts/{id}/orders", ACCOUNT, "transactions:read", (Payer, NO_ACCOUNT, OK, OK)),
    row("GET /v1/transactions", r#"{"account": "{wallet}"}"#, "transactions:read", (Payer, NO_ACCOUNT, OK, OK)),
    row("GET /v1/transactions/{id}", r#"{"id": "{payment}"}"#, "transactions:read", (Payer, NO_TRANSACTION, OK, OK)),
    row("GET /v1/transactions/{id}/timeline", r#"{"id": "{payment}"}"#, "transactions:read", (Payer, NO_TRANSACTION, OK, OK)),
    row("GET /v1/holds/{id}", r#"{"id": "{hold}"}"#, "transactions:read", (Payer, (404, "hold_not_found"), OK, OK)),
    row("GET /v1/orders/{id}", r#"{"id": "{order}"}"#, "transactions:read", (Payer, (404, "order_not_found"), OK, OK)),
    row("GET /v1/batches/{id}", r#"{"id": "{batch}"}"#, "transactions:read", (Payer, (404, "batch_not_found"), OK, OK)),
    row("GET /v1/operations/{id}", r#"{"id": "{operation}"}"#, "transactions:read", (Payer, (404, "operation_not_found"), OK, OK)),
    row("GET /v1/levels/{level}/limits/{currency}", r#"{"level": "enhanced", "currency": "XOF"}"#, "", (Payer, OK, OK, OK)),
    row("GET /v1/tariffs", "{}", "", (Payer, OK, OK, OK)),
    row("GET /v1/tariffs/{code}", r#"{"code": "{tariff}"}"#, "", (Payer, OK, OK, OK)),
    row(
        "POST /v1/fees/quote",
        r#"{"operation": "transfer", "account_debit": "{wallet}", "amount": "1", "currency": "XOF"}"#,
        "",
        (Payer, NO_ACCOUNT, OK, OK),
    ),
    // These show nothing that is anybody's own: whoever has the scope is staff.
    row("GET /v1/aggregates/volume", r#"{"from": 1764000000000, "to": 1764003600000, "by": "hour"}"#, "reports:read", (Payer, OK, OK, OK)),
    row("GET /v1/aggregates/positions", "{}", "reports:read", (Payer, OK, OK, OK)),
    row("GET /v1/aggregates/liabilities", "{}", "reports:read", (Payer, OK, OK, OK)),
    row(
        "GET /v1/aggregates/customers",
        r#"{"from": 1764000000000, "to": 1764003600000, "by": "day"}"#,
        "reports:read",
        (Payer, OK, OK, OK),
    ),
    row("GET /v1/aggregates/latency", r#"{"from": 1764000000000, "to": 1764003600000, "by": "hour"}"#, "reports:read", (Payer, OK, OK, OK)),
    row("GET /v1/aggregates/merchants", r#"{"day": 1764000000000, "currency": "XOF"}"#, "reports:read", (Payer, OK, OK, OK)),
    row("POST /admin/aml/rules/{rule}", r#"{"rule": "fan_in"}"#, "rules:write operator", (Payer, NO, NO, OK)),
    row("POST /admin/aml/policy", r#"{"review_score": 40, "refuse_score": 100}"#, "rules:write operator", (Payer, NO, NO, OK)),
    row("POST /admin/aml/countries/{list}", r#"{"list": "high_risk", "countries": []}"#, "rules:write operator", (Payer, NO, NO, OK)),
    row(
        "POST /admin/aml/signals",
        r#"{"customer_id": "{customer}", "signal": "pin_failed"}"#,
        "customers:write operator",
        (Payer, NO, NO, OK),
    ),
    row("POST /admin/aml/customers/{id}/freeze", r#"{"id": "{newcomer}", "reason": "x"}"#, "customers:write operator", (Payer, NO, NO, OK)),
    // What is not frozen can't thaw.
    row(
        "POST /admin/aml/customers/{id}/unfreeze",
        r#"{"id": "{newcomer}", "reason": "x"}"#,
        "customers:write operator",
        (Payer, NO, NO, (422, "freeze_unchanged")),
    ),
    row("POST /admin/aml/accounts/{id}/freeze", r#"{"id": "{account}", "reason": "x"}"#, "accounts:write operator", (Payer, NO, NO, OK)),
    row(
        "POST /admin/aml/accounts/{id}/unfreeze",
        r#"{"id": "{account}", "reason": "x"}"#,
        "accounts:write operator",
        (Payer, NO, NO, (422, "freeze_unchanged")),
    ),
    row(
        "POST /admin/aml/lists/{list}/parts",
        r#"{"list": "un", "version": 1, "number": 0, "entries": [{"id": "1", "kind": "other", "names": [{"name": "A", "strength": "alias"}]}]}"#,
        "rules:write operator",
        (Payer, NO, NO, OK),
    ),
    row(
        "POST /admin/aml/lists/{list}/versions",
        r#"{"list": "nobodys", "version": 1, "parts": 0, "count": 0, "digest": "0000000000000000000000000000000000000000000000000000000000000000"}"#,
        "rules:write operator",
        (Payer, NO, NO, (422, "list_not_found")),
    ),
    row(
        "POST /admin/aml/matches/{customer}/{list}/{entry}/clear",
        r#"{"customer": "{customer}", "list": "nobodys", "entry": "1", "reason": "x"}"#,
        "rules:write operator",
        (Payer, NO, NO, (422, "list_not_found")),
    ),
    row("GET /admin/aml/lists", "{}", "aml:read operator", (Payer, NO, NO, OK)),
    row(
        "GET /admin/aml/lists/{list}/parts/{number}",
        r#"{"list": "nobodys", "number": 0}"#,
        "aml:read operator",
        (Payer, NO, NO, (404, "list_not_found")),
    ),
    row(
        "POST /admin/aml/holds/{id}/review",
        r#"{"id": "{hold}", "decision": "refuse", "reason": "x"}"#,
        "transactions:write operator",
        (Payee, NO, NO, (422, "hold_not_under_review")),
    ),
    // Whoever is suspected must not be told.
    row("GET /admin/aml/rules", "{}", "aml:read operator", (Payer, NO, NO, OK)),
    row("GET /admin/aml/rules/{rule}", r#"{"rule": "fan_in"}"#, "aml:read operator", (Payer, NO, NO, OK)),
    row("GET /admin/aml/alerts", "{}", "aml:read operator", (Payer, NO, NO, OK)),
    row("GET /admin/aml/alerts/{id}", ACCOUNT, "aml:read operator", (Payer, NO, NO, (404, "alert_not_found"))),
    row("GET /admin/aml/alerts/stream", "{}", "aml:read operator", (Payer, NO, NO, OK)),
    row(
        "POST /admin/aml/rules/{rule}/simulate",
        r#"{"rule": "fan_in", "parameters": {"senders": 3}}"#,
        "aml:read operator",
        (Payer, NO, NO, OK),
    ),
    row("GET /admin/aml/rules/{rule}/shadow", r#"{"rule": "fan_in"}"#, "aml:read operator", (Payer, NO, NO, OK)),
    row("GET /admin/aml/customers/{id}/risk", r#"{"id": "{customer}"}"#, "aml:read operator", (Payer, NO, NO, OK)),
    row("PATCH /v1/customers/{id}", r#"{"id": "{newcomer}", "country": "SN"}"#, "customers:write operator", (Payer, NO, NO, OK)),
    row(
        "PUT /v1/customers/{id}/address",
        r#"{"id": "{newcomer}", "town_name": "Dakar", "country": "SN"}"#,
        "customers:write operator",
        (Payer, NO, NO, OK),
    ),
    row("DELETE /v1/customers/{id}/address", r#"{"id": "{newcomer}"}"#, "customers:write operator", (Payer, NO, NO, OK)),
    row(
        "POST /v1/customers/{id}/kyc/documents",
        r#"{"id": "{customer}", "type": "voter_card", "number": "V1", "country": "SN", "surname": "Diop", "date_of_birth": "1990-04-17"}"#,
        "customers:write",
        (Payer, (422, "not_authorized"), (201, ""), (201, "")),
    ),
    row("GET /v1/customers/{id}/kyc", r#"{"id": "{customer}"}"#, "customers:read", (Payer, (404, "customer_not_found"), OK, OK)),
    row(
        "POST /admin/kyc/{case_id}/decision",
        r#"{"case_id": "{case}", "decision": "reject", "reason": "x"}"#,
        "cases:write operator",
        (Payer, NO, NO, (422, "case_not_permitted")),
    ),
    row(
        "POST /admin/cases",
        r#"{"kind": "hit", "customer_id": "{newcomer}", "reason": "x"}"#,
        "cases:write operator",
        (Payer, NO, NO, (201, "")),
    ),
    row("POST /admin/cases/{id}/assign", r#"{"id": "{case}", "assignee": "teller"}"#, "cases:write operator", (Payer, NO, NO, OK)),
    row("POST /admin/cases/{id}/comments", r#"{"id": "{case}", "comment": "x"}"#, "cases:write operator", (Payer, NO, NO, OK)),
    row(
        "POST /admin/cases/{id}/snooze",
        r#"{"id": "{case}", "until": "2020-01-01T00:00:00Z", "reason": "x"}"#,
        "cases:write operator",
        (Payer, NO, NO, (422, "snooze_out_of_range")),
    ),
    row("POST /admin/cases/{id}/escalate", r#"{"id": "{case}", "reason": "x"}"#, "cases:write operator", (Payer, NO, NO, OK)),
    row(
        "POST /admin/cases/{id}/decision",
        r#"{"id": "{case}", "outcome": "false_positive", "reason": "x"}"#,
        "cases:write operator",
        (Payer, NO, NO, OK),
    ),
    row("POST /admin/cases/policy", "{}", "rules:write operator", (Payer, NO, NO, OK)),
    row("GET /admin/kyc/cases", "{}", "cases:read operator", (Payer, NO, NO, OK)),
    row("GET /admin/kyc/cases/{id}", r#"{"id": "{case}"}"#, "cases:read operator", (Payer, NO, NO, OK)),
    row("GET /admin/kyc/cases/next", "{}", "cases:read operator", (Payer, NO, NO, OK)),
    row(
        "GET /admin/cases/{id}/report",
        r#"{"id": "{case}"}"#,
        "cases:read aml:read operator",
        (Payer, NO, NO, (422, "case_not_reportable")),
    ),
    row("GET /admin/pending", "{}", "cases:read operator", (Payer, NO, NO, OK)),
    // A view has the scope of what it is of; these are of accounts. Each sees their own rows.
    row("GET /v1/views", r#"{"names": "accounts"}"#, "accounts:read", (Payer, OK, OK, OK)),
    row("GET /v1/views/{name}", r#"{"name": "accounts"}"#, "accounts:read", (Payer, OK, OK, OK)),
    row("GET /v1/views/{name}/stream", r#"{"name": "accounts"}"#, "accounts:read", (Payer, OK, OK, OK)),
    row("GET /v1/transactions/stream", "{}", "transactions:read", (Payer, OK, OK, OK)),
    // Topics show everybody's: whoever has the scope is staff.
    row("GET /v1/taps/{topic}", r#"{"topic": "transaction.settled.v1"}"#, "tap", (Payer, OK, OK, OK)),
    row("GET /admin/audit/events/{id}/proof", r#"{"id": "{event}"}"#, "audit:read operator", (Payer, NO, NO, OK)),
    row("GET /admin/audit/roots", "{}", "audit:read operator", (Payer, NO, NO, OK)),
    row("GET /metrics", "{}", "metrics:read", (Payer, OK, OK, OK)),
];

/// Every route that needs none.
pub(super) const OPEN: &[&str] = &["GET /livez", "GET /readyz", "GET /v1/openapi.json"];

/// What a token is that is none, and what is said of it.
pub(super) const BAD: &[(&str, &str)] = &[
    ("none", "token_missing"),
    ("malformed", "invalid_token"),
    ("two", "invalid_token"),
    ("expired", "invalid_token"),
    ("not yet valid", "invalid_token"),
    ("of another key", "invalid_token"),
    ("of another algorithm", "invalid_token"),
    ("of another issuer", "invalid_token"),
    ("for another audience", "invalid_token"),
];

/// What a status of REST is over gRPC.
pub(super) const STATUSES: &[(u16, &str)] =
    &[(200, "OK"), (201, "OK"), (401, "UNAUTHENTICATED"), (403, "PERMISSION_DENIED"), (404, "NOT_FOUND"), (422, "FAILED_PRECONDITION")];
