//! Words that say little about who somebody is: titles, particles, forms of companies, and what companies are often called.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Before and after names of people.
const TITLES: &[&str] = &[
    "mr",
    "mrs",
    "ms",
    "miss",
    "dr",
    "prof",
    "professor",
    "sir",
    "lord",
    "lady",
    "mme",
    "mlle",
    "monsieur",
    "madame",
    "mademoiselle",
    "me",
    "maitre",
    "docteur",
    "pr",
    "hadj",
    "hadji",
    "hajj",
    "hajji",
    "haji",
    "alhaji",
    "alhadji",
    "elhadj",
    "elhadji",
    "elhaji",
    "hajja",
    "cheikh",
    "cheik",
    "sheikh",
    "shaikh",
    "shaykh",
    "shaikh",
    "sheik",
    "cheick",
    "mullah",
    "mulla",
    "maulavi",
    "maulawi",
    "mawlawi",
    "molla",
    "mollah",
    "moulavi",
    "ayatollah",
    "imam",
    "qari",
    "hafiz",
    "general",
    "gen",
    "colonel",
    "col",
    "major",
    "maj",
    "captain",
    "capt",
    "lieutenant",
    "lt",
    "sergeant",
    "sgt",
    "brigadier",
    "commander",
    "cdt",
    "commandant",
    "marechal",
    "admiral",
    "president",
    "minister",
    "hon",
    "honorable",
    "rev",
    "reverend",
    "pere",
    "father",
    "bishop",
    "mgr",
    "eng",
    "engineer",
    "ing",
    "junior",
    "senior",
    "senor",
    "sra",
    "don",
    "dona",
    "herr",
    "frau",
    "alias",
    "aka",
    "dit",
    "ustad",
    "ustaz",
];

/// Between names, and little words of languages.
const PARTICLES: &[&str] = &[
    "abdul", "al", "el", "ul", "ad", "as", "ash", "ar", "an", "at", "az", "bin", "ben", "ibn", "bint", "binti", "binte", "bn", "ould",
    "oul", "uld", "wuld", "ag", "wa", "de", "da", "do", "dos", "das", "du", "des", "del", "della", "di", "la", "le", "les", "los", "las",
    "van", "von", "der", "den", "ter", "zu", "of", "the", "and", "et", "for", "fur", "pour", "und", "in", "au", "aux", "en",
];

/// Forms of companies: what each is written as here.
const FORMS: &[(&str, &[&str])] = &[
    ("ltd", &["ltd", "limited", "ltda", "limitada", "ltee", "pvt", "private", "pte", "pty", "proprietary", "plc"]),
    (
        "llc",
        &[
            "llc", "ooo", "too", "fze", "fzc", "fzco", "fzllc", "wll", "llp", "lp", "sarl", "sarlu", "eurl", "srl", "gmbh", "kft", "bv",
            "doo", "eood",
        ],
    ),
    (
        "sa",
        &[
            "sa",
            "sas",
            "sasu",
            "ag",
            "ab",
            "asa",
            "nv",
            "spa",
            "oyj",
            "oao",
            "zao",
            "pao",
            "ojsc",
            "cjsc",
            "pjsc",
            "jsc",
            "saog",
            "sal",
            "psc",
            "qsc",
            "bhd",
            "sdn",
            "ao",
            "gao",
            "aktiengesellschaft",
            "aktiebolag",
            "obshchestvo",
            "sirketi",
        ],
    ),
    ("corp", &["corp", "corporation", "inc", "incorporated"]),
    ("co", &["co", "company", "cie", "compagnie", "compania", "firm", "kompaniya", "kompani"]),
    (
        "ets",
        &["ets", "etablissement", "etablissements", "est", "establishment", "gie", "kg", "ohg", "snc", "scs", "sci", "coop", "cooperative"],
    ),
];

/// What companies are often called: here in one language. The first of each line is the word that is kept.
const TRADES: &[&str] = &[
    "bank banque banco banka",
    "group groupe grupo gruppe holding holdings grup",
    "international internationale intl internacional",
    "trading trade traders commerce commercial comercial comercio commerciale",
    "general generale",
    "import imports importation importacion",
    "export exports exportation exportacion",
    "industry industries industrie industrial industriel industria industrielle",
    "services service servicios",
    "shipping maritime marine navigation naviera",
    "transport transports transportation transportes",
    "investment investments investissement investissements inversiones invest",
    "development developpement desarrollo",
    "construction constructions construcciones building",
    "technology technologies technologie tech tecnologia technical technique",
    "engineering ingenierie ingenieria",
    "society societe sociedad societa",
    "foundation fondation fundacion",
    "association asociacion assoc",
    "organization organisation organizacion org",
    "center centre centro",
    "national nationale nacional",
    "company companies",
    "enterprise enterprises entreprise entreprises empresa empresas",
    "business",
    "agency agence agencia",
    "global world worldwide",
    "agricultural agricole agricola agriculture agro",
    "oil petroleum petrole petrolera petroleo",
    "gas gaz",
    "energy energie energia",
    "mining miniere minera mines",
    "exchange change",
    "airlines airline airways air aviation aero",
    "logistics logistique logistica",
    "management",
    "systems system systeme",
    "electronics electronic electronique",
    "institute institut instituto",
    "university universite universidad",
    "ministry ministere ministerio",
    "republic republique republica",
    "islamic islamique",
    "state etat",
    "limited",
    "relief",
    "charity",
    "front",
    "army armee",
    "movement mouvement",
    "party parti",
    "brigade brigades",
    "bureau office",
    "supply supplies",
    "products product produits",
    "communications communication telecom telecommunications",
    "insurance assurance assurances seguros",
    "finance financial financiere financier financiera",
    "capital",
    "partners",
    "solutions",
    "research recherche",
    "factory manufacturing fabrication",
    "metal metals",
    "steel acier",
    "chemical chemicals chimie",
    "pharma pharmaceutical pharmaceuticals pharmacie",
    "real estate immobilier",
    "consulting conseil",
    "money",
    "hotel hotels",
    "foods food",
    "equipment",
    "machinery",
    "materials",
    "travel tourism voyages",
    "media",
    "security securite",
    "military militaire",
    "vessel ship tanker",
];

/// Numbers as they are written after names of ships and kings, where they can't be anything else; and who of two it is.
const ROMAN: &[(&str, &str)] =
    &[("ii", "2"), ("iii", "3"), ("iv", "4"), ("vi", "6"), ("vii", "7"), ("viii", "8"), ("ix", "9"), ("jr", "jr"), ("sr", "sr")];

/// What a word is in a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// What tells people apart.
    Plain,
    /// One letter.
    Initial,
    /// Digits, or a Roman number.
    Number,
    /// What many companies are called.
    Trade,
    /// Mr, Cheikh, General.
    Title,
    /// Al, bin, of.
    Particle,
    /// SARL, Ltd.
    Form,
}

static KNOWN: LazyLock<BTreeMap<&'static str, (Role, Option<&'static str>)>> = LazyLock::new(|| {
    let mut known = BTreeMap::new();
    for line in TRADES {
        let kept = line.split(' ').next();
        known.extend(line.split(' ').map(|word| (word, (Role::Trade, kept))));
    }
    known.extend(ROMAN.iter().map(|(roman, number)| (*roman, (Role::Number, Some(*number)))));
    known.extend(TITLES.iter().map(|word| (*word, (Role::Title, None))));
    for (kept, forms) in FORMS {
        known.extend(forms.iter().map(|form| (*form, (Role::Form, Some(*kept)))));
    }
    // `ag` is the form of German companies and the "son of" of the Tuareg: between names it weighs as little either way.
    known.extend(PARTICLES.iter().map(|word| (*word, (Role::Particle, None))));
    known
});

/// What a word is, and what it stands for where several words mean the same.
pub(crate) fn role(word: &str) -> (Role, Option<&'static str>) {
    if word.bytes().any(|letter| letter.is_ascii_digit()) {
        return (Role::Number, None);
    }
    if word.len() == 1 {
        return (Role::Initial, None);
    }
    KNOWN.get(word).copied().unwrap_or((Role::Plain, None))
}

/// Is it the form of a company?
pub(crate) fn is_form(word: &str) -> bool {
    word.len() > 1 && FORMS.iter().any(|(_, forms)| forms.contains(&word))
}
