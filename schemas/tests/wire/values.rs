//! Records as the contract says, field by field, for the reference implementation.

use super::{diligence, gates, lists};
use apache_avro::types::Value;
use schemas::{Cause, Command, Event, Fact, Limits, Money, Operation, Outcome, Paid, Payment, Policy, Proof, Quota, Tariff, Tier, rfc3339};

pub(super) fn text(value: impl ToString) -> Value {
    Value::String(value.to_string())
}

pub(super) fn optional(value: Option<impl ToString>) -> Value {
    value.map_or_else(|| Value::Union(0, Box::new(Value::Null)), |value| Value::Union(1, Box::new(text(value))))
}

pub(super) fn long(value: impl TryInto<i64>) -> Value {
    Value::Long(value.try_into().ok().expect("a long"))
}

pub(super) fn number(value: Option<impl TryInto<i64>>) -> Value {
    value.map_or_else(|| Value::Union(0, Box::new(Value::Null)), |value| Value::Union(1, Box::new(long(value))))
}

pub(super) fn fields<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::Record(fields.map(|(name, value)| (name.to_owned(), value)).to_vec())
}

/// A command, field by field, as the contract says.
pub(super) fn command_value(command: &Command) -> Value {
    let (branch, operation) = operation_value(&command.operation);
    let principal = fields([("subject", text(&command.principal.subject)), ("authority", text(command.principal.authority))]);
    fields([
        ("principal", principal),
        ("idempotency_key", text(&command.idempotency_key)),
        ("received_ms", Value::Long(i64::try_from(command.received_ms).expect("a long"))),
        ("operation", Value::Union(branch, Box::new(operation))),
    ])
}

/// An operation, field by field, and its place in the union.
fn operation_value(operation: &Operation) -> (u32, Value) {
    match operation {
        Operation::CreateCustomer(create) => {
            let (msisdn, country) = (optional(create.msisdn.as_ref()), optional(create.country.as_ref()));
            (0, fields([("full_name", text(&create.full_name)), ("msisdn", msisdn), ("country", country)]))
        }
        Operation::OpenAccount(open) => {
            let (customer_id, account_type) = (("customer_id", text(open.customer_id)), ("type", text(open.account_type)));
            (1, fields([customer_id, account_type, ("role", text(open.role)), ("currency", text(open.currency))]))
        }
        Operation::ChangeStatus(asked) => (4, fields([("account_id", text(asked.account_id)), ("change", text(asked.change))])),
        Operation::ActivateRules(activate) => (3, fields([("version", Value::Int(i32::try_from(activate.version).expect("an int")))])),
        Operation::SetPolicy(policy) => {
            let (branch, value) = policy_value(policy);
            (10 + branch, value)
        }
        Operation::Batch(batch) => {
            // The items' union has six of the records, in the same order.
            let item = |item: &Operation| {
                let (branch, value) = operation_value(item);
                let place = [2, 5, 6, 7, 8, 9].iter().position(|known| *known == branch).expect("an item of a batch");
                Value::Union(u32::try_from(place).expect("six"), Box::new(value))
            };
            let items = Value::Array(batch.items.iter().map(item).collect());
            (15, fields([("mode", text(batch.mode)), ("dry_run", Value::Boolean(batch.dry_run)), ("items", items)]))
        }
        Operation::Order(order) => {
            let (execute_at, effective_at) = (number(order.dated.execute_at()), number(order.dated.effective_at()));
            let payment = payment_value(&order.payment);
            (16, fields([("payment", payment), ("execute_at", execute_at), ("effective_at", effective_at)]))
        }
        Operation::CancelOrder(cancel) => (17, fields([("order_id", text(cancel.order_id))])),
        Operation::SetAml(setting) => {
            let (branch, value) = gates::setting_value(setting);
            // How long cases may take came later.
            (if branch == 3 { 27 } else { 18 + branch }, value)
        }
        Operation::Freeze(freeze) => (21, gates::freeze_value(freeze)),
        Operation::ReportSignal(signal) => (22, gates::signal_value(signal)),
        Operation::List(command) => {
            let (branch, value) = lists::value(command);
            (24 + branch, value)
        }
        Operation::DecideReview(review) => {
            let (decision, reason) = (("decision", text(review.decision)), ("reason", text(&review.reason)));
            (23, fields([("hold_id", text(review.hold_id)), decision, reason]))
        }
        Operation::Diligence(asked) => diligence::asked_value(asked),
        Operation::Pay(payment) => (2, payment_value(payment)),
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
            let proof = ("proof", proof_value(refund.proof.as_deref()));
            (8, fields([("transaction_id", text(refund.transaction_id)), ("amount_minor", amount), ("currency", currency), proof]))
        }
        Operation::Reverse(reverse) => {
            (9, fields([("transaction_id", text(reverse.transaction_id)), ("proof", proof_value(reverse.proof.as_deref()))]))
        }
    }
}

fn proof_value(proof: Option<&Proof>) -> Value {
    let Some(proof) = proof else { return Value::Union(0, Box::new(Value::Null)) };
    let row = |paid: &Paid| {
        fields([
            ("transaction_id", text(paid.id)),
            ("operation", text(paid.kind)),
            ("channel", text(paid.channel)),
            ("bearer", text(paid.bearer)),
            ("payer", text(paid.payer)),
            ("payee", text(paid.payee)),
            ("currency", text(paid.currency)),
            ("amount_minor", Value::Long(paid.amount_minor)),
            ("fee_minor", Value::Long(paid.fee_minor)),
        ])
    };
    let hash = |hash: &[u8; 32]| text(hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    let (rows, path) = (proof.rows.iter().map(row).collect(), proof.path.iter().map(hash).collect());
    let value = fields([("rows", Value::Array(rows)), ("leaf", long(proof.leaf)), ("path", Value::Array(path))]);
    Value::Union(1, Box::new(value))
}

fn payment_value(payment: &Payment) -> Value {
    fields([
        ("kind", text(payment.kind)),
        ("account_debit", optional(payment.account_debit)),
        ("account_credit", optional(payment.account_credit)),
        ("amount_minor", Value::Long(payment.amount_minor)),
        ("currency", text(payment.currency)),
        ("channel", text(payment.channel)),
        ("context", gates::context_value(payment.context.as_deref())),
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

/// What was held, set, ordered or decided of a batch, field by field, as the contract says.
pub(super) fn updated_value(event: &Event) -> Value {
    let (fact, first_epoch) = match &event.fact {
        Fact::Repeated(repeat) => (repeat.first.as_ref().expect("the first decision is told"), Some(repeat.first_epoch)),
        fact => (fact, None),
    };
    let mut own = match fact {
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
        Fact::BatchDecided(decided) => vec![
            ("mode", text(decided.mode)),
            ("dry_run", Value::Boolean(decided.dry_run)),
            ("outcomes", Value::Array(decided.outcomes.iter().map(outcome_value).collect())),
            ("first_epoch", number(first_epoch)),
        ],
        Fact::OrderChanged(order) => vec![
            ("order_id", text(order.id)),
            ("change", text(order.change)),
            ("operation", text(order.kind)),
            ("channel", text(order.channel)),
            ("debit_account", text(order.account_debit)),
            ("credit_account", text(order.account_credit)),
            ("amount", text(order.amount)),
            ("currency", text(order.amount.currency)),
            ("execute_at", number(order.dated.execute_at())),
            ("effective_at", number(order.dated.effective_at())),
            ("transaction_id", optional(order.transaction_id)),
            ("first_epoch", number(first_epoch)),
        ],
        Fact::AmlChanged(changed) => gates::aml_fields(changed, first_epoch),
        Fact::PartyChanged(changed) => gates::party_fields(changed, first_epoch),
        Fact::ListChanged(changed) => lists::fields_of(changed, first_epoch),
        Fact::Assessed(assessed) => gates::assessed_fields(assessed),
        Fact::Diligence(told) => diligence::told_fields(told, first_epoch),
        other => panic!("{other:?} is no update"),
    };
    let at = match fact {
        Fact::BatchDecided(_) => "decided_at",
        Fact::Assessed(_) => "assessed_at",
        _ => "updated_at",
    };
    own.extend([
        (at, text(rfc3339(event.epoch))),
        ("event_id", text(event.id)),
        ("trace_id", text(event.cause.trace_id())),
        ("epoch", long(event.epoch)),
        ("command_id", text(event.cause.command_id)),
        ("command_partition", Value::Int(event.cause.position.partition)),
        ("command_offset", Value::Long(event.cause.position.offset)),
    ]);
    Value::Record(own.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn outcome_value(outcome: &Outcome) -> Value {
    fields([
        ("status", text(outcome.status)),
        ("transaction_id", optional(outcome.transaction_id)),
        ("hold_id", optional(outcome.hold_id)),
        ("fee_minor", Value::Long(outcome.fee_minor)),
        ("reason", optional(outcome.refusal)),
    ])
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
