//! Names that must be one, and names that must not, each with the reason of its score.

use screening::THRESHOLD;
use screening::index::{Index, why};
use screening::list::List;
use screening::name::Name;
use screening::qualify::Facts;
use screening::rarity::Rarity;
use screening::score::{How, align, pair};

#[test]
fn the_same_name_in_other_habits_of_writing() {
    for (one, other) in [
        ("Mamadou Konyema", "Mouhamadou Konyema"),
        ("Mahamadou Konyema", "MAMADOU KONYEMA"),
        ("Adama Traoré", "TRAORE Adama"),
        ("Affoué N'Guessan", "Affoue Nguessan"),
        ("Binta Diallo", "Binta Jallow"),
        ("Lacina Ouattara", "Lacina Watara"),
        ("Mohamed Zarbatu", "Muhammad Zarbatu"),
        ("Abd al-Rahman Zarbatu", "Abderrahmane Zarbatou"),
        ("El Hadj Cheikh Zarbatu Ndong", "Zarbatu Ndong"),
        ("Jean-Baptiste Zarbatu", "Jean Baptiste Zarbatu"),
        ("J. Zarbatukian", "Joseph Zarbatukian"),
        ("Владимир Зарбатов", "Vladimir Zarbatov"),
        ("Zаrbаtov Vladimir", "Vladimir Zarbatov"),
        ("Zarbatu Trading S.A.R.L.", "Zarbatu Trade SARL"),
        ("Zarbatu Shipping Limited", "ZARBATU SHIPPING LTD"),
        ("KONYEMA, Joseph", "Joseph Konyema"),
        ("A. Zarbatu", "Abdul Malik Zarbatu"),
        ("Adul Jabbar Zarbatu", "Abdul Jabbar Zarbatu"),
        ("Abdd al-Rahman Zarbatu", "Abd al-Rahman Zarbatu"),
        ("Abderrahman Zarbatu", "Abdelrahman Zarbatu"),
        ("Sheikh Zarbatu", "Zarbatu"),
        ("Hidayat Ullah Zarbatu", "Hidayatullah Zarbatu"),
        ("محمد زرباتو", "Mohamed Zarbatu"),
        ("نصر الله زرباتو", "Nasrallah Zarbatu"),
        ("习近平", "Xi Jinping"),
        ("Γιώργος Ζαρβάτος", "Giorgos Zarvatos"),
        ("IBM", "International Business Machines"),
        ("Union Zarbatu de Banque", "Union Zarbatu Bank"),
    ] {
        assert!(pair(one, other) >= THRESHOLD, "{one} {other} {}", pair(one, other));
    }
}

#[test]
fn other_names() {
    for (one, other) in [
        ("Mohamed Zarbatu", "Mohamed Konyema"),
        ("Joseph A. Diop", "Joseph B. Sow"),
        ("Hassan Ibrahim", "Hussein Ibrahim"),
        ("Abdul Karim Hassan", "Karim Hussein"),
        ("Corp", "Corp"),
        ("Mr", "Mrs"),
        ("Zarbatu Trading Corp", "Konyema Trading Corp"),
        ("Ocean Star 1", "Ocean Star 2"),
        ("George Bush", "George Habbash"),
        ("Mario Rossi", "Maria Rossi"),
        ("David Ibrahim", "Dawood Abraham"),
        ("IBM", "International Bank of Senegal"),
        ("李娜", "Li Ning"),
        ("Jane Doe", "Jan Lahore"),
        ("John Doe", "Paul John"),
        ("", "Joseph"),
        ("...", "..."),
    ] {
        assert!(pair(one, other) < THRESHOLD, "{one} {other} {}", pair(one, other));
    }
}

#[test]
fn a_score_explains_itself() {
    let rarity = Rarity::default();
    let (query, listed) = (Name::new("J. Mohamed Zarbatov abu bakr", &rarity), Name::new("Muhammad Joseph Zarbatof Abubakr", &rarity));
    let alignment = align(&query, &listed);
    let why = why(&query, &listed, &alignment);
    let said: Vec<_> = why.iter().map(|why| (why.query.as_str(), why.listed.as_str(), why.how)).collect();
    assert_eq!(
        said,
        [
            ("j", "joseph", How::Initial),
            ("mohamed", "muhammad", How::Variant),
            ("zarbatov", "zarbatof", How::Edit),
            ("abu bakr", "abubakr", How::Joined)
        ]
    );
    assert!(alignment.score > THRESHOLD && alignment.score < 10_000, "{}", alignment.score);
}

#[test]
fn a_common_name_alone_is_no_match_and_scores_tell_hits_apart() {
    let many: String =
        (0..200).map(|number| format!("{number},Mohamed {}ov\n", "abcdefghijklmnopqrst".chars().nth(number % 20).unwrap())).collect();
    let list = List::read(format!("id,name\n{many}r,Zarbatu Konyema\ns,Zarbatu\n").as_bytes()).unwrap();
    let rarity = Rarity::of(&list);
    let index = Index::new(list, rarity);
    let score = |name: &str| index.screen(name, &Facts::default(), 1).first().map_or(0, |hit| hit.score);
    assert!(score("Mohamed") < THRESHOLD, "{}", score("Mohamed"));
    assert!(score("Mohamed Smithson") < THRESHOLD);
    assert!(score("Zarbatu Konyema") > score("Zarbatu Konyemo") && score("Zarbatu Konyemo") > score("Zarbatu Owusu"));
    assert!(score("Zarbatu Konyema") == 10_000 && score("Konyema Zarbatu") < 10_000, "only the same name is sure");
    assert!(score("Zarbatu Bishop") < score("Bishop Zarbatu"), "after a name it is no title");
    assert_eq!(score(""), 0);
    assert_eq!(score("?!"), 0);
}

#[test]
fn the_same_name_is_sure_and_nothing_else_is() {
    for (one, other) in
        [("Awa Diop", "AWA  DIOP"), ("DIOP, Awa", "Awa Diop"), ("N'Guessan Aké", "NGuessan Ake"), ("Zarbatu S.A.R.L.", "ZARBATU SARL")]
    {
        assert_eq!(pair(one, other), 10_000, "{one} {other}");
    }
    assert!(pair("Mamadou Traoré", "TRAORE Mamadou") > 9_500, "many write the last name first");
    for (one, other) in
        [("Awa Diop", "Diop Awa"), ("Mohamed Zarbatu", "Muhammad Zarbatu"), ("Awa Diop", "Awa Ndeye Diop"), ("Zarbatu SARL", "Zarbatu")]
    {
        assert!((1..10_000).contains(&pair(one, other)), "{one} {other} {}", pair(one, other));
    }
}
