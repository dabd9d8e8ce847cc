//! Who holds an account, as a report tells it, and what of theirs is frozen?
//!
//! Names and dates are those of the newest document that was presented, which somebody has looked at; without one those of the customer, of
//! whose one name the last word is taken for that of the family. Numbers of documents are not kept, so none is told.

use crate::View;
use crate::failure::ViewError;
use goaml::report::{Account, Address, Entity, Person, Phone, Signatory};
use goaml::{Holder, Profile};
use schemas::diligence::PostalAddress;
use schemas::document::DocumentType;
use schemas::resource::diligence::DocumentShown;
use schemas::{AccountId, AccountType, CustomerId, Epoch, Role, day, epoch};
use sqlx::FromRow;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The accounts $1 that customers hold, with these.
const HOLDERS: &str = "
    select a.id, a.role, a.type, a.currency, a.epoch, c.id as customer_id, coalesce(u.full_name, c.full_name) as full_name,
           coalesce(u.msisdn, c.msisdn) as msisdn, coalesce(u.country, c.country) as country, u.date_of_birth, k.document,
           (select address::text from customer_address where customer_id = c.id order by event_id desc limit 1) as address
    from account a
    join customer c on c.id = a.customer_id
    left join lateral (select (array_agg(full_name order by event_id desc) filter (where full_name is not null))[1] as full_name,
                              (array_agg(msisdn order by event_id desc) filter (where msisdn is not null))[1] as msisdn,
                              (array_agg(country order by event_id desc) filter (where country is not null))[1] as country,
                              (array_agg(date_of_birth order by event_id desc) filter (where date_of_birth is not null))[1] as date_of_birth
                       from customer_change
                       where customer_id = c.id) u on true
    left join lateral (select document::text as document from kyc_change
                       where customer_id = c.id and document is not null
                       order by event_id desc
                       limit 1) k on true
    where a.id = any($1)";

/// What of the customer $1 is frozen, and since when.
const FROZEN: &str = "
    select account_id, epoch
    from (select distinct on (account_id) account_id, change, epoch
          from party_change
          where customer_id = $1 and change in ('frozen', 'unfrozen')
          order by account_id, event_id desc) newest
    where change = 'frozen'
    order by account_id nulls first";

#[derive(FromRow)]
struct Row {
    id: Uuid,
    role: String,
    r#type: String,
    currency: String,
    epoch: i64,
    customer_id: Uuid,
    full_name: String,
    msisdn: Option<String>,
    country: Option<String>,
    date_of_birth: Option<String>,
    document: Option<String>,
    address: Option<String>,
}

/// A customer who is frozen, or an account of theirs.
pub(super) struct Frozen {
    /// The account; none where it is the customer.
    pub(super) account: Option<AccountId>,
    /// Since when.
    pub(super) since: Epoch,
}

/// Who holds these accounts; the house's own have nobody.
pub(super) async fn holders(view: &View, accounts: &BTreeSet<AccountId>) -> Result<BTreeMap<AccountId, Holder>, ViewError> {
    let ids: Vec<Uuid> = accounts.iter().map(|id| id.0).collect();
    let rows: Vec<Row> = sqlx::query_as(HOLDERS).bind(ids).fetch_all(&view.pool).await?;
    rows.into_iter().map(|row| Ok((AccountId(row.id), row.into_holder(view)?))).collect()
}

/// What of a customer is frozen.
pub(super) async fn frozen(view: &View, customer: Option<CustomerId>) -> Result<Vec<Frozen>, ViewError> {
    let Some(customer) = customer else { return Ok(Vec::new()) };
    let rows: Vec<(Option<Uuid>, i64)> = sqlx::query_as(FROZEN).bind(customer.0).fetch_all(&view.pool).await?;
    let frozen = |(account, since): (Option<Uuid>, i64)| Ok(Frozen { account: account.map(AccountId), since: u64::try_from(since)? });
    rows.into_iter().map(frozen).collect()
}

impl Row {
    fn into_holder(self, view: &View) -> Result<Holder, ViewError> {
        let fiu = &view.fiu;
        let country = self.country.clone().unwrap_or_else(|| fiu.bank.location.country_code.clone());
        let role: Role = self.role.parse()?;
        let phones: Vec<Phone> = self.msisdn.iter().map(|number| phone(number)).collect();
        let lives: Option<PostalAddress> = self.address.as_deref().map(serde_json::from_str).transpose()?;
        let addresses: Vec<Address> = lives.iter().map(address).collect();
        // A merchant is a business, whoever stands behind it.
        let (t_entity, signatories) = if role == Role::Merchant {
            let incorporation_country_code = self.country.clone();
            let name = self.full_name.clone();
            (Some(Entity { name, phones, addresses, incorporation_country_code, ..Entity::default() }), Vec::new())
        } else {
            let person = Person { phones, addresses, ..self.person()? };
            (None, vec![Signatory { is_primary: Some(true), person, role: None }])
        };
        let opened = epoch::rfc3339(u64::try_from(self.epoch)?);
        let account = Account {
            institution_name: Some(fiu.institution_name.clone()),
            institution_code: fiu.institution_code.clone(),
            // Either, never both.
            swift: fiu.swift.clone().filter(|_| fiu.institution_code.is_none()),
            account: AccountId(self.id).to_string(),
            currency_code: Some(self.currency.parse()?),
            client_number: Some(CustomerId(self.customer_id).to_string()),
            personal_account_type: product(&fiu.profile, self.r#type.parse()?),
            t_entity,
            signatories,
            opened: opened.get(..10).and_then(day::from_iso),
            ..Account::default()
        };
        Ok(Holder { is_my_client: true, account, country })
    }

    fn person(&self) -> Result<Person, ViewError> {
        let document: Option<DocumentShown> = self.document.as_deref().map(serde_json::from_str).transpose()?;
        let residence = self.country.clone();
        let born = self.date_of_birth.as_deref().or(document.as_ref().map(|document| document.date_of_birth.as_str()));
        let birthdate = born.and_then(day::from_iso);
        Ok(match document {
            Some(document) => Person {
                first_name: document.given_names,
                last_name: document.surname,
                birthdate,
                nationality1: is_of_citizens(document.r#type).then_some(document.country),
                residence,
                ..Person::default()
            },
            None => {
                let (first, last) = self.full_name.rsplit_once(' ').unwrap_or(("", &self.full_name));
                Person { first_name: first.to_owned(), last_name: last.to_owned(), birthdate, residence, ..Person::default() }
            }
        })
    }
}

/// Whether a state gives it to its own citizens alone.
const fn is_of_citizens(document: DocumentType) -> bool {
    matches!(document, DocumentType::Passport | DocumentType::NationalId | DocumentType::VoterCard | DocumentType::ConsularCard)
}

fn product(profile: &Profile, product: AccountType) -> Option<String> {
    profile.products.get(&product).cloned()
}

/// Where somebody lives; without a street or a line the town stands for it.
fn address(lives: &PostalAddress) -> Address {
    let PostalAddress { street_name, building_number, post_code, town_name, country_sub_division, country, address_lines } = lives;
    let street: Vec<&str> = [building_number, street_name].into_iter().flatten().map(String::as_str).collect();
    let parts: Vec<&str> = address_lines.iter().map(String::as_str).collect();
    let parts: Vec<String> = [street.join(" "), parts.join(", ")].into_iter().filter(|part| !part.is_empty()).collect();
    Address {
        address_type: "P".to_owned(),
        address: if parts.is_empty() { town_name.clone() } else { parts.join(", ") },
        town: None,
        city: town_name.clone(),
        zip: post_code.clone(),
        country_code: country.clone(),
        state: country_sub_division.clone(),
    }
}

/// A private mobile.
fn phone(msisdn: &str) -> Phone {
    let number = msisdn.trim_start_matches('+').to_owned();
    Phone { contact_type: "P".to_owned(), communication_type: "M".to_owned(), country_prefix: None, number }
}
