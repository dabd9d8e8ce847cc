//! Integration tests, one crate: real HTTP, real Kafka, real Postgres.

mod analysts;
mod authorization;
mod backup;
mod conformance;
mod consumers;
mod dead_letters;
mod end_to_end;
mod events;
mod exactly_once;
mod golden;
mod grpc;
mod house;
mod http;
mod kafka;
mod loose_ends;
mod offline;
mod overload;
mod python;
mod recovery;
mod rules;
mod simulation;
mod streams;
mod taps;
mod tidy;
mod views;
mod watched;
