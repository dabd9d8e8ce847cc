//! The currencies that the views' tables know are those of the bank, with the same minor units.

use schemas::Currency;
use std::collections::BTreeMap;

const MIGRATION: &str = include_str!("../migrations/views/0010_words.sql");

#[test]
fn the_views_know_every_currency_and_its_minor_units() {
    let letters = || (b'A'..=b'Z').map(char::from);
    let codes = letters().flat_map(|a| letters().flat_map(move |b| letters().map(move |c| String::from_iter([a, b, c]))));
    let ours: BTreeMap<String, u32> =
        codes.filter_map(|code| code.parse::<Currency>().ok().map(|currency| (code, currency.exponent()))).collect();
    assert!(ours.len() > 150, "{}", ours.len());

    let (_, rows) = MIGRATION.split_once("insert into currency").expect("the migration fills the table");
    let (rows, _) = rows.split_once(';').expect("and ends");
    let theirs: BTreeMap<String, u32> = rows
        .split('(')
        .filter_map(|row| row.strip_prefix('\'')?.split_once(')')?.0.split_once("', "))
        .map(|(code, exponent)| (code.to_owned(), exponent.parse().expect("an exponent is a number")))
        .collect();
    assert_eq!(theirs, ours);
}
