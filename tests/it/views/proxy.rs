//! A way to Postgres that breaks at a commit: the one moment whose outcome nobody can know by waiting.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// Where the next commit breaks.
#[derive(Clone, Copy, Debug)]
pub(super) enum Break {
    /// Before the server hears of it.
    Before = 1,
    /// After the server has done it, before the client hears of that.
    After = 2,
}

/// A running proxy.
pub(super) struct Proxy {
    pub(super) address: SocketAddr,
    next: Arc<AtomicU8>,
}

impl Proxy {
    pub(super) fn start(server: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let proxy = Self { address: listener.local_addr()?, next: Arc::default() };
        let next = Arc::clone(&proxy.next);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (next, Ok(server)) = (Arc::clone(&next), TcpStream::connect(server)) else { continue };
                let (Ok(from_client), Ok(from_server)) = (client.try_clone(), server.try_clone()) else { continue };
                let broken = Arc::new(AtomicU8::new(0));
                let upwards = Arc::clone(&broken);
                std::thread::spawn(move || forward(from_client, server, &next, &upwards));
                std::thread::spawn(move || answer(from_server, client, &broken));
            }
        });
        Ok(proxy)
    }

    /// Breaks the connection at its next commit.
    pub(super) fn break_next(&self, at: Break) {
        self.next.store(at as u8, Ordering::SeqCst);
    }

    /// Whether the break has come.
    pub(super) fn has_broken(&self) -> bool {
        self.next.load(Ordering::SeqCst) == 0
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream, next: &AtomicU8, broken: &AtomicU8) {
    let mut bytes = [0; 1 << 16];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        let commits = bytes[..count].windows(6).any(|word| word == b"COMMIT");
        let here = if commits { next.swap(0, Ordering::SeqCst) } else { 0 };
        if here == Break::Before as u8 {
            break;
        }
        broken.store(here, Ordering::SeqCst);
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    drop((from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both)));
}

fn answer(mut from: TcpStream, mut to: TcpStream, broken: &AtomicU8) {
    let mut bytes = [0; 1 << 16];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        // The server has answered, so it has done it.
        if broken.load(Ordering::SeqCst) == Break::After as u8 || to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    drop((from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both)));
}
