//! A connection to a broker: requests out, answers in the order of the requests. It is never opened again by itself, since whoever
//! uses it has to know that it was lost.

use super::ProduceError;
use bytes::{Buf, Bytes, BytesMut};
use kafka_protocol::messages::{RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

/// How long a broker may take to let us in.
const CONNECTS: Duration = Duration::from_secs(5);
/// How long a broker may take to answer: less than a transaction may stay open.
pub(crate) const ANSWERS: Duration = Duration::from_secs(9);
/// An answer is never larger.
const ANSWER_MAX_BYTES: usize = 16 << 20;

/// An open connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    /// Of the newest request.
    number: i32,
    /// When it was used last.
    used: Instant,
}

impl Connection {
    /// Connects to a broker, `host:port`.
    pub(crate) fn open(address: &str) -> Result<Self, ProduceError> {
        let unreachable = |source| ProduceError::Unreachable { address: address.to_owned(), source };
        let mut failed = std::io::Error::from(ErrorKind::AddrNotAvailable);
        for to in address.to_socket_addrs().map_err(unreachable)? {
            match TcpStream::connect_timeout(&to, CONNECTS) {
                Ok(stream) => {
                    stream.set_nodelay(true).map_err(unreachable)?;
                    stream.set_read_timeout(Some(ANSWERS)).map_err(unreachable)?;
                    stream.set_write_timeout(Some(ANSWERS)).map_err(unreachable)?;
                    return Ok(Self { stream, number: 0, used: Instant::now() });
                }
                Err(error) => failed = error,
            }
        }
        Err(unreachable(failed))
    }

    /// For how long nobody has used it.
    pub(crate) fn rests(&self) -> Duration {
        self.used.elapsed()
    }

    /// Whether the other end has not gone. Nothing is under way.
    pub(crate) fn is_open(&self) -> bool {
        let look = || {
            self.stream.set_nonblocking(true)?;
            let seen = self.stream.peek(&mut [0]);
            self.stream.set_nonblocking(false)?;
            seen
        };
        // Neither an end nor an answer that nobody asked for.
        matches!(look(), Err(error) if error.kind() == ErrorKind::WouldBlock)
    }

    /// Asks, and waits for the answer.
    pub(crate) fn ask<R: Request>(&mut self, request: &R, version: i16) -> Result<R::Response, ProduceError> {
        self.send(request, version)?;
        self.receive::<R>(version)
    }

    /// Sends a request.
    pub(crate) fn send<R: Request>(&mut self, request: &R, version: i16) -> Result<(), ProduceError> {
        self.number = self.number.wrapping_add(1);
        let header = RequestHeader::default()
            .with_request_api_key(R::KEY)
            .with_request_api_version(version)
            .with_correlation_id(self.number)
            .with_client_id(Some(StrBytes::from_static_str("orion")));
        let mut framed = BytesMut::zeroed(4);
        header.encode(&mut framed, R::header_version(version)).map_err(ProduceError::format)?;
        request.encode(&mut framed, version).map_err(ProduceError::format)?;
        let length = i32::try_from(framed.len() - 4).expect("a request is smaller than two gigabytes");
        framed[..4].copy_from_slice(&length.to_be_bytes());
        self.stream.write_all(&framed).map_err(ProduceError::lost)?;
        self.used = Instant::now();
        Ok(())
    }

    /// Waits for the answer to the oldest request that has none.
    pub(crate) fn receive<R: Request>(&mut self, version: i16) -> Result<R::Response, ProduceError> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length).map_err(ProduceError::lost)?;
        let length = usize::try_from(i32::from_be_bytes(length)).ok().filter(|length| *length <= ANSWER_MAX_BYTES);
        let mut answer = vec![0; length.ok_or_else(|| ProduceError::format("its length is no length"))?];
        self.stream.read_exact(&mut answer).map_err(ProduceError::lost)?;
        self.used = Instant::now();
        let mut answer = Bytes::from(answer);
        let header = ResponseHeader::decode(&mut answer, R::Response::header_version(version)).map_err(ProduceError::format)?;
        if header.correlation_id != self.number {
            return Err(ProduceError::format("it answers another request"));
        }
        let response = R::Response::decode(&mut answer, version).map_err(ProduceError::format)?;
        if answer.has_remaining() { Err(ProduceError::format("it goes on behind its end")) } else { Ok(response) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafka_protocol::messages::MetadataRequest;
    use std::net::TcpListener;

    const VERSION: i16 = 12;

    /// Asks a server that says this, whatever it is asked.
    fn asked(answer: &'static [u8]) -> ProduceError {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = server.local_addr().unwrap().to_string();
        let serving = std::thread::spawn(move || {
            let (mut client, _) = server.accept().unwrap();
            let mut length = [0; 4];
            client.read_exact(&mut length).unwrap();
            let mut request = vec![0; usize::try_from(i32::from_be_bytes(length)).unwrap()];
            client.read_exact(&mut request).unwrap();
            client.write_all(answer).unwrap();
        });
        let mut connection = Connection::open(&address).unwrap();
        let error = connection.ask(&MetadataRequest::default().with_topics(Some(Vec::new())), VERSION).unwrap_err();
        serving.join().unwrap();
        // It was closed, or there is an answer that nobody waits for.
        assert!(!connection.is_open());
        error
    }

    #[test]
    fn whoever_is_no_kafka_is_found_out() {
        let cases: [(&[u8], &str); 6] = [
            (b"", "the connection to kafka was lost"),
            (b"\0\0\0\x08\0\0", "the connection to kafka was lost"),
            (b"HTTP/1.1 400 Bad Request\r\n\r\n", "kafka's answer can't be read: its length is no length"),
            (b"\xff\xff\xff\xff", "kafka's answer can't be read: its length is no length"),
            (b"\0\0\0\x05\0\0\0\x07\0", "kafka's answer can't be read: it answers another request"),
            (b"\0\0\0\x05\0\0\0\x01\0", "kafka's answer can't be read"),
        ];
        for (answer, said) in cases {
            let error = asked(answer).to_string();
            assert!(error.starts_with(said), "{answer:?}: {error}");
        }
    }

    #[test]
    fn an_address_without_anybody_is_named() {
        for address in ["127.0.0.1:1", "nobody"] {
            assert_eq!(Connection::open(address).unwrap_err().to_string(), format!("can't reach kafka at {address}"));
        }
    }
}
