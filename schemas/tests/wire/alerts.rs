//! Alerts as they may be.

use super::words::line;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use schemas::alert::{Cleared, Evidence, Match, Matched, MatchedParty, MatchedWords, Measured, Subject};
use schemas::aml::Lane;
use schemas::{AccountId, Alert, AlertChange, AlertId, CounterpartyDigest, Currency, CustomerId, ListKind, RuleId, TransactionId};

pub(crate) fn change() -> impl Strategy<Value = AlertChange> {
    prop_oneof![
        raised().prop_map(|alert| AlertChange::Raised(Box::new(alert))),
        (head(), 0u64..253_402_300_799_999).prop_map(|((id, rule, lane, subject, raised), epoch)| {
            AlertChange::Cleared(Cleared { id, rule, lane, subject, raised, epoch })
        }),
    ]
}

fn head() -> impl Strategy<Value = (AlertId, RuleId, Lane, Subject, u64)> {
    let subject = prop_oneof![
        any::<u32>().prop_map(|number| Subject::Account(AccountId::mint(7, number))),
        any::<u32>().prop_map(|number| Subject::Customer(CustomerId::mint(7, number))),
        any::<u32>().prop_map(|number| Subject::Ring(CustomerId::mint(7, number))),
        "[!-~]{1,64}".prop_map(Subject::Device),
        (any::<u32>(), prop::option::of(any::<[u8; 16]>()), "[a-z0-9-]{1,32}", "[!-~]{1,64}").prop_map(|(number, digest, list, entry)| {
            let counterparty = digest.map(CounterpartyDigest);
            Subject::Match(Match { customer_id: CustomerId::mint(7, number), counterparty, list, entry })
        }),
    ];
    (select(RuleId::ALL), select(Lane::ALL), subject, 0u64..253_402_300_799_999)
        .prop_map(|(rule, lane, subject, epoch)| (AlertId::derive(rule, lane, 1, &subject, epoch), rule, lane, subject, epoch))
}

fn raised() -> impl Strategy<Value = Alert> {
    let parameters = vec(("[a-z_]{1,20}", any::<i64>()), 0..4);
    let measured =
        vec(("[a-z_]{1,20}", any::<i64>(), any::<i64>()).prop_map(|(name, value, threshold)| Measured { name, value, threshold }), 0..3);
    (head(), 0u32..1_000, 0u32..=1_000, parameters, measured, evidence(), any::<bool>()).prop_map(
        |((id, rule, lane, subject, epoch), version, weight, parameters, measured, evidence, is_late)| Alert {
            id,
            rule,
            lane,
            version,
            parameters,
            weight,
            subject,
            epoch,
            measured,
            evidence,
            is_late,
            traceparent: crate::TRACEPARENT.to_owned(),
        },
    )
}

fn matched() -> impl Strategy<Value = Matched> {
    let word = ("[a-z]{1,9}", "[a-z]{1,9}", 0u32..10_000).prop_map(|(query, listed, contributed)| MatchedWords {
        query,
        listed,
        how: "equal".to_owned(),
        contributed,
    });
    let texts = ("[a-z0-9-]{1,32}", "[ -~]{1,32}", line(40), line(40), "[ -~]{0,32}");
    let kinds = (select(ListKind::ALL), select(MatchedParty::ALL));
    (texts, kinds, any::<u32>(), 0u32..=10_000, any::<[bool; 2]>(), vec(word, 0..4)).prop_map(
        |((list, entry, name, listed, reference), (kind, party), version, score, [born_agrees, country_agrees], words)| Matched {
            list,
            kind,
            version,
            entry,
            party,
            name,
            listed,
            score,
            born_agrees,
            country_agrees,
            reference,
            words,
        },
    )
}

fn evidence() -> impl Strategy<Value = Evidence> {
    let moments = (0u64..253_402_300_799_999, 0u64..253_402_300_799_999);
    let transactions = vec(any::<u32>().prop_map(|number| TransactionId::mint(7, number)), 0..5);
    let counterparties = vec(any::<u32>().prop_map(|number| AccountId::mint(7, number)), 0..5);
    let matched = prop::option::weighted(0.3, matched().prop_map(Box::new));
    let amounts = vec((select(vec![Currency::XOF]), any::<i64>()), 0..3);
    (moments, transactions, counterparties, amounts, 0u32..10_000, any::<bool>(), matched).prop_map(
        |((window_from, window_to), transactions, counterparties, amounts, count, is_capped, matched)| Evidence {
            window_from,
            window_to,
            transactions,
            transactions_count: count,
            counterparties,
            counterparties_count: count,
            amounts,
            is_capped,
            matched,
        },
    )
}
