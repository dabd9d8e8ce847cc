//! `RULES.md`, the bank's rule book for people, is what the code and the tables say.
//!
//! `ORION_BLESS=1 cargo test -p state --test rule_book` writes it anew.

use schemas::Refusal;
use std::fmt::Write as _;

const TABLES: [(&str, &str); 17] = [
    ("payments", include_str!("ledger/payments.table")),
    ("refusals", include_str!("ledger/refusals.table")),
    ("status", include_str!("ledger/status.table")),
    ("holds", include_str!("ledger/holds.table")),
    ("refunds", include_str!("ledger/refunds.table")),
    ("proofs", include_str!("ledger/proofs.table")),
    ("batches", include_str!("ledger/batches.table")),
    ("orders", include_str!("ledger/orders.table")),
    ("terms", include_str!("ledger/terms.table")),
    ("limits", include_str!("ledger/limits.table")),
    ("fees", include_str!("ledger/fees.table")),
    ("gates", include_str!("ledger/gates.table")),
    ("lists", include_str!("ledger/lists.table")),
    ("authority", include_str!("ledger/authority.table")),
    ("house", include_str!("ledger/house.table")),
    ("idempotency", include_str!("ledger/idempotency.table")),
    ("rules", include_str!("ledger/rules.table")),
];
const ROLES: &str = include_str!("ledger/roles.table");
const VERSIONS: &str = include_str!("../src/rules.rs");

#[test]
fn the_rule_book_says_what_the_code_and_the_tables_say() {
    let (path, now) = ("RULES.md", book());
    if std::env::var_os("ORION_BLESS").is_some() {
        std::fs::write(path, &now).expect("the folder is ours");
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == now, "{path} is not what the code says; ORION_BLESS=1 cargo test -p state --test rule_book writes it anew");
}

fn book() -> String {
    let mut book = String::from(
        "# The rules of the ledger\n\n\
         Made from the code and from the tables in `tests/ledger`, which the ledger is tested against; `tests/rule_book.rs` holds it true.\n\n\
         ## Why the ledger says no\n\n\
         In the order of the checks: the first that fails is the reason. One comes earlier, since version 2 of the rules: a customer who\n\
         names what is not theirs hears `not_authorized`, whether it exists or not. Beside each reason: category and code of the GSMA\n\
         Mobile Money API 1.2, as `errorCategory` and `errorCode` of the problem.\n\n\
         | | Reason | Means | GSMA |\n|---|---|---|---|\n",
    );
    for (number, refusal) in (1..).zip(Refusal::ALL) {
        let (category, code) = refusal.gsma();
        let row = writeln!(book, "| {number} | `{refusal}` | {} | {category}, `{code}` |", refusal.explanation());
        row.expect("a text grows");
    }
    book += "\n## Versions of the rules\n\n";
    for line in VERSIONS.lines().filter_map(|line| line.strip_prefix("//! |")) {
        book += &format!("|{line}\n");
    }
    book += "\n## Who pays whom\n\n```text\n";
    book += ROLES;
    book += "```\n\n## What is asked and what is answered\n";
    for (name, table) in TABLES {
        book += &format!("\n### {name}\n\n```text\n{table}```\n");
    }
    book
}
