//! Tokens as data: each with why it is denied, or whom it names.

use super::*;
use crate::token;
use axum::http::HeaderValue;
use jsonwebtoken::{EncodingKey, Header, encode, get_current_timestamp};
use serde_json::{Value, json};
use std::path::PathBuf;

/// A pair of keys in a folder of its own.
fn issuer(name: &str) -> config::Auth {
    let folder: PathBuf = std::env::temp_dir().join(format!("orion-auth-{name}-{}", uuid::Uuid::new_v4()));
    let auth = config::Auth {
        public_key: folder.join("public.pem"),
        private_key: folder.join("private.pem"),
        issuer: "https://issuer.test".to_owned(),
        audience: "orion".to_owned(),
    };
    token::ensure_keys(&auth).unwrap();
    auth
}

/// The claims of a good token with some changed, or removed where the value is null.
fn claims(changes: &Value) -> Value {
    let now = get_current_timestamp();
    let mut claims =
        json!({"iss": "https://issuer.test", "aud": "orion", "sub": "alice", "scope": "accounts:read", "nbf": now, "exp": now + 60});
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

fn caller(tokens: &Tokens, values: &[&str]) -> Result<Caller, Denied> {
    tokens.caller(&values.iter().map(|value| (header::AUTHORIZATION, HeaderValue::from_str(value).unwrap())).collect())
}

#[test]
fn claims_decide() {
    let auth = issuer("claims");
    let tokens = Tokens::load(&auth).unwrap();
    let now = get_current_timestamp();
    for (changes, denied) in [
        (json!({}), None),
        (json!({"aud": ["other", "orion"]}), None),
        (json!({"nbf": null}), None),
        (json!({"scope": null}), None),
        (json!({"exp": now - 2}), None),
        (json!({"exp": 4_000_000_000.5}), None),
        (json!({"exp": now - 30}), Some(Denied::Expired)),
        (json!({"exp": null}), Some(Denied::Claims)),
        (json!({"exp": "soon"}), Some(Denied::Claims)),
        (json!({"nbf": now + 30}), Some(Denied::Early)),
        (json!({"iss": "https://other.test"}), Some(Denied::Issuer)),
        (json!({"iss": null}), Some(Denied::Claims)),
        (json!({"aud": "other"}), Some(Denied::Audience)),
        (json!({"aud": null}), Some(Denied::Claims)),
        (json!({"sub": null}), Some(Denied::Malformed)),
        (json!({"sub": ""}), Some(Denied::Claims)),
        (json!({"sub": "a\u{0}b"}), Some(Denied::Claims)),
        (json!({"sub": "a".repeat(256)}), Some(Denied::Claims)),
    ] {
        let token = token::sign_claims(&auth, &claims(&changes)).unwrap();
        assert_eq!(caller(&tokens, &[&format!("Bearer {token}")]).err(), denied, "{changes}");
    }
}

#[test]
fn only_the_issuers_ed25519_signature_counts() {
    let (auth, other) = (issuer("signature"), issuer("other"));
    let tokens = Tokens::load(&auth).unwrap();
    let good = token::sign_claims(&auth, &claims(&json!({}))).unwrap();
    let foreign = token::sign_claims(&other, &claims(&json!({}))).unwrap();
    let parts: Vec<&str> = good.split('.').collect();
    let foreign_parts: Vec<&str> = foreign.split('.').collect();
    let public = std::fs::read(&auth.public_key).unwrap();
    let symmetric = encode(&Header::new(Algorithm::HS256), &claims(&json!({})), &EncodingKey::from_secret(&public)).unwrap();
    // {"alg":"none","typ":"JWT"}
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    let mut critical = Header::new(Algorithm::EdDSA);
    critical.crit = Some(vec!["exp".to_owned()]);
    let key = EncodingKey::from_ed_pem(&std::fs::read(&auth.private_key).unwrap()).unwrap();
    let critical = encode(&critical, &claims(&json!({})), &key).unwrap();
    for (token, denied) in [
        (foreign.clone(), Denied::Unsigned),
        (format!("{}.{}.{}", parts[0], parts[1], foreign_parts[2]), Denied::Unsigned),
        (format!("{}.{}.", parts[0], parts[1]), Denied::Unsigned),
        (symmetric, Denied::Unsigned),
        (format!("{none}.{}.", parts[1]), Denied::Malformed),
        (format!("{none}.{}.{}", parts[1], parts[2]), Denied::Malformed),
        (critical, Denied::Malformed),
        (format!("{}.{}", parts[0], parts[1]), Denied::Malformed),
        ("garbage".to_owned(), Denied::Malformed),
        (String::new(), Denied::Malformed),
    ] {
        assert_eq!(caller(&tokens, &[&format!("Bearer {token}")]).err(), Some(denied), "{token}");
    }
}

#[test]
fn one_bearer_token_or_none_at_all() {
    let auth = issuer("header");
    let tokens = Tokens::load(&auth).unwrap();
    let good = token::sign(&auth, "alice", "accounts:read", 60).unwrap();
    let (bearer, lower, basic) = (format!("Bearer {good}"), format!("bearer {good}"), format!("Basic {good}"));
    let long = format!("Bearer {}", "a".repeat(TOKEN_MAX_BYTES + 1));
    for (values, denied) in [
        (vec![], Some(Denied::Missing)),
        (vec![bearer.as_str()], None),
        (vec![lower.as_str()], None),
        (vec![basic.as_str()], Some(Denied::Malformed)),
        (vec![good.as_str()], Some(Denied::Malformed)),
        (vec!["Bearer"], Some(Denied::Malformed)),
        (vec![bearer.as_str(), bearer.as_str()], Some(Denied::Malformed)),
        (vec![long.as_str()], Some(Denied::Malformed)),
    ] {
        assert_eq!(caller(&tokens, &values).err(), denied, "{values:?}");
    }
}

#[test]
fn scopes_make_the_caller() {
    let auth = issuer("scopes");
    let tokens = Tokens::load(&auth).unwrap();
    for (scope, authority, scopes) in [
        ("", Authority::Customer, vec![]),
        ("accounts:read", Authority::Customer, vec![Scope::AccountsRead]),
        ("openid accounts:read  operator", Authority::Operator, vec![Scope::AccountsRead, Scope::Operator]),
        ("operators Operator", Authority::Customer, vec![]),
    ] {
        let expires_s = get_current_timestamp() + 60;
        let token = token::sign_claims(&auth, &claims(&json!({"scope": scope, "exp": expires_s}))).unwrap();
        let caller = caller(&tokens, &[&format!("Bearer {token}")]).unwrap();
        assert_eq!(caller, Caller { principal: Principal { subject: "alice".to_owned(), authority }, scopes, expires_s }, "{scope}");
    }
}

#[test]
fn keys_are_made_once_and_never_replaced() {
    use std::os::unix::fs::PermissionsExt;
    let auth = issuer("keys");
    let read = || (std::fs::read(&auth.public_key).unwrap(), std::fs::read(&auth.private_key).unwrap());
    let made = read();
    assert_eq!(std::fs::metadata(&auth.private_key).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(token::ensure_keys(&auth).unwrap(), token::Keys::Found);
    // A process that ended between the two files: the public key is derived.
    std::fs::remove_file(&auth.public_key).unwrap();
    assert_eq!(token::ensure_keys(&auth).unwrap(), token::Keys::Made);
    assert_eq!(read(), made);
    // A public key alone is someone else's.
    std::fs::remove_file(&auth.private_key).unwrap();
    assert!(token::ensure_keys(&auth).is_err());
}

#[test]
fn what_is_remembered_of_a_token_lets_nobody_else_in_and_ends_with_it() {
    let auth = issuer("remembered");
    let tokens = Tokens::load(&auth).unwrap();
    let bearer = |token: &str| format!("Bearer {token}");
    let good = token::sign_claims(&auth, &claims(&json!({}))).unwrap();
    let first = caller(&tokens, &[&bearer(&good)]).unwrap();
    assert_eq!(caller(&tokens, &[&bearer(&good)]), Ok(first.clone()));
    // The same claims behind another signature.
    let (said, _) = good.rsplit_once('.').unwrap();
    let other = token::sign_claims(&issuer("forger"), &claims(&json!({}))).unwrap();
    let forged = format!("{said}.{}", other.rsplit_once('.').unwrap().1);
    assert_eq!(caller(&tokens, &[&bearer(&forged)]), Err(Denied::Unsigned));
    // As it is once its time has passed: remembered, and no longer good.
    let late = token::sign_claims(&auth, &claims(&json!({"exp": get_current_timestamp() - 30}))).unwrap();
    tokens.known.remember(Known::digest(&late), &Caller { expires_s: get_current_timestamp() - 30, ..first });
    assert_eq!(caller(&tokens, &[&bearer(&late)]), Err(Denied::Expired));
}
