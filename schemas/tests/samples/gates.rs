//! Samples of gates: what sets them, what they are told, and what they say.

use schemas::aml::{Lane, Setting};
use schemas::context::{Context, KeyKind};
use schemas::gate::{CountryList, GateAnswer, ListName, Said};
use schemas::list::{EntryKind, ListedName, NameStrength};
use schemas::{
    AccountId, ActivateList, AmlChanged, AmlSetting, Assessed, ClearMatch, CounterpartyDigest, CustomerId, DecideReview, Fact, Freeze,
    GatePolicy, HoldId, ListChanged, ListCommand, ListEntry, ListKind, ListPart, Party, PartyChange, PartyChanged, ReviewDecision, RuleId,
    Signal, Transaction,
};
use std::sync::Arc;

pub(crate) fn context() -> Context {
    Context {
        device: Some("d-6f1e".to_owned()),
        ip: Some("2001:db8::7".to_owned()),
        country: Some("SN".to_owned()),
        latitude_e6: Some(14_716_677),
        longitude_e6: Some(-17_467_686),
        card_token: Some("tok-1".to_owned()),
        msisdn: Some("+221770000001".to_owned()),
        counterparty_name: Some("Moussa Traoré".to_owned()),
    }
}

pub(crate) fn rule() -> AmlSetting {
    let parameters = [("account_10min".to_owned(), 5), ("action".to_owned(), 2)].into();
    AmlSetting::Rule(Setting { parameters, lane: Lane::Shadow, ..Setting::of(RuleId::VelocityCount) })
}

pub(crate) fn policy() -> AmlSetting {
    AmlSetting::Policy(GatePolicy::default())
}

pub(crate) fn countries() -> AmlSetting {
    AmlSetting::Countries(CountryList { list: ListName::HighRisk, countries: ["IR".to_owned(), "KP".to_owned()].into() })
}

pub(crate) fn freeze(account: AccountId) -> Freeze {
    Freeze { party: Party::Account(account), frozen: true, reason: "ordered by the court".to_owned() }
}

pub(crate) fn signal(customer: CustomerId) -> Signal {
    Signal { party: Party::Customer(customer), device: Some("d-6f1e".to_owned()), signal: PartyChange::PinFailed }
}

pub(crate) fn review(hold_id: HoldId) -> DecideReview {
    DecideReview { hold_id, decision: ReviewDecision::Release, reason: "the customer was called".to_owned() }
}

pub(crate) fn part() -> ListCommand {
    let name = |name: &str, strength| ListedName { name: name.to_owned(), strength };
    let entry = ListEntry {
        id: "QDi.001".to_owned(),
        kind: EntryKind::Person,
        names: vec![name("SOW, Aminata", NameStrength::Primary), name("Aminatou Sow", NameStrength::Weak)],
        born: vec!["1971-03-25".to_owned()],
        countries: vec!["sn".to_owned()],
        reference: "QDi".to_owned(),
    };
    ListCommand::Part(ListPart { list: "un".to_owned(), version: 3, number: 0, entries: vec![entry] })
}

pub(crate) fn activate() -> ListCommand {
    let (list, kind) = ("un".to_owned(), ListKind::Sanctions);
    ListCommand::Activate(ActivateList { list, kind, version: 3, parts: 1, count: 1, digest: [7; 32], force: true })
}

pub(crate) fn clear(customer_id: CustomerId) -> ListCommand {
    let (list, entry) = ("un".to_owned(), "QDi.001".to_owned());
    let counterparty = Some(CounterpartyDigest([7; 16]));
    ListCommand::Clear(ClearMatch { customer_id, counterparty, list, entry, reason: "another date of birth".to_owned() })
}

pub(crate) fn listed(change: ListCommand) -> Fact {
    Fact::ListChanged(Box::new(ListChanged { change, by: "staff".to_owned() }))
}

pub(crate) fn set(setting: AmlSetting) -> Fact {
    Fact::AmlChanged(Box::new(AmlChanged { setting, version: 3, by: "staff".to_owned() }))
}

pub(crate) fn frozen(customer_id: CustomerId, account: AccountId) -> Fact {
    let (change, reason) = (PartyChange::Frozen, Some("ordered by the court".to_owned()));
    Fact::PartyChanged(Box::new(PartyChanged {
        customer_id,
        account_id: Some(account),
        change,
        device: None,
        reason,
        by: "ops-7".to_owned(),
    }))
}

pub(crate) fn signalled(customer_id: CustomerId) -> Fact {
    let device = Some("d-6f1e".to_owned());
    Fact::PartyChanged(Box::new(PartyChanged {
        customer_id,
        account_id: None,
        change: PartyChange::PinFailed,
        device,
        reason: None,
        by: "pin-service".to_owned(),
    }))
}

pub(crate) fn assessed(of: &Transaction) -> Fact {
    let said = Said {
        rule: RuleId::VelocityCount,
        lane: Lane::Live,
        version: 3,
        name: "account_10min".to_owned(),
        value: 6,
        threshold: 5,
        window_ms: Some(600_000),
        key: Some(KeyKind::Account),
    };
    Fact::Assessed(Box::new(Assessed {
        transaction_id: Some(of.id),
        hold_id: None,
        account_debit: of.account_debit,
        account_credit: of.account_credit,
        context: Some(Arc::new(context())),
        answer: GateAnswer::Refuse,
        score: 20,
        said: vec![said],
    }))
}
