//! Records as the contract says, field by field, for the reference implementation.

use apache_avro::types::Value;
use schemas::{Cause, Command, Event, Fact, Limits, Money, Operation, Payment, Policy, Quota, Tariff, Tier, rfc3339};

pub(super) fn text(value: impl ToString) -> Value {
    Value::String(value.to_string())
}

fn optional(value: Option<impl ToString>) -> Value {
    value.map_or_else(|| Value::Union(0, Box::new(Value::Null)), |value| Value::Union(1, Box::new(text(value))))
}

fn long(value: impl TryInto<i64>) -> Value {
    Value::Long(value.try_into().ok().expect("a long"))
}

fn number(value: Option<impl TryInto<i64>>) -> Value {
    value.map_or_else(|| Value::Union(0, Box::new(Value::Null)), |value| Value::Union(1, Box::new(long(value))))
}

fn fields<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::Record(fields.map(|(name, value)| (name.to_owned(), value)).to_vec())
}

/// A command, field by field, as the contract says.
pub(super) fn command_value(command: &Command) -> Value {
    let (branch, operation) = match &command.operation {
        Operation::CreateCustomer(create) => {
            let (msisdn, country) = (optional(create.msisdn.as_ref()), optional(create.country.as_ref()));
            (0, fields([("full_name", text(&create.full_name)), ("msisdn", msisdn), ("country", country)]))
        }
        Operation::OpenAccount(open) => {
            let (customer_id, account_type) = (("customer_id", text(open.customer_id)), ("type", text(open.account_type)));
            (1, fields([customer_id, account_type, ("role", text(open.role)), ("currency", text(open.currency))]))
        }
        Operation::Pay(payment) => (2, payment_value(payment)),
        Operation::ChangeStatus(asked) => (4, fields([("account_id", text(asked.account_id)), ("change", text(asked.change))])),
        Operation::ActivateRules(activate) => (3, fields([("version", Value::Int(i32::try_from(activate.version).expect("an int")))])),
        Operation::Reserve(reserve) => {
            (5, fields([("payment", payment_value(&reserve.payment)), ("expires_in_ms", long(reserve.expires_in_ms))]))
        }
        Operation::Capture(capture) => {
            let (amount, currency) = (Value::Long(capture.amount.minor), text(capture.amount.currency));
            let last = Value::Boolean(capture.last);
            (6, fields([("hold_id", text(capture.hold_id)), ("amount_minor", amount), ("currency", currency), ("last", last)]))
        }
        Operation::Release(release) => (7, fields([("hold_id", text(release.hold_id))])),
        Operation::Refund(refund) => {
            let (amount, currency) = (Value::Long(refund.amount.minor), text(refund.amount.currency));
            (8, fields([("transaction_id", text(refund.transaction_id)), ("amount_minor", amount), ("currency", currency)]))
        }
        Operation::Reverse(reverse) => (9, fields([("transaction_id", text(reverse.transaction_id))])),
        Operation::SetPolicy(policy) => {
            let (branch, value) = policy_value(policy);
            (10 + branch, value)
        }
    };
    let principal = fields([("subject", text(&command.principal.subject)), ("authority", text(command.principal.authority))]);
    fields([
        ("principal", principal),
        ("idempotency_key", text(&command.idempotency_key)),
        ("received_ms", Value::Long(i64::try_from(command.received_ms).expect("a long"))),
        ("operation", Value::Union(branch, Box::new(operation))),
    ])
}

fn payment_value(payment: &Payment) -> Value {
    fields([
        ("kind", text(payment.kind)),
        ("account_debit", optional(payment.account_debit)),
        ("account_credit", optional(payment.account_credit)),
        ("amount_minor", Value::Long(payment.amount_minor)),
        ("currency", text(payment.currency)),
        ("channel", text(payment.channel)),
    ])
}

/// A policy, field by field, and its place among the policies of a union.
fn policy_value(policy: &Policy) -> (u32, Value) {
    match policy {
        Policy::Level(set) => (0, fields([("customer_id", text(set.customer_id)), ("level", text(set.level))])),
        Policy::Terms(terms) => {
            let value = fields([
                ("account_id", text(terms.account_id)),
                ("currency", text(terms.currency)),
                ("floor_minor", number(terms.floor_minor)),
                ("limits", limits_value(&terms.limits)),
                ("effective_from", number(terms.effective_from)),
            ]);
            (1, value)
        }
        Policy::Limits(limits) => {
            let value = fields([
                ("level", text(limits.level)),
                ("currency", text(limits.currency)),
                ("limits", limits_value(&limits.limits)),
                ("effective_from", number(limits.effective_from)),
            ]);
            (2, value)
        }
        Policy::Tariff(tariff) => (3, tariff_value(tariff)),
        Policy::TariffEnd(end) => (4, fields([("code", text(&end.code)), ("effective_from", number(end.effective_from))])),
    }
}

fn limits_value(limits: &Limits) -> Value {
    let quota = |quota: &Quota| {
        fields([
            ("operation_minor", number(quota.operation_minor)),
            ("day_count", number(quota.day_count)),
            ("day_minor", number(quota.day_minor)),
            ("month_count", number(quota.month_count)),
            ("month_minor", number(quota.month_minor)),
        ])
    };
    fields([("balance_minor", number(limits.balance_minor)), ("debit", quota(&limits.debit)), ("credit", quota(&limits.credit))])
}

fn tariff_value(tariff: &Tariff) -> Value {
    let tier = |tier: &Tier| {
        let (fixed, rate) = (Value::Long(tier.fixed_minor), long(tier.rate_ppm));
        fields([("up_to_minor", number(tier.up_to_minor)), ("fixed_minor", fixed), ("rate_ppm", rate)])
    };
    fields([
        ("code", text(&tariff.code)),
        ("currency", text(tariff.currency)),
        ("operation", optional(tariff.operation)),
        ("channel", optional(tariff.channel)),
        ("account_type", optional(tariff.account_type)),
        ("level", optional(tariff.level)),
        ("bearer", text(tariff.bearer)),
        ("tiers", Value::Array(tariff.tiers.iter().map(tier).collect())),
        ("min_minor", number(tariff.min_minor)),
        ("max_minor", number(tariff.max_minor)),
        ("free_per_month", long(tariff.free_per_month)),
        ("effective_from", number(tariff.effective_from)),
        ("effective_to", number(tariff.effective_to)),
    ])
}

/// What was held or set, field by field, as the contract says.
pub(super) fn updated_value(event: &Event) -> Value {
    let mut own = match &event.fact {
        Fact::HoldChanged(held) => vec![
            ("hold_id", text(held.id)),
            ("change", text(held.change)),
            ("operation", text(held.kind)),
            ("channel", text(held.channel)),
            ("debit_account", text(held.account_debit)),
            ("credit_account", text(held.account_credit)),
            ("amount", text(held.amount)),
            ("held_fee", text(Money { minor: held.fee_minor, ..held.amount })),
            ("currency", text(held.amount.currency)),
            ("open", Value::Boolean(held.open)),
            ("expires_at", long(held.expires_at)),
        ],
        Fact::PolicyChanged(policy) => {
            let (branch, value) = policy_value(policy);
            vec![("policy", Value::Union(branch, Box::new(value)))]
        }
        other => panic!("{other:?} is no update"),
    };
    own.extend([
        ("updated_at", text(rfc3339(event.epoch))),
        ("event_id", text(event.id)),
        ("trace_id", text(event.cause.trace_id())),
        ("epoch", long(event.epoch)),
        ("command_id", text(event.cause.command_id)),
        ("command_partition", Value::Int(event.cause.position.partition)),
        ("command_offset", Value::Long(event.cause.position.offset)),
    ]);
    Value::Record(own.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// A settled transaction, field by field, as the contract says.
pub(super) fn settled_value(event: &Event) -> Value {
    let Event { id, epoch, cause: Cause { command_id, position, .. }, fact: Fact::Transaction(transaction) } = event else {
        panic!("{event:?} did not settle")
    };
    let posting = |posting: &schemas::Posting| {
        let (amount, balance) = (Value::Long(posting.amount_minor), Value::Long(posting.balance_minor));
        fields([("account", text(posting.account)), ("amount_minor", amount), ("balance_minor", balance)])
    };
    let mut value = fields([
        ("transaction_id", text(transaction.id)),
        ("amount", text(transaction.amount)),
        ("currency", text(transaction.amount.currency)),
        ("channel", text(transaction.channel)),
        ("charged_fee", text(Money { minor: transaction.fee_minor, ..transaction.amount })),
        ("debit_account", text(transaction.account_debit)),
        ("credit_account", text(transaction.account_credit)),
        ("settled_at", text(rfc3339(*epoch))),
        ("event_id", text(id)),
        ("trace_id", text(event.cause.trace_id())),
        ("operation", text(transaction.kind)),
        ("epoch", Value::Long(i64::try_from(*epoch).expect("a long"))),
        ("postings", Value::Array(transaction.postings.iter().map(posting).collect())),
        ("command_id", text(command_id)),
        ("command_partition", Value::Int(position.partition)),
        ("command_offset", Value::Long(position.offset)),
    ]);
    if let (Value::Record(fields), Some(link)) = (&mut value, transaction.link) {
        fields.push(("hold_id".to_owned(), optional(link.hold())));
        fields.push(("original_transaction_id".to_owned(), optional(link.original())));
    }
    value
}
