//! Lists of every format: what is read of them, and that damage is an error and never a panic.

#![allow(clippy::unwrap_used, reason = "a test that unwraps says what it expected by failing")]

use proptest::prelude::*;
use proptest::sample::select;
use screening::list::{Born, Kind, List, ListError, Parts, Strength};

const UN: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<CONSOLIDATED_LIST><INDIVIDUALS>
<INDIVIDUAL><DATAID>11</DATAID><FIRST_NAME>JOSEPH</FIRST_NAME><SECOND_NAME>KONYEMA</SECOND_NAME><THIRD_NAME/>
<UN_LIST_TYPE>CAR</UN_LIST_TYPE><REFERENCE_NUMBER>CFi.001</REFERENCE_NUMBER><NAME_ORIGINAL_SCRIPT>يوسف</NAME_ORIGINAL_SCRIPT>
<NATIONALITY><VALUE>Mali</VALUE></NATIONALITY>
<INDIVIDUAL_ALIAS><QUALITY>Good</QUALITY><ALIAS_NAME>Yusuf &amp; Sons</ALIAS_NAME></INDIVIDUAL_ALIAS>
<INDIVIDUAL_ALIAS><QUALITY>Low</QUALITY><ALIAS_NAME>Le Lion</ALIAS_NAME></INDIVIDUAL_ALIAS>
<INDIVIDUAL_ALIAS><QUALITY/><ALIAS_NAME/></INDIVIDUAL_ALIAS>
<INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>EXACT</TYPE_OF_DATE><DATE>1971-03-25</DATE></INDIVIDUAL_DATE_OF_BIRTH>
<INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>BETWEEN</TYPE_OF_DATE><FROM_YEAR>1968</FROM_YEAR><TO_YEAR>1970</TO_YEAR></INDIVIDUAL_DATE_OF_BIRTH>
</INDIVIDUAL></INDIVIDUALS><ENTITIES>
<ENTITY><DATAID>12</DATAID><FIRST_NAME>ZARBATU FRONT</FIRST_NAME><ENTITY_ADDRESS><COUNTRY>Côte d'Ivoire</COUNTRY></ENTITY_ADDRESS></ENTITY>
</ENTITIES></CONSOLIDATED_LIST>"#;
const SDN: &str = "7,\"KONYEMA, Joseph\",\"individual\",\"CAR\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,\"DOB 25 Mar 1971; alt. DOB 1972; nationality Mali; a.k.a. 'LE LION'.\"\r\n8,\"ZARBATU SARL\",-0- ,\"CAR\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \r\n\u{1a}";
const ALT: &str = "7,1,\"aka\",\"ZARBATU, Yusuf\",-0- \r\n";
const ADD: &str = "8,1,-0- ,\"Bamako\",\"Mali\",-0- \r\n";
const FTM: &str = "{\"id\":\"Q1\",\"schema\":\"Person\",\"properties\":{\"name\":[\"Joseph Konyema\",\"Жозеф\"],\"alias\":[\"Yusuf\"],\"weakAlias\":[\"Le Lion\"],\"birthDate\":[\"1971\"],\"nationality\":[\"ml\"]}}\n{\"id\":\"Q2\",\"schema\":\"Address\",\"properties\":{}}\n{\"id\":\"Q3\",\"schema\":\"Company\",\"properties\":{\"name\":[\"Zarbatu SARL\"],\"country\":[\"sn\"]}}\n";
const PLAIN: &str = "id,name,dob,country\nA-1,Joseph Konyema;Yusuf,1971-03-25,ML\nA-2,\"Zarbatu, Sons\",,\n";

fn names(list: &List, id: &str) -> Vec<(String, Strength)> {
    list.entry(id).unwrap().names.iter().map(|alias| (alias.name.clone(), alias.strength)).collect()
}

fn expected(names: &[(&str, Strength)]) -> Vec<(String, Strength)> {
    names.iter().map(|(name, strength)| ((*name).to_owned(), *strength)).collect()
}

#[test]
fn the_list_of_the_united_nations() {
    let list = List::read(UN.as_bytes()).unwrap();
    let joseph = list.entry("11").unwrap();
    assert_eq!(
        names(&list, "11"),
        expected(&[
            ("JOSEPH KONYEMA", Strength::Primary),
            ("Yusuf & Sons", Strength::Alias),
            ("Le Lion", Strength::Weak),
            ("يوسف", Strength::Original)
        ])
    );
    assert_eq!((joseph.kind, joseph.reference.as_str(), joseph.countries.as_slice()), (Kind::Person, "CFi.001", &["ml".to_owned()][..]));
    assert_eq!(joseph.born, [Born::Day(1971, 3, 25), Born::Years(1968, 1970)]);
    let front = list.entry("12").unwrap();
    assert_eq!((front.kind, front.countries.as_slice()), (Kind::Organisation, &["ci".to_owned()][..]));
}

#[test]
fn the_three_files_of_ofac() {
    let mut parts = Parts::default();
    for file in [ALT, ADD, SDN] {
        parts.add(file.as_bytes()).unwrap();
    }
    let list = parts.list().unwrap();
    assert_eq!(
        names(&list, "7"),
        expected(&[("KONYEMA, Joseph", Strength::Primary), ("LE LION", Strength::Weak), ("ZARBATU, Yusuf", Strength::Alias)])
    );
    let joseph = list.entry("7").unwrap();
    assert_eq!((joseph.kind, joseph.born.as_slice()), (Kind::Person, &[Born::Day(1971, 3, 25), Born::Years(1972, 1972)][..]));
    assert_eq!(list.entry("8").unwrap().countries, ["ml"]);
}

#[test]
fn json_lines_and_plain_csv() {
    let list = List::read(FTM.as_bytes()).unwrap();
    assert_eq!(list.entries().len(), 2, "an address is no entry");
    assert_eq!(
        names(&list, "Q1"),
        expected(&[
            ("Joseph Konyema", Strength::Primary),
            ("Жозеф", Strength::Original),
            ("Yusuf", Strength::Alias),
            ("Le Lion", Strength::Weak)
        ])
    );
    let list = List::read(PLAIN.as_bytes()).unwrap();
    assert_eq!(names(&list, "A-1"), expected(&[("Joseph Konyema", Strength::Primary), ("Yusuf", Strength::Alias)]));
    assert_eq!(list.entry("A-1").unwrap().countries, ["ml"]);
}

#[test]
fn what_is_no_list_says_why() {
    for (bytes, says) in [
        ("", "no entries"),
        ("id,name\n", "no entries"),
        ("id,name\n1,\n", "line 2: the name is empty"),
        ("id,name,dob\n1,Joseph,yesterday\n", "line 2: `yesterday` is no date of birth"),
        ("id,name\n1,a\n1,b\n", "two entries have the id 1"),
        ("name\nJoseph\n", "format is not known"),
        ("<HTML></HTML>", "byte 0: it begins with HTML"),
        ("<CONSOLIDATED_LIST></CONSOLIDATED_LIST>", "no entries"),
        ("<CONSOLIDATED_LIST><INDIVIDUALS>", "the file ends in the middle of CONSOLIDATED_LIST/INDIVIDUALS"),
        ("{\"id\":\"1\"}\n", "line 1: it has no text `schema`"),
        ("{\"id\":\"1\",\"schema\":\"Person\"}\n", "line 1: it has no object `properties`"),
        (ALT, "it adds to entry 7"),
        ("7,a,b,c,d,e,f,g,h,i,j,k\n8,a\n", "line 2: it has 2 columns where 12 are expected"),
    ] {
        let error = List::read(bytes.as_bytes()).unwrap_err();
        assert!(error.to_string().contains(says), "{bytes}: {error}");
    }
    assert!(matches!(List::read(b"id,name\n1,\xff\n"), Err(ListError::Line { line: 2, .. })));
}

#[test]
fn lists_of_which_ids_collide_are_one_list() {
    let named = |name: &str, text: &str| (name.to_owned(), List::read(text.as_bytes()).unwrap());
    let ids = |list: &List| list.entries().iter().map(|entry| entry.id.clone()).collect::<Vec<_>>();
    let apart = List::together(vec![named("a", "id,name\n1,Joseph\n"), named("b", "id,name\n2,Yusuf\n")]).unwrap();
    assert_eq!(ids(&apart), ["1", "2"]);
    let together = List::together(vec![named("a", "id,name\n1,Joseph\n"), named("b", "id,name\n1,Yusuf\n2,Awa\n")]).unwrap();
    assert_eq!(ids(&together), ["a:1", "b:1", "b:2"]);
    let same = List::together(vec![named("a", "id,name\n1,Joseph\n"), named("a", "id,name\n1,Yusuf\n")]);
    assert!(matches!(same, Err(ListError::Twice(id)) if id == "a:1"));
}

/// Words, particles, titles and forms, and slips of these: what says something in one name may say nothing in another.
fn words() -> impl Strategy<Value = String> {
    let word =
        select(&["Awa", "Zarbatu", "Haji", "Hajo", "Del", "Dol", "de", "le", "ie", "in", "4", "Konyema", "al", "el", "SARL", "Bin"][..]);
    prop::collection::vec(word, 1..5).prop_map(|words| words.join(" "))
}

#[test]
fn a_slip_of_a_particle_counts_the_same_in_either_order() {
    for (one, other) in [("Hajo Zarbatu Awa", "Haji Zarbatu"), ("Del Zarbatu Awa", "Dol Zarbatu"), ("ie 4 Konyema", "le 4")] {
        assert_eq!(screening::score::pair(one, other), screening::score::pair(other, one), "{one}, {other}");
    }
}

proptest! {
    #[test]
    fn damage_is_never_a_panic(which in 0..6_usize, cut in 0..3_000_usize, at in 0..3_000_usize, byte in any::<u8>()) {
        let mut bytes = [UN, SDN, ALT, ADD, FTM, PLAIN][which].as_bytes().to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        bytes.truncate(cut.max(1));
        if let Ok(list) = List::read(&bytes) {
            prop_assert!(list.entries().iter().all(|entry| !entry.id.is_empty() && !entry.names.is_empty()));
        }
    }

    #[test]
    fn two_names_are_as_alike_in_either_order(one in words(), other in words()) {
        prop_assert_eq!(screening::score::pair(&one, &other), screening::score::pair(&other, &one));
    }

    #[test]
    fn any_name_is_read_and_compared_without_a_panic(one in ".{0,60}", other in "[a-zA-Z' .а-я0-9-]{0,60}") {
        let score = screening::score::pair(&one, &other);
        prop_assert_eq!(score, screening::score::pair(&other, &one));
        prop_assert!(score <= screening::score::SURE);
        prop_assert!(screening::score::pair(&one, "") == 0);
    }
}
