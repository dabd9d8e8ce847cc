//! Damage, one kind at a time: to an archive, to a row, to a topic. Each is found, named, and undone.

use super::{files, tool};
use crate::house::House;
use anyhow::{Context, ensure};
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use sqlx::{Connection, PgConnection};
use std::path::Path;
use std::time::Duration;
use tokio::runtime::Runtime;

/// A flipped byte, a missing segment, a manifest that was cut or that lacks a line; and a run that was killed between
/// its two renames, which is no damage.
pub(super) fn archive(house: &House, archive: &Path, manifest_before: &str) -> anyhow::Result<()> {
    let whole = files(archive)?;
    let dir = archive.to_string_lossy().into_owned();
    let segment = "orion.commands.v1-0-00000000000000000000.avro";
    let restore = || whole.iter().try_for_each(|(name, bytes)| std::fs::write(archive.join(name), bytes));
    let manifest = String::from_utf8(whole["manifest.jsonl"].clone())?;
    let without_second: String = manifest.lines().enumerate().filter(|(at, _)| *at != 1).flat_map(|(_, line)| [line, "\n"]).collect();

    let mut flipped = whole[segment].clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    for (file, bytes, what) in [
        (segment, Some(flipped), format!("segment {segment}: its bytes are not those that were written")),
        (segment, Some(whole[segment][..middle].to_vec()), format!("segment {segment}: it has {middle} bytes")),
        (segment, None, format!("segment {segment}: it is missing")),
        ("manifest.jsonl", Some(manifest.as_bytes()[..manifest.len() - 20].to_vec()), "it was cut short".to_owned()),
        ("manifest.jsonl", Some(without_second.into_bytes()), "manifest.jsonl line 2: it does not follow the line before it".to_owned()),
    ] {
        match bytes {
            Some(bytes) => std::fs::write(archive.join(file), bytes)?,
            None => std::fs::remove_file(archive.join(file))?,
        }
        for command in [&["archive", "--dir", &dir, "--check"][..], &["replay", "--archive", &dir, "--quiet"]] {
            let said = tool(house, 65, command)?;
            ensure!(said.contains(&what), "{}: {said}; expected: {what}", command.join(" "));
        }
        restore()?;
    }

    // Killed after the segments of the second run were there, before the manifest named them.
    std::fs::write(archive.join("manifest.jsonl"), manifest_before)?;
    std::fs::write(archive.join("manifest.jsonl.tmp"), "{")?;
    let said = tool(house, 0, &["archive", "--dir", &dir, "--check"])?;
    ensure!(said.contains("not in the manifest: orion.commands.v1-0-"), "{said}");
    tool(house, 0, &["archive", "--dir", &dir])?;
    let said = tool(house, 0, &["archive", "--dir", &dir, "--check"])?;
    ensure!(!said.contains("not in the manifest"), "the next run wrote them anew: {said}");

    let said = tool(house, 64, &["archive", "--dir", &dir, "--prune"])?;
    ensure!(said.contains("--keep-from EPOCH"), "{said}");
    Ok(())
}

/// Nothing that a cell needs goes; a journal is cut back to its newest claim, and the archive still joins.
pub(super) fn prune(house: &House, archive: &Path) -> anyhow::Result<()> {
    let dir = archive.to_string_lossy().into_owned();
    let said = tool(house, 0, &["archive", "--dir", &dir, "--prune", "--keep-from", "1"])?;
    ensure!(said.contains("orion.commands.v1 partition 0: nothing goes"), "{said}");
    ensure!(said.contains("orion.settlement.journal.v1 partition 0: nothing goes"), "{said}");
    ensure!(said.contains("orion.views.journal.v1 partition 0: offsets "), "{said}");
    let claims = tool(house, 0, &["tap", "orion.views.journal.v1", "--from", "beginning", "--until-end"])?;
    ensure!(claims.lines().next().is_some_and(|first| first.contains("\"key\":\"schema\"")), "what is left says its own schemas: {claims}");
    ensure!(claims.contains("\"generation\""), "and who has the cell: {claims}");
    tool(house, 0, &["archive", "--dir", &dir])?;
    let said = tool(house, 0, &["archive", "--dir", &dir, "--prune", "--keep-from", "1"])?;
    ensure!(said.contains("prune: 0 partitions"), "{said}");
    Ok(())
}

/// A leg that is one more than it should be.
pub(super) fn postgres(house: &House, runtime: &Runtime) -> anyhow::Result<()> {
    let mut url = reqwest::Url::parse(&std::env::var("DATABASE_URL")?)?;
    url.set_path("orion_views");
    let mut views = runtime.block_on(PgConnection::connect(url.as_str()))?;
    let account: uuid::Uuid = runtime.block_on(
        sqlx::query_scalar(
            "update posting set amount_minor = amount_minor + 1
             where (account_id, epoch, number) = (select account_id, epoch, number from posting order by epoch, number limit 1)
             returning account_id",
        )
        .fetch_one(&mut views),
    )?;
    let books = tool(house, 1, &["verify", "books"])?;
    ensure!(books.contains(&format!("WRONG: account {account}: postgres has balance")), "{books}");
    let shadow = tool(house, 1, &["replay", "--shadow"])?;
    ensure!(shadow.contains("posting: DIFFERS") && shadow.contains("1 only by the events, 1 only live"), "{shadow}");
    ensure!(shadow.contains("transaction: ") && shadow.contains(" rows, the same"), "{shadow}");
    ensure!(shadow.contains("first live:          {\"epoch\": ") && shadow.contains(&account.to_string()), "{shadow}");

    runtime.block_on(
        sqlx::query(
            "update posting set amount_minor = amount_minor - 1
             where (account_id, epoch, number) = (select account_id, epoch, number from posting order by epoch, number limit 1)",
        )
        .execute(&mut views),
    )?;
    let left: i64 = runtime.block_on(
        sqlx::query_scalar("select count(*) from information_schema.schemata where schema_name = 'orion_shadow'").fetch_one(&mut views),
    )?;
    ensure!(left == 0, "the shadow is gone");
    ensure!(tool(house, 0, &["verify", "books"])?.contains("right"), "put back");
    Ok(())
}

/// An event that was said before, said again by somebody else: committed, readable, and not settlement's.
pub(super) fn kafka(house: &House, runtime: &Runtime) -> anyhow::Result<()> {
    const TOPIC: &str = "account.opened.v1";
    let brokers = std::env::var("KAFKA_BROKERS")?;
    let consumer: BaseConsumer = ClientConfig::new().set("bootstrap.servers", &brokers).set("group.id", "offline").create()?;
    let mut first = TopicPartitionList::new();
    first.add_partition_offset(TOPIC, 0, Offset::Beginning)?;
    consumer.assign(&first)?;
    let record = consumer.poll(Duration::from_secs(20)).context("an account was opened")??.detach();
    let producer: BaseProducer = ClientConfig::new().set("bootstrap.servers", &brokers).create()?;
    let copy = BaseRecord::to(TOPIC).partition(0).key("again").payload(record.payload().context("a value")?);
    producer.send(copy.headers(record.headers().map_or_else(OwnedHeaders::new, Clone::clone))).map_err(|(error, _)| error)?;
    producer.flush(Duration::from_secs(10))?;

    let books = tool(house, 1, &["verify", "books"])?;
    ensure!(books.contains("WRONG: ") && books.contains(" opens account ") && books.contains("comes after event"), "{books}");
    let digests = tool(house, 1, &["verify", "digests"])?;
    ensure!(digests.contains(&format!("WRONG: {TOPIC} partition 0 offset ")) && digests.contains("does not count it"), "{digests}");

    // Deleting it takes the older ones along, as time does: both say from where on they can see.
    let (_, end) = consumer.fetch_watermarks(TOPIC, 0, Duration::from_secs(10))?;
    let mut planted = TopicPartitionList::new();
    planted.add_partition_offset(TOPIC, 0, Offset::Offset(end))?;
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new().set("bootstrap.servers", &brokers).create()?;
    runtime.block_on(admin.delete_records(&planted, &AdminOptions::new()))?;
    for what in ["books", "digests"] {
        let said = tool(house, 0, &["verify", what])?;
        ensure!(said.contains(&format!("{TOPIC} partition 0: older records are gone; it is whole from epoch ")), "{said}");
    }
    let shadow = tool(house, 0, &["replay", "--shadow"])?;
    ensure!(shadow.contains("older events are gone; rows from epoch "), "{shadow}");
    Ok(())
}
