//! Identities and cases, drawn at random, and as the contract says it.

use super::values::{fields, long, number, optional, text};
use super::words::{account_id, hold_id, id};
use apache_avro::types::Value;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use schemas::diligence::{
    About, AddressSet, CaseChange, CaseChanged, CaseKind, CaseOperation, CaseOutcome, CaseStatus, CustomerUpdated, DecideKyc,
    DocumentDigest, FourEyes, KycChange, KycChanged, KycDecision, OpenCase, Opened, PostalAddress, Presented, SetAddress, Standing,
    SubmitDocument, UpdateCustomer, Work, WorkCase,
};
use schemas::document::DocumentType;
use schemas::{AlertId, CaseId, CasePolicy, CustomerId, Diligence, Epoch, Fact, KycLevel, Operation, Told, day};

fn line() -> impl Strategy<Value = String> {
    "[ -~]{1,60}"
}

fn customer() -> impl Strategy<Value = CustomerId> {
    id().prop_map(CustomerId)
}

fn case_id() -> impl Strategy<Value = CaseId> {
    id().prop_map(CaseId)
}

pub(super) fn policy() -> impl Strategy<Value = CasePolicy> {
    let times = proptest::array::uniform5(60_000..=31_536_000_000u64);
    let four_eyes = prop::collection::btree_set(select(FourEyes::ALL), 0..4);
    (times, four_eyes).prop_map(|([enrolment_due_ms, alert_due_ms, hit_due_ms, review_due_ms, confirm_ms], four_eyes)| CasePolicy {
        enrolment_due_ms,
        alert_due_ms,
        hit_due_ms,
        review_due_ms,
        confirm_ms,
        four_eyes,
    })
}

fn update() -> impl Strategy<Value = UpdateCustomer> {
    let born = option::of((1900..2020i32, 1..=12u8, 1..=28u8).prop_map(|(year, month, of)| day::of(year, month, of).expect("a day")));
    let all = (customer(), line(), option::of("\\+[1-9][0-9]{6,14}"), option::of("[A-Z]{2}"), born);
    all.prop_map(|(customer_id, name, msisdn, country, date_of_birth)| {
        let full_name = (msisdn.is_none() || country.is_some()).then_some(name);
        UpdateCustomer { customer_id, full_name, msisdn, country, date_of_birth }
    })
}

fn document() -> impl Strategy<Value = Presented> {
    let texts = ("[A-Z0-9]{1,4}", "[A-Z][a-z]{1,30}", "[A-Z]?[a-z]{0,30}");
    let days = (option::of(2000..2020i32), option::of(2021..2090i32), 1..=12u8, 1..=28u8);
    let all = (select(DocumentType::ALL), any::<[u8; 16]>(), texts, days, any::<bool>());
    all.prop_map(|(document_type, digest, (number_end, surname, given_names), (issued, expires, month, of), has_zone)| {
        let date = |year| day::of(year, month, of).expect("a day");
        Presented {
            document_type,
            digest: DocumentDigest(digest),
            number_end,
            country: "SN".to_owned(),
            issued_on: issued.map(date),
            expires_on: expires.map(date),
            surname,
            given_names,
            born_on: date(1980),
            has_zone,
        }
    })
}

fn address() -> impl Strategy<Value = PostalAddress> {
    let street = (option::of("[A-Z][a-zé ]{0,30}"), option::of("[0-9]{1,4}( bis)?"), option::of("[0-9]{5}"));
    let town = ("[A-Z][a-zè]{0,20}", option::of("[A-Z][a-z]{0,20}"), select(vec!["SN", "CI", "FR"]));
    (street, town, prop::collection::vec("[A-Z][ -~]{0,30}", 0..=2)).prop_map(
        |((street_name, building_number, post_code), (town_name, country_sub_division, country), address_lines)| PostalAddress {
            street_name,
            building_number,
            post_code,
            town_name,
            country_sub_division,
            country: country.to_owned(),
            address_lines,
        },
    )
}

fn set_address() -> impl Strategy<Value = SetAddress> {
    (customer(), option::of(address())).prop_map(|(customer_id, address)| SetAddress { customer_id, address })
}

fn decide() -> impl Strategy<Value = DecideKyc> {
    let levels = vec![KycLevel::Simplified, KycLevel::Standard, KycLevel::Enhanced];
    (case_id(), select(KycDecision::ALL), select(levels), line()).prop_map(|(case_id, decision, level, reason)| {
        let level = (decision == KycDecision::Approve).then_some(level);
        DecideKyc { case_id, decision, level, reason }
    })
}

fn open() -> impl Strategy<Value = OpenCase> {
    let all = (select(vec![CaseKind::Enrolment, CaseKind::Alert, CaseKind::Hit]), customer(), account_id(), any::<bool>(), id(), line());
    all.prop_map(|(kind, customer, account, of_account, alert, reason)| {
        let of_account = of_account && kind != CaseKind::Enrolment;
        let about = About {
            customer_id: (!of_account).then_some(customer),
            account_id: of_account.then_some(account),
            alert_id: (kind == CaseKind::Alert).then_some(AlertId(alert)),
            hold_id: None,
        };
        OpenCase { kind, about, reason }
    })
}

fn work() -> impl Strategy<Value = WorkCase> {
    let work = prop_oneof![
        option::of(line()).prop_map(Work::Assign),
        Just(Work::Comment),
        (0..=schemas::epoch::LAST_EPOCH).prop_map(Work::Snooze),
        Just(Work::Escalate),
        select(CaseOutcome::OF_ALERTS).prop_map(Work::Decide),
    ];
    (case_id(), work, line(), any::<bool>()).prop_map(|(case_id, work, reason, says)| {
        let reason = (says || !matches!(work, Work::Assign(_))).then_some(reason);
        WorkCase { case_id, work, reason }
    })
}

pub(super) fn asked() -> BoxedStrategy<Operation> {
    let asked = prop_oneof![
        update().prop_map(Diligence::UpdateCustomer),
        (customer(), document()).prop_map(|(customer_id, document)| Diligence::SubmitDocument(SubmitDocument { customer_id, document })),
        decide().prop_map(Diligence::DecideKyc),
        open().prop_map(Diligence::OpenCase),
        work().prop_map(Diligence::WorkCase),
        set_address().prop_map(Diligence::SetAddress),
    ];
    asked.prop_map(|asked| Operation::Diligence(Box::new(asked))).boxed()
}

fn kyc_changed() -> impl Strategy<Value = KycChanged> {
    let more = (option::of(select(KycLevel::ALL)), document(), option::of(customer()), line(), option::of(line()));
    (customer(), select(KycChange::ALL), select(&Standing::ALL[..]), more).prop_map(
        |(customer_id, change, standing, (level, document, duplicate_of, by, reason))| {
            let presented = change == KycChange::Submitted;
            let (document, duplicate_of) = (presented.then_some(document), duplicate_of.filter(|_| presented));
            KycChanged { customer_id, change, standing, level, document, duplicate_of, by, reason }
        },
    )
}

fn case_changed() -> impl Strategy<Value = CaseChanged> {
    let about = (option::of(customer()), option::of(account_id()), option::of(id()), option::of(hold_id()));
    let about = about.prop_map(|(customer_id, account_id, alert, hold_id)| {
        let alert_id = alert.map(AlertId);
        About { customer_id, account_id, alert_id, hold_id }
    });
    let opened = (select(CaseKind::ALL), about, option::of(0..u64::MAX / 2), 0..4u32);
    let opened = opened.prop_map(|(kind, about, due_at, escalation)| Opened { kind, about, due_at, escalation });
    let texts = (option::of(line()), option::of(line()), line(), option::of(line()));
    let ends = (option::of(select(CaseOutcome::ALL)), option::of(select(KycLevel::ALL)), select(CaseOperation::ALL));
    (case_id(), select(CaseChange::ALL), select(CaseStatus::ALL), opened, texts, ends).prop_map(
        |(id, change, status, opened, (previous, value, by, reason), (outcome, level, operation))| {
            let status = match (change == CaseChange::Closed, status) {
                (true, _) => CaseStatus::Closed,
                (false, CaseStatus::Closed) => CaseStatus::Open,
                (false, status) => status,
            };
            let opened = (change == CaseChange::Opened).then_some(opened);
            CaseChanged { id, change, status, opened, previous, value, outcome, level, by, reason, operation }
        },
    )
}

/// What becomes true, whether it answers anybody or not.
pub(super) fn told() -> BoxedStrategy<Fact> {
    let told = prop_oneof![
        (update(), line()).prop_map(|(update, by)| Told::Customer(CustomerUpdated { update, by })),
        kyc_changed().prop_map(Told::Kyc),
        case_changed().prop_map(Told::Case),
        (set_address(), line()).prop_map(|(set, by)| Told::Address(AddressSet { set, by })),
    ];
    told.prop_map(|told| Fact::Diligence(Box::new(told))).boxed()
}

pub(super) fn policy_value(policy: &CasePolicy) -> Value {
    let mut all: Vec<(String, Value)> = policy.times().iter().map(|(name, time)| ((*name).to_owned(), long(*time))).collect();
    all.push(("four_eyes".to_owned(), Value::Array(policy.four_eyes.iter().map(text).collect())));
    Value::Record(all)
}

fn update_fields(update: &UpdateCustomer) -> Vec<(&'static str, Value)> {
    vec![
        ("customer_id", text(update.customer_id)),
        ("full_name", optional(update.full_name.as_ref())),
        ("msisdn", optional(update.msisdn.as_ref())),
        ("country", optional(update.country.as_ref())),
        ("date_of_birth", optional(update.date_of_birth.map(day::iso))),
    ]
}

fn address_fields(set: &SetAddress) -> Vec<(&'static str, Value)> {
    let value = |address: &PostalAddress| {
        fields([
            ("street_name", optional(address.street_name.as_ref())),
            ("building_number", optional(address.building_number.as_ref())),
            ("post_code", optional(address.post_code.as_ref())),
            ("town_name", text(&address.town_name)),
            ("country_sub_division", optional(address.country_sub_division.as_ref())),
            ("country", text(&address.country)),
            ("address_lines", Value::Array(address.address_lines.iter().map(text).collect())),
        ])
    };
    let address = match &set.address {
        None => Value::Union(0, Box::new(Value::Null)),
        Some(address) => Value::Union(1, Box::new(value(address))),
    };
    vec![("customer_id", text(set.customer_id)), ("address", address)]
}

fn document_value(document: &Presented) -> Value {
    fields([
        ("type", text(document.document_type)),
        ("digest", text(document.digest)),
        ("number_end", text(&document.number_end)),
        ("country", text(&document.country)),
        ("issued_on", optional(document.issued_on.map(day::iso))),
        ("expires_on", optional(document.expires_on.map(day::iso))),
        ("surname", text(&document.surname)),
        ("given_names", text(&document.given_names)),
        ("born_on", text(day::iso(document.born_on))),
        ("has_zone", Value::Boolean(document.has_zone)),
    ])
}

fn about_fields(about: &About) -> [(&'static str, Value); 4] {
    [
        ("customer_id", optional(about.customer_id)),
        ("account_id", optional(about.account_id)),
        ("alert_id", optional(about.alert_id)),
        ("hold_id", optional(about.hold_id)),
    ]
}

/// An operation, field by field, and its place in the union.
pub(super) fn asked_value(asked: &Diligence) -> (u32, Value) {
    let record = |all: Vec<(&str, Value)>| Value::Record(all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
    match asked {
        Diligence::UpdateCustomer(update) => (28, record(update_fields(update))),
        Diligence::SubmitDocument(submit) => {
            (29, fields([("customer_id", text(submit.customer_id)), ("document", document_value(&submit.document))]))
        }
        Diligence::SetAddress(set) => (33, record(address_fields(set))),
        Diligence::DecideKyc(decide) => {
            let (level, reason) = (("level", optional(decide.level)), ("reason", text(&decide.reason)));
            (30, fields([("case_id", text(decide.case_id)), ("decision", text(decide.decision)), level, reason]))
        }
        Diligence::OpenCase(open) => {
            let mut all = vec![("kind", text(open.kind))];
            all.extend(about_fields(&open.about));
            all.push(("reason", text(&open.reason)));
            (31, record(all))
        }
        Diligence::WorkCase(work) => {
            let (name, assignee, until, outcome) = match &work.work {
                Work::Assign(assignee) => ("assign", assignee.clone(), None, None),
                Work::Comment => ("comment", None, None, None),
                Work::Snooze(until) => ("snooze", None, Some(*until), None),
                Work::Escalate => ("escalate", None, None, None),
                Work::Decide(outcome) => ("decide", None, None, Some(*outcome)),
            };
            let (until, outcome) = (("until", number(until)), ("outcome", optional(outcome)));
            let reason = ("reason", optional(work.reason.as_ref()));
            (32, fields([("case_id", text(work.case_id)), ("work", text(name)), ("assignee", optional(assignee)), until, outcome, reason]))
        }
    }
}

pub(super) fn told_fields(told: &Told, first_epoch: Option<Epoch>) -> Vec<(&'static str, Value)> {
    let mut all = match told {
        Told::Customer(updated) => {
            let mut all = update_fields(&updated.update);
            all.push(("updated_by", text(&updated.by)));
            all
        }
        Told::Address(set) => {
            let mut all = address_fields(&set.set);
            all.push(("updated_by", text(&set.by)));
            all
        }
        Told::Kyc(changed) => vec![
            ("customer_id", text(changed.customer_id)),
            ("change", text(changed.change)),
            ("status", text(changed.standing.status)),
            ("sub_status", optional(changed.standing.sub_status)),
            ("level", optional(changed.level)),
            (
                "document",
                match &changed.document {
                    None => Value::Union(0, Box::new(Value::Null)),
                    Some(document) => Value::Union(1, Box::new(document_value(document))),
                },
            ),
            ("duplicate_of", optional(changed.duplicate_of)),
            ("updated_by", text(&changed.by)),
            ("reason", optional(changed.reason.as_ref())),
        ],
        Told::Case(changed) => {
            let opened = changed.opened;
            let mut all = vec![("case_id", text(changed.id)), ("change", text(changed.change)), ("status", text(changed.status))];
            all.push(("kind", optional(opened.map(|opened| opened.kind))));
            all.extend(about_fields(&opened.map(|opened| opened.about).unwrap_or_default()));
            let escalation = opened.map(|opened| Value::Int(i32::try_from(opened.escalation).expect("an int")));
            all.extend([
                ("due_at", number(opened.and_then(|opened| opened.due_at))),
                (
                    "escalation",
                    match escalation {
                        None => Value::Union(0, Box::new(Value::Null)),
                        Some(escalation) => Value::Union(1, Box::new(escalation)),
                    },
                ),
                ("previous", optional(changed.previous.as_ref())),
                ("value", optional(changed.value.as_ref())),
                ("outcome", optional(changed.outcome)),
                ("level", optional(changed.level)),
                ("updated_by", text(&changed.by)),
                ("reason", optional(changed.reason.as_ref())),
                ("operation", text(changed.operation)),
            ]);
            all
        }
    };
    all.push(("first_epoch", number(first_epoch)));
    all
}

/// What a log may hold and no door lets in is no command.
#[test]
fn what_can_not_be_asked_is_no_command() {
    let customer_id = CustomerId::mint(1, 0);
    let case_id = CaseId::mint(1, 0);
    let about = About { customer_id: Some(customer_id), ..About::default() };
    let both = About { account_id: Some(schemas::AccountId::mint(1, 0)), ..about };
    let held = About { hold_id: Some(schemas::HoldId::mint(1, 0)), ..about };
    let open = |kind, about| Diligence::OpenCase(OpenCase { kind, about, reason: "why".to_owned() });
    let decide = |decision, level| Diligence::DecideKyc(DecideKyc { case_id, decision, level, reason: "why".to_owned() });
    let work = |work, reason: &str| Diligence::WorkCase(WorkCase { case_id, work, reason: Some(reason.to_owned()) });
    let nothing = UpdateCustomer { customer_id, full_name: None, msisdn: None, country: None, date_of_birth: None };
    let born = |year| UpdateCustomer { date_of_birth: day::of(year, 1, 1), ..nothing.clone() };
    assert!(open(CaseKind::Hit, about).check().is_ok());
    assert!(Diligence::UpdateCustomer(born(1990)).check().is_ok());
    for wrong in [
        Diligence::UpdateCustomer(nothing.clone()),
        Diligence::UpdateCustomer(born(1849)),
        Diligence::UpdateCustomer(UpdateCustomer { country: Some("Senegal".to_owned()), ..nothing.clone() }),
        Diligence::UpdateCustomer(UpdateCustomer { msisdn: Some("77".to_owned()), ..nothing.clone() }),
        Diligence::UpdateCustomer(UpdateCustomer { full_name: Some(String::new()), ..nothing }),
        decide(KycDecision::Approve, None),
        decide(KycDecision::Approve, Some(KycLevel::Unidentified)),
        decide(KycDecision::Reject, Some(KycLevel::Standard)),
        open(CaseKind::Review, held),
        open(CaseKind::Enrolment, About::default()),
        open(CaseKind::Enrolment, both),
        open(CaseKind::Alert, about),
        open(CaseKind::Hit, held),
        open(CaseKind::Hit, both),
        work(Work::Decide(CaseOutcome::Approved), "why"),
        work(Work::Comment, ""),
        work(Work::Comment, &"x".repeat(2_001)),
        work(Work::Assign(Some("\n".to_owned())), "why"),
        Diligence::WorkCase(WorkCase { case_id, work: Work::Escalate, reason: None }),
    ] {
        assert!(wrong.check().is_err(), "{wrong:?}");
    }
    let items = vec![Operation::Diligence(Box::new(open(CaseKind::Hit, about)))];
    let batch = schemas::Batch { mode: schemas::BatchMode::Independent, dry_run: false, items };
    assert!(batch.check().is_err(), "what staff decides on people is no item of a batch");
}
