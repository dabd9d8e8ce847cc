//! Whether gRPC says what REST says: every route a method, every field, every word, and whether it has to be there. The one side is
//! OpenAPI, as the server gives it; the other is `schemas/proto`.

use grpc::methods::{Method, methods};
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Routes that are no method, with the reason.
const ONLY_REST: &[(&str, &str)] = &[
    ("GET /livez", "grpc.health.v1 says it"),
    ("GET /readyz", "grpc.health.v1 says it"),
    ("GET /metrics", "for Prometheus, which asks over HTTP"),
    ("GET /v1/openapi.json", "reflection describes gRPC"),
    ("GET /v1/views", "its rows are JSON, by the view"),
    ("GET /v1/views/{name}", "its rows are JSON, by the view"),
    ("GET /v1/views/{name}/stream", "server-sent events; a program follows the topic of the view"),
    ("GET /v1/transactions/stream", "server-sent events; a program follows the topics of the events"),
    ("GET /v1/taps/{topic}", "a program reads the topic itself"),
];

/// Fields that are a text here and a word of a list there, with the reason.
const TEXTS: &[(&str, &str)] = &[("reason", "the list grows with the rules, and state/RULES.md has it")];

/// A schema, with its references followed.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => resolved(document, document.pointer(reference.trim_start_matches('#')).expect("a schema")),
        // What may be null is what else it may be.
        None => {
            match schema["oneOf"].as_array().map(|options| options.iter().filter(|option| option["type"] != "null").collect::<Vec<_>>()) {
                Some(options) if options.len() == 1 => resolved(document, options[0]),
                _ => schema,
            }
        }
    }
}

/// The properties of an object, and which of them are always there. Of several objects, what is in any, and what is in all.
fn properties<'a>(document: &'a Value, schema: &'a Value) -> (BTreeMap<String, Vec<&'a Value>>, BTreeSet<String>) {
    let schema = resolved(document, schema);
    let (mut all, mut required) = (BTreeMap::<String, Vec<&Value>>::new(), None::<BTreeSet<String>>);
    let parts = ["allOf", "oneOf"].into_iter().flat_map(|list| schema[list].as_array().into_iter().flatten());
    for part in parts {
        // A list of items by itself is another way to write the same.
        if resolved(document, part)["type"] == "array" {
            continue;
        }
        let (inner, needed) = properties(document, part);
        for (name, schemas) in inner {
            all.entry(name).or_default().extend(schemas);
        }
        required = Some(match required {
            None => needed,
            Some(required) if schema["allOf"].is_array() => required.union(&needed).cloned().collect(),
            Some(required) => required.intersection(&needed).cloned().collect(),
        });
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        all.entry(name.clone()).or_default().push(property);
    }
    let own = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
    let required = required.unwrap_or_default().into_iter().chain(own).collect();
    (all, required)
}

/// The words that a schema lists; none if it is not of words.
fn words(schema: &Value) -> Option<BTreeSet<String>> {
    if let Some(words) = schema["enum"].as_array() {
        return Some(words.iter().filter_map(Value::as_str).map(str::to_owned).collect());
    }
    let listed = schema["pattern"].as_str()?.strip_prefix('^')?.strip_suffix('$')?;
    let listed = listed.strip_prefix('(').and_then(|listed| listed.strip_suffix(')')).unwrap_or(listed);
    let plain = !listed.is_empty() && listed.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'|'));
    plain.then(|| listed.split('|').map(str::to_owned).collect())
}

struct Compared<'a> {
    document: &'a Value,
    faults: Vec<String>,
    seen: BTreeSet<(String, String)>,
}

impl Compared<'_> {
    fn fault(&mut self, fault: String) {
        self.faults.push(fault);
    }

    /// Whether a message has exactly the properties of an object.
    fn object(&mut self, message: &MessageDescriptor, schema: &Value) {
        let named = schema["$ref"].as_str().unwrap_or_default().to_owned();
        if !named.is_empty() && !self.seen.insert((message.name().to_owned(), named)) {
            return;
        }
        let (properties, required) = properties(self.document, schema);
        self.fields(message, &properties, &required);
    }

    fn fields(&mut self, message: &MessageDescriptor, properties: &BTreeMap<String, Vec<&Value>>, required: &BTreeSet<String>) {
        let spelt = |field: &FieldDescriptor| {
            if properties.contains_key(field.name()) { field.name().to_owned() } else { field.json_name().to_owned() }
        };
        let fields: BTreeMap<_, _> = message.fields().map(|field| (spelt(&field), field)).collect();
        for name in fields.keys().filter(|name| !properties.contains_key(*name)) {
            self.fault(format!("{}: REST has no {name}", message.name()));
        }
        for (name, schemas) in properties {
            let Some(field) = fields.get(name) else {
                self.fault(format!("{} lacks {name}", message.name()));
                continue;
            };
            let can_be_absent = field.supports_presence() || field.is_list();
            if !required.contains(name) && !can_be_absent {
                self.fault(format!("{} is not always there, so it must be optional", field.full_name()));
            }
            if required.contains(name) && can_be_absent && !field.is_list() && !matches!(field.kind(), Kind::Message(_)) {
                self.fault(format!("{} is always there, so it must not be optional", field.full_name()));
            }
            self.kind(field, schemas);
        }
    }

    fn kind(&mut self, field: &FieldDescriptor, schemas: &[&Value]) {
        let document = self.document;
        // Of a list of words or texts, what it is a list of; where it is none, that fits nothing.
        let is_plain_list = field.is_list() && !matches!(field.kind(), Kind::Message(_));
        let items = schemas.iter().map(|schema| &resolved(document, schema)["items"]);
        let schemas: &[&Value] = &if is_plain_list { items.collect::<Vec<_>>() } else { schemas.to_vec() };
        let resolved_all: Vec<_> = schemas.iter().map(|schema| resolved(document, schema)).collect();
        let is = |kind: &str| {
            resolved_all.iter().all(|schema| {
                let found = &schema["type"];
                found == kind || found.as_array().is_some_and(|kinds| kinds.iter().any(|found| found == kind))
            })
        };
        let format = |name: &str| resolved_all.iter().all(|schema| schema["format"] == name);
        let unsigned = resolved_all.iter().all(|schema| schema["minimum"].as_i64().is_some_and(|minimum| minimum >= 0));
        let listed: Option<BTreeSet<String>> =
            resolved_all.iter().map(|schema| words(schema)).collect::<Option<Vec<_>>>().map(|all| all.into_iter().flatten().collect());
        let fits = match field.kind() {
            Kind::Message(message) => {
                for schema in schemas {
                    self.object(&message, if field.is_list() { &resolved(document, schema)["items"] } else { schema });
                }
                field.is_list() == is("array")
            }
            Kind::Enum(words) => {
                let prefix = grpc::json::prefix(&words);
                let known: BTreeSet<_> = words.values().map(|word| word.name()[prefix.len()..].to_ascii_lowercase()).collect();
                // A list in OpenAPI is the whole list; a pattern is what of it can be asked.
                let whole = resolved_all.iter().any(|schema| schema["enum"].is_array());
                let listed = listed.unwrap_or_default();
                let more = known.iter().filter(|word| *word != "unspecified" && !listed.contains(*word)).count();
                is("string") && !listed.is_empty() && listed.is_subset(&known) && (more == 0 || !whole)
            }
            Kind::String => {
                is("string")
                    && (listed.is_none()
                        || resolved_all.iter().all(|schema| schema["enum"].is_null())
                        || TEXTS.iter().any(|(name, _)| *name == field.name()))
            }
            Kind::Bool => is("boolean") || (field.name() == "dry_run" && is("string")),
            Kind::Uint32 => is("integer") && (format("int32") && unsigned || field.name() == "limit"),
            // A parameter is a text, and an epoch in it a number.
            Kind::Uint64 => is("integer") && format("int64") && unsigned || (field.name() == "at" && is("string")),
            Kind::Int64 => is("integer") && format("int64") && !unsigned,
            _ => false,
        };
        if !fits {
            self.fault(format!(
                "{} is not what REST has: {}",
                field.full_name(),
                Value::from_iter(schemas.iter().map(|schema| (*schema).clone()))
            ));
        }
    }

    /// Whether a method takes what its route takes, and answers what that answers.
    fn method(&mut self, method: &Method, operation: &Value) {
        let document = self.document;
        let (mut all, mut required) = match &operation["requestBody"]["content"]["application/json"]["schema"] {
            Value::Null => Default::default(),
            body => properties(document, body),
        };
        let shared = |parameter: &'_ Value| resolved(document, parameter).clone();
        let parameters: Vec<Value> = operation["parameters"].as_array().into_iter().flatten().map(shared).collect();
        for parameter in parameters.iter().filter(|parameter| parameter["in"] != "header") {
            let name = parameter["name"].as_str().unwrap_or_default();
            // What may stand in the query may stand in the body of a batch too.
            if !all.contains_key(name) {
                all.insert(name.to_owned(), vec![&parameter["schema"]]);
            }
            if parameter["required"] == true {
                required.insert(name.to_owned());
            }
            if (parameter["in"] == "path") != method.in_path().any(|in_path| in_path == name) {
                self.fault(format!("{}: {name} does not stand where REST has it", method.name));
            }
        }
        self.fields(&method.input, &all, &required);

        let answers = good_answers(operation);
        let members: BTreeMap<String, MessageDescriptor> = match method.output.oneofs().find(|oneof| oneof.name() == "answer") {
            None => BTreeMap::from([(method.output.name().to_owned(), method.output.clone())]),
            Some(choice) => choice
                .fields()
                .filter_map(|field| field.kind().as_message().cloned())
                .map(|message| (message.name().to_owned(), message))
                .collect(),
        };
        if answers.keys().ne(members.keys()) {
            let (answers, members) = (answers.keys().collect::<Vec<_>>(), members.keys().collect::<Vec<_>>());
            self.fault(format!("{} answers {members:?}, REST {answers:?}", method.name));
        }
        for (name, message) in &members {
            if let Some(schema) = answers.get(name) {
                self.object(message, schema);
            }
        }
    }
}

/// The schemas of all good answers of an operation, by their names.
fn good_answers(operation: &Value) -> BTreeMap<String, Value> {
    let mut answers = BTreeMap::new();
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        let schema = &response["content"]["application/json"]["schema"];
        if !status.starts_with('2') || schema.is_null() {
            continue;
        }
        for schema in schema["oneOf"].as_array().map_or(std::slice::from_ref(schema), Vec::as_slice) {
            let name = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()).unwrap_or_default();
            answers.insert(name.to_owned(), schema.clone());
        }
    }
    answers
}

#[test]
fn every_route_is_a_method_with_the_same_fields() {
    let document = serde_json::to_value(orion::serve::document()).unwrap();
    let mut routes: BTreeMap<String, Value> = BTreeMap::new();
    for (path, operations) in document["paths"].as_object().unwrap_or(&Map::new()) {
        for (verb, operation) in operations.as_object().into_iter().flatten() {
            routes.insert(format!("{} {path}", verb.to_uppercase()), operation.clone());
        }
    }
    for (route, reason) in ONLY_REST {
        assert!(routes.remove(*route).is_some(), "{route} is no route, so it needs no reason: {reason}");
    }
    let mut compared = Compared { document: &document, faults: Vec::new(), seen: BTreeSet::new() };
    for method in methods() {
        match routes.remove(&format!("{} {}", method.verb, method.path)) {
            Some(operation) => compared.method(&method, &operation),
            None => compared.fault(format!("{} is no route", method.name)),
        }
    }
    // The back office is for people and their console, which ask over HTTP.
    routes.retain(|route, _| !route.contains(" /admin/"));
    compared.faults.extend(routes.keys().map(|route| format!("{route} is no method")));
    assert!(compared.faults.is_empty(), "\n{}", compared.faults.join("\n"));
}
