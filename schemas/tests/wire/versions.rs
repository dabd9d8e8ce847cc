//! Records of other versions: what the contract promises to readers of any age.

use super::*;

/// The first fields of `TransactionSettled`, which other systems rely on: in this order, all of them strings.
const B3: [&str; 8] = ["transaction_id", "amount", "currency", "channel", "charged_fee", "debit_account", "credit_account", "settled_at"];

fn json(topic: Topic) -> serde_json::Value {
    serde_json::from_str(schema_json(topic)).expect("a schema is JSON")
}

#[test]
fn a_settled_transaction_starts_with_the_agreed_fields_and_the_rest_has_defaults() {
    let schema = json(Topic::TransactionSettled);
    assert_eq!((&schema["namespace"], &schema["name"]), (&"Orion.bank".into(), &"TransactionSettled".into()));
    let fields = schema["fields"].as_array().unwrap();
    let (agreed, added) = fields.split_at(B3.len());
    assert_eq!(agreed.iter().map(|field| field["name"].as_str().unwrap()).collect::<Vec<_>>(), B3);
    assert!(agreed.iter().all(|field| field["type"] == "string"));
    assert!(added.iter().all(|field| field.get("default").is_some()));
}

#[test]
fn all_names_are_in_one_name_space_and_every_field_is_explained() {
    fn walk(schema: &serde_json::Value) {
        match schema {
            serde_json::Value::Array(branches) => branches.iter().for_each(walk),
            serde_json::Value::Object(object) if object["type"] == "record" => {
                assert_eq!(object["namespace"], "Orion.bank", "{}", object["name"]);
                for field in object["fields"].as_array().expect("a record has fields") {
                    assert!(field["doc"].as_str().is_some_and(|doc| doc.ends_with('.')), "{} has no doc", field["name"]);
                    walk(&field["type"]);
                }
            }
            serde_json::Value::Object(object) => walk(object.get("items").unwrap_or(&serde_json::Value::Null)),
            _ => {}
        }
    }
    Topic::ALL.iter().for_each(|topic| walk(&json(*topic)));
}

/// The schema of a topic without the fields that `drop` names.
fn older(topic: Topic, drop: impl Fn(&str) -> bool) -> String {
    let mut schema = json(topic);
    let fields = schema["fields"].as_array_mut().expect("a record has fields");
    fields.retain(|field| !drop(field["name"].as_str().expect("a field has a name")));
    schema.to_string()
}

/// A record value without its fields of these names.
fn without(value: Value, drop: impl Fn(&str) -> bool) -> Value {
    let Value::Record(fields) = value else { panic!("{value:?} is no record") };
    Value::Record(fields.into_iter().filter(|(name, _)| !drop(name)).collect())
}

#[test]
fn a_settled_transaction_of_eight_fields_is_read_by_a_generic_reader() {
    let added = |name: &str| !B3.contains(&name);
    let (old, new) = (Schema::parse_str(&older(Topic::TransactionSettled, added)).unwrap(), reference(Topic::TransactionSettled));
    assert_eq!(SchemaCompatibility::can_read(&old, &new).unwrap(), Compatibility::Full);
    let bytes = reference_write(&old, without(settled_value(&sample_settled()), added));
    let reader = GenericDatumReader::builder(&old).reader_schema(&new).build().unwrap();
    let Value::Record(read) = reader.read_value(&mut bytes.as_slice()).unwrap() else { panic!("a record is read") };
    let Value::Record(full) = settled_value(&sample_settled()) else { panic!("a record is written") };
    assert_eq!(read[..B3.len()], full[..B3.len()]);
    let defaults: Vec<_> = read[B3.len()..].iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    let expected = [
        ("event_id", text("")),
        ("trace_id", text("")),
        ("operation", text("")),
        ("epoch", Value::Long(0)),
        ("postings", Value::Array(Vec::new())),
        ("command_id", text("")),
        ("command_partition", Value::Int(0)),
        ("command_offset", Value::Long(0)),
    ];
    assert_eq!(defaults, expected);
}

#[test]
fn a_settled_transaction_of_eight_fields_is_no_event_of_ours() {
    // It names no command, no epoch and no place among the events: to read it as one would be to make that up.
    let added = |name: &str| !B3.contains(&name);
    let old = older(Topic::TransactionSettled, added);
    let mut decoder = Decoder::default();
    decoder.learn(id(Topic::TransactionSettled), &old).unwrap();
    let value = without(settled_value(&sample_settled()), added);
    let bytes = framed(Topic::TransactionSettled, &reference_write(&Schema::parse_str(&old).unwrap(), value));
    let error = decoder.event(Topic::TransactionSettled, &bytes, "").unwrap_err();
    assert!(matches!(error, WireError::Decode { topic: Topic::TransactionSettled, .. }), "{error}");
}

#[test]
fn what_an_older_schema_lacks_takes_its_default() {
    let lacks = |name: &str| matches!(name, "trace_id" | "postings");
    let old = older(Topic::TransactionSettled, lacks);
    let mut decoder = Decoder::default();
    decoder.learn(id(Topic::TransactionSettled), &old).unwrap();
    let value = without(settled_value(&sample_settled()), lacks);
    let bytes = framed(Topic::TransactionSettled, &reference_write(&Schema::parse_str(&old).unwrap(), value));
    let read = decoder.event(Topic::TransactionSettled, &bytes, "").unwrap();
    let mut expected = sample_settled();
    expected.cause.traceparent = String::new();
    let Fact::Transaction(transaction) = &mut expected.fact else { panic!("a transaction is read") };
    transaction.postings.clear();
    assert_eq!(read, expected);
}

#[test]
fn what_a_newer_schema_adds_is_passed_over() {
    for place in [0, 3, 8, 16] {
        let mut newer = json(Topic::TransactionSettled);
        let field = serde_json::json!({"name": "added", "type": {"type": "array", "items": "string"}, "doc": "New.", "default": []});
        newer["fields"].as_array_mut().unwrap().insert(place, field);
        let Value::Record(mut fields) = settled_value(&sample_settled()) else { panic!("a record is written") };
        fields.insert(place, ("added".to_owned(), Value::Array(vec![text("a"), text("b")])));
        let mut decoder = Decoder::default();
        decoder.learn(id(Topic::TransactionSettled), &newer.to_string()).unwrap();
        let schema = Schema::parse_str(&newer.to_string()).unwrap();
        let bytes = framed(Topic::TransactionSettled, &reference_write(&schema, Value::Record(fields)));
        assert_eq!(decoder.event(Topic::TransactionSettled, &bytes, TRACEPARENT).unwrap(), sample_settled());
        assert_eq!(SchemaCompatibility::can_read(&schema, &reference(Topic::TransactionSettled)).unwrap(), Compatibility::Full);
        assert_eq!(SchemaCompatibility::can_read(&reference(Topic::TransactionSettled), &schema).unwrap(), Compatibility::Full);
    }
}
