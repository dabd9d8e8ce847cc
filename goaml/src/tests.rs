//! Reports written and read, every element spoilt in every way, what rules say between elements, drafts from alerts, and garbage.

mod drafts;
mod made;
mod mutants;
mod negatives;

use crate::{Profile, finding::Rule, read, validate, validate_xml, write};
use made::{full, reports};
use proptest::prelude::*;
use std::sync::LazyLock;

fn senegal() -> &'static Profile {
    static SENEGAL: LazyLock<Profile> = LazyLock::new(|| Profile::named("senegal").unwrap());
    &SENEGAL
}

#[test]
fn a_full_report_is_written_read_and_good() {
    let report = full();
    assert_eq!(validate(&report, senegal()), []);
    let bytes = write(&report);
    assert_eq!((read(&bytes), write(&report)), (Ok(report), bytes.clone()));
    assert_eq!(validate_xml(&bytes, senegal()), []);
}

/// The same value, the same bytes: of these, to the letter.
#[test]
fn a_report_has_these_bytes() {
    let mut report = full();
    report.transactions.truncate(1);
    report.reason = Some("1 < 2 & \"3\" > 2\r\nN'Guessan\u{7}".to_owned());
    let text = String::from_utf8(write(&report)).unwrap();
    assert!(text.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<report>\n  <rentity_id>7</rentity_id>\n"), "{text}");
    assert!(text.contains("\n  <reason>1 &lt; 2 &amp; \"3\" &gt; 2&#13;\nN'Guessan\u{fffd}</reason>\n"), "{text}");
    assert!(
        text.contains(
            "\n    <amount_local>400000</amount_local>\n    <t_from_my_client>\n      <from_funds_code>ACCOUNT</from_funds_code>\n"
        )
    );
    assert!(text.ends_with(
        "  <report_indicators>\n    <indicator>R04</indicator>\n    <indicator>R06</indicator>\n  </report_indicators>\n</report>\n"
    ));
}

#[test]
fn what_others_write_is_read_too() {
    let text = String::from_utf8(write(&full())).unwrap();
    let theirs = [
        text.replace(
            "<report>",
            "<report xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:noNamespaceSchemaLocation=\"goAML.xsd\">",
        ),
        text.replace("\n    <", "<").replace("  <transaction>", "<!-- the first --><transaction>"),
        text.replace("<report_code>STR<", "<report_code><![CDATA[STR]]><"),
        text.replace("<report_code>STR<", "<report_code>S&#84;&#x52;<"),
        format!("\u{feff}{text}"),
        text.replace('\n', "\r\n"),
    ];
    for text in theirs {
        assert_eq!(read(text.as_bytes()), Ok(full()), "{text}");
    }
}

#[test]
fn what_is_no_xml_of_ours_is_malformed() {
    let deep = format!("{}{}", "<report>".repeat(40), "</report>".repeat(40));
    let bomb = "<!DOCTYPE report [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><report>&b;</report>";
    let cases: &[(&[u8], &str)] = &[
        (b"", "it has no element"),
        (b"   ", "it has no element"),
        (b"report", "text outside"),
        (b"<report>", "ends within report"),
        (b"<report></reports>", "At byte"),
        (b"</report>", "At byte"),
        (b"<report/><report/>", "a second root"),
        (b"<report/><report></report>", "a second root"),
        (b"<report/>tail", "text outside"),
        (b"<report a=1/>", "At byte"),
        (b"<report a='1' a='2'/>", "At byte"),
        (b"<report>&nbsp;</report>", "an entity"),
        (b"<report>&#0;</report>", "At byte"),
        (b"<report>a & b</report>", "At byte"),
        (b"\xff<report/>", "no UTF-8"),
        (b"<?xml version='1.0' encoding='ISO-8859-1'?><report/>", "not UTF-8"),
        (bomb.as_bytes(), "document type"),
        (deep.as_bytes(), "deep"),
    ];
    for (bytes, says) in cases {
        let findings = validate_xml(bytes, senegal());
        let text = String::from_utf8_lossy(bytes);
        assert!(findings.len() == 1 && findings[0].rule == Rule::Malformed && findings[0].sentence.contains(says), "{text}: {findings:?}");
        assert_eq!(read(bytes).unwrap_err(), findings);
    }
    let large = vec![b' '; crate::xml::BYTES_MAX + 1];
    assert!(validate_xml(&large, senegal())[0].sentence.contains("at most"));
}

#[test]
fn a_file_of_something_else_is_told_in_bounds() {
    let many = format!("<report>{}</report>", "<spam>1</spam>".repeat(5_000));
    assert_eq!(validate_xml(many.as_bytes(), senegal()).len(), crate::finding::FINDINGS_MAX);
    let [finding] = &validate_xml(b"<html><body>1</body></html>", senegal())[..] else { panic!("one finding") };
    assert_eq!(finding.to_string(), "html: ROOT: The root is \"html\"; expected report.");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_written_reads_back(report in reports()) {
        let bytes = write(&report);
        prop_assert_eq!(validate(&report, senegal()), []);
        prop_assert_eq!(validate_xml(&bytes, senegal()), []);
        let read = read(&bytes);
        prop_assert_eq!(read.as_ref(), Ok(&report));
        prop_assert_eq!(write(&read.unwrap()), bytes);
    }

    #[test]
    fn garbage_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(!validate_xml(&bytes, senegal()).is_empty());
        prop_assert!(read(&bytes).is_err());
    }

    #[test]
    fn garbage_of_angles_is_refused(text in "(<|>|/|&|;|#|!|\\[|\\]|-|\"|'|=| |report|transaction|xml|CDATA|\\?|[0-9]){0,60}") {
        prop_assert!(!validate_xml(text.as_bytes(), senegal()).is_empty());
    }

    /// A report with some bytes overwritten, or cut: it is good or not, and what is read is what is checked.
    #[test]
    fn a_damaged_report_is_never_more_than_refused(
        report in reports(),
        at in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in any::<prop::sample::Index>(),
        is_cut: bool,
    ) {
        let mut bytes = write(&report);
        for (place, byte) in at {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if is_cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if validate_xml(&bytes, senegal()).is_empty() {
            let read = read(&bytes).map_err(|findings| TestCaseError::fail(format!("{findings:?}")))?;
            prop_assert_eq!(validate(&read, senegal()), []);
        }
    }
}
