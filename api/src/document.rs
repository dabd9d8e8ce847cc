//! The reads in OpenAPI: the parameters and answers that they share.
//!
//! In: the description that each route gives of itself. Out: that, and what `freshness` and `failure` do for all.

use crate::freshness::behind;
use crate::sse::LAST_EVENT_ID;
use schemas::Problem;
use schemas::openapi::{add, formed, know, operations, parameter, problem, problem_such_as, response};
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{OpenApi, RefOr};

/// The routes that tell their entries in parts.
const LISTS: &[&str] = &[
    "/admin/aml/alerts",
    "/v1/accounts",
    "/v1/accounts/{id}/orders",
    "/v1/accounts/{id}/entries",
    "/v1/transactions",
    "/v1/transactions/{id}/timeline",
    "/admin/audit/roots",
    "/admin/kyc/cases",
    "/admin/pending",
];

const CURSOR: &str = "The `next_cursor` of the part before. It goes on with the same entries as of the same epoch, whatever comes meanwhile; what \
                      chooses them comes with it, and may be said again but not otherwise.";

/// Completes the description of the reads.
pub(crate) fn complete(document: &mut OpenApi) {
    know::<Problem>(document);
    for (path, operation) in operations(document).filter(|(path, _)| path.starts_with("/v1/") || path.starts_with("/admin/")) {
        if path.ends_with("/stream") {
            stream(operation);
            continue;
        }
        let at_least = "Wait, at most two seconds, until the view shows this epoch, or the decision on the command at this \
                        `partition:offset`; then 503 with `Retry-After`.";
        let at = "Read this past epoch; what was not there then is not found.";
        let mut parameters = vec![formed(parameter(ParameterIn::Query, "at_least", at_least, "1764000000123"), "^[0-9]+$|^[0-9]+:[0-9]+$")];
        if path.starts_with("/v1/accounts/") || path.ends_with("/risk") || LISTS.contains(&path) {
            parameters.push(formed(parameter(ParameterIn::Query, "at", at, "1764000000123"), "^[0-9]+$"));
        }
        if LISTS.contains(&path) {
            parameters.extend([limit(), parameter(ParameterIn::Query, "cursor", CURSOR, "eyJsaXN0Ijo")]);
        }
        if operation.request_body.is_some() {
            add(operation, 413, problem("The body is too large: `body_too_large`."));
            add(operation, 415, problem("The body is not JSON: `unsupported_media_type`."));
        }
        if path.ends_with("/simulate") {
            // It asks what is now, and nothing else.
            parameters.clear();
            add(operation, 422, problem("The rule is decided with the payment, and can't be judged by itself: `rule_not_simulated`."));
        }
        if path.ends_with("/shadow") {
            add(operation, 422, problem("The rule is decided with the payment, and raises no alerts: `rule_not_compared`."));
        }
        operation.parameters.get_or_insert_default().extend(parameters.into_iter().map(RefOr::T));
        let bad = Problem::field("at_least", "lies in the future");
        add(operation, 400, problem_such_as("Not understood: `invalid_request`, with every bad parameter in `errors`.", &bad));
        let missing = Problem::new(404, "account_not_found", "No account of yours has this id.");
        add(operation, 404, problem_such_as("Nothing of this id, or nothing of yours: `…_not_found`.", &missing));
        let unread = if path.starts_with("/v1/aggregates/") {
            "The views can't be read (`view_unavailable`), do not show this yet (`view_behind`), or have not yet counted what an older \
             version wrote (`aggregates_behind`)."
        } else {
            "The views can't be read (`view_unavailable`), or do not show this yet (`view_behind`)."
        };
        add(operation, 503, problem_such_as(unread, &behind()));
        if let Some(ok) = response(operation, 200) {
            ok.description.push_str(" All of it as of the epoch `as_of`.");
        }
    }
}

/// A stream begins where its client is, and waits for nothing.
fn stream(operation: &mut Operation) {
    let since = "What the client has: `beginning` is nothing, `now` all of it, an epoch everything up to there.";
    let last = "The last id that was seen. It goes on from there, whatever `since` says.";
    let parameters = [
        parameter(ParameterIn::Query, "since", since, "1764000000123"),
        parameter(ParameterIn::Query, "account", "Only rows about this account.", "019ab6f5-1c7b-7002-8000-000000000000"),
        parameter(ParameterIn::Header, LAST_EVENT_ID, last, "1764000000123"),
    ];
    operation.parameters.get_or_insert_default().extend(parameters.map(RefOr::T));
    let bad = Problem::field("since", "lies beyond what the views show, which is 1764000000456");
    add(operation, 400, problem_such_as("Not understood: `invalid_request`, with every bad parameter in `errors`.", &bad));
    let missing = Problem::new(404, "account_not_found", "No account of yours has this id.");
    add(operation, 404, problem_such_as("No view of this name, or no account of yours: `…_not_found`.", &missing));
    add(operation, 429, problem("Too many streams are open, in all or of yours: `too_many_streams`."));
    add(operation, 503, problem("The views can't be read: `view_unavailable`."));
}

fn limit() -> Parameter {
    let mut limit = parameter(ParameterIn::Query, "limit", "How many at most, 1 to 1000; 100 unless it is said.", "100");
    let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).maximum(Some(1000)).examples([100]);
    limit.schema = Some(number.into());
    limit
}

#[cfg(test)]
mod tests {
    use schemas::resource::{Account, Happened, Transaction};
    use serde_json::Value;

    /// The entries of an example of a list read as what the list is of, and read back whole but for what the list adds.
    fn check<T: serde::de::DeserializeOwned + serde::Serialize>(document: &Value, path: &str, name: &str) {
        let example = &document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["example"];
        let entries = example[name].as_array().unwrap_or_else(|| panic!("{path} has an example"));
        assert!(!entries.is_empty() && example["as_of"].is_u64(), "{path}");
        for entry in entries {
            let read: T = serde_json::from_value(entry.clone()).unwrap_or_else(|error| panic!("{path}: {error}"));
            for (field, value) in serde_json::to_value(read).expect("plain data").as_object().expect("a resource is an object") {
                assert_eq!(&entry[field], value, "{path} {field}");
            }
        }
    }

    #[test]
    fn examples_of_lists_are_lists() {
        let document = serde_json::to_value(crate::routes().into_openapi()).expect("plain data");
        check::<Account>(&document, "/v1/accounts", "accounts");
        check::<Transaction>(&document, "/v1/transactions", "transactions");
        check::<Happened>(&document, "/v1/transactions/{id}/timeline", "events");
    }
}
