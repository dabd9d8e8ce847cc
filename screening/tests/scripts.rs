//! Names in any script, names that say nothing, names with letters that only look Latin, and names as long as a message lets them be:
//! each has an answer.

#![allow(clippy::unwrap_used, reason = "a test that unwraps says what it expected by failing")]

use proptest::prelude::*;
use screening::THRESHOLD;
use screening::index::{Index, keys};
use screening::list::List;
use screening::name::{Name, TOKENS_MAX};
use screening::qualify::Facts;
use screening::rarity::Rarity;
use screening::score::{SURE, pair};
use screening::text::words;

const NAMES: [&str; 6] = ["Mamadou Zarbatu", "Ahmed Zarbatu", "Vladimir Zarbatov", "Wang Wei", "Sheikh Bilal", "O"];

fn index() -> Index {
    let rows: String = (0..).zip(NAMES).map(|(id, name): (u32, _)| format!("{id},{name}\n")).collect();
    let list = List::read(format!("id,name\n{rows}").as_bytes()).unwrap();
    let rarity = Rarity::of(&list);
    Index::new(list, rarity)
}

fn best(index: &Index, name: &str) -> u32 {
    index.screen(name, &Facts::default(), 1).first().map_or(0, |hit| hit.score)
}

#[test]
fn a_name_that_says_nothing_is_like_no_other() {
    let index = index();
    for name in [
        "",
        "   ",
        "...",
        "-",
        "—«»…",
        "'’ʼ",
        "،؛؟",
        "。、「」",
        "???!!!",
        "\u{0}\u{7}\n",
        "\u{200b}\u{200d}\u{feff}",
        "\u{301}\u{308}",
        "\u{e000}\u{10ffff}",
        "😀 👨‍👩‍👧",
        "€ → ★",
        "।",
    ] {
        assert_eq!(words(name), Vec::<String>::new(), "{name:?}");
        assert_eq!((best(&index, name), pair(name, name), pair(name, "Ahmed Zarbatu")), (0, 0, 0), "{name:?}");
    }
    // Nor are titles, particles and forms alone.
    for name in ["Mr", "Dr. Prof.", "de la", "SARL", "El Hadj"] {
        assert!(best(&index, name) < THRESHOLD, "{name} {}", best(&index, name));
    }
}

#[test]
fn a_name_in_any_script_is_the_name() {
    for (written, latin, other) in [
        ("محمد زرباتو", "Mohamed Zarbatu", "Mohamed Konyema"),
        ("דוד זרבטוב", "David Zarbatov", "David Konyema"),
        ("מוחמד חוסיין", "Mohammed Hussein", "Mohammed Saleh"),
        ("Владимир Зарбатов", "Vladimir Zarbatov", "Vladimir Konyema"),
        ("Γιώργος Ζαρβάτος", "Giorgos Zarvatos", "Giorgos Konyemas"),
        ("王伟", "Wang Wei", "Zhang Min"),
        ("김정은", "Kim Jong Un", "Park Min Su"),
        ("አብይ አህመድ", "Abiy Ahmed", "Abiy Tesfaye"),
        ("ߡߊߡߊߘߎ ߞߊ߲ߕߍ", "Mamadou Kante", "Mamadou Diop"),
        ("𞤀𞤥𞤢𞤣𞤵 𞤄𞤢", "Amadou Ba", "Amadou Sow"),
        ("Նիկոլ Փաշինյան", "Nikol Pashinyan", "Nikol Sargsyan"),
        ("გიორგი მარგველაშვილი", "Giorgi Margvelashvili", "Giorgi Lomidze"),
        ("नरेन्द्र मोदी", "Narendra Modi", "Narendra Singh"),
        ("ᱵᱤᱨᱥᱟ ᱢᱩᱱᱰᱟ", "Birsa Munda", "Birsa Soren"),
        ("ＡＨＭＥＤ ｚａｒｂａｔｕ", "Ahmed Zarbatu", "Ahmed Konyema"),
    ] {
        assert!(pair(written, latin) >= THRESHOLD, "{written} {:?} {latin} {}", words(written), pair(written, latin));
        assert!(pair(written, other) < THRESHOLD, "{written} {:?} {other} {}", words(written), pair(written, other));
        assert!(pair(written, written) == SURE, "{written}");
    }
}

#[test]
fn letters_that_only_look_latin_are_seen_through() {
    let index = index();
    for name in [
        "Аhmеd Zаrbаtu",
        "Ahmed Zarbаtu",
        "Ꭺhmed Zaꭱbatu",
        "αhmed Zarbatυ",
        "ɑhmed Zarbatu",
        "Ahmеԁ Zarbatu",
        "A\u{200b}hmed Zar\u{ad}batu",
    ] {
        assert!(best(&index, name) >= THRESHOLD, "{name} {:?} {}", words(name), best(&index, name));
    }
}

#[test]
fn a_name_of_140_characters_is_looked_at_as_far_as_names_go() {
    let index = index();
    let letters = "z".repeat(140);
    assert_eq!(pair(&letters, &letters), SURE);
    assert_eq!(best(&index, &letters), 0);
    // So many other words beside it contradict a name, wherever it stands.
    let beside = "konyema ".repeat(15);
    let (first, last) = (format!("Ahmed Zarbatu {beside}"), format!("{beside} Ahmed Zarbatu"));
    for name in [&first, &last] {
        let name: String = name.chars().take(140).collect();
        assert_eq!(Name::new(&name, &Rarity::default()).tokens.len(), TOKENS_MAX);
        assert!(best(&index, &name) < THRESHOLD, "{name}");
    }
    // Signs are words of their own, and a ligature is a sentence: neither makes a name longer than names are.
    for name in ["王".repeat(140), "ﷺ".repeat(140), "😀".repeat(140), "é".repeat(140), "a ".repeat(70)] {
        assert!(Name::new(&name, &Rarity::default()).tokens.len() <= TOKENS_MAX);
        assert!(best(&index, &name) < THRESHOLD);
    }
    // What parts its words doesn't count.
    assert_eq!(best(&index, &format!("Ahmed{}Zarbatu", " ".repeat(127))), SURE);
}

proptest! {
    #[test]
    fn whatever_is_written_has_an_answer(name in "\\PC{0,140}") {
        let index = index();
        prop_assert!(best(&index, &name) <= SURE);
        prop_assert!(words(&name).iter().all(|word| word.bytes().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())));
        prop_assert!(!keys(&name).is_empty());
        // The same name is sure, or says nothing.
        prop_assert!([0, SURE].contains(&pair(&name, &name)), "{name:?} {}", pair(&name, &name));
    }
}
