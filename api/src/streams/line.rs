//! The line to one client of a stream: what it is sent, that the stream is alive, and why it ends.

use super::Streams;
use crate::failure::Failure;
use crate::sse::{self, End, SILENCE_MAX};
use axum::body::{Body, Bytes};
use axum::response::Response;
use schemas::{Epoch, Problem};
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// How long a client may take to make room for the last event.
const LAST_WORD: Duration = Duration::from_secs(1);

/// Pause after a reading that failed.
const PAUSE: Duration = Duration::from_millis(500);

/// Nobody takes what is sent.
pub(crate) struct Gone;

/// Everything up to an epoch has been told; that is its id.
pub(crate) fn progress(text: &mut Vec<u8>, as_of: Epoch) {
    sse::event(text, "progress", Some(&as_of.to_string()), &format!(r#"{{"as_of":{as_of}}}"#));
}

/// One chunk waits at the most: whoever is slow slows down what is read for them alone.
#[derive(Clone)]
pub(crate) struct Line(mpsc::Sender<Bytes>);

impl Line {
    /// A line and its answer. A client that begins now hears first from where on it hears everything; 0 is from nothing.
    pub(crate) fn open(has: Epoch) -> (Self, Response) {
        let (chunks, receiver) = mpsc::channel(1);
        if has > 0 {
            let mut text = Vec::new();
            progress(&mut text, has);
            chunks.try_send(text.into()).expect("there is room for the first");
        }
        let body = futures_util::stream::unfold(receiver, async |mut receiver: mpsc::Receiver<Bytes>| {
            let chunk = receiver.recv().await?;
            Some((Ok::<_, Infallible>(chunk), receiver))
        });
        (Self(chunks), sse::answer(Body::from_stream(body)))
    }

    /// Tells until the client goes, its token expires or the server stops.
    pub(crate) async fn hold(&self, streams: &Streams, expires: Instant, tell: impl Future<Output = Result<Infallible, Gone>>) {
        let mut stopping = streams.stopping();
        let end = tokio::select! {
            _ = stopping.wait_for(|stopping| *stopping) => End::ServerStops,
            () = sleep_until(expires) => End::TokenExpired,
            () = self.0.closed() => return,
            told = tell => match told {
                Ok(never) => match never {},
                Err(Gone) => return,
            },
        };
        let mut text = Vec::new();
        sse::end(&mut text, end);
        // A client that does not take it in time sees the end of the stream alone.
        drop(timeout(LAST_WORD, self.0.send(text.into())).await);
    }

    pub(crate) async fn send(&self, text: impl Into<Bytes>) -> Result<(), Gone> {
        self.0.send(text.into()).await.map_err(|_| Gone)
    }

    pub(crate) async fn say_alive(&self) -> Result<(), Gone> {
        let mut text = Vec::new();
        sse::alive(&mut text, None);
        self.send(text).await
    }

    /// After a reading that failed: the client is not sent away for that, and hears that the stream is alive.
    pub(crate) async fn rest(&self, stream: &str, failure: Failure) -> Result<(), Gone> {
        let problem: Problem = failure.into();
        tracing::debug!(stream, code = problem.code, "a stream can't read");
        self.say_alive().await?;
        sleep(PAUSE).await;
        Ok(())
    }

    /// Waits, and says every now and then that the stream is alive.
    pub(crate) async fn patiently<T>(&self, what: impl Future<Output = T>) -> Result<T, Gone> {
        tokio::pin!(what);
        loop {
            match timeout(SILENCE_MAX, &mut what).await {
                Ok(came) => return Ok(came),
                Err(_) => self.say_alive().await?,
            }
        }
    }
}
