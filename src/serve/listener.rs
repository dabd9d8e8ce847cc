//! Where the server listens: connections on which nobody waits for ever.
//!
//! In: a socket. Out: connections without a delay of small writes, and hung up on when the other side takes no byte of an answer for long: so
//! a client that reads a stream slowly, or not at all, holds its place for no longer than that.

use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_io_timeout::TimeoutStream;

/// Listens.
pub(super) struct Listener {
    pub(super) listener: TcpListener,
    /// Longest time that a write may wait for the other side.
    pub(super) write_max: Duration,
}

impl axum::serve::Listener for Listener {
    type Io = Pin<Box<TimeoutStream<TcpStream>>>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = axum::serve::Listener::accept(&mut self.listener).await;
        // What is written is whole: an answer, or an event.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps the delay of small writes");
        }
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(self.write_max));
        (Box::pin(stream), address)
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        axum::serve::Listener::local_addr(&self.listener)
    }
}
