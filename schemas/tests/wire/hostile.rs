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
        let journals = [Topic::SettlementJournal, Topic::ViewsJournal, Topic::RiskJournal];
        let same = topic == record.topic() || journals.contains(&topic) && journals.contains(&record.topic());
        prop_assert_eq!(Record::read(&decoder(), topic, &record.write(&encoder()), TRACEPARENT).is_ok(), same);
    }

    #[test]
    fn a_schema_of_no_record_reads_nothing(
        text in select(&["[]", "{}", "\"null\"", "[\"null\"]", "\"string\"", "7", ""][..]),
        topic in select(Topic::ALL),
    ) {
        let mut decoder = Decoder::default();
        drop(decoder.learn_record("7", text.as_bytes()));
        prop_assert!(Record::read(&decoder, topic, &[0, 0, 0, 0, 7], TRACEPARENT).is_err(), "{} of {}", text, topic);
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
fn a_record_that_lacks_nothing_of_another_topic_is_not_read_as_one_of_it() {
    // All that an address must say, a changed name says too: read by fields alone, it would take the address away.
    let update = schemas::diligence::UpdateCustomer {
        customer_id: schemas::CustomerId::mint(1, 0),
        full_name: Some("Awa Diouf".to_owned()),
        msisdn: None,
        country: None,
        date_of_birth: None,
    };
    let told = schemas::diligence::Told::Customer(schemas::diligence::CustomerUpdated { update, by: "staff-7".to_owned() });
    let bytes = Record::Event(Event { fact: Fact::Diligence(Box::new(told)), ..sample_settled() }).write(&encoder());
    assert!(decoder().event(Topic::CustomerUpdated, &bytes, "").is_ok());
    let error = decoder().event(Topic::AddressUpdated, &bytes, "").unwrap_err();
    let expected =
        "can't decode a record of customer.address.updated.v1: its schema is of CustomerUpdated, which is no record of this topic";
    assert_eq!(error.to_string(), expected);
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

fn sample_payment() -> schemas::Payment {
    let Operation::Pay(payment) = sample_command().operation else { panic!("a payment is the sample") };
    payment
}

fn sample_batch() -> schemas::Batch {
    let paid = schemas::Paid {
        id: schemas::TransactionId::mint(1, 0),
        kind: schemas::PaymentKind::Transfer,
        channel: schemas::Channel::Wallet,
        bearer: schemas::Bearer::Payer,
        payer: schemas::AccountId::mint(1, 0),
        payee: schemas::AccountId::mint(1, 1),
        currency: schemas::Currency::XOF,
        amount_minor: 12_500,
        fee_minor: 0,
    };
    let proof = Some(std::sync::Arc::new(schemas::Proof { rows: vec![paid], leaf: 3, path: vec![[7; 32]] }));
    let refund = schemas::Refund { transaction_id: paid.id, amount: Money { minor: 1, currency: paid.currency }, proof };
    let items = vec![Operation::Pay(sample_payment()), Operation::Refund(refund)];
    schemas::Batch { mode: schemas::BatchMode::AllOrNothing, dry_run: false, items }
}

/// A failed payment, which takes the most bytes, and with the longest reason.
fn sample_outcome() -> schemas::Outcome {
    let refusal = schemas::Refusal::ALL.iter().max_by_key(|refusal| refusal.as_str().len()).copied();
    let failed = schemas::Outcome::without(schemas::ItemStatus::Failed, refusal);
    schemas::Outcome { transaction_id: Some(schemas::TransactionId::mint(1_764_000_000_000, 0)), ..failed }
}

fn sample_decided(count: usize) -> Event {
    let (mode, outcomes) = (schemas::BatchMode::Independent, vec![sample_outcome(); count]);
    let decided = schemas::BatchDecided { mode, dry_run: false, outcomes };
    Event { fact: Fact::BatchDecided(Box::new(decided)), ..sample_settled() }
}

fn sample_order() -> schemas::OrderChanged {
    schemas::OrderChanged {
        id: schemas::OrderId::mint(1, 0),
        change: schemas::OrderChange::Executed,
        kind: schemas::PaymentKind::Transfer,
        channel: schemas::Channel::Card,
        account_debit: schemas::AccountId::mint(1, 0),
        account_credit: schemas::AccountId::mint(1, 1),
        amount: Money { minor: 12_500, currency: schemas::Currency::XOF },
        dated: schemas::Dated::ExecuteAt(7),
        transaction_id: Some(schemas::TransactionId::mint(1, 0)),
    }
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
fn a_batch_an_order_or_a_proof_that_cannot_be_is_refused() {
    let some = |number| Value::Union(1, Box::new(Value::Long(number)));
    let none = Value::Union(0, Box::new(Value::Null));
    let hashes = |text: &str| Value::Array(vec![Value::String(text.to_owned())]);
    let (batch, refund) = (Operation::Batch(sample_batch()), sample_batch().items.remove(1));
    let order = Operation::Order(schemas::Order { payment: sample_payment(), dated: schemas::Dated::ExecuteAt(7) });
    let cancel = Operation::CancelOrder(schemas::CancelOrder { order_id: schemas::OrderId::mint(1, 0) });
    for (operation, field, new) in [
        (&batch, "mode", text("some")),
        (&batch, "items", Value::Array(Vec::new())),
        (&batch, "kind", text("reversal")),
        (&batch, "leaf", Value::Long(-1)),
        (&batch, "path", hashes("a5")),
        (&order, "kind", text("refund")),
        (&order, "execute_at", none),
        (&order, "execute_at", some(-1)),
        (&order, "effective_at", some(7)),
        (&cancel, "order_id", text("7")),
        (&refund, "leaf", Value::Long(-1)),
        (&refund, "leaf", Value::Long(1 << 32)),
        (&refund, "rows", Value::Array(Vec::new())),
        (&refund, "bearer", text("bank")),
        (&refund, "path", hashes("")),
        (&refund, "path", hashes(&"a".repeat(63))),
        (&refund, "path", hashes(&"a".repeat(65))),
        (&refund, "path", hashes(&"A".repeat(64))),
        (&refund, "path", hashes(&"é".repeat(32))),
        (&refund, "path", Value::Array(vec![text("a".repeat(64)); 33])),
    ] {
        let command = command_value(&Command { operation: operation.clone(), ..sample_command() });
        let read = changed(Topic::Commands, command, field, &new);
        assert!(matches!(read, Err(WireError::Decode { topic: Topic::Commands, .. })), "{field} {new:?}: {read:?}");
    }
}

#[test]
fn a_batch_of_too_many_items_is_refused() {
    let items = |count| vec![Operation::Pay(sample_payment()); count];
    let command = |count| {
        let operation = Operation::Batch(schemas::Batch { items: items(count), ..sample_batch() });
        Command { operation, ..sample_command() }
    };
    assert!(matches!(encoder().command(&command(8_001)), Err(WireError::Encode { .. })));
    let datum = reference_write(&reference(Topic::Commands), command_value(&command(8_001)));
    assert!(matches!(decoder().command(&framed(Topic::Commands, &datum)), Err(WireError::Decode { .. })));
    let whole = encoder().command(&command(8_000)).expect("as many as there may be");
    assert_eq!(decoder().command(&whole).expect("what was written"), command(8_000));
}

#[test]
fn a_batch_of_batches_is_refused_however_deep() {
    // Of somebody else's making: in their schema a batch can be an item.
    let mut schema: serde_json::Value = serde_json::from_str(schema_json(Topic::Commands)).expect("a schema is JSON");
    let batch = &mut schema["fields"][3]["type"][15];
    assert_eq!(batch["name"], "Batch");
    batch["fields"][2]["type"]["items"].as_array_mut().expect("a union").push("Orion.bank.Batch".into());
    let mut decoder = Decoder::default();
    decoder.learn(id(Topic::Commands), &schema.to_string()).expect("a schema");
    let schema = Schema::parse_str(&schema.to_string()).expect("a schema");
    for (depth, expected) in [(0, true), (1, false), (2, false), (40, false), (100, false)] {
        let mut command = command_value(&Command { operation: Operation::Batch(sample_batch()), ..sample_command() });
        let Value::Record(fields) = &mut command else { panic!("a command is a record") };
        let Value::Union(_, batch) = &mut fields[3].1 else { panic!("an operation is one of many") };
        for _ in 0..depth {
            let mut outer = batch.clone();
            assert!(put(&mut outer, "items", &Value::Array(vec![Value::Union(6, batch.clone())])));
            *batch = outer;
        }
        let read = decoder.command(&framed(Topic::Commands, &reference_write(&schema, command)));
        assert_eq!(read.is_ok(), expected, "{depth}: {read:?}");
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

#[test]
fn what_a_batch_or_an_order_cannot_be_is_refused() {
    let (none, some) = (|| Value::Union(0, Box::new(Value::Null)), |value| Value::Union(1, Box::new(value)));
    let decided = sample_decided(1);
    let order = |changed| Event { fact: Fact::OrderChanged(Box::new(changed)), ..sample_settled() };
    let executed = order(sample_order());
    let scheduled = order(schemas::OrderChanged { change: schemas::OrderChange::Scheduled, transaction_id: None, ..sample_order() });
    let effective = order(schemas::OrderChanged { dated: schemas::Dated::EffectiveAt(7), ..sample_order() });
    let mut dry_run = decided.clone();
    let Fact::BatchDecided(batch) = &mut dry_run.fact else { panic!("a batch was decided") };
    batch.dry_run = true;
    for (event, field, new) in [
        (&decided, "mode", text("some")),
        (&decided, "status", text("done")),
        (&decided, "status", text("settled")),
        (&decided, "reason", none()),
        (&decided, "reason", some(text("no"))),
        (&decided, "hold_id", some(text("7"))),
        (&decided, "outcomes", Value::Array(Vec::new())),
        (&decided, "first_epoch", some(Value::Long(-1))),
        (&dry_run, "first_epoch", some(Value::Long(7))),
        (&executed, "first_epoch", some(Value::Long(7))),
        (&executed, "transaction_id", none()),
        (&executed, "change", text("scheduled")),
        (&executed, "change", text("cancelled")),
        (&executed, "change", text("forgotten")),
        (&executed, "execute_at", none()),
        (&executed, "execute_at", some(Value::Long(-1))),
        (&executed, "execute_at", some(Value::Long(i64::MAX))),
        (&executed, "effective_at", some(Value::Long(7))),
        (&executed, "amount", text("1.5")),
        (&scheduled, "change", text("executed")),
        (&scheduled, "change", text("failed")),
        (&scheduled, "first_epoch", some(Value::Long(i64::MAX))),
        (&effective, "change", text("failed")),
    ] {
        let read = changed(Topic::of(event), updated_value(event), field, &new);
        assert!(matches!(read, Err(WireError::Decode { .. })), "{field} {new:?}: {read:?}");
    }
    let too_many = framed(Topic::BatchDecided, &reference_write(&reference(Topic::BatchDecided), updated_value(&sample_decided(8_001))));
    assert!(matches!(decoder().event(Topic::BatchDecided, &too_many, ""), Err(WireError::Decode { .. })));
}

#[test]
fn what_became_of_the_largest_batch_fits_a_record() {
    let event = sample_decided(8_000);
    let bytes = encoder().event(&event).expect("an event");
    println!("8,000 failed payments with the longest reason: {} bytes", bytes.len());
    assert!(bytes.len() < 1_000_000, "{} bytes", bytes.len());
    assert_eq!(decoder().event(Topic::BatchDecided, &bytes, TRACEPARENT).expect("what was written"), event);
}
