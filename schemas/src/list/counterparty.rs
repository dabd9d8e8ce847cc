//! Who pays or is paid outside of the bank, known again without being named.

use crate::money::Unreadable;
use sha2::{Digest as _, Sha256};

/// The first 16 bytes of SHA-256 over a counterparty's name, in lower case and with single spaces, and the country that was said with it:
/// another name or another country is another counterparty. It does not depend on how names are compared, so a match that was cleared stays so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct CounterpartyDigest(pub [u8; 16]);

impl CounterpartyDigest {
    /// Of a name and a country.
    pub fn of(name: &str, country: Option<&str>) -> Self {
        let name = name.to_lowercase();
        let mut hash = Sha256::new();
        for text in std::iter::once(country.unwrap_or_default()).chain(name.split_whitespace()) {
            hash.update(u32::try_from(text.len()).expect("every text is bounded at the door").to_be_bytes());
            hash.update(text.as_bytes());
        }
        let digest: [u8; 32] = hash.finalize().into();
        Self(*digest.first_chunk().expect("a SHA-256 digest has 32 bytes"))
    }
}

impl std::fmt::Display for CounterpartyDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&crate::hex::hex(&self.0))
    }
}

impl std::str::FromStr for CounterpartyDigest {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        crate::hex::unhex(text).map(Self).ok_or_else(|| Unreadable::new("counterparty", text, "32 hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_name_or_country_is_another_counterparty() {
        let of = CounterpartyDigest::of;
        let all = [of("Awa Diop", None), of("Awa Diop", Some("SN")), of("Diop Awa", None), of("AwaDiop", None), of("Awa", None)];
        assert_eq!(of(" AWA  diop", None), all[0]);
        assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), all.len());
        assert_eq!(all[0].to_string().parse::<CounterpartyDigest>().unwrap(), all[0]);
        assert!("AB".parse::<CounterpartyDigest>().is_err());
        assert_eq!(all[0].to_string(), "87f0436d46436ccf7972dbefdd37f73f", "it stands in ids of alerts, so it is fixed for good");
    }
}
