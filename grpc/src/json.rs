//! Messages as JSON, and back: the JSON of REST, not that of protobuf.
//!
//! In: a message, or a JSON object. Out: the other. A field keeps its name; a word of an enum is the word of REST in capitals behind the
//! name of its enum; numbers are numbers. What is not set is left out, and so is the zero of an enum; null is not set. What has no place is an error, never
//! passed over: in a request it may be what says not to pay yet, in an answer it is a field that a `.proto` file lacks.

use prost_reflect::{DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor, Value as Field};
use serde_json::{Map, Value};

/// A field that this program does not know.
#[derive(Debug, PartialEq, Eq)]
pub struct Unknown {
    /// Where it stands, such as `items[3]`; empty for the whole.
    pub within: String,
    /// Its number.
    pub number: u32,
}

/// What a message says.
pub fn to_json(message: &DynamicMessage) -> Result<Map<String, Value>, Unknown> {
    if let Some(field) = message.unknown_fields().next() {
        return Err(Unknown { within: String::new(), number: field.number() });
    }
    let mut object = Map::new();
    for (field, value) in message.fields().filter(|(_, value)| !matches!(value, Field::EnumNumber(0))) {
        let within = |unknown: Unknown, place: String| {
            let rest = if unknown.within.is_empty() { String::new() } else { format!(".{}", unknown.within) };
            Unknown { within: format!("{place}{rest}"), ..unknown }
        };
        let said = match value {
            Field::List(values) => {
                let values = values
                    .iter()
                    .enumerate()
                    .map(|(number, value)| one(&field, value).map_err(|unknown| within(unknown, format!("{}[{number}]", field.name()))));
                Value::Array(values.collect::<Result<_, _>>()?)
            }
            value => one(&field, value).map_err(|unknown| within(unknown, field.name().to_owned()))?,
        };
        object.insert(field.name().to_owned(), said);
    }
    Ok(object)
}

fn one(field: &FieldDescriptor, value: &Field) -> Result<Value, Unknown> {
    Ok(match value {
        Field::Message(message) => Value::Object(to_json(message)?),
        Field::String(text) => Value::String(text.clone()),
        Field::Bool(flag) => Value::Bool(*flag),
        Field::U32(number) => Value::Number((*number).into()),
        Field::U64(number) => Value::Number((*number).into()),
        Field::I64(number) => Value::Number((*number).into()),
        Field::EnumNumber(number) => Value::String(word(field, *number)),
        // A test holds the files to the kinds above.
        Field::I32(_) | Field::F32(_) | Field::F64(_) | Field::Bytes(_) | Field::List(_) | Field::Map(_) => Value::Null,
    })
}

/// The word of REST; of a number that is none, its digits, which whoever reads them refuses by name.
fn word(field: &FieldDescriptor, number: i32) -> String {
    let Kind::Enum(descriptor) = field.kind() else { return number.to_string() };
    let prefix = prefix(&descriptor);
    let value = descriptor.get_value(number);
    let word = value.and_then(|value| value.name().strip_prefix(&*prefix).map(str::to_ascii_lowercase));
    word.unwrap_or_else(|| number.to_string())
}

/// What every value of an enum begins with: its name in capitals.
pub fn prefix(descriptor: &EnumDescriptor) -> String {
    let mut prefix = String::new();
    for letter in descriptor.name().chars() {
        if letter.is_ascii_uppercase() && !prefix.is_empty() {
            prefix.push('_');
        }
        prefix.push(letter.to_ascii_uppercase());
    }
    prefix.push('_');
    prefix
}

/// The message that says the same as an object; or a sentence about what has no place in it.
pub fn from_json(descriptor: &MessageDescriptor, object: &Map<String, Value>) -> Result<DynamicMessage, String> {
    let mut message = DynamicMessage::new(descriptor.clone());
    for (name, value) in object.iter().filter(|(_, value)| !value.is_null()) {
        // Two fields are called by the names that the GSMA gave them, which are not in our spelling.
        let field = descriptor.get_field_by_name(name).or_else(|| descriptor.get_field_by_json_name(name));
        let field = field.ok_or_else(|| format!("{} has no field {name}", descriptor.name()))?;
        let read = match value {
            Value::Array(values) if field.is_list() => {
                Field::List(values.iter().map(|value| read(&field, value)).collect::<Result<_, _>>()?)
            }
            value if !field.is_list() => read(&field, value)?,
            _ => return Err(format!("{} holds many values, not one", field.full_name())),
        };
        message.set_field(&field, read);
    }
    Ok(message)
}

/// The value itself is not in the sentence: it may be a name.
fn read(field: &FieldDescriptor, value: &Value) -> Result<Field, String> {
    let read = match (field.kind(), value) {
        (Kind::Message(descriptor), Value::Object(object)) => Some(Field::Message(from_json(&descriptor, object)?)),
        (Kind::String, Value::String(text)) => Some(Field::String(text.clone())),
        (Kind::Bool, Value::Bool(flag)) => Some(Field::Bool(*flag)),
        (Kind::Uint32, Value::Number(number)) => number.as_u64().and_then(|number| u32::try_from(number).ok()).map(Field::U32),
        (Kind::Uint64, Value::Number(number)) => number.as_u64().map(Field::U64),
        (Kind::Int64, Value::Number(number)) => number.as_i64().map(Field::I64),
        (Kind::Enum(descriptor), Value::String(word)) => {
            let name = format!("{}{}", prefix(&descriptor), word.to_ascii_uppercase());
            descriptor.get_value_by_name(&name).map(|value| Field::EnumNumber(value.number()))
        }
        _ => None,
    };
    read.ok_or_else(|| format!("{} has no place for what it is to hold", field.full_name()))
}

/// A value as the text of a path or of a query.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
