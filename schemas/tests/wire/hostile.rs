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

/// Puts a value into the first field of this name, however deep.
fn put(value: &mut Value, field: &str, new: &Value) -> bool {
    match value {
        Value::Record(fields) => fields.iter_mut().any(|(name, value)| {
            if name != field {
                return put(value, field, new);
            }
            *value = new.clone();
            true
        }),
        Value::Union(_, inner) => put(inner, field, new),
        Value::Array(items) => items.iter_mut().any(|item| put(item, field, new)),
        _ => false,
    }
}

/// What is read of a record in which one field has another value.
fn changed(topic: Topic, mut value: Value, field: &str, new: &Value) -> Result<Record, WireError> {
    assert!(put(&mut value, field, new), "{topic} has {field}");
    Record::read(&decoder(), topic, &framed(topic, &reference_write(&reference(topic), value)), TRACEPARENT)
}

fn sample_tariff() -> schemas::Policy {
    schemas::Policy::Tariff(schemas::Tariff {
        code: "a".to_owned(),
        currency: schemas::Currency::XOF,
        operation: None,
        channel: None,
        account_type: None,
        level: None,
        bearer: schemas::Bearer::Payer,
        tiers: vec![schemas::Tier { up_to_minor: None, fixed_minor: 1, rate_ppm: 1 }],
        min_minor: None,
        max_minor: None,
        free_per_month: 0,
        effective_from: Some(7),
        effective_to: None,
    })
}

#[test]
fn a_command_that_cannot_be_is_refused() {
    let some = |number| Value::Union(1, Box::new(Value::Long(number)));
    let Operation::Pay(payment) = sample_command().operation else { panic!("a payment is the sample") };
    let payment = schemas::Payment { amount_minor: 1, ..payment };
    let reserve = Operation::Reserve(schemas::Reserve { payment: payment.clone(), expires_in_ms: 60_000 });
    let set = Operation::SetPolicy(sample_tariff());
    for (operation, field, new) in [
        (&Operation::Pay(payment), "kind", text("refund")),
        (&reserve, "kind", text("reversal")),
        (&reserve, "expires_in_ms", Value::Long(0)),
        (&reserve, "expires_in_ms", Value::Long(-1)),
        (&reserve, "expires_in_ms", Value::Long(i64::MAX)),
        (&set, "code", text("")),
        (&set, "account_type", Value::Union(1, Box::new(text("house")))),
        (&set, "bearer", text("bank")),
        (&set, "tiers", Value::Array(Vec::new())),
        (&set, "up_to_minor", some(1)),
        (&set, "fixed_minor", Value::Long(-1)),
        (&set, "rate_ppm", Value::Long(-1)),
        (&set, "rate_ppm", Value::Long(1_000_001)),
        (&set, "rate_ppm", Value::Long(i64::MAX)),
        (&set, "free_per_month", Value::Long(-1)),
        (&set, "free_per_month", Value::Long(1 << 32)),
        (&set, "min_minor", some(-1)),
        (&set, "effective_from", some(-1)),
        (&set, "effective_from", some(i64::MAX)),
        (&set, "effective_to", some(7)),
    ] {
        let command = command_value(&Command { operation: operation.clone(), ..sample_command() });
        let read = changed(Topic::Commands, command, field, &new);
        assert!(matches!(read, Err(WireError::Decode { topic: Topic::Commands, .. })), "{field} {new:?}: {read:?}");
    }
}

#[test]
fn an_event_that_cannot_be_is_refused() {
    let held = schemas::HoldChanged {
        id: schemas::HoldId::mint(1, 0),
        change: schemas::HoldChange::Released,
        kind: schemas::PaymentKind::MerchantPayment,
        channel: schemas::Channel::Card,
        account_debit: schemas::AccountId::mint(1, 0),
        account_credit: schemas::AccountId::mint(1, 1),
        amount: Money { minor: 12_500, currency: schemas::Currency::XOF },
        fee_minor: 125,
        open: false,
        expires_at: 7,
    };
    let held = Event { fact: Fact::HoldChanged(held), ..sample_settled() };
    let set = Event { fact: Fact::PolicyChanged(Box::new(sample_tariff())), ..sample_settled() };
    for (event, field, new) in [
        (&held, "amount", text("-1")),
        (&held, "held_fee", text("-1")),
        (&held, "open", Value::Boolean(true)),
        (&held, "change", text("reserved")),
        (&held, "expires_at", Value::Long(-1)),
        (&held, "expires_at", Value::Long(i64::MAX)),
        (&set, "tiers", Value::Array(Vec::new())),
        (&set, "free_per_month", Value::Long(-1)),
    ] {
        let read = changed(Topic::of(event), updated_value(event), field, &new);
        assert!(matches!(read, Err(WireError::Decode { .. })), "{field} {new:?}: {read:?}");
    }
    let id = || Value::Union(1, Box::new(text(schemas::HoldId::mint(1, 0))));
    let Fact::Transaction(settled) = sample_settled().fact else { panic!("it settled") };
    let link = Some(schemas::Link::Hold(schemas::HoldId::mint(1, 0)));
    let captured = Event { fact: Fact::Transaction(schemas::Transaction { link, ..settled }), ..sample_settled() };
    let read = changed(Topic::TransactionLinked, settled_value(&captured), "original_transaction_id", &id());
    assert!(matches!(read, Err(WireError::Decode { .. })), "{read:?}");
}
