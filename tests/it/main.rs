//! Integration tests, one crate: real HTTP, real Kafka, real Postgres.

mod end_to_end;
mod exactly_once;
mod golden;
mod house;
mod http;
mod kafka;
mod offline;
mod recovery;
mod simulation;
mod tidy;
mod views;
