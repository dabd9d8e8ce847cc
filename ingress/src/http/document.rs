//! The door in OpenAPI: the answers and headers that all routes share.
//!
//! In: the description that each route gives of itself. Out: that, and everything that `submit` does for all.

use schemas::openapi::{add, formed, header, know, operations, parameter, problem, response};
use schemas::{Problem, resource};
use utoipa::ToSchema;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::schema::OneOfBuilder;
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Required, Response, ResponseBuilder};

/// The problems that any of the routes may answer.
const PROBLEMS: &[(u16, &str)] = &[
    (400, "Not understood: `invalid_request` with every bad field in `errors`, or `idempotency_key_missing`. Nothing was taken."),
    (409, "The rules in force do not know this operation yet: `operation_not_in_force`. This request was not taken."),
    (413, "The body is too large: `body_too_large`."),
    (415, "The body is not JSON: `unsupported_media_type`."),
    (429, "Too many operations wait: `too_many_pending`. This request was not taken; try again after `Retry-After`."),
    (503, UNAVAILABLE),
];

const UNAVAILABLE: &str = "The log did not confirm the command: `log_unavailable`. It may have been taken; the same key is safe to send again. Or the ledger \
     keeps as many decisions as it may: `idempotency_horizon_full`. Or this server does not know yet which rules are in force: `rules_not_known`. In both cases \
     this request was not taken.";

const NOT_PROVEN: &str =
    "Nor was it where a payment is older than seven days and the views do not show it right now: `view_unavailable`, `view_behind`.";

/// The routes whose key is optional: what they do twice can be seen, and moves no money.
const KEY_OPTIONAL: &[&str] = &[
    "/v1/customers",
    "/v1/accounts",
    "/v1/accounts/{id}/suspend",
    "/v1/accounts/{id}/reactivate",
    "/v1/accounts/{id}/close",
    "/v1/rules",
    "/admin/aml/customers/{id}/freeze",
    "/admin/aml/customers/{id}/unfreeze",
    "/admin/aml/accounts/{id}/freeze",
    "/admin/aml/accounts/{id}/unfreeze",
];

/// The routes that make a payment, now or on a day of its own.
const PAYMENTS: &[&str] = &[
    "/v1/transactions/deposit",
    "/v1/transactions/withdrawal",
    "/v1/transactions/transfer",
    "/v1/transactions/merchant-payment",
    "/v1/transactions/bill-payment",
];

/// What else of one operation can be tried without being done.
const TRIED: &[&str] =
    &["/v1/holds", "/v1/holds/{id}/captures", "/v1/holds/{id}/release", "/v1/transactions/{id}/refunds", "/v1/transactions/{id}/reverse"];

/// Where something may be given back that the ledger has forgotten.
const PROVEN: &[&str] = &["/v1/transactions/{id}/refunds", "/v1/transactions/{id}/reverse", BATCHES];

const BATCHES: &str = "/v1/batches";

/// Completes the description of the door.
pub(super) fn complete(document: &mut OpenApi) {
    know::<Problem>(document);
    know::<resource::Operation>(document);
    know::<resource::DryRun>(document);
    know::<resource::Order>(document);
    for (path, operation) in operations(document) {
        let needs_key = !KEY_OPTIONAL.contains(&path);
        operation.parameters.get_or_insert_default().extend([key(needs_key), prefer()].map(RefOr::T));
        let is_payment = PAYMENTS.contains(&path);
        if is_payment || TRIED.contains(&path) {
            can_be_tried(operation);
        }
        if path == BATCHES {
            operation.parameters.get_or_insert_default().extend([dry_run(), mode()].map(RefOr::T));
            add(operation, 422, undone());
        }
        if PROVEN.contains(&path) {
            add(operation, 503, problem(&format!("{UNAVAILABLE} {NOT_PROVEN}")));
        }
        add(operation, 202, if is_payment { scheduled() } else { pending() });
        add(operation, 422, refused());
        for (status, description) in PROBLEMS {
            add(operation, *status, problem(description));
        }
        for status in [200, 201, 422] {
            if let Some(response) = response(operation, status) {
                response.headers.insert(
                    "Orion-Epoch".to_owned(),
                    header("The epoch of the decision; reads accept it as `at_least`.", "1764000000123").into(),
                );
                response.headers.insert(
                    "Idempotency-Replayed".to_owned(),
                    header("`true` if this was decided before, under the same key.", "true").into(),
                );
            }
        }
        if let Some(response) = response(operation, 201) {
            let location = header("Where the resource is.", "/v1/transactions/019ab6f5-1c7b-7001-8000-000000000000");
            response.headers.insert("Location".to_owned(), location.into());
        }
        for status in [200, 201, 202, 422] {
            if let Some(response) = response(operation, status) {
                response.headers.insert("Preference-Applied".to_owned(), header("What was made of `Prefer`.", "wait=5").into());
            }
        }
    }
}

fn key(needs_key: bool) -> Parameter {
    let description = "Names the command: the same key is the same command, and a retry gets the first answer. 1 to 255 visible ASCII \
                       characters, bare or in double quotes. A key is kept for at least 7 days.";
    let key = parameter(ParameterIn::Header, "Idempotency-Key", description, "8e03978e-40d5-43e8-bc93-6894a57f9324");
    let mut key = formed(key, r#"^[!#-~][!-~]{0,254}$|^"([!#-\[\]-~]|\\["\\]){1,255}"$"#);
    key.required = if needs_key { Required::True } else { Required::False };
    key
}

fn prefer() -> Parameter {
    let description = "RFC 7240: `wait=SECONDS` for the decision, 0 to 30, by default 1; `respond-async` for none.";
    parameter(ParameterIn::Header, "Prefer", description, "wait=5")
}

fn dry_run() -> Parameter {
    let description =
        "`true` only asks what would become of it: it is decided like the real thing, and nothing happens. Needs no `Idempotency-Key`.";
    formed(parameter(ParameterIn::Query, "dry_run", description, "true"), "^(true|false)$")
}

fn mode() -> Parameter {
    let description = "What one refused item means for the others: `all_or_nothing`, by default, or `independent`.";
    formed(parameter(ParameterIn::Query, "mode", description, "independent"), "^(all_or_nothing|independent)$")
}

/// Takes the parameter by which an operation is only tried, and the answer to that.
fn can_be_tried(operation: &mut Operation) {
    operation.parameters.get_or_insert_default().push(RefOr::T(dry_run()));
    let tried = Ref::from_schema_name(resource::DryRun::name());
    let Some(done) = response(operation, 200) else {
        let content = ContentBuilder::new().schema(Some(tried)).example(Some(serde_json::json!({
            "dry_run": true, "status": "settled", "fee": {"amount": "125", "currency": "XOF"}, "epoch": 1_764_000_000_123_u64,
        })));
        let answer = ResponseBuilder::new().description("What would become of it, where it is only tried.");
        return add(operation, 200, answer.content("application/json", content.build()).build());
    };
    done.description.push_str(" Or, where it is only tried, what would become of it.");
    for content in done.content.values_mut() {
        if let RefOr::T(content) = content
            && let Some(RefOr::Ref(of_its_own)) = content.schema.take()
        {
            content.schema = Some(OneOfBuilder::new().item(of_its_own).item(tried.clone()).into());
        }
    }
}

/// A payment may be accepted without being decided: it was asked for a day to come.
fn scheduled() -> Response {
    let mut response = pending();
    response.description =
        "Either it waits for its day, as it was asked to: the order, and `Orion-Epoch`. Or it is not decided in time: the command \
                            is in the log and will be decided."
            .to_owned();
    let [order, operation] = [resource::Order::name(), resource::Operation::name()].map(Ref::from_schema_name);
    let either = OneOfBuilder::new().item(order).item(operation);
    response.content.insert("application/json".to_owned(), ContentBuilder::new().schema(Some(either)).build().into());
    let epoch = header("The epoch of the order; reads accept it as `at_least`.", "1764000000123");
    response.headers.insert("Orion-Epoch".to_owned(), epoch.into());
    response
}

fn undone() -> Response {
    problem(
        "All or nothing, and one was refused, so nothing of the batch was done: `code` is the reason, `item` the place of that one, from 0. Or \
         `idempotency_key_reused`.",
    )
}

fn pending() -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(resource::Operation::name()))).build();
    ResponseBuilder::new()
        .description("Not decided in time. The command is in the log and will be decided.")
        .content("application/json", content)
        .header("Location", header("Where to ask what became of it.", "/v1/operations/ce4ce417-9f96-5967-bcb6-f9eefab959b1"))
        .header("Retry-After", header("Seconds.", "1"))
        .build()
}

fn refused() -> Response {
    problem("Refused by the ledger: `code` is the reason, `transaction_id` the failed payment if it was one; or `idempotency_key_reused`.")
}

#[cfg(test)]
mod tests {
    use schemas::resource::{AccountTerms, Batch, CustomerLevel, DryRun, Hold, LevelLimits, Order, Tariff, TariffEnd, Transaction};
    use serde_json::Value;

    /// An example of an answer reads as the resource, and reads back whole.
    fn check<T: serde::de::DeserializeOwned + serde::Serialize>(document: &Value, path: &str, status: &str) {
        let example = &document["paths"][path]["post"]["responses"][status]["content"]["application/json"]["example"];
        let resource: T = serde_json::from_value(example.clone()).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(&serde_json::to_value(resource).expect("plain data"), example, "{path}");
    }

    #[test]
    fn examples_of_answers_are_answers() {
        let document = serde_json::to_value(crate::http::routes().into_openapi()).expect("plain data");
        check::<Hold>(&document, "/v1/holds", "201");
        check::<Transaction>(&document, "/v1/holds/{id}/captures", "201");
        check::<Hold>(&document, "/v1/holds/{id}/release", "200");
        check::<Transaction>(&document, "/v1/transactions/{id}/refunds", "201");
        check::<Transaction>(&document, "/v1/transactions/{id}/reverse", "201");
        check::<CustomerLevel>(&document, "/v1/customers/{id}/level", "200");
        check::<AccountTerms>(&document, "/v1/accounts/{id}/terms", "200");
        check::<LevelLimits>(&document, "/v1/levels/{level}/limits", "200");
        check::<Tariff>(&document, "/v1/tariffs", "201");
        check::<TariffEnd>(&document, "/v1/tariffs/{code}/withdraw", "200");
        check::<Batch>(&document, "/v1/batches", "200");
        check::<Order>(&document, "/v1/orders/{id}/cancel", "200");
        check::<DryRun>(&document, "/v1/transactions/transfer", "200");
    }
}
