//! The financial intelligence unit, and who the bank is to it.

use super::ConfigError;
use api::Fiu as Unit;
use goaml::report::{Address, Person};
use goaml::{Bank, Profile};
use rust_decimal::Decimal;
use schemas::{Currency, country};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The financial intelligence unit, and who the bank is to it. What is not set lacks in every draft of a report, whose checks say so.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fiu {
    /// What the unit asks for: generic, senegal, `cote_divoire`, cameroon, or a TOML file of your own.
    pub profile: String,
    /// The number under which the unit has enrolled the bank; 0 is none.
    pub entity_id: u32,
    /// The bank's name.
    pub institution_name: String,
    /// Its code at the unit; empty where it goes by its BIC.
    pub institution_code: String,
    /// Its BIC (ISO 9362), which is told where there is no code.
    pub swift: String,
    /// ISO 4217 code of what reports count in, where the profile doesn't say.
    pub currency: Currency,
    /// Who answers for the reports.
    pub officer: Officer,
    /// Where the bank is.
    pub office: Office,
    /// How much of the local currency one of another is, as decimals by ISO 4217 code: `EUR = "655.957"`.
    pub rates: BTreeMap<String, String>,
}

/// Who answers for the reports.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Officer {
    /// Given names.
    pub first_name: String,
    /// The family name.
    pub last_name: String,
    /// The function.
    pub occupation: String,
    /// An address of email.
    pub email: String,
}

/// Where the bank is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Office {
    /// Street and number.
    pub address: String,
    /// The city.
    pub city: String,
    /// ISO 3166-1 alpha-2 country.
    pub country: String,
}

impl Fiu {
    /// The unit by its profile, and the bank.
    pub fn unit(&self) -> Result<Unit, ConfigError> {
        let profile = self.read_profile()?;
        if !country::is_country(&self.office.country) {
            return Err(ConfigError::of("fiu.office.country must be two letters of ISO 3166-1, such as SN"));
        }
        let said = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let Self { officer, office, .. } = self;
        let bank = Bank {
            rentity_id: self.entity_id,
            reporting_person: Person {
                first_name: officer.first_name.clone(),
                last_name: officer.last_name.clone(),
                occupation: said(&officer.occupation),
                email: said(&officer.email),
                ..Person::default()
            },
            // Of a business.
            location: Address {
                address_type: "B".to_owned(),
                address: office.address.clone(),
                city: office.city.clone(),
                country_code: office.country.clone(),
                ..Address::default()
            },
            currency: self.currency,
            rates: self.rates.iter().map(rate).collect::<Result<_, _>>()?,
        };
        let (institution_code, swift) = (said(&self.institution_code), said(&self.swift));
        Ok(Unit { profile, bank, institution_name: self.institution_name.clone(), institution_code, swift })
    }

    fn read_profile(&self) -> Result<Profile, ConfigError> {
        let name = &self.profile;
        if let Some(profile) = Profile::named(name) {
            return Ok(profile);
        }
        let names: Vec<&str> = Profile::names().collect();
        let text = std::fs::read_to_string(name).map_err(|error| {
            ConfigError::of(&format!("fiu.profile {name:?} is none of {}, and no file that can be read: {error}", names.join(", ")))
        })?;
        Profile::parse(&text).map_err(|error| ConfigError::of(&format!("fiu.profile {name:?}: {error}")))
    }
}

fn rate((code, text): (&String, &String)) -> Result<(Currency, Decimal), ConfigError> {
    // Variables of the environment come in small letters.
    let currency = code.to_uppercase().parse().map_err(|_| ConfigError::of(&format!("fiu.rates: {code} is no currency of ISO 4217")))?;
    let rate = Decimal::from_str_exact(text).ok().filter(|rate| *rate > Decimal::ZERO);
    let rate =
        rate.ok_or_else(|| ConfigError::of(&format!("fiu.rates.{code}: {text:?} is no rate; expected a decimal such as 655.957")))?;
    Ok((currency, rate))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn what_is_said_of_the_bank_is_checked() {
        let fiu = Config::load().unwrap().fiu;
        let unit = fiu.unit().unwrap();
        assert_eq!((unit.profile.unit.as_str(), unit.bank.rentity_id, unit.swift), ("the unit", 0, None));
        let rates = |code: &str, rate: &str| [(code.to_owned(), rate.to_owned())].into();
        let euros = Fiu { rates: rates("eur", "655.957"), swift: "ORIOSNDA".to_owned(), ..fiu.clone() }.unit().unwrap();
        assert_eq!(euros.bank.rates[&"EUR".parse().unwrap()].to_string(), "655.957");
        assert_eq!(euros.swift.as_deref(), Some("ORIOSNDA"));
        for (wrong, says) in [
            (Fiu { profile: "atlantis".to_owned(), ..fiu.clone() }, "fiu.profile \"atlantis\" is none of generic, senegal"),
            (Fiu { profile: "Cargo.toml".to_owned(), ..fiu.clone() }, "this is no profile"),
            (Fiu { office: Office { country: "Sénégal".to_owned(), ..fiu.office.clone() }, ..fiu.clone() }, "fiu.office.country"),
            (Fiu { rates: rates("FCFA", "1"), ..fiu.clone() }, "FCFA is no currency"),
            (Fiu { rates: rates("EUR", "0"), ..fiu.clone() }, "is no rate"),
            (Fiu { rates: rates("EUR", "1e3"), ..fiu.clone() }, "is no rate"),
        ] {
            let told = wrong.unit().unwrap_err().to_string();
            assert!(told.contains(says), "{told}");
        }
    }
}
