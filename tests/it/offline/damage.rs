//! Damage, one kind at a time: to an archive, to a row, to a topic. Each is found, named, and undone.

use super::{files, tool, tool_with};
use crate::house::House;
use anyhow::{Context, ensure};
use orion::archive::{Manifest, records};
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Header, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use schemas::Stored;
use sha2::{Digest, Sha256};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use std::path::Path;
use std::str::FromStr;
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

    // Killed after any segment of any run: what the archived journal binds is archived.
    let whole = std::fs::read_to_string(archive.join("manifest.jsonl"))?;
    let entries: Vec<&str> = whole.lines().collect();
    for count in 1..entries.len() {
        let kept = &entries[..count];
        let head: String = Sha256::digest(kept[count - 1].as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        let closing = serde_json::json!({"segments": count, "head": head}).to_string();
        let cut: String = kept.iter().chain([&closing.as_str()]).flat_map(|line| [line, "\n"]).collect();
        std::fs::write(archive.join("manifest.jsonl"), cut)?;
        tool(house, 0, &["archive", "--dir", &dir, "--check"])?;
    }
    Ok(std::fs::write(archive.join("manifest.jsonl"), whole)?)
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

    let nowhere = house.file("nowhere").to_string_lossy().into_owned();
    let said = tool_with(house, 69, &["archive", "--dir", &dir, "--prune"], &[("ORION_SNAPSHOTS__FOLDER", &nowhere)])?;
    ensure!(said.contains("nothing is pruned: ") && said.contains("settlement holds no snapshot"), "{said}");

    // The archive of a bank whose last command is another one, whole in itself.
    let other = house.file("other-archive");
    std::fs::create_dir_all(&other)?;
    let (whole, mut forged) = (Manifest::read(archive)?, Manifest::read(&other)?);
    for entry in whole.entries() {
        let all: Vec<Stored> = records(&whole, &entry.topic, entry.partition).collect::<Result<_, _>>()?;
        let mut segment: Vec<Stored> = all.into_iter().filter(|record| (entry.from..entry.next).contains(&record.offset)).collect();
        if entry.topic == "orion.commands.v1" {
            segment.last_mut().context("a segment has records")?.timestamp_ms = Some(1);
        }
        forged.add(&schemas::wire::segment::encode(&segment)?, entry.clone())?;
    }
    let other = other.to_string_lossy();
    tool(house, 0, &["archive", "--dir", &other, "--check"])?;
    for command in [&["archive", "--dir", &other, "--prune"][..], &["archive", "--dir", &other]] {
        let said = tool(house, 65, command)?;
        ensure!(said.contains("orion.commands.v1 partition 0: the record at offset ") && said.contains("it is another log"), "{said}");
    }
    Ok(())
}

/// A session in the views' database.
pub(super) async fn views(name: Option<&str>) -> anyhow::Result<PgConnection> {
    let mut url = reqwest::Url::parse(&std::env::var("DATABASE_URL")?)?;
    url.set_path("orion_views");
    let options = PgConnectOptions::from_str(url.as_str())?;
    Ok(PgConnection::connect_with(&options.application_name(name.unwrap_or("a test"))).await?)
}

/// A leg that is one more than it should be.
pub(super) fn postgres(house: &House, runtime: &Runtime) -> anyhow::Result<()> {
    let mut views = runtime.block_on(views(None))?;
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

    // A sum that is one more than it should be.
    const MORE: &str = "update volume set count = count + 1 where (span, operation, reason) = ('hour', 'transfer', '')";
    runtime.block_on(sqlx::query(MORE).execute(&mut views))?;
    let books = tool(house, 1, &["verify", "books"])?;
    ensure!(books.contains("WRONG: volume is not the sum of what it counts: ") && books.contains("hour "), "{books}");
    let shadow = tool(house, 1, &["replay", "--shadow"])?;
    ensure!(shadow.contains("volume: DIFFERS; ") && shadow.contains("posting: "), "{shadow}");
    runtime.block_on(sqlx::raw_sql(sqlx::AssertSqlSafe(MORE.replace("+ 1", "- 1"))).execute(&mut views))?;

    let left: i64 = runtime.block_on(
        sqlx::query_scalar("select count(*) from information_schema.schemata where schema_name = 'orion_shadow'").fetch_one(&mut views),
    )?;
    ensure!(left == 0, "the shadow is gone");
    ensure!(tool(house, 0, &["verify", "books"])?.contains("right"), "put back");

    // A Kafka that has lost what Postgres shows.
    let mut ahead = |by: i64| runtime.block_on(sqlx::query("update sink_progress set epoch = epoch + $1").bind(by).execute(&mut views));
    ahead(1_000_000)?;
    for (command, what) in
        [(&["verify", "books"][..], "WRONG: postgres shows epoch "), (&["replay", "--shadow"], "shadow: postgres shows ")]
    {
        let said = tool(house, 1, command)?;
        ensure!(said.contains(what) && said.contains("settlement's journal ends at"), "{said}");
    }
    ahead(-1_000_000)?;

    // A Postgres that is not there is left out; views that are not there are not.
    let away = tool_with(house, 0, &["verify", "books"], &[("DATABASE_URL", "postgres://orion@127.0.0.1:1/orion")])?;
    ensure!(away.contains("postgres: not compared, "), "{away}");
    let gone = tool_with(house, 69, &["verify", "books"], &[("ORION_POSTGRES__VIEWS_DATABASE", "nowhere")])?;
    ensure!(gone.contains("postgres is there, but its views can't be compared"), "{gone}");
    Ok(())
}

/// An event that was said before, said again by somebody else: committed, readable, and not settlement's.
pub(super) fn kafka(house: &House, runtime: &Runtime) -> anyhow::Result<()> {
    const TOPIC: &str = "account.opened.v1";
    /// Beyond anything that was ever committed.
    const NEVER: u64 = 99_999_999_999_999;
    let brokers = std::env::var("KAFKA_BROKERS")?;
    let consumer: BaseConsumer = ClientConfig::new().set("bootstrap.servers", &brokers).set("group.id", "offline").create()?;
    let mut first = TopicPartitionList::new();
    first.add_partition_offset(TOPIC, 0, Offset::Beginning)?;
    consumer.assign(&first)?;
    let record = consumer.poll(Duration::from_secs(20)).context("an account was opened")??.detach();
    let producer: BaseProducer = ClientConfig::new().set("bootstrap.servers", &brokers).create()?;
    let copy = BaseRecord::to(TOPIC).partition(0).key("again").payload(record.payload().context("a value")?);
    producer.send(copy.headers(record.headers().map_or_else(OwnedHeaders::new, Clone::clone))).map_err(|(error, _)| error)?;
    let never = OwnedHeaders::new().insert(Header { key: "epoch", value: Some(&NEVER.to_string()) });
    let copy = BaseRecord::to(TOPIC).partition(0).key("never").payload(record.payload().context("a value")?);
    producer.send(copy.headers(never)).map_err(|(error, _)| error)?;
    producer.flush(Duration::from_secs(10))?;

    let books = tool(house, 1, &["verify", "books"])?;
    ensure!(books.contains("WRONG: ") && books.contains(" opens account ") && books.contains("comes after event"), "{books}");
    let digests = tool(house, 1, &["verify", "digests"])?;
    ensure!(digests.contains(&format!("WRONG: {TOPIC} partition 0 offset ")) && digests.contains("does not count it"), "{digests}");
    ensure!(digests.contains(&format!("is of epoch {NEVER}, and the journal does not hold it")), "{digests}");

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
