//! Integration tests, one crate: real HTTP, real Kafka, real Postgres.

mod http;
