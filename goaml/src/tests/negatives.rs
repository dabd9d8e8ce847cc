//! What rules say between elements, and what units ask for: a table of what is altered in a good report, and what has to be found.

use super::made::full;
use super::senegal;
use crate::finding::Rule;
use crate::{Profile, read, validate, validate_xml, write};

/// The first part of a text replaced.
fn altered(from: &str, to: &str) -> String {
    let text = String::from_utf8(write(&full())).unwrap();
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

/// All from one text up to and with another, the first time they stand there.
fn without(from: &str, to: &str) -> String {
    let text = String::from_utf8(write(&full())).unwrap();
    let begin = text.find(from).unwrap();
    let end = begin + text[begin..].find(to).unwrap() + to.len();
    format!("{}{}", &text[..begin], &text[end..])
}

/// The same part twice.
fn twice(from: &str, to: &str) -> String {
    let text = String::from_utf8(write(&full())).unwrap();
    let begin = text.find(from).unwrap();
    let end = begin + text[begin..].find(to).unwrap() + to.len();
    format!("{}{}{}", &text[..end], &text[begin..end], &text[end..])
}

#[test]
fn rules_between_elements_are_kept() {
    let first = "report/transaction[1]";
    let cases: Vec<(String, Rule, String)> = vec![
        (without("<t_from_my_client>", "</t_from_my_client>"), Rule::BipartyFrom, first.to_owned()),
        (without("<t_to>", "</t_to>"), Rule::BipartyTo, first.to_owned()),
        (twice("<t_from_my_client>", "</t_from_my_client>"), Rule::BipartyFrom, first.to_owned()),
        (
            twice("<t_to>", "</t_to>").replacen("<t_to>", "<t_to_my_client>", 1).replacen("</t_to>", "</t_to_my_client>", 1),
            Rule::BipartyTo,
            first.to_owned(),
        ),
        (without("<from_account>", "</from_account>"), Rule::PartySubject, format!("{first}/t_from_my_client")),
        (
            altered("</from_account>", "</from_account><from_person><first_name>A</first_name><last_name>B</last_name></from_person>"),
            Rule::PartySubject,
            format!("{first}/t_from_my_client"),
        ),
        (altered("<transactionnumber>T-2<", "<transactionnumber>T-1<"), Rule::Twice, "report/transaction[2]/transactionnumber".to_owned()),
        (altered("<indicator>R06<", "<indicator>R04<"), Rule::Twice, "report/report_indicators/indicator[2]".to_owned()),
        (altered("<indicator>R06<", "<indicator>R99<"), Rule::Indicator, "report/report_indicators/indicator[2]".to_owned()),
        (altered("<currency_code_local>XOF<", "<currency_code_local>XAF<"), Rule::LocalCurrency, "report/currency_code_local".to_owned()),
        (
            altered("<foreign_currency_code>EUR<", "<foreign_currency_code>XOF<").replacen(
                "<foreign_amount>1000.50<",
                "<foreign_amount>1000<",
                1,
            ),
            Rule::ForeignCurrency,
            "report/transaction[4]/t_from/from_foreign_currency/foreign_currency_code".to_owned(),
        ),
        (
            altered("</institution_code>", "</institution_code><swift>ORIOSNDA</swift>"),
            Rule::Institution,
            format!("{first}/t_from_my_client/from_account"),
        ),
        (altered("<is_primary>false<", "<is_primary>true<"), Rule::Primary, format!("{first}/t_from_my_client/from_account")),
        (without("<passport_number>", "</passport_number>"), Rule::Passport, "report/reporting_person/passport_country".to_owned()),
        (
            altered("<expiry_date>2030-01-14T00:00:00<", "<expiry_date>2019-01-14T00:00:00<"),
            Rule::DateOrder,
            "report/reporting_person/identification[1]/expiry_date".to_owned(),
        ),
        (
            altered("<closed>2026-11-01T00:00:00<", "<closed>2019-05-31T00:00:00<"),
            Rule::DateOrder,
            format!("{first}/t_from_my_client/from_account/closed"),
        ),
        (
            altered("<submission_date>2026-11-29T09:30:00<", "<submission_date>2026-11-20T10:14:59<"),
            Rule::DateAfterSubmission,
            format!("{first}/date_transaction"),
        ),
        (without("<reason>", "</reason>"), Rule::Required, "report/reason".to_owned()),
        (without("<action>", "</action>"), Rule::Required, "report/action".to_owned()),
        (without("<location>", "</location>"), Rule::Required, "report/location".to_owned()),
        (without("<entity_reference>", "</entity_reference>"), Rule::Required, "report/entity_reference".to_owned()),
        (altered("<report_code>STR<", "<report_code>DTE<"), Rule::UnknownCode, "report/report_code".to_owned()),
        (altered("<transmode_code>TR<", "<transmode_code>CD001<"), Rule::UnknownCode, format!("{first}/transmode_code")),
        (altered("<reporting_person>", "<activity></activity><reporting_person>"), Rule::UnknownElement, "report/activity".to_owned()),
        (
            altered("<comments>Vu</comments>", "<involved_parties></involved_parties><comments>Vu</comments>"),
            Rule::UnknownElement,
            format!("{first}/involved_parties"),
        ),
        (
            without("<indicator>R04</indicator>", "<indicator>R06</indicator>"),
            Rule::Missing,
            "report/report_indicators/indicator".to_owned(),
        ),
    ];
    for (text, rule, path) in cases {
        let findings = validate_xml(text.as_bytes(), senegal());
        assert!(findings.iter().any(|finding| finding.rule == rule && finding.path == path), "{rule:?} at {path}: {findings:#?}");
        assert!(findings.iter().all(|finding| finding.sentence.ends_with('.')), "{findings:#?}");
    }
}

#[test]
fn a_report_without_transactions_is_none() {
    let mut report = full();
    report.transactions.clear();
    let findings = validate(&report, senegal());
    assert_eq!(
        findings.iter().map(|finding| (finding.rule, finding.path.as_str())).collect::<Vec<_>>(),
        [(Rule::Missing, "report/transaction")]
    );
}

#[test]
fn a_report_of_cash_needs_no_reason() {
    let mut report = full();
    (report.report_code, report.reason, report.action, report.location) = ("CTR".to_owned(), None, None, None);
    assert_eq!(validate(&report, senegal()), []);
}

#[test]
fn an_amount_of_another_currency_is_not_written_as_local() {
    let mut report = full();
    report.transactions[0].amount_local.currency = "XAF".parse().unwrap();
    let findings = validate(&report, senegal());
    assert_eq!(
        findings.iter().map(|finding| (finding.rule, finding.path.as_str())).collect::<Vec<_>>(),
        [(Rule::LocalCurrency, "report/transaction[1]/amount_local")]
    );
    report.transactions[0].amount_local.currency = "EUR".parse().unwrap();
    assert!(validate(&report, senegal()).iter().any(|finding| finding.rule == Rule::Amount));
}

#[test]
fn the_exponent_is_that_of_the_local_currency() {
    let text = altered("<currency_code_local>XOF<", "<currency_code_local>TND<");
    let generic = Profile::named("generic").unwrap();
    for (amount, is_good) in [("400000", true), ("400000.125", true), ("0.001", true), ("400000.1255", false), ("0.000", false)] {
        let text = text.replacen("<amount_local>400000<", &format!("<amount_local>{amount}<"), 1);
        let findings = validate_xml(text.as_bytes(), &generic);
        assert_eq!(findings.is_empty(), is_good, "{amount}: {findings:?}");
    }
}

#[test]
fn a_unit_may_leave_out_and_insist() {
    let strict = Profile::parse(
        "unit = \"FIU\"\ndisabled = [\"t_account.branch\", \"report.rentity_branch\", \"t_person_my_client.alias\"]\nrequired = [\"transaction.teller\", \"t_phone.tph_country_prefix\"]",
    );
    let mut report = full();
    report.transactions.truncate(1);
    report.transactions[0].teller = None;
    let findings = validate(&report, &strict.unwrap());
    let found: Vec<_> = findings.iter().map(|finding| (finding.rule, finding.path.as_str())).collect();
    let (from, to) = ("report/transaction[1]/t_from_my_client/from_account", "report/transaction[1]/t_to/to_account");
    let prefix = "t_person/phones/phone[2]/tph_country_prefix";
    let mut expected = vec![
        (Rule::Disabled, "report/rentity_branch".to_owned()),
        (Rule::Required, "report/reporting_person/phones/phone[2]/tph_country_prefix".to_owned()),
        (Rule::Required, "report/transaction[1]/teller".to_owned()),
        (Rule::Disabled, format!("{to}/branch")),
    ];
    for number in [1, 2] {
        expected.push((Rule::Disabled, format!("{from}/signatory[{number}]/t_person/alias")));
        expected.push((Rule::Required, format!("{from}/signatory[{number}]/{prefix}")));
        expected.push((Rule::Required, format!("{to}/signatory[{number}]/{prefix}")));
    }
    for (rule, path) in &expected {
        assert!(found.contains(&(*rule, path.as_str())), "{rule:?} at {path}: {found:#?}");
    }
    assert_eq!(found.len(), expected.len(), "{found:#?}");
}

/// Reading is as strict as the form, and leaves to the check what a unit wants.
#[test]
fn a_third_side_is_not_read() {
    let two = twice("<t_from_my_client>", "</t_from_my_client>");
    assert_eq!(read(two.as_bytes()).unwrap_err()[0].rule, Rule::Repeated);
    let other = twice("<t_to>", "</t_to>").replacen("<t_to>", "<t_to_my_client>", 1).replacen("</t_to>", "</t_to_my_client>", 1);
    assert_eq!(read(other.as_bytes()).unwrap_err()[0].rule, Rule::BipartyTo);
    assert_eq!(read(without("<from_account>", "</from_account>").as_bytes()).unwrap_err()[0].rule, Rule::PartySubject);
    assert!(read(altered("<indicator>R06<", "<indicator>R99<").as_bytes()).is_ok());
}

#[test]
fn every_rule_has_a_name_of_its_own() {
    let names: std::collections::BTreeSet<_> = Rule::ALL.iter().map(|rule| rule.as_str()).collect();
    assert_eq!(names.len(), Rule::ALL.len());
}
