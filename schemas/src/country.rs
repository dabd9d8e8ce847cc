//! Countries: the codes of ISO 3166-1, and those that Doc 9303 of the ICAO adds for documents of nobody's country.

/// Every country by its two letters and its three.
const COUNTRIES: &str = "\
    AD:AND AE:ARE AF:AFG AG:ATG AI:AIA AL:ALB AM:ARM AO:AGO AQ:ATA AR:ARG AS:ASM AT:AUT AU:AUS AW:ABW AX:ALA AZ:AZE BA:BIH \
    BB:BRB BD:BGD BE:BEL BF:BFA BG:BGR BH:BHR BI:BDI BJ:BEN BL:BLM BM:BMU BN:BRN BO:BOL BQ:BES BR:BRA BS:BHS BT:BTN BV:BVT \
    BW:BWA BY:BLR BZ:BLZ CA:CAN CC:CCK CD:COD CF:CAF CG:COG CH:CHE CI:CIV CK:COK CL:CHL CM:CMR CN:CHN CO:COL CR:CRI CU:CUB \
    CV:CPV CW:CUW CX:CXR CY:CYP CZ:CZE DE:DEU DJ:DJI DK:DNK DM:DMA DO:DOM DZ:DZA EC:ECU EE:EST EG:EGY EH:ESH ER:ERI ES:ESP \
    ET:ETH FI:FIN FJ:FJI FK:FLK FM:FSM FO:FRO FR:FRA GA:GAB GB:GBR GD:GRD GE:GEO GF:GUF GG:GGY GH:GHA GI:GIB GL:GRL GM:GMB \
    GN:GIN GP:GLP GQ:GNQ GR:GRC GS:SGS GT:GTM GU:GUM GW:GNB GY:GUY HK:HKG HM:HMD HN:HND HR:HRV HT:HTI HU:HUN ID:IDN IE:IRL \
    IL:ISR IM:IMN IN:IND IO:IOT IQ:IRQ IR:IRN IS:ISL IT:ITA JE:JEY JM:JAM JO:JOR JP:JPN KE:KEN KG:KGZ KH:KHM KI:KIR KM:COM \
    KN:KNA KP:PRK KR:KOR KW:KWT KY:CYM KZ:KAZ LA:LAO LB:LBN LC:LCA LI:LIE LK:LKA LR:LBR LS:LSO LT:LTU LU:LUX LV:LVA LY:LBY \
    MA:MAR MC:MCO MD:MDA ME:MNE MF:MAF MG:MDG MH:MHL MK:MKD ML:MLI MM:MMR MN:MNG MO:MAC MP:MNP MQ:MTQ MR:MRT MS:MSR MT:MLT \
    MU:MUS MV:MDV MW:MWI MX:MEX MY:MYS MZ:MOZ NA:NAM NC:NCL NE:NER NF:NFK NG:NGA NI:NIC NL:NLD NO:NOR NP:NPL NR:NRU NU:NIU \
    NZ:NZL OM:OMN PA:PAN PE:PER PF:PYF PG:PNG PH:PHL PK:PAK PL:POL PM:SPM PN:PCN PR:PRI PS:PSE PT:PRT PW:PLW PY:PRY QA:QAT \
    RE:REU RO:ROU RS:SRB RU:RUS RW:RWA SA:SAU SB:SLB SC:SYC SD:SDN SE:SWE SG:SGP SH:SHN SI:SVN SJ:SJM SK:SVK SL:SLE SM:SMR \
    SN:SEN SO:SOM SR:SUR SS:SSD ST:STP SV:SLV SX:SXM SY:SYR SZ:SWZ TC:TCA TD:TCD TF:ATF TG:TGO TH:THA TJ:TJK TK:TKL TL:TLS \
    TM:TKM TN:TUN TO:TON TR:TUR TT:TTO TV:TUV TW:TWN TZ:TZA UA:UKR UG:UGA UM:UMI US:USA UY:URY UZ:UZB VA:VAT VC:VCT VE:VEN \
    VG:VGB VI:VIR VN:VNM VU:VUT WF:WLF WS:WSM YE:YEM YT:MYT ZA:ZAF ZM:ZMB ZW:ZWE";

/// What issues travel documents or stands for a nationality, and is no country of ISO 3166-1 (Doc 9303, part 3, section 5).
const OTHERS: &[&str] = &[
    "EUE", "GBD", "GBN", "GBO", "GBP", "GBS", "RKS", "UNA", "UNK", "UNO", "XAA", "XBA", "XCC", "XCE", "XCO", "XDC", "XEC", "XES", "XIM",
    "XMP", "XOM", "XPO", "XXA", "XXB", "XXC", "XXX",
];

/// Whether these two letters are a country of ISO 3166-1.
pub fn is_country(two_letters: &str) -> bool {
    alpha3(two_letters).is_some()
}

/// The three letters of a country, by its two.
pub fn alpha3(two_letters: &str) -> Option<&'static str> {
    pairs().find(|(two, _)| *two == two_letters).map(|(_, three)| three)
}

/// The two letters of a country, by its three, or by the one that German documents show.
pub fn alpha2(three_letters: &str) -> Option<&'static str> {
    let three_letters = if three_letters == "D" { "DEU" } else { three_letters };
    pairs().find(|(_, three)| *three == three_letters).map(|(two, _)| two)
}

/// Whether a document may show these letters for who issued it, or for a nationality. Utopia (`UTO`), whose documents are specimens, is not among them.
pub fn is_of_documents(letters: &str) -> bool {
    alpha2(letters).is_some() || OTHERS.contains(&letters)
}

fn pairs() -> impl Iterator<Item = (&'static str, &'static str)> {
    COUNTRIES.split(' ').map(|pair| pair.split_once(':').expect("every country has both codes"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_country_has_both_codes_once() {
        assert_eq!(pairs().count(), 249);
        assert_eq!(pairs().map(|(two, _)| two).collect::<BTreeSet<_>>().len(), 249);
        assert_eq!(pairs().map(|(_, three)| three).collect::<BTreeSet<_>>().len(), 249);
        for (two, three) in pairs() {
            assert!(two.len() == 2 && three.len() == 3 && format!("{two}{three}").bytes().all(|byte| byte.is_ascii_uppercase()));
            assert_eq!((alpha3(two), alpha2(three)), (Some(three), Some(two)));
        }
    }

    /// The library was written by others, from other lists.
    #[test]
    fn another_list_knows_the_same_codes() {
        for (_, three) in pairs() {
            assert!(mrz::country_name(three).is_some(), "{three}");
        }
        for (code, name) in mrz::codes() {
            let gone = ["ANT", "NTZ", "XKX", "IAO", "UTO"].contains(code);
            assert_eq!(is_of_documents(code), !gone, "{code} {name}");
        }
    }

    #[test]
    fn a_country_is_known_by_its_letters_only() {
        assert_eq!((alpha3("SN"), alpha3("CI"), alpha3("CM")), (Some("SEN"), Some("CIV"), Some("CMR")));
        assert_eq!((alpha2("D"), alpha2("DEU"), alpha2("UTO")), (Some("DE"), Some("DE"), None));
        for letters in ["", "sn", "SEN", "XX", ":", "AD:AND", "AND AE"] {
            assert!(!is_country(letters), "{letters}");
        }
        assert!(is_of_documents("XXA") && is_of_documents("D") && !is_of_documents("UTO") && !is_of_documents("SN"));
    }
}
