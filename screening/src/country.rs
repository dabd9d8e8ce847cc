//! Countries by any of their names: two letters of ISO 3166, or English, or French where it differs much.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Two letters, then names.
const COUNTRIES: &str = "
af afghanistan|al albania;albanie|dz algeria;algerie|ad andorra|ao angola|ag antigua and barbuda|ar argentina;argentine|am armenia;armenie
au australia;australie|at austria;autriche|az azerbaijan|bs bahamas;the bahamas|bh bahrain;bahrein|bd bangladesh|bb barbados|by belarus;bielorussie
be belgium;belgique|bz belize|bj benin|bm bermuda|bt bhutan|bo bolivia;bolivie|ba bosnia and herzegovina;bosnia|bw botswana|br brazil;bresil
bn brunei;brunei darussalam|bg bulgaria;bulgarie|bf burkina faso|bi burundi|cv cape verde;cabo verde;cap vert|kh cambodia;cambodge|cm cameroon;cameroun
ca canada|ky cayman islands|cf central african republic;republique centrafricaine;centrafrique|td chad;tchad|cl chile;chili|cn china;peoples republic of china;chine
co colombia;colombie|km comoros;comores|cg congo;republic of the congo;congo republic of the;congo brazzaville;republique du congo
cd democratic republic of the congo;democratic republic of congo;congo democratic republic of the;drc;congo kinshasa;republique democratique du congo;rdc
cr costa rica|ci cote divoire;ivory coast|hr croatia;croatie|cu cuba|cy cyprus;chypre|cz czech republic;czechia|dk denmark;danemark|dj djibouti
dm dominica|do dominican republic|ec ecuador;equateur|eg egypt;egypte|sv el salvador|gq equatorial guinea;guinee equatoriale|er eritrea;erythree
ee estonia;estonie|sz eswatini;swaziland|et ethiopia;ethiopie|fj fiji|fi finland;finlande|fr france|ga gabon|gm gambia;the gambia;gambie
ge georgia;georgie|de germany;federal republic of germany;allemagne|gh ghana|gi gibraltar|gr greece;grece|gd grenada|gt guatemala|gn guinea;guinee
gw guinea bissau;guinee bissau|gy guyana|ht haiti|hn honduras|hk hong kong|hu hungary;hongrie|is iceland;islande|in india;inde|id indonesia;indonesie
ir iran;iran islamic republic of;islamic republic of iran|iq iraq;irak|ie ireland;irlande|il israel|it italy;italie|jm jamaica;jamaique|jp japan;japon
jo jordan;jordanie|kz kazakhstan|ke kenya|kp north korea;democratic peoples republic of korea;korea north;dprk;coree du nord|kr south korea;republic of korea;korea south
xk kosovo|kw kuwait;koweit|kg kyrgyzstan;kirghizistan|la laos;lao peoples democratic republic|lv latvia;lettonie|lb lebanon;liban|ls lesotho|lr liberia
ly libya;libyan arab jamahiriya;state of libya;libye|li liechtenstein|lt lithuania;lituanie|lu luxembourg|mo macau|mk north macedonia;macedonia
mg madagascar|mw malawi|my malaysia;malaisie|mv maldives|ml mali|mt malta;malte|mh marshall islands|mr mauritania;mauritanie|mu mauritius;maurice
mx mexico;mexique|md moldova;moldavie|mc monaco|mn mongolia;mongolie|me montenegro|ma morocco;maroc|mz mozambique|mm myanmar;burma;birmanie|na namibia;namibie
np nepal|nl netherlands;the netherlands;pays bas|nz new zealand|ni nicaragua|ne niger|ng nigeria|no norway;norvege|om oman|pk pakistan|pw palau
ps palestine;palestinian;state of palestine;west bank;gaza|pa panama|pg papua new guinea|py paraguay|pe peru;perou|ph philippines|pl poland;pologne|pt portugal
qa qatar|ro romania;roumanie|ru russia;russian federation;russie|rw rwanda|kn saint kitts and nevis|lc saint lucia|vc saint vincent and the grenadines|ws samoa
sm san marino|st sao tome and principe|sa saudi arabia;arabie saoudite;kingdom of saudi arabia|sn senegal|rs serbia;serbie|sc seychelles|sl sierra leone
sg singapore;singapour|sk slovakia;slovaquie|si slovenia;slovenie|so somalia;somalie|za south africa;afrique du sud|ss south sudan;soudan du sud|es spain;espagne
lk sri lanka|sd sudan;soudan|sr suriname|se sweden;suede|ch switzerland;suisse|sy syria;syrian arab republic;syrie|tw taiwan|tj tajikistan;tadjikistan
tz tanzania;united republic of tanzania;tanzanie|th thailand;thailande|tl timor leste|tg togo|to tonga|tt trinidad and tobago|tn tunisia;tunisie|tr turkey;turkiye;turquie
tm turkmenistan|ug uganda;ouganda|ua ukraine|ae united arab emirates;uae;emirats arabes unis
gb united kingdom;united kingdom of great britain and northern ireland;great britain;uk;england;scotland;wales;northern ireland;royaume uni
us united states;united states of america;usa;etats unis|uy uruguay|uz uzbekistan;ouzbekistan|vu vanuatu|va vatican|ve venezuela|vn vietnam;viet nam
vg virgin islands british;british virgin islands|ye yemen|zm zambia;zambie|zw zimbabwe|su soviet union;ussr
";

static CODES: LazyLock<BTreeMap<&'static str, &'static str>> = LazyLock::new(|| {
    let mut codes = BTreeMap::new();
    for country in COUNTRIES.split(['|', '\n']).filter(|country| !country.is_empty()) {
        let (code, names) = country.split_once(' ').unwrap_or((country, ""));
        codes.insert(code, code);
        codes.extend(names.split(';').map(|name| (name, code)));
    }
    codes
});

/// The two letters of a country, if anybody knows it.
pub(crate) fn code(name: &str) -> Option<String> {
    // `undetermined` and the like are no country.
    let name = crate::text::words(name).join(" ");
    CODES.get(name.as_str()).map(|code| (*code).to_owned())
}

#[cfg(test)]
mod tests {
    use super::code;

    #[test]
    fn a_country_has_one_code_whatever_it_is_called() {
        for (name, expected) in [
            ("Democratic Republic of the Congo", Some("cd")),
            ("CD", Some("cd")),
            ("Côte d'Ivoire", Some("ci")),
            ("Sénégal", Some("sn")),
            ("Korea, North", Some("kp")),
            ("undetermined", None),
            ("", None),
        ] {
            assert_eq!(code(name).as_deref(), expected, "{name}");
        }
    }
}
