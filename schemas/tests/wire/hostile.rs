//! Bytes that nobody vouches for: cut short, flipped, lying about their length, or of somebody else's making.

use super::*;

/// What may come of bytes that nobody vouches for: a value that reads back as itself, or a short reason.
fn check_hostile(topic: Topic, bytes: &[u8]) -> Result<(), TestCaseError> {
    match Record::read(&decoder(), topic, bytes, TRACEPARENT) {
        Ok(record) => {
            let again = Record::read(&decoder(), record.topic(), &record.write(&encoder()), TRACEPARENT);
            prop_assert_eq!(again.ok(), Some(record));
        }
        Err(error) => prop_assert!(error.to_string().chars().count() < 400, "a reason travels with the record: {}", error),
    }
    Ok(())
}

proptest! {
    #![proptest_config(random())]

    #[test]
    fn arbitrary_bytes_are_refused_or_mean_something(topic in select(Topic::ALL), bytes: Vec<u8>) {
        check_hostile(topic, &framed(topic, &bytes))?;
        check_hostile(topic, &bytes)?;
    }

    #[test]
    fn a_flipped_bit_is_refused_or_means_something(record in record(), place: Index, bit in 0..8u8) {
        let mut bytes = record.write(&encoder());
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        check_hostile(record.topic(), &bytes)?;
    }

    #[test]
    fn a_record_is_read_whole_or_not_at_all(record in record(), place: Index, rest in prop::collection::vec(any::<u8>(), 1..9)) {
        let (decoder, bytes) = (decoder(), record.write(&encoder()));
        let cut = &bytes[..place.index(bytes.len())];
        prop_assert!(Record::read(&decoder, record.topic(), cut, "").is_err(), "a record that is cut short");
        prop_assert!(Record::read(&decoder, record.topic(), &[bytes, rest].concat(), "").is_err(), "a record with bytes after it");
    }

    #[test]
    fn a_record_of_another_topic_is_refused(record in record(), topic in select(Topic::ALL)) {
        let journals = [Topic::SettlementJournal, Topic::ViewsJournal];
        let same = topic == record.topic() || journals.contains(&topic) && journals.contains(&record.topic());
        prop_assert_eq!(Record::read(&decoder(), topic, &record.write(&encoder()), TRACEPARENT).is_ok(), same);
    }

    #[test]
    fn arbitrary_text_is_no_schema(header: String, value: Vec<u8>) {
        prop_assert!(Decoder::default().learn_record(&header, &value).is_err());
        prop_assert!(Decoder::default().learn_record("7", &value).is_err());
    }
}

/// A long as Avro writes it.
fn long(value: i64) -> Vec<u8> {
    reference_write(&Schema::Long, Value::Long(value))
}

#[test]
fn counts_and_lengths_that_lie_are_refused() {
    let settled = Record::Event(sample_settled()).write(&encoder());
    let places = settled.len();
    for count in [i64::MIN, i64::MIN + 1, -1, 1 << 31, 1 << 40, i64::MAX - 1, i64::MAX] {
        for place in 5..places {
            let lie = [&settled[..place], &long(count), &settled[place..]].concat();
            check_hostile(Topic::TransactionSettled, &lie).unwrap();
            let lie = [&settled[..place], &long(count), &settled[place + 1..]].concat();
            check_hostile(Topic::TransactionSettled, &lie).unwrap();
        }
        for topic in Topic::ALL {
            check_hostile(*topic, &framed(*topic, &long(count).repeat(20))).unwrap();
        }
    }
}

/// Puts a text into every field of this name, however deep.
fn set(value: &mut Value, field: &str, new: &str) {
    match value {
        Value::Record(fields) => fields.iter_mut().for_each(|(name, value)| match value {
            Value::String(old) if name == field => new.clone_into(old),
            other => set(other, field, new),
        }),
        Value::Union(_, inner) => set(inner, field, new),
        _ => {}
    }
}

#[test]
fn texts_that_no_record_or_row_could_carry_are_refused_with_a_short_reason() {
    let (schema, megabyte) = (reference(Topic::Commands), "x".repeat(1 << 20));
    for field in ["subject", "authority", "idempotency_key", "kind", "currency", "channel"] {
        for new in [megabyte.as_str(), "", "\0"] {
            let mut command = command_value(&sample_command());
            set(&mut command, field, new);
            let bytes = framed(Topic::Commands, &reference_write(&schema, command));
            assert!(decoder().command(&bytes).is_err(), "{field} {:?}", new.get(..20));
            check_hostile(Topic::Commands, &bytes).unwrap();
        }
    }
}

#[test]
fn a_record_that_is_not_understood_is_not_guessed_at() {
    let bytes = Record::Event(sample_settled()).write(&encoder());
    assert!(matches!(Decoder::default().event(Topic::TransactionSettled, &bytes, ""), Err(WireError::UnknownSchema(_))));
    assert!(matches!(decoder().event(Topic::Commands, &bytes, ""), Err(WireError::Decode { .. })));
    assert!(matches!(decoder().event(Topic::TransactionSettled, &bytes[4..], ""), Err(WireError::Framing)));
}
