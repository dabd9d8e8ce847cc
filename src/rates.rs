//! How fast one subject may ask.
//!
//! In: a caller, behind the layer that says who it is, so whatever door that layer stands before. Out: the request goes on, and its
//! answer says what is left (the RateLimit fields of the IETF's draft); or 429 `rate_limited`. A bucket fills at the rate that is set, and holds
//! a burst. Whoever acts for any customer is a service of the bank, and has a rate of its own.

use crate::config;
use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::clock::MonotonicClock;
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use meters::RATE_LIMITED;
use schemas::{Authority, Caller, Problem};
use std::num::NonZeroU32;
use std::sync::Arc;

/// Most subjects whose buckets are not full. A full one need not be remembered.
const SUBJECTS_MAX: usize = 100_000;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LEFT: HeaderName = HeaderName::from_static("ratelimit");

/// The buckets.
pub struct Rates {
    own: Option<Buckets>,
    operators: Option<Buckets>,
}

struct Buckets {
    limiter: RateLimiter<String, HashMapStateStore<String>, MonotonicClock, StateInformationMiddleware>,
    burst: NonZeroU32,
    /// Until an empty bucket is full, in seconds.
    window_s: u32,
    subjects_max: usize,
}

impl Rates {
    /// As it is configured; a rate of 0 is none.
    pub fn new(http: &config::Http) -> Self {
        Self {
            own: Buckets::new(http.rate_per_second, http.burst, SUBJECTS_MAX),
            operators: Buckets::new(http.operator_rate_per_second, http.operator_burst, SUBJECTS_MAX),
        }
    }

    fn of(&self, authority: Authority) -> Option<&Buckets> {
        match authority {
            Authority::Customer => self.own.as_ref(),
            Authority::Operator => self.operators.as_ref(),
        }
    }
}

impl Buckets {
    fn new(rate_per_second: u32, burst: u32, subjects_max: usize) -> Option<Self> {
        let (rate, burst) = (NonZeroU32::new(rate_per_second)?, NonZeroU32::new(burst)?);
        let quota = Quota::per_second(rate).allow_burst(burst);
        let limiter = RateLimiter::hashmap_with_clock(quota, MonotonicClock).with_middleware();
        Some(Self { limiter, burst, window_s: burst.get().div_ceil(rate.get()), subjects_max })
    }

    /// How many more the subject may ask at once; none if this is already too many.
    fn take(&self, subject: &str) -> Option<u32> {
        if self.limiter.len() >= self.subjects_max {
            self.limiter.retain_recent();
            if self.limiter.len() >= self.subjects_max {
                return None;
            }
        }
        self.limiter.check_key(&subject.to_owned()).ok().map(|left| left.remaining_burst_capacity())
    }

    fn describe(&self, left: u32, response: &mut Response) {
        let (burst, window_s) = (self.burst, self.window_s);
        let mut says = |name, text: String| HeaderValue::try_from(text).map(|value| response.headers_mut().insert(name, value)).is_ok();
        says(POLICY, format!("\"subject\";q={burst};w={window_s}"));
        says(LEFT, format!("\"subject\";r={left};t={window_s}"));
    }
}

/// The layer, behind the one that says who calls.
pub async fn limit(State(rates): State<Arc<Rates>>, request: Request, next: Next) -> Response {
    let caller = request.extensions().get::<Caller>();
    let Some((buckets, subject)) =
        caller.and_then(|caller| Some((rates.of(caller.principal.authority)?, caller.principal.subject.as_str())))
    else {
        return next.run(request).await;
    };
    let left = buckets.take(subject);
    let mut response = match left {
        Some(_) => next.run(request).await,
        None => {
            RATE_LIMITED.with_label_values(meters::NONE).inc();
            refused()
        }
    };
    buckets.describe(left.unwrap_or_default(), &mut response);
    response
}

fn refused() -> Response {
    let detail = "You ask faster than this server allows. Nothing was done; slow down, and send it again.";
    (StatusCode::TOO_MANY_REQUESTS, Extension(Problem::new(429, "rate_limited", detail))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left after each, in less time than gives anything back; a busy machine may take more than one attempt.
    fn within_a_second<const N: usize>(made: impl Fn() -> Buckets, subjects: [&str; N]) -> (Buckets, [Option<u32>; N]) {
        loop {
            let (buckets, began) = (made(), std::time::Instant::now());
            let taken = subjects.map(|subject| buckets.take(subject));
            if began.elapsed() < std::time::Duration::from_secs(1) {
                return (buckets, taken);
            }
        }
    }

    #[test]
    fn a_bucket_holds_a_burst_and_is_ones_own() {
        let (buckets, taken) = within_a_second(|| Buckets::new(1, 3, 10).unwrap(), ["awa", "awa", "awa", "awa", "moussa"]);
        assert_eq!(taken, [Some(2), Some(1), Some(0), None, Some(2)]);
        assert_eq!(buckets.window_s, 3);
    }

    #[test]
    fn no_rate_is_no_limit() {
        assert!(Buckets::new(0, 5, 10).is_none());
    }

    #[test]
    fn subjects_that_have_been_quiet_are_forgotten_and_no_more_are_remembered_than_may_be() {
        let (_, taken) = within_a_second(|| Buckets::new(1, 1, 2).unwrap(), ["awa", "moussa", "eve"]);
        assert_eq!(taken, [Some(0), Some(0), None]);
        let quick = Buckets::new(1_000_000, 1, 2).unwrap();
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        for subject in ["awa", "moussa", "eve"] {
            while quick.take(subject).is_none() {
                assert!(std::time::Instant::now() < deadline, "full buckets are not forgotten");
            }
        }
        assert!(quick.limiter.len() <= 2);
    }
}
