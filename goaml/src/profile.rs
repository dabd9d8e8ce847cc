//! What a unit asks for: its currency and clock, the elements that it leaves out or insists on, and its codes. Data, one file a unit.
//!
//! A file says what differs from `generic.toml`. Units hand their lists of codes to whom they enrol, and publish few: what could not be confirmed
//! from anything published stands in `unconfirmed`, as sentences, and has to be asked of the unit before the first report is sent.

pub use crate::shape::List;

use crate::shape;
use schemas::{AccountType, Currency, RuleId, transaction::PaymentKind};
use std::collections::{BTreeMap, BTreeSet};

/// The files, by the names by which one asks for them.
const FILES: &[(&str, &str)] = &[
    ("generic", include_str!("../profiles/generic.toml")),
    ("senegal", include_str!("../profiles/senegal.toml")),
    ("cote_divoire", include_str!("../profiles/cote_divoire.toml")),
    ("cameroon", include_str!("../profiles/cameroon.toml")),
];

/// How payments of a kind are told.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    /// How it was made.
    pub transmode: String,
    /// What came from the payer.
    pub from_funds: String,
    /// What the payee got.
    pub to_funds: String,
}

/// What a unit asks for.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Who reads the reports.
    pub unit: String,
    /// The country, ISO 3166-1 alpha-2; none in the generic one.
    pub country: Option<String>,
    /// What it counts in; none in the generic one.
    pub currency: Option<Currency>,
    /// How far its clock is ahead of UTC.
    pub clock_ahead_minutes: i16,
    /// Elements that it does not take, as `t_account.swift`.
    pub disabled: BTreeSet<String>,
    /// Elements that it asks for where the schema doesn't.
    pub required: BTreeSet<String>,
    /// Elements of the report that it asks for, by the kind of the report.
    pub required_for: BTreeMap<String, BTreeSet<String>>,
    /// The codes that it knows. Of a list that isn't here every code is good.
    pub codes: BTreeMap<List, BTreeSet<String>>,
    /// Its indicator for what a rule finds.
    pub indicators: BTreeMap<RuleId, String>,
    /// How it wants payments to be told.
    pub payments: BTreeMap<PaymentKind, Told>,
    /// Its codes of our products.
    pub products: BTreeMap<AccountType, String>,
    /// What could not be confirmed.
    pub unconfirmed: Vec<String>,
}

/// Why a file is no profile.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// It is no TOML, or has what no profile has.
    #[error("this is no profile: {0}")]
    Unreadable(#[from] toml::de::Error),
    /// It names an element that there isn't.
    #[error("{0:?} is no element of goAML as it is checked here; expected such as t_person_my_client.birthdate")]
    NoElement(String),
    /// It doesn't say how something is told.
    #[error("nothing says how to tell {0}")]
    Untold(String),
    /// It uses a code that its own list doesn't have.
    #[error("its own list doesn't have the code {0:?}")]
    NoCode(String),
    /// Its country is none.
    #[error("{0:?} is no country; expected two letters of ISO 3166-1")]
    NoCountry(String),
}

impl Profile {
    /// Names of the profiles that come with this.
    pub fn names() -> impl Iterator<Item = &'static str> {
        FILES.iter().map(|(name, _)| *name)
    }

    /// The profile of this name; none unless it is one of [`Profile::names`].
    pub fn named(name: &str) -> Option<Self> {
        let (_, text) = FILES.iter().find(|(known, _)| *known == name)?;
        Some(Self::parse(text).expect("a test reads every profile that comes with this"))
    }

    /// The profile of a file, which says what differs from the generic one. Tables are joined, lists replaced.
    pub fn parse(text: &str) -> Result<Self, Unfit> {
        let mut all: toml::Table = toml::from_str(FILES[0].1)?;
        join(&mut all, toml::from_str(text)?);
        let profile: Self = all.try_into()?;
        profile.check()?;
        Ok(profile)
    }

    /// Whether its parts fit each other, and each of our words is told.
    fn check(&self) -> Result<(), Unfit> {
        let elements = self.disabled.iter().chain(&self.required).cloned();
        let of_report = self.required_for.values().flatten().map(|name| format!("report.{name}"));
        let unknown = elements.chain(of_report).find(|name| !name.split_once('.').is_some_and(|(shape, name)| shape::has(shape, name)));
        if let Some(name) = unknown {
            return Err(Unfit::NoElement(name));
        }
        if let Some(country) = self.country.as_ref().filter(|country| !schemas::country::is_country(country)) {
            return Err(Unfit::NoCountry(country.clone()));
        }
        let rules = RuleId::ALL.iter().filter(|rule| !self.indicators.contains_key(rule)).map(|rule| rule.to_string());
        let payments = PaymentKind::ALL.iter().filter(|kind| !self.payments.contains_key(kind)).map(|kind| kind.to_string());
        let products = AccountType::ALL.iter().filter(|product| !self.products.contains_key(product)).map(|product| product.to_string());
        if let Some(word) = rules.chain(payments).chain(products).next() {
            return Err(Unfit::Untold(word));
        }
        let told = self
            .payments
            .values()
            .flat_map(|told| [(List::Transmode, &told.transmode), (List::Funds, &told.from_funds), (List::Funds, &told.to_funds)]);
        let used = told.chain(self.indicators.values().map(|code| (List::Indicator, code)));
        let mut used = used.chain(self.products.values().map(|code| (List::AccountType, code)));
        match used.find(|(list, code)| self.codes.get(list).is_some_and(|codes| !codes.contains(*code))) {
            Some((_, code)) => Err(Unfit::NoCode(code.clone())),
            None => Ok(()),
        }
    }
}

/// Puts the second over the first: within tables key by key, all else whole.
fn join(under: &mut toml::Table, over: toml::Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(toml::Value::Table(under)), toml::Value::Table(over)) => join(under, over),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_that_comes_with_this_is_one() {
        for name in Profile::names() {
            let profile = Profile::named(name).unwrap();
            assert_eq!(profile.country.is_none(), name == "generic", "{name}");
            assert!(!profile.unconfirmed.is_empty(), "{name} says what nobody could confirm");
        }
        assert_eq!(Profile::named("atlantis"), None);
        let currency = |name: &str| Profile::named(name).unwrap().currency.map(Currency::code);
        assert_eq!(["senegal", "cote_divoire", "cameroon"].map(currency), [Some("XOF"), Some("XOF"), Some("XAF")]);
    }

    #[test]
    fn a_file_says_only_what_differs() {
        let profile = Profile::parse(
            "unit = \"FIU\"\n[payments.transfer]\ntransmode = \"MM\"\n[codes]\ntransmode = [\"MM\", \"CI\", \"CO\", \"PA\", \"RV\"]",
        )
        .unwrap();
        assert_eq!((profile.unit.as_str(), profile.payments[&PaymentKind::Transfer].transmode.as_str()), ("FIU", "MM"));
        assert_eq!(
            profile.payments[&PaymentKind::Transfer].from_funds,
            Profile::named("generic").unwrap().payments[&PaymentKind::Transfer].from_funds
        );
        for (text, says) in [
            ("unit = ", "no profile"),
            ("colour = \"red\"", "no profile"),
            ("currency = \"FCFA\"", "no profile"),
            ("disabled = [\"t_person.colour\"]", "t_person.colour"),
            ("disabled = [\"colour\"]", "colour"),
            ("[required_for]\nSTR = [\"colour\"]", "report.colour"),
            ("country = \"SEN\"", "no country"),
            ("[codes]\nindicator = [\"A1\"]", "own list"),
            ("[indicators]\nnothing = \"A1\"", "no profile"),
        ] {
            let error = Profile::parse(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
