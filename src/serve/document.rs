//! The whole API in OpenAPI.
//!
//! In: the descriptions that the doors give of themselves. Out: one document, with what the outer layers add to
//! every route. `api/openapi.json` is its committed form; a test compares the two.

use super::problems;
use schemas::Problem;
use schemas::openapi::{add, header, operations, parameter, problem, problem_such_as};
use std::collections::BTreeMap;
use utoipa::openapi::path::ParameterIn;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Info, OpenApi, OpenApiBuilder, Ref, RefOr, Response, Server, Tag};

const DESCRIPTION: &str = "\
Every `POST` becomes one command in one log, is decided once, and is answered with its decision; only \
`POST /v1/fees/quote` is a read. \
Amounts are decimal strings in the currency's exponent. Unknown fields are refused. \
Errors are `application/problem+json` (RFC 9457) with a stable `code`.

**Consistency.** Every read says `as_of`, the epoch that all of it was read at. An answer to a command carries its \
epoch, or its position in the log; reads accept both as `at_least`. A read by an id that the bank minted waits for \
that id's epoch by itself.

**Ownership.** A customer's token has the customer's id as `sub`; the scope `operator` acts for any customer. What \
belongs to others is not found.";

const TAGS: &[(&str, &str)] = &[
    ("Customers", "People and companies that the bank knows."),
    ("Accounts", "What they hold."),
    ("Transactions", "What moves between accounts."),
    ("Holds", "Money that is promised, and not paid yet."),
    ("Orders", "Payments with a day of their own."),
    ("Batches", "Many operations as one."),
    ("Policies", "What staff sets: levels, terms, limits and tariffs."),
    ("Aggregates", "What the bank did as a whole."),
    ("Risk", "What looks like laundering or fraud."),
    ("Cases", "What people have to look at, and what was taken and is not over."),
    ("Operations", "What became of a command."),
    ("Audit", "That nothing the bank has said was changed, dropped or reordered."),
    ("Rules", "By which version of its rules the bank decides."),
    ("Server", "The server itself."),
];

/// The document.
pub fn document() -> OpenApi {
    let info = Info::builder().title("Orion").version(env!("CARGO_PKG_VERSION")).description(Some(DESCRIPTION)).build();
    let tags = TAGS.iter().map(|(name, description)| Tag::builder().name(*name).description(Some(*description)).build());
    let mut document = OpenApiBuilder::new().info(info).servers(Some([Server::new("/")])).tags(Some(tags)).build();
    document.merge(ingress::http::routes().into_openapi());
    document.merge(api::routes().into_openapi());
    document.merge(super::taps::routes().into_openapi());
    document.merge(api::open_routes().into_openapi());
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT");
    let bearer = bearer.description(Some("Signed with Ed25519 (EdDSA). Each route names the scopes that it needs.")).build();
    document.components.get_or_insert_default().add_security_scheme("bearer", SecurityScheme::Http(bearer));
    complete(&mut document);
    share(&mut document);
    document
}

/// The document as it is served and committed.
pub(super) fn text() -> String {
    let mut text = document().to_pretty_json().expect("a document is plain data");
    text.push('\n');
    text
}

/// What the outer layers add.
fn complete(document: &mut OpenApi) {
    for (_, operation) in operations(document) {
        let traceparent = parameter(ParameterIn::Header, "traceparent", "W3C trace context; a valid one is continued.", TRACEPARENT);
        operation.parameters.get_or_insert_default().push(RefOr::T(traceparent));
        if operation.security.is_some() {
            let unknown = Problem::new(401, "token_missing", "This needs a token: Authorization: Bearer.");
            add(operation, 401, problem_such_as("No usable token: `token_missing` or `invalid_token`.", &unknown));
            let lacking = Problem::new(403, "insufficient_scope", "This needs a token with the scope accounts:read.");
            add(operation, 403, problem_such_as("The token lacks a scope: `insufficient_scope`.", &lacking));
        }
        add(operation, 500, problem_such_as("A defect: `internal_error`. It has been logged.", &problems::internal_error()));
        add(operation, 503, problem("The request took too long: `timeout`."));
        for (status, response) in &mut operation.responses.responses {
            let RefOr::T(response) = response else { continue };
            let mut carries = |name: &str, description: &str, example: &str| {
                response.headers.insert(name.to_owned(), header(description, example).into());
            };
            carries("traceparent", "The trace of this request.", TRACEPARENT);
            match status.as_str() {
                "401" => carries("WWW-Authenticate", "What is asked for.", r#"Bearer realm="orion", error="invalid_token""#),
                "429" | "503" => carries("Retry-After", "Seconds.", "1"),
                _ => {}
            }
        }
    }
}

/// Describes headers and parameters once, wherever they are the same.
fn share(document: &mut OpenApi) {
    let (mut headers, mut parameters) = (BTreeMap::new(), BTreeMap::new());
    for (_, operation) in operations(document) {
        for parameter in operation.parameters.iter_mut().flatten() {
            if let RefOr::T(inline) = parameter
                && *parameters.entry(inline.name.clone()).or_insert_with(|| inline.clone()) == *inline
                && inline.parameter_in != ParameterIn::Path
            {
                *parameter = RefOr::Ref(Ref::new(format!("#/components/parameters/{}", inline.name)));
            }
        }
        let responses = operation.responses.responses.values_mut();
        for (name, header) in responses.filter_map(inline).flat_map(|response| response.headers.iter_mut()) {
            if let RefOr::T(inline) = header
                && *headers.entry(name.clone()).or_insert_with(|| inline.clone()) == *inline
            {
                *header = RefOr::Ref(Ref::new(format!("#/components/headers/{name}")));
            }
        }
    }
    parameters.retain(|_, parameter| parameter.parameter_in != ParameterIn::Path);
    let components = document.components.get_or_insert_default();
    components.parameters = parameters.into_iter().map(|(name, parameter)| (name, RefOr::T(parameter))).collect();
    components.headers = headers.into_iter().map(|(name, header)| (name, RefOr::T(header))).collect();
}

fn inline(response: &mut RefOr<Response>) -> Option<&mut Response> {
    match response {
        RefOr::T(response) => Some(response),
        RefOr::Ref(_) => None,
    }
}

const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[cfg(test)]
mod tests {
    /// `ORION_BLESS=1 cargo test openapi` writes the committed form anew.
    #[test]
    fn the_committed_openapi_is_what_is_served() {
        let (path, now) = ("api/openapi.json", super::text());
        if std::env::var_os("ORION_BLESS").is_some() {
            std::fs::write(path, &now).expect("the document can be written");
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(committed == now, "{path} is not what the server says; ORION_BLESS=1 cargo test openapi writes it anew");
    }
}
