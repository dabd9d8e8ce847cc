//! A JSON object, read field by field, so that a caller hears of everything that is wrong at once.
//!
//! In: the bytes of a body. Out: the fields that a reader asks for, or a problem that lists every field at
//! fault by JSON pointer. What nobody asked for is refused by name; nothing is ignored, nothing guessed.

mod node;

use node::VALUES_MAX;
use schemas::Problem;
use schemas::problem::FieldError;
use std::cell::Cell;

pub(super) use node::Node;

/// Most faults that an answer lists: a body full of nonsense must not make a larger answer.
const ERRORS_MAX: usize = 32;

/// Reads a body that is an object with a reader of its fields.
pub(super) fn read<T>(body: &[u8], reader: impl FnOnce(&mut Fields) -> Option<T>) -> Result<T, Problem> {
    match parse(body)? {
        Node::Object(entries) => object(entries, reader),
        _ => Err(Problem::field("", "a JSON object is expected")),
    }
}

/// Reads the entries of a body that is an object.
pub(super) fn object<T>(entries: Vec<(String, Node)>, reader: impl FnOnce(&mut Fields) -> Option<T>) -> Result<T, Problem> {
    let mut fields = Fields::of(String::new(), entries);
    let value = reader(&mut fields);
    let errors = fields.finish();
    match value {
        Some(value) if errors.is_empty() => Ok(value),
        _ => Err(Problem::fields(errors)),
    }
}

/// What a body is.
pub(super) fn parse(body: &[u8]) -> Result<Node, Problem> {
    if body.is_empty() {
        // An empty pointer means the whole document.
        return Err(Problem::field("", "the body is empty; a JSON object is expected"));
    }
    let unread = |error| Problem::field("", format!("the body is not JSON{error}"));
    Node::read(text(body)?, &Cell::new(VALUES_MAX)).map_err(|error| unread(cause(&error)))
}

/// What the lines of a body are, each an object of its own; empty ones are passed over.
pub(super) fn lines(body: &[u8], most: usize) -> Result<Vec<Node>, Problem> {
    let room = Cell::new(VALUES_MAX);
    let mut nodes = Vec::new();
    for (number, line) in (1..).zip(text(body)?.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        let pointer = format!("/{}", nodes.len());
        let unread = |error| Problem::field(&pointer, format!("line {number} is not JSON{}", cause(&error)));
        nodes.push(Node::read(line, &room).map_err(unread)?);
        if nodes.len() > most {
            break;
        }
    }
    Ok(nodes)
}

fn text(body: &[u8]) -> Result<&str, Problem> {
    let wrong = |error: std::str::Utf8Error| format!("the body is not UTF-8 from byte {} on", error.valid_up_to());
    std::str::from_utf8(body).map_err(|error| Problem::field("", wrong(error)))
}

/// Behind the word that something is not JSON: why, or that it is JSON and too much of it.
fn cause(error: &serde_json::Error) -> String {
    if error.is_data() { format!(" that is taken: {error}") } else { format!(": {error}") }
}

/// The fields of an object, and what was found wrong so far.
pub(super) struct Fields {
    /// The pointer to the object; empty for the whole.
    prefix: String,
    /// In the order of the body; a name may stand more than once.
    entries: Vec<(String, Node)>,
    asked: Vec<&'static str>,
    errors: Vec<FieldError>,
}

impl Fields {
    fn of(prefix: String, entries: Vec<(String, Node)>) -> Self {
        Self { prefix, entries, asked: Vec::new(), errors: Vec::new() }
    }

    /// A text that must be there.
    pub(super) fn required<T>(&mut self, name: &'static str, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        match self.take(name) {
            None => self.wrong(name, "is missing"),
            Some(value) => self.text(name, &value, read),
        }
    }

    /// A text that may be absent, or null.
    pub(super) fn optional<T>(&mut self, name: &'static str, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let value = self.take_if_said(name)?;
        self.text(name, &value, read)
    }

    /// A whole number that must be there.
    pub(super) fn number<T>(&mut self, name: &'static str, read: impl FnOnce(u64) -> Result<T, String>) -> Option<T> {
        match self.take(name) {
            None => self.wrong(name, "is missing"),
            Some(value) => self.whole(name, &value, read),
        }
    }

    /// A whole number that may be absent, or null.
    pub(super) fn optional_number<T>(&mut self, name: &'static str, read: impl FnOnce(u64) -> Result<T, String>) -> Option<T> {
        let value = self.take_if_said(name)?;
        self.whole(name, &value, read)
    }

    /// Yes or no; may be absent, or null.
    pub(super) fn optional_flag(&mut self, name: &'static str) -> Option<bool> {
        match self.take_if_said(name)? {
            Node::Bool(flag) => Some(flag),
            other => self.wrong(name, &format!("must be true or false, not {}", other.kind())),
        }
    }

    /// An object that must be there.
    pub(super) fn object<T>(&mut self, name: &'static str, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        match self.take(name) {
            None => self.wrong(name, "is missing"),
            Some(value) => self.inner(self.pointer(name), value, read),
        }
    }

    /// An object that may be absent, or null.
    pub(super) fn optional_object<T>(&mut self, name: &'static str, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let value = self.take_if_said(name)?;
        self.inner(self.pointer(name), value, read)
    }

    /// A whole number of either sign that may be absent, or null.
    pub(super) fn optional_signed<T>(&mut self, name: &'static str, read: impl FnOnce(i64) -> Result<T, String>) -> Option<T> {
        self.optional_number(name, |number| i64::try_from(number).map_err(|_| "expected a smaller number".to_owned()).and_then(read))
    }

    /// Texts, at most `most`, each once.
    pub(super) fn texts<T: PartialEq>(
        &mut self,
        name: &'static str,
        most: usize,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let values = match self.take(name) {
            None => return self.wrong(name, "is missing"),
            Some(Node::List(values)) => values,
            Some(other) => return self.wrong(name, &format!("must be an array, not {}", other.kind())),
        };
        if values.len() > most {
            return self.wrong(name, &format!("expected at most {most} entries"));
        }
        let mut texts = Vec::with_capacity(values.len());
        for (number, value) in values.into_iter().enumerate() {
            let pointer = format!("{}/{number}", self.pointer(name));
            let text = match &value {
                Node::Text(text) => read(text),
                other => Err(format!("must be a string, not {}", other.kind())),
            };
            match text {
                Ok(text) if texts.contains(&text) => return self.fault(pointer, "stands more than once".to_owned()),
                Ok(text) => texts.push(text),
                Err(detail) => return self.fault(pointer, detail),
            }
        }
        Some(texts)
    }

    /// Whether a field stands there and is not null.
    pub(super) fn says(&self, name: &str) -> bool {
        self.entries.iter().any(|(other, value)| other == name && !matches!(value, Node::Null))
    }

    /// Whether every field is null, or there is none.
    pub(super) fn says_nothing(&self) -> bool {
        self.entries.iter().all(|(_, value)| matches!(value, Node::Null))
    }

    /// Whether something was wrong so far.
    pub(super) fn is_wrong(&self) -> bool {
        !self.errors.is_empty()
    }

    /// A fault of the whole object.
    pub(super) fn wrong_itself<T>(&mut self, detail: &str) -> Option<T> {
        self.fault(self.prefix.clone(), detail.to_owned())
    }

    /// One or more objects, at most `most`; the reader hears which of them is the last.
    pub(super) fn list<T>(&mut self, name: &'static str, most: usize, read: impl FnMut(&mut Self, bool) -> Option<T>) -> Option<Vec<T>> {
        match self.take(name) {
            None => self.wrong(name, "is missing"),
            Some(Node::List(values)) => self.array(&self.pointer(name), values, most, read),
            Some(other) => self.wrong(name, &format!("must be an array, not {}", other.kind())),
        }
    }

    /// The same of an array that stands where the pointer says.
    pub(super) fn array<T>(
        &mut self,
        pointer: &str,
        values: Vec<Node>,
        most: usize,
        mut read: impl FnMut(&mut Self, bool) -> Option<T>,
    ) -> Option<Vec<T>> {
        let count = values.len();
        if !(1..=most).contains(&count) {
            return self.fault(pointer.to_owned(), format!("expected 1 to {most} entries"));
        }
        let mut read_all = Vec::with_capacity(count);
        for (number, value) in values.into_iter().enumerate() {
            read_all.push(self.inner(format!("{pointer}/{number}"), value, |fields| read(fields, number + 1 == count)));
        }
        read_all.into_iter().collect()
    }

    /// Whatever else there is can't be judged.
    pub(super) fn leave(&mut self) {
        self.entries.clear();
    }

    /// What the path names, if it could be read.
    pub(super) fn path<T>(&mut self, name: &str, value: Option<T>, expected: &str) -> Option<T> {
        if value.is_none() {
            self.fault::<()>(name.to_owned(), format!("expected {expected}"));
        }
        value
    }

    /// A fault of a field that can be seen only beside the others.
    pub(super) fn wrong<T>(&mut self, name: &str, detail: &str) -> Option<T> {
        self.fault(self.pointer(name), detail.to_owned())
    }

    fn fault<T>(&mut self, pointer: String, detail: String) -> Option<T> {
        if self.errors.len() < ERRORS_MAX {
            self.errors.push(FieldError { pointer, detail });
        }
        None
    }

    fn text<T>(&mut self, name: &str, value: &Node, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let Node::Text(text) = value else {
            return self.wrong(name, &format!("must be a string, not {}", value.kind()));
        };
        match read(text) {
            Ok(read) => Some(read),
            Err(detail) => self.wrong(name, &detail),
        }
    }

    fn whole<T>(&mut self, name: &str, value: &Node, read: impl FnOnce(u64) -> Result<T, String>) -> Option<T> {
        match value {
            Node::Number(Some(number)) => match read(*number) {
                Ok(read) => Some(read),
                Err(detail) => self.wrong(name, &detail),
            },
            Node::Number(None) => self.wrong(name, "must be a whole number, and not negative"),
            other => self.wrong(name, &format!("must be a whole number, not {}", other.kind())),
        }
    }

    fn inner<T>(&mut self, pointer: String, value: Node, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let Node::Object(entries) = value else {
            return self.fault(pointer, format!("must be an object, not {}", value.kind()));
        };
        let mut inner = Self::of(pointer, entries);
        let value = read(&mut inner);
        let errors = inner.finish();
        // Where there was no room for its faults, it has some all the same, and so have we.
        let room = ERRORS_MAX - self.errors.len();
        self.errors.extend(errors.into_iter().take(room));
        value
    }

    /// The first value of a field; a second one is a fault, since readers disagree about which of the two counts.
    fn take(&mut self, name: &'static str) -> Option<Node> {
        self.asked.push(name);
        let mut values = self.entries.extract_if(.., |(other, _)| other == name).map(|(_, value)| value);
        let (first, second) = (values.next(), values.next());
        drop(values);
        if second.is_some() {
            self.wrong::<()>(name, "stands more than once");
        }
        first
    }

    fn take_if_said(&mut self, name: &'static str) -> Option<Node> {
        self.take(name).filter(|value| !matches!(value, Node::Null))
    }

    /// The JSON pointer (RFC 6901) to a field, its name cut to 64 characters.
    fn pointer(&self, name: &str) -> String {
        let name: String = name.chars().take(64).collect();
        format!("{}/{}", self.prefix, name.replace('~', "~0").replace('/', "~1"))
    }

    /// Everything wrong: first what was asked for, then what nobody asked for.
    fn finish(mut self) -> Vec<FieldError> {
        let whole = if self.prefix.is_empty() { "this request" } else { "this object" };
        let asked = if self.asked.is_empty() { "it has none".to_owned() } else { format!("its fields are {}", self.asked.join(", ")) };
        for (name, _) in std::mem::take(&mut self.entries).into_iter().take(ERRORS_MAX) {
            self.wrong::<()>(&name, &format!("is no field of {whole}; {asked}"));
        }
        self.errors
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
