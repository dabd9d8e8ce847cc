//! `orion token`: keys and tokens of a local stack.
//!
//! In: a subject and scopes, or the wish for a key pair. Out: a token on standard output, and nothing else there.
//! A server only ever reads the public key. Where an identity provider issues the tokens, this is not used.

use crate::audit;
use crate::config::{Auth, Config};
use anyhow::{Context, bail};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp};
use schemas::Scope;
use serde::{Deserialize, Serialize};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Sign a token with the key of the local stack.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  orion token --init
      Make the key pair, and the key of the audit chain, if there is none.
  orion token --subject teller-1 --scope \"customers:write accounts:write transactions:write transactions:read accounts:read operator\"
      A token for staff.
  orion token --subject 019ab6f5-1c7b-7003-8000-000000000000 --scope \"accounts:read transactions:write transactions:read\" --ttl 600
      A token for a customer, whose id is the subject, for ten minutes.
  curl -H \"Authorization: Bearer $(orion token --subject teller-1 --scope 'accounts:read operator')\" http://127.0.0.1:8080/v1/accounts/...")]
pub struct Args {
    /// Make the key pair first, if there is none.
    #[arg(long)]
    init: bool,
    /// Who the token is for: a customer's id, or a name of staff or of a service.
    #[arg(long, required_unless_present = "init")]
    subject: Option<String>,
    /// What it allows, space separated.
    #[arg(long, default_value = "", value_parser = scopes)]
    scope: String,
    /// How long it is valid, in seconds.
    #[arg(long, default_value_t = 3600, value_name = "SECONDS")]
    ttl: u64,
}

/// What a token says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    /// Issuer.
    pub iss: String,
    /// Audience.
    pub aud: String,
    /// Subject.
    pub sub: String,
    /// Scopes, space separated.
    pub scope: String,
    /// Issued at, seconds since 1970.
    pub iat: u64,
    /// Not before.
    pub nbf: u64,
    /// Expires.
    pub exp: u64,
}

/// Where the keys are, and whether they are new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// A pair was made.
    Made,
    /// A pair was there.
    Found,
}

impl Keys {
    /// What happened, in a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Found => "found",
        }
    }
}

/// Prints a token.
pub fn run(args: &Args, config: &Config) -> anyhow::Result<()> {
    if args.init {
        let keys = ensure_keys(&config.auth)?.word();
        let (public, private) = (config.auth.public_key.display(), config.auth.private_key.display());
        eprintln!("keys {keys}: {public} (public), {private} (private)");
        let audit = audit::keys::ensure(&config.audit)?.word();
        let (public, private) = (config.audit.public_key_file.display(), config.audit.key_file.display());
        eprintln!("audit key {audit}: {public} (public), {private} (private)");
    }
    if let Some(subject) = &args.subject {
        println!("{}", sign(&config.auth, subject, &args.scope, args.ttl)?);
    }
    Ok(())
}

/// Signs a token that is valid from now on.
pub fn sign(auth: &Auth, subject: &str, scope: &str, ttl_s: u64) -> anyhow::Result<String> {
    let now = get_current_timestamp();
    let (iss, aud) = (auth.issuer.clone(), auth.audience.clone());
    sign_claims(
        auth,
        &Claims { iss, aud, sub: subject.to_owned(), scope: scope.to_owned(), iat: now, nbf: now, exp: now.saturating_add(ttl_s) },
    )
}

/// Signs any claims.
pub fn sign_claims(auth: &Auth, claims: &impl Serialize) -> anyhow::Result<String> {
    let path = auth.private_key.display();
    let pem = fs::read(&auth.private_key).with_context(|| format!("can't read the private key {path}; `orion token --init` makes one"))?;
    let key = EncodingKey::from_ed_pem(&pem).with_context(|| format!("{path} is no Ed25519 private key in PEM"))?;
    encode(&Header::new(Algorithm::EdDSA), claims, &key).context("can't sign")
}

/// Makes the key pair of a local stack, if it is not there.
///
/// The private key is written first. If the process ends before the public one is, the next call derives it.
pub fn ensure_keys(auth: &Auth) -> anyhow::Result<Keys> {
    let (public, private) = (&auth.public_key, &auth.private_key);
    let exists = |path: &Path| path.try_exists().with_context(|| format!("can't look for {}", path.display()));
    let pair = match (exists(public)?, exists(private)?) {
        (true, true) => return Ok(Keys::Found),
        // It may be the key of an identity provider: a pair of ours would lock its users out.
        (true, false) => bail!("{} is there without {}; no pair is made beside it", public.display(), private.display()),
        (false, true) => {
            let pem = pem::parse(fs::read(private).with_context(|| format!("can't read {}", private.display()))?)?;
            Ed25519KeyPair::from_pkcs8(pem.contents()).with_context(|| format!("{} is no Ed25519 private key", private.display()))?
        }
        (false, false) => {
            let pair = Ed25519KeyPair::generate().context("can't make a key")?;
            let der: Pkcs8V1Der<'_> = pair.as_der().context("can't write a key")?;
            write(private, "PRIVATE KEY", der.as_ref(), 0o600)?;
            pair
        }
    };
    let der: PublicKeyX509Der<'_> = pair.public_key().as_der().context("can't write a key")?;
    write(public, "PUBLIC KEY", der.as_ref(), 0o644)?;
    Ok(Keys::Made)
}

/// Writes a file that must not be there yet: whoever comes second hears of it, and overwrites nothing.
pub(crate) fn write(path: &Path, label: &str, der: &[u8], mode: u32) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("can't make {}", folder.display()))?;
    }
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(mode).open(path).with_context(|| format!("can't make {}", path.display()))?;
    file.write_all(pem::encode(&pem::Pem::new(label, der)).as_bytes()).with_context(|| format!("can't write {}", path.display()))
}

fn scopes(text: &str) -> Result<String, String> {
    let known = Scope::ALL.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(", ");
    match text.split_whitespace().find(|word| word.parse::<Scope>().is_err()) {
        Some(word) => Err(format!("{word} is no scope; the scopes are {known}")),
        None => Ok(text.split_whitespace().collect::<Vec<_>>().join(" ")),
    }
}
