//! Tokens for the callers of a run, signed with the private key of the local stack and kept until they age.

use super::trouble::Trouble;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use schemas::CustomerId;
use serde::Serialize;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// Subject of the operator who opens accounts and brings the first cash.
pub(super) const OPERATOR: &str = "orion-load";
/// What the operator may do.
pub(super) const OPERATOR_SCOPE: &str =
    "operator customers:write accounts:write accounts:read transactions:write transactions:read rules:write aml:read metrics:read";
/// What a customer may do.
pub(super) const CUSTOMER_SCOPE: &str = "accounts:read transactions:write transactions:read";

/// How long a token is valid.
const VALID: Duration = Duration::from_secs(3_600);
/// How long one is used.
const USED: Duration = Duration::from_secs(1_800);

/// Who sends a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Caller {
    /// Staff.
    Operator,
    /// A customer, for themselves.
    Customer(CustomerId),
}

/// What signs the tokens of a run.
pub(super) struct Tokens {
    key: EncodingKey,
    issuer: String,
    audience: String,
    kept: Mutex<HashMap<Caller, (Instant, Arc<str>)>>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    scope: &'a str,
    iat: u64,
    exp: u64,
}

impl Tokens {
    /// Reads the key from a PEM file.
    pub(super) fn read(path: &Path, issuer: &str, audience: &str) -> Result<Self, Trouble> {
        let trouble = |reason: String| Trouble::Key { path: path.display().to_string(), reason };
        let pem = std::fs::read(path).map_err(|error| trouble(error.to_string()))?;
        let key = EncodingKey::from_ed_pem(&pem).map_err(|error| trouble(format!("it is no Ed25519 key in PEM: {error}")))?;
        Ok(Self::new(key, issuer, audience))
    }

    pub(super) fn new(key: EncodingKey, issuer: &str, audience: &str) -> Self {
        Self { key, issuer: issuer.to_owned(), audience: audience.to_owned(), kept: Mutex::default() }
    }

    /// A token of a caller.
    pub(super) fn token(&self, caller: Caller) -> Result<Arc<str>, Trouble> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((signed, token)) = kept.get(&caller)
            && signed.elapsed() < USED
        {
            return Ok(token.clone());
        }
        let token: Arc<str> = self.sign(caller)?.into();
        kept.insert(caller, (Instant::now(), token.clone()));
        Ok(token)
    }

    fn sign(&self, caller: Caller) -> Result<String, Trouble> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let (sub, scope) = match caller {
            Caller::Operator => (OPERATOR.to_owned(), OPERATOR_SCOPE),
            Caller::Customer(customer) => (customer.to_string(), CUSTOMER_SCOPE),
        };
        let claims = Claims { iss: &self.issuer, aud: &self.audience, sub: &sub, scope, iat: now, exp: now + VALID.as_secs() };
        jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &claims, &self.key)
            .map_err(|error| Trouble::Key { path: "the configured key".to_owned(), reason: error.to_string() })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
    use jsonwebtoken::{DecodingKey, Validation};
    use uuid::Uuid;

    /// Tokens of a key made for this test, and the key that checks them.
    pub(in crate::load) fn tokens() -> (Tokens, DecodingKey) {
        let pair = Ed25519KeyPair::generate().unwrap();
        let der = pair.to_pkcs8().unwrap();
        let check = DecodingKey::from_ed_der(pair.public_key().as_ref());
        (Tokens::new(EncodingKey::from_ed_der(der.as_ref()), "https://issuer.example", "orion"), check)
    }

    #[test]
    fn tokens_say_who_calls_and_what_they_may() {
        let (tokens, check) = tokens();
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&["https://issuer.example"]);
        validation.set_audience(&["orion"]);
        let customer = CustomerId(Uuid::new_v4());
        let cases = [(Caller::Operator, OPERATOR.to_owned(), true), (Caller::Customer(customer), customer.to_string(), false)];
        for (caller, subject, operator) in cases {
            let token = tokens.token(caller).unwrap();
            let claims = jsonwebtoken::decode::<serde_json::Value>(token.as_bytes(), &check, &validation).unwrap().claims;
            assert_eq!(claims["sub"], subject);
            let scopes: Vec<&str> = claims["scope"].as_str().unwrap().split(' ').collect();
            assert_eq!(scopes.contains(&"operator"), operator);
            assert!(scopes.contains(&"transactions:write"));
            assert!(Arc::ptr_eq(&token, &tokens.token(caller).unwrap()), "signed once");
        }
    }
}
