//! What random histories have to reach: every outcome, and every reason of every operation.

use schemas::aml::Lane;
use schemas::diligence::{CaseChange, CaseKind, CaseOutcome, CaseStatus, KycChange, Standing, Told};
use schemas::gate::GateAnswer;
use schemas::{
    Bearer, Event, Fact, HoldChange, ItemStatus, Link, OrderChange, PartyChange, PaymentKind, Refusal, Role, RuleId, StatusChange,
    Transaction, Verdict,
};
use state::CODE_VERSION;
use std::collections::BTreeSet;

/// What a decision is reached for: the outcome, and that of the operation where it is one of several.
pub(super) fn reaches(event: &Event) -> Vec<String> {
    match &event.fact {
        Fact::CustomerCreated(_) => vec!["created".to_owned()],
        Fact::AccountOpened(account) => vec![format!("opened {}", account.role)],
        Fact::RulesActivated { version } => vec![format!("activated {version}")],
        Fact::StatusChanged(changed) => vec![changed.change.to_string()],
        Fact::HoldChanged(held) => vec![held.change.to_string()],
        Fact::PolicyChanged(policy) => vec![policy.operation().to_owned()],
        Fact::BatchDecided(batch) => {
            let dry = if batch.dry_run { "dry " } else { "" };
            batch.outcomes.iter().map(|outcome| format!("{dry}{} item: {}", batch.mode, outcome.status)).collect()
        }
        Fact::OrderChanged(order) => vec![format!("order {}", order.change)],
        Fact::AmlChanged(changed) => vec![changed.setting.operation().to_owned()],
        Fact::PartyChanged(changed) => vec![changed.change.to_string()],
        Fact::ListChanged(changed) => vec![changed.change.operation().to_owned()],
        Fact::Diligence(told) => match &**told {
            Told::Customer(_) => vec!["customer updated".to_owned()],
            Told::Address(set) => vec![if set.set.address.is_some() { "address set" } else { "address unknown" }.to_owned()],
            Told::Kyc(changed) => {
                let Standing { status, sub_status } = changed.standing;
                let by = if changed.by == "orion" { " by its day" } else { "" };
                let duplicate = changed.duplicate_of.map(|_| "a duplicate".to_owned());
                let to = format!("{} to {status} {}", changed.change, sub_status.map_or("", |sub_status| sub_status.as_str()));
                [to, format!("{}{by}", changed.change)].into_iter().chain(duplicate).collect()
            }
            Told::Case(changed) => {
                let opened = changed.opened.map(|opened| format!("opened {}", opened.kind));
                let ended = changed.outcome.map(|outcome| format!("{} {outcome}", changed.change));
                [format!("case {}", changed.change), format!("case {}", changed.status)].into_iter().chain(opened).chain(ended).collect()
            }
        },
        Fact::Assessed(assessed) => {
            assessed.said.iter().map(|said| format!("{} says {}", said.lane, said.rule)).chain([assessed.answer.to_string()]).collect()
        }
        Fact::Refused { operation, refusal } => vec![refusal.to_string(), format!("{operation}: {refusal}")],
        Fact::Repeated(repeat) => vec![repeat.verdict().to_string(), format!("{} {}", repeat.operation, repeat.verdict())],
        Fact::Transaction(transaction) => match transaction.refusal {
            Some(refusal) => vec![refusal.to_string(), format!("pay: {refusal}")],
            None => settled(transaction),
        },
    }
}

fn settled(transaction: &Transaction) -> Vec<String> {
    let mut reached = vec![format!("settled {}", transaction.kind)];
    let what = match (transaction.kind, transaction.link) {
        (PaymentKind::Reversal, _) => "reversal",
        (_, Some(Link::Hold(_))) => "capture",
        (_, Some(Link::Original(_)) | None) => "payment",
    };
    reached.push(format!("settled {what}"));
    if transaction.fee_minor > 0 {
        let leg = transaction.postings[0].amount_minor;
        // A payer's fee comes on top of the amount; that of a reversal comes out of what the payee gives.
        let bearer = if leg == -transaction.amount.minor { Bearer::Payee } else { Bearer::Payer };
        reached.push(format!("{what} with a fee of the {bearer}"));
    }
    reached
}

/// Which operations may be refused for what; and each may be asked again, and another under its key.
const REFUSED: &[(&str, &str)] = &[
    (
        "pay",
        "amount_not_positive debit_account_not_found credit_account_not_found not_authorized accounts_must_differ role_not_permitted \
         currency_mismatch debit_account_closed debit_account_suspended credit_account_closed credit_account_suspended \
         debit_party_frozen credit_party_frozen refused_by_gate review_required effective_date_out_of_range operation_limit_exceeded daily_count_exceeded daily_amount_exceeded monthly_count_exceeded monthly_amount_exceeded \
         payee_limit_exceeded insufficient_funds balance_overflow",
    ),
    ("create_customer", "not_authorized"),
    ("open_account", "customer_not_found not_authorized role_not_permitted"),
    ("activate_rules", "not_authorized rules_unknown rules_in_force"),
    ("suspend_account", "operation_not_in_force account_not_found not_authorized role_not_permitted account_closed status_unchanged"),
    ("reactivate_account", "operation_not_in_force account_not_found not_authorized role_not_permitted account_closed status_unchanged"),
    (
        "close_account",
        "operation_not_in_force account_not_found not_authorized role_not_permitted account_closed balance_not_zero holds_open",
    ),
    ("bill_payment", "operation_not_in_force"),
    (
        "reserve",
        "operation_not_in_force amount_not_positive debit_account_not_found credit_account_not_found not_authorized accounts_must_differ \
         role_not_permitted currency_mismatch debit_account_closed debit_account_suspended credit_account_closed credit_account_suspended \
         debit_party_frozen credit_party_frozen refused_by_gate review_required \
         operation_limit_exceeded daily_count_exceeded daily_amount_exceeded monthly_count_exceeded monthly_amount_exceeded \
         insufficient_funds",
    ),
    (
        "capture",
        "operation_not_in_force amount_not_positive hold_not_open not_authorized hold_under_review currency_mismatch capture_exceeds_hold \
         debit_account_suspended credit_account_closed credit_account_suspended payee_limit_exceeded",
    ),
    ("release", "operation_not_in_force hold_not_open not_authorized hold_under_review"),
    (
        "refund",
        "operation_not_in_force amount_not_positive original_not_found not_authorized currency_mismatch already_reversed \
         refund_exceeds_original debit_account_closed debit_account_suspended credit_account_suspended insufficient_funds",
    ),
    (
        "reverse",
        "operation_not_in_force original_not_found not_authorized already_reversed refund_exceeds_original debit_account_closed \
         debit_account_suspended credit_account_suspended insufficient_funds",
    ),
    ("set_customer_level", "operation_not_in_force customer_not_found not_authorized"),
    ("set_account_terms", "operation_not_in_force account_not_found not_authorized role_not_permitted currency_mismatch account_closed"),
    ("set_level_limits", "operation_not_in_force not_authorized"),
    ("set_tariff", "operation_not_in_force not_authorized policies_full"),
    ("withdraw_tariff", "operation_not_in_force tariff_not_found not_authorized"),
    ("batch", "operation_not_in_force"),
    ("batch_dry_run", "operation_not_in_force"),
    (
        "order",
        "operation_not_in_force amount_not_positive debit_account_not_found credit_account_not_found not_authorized accounts_must_differ \
         role_not_permitted currency_mismatch debit_account_closed debit_account_suspended credit_account_closed credit_account_suspended \
         execution_date_out_of_range orders_full",
    ),
    ("cancel_order", "operation_not_in_force order_not_open not_authorized"),
    ("set_aml_rule", "operation_not_in_force not_authorized"),
    ("set_gate_policy", "operation_not_in_force not_authorized"),
    ("set_country_list", "operation_not_in_force not_authorized"),
    ("freeze_customer", "operation_not_in_force customer_not_found not_authorized freeze_unchanged"),
    ("unfreeze_customer", "operation_not_in_force not_authorized freeze_unchanged"),
    ("freeze_account", "operation_not_in_force account_not_found not_authorized role_not_permitted freeze_unchanged"),
    ("unfreeze_account", "operation_not_in_force not_authorized freeze_unchanged"),
    ("report_signal", "operation_not_in_force account_not_found not_authorized role_not_permitted"),
    ("load_list_part", "operation_not_in_force not_authorized lists_full list_version_not_newer list_part_out_of_order"),
    ("activate_list", "operation_not_in_force not_authorized list_not_found list_version_not_newer list_not_as_loaded list_shrinks"),
    ("clear_match", "operation_not_in_force not_authorized list_not_found"),
    ("decide_review", "operation_not_in_force hold_not_open not_authorized hold_not_under_review"),
    ("set_case_policy", "operation_not_in_force not_authorized"),
    ("update_customer", "operation_not_in_force not_authorized"),
    ("set_address", "operation_not_in_force not_authorized"),
    ("submit_document", "operation_not_in_force not_authorized documents_full"),
    (
        "decide_kyc",
        "operation_not_in_force not_authorized case_not_open case_not_permitted kyc_transition_not_permitted document_missing \
         document_expired four_eyes_required",
    ),
    ("open_case", "operation_not_in_force not_authorized account_not_found role_not_permitted case_is_open"),
    ("assign_case", "operation_not_in_force not_authorized case_not_open case_unchanged"),
    ("comment_case", "not_authorized case_not_open"),
    ("snooze_case", "not_authorized case_not_open case_not_permitted case_unchanged snooze_out_of_range"),
    ("escalate_case", "not_authorized case_not_open case_unchanged"),
    ("decide_case", "not_authorized case_not_open case_not_permitted four_eyes_required"),
];

pub(super) fn every_outcome() -> BTreeSet<String> {
    let mut every: BTreeSet<String> = BTreeSet::from(["created".to_owned()]);
    every.extend((1..=CODE_VERSION).map(|version| format!("activated {version}")));
    every.extend(StatusChange::ALL.iter().map(ToString::to_string));
    every.extend(HoldChange::ALL.iter().map(ToString::to_string));
    every.extend(Role::ALL.iter().map(|role| format!("opened {role}")));
    every.extend(PaymentKind::ALL.iter().map(|kind| format!("settled {kind}")));
    // So many cases as there may be are no history; a table has them.
    every.extend(Refusal::ALL.iter().filter(|refusal| **refusal != Refusal::CasesFull).map(ToString::to_string));
    every.extend(CaseChange::ALL.iter().map(|change| format!("case {change}")));
    every.extend(CaseStatus::ALL.iter().map(|status| format!("case {status}")));
    every.extend(CaseKind::ALL.iter().map(|kind| format!("opened {kind}")));
    every.extend(CaseOutcome::ALL.iter().map(|outcome| format!("closed {outcome}")));
    every.extend(KycChange::ALL.iter().map(ToString::to_string));
    every.extend(["expired by its day", "a duplicate", "customer updated"].map(str::to_owned));
    every.extend(
        REFUSED.iter().flat_map(|(operation, refusals)| refusals.split_whitespace().map(move |refusal| format!("{operation}: {refusal}"))),
    );
    let asked = PaymentKind::ASKED.iter().map(|kind| kind.as_str());
    let operations = REFUSED.iter().map(|(operation, _)| *operation).filter(|operation| *operation != "pay").chain(asked);
    let operations = operations.filter(|operation| *operation != "batch_dry_run");
    every.extend(operations.flat_map(|operation| Verdict::ALL.iter().map(move |verdict| format!("{operation} {verdict}"))));
    every.extend(PartyChange::ALL.iter().map(ToString::to_string));
    every.extend(GateAnswer::ALL.iter().map(ToString::to_string));
    let gates = RuleId::ALL.iter().filter(|rule| rule.is_gate());
    every.extend(gates.flat_map(|rule| Lane::ALL.iter().map(move |lane| format!("{lane} says {rule}"))));
    every.extend(OrderChange::ALL.iter().map(|change| format!("order {change}")));
    use ItemStatus::{Failed, Refused, Released, Reserved, Settled, Undone};
    for dry in ["", "dry "] {
        every.extend([Settled, Failed, Reserved, Released, Refused].map(|status| format!("{dry}independent item: {status}")));
        every.extend([Settled, Reserved, Released, Refused, Undone].map(|status| format!("{dry}all_or_nothing item: {status}")));
    }
    for what in ["payment", "capture", "reversal"] {
        every.extend(Bearer::ALL.iter().map(|bearer| format!("{what} with a fee of the {bearer}")));
    }
    every
}
