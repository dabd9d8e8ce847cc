//! Who calls: the layer before every route that needs a token.
//!
//! In: `Authorization: Bearer` with a JWT signed by Ed25519. Out: the caller, as a request extension; or 401 with
//! the reason. A token is never logged and never part of an answer, and only one algorithm is ever accepted.

mod known;

use crate::config;
use anyhow::Context;
use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use known::Known;
use schemas::{Authority, Caller, Principal, Problem, Scope};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;

/// How far the clocks of the issuer and of this server may differ.
const LEEWAY_S: u64 = 5;
/// Longest token that is looked at.
const TOKEN_MAX_BYTES: usize = 8192;

/// What tokens are checked against.
pub struct Tokens {
    key: DecodingKey,
    validation: Validation,
    known: Known,
}

/// The claims that the bank reads; the library checks the rest.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    #[serde(default)]
    exp: serde_json::Value,
    #[serde(default)]
    scope: String,
}

/// Why a request has no caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// No token.
    Missing,
    /// Something else than one bearer token.
    Malformed,
    /// The signature, or the algorithm, is not the issuer's.
    Unsigned,
    /// Its time has passed.
    Expired,
    /// Its time has not come.
    Early,
    /// Another issuer's.
    Issuer,
    /// For another audience.
    Audience,
    /// A claim is missing or has no usable form.
    Claims,
}

impl Tokens {
    /// Reads the issuer's public key.
    pub fn load(auth: &config::Auth) -> anyhow::Result<Self> {
        let path = auth.public_key.display();
        let pem = std::fs::read(&auth.public_key)
            .with_context(|| format!("can't read the public key {path}; `orion token --init` makes a pair for local use"))?;
        Self::new(&pem, &auth.issuer, &auth.audience).with_context(|| format!("{path} is no Ed25519 public key in PEM"))
    }

    fn new(pem: &[u8], issuer: &str, audience: &str) -> Result<Self, jsonwebtoken::errors::Error> {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.leeway = LEEWAY_S;
        validation.validate_nbf = true;
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        Ok(Self { key: DecodingKey::from_ed_pem(pem)?, validation, known: Known::default() })
    }

    /// The caller that the headers name.
    pub fn caller(&self, headers: &HeaderMap) -> Result<Caller, Denied> {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let value = values.next().ok_or(Denied::Missing)?.to_str().map_err(|_| Denied::Malformed)?;
        let (scheme, token) = value.split_once(' ').ok_or(Denied::Malformed)?;
        if values.next().is_some() || !scheme.eq_ignore_ascii_case("bearer") || token.len() > TOKEN_MAX_BYTES {
            return Err(Denied::Malformed);
        }
        let digest = Known::digest(token);
        if let Some(caller) = self.known.caller(&digest) {
            return Ok(caller);
        }
        let caller = self.check(token)?;
        self.known.remember(digest, &caller);
        Ok(caller)
    }

    /// The caller that a token names.
    fn check(&self, token: &str) -> Result<Caller, Denied> {
        let token = decode::<Claims>(token.trim(), &self.key, &self.validation).map_err(|error| denied(error.kind()))?;
        // Whoever marks a header as critical counts on it being understood (RFC 7515): we understand none.
        if token.header.crit.is_some() {
            return Err(Denied::Malformed);
        }
        let Claims { sub, exp, scope } = token.claims;
        // A NumericDate may have a fraction (RFC 7519).
        let fraction = || Some(Duration::try_from_secs_f64(exp.as_f64()?).ok()?.as_secs());
        let expires_s = exp.as_u64().or_else(fraction).ok_or(Denied::Claims)?;
        if sub.is_empty() || sub.chars().count() > 255 || sub.chars().any(char::is_control) {
            return Err(Denied::Claims);
        }
        // What the bank does not know is for some other service.
        let scopes: Vec<Scope> = scope.split(' ').filter_map(|word| word.parse().ok()).collect();
        let authority = if scopes.contains(&Scope::Operator) { Authority::Operator } else { Authority::Customer };
        Ok(Caller { principal: Principal { subject: sub, authority }, scopes, expires_s })
    }
}

fn denied(kind: &ErrorKind) -> Denied {
    match kind {
        ErrorKind::InvalidSignature | ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => Denied::Unsigned,
        ErrorKind::ExpiredSignature => Denied::Expired,
        ErrorKind::ImmatureSignature => Denied::Early,
        ErrorKind::InvalidIssuer => Denied::Issuer,
        ErrorKind::InvalidAudience => Denied::Audience,
        ErrorKind::MissingRequiredClaim(_) | ErrorKind::InvalidClaimFormat(_) | ErrorKind::InvalidSubject => Denied::Claims,
        _ => Denied::Malformed,
    }
}

impl Denied {
    /// One sentence for the caller.
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::Missing => "This needs a token: Authorization: Bearer.",
            Self::Malformed => "The Authorization header is not one bearer token in the form of a JWT.",
            Self::Unsigned => "The token is not signed by the issuer's Ed25519 key.",
            Self::Expired => "The token has expired.",
            Self::Early => "The token is not valid yet.",
            Self::Issuer => "The token is from another issuer.",
            Self::Audience => "The token is for another audience.",
            Self::Claims => "The token lacks a usable exp, iss, aud or sub.",
        }
    }
}

impl IntoResponse for Denied {
    fn into_response(self) -> Response {
        // Who sends no token learns only that one is needed (RFC 6750, section 3.1).
        let (code, challenge) = match self {
            Self::Missing => ("token_missing", r#"Bearer realm="orion""#),
            _ => ("invalid_token", r#"Bearer realm="orion", error="invalid_token""#),
        };
        let challenge = [(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge))];
        (StatusCode::UNAUTHORIZED, challenge, Extension(Problem::new(401, code, self.explanation()))).into_response()
    }
}

/// The layer.
pub async fn require(State(tokens): State<Arc<Tokens>>, mut request: Request, next: Next) -> Response {
    match tokens.caller(request.headers()) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(denied) => denied.into_response(),
    }
}

#[cfg(test)]
mod tests;
