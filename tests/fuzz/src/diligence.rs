//! What is asked of identities and cases, drawn from bytes: near what can be, and now and then what can't.

use super::drawn::{Known, account, customer, id, likely, one, some, text, word};
use arbitrary::{Result, Unstructured};
use schemas::diligence::{
    About, CaseKind, CaseOutcome, DecideKyc, DocumentDigest, FourEyes, KycDecision, OpenCase, PostalAddress, Presented, SetAddress,
    SubmitDocument, UpdateCustomer, Work, WorkCase,
};
use schemas::document::DocumentType;
use schemas::{AlertId, AmlSetting, CaseId, CasePolicy, Diligence, HoldId, KycLevel, Operation, day};
use uuid::Uuid;

pub(crate) fn operation(u: &mut Unstructured<'_>, known: &Known) -> Result<Operation> {
    let asked = match u.int_in_range(0..=12)? {
        0 => {
            let mut four_eyes = std::collections::BTreeSet::new();
            for _ in 0..u.int_in_range(0..=4)? {
                four_eyes.insert(word(u, FourEyes::ALL)?);
            }
            let confirm_ms = if likely(u)? { 60_000 } else { u.arbitrary()? };
            return Ok(Operation::SetAml(AmlSetting::Cases(CasePolicy { confirm_ms, four_eyes, ..CasePolicy::default() })));
        }
        1 => Diligence::UpdateCustomer(UpdateCustomer {
            customer_id: customer(u, known)?,
            full_name: some(u, text)?,
            msisdn: some(u, text)?,
            country: some(u, text)?,
            date_of_birth: day::of(u.int_in_range(1840..=2160)?, 2, u.int_in_range(1..=30)?),
        }),
        2..=4 => Diligence::SubmitDocument(SubmitDocument { customer_id: customer(u, known)?, document: document(u, known)? }),
        5..=7 => Diligence::DecideKyc(DecideKyc {
            case_id: case(u, known)?,
            decision: if likely(u)? { KycDecision::Approve } else { word(u, KycDecision::ALL)? },
            level: if likely(u)? { Some(KycLevel::Standard) } else { some(u, |u| word(u, KycLevel::ALL))? },
            reason: text(u)?,
        }),
        8 => {
            let about = About {
                customer_id: some(u, |u| customer(u, known))?,
                account_id: some(u, |u| account(u, known))?,
                alert_id: some(u, |u| Ok(AlertId(Uuid::from_u128(u.int_in_range(0..=3)?))))?,
                hold_id: if likely(u)? { None } else { Some(HoldId(Uuid::from_u128(u.arbitrary()?))) },
            };
            Diligence::OpenCase(OpenCase { kind: word(u, CaseKind::ALL)?, about, reason: text(u)? })
        }
        9 => Diligence::SetAddress(SetAddress { customer_id: customer(u, known)?, address: some(u, address)? }),
        _ => {
            let work = match u.int_in_range(0..=4)? {
                0 => Work::Assign(some(u, text)?),
                1 => Work::Comment,
                2 => Work::Snooze(if likely(u)? { known.epoch + u.int_in_range(0..=100_000)? } else { u.arbitrary()? }),
                3 => Work::Escalate,
                _ => Work::Decide(if likely(u)? { CaseOutcome::FalsePositive } else { word(u, CaseOutcome::ALL)? }),
            };
            Diligence::WorkCase(WorkCase { case_id: case(u, known)?, work, reason: some(u, text)? })
        }
    };
    Ok(Operation::Diligence(Box::new(asked)))
}

fn case(u: &mut Unstructured<'_>, known: &Known) -> Result<CaseId> {
    let case = one(u, &known.cases)?.map(|case| case.0);
    id(u, case).map(CaseId)
}

fn address(u: &mut Unstructured<'_>) -> Result<PostalAddress> {
    Ok(PostalAddress {
        street_name: some(u, text)?,
        post_code: some(u, text)?,
        town_name: text(u)?,
        country: if likely(u)? { "SN".to_owned() } else { text(u)? },
        address_lines: some(u, text)?.into_iter().collect(),
        ..PostalAddress::default()
    })
}

fn document(u: &mut Unstructured<'_>, known: &Known) -> Result<Presented> {
    let today = i32::try_from(known.epoch / 86_400_000).unwrap_or_default();
    Ok(Presented {
        document_type: word(u, DocumentType::ALL)?,
        digest: DocumentDigest(if likely(u)? { [u.int_in_range(0..=7)?; 16] } else { u.arbitrary()? }),
        number_end: if likely(u)? { "A1".to_owned() } else { text(u)? },
        country: "SN".to_owned(),
        issued_on: None,
        expires_on: day::of_number(today.saturating_add(u.int_in_range(-3..=3)?)),
        surname: if likely(u)? { "Diop".to_owned() } else { text(u)? },
        given_names: String::new(),
        born_on: day::of(1960, 1, 2).expect("a day of the calendar"),
        has_zone: u.arbitrary()?,
    })
}
