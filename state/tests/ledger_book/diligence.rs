//! Identities and cases in the tables: what is asked, and what is told.

use super::words::duration_ms;
use super::{Bank, Words};
use schemas::diligence::{
    About, CaseKind, CaseOperation, CaseStatus, DecideKyc, KycDecision, OpenCase, PostalAddress, Presented, SetAddress, SubmitDocument,
    UpdateCustomer, Work, WorkCase,
};
use schemas::document::{Document, DocumentType};
use schemas::{AlertId, AmlSetting, CaseId, CasePolicy, Diligence, Operation, Told, day};
use uuid::Uuid;

pub(super) const WORDS: &[&str] =
    &["update", "lives", "leaves", "present", "kyc", "case", "assign", "unassign", "comment", "snooze", "escalate", "outcome", "eyes"];

impl Bank {
    /// `update CUSTOMER`, `lives CUSTOMER TOWN`, `leaves CUSTOMER`, `present CUSTOMER NUMBER [until DAY]`, `kyc CUSTOMER DECISION [LEVEL]`, `case KIND CUSTOMER|ACCOUNT [alert NUMBER]`,
    /// `assign CASE WHOM`, `unassign CASE`, `comment CASE`, `snooze CASE DURATION`, `escalate CASE`, `outcome CASE OUTCOME`, `eyes DURATION
    /// [DECISION …]`. The case of an enrolment goes by its customer, and that of a review by its hold.
    pub(super) fn diligence(&self, word: &str, words: &mut Words<'_>) -> Operation {
        let reason = || "a look".to_owned();
        let asked = match word {
            "eyes" => {
                let confirm_ms = duration_ms(words.next());
                let mut four_eyes = std::collections::BTreeSet::new();
                while let Some(decision) = words.next_if(|word| word.contains('_')) {
                    four_eyes.insert(decision.parse().expect("a decision"));
                }
                return Operation::SetAml(AmlSetting::Cases(CasePolicy { confirm_ms, four_eyes, ..CasePolicy::default() }));
            }
            "update" => {
                let customer_id = self.customer(words.next());
                let (full_name, msisdn, country) = (Some("Somebody Else".to_owned()), None, None);
                Diligence::UpdateCustomer(UpdateCustomer { customer_id, full_name, msisdn, country, date_of_birth: None })
            }
            "lives" | "leaves" => {
                let customer_id = self.customer(words.next());
                let address = (word == "lives").then(|| PostalAddress {
                    town_name: words.next().to_owned(),
                    country: "SN".to_owned(),
                    address_lines: vec!["Villa 4".to_owned()],
                    ..PostalAddress::default()
                });
                Diligence::SetAddress(SetAddress { customer_id, address })
            }
            "present" => {
                let (customer_id, number) = (self.customer(words.next()), words.next());
                let document = document(number, words.after("until"));
                Diligence::SubmitDocument(SubmitDocument { customer_id, document })
            }
            "kyc" => {
                let (case_id, decision) = (self.case(words), words.read());
                let level = (decision == KycDecision::Approve).then(|| words.read());
                Diligence::DecideKyc(DecideKyc { case_id, decision, level, reason: reason() })
            }
            "case" => {
                let (kind, whom): (CaseKind, _) = (words.read(), words.next());
                let account_id = whom.contains('.').then(|| self.account(whom)).flatten();
                let customer_id = account_id.is_none().then(|| self.customer(whom));
                let alert_id = words.after("alert").map(|number| AlertId(Uuid::from_u128(number.parse().expect("a number"))));
                let about = About { customer_id, account_id, alert_id, hold_id: None };
                Diligence::OpenCase(OpenCase { kind, about, reason: reason() })
            }
            _ => {
                let case_id = self.case(words);
                let work = match word {
                    "assign" => Work::Assign(Some(words.next().to_owned())),
                    "unassign" => Work::Assign(None),
                    "comment" => Work::Comment,
                    "snooze" => Work::Snooze(self.epoch + duration_ms(words.next())),
                    "escalate" => Work::Escalate,
                    _ => Work::Decide(words.read()),
                };
                Diligence::WorkCase(WorkCase { case_id, work, reason: Some(reason()) })
            }
        };
        Operation::Diligence(Box::new(asked))
    }

    fn case(&self, words: &mut Words<'_>) -> CaseId {
        self.cases.get(words.next()).copied().unwrap_or_else(|| CaseId::mint(1, 0))
    }

    /// Gives a case the name of what it is about.
    pub(super) fn name_case(&mut self, name: &str, told: &Told) {
        let Told::Case(changed) = told else { return };
        let Some(opened) = changed.opened else { return };
        let customer = self.customers.iter().find(|(_, id)| Some(**id) == opened.about.customer_id).map(|(name, _)| name.clone());
        let name = match (opened.kind, name) {
            (CaseKind::Enrolment, _) => customer.unwrap_or_default(),
            (CaseKind::Review, name) => format!("review-{name}"),
            (CaseKind::Alert | CaseKind::Hit, name) => name.to_owned(),
        };
        self.cases.insert(name, changed.id);
    }
}

fn document(number: &str, until: Option<&str>) -> Presented {
    Presented::of(&Document {
        document_type: DocumentType::NationalId,
        number: number.to_owned(),
        country: "SN".to_owned(),
        issued_on: None,
        expires_on: until.map(|until| day::from_iso(until).expect("a day")),
        surname: "Diop".to_owned(),
        given_names: "Awa".to_owned(),
        born_on: day::of(1980, 1, 2).expect("a day"),
        sex: None,
        nationality: None,
        mrz: Vec::new(),
    })
}

/// The answer to a command.
pub(crate) fn answer(told: &Told) -> String {
    match told {
        Told::Customer(_) => "updated".to_owned(),
        Told::Address(set) => {
            set.set.address.as_ref().map_or_else(|| "left".to_owned(), |address| format!("lives in {}", address.town_name))
        }
        Told::Kyc(changed) => {
            let sub_status = changed.standing.sub_status.map(|sub_status| format!(" {sub_status}")).unwrap_or_default();
            let level = changed.level.map(|level| format!(" at {level}")).unwrap_or_default();
            let duplicate = if changed.duplicate_of.is_some() { " a duplicate" } else { "" };
            let by = if changed.by == "orion" { " by its day" } else { "" };
            format!("{} {}{sub_status}{level}{duplicate}{by}", changed.change, changed.standing.status)
        }
        Told::Case(changed) => {
            let kind = changed.opened.map(|opened| {
                let urgent = if opened.escalation > 0 { " urgent" } else { "" };
                format!(" {}{urgent}", opened.kind)
            });
            let outcome = changed.outcome.map(|outcome| format!(" {outcome}"));
            let value =
                changed.value.as_ref().filter(|value| value.parse::<u64>().is_err() || value.len() < 3).map(|value| format!(" {value}"));
            let standing = match changed.status {
                CaseStatus::Open | CaseStatus::Closed => "",
                CaseStatus::Snoozed => " (snoozed)",
                CaseStatus::AwaitingConfirmation => " (awaits)",
            };
            let more = [kind, outcome, value].into_iter().flatten().collect::<String>();
            format!("{}{more}{standing}", changed.change)
        }
    }
}

/// What is told beside an answer, or with time.
pub(crate) fn beside(told: &Told) -> Option<String> {
    match told {
        Told::Case(changed) => {
            assert_eq!(changed.operation, CaseOperation::Beside, "{changed:?}");
            Some(format!("case {}", answer(told)))
        }
        Told::Kyc(_) => Some(answer(told)),
        Told::Customer(_) | Told::Address(_) => Some(format!("{told:?} beside the answer")),
    }
}
