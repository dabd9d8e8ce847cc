//! Where customers live: a postal address in the hybrid form of ISO 20022, whose town and country stand by themselves.

use super::expect;
use crate::command::is_line;
use crate::country::is_country;
use crate::id::CustomerId;
use crate::money::Unreadable;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Most lines of what has no field of its own.
pub const LINES_MAX: usize = 2;
/// Most characters of a line.
pub const LINE_MAX: usize = 70;
/// Most characters of a street or a town.
pub const NAME_MAX: usize = 140;
/// Most characters of a number or a code.
pub const CODE_MAX: usize = 16;
/// Most characters of a region.
pub const REGION_MAX: usize = 35;

/// A postal address (ISO 20022 `PostalAddress`). Personal, so never logged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PostalAddress {
    /// The street; 1 to 140 characters.
    #[serde(default)]
    #[schema(example = "Rue Carnot")]
    pub street_name: Option<String>,
    /// The house in it; 1 to 16 characters.
    #[serde(default)]
    #[schema(example = "12 bis")]
    pub building_number: Option<String>,
    /// 1 to 16 characters.
    #[serde(default)]
    #[schema(example = "11000")]
    pub post_code: Option<String>,
    /// The town; 1 to 140 characters.
    #[schema(example = "Dakar")]
    pub town_name: String,
    /// The region; 1 to 35 characters.
    #[serde(default)]
    #[schema(example = "Dakar")]
    pub country_sub_division: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[schema(example = "SN")]
    pub country: String,
    /// What has no field of its own: at most two lines of 1 to 70 characters.
    #[serde(default)]
    #[schema(example = json!(["Villa 4, Sicap Baobabs"]))]
    pub address_lines: Vec<String>,
}

/// Say where a customer lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAddress {
    /// Who.
    pub customer_id: CustomerId,
    /// Where; none where that is not known any more.
    pub address: Option<PostalAddress>,
}

/// Where a customer lives from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressSet {
    /// What was said.
    pub set: SetAddress,
    /// The subject of whoever said it.
    pub by: String,
}

impl PostalAddress {
    /// Whether each of its texts has its form.
    pub fn check(&self) -> Result<(), Unreadable> {
        for (name, text, most) in self.texts() {
            let form = format!("1 to {most} characters, not all blank, none of them a control");
            expect(is_line(text, most) && !text.trim().is_empty(), name, text, &form)?;
        }
        expect(self.address_lines.len() <= LINES_MAX, "address_lines", &self.address_lines.len().to_string(), "at most two lines")?;
        expect(is_country(&self.country), "country", &self.country, "two letters of ISO 3166-1, such as SN")
    }

    /// Its texts but the country, by name and with the most characters of each.
    pub fn texts(&self) -> impl Iterator<Item = (&'static str, &str, usize)> {
        let Self { street_name, building_number, post_code, town_name, country_sub_division, country: _, address_lines } = self;
        let fields = [
            ("street_name", street_name.as_deref(), NAME_MAX),
            ("building_number", building_number.as_deref(), CODE_MAX),
            ("post_code", post_code.as_deref(), CODE_MAX),
            ("town_name", Some(town_name), NAME_MAX),
            ("country_sub_division", country_sub_division.as_deref(), REGION_MAX),
        ];
        let fields = fields.into_iter().filter_map(|(name, text, most)| Some((name, text?, most)));
        fields.chain(address_lines.iter().map(|line| ("address_lines", line.as_str(), LINE_MAX)))
    }
}

impl SetAddress {
    /// Whether what it says has its form.
    pub fn check(&self) -> Result<(), Unreadable> {
        self.address.as_ref().map_or(Ok(()), PostalAddress::check)
    }

    pub(super) fn fields(&self, mut field: impl FnMut(&str, &str)) {
        field("customer_id", self.customer_id.text(&mut [0; 36]));
        if let Some(address) = &self.address {
            address.texts().for_each(|(name, text, _)| field(name, text));
            field("country", &address.country);
        }
    }
}

impl AddressSet {
    /// Whether what it says has its form.
    pub fn check(&self) -> Result<(), Unreadable> {
        self.set.check()?;
        expect(is_line(&self.by, 255), "by", &self.by, "1 to 255 characters, none of them a control")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> PostalAddress {
        PostalAddress {
            street_name: Some("Rue Carnot".to_owned()),
            town_name: "Dakar".to_owned(),
            country: "SN".to_owned(),
            address_lines: vec!["Villa 4".to_owned(), "Sicap Baobabs".to_owned()],
            ..PostalAddress::default()
        }
    }

    #[test]
    fn an_address_has_a_town_and_a_country_and_short_lines() {
        let with = |change: fn(&mut PostalAddress)| {
            let mut address = home();
            change(&mut address);
            address.check()
        };
        assert!(home().check().is_ok());
        assert!(with(|address| address.town_name = "x".repeat(140)).is_ok());
        for wrong in [
            with(|address| address.town_name = String::new()),
            with(|address| address.town_name = " ".to_owned()),
            with(|address| address.town_name = "x".repeat(141)),
            with(|address| address.country = "XX".to_owned()),
            with(|address| address.country = "sn".to_owned()),
            with(|address| address.street_name = Some("a\nb".to_owned())),
            with(|address| address.building_number = Some("1".repeat(17))),
            with(|address| address.address_lines.push("third".to_owned())),
            with(|address| address.address_lines[0] = "x".repeat(71)),
        ] {
            assert!(wrong.is_err());
        }
    }
}
