//! Which route is a method?
//!
//! In: the descriptors. Out: every method of our services with the route that its option names. What is wrong with them is wrong
//! in every process and in every test, so it ends the process at its start.

use crate::DESCRIPTORS;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, MethodDescriptor};
use std::collections::BTreeSet;

/// The package of our services.
const PACKAGE: &str = "orion.v1";

/// A method, and the route that it is.
#[derive(Clone, Debug)]
pub struct Method {
    /// Its full name, such as `orion.v1.Bank/Transfer`.
    pub name: String,
    /// What it takes.
    pub input: MessageDescriptor,
    /// What it answers.
    pub output: MessageDescriptor,
    /// GET, POST, PUT, PATCH or DELETE.
    pub verb: String,
    /// The path of the route, with `{names}` of fields.
    pub path: String,
    /// The fields that stand in the query, where the others stand in the body.
    pub query: BTreeSet<String>,
}

impl Method {
    /// The names in its path.
    pub fn in_path(&self) -> impl Iterator<Item = &str> {
        self.path.split(['{', '}']).skip(1).step_by(2)
    }

    /// Whether its request has a body.
    pub fn has_body(&self) -> bool {
        !matches!(&*self.verb, "GET" | "DELETE")
    }

    /// Whether a field stands in the query.
    pub fn in_query(&self, field: &str) -> bool {
        !self.has_body() || self.query.contains(field)
    }
}

/// The descriptors, linked.
pub fn pool() -> DescriptorPool {
    DescriptorPool::decode(DESCRIPTORS).expect("the descriptors were compiled with this program")
}

/// Every method of our services.
pub fn methods() -> Vec<Method> {
    let pool = pool();
    let services: Vec<_> = pool.services().filter(|service| service.package_name() == PACKAGE).collect();
    services.iter().flat_map(|service| service.methods().map(|method| read(&method)).collect::<Vec<_>>()).collect()
}

fn read(method: &MethodDescriptor) -> Method {
    let route = method.parent_pool().get_extension_by_name("orion.v1.route").expect("route.proto is among the files");
    let options = method.options();
    let route = options.get_extension(&route);
    let route = route.as_message().expect("a route is a message");
    Method {
        name: format!("{}/{}", method.parent_service().full_name(), method.name()),
        input: method.input(),
        output: method.output(),
        verb: text(route, "method"),
        path: text(route, "path"),
        query: route
            .get_field_by_name("query")
            .iter()
            .flat_map(|names| names.as_list().unwrap_or_default().to_vec())
            .filter_map(word)
            .collect(),
    }
}

fn text(route: &DynamicMessage, field: &str) -> String {
    route.get_field_by_name(field).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn word(value: prost_reflect::Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost_reflect::Kind;

    #[test]
    fn every_method_is_one_route_and_every_route_one_method() {
        let methods = methods();
        let routes: BTreeSet<_> = methods.iter().map(|method| (&method.verb, &method.path)).collect();
        assert_eq!(routes.len(), methods.len(), "no two methods are the same route");
        for method in &methods {
            assert!(["GET", "POST", "PUT", "PATCH", "DELETE"].contains(&&*method.verb), "{} has no route", method.name);
            for name in method.in_path() {
                let field = method.input.get_field_by_name(name).unwrap_or_else(|| panic!("{} has no field {name}", method.name));
                assert!(!field.supports_presence(), "{}: {name} stands in the path, so it is always there", method.name);
            }
            for name in &method.query {
                assert!(method.has_body() && method.input.get_field_by_name(name).is_some(), "{} {name}", method.name);
            }
            for field in method.input.fields().filter(|field| method.in_query(field.name())) {
                assert!(!field.is_list() && !matches!(field.kind(), Kind::Message(_)), "{} {}", method.name, field.name());
            }
        }
    }

    #[test]
    fn every_enum_begins_with_nothing_and_every_field_can_be_said_in_json() {
        for descriptor in pool().all_enums().filter(|descriptor| descriptor.package_name() == PACKAGE) {
            let prefix = crate::json::prefix(&descriptor);
            for (number, value) in (0..).zip(descriptor.values()) {
                assert_eq!(value.number(), number, "{}", value.full_name());
                assert!(value.name().starts_with(&prefix), "{} begins with {prefix}", value.name());
            }
            assert_eq!(descriptor.default_value().name(), format!("{prefix}UNSPECIFIED"));
        }
        for message in pool().all_messages().filter(|message| message.package_name() == PACKAGE) {
            for field in message.fields() {
                let kind = field.kind();
                let plain = matches!(
                    kind,
                    Kind::String | Kind::Bool | Kind::Uint32 | Kind::Uint64 | Kind::Int64 | Kind::Enum(_) | Kind::Message(_)
                );
                assert!(plain && !field.is_map() && !field.is_group(), "{} is {kind:?}", field.full_name());
            }
        }
    }

    /// All that a client was compiled with: every number, name and kind, line by line.
    fn promised() -> BTreeSet<String> {
        let pool = pool();
        let mut lines = BTreeSet::new();
        for message in pool.all_messages().filter(|message| message.package_name() == PACKAGE) {
            for field in message.fields() {
                let many = if field.is_list() { "repeated " } else { "" };
                let presence = if field.supports_presence() { "optional " } else { "" };
                lines.insert(format!("{} = {} {many}{presence}{:?}", field.full_name(), field.number(), field.kind()));
            }
        }
        for value in pool
            .all_enums()
            .filter(|descriptor| descriptor.package_name() == PACKAGE)
            .flat_map(|descriptor| descriptor.values().collect::<Vec<_>>())
        {
            lines.insert(format!("{} = {}", value.full_name(), value.number()));
        }
        for Method { name, input, output, .. } in methods() {
            lines.insert(format!("{name} {} -> {}", input.name(), output.name()));
        }
        lines
    }

    /// `ORION_BLESS=1 cargo test promised` adds what is new. What was promised once can't be taken back.
    #[test]
    fn what_was_promised_is_kept() {
        let path = "../schemas/proto/promised.txt";
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        let committed: BTreeSet<_> = committed.lines().map(str::to_owned).collect();
        let now = promised();
        let broken: Vec<_> = committed.difference(&now).collect();
        assert!(broken.is_empty(), "these were promised, and are not so any more:\n{broken:#?}");
        if std::env::var_os("ORION_BLESS").is_some() {
            let text: String = now.iter().map(|line| format!("{line}\n")).collect();
            std::fs::write(path, text).unwrap();
        } else {
            let new: Vec<_> = now.difference(&committed).collect();
            assert!(new.is_empty(), "ORION_BLESS=1 cargo test promised adds these to {path}:\n{new:#?}");
        }
    }
}
