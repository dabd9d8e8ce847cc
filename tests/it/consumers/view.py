"""Keeps a copy of a view from its topic, by nothing but Kafka and the schema registry.

view.py BROKERS REGISTRY TOPIC EPOCH: waits until the topics of the views have come to EPOCH, then prints the newest row of every
key, a JSON object a line, in the order of the keys. Fails if a key's rows are not of rising epochs: one came twice, or too late.
"""

import json
import sys
import time

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

PROGRESS = "orion.view.progress.v1"
PATIENCE_S = 90


def consumer(brokers, isolation):
    return Consumer(
        {
            "bootstrap.servers": brokers,
            "group.id": "nobody",
            "enable.auto.commit": False,
            "isolation.level": isolation,
            "enable.partition.eof": True,
        }
    )


def end(brokers, topic):
    """Where a topic ends, with all that is written and may not be readable yet.

    A commit shows in one partition before it shows in another: whoever has seen the progress has to wait for the rest.
    """
    asker = consumer(brokers, "read_uncommitted")
    try:
        return asker.get_watermark_offsets(TopicPartition(topic, 0), timeout=PATIENCE_S)[1]
    finally:
        asker.close()


def read(brokers, registry, topic, enough):
    """Hands on every committed record, from the first on, until `enough` says so of a key and a row, or of where it stands (no key)."""
    deserialize = AvroDeserializer(registry)
    reader = consumer(brokers, "read_committed")
    reader.assign([TopicPartition(topic, 0, 0)])
    deadline = time.monotonic() + PATIENCE_S
    try:
        while time.monotonic() < deadline:
            message = reader.poll(1.0)
            if message is None:
                continue
            if message.error():
                # What can be read ends here, as of now.
                if enough(None, message.offset()):
                    return
                continue
            row = deserialize(message.value(), SerializationContext(topic, MessageField.VALUE))
            if enough(message.key().decode(), row):
                return
    finally:
        reader.close()
    sys.exit(f"{topic} did not come that far within {PATIENCE_S} s")


def main(brokers, url, topic, epoch):
    # A registry may leave a request without an answer; then the client asks again.
    registry = SchemaRegistryClient({"url": url, "timeout": 10})
    read(brokers, registry, PROGRESS, lambda key, row: key is not None and row["epoch"] >= epoch)
    until, rows = end(brokers, topic), {}

    def keep(key, row):
        if key is None:
            return row >= until
        if key in rows and rows[key]["epoch"] >= row["epoch"]:
            sys.exit(f"{topic}: {key} is of epoch {rows[key]['epoch']}, and then of {row['epoch']}")
        rows[key] = row
        return False

    read(brokers, registry, topic, keep)
    for key, row in sorted(rows.items()):
        print(json.dumps({"key": key, "epoch": row["epoch"], "value": row}))


main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
