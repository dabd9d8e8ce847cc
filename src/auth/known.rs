//! Tokens that were checked a moment ago, so that a caller's signature is not checked at every request.
//!
//! In: a token. Out: the caller that it named when it was checked, as long as its time has not passed. A token is known by the
//! SHA-256 of all of it, so what is kept lets nobody in.

use super::LEEWAY_S;
use jsonwebtoken::get_current_timestamp;
use quick_cache::sync::Cache;
use schemas::Caller;
use sha2::{Digest as _, Sha256};

/// Most tokens that are remembered, some 300 bytes each. Those that nobody uses leave first.
const KNOWN_MAX: usize = 65_536;

/// The callers of these tokens.
pub(super) struct Known(Cache<[u8; 32], Caller>);

impl Default for Known {
    fn default() -> Self {
        Self(Cache::new(KNOWN_MAX))
    }
}

impl Known {
    /// Under what a token is remembered.
    pub(super) fn digest(token: &str) -> [u8; 32] {
        Sha256::digest(token).into()
    }

    /// The caller of a token that was found good, unless its time has passed since: then it is for the whole check to say so.
    pub(super) fn caller(&self, digest: &[u8; 32]) -> Option<Caller> {
        let caller = self.0.get(digest)?;
        if get_current_timestamp() <= caller.expires_s.saturating_add(LEEWAY_S) {
            return Some(caller);
        }
        self.0.remove(digest);
        None
    }

    /// Remembers the caller of a token that was found good.
    pub(super) fn remember(&self, digest: [u8; 32], caller: &Caller) {
        self.0.insert(digest, caller.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::{Authority, Principal};

    fn caller(expires_s: u64) -> Caller {
        Caller { principal: Principal { subject: "alice".to_owned(), authority: Authority::Customer }, scopes: Vec::new(), expires_s }
    }

    #[test]
    fn a_token_is_known_until_its_time_has_passed() {
        let (known, now) = (Known::default(), get_current_timestamp());
        let [good, late, over, other] = ["good", "late", "over", "other"].map(Known::digest);
        known.remember(good, &caller(now + 60));
        known.remember(late, &caller(now - 2));
        known.remember(over, &caller(now - LEEWAY_S - 1));
        assert_eq!(known.caller(&good), Some(caller(now + 60)));
        assert_eq!(known.caller(&late), Some(caller(now - 2)), "clocks differ by some seconds");
        assert_eq!(known.caller(&over), None);
        assert_eq!(known.0.len(), 2, "what is over is forgotten");
        assert_eq!(known.caller(&other), None);
    }

    #[test]
    fn tokens_that_were_remembered_have_a_bound() {
        let known = Known::default();
        for number in 0..2 * KNOWN_MAX {
            known.remember(Known::digest(&number.to_string()), &caller(u64::MAX));
        }
        assert!(known.0.len() <= KNOWN_MAX, "{}", known.0.len());
    }
}
