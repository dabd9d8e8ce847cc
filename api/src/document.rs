//! The reads in OpenAPI: the parameters and answers that they share.
//!
//! In: the description that each route gives of itself. Out: that, and what `freshness` and `failure` do for all.

use schemas::Problem;
use schemas::openapi::{add, know, operations, parameter, problem, response};
use utoipa::openapi::path::ParameterIn;
use utoipa::openapi::{OpenApi, RefOr};

/// Completes the description of the reads.
pub(crate) fn complete(document: &mut OpenApi) {
    know::<Problem>(document);
    for (path, operation) in operations(document).filter(|(path, _)| path.starts_with("/v1/")) {
        let at_least = "Wait, at most two seconds, until the view shows this epoch, or the decision on the command at this \
                        `partition:offset`; then 503 with `Retry-After`.";
        let at = "Read this past epoch; an account that was not open then is not found.";
        let mut parameters = vec![parameter(ParameterIn::Query, "at_least", at_least, "1764000000123")];
        if path.starts_with("/v1/accounts/") {
            parameters.push(parameter(ParameterIn::Query, "at", at, "1764000000123"));
        }
        if operation.request_body.is_some() {
            add(operation, 413, problem("The body is too large: `body_too_large`."));
            add(operation, 415, problem("The body is not JSON: `unsupported_media_type`."));
        }
        operation.parameters.get_or_insert_default().extend(parameters.into_iter().map(RefOr::T));
        add(operation, 400, problem("Not understood: `invalid_request`, with every bad parameter in `errors`."));
        add(operation, 404, problem("Nothing of this id, or nothing of yours: `…_not_found`."));
        if path.starts_with("/v1/aggregates/") {
            let behind = "The views can't be read (`view_unavailable`), do not show this yet (`view_behind`), or have not yet counted what an \
                          older version wrote (`aggregates_behind`).";
            add(operation, 503, problem(behind));
        }
        add(operation, 503, problem("The views can't be read (`view_unavailable`), or do not show this yet (`view_behind`)."));
        if let Some(ok) = response(operation, 200) {
            ok.description.push_str(" All of it as of the epoch `as_of`.");
        }
    }
}
