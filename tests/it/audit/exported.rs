//! Exported files: whole, altered, cut, reordered; by `orion audit check`, and by a verifier in Python that was written from ARCHITECTURE.md.

use super::tool;
use crate::house::House;
use crate::python;
use anyhow::{Context, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::path::Path;

/// A file and what becomes of it under each change.
pub(super) fn files(house: &House) -> anyhow::Result<()> {
    let out = house.file("audit.jsonl");
    let [out_text, key] = [&out, &house.file("audit.public.pem")].map(|path| path.display().to_string());
    let (code, said) = tool(house, &["audit", "export", "--quiet", "--out", &out_text])?;
    ensure!(code == 0 && said.contains(" roots of the epochs "), "{said}");
    let (code, said) = tool(house, &["audit", "export", "--quiet", "--out", &out_text])?;
    ensure!(code == 70 && said.contains("can't make "), "nothing is written over: {said}");
    let whole = checked(house, &out, &key)?;
    ensure!(whole.is_ok(), "{whole:?}");

    let text = std::fs::read_to_string(&out)?;
    let lines: Vec<&str> = text.lines().collect();
    let is_record = |line: &str| line.starts_with(r#"{"line":"record""#);
    // An epoch with several records, from its first to its link; not the first of the file, nor the last.
    let roots: Vec<usize> = (0..lines.len()).filter(|at| !is_record(lines[*at])).collect();
    let wide = roots.windows(3).find(|roots| roots[1] - roots[0] > 2).context("an epoch with several records")?;
    let (first, root) = (wide[0] + 1, wide[1]);
    let changed = house.file("changed.jsonl");
    let write = |lines: &[String]| std::fs::write(&changed, lines.iter().map(|line| format!("{line}\n")).collect::<String>());
    let all: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    let with = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines = all.clone();
        change(&mut lines);
        lines
    };
    for (name, lines, sentence) in [
        ("an altered byte", with(&|lines| lines[first] = altered(&lines[first])), " is altered: it is not the record that was signed"),
        ("a record of another topic", with(&|lines| lines[first] = lines[first].replace(".v1\"", ".v2\"")), " is altered"),
        ("a dropped record", with(&|lines| drop(lines.remove(first))), "is missing before "),
        ("a dropped last record", with(&|lines| drop(lines.remove(root - 1))), "is missing at the end"),
        ("swapped records", with(&|lines| lines.swap(first, first + 1)), " is reordered: "),
        ("a dropped epoch", with(&|lines| drop(lines.drain(first..=root))), "a link is missing or another one"),
        ("a dropped link", with(&|lines| drop(lines.remove(root))), "have no root"),
        ("an added record", with(&|lines| lines.insert(root, lines[first].clone())), "is none of the "),
        (
            "another count",
            with(&|lines| lines[root] = changed_root(&lines[root], "events", &Value::from(99))),
            "its head is not the hash of what it says",
        ),
        (
            "another head before",
            with(&|lines| lines[root] = changed_root(&lines[root], "previous_head", &Value::from("0".repeat(64)))),
            "it follows the head ",
        ),
        (
            "another signature",
            with(&|lines| lines[root] = changed_root(&lines[root], "signature", &Value::from("ab".repeat(64)))),
            "its signature is not that of key ",
        ),
    ] {
        write(&lines)?;
        let refused = checked(house, &changed, &key)?;
        ensure!(refused.as_ref().is_err_and(|said| said.contains(sentence)), "{name}: {refused:?}");
    }
    // Two files, one behind the other, are as good as one; the other way round they are not.
    let (begin, end) = (house.file("begin.jsonl"), house.file("end.jsonl"));
    std::fs::write(&begin, all[..=root].iter().map(|line| format!("{line}\n")).collect::<String>())?;
    std::fs::write(&end, all[root + 1..].iter().map(|line| format!("{line}\n")).collect::<String>())?;
    let [begin, end] = [begin, end].map(|path| path.display().to_string());
    ensure!(tool(house, &["audit", "check", &begin, &end, "--public-key", &key])?.0 == 0);
    ensure!(tool(house, &["audit", "check", &end, &begin, "--public-key", &key])?.0 == 1);

    // Another key, and what is no export.
    let other = house.file("jwt.public.pem").display().to_string();
    ensure!(checked(house, &out, &other)?.is_err_and(|said| said.contains("which is none of those that were given")));
    std::fs::write(&changed, "{}\n")?;
    let (code, said) = tool(house, &["audit", "check", &changed.display().to_string(), "--public-key", &key])?;
    ensure!(code == 65 && said.contains("line 1 is none of an export"), "{said}");
    Ok(())
}

/// What both verifiers say: that it is right, or, of ours, what is wrong. They must agree.
fn checked(house: &House, file: &Path, key: &str) -> anyhow::Result<Result<(), String>> {
    let file = file.display().to_string();
    let (code, said) = tool(house, &["audit", "check", &file, "--public-key", key])?;
    let theirs = python::run("audit/verify.py", &["file", key, &file]);
    ensure!((code == 0) == theirs.is_ok() && (code == 0 || code == 1), "one says yes and one says no: {said}; {theirs:?}");
    Ok(if code == 0 { Ok(()) } else { Err(said) })
}

/// A record with another last byte.
fn altered(line: &str) -> String {
    let mut record: Value = serde_json::from_str(line).expect("a line of JSON");
    let mut datum = STANDARD.decode(record["datum"].as_str().expect("a datum")).expect("base64");
    *datum.last_mut().expect("no datum is empty") ^= 1;
    record["datum"] = STANDARD.encode(datum).into();
    record.to_string()
}

/// A link that says something else.
fn changed_root(line: &str, field: &str, to: &Value) -> String {
    let mut link: Value = serde_json::from_str(line).expect("a line of JSON");
    link["root"][field] = to.clone();
    link.to_string()
}
