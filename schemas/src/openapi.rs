//! How problems, headers and parameters are described in OpenAPI, the same by every door.

use crate::problem::{MEDIA_TYPE, Problem};
use utoipa::ToSchema;
use utoipa::openapi::header::Header;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Required, Response, ResponseBuilder, Schema};

/// A problem as an answer.
pub fn problem(description: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(Problem::name()))).build();
    ResponseBuilder::new().description(description).content(MEDIA_TYPE, content).build()
}

/// A problem as an answer, with an example of its kind.
pub fn problem_such_as(description: &str, example: &Problem) -> Response {
    let mut response = problem(description);
    if let Some(RefOr::T(content)) = response.content.get_mut(MEDIA_TYPE) {
        content.example = serde_json::to_value(example).ok();
    }
    response
}

/// A header of an answer.
pub fn header(description: &str, example: &str) -> Header {
    let text = ObjectBuilder::new().schema_type(Type::String).examples([example]);
    utoipa::openapi::HeaderBuilder::new().schema(Some(text)).description(Some(description)).build()
}

/// A parameter that is a text, optional.
pub fn parameter(place: ParameterIn, name: &str, description: &str, example: &str) -> Parameter {
    let text = ObjectBuilder::new().schema_type(Type::String).examples([example]);
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(Required::False)
        .schema(Some(text))
        .description(Some(description))
        .build()
}

/// The same, of a text that has a form.
pub fn formed(mut parameter: Parameter, pattern: &str) -> Parameter {
    if let Some(RefOr::T(Schema::Object(text))) = &mut parameter.schema {
        text.pattern = Some(pattern.to_owned());
    }
    parameter
}

/// Every operation that a document describes, with its path.
pub fn operations(document: &mut OpenApi) -> impl Iterator<Item = (&str, &mut Operation)> {
    document.paths.paths.iter_mut().flat_map(|(path, item)| {
        let all = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        all.into_iter().flatten().map(move |operation| (path.as_str(), operation))
    })
}

/// Adds an answer to an operation that does not describe it itself.
pub fn add(operation: &mut Operation, status: u16, response: Response) {
    operation.responses.responses.entry(status.to_string()).or_insert(RefOr::T(response));
}

/// The answer of a status, if it is described in place.
pub fn response(operation: &mut Operation, status: u16) -> Option<&mut Response> {
    match operation.responses.responses.get_mut(&status.to_string()) {
        Some(RefOr::T(response)) => Some(response),
        Some(RefOr::Ref(_)) | None => None,
    }
}

/// Makes a type known to a document, with everything that it refers to.
pub fn know<T: ToSchema>(document: &mut OpenApi) {
    let mut schemas: Vec<(String, RefOr<Schema>)> = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut schemas);
    document.components.get_or_insert_default().schemas.extend(schemas);
}
