//! A client with a connection that stays open, which waits for each answer before it asks again.
//!
//! It shares the machine with the bank, so it is as lean as HTTP/1.1 lets it be: a request is written as it stands on the wire, an answer
//! is read to its `Content-Length`. The door can't tell it from any other client.

use anyhow::{Context, ensure};
use orion::load::random::SplitMix64;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;

/// What separates head from body.
const BLANK: &[u8] = b"\r\n\r\n";

pub(crate) struct Connection {
    stream: TcpStream,
    /// Keys that nobody else asks with.
    random: SplitMix64,
    request: String,
    answer: Vec<u8>,
}

impl Connection {
    /// To a door; its keys are those of a seed.
    pub(crate) async fn open(listen: &str, seed: u64) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(listen).await.context("the door does not let us in")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, random: SplitMix64::new(seed), request: String::new(), answer: Vec::new() })
    }

    /// Asks with a key of its own, and waits for the decision; status and body.
    pub(crate) async fn post(&mut self, path: &str, token: &str, body: &str) -> anyhow::Result<(u16, &[u8])> {
        let key = Uuid::from_u64_pair(self.random.next(), self.random.next());
        self.request.clear();
        self.request.push_str("POST ");
        self.request.push_str(path);
        self.request.push_str(" HTTP/1.1\r\nHost: bank\r\nContent-Type: application/json\r\nPrefer: wait=10\r\nAuthorization: Bearer ");
        self.request.push_str(token);
        self.request.push_str(&format!("\r\nIdempotency-Key: {key}\r\nContent-Length: {}\r\n\r\n", body.len()));
        self.request.push_str(body);
        self.stream.write_all(self.request.as_bytes()).await?;
        self.answer.clear();
        let head = loop {
            if let Some(head) = self.answer.windows(BLANK.len()).position(|bytes| bytes == BLANK) {
                break head;
            }
            self.read().await?;
        };
        let (status, length) = read_head(std::str::from_utf8(&self.answer[..head])?)?;
        let body = head + BLANK.len();
        while self.answer.len() < body + length {
            self.read().await?;
        }
        Ok((status, &self.answer[body..]))
    }

    async fn read(&mut self) -> anyhow::Result<()> {
        ensure!(self.stream.read_buf(&mut self.answer).await? > 0, "the door has hung up");
        Ok(())
    }
}

/// The status and the length of the body.
fn read_head(head: &str) -> anyhow::Result<(u16, usize)> {
    let wrong = || format!("this is no answer: {head}");
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).with_context(wrong)?;
    let mut fields = lines.filter_map(|line| line.split_once(':'));
    let length = fields.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    Ok((status, length.and_then(|(_, length)| length.trim().parse().ok()).with_context(wrong)?))
}
