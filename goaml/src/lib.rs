//! Reports of suspicious transactions for a financial intelligence unit, in the form of goAML (UNODC), drafted from alerts, and checked.
//!
//! In: alerts with what they are about, or the bytes of a report. Out: a report, its XML, or everything that is wrong with it.
//! Nothing here does IO, reads a clock or files anything: whoever is responsible reads a draft, completes it and sends it.
//!
//! No XML Schema of a unit could be had, so the check is our own: elements, their order, lengths and rules are those of the published descriptions
//! of schema 4.0 (`shape`), and what each unit asks for or leaves out is data (`profile`). What is here is less than goAML has: reports of
//! transactions between two sides, not of activities, goods or many parties. What else a report holds is named as unknown, never passed over.

/// From alerts to a report.
mod draft;
/// Texts of elements, by what they are.
mod form;
/// From XML to a report.
mod read;
/// Whether a report is as its unit wants it.
mod rules;
/// Which elements there are.
mod shape;
/// Whether the elements are there, each with a text of its form.
mod structure;
/// From a report to elements.
mod write;
/// From bytes to elements, and back.
mod xml;

/// What is wrong with a report.
pub mod finding;
/// What a unit asks for.
pub mod profile;
/// A report.
pub mod report;

pub use draft::{Bank, Case, Holder, Suspicion, Undraftable, draft};
pub use finding::{Finding, Rule};
pub use profile::Profile;
pub use report::Report;

/// The XML of a report: the same bytes for the same report, always. A draft is written as it is, whatever is still wrong with it.
pub fn write(report: &Report) -> Vec<u8> {
    xml::print(&write::element(report)).into_bytes()
}

/// The report that these bytes are; or all that keeps them from being one. Whether it is good for a unit, [`validate`] says.
pub fn read(bytes: &[u8]) -> Result<Report, Vec<Finding>> {
    let root = xml::parse(bytes).map_err(|finding| vec![finding])?;
    let findings = structure::check(&root, None);
    if findings.is_empty() { read::report(&root).map_err(|finding| vec![finding]) } else { Err(findings) }
}

/// Everything that is wrong with a report for this unit; nothing if it can be sent.
pub fn validate(report: &Report, profile: &Profile) -> Vec<Finding> {
    let mut findings = rules::amounts_are_local(report);
    findings.extend(check(&write::element(report), profile));
    findings
}

/// Everything that is wrong with these bytes as a report for this unit; nothing if they can be sent.
pub fn validate_xml(bytes: &[u8], profile: &Profile) -> Vec<Finding> {
    match xml::parse(bytes) {
        Ok(root) => check(&root, profile),
        Err(finding) => vec![finding],
    }
}

fn check(root: &xml::Element, profile: &Profile) -> Vec<Finding> {
    let mut findings = structure::check(root, Some(profile));
    findings.extend(rules::check(root, profile));
    findings.truncate(finding::FINDINGS_MAX);
    findings
}

#[cfg(test)]
mod tests;
