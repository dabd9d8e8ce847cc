//! What is written is what is read: by us, by the reference implementation of Avro, by readers of another version.
//! And bytes that nobody wrote are refused with a short reason; they never stop a cell.

mod record;

#[path = "wire/alerts.rs"]
mod alerts;
#[path = "wire/diligence.rs"]
mod diligence;
#[path = "wire/gates.rs"]
mod gates;
#[path = "wire/hostile.rs"]
mod hostile;
#[path = "wire/lists.rs"]
mod lists;
#[path = "wire/values.rs"]
mod values;
#[path = "wire/versions.rs"]
mod versions;
#[path = "wire/words.rs"]
mod words;

use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::schema_compatibility::{Compatibility, SchemaCompatibility};
use apache_avro::types::Value;
use apache_avro::writer::datum::GenericDatumWriter;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::FileFailurePersistence;
use record::Record;
use schemas::wire::{Decoder, Encoder, WireError, datum, schema_json};
use schemas::{AlertChange, Cause, Command, Event, Fact, Money, Operation, Topic};
use values::{command_value, settled_value, text, updated_value};

const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn id(topic: Topic) -> u32 {
    Topic::ALL.iter().zip(100..).find(|(known, _)| **known == topic).map(|(_, id)| id).expect("every topic has an id here")
}

fn encoder() -> Encoder {
    Encoder::new(Topic::ALL.iter().map(|topic| (*topic, id(*topic))).collect())
}

fn decoder() -> Decoder {
    let mut decoder = Decoder::default();
    for topic in Topic::ALL {
        decoder.learn(id(*topic), schema_json(*topic)).expect("every committed schema is valid");
    }
    decoder
}

fn framed(topic: Topic, datum: &[u8]) -> Vec<u8> {
    [&[0][..], &id(topic).to_be_bytes(), datum].concat()
}

fn record() -> impl Strategy<Value = Record> {
    let journal = select(vec![Topic::SettlementJournal, Topic::ViewsJournal, Topic::RiskJournal]);
    prop_oneof![
        3 => words::command().prop_map(Record::Command),
        6 => words::event().prop_map(Record::Event),
        1 => alerts::change().prop_map(Record::Alert),
        2 => (journal, words::entry()).prop_map(|(journal, entry)| Record::Entry(journal, entry)),
    ]
}

/// The reference implementation's schema of a topic.
fn reference(topic: Topic) -> Schema {
    Schema::parse_str(schema_json(topic)).expect("every committed schema is valid")
}

fn reference_read(writer: &Schema, mut datum: &[u8]) -> Value {
    let reader = GenericDatumReader::builder(writer).build().expect("a valid schema");
    let value = reader.read_value(&mut datum).expect("a valid datum");
    assert!(datum.is_empty(), "the whole datum is read");
    value
}

fn reference_write(writer: &Schema, value: Value) -> Vec<u8> {
    let writer = GenericDatumWriter::builder(writer).build().expect("a valid schema");
    writer.write_value_to_vec(value).expect("a value of the schema")
}

fn settled() -> impl Strategy<Value = Event> {
    (words::event(), words::settled()).prop_map(|(event, transaction)| Event { fact: Fact::Transaction(transaction), ..event })
}

/// What was held, set, ordered or decided of a batch.
fn updated() -> impl Strategy<Value = Event> {
    (words::event(), words::updated()).prop_map(|(event, fact)| Event { fact, ..event })
}

fn random() -> ProptestConfig {
    ProptestConfig { failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("seeds"))), ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(random())]

    #[test]
    fn every_record_reads_back(record in record()) {
        let traceparent = match &record {
            Record::Event(event) => &*event.cause.traceparent,
            Record::Alert(AlertChange::Raised(alert)) => &*alert.traceparent,
            Record::Alert(AlertChange::Cleared(_)) | Record::Command(_) | Record::Entry(..) => "",
        };
        let read = Record::read(&decoder(), record.topic(), &record.write(&encoder()), traceparent);
        prop_assert_eq!(read.map_err(|error| error.to_string()), Ok(record));
    }

    #[test]
    fn the_reference_implementation_reads_and_writes_the_same_bytes(record in record()) {
        let bytes = record.write(&encoder());
        let (_, datum) = datum(&bytes).expect("framed");
        let schema = reference(record.topic());
        prop_assert_eq!(reference_write(&schema, reference_read(&schema, datum)), datum);
    }

    #[test]
    fn a_command_says_what_its_schema_says(command in words::command()) {
        let schema = reference(Topic::Commands);
        let bytes = encoder().command(&command).expect("a command");
        let (_, datum) = datum(&bytes).expect("framed");
        prop_assert_eq!(reference_read(&schema, datum), command_value(&command));
        prop_assert_eq!(reference_write(&schema, command_value(&command)), datum);
    }

    #[test]
    fn a_settled_transaction_says_what_its_schema_says(event in settled()) {
        let schema = reference(Topic::of(&event));
        let bytes = encoder().event(&event).expect("an event");
        let (_, datum) = datum(&bytes).expect("framed");
        prop_assert_eq!(reference_read(&schema, datum), settled_value(&event));
        prop_assert_eq!(reference_write(&schema, settled_value(&event)), datum);
    }

    #[test]
    fn an_update_says_what_its_schema_says(event in updated()) {
        let topic = Topic::of(&event);
        let bytes = encoder().event(&event).expect("an event");
        let (_, datum) = datum(&bytes).expect("framed");
        prop_assert_eq!(reference_read(&reference(topic), datum), updated_value(&event));
        prop_assert_eq!(reference_write(&reference(topic), updated_value(&event)), datum);
    }

    #[test]
    fn without_its_header_an_event_still_tells_its_trace(event in settled()) {
        let bytes = encoder().event(&event).expect("an event");
        let read = decoder().event(Topic::of(&event), &bytes, "").expect("what was written");
        prop_assert_eq!(read.cause.trace_id(), event.cause.trace_id());
    }
}

fn sample_command() -> Command {
    Command {
        principal: schemas::Principal { subject: "staff".to_owned(), authority: schemas::Authority::Operator },
        idempotency_key: "k1".to_owned(),
        received_ms: 1_764_000_000_000,
        operation: Operation::Pay(schemas::Payment {
            kind: schemas::PaymentKind::Deposit,
            account_debit: None,
            account_credit: Some(schemas::AccountId::mint(1, 0)),
            amount_minor: i64::MIN,
            currency: schemas::Currency::XOF,
            channel: schemas::Channel::Wallet,
            context: None,
        }),
    }
}

fn sample_settled() -> Event {
    let (account_debit, account_credit) = (schemas::AccountId::mint(1, 0), schemas::AccountId::mint(1, 1));
    Event {
        id: schemas::EventId::mint(1_764_000_000_000, 1),
        epoch: 1_764_000_000_000,
        cause: Cause {
            command_id: sample_command().id(),
            position: schemas::Position { partition: 0, offset: 7 },
            traceparent: TRACEPARENT.to_owned(),
        },
        fact: Fact::Transaction(schemas::Transaction {
            id: schemas::TransactionId::mint(1_764_000_000_000, 0),
            kind: schemas::PaymentKind::Transfer,
            account_debit,
            account_credit,
            amount: Money { minor: 12_500, currency: schemas::Currency::XOF },
            fee_minor: 0,
            channel: schemas::Channel::Wallet,
            refusal: None,
            link: None,
            postings: [(account_debit, -12_500, 0), (account_credit, 12_500, 12_500)]
                .map(|(account, amount_minor, balance_minor)| schemas::Posting { account, amount_minor, balance_minor })
                .to_vec(),
        }),
    }
}
