//! Many clients at once, each of which waits for its answer before it asks again.

use crate::connection::Connection;
use crate::services::Services;
use futures_util::future::try_join_all;
use orion::load::random::SplitMix64;
use std::time::{Duration, Instant};

/// Answers before this are not measured: connections are opened, caches filled.
const WARM_UP: Duration = Duration::from_secs(3);

/// Who asks what, and for how long.
pub(crate) struct ClosedLoop<'a> {
    pub(crate) listen: &'a str,
    pub(crate) path: &'a str,
    pub(crate) clients: usize,
    /// After the warm-up.
    pub(crate) time: Duration,
}

/// What came of it.
pub(crate) struct Answers {
    /// From sent to answered, the shortest first, of the answers that came within the time.
    pub(crate) waits: Vec<Duration>,
    /// All of them, those before and after included.
    pub(crate) count: u64,
}

impl ClosedLoop<'_> {
    /// Asks what `ask` says, with a token and a body; `check` is satisfied by each answer, or this fails. All clients are one thread.
    pub(crate) fn run<'t>(
        &self,
        services: &Services,
        ask: impl Fn(&mut SplitMix64) -> (&'t str, String),
        check: impl Fn(u16, &[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<Answers> {
        let from = Instant::now() + WARM_UP;
        let until = from + self.time;
        let client = async |number: u64| {
            let (mut waits, mut count) = (Vec::new(), 0);
            let mut random = SplitMix64::new(2 * number);
            let mut connection = Connection::open(self.listen, 2 * number + 1).await?;
            while Instant::now() < until {
                let (token, body) = ask(&mut random);
                let sent = Instant::now();
                let (status, answer) = connection.post(self.path, token, &body).await?;
                let answered = Instant::now();
                check(status, answer)?;
                count += 1;
                if (from..until).contains(&answered) {
                    waits.push(answered - sent);
                }
            }
            anyhow::Ok((waits, count))
        };
        let clients = (0..u64::try_from(self.clients)?).map(|number| client(1_000 + number));
        let told = services.runtime.block_on(try_join_all(clients))?;
        let count = told.iter().map(|(_, count)| count).sum();
        let mut waits: Vec<_> = told.into_iter().flat_map(|(waits, _)| waits).collect();
        waits.sort_unstable();
        Ok(Answers { waits, count })
    }
}
