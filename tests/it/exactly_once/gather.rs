//! Gathers the evidence when all is quiet: every committed record of Kafka, every row of Postgres.
//!
//! It has readers of its own, so that a fault of the ones under test can't hide itself.

use super::evidence::{Log, Recorded, Rows, Table};
use anyhow::{Context, ensure};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use schemas::topic::{COMMANDS_DLQ, EPOCH_HEADER, FILLER, GENERATION_HEADER, SCHEMA_HEADER, TRACE_HEADER};
use schemas::wire::{Decoder, datum};
use schemas::{Entry, Position, Topic};
use sqlx::postgres::PgRow;
use sqlx::{Connection, PgConnection, Row};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const WAIT: Duration = Duration::from_secs(30);

/// Everything that Kafka holds of the bank.
pub(crate) fn log(brokers: &str) -> anyhow::Result<Log> {
    let mut log = Log::default();
    let mut decoder = Decoder::default();
    read(brokers, Topic::SettlementJournal.as_str(), |message| {
        let value = message.payload().unwrap_or_default();
        match header(message, SCHEMA_HEADER) {
            "" => log.journal.push(decoder.entry(Topic::SettlementJournal, value)?),
            id => decoder.learn_record(id, value)?,
        }
        Ok(())
    })?;
    for topic in Topic::EVENTS {
        read(brokers, topic.as_str(), |message| {
            let value = message.payload().unwrap_or_default();
            if message.key() == Some(FILLER.as_bytes()) && value.is_empty() {
                return Ok(());
            }
            log.events.push(Recorded {
                topic: *topic,
                partition: message.partition(),
                offset: message.offset(),
                epoch: header(message, EPOCH_HEADER).parse().context("a record without its epoch")?,
                generation: header(message, GENERATION_HEADER).parse().context("a record without its generation")?,
                key: message.key().unwrap_or_default().to_vec(),
                datum: datum(value)?.1.to_vec(),
                event: decoder.event(*topic, value, header(message, TRACE_HEADER))?,
            });
            Ok(())
        })?;
    }
    log.events.sort_by_key(|recorded| (recorded.topic, recorded.partition, recorded.offset));
    let mut decoder = Decoder::default();
    read(brokers, Topic::Commands.as_str(), |message| {
        let value = message.payload().unwrap_or_default();
        match header(message, SCHEMA_HEADER) {
            "" => {
                let position = Position { partition: message.partition(), offset: message.offset() };
                log.appended.extend(message.timestamp().to_millis().map(|stamp| (position, stamp.unsigned_abs())));
                log.commands.push((position, decoder.command(value).ok()));
            }
            id => decoder.learn_record(id, value)?,
        }
        Ok(())
    })?;
    read(brokers, COMMANDS_DLQ, |message| {
        let position = message.key().and_then(|key| std::str::from_utf8(key).ok()).and_then(|key| key.parse().ok());
        log.dead.push(position.context("a dead letter without its position")?);
        Ok(())
    })?;
    Ok(log)
}

/// How far the journal binds the commands log, and the newest epoch that it holds.
pub(crate) fn bound(brokers: &str) -> anyhow::Result<(i64, u64)> {
    let (mut decoder, mut last) = (Decoder::default(), (0, 0));
    read(brokers, Topic::SettlementJournal.as_str(), |message| {
        let value = message.payload().unwrap_or_default();
        match header(message, SCHEMA_HEADER) {
            "" => {
                if let Entry::Commit(commit) = decoder.entry(Topic::SettlementJournal, value)?
                    && let Some(sealed) = commit.epochs.last()
                {
                    last = (sealed.binding.inputs.iter().map(|input| input.upper).sum(), sealed.binding.epoch);
                }
            }
            id => decoder.learn_record(id, value)?,
        }
        Ok(())
    })?;
    Ok(last)
}

/// The end of the commands log.
pub(crate) fn commands_end(brokers: &str) -> anyhow::Result<i64> {
    let (_, end) = consumer(brokers)?.fetch_watermarks(Topic::Commands.as_str(), 0, WAIT)?;
    Ok(end)
}

/// Every row of the views, from one snapshot.
pub(crate) async fn rows(url: &str) -> anyhow::Result<Rows> {
    let mut connection = PgConnection::connect(url).await?;
    let mut snapshot = connection.begin_with("begin isolation level repeatable read read only").await?;
    let upper: i64 = sqlx::query_scalar("select epoch from sink_progress where sink = 'views'").fetch_one(&mut *snapshot).await?;
    let mut rows = Rows { upper: u64::try_from(upper)?, ..Rows::default() };
    for (name, sql) in [
        ("customer", "select id::text, concat_ws(' ', full_name, command_id, epoch) from customer"),
        (
            "account",
            "select id::text, concat_ws(' ', coalesce(customer_id::text, 'house'), role, currency, command_id, epoch) from account",
        ),
        (
            "transaction",
            "select id::text, concat_ws(' ', operation, status, account_debit, account_credit, amount_minor, fee_minor, currency,
                                        channel, coalesce(reason, 'none'), coalesce(hold_id, original_transaction_id)::text,
                                        fee_bearer, command_id, event_id, epoch) from transaction",
        ),
        (
            "posting",
            "select concat_ws(' ', account_id, epoch, number), concat_ws(' ', transaction_id, amount_minor, balance_minor) from posting",
        ),
        // What the standing proof has found: nothing, ever.
        ("imbalance", "select concat_ws(' ', kind, subject, epoch, diff, row_number() over ()), difference_minor::text from imbalance"),
        ("account_status", "select event_id::text, concat_ws(' ', command_id, account_id, operation, status, epoch) from account_status"),
        ("refusal", "select event_id::text, concat_ws(' ', command_id, operation, reason, epoch) from refusal"),
        ("rules_activation", "select event_id::text, concat_ws(' ', command_id, version, epoch) from rules_activation"),
        (
            "hold_change",
            "select event_id::text, concat_ws(' ', command_id, hold_id, change, operation, channel, account_debit, account_credit,
                                              amount_minor, fee_minor, currency, held_minor, open, expires_at, epoch)
             from hold_change",
        ),
        ("customer_level", "select event_id::text, concat_ws(' ', command_id, customer_id, level, epoch) from customer_level"),
        (
            "account_terms",
            "select event_id::text, concat_ws(' ', command_id, account_id, currency, coalesce(floor_minor::text, 'none'),
                                              effective_from, epoch), limits::text from account_terms",
        ),
        (
            "level_limits",
            "select event_id::text, concat_ws(' ', command_id, level, currency, effective_from, epoch), limits::text from level_limits",
        ),
        (
            "tariff",
            "select event_id::text, concat_ws(' ', command_id, code, withdrawn, currency, coalesce(operation, 'none'),
                                              coalesce(channel, 'none'), coalesce(account_type, 'none'), coalesce(level, 'none'),
                                              coalesce(bearer, 'none'), coalesce(min_minor::text, 'none'),
                                              coalesce(max_minor::text, 'none'), coalesce(free_per_month::text, 'none'),
                                              effective_from, coalesce(effective_to::text, 'none'), epoch),
                    coalesce(tiers::text, 'null') from tariff",
        ),
        ("batch", "select id::text, concat_ws(' ', event_id, mode, items, coalesce(reason, 'none'), epoch) from batch"),
        (
            "batch_item",
            "select concat_ws(' ', batch_id, item), concat_ws(' ', status, coalesce(transaction_id::text, 'none'),
                                              coalesce(hold_id::text, 'none'), fee_minor, coalesce(reason, 'none'), epoch)
             from batch_item",
        ),
        (
            "order_change",
            "select event_id::text, concat_ws(' ', command_id, order_id, change, operation, channel, account_debit, account_credit,
                                              amount_minor, currency, coalesce(execute_at::text, 'none'),
                                              coalesce(effective_at::text, 'none'), coalesce(transaction_id::text, 'none'), epoch)
             from order_change",
        ),
        (
            "volume",
            "select concat_ws(' ', span, start_at, operation, coalesce(nullif(channel, ''), 'none'), coalesce(nullif(currency, ''), 'none'),
                              coalesce(nullif(reason, ''), 'none')),
                    concat_ws(' ', count, amount_minor, fee_minor, epoch) from volume",
        ),
        (
            "turnover",
            "select concat_ws(' ', day_at, currency, account_id, operation), concat_ws(' ', count, amount_minor, epoch) from turnover",
        ),
        (
            "position",
            "select concat_ws(' ', span, start_at, currency, account_type, role, coalesce(nullif(level, ''), 'none')),
                    concat_ws(' ', accounts, balance_minor, epoch) from position",
        ),
        ("liability", "select concat_ws(' ', span, start_at, currency), concat_ws(' ', owed_minor, held_minor, epoch) from liability"),
        ("activity", "select concat_ws(' ', period, span, start_at), concat_ws(' ', count, epoch) from activity"),
        ("latency", "select concat_ws(' ', span, start_at, over_ms), concat_ws(' ', count, epoch) from latency"),
        (
            "case_change",
            "select event_id::text, concat_ws(' ', command_id, case_id, change, status, coalesce(kind, 'none'),
                                              coalesce(customer_id::text, 'none'), coalesce(account_id::text, 'none'),
                                              coalesce(alert_id::text, 'none'), coalesce(hold_id::text, 'none'),
                                              coalesce(due_at::text, 'none'), coalesce(escalation::text, 'none'),
                                              coalesce(previous, 'none'), coalesce(value, 'none'), coalesce(outcome, 'none'),
                                              coalesce(level, 'none'), updated_by, coalesce(reason, 'none'), operation, epoch)
             from case_change",
        ),
        ("customer_activity", "select customer_id::text, concat_ws(' ', day_at, month_at, epoch) from customer_activity"),
    ] {
        let found = sqlx::query(sql).fetch_all(&mut *snapshot).await?;
        rows.tables.insert(name, found.iter().map(row).collect::<anyhow::Result<Table>>()?);
    }
    Ok(rows)
}

/// A key and the rest as text. A third column is JSON, which is compared by what it says.
fn row(row: &PgRow) -> anyhow::Result<(String, String)> {
    let (key, mut text): (String, String) = (row.try_get(0)?, row.try_get(1)?);
    if row.len() > 2 {
        let mut json: serde_json::Value = serde_json::from_str(row.try_get(2)?)?;
        json.sort_all_objects();
        text = format!("{text} {json}");
    }
    Ok((key, text))
}

/// The first epoch that the views do not hold, and where they stand in the commands log.
pub(crate) async fn progress(url: &str) -> anyhow::Result<(u64, i64)> {
    let mut connection = PgConnection::connect(url).await?;
    let row = sqlx::query("select epoch, coalesce(commands_upper[1], 0) from sink_progress where sink = 'views'")
        .fetch_one(&mut connection)
        .await?;
    Ok((u64::try_from(row.try_get::<i64, _>(0)?)?, row.try_get(1)?))
}

fn consumer(brokers: &str) -> anyhow::Result<BaseConsumer> {
    Ok(ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "exactly-once")
        .set("enable.auto.commit", "false")
        .set("isolation.level", "read_committed")
        .set("enable.partition.eof", "true")
        .set("fetch.wait.max.ms", "50")
        .create()?)
}

/// Reads a topic from its first record to its end.
pub(crate) fn read(brokers: &str, topic: &str, mut each: impl FnMut(&BorrowedMessage<'_>) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let consumer = consumer(brokers)?;
    let metadata = consumer.fetch_metadata(Some(topic), WAIT)?;
    let mut open: BTreeSet<i32> = metadata.topics().iter().flat_map(|topic| topic.partitions()).map(|partition| partition.id()).collect();
    ensure!(!open.is_empty(), "topic {topic} is not there");
    let mut list = TopicPartitionList::new();
    for partition in &open {
        list.add_partition_offset(topic, *partition, Offset::Beginning)?;
    }
    consumer.assign(&list)?;
    let deadline = Instant::now() + WAIT;
    while !open.is_empty() {
        ensure!(Instant::now() < deadline, "{topic} can't be read to its end");
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => each(&message)?,
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                open.remove(&partition);
            }
            // The client reconnects by itself; the deadline is the end.
            Some(Err(_)) | None => {}
        }
    }
    Ok(())
}

pub(crate) fn header<'a>(message: &'a BorrowedMessage<'_>, name: &str) -> &'a str {
    let header = message.headers().and_then(|headers| headers.iter().find(|header| header.key == name));
    header.and_then(|header| header.value).and_then(|value| std::str::from_utf8(value).ok()).unwrap_or_default()
}
