//! A JSON object, read field by field, so that a caller hears of everything that is wrong at once.
//!
//! In: the bytes of a body. Out: the fields that a reader asks for, or a problem that lists every field at
//! fault by JSON pointer. What nobody asked for is refused by name; nothing is ignored, nothing guessed.

use schemas::Problem;
use schemas::problem::FieldError;
use serde::de::{MapAccess, Visitor};
use serde_json::Value;
use serde_json::error::Category;

/// Most faults that an answer lists: a body full of nonsense must not make a larger answer.
const ERRORS_MAX: usize = 32;

/// Reads a whole body with a reader of its fields.
pub(super) fn read<T>(body: &[u8], reader: impl FnOnce(&mut Fields) -> Option<T>) -> Result<T, Problem> {
    let mut fields = Fields { entries: entries(body)?, asked: Vec::new(), errors: Vec::new() };
    let value = reader(&mut fields);
    let errors = fields.finish();
    match value {
        Some(value) if errors.is_empty() => Ok(value),
        _ => Err(Problem::fields(errors)),
    }
}

/// The fields of an object, and what was found wrong so far.
pub(super) struct Fields {
    /// In the order of the body; a name may stand more than once.
    entries: Vec<(String, Value)>,
    asked: Vec<&'static str>,
    errors: Vec<FieldError>,
}

impl Fields {
    /// A text that must be there.
    pub(super) fn required<T>(&mut self, name: &'static str, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        match self.take(name) {
            None => self.wrong(name, "is missing"),
            Some(Value::Null) => self.wrong(name, "must be a string, not null"),
            Some(value) => self.text(name, &value, read),
        }
    }

    /// A text that may be absent, or null.
    pub(super) fn optional<T>(&mut self, name: &'static str, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        match self.take(name) {
            None | Some(Value::Null) => None,
            Some(value) => self.text(name, &value, read),
        }
    }

    /// A whole number that must be there.
    pub(super) fn number<T>(&mut self, name: &'static str, read: impl FnOnce(u64) -> Result<T, String>) -> Option<T> {
        let Some(value) = self.take(name) else { return self.wrong(name, "is missing") };
        match value.as_u64().map(read) {
            Some(Ok(read)) => Some(read),
            Some(Err(detail)) => self.wrong(name, &detail),
            None => self.wrong(name, &format!("must be a whole number, not {value}")),
        }
    }

    /// What the path names, if it could be read.
    pub(super) fn path<T>(&mut self, name: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.errors.push(FieldError { pointer: name.to_owned(), detail: "expected a UUID".to_owned() });
        }
        value
    }

    fn text<T>(&mut self, name: &str, value: &Value, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let Value::String(text) = value else {
            return self.wrong(name, &format!("must be a string, not {}", kind(value)));
        };
        match read(text) {
            Ok(read) => Some(read),
            Err(detail) => self.wrong(name, &detail),
        }
    }

    /// The first value of a field; a second one is a fault, since readers disagree about which of the two counts.
    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.asked.push(name);
        let mut values = self.entries.extract_if(.., |(other, _)| other == name).map(|(_, value)| value);
        let (first, second) = (values.next(), values.next());
        drop(values);
        if second.is_some() {
            self.wrong::<()>(name, "stands more than once");
        }
        first
    }

    fn wrong<T>(&mut self, name: &str, detail: &str) -> Option<T> {
        self.errors.push(FieldError { pointer: pointer(name), detail: detail.to_owned() });
        None
    }

    /// Everything wrong: first what was asked for, then what nobody asked for.
    fn finish(mut self) -> Vec<FieldError> {
        let asked = if self.asked.is_empty() { "it has none".to_owned() } else { format!("its fields are {}", self.asked.join(", ")) };
        for (name, _) in std::mem::take(&mut self.entries) {
            self.wrong::<()>(&name, &format!("is no field of this request; {asked}"));
        }
        self.errors.truncate(ERRORS_MAX);
        self.errors
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// The JSON pointer (RFC 6901) to a field of the whole, its name cut to 64 characters.
fn pointer(name: &str) -> String {
    let name: String = name.chars().take(64).collect();
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// The entries of the object that the body is.
fn entries(body: &[u8]) -> Result<Vec<(String, Value)>, Problem> {
    // An empty pointer means the whole document.
    let wrong = |detail: String| Problem::field("", detail);
    if body.is_empty() {
        return Err(wrong("the body is empty; a JSON object is expected".to_owned()));
    }
    let text = std::str::from_utf8(body).map_err(|error| wrong(format!("the body is not UTF-8 from byte {} on", error.valid_up_to())))?;
    serde_json::from_str::<Entries>(text).map(|entries| entries.0).map_err(|error| match error.classify() {
        Category::Data => wrong("a JSON object is expected".to_owned()),
        Category::Syntax | Category::Eof | Category::Io => wrong(format!("the body is not JSON: {error}")),
    })
}

/// An object whose repeated names are kept: `serde_json::Map` would keep the last one in silence.
struct Entries(Vec<(String, Value)>);

impl<'de> serde::Deserialize<'de> for Entries {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Entries;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a JSON object")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Entries, M::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(body: &[u8]) -> Vec<(String, String)> {
        let reader = |fields: &mut Fields| {
            let word = fields.required("word", |text| if text == "yes" { Ok(()) } else { Err("must be yes".to_owned()) });
            fields.optional("note", |text| Ok(text.to_owned()));
            word
        };
        let errors = read(body, reader).err().map(|problem| problem.errors).unwrap_or_default();
        errors.into_iter().map(|error| (error.pointer, error.detail)).collect()
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let unknown = "is no field of this request; its fields are word, note";
        type Fault = (&'static str, &'static str);
        let cases: &[(&[u8], &[Fault])] = &[
            (br#"{"word":"yes"}"#, &[]),
            (br#" {"word":"yes","note":null} "#, &[]),
            (br#"{"word":"y\u0065s","note":"n"}"#, &[]),
            (b"{}", &[("/word", "is missing")]),
            (br#"{"word":null}"#, &[("/word", "must be a string, not null")]),
            (br#"{"word":1,"note":[]}"#, &[("/word", "must be a string, not a number"), ("/note", "must be a string, not an array")]),
            (br#"{"word":{},"note":true}"#, &[("/word", "must be a string, not an object"), ("/note", "must be a string, not a boolean")]),
            (br#"{"word":"no","more":1,"a/b~c":2}"#, &[("/word", "must be yes"), ("/more", unknown), ("/a~1b~0c", unknown)]),
            (br#"{"word":"yes","word":"yes"}"#, &[("/word", "stands more than once")]),
            (br#"{"word":"yes","wor\u0064":"no"}"#, &[("/word", "stands more than once")]),
            (br#"{"word":"yes","more":1,"more":2}"#, &[("/more", unknown), ("/more", unknown)]),
            (b"", &[("", "the body is empty; a JSON object is expected")]),
            (b"[]", &[("", "a JSON object is expected")]),
            (b"\"word\"", &[("", "a JSON object is expected")]),
            (b"12", &[("", "a JSON object is expected")]),
            (b"null", &[("", "a JSON object is expected")]),
            (b"{\"word\":\"\xff\"}", &[("", "the body is not UTF-8 from byte 9 on")]),
        ];
        for (body, expected) in cases {
            let expected: Vec<_> = expected.iter().map(|(pointer, detail)| ((*pointer).to_owned(), (*detail).to_owned())).collect();
            assert_eq!(faults(body), expected, "{}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn what_is_not_json_is_not_read() {
        let deep = format!("{{\"word\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
        for body in [
            "{",
            "{\"word\":\"yes\"",
            "{\"word\":\"yes\"} x",
            "{'word':'yes'}",
            "{\"word\":\"yes\",}",
            "\u{feff}{}",
            "{\"word\":\"\\ud800\"}",
            &deep,
        ] {
            let faults = faults(body.as_bytes());
            let [(pointer, detail)] = faults.as_slice() else { panic!("{body}: {faults:?}") };
            assert!(pointer.is_empty() && detail.starts_with("the body is not JSON: "), "{body}: {detail}");
        }
    }

    #[test]
    fn nonsense_makes_no_larger_answer() {
        let body: String = (0..5000).map(|number| format!("\"{number}{}\":0,", "x".repeat(100))).collect();
        let faults = faults(format!("{{{}\"word\":\"yes\"}}", body).as_bytes());
        assert_eq!(faults.len(), ERRORS_MAX);
        assert!(faults.iter().all(|(pointer, _)| pointer.len() == 65));
    }
}
