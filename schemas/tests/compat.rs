//! Bytes that any version ever wrote are read for ever, as the same value.
//!
//! `compat/` holds, for every topic and every version of its schema, the schema (`TOPIC@VERSION.avsc`) and
//! records written with it: framed bytes (`TOPIC@VERSION.CASE.hex`) and the value that they mean (`.txt`).
//! A schema without vectors fails here. To write what is missing, and nothing else:
//!
//! ```text
//! ORION_BLESS=1 cargo test -p schemas --test compat
//! ```
//!
//! It never touches a file that is there. A word that gains a field gains a line in each `.txt`: add it by hand,
//! since what old bytes mean now is the decision to review.

#[path = "samples/diligence.rs"]
mod diligence;
#[path = "samples/gates.rs"]
mod gates;
mod record;

use apache_avro::Schema;
use apache_avro::schema_compatibility::{Compatibility, SchemaCompatibility};
use record::Record;
use schemas::alert::{Cleared, Evidence, Match, Matched, MatchedParty, MatchedWords, Measured, Subject};
use schemas::aml::Lane;
use schemas::wire::{Decoder, Encoder, schema_json};
use schemas::{
    Account, AccountId, AccountStatus, AccountTerms, AccountType, ActivateRules, Alert, AlertChange, AlertId, Authority, Batch,
    BatchDecided, BatchMode, Bearer, Binding, CancelOrder, Capture, Cause, ChangeStatus, Channel, Claim, Command, CommandId, Commit,
    CreateCustomer, Currency, Customer, CustomerId, CustomerLevel, Dated, Entry, Event, EventId, Fact, HoldChange, HoldChanged, HoldId,
    Input, ItemStatus, KycLevel, KycStatus, LevelLimits, Limits, Link, ListKind, Money, OpenAccount, Operation, Order, OrderChange,
    OrderChanged, OrderId, Outcome, Output, Paid, Payment, PaymentKind, Policy, Position, Posting, Principal, Proof, Quota, Refund,
    Refusal, Release, Repeat, Reserve, Reverse, Role, RuleId, SealedEpoch, StatusChange, StatusChanged, Tariff, TariffEnd, Tier, Topic,
    Transaction, TransactionId, Waited,
};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

/// The schema id in every vector.
const ID: u32 = 7;
const EPOCH: u64 = 1_764_000_000_123;
const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// The files of `compat/` by name, after what is missing was written, if that was asked for.
static FILES: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    if std::env::var_os("ORION_BLESS").is_some() {
        missing(&files()).into_iter().for_each(|(name, text)| std::fs::write(folder().join(name), text).expect("the folder is ours"));
    }
    files()
});

fn folder() -> PathBuf {
    PathBuf::from("tests/compat")
}

fn files() -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(folder()).expect("the vectors are beside this file");
    entries
        .map(|entry| {
            let entry = entry.expect("a file");
            let name = entry.file_name().into_string().expect("a name in ASCII");
            (name, std::fs::read_to_string(entry.path()).expect("a text"))
        })
        .collect()
}

/// The version of a topic's schema that is the current one: known already, or the next.
fn version(files: &BTreeMap<String, String>, topic: Topic) -> usize {
    let known = (1..).take_while(|version| files.contains_key(&format!("{topic}@{version}.avsc")));
    let newest = known.last().unwrap_or(0);
    if files.get(&format!("{topic}@{newest}.avsc")).is_some_and(|schema| schema == schema_json(topic)) { newest } else { newest + 1 }
}

/// What the current schemas should have in the folder and have not.
fn missing(files: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut wanted = BTreeMap::new();
    for (topic, case, record) in samples() {
        let stem = format!("{topic}@{}", version(files, topic));
        wanted.insert(format!("{stem}.avsc"), schema_json(topic).to_owned());
        wanted.insert(format!("{stem}.{case}.hex"), hex(&write(&record)));
        wanted.insert(format!("{stem}.{case}.txt"), format!("{record:#?}\n"));
    }
    wanted.retain(|name, _| !files.contains_key(name));
    wanted
}

fn write(record: &Record) -> Vec<u8> {
    record.write(&Encoder::new(BTreeMap::from([(record.topic(), ID)])))
}

/// Bytes as lines of 32.
fn hex(bytes: &[u8]) -> String {
    bytes.chunks(32).map(|line| line.iter().map(|byte| format!("{byte:02x}")).collect::<String>() + "\n").collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    let byte = |place: usize| u8::from_str_radix(&digits[place..place + 2], 16).expect("two hexadecimal digits");
    (0..digits.len()).step_by(2).map(byte).collect()
}

/// The parts of a file name: topic, version, case.
fn parts(stem: &str) -> (Topic, &str, &str) {
    let (topic, rest) = stem.split_once('@').expect("TOPIC@VERSION.CASE");
    let (version, case) = rest.split_once('.').expect("TOPIC@VERSION.CASE");
    (topic.parse().expect("a topic"), version, case)
}

#[test]
fn every_schema_has_its_vectors() {
    let without: Vec<_> = Topic::ALL.iter().filter(|topic| !samples().iter().any(|(of, ..)| of == *topic)).collect();
    assert!(without.is_empty(), "topics without a sample: {without:?}");
    let missing: Vec<_> = missing(&FILES).into_keys().collect();
    assert!(missing.is_empty(), "new schemas or cases; ORION_BLESS=1 writes their vectors: {missing:#?}");
}

#[test]
fn every_vector_reads_as_ever() {
    let vectors: Vec<_> = FILES.iter().filter_map(|(name, hex)| Some((name.strip_suffix(".hex")?, unhex(hex)))).collect();
    assert!(!vectors.is_empty());
    for (stem, bytes) in vectors {
        let (topic, version, _) = parts(stem);
        let mut decoder = Decoder::default();
        decoder.learn(ID, &FILES[&format!("{topic}@{version}.avsc")]).unwrap();
        let record = Record::read(&decoder, topic, &bytes, TRACEPARENT).unwrap_or_else(|error| panic!("{stem}: {error}"));
        assert_eq!(format!("{record:#?}\n"), FILES[&format!("{stem}.txt")], "{stem}");
    }
}

#[test]
fn the_current_writer_writes_the_newest_vectors() {
    for (topic, case, record) in samples() {
        let name = format!("{topic}@{}.{case}.hex", version(&FILES, topic));
        assert_eq!(FILES.get(&name), Some(&hex(&write(&record))), "{name}");
    }
}

#[test]
fn the_current_schema_reads_every_older_one() {
    for (name, schema) in FILES.iter().filter(|(name, _)| name.ends_with(".avsc")) {
        let topic: Topic = name.split('@').next().unwrap().parse().unwrap();
        let (old, new) = (Schema::parse_str(schema).unwrap(), Schema::parse_str(schema_json(topic)).unwrap());
        assert_eq!(SchemaCompatibility::can_read(&old, &new).unwrap(), Compatibility::Full, "{name}");
    }
}

#[test]
fn every_file_belongs_to_a_vector() {
    for name in FILES.keys() {
        let stem = name.rsplit_once('.').expect("a name with an ending").0;
        let has = |ending: &str| FILES.contains_key(&format!("{stem}.{ending}"));
        let vectors = FILES.keys().filter(|other| other.starts_with(&format!("{stem}.")) && other.ends_with(".hex")).count();
        assert!(has("hex") && has("txt") || name.ends_with(".avsc") && vectors > 0, "{name}");
    }
}

/// A record of every topic, and of every form that it takes.
fn samples() -> Vec<(Topic, &'static str, Record)> {
    let command = |operation| {
        let principal = Principal { subject: customer().id.to_string(), authority: Authority::Customer };
        Record::Command(Command { principal, idempotency_key: "8f14e45f-ceea".to_owned(), received_ms: EPOCH - 5, operation })
    };
    let create = CreateCustomer { full_name: "Awa Ndèye Diop".to_owned(), msisdn: Some("+221770000001".to_owned()), country: None };
    let open = OpenAccount {
        customer_id: customer().id,
        account_type: AccountType::Savings,
        role: Role::Customer,
        currency: "EUR".parse().expect("a currency"),
    };
    let payment = Payment {
        kind: PaymentKind::Deposit,
        account_debit: None,
        account_credit: Some(account().id),
        amount_minor: 12_500,
        currency: Currency::XOF,
        channel: Channel::Qr,
        context: None,
    };
    let suspend = ChangeStatus { account_id: account().id, change: StatusChange::Suspend };
    let bill = Payment { kind: PaymentKind::BillPayment, account_debit: Some(account().id), ..payment.clone() };
    let (hold_id, transaction_id, amount) = (held().id, settled().id, settled().amount);
    let set = |policy| command(Operation::SetPolicy(policy));
    let event = |fact| Record::Event(event(fact));
    let policy = |policy: Policy| event(Fact::PolicyChanged(Box::new(policy.decided(EPOCH))));
    let repeat = |operation: &str, first| {
        let repeat = Repeat { operation: operation.to_owned(), first_epoch: EPOCH - 1_000, first };
        event(Fact::Repeated(Box::new(repeat)))
    };
    let repeat_policy = |policy: Policy| {
        let operation = policy.operation();
        repeat(operation, Some(Fact::PolicyChanged(Box::new(policy.decided(EPOCH - 1_000)))))
    };
    let told = |transaction: Transaction| Fact::Transaction(Transaction { postings: Vec::new(), ..transaction });
    let refused = || Fact::Refused { operation: "open_account".to_owned(), refusal: Refusal::CustomerNotFound };
    let house = Account { id: AccountId::house("cash", Currency::XOF), customer_id: None, role: Role::House, ..account() };
    let effective = OrderChanged { dated: Dated::EffectiveAt(EPOCH - 86_400_000), ..ended(OrderChange::Executed) };
    let claim = || Entry::Claim(Claim { generation: 3, code_version: 1 });
    let journal = |journal, entry| Record::Entry(journal, entry);
    let mut samples = vec![
        (Topic::Commands, "create_customer", command(Operation::CreateCustomer(create))),
        (Topic::Commands, "open_account", command(Operation::OpenAccount(open))),
        (Topic::Commands, "payment", command(Operation::Pay(payment.clone()))),
        (Topic::Commands, "activate_rules", command(Operation::ActivateRules(ActivateRules { version: 2 }))),
        (Topic::Commands, "change_status", command(Operation::ChangeStatus(suspend))),
        (Topic::Commands, "reserve", command(Operation::Reserve(Reserve { payment: bill, expires_in_ms: 3_600_000 }))),
        (Topic::Commands, "capture", command(Operation::Capture(Capture { hold_id, amount, last: true }))),
        (Topic::Commands, "release", command(Operation::Release(Release { hold_id }))),
        (Topic::Commands, "refund", command(Operation::Refund(Refund { transaction_id, amount, proof: None }))),
        (Topic::Commands, "reverse", command(Operation::Reverse(Reverse { transaction_id, proof: None }))),
        (Topic::Commands, "refund_proven", command(Operation::Refund(Refund { transaction_id, amount, proof: proof() }))),
        (Topic::Commands, "reverse_proven", command(Operation::Reverse(Reverse { transaction_id, proof: proof() }))),
        (Topic::Commands, "batch", command(Operation::Batch(batch()))),
        (Topic::Commands, "order_ahead", command(Operation::Order(Order { payment: payment.clone(), dated: waiting().dated }))),
        (Topic::Commands, "order_back", command(Operation::Order(Order { payment: payment.clone(), dated: Dated::EffectiveAt(7) }))),
        (Topic::Commands, "cancel_order", command(Operation::CancelOrder(CancelOrder { order_id: waiting().id }))),
        (
            Topic::Commands,
            "payment_from",
            command(Operation::Pay(Payment { context: Some(Arc::new(gates::context())), ..payment.clone() })),
        ),
        (Topic::Commands, "set_aml_rule", command(Operation::SetAml(gates::rule()))),
        (Topic::Commands, "set_gate_policy", command(Operation::SetAml(gates::policy()))),
        (Topic::Commands, "set_country_list", command(Operation::SetAml(gates::countries()))),
        (Topic::Commands, "freeze", command(Operation::Freeze(gates::freeze(account().id)))),
        (Topic::Commands, "report_signal", command(Operation::ReportSignal(gates::signal(customer().id)))),
        (Topic::Commands, "decide_review", command(Operation::DecideReview(gates::review(held().id)))),
        (Topic::Commands, "load_list_part", command(Operation::List(gates::part()))),
        (Topic::Commands, "activate_list", command(Operation::List(gates::activate()))),
        (Topic::Commands, "clear_match", command(Operation::List(gates::clear(customer().id)))),
        (Topic::Commands, "set_customer_level", set(level())),
        (Topic::Commands, "set_account_terms", set(terms())),
        (Topic::Commands, "set_level_limits", set(limits())),
        (Topic::Commands, "set_tariff", set(tariff())),
        (Topic::Commands, "withdraw_tariff", set(tariff_end())),
        (Topic::CustomerCreated, "customer", event(Fact::CustomerCreated(customer()))),
        (Topic::AccountOpened, "customer", event(Fact::AccountOpened(account()))),
        (Topic::AccountOpened, "house", event(Fact::AccountOpened(house))),
        (Topic::AccountUpdated, "suspended", event(Fact::StatusChanged(suspended()))),
        (Topic::TransactionSettled, "transfer", event(Fact::Transaction(settled()))),
        (Topic::TransactionLinked, "captured", event(Fact::Transaction(captured()))),
        (Topic::TransactionLinked, "reversal", event(Fact::Transaction(reversal()))),
        (Topic::HoldUpdated, "reserved", event(Fact::HoldChanged(held()))),
        (Topic::HoldUpdated, "captured", event(Fact::HoldChanged(HoldChanged { change: HoldChange::Captured, ..held() }))),
        (Topic::HoldUpdated, "released", event(Fact::HoldChanged(given_back(HoldChange::Released)))),
        (Topic::HoldUpdated, "closed", event(Fact::HoldChanged(given_back(HoldChange::Closed)))),
        (Topic::HoldUpdated, "expired", event(Fact::HoldChanged(given_back(HoldChange::Expired)))),
        (Topic::HoldUpdated, "reviewed", event(Fact::HoldChanged(HoldChanged { change: HoldChange::Reviewed, ..held() }))),
        (Topic::HoldUpdated, "review_refused", event(Fact::HoldChanged(given_back(HoldChange::ReviewRefused)))),
        (Topic::HoldUpdated, "review_expired", event(Fact::HoldChanged(given_back(HoldChange::ReviewExpired)))),
        (Topic::AmlRuleUpdated, "rule", event(gates::set(gates::rule()))),
        (Topic::AmlRuleUpdated, "policy", event(gates::set(gates::policy()))),
        (Topic::AmlRuleUpdated, "countries", event(gates::set(gates::countries()))),
        (Topic::AmlRuleUpdated, "repeated", repeat("set_aml_rule", Some(gates::set(gates::rule())))),
        (Topic::PartyUpdated, "frozen", event(gates::frozen(customer().id, account().id))),
        (Topic::PartyUpdated, "signal", event(gates::signalled(customer().id))),
        (Topic::PartyUpdated, "repeated", repeat("freeze_account", Some(gates::frozen(customer().id, account().id)))),
        (Topic::ListUpdated, "part", event(gates::listed(gates::part()))),
        (Topic::ListUpdated, "version", event(gates::listed(gates::activate()))),
        (Topic::ListUpdated, "cleared", event(gates::listed(gates::clear(customer().id)))),
        (Topic::ListUpdated, "repeated", repeat("load_list_part", Some(gates::listed(gates::part())))),
        (Topic::TransactionAssessed, "refused", event(gates::assessed(&failed()))),
        (Topic::PolicyUpdated, "customer_level", policy(level())),
        (Topic::PolicyUpdated, "account_terms", policy(terms())),
        (Topic::PolicyUpdated, "level_limits", policy(limits())),
        (Topic::PolicyUpdated, "tariff", policy(tariff())),
        (Topic::PolicyUpdated, "tariff_end", policy(tariff_end())),
        (Topic::BatchDecided, "independent", event(Fact::BatchDecided(Box::new(decided())))),
        (Topic::BatchDecided, "undone", event(Fact::BatchDecided(Box::new(undone())))),
        (Topic::BatchDecided, "repeated", repeat("batch", Some(Fact::BatchDecided(Box::new(decided()))))),
        (Topic::OrderUpdated, "scheduled", event(Fact::OrderChanged(Box::new(waiting())))),
        (Topic::OrderUpdated, "executed", event(Fact::OrderChanged(Box::new(ended(OrderChange::Executed))))),
        (Topic::OrderUpdated, "failed", event(Fact::OrderChanged(Box::new(ended(OrderChange::Failed))))),
        (Topic::OrderUpdated, "effective", event(Fact::OrderChanged(Box::new(effective)))),
        (Topic::OrderUpdated, "cancelled", event(Fact::OrderChanged(Box::new(cancelled())))),
        (Topic::OrderUpdated, "scheduled_repeated", repeat("order", Some(Fact::OrderChanged(Box::new(waiting()))))),
        (Topic::OrderUpdated, "cancelled_repeated", repeat("cancel_order", Some(Fact::OrderChanged(Box::new(cancelled()))))),
        (Topic::OutcomesLinked, "ordered", repeat("order", Some(told(settled())))),
        (Topic::OutcomesLinked, "ordered_failed", repeat("order", Some(told(failed())))),
        (Topic::TransactionFailed, "transfer", event(Fact::Transaction(failed()))),
        (Topic::CommandRefused, "open_account", event(refused())),
        (Topic::RulesActivated, "rules", event(Fact::RulesActivated { version: 2 })),
        (Topic::Outcomes, "customer", repeat("create_customer", Some(Fact::CustomerCreated(customer())))),
        (Topic::Outcomes, "account", repeat("open_account", Some(Fact::AccountOpened(account())))),
        (Topic::Outcomes, "updated", repeat("suspend_account", Some(Fact::StatusChanged(suspended())))),
        (Topic::Outcomes, "rules", repeat("activate_rules", Some(Fact::RulesActivated { version: 2 }))),
        (Topic::Outcomes, "settled", repeat("transfer", Some(told(settled())))),
        (Topic::OutcomesLinked, "captured", repeat("capture", Some(told(captured())))),
        (Topic::OutcomesLinked, "reversed", repeat("reverse", Some(told(reversal())))),
        (Topic::OutcomesLinked, "reserved", repeat("reserve", Some(Fact::HoldChanged(held())))),
        (Topic::OutcomesLinked, "released", repeat("release", Some(Fact::HoldChanged(given_back(HoldChange::Released))))),
        (Topic::OutcomesLinked, "customer_level", repeat_policy(level())),
        (Topic::OutcomesLinked, "account_terms", repeat_policy(terms())),
        (Topic::OutcomesLinked, "level_limits", repeat_policy(limits())),
        (Topic::OutcomesLinked, "tariff", repeat_policy(tariff())),
        (Topic::OutcomesLinked, "tariff_end", repeat_policy(tariff_end())),
        (Topic::Outcomes, "failed", repeat("transfer", Some(told(failed())))),
        (Topic::Outcomes, "refused", repeat("open_account", Some(refused()))),
        (Topic::Outcomes, "key_reused", repeat("transfer", None)),
        (Topic::SettlementJournal, "claim", journal(Topic::SettlementJournal, claim())),
        (Topic::SettlementJournal, "commit", journal(Topic::SettlementJournal, Entry::Commit(commit()))),
        (Topic::ViewsJournal, "claim", journal(Topic::ViewsJournal, claim())),
        (Topic::RiskJournal, "claim", journal(Topic::RiskJournal, claim())),
        (Topic::AlertRaised, "raised", Record::Alert(AlertChange::Raised(Box::new(raised())))),
        (Topic::AlertRaised, "match", Record::Alert(AlertChange::Raised(Box::new(matched())))),
        (Topic::AlertCleared, "cleared", Record::Alert(AlertChange::Cleared(cleared()))),
        (Topic::Commands, "set_case_policy", command(Operation::SetAml(diligence::policy()))),
        (Topic::AmlRuleUpdated, "cases", event(gates::set(diligence::policy()))),
        (Topic::CustomerUpdated, "updated", event(diligence::updated(customer().id))),
        (Topic::CustomerUpdated, "repeated", repeat("update_customer", Some(diligence::updated(customer().id)))),
        (Topic::AddressUpdated, "set", event(diligence::addressed(customer().id))),
        (Topic::AddressUpdated, "repeated", repeat("set_address", Some(diligence::addressed(customer().id)))),
        (Topic::KycUpdated, "presented", event(diligence::presented(customer().id, Some(customer().id)))),
        (Topic::KycUpdated, "approved", event(diligence::approved(customer().id))),
        (Topic::KycUpdated, "repeated", repeat("submit_document", Some(diligence::presented(customer().id, None)))),
        (Topic::CaseUpdated, "opened", event(diligence::opened(customer().id, raised().id))),
        (Topic::CaseUpdated, "assigned", event(diligence::assigned())),
        (Topic::CaseUpdated, "closed", event(diligence::closed())),
        (Topic::CaseUpdated, "repeated", repeat("decide_kyc", Some(diligence::closed()))),
    ];
    let asked = diligence::asked(customer().id, account().id, raised().id).into_iter();
    samples.extend(asked.map(|(case, operation)| (Topic::Commands, case, command(operation))));
    samples
}

fn raised() -> Alert {
    let subject = Subject::Account(AccountId::mint(EPOCH, 3));
    Alert {
        id: AlertId::derive(RuleId::FanIn, Lane::Live, 2, &subject, EPOCH),
        rule: RuleId::FanIn,
        lane: Lane::Live,
        version: 2,
        parameters: vec![("senders".to_owned(), 10), ("window_hours".to_owned(), 24)],
        weight: 20,
        subject,
        epoch: EPOCH,
        measured: vec![Measured { name: "senders".to_owned(), value: 11, threshold: 10 }],
        evidence: Evidence {
            window_from: EPOCH - 86_400_000,
            window_to: EPOCH,
            transactions: vec![TransactionId::mint(EPOCH - 7, 0), TransactionId::mint(EPOCH, 1)],
            transactions_count: 11,
            counterparties: vec![AccountId::mint(EPOCH, 1)],
            counterparties_count: 11,
            amounts: vec![(Currency::XOF, 1_250_000), ("EUR".parse().expect("a currency"), 350)],
            is_capped: false,
            matched: None,
        },
        is_late: true,
        traceparent: TRACEPARENT.to_owned(),
    }
}

fn matched() -> Alert {
    let of = Match { customer_id: customer().id, counterparty: None, list: "un".to_owned(), entry: "QDi.001".to_owned() };
    let word = |query: &str, listed: &str, how: &str| MatchedWords {
        query: query.to_owned(),
        listed: listed.to_owned(),
        how: how.to_owned(),
        contributed: 5_000,
    };
    let matched = Matched {
        list: of.list.clone(),
        kind: ListKind::Sanctions,
        version: 3,
        entry: of.entry.clone(),
        party: MatchedParty::Customer,
        name: "Aminatou Sow".to_owned(),
        listed: "SOW, Aminata".to_owned(),
        score: 9_120,
        born_agrees: false,
        country_agrees: true,
        reference: "QDi".to_owned(),
        words: vec![word("aminatou", "aminata", "variant"), word("sow", "sow", "equal")],
    };
    let subject = Subject::Match(of);
    Alert {
        id: AlertId::derive(RuleId::SanctionHit, Lane::Live, 0, &subject, EPOCH),
        rule: RuleId::SanctionHit,
        version: 0,
        parameters: vec![("score".to_owned(), 7_500), ("freeze_score".to_owned(), 9_500)],
        weight: 100,
        subject,
        measured: vec![Measured { name: "score".to_owned(), value: 9_120, threshold: 7_500 }],
        evidence: Evidence { window_from: EPOCH, window_to: EPOCH, matched: Some(Box::new(matched)), ..Evidence::default() },
        is_late: false,
        ..raised()
    }
}

fn cleared() -> Cleared {
    let Alert { id, rule, lane, subject, epoch, .. } = raised();
    Cleared { id, rule, lane, subject, raised: epoch, epoch: epoch + 86_400_000 }
}

fn event(fact: Fact) -> Event {
    Event {
        id: EventId::mint(EPOCH, 2),
        epoch: EPOCH,
        cause: Cause {
            command_id: CommandId::derive("awa", "transfer", "k1"),
            position: Position { partition: 0, offset: 42 },
            traceparent: TRACEPARENT.to_owned(),
        },
        fact,
    }
}

fn customer() -> Customer {
    Customer {
        id: CustomerId::mint(EPOCH - 2_000, 0),
        full_name: "Awa Ndèye Diop".to_owned(),
        msisdn: Some("+221770000001".to_owned()),
        country: Some("SN".to_owned()),
        kyc_status: KycStatus::Pending,
    }
}

fn account() -> Account {
    Account {
        id: AccountId::mint(EPOCH - 1_000, 1),
        customer_id: Some(customer().id),
        account_type: AccountType::Current,
        role: Role::Customer,
        currency: Currency::XOF,
        status: AccountStatus::Active,
    }
}

fn suspended() -> StatusChanged {
    StatusChanged { id: account().id, customer_id: Some(customer().id), change: StatusChange::Suspend }
}

fn settled() -> Transaction {
    let (account_debit, account_credit) = (account().id, AccountId::mint(EPOCH - 1_000, 2));
    Transaction {
        id: TransactionId::mint(EPOCH, 0),
        kind: PaymentKind::Transfer,
        account_debit,
        account_credit,
        amount: Money { minor: 350, currency: "EUR".parse().expect("a currency") },
        fee_minor: 5,
        channel: Channel::Wallet,
        refusal: None,
        link: None,
        postings: vec![
            Posting { account: account_debit, amount_minor: -350, balance_minor: 0 },
            Posting { account: account_credit, amount_minor: 350, balance_minor: i64::MAX },
        ],
    }
}

fn captured() -> Transaction {
    Transaction { kind: PaymentKind::BillPayment, link: Some(Link::Hold(held().id)), ..settled() }
}

fn reversal() -> Transaction {
    let original = TransactionId::mint(EPOCH - 2_000, 3);
    Transaction { kind: PaymentKind::Reversal, link: Some(Link::Original(original)), ..settled() }
}

fn held() -> HoldChanged {
    HoldChanged {
        id: HoldId::mint(EPOCH - 3_000, 4),
        change: HoldChange::Reserved,
        kind: PaymentKind::BillPayment,
        channel: Channel::Card,
        account_debit: settled().account_debit,
        account_credit: settled().account_credit,
        amount: settled().amount,
        fee_minor: 5,
        open: true,
        expires_at: EPOCH + 3_600_000,
    }
}

fn given_back(change: HoldChange) -> HoldChanged {
    HoldChanged { change, fee_minor: 0, open: false, ..held() }
}

fn level() -> Policy {
    Policy::Level(CustomerLevel { customer_id: customer().id, level: KycLevel::Standard })
}

fn bounds() -> Limits {
    let debit = Quota {
        operation_minor: Some(50_000),
        day_count: Some(u32::MAX),
        day_minor: Some(i64::MAX),
        month_count: Some(0),
        month_minor: None,
    };
    Limits { balance_minor: Some(200_000), debit, credit: Quota { month_minor: Some(0), ..Quota::default() } }
}

fn terms() -> Policy {
    Policy::Terms(AccountTerms {
        account_id: account().id,
        currency: Currency::XOF,
        floor_minor: Some(-50_000),
        limits: bounds(),
        effective_from: Some(EPOCH + 1_000),
    })
}

fn limits() -> Policy {
    let limits = Limits { debit: Quota::default(), ..bounds() };
    Policy::Limits(LevelLimits { level: KycLevel::Simplified, currency: Currency::XOF, limits, effective_from: None })
}

fn tariff() -> Policy {
    Policy::Tariff(Tariff {
        code: "bills-1".to_owned(),
        currency: Currency::XOF,
        operation: Some(PaymentKind::BillPayment),
        channel: Some(Channel::Wallet),
        account_type: None,
        level: Some(KycLevel::Enhanced),
        bearer: Bearer::Payee,
        tiers: vec![
            Tier { up_to_minor: Some(5_000), fixed_minor: 25, rate_ppm: 0 },
            Tier { up_to_minor: None, fixed_minor: 0, rate_ppm: 15_000 },
        ],
        min_minor: Some(25),
        max_minor: None,
        free_per_month: 3,
        effective_from: None,
        effective_to: Some(EPOCH + 86_400_000),
    })
}

fn tariff_end() -> Policy {
    Policy::TariffEnd(TariffEnd { code: "bills-1".to_owned(), effective_from: None })
}

fn batch() -> Batch {
    let (transaction_id, hold_id, amount) = (settled().id, held().id, settled().amount);
    let payment = Payment {
        kind: PaymentKind::Transfer,
        account_debit: Some(settled().account_debit),
        account_credit: Some(settled().account_credit),
        amount_minor: 350,
        currency: amount.currency,
        channel: Channel::Wallet,
        context: None,
    };
    let items = vec![
        Operation::Pay(payment.clone()),
        Operation::Reserve(Reserve { payment, expires_in_ms: 60_000 }),
        Operation::Capture(Capture { hold_id, amount, last: false }),
        Operation::Release(Release { hold_id }),
        Operation::Refund(Refund { transaction_id, amount, proof: proof() }),
        Operation::Reverse(Reverse { transaction_id, proof: None }),
    ];
    Batch { mode: BatchMode::AllOrNothing, dry_run: true, items }
}

fn proof() -> Option<Arc<Proof>> {
    let paid = Paid {
        id: settled().id,
        kind: PaymentKind::Transfer,
        channel: Channel::Wallet,
        bearer: Bearer::Payer,
        payer: settled().account_debit,
        payee: settled().account_credit,
        currency: settled().amount.currency,
        amount_minor: 350,
        fee_minor: 5,
    };
    Some(Arc::new(Proof {
        rows: vec![paid],
        leaf: u32::MAX,
        path: vec![[0xa5; 32], std::array::from_fn(|place| u8::try_from(place).expect("small"))],
    }))
}

fn decided() -> BatchDecided {
    let reason = Some(Refusal::InsufficientFunds);
    let outcomes = vec![
        Outcome { transaction_id: Some(settled().id), fee_minor: 5, ..Outcome::without(ItemStatus::Settled, None) },
        Outcome { transaction_id: Some(settled().id), ..Outcome::without(ItemStatus::Failed, reason) },
        Outcome { hold_id: Some(held().id), fee_minor: i64::MAX, ..Outcome::without(ItemStatus::Reserved, None) },
        Outcome { hold_id: Some(held().id), fee_minor: 5, ..Outcome::without(ItemStatus::Released, None) },
        Outcome::without(ItemStatus::Refused, Some(Refusal::HoldNotOpen)),
    ];
    BatchDecided { mode: BatchMode::Independent, dry_run: false, outcomes }
}

fn undone() -> BatchDecided {
    let refused = Outcome::without(ItemStatus::Refused, Some(Refusal::OriginalNotFound));
    let outcomes = vec![Outcome::without(ItemStatus::Undone, None), refused, Outcome::without(ItemStatus::Undone, None)];
    BatchDecided { mode: BatchMode::AllOrNothing, dry_run: true, outcomes }
}

fn waiting() -> OrderChanged {
    OrderChanged {
        id: OrderId::mint(EPOCH - 4_000, 5),
        change: OrderChange::Scheduled,
        kind: PaymentKind::BillPayment,
        channel: Channel::Qr,
        account_debit: settled().account_debit,
        account_credit: settled().account_credit,
        amount: settled().amount,
        dated: Dated::ExecuteAt(EPOCH + 86_400_000),
        transaction_id: None,
    }
}

fn ended(change: OrderChange) -> OrderChanged {
    OrderChanged { change, transaction_id: Some(settled().id), ..waiting() }
}

fn cancelled() -> OrderChanged {
    OrderChanged { change: OrderChange::Cancelled, ..waiting() }
}

fn failed() -> Transaction {
    Transaction { fee_minor: 0, refusal: Some(Refusal::InsufficientFunds), postings: Vec::new(), ..settled() }
}

fn commit() -> Commit {
    let sealed = |epoch| SealedEpoch {
        binding: Binding {
            epoch,
            generation: 3,
            code_version: 1,
            inputs: vec![Input { topic: Topic::Commands.to_string(), partition: 0, upper: 43, count: 7 }],
        },
        pinned: 250,
        waited: vec![Waited { over_ms: 0, count: 5 }, Waited { over_ms: 5_000, count: 2 }],
        outputs: vec![Output { topic: Topic::TransactionSettled.to_string(), partition: 2, count: 6, digest: [0xa5; 16] }],
    };
    Commit { generation: 3, epochs: vec![sealed(EPOCH), SealedEpoch { outputs: Vec::new(), ..sealed(EPOCH + 1) }], detection: 2 }
}
