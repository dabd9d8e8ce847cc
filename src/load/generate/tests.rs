//! A seed gives a day, and a day has everything in it.

use super::*;
use schemas::Refusal;
use std::collections::BTreeMap;

/// What the bank's rules say to a plan, one payment after the other.
fn decisions(plan: &Plan) -> BTreeMap<(PaymentKind, Option<Refusal>), usize> {
    let mut balances = vec![0i64; plan.accounts.len()];
    plan.openings.iter().for_each(|opening| balances[opening.account] += opening.amount_minor);
    let mut decisions = BTreeMap::new();
    for payment in &plan.payments {
        let refusal = match (payment.debit, payment.credit) {
            (Party::Stranger(_), _) => Some(Refusal::DebitAccountNotFound),
            (_, Party::Stranger(_)) => Some(Refusal::CreditAccountNotFound),
            (Party::Account(debit), _) if plan.accounts[debit].holder != payment.caller => Some(Refusal::NotAuthorized),
            (debit, credit) if debit == credit => Some(Refusal::AccountsMustDiffer),
            _ if payment.amount.currency != Currency::XOF => Some(Refusal::CurrencyMismatch),
            (Party::Account(debit), _) if balances[debit] < payment.amount.minor => Some(Refusal::InsufficientFunds),
            (Party::Account(debit), Party::Account(credit)) => {
                balances[debit] -= payment.amount.minor;
                balances[credit] += payment.amount.minor;
                None
            }
            (debit, credit) => panic!("{debit:?} {credit:?}"),
        };
        *decisions.entry((payment.kind, refusal)).or_default() += 1;
    }
    decisions
}

#[test]
fn a_seed_is_a_day() {
    assert_eq!(generate(1, 500), generate(1, 500));
    assert_ne!(generate(1, 500), generate(2, 500));
    for payments in [1, 2, 19, 500] {
        let plan = generate(7, payments);
        assert_eq!(plan.payments.len(), payments);
        assert!(plan.openings.iter().all(|opening| opening.amount_minor > 0));
        assert!(plan.payments.iter().all(|payment| payment.amount.minor > 0));
    }
}

#[test]
fn a_day_has_everything_in_it() {
    for seed in 0..4 {
        let decisions = decisions(&generate(seed, 20_000));
        let count = |wanted: &dyn Fn(PaymentKind, Option<Refusal>) -> bool| -> usize {
            decisions.iter().filter(|((kind, refusal), _)| wanted(*kind, *refusal)).map(|(_, count)| count).sum()
        };
        for kind in [PaymentKind::Deposit, PaymentKind::Withdrawal, PaymentKind::Transfer, PaymentKind::MerchantPayment] {
            let share = count(&|of, refusal| of == kind && refusal.is_none());
            assert!((3_000..8_000).contains(&share), "seed {seed}: {share} of {kind}");
        }
        let refused = count(&|_, refusal| refusal.is_some());
        let poor = count(&|_, refusal| refusal == Some(Refusal::InsufficientFunds));
        assert!((800..1_400).contains(&refused), "seed {seed}: {refused} refused");
        assert!(poor * 2 > refused, "seed {seed}: {poor} of {refused} for want of money");
        let others = [Refusal::DebitAccountNotFound, Refusal::CreditAccountNotFound, Refusal::NotAuthorized, Refusal::CurrencyMismatch];
        for reason in others {
            let share = count(&|_, refusal| refusal == Some(reason));
            assert!((10..200).contains(&share), "seed {seed}: {share} {reason}");
        }
    }
}
