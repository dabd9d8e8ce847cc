//! What histories ask of identities and cases: a few documents, short times, and decisions on the cases that there are.

use super::{DAY_MS, Side, What};
use proptest::prelude::*;
use proptest::sample::select;
use schemas::diligence::{
    About, CaseKind, CaseOutcome, DecideKyc, FourEyes, KycDecision, OpenCase, PostalAddress, Presented, SetAddress, SubmitDocument,
    UpdateCustomer, Work, WorkCase,
};
use schemas::document::{Document, DocumentType};
use schemas::{AccountId, AlertId, AmlSetting, CaseId, CasePolicy, CustomerId, Diligence, Epoch, KycLevel, day};
use uuid::Uuid;

/// What is wished, with what there is chosen when it is asked.
#[derive(Clone, Debug)]
pub(crate) enum Wish {
    Update { customer: u8 },
    Settle { customer: u8, town: Option<&'static str> },
    Present { customer: u8, number: u8, good_days: Option<u8> },
    Decide { case: Chosen, decision: KycDecision, level: KycLevel },
    Open { kind: CaseKind, customer: u8, account: Option<Side>, alert: u8 },
    Work { case: Chosen, work: Wanted },
}

/// A case: so many before the last of those that are open, or none.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Chosen {
    Open(u8),
    Enrolment(u8),
    Alert(u8),
    Unknown,
}

#[derive(Clone, Debug)]
pub(crate) enum Wanted {
    Assign(Option<&'static str>),
    Comment,
    Snooze { ms: i64 },
    Escalate,
    Decide(CaseOutcome),
}

/// A case that was told of.
#[derive(Clone, Copy)]
pub(crate) struct Known {
    pub(crate) id: CaseId,
    pub(crate) kind: CaseKind,
    pub(crate) about: About,
    pub(crate) open: bool,
}

/// The case that is chosen, and the customer whom it is about.
fn chosen(cases: &[Known], which: Chosen) -> (CaseId, Option<CustomerId>) {
    let (back, fits): (u8, fn(&Known) -> bool) = match which {
        Chosen::Open(back) => (back, |_| true),
        Chosen::Enrolment(back) => (back, |case| case.kind == CaseKind::Enrolment),
        Chosen::Alert(back) => (back, |case| matches!(case.kind, CaseKind::Alert | CaseKind::Hit)),
        Chosen::Unknown => return (CaseId::mint(1, 0), None),
    };
    let these: Vec<&Known> = cases.iter().filter(|case| case.open && fits(case)).collect();
    let back = usize::from(back).checked_rem(these.len());
    let case = back.and_then(|back| these.into_iter().nth_back(back));
    case.map_or((CaseId::mint(1, 0), None), |case| (case.id, case.about.customer_id))
}

impl Wish {
    /// Whether time does something of itself after this.
    pub(crate) fn waits(&self) -> bool {
        matches!(self, Self::Work { work: Wanted::Snooze { .. }, .. })
    }

    /// What is asked, and whom it is about.
    pub(crate) fn asked(
        &self,
        cases: &[Known],
        epoch: Epoch,
        customer: impl Fn(u8) -> CustomerId,
        account: impl Fn(Side) -> Option<AccountId>,
    ) -> (Diligence, Option<CustomerId>) {
        let reason = || "a look".to_owned();
        match self {
            Self::Update { customer: of } => {
                let (full_name, msisdn, country) = (Some(format!("Customer {of}")), None, None);
                let update = UpdateCustomer { customer_id: customer(*of), full_name, msisdn, country, date_of_birth: day::of(1990, 1, 2) };
                (Diligence::UpdateCustomer(update), Some(customer(*of)))
            }
            Self::Settle { customer: of, town } => {
                let address = town.map(|town| PostalAddress {
                    town_name: town.to_owned(),
                    country: "SN".to_owned(),
                    address_lines: vec!["Villa 4".to_owned()],
                    ..PostalAddress::default()
                });
                (Diligence::SetAddress(SetAddress { customer_id: customer(*of), address }), Some(customer(*of)))
            }
            Self::Present { customer: of, number, good_days } => {
                let document = document(*number, good_days.map(|days| epoch + u64::from(days) * DAY_MS - DAY_MS));
                (Diligence::SubmitDocument(SubmitDocument { customer_id: customer(*of), document }), Some(customer(*of)))
            }
            Self::Decide { case, decision, level } => {
                let (case_id, of) = chosen(cases, *case);
                let level = (*decision == KycDecision::Approve).then_some(*level);
                (Diligence::DecideKyc(DecideKyc { case_id, decision: *decision, level, reason: reason() }), of)
            }
            Self::Open { kind, customer: of, account: side, alert } => {
                let account_id = side.filter(|_| *kind != CaseKind::Enrolment).and_then(account);
                let customer_id = account_id.is_none().then(|| customer(*of));
                let alert_id = (*kind == CaseKind::Alert).then(|| AlertId(Uuid::from_u128(u128::from(*alert))));
                let about = About { customer_id, account_id, alert_id, hold_id: None };
                (Diligence::OpenCase(OpenCase { kind: *kind, about, reason: reason() }), customer_id)
            }
            Self::Work { case, work } => {
                let (case_id, of) = chosen(cases, *case);
                let work = match work {
                    Wanted::Assign(assignee) => Work::Assign(assignee.map(str::to_owned)),
                    Wanted::Comment => Work::Comment,
                    Wanted::Snooze { ms } => Work::Snooze(epoch.saturating_add_signed(*ms)),
                    Wanted::Escalate => Work::Escalate,
                    Wanted::Decide(outcome) => Work::Decide(*outcome),
                };
                (Diligence::WorkCase(WorkCase { case_id, work, reason: Some(reason()) }), of)
            }
        }
    }
}

fn document(number: u8, good_until: Option<Epoch>) -> Presented {
    let days = |epoch: Epoch| i32::try_from(epoch / DAY_MS).expect("a day");
    let date = |epoch| day::of_number(days(epoch)).expect("a day");
    Presented::of(&Document {
        document_type: DocumentType::NationalId,
        number: format!("N{number:05}"),
        country: "SN".to_owned(),
        issued_on: None,
        expires_on: good_until.map(date),
        surname: "Diop".to_owned(),
        given_names: String::new(),
        born_on: day::of(1980, 1, 2).expect("a day"),
        sex: None,
        nationality: None,
        mrz: Vec::new(),
    })
}

fn case() -> impl Strategy<Value = Chosen> {
    prop_oneof![
        3 => (0..3u8).prop_map(Chosen::Open),
        4 => (0..3u8).prop_map(Chosen::Enrolment),
        4 => (0..3u8).prop_map(Chosen::Alert),
        1 => Just(Chosen::Unknown),
    ]
}

fn present() -> impl Strategy<Value = Wish> {
    let good = prop_oneof![1 => Just(None), 6 => (0..4u8).prop_map(Some), 2 => Just(Some(200))];
    (0..5u8, 0..6u8, good).prop_map(|(customer, number, good_days)| Wish::Present { customer, number, good_days })
}

fn decide() -> impl Strategy<Value = Wish> {
    let levels = select(vec![KycLevel::Simplified, KycLevel::Standard, KycLevel::Enhanced]);
    let decision = prop_oneof![4 => Just(KycDecision::Approve), 1 => select(KycDecision::ALL)];
    (case(), decision, levels).prop_map(|(case, decision, level)| Wish::Decide { case, decision, level })
}

fn open() -> impl Strategy<Value = Wish> {
    let kinds = select(vec![CaseKind::Enrolment, CaseKind::Alert, CaseKind::Alert, CaseKind::Hit]);
    let sides =
        prop_oneof![6 => any::<u8>().prop_map(Side::Account), 1 => Just(Side::Unknown), 1 => Just(Side::Cash(schemas::Currency::XOF))];
    (kinds, any::<u8>(), prop::option::of(sides), 0..3u8).prop_map(|(kind, customer, account, alert)| Wish::Open {
        kind,
        customer,
        account,
        alert,
    })
}

fn towns() -> impl Strategy<Value = Option<&'static str>> {
    prop::option::weighted(0.7, select(vec!["Dakar", "Thiès"]))
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let day = i64::try_from(DAY_MS).expect("a day");
    prop_oneof![
        3 => select(vec![None, Some("staff"), Some("teller")]).prop_map(Wanted::Assign),
        1 => Just(Wanted::Comment),
        3 => select(vec![0, 500, 1_000, 2_000, day, 90 * day, 90 * day + 1]).prop_map(|ms| Wanted::Snooze { ms }),
        2 => Just(Wanted::Escalate),
        3 => select(CaseOutcome::OF_ALERTS).prop_map(Wanted::Decide),
    ]
}

fn work() -> impl Strategy<Value = Wish> {
    (case(), wanted()).prop_map(|(case, work)| Wish::Work { case, work })
}

fn policy() -> impl Strategy<Value = What> {
    let four_eyes = prop::collection::btree_set(select(FourEyes::ALL), 0..5);
    (four_eyes, select(vec![60_000, DAY_MS]))
        .prop_map(|(four_eyes, confirm_ms)| What::SetAml(AmlSetting::Cases(CasePolicy { confirm_ms, four_eyes, ..CasePolicy::default() })))
}

pub(crate) fn asked() -> BoxedStrategy<What> {
    let wish = prop_oneof![
        1 => (0..5u8).prop_map(|customer| Wish::Update { customer }),
        1 => (0..5u8, towns()).prop_map(|(customer, town)| Wish::Settle { customer, town }),
        5 => present(),
        6 => decide(),
        4 => open(),
        7 => work(),
    ];
    prop_oneof![10 => wish.prop_map(What::Diligence), 1 => policy()].boxed()
}

/// The same operation twice or more.
pub(crate) fn alike() -> BoxedStrategy<Vec<What>> {
    // On a case that there is, and on one that there never was.
    let works = select(vec![
        Wanted::Assign(Some("staff")),
        Wanted::Comment,
        Wanted::Snooze { ms: 1_000 },
        Wanted::Escalate,
        Wanted::Decide(CaseOutcome::FalsePositive),
    ]);
    prop_oneof![
        6 => (0..4u8, 0..6u8, works).prop_map(|(customer, number, wanted)| {
            let work = |case| What::Diligence(Wish::Work { case, work: wanted.clone() });
            let present = What::Diligence(Wish::Present { customer, number, good_days: None });
            vec![present, work(Chosen::Open(0)), work(Chosen::Open(0)), work(Chosen::Unknown)]
        }),
        1 => prop::collection::vec(present().prop_map(What::Diligence), 3),
        1 => prop::collection::vec(decide().prop_map(What::Diligence), 3),
        1 => prop::collection::vec(open().prop_map(What::Diligence), 3),
        1 => (0..4u8, 0..4u8).prop_map(|(one, other)| [one, other, one].map(|customer| What::Diligence(Wish::Update { customer })).to_vec()),
        1 => (0..4u8, towns()).prop_map(|(customer, town)| [town, None].map(|town| What::Diligence(Wish::Settle { customer, town })).to_vec()),
        1 => prop::collection::vec(policy(), 3),
    ]
    .boxed()
}

/// A document, and what becomes of who presented it; or a case, and what is done about it.
pub(crate) fn scene() -> BoxedStrategy<Vec<What>> {
    let newest = Chosen::Enrolment(0);
    let decide = move |decision, level| What::Diligence(Wish::Decide { case: newest, decision, level });
    let approve = move |level| decide(KycDecision::Approve, level);
    let present = |customer, number, good_days| What::Diligence(Wish::Present { customer, number, good_days });
    let later = |ms, what| What::Later { ms, what: Box::new(what) };
    let work = |work| What::Diligence(Wish::Work { case: Chosen::Alert(0), work });
    let steps = prop::collection::vec(select(KycDecision::ALL), 1..4);
    prop_oneof![
        4 => (0..4u8, 0..6u8, select(vec![KycLevel::Simplified, KycLevel::Standard])).prop_map(move |(customer, number, level)| {
            vec![present(customer, number, Some(1)), approve(level), later(DAY_MS, present(customer, number + 1, Some(9))), approve(level)]
        }),
        4 => (0..4u8, 0..6u8, steps).prop_map(move |(customer, number, steps)| {
            let mut all = vec![present(customer, number, None)];
            for step in steps {
                all.extend([decide(step, KycLevel::Standard), present(customer, number, Some(9))]);
            }
            all
        }),
        2 => (0..4u8, 30..200u8).prop_map(move |(customer, first)| (0..21u8).map(|number| present(customer, first.wrapping_add(number), None)).collect()),
        3 => (0..4u8, 0..6u8, any::<bool>()).prop_map(move |(customer, number, is_late)| {
            // Two decisions of the same clerk, and one that comes too late.
            let again = approve(KycLevel::Enhanced);
            let again = if is_late { later(4 * DAY_MS, again) } else { again };
            vec![present(customer, number, None), approve(KycLevel::Enhanced), approve(KycLevel::Enhanced), again]
        }),
        2 => (0..4u8, 0..3u8, wanted(), wanted()).prop_map(move |(customer, alert, one, other)| {
            let open = What::Diligence(Wish::Open { kind: CaseKind::Alert, customer, account: None, alert });
            vec![open.clone(), open, work(one), work(other.clone()), work(other)]
        }),
        3 => (0..4u8, select(CaseOutcome::OF_ALERTS)).prop_map(move |(customer, outcome)| {
            let four_eyes = FourEyes::ALL.iter().copied().collect();
            let both = What::SetAml(AmlSetting::Cases(CasePolicy { four_eyes, ..CasePolicy::default() }));
            let open = What::Diligence(Wish::Open { kind: CaseKind::Hit, customer, account: None, alert: 0 });
            let dismiss = || work(Wanted::Decide(CaseOutcome::FalsePositive));
            let second = |what| What::Second(Box::new(what));
            vec![both, open, dismiss(), dismiss(), work(Wanted::Snooze { ms: 1_000 }), second(work(Wanted::Decide(outcome))), dismiss()]
        }),
        1 => (0..4u8).prop_map(move |customer| {
            let open = What::Diligence(Wish::Open { kind: CaseKind::Hit, customer, account: None, alert: 0 });
            let (mine, nobodys) = (Wanted::Assign(Some("staff")), Wanted::Assign(None));
            vec![open, work(mine), work(nobodys), work(Wanted::Escalate), work(Wanted::Escalate), work(Wanted::Escalate), work(Wanted::Escalate)]
        }),
        1 => (0..4u8).prop_map(move |customer| {
            let open = What::Diligence(Wish::Open { kind: CaseKind::Enrolment, customer, account: None, alert: 0 });
            vec![open, approve(KycLevel::Standard), decide(KycDecision::Expire, KycLevel::Standard)]
        }),
    ]
    .boxed()
}
