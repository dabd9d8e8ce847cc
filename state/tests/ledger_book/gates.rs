//! Gates in the tables: what is set, and where a payment comes from.

use super::Words;
use super::words::duration_ms;
use schemas::aml::{Lane, Setting};
use schemas::gate::CountryList;
use schemas::{AmlSetting, Context, GatePolicy};

/// `rule RULE [shadow] [off] [weight NUMBER] [NAME=VALUE …]`, `policy REVIEW REFUSE DURATION`, `countries LIST [COUNTRY …]`, behind the word.
pub(super) fn setting(word: &str, words: &mut Words<'_>) -> AmlSetting {
    match word {
        "rule" => {
            let mut setting = Setting::of(words.read());
            if words.flag("shadow") {
                setting.lane = Lane::Shadow;
            }
            setting.enabled = !words.flag("off");
            setting.weight = words.after("weight").map_or(0, |weight| weight.parse().expect("a weight"));
            while let Some((name, value)) = words.pair() {
                setting.parameters.insert(name.to_owned(), value.parse().expect("a value"));
            }
            AmlSetting::Rule(setting)
        }
        "policy" => {
            let (review_score, refuse_score) = (words.read(), words.read());
            AmlSetting::Policy(GatePolicy { review_score, refuse_score, review_expires_ms: duration_ms(words.next()) })
        }
        _ => {
            let list = words.read();
            let mut countries = std::collections::BTreeSet::new();
            while let Some(country) = words.country() {
                countries.insert(country.to_owned());
            }
            AmlSetting::Countries(CountryList { list, countries })
        }
    }
}

impl<'a> Words<'a> {
    /// `[from NAME=VALUE …]`
    pub(super) fn context(&mut self) -> Option<Context> {
        self.flag("from").then(|| {
            let mut context = Context::default();
            while let Some((name, value)) = self.pair() {
                let text = Some(value.to_owned());
                match name {
                    "device" => context.device = text,
                    "ip" => context.ip = text,
                    "country" => context.country = text,
                    "card" => context.card_token = text,
                    "msisdn" => context.msisdn = text,
                    other => panic!("a payment comes from no {other}"),
                }
            }
            context
        })
    }

    fn pair(&mut self) -> Option<(&'a str, &'a str)> {
        self.next_if(|word| word.contains('='))?.split_once('=')
    }

    fn country(&mut self) -> Option<&'a str> {
        self.next_if(|word| word.len() == 2 && word.bytes().all(|byte| byte.is_ascii_uppercase()))
    }
}
