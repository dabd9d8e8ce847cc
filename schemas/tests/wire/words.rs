//! Arbitrary commands, events and journal entries: everything that the bank itself writes.

use super::{diligence, gates};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use schemas::epoch::LAST_EPOCH;
use schemas::{
    Account, AccountId, AccountStatus, AccountType, ActivateRules, Authority, Binding, CancelOrder, Capture, Cause, ChangeStatus, Channel,
    Claim, Command, CommandId, Commit, CreateCustomer, Currency, Customer, CustomerId, Entry, Event, EventId, Fact, HoldChange,
    HoldChanged, HoldId, Input, KycStatus, Link, Money, OpenAccount, Operation, OrderChange, Output, Payment, PaymentKind, Position,
    Posting, Principal, Refund, Refusal, Release, Repeat, Reserve, Reverse, Role, SealedEpoch, StatusChange, StatusChanged, Transaction,
    TransactionId, Waited,
};
use std::sync::Arc;
use uuid::Uuid;

#[path = "orders.rs"]
mod orders;
#[path = "policies.rs"]
mod policies;

pub(super) fn command() -> impl Strategy<Value = Command> {
    let principal = (line(255), select(Authority::ALL)).prop_map(|(subject, authority)| Principal { subject, authority });
    // What the door's clock says is a long on the wire.
    (principal, "[!-~]{1,255}", 0..1u64 << 63, operation()).prop_map(|(principal, idempotency_key, received_ms, operation)| Command {
        principal,
        idempotency_key,
        received_ms,
        operation,
    })
}

fn operation() -> BoxedStrategy<Operation> {
    let create = (line(140), option::of(msisdn()), option::of(country()))
        .prop_map(|(full_name, msisdn, country)| Operation::CreateCustomer(CreateCustomer { full_name, msisdn, country }));
    let open = (id().prop_map(CustomerId), select(AccountType::ALL), select(Role::ALL), currency()).prop_map(
        |(customer_id, account_type, role, currency)| Operation::OpenAccount(OpenAccount { customer_id, account_type, role, currency }),
    );
    let activate = rules().prop_map(|version| Operation::ActivateRules(ActivateRules { version }));
    let change = changed().prop_map(|changed| Operation::ChangeStatus(ChangeStatus { account_id: changed.id, change: changed.change }));
    prop_oneof![
        1 => create,
        1 => open,
        1 => activate,
        1 => change,
        6 => item(),
        1 => policies::asked().prop_map(Operation::SetPolicy),
        2 => orders::batch().prop_map(Operation::Batch),
        1 => orders::order().prop_map(Operation::Order),
        1 => orders::order_id().prop_map(|order_id| Operation::CancelOrder(CancelOrder { order_id })),
        2 => gates::asked(),
        2 => diligence::asked(),
    ]
    .boxed()
}

/// What can be asked for in a batch.
fn item() -> BoxedStrategy<Operation> {
    let reserve =
        (payment(), 1_000..=2_592_000_000u64).prop_map(|(payment, expires_in_ms)| Operation::Reserve(Reserve { payment, expires_in_ms }));
    let capture =
        (hold_id(), money(), any::<bool>()).prop_map(|(hold_id, amount, last)| Operation::Capture(Capture { hold_id, amount, last }));
    let release = hold_id().prop_map(|hold_id| Operation::Release(Release { hold_id }));
    let refund = (transaction_id(), money(), orders::proof())
        .prop_map(|(transaction_id, amount, proof)| Operation::Refund(Refund { transaction_id, amount, proof }));
    let reverse =
        (transaction_id(), orders::proof()).prop_map(|(transaction_id, proof)| Operation::Reverse(Reverse { transaction_id, proof }));
    prop_oneof![payment().prop_map(Operation::Pay), reserve, capture, release, refund, reverse].boxed()
}

/// A payment that can be asked for by itself.
fn payment() -> impl Strategy<Value = Payment> {
    let sides = (option::of(account_id()), option::of(account_id()));
    let context = option::weighted(0.3, gates::context().prop_map(Arc::new));
    (select(PaymentKind::ASKED), sides, any::<i64>(), currency(), select(Channel::ALL), context).prop_map(
        |(kind, (account_debit, account_credit), amount_minor, currency, channel, context)| Payment {
            kind,
            account_debit,
            account_credit,
            amount_minor,
            currency,
            channel,
            context,
        },
    )
}

/// The record's field is an int.
fn rules() -> impl Strategy<Value = u32> {
    0..=2_147_483_647u32
}

pub(super) fn event() -> impl Strategy<Value = Event> {
    let cause = (id(), any::<i32>(), any::<i64>(), traceparent()).prop_map(|(command_id, partition, offset, traceparent)| Cause {
        command_id: CommandId(command_id),
        position: Position { partition, offset },
        traceparent,
    });
    (id(), 0..=LAST_EPOCH, cause, fact()).prop_map(|(id, epoch, cause, fact)| Event { id: EventId(id), epoch, cause, fact })
}

fn fact() -> BoxedStrategy<Fact> {
    let any_status = (customer(), select(KycStatus::ALL)).prop_map(|(customer, kyc_status)| Customer { kyc_status, ..customer });
    let any_account = (account(), select(AccountStatus::ALL)).prop_map(|(account, status)| Account { status, ..account });
    prop_oneof![
        any_status.prop_map(Fact::CustomerCreated),
        any_account.prop_map(Fact::AccountOpened),
        settled().prop_map(Fact::Transaction),
        failed().prop_map(Fact::Transaction),
        rules().prop_map(|version| Fact::RulesActivated { version }),
        changed().prop_map(Fact::StatusChanged),
        held().prop_map(Fact::HoldChanged),
        policies::decided().prop_map(|policy| Fact::PolicyChanged(Box::new(policy))),
        orders::decided().prop_map(|decided| Fact::BatchDecided(Box::new(decided))),
        orders::changed().prop_map(|changed| Fact::OrderChanged(Box::new(changed))),
        gates::answered(),
        gates::assessed(),
        diligence::told(),
        (line(40), select(Refusal::ALL)).prop_map(|(operation, refusal)| Fact::Refused { operation, refusal }),
        repeat().prop_map(|repeat| Fact::Repeated(Box::new(repeat))),
    ]
    .boxed()
}

/// A repeat tells a decision as it was made: a customer not verified yet, an account active, balances not told.
fn repeat() -> BoxedStrategy<Repeat> {
    let told = |transaction: Transaction| Fact::Transaction(Transaction { postings: Vec::new(), ..transaction });
    let first = prop_oneof![
        customer().prop_map(Fact::CustomerCreated),
        account().prop_map(Fact::AccountOpened),
        settled().prop_map(told),
        failed().prop_map(told),
        rules().prop_map(|version| Fact::RulesActivated { version }),
        changed().prop_map(Fact::StatusChanged),
        held().prop_map(Fact::HoldChanged),
        policies::decided().prop_map(|policy| Fact::PolicyChanged(Box::new(policy))),
        orders::answered(),
        gates::answered(),
        diligence::told(),
        (line(40), select(Refusal::ALL)).prop_map(|(operation, refusal)| Fact::Refused { operation, refusal }),
    ];
    (line(40), any::<bool>(), 0..=LAST_EPOCH, option::of(first))
        .prop_map(|(operation, ordered, first_epoch, first)| {
            let operation = match &first {
                // A payment that counts from an earlier day is asked for as an order and answered as a payment.
                Some(Fact::Transaction(transaction)) if ordered && transaction.link.is_none() => "order".to_owned(),
                Some(fact @ (Fact::AmlChanged(_) | Fact::PartyChanged(_) | Fact::ListChanged(_))) => {
                    gates::operation(fact).expect("an operation")
                }
                Some(Fact::Diligence(told)) => told.operation().to_owned(),
                Some(Fact::Assessed(_)) => unreachable!("it answers nobody"),
                Some(Fact::BatchDecided(_)) => "batch".to_owned(),
                Some(Fact::OrderChanged(changed)) if changed.change == OrderChange::Cancelled => "cancel_order".to_owned(),
                Some(Fact::OrderChanged(_)) => "order".to_owned(),
                Some(Fact::Refused { operation, .. }) => operation.clone(),
                Some(Fact::Transaction(transaction)) => transaction.operation().to_owned(),
                Some(Fact::StatusChanged(changed)) => changed.change.to_string(),
                Some(Fact::CustomerCreated(_) | Fact::AccountOpened(_) | Fact::RulesActivated { .. })
                | Some(Fact::HoldChanged(_) | Fact::PolicyChanged(_) | Fact::Repeated(_))
                | None => operation,
            };
            Repeat { operation, first_epoch, first }
        })
        .boxed()
}

fn customer() -> impl Strategy<Value = Customer> {
    (id(), line(140), option::of(msisdn()), option::of(country())).prop_map(|(id, full_name, msisdn, country)| Customer {
        id: CustomerId(id),
        full_name,
        msisdn,
        country,
        kyc_status: KycStatus::Pending,
    })
}

fn account() -> impl Strategy<Value = Account> {
    let holder = option::of(id().prop_map(CustomerId));
    (account_id(), holder, select(AccountType::ALL), select(Role::ALL), currency()).prop_map(
        |(id, customer_id, account_type, role, currency)| Account {
            id,
            customer_id,
            account_type,
            role,
            currency,
            status: AccountStatus::Active,
        },
    )
}

fn changed() -> impl Strategy<Value = StatusChanged> {
    (account_id(), option::of(id().prop_map(CustomerId)), select(StatusChange::ALL)).prop_map(|(id, customer_id, change)| StatusChanged {
        id,
        customer_id,
        change,
    })
}

/// Money is held or it is not, as the change says.
fn held() -> impl Strategy<Value = HoldChanged> {
    let change = (select(HoldChange::ALL), any::<bool>()).prop_map(|(change, left)| match change {
        HoldChange::Reserved | HoldChange::Reviewed => (change, true),
        HoldChange::Captured => (change, left),
        HoldChange::Released | HoldChange::Closed | HoldChange::Expired => (change, false),
        HoldChange::ReviewRefused | HoldChange::ReviewExpired => (change, false),
    });
    let amount = (0..=i64::MAX, currency()).prop_map(|(minor, currency)| Money { minor, currency });
    let payment = (select(PaymentKind::ASKED), select(Channel::ALL), account_id(), account_id());
    (hold_id(), change, payment, amount, 0..=i64::MAX, 0..=LAST_EPOCH).prop_map(
        |(id, (change, open), (kind, channel, account_debit, account_credit), amount, fee_minor, expires_at)| HoldChanged {
            id,
            change,
            kind,
            channel,
            account_debit,
            account_credit,
            amount,
            fee_minor,
            open,
            expires_at,
        },
    )
}

fn link() -> impl Strategy<Value = Option<Link>> {
    option::of(prop_oneof![hold_id().prop_map(Link::Hold), transaction_id().prop_map(Link::Original)])
}

pub(super) fn settled() -> impl Strategy<Value = Transaction> {
    let posting = (account_id(), any::<i64>(), any::<i64>()).prop_map(|(account, amount_minor, balance_minor)| Posting {
        account,
        amount_minor,
        balance_minor,
    });
    (transaction(), any::<i64>(), link(), vec(posting, 0..4)).prop_map(|(transaction, fee_minor, link, postings)| Transaction {
        fee_minor,
        link,
        postings,
        ..transaction
    })
}

fn failed() -> impl Strategy<Value = Transaction> {
    (transaction(), select(Refusal::ALL)).prop_map(|(transaction, refusal)| Transaction { refusal: Some(refusal), ..transaction })
}

fn transaction() -> impl Strategy<Value = Transaction> {
    (transaction_id(), select(PaymentKind::ALL), account_id(), account_id(), money(), select(Channel::ALL)).prop_map(
        |(id, kind, account_debit, account_credit, amount, channel)| Transaction {
            id,
            kind,
            account_debit,
            account_credit,
            amount,
            fee_minor: 0,
            channel,
            refusal: None,
            link: None,
            postings: Vec::new(),
        },
    )
}

pub(super) fn updated() -> impl Strategy<Value = Fact> {
    prop_oneof![
        held().prop_map(Fact::HoldChanged),
        policies::decided().prop_map(|policy| Fact::PolicyChanged(Box::new(policy))),
        orders::decided().prop_map(|decided| Fact::BatchDecided(Box::new(decided))),
        orders::changed().prop_map(|changed| Fact::OrderChanged(Box::new(changed))),
        gates::answered(),
        gates::assessed(),
        diligence::told(),
        prop_oneof![orders::answered(), gates::answered()].prop_map(|first| Fact::Repeated(Box::new(Repeat {
            operation: String::new(),
            first_epoch: 7,
            first: Some(first)
        }))),
    ]
}

pub(super) fn entry() -> impl Strategy<Value = Entry> {
    let claim = (natural(), small()).prop_map(|(generation, code_version)| Entry::Claim(Claim { generation, code_version }));
    let input = (line(40), any::<i32>(), any::<i64>(), small()).prop_map(|(topic, partition, upper, count)| Input {
        topic,
        partition,
        upper,
        count,
    });
    let output = (line(40), any::<i32>(), small(), any::<[u8; 16]>()).prop_map(|(topic, partition, count, digest)| Output {
        topic,
        partition,
        count,
        digest,
    });
    let binding = (natural(), natural(), small(), vec(input, 0..4)).prop_map(|(epoch, generation, code_version, inputs)| Binding {
        epoch,
        generation,
        code_version,
        inputs,
    });
    let waited = (small(), small()).prop_map(|(over_ms, count)| Waited { over_ms, count });
    let sealed = (binding, vec(output, 0..4), natural(), vec(waited, 0..4)).prop_map(|(binding, outputs, pinned, waited)| SealedEpoch {
        binding,
        outputs,
        pinned,
        waited,
    });
    let commit = (natural(), vec(sealed, 0..4), 0..9u32);
    let commit = commit.prop_map(|(generation, epochs, detection)| Entry::Commit(Commit { generation, epochs, detection }));
    prop_oneof![claim, commit]
}

/// A line of any characters but controls.
pub(super) fn line(characters_max: usize) -> impl Strategy<Value = String> {
    vec(any::<char>().prop_map(|character| if character.is_control() { 'é' } else { character }), 1..=characters_max)
        .prop_map(String::from_iter)
}

fn msisdn() -> impl Strategy<Value = String> {
    "\\+[0-9]{7,15}"
}

fn country() -> impl Strategy<Value = String> {
    "[A-Z]{2}"
}

fn traceparent() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]"]
}

/// Currencies of no, two, three and four decimals.
fn currency() -> impl Strategy<Value = Currency> {
    select(["XOF", "JPY", "EUR", "USD", "TND", "CLF"].map(|code| code.parse::<Currency>().expect("a currency")).to_vec())
}

pub(super) fn account_id() -> impl Strategy<Value = AccountId> {
    id().prop_map(AccountId)
}

pub(super) fn hold_id() -> impl Strategy<Value = HoldId> {
    id().prop_map(HoldId)
}

pub(super) fn transaction_id() -> impl Strategy<Value = TransactionId> {
    id().prop_map(TransactionId)
}

fn money() -> impl Strategy<Value = Money> {
    (any::<i64>(), currency()).prop_map(|(minor, currency)| Money { minor, currency })
}

pub(super) fn id() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

/// What is a long on the wire and never negative.
fn natural() -> impl Strategy<Value = u64> {
    0..1u64 << 63
}

/// What is an int on the wire and never negative.
fn small() -> impl Strategy<Value = u32> {
    0..1u32 << 31
}
