//! Samples of identities and cases: what is asked, and what is told.

use schemas::diligence::{
    About, AddressSet, CaseChange, CaseChanged, CaseKind, CaseOperation, CaseOutcome, CaseStatus, CustomerUpdated, DecideKyc, KycChange,
    KycChanged, KycDecision, KycSubStatus, OpenCase, Opened, PostalAddress, Presented, SetAddress, Standing, SubmitDocument,
    UpdateCustomer, Work, WorkCase,
};
use schemas::document::{Document, DocumentType};
use schemas::{AccountId, AlertId, AmlSetting, CaseId, CasePolicy, CustomerId, Diligence, Fact, KycLevel, KycStatus, Operation, Told, day};

const EPOCH: u64 = 1_764_000_000_123;

fn case_id() -> CaseId {
    CaseId::mint(EPOCH, 2)
}

pub(crate) fn policy() -> AmlSetting {
    AmlSetting::Cases(CasePolicy::default())
}

pub(crate) fn document() -> Presented {
    Presented::of(&Document {
        document_type: DocumentType::NationalId,
        number: "1 234 1990 56789".to_owned(),
        country: "SN".to_owned(),
        issued_on: day::of(2022, 3, 1),
        expires_on: day::of(2032, 3, 1),
        surname: "Diop".to_owned(),
        given_names: "Awa".to_owned(),
        born_on: day::of(1990, 4, 17).expect("a day"),
        sex: None,
        nationality: None,
        mrz: Vec::new(),
    })
}

fn update(customer_id: CustomerId) -> UpdateCustomer {
    let full_name = Some("Awa Ndiaye".to_owned());
    UpdateCustomer { customer_id, full_name, msisdn: None, country: Some("SN".to_owned()), date_of_birth: day::of(1990, 4, 17) }
}

fn home() -> PostalAddress {
    PostalAddress {
        street_name: Some("Rue Carnot".to_owned()),
        building_number: Some("12 bis".to_owned()),
        town_name: "Thiès".to_owned(),
        country: "SN".to_owned(),
        address_lines: vec!["Villa 4".to_owned(), "Sicap Baobabs".to_owned()],
        ..PostalAddress::default()
    }
}

/// Each thing that is asked, by a name of its own.
pub(crate) fn asked(customer_id: CustomerId, account_id: AccountId, alert_id: AlertId) -> Vec<(&'static str, Operation)> {
    let about = About { account_id: Some(account_id), alert_id: Some(alert_id), ..About::default() };
    let reason = || "a call with the customer".to_owned();
    let work = |work| Diligence::WorkCase(WorkCase { case_id: case_id(), work, reason: Some(reason()) });
    let level = Some(KycLevel::Enhanced);
    let all = vec![
        ("update_customer", Diligence::UpdateCustomer(update(customer_id))),
        ("submit_document", Diligence::SubmitDocument(SubmitDocument { customer_id, document: document() })),
        ("decide_kyc", Diligence::DecideKyc(DecideKyc { case_id: case_id(), decision: KycDecision::Approve, level, reason: reason() })),
        ("open_case", Diligence::OpenCase(OpenCase { kind: CaseKind::Alert, about, reason: reason() })),
        ("assign_case", work(Work::Assign(Some("mariama".to_owned())))),
        ("unassign_case", Diligence::WorkCase(WorkCase { case_id: case_id(), work: Work::Assign(None), reason: None })),
        ("comment_case", work(Work::Comment)),
        ("snooze_case", work(Work::Snooze(EPOCH + 86_400_000))),
        ("escalate_case", work(Work::Escalate)),
        ("decide_case", work(Work::Decide(CaseOutcome::ValuableAlert))),
        ("set_address", Diligence::SetAddress(SetAddress { customer_id, address: Some(home()) })),
        ("forget_address", Diligence::SetAddress(SetAddress { customer_id, address: None })),
    ];
    all.into_iter().map(|(name, asked)| (name, Operation::Diligence(Box::new(asked)))).collect()
}

fn told(told: Told) -> Fact {
    Fact::Diligence(Box::new(told))
}

pub(crate) fn updated(customer_id: CustomerId) -> Fact {
    told(Told::Customer(CustomerUpdated { update: update(customer_id), by: "mariama".to_owned() }))
}

pub(crate) fn addressed(customer_id: CustomerId) -> Fact {
    let set = SetAddress { customer_id, address: Some(home()) };
    told(Told::Address(AddressSet { set, by: "mariama".to_owned() }))
}

pub(crate) fn presented(customer_id: CustomerId, duplicate_of: Option<CustomerId>) -> Fact {
    let standing = Standing { status: KycStatus::Pending, sub_status: Some(KycSubStatus::Resubmitted) };
    let (change, document, by) = (KycChange::Submitted, Some(document()), customer_id.to_string());
    told(Told::Kyc(KycChanged { customer_id, change, standing, level: None, document, duplicate_of, by, reason: None }))
}

pub(crate) fn approved(customer_id: CustomerId) -> Fact {
    let standing = Standing { status: KycStatus::Verified, sub_status: None };
    let (level, by, reason) = (Some(KycLevel::Enhanced), "mariama".to_owned(), Some("seen in the branch".to_owned()));
    let (change, document) = (KycChange::Approved, None);
    told(Told::Kyc(KycChanged { customer_id, change, standing, level, document, duplicate_of: None, by, reason }))
}

pub(crate) fn opened(customer_id: CustomerId, alert_id: AlertId) -> Fact {
    let about = About { customer_id: Some(customer_id), alert_id: Some(alert_id), ..About::default() };
    let opened = Opened { kind: CaseKind::Alert, about, due_at: Some(EPOCH + 864_000_000), escalation: 1 };
    told(Told::Case(CaseChanged { opened: Some(opened), ..changed(CaseChange::Opened, CaseStatus::Open, CaseOperation::Open) }))
}

pub(crate) fn assigned() -> Fact {
    let (previous, value) = (Some("awa".to_owned()), Some("mariama".to_owned()));
    let changed = changed(CaseChange::Assigned, CaseStatus::Snoozed, CaseOperation::Assign);
    told(Told::Case(CaseChanged { previous, value, ..changed }))
}

pub(crate) fn closed() -> Fact {
    let (outcome, level) = (Some(CaseOutcome::Approved), Some(KycLevel::Enhanced));
    let changed = changed(CaseChange::Closed, CaseStatus::Closed, CaseOperation::DecideKyc);
    told(Told::Case(CaseChanged { outcome, level, ..changed }))
}

fn changed(change: CaseChange, status: CaseStatus, operation: CaseOperation) -> CaseChanged {
    let (opened, previous, value, outcome, level) = (None, None, None, None, None);
    let (by, reason) = ("mariama".to_owned(), Some("seen in the branch".to_owned()));
    CaseChanged { id: case_id(), change, status, opened, previous, value, outcome, level, by, reason, operation }
}
